"""Size: the shape of a Tensor, a tuple that prints and counts as PyTorch's does."""

from __future__ import annotations

from math import prod
from typing import Any

__all__ = ["Size"]


class Size(tuple[int, ...]):
    """The size of each dimension.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.zeros(2, 3).shape
    Size([2, 3])
    >>> ad.zeros(2, 3).shape.numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """The number of elements of a Tensor of this shape."""
        return prod(self)

    def __repr__(self) -> str:
        return f"Size({list(self)})"

    def __getitem__(self, key: Any) -> Any:
        item = tuple.__getitem__(self, key)
        return Size(item) if isinstance(key, slice) else item

    def __add__(self, other: Any) -> Size:
        return Size(tuple(self) + tuple(other))
