"""Flat storage: arrays that are taken apart and joined again are what they were before."""

from __future__ import annotations

from typing import Any

from autodiff.compiler.program import Instruction, Program, Value
from autodiff.compiler.rewriting import Sweep, sweep

__all__ = ["cut_of", "flat_storage"]


def flat_storage(program: Program) -> Program:
    """Undo cuts that are joined again in the same order, and joins that are cut where they were joined."""
    return sweep(program, {"concatenate": [_joined_again], "index": [_cut_again, _cut_twice]})


def _cut(instruction: Instruction | None) -> tuple[Value, int, int] | None:
    """The vector that an index takes a piece of, and from where to where; None for any other index."""
    if instruction is None or instruction.op != "index" or len(instruction.operands) != 1:
        return None
    key = instruction.static["key"]
    x = instruction.operands[0]
    if len(key) != 1 or not isinstance(key[0], slice) or x.ndim != 1 or key[0].step not in (None, 1):
        return None
    start, stop, _ = key[0].indices(x.size)
    return x, start, max(start, stop)


def cut_of(x: Value, known: Sweep) -> tuple[Value, int, int] | None:
    """The vector that a value is a piece of, and from where to where."""
    return _cut(known.producer(x))


def _joined_again(i: Instruction, known: Sweep) -> Any:
    """Use that concatenate(x[:a], x[a:]) = x."""
    if len(i.operands) == 1:
        return i.operands[0]
    place, whole = 0, None
    for part in i.operands:
        cut = cut_of(part, known)
        if cut is None or cut[1] != place or (whole is not None and cut[0] is not whole):
            return None
        whole, place = cut[0], cut[2]
    return whole if whole is not None and place == whole.size else None


def _cut_again(i: Instruction, known: Sweep) -> Any:
    """Use that concatenate(x, y)[: len(x)] = x."""
    cut = _cut(i)
    joined = None if cut is None else known.producer(cut[0])
    if cut is None or joined is None or joined.op != "concatenate":
        return None
    place = 0
    for part in joined.operands:
        if (place, place + part.size) == cut[1:]:
            return part
        place += part.size
    return None


def _cut_twice(i: Instruction, known: Sweep) -> Any:
    """Use that x[a:b][c:d] = x[a + c : a + d]."""
    cut = _cut(i)
    before = None if cut is None else _cut(known.producer(cut[0]))
    if cut is None or before is None:
        return None
    start = before[1]
    return Instruction("index", (before[0],), {"key": (slice(start + cut[1], start + cut[2]),)}, i.outputs, i.place)
