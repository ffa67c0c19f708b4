"""Results with two named parts, such as the largest elements and their indices: ``x.max(dim=1).values``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from autodiff.tensor import Tensor

__all__ = ["max", "min"]


class _ValuesIndices(NamedTuple):
    """Elements that were picked along a dim, and where each of them stood."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return f"return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


class max(_ValuesIndices):
    """What ``max(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class min(_ValuesIndices):
    """What ``min(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()
