"""NumPy's order statistics and moments of several variables on Tensors: quantiles, covariances, interpolation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.errors import AutodiffError, ShapeError
from autodiff.graph import wrap
from autodiff.ops import comparison as cmp
from autodiff.ops import elementwise as ew
from autodiff.ops import linalg, order, reduce, views
from autodiff.ops.index import take_along
from autodiff.ops.shape import concatenate, reshape, stack, transpose
from autodiff.protocols.arguments import array_read, cast, flat, last, shape_of, together, value, values

__all__ = ["TABLE"]


def _quantile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False, ignore_nan: bool = False
) -> Any:
    """Quantiles of the sorted elements, between two of which it lies."""
    x = value(a)
    x = cast(x, None if x._array.dtype.kind == "f" else "float32")
    shape = shape_of(x)
    rows, over = last(x, axis)
    if not rows._array.shape[-1]:
        raise ShapeError(f"of no elements there is no quantile; the shape is {shape}")
    rows = order.sort(rows, axis=-1)
    places = np.asarray(array_read(q, "a quantile of NumPy's"), float)
    if places.size and not (places.min() >= 0 and places.max() <= 1):
        raise AutodiffError("quantiles are asked for by numbers from 0 to 1 (percentiles from 0 to 100)")
    missing = np.isnan(array_read(rows, "a quantile of NumPy's"))
    count = np.full(missing.shape[:-1], missing.shape[-1])
    if ignore_nan:
        count = np.add.reduce(~missing, axis=-1)
    out = stack(*[_between(rows, p, count, method) for p in places.reshape(-1)], axis=0)
    gone = count == 0 if ignore_nan else missing[..., -1]
    if gone.any():
        out = ew.where(gone, float("nan"), out)
    left = tuple([1 if i in over else n for i, n in enumerate(shape) if keepdims or i not in over])
    return reshape(out, shape=places.shape + left)


def _between(rows: Any, p: float, count: Any, method: str) -> Any:
    at = p * np.maximum(count - 1, 0)
    if method == "nearest":
        at = np.round(at)
    low, high = np.floor(at).astype(np.int64)[..., None], np.ceil(at).astype(np.int64)[..., None]
    if method in ("lower", "higher", "nearest"):
        return take_along(rows, low if method == "lower" else high, axis=-1)[..., 0]
    if method not in ("linear", "midpoint"):
        raise AutodiffError(f"a quantile's method is linear, lower, higher, midpoint or nearest here, not {method!r}")
    below, above = (take_along(rows, i, axis=-1)[..., 0] for i in (low, high))
    share = at - np.floor(at) if method == "linear" else np.where(high != low, 0.5, 0.0)[..., 0]
    share = np.asarray(share, rows._array.dtype)
    return ew.add(ew.multiply(below, wrap(np.asarray(1 - share))), ew.multiply(above, wrap(share)))


def _median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return _quantile(a, 0.5, axis, keepdims=keepdims)


def _nanmedian(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return _quantile(a, 0.5, axis, keepdims=keepdims, ignore_nan=True)


def _quantiles(scale: float, ignore_nan: bool) -> Callable[..., Any]:
    def function(a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False) -> Any:
        places = np.asarray(array_read(q, "a quantile of NumPy's"), float) / scale
        return _quantile(a, places, axis, method=method, keepdims=keepdims, ignore_nan=ignore_nan)

    return function


# ---------------------------------------------------------------------- several variables


def _variables(m: Any, y: Any, rowvar: bool) -> Any:
    """Variables as rows."""
    xs = [value(m)] if y is None else together(m, y)
    xs = [x if x._array.ndim == 2 else reshape(x, shape=(1, -1)) for x in xs]
    if not rowvar:
        xs = [x if x._array.shape[0] == 1 and value(m)._array.ndim < 2 else transpose(x) for x in xs]
    return xs[0] if y is None else concatenate(*xs, axis=0)


def _cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Any:
    x = _variables(m, y, rowvar)
    correction = (0 if bias else 1) if ddof is None else ddof
    n = shape_of(x)[1]
    weights = None
    for given in (fweights, aweights):
        if given is not None:
            w = cast(value(given, like=(x,)), x._array.dtype)
            weights = w if weights is None else ew.multiply(weights, w)
    if weights is None:
        centred = ew.subtract(x, reduce.mean(x, axis=1, keepdims=True))
        out = ew.divide(linalg.matmul(centred, transpose(centred)), n - correction)
    else:
        total = reduce.sum(weights)
        centred = ew.subtract(x, (ew.divide(reduce.sum(ew.multiply(x, weights), axis=1, keepdims=True), total)))
        freedom = ew.subtract(total, correction)
        if correction and aweights is not None:
            squares = reduce.sum(ew.multiply(weights, cast(value(aweights, like=(x,)), x._array.dtype)))
            freedom = ew.subtract(total, ew.divide(ew.multiply(squares, correction), total))
        out = ew.divide(linalg.matmul(ew.multiply(centred, weights), transpose(centred)), freedom)
    return reshape(out, shape=()) if shape_of(x)[0] == 1 else out


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = _cov(x, y, rowvar)
    if not c._array.ndim:
        return ew.divide(c, c)
    root = ew.sqrt(views.diagonal(c))
    return ew.clip(ew.divide(ew.divide(c, root[:, None]), root[None, :]), -1.0, 1.0)


# ---------------------------------------------------------------------- sequences


def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Windows of the longer sequence, times the shorter one backward."""
    x, y = together(a, v)
    if x._array.ndim > 1 or y._array.ndim > 1:
        raise ShapeError(f"only sequences can be convolved, and the shapes are {shape_of(x)} and {shape_of(y)}")
    x, y = (flat(s) for s in (x, y))
    if len(x._array) < len(y._array):
        x, y = y, x
    m, n = len(x._array), len(y._array)
    if not n:
        raise AutodiffError("a sequence without elements cannot be convolved")
    if mode not in ("full", "same", "valid"):
        raise AutodiffError(f"a convolution's mode is full, same or valid, not {mode!r}")
    if mode == "valid":
        before = after = 0
    elif mode == "same":
        before, after = n // 2, (n - 1) // 2
    else:
        before = after = n - 1
    zeros = np.zeros(max(before, after), x._array.dtype)
    padded = concatenate(value(zeros[:before]), x, value(zeros[:after]), axis=0)
    windows = views.unfold(padded, axis=0, size=n, step=1)
    assert len(windows._array) == m - n + 1 + before + after
    return linalg.matmul(windows, views.flip(y))


def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """Straight lines between the points."""
    x, xs, fs = together(x, xp, fp)
    if xs._array.ndim != 1 or shape_of(xs) != shape_of(fs) or not xs._array.size:
        raise ShapeError(f"np.interp needs as many values as places, and got {shape_of(fs)} and {shape_of(xs)}")
    known, n = array_read(xs, "np.interp"), len(xs._array)
    i = np.clip(np.searchsorted(known, array_read(x, "np.interp"), side="right") - 1, 0, max(n - 2, 0))
    j = np.minimum(i + 1, n - 1)
    width = ew.subtract(xs[j], xs[i])
    slope = ew.divide(ew.subtract(fs[j], fs[i]), ew.where(cmp.equal(width, 0.0), 1.0, width))
    out = ew.add(fs[i], ew.multiply(slope, ew.subtract(x, xs[i])))
    out = ew.where(cmp.less(x, xs[0]), fs[0] if left is None else left, out)
    return ew.where(cmp.greater(x, xs[n - 1]), fs[n - 1] if right is None else right, out)


def _polyval(p: Any, x: Any) -> Any:
    coefficients, x = values((p, x))
    out = ew.multiply(x, 0)
    for k in range(len(coefficients._array)):
        out = ew.add(ew.multiply(out, x), coefficients[k])
    return out


TABLE: dict[str, Callable[..., Any]] = {
    "median": _median,
    "nanmedian": _nanmedian,
    "quantile": _quantiles(1.0, False),
    "percentile": _quantiles(100.0, False),
    "nanquantile": _quantiles(1.0, True),
    "nanpercentile": _quantiles(100.0, True),
    "cov": _cov,
    "corrcoef": _corrcoef,
    "convolve": _convolve,
    "correlate": lambda a, v, mode="valid": _correlate(a, v, mode),
    "interp": _interp,
    "polyval": _polyval,
}


def _correlate(a: Any, v: Any, mode: str) -> Any:
    x, y = value(a), value(v)
    out = _convolve(x, views.flip(y), mode)
    if mode == "same" and len(x._array) < len(y._array) and not len(x._array) % 2:
        # The middle of an even number of elements lies on the other side then.
        full = _convolve(x, views.flip(y), "full")
        start = (len(x._array) - 1) // 2 + 1
        out = full[start : start + len(y._array)]
    return out
