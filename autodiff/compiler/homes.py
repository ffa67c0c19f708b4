"""Homes: the memory in which each computed value is put, where it can be that of a state, a result or a joint array."""

from __future__ import annotations

from typing import NamedTuple

from autodiff.compiler.gathers import is_gather
from autodiff.compiler.loops import Loop, Other, Step, is_reduced
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.compiler.strided import Views, whole

__all__ = ["Home", "Homes"]


class Home(NamedTuple):
    """A stretch of the memory of something: a state, a result ("result", k), or a value's own."""

    memory: object
    start: int


class Homes:
    """Decides where values are put.

    Attributes
    ----------
    of : dict of Value to Home
        Of those that are not in memory of their own.
    done : set of int
        The updates (by number) whose new value is computed in place.
    returned : set of int
        The results that are computed where they are returned.
    """

    def __init__(self, program: Program, views: Views, steps: list[Step], made: dict[Value, int]) -> None:
        self.program, self.views, self.steps, self.made = program, views, steps, made
        self.of: dict[Value, Home] = {}
        self.done: set[int] = set()
        self.returned: set[int] = set()
        self.pieces = self._joined_pieces()
        self.first = dict(made)  # when a value begins to be written
        for joint, pieces in self.pieces.items():
            self.first[joint] = min([made[joint], *[made[p] for p, _ in pieces]])
        for k, (state, v) in enumerate(program.updates):
            if self._fits(v) and self._is_free(state, v):
                self.of[v] = Home(state, 0)
                self.done.add(k)
        for k, v in enumerate(program.results):
            if self._fits(v):
                self.of[v] = Home(("result", k), 0)
                self.returned.add(k)
        for joint, pieces in self.pieces.items():
            home = self.of.get(joint, Home(joint, 0))
            for piece, start in pieces:
                self.of[piece] = Home(home.memory, home.start + start)

    def is_placed(self, joint: Value, operand: Value, start: int) -> bool:
        """Whether an operand of a concatenation is computed in its part, from element `start` on; one may be twice."""
        return (self.views.of[operand].root, start) in self.pieces.get(joint, ())

    def _fits(self, v: Value) -> bool:
        """Whether a value is computed, all of its own memory, and not somewhere else already."""
        return v in self.made and v not in self.of and self.views.of[v] == whole(v) and not self._is_piece(v)

    def _is_piece(self, v: Value) -> bool:
        return any(piece is v for pieces in self.pieces.values() for piece, _ in pieces)

    def _is_free(self, state: Value, v: Value) -> bool:
        """Whether nobody reads what is in a state when its new value begins to be written."""
        kept = [w for s, w in self.program.updates if s is not state] + self.program.results
        if any(self.views.of[w].root is state for w in kept):
            return False
        begin = self.first[v]
        for k, step in enumerate(self.steps):
            for i in step.instructions if isinstance(step, Loop) else [step.instruction]:
                read = [w for w in i.reads() if self.views.of[w].root is state]
                if read and not (k < begin or (k == begin and self._at_its_place(i, read, step, state, v))):
                    return False
        return True

    def _at_its_place(self, i: Instruction, read: list[Value], step: Step, state: Value, v: Value) -> bool:
        """Whether a loop reads only the element of a state that it is about to write: totals begin before the loop."""
        if v in self.pieces or not isinstance(step, Loop) or v.shape != step.shape or is_gather(i):
            return False
        if is_reduced(step, v):
            return False
        return all(self.views.of[w] == whole(state) and w.shape == step.shape for w in read)

    def _joined_pieces(self) -> dict[Value, list[tuple[Value, int]]]:
        """Of each concatenation along the first axis, the operands that can be computed in their parts of it."""
        taken: set[Value] = {*self.program.results, *[v for _, v in self.program.updates]}
        found: dict[Value, list[tuple[Value, int]]] = {}
        for step in self.steps:
            if not isinstance(step, Other) or step.instruction.op != "concatenate":
                continue
            i = step.instruction
            joint = i.outputs[0]
            if i.static.get("axis", 0) != 0:
                continue
            start, pieces = 0, []
            for operand in i.operands:
                view = self.views.of[operand]
                root = view.root
                ordered = view.offset == 0 and operand.size == root.size and view.strides == whole(operand).strides
                if root in self.made and ordered and root not in taken and not self._is_joint(root):
                    taken.add(root)
                    pieces.append((root, start))
                start += operand.size
            found[joint] = pieces
        return found

    def _is_joint(self, v: Value) -> bool:
        step = self.steps[self.made[v]]
        return isinstance(step, Other) and step.instruction.op == "concatenate"
