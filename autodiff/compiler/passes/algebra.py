"""Algebra: rules that leave out or simplify operations, and never change a bit of what is computed.

x + 0.0 is not x (of -0.0 it is 0.0), but x - 0.0 and x * 1.0 are. Shapes and dtypes stay what they were.
"""

from __future__ import annotations

from math import frexp
from typing import Any

import numpy as np

from autodiff.compiler.inference import ELEMENTWISE, broadcast
from autodiff.compiler.passes.arrangement import ARRANGEMENTS
from autodiff.compiler.program import Instruction, Operand, Program, Value
from autodiff.compiler.rewriting import Rule, Sweep, sweep
from autodiff.compiler.scalars import Scalar

__all__ = ["algebra"]


def algebra(program: Program) -> Program:
    """Simplify."""
    return sweep(program, _RULES)


# ---------------------------------------------------------------------- what rules ask


def number_of(operand: Operand) -> float | None:
    """The number that an operand is, if it is one."""
    if isinstance(operand, (bool, Value, Scalar)) or operand is None:
        return None
    return float(operand) if isinstance(operand, (int, float)) else None


def _same(x: Operand, out: Value) -> bool:
    """Whether an operand can stand for a result."""
    return isinstance(x, Value) and x.shape == out.shape and x.dtype == out.dtype


def _again(i: Instruction, op: str, *operands: Operand, **static: Any) -> Instruction:
    """The same result by another operation."""
    return Instruction(op, operands, static, i.outputs, i.place)


def _is_zero(number: float | None, negative: bool) -> bool:
    return number == 0 and (np.signbit(number) == negative)


def _has_an_inverse(number: float, dtype: Any) -> bool:
    """Whether there is a number of the dtype to multiply by, which gives the same as to divide by this one."""
    limits = np.finfo(dtype)
    is_power_of_two = number != 0 and abs(frexp(number)[0]) == 0.5
    return is_power_of_two and all(limits.tiny <= abs(x) <= limits.max for x in (number, 1 / number))


# ---------------------------------------------------------------------- operands of elementwise operations


def _plain_number(i: Instruction, known: Sweep) -> Any:
    """A constant of one element is a number, where another operand decides on shape and dtype."""
    out = i.outputs[0]
    values = [o for o in i.operands if isinstance(o, Value)]
    rest = [o for o in values if not _is_number_like(o)]
    if len(rest) == len(values) or out.shape != broadcast(*[o.shape for o in rest]):
        return None
    if not rest or any(o.dtype != v.dtype for o in values for v in rest if o not in rest):
        return None
    operands = [o.array.item() if isinstance(o, Value) and _is_number_like(o) else o for o in i.operands]
    return Instruction(i.op, tuple(operands), i.static, i.outputs, i.place)


def _is_number_like(o: Value) -> bool:
    return o.kind == "constant" and o.size == 1 and o.dtype.kind == "f"


def _seen_without_repetition(i: Instruction, known: Sweep) -> Any:
    """What is repeated to the shape of another operand need not be: the operation does that."""
    out = i.outputs[0]
    for at, o in enumerate(i.operands):
        repeated = known.producer(o, "broadcast_to")
        if repeated is None:
            continue
        rest = [v for k, v in enumerate(i.operands) if k != at and isinstance(v, Value)]
        inner = repeated.operands[0]
        if rest and broadcast(inner.shape, *[v.shape for v in rest]) == out.shape:
            return i.with_operands([*i.operands[:at], inner, *i.operands[at + 1 :]])
    return None


# ---------------------------------------------------------------------- sums


def _add(i: Instruction, known: Sweep) -> Any:
    """Use that -0.0 + x = x, and -x + y = y - x."""
    x, y = i.operands
    out = i.outputs[0]
    for a, b in ((x, y), (y, x)):
        number = number_of(a)
        if number == 0 and _same(b, out) and (out.dtype.kind in "iu" or _is_zero(number, negative=True)):
            return b
    for a, b in ((x, y), (y, x)):
        minus = known.producer(a, "negative")
        if minus is not None and out.dtype.kind == "f":
            return _again(i, "subtract", b, minus.operands[0])
    return None


def _subtract(i: Instruction, known: Sweep) -> Any:
    """Use that x - 0.0 = x, and x - (-y) = x + y."""
    x, y = i.operands
    number = number_of(y)
    if number == 0 and _same(x, i.outputs[0]) and (type(y) is int or _is_zero(number, negative=False)):
        return x
    minus = known.producer(y, "negative")
    if minus is not None and i.outputs[0].dtype.kind == "f":
        return _again(i, "add", x, minus.operands[0])
    return None


def _negative(i: Instruction, known: Sweep) -> Any:
    """Use that -(-x) = x, and -(x * 3) = x * -3."""
    minus = known.producer(i.operands[0], "negative")
    if minus is not None:
        return minus.operands[0]
    product = known.producer(i.operands[0], "multiply")
    if product is not None and known.lone(i.operands[0]):
        x, y = product.operands
        for a, b in ((x, y), (y, x)):
            number = number_of(b)
            if number is not None and i.outputs[0].dtype.kind == "f":
                return _again(i, "multiply", a, -number)
    return None


# ---------------------------------------------------------------------- products


def _multiply(i: Instruction, known: Sweep) -> Any:
    """Use that x * 1 = x, x * -1 = -x, and (-x) * 3 = x * -3. (x * 4) * 0.25 is not x: it may be infinite."""
    out = i.outputs[0]
    for x, y in (i.operands, i.operands[::-1]):
        number = number_of(y)
        if number is None or not _same(x, out):
            continue
        if number == 1:
            return x
        if out.dtype.kind != "f":
            continue
        if number == -1:
            return _again(i, "negative", x)
        minus = known.producer(x, "negative")
        if minus is not None:
            return _again(i, "multiply", minus.operands[0], -number)
    return None


def _divide(i: Instruction, known: Sweep) -> Any:
    """Use that x / 1 = x, and x / 4 = x * 0.25."""
    x, y = i.operands
    number = number_of(y)
    if number is None or not _same(x, i.outputs[0]):
        return None
    if number == 1:
        return x
    return _again(i, "multiply", x, 1 / number) if _has_an_inverse(number, x.dtype) else None


def _power_scalar(i: Instruction, known: Sweep) -> Any:
    """Use that x ** 1 = x, and that x ** 2 is a square."""
    x, exponent = i.operands[0], i.static["exponent"]
    if exponent == 1 and _same(x, i.outputs[0]):
        return x
    return _again(i, "square", x) if exponent == 2 and _same(x, i.outputs[0]) and x.dtype.kind == "f" else None


# ---------------------------------------------------------------------- selection, copies, casts


def _where(i: Instruction, known: Sweep) -> Any:
    """Choose nothing between x and x."""
    _, x, y = i.operands
    return x if x is y and _same(x, i.outputs[0]) else None


def _same_dtype(i: Instruction, known: Sweep) -> Any:
    """Convert nothing to the dtype that it has."""
    return i.operands[0] if _same(i.operands[0], i.outputs[0]) else None


def _copy(i: Instruction, known: Sweep) -> Any:
    """Nobody writes into a value, so that a copy is as good as what it is a copy of."""
    return i.operands[0]


def _bound(i: Instruction, known: Sweep) -> Any:
    """Hold to the one bound that there is."""
    x, low, high = i.operands
    if low is None and high is None:
        return x if _same(x, i.outputs[0]) else None
    if low is None:
        return _again(i, "minimum", x, high)
    return _again(i, "maximum", x, low) if high is None else None


_OF_ELEMENTS: dict[str, list[Rule]] = {
    "add": [_add],
    "subtract": [_subtract],
    "negative": [_negative],
    "multiply": [_multiply],
    "divide": [_divide],
    "power_scalar": [_power_scalar],
    "where": [_where],
    "cast": [_same_dtype],
    "copy": [_copy],
    "clip": [_bound],
}

_RULES: dict[str, list[Rule]] = {
    **ARRANGEMENTS,
    **{
        op: [_plain_number, _seen_without_repetition, *_OF_ELEMENTS.get(op, []), *ARRANGEMENTS.get(op, [])]
        for op in ELEMENTWISE
    },
}
