"""Lowering: fused operations become the elementary ones that they are made of, so that emitters know only those.

An operation with a composite becomes that composite; what it is made of is lowered in turn. Its residuals, where
something reads them, become the expressions that recompute them; common subexpressions then make them one with what the
composite computed. An operation that has no composite, or a residual that nothing recomputes, stays as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiler.builder import Builder, Traced
from autodiff.compiler.forms import FORMS, Facts, Form
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.primitive import Primitive, primitives
from autodiff.rules import ResolvedRule

__all__ = ["lower"]


def lower(program: Program) -> Program:
    """Replace every operation that has a composite by its parts."""
    lowering = Lowering(program)
    for instruction in program.instructions:
        lowering.add(instruction)
    return program.with_instructions(lowering.instructions, lowering.renamed)


class Lowering:
    """One program as it is lowered.

    Attributes
    ----------
    instructions : list of Instruction
        The elementary ones so far.
    renamed : dict of Value to Value
        What took the places of results of fused operations.
    """

    def __init__(self, program: Program) -> None:
        self.facts = Facts({v for i in program.instructions for v in i.reads()} | program.kept())
        self.instructions: list[Instruction] = []
        self.renamed: dict[Value, Value] = {}

    def add(self, instruction: Instruction) -> None:
        """Add an instruction, or its parts."""
        instruction = instruction.with_current(self.renamed)
        op = primitives[instruction.op]
        form: Form | None = FORMS.get(op.name, _by_composite if op.composite is not None else None)
        builder = Builder(instruction.place)
        parts = None if form is None else form(self.facts, builder, instruction)
        if parts is None:
            self.instructions.append(instruction)
            return
        self.facts.used |= {v for i in builder.instructions for v in i.reads()}
        for value, part in zip(instruction.outputs, parts):
            if value is not None and part is not None:
                self.renamed[value] = _fitted(builder, part, value)
        for made in builder.instructions:
            self.add(made)


def _fitted(builder: Builder, part: Any, value: Value) -> Value:
    """A part in the dtype of what it replaces, and under its name."""
    if not isinstance(part, Traced):
        part = builder.constant(np.asarray(part, value.dtype))
    if part.dtype != value.dtype:
        part = builder.apply("cast", part, dtype=value.dtype)
    assert part.shape == value.shape, f"a composite has shape {part.shape} in place of {value.shape}"
    found: Value = part.value
    if value.name and found.kind == "result":
        found.name = value.name
    return found


def _by_composite(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any] | None:
    """The parts of an operation that says itself what it is made of."""
    op = primitives[instruction.op]
    assert op.composite is not None
    n = len(instruction.outputs) - len(op.residuals)
    wanted = [v is not None and v in facts.used for v in instruction.outputs[n:]]
    if any(form is None and want for form, want in zip(op.residuals, wanted)):
        return None
    given = [builder.wrap(o) for o in instruction.operands]
    out = op.composite(builder.xp, *given, **instruction.static)
    outs = list(out) if op.outputs else [out]
    for form, want in zip(op.residuals, wanted):
        outs.append(_remade(builder, op, form, given, out, instruction.static) if form and want else None)
    return outs


def _remade(
    builder: Builder, op: Primitive, form: ResolvedRule, given: list[Any], out: Any, static: dict[str, Any]
) -> Any:
    """A residual, recomputed."""
    k = len(op.arguments) - 1
    scope = [*(given if not op.variadic else [*given[:k], tuple(given[k:])]), out]
    picked = [scope[i] if i >= 0 else scope[~i].shape for i in form.places]
    return form.rule(builder.xp, *picked, **form.static(static))
