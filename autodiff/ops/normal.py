"""The normal distribution: its distribution function, the logarithm of that, its inverse, and that of erf."""

from __future__ import annotations

from math import erfc, exp, log, log1p
from typing import Any

import numpy as np

from autodiff.ops.special import (
    FEWEST,
    Polynomial,
    Quotient,
    bell,
    by_element,
    evaluate,
    piecewise,
    scaled_tail,
    tabled,
    tail,
)
from autodiff.primitive import primitive

_HALF_ROOT = 0.7071067811865476  # 1 / sqrt(2)
_TWICE_ROOT = 2.8284271247461903  # 2 sqrt(2)
_PEAK = 0.7978845608028654  # sqrt(2 / pi), twice the density at 0


def _ndtr(x: Any) -> Any:
    out = tail(np.absolute(x), -0.5)
    out *= 0.5
    right = np.greater_equal(x, 0).astype(x.dtype)  # 1 - out there: products are faster than a mask
    out *= 1 - 2 * right
    out += right
    return out


@primitive(promotes="float")
def ndtr(x: Any) -> Any:
    """The probability that a standard normal variable is at most x"""
    if x.size <= FEWEST and x.dtype == np.float32:
        return by_element(lambda v: 0.5 * erfc(v * -_HALF_ROOT), x)
    return evaluate(_ndtr, x, wide=False)


# its density, exp(-x^2 / 2) / sqrt(2 pi)
ndtr.defvjp(lambda xp, g, x: g * (xp.exp(x * x * -0.5) * 0.3989422804014327))


def _log_left(x: Any) -> Any:
    out = scaled_tail(x * -_HALF_ROOT)
    out *= 0.5
    np.log(out, out=out)
    out -= 0.5 * x * x
    return out


def _log_ndtr(x: Any) -> Any:
    return piecewise(x, (0.0,), _log_left, lambda v: np.log1p(tail(v, -0.5) * -0.5))


def _tail_one(x: float) -> float:
    """2 ndtr(x) of one number; no answer where that leaves the range of a float64."""
    if x < -37.0:
        raise ArithmeticError
    return erfc(x * -_HALF_ROOT)


def _log_ndtr_one(x: float) -> float:
    return log1p(erfc(x * _HALF_ROOT) * -0.5) if x > 0.0 else log(_tail_one(x) * 0.5)


@primitive(promotes="float")
def log_ndtr(x: Any) -> Any:
    """log(ndtr(x)), exact far to the left, where ndtr is 0, and to the right, where it is 1"""
    out = by_element(_log_ndtr_one, x) if x.size <= FEWEST and x.dtype == np.float32 else None
    return evaluate(_log_ndtr, x) if out is None else out


log_ndtr.defvjp(lambda xp, g, x: g * xp.normal_hazard(x))


def _hazard(x: Any) -> Any:
    out = scaled_tail(np.absolute(x) * _HALF_ROOT)
    right = x > 0
    if right.any():  # the density, over 1 - tail / 2 instead of tail / 2
        density = bell(x, -0.5)
        np.copyto(out, (2.0 - density * out) / density, where=right)
    return np.divide(_PEAK, out, out=out)


def _hazard_one(x: float) -> float:
    return exp(x * x * -0.5) * _PEAK / _tail_one(x)


@primitive(promotes="float")
def normal_hazard(x: Any) -> Any:
    """density(x) / ndtr(x), the slope of log_ndtr"""
    out = by_element(_hazard_one, x) if x.size <= FEWEST and x.dtype == np.float32 else None
    return evaluate(_hazard, x) if out is None else out


# h = density / ndtr, density' = -x density  =>  h' = -h (x + h), and x + h = M1(-x / sqrt(2)) / sqrt(2) without the
# cancellation far to the left. See Note [Moments of erfcx].
normal_hazard.defvjp(
    lambda xp, g, x, out: g * (out * xp.erfcx_mean(x * -0.7071067811865476, order=1) * -0.7071067811865476)
)

# M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37, 1988:
# numerators and denominators (PPND16) in the middle, in the tails, and far out.
# fmt: off
_MIDDLE = Quotient(
    Polynomial(2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
               1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0),
    Polynomial(5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
               5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0),
)
_TAIL = Quotient(
    Polynomial(7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
               1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0,
               4.63033784615654529590e0, 1.42343711074968357734e0),
    Polynomial(1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
               1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0,
               2.05319162663775882187e0, 1.0),
)
_FAR = Quotient(
    Polynomial(2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
               2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
               5.46378491116411436990e0, 6.65790464350110377720e0),
    Polynomial(2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
               7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
               5.99832206555887937690e-1, 1.0),
)
# erfinv(x) / (x sqrt(w + 12)) of t = 16 / 13 - 348 / 13 / (w + 12), to 10 digits, where w = -log(1 - x^2) < 104, which
# is as far as float32 goes.
_WHOLE = Polynomial(
    0.0007566171229893026, -0.00015326482673106548, -0.005030732840081744, 0.0019863761563680793,
    0.014308266140388272, -0.009565682647787966, -0.02068288087794155, 0.024626751485487434,
    0.008730270111563614, -0.03669037022840026, 0.025202226112420234, 0.025774579555047666,
    -0.057998733264193705, 0.014192379814304337, 0.054763385447281404, -0.05536129554732137,
    -0.005963370745964112, 0.051668167163234996, -0.04625757964959484, 0.014731374756986059,
    0.021142580377859273, -0.0686773588865494, 0.35152209933325684, 0.6337921674683354,
)
# fmt: on
_SHIFT = 12.0 - log(4.0)


def _inverse_few(w: Any) -> Any:
    """erfinv(x) / x in one piece, for a few elements, of w + 12."""
    return np.sqrt(w) * _WHOLE(16 / 13 - (348 / 13) / w)


def _inner(q: Any) -> Any:
    return q * _MIDDLE(0.180625 - q * q)


def _outer(p: Any) -> Any:
    """How far out the probability p < 0.075 lies: inf for 0, nan below."""
    depth = np.sqrt(-np.log(p))
    out = piecewise(depth, (5.0,), lambda r: _TAIL(r - 1.6), lambda r: _FAR(r - 5.0))
    np.copyto(out, np.inf, where=p == 0)
    return out


def _ndtri(p: Any) -> Any:
    return piecewise(p, (0.075, 0.925), lambda v: -_outer(v), lambda v: _inner(v - 0.5), lambda v: _outer(1.0 - v))


@primitive(promotes="float")
def ndtri(p: Any) -> Any:
    """The x at which ndtr(x) is p: ±inf at the ends, nan beyond"""
    if tabled(p):
        wide = p.astype(np.float64).ravel()
        w = _SHIFT - np.log((1.0 - wide) * wide)  # 1 - (2 p - 1)^2 = 4 p (1 - p)
        return ((wide - 0.5) * _inverse_few(w) * _TWICE_ROOT).astype(p.dtype).reshape(p.shape)
    return evaluate(_ndtri, p)


# 1 / density(out)
ndtri.defvjp(lambda xp, g, out: g * (xp.exp(out * out * 0.5) * 2.5066282746310002))


def _erfinv(x: Any) -> Any:
    size = np.absolute(x)
    out = piecewise(size, (0.85,), lambda v: _inner(v * 0.5), lambda v: _outer((1.0 - v) * 0.5))
    out *= _HALF_ROOT
    return np.copysign(out, x, out=out)


@primitive(promotes="float")
def erfinv(x: Any) -> Any:
    """The y at which erf(y) is x: ±inf at ±1, nan beyond"""
    if tabled(x):
        wide = x.astype(np.float64).ravel()
        return (wide * _inverse_few(12.0 - np.log(1.0 - wide * wide))).astype(x.dtype).reshape(x.shape)
    return evaluate(_erfinv, x)


# out' = 1 / erf'(out) = sqrt(pi) / 2 exp(out^2)
erfinv.defvjp(lambda xp, g, out: g * (xp.exp(out * out) * 0.8862269254527580))
