"""Writing into a Tensor's memory, with the right gradient: ``x += y``, ``x[i] = v``, ``x.zero_()``, through views too.

Without recording, a write is NumPy's write and a stamp on the storage. While recording, the Tensor's memory is
overwritten just the same, and its place in the graph becomes that of the out-of-place operation; the Tensor it is a
view of, if any, gets a `write_view` node on top. Other views of the memory find that they are older than the last
write and derive their history anew (`primitive.rederive`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.dtypes import RANK
from autodiff.errors import DtypeError, GradientError, ShapeError
from autodiff.graph import Leaf, Value, modes, stamp, wrap
from autodiff.ops.index import fill
from autodiff.primitive import Primitive, primitives, rederive

__all__ = ["overwrite", "prepare", "rebase", "update", "write_item"]


def update(t: Any, op: Primitive, *rest: Any, **static: Any) -> Any:
    """Do ``t = op(t, *rest)`` in the memory of `t`, and return `t`."""
    recording = prepare(t, rest)
    source = t
    if recording and any(rule is not None and 0 in rule.places for rule in op.rules):
        source = wrap(np.array(t._array), t._node)  # the rule wants what is about to be overwritten
    result = op(source, *rest, **static)
    if result._array.shape != t._array.shape:
        raise ShapeError(
            f"{op.name} in place would need shape {result._array.shape}, but the Tensor written to has shape "
            f"{t._array.shape}; do it out of place (x = x + y instead of x += y)"
        )
    overwrite(t, result, recording)
    return t


def overwrite(t: Any, value: Any, recording: bool | None = None) -> None:
    """Copy `value` (a Tensor that broadcasts to `t`) into the memory of `t`, and take over its history."""
    if recording is None:
        recording = prepare(t, (value,))
    array = value._array
    if RANK[array.dtype.kind] > RANK[t._array.dtype.kind]:
        raise DtypeError(
            f"a result of dtype {array.dtype} cannot be written into a Tensor of dtype {t._array.dtype}; "
            "do it out of place, or convert the Tensor first"
        )
    _write(t, ..., array)
    if recording:
        if array.shape != t._array.shape:
            value = primitives["broadcast_to"](value, shape=t._array.shape)
        if array.dtype != t._array.dtype:
            value = primitives["cast"](value, dtype=t._array.dtype)
        rebase(t, value._node)


def write_item(t: Any, key: tuple[Any, ...], indices: tuple[Any, ...], value: Any) -> None:
    """Do ``t[key] = value``."""
    recording = prepare(t, (value,))
    op = primitives["index_put"]
    array = value._array if isinstance(value, Value) else value
    index_arrays = [i._array for i in indices]
    _write(t, fill(key, tuple(index_arrays)), array)
    if recording:
        rebase(t, op.apply_in_place(t, t, value, *indices, key=key))


def rebase(t: Any, node: Any) -> None:
    """Make `node` the history of `t`, whose memory was just written, and tell the Tensor that it is a view of."""
    t._node = node
    while (base := t._base) is not None:
        op, rest, static = t._view
        base._node = primitives["write_view"].apply_in_place(base, base, t, *rest, view=op.name, static=static)
        t._seen = t._storage.version
        t = base


def _write(t: Any, key: Any, array: Any) -> None:
    """Write into memory and stamp it."""
    try:
        t._array[key] = array
    except ValueError as error:
        if not t._array.flags.writeable:
            raise ShapeError(
                "this memory cannot be written: it is an expanded view, or came from a read-only array; "
                "write into x.clone() instead"
            ) from None
        raise ShapeError(
            f"a value of shape {np.shape(array)} does not fit where it is written, in a Tensor of shape "
            f"{t._array.shape}: {error}"
        ) from None
    stamp(t._storage)


def prepare(t: Any, operands: tuple[Any, ...]) -> bool:
    """Whether writing into `t` must be recorded; refuse what PyTorch refuses."""
    if not modes.grad:
        return False
    if t._base is not None and t._seen != t._storage.version:
        rederive(t)
    root = t
    while root._base is not None:
        root = root._base
    if isinstance(root._node, Leaf):
        what = "a leaf Tensor that requires grad" if root is t else "a view of a leaf Tensor that requires grad"
        raise GradientError(
            f"{what} cannot be changed in place while operations are recorded; "
            "do it inside `with ad.no_grad():`, or out of place (x = x + y instead of x += y)"
        )
    recording = t._node is not None or root._node is not None
    recording = recording or any(isinstance(o, Value) and o._node is not None for o in operands)
    if recording and root._view is not None:
        raise GradientError(
            "one of several views of the same Tensor (from split, chunk or unbind), or a view made inside "
            "ad.no_grad(), cannot be changed in place while operations are recorded; write into x.clone() instead"
        )
    return recording
