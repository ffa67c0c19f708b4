"""Normalisation: batch norm and layer norm in one pass over the data, and their backwards.

Both subtract the mean and divide by the standard deviation; what they differ in is over which elements these are taken.
A channel of batch norm has one number in each array of statistics, which stands in a *column*: an array of shape (C,)
for an input of shape (N, C), of shape (C, 1) for one of shape (N, C, L), so that it broadcasts against the input.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from autodiff.ops.reduce import unbroadcast
from autodiff.primitive import plain, primitive

_vecdot: Any = np.vecdot  # NumPy's stubs do not know its axis


@lru_cache(maxsize=64)
def _ones(n: int, dtype: Any) -> Any:
    return np.ones(n, dtype)


# ---------------------------------------------------------------------- batch norm


def _columns(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a column, for an input of a shape."""
    return (shape[1], *(1,) * (len(shape) - 2))


def _each(shape: tuple[int, ...]) -> int:
    """How many elements a channel has."""
    return shape[0] * prod(shape[2:])


def _column(xp: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """One number a channel, so that it broadcasts against an input of a shape."""
    return x if len(shape) == 2 else xp.reshape(x, shape=_columns(shape))


def _channels(xp: Any, x: Any) -> Any:
    """A column as a vector."""
    return x if len(x.shape) == 1 else xp.reshape(x, shape=(x.shape[0],))


def _batch_mean(xp: Any, x: Any) -> Any:
    """The means, as a column."""
    return xp.unbroadcast(x, shape=_columns(x.shape)) * (1 / _each(x.shape))


def _batch_centred(xp: Any, x: Any) -> Any:
    return x - _batch_mean(xp, x)


def _batch_squares(xp: Any, centred: Any) -> Any:
    """The sums of the squared deviations, as a column."""
    return xp.unbroadcast(centred * centred, shape=_columns(centred.shape))


def _batch_rate(xp: Any, x: Any, *, eps: float) -> Any:
    return xp.rsqrt(_batch_squares(xp, _batch_centred(xp, x)) * (1 / _each(x.shape)) + eps)


@primitive(promotes="same", outputs=True, keeps_gaps=True, residuals={"centred": _batch_centred, "rate": _batch_rate})
def batch_norm(x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    """Each channel less its mean, over its standard deviation; with the means and the unbiased variances.

    The channels of x are its second dimension; weight and bias, one number a channel, may be None.
    """
    shape = x.shape
    columns, n = _columns(shape), _each(shape)
    mean = unbroadcast.forward(x, shape=columns)
    mean /= n
    centred = np.subtract(x, mean)
    scratch = np.multiply(centred, centred)
    squares = unbroadcast.forward(scratch, shape=columns)
    rate = squares / n
    rate += eps
    np.sqrt(rate, rate)
    np.reciprocal(rate, rate)
    # One factor for each channel, so that the data is passed over once less.
    out = np.multiply(centred, rate if weight is None else rate * _column(plain, weight, shape), scratch)
    if bias is not None:
        out += _column(plain, bias, shape)
    squares /= n - 1
    return (out, mean.reshape(-1), squares.reshape(-1)), centred, rate


# With z = (x - mean) / std: d z_i/dx_j = (i=j - 1/n - z_i z_j / n) / std. The mean is of all elements alike; the sum of
# squares s has d s/dx_i = 2 (x_i - mean), since the deviations add up to 0.
def _batch_norm(xp: Any, g: Any, weight: Any, centred: Any, rate: Any, needs: Any) -> Any:
    g_out, g_mean, g_var = g
    shape, columns = centred.shape, rate.shape
    n = _each(shape)
    g_x = g_weight = g_bias = None
    if g_out is not None:
        total = xp.unbroadcast(g_out, shape=columns)
        along = xp.unbroadcast(g_out * centred, shape=columns) * rate
        g_weight, g_bias = _channels(xp, along), _channels(xp, total)
        if needs[0]:
            scale = rate if weight is None else rate * _column(xp, weight, shape)
            g_x = xp.batch_norm_backward(g_out, centred, total * (1 / n), along * rate * (1 / n), scale)
    if g_mean is not None:
        part = xp.spread(_column(xp, g_mean, shape) * (1 / n), shape=shape)
        g_x = part if g_x is None else g_x + part
    if g_var is not None:
        part = centred * (_column(xp, g_var, shape) * (2 / (n - 1)))
        g_x = part if g_x is None else g_x + part
    return g_x, g_weight, g_bias


batch_norm.defvjp_joint(_batch_norm)


@batch_norm.defcomposite
def _batch_norm_parts(xp: Any, x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    shape = x.shape
    n = _each(shape)
    mean = _batch_mean(xp, x)
    centred = x - mean
    squares = _batch_squares(xp, centred)
    rate = xp.rsqrt(squares * (1 / n) + eps)
    out = centred * (rate if weight is None else rate * _column(xp, weight, shape))
    out = out if bias is None else out + _column(xp, bias, shape)
    return out, _channels(xp, mean), _channels(xp, squares) * (1 / (n - 1))


@primitive(promotes="same")
def batch_norm_backward(cotangent: Any, centred: Any, mean: Any, slope: Any, rate: Any) -> Any:
    """(c - mean - centred slope) rate: takes out of a cotangent what the statistics have no use for"""
    out = np.multiply(centred, slope)
    np.subtract(cotangent, out, out)
    out -= mean
    out *= rate
    return out


batch_norm_backward.defvjp(
    lambda xp, g, rate: g * rate,
    lambda xp, g, slope, rate: -g * (slope * rate),
    lambda xp, g, rate: -g * rate,
    lambda xp, g, centred, rate: -g * centred * rate,
    lambda xp, g, cotangent, centred, mean, slope: g * (cotangent - centred * slope - mean),
)
batch_norm_backward.defcomposite(
    lambda xp, cotangent, centred, mean, slope, rate: (cotangent - centred * slope - mean) * rate
)


@primitive(promotes="same")
def batch_norm_inference(x: Any, mean: Any, variance: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    """Each channel less a given mean, over the root of a given variance; weight and bias may be None"""
    shape = x.shape
    scale = 1 / np.sqrt(variance + variance.dtype.type(eps))
    if weight is not None:
        scale *= weight
    out = np.subtract(x, _column(plain, mean, shape))
    out *= _column(plain, scale, shape)
    if bias is not None:
        out += _column(plain, bias, shape)
    return out


def _batch_scale(xp: Any, g: Any, variance: Any, weight: Any, *, eps: float) -> Any:
    scale = xp.rsqrt(variance + eps)
    return g * _column(xp, scale if weight is None else scale * weight, g.shape)


def _batch_weight(xp: Any, g: Any, x: Any, mean: Any, variance: Any, *, eps: float) -> Any:
    shape = g.shape
    along = xp.unbroadcast(g * (x - _column(xp, mean, shape)), shape=_columns(shape))
    return _channels(xp, along) * xp.rsqrt(variance + eps)


batch_norm_inference.defvjp(
    _batch_scale,
    None,
    None,
    _batch_weight,
    lambda xp, g: _channels(xp, xp.unbroadcast(g, shape=_columns(g.shape))),
)


@batch_norm_inference.defcomposite
def _batch_norm_inference(xp: Any, x: Any, mean: Any, variance: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    scale = xp.rsqrt(variance + eps)
    scale = scale if weight is None else scale * weight
    out = (x - _column(xp, mean, x.shape)) * _column(xp, scale, x.shape)
    return out if bias is None else out + _column(xp, bias, x.shape)


# ---------------------------------------------------------------------- layer norm


def _trailing(shape: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    """The last dimensions."""
    return tuple(range(len(shape) - ndim, len(shape)))


def _layer_centred(xp: Any, x: Any, ndim: int) -> Any:
    return x - xp.mean(x, axis=_trailing(x.shape, ndim), keepdims=True)


def _layer_rate(xp: Any, x: Any, *, ndim: int, eps: float) -> Any:
    centred = _layer_centred(xp, x, ndim)
    return xp.rsqrt(xp.mean(centred * centred, axis=_trailing(x.shape, ndim), keepdims=True) + eps)


def _layer_normal(xp: Any, x: Any, *, ndim: int, eps: float) -> Any:
    return _layer_centred(xp, x, ndim) * _layer_rate(xp, x, ndim=ndim, eps=eps)


def _matrix(x: Any, ndim: int) -> Any:
    """A view, or a copy, in which each sample is a row."""
    if ndim == 1 and x.ndim == 2:
        return x
    k = x.ndim - ndim
    return x.reshape(prod(x.shape[:k]), prod(x.shape[k:]))


@primitive(promotes="same", residuals={"normal": _layer_normal, "rate": _layer_rate})
def layer_norm(x: Any, weight: Any, bias: Any, *, ndim: int, eps: float) -> Any:
    """Each sample, the last `ndim` dimensions, less its mean, over its standard deviation

    Weight and bias, of the shape of a sample, may be None.
    """
    shape, rows = x.shape, _matrix(x, ndim)
    n = rows.shape[1]
    mean = rows.dot(_ones(n, x.dtype))
    mean /= n or np.nan
    normal = np.subtract(rows, mean[:, None])
    rate = _vecdot(normal, normal)
    rate /= n or np.nan
    rate += eps
    np.sqrt(rate, rate)
    np.reciprocal(rate, rate)
    normal *= rate[:, None]
    normal = normal.reshape(shape)
    if weight is None:
        out = np.add(normal, 0 if bias is None else bias)
    else:
        out = np.multiply(normal, weight)
        if bias is not None:
            out += bias
    return out, normal, rate.reshape(shape[: len(shape) - ndim] + (1,) * ndim)


# The weight belongs to what comes after the normalisation, whose own backward is that of batch norm, for each sample.
def _layer_norm(xp: Any, g: Any, weight: Any, normal: Any, rate: Any, needs: Any, *, ndim: int) -> Any:
    g_normal = g if weight is None else g * weight
    return (
        xp.layer_norm_backward(g_normal, normal, rate, ndim=ndim) if needs[0] else None,
        g * normal if needs[1] else None,
        g,
    )


layer_norm.defvjp_joint(_layer_norm)


@layer_norm.defcomposite
def _layer_norm_parts(xp: Any, x: Any, weight: Any, bias: Any, *, ndim: int, eps: float) -> Any:
    centred = _layer_centred(xp, x, ndim)
    squares = xp.mean(centred * centred, axis=_trailing(x.shape, ndim), keepdims=True)
    out = centred * xp.rsqrt(squares + eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


@primitive(promotes="same")
def layer_norm_backward(cotangent: Any, normal: Any, rate: Any, *, ndim: int) -> Any:
    """(c - mean(c) - normal mean(c normal)) rate, with the means over the last `ndim` dimensions"""
    c, z = _matrix(cotangent, ndim), _matrix(normal, ndim)
    n = c.shape[1]
    slope = _vecdot(c, z)
    slope /= n or np.nan
    out = z * slope[:, None]
    np.subtract(c, out, out)
    mean = c.dot(_ones(n, c.dtype))
    mean /= n or np.nan
    out -= mean[:, None]
    out *= rate.reshape(-1, 1)
    return out.reshape(cotangent.shape)


def _mean(xp: Any, x: Any, ndim: int) -> Any:
    return xp.mean(x, axis=_trailing(x.shape, ndim), keepdims=True)


# The map from c to the result is symmetric, since d z_i/dx_j is. By z: d/dz_k sum_i g_i z_i mean(c z) =
# g_k mean(c z) + c_k mean(g z).
layer_norm_backward.defvjp(
    lambda xp, g, normal, rate, *, ndim: xp.layer_norm_backward(g, normal, rate, ndim=ndim),
    lambda xp, g, cotangent, normal, rate, *, ndim: (
        -(g * _mean(xp, cotangent * normal, ndim) + cotangent * _mean(xp, g * normal, ndim)) * rate
    ),
    lambda xp, g, cotangent, normal, *, ndim: (
        g * (cotangent - normal * _mean(xp, cotangent * normal, ndim) - _mean(xp, cotangent, ndim))
    ),
)
layer_norm_backward.defcomposite(
    lambda xp, cotangent, normal, rate, *, ndim: (
        (cotangent - normal * _mean(xp, cotangent * normal, ndim) - _mean(xp, cotangent, ndim)) * rate
    )
)
