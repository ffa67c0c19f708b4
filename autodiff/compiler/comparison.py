"""Comparing two recordings of a step: what differs would have been baked in, and is an error that names the line."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.recording import Recording
from autodiff.compiler.scalars import Scalar, exact
from autodiff.errors import RecordingError

__all__ = ["compare", "took_others"]

_OTHER_TENSORS = "two calls alike took different Tensors here"

#: What may be returned and is no Tensor: it is the same whoever made it.
_PLAIN = (int, float, complex, str, bytes, type(None), np.generic, np.dtype, tuple, range, slice, frozenset)


def compare(first: Recording, second: Recording) -> RecordingError | None:
    """Hold a recording to an earlier one, and tell constants of the second from memory that was there at both.

    Returns
    -------
    RecordingError or None
        What differs. If nothing does, the constants among the states of the second program have become constants.
    """
    pairing = _Pairing(first, second)
    a, b = first.program, second.program
    pairing.values.update(zip([*a.inputs, *a.draws], [*b.inputs, *b.draws]))
    for before, after in zip(a.instructions, b.instructions):
        problem = pairing.instruction(before, after)
        if problem is not None:
            return _error(problem, after)
    if len(a.instructions) != len(b.instructions):
        longer = max((a, b), key=lambda p: len(p.instructions))
        extra = longer.instructions[min(len(a.instructions), len(b.instructions))]
        return _error("two calls alike did not do the same operations", extra)
    if len(a.draws) != len(b.draws):
        return RecordingError("two calls alike did not draw the same random numbers; keep what is drawn the same")
    pairs = [*zip(a.results, b.results), *[(v, w) for (_, v), (_, w) in zip(a.updates, b.updates)]]
    if any(pairing.operand(v, w) for v, w in pairs) or len(a.updates) != len(b.updates):
        return RecordingError("two calls alike did not return or keep the same; decide that outside the step")
    for one, other in zip(first.outputs, second.outputs):
        if one.index is None and (problem := _kept(one.kept, other.kept)):
            return RecordingError(problem)
    if first.drew_elsewhere and second.drew_elsewhere:  # at one call alone, it was another thread
        return RecordingError(
            "random numbers of Python's or NumPy's were drawn during the call, which a replay does not do; "
            "draw with ad.rand, or before the call"
        )
    pairing.settle()
    return None


def took_others(failure: RecordingError | None) -> bool:
    """Whether what is wrong is that Tensors were exchanged, as by ``load_state_dict`` between two calls."""
    return failure is not None and str(failure).endswith(_OTHER_TENSORS)


def _kept(x: Any, y: Any) -> str | None:
    """What is wrong with results that are handed out again at each replay; an object must be one and the same."""
    if x is y or (isinstance(x, _PLAIN) and _same(x, y)):
        return None
    if isinstance(x, _PLAIN) and isinstance(y, _PLAIN):
        return (
            f"the step returned {x!r} at one call and {y!r} at the next; a replay does not compute it: return a "
            "Tensor, or count outside the step"
        )
    return (
        f"the step returned an object of {type(y).__name__}, which a replay does not make; return Tensors, or tuples, "
        "lists and dicts of them"
    )


def _error(problem: str, instruction: Instruction) -> RecordingError:
    return RecordingError(instruction.place.of(problem))


class _Pairing:
    """Which value of the second program is which of the first."""

    def __init__(self, first: Recording, second: Recording) -> None:
        self.first = first
        self.second = second
        self.values: dict[Value, Value] = {}
        self.constants: set[Value] = set()

    def instruction(self, one: Instruction, other: Instruction) -> str | None:
        """What two instructions differ in."""
        if one.op != other.op or len(one.operands) != len(other.operands):
            return (
                f"two calls alike did different operations here: {one.op} and {other.op}; decide that before the call"
            )
        for x, y in zip(one.operands, other.operands):
            problem = self.operand(x, y)
            if problem is not None:
                return problem
        if not _same(one.static, other.static):
            return (
                f"{one.op} was told {one.static} at one call and {other.static} at the next, and a replay would repeat "
                "one of them; make it a Tensor, or an argument of the step"
            )
        for x, y in zip(one.outputs, other.outputs):
            if x is not None and y is not None:
                if x.shape != y.shape or x.dtype != y.dtype:
                    return (
                        f"{one.op} gave shape {x.shape} at one call and {y.shape} at the next: shapes must not change"
                    )
                self.values[x] = y
        return None

    def operand(self, x: Any, y: Any) -> str | None:
        """What two operands differ in."""
        if isinstance(x, Value) and isinstance(y, Value):
            if x in self.values:
                return None if self.values[x] is y else "two calls alike took different values here"
            self.values[x] = y
            return self._memory(x, y)
        if isinstance(x, Scalar) and isinstance(y, Scalar):
            return None if x.key() == y.key() else "two calls alike computed a setting differently"
        if _same(x, y):
            return None
        return (
            f"the number {x!r} of one call was {y!r} at the next, and a replay would repeat one of them; "
            "make it a Tensor, or an argument of the step"
        )

    def _memory(self, x: Value, y: Value) -> str | None:
        """What two states differ in: whether they are the same memory, or constants with the same elements."""
        one, other = self.first.memory.get(x), self.second.memory.get(y)
        if one is None or other is None:
            return "two calls alike took different values here"
        if one.key() == other.key():
            if y in self.second.fresh and not other.array().flags.writeable:
                self.constants.add(y)  # such as the seed of a scalar loss
            return None
        if x not in self.first.fresh or y not in self.second.fresh:
            return _OTHER_TENSORS
        self.constants.add(y)
        if self.first.digests[x] != self.second.digests[y]:
            return (
                f"an array of shape {y.shape} that is made during the call, of something that cannot be recorded, had "
                "other elements at the next call; make it with operations on Tensors, or pass it as an argument"
            )
        return None

    def settle(self) -> None:
        """Turn what is made anew at each call, with the same elements, into constants."""
        program = self.second.program
        used = {v for i in program.instructions for v in i.reads()} | program.kept()
        for value in self.second.fresh:
            if value in self.constants or value not in used:
                value.kind = "constant"
                del self.second.memory[value]
                value.array = self.second.recorder.initial[value]
                value.array.flags.writeable = False
        program.states = [v for v in program.states if v.kind == "state"]
        program.updates = [(s, v) for s, v in program.updates if s.kind == "state"]


def _same(x: Any, y: Any) -> bool:
    """Whether two static parameters or numbers are the same, in type too."""
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        return isinstance(x, np.ndarray) and isinstance(y, np.ndarray) and np.array_equal(x, y)
    if type(x) is not type(y):
        return False
    if isinstance(x, dict):
        return x.keys() == y.keys() and all(_same(x[k], y[k]) for k in x)
    if isinstance(x, (tuple, list)):
        return len(x) == len(y) and all(map(_same, x, y))
    return bool(x is y or (x == y and exact(x) == exact(y)) or (x != x and y != y))
