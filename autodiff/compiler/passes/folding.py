"""Constant folding: what depends on constants alone is computed while compiling."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiler.program import CHECKS, Instruction, Program, Value
from autodiff.compiler.scalars import Scalar
from autodiff.primitive import primitives

__all__ = ["constant_folding"]

#: Larger constants would make code slower to read, and no faster to run.
_LARGEST = 4096

#: Repeat elements without storing them again: folded, they would be stored.
_REPEATING = frozenset({"broadcast_to", "spread"})


def constant_folding(program: Program) -> Program:
    """Replace results of constants by constants."""
    kept: list[Instruction] = []
    renamed: dict[Value, Value] = {}
    for instruction in program.instructions:
        instruction = instruction.with_current(renamed)
        folded = _folded(instruction)
        if folded is None:
            kept.append(instruction)
        else:
            renamed.update(folded)
    return program.with_instructions(kept, renamed)


def _folded(instruction: Instruction) -> dict[Value, Value] | None:
    """The constants that an instruction gives."""
    values = instruction.reads()
    if not values or any(v.kind != "constant" for v in values):
        return None
    if any(isinstance(o, Scalar) for o in instruction.operands):
        return None
    if instruction.op in CHECKS or instruction.op in _REPEATING:
        return None
    if sum([v.size for v in instruction.outputs if v is not None]) > _LARGEST:
        return None
    op = primitives[instruction.op]
    arrays = [o.array if isinstance(o, Value) else o for o in instruction.operands]
    with np.errstate(all="ignore"):
        found = op.forward(*arrays, **instruction.static)
    out, *extra = found if op.residuals else (found,)
    outs: list[Any] = [*out, *extra] if op.outputs else [out, *extra]
    constants: dict[Value, Value] = {}
    for value, array in zip(instruction.outputs, outs):
        if value is not None:
            array = np.asarray(array)
            constants[value] = Value("constant", array.shape, array.dtype, value.name, array)
    return constants
