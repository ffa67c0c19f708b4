"""Exponentials, logarithms, circular and hyperbolic functions with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff.ops import waves

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cosh",
    "deg2rad",
    "exp2",
    "expm1",
    "hypot",
    "ldexp",
    "log10",
    "log2",
    "logaddexp",
    "logaddexp2",
    "rad2deg",
    "sinh",
    "tan",
]
METHODS = __all__
IN_PLACE = (
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cosh",
    "deg2rad",
    "exp2",
    "expm1",
    "hypot",
    "ldexp",
    "log10",
    "log2",
    "rad2deg",
    "sinh",
    "tan",
)


def expm1(input: Tensor) -> Tensor:
    """e^input - 1, elementwise, exact near 0.

    The derivative is e^input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.expm1(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.7183])
    """
    return waves.expm1(input)


def exp2(input: Tensor) -> Tensor:
    """2^input, elementwise.

    The derivative is 2^input ln 2.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.exp2(ad.tensor([0.0, 1.0, 3.0]))
    tensor([1., 2., 8.])
    """
    return waves.exp2(input)


def log2(input: Tensor) -> Tensor:
    """Logarithm to base 2, elementwise.

    The derivative is 1 / (input ln 2).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.log2(ad.tensor([1.0, 8.0]))
    tensor([0., 3.])
    """
    return waves.log2(input)


def log10(input: Tensor) -> Tensor:
    """Logarithm to base 10, elementwise.

    The derivative is 1 / (input ln 10).

    Examples
    --------
    >>> import autodiff as ad
    >>> [round(x, 4) for x in ad.log10(ad.tensor([1.0, 100.0])).tolist()]
    [0.0, 2.0]
    """
    return waves.log10(input)


def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """log(e^input + e^other), elementwise with broadcasting, without overflow.

    The derivatives are the shares of the two terms in the sum, 1 / (1 + e^(other - input)) and the rest.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logaddexp(ad.tensor([0.0, 1000.0]), ad.tensor([0.0, 1000.0]))
    tensor([6.9315e-01, 1.0007e+03])
    """
    return waves.logaddexp(input, other)


def logaddexp2(input: Tensor, other: Tensor) -> Tensor:
    """log2(2^input + 2^other), elementwise with broadcasting, without overflow.

    The derivatives are the shares of the two terms in the sum, 1 / (1 + 2^(other - input)) and the rest.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logaddexp2(ad.tensor([0.0, 1000.0]), ad.tensor([0.0, 1000.0]))
    tensor([1.0000e+00, 1.0010e+03])
    """
    return waves.logaddexp2(input, other)


def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """The product input * 2^other, elementwise with broadcasting; of integers, a float.

    The derivatives are 2^other and input 2^other ln 2.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.ldexp(ad.tensor([1.0, 3.0]), ad.tensor([2, -1]))
    tensor([4.0000, 1.5000])
    """
    return waves.ldexp(input, other)


def tan(input: Tensor) -> Tensor:
    """Tangent, elementwise.

    The derivative is 1 + tan(input)^2.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tan(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """
    return waves.tan(input)


def asin(input: Tensor) -> Tensor:
    """Inverse sine, elementwise: nan outside -1 to 1.

    The derivative is 1 / sqrt(1 - input^2), and so inf at -1 and 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.asin(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """
    return waves.arcsin(input)


def acos(input: Tensor) -> Tensor:
    """Inverse cosine, elementwise: nan outside -1 to 1.

    The derivative is -1 / sqrt(1 - input^2), and so -inf at -1 and 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.acos(ad.tensor([1.0, 0.0]))
    tensor([0.0000, 1.5708])
    """
    return waves.arccos(input)


def atan(input: Tensor) -> Tensor:
    """Inverse tangent, elementwise.

    The derivative is 1 / (1 + input^2).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.atan(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7854])
    """
    return waves.arctan(input)


def atan2(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, input), between -pi and pi, elementwise with broadcasting.

    The derivatives are other / r^2 and -input / r^2, where r^2 = input^2 + other^2; at the origin they are 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.atan2(ad.tensor([1.0, 1.0]), ad.tensor([1.0, -1.0]))
    tensor([0.7854, 2.3562])
    """
    return waves.arctan2(input, other)


def hypot(input: Tensor, other: Tensor) -> Tensor:
    """sqrt(input^2 + other^2), elementwise with broadcasting, without overflow.

    The derivatives are input / result and other / result, nan at the origin.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.hypot(ad.tensor([3.0, 5.0]), ad.tensor([4.0, 12.0]))
    tensor([ 5., 13.])
    """
    return waves.hypot(input, other)


def deg2rad(input: Tensor) -> Tensor:
    """Degrees in radians: input pi / 180.

    The derivative is pi / 180.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.deg2rad(ad.tensor([90.0, 180.0]))
    tensor([1.5708, 3.1416])
    """
    return waves.deg2rad(input)


def rad2deg(input: Tensor) -> Tensor:
    """Radians in degrees: input 180 / pi.

    The derivative is 180 / pi.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.rad2deg(ad.tensor([0.0, 1.0]))
    tensor([ 0.0000, 57.2958])
    """
    return waves.rad2deg(input)


def sinh(input: Tensor) -> Tensor:
    """Hyperbolic sine, elementwise.

    The derivative is cosh(input).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sinh(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """
    return waves.sinh(input)


def cosh(input: Tensor) -> Tensor:
    """Hyperbolic cosine, elementwise.

    The derivative is sinh(input).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cosh(ad.tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """
    return waves.cosh(input)


def asinh(input: Tensor) -> Tensor:
    """Inverse hyperbolic sine, elementwise.

    The derivative is 1 / sqrt(input^2 + 1).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.asinh(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """
    return waves.arcsinh(input)


def acosh(input: Tensor) -> Tensor:
    """Inverse hyperbolic cosine, elementwise: nan below 1.

    The derivative is 1 / sqrt(input^2 - 1), and so inf at 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.acosh(ad.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """
    return waves.arccosh(input)


def atanh(input: Tensor) -> Tensor:
    """Inverse hyperbolic tangent, elementwise: nan outside -1 to 1.

    The derivative is 1 / (1 - input^2), and so inf at -1 and 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.atanh(ad.tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """
    return waves.arctanh(input)


arccos = acos
arccosh = acosh
arcsin = asin
arcsinh = asinh
arctan = atan
arctan2 = atan2
arctanh = atanh
