"""Checks first: what may refuse the values that a step is given does so before anything is computed from them."""

from __future__ import annotations

from autodiff.compiler.program import CHECKS, Instruction, Program, Value

__all__ = ["checks_first"]


def checks_first(program: Program) -> Program:
    """Move checks to the front, with what they depend on."""
    wanted: set[Value] = set()
    front: set[Instruction] = set()
    for i in reversed(program.instructions):
        if i.op in CHECKS or any(v in wanted for v in i.outputs if v is not None):
            front.add(i)
            wanted.update(i.reads())
    first = [i for i in program.instructions if i in front]
    rest = [i for i in program.instructions if i not in front]
    return program.with_instructions([*first, *rest])
