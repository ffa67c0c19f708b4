"""Reductions with PyTorch's names: sums, products, moments, softmax.

The dims may be given as PyTorch's ``dim`` and ``keepdim`` or as NumPy's ``axis`` and ``keepdims``.
"""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.dtypes import int64
from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.names.arguments import Dims, DType, as_value, cast, one_dim, reduced
from autodiff.ops import elementwise as ew
from autodiff.ops import fused
from autodiff.ops import reduce as red
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["log_softmax", "logsumexp", "mean", "prod", "softmax", "std", "sum", "var"]
METHODS = __all__


def sum(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Sum over some dims, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        What to reduce over; by default, and for an empty sequence, everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.
    dtype : dtype, optional
        Convert to this first. By default integers and booleans add up to int64.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is 1 for every element. The sum of no elements is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x.sum()
    tensor(10.)
    >>> x.sum(dim=0)
    tensor([4., 6.])
    >>> x.sum(1, keepdim=True)
    tensor([[3.],
            [7.]])
    """
    if keepdims is not None:
        keepdim = keepdims
    x: Any = input
    if dim is None and axis is None and dtype is None and isinstance(x, Value) and x._array.dtype.kind == "f":
        return red.sum(x, axis=None, keepdims=keepdim)  # the common case, as fast as it can be
    x, over = reduced(x, "sum", dim, axis, dtype)
    return red.sum(_countable(x, dtype), axis=over, keepdims=keepdim)


def mean(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Arithmetic mean over some dims, or over all of them.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype, unless `dtype` gives one.
    dim : int or sequence of int, optional
        What to reduce over; by default, and for an empty sequence, everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        For integers or booleans.

    Notes
    -----
    The derivative is 1 / n for each of n elements. The mean of no elements is nan.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x.mean()
    tensor(2.5000)
    >>> x.mean(dim=0)
    tensor([2., 3.])
    """
    if keepdims is not None:
        keepdim = keepdims
    x: Any = input
    if dim is None and axis is None and dtype is None and isinstance(x, Value) and x._array.dtype.kind == "f":
        return red.mean(x, axis=None, keepdims=keepdim)  # the common case, as fast as it can be
    x, over = reduced(x, "mean", dim, axis, dtype)
    return red.mean(_floating(x, "mean"), axis=over, keepdims=keepdim)


def prod(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Product over one dim, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        What to reduce over (a sequence of dims works too); by default everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dim, with size 1. NumPy's `keepdims` is accepted too.
    dtype : dtype, optional
        Convert to this first. By default the product of integers or booleans is int64.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative for each element is the product of all the others, zeros among them or not.
    The product of no elements is 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.prod(ad.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
    tensor([ 2., 12.])
    """
    x, over = reduced(input, "prod", dim, axis, dtype)
    return red.prod(_countable(x, dtype), axis=over, keepdims=keepdim if keepdims is None else keepdims)


def var(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Variance over some dims, or over all of them: the squared deviations from the mean, over n - correction.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    dim : int or sequence of int, optional
        What to reduce over; by default everything. NumPy's `axis` is accepted too.
    unbiased : bool, optional
        PyTorch's older spelling: True is ``correction=1``, False is ``correction=0``.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.
    correction : number, default=1
        What is taken from the number of elements: 1 estimates the variance that a sample comes from.

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        For integers or booleans.

    Notes
    -----
    The derivative is 2 (x - mean) / (n - correction). Where n <= correction the result is nan or inf.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([1.0, 2.0, 3.0, 4.0])
    >>> ad.var(x)
    tensor(1.6667)
    >>> ad.var(x, correction=0)
    tensor(1.2500)
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    x, over = reduced(input, "var", dim, axis)
    freedom = _correction("var", unbiased, correction)
    keep = keepdim if keepdims is None else keepdims
    return red.var(_floating(x, "var"), axis=over, correction=freedom, keepdims=keep)


def std(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Standard deviation over some dims, or over all of them: the square root of `var`.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    dim : int or sequence of int, optional
        What to reduce over; by default everything. NumPy's `axis` is accepted too.
    unbiased : bool, optional
        PyTorch's older spelling: True is ``correction=1``, False is ``correction=0``.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.
    correction : number, default=1
        What is taken from the number of elements.

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        For integers or booleans.

    Notes
    -----
    The derivative is (x - mean) / ((n - correction) std), and 0 where all elements are equal.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.std(ad.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor(1.2910)
    """
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    x, over = reduced(input, "std", dim, axis)
    freedom = _correction("std", unbiased, correction)
    keep = keepdim if keepdims is None else keepdims
    squared = red.var(_floating(x, "std"), axis=over, correction=freedom, keepdims=keep)
    # The root of 0 has an infinite slope, and inf * 0 would be nan: leave zeros out on the way in and on the way out.
    none = ew.equal(squared, 0)
    return ew.where(none, 0.0, ew.sqrt(ew.where(none, 1.0, squared)))


def logsumexp(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """log(sum(exp(input))) over some dims, without overflow.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int
        What to reduce over; must be given, here or as NumPy's `axis`.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is softmax(input). Of no elements, and where all of them are -inf, the result is -inf.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logsumexp(ad.tensor([[1000.0, 1000.0], [0.0, 0.0]]), dim=1)
    tensor([1.0007e+03, 6.9315e-01])
    """
    if dim is None and axis is None:
        raise DtypeError("logsumexp needs the dim to reduce over, for example dim=-1")
    x, over = reduced(input, "logsumexp", dim, axis)
    return red.logsumexp(x, axis=over, keepdims=keepdim if keepdims is None else keepdims)


def softmax(input: Tensor, dim: int | None = None, dtype: DType = None, *, axis: int | None = None) -> Tensor:
    """exp(input) / sum(exp(input)) along one dim: positive numbers that add up to 1.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype, unless `dtype` gives one.
    dim : int
        Along which the results add up to 1; must be given, here or as `axis`.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Notes
    -----
    The cotangent is s (g - sum(g s)), where s is the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.softmax(ad.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([0.0900, 0.2447, 0.6652])
    """
    return _along(fused.softmax, "softmax", input, dim if axis is None else axis, dtype)


def log_softmax(input: Tensor, dim: int | None = None, dtype: DType = None, *, axis: int | None = None) -> Tensor:
    """Logarithm of `softmax`: input - logsumexp(input) along one dim.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype, unless `dtype` gives one.
    dim : int
        Along which the exponentials of the results add up to 1; must be given, here or as `axis`.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Notes
    -----
    The cotangent is g - softmax(input) sum(g).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.log_softmax(ad.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([-2.4076, -1.4076, -0.4076])
    """
    return _along(fused.log_softmax, "log_softmax", input, dim if axis is None else axis, dtype)


def _along(op: Any, name: str, input: Any, dim: Any, dtype: Any) -> Any:
    """Apply `op` along one dim."""
    x = as_value(input, name)
    if dtype is not None:
        x = cast(x, dtype)
    if dim is None:
        raise DtypeError(f"{name} needs the dim along which the results add up to 1, for example dim=-1")
    shape = x._array.shape
    axis = one_dim(dim, shape, name)
    _floating(x, name)
    return op(x, axis=axis) if shape else reshape(op(reshape(x, shape=(1,)), axis=0), shape=())


def _countable(x: Any, dtype: Any) -> Any:
    """Integers and booleans as int64, so that their sum or product does not overflow."""
    return cast(x, int64) if dtype is None and x._array.dtype.kind != "f" else x


def _floating(x: Any, name: str) -> Any:
    """`x`, which must be of a floating dtype."""
    if x._array.dtype.kind != "f":
        raise DtypeError(
            f"{name} needs floating numbers and got {x._array.dtype}; convert them first: x.float().{name}(...)"
        )
    return x


def _correction(name: str, unbiased: bool | None, correction: float | None) -> float:
    """The correction, in either spelling."""
    if correction is None:
        return 1 if unbiased is None else int(unbiased)
    if unbiased is not None:
        raise DtypeError(f"{name}: give correction= or unbiased=, not both")
    return correction
