"""Shape primitives: the same elements in another arrangement, joined, or taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.primitive import primitive


@primitive(view=True)
def reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    """The same elements, in the same order, in another shape"""
    return x.reshape(shape)


reshape.defvjp(lambda xp, g, x_shape: xp.reshape(g, shape=x_shape))


@primitive(view=True)
def transpose(x: Any, *, axes: tuple[int, ...] | None = None) -> Any:
    """Dimensions in another order; reversed by default"""
    return x.transpose(axes)


def _transpose(xp: Any, g: Any, *, axes: tuple[int, ...] | None) -> Any:
    if axes is None:
        return xp.transpose(g)
    n = len(axes)
    places = [a % n for a in axes]
    return xp.transpose(g, axes=tuple([places.index(i) for i in range(n)]))


transpose.defvjp(_transpose)


@primitive(view=True)
def broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    """The same elements repeated to `shape`, without copying"""
    return np.broadcast_to(x, shape)


broadcast_to.defvjp(lambda xp, g, x_shape: xp.unbroadcast(g, shape=x_shape))


@primitive
def concatenate(*arrays: Any, axis: int = 0) -> Any:
    """Join along a dimension that is there already"""
    return np.concatenate(arrays, axis)


def _concatenate(xp: Any, g: Any, arrays_shape: Any, *, axis: int) -> Any:
    ends, total = [], 0
    for shape in arrays_shape[:-1]:
        total += shape[axis]
        ends.append(total)
    return xp.split(g, sections=tuple(ends), axis=axis)


concatenate.defvjp_joint(_concatenate)


@primitive
def stack(*arrays: Any, axis: int = 0) -> Any:
    """Join along a new dimension"""
    return np.stack(arrays, axis)


stack.defvjp_joint(lambda xp, g, *, axis: xp.unstack(g, axis=axis))


@primitive(outputs=True, view=True)
def split(x: Any, *, sections: tuple[int, ...], axis: int = 0) -> Any:
    """Cut before each of the positions in `sections`"""
    return tuple(np.split(x, sections, axis))


split.defvjp(lambda xp, g, *, axis: xp.concatenate(*g, axis=axis))


@primitive(outputs=True, view=True)
def unstack(x: Any, *, axis: int = 0) -> Any:
    """Take a dimension apart"""
    rows = np.moveaxis(x, axis, 0)
    return tuple([rows[i, ...] for i in range(len(rows))])  # `...`: elements of a vector too are views


unstack.defvjp(lambda xp, g, *, axis: xp.stack(*g, axis=axis))
