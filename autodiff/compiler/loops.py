"""Loops: instructions of one shape stand in the earliest loop over that shape which comes after what they read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeGuard

from autodiff.compiler.formulas import COMPARISONS, FORMULAS
from autodiff.compiler.gathers import is_gather
from autodiff.compiler.maths import FUNCTIONS
from autodiff.compiler.program import CHECKS, Instruction, Value
from autodiff.compiler.strided import Views, whole

__all__ = ["REDUCTIONS", "Loop", "Other", "Step", "checks_input", "group", "is_reduced"]

REDUCTIONS = frozenset(["sum", "mean", "amax", "amin"])
#: Elementwise, besides those that are a formula of their operands alone.
_FURTHER = frozenset(["power_scalar", "clip", "where", "bitwise_not", "take_along", "take_flat", "put_along"])


#: Short rows of other than so many elements leave some over, of which each takes these functions as long as a vector.
_VECTOR, _SHORT = 8, 32
_SLOW = frozenset(FUNCTIONS)


@dataclass(eq=False)
class Loop:
    """Instructions that run over the same shape, one element of all of them at a time.

    A flat one has nothing but functions that are slow one by one, and runs over all rows as over one.
    """

    shape: tuple[int, ...]
    is_flat: bool
    instructions: list[Instruction] = field(default_factory=list)


@dataclass(eq=False)
class Other:
    """One instruction by itself: a product, a concatenation."""

    instruction: Instruction


Step = Loop | Other


def checks_input(i: Instruction) -> bool:
    """Whether an operation does nothing but see whether an input is as it has to be."""
    return i.op in CHECKS and i.operands[0].kind == "input"


def group(views: Views) -> tuple[list[Step], dict[Value, int]]:
    """The steps in order, and the number of the step that computes each value.

    Checks of inputs come first: they can then be made for all of many steps beforehand.
    """
    steps: list[Step] = []
    made: dict[Value, int] = {}
    for instruction in sorted(views.computed, key=lambda i: not checks_input(i)):
        reduces = instruction.op in REDUCTIONS
        looped = reduces or instruction.op in FORMULAS or instruction.op in COMPARISONS or instruction.op in _FURTHER
        if not looped:
            steps.append(Other(instruction))
            place = len(steps) - 1
        else:
            out = instruction.outputs[0]
            shape = instruction.operands[0].shape if reduces else out.shape
            is_flat = _is_best_flat(instruction, shape)
            place = _place(steps, shape, is_flat, _earliest(instruction, shape, is_flat, views, steps, made))
            loop = steps[place]
            assert isinstance(loop, Loop)
            loop.instructions.append(instruction)
        for v in instruction.outputs:
            if v is not None:
                made[v] = place
    return steps, made


def _is_best_flat(instruction: Instruction, shape: tuple[int, ...]) -> bool:
    """Whether an instruction would take longer for the ends of rows than it takes to be in a loop of its own."""
    dims = [n for n in shape if n > 1]
    return instruction.op in _SLOW and len(dims) > 1 and dims[-1] < _SHORT and dims[-1] % _VECTOR != 0


def _earliest(
    instruction: Instruction,
    shape: tuple[int, ...],
    is_flat: bool,
    views: Views,
    steps: list[Step],
    made: dict[Value, int],
) -> int:
    """The first step in which everything that an instruction reads is there."""
    first = 0
    for k, v in enumerate(instruction.operands):
        if not isinstance(v, Value):
            continue
        root = views.of[v].root
        if root not in made:
            continue
        step = steps[made[root]]
        gathered = is_gather(instruction) and (k == 0 or instruction.op != "take_along")
        same = v.shape == shape and views.of[v] == whole(root) and not gathered
        here = same and _is_like(step, shape, is_flat) and not is_reduced(step, root)
        first = max(first, made[root] + (0 if here else 1))
    return first


def _is_like(step: Step, shape: tuple[int, ...], is_flat: bool) -> TypeGuard[Loop]:
    return isinstance(step, Loop) and step.shape == shape and step.is_flat is is_flat


def is_reduced(loop: Loop, v: Value) -> bool:
    """Whether a value of a loop is there only when the loop has ended."""
    return any(i.op in REDUCTIONS and v in i.outputs for i in loop.instructions)


def _place(steps: list[Step], shape: tuple[int, ...], is_flat: bool, first: int) -> int:
    for k in range(first, len(steps)):
        if _is_like(steps[k], shape, is_flat):
            return k
    steps.append(Loop(shape, is_flat))
    return len(steps) - 1
