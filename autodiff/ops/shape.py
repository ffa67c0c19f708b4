"""Shape primitives: the same elements in another arrangement, joined, or taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.primitive import primitive

_ALL = slice(None)


def place(axis: int, ndim: int) -> int:
    """A dimension counted from the front."""
    if -ndim <= axis < ndim:
        return axis if axis >= 0 else axis + ndim
    raise np.exceptions.AxisError(axis, ndim)


def in_order(x: Any) -> Any:
    """x with its elements in memory in their order: NumPy joins transposed arrays to a transposed one."""
    return x if x.flags.c_contiguous else np.ascontiguousarray(x)


@primitive(view=True)
def reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    """The same elements, in the same order, in another shape"""
    return x.reshape(shape)


reshape.defvjp(lambda xp, g, x_shape: xp.reshape(g, shape=x_shape))


@primitive(view=True)
def transpose(x: Any, *, axes: tuple[int, ...] | None = None) -> Any:
    """Dimensions in another order; reversed by default"""
    return x.transpose(axes)


def _inverse(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    """The order that undoes another."""
    if axes is None:
        return None
    places = [0] * len(axes)
    for i, a in enumerate(axes):
        places[a] = i
    return tuple(places)


transpose.defvjp(lambda xp, g, *, axes: xp.transpose(g, axes=_inverse(axes)))


@primitive
def contiguous(x: Any) -> Any:
    """A copy whose elements lie in memory in their order"""
    return np.array(x, order="C")


contiguous.defvjp(lambda xp, g: g)


@primitive(view=True)
def broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    """The same elements repeated to `shape`, without copying"""
    lead = len(shape) - x.ndim
    if x.size and x.flags.forc and lead >= 0:
        steps = [0] * lead
        fixed = not lead or shape[:lead].count(1) == lead
        for n, step, want in zip(x.shape, x.strides, shape[lead:]):
            if n != want:
                if n != 1:
                    break
                step, fixed = 0, False
            steps.append(step)
        else:
            # What np.broadcast_to returns, at a third of its time: memory is a buffer, seen with steps of 0.
            out: Any = np.ndarray(shape, x.dtype, x, 0, steps)
            if not fixed:
                out.flags.writeable = False
            return out
    return np.broadcast_to(x, shape)


broadcast_to.defvjp(lambda xp, g, x_shape: xp.unbroadcast(g, shape=x_shape))


@primitive
def concatenate(*arrays: Any, axis: int = 0) -> Any:
    """Join along a dimension that is there already"""
    return in_order(np.concatenate(arrays, axis))


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
    key: tuple[Any, ...] = (None,)
    if axis > 0:
        key = (_ALL,) * axis + key
    elif axis < 0:
        key = (..., None) + (_ALL,) * (-1 - axis)
    return in_order(np.concatenate([a[key] for a in arrays], axis))


stack.defvjp_joint(lambda xp, g, *, axis: xp.unstack(g, axis=axis))


@primitive(outputs=True, view=True)
def split(x: Any, *, sections: tuple[int, ...], axis: int = 0) -> Any:
    """Cut before each of the positions in `sections`"""
    before = (_ALL,) * place(axis, x.ndim)
    parts, start = [], 0
    for end in sections:
        parts.append(x[(*before, slice(start, end))])
        start = end
    parts.append(x[(*before, slice(start, None))])
    return parts


split.defvjp(lambda xp, g, *, axis: xp.concatenate(*g, axis=axis))


@primitive(outputs=True, view=True)
def unstack(x: Any, *, axis: int = 0) -> Any:
    """Take a dimension apart"""
    before = (_ALL,) * place(axis, x.ndim)
    return [x[(*before, i, ...)] for i in range(x.shape[axis])]  # `...`: elements of a vector too are views


unstack.defvjp(lambda xp, g, *, axis: xp.stack(*g, axis=axis))
