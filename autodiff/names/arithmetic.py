"""Arithmetic with PyTorch's names: sums, products, quotients, powers, signs."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.dtypes import RANK, float64, result_dtype
from autodiff.errors import AutodiffError, DtypeError
from autodiff.names.arguments import Operand, as_value, cast
from autodiff.operands import NUMBERS
from autodiff.operators import power
from autodiff.ops import elementwise as ew
from autodiff.ops import rounding

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "abs",
    "absolute",
    "add",
    "addcdiv",
    "addcmul",
    "div",
    "divide",
    "float_power",
    "floor_divide",
    "gcd",
    "lcm",
    "lerp",
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
IN_PLACE = (
    "absolute",
    "addcdiv",
    "addcmul",
    "float_power",
    "gcd",
    "lcm",
    "lerp",
    "negative",
    "reciprocal",
)


def add(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """The sum input + alpha * other, elementwise with broadcasting.

    The derivatives are 1 and alpha.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.add(ad.tensor([1.0, 2.0]), ad.tensor([10.0, 20.0]), alpha=2)
    tensor([21., 42.])
    """
    return ew.add(input, other if alpha == 1 else times(input, other, alpha))


def sub(input: Operand, other: Operand, *, alpha: float = 1) -> Tensor:
    """The difference input - alpha * other, elementwise with broadcasting.

    The derivatives are 1 and -alpha.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sub(ad.tensor([1.0, 2.0]), 1)
    tensor([0., 1.])
    """
    return ew.subtract(input, other if alpha == 1 else times(input, other, alpha))


def times(x: Any, y: Any, alpha: float) -> Any:
    """The product alpha * y, for x + alpha * y, in a dtype that does not change that of the sum."""
    x, y = (a if type(a) in NUMBERS else as_value(a, "add") for a in (x, y))
    dtype = result_dtype([a if type(a) in NUMBERS else a._array for a in (x, y)])
    if type(alpha) is float and dtype.kind != "f":
        raise DtypeError(f"alpha must be an integer for Tensors of integers, not {alpha}")
    if type(y) in NUMBERS:
        return bool(y and alpha) if dtype.kind == "b" else y * alpha
    if RANK[y._array.dtype.kind] < RANK[dtype.kind]:
        y = cast(y, dtype)
    return ew.multiply(y, bool(alpha) if dtype.kind == "b" else alpha)


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
        return rounding.floor_divide(input, other)
    if rounding_mode == "trunc":
        return rounding.trunc_divide(input, other)
    raise AutodiffError(f"div: rounding_mode must be None, 'trunc' or 'floor', not {rounding_mode!r}")


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

    Constant between its steps: the derivatives are 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.floor_divide(ad.tensor([7.0, -7.0]), 2)
    tensor([ 3., -4.])
    """
    return rounding.floor_divide(input, other)


def remainder(input: Operand, other: Operand) -> Tensor:
    """What division leaves, input - floor(input / other) * other, with the sign of `other`.

    The derivatives are 1 and -floor(input / other).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.remainder(ad.tensor([7.0, -7.0]), 3)
    tensor([1., 2.])
    """
    return rounding.remainder(input, other)


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


def float_power(input: Operand, exponent: Operand) -> Tensor:
    """The power input ** exponent in float64, elementwise with broadcasting.

    The derivatives are those of `pow`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.float_power(ad.tensor([1, 2, 3]), -1)
    tensor([1.0000, 0.5000, 0.3333], dtype=float64)
    """
    base = cast(as_value(input, "float_power"), float64)
    if type(exponent) is int or type(exponent) is float:
        return ew.power_scalar(base, exponent=exponent)
    return ew.power(base, cast(as_value(exponent, "float_power"), float64))


def square(input: Tensor) -> Tensor:
    """input^2, elementwise.

    The derivative is 2 * input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.square(ad.tensor([-2.0, 3.0]))
    tensor([4., 9.])
    """
    return ew.square(input)


def reciprocal(input: Tensor) -> Tensor:
    """1 / input, elementwise.

    The derivative is -1 / input^2.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.reciprocal(ad.tensor([2.0, -4.0]))
    tensor([ 0.5000, -0.2500])
    """
    return ew.reciprocal(input)


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
    return as_value(input, "positive")


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

    The derivative is 0. Of nan it is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sign(ad.tensor([-1.5, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    return ew.sgn(input)


def lerp(input: Tensor, end: Tensor, weight: Operand) -> Tensor:
    """The mixture input + weight * (end - input), elementwise with broadcasting.

    The derivatives are 1 - weight, weight and end - input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.lerp(ad.tensor([1.0, 2.0]), ad.tensor([3.0, 6.0]), 0.25)
    tensor([1.5000, 3.0000])
    """
    return ew.lerp(input, end, weight)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """The sum input + value * tensor1 * tensor2, elementwise with broadcasting.

    The derivatives are 1, value * tensor2 and value * tensor1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.addcmul(ad.tensor([1.0]), ad.tensor([2.0]), ad.tensor([3.0]), value=0.5)
    tensor([4.])
    """
    return ew.addcmul(input, tensor1, tensor2, value=value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """The sum input + value * tensor1 / tensor2, elementwise with broadcasting; not of integers.

    The derivatives are 1, value / tensor2 and -value * tensor1 / tensor2^2.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.addcdiv(ad.tensor([1.0]), ad.tensor([2.0]), ad.tensor([4.0]), value=0.5)
    tensor([1.2500])
    """
    return ew.addcdiv(input, tensor1, tensor2, value=value)


def gcd(input: Tensor, other: Tensor) -> Tensor:
    """Greatest common divisor of integers, elementwise with broadcasting.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.gcd(ad.tensor([4, 9]), ad.tensor([6, 0]))
    tensor([2, 9])
    """
    return rounding.gcd(input, other)


def lcm(input: Tensor, other: Tensor) -> Tensor:
    """Least common multiple of integers, elementwise with broadcasting.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.lcm(ad.tensor([4, 9]), ad.tensor([6, 0]))
    tensor([12,  0])
    """
    return rounding.lcm(input, other)


absolute = abs
divide = div
multiply = mul
negative = neg
subtract = sub
