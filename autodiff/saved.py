"""What a node saved, as backward finds it: turned back into Tensors with their history, and checked to be unchanged."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import StaleValueError
from autodiff.graph import Node, modes, wrap
from autodiff.rules import ResolvedRule

__all__ = ["check_fresh", "unpack"]


def unpack(op: Any, node: Node, rule: ResolvedRule, saved: tuple[Any, ...], recorded: Any) -> list[Any]:
    """What a rule of `op` saved, as Tensors; residuals are computed again with the namespace `recorded`."""
    n = len(op.arguments)
    unpacked: list[Any] = []
    for place, value in zip(rule.places, saved, strict=True):
        if place < 0 or place == len(op.scope) - 1:  # a shape, or `needs`
            unpacked.append(value)
        elif place < n - op.variadic:
            unpacked.append(_argument(value, node, place))
        elif place < n:
            unpacked.append(tuple([_argument(v, node, place + i) for i, v in enumerate(value)]))
        elif place == n:
            unpacked.append(_results(op, node, value))
        else:
            form = op.residuals[place - n - 1]
            # A recording has the residual as it is; only a second derivative asks how it came about.
            if form is None or (modes.recorder is not None and not modes.grad):
                unpacked.append(wrap(value) if isinstance(value, np.ndarray) else value)
            else:
                values = unpack(op, node, form, node.spare[place - n - 1], recorded)
                unpacked.append(form.rule(recorded, *values, **form.static(node.static)))
    return unpacked


def _argument(value: Any, node: Node, i: int) -> Any:
    """Argument `i` of `node` as the Tensor it was; numbers and None stay what they are."""
    if not isinstance(value, np.ndarray):
        return value
    positions = node.plan.positions
    edge = node.edges[positions.index(i)] if i in positions else None
    return wrap(value, edge, node.storages[i])


def _results(op: Any, node: Node, value: Any) -> Any:
    """The result of `node`, or its several results."""
    if not op.outputs:
        return wrap(value, node, node.storages[-1])
    k = len(node.storages) - len(value)
    vertices = [node.output(i) if v.dtype.kind == "f" else None for i, v in enumerate(value)]
    return tuple([wrap(v, vertices[i], node.storages[k + i]) for i, v in enumerate(value)])


def check_fresh(op: Any, node: Node) -> None:
    """Raise when an array that `node` saved was written since. See Note [One clock]."""
    n = len(op.arguments)
    n_outputs = len(node.outputs) if node.outputs is not None else 1
    n_given = len(node.storages) - n_outputs
    forms = [form for form in op.residuals if form is not None]
    for place in sorted({p for rule in (*node.plan.rules, *forms) for p in rule.places if 0 <= p <= n}):
        if place == n:
            storages = node.storages[n_given:]
        elif place < n - op.variadic:
            storages = node.storages[place : place + 1]
        else:
            storages = node.storages[place:n_given]
        if any(storage is not None and storage.version > node.seq for storage in storages):
            raise _stale(node, op.scope[place])


def _stale(node: Node, which: str) -> StaleValueError:
    """The error for a saved array that was written after it was saved."""
    what = "its result" if which == "out" else f"its argument {which!r}"
    shape = f" (result of shape {node.shape})" if node.outputs is None else ""
    where = f" at {node.where}" if node.where else ""
    # Lines are not taken down for every operation: 0.7 us on the 2.3 of recording one.
    search = "" if node.where else " (inside ad.autograd.detect_anomaly() this error names the line)"
    return StaleValueError(
        f"{node.op.name}{shape}{where} saved {what} for backward, and it was changed in place afterwards; "
        f"change a copy (x = x.clone()), or do it out of place (x = x + 1 instead of x += 1){search}"
    )
