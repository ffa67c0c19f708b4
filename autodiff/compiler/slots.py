"""Slots: memory that values share which are never needed at the same time; what stays in registers needs none."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff.compiler.gathers import is_gather
from autodiff.compiler.homes import Homes
from autodiff.compiler.loops import REDUCTIONS, Loop, Step
from autodiff.compiler.program import Program, Value
from autodiff.compiler.strided import Views, whole
from autodiff.heap import LINE

__all__ = ["Slots"]


class Slots:
    """Gives each computed value a slot, unless it has a home in the memory of something else, or never leaves its loop.

    A slot is whole: what shares it begins where it begins, so that different slots never overlap.

    Attributes
    ----------
    of : dict of Value to int
    sizes : list of int
        In bytes.
    """

    def __init__(self, program: Program, views: Views, steps: Sequence[Step], homes: Homes) -> None:
        self.of: dict[Value, int] = {}
        self.sizes: list[int] = []
        self._free_from: list[int] = []
        last: dict[Value, int] = {}
        for k, step in enumerate(steps):
            for i in step.instructions if isinstance(step, Loop) else [step.instruction]:
                for v in i.reads():
                    last[self._memory(homes, views.of[v].root)] = k
        for v in program.kept():
            last[self._memory(homes, views.of[v].root)] = len(steps)
        needed: dict[Value, int] = {}
        inside = _inside_loops(program, views, steps) - homes.of.keys()
        for v in [v for v in homes.made if v not in inside]:
            memory = self._memory(homes, v)
            if memory in homes.made:
                needed[memory] = min(needed.get(memory, len(steps)), homes.first[v])
        for v, first in sorted(needed.items(), key=lambda item: item[1]):
            self._take(v, first, max(last.get(v, first), homes.made[v]))

    @staticmethod
    def _memory(homes: Homes, root: Value) -> Value:
        """The value in whose memory another one is put."""
        home = homes.of.get(root)
        return home.memory if home is not None and isinstance(home.memory, Value) else root

    def _take(self, v: Value, first: int, last: int) -> None:
        size = v.size * v.dtype.itemsize
        free = [k for k, n in enumerate(self._free_from) if n < first]
        large = [k for k in free if self.sizes[k] >= size]
        if large:
            k = min(large, key=self.sizes.__getitem__)
        elif free:
            k = max(free, key=self.sizes.__getitem__)
            self.sizes[k] = size
        else:
            k = self.extra(size)
        self._free_from[k] = last
        self.of[v] = k

    def extra(self, size: int) -> int:
        """A slot that nothing else takes."""
        self.sizes.append(size)
        self._free_from.append(1 << 60)
        return len(self.sizes) - 1

    def places(self) -> tuple[list[int], int]:
        """Where each slot begins, and how much memory they take together, in bytes."""
        starts, end = [], 0
        for size in self.sizes:
            starts.append(end)
            end += -(-size // LINE) * LINE  # each begins at a cache line
        return starts, end


def _inside_loops(program: Program, views: Views, steps: Sequence[Step]) -> set[Value]:
    """Values that only the loop reads which computes them, each element where it is computed."""
    found: set[Value] = set()
    for loop in steps:
        if isinstance(loop, Loop):
            found |= {v for i in loop.instructions if i.op not in REDUCTIONS for v in i.outputs if v is not None}
    for step in steps:
        here = {v for i in step.instructions for v in i.outputs} if isinstance(step, Loop) else set()
        for i in step.instructions if isinstance(step, Loop) else [step.instruction]:
            for v in i.reads():
                view = views.of[v]
                if view.root not in here or view != whole(view.root) or is_gather(i):
                    found.discard(view.root)
    return found - {views.of[v].root for v in program.kept()}
