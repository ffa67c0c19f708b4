"""Forms of operations whose parts depend on more than a composite is shown: on keys, or what a recording met."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from autodiff.compiler.builder import Builder, Traced
from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.scalars import Scalar

__all__ = ["FORMS", "Facts", "Form"]


class Facts:
    """What is known of the program that is lowered.

    Parameters
    ----------
    used : set of Value
        What something reads.

    Attributes
    ----------
    labels : dict of Value to Value
        The checked class numbers, of the flat positions that they give. See Note [Classes].
    """

    def __init__(self, used: set[Value]) -> None:
        self.used = used
        self.labels: dict[Value, Value] = {}


#: How an operation is lowered: its outputs and residuals, or None where it stays as it is.
Form = Callable[[Facts, Builder, Instruction], "list[Any] | None"]


def _filled(number: float) -> Form:
    """An array of one number everywhere: the number, seen in every place."""

    def form(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any]:
        (out,) = instruction.outputs
        one = builder.constant(np.asarray(number, out.dtype))
        return [one if out.shape == () else builder.xp.broadcast_to(one, shape=out.shape)]

    return form


def _spread(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any]:
    return [builder.xp.broadcast_to(builder.wrap(instruction.operands[0]), shape=instruction.static["shape"])]


# Note [Classes]
# The residuals of a recorded cross_entropy tell whether it met a class to be ignored: its `share` is then a column, and
# else one number. The program is for the one or the other; `check_classes`, told so, raises where it is not for what it
# is given. Rows are lowered so that each is computed from itself alone: what the backward subtracts from the scaled
# probabilities is `put_along`, one number a row (unique: in its own row), and not flat positions. So an emitter of
# loops can compare the number of the column with the class, and one of NumPy can write ``flat[places] -= number``.
def _cross_entropy(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any]:
    logits, target = [builder.wrap(o) for o in instruction.operands]
    static, share = instruction.static, instruction.outputs[3]
    reduction, ignore_index, xp = static["reduction"], static["ignore_index"], builder.xp
    n, classes = logits.shape
    ignoring = share is None or share.shape != ()
    labels = xp.check_classes(target, classes=classes, ignore_index=ignore_index, ignoring=ignoring)
    shifted = _named("shifted", logits - _named("top", xp.amax(logits, axis=1, keepdims=True)))
    weights = _named("weights", xp.exp(shifted))
    totals = _named("totals", xp.sum(weights, axis=1, keepdims=True))
    picked = _named("picked", xp.take_along(shifted, _named("labels", labels)[:, None], axis=1))
    losses = _named("losses", xp.log(totals) - picked)[:, 0]
    part: Any = 1.0 / n if reduction == "mean" and n else 1.0
    if ignoring:
        loss, part = _of_kept(builder, losses, xp.cast(target != ignore_index, dtype=logits.dtype), reduction)
    else:
        loss = {"mean": xp.mean, "sum": xp.sum, "none": xp.copy}[reduction](losses)
    places = instruction.outputs[2]
    residuals: list[Any] = [_named("probabilities", weights / totals), None, part]
    if places is not None and places in facts.used:
        residuals[1] = labels + builder.constant(np.arange(0, n * classes, classes))
        facts.labels[residuals[1].value] = labels.value
    return [loss, *residuals]


def _of_kept(builder: Builder, losses: Any, kept: Any, reduction: str) -> tuple[Any, Any]:
    """The reduced loss, and the share of each row in it, where some rows count (1) and some do not (0)."""
    xp = builder.xp
    losses = xp.where(kept != 0, losses, 0.0)
    if reduction == "mean":
        count = xp.sum(kept)
        return xp.sum(losses) / count, kept[:, None] / xp.maximum(count, 1.0)
    return (losses if reduction == "none" else xp.sum(losses)), kept[:, None]


def _named(name: str, x: Any) -> Any:
    """Call x as one would in writing."""
    x.value.name = name
    return x


def _cross_entropy_backward(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any]:
    rows, probabilities, places = [builder.wrap(o) for o in instruction.operands]
    xp, shape = builder.xp, probabilities.shape
    labels = facts.labels.get(places.value)
    if labels is None:
        flat = xp.broadcast_to(xp.reshape(rows, shape=(-1,)), shape=places.shape)
        ones = xp.put_flat(flat, places, shape=shape, unique=True)
    else:
        ones = xp.put_along(rows, builder.wrap(labels)[:, None], axis=1, shape=shape, unique=True)
    return [probabilities * rows - ones]


# ---------------------------------------------------------------------- parts, products, writes


def _split(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any]:
    x = builder.wrap(instruction.operands[0])
    before = (slice(None),) * (instruction.static["axis"] % x.ndim)
    ends = [0, *instruction.static["sections"], x.shape[len(before)]]
    return [x[(*before, slice(start, end))] for start, end in pairwise(ends)]


def _unstack(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any]:
    x = builder.wrap(instruction.operands[0])
    before = (slice(None),) * (instruction.static["axis"] % x.ndim)
    return [x[(*before, i)] for i in range(x.shape[len(before)])]


def _stack(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any]:
    parts = [builder.wrap(o) for o in instruction.operands]
    shape, xp = parts[0].shape, builder.xp
    axis = instruction.static["axis"] % (len(shape) + 1)
    longer = (*shape[:axis], 1, *shape[axis:])
    return [xp.concatenate(*[xp.reshape(part, shape=longer) for part in parts], axis=axis)]


def _matmul(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any] | None:
    """A stack of matrices times one: one product of all rows."""
    x, y = [builder.wrap(o) for o in instruction.operands]
    if x.ndim < 3 or y.ndim > 2 or not x.size:
        return None
    rows = builder.xp.reshape(x, shape=(prod(x.shape[:-1]), x.shape[-1]))
    return [builder.xp.reshape(builder.xp.matmul(rows, y), shape=instruction.outputs[0].shape)]


#: Up to so many elements a write into some of them is a choice by a constant mask.
_LARGEST_MASK = 1 << 16


def _written(builder: Builder, x: Any, value: Any, key: tuple[Any, ...]) -> list[Any] | None:
    """What x is after ``x[key] = value``, for a key without index arrays."""
    xp = builder.xp
    places = np.broadcast_to(np.zeros((), bool), x.shape)[key]
    value = _of_shape(builder, value, np.shape(places), x.dtype)
    in_order = all(not isinstance(k, slice) or k.step is None or k.step > 0 for k in key)
    if np.size(places) == x.size and in_order:
        return [xp.reshape(value, shape=x.shape)]
    if x.size > _LARGEST_MASK:
        return None
    mask = np.zeros(x.shape, bool)
    mask[key] = True
    return [xp.where(builder.constant(mask), xp.index_adjoint(value, key=key, shape=x.shape), x)]


def _of_shape(builder: Builder, value: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """A number or an array, as it is assigned to an array of this shape and dtype."""
    xp = builder.xp
    value = xp.cast(value, dtype=dtype) if isinstance(value, Traced) else builder.constant(np.asarray(value, dtype))
    if value.ndim > len(shape):  # NumPy leaves out leading dims of size 1
        value = xp.reshape(value, shape=value.shape[value.ndim - len(shape) :])
    return xp.broadcast_to(value, shape=shape)


def _index_put(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any] | None:
    x, value, *indices = [builder.wrap(o) for o in instruction.operands]
    return None if indices else _written(builder, x, value, instruction.static["key"])


def _write_view(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any] | None:
    x, value, *indices = [builder.wrap(o) for o in instruction.operands]
    view, static, xp = instruction.static["view"], instruction.static["static"], builder.xp
    if indices or view not in ("index", "reshape", "swap_last"):
        return None
    if view == "index":
        return _written(builder, x, value, static["key"])
    if view == "reshape":
        shape = np.broadcast_to(np.zeros((), bool), x.shape).reshape(static["shape"]).shape
        return [xp.reshape(_of_shape(builder, value, shape, x.dtype), shape=x.shape)]
    shape = (*x.shape[:-2], x.shape[-1], x.shape[-2])
    return [xp.swap_last(_of_shape(builder, value, shape, x.dtype))]


def _lerp(facts: Facts, builder: Builder, instruction: Instruction) -> list[Any]:
    """From the nearer end, which a number of the host tells beforehand."""
    x, y, weight = [builder.wrap(o) for o in instruction.operands]
    xp: Any = builder.xp
    step = y - x
    if isinstance(weight, (int, float)):
        return [x + step * weight if abs(weight) < 0.5 else y - step * (1 - weight)]
    if isinstance(weight, Scalar):  # a setting, of which nobody knows beforehand
        return [x * (1 - weight) + y * weight]
    near = xp.absolute(weight) < 0.5
    return [xp.where(near, x, y) + step * xp.where(near, weight, weight - 1)]


FORMS: dict[str, Form] = {
    "lerp": _lerp,
    "zeros_like": _filled(0.0),
    "ones_like": _filled(1.0),
    "spread": _spread,
    "split": _split,
    "unstack": _unstack,
    "stack": _stack,
    "matmul": _matmul,
    "index_put": _index_put,
    "write_view": _write_view,
    "cross_entropy": _cross_entropy,
    "cross_entropy_backward": _cross_entropy_backward,
}
