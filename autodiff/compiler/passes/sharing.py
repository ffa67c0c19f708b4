"""Common subexpressions: what is computed twice from the same operands is computed once."""

from __future__ import annotations

from typing import Any

from autodiff.compiler.passes.keys import instruction_key
from autodiff.compiler.program import Instruction, Program, Value

__all__ = ["common_subexpressions"]


def common_subexpressions(program: Program) -> Program:
    """Let the second of two equal instructions be the first. Draws are values, not instructions, and never merged."""
    seen: dict[Any, int] = {}
    kept: list[Instruction] = []
    renamed: dict[Value, Value] = {}
    for instruction in program.instructions:
        instruction = instruction.with_current(renamed)
        key = instruction_key(instruction)
        at = seen.get(key)
        if at is None:
            seen[key] = len(kept)
            kept.append(instruction)
            continue
        first = kept[at]
        outputs = list(first.outputs)
        for i, (old, new) in enumerate(zip(instruction.outputs, first.outputs)):
            if new is None:
                outputs[i] = old
            elif old is not None:
                renamed[old] = new
                new.name = new.name or old.name
        kept[at] = Instruction(first.op, first.operands, first.static, tuple(outputs), first.place)
    return program.with_instructions(kept, renamed)
