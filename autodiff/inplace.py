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
from autodiff.graph import Leaf, Value, modes, stamp, succeed, wrap
from autodiff.ops.index import assign, misfit
from autodiff.ops.keys import target_ndim
from autodiff.primitive import Primitive, primitives, rederive

__all__ = ["overwrite", "prepare", "rebase", "turn", "update", "write_item"]


def update(t: Any, op: Primitive, *rest: Any, **static: Any) -> Any:
    """Do ``t = op(t, *rest)`` in the memory of `t`, and return `t`."""
    recording = prepare(t, rest)
    source = t
    if recording and any(rule is not None and 0 in rule.places for rule in op.rules):
        source = wrap(np.array(t._array), t._node)  # the rule wants what is about to be overwritten
        if modes.recorder is not None:
            modes.recorder.same(source, t)
    result = op(source, *rest, **static)
    if result._array.shape != t._array.shape:
        raise ShapeError(
            f"{op.name} in place would need shape {result._array.shape}, but the Tensor written to has shape "
            f"{t._array.shape}; do it out of place (x = x + y instead of x += y)"
        )
    overwrite(t, result, recording)
    return t


def overwrite(t: Any, value: Any, recording: bool | None = None) -> None:
    """Copy `value` (a Tensor of the shape of `t`) into the memory of `t`, and take over its history."""
    if recording is None:
        recording = prepare(t, (value,))
    array = value._array
    if array.shape != t._array.shape:
        raise ShapeError(
            f"a result of shape {array.shape} cannot be written into a Tensor of shape {t._array.shape}; "
            "call the function without underscore"
        )
    if RANK[array.dtype.kind] > RANK[t._array.dtype.kind]:
        raise DtypeError(
            f"a result of dtype {array.dtype} cannot be written into a Tensor of dtype {t._array.dtype}; "
            "do it out of place, or convert the Tensor first"
        )
    _write(t, (...,), (), array, value)
    if recording:
        if array.dtype != t._array.dtype:
            value = primitives["cast"](value, dtype=t._array.dtype)
        rebase(t, value._node)


def write_item(t: Any, key: tuple[Any, ...], indices: tuple[Any, ...], value: Any) -> None:
    """Do ``t[key] = value``."""
    recording = prepare(t, (value,))
    array = value
    arrays = tuple([i._array for i in indices])
    if isinstance(value, Value):
        array = value._array
        if recording and value._base is t and not indices and _is_there(t, key, value):
            return
        if array.ndim and array.ndim > (n := target_ndim(t._array.ndim, key, arrays)):
            extra = array.ndim - n
            if array.shape[:extra] == (1,) * extra:  # which the assignment ignores
                value = primitives["reshape"](value, shape=array.shape[extra:])
                array = value._array
    _write(t, key, indices, array, value)
    if recording:
        rebase(t, primitives["index_put"].apply_in_place(t, t, value, *indices, key=key))


def _is_there(t: Any, key: tuple[Any, ...], value: Any) -> bool:
    """Whether `value` is the view t[key]: what ``t[key] += y`` writes, after it changed that view."""
    op, rest, static = value._view
    return op.name == "index" and not rest and static["key"] == key and value._seen == -t._storage.version


def turn(t: Any, op: Primitive, **static: Any) -> Any:
    """Do ``t = op(t, **static)``, a view, in `t` itself, and return it: its memory stays what it is.

    `t` becomes a view of what it was, a Tensor that nobody else holds. Its older views find that too: this counts as a
    write, after which they derive their history anew, and then they look for the base that they were made of.
    """
    prepare(t, ())
    if modes.recorder is not None:
        modes.recorder.refuse("a change of dims in place", "write y = x.t() in place of x.t_(), and so on")
    if isinstance(t._node, Leaf):
        raise GradientError(
            "the dims of a leaf Tensor that requires grad cannot be changed in place; "
            "make a new one (y = x.t()), or replace its memory (x.data = x.data.t())"
        )
    if t._base is not None and t._seen != t._storage.version:
        rederive(t)
    past = wrap(t._array, t._node, t._storage)
    past._base, past._view, past._past, past._turned = t._base, t._view, t._past, t._turned
    stamp(t._storage)
    past._seen = t._seen = t._turned = t._storage.version
    t._array = op.forward(past._array, **static)
    t._base, t._view, t._past = past, (op, (), static), past
    if past._node is not None:
        succeed(t, op.apply_in_place(t, past, **static))
    return t


def rebase(t: Any, node: Any) -> None:
    """Make `node` the history of `t`, whose memory was just written, and tell the Tensor that it is a view of."""
    succeed(t, node)
    while (base := t._base) is not None:
        op, rest, static = t._view
        succeed(base, primitives["write_view"].apply_in_place(base, base, t, *rest, view=op.name, static=static))
        # When it is next used, `t` derives its history anew: what depends on it depends on its base.
        t._seen = -t._storage.version
        t = base


def _write(t: Any, key: tuple[Any, ...], indices: tuple[Any, ...], array: Any, value: Any) -> None:
    """Write into memory and stamp it; `indices` and `value` are the Tensors that a recorder knows."""
    if modes.recorder is not None:
        modes.recorder.writing(t)
    try:
        assign(t._array, key, tuple([i._array for i in indices]), array)
    except IndexError as error:
        raise misfit(t._array, error) from None
    except (ValueError, TypeError, OverflowError) as error:
        raise _refusal(t._array, array, error) from None
    stamp(t._storage)
    if modes.recorder is not None:
        modes.recorder.wrote(t, key, indices, value)


def _refusal(x: Any, array: Any, error: Exception) -> Exception:
    if not x.flags.writeable:
        return ShapeError(
            "this memory cannot be written: it is an expanded view, or came from a read-only array; "
            "write into x.clone() instead"
        )
    if not np.ndim(array) and not isinstance(array, np.ndarray):
        return DtypeError(f"{array!r} cannot be written into a Tensor of dtype {x.dtype}")
    return ShapeError(
        f"a value of shape {np.shape(array)} does not fit where it is written, in a Tensor of shape {x.shape}: {error}"
    )


def prepare(t: Any, operands: tuple[Any, ...]) -> bool:
    """Whether writing into `t` must be recorded; refuse what PyTorch refuses."""
    if not modes.grad:
        return False
    if t._base is not None and t._seen != t._storage.version:
        rederive(t)
    root, lone = t, True
    while root._base is not None:
        lone = lone and not root._view[0].outputs
        root = root._base
    if isinstance(root._node, Leaf):
        what = "a leaf Tensor that requires grad" if root is t else "a view of a leaf Tensor that requires grad"
        raise GradientError(
            f"{what} cannot be changed in place while operations are recorded; "
            "do it inside `with ad.no_grad():`, or out of place (x = x + y instead of x += y)"
        )
    recording = t._node is not None or root._node is not None
    recording = recording or any(isinstance(o, Value) and o._node is not None for o in operands)
    if recording and not (lone and root._view is None):
        raise GradientError(
            "one of several views of the same Tensor (from split, chunk or unbind), or a view made inside "
            "ad.no_grad(), cannot be changed in place while operations are recorded; write into x.clone() instead"
        )
    return recording
