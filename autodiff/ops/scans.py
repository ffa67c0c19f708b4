"""Scans: sums, products, extremes and log-sums of all elements up to each; differences of neighbours.

Scans run along `axis`; with ``reverse`` from its end. Without an axis `cumsum` and `cumprod` see x flattened, as NumPy
does.
"""

from __future__ import annotations

from functools import cache
from math import isqrt, prod
from typing import Any

import numpy as np

from autodiff.primitive import primitive

#: From how many elements a row of a scan is worth a NumPy call of its own.
_LONG = 512
#: Up to how many elements np.add.at is the fastest way to add up.
_FEW = 128
#: The largest numbers of the floating dtypes.
LARGEST = {np.dtype(d): float(np.finfo(d).max) for d in ("float16", "float32", "float64")}


def accumulate(ufunc: Any, x: Any, axis: int, out: Any) -> Any:
    """``ufunc.accumulate(x, axis)``, into `out` and in its dtype.

    NumPy goes element by element down each column, 3 ns each; row by row, where rows are long, is four times faster.
    """
    n = x.shape[axis]
    if n > 1 and x.ndim > 1 and x.size >= n * _LONG and prod(x.shape[axis + 1 :]) >= 64:
        before, after = (x.swapaxes(0, axis), out.swapaxes(0, axis)) if axis else (x, out)
        row = after[0]
        row[...] = before[0]
        for i in range(1, n):
            row = ufunc(row, before[i], after[i])
        return out
    return ufunc.accumulate(x, axis, out.dtype, out)


def ordered(x: Any) -> Any:
    """A result row by row, so that it has views of other shapes: NumPy lays it out like the operand."""
    return x if x.ndim < 2 or x.flags.c_contiguous else x.copy()


def _backward(axis: int) -> tuple[slice, ...]:
    """The key that turns one axis round."""
    return (*[slice(None)] * axis, slice(None, None, -1))


@cache
def _triangle(n: int, dtype: Any, reverse: bool) -> Any:
    """A matrix whose product with a row is the row's running sum."""
    ones = np.ones((n, n), dtype)
    return np.tril(ones) if reverse else np.triu(ones)


#: How long the pieces of a row may be that are added up by one matrix product, best first.
_PIECES = (16, 20, 12, 18, 24, 10, 14, 15, 25, 9, 8, 32)


def _running_sum(x: Any, axis: int, reverse: bool) -> Any:
    """The running sum along one axis; small integers as int64, float16 in float32."""
    dtype = x.dtype
    if dtype.itemsize < 4 or dtype.kind != "f":
        dtype = np.dtype(np.float32 if dtype.kind == "f" else np.int64)
    elif x.size >= 8 * _LONG and axis == x.ndim - 1 and x.flags.c_contiguous:
        pieces = next((k for k in _PIECES if x.shape[-1] % k == 0), 0)
        found = _piecewise_sum(x, pieces, reverse) if pieces else None
        if found is not None:
            return found
    out = np.empty(x.shape, dtype)
    if reverse:
        key = _backward(axis)
        accumulate(np.add, x[key], axis, out[key])
    else:
        accumulate(np.add, x, axis, out)
    return out.astype(x.dtype) if x.dtype.kind == "f" and dtype is not x.dtype else out


def _piecewise_sum(x: Any, k: int, reverse: bool) -> Any:
    """The running sum along the last axis by pieces of length k; None where something is not finite.

    One product with a triangular matrix adds up within the pieces, three times faster than adding one by one, which
    waits for each sum. What the pieces add up to is accumulated in float64, so that rounding does not build up.
    """
    out = x.reshape(-1, k).dot(_triangle(k, x.dtype, reverse)).reshape(*x.shape[:-1], -1, k)
    totals = np.empty(out.shape[:-1])
    if reverse:
        np.add.accumulate(out[..., ::-1, 0], -1, np.float64, totals[..., ::-1])
    else:
        np.add.accumulate(out[..., -1], -1, np.float64, totals)
    if not np.isfinite(totals[..., 0 if reverse else -1]).all():
        return None  # inf * 0 has put nan before its place
    if reverse:
        out[..., :-1, :] += totals[..., 1:, None].astype(x.dtype, copy=False)
    else:
        out[..., 1:, :] += totals[..., :-1, None].astype(x.dtype, copy=False)
    return out.reshape(x.shape)


@primitive
def cumsum(x: Any, *, axis: Any = None, reverse: bool = False) -> Any:
    """Sum of all elements up to each"""
    if axis is None:
        x, axis = x.reshape(-1), 0
    if not x.ndim:
        return np.array(x, None if x.dtype.kind == "f" else np.int64)
    if x.size <= _LONG and x.dtype.itemsize > 2 and not reverse:
        return np.add.accumulate(ordered(x), axis)
    return _running_sum(x, axis % x.ndim, reverse)


# out_m = sum_{k <= m} x_k  =>  g_k = sum_{m >= k} g_m
def _cumsum(xp: Any, g: Any, x_shape: Any, *, axis: Any, reverse: bool) -> Any:
    g = xp.cumsum(g, axis=axis, reverse=not reverse)
    return g if axis is not None else xp.reshape(g, shape=x_shape)


cumsum.defvjp(_cumsum)


@primitive
def cumprod(x: Any, *, axis: Any = None) -> Any:
    """Product of all elements up to each"""
    if axis is None:
        x, axis = x.reshape(-1), 0
    kind = x.dtype.kind
    dtype = np.dtype(np.int64) if kind != "f" else x.dtype if x.dtype.itemsize > 2 else np.dtype(np.float32)
    if not x.ndim:
        return np.array(x, x.dtype if kind == "f" else dtype)
    out = accumulate(np.multiply, x, axis % x.ndim, np.empty(x.shape, dtype))
    return out.astype(x.dtype) if kind == "f" and dtype != x.dtype else out


# d out_m/dx_k = (product before k) (product over k < j <= m), so g_k = (product before k) s_k where
# s_k = sum_{m >= k} g_m (product over k < j <= m) = g_k + x_{k+1} s_{k+1}: no division, so zeros do no harm
def _cumprod(xp: Any, g: Any, out: Any, x: Any, *, axis: Any) -> Any:
    along = 0 if axis is None else axis
    flat = x if axis is not None else xp.reshape(x, shape=out.shape)
    g = xp.shift(out, axis=along, fill=1.0) * xp.recurrence(flat, g, out, axis=along, reverse=True)
    return g if axis is not None else xp.reshape(g, shape=x.shape)


cumprod.defvjp(_cumprod)


@primitive
def shift(x: Any, *, axis: int, reverse: bool = False, fill: float = 0.0) -> Any:
    """Every element moved one place along `axis`, and `fill` where none comes from"""
    out = np.empty_like(x)
    if not x.ndim:
        out[...] = fill
        return out
    lead = (slice(None),) * (axis % x.ndim)
    taken, given = (slice(-1, None), slice(None, -1)) if reverse else (slice(0, 1), slice(1, None))
    out[(*lead, taken)] = fill
    out[(*lead, given)] = x[(*lead, slice(1, None) if reverse else slice(None, -1))]
    return out


shift.defvjp(lambda xp, g, *, axis, reverse: xp.shift(g, axis=axis, reverse=not reverse))


@primitive
def recurrence(x: Any, y: Any, products: Any, *, axis: int, reverse: bool = False) -> Any:
    """out_k = y_k + x_k out_{k-1}; reversed out_k = y_k + x_{k+1} out_{k+1}. `products` is cumprod(x), or None"""
    if not y.ndim:
        return np.array(y)
    if y.ndim == 1 and y.size <= 32:
        return _short(x.tolist(), y.tolist(), reverse, y.dtype)
    axis %= y.ndim
    if products is not None and _tame(products):
        if reverse:
            out = _running_sum(y * products, axis, True)
            return np.divide(out, products, out=out)
        out = _running_sum(y / products, axis, False)
        return np.multiply(out, products, out=out)
    first = y.swapaxes(0, axis)
    rows = (y.shape[axis], -1 if y.size else 0)
    factors, terms = x.swapaxes(0, axis).reshape(rows), first.reshape(rows)
    if reverse:
        # From the end, each step takes the factor of the element before it in that order.
        factors = factors[::-1]
        out = _solve(np.concatenate([factors[:1], factors[:-1]]), terms[::-1])[::-1]
    else:
        out = _solve(factors, terms)
    return np.ascontiguousarray(out.reshape(first.shape).swapaxes(0, axis))


def _tame(products: Any) -> bool:
    """Whether numbers can be multiplied and divided by these without harm: none is 0, nan, huge or tiny."""
    size = np.absolute(products)
    low = np.minimum.reduce(size, axis=None, initial=1)
    return bool(low > 1e-15 and np.maximum.reduce(size, axis=None, initial=1) < 1e15 and size.dtype.itemsize > 2)


def _short(factors: list[float], out: list[float], reverse: bool, dtype: Any) -> Any:
    """The recurrence of a few numbers, which Python is faster with (2 us for ten, 13 us by rows)."""
    n = len(out)
    for k in range(n - 2, -1, -1) if reverse else range(1, n):
        out[k] += factors[k + 1] * out[k + 1] if reverse else factors[k] * out[k - 1]
    return np.array(out, dtype)


def _solve(x: Any, y: Any) -> Any:
    """The recurrence along the first axis of two, row by row; what a column is long for is cut into blocks first."""
    n, rows = y.shape
    if n <= 64 * rows or n < 256:
        return _solve_rows(x, np.array(y))
    steps = isqrt(n // rows)
    blocks = -(-n // steps)
    # (steps, blocks, rows): one step of all blocks is one row in memory.
    x, y = [_cut(a, steps, blocks).reshape(steps, -1) for a in (x, y)]
    end, reach = y[0].copy(), x[0].copy()
    for k in range(1, steps):
        np.multiply(end, x[k], end)
        np.add(end, y[k], end)
        np.multiply(reach, x[k], reach)
    # Where factors overflow, what they carry on may still be 0, and inf * 0 must not arise.
    limit = LARGEST[y.dtype]
    ends = _solve(np.clip(reach, -limit, limit).reshape(blocks, rows), end.reshape(blocks, rows)).reshape(-1)
    y[0, rows:] += x[0, rows:] * ends[:-rows]
    _solve_rows(x, y)
    return y.reshape(steps, blocks, rows).transpose(1, 0, 2).reshape(-1, rows)[:n]


def _solve_rows(x: Any, out: Any) -> Any:
    """The recurrence row by row, of the terms that stand in `out`."""
    product = np.empty(out.shape[1:], out.dtype)
    for k in range(1, len(out)):
        np.multiply(x[k], out[k - 1], product)
        np.add(out[k], product, out[k])
    return out


def _cut(a: Any, steps: int, blocks: int) -> Any:
    """The first axis as blocks of `steps`, filled up with zeros, the blocks side by side."""
    n, rows = a.shape
    filled = np.zeros((blocks * steps, rows), a.dtype)
    filled[:n] = a
    return filled.reshape(blocks, steps, rows).transpose(1, 0, 2).copy()


# z is the cotangent of y: what reaches out_k comes from out_k itself and, times a factor, from the next. x_k multiplied
# the element before it. The result does not depend on `products`, which only say something of x once more.
def _recurrence_x(xp: Any, g: Any, x: Any, products: Any, out: Any, *, axis: int, reverse: bool) -> Any:
    z = xp.recurrence(x, g, products, axis=axis, reverse=not reverse)
    return xp.shift(z, axis=axis) * out if reverse else z * xp.shift(out, axis=axis)


recurrence.defvjp(
    _recurrence_x,
    lambda xp, g, x, products, *, axis, reverse: xp.recurrence(x, g, products, axis=axis, reverse=not reverse),
    None,
)


def _running_extreme(ufunc: Any, x: Any, axis: int) -> Any:
    axis %= x.ndim
    x = ordered(x)
    small = x.size <= _LONG
    values = ufunc.accumulate(x, axis) if small else accumulate(ufunc, x, axis, np.empty(x.shape, x.dtype))
    reached = np.equal(x, values)
    # A nan is an extreme, and nothing but another nan reaches it; it lasts to the end.
    if x.dtype.kind == "f" and (x.ndim > 1 or (x.size and values[-1] != values[-1])):
        reached |= np.isnan(x)
    places = np.arange(x.shape[axis])
    if axis < x.ndim - 1:
        places = places.reshape(-1, *[1] * (x.ndim - 1 - axis))
    places = reached * places
    return values, np.maximum.accumulate(places, axis) if small else accumulate(np.maximum, places, axis, places)


@primitive(outputs=True, keeps_gaps=True)
def cummax(x: Any, *, axis: int) -> Any:
    """Largest of all elements up to each, and where it stands last; a nan is the largest"""
    return _running_extreme(np.maximum, x, axis)


@primitive(outputs=True, keeps_gaps=True)
def cummin(x: Any, *, axis: int) -> Any:
    """Smallest of all elements up to each, and where it stands last; a nan is the smallest"""
    return _running_extreme(np.minimum, x, axis)


cummax.defvjp(lambda xp, g, out, *, axis: xp.sum_runs(g[0], out[1], axis=axis))
cummin.defvjp(lambda xp, g, out, *, axis: xp.sum_runs(g[0], out[1], axis=axis))


@primitive
def sum_runs(x: Any, indices: Any, *, axis: int) -> Any:
    """Each run of equal indices adds up where it starts: the adjoint of a running extreme"""
    if not x.size:
        return np.array(x)
    if axis % x.ndim != x.ndim - 1:
        x, indices = [np.ascontiguousarray(a.swapaxes(axis, -1)) for a in (x, indices)]
        return np.ascontiguousarray(sum_runs.forward(x, indices, axis=-1).swapaxes(axis, -1))
    out = np.zeros(x.shape, x.dtype)
    if x.ndim == 1 and x.size <= _FEW:
        np.add.at(out, indices, x)  # 1 us for ten elements; the way below takes 2.6 us
        return out
    starts = np.equal(indices, np.arange(x.shape[-1])).ravel().nonzero()[0]
    out.reshape(-1)[starts] = np.add.reduceat(x.reshape(-1), starts)
    return out


sum_runs.defvjp(lambda xp, g, indices, *, axis: xp.take_along(g, indices, axis=axis), None)


@primitive(promotes="float")
def logcumsumexp(x: Any, *, axis: int) -> Any:
    """log(cumsum(exp(x))), shifted so that nothing overflows"""
    if not x.ndim:
        return np.array(x)
    axis %= x.ndim
    x = ordered(x)
    if x.size > 128 and x.dtype.itemsize > 2:
        limit = LARGEST[x.dtype]
        top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-limit)
        out = np.subtract(x, top)
        np.exp(out, out)
        # The sums are right where the first one is: all that vanishes beside the largest vanishes beside it too.
        floor = 1e-30 if x.dtype.itemsize == 4 else 1e-280
        if np.greater(out[(*[slice(None)] * axis, 0)], floor).all():
            out = _running_sum(out, axis, False)
            np.log(out, out)
            out += top
            return out
    return np.logaddexp.accumulate(x, axis)


# d out_m/dx_k = exp(x_k - out_m), so g_k = exp(x_k - out_k) s_k where s_k = sum_{m >= k} g_m exp(out_k - out_m)
# = g_k + exp(out_k - out_{k+1}) s_{k+1}, in which no exponent is positive. It is 0 where all up to k are -inf.
def _logcumsumexp(xp: Any, g: Any, out: Any, x: Any, *, axis: int) -> Any:
    out = xp.maximum(out, -LARGEST[out.dtype])
    steps = xp.exp(xp.shift(out, axis=axis, fill=-float("inf")) - out)
    return xp.exp(x - out) * xp.recurrence(steps, g, None, axis=axis, reverse=True)


logcumsumexp.defvjp(_logcumsumexp)


@primitive
def diff(x: Any, *, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbours along `axis`, n times over; of booleans, whether they differ"""
    lead = (slice(None),) * (axis % x.ndim)
    after, before = (*lead, slice(1, None)), (*lead, slice(None, -1))
    if not n:
        return np.array(x)
    apart = np.not_equal if x.dtype.kind == "b" else np.subtract
    for _ in range(n):
        x = apart(x[after], x[before])
    return x


diff.defvjp(lambda xp, g, x_shape, *, n, axis: xp.diff_adjoint(g, n=n, axis=axis, size=x_shape[axis]))


@primitive
def diff_adjoint(x: Any, *, n: int, axis: int, size: int) -> Any:
    """The adjoint of `diff` of `size` elements: n times, what stands before less what stands at each place"""
    axis %= x.ndim
    lead = (slice(None),) * axis
    after, before, last = (*lead, slice(1, None)), (*lead, slice(None, -1)), (*lead, slice(-1, None))
    shape = list(x.shape)
    if not shape[axis]:
        shape[axis] = size
        return np.zeros(shape, x.dtype)
    for _ in range(n):
        shape[axis] += 1
        out = np.empty(shape, x.dtype)
        np.negative(x, out[before])
        out[last] = 0
        out[after] += x
        x = out
    return x if n else np.array(x)


diff_adjoint.defvjp(lambda xp, g, *, n, axis: xp.diff(g, n=n, axis=axis))
