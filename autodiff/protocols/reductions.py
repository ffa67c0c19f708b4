"""NumPy's reductions and scans on Tensors: sums, extremes, what ignores nan, differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff.errors import DtypeError
from autodiff.ops import comparison as cmp
from autodiff.ops import elementwise as ew
from autodiff.ops import moments, reduce, scans
from autodiff.ops.shape import broadcast_to, concatenate, reshape
from autodiff.protocols.arguments import axes_of, cast, flat, shape_of, together, value

__all__ = ["TABLE"]

INF = float("inf")


def _axis(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


def _sum(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    return reduce.sum(cast(value(a), dtype), axis=_axis(axis), keepdims=keepdims)


def _prod(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    return reduce.prod(cast(value(a), dtype), axis=_axis(axis), keepdims=keepdims)


def _mean(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    return reduce.mean(cast(value(a), dtype), axis=_axis(axis), keepdims=keepdims)


def _spread(op: Any) -> Callable[..., Any]:
    """`var` and `std`, which divide by n - ddof."""

    def function(
        a: Any, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False, correction: Any = None
    ) -> Any:
        freedom = ddof if correction is None else correction
        return op(cast(value(a), dtype), axis=_axis(axis), correction=freedom, keepdims=keepdims)

    return function


def _plain(op: Any) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return op(value(a), axis=_axis(axis), keepdims=keepdims)

    return function


def _peak_to_peak(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    x = value(a)
    return ew.subtract(
        reduce.amax(x, axis=_axis(axis), keepdims=keepdims), reduce.amin(x, axis=_axis(axis), keepdims=keepdims)
    )


def _average(a: Any, axis: Any = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    if weights is None:
        return _mean(a, axis, keepdims=keepdims)
    x, w = together(a, weights)
    if w._array.shape != x._array.shape:
        (along,) = axes_of(axis, x._array.ndim) if w._array.ndim == 1 and axis is not None else (None,)
        if along is None or w._array.size != shape_of(x)[along]:
            raise DtypeError(
                "np.average: weights have the shape of the array, or are one for each place along the axis"
            )
        w = broadcast_to(reshape(w, shape=(-1, *[1] * (x._array.ndim - along - 1))), shape=shape_of(x))
    total = reduce.sum(ew.multiply(x, w), axis=_axis(axis), keepdims=keepdims)
    return ew.divide(total, reduce.sum(w, axis=_axis(axis), keepdims=keepdims))


# ---------------------------------------------------------------------- what ignores nan


def _instead(a: Any, number: float) -> Any:
    """The Tensor with a number in place of nan."""
    x = value(a)
    return ew.where(cmp.isnan(x), number, x) if x._array.dtype.kind == "f" else x


def _nansum(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    return _sum(_instead(a, 0.0), axis, dtype, keepdims=keepdims)


def _nanprod(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    return _prod(_instead(a, 1.0), axis, dtype, keepdims=keepdims)


def _nanmean(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    x = cast(value(a), dtype)
    if x._array.dtype.kind != "f":
        return reduce.mean(x, axis=_axis(axis), keepdims=keepdims)
    total = reduce.sum(_instead(x, 0.0), axis=_axis(axis), keepdims=keepdims)
    return ew.divide(total, moments.count_numbers(x, axis=_axis(axis), keepdims=keepdims))


def _nanvar(a: Any, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    x = cast(value(a), dtype)
    centred = _instead(ew.subtract(x, _nanmean(x, axis, keepdims=True)), 0.0)
    total = reduce.sum(ew.square(centred), axis=_axis(axis), keepdims=keepdims)
    return ew.divide(total, ew.subtract(moments.count_numbers(x, axis=_axis(axis), keepdims=keepdims), ddof))


def _nanstd(a: Any, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    return ew.sqrt(_nanvar(a, axis, dtype, ddof=ddof, keepdims=keepdims))


def _ignoring(op: Any, number: float) -> Callable[..., Any]:
    """An extreme of what is not nan; nan where nothing is left."""

    def function(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        x = value(a)
        out = op(_instead(x, number), axis=_axis(axis), keepdims=keepdims)
        if not op.differentiable or x._array.dtype.kind != "f":
            return out
        return ew.where(reduce.all(cmp.isnan(x), axis=_axis(axis), keepdims=keepdims), float("nan"), out)

    return function


# ---------------------------------------------------------------------- scans and differences


def _scan(op: Any) -> Callable[..., Any]:
    def function(a: Any, axis: Any = None, dtype: Any = None) -> Any:
        x = cast(value(a), dtype)
        return op(x, axis=axis) if x._array.ndim else op(flat(x), axis=0)

    return function


def _scanned(op: Any) -> Callable[..., Any]:
    """`cumulative_sum` and `cumulative_prod`, which want an axis unless there is only one."""

    def function(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        x = cast(value(x), dtype)
        if axis is None and x._array.ndim != 1:
            raise DtypeError("of an array with several dimensions a cumulative sum or product needs its axis")
        axis = 0 if axis is None else axis
        out = op(x, axis=axis)
        if include_initial:
            shape = [1 if i == axis % len(shape_of(out)) else n for i, n in enumerate(shape_of(out))]
            first = broadcast_to(value(out._array.dtype.type(op is scans.cumprod)), shape=tuple(shape))
            out = concatenate(*together(first, out), axis=axis)
        return out

    return function


def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    x = value(a)
    if not x._array.ndim:
        raise DtypeError("np.diff needs an array with dimensions")
    ends = [None if e is None else value(e, like=(x,)) for e in (prepend, append)]
    ends = [broadcast_to(e, shape=_slice(x, axis)) if e is not None and not e._array.ndim else e for e in ends]
    parts = [e for e in (ends[0], x, ends[1]) if e is not None]
    if len(parts) > 1:
        x = concatenate(*together(*parts), axis=axis)
    return scans.diff(x, n=n, axis=axis)


def _slice(x: Any, axis: int) -> tuple[int, ...]:
    shape = list(shape_of(x))
    shape[axis] = 1
    return tuple(shape)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = value(y)
    n = y._array.ndim
    axis = axes_of(axis, n)[0]
    key = [slice(None)] * n
    key[axis] = slice(1, None)
    later = y[tuple(key)]
    key[axis] = slice(None, -1)
    means = ew.multiply(ew.add(later, y[tuple(key)]), 0.5)
    if x is not None:
        x = value(x, like=(y,))
        dx = scans.diff(x, axis=axis - n if x._array.ndim > 1 else 0)
        if x._array.ndim == 1 and n > 1:
            dx = reshape(dx, shape=(-1, *[1] * (n - 1 - axis)))
    return reduce.sum(ew.multiply(means, dx), axis=axis)


#: Each function by its name.
TABLE: dict[str, Callable[..., Any]] = {
    "sum": _sum,
    "prod": _prod,
    "mean": _mean,
    "var": _spread(moments.var),
    "std": _spread(moments.std),
    "max": _plain(reduce.amax),
    "amax": _plain(reduce.amax),
    "min": _plain(reduce.amin),
    "amin": _plain(reduce.amin),
    "ptp": _peak_to_peak,
    "argmax": _plain(reduce.argmax),
    "argmin": _plain(reduce.argmin),
    "all": _plain(reduce.all),
    "any": _plain(reduce.any),
    "count_nonzero": _plain(reduce.count_nonzero),
    "average": _average,
    "nansum": _nansum,
    "nanprod": _nanprod,
    "nanmean": _nanmean,
    "nanvar": _nanvar,
    "nanstd": _nanstd,
    "nanmax": _ignoring(reduce.amax, -INF),
    "nanmin": _ignoring(reduce.amin, INF),
    "nanargmax": _ignoring(reduce.argmax, -INF),
    "nanargmin": _ignoring(reduce.argmin, INF),
    "nancumsum": lambda a, axis=None, dtype=None: _scan(scans.cumsum)(_instead(a, 0.0), axis, dtype),
    "nancumprod": lambda a, axis=None, dtype=None: _scan(scans.cumprod)(_instead(a, 1.0), axis, dtype),
    "cumsum": _scan(scans.cumsum),
    "cumprod": _scan(scans.cumprod),
    "cumulative_sum": _scanned(scans.cumsum),
    "cumulative_prod": _scanned(scans.cumprod),
    "diff": _diff,
    "ediff1d": lambda ary: scans.diff(flat(value(ary))),
    "trapezoid": _trapezoid,
}
