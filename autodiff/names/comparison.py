"""Comparisons and logic with PyTorch's names: their results are booleans and have no derivative."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import bool as bool_dtype
from autodiff.errors import AutodiffError
from autodiff.graph import wrap
from autodiff.names.arguments import Dims, Operand, as_value, cast, keeping, reduced
from autodiff.operands import leaving
from autodiff.ops import comparison as cmp
from autodiff.ops import reduce as red

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "all",
    "allclose",
    "any",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "eq",
    "equal",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "le",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "ne",
    "not_equal",
]
METHODS = __all__
IN_PLACE = (
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "eq",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "le",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "ne",
    "not_equal",
)


def eq(input: Operand, other: Operand) -> Tensor:
    """Whether input == other, elementwise with broadcasting.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.eq(ad.tensor([1, 2]), 2)
    tensor([False,  True])
    """
    return cmp.equal(input, other)


def ne(input: Operand, other: Operand) -> Tensor:
    """Whether input != other, elementwise with broadcasting.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.ne(ad.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return cmp.not_equal(input, other)


def lt(input: Operand, other: Operand) -> Tensor:
    """Whether input < other, elementwise with broadcasting.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.lt(ad.tensor([1, 2]), 2)
    tensor([ True, False])
    """
    return cmp.less(input, other)


def le(input: Operand, other: Operand) -> Tensor:
    """Whether input <= other, elementwise with broadcasting.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.le(ad.tensor([2, 3]), 2)
    tensor([ True, False])
    """
    return cmp.less_equal(input, other)


def gt(input: Operand, other: Operand) -> Tensor:
    """Whether input > other, elementwise with broadcasting.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.gt(ad.tensor([2, 3]), 2)
    tensor([False,  True])
    """
    return cmp.greater(input, other)


def ge(input: Operand, other: Operand) -> Tensor:
    """Whether input >= other, elementwise with broadcasting.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.ge(ad.tensor([1, 2]), 2)
    tensor([False,  True])
    """
    return cmp.greater_equal(input, other)


not_equal = ne
less = lt
less_equal = le
greater = gt
greater_equal = ge


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two Tensors have the same shape and the same elements, as one bool; nan equals nothing.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.equal(ad.tensor([1, 2]), ad.tensor([1, 2]))
    True
    >>> ad.equal(ad.tensor([1, 2]), ad.tensor([[1, 2]]))
    False
    """
    a, b = [leaving(as_value(x, "equal"), "ad.equal") for x in (input, other)]
    return np.array_equal(a._array, b._array)


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """|input - other| <= atol + rtol |other|, elementwise.

    Parameters
    ----------
    input, other : Tensor
        Of shapes that broadcast.
    rtol : float, default=1e-05
        What is allowed in proportion to `other`.
    atol : float, default=1e-08
        What is allowed in any case.
    equal_nan : bool, default=False
        Whether nan is close to nan.

    Returns
    -------
    Tensor of bool

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.isclose(ad.tensor([1.0, 1.0]), ad.tensor([1.000001, 1.1]))
    tensor([ True, False])
    """
    if rtol < 0 or atol < 0:
        raise AutodiffError(f"isclose: rtol and atol must not be negative; got {rtol} and {atol}")
    return cmp.isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether `isclose` holds for all elements, as one bool.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.allclose(ad.tensor([1.0, 2.0]), ad.tensor([1.0, 2.000001]))
    True
    """
    return bool(leaving(isclose(input, other, rtol, atol, equal_nan), "ad.allclose")._array.all())


def isnan(input: Tensor) -> Tensor:
    """Whether each element is not a number.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.isnan(ad.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return cmp.isnan(input)


def isinf(input: Tensor) -> Tensor:
    """Whether each element is infinite.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.isinf(ad.tensor([1.0, -float("inf")]))
    tensor([False,  True])
    """
    return cmp.isinf(input)


def isposinf(input: Tensor) -> Tensor:
    """Whether each element is inf.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.isposinf(ad.tensor([1.0, float("inf"), -float("inf")]))
    tensor([False,  True, False])
    """
    return cmp.isposinf(input)


def isneginf(input: Tensor) -> Tensor:
    """Whether each element is -inf.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.isneginf(ad.tensor([1.0, float("inf"), -float("inf")]))
    tensor([False, False,  True])
    """
    return cmp.isneginf(input)


def isreal(input: Tensor) -> Tensor:
    """Whether each element is real: True, since Tensors hold no complex numbers.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.isreal(ad.tensor([1.0, 2.0]))
    tensor([True, True])
    """
    return wrap(np.ones(as_value(input, "isreal")._array.shape, bool_dtype))


def isfinite(input: Tensor) -> Tensor:
    """Whether each element is neither infinite nor nan.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.isfinite(ad.tensor([1.0, float("inf"), float("nan")]))
    tensor([ True, False, False])
    """
    return cmp.isfinite(input)


def logical_not(input: Tensor) -> Tensor:
    """True where the element is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logical_not(ad.tensor([0, 2]))
    tensor([ True, False])
    """
    return cmp.logical_not(input)


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """True where both elements are other than 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logical_and(ad.tensor([0, 2]), ad.tensor([1, 1]))
    tensor([False,  True])
    """
    return cmp.logical_and(input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """True where an element is other than 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logical_or(ad.tensor([0, 2]), ad.tensor([0, 1]))
    tensor([False,  True])
    """
    return cmp.logical_or(input, other)


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """True where exactly one element is other than 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logical_xor(ad.tensor([0, 2]), ad.tensor([1, 1]))
    tensor([ True, False])
    """
    return cmp.logical_xor(input, other)


def bitwise_and(input: Operand, other: Operand) -> Tensor:
    """The bits that both have, of integers; of booleans, logical and.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bitwise_and(ad.tensor([5, 6]), 3)
    tensor([1, 2])
    """
    return cmp.bitwise_and(input, other)


def bitwise_or(input: Operand, other: Operand) -> Tensor:
    """The bits that either has, of integers; of booleans, logical or.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bitwise_or(ad.tensor([5, 6]), 3)
    tensor([7, 7])
    """
    return cmp.bitwise_or(input, other)


def bitwise_xor(input: Operand, other: Operand) -> Tensor:
    """The bits that exactly one has, of integers; of booleans, logical xor.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bitwise_xor(ad.tensor([5, 6]), 3)
    tensor([6, 5])
    """
    return cmp.bitwise_xor(input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """The other bits, of integers: -input - 1; of booleans, logical not.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bitwise_not(ad.tensor([5, -6]))
    tensor([-6,  5])
    """
    return cmp.bitwise_not(input)


def bitwise_left_shift(input: Operand, other: Operand) -> Tensor:
    """The bits of integers moved to the left: input * 2^other.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bitwise_left_shift(ad.tensor([5, 6]), 1)
    tensor([10, 12])
    """
    return cmp.left_shift(input, other)


def bitwise_right_shift(input: Operand, other: Operand) -> Tensor:
    """The bits of integers moved to the right: floor(input / 2^other).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bitwise_right_shift(ad.tensor([5, 6]), 1)
    tensor([2, 3])
    """
    return cmp.right_shift(input, other)


def all(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, axis: Dims = None, keepdims: bool | None = None
) -> Tensor:
    """Whether all elements are other than 0; of no elements, True.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        What to reduce over; by default everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor of bool (of uint8 for a Tensor of uint8, as in PyTorch)

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.all(ad.tensor([[1, 2], [0, 3]]), dim=1)
    tensor([ True, False])
    """
    return _truths(red.all, "all", input, dim, axis, keeping(keepdim, keepdims, "all"))


def any(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, axis: Dims = None, keepdims: bool | None = None
) -> Tensor:
    """Whether any element is other than 0; of no elements, False.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        What to reduce over; by default everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor of bool (of uint8 for a Tensor of uint8, as in PyTorch)

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.any(ad.tensor([[1, 2], [0, 0]]), dim=1)
    tensor([ True, False])
    """
    return _truths(red.any, "any", input, dim, axis, keeping(keepdim, keepdims, "any"))


def _truths(op: Any, name: str, input: Any, dim: Any, axis: Any, keepdim: bool) -> Any:
    x, over = reduced(input, name, dim, axis)
    out = op(x, axis=over, keepdims=keepdim)
    return cast(out, x._array.dtype) if x._array.dtype.kind == "u" else out
