"""NumPy's shape functions on Tensors: rearranging, joining, splitting, padding, and the facts about a shape."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from autodiff.dtypes import as_dtype
from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.graph import wrap
from autodiff.names import stacking
from autodiff.names import views as nv
from autodiff.ops import elementwise as ew
from autodiff.ops import linalg, views
from autodiff.ops.index import index_put
from autodiff.ops.shape import broadcast_to, concatenate, reshape, split, stack, transpose, unstack
from autodiff.protocols.arguments import array_of, array_read, axes_of, cast, flat, shape_of, together, value, values

__all__ = ["TABLE"]


def _in_c_order(order: str) -> None:
    if order not in ("C", "K", "A"):
        raise AutodiffError(f"Tensors are read in C order, not in order {order!r}; transpose before and after")


def _reshape(a: Any, /, shape: Any, order: str = "C") -> Any:
    _in_c_order(order)
    return reshape(value(a), shape=(shape,) if isinstance(shape, (int, np.integer)) else tuple(shape))


def _ravel(a: Any, order: str = "C") -> Any:
    _in_c_order(order)
    return reshape(value(a), shape=(-1,))


def _transpose(a: Any, axes: Any = None) -> Any:
    return transpose(value(a), axes=None if axes is None else tuple(axes))


def _swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    x = value(a)
    order = list(range(x._array.ndim))
    i, j = (axes_of(axis, len(order))[0] for axis in (axis1, axis2))
    order[i], order[j] = j, i
    return transpose(x, axes=tuple(order))


def _moveaxis(a: Any, source: Any, destination: Any) -> Any:
    x = value(a)
    n = x._array.ndim
    froms, tos = axes_of(source, n), axes_of(destination, n)
    if len(froms) != len(tos):
        raise ShapeError("np.moveaxis needs as many destinations as sources")
    order = [i for i in range(n) if i not in froms]
    for to, at in sorted(zip(tos, froms)):
        order.insert(to, at)
    return transpose(x, axes=tuple(order))


def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    n = value(a)._array.ndim
    axis, start = axis % n, start + n if start < 0 else start
    return _moveaxis(a, axis, start - 1 if axis < start else start)


def _expand_dims(a: Any, axis: Any) -> Any:
    x = value(a)
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    n = x._array.ndim + len(given)
    new = axes_of(axis, n)
    rest = iter(shape_of(x))
    return reshape(x, shape=tuple([1 if i in new else next(rest) for i in range(n)]))


def _squeeze(a: Any, axis: Any = None) -> Any:
    x = value(a)
    shape = shape_of(x)
    gone = axes_of(axis, len(shape)) if axis is not None else tuple([i for i, n in enumerate(shape) if n == 1])
    if any(shape[i] != 1 for i in gone):
        raise ShapeError(f"only axes of size 1 can be squeezed out of shape {shape}")
    return reshape(x, shape=tuple([n for i, n in enumerate(shape) if i not in gone]))


def _broadcast_to(array: Any, shape: Any) -> Any:
    return broadcast_to(value(array), shape=(shape,) if isinstance(shape, int) else tuple(shape))


def _broadcast_arrays(*args: Any) -> Any:
    xs = values(args)
    shape = np.broadcast_shapes(*[shape_of(x) for x in xs])
    return tuple([broadcast_to(x, shape=shape) for x in xs])


def _flip(m: Any, axis: Any = None) -> Any:
    x = value(m)
    return views.flip(x, axis=axes_of(axis, x._array.ndim))


def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if isinstance(shift, (tuple, list)) and isinstance(axis, int):
        axis = (axis,) * len(shift)
    elif isinstance(axis, (tuple, list)) and isinstance(shift, int):
        shift = (shift,) * len(axis)
    return views.roll(value(a), shift=shift, axis=axis)


def _tile(A: Any, reps: Any) -> Any:
    x = value(A)
    times = (reps,) if isinstance(reps, int) else tuple(reps)
    times = (1,) * (x._array.ndim - len(times)) + times
    if x._array.ndim < len(times):
        x = reshape(x, shape=(1,) * (len(times) - x._array.ndim) + shape_of(x))
    return views.tile(x, reps=times)


def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    counts = repeats if isinstance(repeats, int) else wrap(array_of(repeats))
    return views.repeat(value(a), counts, axis=axis)


def _rows(m: Any) -> Any:
    """A vector as every row of a square matrix."""
    x = value(m)
    return broadcast_to(x, shape=shape_of(x) * 2) if x._array.ndim == 1 else x


def _pad(array: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Any:
    x = value(array)
    if mode != "constant" or np.ndim(constant_values):
        raise DtypeError("np.pad of a Tensor is by one constant: leave mode away, and give one number")
    shape = shape_of(x)
    widths = np.broadcast_to(np.asarray(pad_width), (len(shape), 2)).tolist()
    frame = np.full([a + n + b for (a, b), n in zip(widths, shape)], constant_values, x._array.dtype)
    return index_put(wrap(frame), x, key=tuple([slice(a, a + n) for (a, _), n in zip(widths, shape)]))


# ---------------------------------------------------------------------- joining and splitting


def _concatenate(arrays: Any, axis: int | None = 0, *, dtype: Any = None) -> Any:
    xs = [cast(x, dtype) for x in together(*arrays)]
    return concatenate(*[flat(x) for x in xs], axis=0) if axis is None else concatenate(*xs, axis=axis)


def _stack(arrays: Any, axis: int = 0, *, dtype: Any = None) -> Any:
    return stack(*[cast(x, dtype) for x in together(*arrays)], axis=axis)


def _joined(function: Any) -> Callable[..., Any]:
    return lambda tup: function(together(*tup))


def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return _concatenate((arr, values), axis)


def _pieces(name: str, strict: bool) -> Callable[..., Any]:
    """`split` and `array_split`: so many parts, or cuts before the given places."""

    def function(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
        x = value(ary)
        n = shape_of(x)[axis]
        if np.ndim(array_read(indices_or_sections, "np.split by a Tensor")):
            cuts = [int(i) for i in array_of(indices_or_sections)]
            if all(0 <= a <= n for a in cuts) and cuts == sorted(cuts):
                return list(split(x, sections=tuple(cuts), axis=axis))
            bounds = [slice(a, b).indices(n)[:2] for a, b in zip([0, *cuts], [*cuts, None])]
            at = axes_of(axis, x._array.ndim)[0]
            return [x[(*[slice(None)] * at, slice(a, max(a, b)))] for a, b in bounds]
        parts = int(indices_or_sections)
        if parts < 1 or (strict and n % parts):
            raise ShapeError(f"np.{name}: {n} elements cannot be cut into {parts} equal parts; np.array_split can")
        each, more = divmod(n, parts)
        ends = np.cumsum([each + 1] * more + [each] * (parts - more))[:-1]
        return list(split(x, sections=tuple(ends.tolist()), axis=axis))

    return function


_split = _pieces("split", True)


def _block(arrays: Any) -> Any:
    """Nested lists: the innermost are joined along the last axis, those around them along the one before, and so on."""

    def levels(a: Any) -> int:
        return 1 + max(levels(e) for e in a) if isinstance(a, list) else 0

    def leaves(a: Any) -> list[Any]:
        return [x for e in a for x in leaves(e)] if isinstance(a, list) else [value(a)]

    n = max(levels(arrays), *[x._array.ndim for x in leaves(arrays)])

    def joined(a: Any, level: int) -> Any:
        if isinstance(a, list):
            return concatenate(*together(*[joined(e, level + 1) for e in a]), axis=n - levels(arrays) + level)
        x = value(a)
        return reshape(x, shape=(1,) * (n - x._array.ndim) + shape_of(x))

    return joined(arrays, 0)


def _meshgrid(*xi: Any, sparse: bool = False, indexing: str = "xy") -> Any:
    xs = [flat(x) for x in values(xi)]
    n = len(xs)
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[:2] = [1, 0]
    open_ = [reshape(x, shape=tuple([-1 if i == at else 1 for i in range(n)])) for x, at in zip(xs, places)]
    return tuple(open_) if sparse else tuple([ew.copy(x) for x in _broadcast_arrays(*open_)])


# ---------------------------------------------------------------------- new arrays like another, facts


def _filled(number: Any) -> Callable[..., Any]:
    def function(a: Any, dtype: Any = None, *, shape: Any = None) -> Any:
        return _full_like(a, number, dtype, shape=shape)

    return function


def _full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> Any:
    x = value(a)
    size = shape_of(x) if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
    kind = x._array.dtype if dtype is None else as_dtype(dtype)
    filling = value(fill_value, like=(np.empty(0, kind),))
    if filling._array.ndim == 0 and filling._node is None:
        return wrap(np.full(size, array_read(filling, "np.full_like"), kind))
    return ew.copy(broadcast_to(cast(filling, kind), shape=size))


def _size(a: Any, axis: Any = None) -> int:
    shape = shape_of(value(a))
    return prod(shape if axis is None else [shape[i] for i in axes_of(axis, len(shape))])


TABLE: dict[str, Callable[..., Any]] = {
    "reshape": _reshape,
    "ravel": _ravel,
    "transpose": _transpose,
    "permute_dims": _transpose,
    "matrix_transpose": lambda x, /: linalg.swap_last(value(x)),
    "swapaxes": _swapaxes,
    "moveaxis": _moveaxis,
    "rollaxis": _rollaxis,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "broadcast_to": _broadcast_to,
    "broadcast_arrays": _broadcast_arrays,
    "flip": _flip,
    "fliplr": lambda m: views.flip(value(m), axis=1),
    "flipud": lambda m: views.flip(value(m), axis=0),
    "roll": _roll,
    "rot90": lambda m, k=1, axes=(0, 1): nv.rot90(value(m), k, axes),
    "tile": _tile,
    "repeat": _repeat,
    "pad": _pad,
    "diag": lambda v, k=0: views.diag(value(v), k=k),
    "diagflat": lambda v, k=0: views.diag(flat(value(v)), k=k),
    "diagonal": lambda a, offset=0, axis1=0, axis2=1: views.diagonal(value(a), offset=offset, axis1=axis1, axis2=axis2),
    "tril": lambda m, k=0: views.tril(_rows(m), k=k),
    "triu": lambda m, k=0: views.triu(_rows(m), k=k),
    "atleast_1d": lambda *arys: stacking.atleast_1d(*values(arys)),
    "atleast_2d": lambda *arys: stacking.atleast_2d(*values(arys)),
    "atleast_3d": lambda *arys: stacking.atleast_3d(*values(arys)),
    "concatenate": _concatenate,
    "stack": _stack,
    "vstack": _joined(stacking.vstack),
    "hstack": _joined(stacking.hstack),
    "dstack": _joined(stacking.dstack),
    "column_stack": _joined(stacking.column_stack),
    "append": _append,
    "block": _block,
    "split": _split,
    "array_split": _pieces("array_split", False),
    "hsplit": lambda ary, indices_or_sections: _split(ary, indices_or_sections, min(1, value(ary)._array.ndim - 1)),
    "vsplit": lambda ary, indices_or_sections: _split(ary, indices_or_sections, 0),
    "dsplit": lambda ary, indices_or_sections: _split(ary, indices_or_sections, 2),
    "unstack": lambda x, /, *, axis=0: unstack(value(x), axis=axis),
    "meshgrid": _meshgrid,
    "copy": lambda a: ew.copy(value(a)),
    "zeros_like": _filled(0),
    "ones_like": _filled(1),
    "empty_like": lambda prototype, dtype=None, *, shape=None: _full_like(prototype, 0, dtype, shape=shape),
    "full_like": _full_like,
    "shape": lambda a: shape_of(value(a)),
    "ndim": lambda a: value(a)._array.ndim,
    "size": _size,
}
