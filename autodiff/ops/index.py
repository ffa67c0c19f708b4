"""Indexing primitives: reading, writing, adding, and their adjoints.

An index is split in two. Index arrays (integers or booleans) are arguments, since they are data; the rest (slices,
integers, None, ...) is static: `key`, a tuple in which the string "array" holds the place of each index array.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.errors import IndexingError
from autodiff.ops.piles import add_flat, add_rows
from autodiff.primitive import plain, primitive

#: Holds the place of an index array in a key.
ARRAY = "array"
_ALL = slice(None)
#: From this many elements on, a mask is turned into positions first: NumPy reads x[mask] of 1e6 elements in 4.5 ms and
#: by `compress` in 0.7 ms, and writes in 4.6 and 1.0 ms.
_LARGE = 4096
#: Up to this many elements np.add.at is the fastest way to add at a key: one call of 1.5 us, 10 ns an element.
_TINY = 128


def fill(key: tuple[Any, ...], indices: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put the index arrays into their places."""
    if not indices:
        return key
    arrays = iter(indices)
    return tuple([next(arrays) if k is ARRAY else k for k in key])


def lone_axis(key: tuple[Any, ...], indices: tuple[Any, ...]) -> int | None:
    """The axis that the one index array is for, where all before and after it is taken whole; else None."""
    if len(indices) != 1:
        return None
    axis = None
    for i, k in enumerate(key):
        if k is ARRAY:
            axis = i
        elif type(k) is not slice or k != _ALL:
            return None
    return axis


def _are_positions(indices: tuple[Any, ...]) -> bool:
    """Whether all index arrays are single integers, which leave a view as numbers do: those that a recorder hears."""
    return not indices[0].ndim and all(not i.ndim and i.dtype != bool for i in indices)


def _is_mask_of(i: Any, x: Any) -> bool:
    return i.dtype == bool and i.ndim > 0 and x.shape[: i.ndim] == i.shape and bool(x.flags.c_contiguous)


def misfit(x: Any, error: Exception) -> Exception:
    """What NumPy says of an index that does not fit, in terms of the user's Tensor."""
    text = str(error).replace("axis", "dim").replace("array is", "it is").replace("for array", "for it")
    if text.startswith("boolean index did not match"):
        text = "a mask must have the sizes of the dims that it stands for: " + text.partition("; ")[2]
    elif text.startswith("shape mismatch"):
        text = text.replace("shape mismatch: indexing arrays", "index arrays of different shapes")
    return IndexingError(f"index of a Tensor of shape {x.shape}: {text}")


@primitive(view=True)
def index(x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    """x[key]"""
    try:
        if not indices:
            out = x[key]
            # A single element comes as a scalar of NumPy's, a copy; with `...` it comes as an array that is a view.
            return out if type(out) is np.ndarray else x[(*key, ...)]
        if _are_positions(indices):
            return x[(*fill(key, tuple(map(int, indices))), ...)]
        axis = lone_axis(key, indices)
        if axis is not None:
            (i,) = indices
            if i.dtype != bool and x.flags.c_contiguous and x.ndim:
                return x.take(i, axis)
            if axis == 0 and i.size >= _LARGE and _is_mask_of(i, x):
                return x.reshape(i.size, *x.shape[i.ndim :]).compress(i.reshape(-1), 0)
        out = x[fill(key, indices)]
        # NumPy may lay it out with the dims of the index arrays first; it then has no views of other shapes.
        return out if out.flags.c_contiguous else out.copy()
    except (IndexError, TypeError) as error:
        raise misfit(x, error) from None


index.defvjp(lambda xp, g, indices, x_shape, *, key: xp.index_adjoint(g, *indices, key=key, shape=x_shape), None)


@primitive
def index_adjoint(x: Any, *indices: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with x added at the key: where an element was read twice, both cotangents arrive"""
    if not indices or _are_positions(indices):
        out = np.zeros(shape, x.dtype)
        out[fill(key, indices)] = x
        return out
    axis = lone_axis(key, indices)
    masks = all(i.dtype == bool for i in indices)
    if x.size <= _TINY or masks:
        out = np.zeros(shape, x.dtype)
        if not masks:
            np.add.at(out, fill(key, indices), x)
        elif axis == 0 and indices[0].size >= _LARGE and _is_mask_of(indices[0], out):
            out.reshape(indices[0].size, *shape[indices[0].ndim :])[indices[0].reshape(-1).nonzero()[0]] = x
        else:
            out[fill(key, indices)] = x
        return out
    if axis is not None:
        return _add_slices(x, indices[0], axis, shape)
    places = np.arange(prod(shape)).reshape(shape)[fill(key, indices)]
    if x.shape != places.shape:
        x = np.broadcast_to(x, places.shape)
    return add_flat(places.reshape(-1), x.reshape(-1), prod(shape)).reshape(shape)


index_adjoint.defvjp(lambda xp, g, indices, *, key: xp.index(g, *indices, key=key), None)


def _add_slices(x: Any, i: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Add the slices of x along an axis where `i` says, into zeros of `shape`."""
    n, before, after = shape[axis], shape[:axis], shape[axis + 1 :]
    if x.shape != (*before, *i.shape, *after):
        x = np.broadcast_to(x, (*before, *i.shape, *after))
    rows = i.reshape(-1).astype(np.int64, copy=False)
    if np.maximum.reduce(rows.view(np.uint64)) >= n:  # read as unsigned, a negative index is a huge one
        wrong = rows[(rows < -n) | (rows >= n)]
        if wrong.size:
            raise IndexError(f"index {wrong[0]} is out of bounds for axis {axis} with size {n}")
        rows = np.where(rows < 0, rows + n, rows)
    outer, inner = prod(before), prod(after)
    if outer > 1:
        rows = (np.arange(outer)[:, None] * n + rows).reshape(-1)
    return add_rows(rows, x.reshape(rows.size, inner), outer * n).reshape(shape)


@primitive
def index_add(x: Any, value: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    """A copy of x in which x[key] += value, where a position that stands twice in the key is added to twice"""
    shape = x[fill(key, indices)].shape if len(indices) != 1 or value.ndim == 0 else None
    if shape is not None and value.shape != shape:
        value = np.broadcast_to(value, shape)
    if value.size <= _TINY and all(i.size <= _TINY for i in indices):
        out = np.array(x, order="C")
        np.add.at(out, fill(key, indices), value)
        return out
    out = index_adjoint.forward(value, *indices, key=key, shape=x.shape)
    return np.add(out, x, out)


index_add.defvjp(
    lambda xp, g: g,
    lambda xp, g, indices, *, key: xp.index(g, *indices, key=key),
    None,
)


@primitive
def index_put(x: Any, value: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    """A copy of x in which x[key] = value"""
    out = np.array(x, order="C")
    assign(out, key, indices, value)
    return out


def assign(x: Any, key: tuple[Any, ...], indices: tuple[Any, ...], value: Any) -> None:
    """x[key] = value"""
    if len(indices) == 1 and key == (ARRAY,) and indices[0].size >= _LARGE and _is_mask_of(indices[0], x):
        (mask,) = indices
        x.reshape(mask.size, *x.shape[mask.ndim :])[mask.reshape(-1).nonzero()[0]] = value
    else:
        x[fill(key, indices)] = value


# What was overwritten has no share in the result; of a position written twice, the last write alone has.
index_put.defvjp(
    lambda xp, g, indices, *, key: xp.index_put(g, 0.0, *indices, key=key),
    lambda xp, g, indices, value_shape, *, key: xp.unbroadcast(
        xp.last_writes(xp.index(g, *indices, key=key), *indices, key=key, shape=g.shape), shape=value_shape
    ),
    None,
)


@primitive
def last_writes(x: Any, *indices: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """x where an assignment to this key of an array of `shape` is the one that lasts, else 0"""
    if all(i.dtype == bool for i in indices):
        return np.array(x)
    full = fill(key, indices)
    order = np.arange(x.size).reshape(x.shape)
    winner = np.empty(shape, order.dtype)
    winner[full] = order
    return x * (winner[full] == order)


last_writes.defvjp(
    lambda xp, g, indices, *, key, shape: xp.last_writes(g, *indices, key=key, shape=shape),
    None,
)


@primitive
def write_view(x: Any, value: Any, *indices: Any, view: str, static: dict[str, Any]) -> Any:
    """A copy of x in which the elements that the view ``view(x, *indices, **static)`` looks at are `value`"""
    out = np.array(x, order="C")
    look = getattr(plain, view)
    seen = look(out, *indices, **static)
    if seen.flags.writeable and np.may_share_memory(seen, out):
        seen[...] = value
        return out
    # A view of a copy need not be one: ask the positions which elements those are.
    out.reshape(-1)[look(np.arange(out.size).reshape(out.shape), *indices, **static)] = value
    return out


write_view.defvjp(
    lambda xp, g, indices, *, view, static: xp.write_view(g, 0.0, *indices, view=view, static=static),
    lambda xp, g, indices, value_shape, *, view, static: xp.unbroadcast(
        getattr(xp, view)(g, *indices, **static), shape=value_shape
    ),
    None,
)


@primitive(differentiable=False)
def check_index(indices: Any, *, size: int, name: str, dim: int) -> Any:
    """Indices, none of which is negative, or too large for a dim of this size"""
    hold_in_range(indices, size, name, dim)
    return np.array(indices)


def hold_in_range(indices: Any, size: int, name: str, dim: int) -> None:
    """Raise where an index is negative or too large: NumPy would count from the end, PyTorch does not."""
    if not indices.size:
        return
    # Read as unsigned, a negative index is a huge one.
    top = np.maximum.reduce(indices.view(np.uint64) if indices.dtype == np.int64 else indices, axis=None)
    if top >= size or (indices.dtype != np.int64 and indices.min() < 0):
        low, high = int(indices.min()), int(indices.max())
        wrong = low if low < 0 else high
        raise IndexingError(f"{name}: index {wrong} is out of range in dim {dim} of size {size}")


# ---------------------------------------------------------------------- along one axis


def flat_places(indices: Any, axis: int, shape: tuple[int, ...], wrap: bool = True) -> Any:
    """The positions, in an array of `shape` laid out flat, that `indices` along `axis` stand for.

    Other axes of `indices` may be shorter than those of `shape`; without `wrap` a negative index is out of range.
    np.take_along_axis takes 3.5 ms for 1000 x 1000 elements; flat positions and one `take`, 1.6 ms.
    """
    axis %= len(shape)
    n, given = shape[axis], indices
    if indices.dtype != np.int64:
        indices = indices.astype(np.int64)
    # Read as unsigned, a negative index is a huge one: one pass finds both kinds that are out of range.
    if indices.size and np.maximum.reduce(indices.view(np.uint64), axis=None) >= n:
        wrong = indices[(indices < (-n if wrap else 0)) | (indices >= n)]
        if wrong.size:
            raise IndexingError(f"index {wrong[0]} is out of range in dim {axis} of size {n}")
        indices = np.where(indices < 0, indices + n, indices)
    if not indices.size:
        return np.empty(indices.shape, np.int64)
    stride, offsets = 1, None
    for d in range(len(shape) - 1, -1, -1):
        size = indices.shape[d]
        if d == axis:
            if stride > 1:
                indices = indices * stride
        elif size > 1:
            steps = np.arange(0, size * stride, stride)
            if d < len(shape) - 1:
                steps = steps.reshape((size,) + (1,) * (len(shape) - 1 - d))
            offsets = steps if offsets is None else offsets + steps
        stride *= shape[d]
    if offsets is not None:
        return indices + offsets
    return np.array(indices) if indices is given else indices  # backward keeps it, and nobody else may write into it


@primitive(residuals={"places": None})
def take_along(x: Any, indices: Any, *, axis: int, unique: bool = False, wrap: bool = True) -> Any:
    """np.take_along_axis: out[i, j] = x[indices[i, j], j] for axis 0; `unique` promises that no index repeats"""
    places = flat_places(indices, axis, x.shape, wrap)
    return x.reshape(-1).take(places), places


take_along.defvjp(
    lambda xp, g, x_shape, places, *, unique: xp.put_flat(g, places, shape=x_shape, unique=unique),
    None,
)


@primitive(residuals={"places": None})
def put_along(x: Any, indices: Any, *, axis: int, shape: tuple[int, ...], unique: bool = False) -> Any:
    """Zeros of `shape` with x added at the indices along `axis`: the adjoint of take_along"""
    places = flat_places(indices, axis, shape)
    if x.shape != places.shape:
        x = np.broadcast_to(x, places.shape)
    # One index a row can be plain assignment.
    return put_flat.forward(x, places, shape=shape, unique=unique or indices.shape[axis] == 1), places


put_along.defvjp(lambda xp, g, places: xp.take_flat(g, places), None)


@primitive
def take_flat(x: Any, places: Any) -> Any:
    """The elements at some positions of x laid out flat"""
    return x.reshape(-1).take(places)


take_flat.defvjp(lambda xp, g, x_shape, places: xp.put_flat(g, places, shape=x_shape), None)


@primitive
def put_flat(x: Any, places: Any, *, shape: tuple[int, ...], unique: bool = False) -> Any:
    """Zeros of `shape` with x added at positions of the array laid out flat: the adjoint of take_flat"""
    if not unique:
        return add_flat(places.reshape(-1), x.reshape(-1), prod(shape)).reshape(shape)
    out = np.zeros(prod(shape), x.dtype)
    out[places] = x
    return out.reshape(shape)


put_flat.defvjp(lambda xp, g, places: xp.take_flat(g, places), None)
