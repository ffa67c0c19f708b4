"""Elementwise functions with PyTorch's names: arithmetic, powers and logarithms, trigonometry, selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.ops import elementwise as ew

if TYPE_CHECKING:
    from autodiff.tensor import Tensor

__all__ = ["exp", "log", "mul"]
METHODS = ["exp", "log", "mul"]


def exp(input: Any) -> Tensor:
    """e ** input, elementwise.

    The derivative is the result itself.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.exp(ad.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """
    return ew.exp(input)  # type: ignore[no-any-return]


def log(input: Any) -> Tensor:
    """Natural logarithm, elementwise."""
    return ew.log(input)  # type: ignore[no-any-return]


def mul(input: Any, other: Any) -> Tensor:
    """input * other."""
    return ew.multiply(input, other)  # type: ignore[no-any-return]
