"""Indexing primitives: reading, writing, and their adjoints.

An index is split in two. Index arrays (integers or booleans) are arguments, since they are data; the rest (slices,
integers, None, ...) is static: `key`, a tuple in which the string "array" holds the place of each index array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.primitive import primitive

#: Holds the place of an index array in a key.
ARRAY = "array"


def fill(key: tuple[Any, ...], indices: tuple[Any, ...]) -> tuple[Any, ...]:
    """Put the index arrays into their places."""
    if not indices:
        return key
    arrays = iter(indices)
    return tuple([next(arrays) if k is ARRAY else k for k in key])


@primitive(view=True)
def index(x: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    """x[key]"""
    out = x[fill(key, indices)]
    # A single element comes as a scalar of NumPy's, which is a copy; with `...` it comes as an array that is a view.
    return out if type(out) is np.ndarray or indices else x[(*key, ...)]


index.defvjp(lambda xp, g, indices, x_shape, *, key: xp.index_adjoint(g, *indices, key=key, shape=x_shape), None)


@primitive
def index_adjoint(x: Any, *indices: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with x added at the key: where an element was read twice, both cotangents arrive"""
    out = np.zeros(shape, x.dtype)
    full = fill(key, indices)
    if all(i.dtype == bool for i in indices):
        out[full] = x
        return out
    # np.add.at runs an inner loop per element and is up to ten times slower than one bincount over flat positions.
    flat = np.arange(out.size).reshape(shape)[full].ravel()
    values = np.broadcast_to(x, np.shape(out[full])).ravel()
    return np.bincount(flat, values, out.size).reshape(shape).astype(x.dtype, copy=False)


index_adjoint.defvjp(lambda xp, g, indices, *, key: xp.index(g, *indices, key=key), None)


@primitive
def index_put(x: Any, value: Any, *indices: Any, key: tuple[Any, ...]) -> Any:
    """A copy of x in which x[key] = value"""
    out = np.array(x)
    out[fill(key, indices)] = value
    return out


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
    order = np.arange(x.size).reshape(x.shape)
    winner = np.empty(shape, order.dtype)
    winner[fill(key, indices)] = order
    return x * (winner[fill(key, indices)] == order)


last_writes.defvjp(
    lambda xp, g, indices, *, key, shape: xp.last_writes(g, *indices, key=key, shape=shape),
    None,
)


@primitive
def write_view(x: Any, value: Any, *indices: Any, view: str, static: dict[str, Any]) -> Any:
    """A copy of x in which the elements that the view ``view(x, *indices, **static)`` looks at are `value`"""
    from autodiff.primitive import plain

    out = np.array(x, order="C")
    # Which elements those are: a view of the positions, since a view of a copy need not be one (reshape may copy).
    places = getattr(plain, view)(np.arange(out.size).reshape(out.shape), *indices, **static)
    out.reshape(-1)[places] = value
    return out


write_view.defvjp(
    lambda xp, g, indices, *, view, static: xp.write_view(g, 0.0, *indices, view=view, static=static),
    lambda xp, g, indices, value_shape, *, view, static: xp.unbroadcast(
        getattr(xp, view)(g, *indices, **static), shape=value_shape
    ),
    None,
)


@primitive
def take_along(x: Any, indices: Any, *, axis: int) -> Any:
    """np.take_along_axis: out[i, j] = x[indices[i, j], j] for axis 0"""
    return np.take_along_axis(x, indices, axis)


take_along.defvjp(
    lambda xp, g, indices, x_shape, *, axis: xp.put_along(g, indices, axis=axis, shape=x_shape),
    None,
)


@primitive
def put_along(x: Any, indices: Any, *, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with x added at the indices along `axis`: the adjoint of take_along"""
    out = np.zeros(shape, x.dtype)
    # One position an index and row can be plain assignment; otherwise equal indices must add up.
    if indices.shape[axis] == 1:
        np.put_along_axis(out, indices, x, axis)
        return out
    places = np.take_along_axis(np.arange(out.size).reshape(shape), indices, axis)
    flat = np.bincount(places.ravel(), np.broadcast_to(x, places.shape).ravel(), out.size)
    return flat.reshape(shape).astype(x.dtype, copy=False)


put_along.defvjp(lambda xp, g, indices, *, axis: xp.take_along(g, indices, axis=axis), None)
