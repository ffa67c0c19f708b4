"""Where state lives: memory that is read at each call, and flat memory that many parameters share.

An update runs once over all parameters if they lie one after the other. Memory that somebody else looks at (a view
taken earlier, a state_dict that is kept) is never moved: the count of references tells. What cannot be moved is copied
in and out.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import Any, Protocol

import numpy as np

from autodiff.graph import Storage, changes
from autodiff.heap import aligned, give_back

__all__ = [
    "ArrayMemory",
    "FlatMemory",
    "GradMemory",
    "Memory",
    "Part",
    "TensorMemory",
    "gather",
    "is_alone",
    "joined",
    "straighten",
]

Array = np.ndarray[Any, Any]


class Memory(Protocol):
    """The memory behind a state."""

    def key(self) -> Any:
        """Equal for the same memory."""

    def array(self) -> Array:
        """The array it is now."""


class TensorMemory:
    """That of a Tensor, which may be given another (``p.data = ...``)."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    def key(self) -> Any:
        return ("tensor", id(self.tensor))

    def array(self) -> Array:
        found: Array = self.tensor._array
        return found


class ArrayMemory:
    """An array that stays where it is."""

    def __init__(self, array: Array) -> None:
        self._array = array

    def key(self) -> Any:
        return ("array", id(self._array))

    def array(self) -> Array:
        return self._array


class GradMemory:
    """Where a step puts the gradient of a leaf; `place` is set when the step is made ready."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor
        self.place: Array | None = None

    def key(self) -> Any:
        return ("grad", id(self.tensor))

    def array(self) -> Array:
        if self.place is None:
            self.place = np.zeros(self.tensor._array.shape, self.tensor._array.dtype)
        return self.place


class FlatMemory:
    """That of several memories that lie one after the other."""

    def __init__(self, parts: Sequence[Any]) -> None:
        self.parts = list(parts)
        #: Whether it is that of gradients, which a step puts where it wants.
        self.is_of_gradients = all(isinstance(part, GradMemory) for part in parts)

    def key(self) -> Any:
        return ("flat", *[part.key() for part in self.parts])

    def is_flat(self) -> bool:
        """Whether they still lie so; gradients do when the step runs."""
        return self.is_of_gradients or joined([part.array() for part in self.parts]) is not None

    def tensors(self) -> list[Any]:
        """The Tensors that own the memories."""
        return [part.tensor for part in self.parts]

    def array(self) -> Array:
        flat = joined([part.array() for part in self.parts])
        assert flat is not None, "checked before a step is made ready"
        return flat


class Part(Storage):
    """The storage of a Tensor in flat memory: as young as the last write into it alone or into all of the block."""

    def __init__(self, block: Storage) -> None:
        self.block = block
        self.own = 0

    @property
    def version(self) -> int:
        return max(self.own, self.block.version)

    @version.setter
    def version(self, value: int) -> None:
        self.own = value


def joined(arrays: Sequence[Array]) -> Array | None:
    """The vector that arrays are together, if they lie in memory one after the other; else None."""
    arrays = [a for a in arrays if a.size] or arrays[:1]  # what has no elements lies anywhere
    first = arrays[0]
    if len(arrays) == 1:
        return first.reshape(-1) if first.flags.c_contiguous else None
    owner = first.base
    if not isinstance(owner, np.ndarray) or not owner.flags.c_contiguous:
        return None
    start = here = first.ctypes.data
    for a in arrays:
        if a.base is not owner or a.dtype != first.dtype or not a.flags.c_contiguous or a.ctypes.data != here:
            return None
        here += a.nbytes
    size = sum(a.size for a in arrays)
    return np.ndarray((size,), first.dtype, owner, start - owner.ctypes.data)


def gather(tensors: Sequence[Any]) -> bool:
    """Move Tensors into flat memory of their own, if nobody else looks at theirs; whether they lie flat now.

    Each one's old memory goes before the next is moved, so that they are never all in memory twice.
    """
    if joined([t._array for t in tensors]) is not None:
        return True
    if len(tensors) == 1 or not all(map(is_alone, tensors)):
        return False
    dtype = tensors[0]._array.dtype
    size = sum(t._array.size for t in tensors)
    give_back(size * dtype.itemsize)
    piece = size * dtype.itemsize // 8
    flat = aligned(size, dtype)
    block, start, moved = Storage(), 0, 0
    for t in tensors:
        shape, stop = t._array.shape, start + t._array.size
        view = flat[start:stop].reshape(shape)
        view[...] = t._array
        version = t._storage.version
        t._array, t._storage = view, Part(block)
        t._storage.version = version
        start = stop
        moved += view.nbytes
        if moved >= piece and give_back(moved):
            moved = 0
    changes.structure += 1
    return True


def straighten(memory: Any) -> bool:
    """Whether memory is in order; a Tensor whose memory is not is given other memory, if nobody looks at the old."""
    if not isinstance(memory, (TensorMemory, ArrayMemory)) or memory.array().flags.c_contiguous:
        return True
    if isinstance(memory, ArrayMemory) or not is_alone(memory.tensor, in_order=False):
        return False
    memory.tensor._array = np.ascontiguousarray(memory.tensor._array)
    changes.structure += 1
    return True


def is_alone(t: Any, in_order: bool = True) -> bool:
    """Whether nothing but this Tensor holds its memory, which lies in order.

    Graphs may hold its storage: what they saved stays behind with the memory, as it is, and so is never stale.
    """
    array: Array = t._array
    if (in_order and not array.flags.c_contiguous) or not array.flags.writeable:
        return False
    # One reference is the Tensor's, one is the local name, one the argument of getrefcount.
    alone = getrefcount(array) <= _COUNTED
    base = array.base
    if base is None or not alone:
        return alone
    del array
    # The owner: held by the array, and by the name here.
    return isinstance(base, np.ndarray) and base.base is None and getrefcount(base) <= _COUNTED


def _counted() -> int:
    held = [np.zeros(1)]
    name = held[0]
    return getrefcount(name)


# Measured, since what is counted differs between versions of CPython.
_COUNTED = _counted()
