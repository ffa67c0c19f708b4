"""Rounding, signs, steps, and repairing nan and infinities, with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff.names.arguments import Operand
from autodiff.ops import comparison, rounding
from autodiff.ops import elementwise as ew

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "ceil",
    "copysign",
    "fix",
    "floor",
    "fmax",
    "fmin",
    "fmod",
    "frac",
    "heaviside",
    "nan_to_num",
    "nextafter",
    "round",
    "sgn",
    "signbit",
    "trunc",
]
METHODS = __all__
IN_PLACE = (
    "ceil",
    "copysign",
    "fix",
    "floor",
    "fmod",
    "frac",
    "heaviside",
    "nan_to_num",
    "nextafter",
    "round",
    "sgn",
    "trunc",
)


def floor(input: Tensor) -> Tensor:
    """The largest integer not above each element.

    Constant between its steps: the derivative is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.floor(ad.tensor([1.5, -1.5]))
    tensor([ 1., -2.])
    """
    return rounding.floor(input)


def ceil(input: Tensor) -> Tensor:
    """The smallest integer not below each element.

    Constant between its steps: the derivative is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.ceil(ad.tensor([1.5, -1.5]))
    tensor([ 2., -1.])
    """
    return rounding.ceil(input)


def trunc(input: Tensor) -> Tensor:
    """Each element without its fraction.

    Constant between its steps: the derivative is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.trunc(ad.tensor([1.5, -1.5]))
    tensor([ 1., -1.])
    """
    return rounding.trunc(input)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Round each element to so many decimals, or to tens, hundreds, ... where `decimals` is negative.

    Of two nearest numbers the even one is taken. Constant between its steps: the derivative is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.round(ad.tensor([0.5, 1.5, -2.7]))
    tensor([ 0.,  2., -3.])
    >>> ad.round(ad.tensor([0.126, 1.5]), decimals=1)
    tensor([0.1000, 1.5000])
    """
    return rounding.rint(input) if decimals == 0 else rounding.round(input, decimals=decimals)


def frac(input: Tensor) -> Tensor:
    """The fraction of each element, input - trunc(input), with its sign.

    The derivative is 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.frac(ad.tensor([1.5, -1.25]))
    tensor([ 0.5000, -0.2500])
    """
    return rounding.frac(input)


def fmod(input: Tensor, other: Operand) -> Tensor:
    """What division leaves, input - trunc(input / other) * other, with the sign of `input`.

    The derivatives are 1 and -trunc(input / other). `remainder` has the sign of `other`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.fmod(ad.tensor([7.0, -7.0]), 3)
    tensor([ 1., -1.])
    """
    return rounding.fmod(input, other)


def sgn(input: Tensor) -> Tensor:
    """-1, 0 or 1, by the sign of each element: `sign`.

    The derivative is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sgn(ad.tensor([-1.5, 0.0, 2.0]))
    tensor([-1.,  0.,  1.])
    """
    return ew.sgn(input)


def signbit(input: Tensor) -> Tensor:
    """Whether each element is negative; -0.0 is.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.signbit(ad.tensor([-1.5, -0.0, 0.0]))
    tensor([ True,  True, False])
    """
    return comparison.signbit(input)


def copysign(input: Tensor, other: Operand) -> Tensor:
    """|input| with the sign of `other`, elementwise with broadcasting; a zero has a sign too.

    The derivatives are result / input, which is -1 or 1 and taken as 0 where input = 0, and 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.copysign(ad.tensor([1.0, -2.0]), ad.tensor([-0.0, 3.0]))
    tensor([-1.,  2.])
    """
    return rounding.copysign(input, other)


def heaviside(input: Tensor, values: Tensor) -> Tensor:
    """0 where input < 0, `values` where input = 0, 1 where input > 0, elementwise with broadcasting.

    No gradient, as in PyTorch. Both must have one dtype.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.heaviside(ad.tensor([-1.5, 0.0, 2.0]), ad.tensor(0.5))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return rounding.heaviside(input, values)


def nextafter(input: Tensor, other: Tensor) -> Tensor:
    """The next number of the dtype after `input` on the way to `other`, elementwise with broadcasting.

    The derivatives are 1, or 0 where input = other, and 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.nextafter(ad.tensor([1.0]), ad.tensor([2.0])) - 1
    tensor([1.1921e-07])
    """
    return rounding.nextafter(input, other)


def nan_to_num(
    input: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Replace nan and infinities.

    Parameters
    ----------
    input : Tensor
    nan : float, default=0.0
        What stands in for nan.
    posinf, neginf : float, optional
        What stands in for inf and -inf; by default the largest and the smallest number of the dtype.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is 1 where the element is finite, else 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.nan_to_num(ad.tensor([1.0, float("nan"), float("inf")]), posinf=9.0)
    tensor([1., 0., 9.])
    """
    return rounding.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


def fmax(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two, elementwise with broadcasting; of a number and nan, the number.

    The derivative is 1 for the one that is taken, which is `input` where both are equal, and 0 for the other.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.fmax(ad.tensor([1.0, float("nan")]), ad.tensor([3.0, 2.0]))
    tensor([3., 2.])
    """
    return rounding.fmax(input, other)


def fmin(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two, elementwise with broadcasting; of a number and nan, the number.

    The derivative is 1 for the one that is taken, which is `input` where both are equal, and 0 for the other.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.fmin(ad.tensor([1.0, float("nan")]), ad.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return rounding.fmin(input, other)


fix = trunc
