"""Diagonals, triangles, windows, and copies in another order: parts and arrangements of one array.

`diagonal`, `unfold` and `as_strided` are views. Where one element would be seen twice, the view is read-only.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from autodiff.ops.shape import in_order, place
from autodiff.primitive import primitive

_ALL = slice(None)
_BACKWARD = slice(None, None, -1)
_add: Any = np.add.reduce
#: Integers as wide as an element, to be masked bit by bit.
_BITS = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}

# ---------------------------------------------------------------------------------------------------- diagonals


@primitive(view=True)
def diagonal(x: Any, *, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """x[..., i, i + offset, ...] of two dimensions, as the last dimension"""
    out = x.diagonal(offset, axis1, axis2)
    if x.flags.writeable:
        out.flags.writeable = True  # NumPy makes it read-only, without need
    return out


diagonal.defvjp(
    lambda xp, g, x_shape, *, offset, axis1, axis2: xp.diagonal_adjoint(
        g, offset=offset, axis1=axis1, axis2=axis2, shape=x_shape
    )
)


@primitive
def diagonal_adjoint(x: Any, *, shape: tuple[int, ...], offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Zeros of `shape` with x on the diagonal"""
    out = np.zeros(shape, x.dtype)
    line = out.diagonal(offset, axis1, axis2)
    line.flags.writeable = True
    line[...] = x
    return out


diagonal_adjoint.defvjp(lambda xp, g, *, offset, axis1, axis2: xp.diagonal(g, offset=offset, axis1=axis1, axis2=axis2))


@primitive
def diag(x: Any, *, k: int = 0) -> Any:
    """A matrix with the vector x on its k-th diagonal; of a matrix x, a copy of its k-th diagonal"""
    if x.ndim != 1:
        if x.ndim != 2:
            raise ValueError("it takes a vector or a matrix")
        return x.diagonal(k).copy()
    n = len(x)
    m = n + abs(k)
    out = np.zeros(m * m, x.dtype)
    start = k if k >= 0 else -k * m
    out[start : start + n * (m + 1) : m + 1] = x
    return out.reshape(m, m)


diag.defvjp(
    lambda xp, g, x_shape, *, k: (
        xp.diag(g, k=k) if len(x_shape) == 1 else xp.diagonal_adjoint(g, offset=k, axis1=0, axis2=1, shape=x_shape)
    )
)

# ---------------------------------------------------------------------------------------------------- triangles


@lru_cache(maxsize=64)
def _band(rows: int, columns: int, first: int, last: int, size: int) -> Any:
    """A mask of bits: all of them where the column minus the row is at least `first` and at most `last`."""
    # One line, seen by each row one element further to the left, is the whole mask.
    line = np.zeros(rows + columns - 1, _BITS[size])
    line[max(first + rows - 1, 0) : max(last + rows, 0)] = -1
    return np.ndarray((rows, columns), line.dtype, line, (rows - 1) * size, (-size, size))


def _masked(x: Any, first: int, last: int) -> Any:
    """x in a band of diagonals, 0 elsewhere."""
    if x.ndim < 2:
        raise ValueError("a triangle needs at least two dimensions")
    if not x.size:
        return x.copy()
    # Bits that are masked become 0 whatever they were, which a product with 0 does not make of nan.
    mask = _band(*x.shape[-2:], first, last, x.itemsize)
    out = np.empty(x.shape, x.dtype)
    np.bitwise_and(x.view(mask.dtype), mask, out=out.view(mask.dtype))
    return out


@primitive
def tril(x: Any, *, k: int = 0) -> Any:
    """x on and below the k-th diagonal of the last two dimensions, else 0"""
    return _masked(x, -x.shape[-2] if x.ndim > 1 else 0, k)


tril.defvjp(lambda xp, g, *, k: xp.tril(g, k=k))


@primitive
def triu(x: Any, *, k: int = 0) -> Any:
    """x on and above the k-th diagonal of the last two dimensions, else 0"""
    return _masked(x, k, x.shape[-1] if x.ndim else 0)


triu.defvjp(lambda xp, g, *, k: xp.triu(g, k=k))

# ---------------------------------------------------------------------------------------------------- other orders


def _places(axis: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions given as None (all), an int or a tuple, counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    return tuple([place(a, ndim) for a in axis]) if isinstance(axis, tuple) else (place(axis, ndim),)


@primitive
def flip(x: Any, *, axis: Any = None) -> Any:
    """The order of elements reversed along `axis`: None (all dimensions), an int or a tuple"""
    back = _places(axis, x.ndim)
    return x[tuple([_BACKWARD if i in back else _ALL for i in range(x.ndim)])].copy()


flip.defvjp(lambda xp, g, *, axis: xp.flip(g, axis=axis))


@primitive
def rot90(x: Any, *, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """The plane of two dimensions turned by 90 degrees k times, from the first to the second"""
    a, b = _places(axes, x.ndim)
    key: list[slice] = [_ALL] * x.ndim
    if k % 4 in (1, 2):
        key[b] = _BACKWARD
    if k % 4 in (2, 3):
        key[a] = _BACKWARD
    turned = x[tuple(key)].copy()
    return turned.swapaxes(a, b) if k % 2 else turned


rot90.defvjp(lambda xp, g, *, k, axes: xp.rot90(g, k=-k, axes=axes))


@primitive
def roll(x: Any, *, shift: Any, axis: Any = None) -> Any:
    """Elements moved along `axis` by `shift` places, in a circle; without an axis, through all of them in order"""
    out = x.reshape(-1) if axis is None else x
    places = (0,) if axis is None else _places(axis, x.ndim)
    shifts = shift if isinstance(shift, tuple) else (shift,) * len(places)
    if not isinstance(axis, tuple):
        places *= len(shifts)
    moved = False
    for by, a in zip(shifts, places, strict=True):
        cut = -by % (out.shape[a] or 1)
        if cut:
            before = (_ALL,) * a
            out = np.concatenate((out[(*before, slice(cut, None))], out[(*before, slice(cut))]), a)
            moved = True
    if not moved:
        return x.copy()
    return out.reshape(x.shape) if axis is None else in_order(out)


# The adjoint moves them back.
roll.defvjp(lambda xp, g, *, shift, axis: xp.roll(g, shift=_opposite(shift), axis=axis))


def _opposite(shift: Any) -> Any:
    return tuple([-s for s in shift]) if isinstance(shift, tuple) else -shift


# ---------------------------------------------------------------------------------------------------- repetition


def _tiling(shape: tuple[int, ...], reps: tuple[int, ...]) -> tuple[list[int], list[int], list[int]]:
    """The sizes of x with a place before each dimension, those of its repetition, and those of the result."""
    new = len(reps) - len(shape)
    sizes = (1,) * new + shape
    reps = (1,) * -new + reps
    apart = [m for n in sizes for m in (1, n)]
    repeated = [m for r, n in zip(reps, sizes) for m in (r, n)]
    return apart, repeated, [r * n for r, n in zip(reps, sizes)]


@primitive
def tile(x: Any, *, reps: tuple[int, ...]) -> Any:
    """x set side by side with itself: reps[i] times along dimension i, counted from the back"""
    apart, repeated, shape = _tiling(x.shape, reps)
    out = np.empty(repeated, x.dtype)
    out[...] = x.reshape(apart)
    return out.reshape(shape)


# Each element receives what arrives at its copies.
def _tile(xp: Any, g: Any, x_shape: Any, *, reps: tuple[int, ...]) -> Any:
    repeated = tuple(_tiling(x_shape, reps)[1])
    total = xp.sum(xp.reshape(g, shape=repeated), axis=tuple(range(0, len(repeated), 2)))
    return total if len(repeated) == 2 * len(x_shape) else xp.reshape(total, shape=x_shape)


tile.defvjp(_tile)


@primitive
def repeat(x: Any, repeats: Any, *, axis: int | None = None) -> Any:
    """Each element `repeats` times: one number, or one for each along `axis`; without an axis, all elements in order"""
    return x.repeat(repeats, axis)


repeat.defvjp(
    lambda xp, g, repeats, x_shape, *, axis: xp.repeat_adjoint(g, repeats, axis=axis, shape=x_shape),
    None,
)


@primitive
def repeat_adjoint(x: Any, repeats: Any, *, axis: int | None, shape: tuple[int, ...]) -> Any:
    """The sum of each element's repetitions"""
    out = np.empty(shape, x.dtype)
    inner = out.reshape(-1) if axis is None else out
    a = 0 if axis is None else place(axis, len(shape))
    before: tuple[Any, ...] = (_ALL,) * a
    if not isinstance(repeats, np.ndarray) or repeats.size == 1:
        r = int(np.asarray(repeats).item())
        apart = x.reshape(*inner.shape[: a + 1], r, *inner.shape[a + 1 :])
        if not 0 < r <= 8:
            _add(apart, axis=a + 1, out=inner)
            return out
        # A reduction over a handful of neighbours spends its time between them.
        inner[...] = apart[(*before, _ALL, 0)]
        for i in range(1, r):
            inner += apart[(*before, _ALL, i)]
        return out
    inner[...] = 0
    some = repeats.nonzero()[0]
    if some.size:
        starts = repeats.cumsum() - repeats
        inner[(*before, some)] = np.add.reduceat(x, starts[some], a)
    return out


repeat_adjoint.defvjp(lambda xp, g, repeats, *, axis: xp.repeat(g, repeats, axis=axis), None)

# ---------------------------------------------------------------------------------------------------- windows


def _windows(x: Any, a: int, size: int, step: int) -> Any:
    """Every window along dimension `a`, on the memory of x."""
    shape = (*x.shape[:a], (x.shape[a] - size) // step + 1, *x.shape[a + 1 :], size)
    stride = x.strides[a]
    strides = (*x.strides[:a], stride * step, *x.strides[a + 1 :], stride)
    if x.flags.forc and x.size:
        return np.ndarray(shape, x.dtype, x, 0, strides)
    return np.lib.stride_tricks.as_strided(x, shape, strides)


@primitive(view=True)
def unfold(x: Any, *, axis: int, size: int, step: int) -> Any:
    """Windows of `size` elements along `axis`, each `step` after the one before; the elements as the last dimension"""
    out = _windows(x, place(axis, x.ndim), size, step)
    if size > step:
        out.flags.writeable = False
    return out


unfold.defvjp(
    lambda xp, g, x_shape, *, axis, size, step: xp.unfold_adjoint(g, axis=axis, size=size, step=step, shape=x_shape)
)


@primitive
def unfold_adjoint(x: Any, *, axis: int, size: int, step: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with every window added where it was seen"""
    out = np.zeros(shape, x.dtype)
    a = place(axis, len(shape))
    before: tuple[Any, ...] = (_ALL,) * a
    count = x.shape[a]
    if size <= step:
        _windows(out, a, size, step)[...] = x
        return out
    if count <= size:
        for i in range(count):
            window = out[(*before, slice(i * step, i * step + size))]
            window += np.moveaxis(x[(*before, i)], -1, a)
        return out
    last = (count - 1) * step + 1
    for j in range(size):
        seen = out[(*before, slice(j, j + last, step))]
        seen += x[..., j]
    return out


unfold_adjoint.defvjp(lambda xp, g, *, axis, size, step: xp.unfold(g, axis=axis, size=size, step=step))


def _strided(memory: Any, shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Any:
    """An array on contiguous memory; strides and offset count elements."""
    size = memory.itemsize
    return np.ndarray(shape, memory.dtype, memory, offset * size, [s * size for s in strides])


def _overlaps(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether some element may be seen twice."""
    reach = 0
    for stride, n in sorted(zip(strides, shape)):
        if n > 1:
            if stride <= reach:
                return True
            reach += stride * (n - 1)
    return False


@primitive(view=True)
def as_strided(
    x: Any, *, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0, order: tuple[int, ...] | None = None
) -> Any:
    """The memory of x seen with other strides; it holds the elements as x, or x.transpose(order), has them"""
    # An array that lies otherwise (a cotangent, the positions of a write) is first laid out as x is.
    memory = x if order is None else x.transpose(order)
    out = _strided(memory if memory.flags.c_contiguous else memory.copy(), shape, strides, offset)
    if _overlaps(shape, strides):
        out.flags.writeable = False
    return out


as_strided.defvjp(
    lambda xp, g, x_shape, *, strides, offset, order: xp.as_strided_adjoint(
        g, shape=x_shape, strides=strides, offset=offset, order=order
    )
)


@primitive
def as_strided_adjoint(
    x: Any, *, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, order: tuple[int, ...] | None
) -> Any:
    """Zeros of `shape` with x added where it was seen"""
    lying = shape if order is None else tuple([shape[i] for i in order])
    if _overlaps(x.shape, strides):
        n = prod(shape)
        positions = _strided(np.arange(n), x.shape, strides, offset)
        memory = np.bincount(positions.ravel(), x.ravel(), n).astype(x.dtype, copy=False).reshape(lying)
    else:
        memory = np.zeros(lying, x.dtype)
        _strided(memory, x.shape, strides, offset)[...] = x
    return memory if order is None else memory.transpose(sorted(range(len(order)), key=order.__getitem__))


as_strided_adjoint.defvjp(
    lambda xp, g, x_shape, *, strides, offset, order: xp.as_strided(
        g, shape=x_shape, strides=strides, offset=offset, order=order
    )
)

# ---------------------------------------------------------------------------------------------------- blocks


@primitive
def block_diag(*blocks: Any) -> Any:
    """Matrices one after the other along the diagonal, zeros elsewhere"""
    shape = [sum([b.shape[0] for b in blocks]), sum([b.shape[1] for b in blocks])]
    out = np.zeros(shape, blocks[0].dtype)
    row = column = 0
    for b in blocks:
        rows, columns = b.shape
        out[row : row + rows, column : column + columns] = b
        row, column = row + rows, column + columns
    return out


def _block_diag(xp: Any, g: Any, blocks_shape: Any) -> Any:
    parts, row, column = [], 0, 0
    for rows, columns in blocks_shape:
        parts.append(g[row : row + rows, column : column + columns])
        row, column = row + rows, column + columns
    return parts


block_diag.defvjp_joint(_block_diag)
