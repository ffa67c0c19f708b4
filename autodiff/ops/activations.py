"""Activations of networks: each in one piece, with its slope where that is worth a piece of its own."""

from __future__ import annotations

from math import inf, pi, sqrt
from typing import Any

import numpy as np

from autodiff.dtypes import float32
from autodiff.ops.elementwise import sigmoid
from autodiff.ops.normal import ndtr
from autodiff.ops.special import FEWEST, erf, number
from autodiff.primitive import primitive

# Up to this many elements np.logaddexp, one call, beats the composition of its parts, which run vectorised.
_SMALL = 512

#: 0, 1, 2, 3, 4 and 6 as such.
_NUMBERS = {np.dtype(d): [np.array(n, d) for n in (0, 1, 2, 3, 4, 6)] for d in (np.float16, np.float32, np.float64)}

# ---------------------------------------------------------------------- of straight pieces


@primitive(promotes="float")
def leaky_relu(x: Any, *, slope: float) -> Any:
    """x where it is positive, `slope` times it elsewhere"""
    if 0 <= slope <= 1:
        return np.maximum(x, x * number(slope, x.dtype))
    return np.where(x > 0, x, x * slope)


leaky_relu.defvjp(lambda xp, g, x, *, slope: xp.where(x > 0, g, g * slope))
leaky_relu.defcomposite(lambda xp, x, *, slope: xp.where(x > 0, x, x * slope))


@primitive(promotes="float")
def hardtanh(x: Any, *, low: float, high: float) -> Any:
    """x held between two numbers, with derivative 0 at both"""
    return np.minimum(np.maximum(x, number(low, x.dtype)), number(high, x.dtype))


hardtanh.defvjp(lambda xp, g, x, *, low, high: xp.where((x <= low) | (x >= high), 0.0, g))
hardtanh.defcomposite(lambda xp, x, *, low, high: xp.minimum(xp.maximum(x, low), high))


@primitive(promotes="float")
def hardsigmoid(x: Any) -> Any:
    """x / 6 + 1 / 2, held between 0 and 1"""
    zero, _, _, three, _, six = _NUMBERS[x.dtype]
    return np.minimum(np.maximum(x + three, zero), six) / six


hardsigmoid.defvjp(lambda xp, g, x: xp.where(abs(x) < 3, g * (1 / 6), 0.0))
hardsigmoid.defcomposite(lambda xp, x: xp.minimum(xp.maximum(x + 3, 0), 6) / 6)


@primitive(promotes="float")
def hardswish(x: Any) -> Any:
    """x times its hardsigmoid"""
    zero, _, _, three, _, six = _NUMBERS[x.dtype]
    return np.minimum(np.maximum(x + three, zero), six) * x / six


hardswish.defvjp(lambda xp, g, x: g * xp.hardswish_slope(x))
hardswish.defcomposite(lambda xp, x: xp.minimum(xp.maximum(x + 3, 0), 6) * x / 6)


@primitive(promotes="float")
def hardswish_slope(x: Any) -> Any:
    """0 up to -3, x / 3 + 1 / 2 from there to 3, then 1"""
    zero, _, two, three, _, six = _NUMBERS[x.dtype]
    return np.where(np.absolute(x) < three, (x * two + three) / six, x > zero)


hardswish_slope.defvjp(lambda xp, g, x: xp.where(abs(x) < 3, g * (1 / 3), 0.0))
hardswish_slope.defcomposite(lambda xp, x: xp.where(abs(x) < 3, (x * 2 + 3) / 6, xp.cast(x > 0, dtype=x.dtype)))

# ---------------------------------------------------------------------- of exponentials


@primitive(promotes="float")
def elu(x: Any, *, alpha: float = 1.0, scale: float = 1.0, rate: float = 1.0) -> Any:
    """scale times x where it is positive, scale alpha (exp(rate x) - 1) elsewhere"""
    zero = _NUMBERS[x.dtype][0]
    out = np.minimum(x, zero)
    if rate != 1:
        out *= number(rate, x.dtype)
    out = np.expm1(out)
    if alpha != 1:
        out *= number(alpha, x.dtype)
    out += np.maximum(x, zero)
    if scale != 1:
        out *= number(scale, x.dtype)
    return out


elu.defvjp(lambda xp, g, x, *, alpha, scale, rate: g * xp.elu_slope(x, alpha=alpha, scale=scale, rate=rate))
elu.defcomposite(
    lambda xp, x, *, alpha=1.0, scale=1.0, rate=1.0: (
        (xp.maximum(x, 0) + xp.expm1(xp.minimum(x, 0) * rate) * alpha) * scale
    )
)


@primitive(promotes="float")
def elu_slope(x: Any, *, alpha: float = 1.0, scale: float = 1.0, rate: float = 1.0) -> Any:
    """scale where x is positive, scale alpha rate exp(rate x) elsewhere"""
    zero = _NUMBERS[x.dtype][0]
    out = np.minimum(x, zero)
    if rate != 1:
        out *= number(rate, x.dtype)
    out = np.exp(out)
    left = scale * alpha * rate
    if left != 1:
        out *= number(left, x.dtype)
    return out if left == scale else np.where(x > zero, number(scale, x.dtype), out)


# constant on the right; nothing at 0, where PyTorch counts it to the right
elu_slope.defvjp(lambda xp, g, x, out, *, rate: xp.where(x < 0, g * (out * rate), 0.0))
elu_slope.defcomposite(
    lambda xp, x, *, alpha=1.0, scale=1.0, rate=1.0: xp.where(
        x > 0, scale, xp.exp(xp.minimum(x, 0) * rate) * (scale * alpha * rate)
    )
)


@primitive(promotes="float")
def silu(x: Any) -> Any:
    """x sigmoid(x)"""
    return x * sigmoid.forward(x)


silu.defvjp(lambda xp, g, x: g * xp.silu_slope(x))
silu.defcomposite(lambda xp, x: x * xp.sigmoid(x))


@primitive(promotes="float")
def silu_slope(x: Any) -> Any:
    """s (1 + x (1 - s)), for s = sigmoid(x)"""
    s = sigmoid.forward(x)
    one = _NUMBERS[x.dtype][1]
    return ((one - s) * x + one) * s


# s' = s (1 - s)  =>  (s + x s (1 - s))' = s (1 - s) (2 + x (1 - 2 s))
def _silu_slope(xp: Any, g: Any, x: Any) -> Any:
    s = xp.sigmoid(x)
    return g * (s * (1 - s) * (2 + x * (1 - 2 * s)))


silu_slope.defvjp(_silu_slope)


@silu_slope.defcomposite
def _silu_slope_parts(xp: Any, x: Any) -> Any:
    s = xp.sigmoid(x)
    return ((1 - s) * x + 1) * s


#: Where exp(x) is cut: tanh(softplus(x)) is 1 long before, and nothing overflows yet.
_ENOUGH = 20.0


@primitive(promotes="float")
def mish(x: Any) -> Any:
    """x tanh(softplus(x)), where the tanh is n / (n + 2) for n = e (e + 2) and e = exp(x)"""
    two = _NUMBERS[x.dtype][2]
    e = np.exp(np.minimum(x, number(_ENOUGH, x.dtype)))
    n = (e + two) * e
    return n / (n + two) * x


mish.defvjp(lambda xp, g, x: g * xp.mish_slope(x))


@mish.defcomposite
def _mish(xp: Any, x: Any) -> Any:
    e = xp.exp(xp.minimum(x, _ENOUGH))
    n = (e + 2) * e
    return n / (n + 2) * x


@primitive(promotes="float")
def mish_slope(x: Any) -> Any:
    """t + x s (1 - t^2) for t = tanh(softplus(x)) and s = sigmoid(x)"""
    _, _, two, _, four, _ = _NUMBERS[x.dtype]
    x = np.minimum(x, number(_ENOUGH, x.dtype))
    e = np.exp(x)
    n = (e + two) * e
    below = n + two
    # s (1 - t^2) = e / (1 + e) * 4 (1 + e)^2 / (n + 2)^2, and e (1 + e) = n - e
    return ((n - e) * x * four / below + n) / below


# w = 1 - t^2: t' = s w, s' = s (1 - s), w' = -2 t s w  =>  (t + x s w)' = s w (2 + x (1 - s - 2 t s))
def _mish_slope(xp: Any, g: Any, x: Any) -> Any:
    s, t = xp.sigmoid(x), xp.tanh(xp.softplus(x))
    return g * (s * (1 - t * t) * (2 + x * (1 - s - 2 * t * s)))


mish_slope.defvjp(_mish_slope)


@mish_slope.defcomposite
def _mish_slope_parts(xp: Any, x: Any) -> Any:
    x = xp.minimum(x, _ENOUGH)
    e = xp.exp(x)
    n = (e + 2) * e
    below = n + 2
    return ((n - e) * x * 4 / below + n) / below


@primitive(promotes="float")
def log_sigmoid(x: Any) -> Any:
    """min(x, 0) - log1p(exp(-|x|))"""
    if x.size <= _SMALL:
        return -np.logaddexp(-x, _NUMBERS[x.dtype][0])
    out = np.absolute(x)
    np.negative(out, out)
    np.log1p(np.exp(out, out), out)
    return np.subtract(np.minimum(x, _NUMBERS[x.dtype][0]), out, out)


log_sigmoid.defvjp(lambda xp, g, x: g * xp.sigmoid(-x))
log_sigmoid.defcomposite(lambda xp, x: -xp.softplus(-x))


def _beyond(z: Any, threshold: float) -> Any:
    """Where z is above the threshold; None for nowhere."""
    if z.size <= FEWEST:
        values = z.ravel().tolist()
        return None if not values or max(values) <= threshold else z > threshold
    return z > threshold if np.maximum.reduce(z, axis=None) > threshold else None


@primitive(promotes="float")
def scaled_softplus(x: Any, *, beta: float = 1.0, threshold: float = inf) -> Any:
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above the threshold"""
    zero = _NUMBERS[x.dtype][0]
    z = x if beta == 1 else x * number(beta, x.dtype)
    if z.size <= _SMALL:
        out = np.asarray(np.logaddexp(z, zero))
    else:
        out = np.absolute(z)
        np.negative(out, out)
        np.log1p(np.exp(out, out), out)
        out += np.maximum(z, zero)
    if beta != 1:
        out /= number(beta, x.dtype)
    beyond = _beyond(z, threshold)
    if beyond is not None:
        np.copyto(out, x, where=beyond)
    return out


scaled_softplus.defvjp(
    lambda xp, g, x, *, beta, threshold: g * xp.scaled_softplus_slope(x, beta=beta, threshold=threshold)
)


@scaled_softplus.defcomposite
def _scaled_softplus(xp: Any, x: Any, *, beta: float = 1.0, threshold: float = inf) -> Any:
    z = x * beta
    return xp.where(z > threshold, x, xp.softplus(z) / beta)


@primitive(promotes="float")
def scaled_softplus_slope(x: Any, *, beta: float = 1.0, threshold: float = inf) -> Any:
    """sigmoid(beta x), and 1 where beta x is above the threshold"""
    z = x if beta == 1 else np.asarray(x * number(beta, x.dtype))
    out = sigmoid.forward(z)
    beyond = _beyond(z, threshold)
    if beyond is not None:
        np.copyto(out, 1, where=beyond)
    return out


scaled_softplus_slope.defvjp(lambda xp, g, out, *, beta: g * (out * (1 - out) * beta))


@scaled_softplus_slope.defcomposite
def _scaled_softplus_slope(xp: Any, x: Any, *, beta: float = 1.0, threshold: float = inf) -> Any:
    z = x * beta
    return xp.where(z > threshold, 1.0, xp.sigmoid(z))


# ---------------------------------------------------------------------- gelu, glu


def _normal_share(xp: Any, x: Any) -> Any:
    return xp.ndtr(x) if x.dtype != float32 else xp.erf(x * sqrt(0.5)) * 0.5 + 0.5


@primitive(promotes="float", residuals={"share": _normal_share})
def gelu(x: Any) -> Any:
    """x ndtr(x)"""
    if x.size <= FEWEST or x.dtype != np.float32:
        share = ndtr.forward(x)
    else:  # not exact far to the left, where so little of x is left, but twice as fast
        share = erf.forward(x * number(sqrt(0.5), x.dtype))
        share *= number(0.5, x.dtype)
        share += number(0.5, x.dtype)
    return x * share, share


# ndtr' = exp(-x^2 / 2) / sqrt(2 pi)
gelu.defvjp(lambda xp, g, x, share: g * (xp.exp(x * x * -0.5) * x * 0.3989422804014327 + share))
gelu.defcomposite(lambda xp, x: x * _normal_share(xp, x))

# of 1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)) = 2 sigmoid(x (_A + _B x^2))
_A = 2 * sqrt(2 / pi)
_B = 0.044715 * _A


def _gate(xp: Any, x: Any) -> Any:
    return xp.sigmoid(x * (x * x * _B + _A))


@primitive(promotes="float", residuals={"share": _gate})
def gelu_tanh(x: Any) -> Any:
    """x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), near to x ndtr(x)"""
    share = _share(x)
    return x * share, share


def _share(x: Any) -> Any:
    one = _NUMBERS[x.dtype][1]
    return one / (np.exp((x * x * number(-_B, x.dtype) - number(_A, x.dtype)) * x) + one)


gelu_tanh.defvjp(lambda xp, g, x, share: g * xp.gelu_tanh_slope(x, share))
gelu_tanh.defcomposite(lambda xp, x: x * _gate(xp, x))


@primitive(promotes="float")
def gelu_tanh_slope(x: Any, share: Any) -> Any:
    """s (1 + x (1 - s) u') for s = sigmoid(u), which the forward left, if it did"""
    s = _share(x) if share is None else share
    one = _NUMBERS[x.dtype][1]
    return ((one - s) * x * (x * x * number(3 * _B, x.dtype) + number(_A, x.dtype)) + one) * s


# s' = s (1 - s) u'  =>  (s + x s (1 - s) u')' = s (1 - s) (2 u' + x u'' + x u'^2 (1 - 2 s))
def _gelu_tanh_slope(xp: Any, g: Any, x: Any) -> Any:
    s = _gate(xp, x)
    du = x * x * (3 * _B) + _A
    return g * (s * (1 - s) * (2 * du + x * x * (6 * _B) + x * du * du * (1 - 2 * s)))


gelu_tanh_slope.defvjp(_gelu_tanh_slope, None)


@gelu_tanh_slope.defcomposite
def _gelu_tanh_slope_parts(xp: Any, x: Any, share: Any) -> Any:
    s = _gate(xp, x)
    return ((1 - s) * x * (x * x * (3 * _B) + _A) + 1) * s


def _halves(xp: Any, x: Any, axis: int) -> Any:
    return xp.split(x, sections=(x.shape[axis] // 2,), axis=axis)


@primitive(
    promotes="float",
    residuals={
        "first": lambda xp, x, *, axis: _halves(xp, x, axis)[0],
        "gate": lambda xp, x, *, axis: xp.sigmoid(_halves(xp, x, axis)[1]),
    },
)
def glu(x: Any, *, axis: int = -1) -> Any:
    """a sigmoid(b) for the two halves of x"""
    half = x.shape[axis] // 2
    before = (slice(None),) * (axis % x.ndim)
    first = x[(*before, slice(half))]
    gate = sigmoid.forward(x[(*before, slice(half, None))])
    return first * gate, first, gate


def _glu(xp: Any, g: Any, first: Any, gate: Any, *, axis: int) -> Any:
    of_first = g * gate
    return xp.concatenate(of_first, of_first * (first * (1 - gate)), axis=axis)


glu.defvjp(_glu)


@glu.defcomposite
def _glu_parts(xp: Any, x: Any, *, axis: int = -1) -> Any:
    first, second = _halves(xp, x, axis)
    return first * xp.sigmoid(second)
