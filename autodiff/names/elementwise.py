"""Elementwise functions of one Tensor with PyTorch's names: exponentials, logarithms, roots, waves, activations."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff.errors import AutodiffError
from autodiff.names.arguments import Operand
from autodiff.ops import elementwise as ew

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "cos",
    "exp",
    "log",
    "log1p",
    "relu",
    "rsqrt",
    "sigmoid",
    "sin",
    "sqrt",
    "tanh",
]
METHODS = __all__
IN_PLACE = ("rsqrt",)


def exp(input: Tensor) -> Tensor:
    """e^input, elementwise.

    The derivative is the result itself.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.exp(ad.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return ew.exp(input)


def log(input: Tensor) -> Tensor:
    """Natural logarithm, elementwise: -inf at 0, nan below.

    The derivative is 1 / input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.log(ad.tensor([1.0, 2.0]))
    tensor([0.0000, 0.6931])
    """
    return ew.log(input)


def log1p(input: Tensor) -> Tensor:
    """log(1 + input), elementwise, exact near 0.

    The derivative is 1 / (1 + input).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.log1p(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.6931])
    """
    return ew.log1p(input)


def sqrt(input: Tensor) -> Tensor:
    """Square root, elementwise: nan below 0.

    The derivative is 1 / (2 sqrt(input)), and so inf at 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sqrt(ad.tensor([4.0, 2.0]))
    tensor([2.0000, 1.4142])
    """
    return ew.sqrt(input)


def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input), elementwise.

    The derivative is -1/2 input^(-3/2).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.rsqrt(ad.tensor([4.0, 0.25]))
    tensor([0.5000, 2.0000])
    """
    return ew.rsqrt(input)


def sin(input: Tensor) -> Tensor:
    """Sine, elementwise.

    The derivative is cos(input).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sin(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """
    return ew.sin(input)


def cos(input: Tensor) -> Tensor:
    """Cosine, elementwise.

    The derivative is -sin(input).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cos(ad.tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """
    return ew.cos(input)


def tanh(input: Tensor) -> Tensor:
    """Hyperbolic tangent, elementwise.

    The derivative is 1 - tanh(input)^2.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tanh(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """
    return ew.tanh(input)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e^-input), elementwise: the logistic function.

    The derivative is s (1 - s), where s is the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sigmoid(ad.tensor([0.0, 1.1059]))
    tensor([0.5000, 0.7514])
    """
    return ew.sigmoid(input)


def relu(input: Tensor) -> Tensor:
    """max(input, 0), elementwise.

    The derivative is 1 above 0, else 0 (at 0 as well).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.relu(ad.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return ew.relu(input)


def clamp(input: Tensor, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """Hold each element between two bounds: min(max(input, min), max).

    Parameters
    ----------
    input : Tensor
    min, max : Tensor or number, optional
        The bounds, of shapes that broadcast against `input`; one of them may be left out. Where they cross, `max` wins.

    Returns
    -------
    Tensor

    Raises
    ------
    AutodiffError
        If both bounds are left out.

    Notes
    -----
    The derivative for `input` is 1 between and on the bounds, 0 outside, where it goes to the bound.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.clamp(ad.tensor([-2.0, 0.5, 3.0]), min=-1, max=1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise AutodiffError("clamp needs a bound: give min=, max=, or both")
    return ew.clip(input, min, max)


def clamp_min(input: Tensor, min: Operand) -> Tensor:
    """max(input, min), elementwise.

    The derivative is 1 where input >= min, else 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.clamp_min(ad.tensor([-2.0, 3.0]), 0)
    tensor([0., 3.])
    """
    return ew.clip(input, min, None)


def clamp_max(input: Tensor, max: Operand) -> Tensor:
    """min(input, max), elementwise.

    The derivative is 1 where input <= max, else 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.clamp_max(ad.tensor([-2.0, 3.0]), 0)
    tensor([-2.,  0.])
    """
    return ew.clip(input, None, max)


clip = clamp
