"""The gamma function: its logarithm, the derivatives of that, and the Hurwitz zeta function they are made of."""

from __future__ import annotations

import math
from functools import lru_cache
from math import factorial, inf, pi
from typing import Any

import numpy as np

from autodiff.dtypes import float32
from autodiff.errors import GradientError
from autodiff.ops.special import FEWEST, PIECE, TABLED, Polynomial, by_element, evaluate, piecewise
from autodiff.primitive import primitive

# fmt: off
# lgamma(2 + w) / w for |w| <= 1/2.
_AT_TWO = Polynomial(
    2.7475390051909663e-07, -5.811277768921246e-07, 9.242852225162277e-07, -1.9743106888421067e-06,
    4.3828545383846665e-06, -9.45628851510172e-06, 2.050601970174762e-05, -4.4923727564247656e-05,
    9.945761692157133e-05, -0.00022315497746292723, 0.0005096695196526673, -0.0011927539009983087,
    0.002890510330865901, -0.007385551028935545, 0.02058080842778338, -0.06735230105319563,
    0.3224670334241132, 0.42278433509846713,
)
# lgamma(3.5 + t) and lgamma(6.25 + 1.75 t) for |t| <= 1.
_TO_FOUR = Polynomial(
    -3.568694426966369e-12, 1.3186471096956281e-11, -3.105303348996083e-11, 1.161174499263492e-10,
    -4.744469136848756e-10, 1.7915924498719284e-09, -6.770257394673579e-09, 2.5987599658112716e-08,
    -1.0087816129486573e-07, 3.9682792048749103e-07, -1.5883613116860764e-06, 6.503519644746617e-06,
    -2.7452005508522706e-05, 0.00012090163705406612, -0.0005666333292194491, 0.002929410367373334,
    -0.018034008606954668, 0.1651788780501178, 1.103156640645243, 1.2009736023470743,
)
_TO_EIGHT = Polynomial(
    -2.5164540951320948e-12, 9.561384904506777e-12, -2.391592960563902e-11, 9.226208175983632e-11,
    -3.851230249452012e-10, 1.5049705085584939e-09, -5.904216993853984e-09, 2.355062294774018e-08,
    -9.522333676415157e-08, 3.912767018959451e-07, -1.6409439868049167e-06, 7.063593152151372e-06,
    -3.146373736719907e-05, 0.0001468308062459438, -0.0007324805134095413, 0.004050592355566893,
    -0.0268155902011793, 0.2656400757746151, 3.0632936720465382, 5.219603986990229,
)
# digamma(1.5 + t / 2) / (1.5 + t / 2 - root) for |t| <= 1, where root is its zero, given as the sum of two numbers.
_DIGAMMA = Polynomial(
    -8.25512972008104e-11, 2.4765474440031764e-10, -2.889363639216111e-10, 8.668257373761658e-10,
    -3.6788868183645545e-09, 1.10370884388543e-08, -3.166618072027162e-08, 9.500926192924096e-08,
    -2.8628755280038686e-07, 8.591324222417666e-07, -2.578107848270217e-06, 7.741156881253708e-06,
    -2.325823828431376e-05, 6.995020484160625e-05, -0.00021074841215733007, 0.000636888028319074,
    -0.0019350666647832667, 0.005936795278433826, -0.018550615381738605, 0.06013562106019355,
    -0.21181371064073026, 0.951055876031833,
)
_ROOT = 1.4616321449683622, 9.549995429965697e-17
# fmt: on
# Bernoulli's numbers B_2, B_4, ...: the coefficients of all asymptotic series here.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
_STIRLING = Polynomial(*[b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI[:8], 1)][::-1])
_DIGAMMA_FAR = Polynomial(*[b / (2 * k) for k, b in enumerate(_BERNOULLI[:9], 1)][::-1])

# Note [Sums with a smooth end]
# The sum of f(x + k) over k = 0, 1, ... is the integral of f from x + 12 on and the terms up to k = 17, with weights
# that fall from 1 to 0 around k = 12. They were fitted, with 60 digits, to digamma (f(x) = -1 / x), and serve its
# derivatives and zeta as well, to 16 digits for x > 0, and to 10 for x > -3: enough for float32.
# fmt: off
_WEIGHTS = np.array([
    1.0, 1.0, 1.0, 1.0, 1.0, 1.0,
    0.9999992283095529, 1.0000222180078753, 0.9997200961795006, 1.002111324664319, 0.9888087688900661,
    1.0497774903632826, 0.5325526318537708, -0.10480748389249418, 0.04397470282225142, -0.01524994634073509,
    0.0034644150255084562, -0.00037344588289790705,
])
# fmt: on
_PLACES = np.arange(18.0)
_SIGNED = -np.arange(0.0, -18.0, -1.0)  # from -0.0, which keeps the sign of a zero
_END = 12
_LEFTMOST = -3.0


# ---------------------------------------------------------------------- the logarithm of gamma


def _lgamma(x: Any) -> Any:
    return piecewise(
        x,
        (0.0, 2.5, 4.5, 8.0),
        _lgamma_left,
        _lgamma_near,
        lambda v: _TO_FOUR(v - 3.5),
        lambda v: _TO_EIGHT((v - 6.25) * (1 / 1.75)),
        _lgamma_far,
    )


def _lgamma_near(x: Any) -> Any:
    """lgamma(2 + w) less the logarithms of what lies between: gamma(x + 1) = x gamma(x). x - 1 and x - 2 are exact."""
    beyond = x >= 1.5
    w = x - (x >= 0.5)
    w -= beyond
    factor = np.where(beyond, 1.0, x)
    factor *= np.where(x < 0.5, x + 1.0, 1.0)
    w *= _AT_TWO(w)
    w -= np.log(factor)
    return w


def _lgamma_far(x: Any) -> Any:
    """Stirling's series."""
    inverse = 1.0 / x
    out = _STIRLING(inverse * inverse)
    out *= inverse
    out += 0.4189385332046727  # (log(2 pi) - 1) / 2
    out += (x - 0.5) * (np.log(x) - 1.0)
    return out


def _lgamma_left(x: Any) -> Any:
    """gamma(x) gamma(1 - x) = pi / sin(pi x)"""
    sine = np.absolute(np.sin(pi * (x - np.rint(x))))
    out = np.log(pi / sine) - _lgamma(1.0 - x)
    np.copyto(out, inf, where=x < -(2.0**52))  # poles all, and -inf
    return out


@primitive(promotes="float")
def lgamma(x: Any) -> Any:
    """log(|gamma(x)|): inf at 0, -1, -2, ..."""
    # next to 1 and 2 Python's own is not right to the last digit of a float64
    out = by_element(math.lgamma, x) if x.size <= FEWEST and x.dtype == np.float32 else None
    return evaluate(_lgamma, x) if out is None else out


lgamma.defvjp(lambda xp, g, x: g * xp.digamma(x))


@primitive(promotes="float")
def mvlgamma(x: Any, *, p: int) -> Any:
    """The sum of lgamma(x - j / 2) over j = 0, ..., p - 1, and p (p - 1) / 4 log(pi)"""
    out = lgamma.forward(x)
    for j in range(1, p):
        out = out + lgamma.forward(np.asarray(x - 0.5 * j))
    return out + p * (p - 1) / 4 * math.log(pi)


def _mvlgamma(xp: Any, g: Any, x: Any, *, p: int) -> Any:
    slope = xp.digamma(x)
    for j in range(1, p):
        slope = slope + xp.digamma(x - 0.5 * j)
    return g * slope


mvlgamma.defvjp(_mvlgamma)

# ---------------------------------------------------------------------- its derivatives


def _digamma(x: Any) -> Any:
    return piecewise(x, (0.0, 2.0, 8.0), _digamma_left, _digamma_near, _digamma_up, _digamma_far)


def _digamma_near(x: Any) -> Any:
    """digamma(x) = digamma(x + 1) - 1 / x below 1; a polynomial from there to 2."""
    below = (x < 1.0).astype(np.float64)
    z = x + below
    out = _DIGAMMA(z * 2.0 - 3.0)
    z -= _ROOT[0]
    z -= _ROOT[1]
    out *= z
    out -= below / x
    return out


def _digamma_up(x: Any) -> Any:
    """digamma(x) = digamma(x + 6) - 1 / x - 1 / (x + 1) - ..."""
    z, total = x.copy(), 1.0 / x
    for _ in range(5):
        z += 1.0
        total += 1.0 / z
    return _digamma_far(x + 6.0) - total


def _digamma_far(x: Any) -> Any:
    inverse = 1.0 / x
    square = inverse * inverse
    out = np.log(x) - 0.5 * inverse
    out -= square * _DIGAMMA_FAR(square)
    return out


def _digamma_left(x: Any) -> Any:
    """digamma(x) = digamma(1 - x) - pi / tan(pi x): nan at the poles, as in PyTorch, since the sides differ."""
    part = x - np.rint(x)
    out = _digamma(1.0 - x) - pi / np.tan(pi * part)
    np.copyto(out, np.nan, where=part == 0)
    return out


def _least(x: Any) -> Any:
    """The least element where a table is to be made, else -inf."""
    if x.dtype is not float32 or not 0 < x.size <= TABLED:
        return -inf
    return min(x.ravel().tolist()) if x.size <= FEWEST else np.minimum.reduce(x, axis=None)


def _digamma_few(x: Any, low: float) -> Any:
    """The same for x > -3, and what derivatives want. See Note [Sums with a smooth end]."""
    terms = x[..., None] + _SIGNED
    out = np.log(terms[..., _END])
    out = (out - np.reciprocal(terms, terms).dot(_WEIGHTS)).astype(float32)
    if low <= -1.0 and -inf in out.ravel().tolist():
        out = np.where(x < 0, out - np.isinf(out) * out, out)  # inf - inf is nan
    return out, terms


@primitive(promotes="float", residuals={"terms": None})
def digamma(x: Any) -> Any:
    """The derivative of lgamma: ∓inf at ±0, nan at -1, -2, ..."""
    if (low := _least(x)) > _LEFTMOST:
        return _digamma_few(x, low)
    return evaluate(_digamma, x), None


digamma.defvjp(lambda xp, g, x, terms: g * xp.polygamma_slope(x, terms, order=0))


def _polygamma(x: Any, order: int) -> Any:
    # polygamma(n, x) = (-1)^(n+1) n! zeta(n + 1, x)
    out = _hurwitz(order + 1, x)
    out *= _factor(order)
    return out


def _factor(order: int) -> float:
    size = float(factorial(order)) if order <= 170 else inf
    return size if order % 2 else -size


def _polygamma_few(terms: Any, order: int) -> Any:
    """The same of float32, from the reciprocals of x + k. See Note [Sums with a smooth end]."""
    end = terms[..., _END]
    if order == 1:
        return ((terms * terms).dot(_WEIGHTS) + end).astype(float32)
    weights, last = _weights(order)
    return (_power(terms, order + 1).dot(weights) + _power(end, order) * last).astype(float32)


@lru_cache(maxsize=64)
def _weights(order: int) -> Any:
    """What the terms of polygamma count for, and the integral."""
    factor = _factor(order)
    return _WEIGHTS * factor, np.array(factor / order)


@primitive(promotes="float", residuals={"terms": None})
def polygamma(x: Any, *, order: int) -> Any:
    """The derivative of digamma of some order: ±inf at 0, -1, -2, ..."""
    if not order:
        return digamma.forward(x)
    if _least(x) > _LEFTMOST:
        terms = x[..., None] + _PLACES
        np.reciprocal(terms, terms)
        return _polygamma_few(terms, order), terms
    return evaluate(_polygamma, x, order), None


polygamma.defvjp(lambda xp, g, x, terms, *, order: g * xp.polygamma_slope(x, terms, order=order))


@primitive(promotes="float")
def polygamma_slope(x: Any, terms: Any, *, order: int) -> Any:
    """polygamma of the next order, from the terms that the forward left, if it did"""
    return polygamma.forward(x, order=order + 1)[0] if terms is None else _polygamma_few(terms, order + 1)


polygamma_slope.defvjp(lambda xp, g, x, *, order: g * xp.polygamma(x, order=order + 2), None)

# ---------------------------------------------------------------------- the Hurwitz zeta function

#: Terms summed one by one at most: for powers so high that more would be asked for, later ones do not count.
_MOST = 60


def _inverse_power(x: Any, s: Any) -> Any:
    """x^-s"""
    if type(s) is not int:
        return np.power(x, -s)
    return _power(1.0 / x, s)


def _power(x: Any, n: int) -> Any:
    """x^n for n > 0, by squaring"""
    if n < 4:
        return x if n == 1 else x * x if n == 2 else x * x * x
    out = None
    while n:
        if n & 1:
            out = x if out is None else out * x
        n >>= 1
        if n:
            x = x * x
    return out


@lru_cache(maxsize=64)
def _corrections(s: int) -> Polynomial:
    """B_2j / (2j)! s (s + 1) ... (s + 2j - 2): the series of Euler and Maclaurin in 1 / a^2."""
    found, rising = [], float(s)
    for j, b in enumerate(_BERNOULLI, 1):
        found.append(b / factorial(2 * j) * rising)
        rising *= (s + 2 * j - 1) * (s + 2 * j)
    return Polynomial(*found[::-1])


def _rest(s: Any, a: Any) -> Any:
    """The sum of (a + k)^-s for large a: the integral a^(1-s) / (s - 1), half the first term, and the corrections."""
    if type(s) is int:
        inverse = 1.0 / a
        out = _corrections(s)(inverse * inverse)
        out *= inverse
        out += 0.5
        out *= inverse
        out += 1 / (s - 1)
        out *= _inverse_power(a, s - 1)
        return out
    held = np.minimum(s, 1e3)  # beyond, the first terms are all that counts
    rising = held / a
    out = 0.5 + rising * (_BERNOULLI[0] / 2)
    for j, b in enumerate(_BERNOULLI[1:], 2):
        rising *= ((held + (2 * j - 3)) / a) * ((held + (2 * j - 2)) / a)
        out += rising * (b / factorial(2 * j))
    return np.power(a, 1 - s) / (s - 1) + np.power(a, -s) * out


def _hurwitz_right(s: Any, q: Any) -> Any:
    """The sum of (q + k)^-s for q > 0: some terms, and the formula of Euler and Maclaurin for the rest."""
    enough = 10 + (s if type(s) is int else np.maximum.reduce(s, initial=0.0))
    if q.size and not np.minimum.reduce(q) >= enough:
        total, q = _first_terms(s, q, int(min(enough, _MOST)))
        total += _rest(s, q)
        return total
    return _rest(s, q)


def _first_terms(s: Any, q: Any, count: int) -> tuple[Any, Any]:
    """The sum of so many terms, and where the next one stands."""
    if q.size * count <= PIECE:
        terms = q + np.arange(float(count))[:, None]
        return np.add.reduce(_inverse_power(terms, s)[::-1], axis=0), q + count
    total, z = _inverse_power(q, s), q.copy()
    for _ in range(count - 1):
        z += 1.0
        total += _inverse_power(z, s)
    return total, z + 1.0


def _hurwitz(s: Any, q: Any) -> Any:
    """zeta(s, q): for a whole s > 1 left of 0 as well."""
    if not q.size or np.minimum.reduce(q) > 0:
        return _hurwitz_right(s, q)
    at = np.flatnonzero(q <= 0)
    right = q.copy()
    right[at] = 1.0
    out = _hurwitz_right(s, right)
    out[at] = _hurwitz_left(s if type(s) is int else s[at], q[at])
    return out


def _hurwitz_left(s: Any, q: Any) -> Any:
    """The sum over all whole k, which repeats itself in q, less the terms with k < 0."""
    part = q - np.rint(q)
    sign = 1.0 - 2.0 * (s % 2)
    out = _inverse_power(part, s) + _hurwitz_right(s, 1.0 + part)
    out += sign * (_hurwitz_right(s, 1.0 - part) - _hurwitz_right(s, 1.0 - q))
    np.copyto(out, inf, where=part == 0)
    return out


def _beyond_one(s: Any) -> bool:
    if isinstance(s, (int, float)):
        return s > 1
    return bool(_least(s) > 1)


def _zeta_few(s: Any, q: Any) -> Any:
    """The same for s > 1, q > 0. See Note [Sums with a smooth end]."""
    terms = q[..., None] + _PLACES
    if isinstance(s, (int, float)):
        tail = terms[..., _END] ** (1.0 - s) / (s - 1.0)
        return (np.power(terms, -float(s)).dot(_WEIGHTS) + tail).astype(q.dtype)
    s = s.astype(np.float64)
    tail = terms[..., _END] ** (1.0 - s) / (s - 1.0)
    return (np.power(terms, -s[..., None]).dot(_WEIGHTS) + tail).astype(q.dtype)


@primitive(promotes="float")
def zeta(s: Any, q: Any) -> Any:
    """The sum of (q + k)^-s over k = 0, 1, ...: inf for s = 1 and q = 0, -1, ..., nan for s < 1"""
    if isinstance(q, np.ndarray) and _least(q) > 0 and _beyond_one(s):
        return _zeta_few(s, q)
    dtype = np.result_type(s, q)
    s, q = np.broadcast_arrays(np.asarray(s, np.float64), np.asarray(q, np.float64))
    flat_s, flat_q, out = s.reshape(-1), q.reshape(-1), np.empty(s.size)
    for i in range(0, s.size, PIECE):
        out[i : i + PIECE] = _zeta(flat_s[i : i + PIECE], flat_q[i : i + PIECE])
    return out.reshape(s.shape).astype(dtype)


def _zeta(s: Any, q: Any) -> Any:
    out = _hurwitz(np.where(s > 1, s, 2.0), q)
    np.copyto(out, np.nan, where=(q <= 0) & (q != np.floor(q)) & (s != np.floor(s)))
    np.copyto(out, inf, where=s == 1)
    np.copyto(out, np.nan, where=~(s >= 1))
    return out


def _zeta_s(xp: Any, g: Any) -> Any:
    raise GradientError("zeta has no derivative for its first argument; give it as a number, or detach() it")


# each term: d/dq (q + k)^-s = -s (q + k)^-(s + 1)
zeta.defvjp(_zeta_s, lambda xp, g, s, q: g * (-s * xp.zeta(s + 1, q)))
