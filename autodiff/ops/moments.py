"""Reductions beyond sums: spread, norms, and what ignores nan."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autodiff.ops.elementwise import power_scalar
from autodiff.ops.reduce import count, restore, sum
from autodiff.ops.scans import ordered
from autodiff.primitive import primitive

_add: Any = np.add.reduce


@primitive(promotes="float")
def ratio(x: Any, y: Any) -> Any:
    """x / y, and 0 where y is 0"""
    if np.count_nonzero(y) == np.size(y):
        return np.divide(x, y)
    zero = np.equal(y, 0)
    return np.where(zero, x * 0, np.divide(x, y + zero))


# Where y is 0 the derivatives are 0 as well.
ratio.defvjp(lambda xp, g, y: xp.ratio(g, y), lambda xp, g, out, y: -xp.ratio(g * out, y))


@ratio.defcomposite
def _ratio(xp: Any, x: Any, y: Any) -> Any:
    zero = y == 0
    return xp.where(zero, 0.0, x) / xp.where(zero, 1.0, y)


# ---------------------------------------------------------------------- spread

# Up to this many elements a dot product is as precise as a sum by pairs, and takes one call instead of two.
_FEW = 1 << 14


def _squares(x: Any, axis: Any, correction: float, keepdims: bool) -> tuple[Any, Any]:
    """Sum of squared deviations from the mean, over n - correction; and the deviations."""
    if x.dtype.itemsize < 4:
        x = x.astype(np.float32)
    n = count(x.shape, axis)
    centred = x - np.true_divide(_add(x, axis=axis, keepdims=True), n or 1)
    if axis is None and n <= _FEW:
        flat = centred.reshape(-1)
        total = flat.dot(flat)
        if keepdims:
            total = total.reshape((1,) * x.ndim)
    else:
        total = _add(centred * centred, axis=axis, keepdims=keepdims)
    return total / _freedom(n, correction), centred


def _freedom(n: int, correction: float) -> Any:
    """Degrees of freedom; PyTorch divides by max(0, n - correction), so that too few elements give nan or inf."""
    left = n - correction
    return np.float32(0) if left <= 0 else left


def _centred(xp: Any, x: Any, *, axis: Any) -> Any:
    return x - xp.mean(x, axis=axis, keepdims=True)


@primitive(promotes="float", residuals={"centred": _centred})
def var(x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    """Sum of squared deviations from the mean, over n - correction"""
    out, centred = _squares(x, axis, correction, keepdims)
    return ordered(out.astype(x.dtype, copy=False)), centred


# d/dx_i sum_j (x_j - mean)^2 = 2 (x_i - mean): the mean's own share cancels, since the deviations add up to 0
def _var(xp: Any, g: Any, centred: Any, *, axis: Any, correction: float, keepdims: bool) -> Any:
    shape = centred.shape
    return centred * restore(xp, g * (2 / _freedom(count(shape, axis), correction)), shape, axis, keepdims)


var.defvjp(_var)


@var.defcomposite
def _var_parts(xp: Any, x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    centred = _centred(xp, x, axis=axis)
    return xp.sum(centred * centred, axis=axis, keepdims=keepdims) / _freedom(count(x.shape, axis), correction)


@primitive(promotes="float", residuals={"centred": _centred})
def std(x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    """Square root of the variance; its derivative is 0 where all elements are equal"""
    out, centred = _squares(x, axis, correction, keepdims)
    return ordered(np.sqrt(out).astype(x.dtype, copy=False)), centred


# d sqrt(var) = d var / (2 sqrt(var))
def _std(xp: Any, g: Any, out: Any, centred: Any, *, axis: Any, correction: float, keepdims: bool) -> Any:
    shape = centred.shape
    slope = xp.ratio(g, out * _freedom(count(shape, axis), correction))
    return centred * restore(xp, slope, shape, axis, keepdims)


std.defvjp(_std)
std.defcomposite(
    lambda xp, x, *, axis=None, correction=1, keepdims=False: xp.sqrt(
        xp.var(x, axis=axis, correction=correction, keepdims=keepdims)
    )
)


# ---------------------------------------------------------------------- norms


@primitive(promotes="float")
def vector_norm(x: Any, *, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    """(sum |x|^ord)^(1/ord); for inf and -inf the largest and smallest |x|, for 0 how many are not 0"""
    if x.dtype.itemsize < 4:
        return _norm(x.astype(np.float32), ord, axis, keepdims).astype(x.dtype)
    return ordered(_norm(x, ord, axis, keepdims))


def _sum_of_squares(x: Any) -> Any:
    """Of all elements of a vector; in blocks, since a dot product of many loses digits."""
    if x.size <= _FEW:
        return x.dot(x)
    blocks = [x[i : i + _FEW] for i in range(0, x.size, _FEW)]
    return _add([block.dot(block) for block in blocks])


def _norm(x: Any, ord: float, axis: Any, keepdims: bool) -> Any:
    if ord == 2:
        if axis is None:
            out = np.sqrt(_sum_of_squares(x.reshape(-1)))
            return out.reshape((1,) * x.ndim) if keepdims else out
        return np.sqrt(_add(x * x, axis=axis, keepdims=keepdims))
    if ord == 0:
        return _add(np.not_equal(x, 0), axis=axis, keepdims=keepdims, dtype=x.dtype)
    size = np.absolute(x)
    if ord in (_INF, -_INF):
        extreme: Any = np.maximum if ord > 0 else np.minimum
        return extreme.reduce(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return _add(size, axis=axis, keepdims=keepdims)
    total = _add(power_scalar.forward(size, exponent=ord), axis=axis, keepdims=keepdims)
    return power_scalar.forward(total, exponent=1 / ord)


_INF = float("inf")


# d out/dx = sign(x) |x|^(ord - 1) / out^(ord - 1): for 2 x / out. It is 0 where out is 0, and for powers below 1 where
# x is. Equal extremes share the cotangent equally.
def _vector_norm(xp: Any, g: Any, out: Any, x: Any, *, ord: float, axis: Any, keepdims: bool) -> Any:
    g = restore(xp, g, x.shape, axis, keepdims)
    if ord == 1:
        return xp.sign(x) * g
    if ord == 0:
        return xp.zeros_like(x)
    out = restore(xp, out, x.shape, axis, keepdims)
    if ord == 2:
        return x * xp.ratio(g, out)
    size = xp.absolute(x)
    if ord in (_INF, -_INF):
        return xp.share(g, size, out, axis=axis) * xp.sign(x)
    if ord < 1:
        power = partial(xp.power_scalar, exponent=1 - ord)
        return xp.ratio(xp.sign(x) * (g * power(out)), power(size))
    scale = xp.ratio(g, xp.power_scalar(out, exponent=ord - 1))
    if ord < 2:
        return xp.sign(x) * xp.power_scalar(size, exponent=ord - 1) * scale
    return x * xp.power_scalar(size, exponent=ord - 2) * scale


vector_norm.defvjp(_vector_norm)


@vector_norm.defcomposite
def _vector_norm_parts(xp: Any, x: Any, *, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    if ord == 2:
        return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=keepdims))
    if ord == 0:
        return xp.sum(xp.cast(x != 0, dtype=x.dtype), axis=axis, keepdims=keepdims)
    size = xp.absolute(x)
    if ord in (_INF, -_INF):
        return (xp.amax if ord > 0 else xp.amin)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return xp.sum(size, axis=axis, keepdims=keepdims)
    total = xp.sum(xp.power_scalar(size, exponent=ord), axis=axis, keepdims=keepdims)
    return xp.power_scalar(total, exponent=1 / ord)


# ---------------------------------------------------------------------- what ignores nan


@primitive
def nansum(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum of what is not nan over `axis`"""
    total = sum.forward(x, axis=axis, keepdims=keepdims)
    if x.dtype.kind != "f" or not np.isnan(total).any():
        return total
    return sum.forward(np.where(np.isnan(x), x.dtype.type(0), x), axis=axis, keepdims=keepdims)


# Only a nan is not itself.
nansum.defvjp(lambda xp, g, x, *, axis, keepdims: restore(xp, g, x.shape, axis, keepdims) * (x == x))


@primitive(differentiable=False)
def count_numbers(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """How many elements are not nan, in the dtype of x; no derivative"""
    return np.asarray(np.count_nonzero(np.equal(x, x), axis=axis, keepdims=keepdims)).astype(x.dtype)
