"""Shapes and dtypes of results, found without computing them, of operands that are only known by shape and dtype.

Where there is no rule the forward runs on zeros; most operations that composites are made of have one.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.compiler.program import Operand, Value
from autodiff.compiler.scalars import Scalar
from autodiff.primitive import Primitive

__all__ = ["ELEMENTWISE", "REDUCTIONS", "broadcast", "infer"]

Form = tuple[tuple[int, ...], Any]

#: Operations that compute each element of the result from those at its place in the operands, which broadcast.
ELEMENTWISE = frozenset(
    """
    add subtract multiply divide negative absolute sign sgn square reciprocal rsqrt power power_scalar
    exp expm1 log log1p log2 sqrt sin cos tan tanh sigmoid softplus relu relu_backward
    maximum minimum clip where equal not_equal less less_equal greater greater_equal
    bitwise_and bitwise_or bitwise_xor bitwise_not logical_and logical_or logical_xor logical_not
    isnan isfinite isinf cast copy contiguous floor erf erfc ndtr
    """.split()  # noqa: SIM905 (a word list reads better)
)

#: Operations that take `axis` and `keepdims`, and give one element for each row.
REDUCTIONS = frozenset({"sum", "mean", "amax", "amin", "prod", "all", "any", "logsumexp", "var", "std"})


def broadcast(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that arrays of these shapes have together."""
    first = shapes[0] if shapes else ()
    return first if all(shape == first for shape in shapes) else np.broadcast_shapes(*shapes)


def infer(op: Primitive, operands: tuple[Operand, ...], static: dict[str, Any]) -> list[Form]:
    """The shape and dtype of each output, residuals left out."""
    if op.name in ELEMENTWISE:
        shapes = [o.shape for o in operands if isinstance(o, Value)]
        return [(broadcast(*shapes), _probed(op, operands, static))]
    if op.name in REDUCTIONS:
        x = operands[0]
        return [
            (_reduced(x.shape, static["axis"], static["keepdims"]), _probed(op, operands, {**static, "axis": None}))
        ]
    rule = _RULES.get(op.name)
    if rule is not None:
        form = rule(*operands, **static)
        if form is not None:
            return [form]
    return _run(op, operands, static, cheap=op.view)


def _probed(op: Primitive, operands: tuple[Operand, ...], static: dict[str, Any]) -> Any:
    """The dtype of the result, found on arrays of one element."""
    arrays = [np.ones((1,) * o.ndim, o.dtype) if isinstance(o, Value) else _number(o) for o in operands]
    with np.errstate(all="ignore"):
        out = op.forward(*arrays, **static)
    return np.asarray(out[0] if op.residuals else out).dtype


def _number(operand: Operand) -> Any:
    return operand.value if isinstance(operand, Scalar) else operand


def _reduced(shape: tuple[int, ...], axis: Any, keepdims: bool) -> tuple[int, ...]:
    axes = range(len(shape)) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    gone = {a % len(shape) for a in axes} if shape else set()
    return tuple([1 if i in gone else n for i, n in enumerate(shape) if keepdims or i not in gone])


def _run(op: Primitive, operands: tuple[Operand, ...], static: dict[str, Any], cheap: bool) -> list[Form]:
    """Run the forward on zeros, which of a view cost nothing."""
    arrays = [
        (np.broadcast_to(np.zeros((), o.dtype), o.shape) if cheap else np.zeros(o.shape, o.dtype))
        if isinstance(o, Value)
        else _number(o)
        for o in operands
    ]
    with np.errstate(all="ignore"):
        out = op.forward(*arrays, **static)
    if op.residuals:
        out = out[0]
    outs = [np.asarray(o) for o in (out if op.outputs else (out,))]
    return [(o.shape, o.dtype) for o in outs]


# ---------------------------------------------------------------------- rules


def _reshape(x: Value, *, shape: tuple[int, ...]) -> Form:
    if -1 in shape:
        rest = -prod(shape)
        shape = tuple([x.size // (rest or 1) if n == -1 else n for n in shape])
    return shape, x.dtype


def _broadcast(x: Value, *, shape: tuple[int, ...]) -> Form:
    return tuple(shape), x.dtype


def _matmul(x: Value, y: Value) -> Form:
    rows = x.shape[-2:-1] if x.ndim > 1 else ()
    columns = y.shape[-1:] if y.ndim > 1 else ()
    stack = broadcast(x.shape[:-2], y.shape[:-2])
    return (*stack, *rows, *columns), np.result_type(x.dtype, y.dtype)


def _swap_last(x: Value) -> Form:
    return (*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype


def _gathered(x: Value, indices: Value, **_: Any) -> Form | None:
    return (indices.shape, x.dtype) if indices.ndim == x.ndim else None


def _into(x: Value, places: Any, *, shape: tuple[int, ...], **_: Any) -> Form:
    return tuple(shape), x.dtype


def _like(x: Value, **_: Any) -> Form:
    return x.shape, x.dtype


def _classes(target: Value, **_: Any) -> Form:
    return target.shape, np.dtype(np.int64)


def _concatenate(*arrays: Value, axis: int) -> Form:
    first = arrays[0].shape
    axis %= len(first)
    total = sum([a.shape[axis] for a in arrays])
    return (*first[:axis], total, *first[axis + 1 :]), np.result_type(*[a.dtype for a in arrays])


_RULES: dict[str, Any] = {
    "reshape": _reshape,
    "broadcast_to": _broadcast,
    "spread": _broadcast,
    "unbroadcast": _broadcast,
    "matmul": _matmul,
    "swap_last": _swap_last,
    "take_along": _gathered,
    "put_along": _into,
    "put_flat": _into,
    "zeros_like": _like,
    "ones_like": _like,
    "check_classes": _classes,
    "check_index": _like,
    "concatenate": _concatenate,
}
