"""Results with two named parts, such as the largest elements and their indices: ``x.max(dim=1).values``."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["max", "min"]


# A named tuple written out: making one of `typing.NamedTuple` takes longer to import than a family of functions.
class _ValuesIndices(tuple[Any, ...]):
    """Elements that were picked along a dim, and where each of them stood."""

    __slots__ = ()
    _fields = ("values", "indices")
    values: Tensor = property(itemgetter(0))  # type: ignore[assignment]
    indices: Tensor = property(itemgetter(1))  # type: ignore[assignment]

    def __new__(cls, values: Any, indices: Any) -> _ValuesIndices:
        return tuple.__new__(cls, (values, indices))

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return f"return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


class max(_ValuesIndices):
    """What ``max(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class min(_ValuesIndices):
    """What ``min(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()
