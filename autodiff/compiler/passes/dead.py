"""Dead code: what no result and no new state depends on is not computed."""

from __future__ import annotations

from autodiff.compiler.program import CHECKS, Instruction, Program
from autodiff.primitive import primitives

__all__ = ["dead_code"]


def dead_code(program: Program) -> Program:
    """Leave out instructions whose results nobody reads; checks stay, and residuals that nobody reads become None."""
    live = program.kept()
    kept: list[Instruction] = []
    for i in reversed(program.instructions):
        if i.op not in CHECKS and not any(v in live for v in i.outputs):
            continue
        live.update(i.reads())
        if any(v is not None and v not in live for v in i.outputs[1:]):
            outputs = (i.outputs[0], *[v if v in live else None for v in i.outputs[1:]])
            i = Instruction(i.op, i.operands, i.static, _whole(i, outputs), i.place)
        kept.append(i)
    return program.with_instructions(kept[::-1])


def _whole(instruction: Instruction, outputs: tuple[object, ...]) -> tuple[object, ...]:
    """Outputs of which residuals alone may be None."""
    op = primitives[instruction.op]
    n = len(instruction.outputs) - len(op.residuals)
    return (*instruction.outputs[:n], *outputs[n:])
