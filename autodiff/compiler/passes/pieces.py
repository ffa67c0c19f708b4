"""Pieces: what is done to every part of a vector by itself is done to the vector, in one operation."""

from __future__ import annotations

from typing import Any

from autodiff.compiler.inference import ELEMENTWISE
from autodiff.compiler.passes.flat import cut_of
from autodiff.compiler.passes.keys import operand_key
from autodiff.compiler.program import Instruction, Operand, Program, Value, end_to_end
from autodiff.compiler.rewriting import Sweep, sweep

__all__ = ["joint_pieces"]


def joint_pieces(program: Program) -> Program:
    """Turn concatenate(f(x), f(y)) into f(concatenate(x, y)), as where gradients are clipped or added up in parts."""
    return sweep(program, {"concatenate": [_joint]})


def _joint(i: Instruction, known: Sweep) -> Any:
    made = [_made(part, known) for part in i.operands]
    first = made[0]
    if first is None or len(made) < 2 or i.outputs[0].ndim != 1:
        return None
    alike = [m for m in made if m is not None and m.op == first.op and m.static == first.static]
    if len(alike) < len(made) or any(m.outputs[0].dtype != i.outputs[0].dtype for m in alike):
        return None
    columns = list(zip(*[m.operands for m in alike]))
    sizes = [m.outputs[0].shape for m in alike]
    kinds = [_kind(column, sizes, known) for column in columns]
    if "" in kinds or kinds.count("several") > 1 or kinds.count("same") == len(kinds):
        return None
    before: list[Instruction] = []
    operands: list[Operand] = []
    for column, kind in zip(columns, kinds):
        joining, operand = ([], column[0]) if kind == "same" else end_to_end(column, first.place)
        before += joining
        operands.append(operand)
    return [*before, Instruction(first.op, tuple(operands), first.static, i.outputs, first.place)]


def _made(part: Value, known: Sweep) -> Instruction | None:
    """The elementwise operation that gives a part, and nothing besides."""
    while known.lone(part):
        producer = known.producer(part)
        if producer is None or producer.op != "reshape":
            return producer if producer is not None and producer.op in ELEMENTWISE else None
        part = producer.operands[0]
    return None


def _kind(column: tuple[Operand, ...], shapes: list[tuple[int, ...]], known: Sweep) -> str:
    """Whether operands are one number for all, the pieces of one vector, or arrays of several; or nothing of these."""
    first = column[0]
    if all(operand_key(o) == operand_key(first) for o in column):
        return "same" if not isinstance(first, Value) or (first.size == 1 and first.ndim < 2) else ""
    if not isinstance(first, Value):
        return ""
    if any(not isinstance(o, Value) or o.shape != s or o.dtype != first.dtype for o, s in zip(column, shapes)):
        return ""
    place, whole = 0, None
    for o in column:
        cut = cut_of(_unshaped(o, known), known)
        if cut is None or cut[1] != place or (whole is not None and cut[0] is not whole):
            return "several"
        whole, place = cut[0], cut[2]
    return "pieces" if whole is not None and place == whole.size else "several"


def _unshaped(x: Value, known: Sweep) -> Value:
    while (reshaped := known.producer(x, "reshape")) is not None:
        x = reshaped.operands[0]
    return x
