"""Arithmetic with PyTorch's names: sums, products, quotients, powers, signs."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff.errors import AutodiffError
from autodiff.names.arguments import Operand, as_value
from autodiff.operators import power
from autodiff.ops import elementwise as ew

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "abs",
    "absolute",
    "add",
    "div",
    "divide",
    "floor_divide",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "sign",
    "square",
    "sub",
    "subtract",
    "true_divide",
]
METHODS = __all__


def add(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """The sum input + alpha * other, elementwise with broadcasting.

    The derivatives are 1 and alpha.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.add(ad.tensor([1.0, 2.0]), ad.tensor([10.0, 20.0]), alpha=2)
    tensor([21., 42.])
    """
    return ew.add(input, other if alpha == 1 else ew.multiply(other, alpha))


def sub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """The difference input - alpha * other, elementwise with broadcasting.

    The derivatives are 1 and -alpha.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sub(ad.tensor([1.0, 2.0]), 1)
    tensor([0., 1.])
    """
    return ew.subtract(input, other if alpha == 1 else ew.multiply(other, alpha))


def mul(input: Operand, other: Operand) -> Tensor:
    """The product input * other, elementwise with broadcasting.

    The derivatives are `other` and `input`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.mul(ad.tensor([1.0, 2.0]), ad.tensor([[3.0], [4.0]]))
    tensor([[3., 6.],
            [4., 8.]])
    """
    return ew.multiply(input, other)


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """The quotient input / other, elementwise with broadcasting; the quotient of integers is a float.

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast.
    rounding_mode : {None, "trunc", "floor"}, optional
        Round the quotient towards zero or downward; then the quotient of integers is an integer.

    Returns
    -------
    Tensor

    Raises
    ------
    AutodiffError
        If `rounding_mode` is another word.

    Notes
    -----
    Unrounded, the derivatives are 1 / other and -input / other^2. A rounded quotient is constant between its steps:
    nothing flows back.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.div(ad.tensor([7, -7]), 2)
    tensor([ 3.5000, -3.5000])
    >>> ad.div(ad.tensor([7, -7]), 2, rounding_mode="trunc")
    tensor([ 3, -3])
    >>> ad.div(ad.tensor([7, -7]), 2, rounding_mode="floor")
    tensor([ 3, -4])
    """
    if rounding_mode is None:
        return ew.divide(input, other)
    if rounding_mode == "floor":
        return ew.floor_divide(input, other)
    if rounding_mode != "trunc":
        raise AutodiffError(f"div: rounding_mode must be None, 'trunc' or 'floor', not {rounding_mode!r}")
    x, y = as_value(input, "div"), as_value(other, "div")
    if x._array.dtype.kind == "f" or y._array.dtype.kind == "f":
        quotient = ew.divide(input, other)
        return ew.multiply(ew.sign(quotient), ew.floor_divide(ew.absolute(quotient), 1))
    return ew.multiply(ew.sign(x) * ew.sign(y), ew.floor_divide(ew.absolute(x), ew.absolute(y)))


def true_divide(input: Operand, other: Operand) -> Tensor:
    """The quotient input / other: `div` without rounding.

    The derivatives are 1 / other and -input / other^2.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.true_divide(ad.tensor([1, 2]), 4)
    tensor([0.2500, 0.5000])
    """
    return ew.divide(input, other)


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """floor(input / other), elementwise with broadcasting.

    Constant between its steps: no gradient.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.floor_divide(ad.tensor([7.0, -7.0]), 2)
    tensor([ 3., -4.])
    """
    return ew.floor_divide(input, other)


def remainder(input: Operand, other: Operand) -> Tensor:
    """What division leaves, input - floor(input / other) * other, with the sign of `other`.

    The derivatives are 1 and -floor(input / other).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.remainder(ad.tensor([7.0, -7.0]), 3)
    tensor([1., 2.])
    """
    return ew.remainder(input, other)


def pow(input: Operand, exponent: Operand) -> Tensor:
    """The power input ** exponent, elementwise with broadcasting.

    The derivatives are exponent * input^(exponent - 1), which is 0 for an exponent of 0, and
    input^exponent * log(input), which is 0 where input = 0 and exponent >= 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.pow(ad.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    >>> ad.pow(2, ad.tensor([1.0, 2.0, 3.0]))
    tensor([2., 4., 8.])
    """
    return power(input, exponent)


def square(input: Tensor) -> Tensor:
    """input^2, elementwise.

    The derivative is 2 * input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.square(ad.tensor([-2.0, 3.0]))
    tensor([4., 9.])
    """
    return ew.power_scalar(input, exponent=2)


def reciprocal(input: Tensor) -> Tensor:
    """1 / input, elementwise.

    The derivative is -1 / input^2.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.reciprocal(ad.tensor([2.0, -4.0]))
    tensor([ 0.5000, -0.2500])
    """
    return ew.divide(1, input)


def neg(input: Tensor) -> Tensor:
    """-input, elementwise.

    The derivative is -1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.neg(ad.tensor([1.0, -2.0]))
    tensor([-1.,  2.])
    """
    return ew.negative(input)


def positive(input: Tensor) -> Tensor:
    """Return +input: the Tensor itself.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([1.0])
    >>> ad.positive(x) is x
    True
    """
    return input


def abs(input: Tensor) -> Tensor:
    """|input|, elementwise.

    The derivative is sign(input), and so 0 at 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.abs(ad.tensor([-1.5, 2.0]))
    tensor([1.5000, 2.0000])
    """
    return ew.absolute(input)


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1, by the sign of each element.

    The derivative is 0. A nan stays nan, where PyTorch gives 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sign(ad.tensor([-1.5, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    return ew.sign(input)


absolute = abs
divide = div
multiply = mul
negative = neg
subtract = sub
