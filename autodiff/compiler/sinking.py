"""Sinking: what a later loop alone reads is computed there, if that loop can read what it is made of in its place.

Instructions stand in the earliest loop they can stand in. A part of a derivative, such as ``1 - h * h`` of tanh, is so
computed in the forward pass and kept in memory until its turn comes, beside `h`, which is kept anyway.
"""

from __future__ import annotations

from collections.abc import Iterable

from autodiff.compiler.gathers import is_gather
from autodiff.compiler.loops import REDUCTIONS, Loop, Step
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.compiler.strided import Views, whole

__all__ = ["sink"]


def sink(program: Program, views: Views, steps: list[Step], made: dict[Value, int]) -> None:
    """Move instructions to later loops, where that saves memory and takes no more of its bandwidth."""
    sinking = _Sinking(program, views, steps, made)
    for k in reversed(range(len(steps))):
        step = steps[k]
        if isinstance(step, Loop):
            for i in reversed(list(step.instructions)):
                sinking.try_it(i, k, step)


class _Sinking:
    """Knows where every instruction stands, and which ones read a value."""

    def __init__(self, program: Program, views: Views, steps: list[Step], made: dict[Value, int]) -> None:
        self.views, self.steps, self.made = views, steps, made
        self.kept = {views.of[v].root for v in program.kept()}
        self.changing = {state for state, _ in program.updates}
        self.place: dict[Instruction, int] = {}
        self.maker: dict[Value, Instruction] = {}
        self.readers: dict[Value, list[Instruction]] = {}
        for k, step in enumerate(steps):
            for i in step.instructions if isinstance(step, Loop) else [step.instruction]:
                self.place[i] = k
                self.maker.update({v: i for v in i.outputs if v is not None})
                for v in i.reads():
                    self.readers.setdefault(views.of[v].root, []).append(i)

    def try_it(self, i: Instruction, k: int, loop: Loop) -> None:
        """Move one instruction, and what only it needs, if there is a good place."""
        if self.place[i] != k:
            return  # it has gone with another
        v = i.outputs[0]
        goals = {self.place[r] for r in self.readers.get(v, ())}
        if len(goals) != 1 or v in self.kept or not _can_move(i):
            return
        (goal,) = goals
        there = self.steps[goal]
        if goal == k or not isinstance(there, Loop) or not self._is_read_whole(v):
            return
        if there.shape != loop.shape or there.is_flat or loop.is_flat:
            return
        going = self._cone(i, k)
        if going is None or len(going) == len(loop.instructions) or not self._is_cheap(going, v, there):
            return
        there.instructions[:0] = [j for j in loop.instructions if j in going]
        loop.instructions[:] = [j for j in loop.instructions if j not in going]
        for j in going:
            self.place[j] = goal
            self.made.update({w: goal for w in j.outputs if w is not None})

    def _is_read_whole(self, v: Value) -> bool:
        """Whether whoever reads a value reads each element where it computes its own."""
        for r in self.readers[v]:
            views = [self.views.of[w] for w in r.reads()]
            if is_gather(r) or any(view.root is v and view != whole(v) for view in views):
                return False
        return True

    def _cone(self, i: Instruction, k: int) -> set[Instruction] | None:
        """An instruction and those of its loop that are for it alone; None if others of the loop would stay behind.

        What stays behind has to be in memory; that is no loss only where it is there anyway.
        """
        going, open_ = {i}, [i]
        while open_:
            for root in self._roots([open_.pop()]):
                if self.made.get(root) != k or root in self.kept:
                    continue
                maker = self.maker[root]
                places = [self.place[r] for r in self.readers[root]]
                if any(place != k for place in places) or not self._is_read_whole(root):
                    continue
                if not _can_move(maker) or any(r not in going for r in self.readers[root]):
                    return None
                going.add(maker)
                open_.append(maker)
        return going

    def _is_cheap(self, going: set[Instruction], v: Value, there: Loop) -> bool:
        """Whether the new place has at most one thing more to read, and that is no larger than the value was."""
        roots = self._roots(going)
        if any(root in self.changing for root in roots):
            return False  # what reads a state later keeps its new value from being computed in place
        known = {*self._roots(there.instructions), *[w for i in [*there.instructions, *going] for w in i.outputs]}
        more = [root for root in roots if root not in known and root.size >= v.size > 1]
        return len(more) <= 1 and all(root.size * root.dtype.itemsize <= v.size * v.dtype.itemsize for root in more)

    def _roots(self, instructions: Iterable[Instruction]) -> list[Value]:
        return list(dict.fromkeys(self.views.of[v].root for i in instructions for v in i.reads()))


def _can_move(i: Instruction) -> bool:
    """Whether an instruction is elementwise, with one result; what indices are made of stays where it was checked."""
    elementwise = i.op not in REDUCTIONS and i.op != "put_along" and not is_gather(i)
    return elementwise and len(i.outputs) == 1 and i.outputs[0].dtype.kind == "f"
