"""The gradients that a step leaves: Tensors on flat memory, and what becomes of those that somebody holds.

One that a step makes anew must not be put in the place of one that is held. One that it adds to is the Tensor that was
there before, which who holds it sees change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from sys import getrefcount
from typing import Any
from weakref import WeakSet, ref

import numpy as np

from autodiff.compiler.memory import GradMemory, Part, is_alone
from autodiff.graph import Storage, changes, wrap
from autodiff.heap import aligned, give_back

__all__ = ["Grads", "Held", "set_apart"]

Array = np.ndarray[Any, Any]


class Held(Exception):
    """Memory cannot be moved, since somebody looks at it: an ordinary call must be made."""


class _Shown(Part):
    """The storage of a gradient that a step leaves."""

    def __init__(self, grads: Grads) -> None:
        super().__init__(grads.block)
        self.grads = ref(grads)


class Grads:
    """The gradients that a step leaves: Tensors on one piece of flat memory, which leaves show as their ``.grad``.

    Parameters
    ----------
    memories : sequence of GradMemory
    go_on : bool
        Whether the Tensors that were there before the step are there after it: it writes into them, or leaves them.
    """

    def __init__(self, memories: Sequence[GradMemory], go_on: bool) -> None:
        self.memories = list(memories)
        self.go_on = go_on
        self.tensors: list[Any] = []
        #: Stands for the storages of all of them.
        self.block = Storage()
        self.owner: Any = None
        self.expected: list[int] = []
        self.beyond: list[int] = []
        #: What was shown before a call that is not over.
        self.before: list[Any] = []
        _EVERY.add(self)

    def allocate(self) -> None:
        """Take new memory: there is none yet, or somebody holds what was shown before, and keeps it as it is."""
        arrays = [m.tensor._array for m in self.memories]
        size, dtype = sum(a.size for a in arrays), arrays[0].dtype
        if not self.tensors:
            give_back(size * dtype.itemsize)
        self.let_go()
        flat = aligned(size, dtype)
        self.block = Storage()
        start = 0
        for memory, a in zip(self.memories, arrays):
            memory.place = flat[start : start + a.size].reshape(a.shape)
            self.tensors.append(wrap(memory.place, None, _Shown(self)))
            start += a.size
        self.owner = flat.base
        self.expected = self.beyond = []

    def let_go(self) -> None:
        """Forget the memory that there is: it is somebody else's now, or nobody's."""
        self.tensors, self.owner = [], None
        for memory in self.memories:
            memory.place = None

    def counts(self) -> list[int]:
        """How often the arrays and the memory are referred to."""
        return [*[getrefcount(m.place) for m in self.memories], getrefcount(self.owner)]

    def before_binding(self) -> None:
        """Remember how often others refer to the memory, before code that does is bound to it."""
        self.beyond = [max(0, a - b) for a, b in zip(self.counts(), self.expected)] if self.expected else []

    def after_binding(self) -> None:
        """Remember how often the memory is referred to while nobody else does."""
        counts = self.counts()
        self.expected = [a - b for a, b in zip(counts, self.beyond)] if self.beyond else counts

    def is_looked_at(self) -> bool:
        """Whether somebody holds an array that looks at the memory."""
        return not self.expected or any(a > b for a, b in zip(self.counts(), self.expected))

    def is_held(self) -> bool:
        """Whether somebody holds on to what is shown, or was, and must not see it change."""
        if not self.expected or (self.go_on and self._is_in_place()):
            return False
        shown = [(t, memory.tensor._node.grad is t) for memory, t in self._at_home()]
        # Besides the leaf, the names of lists and loops refer to a Tensor.
        return self.is_looked_at() or any(getrefcount(t) > _COUNTED - (not here) for t, here in shown)

    def _at_home(self) -> list[tuple[GradMemory, Any]]:
        """The Tensors that were not given to another step, which adds to them."""
        return [(m, t) for m, t in zip(self.memories, self.tensors) if t._array is m.place]

    def _is_shown(self) -> bool:
        """Whether all leaves show these Tensors, and these the memory."""
        pairs = zip(self.memories, self.tensors)
        return bool(self.tensors) and all(m.tensor._node.grad is t and t._array is m.place for m, t in pairs)

    def _is_in_place(self) -> bool:
        """Whether what the leaves show, be it other Tensors such as ``p.grad.detach()``, lies in this memory."""
        shown = [(m.tensor._node.grad, m.place) for m in self.memories]
        return bool(self.tensors) and all(g is not None and g._array is place for g, place in shown)

    def are_looked_at(self) -> bool:
        """Whether somebody holds one of the gradients that are there, be they these or others."""
        if self._is_shown():
            return self.is_held()
        kept = Counter([id(t) for grads in _EVERY for t in grads.tensors])
        for memory in self.memories:
            g = memory.tensor._node.grad
            if g is not None and (getrefcount(g) > _NAMED + kept[id(g)] or not _is_movable(g, memory)):
                return True
        return False

    def check(self) -> None:
        """Raise `Held` if the gradients that are there would have to be moved, and cannot be."""
        if not self.go_on or self._is_in_place():
            return
        stays = bool(self.tensors) and not self.is_held()
        for memory in self.memories:
            g = memory.tensor._node.grad
            if g is not None and not (stays and g._array is memory.place) and not _is_movable(g, memory):
                raise Held

    def show(self, added: set[int]) -> bool:
        """Let the leaves show these Tensors; whether other memory had to be taken.

        Parameters
        ----------
        added : set of int
            The ids of the Tensors whose gradients the step adds to.
        """
        held = not self.tensors or self.is_held()
        if not held and self._is_shown():
            return False
        nodes = [m.tensor._node for m in self.memories]
        if self.go_on and self._is_in_place():
            self.tensors = [node.grad for node in nodes]
            return False
        old = [node.grad if id(m.tensor) in added else None for m, node in zip(self.memories, nodes)]
        is_first = not self.tensors
        if held and not is_first and not self.before:
            self.before = [node.grad for node in nodes]
        for node in nodes:
            node.grad = None  # so that what nobody adds to is free before its like is allocated
        if held:
            self.allocate()
        for i, (memory, before) in enumerate(zip(self.memories, old)):
            place = memory.array()
            if self.tensors[i]._array is not place:
                self.tensors[i] = wrap(place, None, _Shown(self))
            if before is not None and before is not self.tensors[i]:
                if before._array is not place:
                    place[...] = before._array
                if self.go_on:  # who holds it goes on seeing the gradient
                    before._array, before._storage = place, _Shown(self)
                    self.tensors[i] = before
            nodes[i].grad = self.tensors[i]
        if is_first:  # what was there is not held on to, since that takes memory
            self.before = [node.grad if g is not None else None for node, g in zip(nodes, old)]
        changes.count_switch()  # whoever was to read or write what was shown before must look again
        return held

    def settle(self, failed: bool) -> None:
        """A call is over; after one that raised, leaves do not show memory that it was to fill."""
        if failed:
            for memory, g in zip(self.memories, self.before):
                memory.tensor._node.grad = g
        self.before = []


#: Several steps may leave, or add to, the same gradients, and each has a list of them.
_EVERY: WeakSet[Grads] = WeakSet()


def set_apart(t: Any) -> None:
    """Give a gradient that no step leaves any more memory of its own: looking at a step's would keep that in place."""
    if isinstance(t._storage, _Shown):
        grads = t._storage.grads()
        if grads is not None and not grads.is_looked_at():
            t._array, t._storage = t._array.copy(), Storage()


def _is_movable(t: Any, memory: GradMemory) -> bool:
    """Whether a gradient may be given other memory: nothing but the Tensor looks at what it has."""
    if t._node is not None or t._base is not None or t._array.dtype != memory.tensor._array.dtype:
        return False
    if not isinstance(t._storage, _Shown):
        return is_alone(t)
    grads = t._storage.grads()
    return grads is not None and not grads.is_looked_at()


def _counted() -> tuple[int, int]:
    class Leaf:
        grad = wrap(np.zeros(1))

    g = Leaf.grad
    named = getrefcount(g)
    del g
    held = [(Leaf.grad, True)]
    tensors = [t for t, _ in held]
    return next(getrefcount(t) for t, _ in held if tensors), named


# Of a Tensor that a leaf shows and nobody else holds, in lists and under a name. Measured, since what is counted
# differs between versions.
_COUNTED, _NAMED = _counted()
