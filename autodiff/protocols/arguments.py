"""What NumPy functions are given, brought into the form of the primitives."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.dtypes import as_dtype, result_dtype
from autodiff.graph import Value, wrap
from autodiff.names.arguments import as_value
from autodiff.operands import leaving
from autodiff.ops import elementwise as ew
from autodiff.ops.shape import reshape, stack, transpose
from autodiff.tensors import as_tensor

__all__ = ["array_of", "axes_of", "cast", "flat", "last", "shape_of", "together", "value", "values"]


def value(x: Any, name: str = "a NumPy function", like: Any = ()) -> Any:
    """Return `x` as a Tensor: arrays, numbers, and nested lists of them and of Tensors.

    Floating numbers, and lists of them, are as exact as the floating arrays `like`, which they are used with.
    """
    if isinstance(x, Value):
        return x
    if isinstance(x, (list, tuple)):
        if _holds_tensors(x):
            return stack(*together(*x), axis=0)
        found = as_tensor(x)
    else:
        found = as_value(x, name)
        if isinstance(x, np.ndarray):
            return found
    kinds = [y.dtype for y in like if isinstance(y, (Value, np.ndarray)) and y.dtype.kind == "f"]  # type: ignore[union-attr]
    if kinds and found._array.dtype.kind == "f":
        found = wrap(np.asarray(x, max(kinds, key=lambda d: d.itemsize)))
    return found


def _holds_tensors(x: Any) -> bool:
    return any(isinstance(e, Value) or (isinstance(e, (list, tuple)) and _holds_tensors(e)) for e in x)


def values(xs: Any) -> list[Any]:
    """Each of several arrays as a Tensor."""
    return [value(x, like=xs) for x in xs]


def together(*xs: Any) -> list[Any]:
    """Arrays as Tensors of the dtype that they have in common."""
    found = values(xs)
    if len({x._array.dtype for x in found}) > 1:
        dtype = result_dtype([x._array for x in found])
        found = [cast(x, dtype) for x in found]
    return found


def cast(x: Any, dtype: Any) -> Any:
    """Return the Tensor `x` in another dtype; None leaves it."""
    if dtype is None or x._array.dtype == as_dtype(dtype):
        return x
    return ew.cast(x, dtype=as_dtype(dtype))


def array_of(x: Any) -> Any:
    """What has no derivative (a condition, indices) as an ndarray."""
    return x._array if isinstance(x, Value) else np.asarray(x)


def array_read(x: Any, how: str) -> Any:
    """The elements for Python to decide with, which a recorder of a step refuses."""
    return array_of(leaving(x, how))


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a Tensor, as a plain tuple."""
    shape: tuple[int, ...] = x._array.shape
    return shape


def flat(x: Any) -> Any:
    """All elements of the Tensor `x` in a row."""
    return x if x._array.ndim == 1 else reshape(x, shape=(-1,))


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes given as None (all), a number or several, counted from the front."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    for a in given:
        if not -ndim <= a < ndim:
            raise np.exceptions.AxisError(a, ndim)
    return tuple([int(a) % ndim for a in given])


def last(x: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The Tensor `x` with some axes in place of one, the last; and which axes they were."""
    shape = shape_of(x)
    over = axes_of(axis, len(shape))
    rest = tuple([i for i in range(len(shape)) if i not in over])
    turned = x if rest + over == tuple(range(len(shape))) else transpose(x, axes=rest + over)
    if len(over) != 1:
        turned = reshape(turned, shape=(*[shape[i] for i in rest], int(np.prod([shape[i] for i in over], dtype=int))))
    return turned, over
