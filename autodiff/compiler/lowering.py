"""Lowering: fused operations become the elementary ones that they are made of, so that emitters know only those.

An operation with a composite becomes that composite; what it is made of is lowered in turn. Its residuals, where
something reads them, become the expressions that recompute them; common subexpressions then make them one with what the
composite computed. An operation that has no composite, or a residual that nothing recomputes, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.compiler.builder import Builder, Traced
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.compiler.rewriting import replaced, with_current
from autodiff.primitive import Primitive, primitives
from autodiff.rules import ResolvedRule

__all__ = ["lower"]

#: How a fused operation is lowered: its outputs and residuals, or None where it stays as it is.
Form = Callable[["Lowering", Builder, Instruction], "list[Any] | None"]


def lower(program: Program) -> Program:
    """Replace every operation that has a composite by its parts."""
    lowering = Lowering(program)
    for instruction in program.instructions:
        lowering.add(instruction)
    return replaced(program, lowering.instructions, lowering.renamed)


class Lowering:
    """One program as it is lowered.

    Attributes
    ----------
    instructions : list of Instruction
        The elementary ones so far.
    renamed : dict of Value to Value
        What took the places of results of fused operations.
    labels : dict of Value to Value
        The checked class numbers, of the flat positions that they give (see `_cross_entropy`).
    """

    def __init__(self, program: Program) -> None:
        self.used = {v for i in program.instructions for v in i.reads()} | program.kept()
        self.instructions: list[Instruction] = []
        self.renamed: dict[Value, Value] = {}
        self.labels: dict[Value, Value] = {}

    def add(self, instruction: Instruction) -> None:
        """Add an instruction, or its parts."""
        instruction = with_current(instruction, self.renamed)
        op = primitives[instruction.op]
        form = _FORMS.get(op.name, _by_composite if op.composite is not None else None)
        builder = Builder(instruction.place)
        parts = None if form is None else form(self, builder, instruction)
        if parts is None:
            self.instructions.append(instruction)
            return
        self.used |= {v for i in builder.instructions for v in i.reads()}
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
    if value.name and not found.name and found.kind == "result":
        found.name = value.name
    return found


def _by_composite(lowering: Lowering, builder: Builder, instruction: Instruction) -> list[Any] | None:
    """The parts of an operation that says itself what it is made of."""
    op = primitives[instruction.op]
    assert op.composite is not None
    n = len(instruction.outputs) - len(op.residuals)
    wanted = [v is not None and v in lowering.used for v in instruction.outputs[n:]]
    if any(form is None and want for form, want in zip(op.residuals, wanted)):
        return None
    given = [builder.wrap(o) for o in instruction.operands]
    out = op.composite(builder.xp, *given, **instruction.static)
    outs = list(out) if op.outputs else [out]
    for form, want in zip(op.residuals, wanted):
        outs.append(_remade(builder, op, form, given, outs[0], instruction.static) if form and want else None)
    return outs


def _remade(
    builder: Builder, op: Primitive, form: ResolvedRule, given: list[Any], out: Any, static: dict[str, Any]
) -> Any:
    """A residual, recomputed."""
    k = len(op.arguments) - 1
    scope = [*(given if not op.variadic else [*given[:k], tuple(given[k:])]), out]
    picked = [scope[i] if i >= 0 else scope[~i].shape for i in form.places]
    return form.rule(builder.xp, *picked, **form.static(static))


# ---------------------------------------------------------------------- operations whose parts depend on more


def _filled(number: float) -> Form:
    """An array of one number everywhere: the number, seen in every place."""

    def form(lowering: Lowering, builder: Builder, instruction: Instruction) -> list[Any]:
        (out,) = instruction.outputs
        one = builder.constant(np.asarray(number, out.dtype))
        return [one if out.shape == () else builder.xp.broadcast_to(one, shape=out.shape)]

    return form


def _spread(lowering: Lowering, builder: Builder, instruction: Instruction) -> list[Any]:
    return [builder.xp.broadcast_to(builder.wrap(instruction.operands[0]), shape=instruction.static["shape"])]


# Note [Classes]
# The residuals of a recorded cross_entropy tell whether it met a class to be ignored: its `share` is then a column, and
# else one number. The program is for the one or the other; `check_classes`, told so, raises where it is not for what it
# is given. Rows are lowered so that each is computed from itself alone: what the backward subtracts from the scaled
# probabilities is `put_along`, one number a row (unique: in its own row), and not flat positions. So an emitter of
# loops can compare the number of the column with the class, and one of NumPy can write ``flat[places] -= number``.
def _cross_entropy(lowering: Lowering, builder: Builder, instruction: Instruction) -> list[Any]:
    logits, target = [builder.wrap(o) for o in instruction.operands]
    static, share = instruction.static, instruction.outputs[3]
    reduction, xp = static["reduction"], builder.xp
    n, classes = logits.shape
    ignore_index = static["ignore_index"]
    ignoring = share is None or share.shape != ()
    labels = xp.check_classes(target, classes=classes, ignore_index=ignore_index, ignoring=ignoring)
    shifted = logits - xp.amax(logits, axis=1, keepdims=True)
    weights = xp.exp(shifted)
    totals = xp.sum(weights, axis=1, keepdims=True)
    picked = xp.take_along(shifted, labels[:, None], axis=1)
    losses = (xp.log(totals) - picked)[:, 0]
    part: Any = 1.0 / n if reduction == "mean" and n else 1.0
    if ignoring:
        kept = xp.cast(target != ignore_index, dtype=logits.dtype)
        losses = xp.where(kept != 0, losses, 0.0)
        total = xp.sum(kept)
        part = kept[:, None] / (xp.maximum(total, 1.0) if reduction == "mean" else 1.0)
        loss = xp.sum(losses) / total if reduction == "mean" else losses
    else:
        loss = xp.mean(losses) if reduction == "mean" else losses
    loss = xp.sum(losses) if reduction == "sum" else loss
    places = instruction.outputs[2]
    residuals: list[Any] = [weights / totals, None, part]
    if places is not None and places in lowering.used:
        residuals[1] = labels + builder.constant(np.arange(0, n * classes, classes))
        lowering.labels[residuals[1].value] = labels.value
    return [loss, *residuals]


def _cross_entropy_backward(lowering: Lowering, builder: Builder, instruction: Instruction) -> list[Any]:
    rows, probabilities, places = [builder.wrap(o) for o in instruction.operands]
    xp, shape = builder.xp, probabilities.shape
    labels = lowering.labels.get(places.value)
    if labels is None:
        flat = xp.broadcast_to(xp.reshape(rows, shape=(-1,)), shape=places.shape)
        ones = xp.put_flat(flat, places, shape=shape, unique=True)
    else:
        ones = xp.put_along(rows, builder.wrap(labels)[:, None], axis=1, shape=shape, unique=True)
    return [probabilities * rows - ones]


_FORMS: dict[str, Form] = {
    "zeros_like": _filled(0.0),
    "ones_like": _filled(1.0),
    "spread": _spread,
    "cross_entropy": _cross_entropy,
    "cross_entropy_backward": _cross_entropy_backward,
}
