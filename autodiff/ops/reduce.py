"""Reductions: sums and products, largest and smallest elements.

`axis` is None, an int or a tuple of ints; `keepdims` keeps the reduced dimensions with size 1.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from autodiff.ops.scans import LARGEST, accumulate, ordered
from autodiff.primitive import primitive

# Under names of their own: NumPy's stubs have no overload for `keepdims` being a variable.
_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce

#: What numbers of fewer than four bytes are added up in: float16 would lose all but three digits, bytes overflow.
_WIDE = {"f": np.float32, "i": np.int64, "u": np.int64, "b": np.int64}


# The sums of the columns of up to so many rows, a bias's cotangent, are a product with ones: BLAS takes a third of the
# time of a reduction, or less.
_MOST = 4096
_ONES: dict[Any, Any] = {np.dtype(d): np.ones(_MOST, d) for d in (np.float32, np.float64)}


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The reduced dimensions, as non-negative numbers."""
    if axis is None:
        return tuple(range(ndim))
    return tuple([a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))]) if ndim else ()


def kept(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape that a reduction with keepdims leaves."""
    if type(axis) is int and shape:
        axis %= len(shape)
        return (*shape[:axis], 1, *shape[axis + 1 :])
    axes = axes_of(axis, len(shape))
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements each result is made of."""
    if type(axis) is int and shape:
        return shape[axis]
    total = 1
    for a in axes_of(axis, len(shape)):
        total *= shape[a]
    return total


def restore(xp: Any, x: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Make a reduced array broadcast against the original: give it its reduced dimensions back, where that matters."""
    if keepdims or axis is None or axis == 0 or len(shape) < 2:
        return x
    return xp.reshape(x, shape=kept(shape, axis))


def _narrow(x: Any, axis: Any, keepdims: bool) -> Any:
    """A sum of numbers of one or two bytes."""
    total = _add(x, axis=axis, keepdims=keepdims, dtype=_WIDE[x.dtype.kind])
    return total.astype(x.dtype) if x.dtype.kind == "f" else total


# ---------------------------------------------------------------------- sums


@primitive
def spread(x: Any, *, shape: tuple[int, ...]) -> Any:
    """Broadcast to `shape`, into memory of its own (a view with strides of 0 is slower to make, and to read)."""
    out = np.empty(shape, x.dtype)
    out[...] = x
    return out


spread.defvjp(lambda xp, g, x_shape: xp.unbroadcast(g, shape=x_shape))


@primitive
def unbroadcast(x: Any, *, shape: tuple[int, ...]) -> Any:
    """Sum over the dimensions that broadcasting added or stretched, so that x gets `shape` back"""
    lead = x.ndim - len(shape)
    if lead == 1 and x.ndim == 2 and x.shape[1:] == shape and len(x) <= _MOST and x.dtype in _ONES:
        return _ONES[x.dtype][: len(x)].dot(x)
    total = _narrow if x.dtype.itemsize < 4 else _add
    if lead:
        x = total(x, axis=0 if lead == 1 else tuple(range(lead)), keepdims=False)
        if x.shape == shape:
            return x
    stretched = tuple([i for i, n in enumerate(shape) if n == 1 and x.shape[i] != 1])
    return total(x, axis=stretched, keepdims=True) if stretched else x


unbroadcast.defvjp(lambda xp, g, x_shape: xp.spread(g, shape=x_shape))


@unbroadcast.defcomposite
def _sums(xp: Any, x: Any, *, shape: tuple[int, ...]) -> Any:
    lead = len(x.shape) - len(shape)
    if lead:
        x = xp.sum(x, axis=0 if lead == 1 else tuple(range(lead)))
    stretched = tuple([i for i, n in enumerate(shape) if n == 1 and x.shape[i] != 1])
    return xp.sum(x, axis=stretched, keepdims=True) if stretched else x


@primitive
def sum(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum over `axis`; small integers are added up as int64, float16 in float32"""
    if x.dtype.itemsize < 4:
        return _narrow(x, axis, keepdims)
    return ordered(_add(x, axis=axis, keepdims=keepdims))


sum.defvjp(lambda xp, g, x_shape, *, axis, keepdims: xp.spread(restore(xp, g, x_shape, axis, keepdims), shape=x_shape))


@primitive(promotes="float")
def mean(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over `axis`; of no elements, nan"""
    n = count(x.shape, axis) or np.nan
    if x.dtype.itemsize < 4:
        return np.true_divide(_add(x, axis=axis, keepdims=keepdims, dtype=np.float32), n).astype(x.dtype)
    return ordered(np.true_divide(_add(x, axis=axis, keepdims=keepdims), n))


# Of no elements there is nothing to spread a cotangent over: any divisor does.
mean.defvjp(
    lambda xp, g, x_shape, *, axis, keepdims: xp.spread(
        restore(xp, g / (count(x_shape, axis) or 1), x_shape, axis, keepdims), shape=x_shape
    )
)


# ---------------------------------------------------------------------- products


#: How many running products a long product is taken in: one alone waits for each multiplication (0.8 against 0.1 ms).
_LANES = 1024


def _product(x: Any, axis: Any, keepdims: bool) -> Any:
    """np.multiply.reduce."""
    if x.size < 8 * _LANES or (axis is not None and x.ndim > 1) or not x.flags.c_contiguous:
        return ordered(_multiply(x, axis=axis, keepdims=keepdims))
    flat, most = x.reshape(-1), x.size - x.size % _LANES
    out = _multiply(_multiply(flat[:most].reshape(-1, _LANES), axis=0)) * _multiply(flat[most:])
    return out.reshape((1,) * x.ndim) if keepdims else out


@primitive
def prod(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Product over `axis`; small integers are multiplied as int64, float16 in float32"""
    if x.dtype.itemsize < 4:
        out = _multiply(x, axis=axis, keepdims=keepdims, dtype=_WIDE[x.dtype.kind])
        return out.astype(x.dtype) if x.dtype.kind == "f" else out
    return _product(x, axis, keepdims)


# d/dx_i prod_j x_j = the product of all the others, which no division gives where there are zeros
prod.defvjp(
    lambda xp, g, x, *, axis, keepdims: restore(xp, g, x.shape, axis, keepdims) * xp.products_of_others(x, axis=axis)
)


@primitive
def products_of_others(x: Any, *, axis: Any = None) -> Any:
    """For each element the product of all the others over `axis`, zeros among them or not"""
    total = _product(x, axis, True)
    # Nothing else divided by itself is 1: where no product is 0, infinite or nan, one division does.
    if np.count_nonzero(total / total == 1) == total.size:
        return total / x
    axes = axes_of(axis, x.ndim)
    order = (*axes, *[i for i in range(x.ndim) if i not in axes])
    first = x.transpose(order)
    others = _others(first.reshape(count(x.shape, axis), -1))
    return others.reshape(first.shape).transpose([order.index(i) for i in range(x.ndim)]).copy()


def _others(x: Any) -> Any:
    """Products of all the others along the first axis: of what stands before, times of what stands after."""
    n, rows = x.shape
    steps = isqrt(n) if n > 64 * rows else n
    if steps < n:  # few long columns: fold each into several, whose products have others in turn
        folds = -(-n // steps)
        folded = x
        if n < steps * folds:
            folded = np.ones((steps * folds, rows), x.dtype)
            folded[:n] = x
        folded = folded.reshape(steps, folds * rows)
        out = _others(folded).reshape(steps, folds, rows)
        out *= _others(_multiply(folded, axis=0).reshape(folds, rows))
        return out.reshape(-1, rows)[:n]
    out = np.ones_like(x)
    accumulate(np.multiply, x[:-1], 0, out[1:])
    out[:-1] *= accumulate(np.multiply, x[:0:-1], 0, np.empty_like(x[1:]))[::-1]
    return out


# d/dx_k sum_i g_i prod_{j != i} x_j = sum_{i != k} g_i prod_{j != i, k} x_j: what is linear in e when the products of
# others are taken of x + e g
def _products_of_others(xp: Any, g: Any, x: Any, *, axis: Any) -> Any:
    axes = axes_of(axis, len(x.shape))
    order = (*[i for i in range(len(x.shape)) if i not in axes], *axes)
    shape = tuple([x.shape[i] for i in order])
    rows = (*shape[: len(shape) - len(axes)], count(x.shape, axis))
    value, slope = [xp.reshape(xp.transpose(a, axes=order), shape=rows) for a in (x, g)]
    slopes = xp.reshape(_slopes_of_others(xp, value, slope)[1], shape=shape)
    return xp.transpose(slopes, axes=tuple([order.index(i) for i in range(len(order))]))


def _slopes_of_others(xp: Any, x: Any, dx: Any) -> tuple[Any, Any]:
    """Products of all the others along the last axis, and their slopes along dx, by pairs: a tree of depth log2(n)."""
    n = x.shape[-1]
    if n < 2:
        return xp.ones_like(x), xp.zeros_like(dx)
    if n % 2:
        x = xp.concatenate(x, xp.ones_like(x[..., :1]), axis=-1)
        dx = xp.concatenate(dx, xp.zeros_like(dx[..., :1]), axis=-1)
    (a, b), (da, db) = [(v[..., 0::2], v[..., 1::2]) for v in (x, dx)]
    above, slope = _slopes_of_others(xp, a * b, da * b + a * db)
    values = xp.stack(above * b, above * a, axis=-1)
    slopes = xp.stack(slope * b + above * db, slope * a + above * da, axis=-1)
    return xp.reshape(values, shape=x.shape)[..., :n], xp.reshape(slopes, shape=x.shape)[..., :n]


products_of_others.defvjp(_products_of_others)


# ---------------------------------------------------------------------- largest and smallest elements


@primitive
def amax(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest element over `axis`; equal ones share the cotangent equally"""
    return ordered(_maximum(x, axis=axis, keepdims=keepdims))


@primitive
def amin(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest element over `axis`; equal ones share the cotangent equally"""
    return ordered(_minimum(x, axis=axis, keepdims=keepdims))


def _extreme(xp: Any, g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    shape = x.shape
    top = restore(xp, out, shape, axis, keepdims)
    return xp.share(restore(xp, g, shape, axis, keepdims), x, top, axis=axis)


amax.defvjp(_extreme)
amin.defvjp(_extreme)


@primitive
def share(x: Any, y: Any, value: Any, *, axis: Any = None) -> Any:
    """x, divided equally over `axis` among the elements of y that equal `value`; 0 for all others"""
    mask = np.equal(y, value)
    if axis is None and value.size and np.isnan(value).reshape(-1)[0]:
        mask = np.isnan(y)  # it is the nans that made it
    out = mask.astype(y.dtype)
    out *= np.true_divide(x, int(np.count_nonzero(mask)) if axis is None else _add(out, axis=axis, keepdims=True))
    return out


# Which elements are equal is locally constant.
share.defvjp(
    lambda xp, g, y, value, *, axis: xp.sum(g * xp.share(1.0, y, value, axis=axis), axis=axis, keepdims=True),
    None,
    None,
)


@share.defcomposite
def _share(xp: Any, x: Any, y: Any, value: Any, *, axis: Any = None) -> Any:
    mask = (y == value) | (xp.isnan(y) & xp.isnan(value)) if axis is None else y == value
    mask = xp.cast(mask, dtype=y.dtype)
    return mask * (x / xp.sum(mask, axis=axis, keepdims=True))


@primitive(outputs=True, keeps_gaps=True)
def max_with_indices(x: Any, *, axis: int, keepdims: bool = False) -> Any:
    """Largest elements along one dimension, and where each stands first"""
    if not x.ndim:
        return np.array(x), 0
    return ordered(_maximum(x, axis=axis, keepdims=keepdims)), x.argmax(axis, keepdims=keepdims)


@primitive(outputs=True, keeps_gaps=True)
def min_with_indices(x: Any, *, axis: int, keepdims: bool = False) -> Any:
    """Smallest elements along one dimension, and where each stands first"""
    if not x.ndim:
        return np.array(x), 0
    return ordered(_minimum(x, axis=axis, keepdims=keepdims)), x.argmin(axis, keepdims=keepdims)


# The cotangent goes back to where the element came from. Indices have no cotangent of their own.
max_with_indices.defvjp(lambda xp, g, out, x_shape, *, axis: xp.place(g[0], out[1], axis=axis, shape=x_shape))
min_with_indices.defvjp(lambda xp, g, out, x_shape, *, axis: xp.place(g[0], out[1], axis=axis, shape=x_shape))


def _cells(indices: Any, shape: tuple[int, ...], axis: int) -> tuple[tuple[int, ...], Any, tuple[int, ...]]:
    """Fold `shape` to (before, along, after); the key of one element a row; and the shape of the rows."""
    axis %= len(shape)
    n = shape[axis]
    before = after = 1
    for size in shape[:axis]:
        before *= size
    for size in shape[axis + 1 :]:
        after *= size
    rows = (before, after)
    key = (np.arange(before)[:, None], indices.reshape(rows), np.arange(after))
    return (before, n, after), key, rows


@primitive
def place(x: Any, indices: Any, *, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with one element of x in each row along `axis`, where `indices` says: the adjoint of pick"""
    out = np.zeros(shape, x.dtype)
    if len(shape) < 2:
        out[indices if shape else ()] = x
        return out
    folded, key, rows = _cells(indices, shape, axis)
    out.reshape(folded)[key] = x.reshape(rows)
    return out


place.defvjp(
    lambda xp, g, indices, x_shape, *, axis: xp.reshape(xp.pick(g, indices, axis=axis), shape=x_shape),
    None,
)


@primitive
def pick(x: Any, indices: Any, *, axis: int) -> Any:
    """One element of each row along `axis`, where `indices` says"""
    if x.ndim < 2:
        return np.array(x[indices] if x.ndim else x)
    folded, key, _ = _cells(indices, x.shape, axis)
    axis %= x.ndim
    return x.reshape(folded)[key].reshape(x.shape[:axis] + x.shape[axis + 1 :])


pick.defvjp(
    lambda xp, g, indices, x_shape, *, axis: xp.place(g, indices, axis=axis, shape=x_shape),
    None,
)


@primitive(promotes="float")
def logsumexp(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), shifted by the largest element so that nothing overflows"""
    # Held to finite numbers, since inf - inf would be nan.
    limit = LARGEST[x.dtype]
    top = np.minimum(_maximum(x, axis=axis, keepdims=True, initial=-limit), limit)
    weights = np.subtract(x, top)
    weights = np.exp(weights, out=weights if x.ndim else None)
    total = np.log(_add(weights, axis=axis, keepdims=keepdims))
    return ordered(total + (top if keepdims else top.reshape(total.shape)))


# out = log sum exp(x)  =>  d out/dx = exp(x - out), and 0 where out = -inf (every x is -inf)
def _logsumexp(xp: Any, g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    out = restore(xp, xp.maximum(out, -LARGEST[out.dtype]), x.shape, axis, keepdims)
    return xp.exp(x - out) * restore(xp, g, x.shape, axis, keepdims)


logsumexp.defvjp(_logsumexp)


@logsumexp.defcomposite
def _shifted_logsumexp(xp: Any, x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    if 0 in x.shape:
        return xp.log(xp.sum(x, axis=axis, keepdims=keepdims))
    limit = LARGEST[x.dtype]
    top = xp.clip(xp.amax(x, axis=axis, keepdims=True), -limit, limit)
    total = xp.log(xp.sum(xp.exp(x - top), axis=axis, keepdims=keepdims))
    return total + (top if keepdims else xp.reshape(top, shape=total.shape))


# ---------------------------------------------------------------------- no derivative


def _no_derivative(name: str, function: Any) -> Any:
    def forward(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
        out = function(x, axis=axis, keepdims=keepdims)
        return ordered(out) if type(out) is np.ndarray else out

    forward.__name__ = name
    forward.__doc__ = f"np.{name} over `axis`; no derivative"
    return primitive(differentiable=False)(forward)


argmax = _no_derivative("argmax", np.argmax)
argmin = _no_derivative("argmin", np.argmin)
all = _no_derivative("all", np.all)
any = _no_derivative("any", np.any)
count_nonzero = _no_derivative("count_nonzero", np.count_nonzero)
