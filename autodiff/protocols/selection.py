"""NumPy's selection, ordering, rounding and comparison functions on Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autodiff.errors import AutodiffError, DtypeError, IndexingError
from autodiff.graph import wrap
from autodiff.operands import NUMBERS
from autodiff.ops import bessel, order, rounding
from autodiff.ops import comparison as cmp
from autodiff.ops import elementwise as ew
from autodiff.ops.index import ARRAY, index, take_along
from autodiff.protocols.arguments import array_of, array_read, axes_of, cast, flat, shape_of, value, values

__all__ = ["TABLE"]


def _weak(x: Any, like: Any = ()) -> Any:
    """A Tensor, or a Python number, which does not widen the others."""
    return x if type(x) in NUMBERS else value(x, like=like)


def _where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        return order.nonzero(value(condition))
    if x is None or y is None:
        raise AutodiffError("np.where takes either a condition alone, or two arrays to choose from as well")
    return ew.where(cast(value(condition), "bool"), _weak(x, (y,)), _weak(y, (x,)))


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    out = _weak(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        out = ew.where(value(condition), _weak(choice), out)
    return out


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (given if bound is None else bound for given, bound in ((a_min, min), (a_max, max)))
    x = value(a)
    if low is None and high is None:
        return ew.copy(x)
    return ew.clip(x, _weak(low, (x,)), _weak(high, (x,)))


def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    x = value(a)
    if axis is None:
        x, axis = flat(x), 0
    (axis,) = axes_of(axis, x._array.ndim)
    return index(x, wrap(array_of(indices)), key=(*[slice(None)] * axis, ARRAY))


def _compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    return _take(a, np.flatnonzero(array_read(condition, "np.compress")), axis)


def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    x, where = value(arr), wrap(array_of(indices))
    if where._array.dtype.kind not in "iu":
        raise IndexingError(f"np.take_along_axis needs integers as indices, not {where._array.dtype}")
    return take_along(flat(x), where, axis=0) if axis is None else take_along(x, where, axis=axis)


def _sorted(op: Any) -> Callable[..., Any]:
    """`sort` and `argsort`; every kind is stable here."""

    def function(a: Any, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Any:
        x = value(a)
        return op(flat(x), axis=0) if axis is None else op(x, axis=axes_of(axis, x._array.ndim)[0])

    return function


def _searchsorted(a: Any, v: Any, side: str = "left") -> Any:
    x, y = values((a, v))
    if x._array.ndim != 1:
        raise AutodiffError(f"np.searchsorted looks into a sorted row, not into shape {shape_of(x)}")
    return order.searchsorted(x, y, right=side == "right")


def _digitize(x: Any, bins: Any, right: bool = False) -> Any:
    edges = value(bins, like=(x,))
    if len(edges._array) > 1 and edges._array[0] > edges._array[-1]:
        raise AutodiffError("np.digitize of a Tensor takes bins in ascending order; turn them round")
    return order.searchsorted(edges, value(x, like=(edges,)), right=not right)


def _unique(
    ar: Any,
    *,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    equal_nan: bool = True,
) -> Any:
    found = list(order.unique(value(ar), axis=axis, inverse=return_inverse, counts=return_counts))
    array = array_read(found[0], "np.unique")
    nans = int(np.isnan(array).sum()) if axis is None and equal_nan and array.dtype.kind == "f" else 0
    if nans > 1:  # the primitive tells them apart, as PyTorch does; they stand last
        last = len(array) - nans
        found[0] = found[0][: last + 1]
        if return_inverse:
            found[1] = ew.minimum(found[1], last)
        if return_counts:
            counts = found[-1]._array
            found[-1] = wrap(np.append(counts[:last], counts[last:].sum()))
    return found[0] if len(found) == 1 else tuple(found)


class UniqueCountsResult(NamedTuple):
    """What `np.unique_counts` returns."""

    values: Any
    counts: Any


class UniqueInverseResult(NamedTuple):
    """What `np.unique_inverse` returns."""

    values: Any
    inverse_indices: Any


def _isclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    return cmp.isclose(_weak(a, (b,)), _weak(b, (a,)), rtol=rtol, atol=atol, equal_nan=equal_nan)


def _allclose(a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    return bool(array_read(_isclose(a, b, rtol, atol, equal_nan), "np.allclose").all())


def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    one, other = [array_read(a, "np.array_equal") for a in (a1, a2)]
    return bool(np.array_equal(one, other, equal_nan))


def _nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    if not copy:
        raise DtypeError("np.nan_to_num of a Tensor makes a new one; leave copy=False away")
    return rounding.nan_to_num(value(x), nan=nan, posinf=posinf, neginf=neginf)


def _round(a: Any, decimals: int = 0) -> Any:
    x = value(a)
    kind = x._array.dtype.kind
    if kind == "f" or (kind == "b" and not decimals):
        return rounding.round(x if kind == "f" else cast(x, "float16"), decimals=decimals)
    return wrap(np.asarray(np.round(array_read(x, "np.round of integers"), decimals)))


def _bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    return order.bincount(value(x), None if weights is None else value(weights), minlength=minlength)


def _nonzero(a: Any) -> Any:
    return order.nonzero(value(a))


TABLE: dict[str, Callable[..., Any]] = {
    "where": _where,
    "select": _select,
    "clip": _clip,
    "take": _take,
    "compress": _compress,
    "extract": lambda condition, arr: _compress(flat(value(condition)), flat(value(arr))),
    "take_along_axis": _take_along_axis,
    "sort": _sorted(order.sort),
    "argsort": _sorted(order.argsort),
    "searchsorted": _searchsorted,
    "digitize": _digitize,
    "unique": _unique,
    "unique_values": lambda x, /: _unique(x, equal_nan=False),
    "unique_counts": lambda x, /: UniqueCountsResult(*_unique(x, return_counts=True, equal_nan=False)),
    "unique_inverse": lambda x, /: UniqueInverseResult(*_unique(x, return_inverse=True, equal_nan=False)),
    "bincount": _bincount,
    "nonzero": _nonzero,
    "flatnonzero": lambda a: order.nonzero(flat(value(a)))[0],
    "argwhere": lambda a: order.argwhere(value(a)),
    "isin": lambda element, test_elements, *, invert=False: order.isin(
        *values((element, test_elements)), invert=invert
    ),
    "isclose": _isclose,
    "allclose": _allclose,
    "array_equal": _array_equal,
    "array_equiv": lambda a1, a2: bool(np.array_equiv(*[array_read(a, "np.array_equiv") for a in (a1, a2)])),
    "isposinf": lambda x: cmp.isposinf(value(x)),
    "isneginf": lambda x: cmp.isneginf(value(x)),
    "isreal": lambda x: wrap(np.ones(shape_of(value(x)), bool)),
    "iscomplex": lambda x: wrap(np.zeros(shape_of(value(x)), bool)),
    "isrealobj": lambda x: True,
    "iscomplexobj": lambda x: False,
    "real": lambda val: value(val),
    "round": _round,
    "around": _round,
    "fix": lambda x: rounding.trunc(value(x)),
    "nan_to_num": _nan_to_num,
    "sinc": lambda x: bessel.sinc(value(x)),
    "i0": lambda x: bessel.i0(value(x)),
    "result_type": lambda *arrays_and_dtypes: np.result_type(*[getattr(x, "_array", x) for x in arrays_and_dtypes]),
    "may_share_memory": lambda a, b: bool(np.may_share_memory(array_of(a), array_of(b))),
    "shares_memory": lambda a, b: bool(np.shares_memory(array_of(a), array_of(b))),
}
