"""Fusing for NumPy: a few pairs of operations that it does faster as one, and copies where memory must be one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autodiff.compiler.np_forms import VIEWS
from autodiff.compiler.program import Instruction, Program, Value

__all__ = ["Prepared", "fused", "prepare"]

#: Operations that only look at their operand in another way.
_LOOKS = ("reshape", "index")


class Prepared(NamedTuple):
    """A program as it is to be written.

    Parameters
    ----------
    instructions : list of Instruction
    updates : list of (Value, Value)
        States with their new values, each computed for this alone.
    results : list of Value
        What is returned, each computed for this alone.
    """

    instructions: list[Instruction]
    updates: list[tuple[Value, Value]]
    results: list[Value]


def prepare(program: Program, native: bool, called: Sequence[Instruction]) -> Prepared:
    """Give results and new values of states memory of their own, by copies where they have none.

    Parameters
    ----------
    program : Program
    native : bool
        False copies whatever a forward has returned, which may be a view of anything.
    called : sequence of Instruction
        Those that are calls.
    """
    own = _computed(program, native, called)
    first: list[Instruction] = []
    after: dict[Instruction, list[Instruction]] = {}
    last: list[Instruction] = []
    producers = program.producers()
    wanted = {v for _, v in program.updates}
    results, updates, seen = [], [], set()
    for v in program.results:
        if v in own and v not in wanted and v not in seen:
            results.append(v)
        else:
            copy = _copy(v, producers)
            (after.setdefault(producers[v], []) if v in producers else first).append(copy)
            results.append(copy.outputs[0])
        seen.add(v)
    for state, v in program.updates:
        if v is state:
            continue
        if v not in own or v in seen:
            copy = _copy(v, producers)
            last.append(copy)
            updates.append((state, copy.outputs[0]))
        else:
            updates.append((state, v))
        seen.add(v)
    body = [one for i in program.instructions for one in (i, *after.get(i, ()))]
    return Prepared([*first, *body, *last], updates, results)


def _copy(v: Value, producers: dict[Value, Instruction]) -> Instruction:
    copy = Value("result", v.shape, v.dtype, v.name)
    made = producers.get(v)
    return Instruction("copy", (v,), {}, (copy,), made.place) if made else Instruction("copy", (v,), {}, (copy,))


def _computed(program: Program, native: bool, called: Sequence[Instruction]) -> set[Value]:
    """The values that are written into memory which is given for them."""
    if not native:
        return set()
    calls = set(map(id, called))
    return {v for i in program.instructions if id(i) not in calls and i.op not in VIEWS for v in i.outputs[:1]}


# ---------------------------------------------------------------------- what becomes one


def fused(program: Program) -> Program:
    """Replace what NumPy does faster otherwise."""
    return _Fusing(program).run()


class _Fusing:
    """One program as it is rewritten."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.producers = program.producers()
        self.consumers = program.consumers()
        self.kept = program.kept()
        self.positions: dict[tuple[Value, int], Value] = {}
        self.done: list[Instruction] = []

    def run(self) -> Program:
        for i in self.program.instructions:
            if not (self._take(i) or self._put_later(i) or self._subtract(i) or self._gate(i)):
                self.done.append(i)
        read = {v for i in self.done for v in i.reads()} | self.kept
        return self.program.with_instructions([i for i in self.done if i.op not in _LOOKS or i.outputs[0] in read])

    def _labels(self, indices: object, rows: int, width: int) -> Value | None:
        """The checked class numbers that a column of indices is."""
        if not isinstance(indices, Value) or indices.shape != (rows, 1):
            return None
        made = self.producers.get(indices)
        while made is not None and made.op in _LOOKS and len(made.operands) == 1:
            made = self.producers.get(made.operands[0])
        if made is None or made.op != "check_classes" or made.static["classes"] > width:
            return None
        labels: Value = made.outputs[0]
        return labels if labels.shape == (rows,) else None

    def _at(self, labels: Value, width: int, i: Instruction) -> Value:
        key = labels, width
        if key not in self.positions:
            at = self.positions[key] = Value("result", labels.shape, labels.dtype, "at")
            self.done.append(Instruction("rows.positions", (labels,), {"width": width}, (at,), i.place))
        return self.positions[key]

    def _take(self, i: Instruction) -> bool:
        if i.op != "take_along" or any(v is not None for v in i.outputs[1:]):
            return False
        x, indices = i.operands
        if x.ndim != 2 or i.static["axis"] not in (1, -1):
            return False
        labels = self._labels(indices, *x.shape)
        if labels is None:
            return False
        at = self._at(labels, x.shape[1], i)
        self.done.append(Instruction("rows.take", (x, at), {}, i.outputs[:1], i.place))
        return True

    def _put(self, v: object) -> Instruction | None:
        """The put_along that a value is, if it can be part of the subtraction that alone reads it."""
        i = self.producers.get(v) if isinstance(v, Value) else None
        if i is None or i.op != "put_along" or any(o is not None for o in i.outputs[1:]) or v in self.kept:
            return None
        shape, (number, indices) = i.static["shape"], i.operands
        readers = self.consumers.get(i.outputs[0], [])
        if len(shape) != 2 or i.static["axis"] not in (1, -1) or len(readers) != 1 or readers[0].op != "subtract":
            return None
        x, y = readers[0].operands
        if y is not i.outputs[0] or not isinstance(x, Value) or (x.shape, x.dtype) != (y.shape, y.dtype):
            return None
        fits = not isinstance(number, Value) or (number.shape in ((), indices.shape) and number.dtype == x.dtype)
        return i if fits and self._labels(indices, *shape) is not None else None

    def _put_later(self, i: Instruction) -> bool:
        return i.op == "put_along" and self._put(i.outputs[0]) is i

    def _subtract(self, i: Instruction) -> bool:
        put = self._put(i.operands[1]) if i.op == "subtract" else None
        if put is None:
            return False
        number, indices = put.operands
        x = i.operands[0]
        labels = self._labels(indices, *x.shape)
        assert labels is not None
        at = self._at(labels, x.shape[1], i)
        self.done.append(Instruction("rows.subtract", (x, at, number), {}, i.outputs, i.place))
        return True

    def _gate(self, i: Instruction) -> bool:
        """``where(mask, x, 0)`` without a branch for each element; see autodiff/ops/bits.py."""
        if i.op != "where":
            return False
        mask, x, other = i.operands
        if not isinstance(mask, Value) or not isinstance(x, Value) or isinstance(other, Value) or other != 0:
            return False
        (out,) = i.outputs
        if mask.dtype != bool or not mask.shape == x.shape == out.shape or x.dtype != out.dtype:
            return False
        if x.dtype not in (np.float32, np.float64) or np.signbit(other):
            return False
        wide = Value("result", mask.shape, f"int{8 * x.dtype.itemsize}", "live")
        self.done.append(Instruction("bits.widen", (mask,), {}, (wide,), i.place))
        self.done.append(Instruction("bits.gate", (x, wide), {}, i.outputs, i.place))
        return True
