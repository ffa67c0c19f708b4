"""Special functions: how they are evaluated, the error functions, and logarithms with their ends filled in.

Unless its text says otherwise a function here is right to a few units in the last digit of a float64, and float32 is
computed in float64 wherever that is needed for its own last digit.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from autodiff.dtypes import float32
from autodiff.errors import SettingError
from autodiff.primitive import primitive

# ---------------------------------------------------------------------- how they are evaluated

#: A function takes many passes over its argument, so a large one is taken in pieces that stay in the cache.
PIECE = 16384
# Up to so many elements a NumPy call costs more than what it computes, ...
_FEW = 512
#: ... up to so many, one call on a table of all terms is cheaper than one call a term, ...
TABLED = 128
#: ... and up to so many, calls of Python's own functions are cheaper than one of NumPy's.
FEWEST = 32


class Polynomial:
    """A polynomial, given by its coefficients, highest power first."""

    __slots__ = ("row", "steps")

    def __init__(self, *coefficients: float) -> None:
        self.row = np.array(coefficients[::-1])
        self.steps = {np.dtype(d): [np.array(c, d) for c in coefficients] for d in ("float32", "float64")}

    def __reduce__(self) -> Any:
        return Polynomial, tuple(self.row[::-1].tolist())

    def __call__(self, x: Any) -> Any:
        """Horner's rule; for a few elements a product with the table of their powers, which is fewer calls."""
        if x.size <= _FEW:
            return self.row.dot(_powers(x, self.row.size)).astype(x.dtype, copy=False)
        first, second, *others = self.steps[x.dtype]
        out = x * first
        out += second
        for c in others:
            out *= x
            out += c
        return out


class Quotient:
    """A quotient of two polynomials with equally many coefficients."""

    __slots__ = ("above", "below", "rows")

    def __init__(self, above: Polynomial, below: Polynomial) -> None:
        self.above, self.below, self.rows = above, below, np.array([above.row, below.row])

    def __reduce__(self) -> Any:
        return Quotient, (self.above, self.below)

    def __call__(self, x: Any) -> Any:
        if x.size <= _FEW:
            above, below = self.rows.dot(_powers(x, self.above.row.size))
            return above / below
        out = self.above(x)
        out /= self.below(x)
        return out


def _powers(x: Any, count: int) -> Any:
    """The powers 0, 1, ... of a few elements, as rows."""
    powers = np.empty((count, x.size))
    powers[0] = 1
    powers[1:] = x
    return np.multiply.accumulate(powers, axis=0, out=powers)


def evaluate(function: Any, x: Any, *rest: Any, wide: bool = True) -> Any:
    """A function of flat arrays (of float64, if `wide`), which must not write into them, on an array of any shape."""
    dtype = x.dtype
    inner = np.float64 if wide else np.float32 if dtype == np.float16 else dtype
    flat = x.reshape(-1)
    if flat.size <= PIECE:
        out = function(flat.astype(inner, copy=False), *rest)
        return out.astype(dtype, copy=False).reshape(x.shape)
    out = np.empty(flat.shape, dtype)
    step = PIECE if wide or dtype == np.float64 else 2 * PIECE
    for i in range(0, flat.size, step):
        out[i : i + step] = function(flat[i : i + step].astype(inner, copy=False), *rest)
    return out.reshape(x.shape)


def by_element(function: Any, x: Any) -> Any:
    """A function of Python's numbers on each element; None if it has no answer for one, as at a pole."""
    try:
        return np.fromiter(map(function, x.ravel().tolist()), x.dtype, x.size).reshape(x.shape)
    except (ArithmeticError, ValueError):
        return None


@lru_cache(maxsize=256)
def number(value: float, dtype: Any) -> Any:
    """A number as NumPy takes it twice as fast as Python's."""
    return np.array(value, dtype)


def tabled(x: Any) -> bool:
    """Whether to make a table of all terms for all elements: float64 is more than float32 needs."""
    return x.dtype is float32 and 0 < x.size <= TABLED


def lowest(x: Any) -> Any:
    """The least element of an array that is not empty; nan, or any other, where some are nan."""
    return min(x.ravel().tolist()) if x.size <= FEWEST else np.minimum.reduce(x, axis=None)


def _direct(x: Any) -> bool:
    """Whether a function that takes any shape, and writes into what it made, can be called as it is."""
    return x.size <= PIECE and x.ndim > 0 and x.dtype != np.float16  # type: ignore[no-any-return]


def piecewise(x: Any, bounds: tuple[float, ...], *functions: Any) -> Any:
    """The first function below the first bound, the next from there to the second, ...: each where it is needed."""
    if not x.size:
        return x.copy()
    high = np.maximum.reduce(x)
    if high < bounds[0]:
        return functions[0](x)
    low = np.minimum.reduce(x)
    for k in range(len(bounds), 0, -1):
        if low >= bounds[k - 1]:
            if k == len(bounds) or high < bounds[k]:
                return functions[k](x)
            break
    out = np.empty_like(x)
    left = np.ones(x.shape, bool)  # a nan is below no bound, and so the last function's
    for b, function in zip((*bounds, None), functions, strict=True):
        here = left if b is None else left & (x < b)
        at = np.flatnonzero(here)
        if at.size:
            out[at] = function(x[at])
            left ^= here
    return out


# ---------------------------------------------------------------------- the error functions

# fmt: off
# Fitted for this file, as are the polynomials of its neighbours that name no source: interpolation at Chebyshev's
# points with 60 digits. erf(x) / x of x^2, for |x| < 1:
_ERF = Polynomial(
    -7.795898827002142e-10, 1.3720064546777686e-08, -1.6208483801871705e-07, 1.6447424703317362e-06,
    -1.492473690741966e-05, 0.00012055294904839707, -0.0008548325975389692, 0.0052239776071164225,
    -0.02686617064323777, 0.11283791670945006, -0.37612638903183543, 1.1283791670955126,
)
# artanh(erf(x)) / x - 1 of x^2, for |x| < 3.9, where it is minimax for the error of erf in float32.
_ERF_SHORT = Polynomial(
    -1.640185508738117e-09, 5.3900455685820954e-08, -5.149220248408776e-07, -1.8619639906584402e-06,
    7.649202641755616e-05, -0.0006036843229060789, -0.00020214973328689365, 0.10277131446688537,
    0.1283792023466328,
)
# (1 + 2 x) exp(x^2) erfc(x) of t = (x - 3.5) / (x + 3.5), for all x >= 0. For the form: M. M. Shepherd and
# J. G. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x", Mathematics of Computation 36, 1981.
_ERFCX = Polynomial(
    -1.215518696856634e-09, 5.811094613046521e-11, 1.3911592311603408e-08, 6.778448796571971e-10,
    -9.711971329042085e-08, -8.641744973855647e-09, 6.025096057089133e-07, -4.3051702800679015e-08,
    -3.814933907985304e-06, 2.3272968965563324e-06, 2.4260839884956916e-05, -4.278172162890533e-05,
    -0.00012151232760165058, 0.0005643842605299896, -0.00030226790250868746, -0.004215019878405747,
    0.019099330945601945, -0.0488233258310565, 0.08798315382467885, -0.11508959816001958,
    0.09751909515326224, -0.010555596332221952, -0.14000918013761943, 1.2423492448711544,
)
# (1 + x) exp(x^2) erfc(x) of (x - 2.5) / (x + 2.5), to the digits that a float32 needs, for 0 <= x < 10.
_ERFC_SHORT = Polynomial(
    0.00021582320498030684, 0.00029654303108081665, -0.001741813961485283, -0.0008293137560357403,
    0.014381185361037194, -0.031526884532566433, 0.016298826958136104, 0.07634462533656647,
    -0.24704677119035054, 0.7378222712428251,
)
# (1 + x) M1(x) of t = (x - 3) / (x + 3), for x >= 0: see erfcx_mean.
_MEAN = Polynomial(
    -5.326918954536922e-09, 1.785243343281816e-08, 3.55589364536061e-08, -1.868756993592134e-07,
    -2.2979603529426446e-08, 9.658591612491924e-07, -8.548115460548064e-07, -3.1703277519335416e-06,
    6.6199076011487964e-06, 6.073415092025913e-06, -3.1173722085708096e-05, 4.118079471428785e-06,
    0.0001103775752577873, -0.00010138980830327975, -0.00029846508775374105, 0.0005651366658130395,
    0.0005159762205789233, -0.00218419997260703, 0.00026034120331499503, 0.006326509428361702,
    -0.006764570271002739, -0.011647649620097743, 0.03282943188551491, -0.006552109678688055,
    -0.08921850847036643, 0.17195166495612627, -0.08823435414710848, -0.22255536352106803,
    1.2150147560129376,
)
# fmt: on
_SLOPE = 1.1283791670955126  # 2 / sqrt(pi)


_ROOT = {-1.0: 1.0, -0.5: 0.7071067811865476}  # sqrt(-factor)


def scaled_tail(size: Any) -> Any:
    """exp(x^2) erfc(x) for x >= 0, in float64."""
    t = size + 3.5
    np.divide(-7.0, t, out=t)
    t += 1.0
    out = _ERFCX(t)
    np.multiply(size, 2.0, out=t)
    t += 1.0
    out /= t
    return out


def bell(x: Any, factor: float) -> Any:
    """exp(factor x^2) to the last digit: the rounding of x^2 would cost x^2 units of it, so x is split in two."""
    size = np.minimum(np.absolute(x), 40.0)  # where the result is 0 or inf for each factor in use
    high = size.astype(np.float32).astype(np.float64)
    low = (size - high) * (size + high)
    low *= factor
    high *= high
    high *= factor
    return np.exp(high, out=high) * np.exp(low, out=low)


def tail(size: Any, factor: float) -> Any:
    """erfc(x sqrt(-factor)) for x >= 0, where the factor is -1 or -1/2."""
    if size.dtype != np.float32:
        out = scaled_tail(size * _ROOT[factor])
        out *= bell(size, factor)
        return out
    # The exponential and the quotient in float64, where the square is exact; the rest in float32.
    wide = size.astype(np.float64)
    out = wide * wide
    out *= factor
    np.exp(out, out=out)
    wide *= _ROOT[factor]
    t = wide.astype(np.float32)
    wide += 1.0
    out /= wide
    t += 2.5
    np.divide(-5, t, out=t)
    t += 1
    out *= _ERFC_SHORT(t)
    return out.astype(np.float32)


def _erf(x: Any) -> Any:
    if x.dtype == np.float32:
        square = x * x
        np.minimum(square, 15.2, out=square)
        out = _ERF_SHORT(square)
        out *= x
        out += x
        return np.tanh(out, out=out)
    out = piecewise(np.absolute(x), (1.0,), lambda y: y * _ERF(y * y), lambda y: 1.0 - tail(y, -1.0))
    return np.copysign(out, x, out=out)


def _erfc(x: Any) -> Any:
    out = tail(np.absolute(x), -1.0)
    left = np.less(x, 0).astype(x.dtype)  # 2 - out there: products are faster than a mask
    left += left
    out *= 1 - left
    out += left
    return out


def _erfcx(x: Any) -> Any:
    out = scaled_tail(np.absolute(x))
    at = np.flatnonzero(x < 0)
    if at.size:
        out[at] = 2.0 * bell(x[at], 1.0) - out[at]
    return out


@primitive(promotes="float")
def erf(x: Any) -> Any:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x"""
    return by_element(math.erf, x) if x.size <= FEWEST else evaluate(_erf, x, wide=False)


# d/dx erf(x) = 2 / sqrt(pi) exp(-x^2)
erf.defvjp(lambda xp, g, x: g * (xp.exp(-x * x) * _SLOPE))


@primitive(promotes="float")
def erfc(x: Any) -> Any:
    """1 - erf(x), exact where that is small"""
    return by_element(math.erfc, x) if x.size <= FEWEST else evaluate(_erfc, x, wide=False)


erfc.defvjp(lambda xp, g, x: g * (xp.exp(-x * x) * -_SLOPE))


def _erfcx_one(x: float) -> float:
    """The same of one float32, whose square is exact; no answer where a factor overflows."""
    return math.exp(x * x) * math.erfc(x)


@primitive(promotes="float")
def erfcx(x: Any) -> Any:
    """exp(x^2) erfc(x)"""
    out = by_element(_erfcx_one, x) if x.size <= FEWEST and x.dtype == np.float32 else None
    return evaluate(_erfcx, x) if out is None else out


# Note [Moments of erfcx]
# erfcx(x) = 1 / sqrt(pi) times the integral over t > 0 of exp(-t^2 / 4 - x t). Its derivatives are, up to their signs,
# the moments R_n of that weight (with another factor t^n), all positive: computed as such they lose no digits, while
# 2 x erfcx(x) - 2 / sqrt(pi), say, is a difference of nearly equal numbers for large x. M_n = R_n / R_0 neither
# overflows nor underflows. Integration by parts gives R_(n+1) = 2 n R_(n-1) - 2 x R_n.
erfcx.defvjp(lambda xp, g, x: -g * xp.erfcx_moment(x, order=1))


def _mean(x: Any, order: int) -> Any:
    """M_n. See Note [Moments of erfcx]."""
    out = piecewise(x, (0.0,), lambda y: _SLOPE / _erfcx(y) - 2.0 * y, _mean_right)
    return out if order == 1 else piecewise(x, (1.0,), lambda y: _ahead(y, order), lambda y: _back(y, order))


def _mean_right(x: Any) -> Any:
    out = _MEAN(1.0 - 6.0 / (x + 3.0))
    out /= 1.0 + x
    return out


def _ahead(x: Any, order: int) -> Any:
    """M_n by the recurrence, which is stable where x is not large."""
    before, out = 1.0, _mean(x, 1)
    for k in range(1, order):
        before, out = out, 2.0 * k * before - 2.0 * x * out
    return out


def _back(x: Any, order: int) -> Any:
    """M_n as a product of quotients R_k / R_(k-1) = 2 k / (2 x + R_(k+1) / R_k), a continued fraction."""
    twice, quotient, out = 2.0 * x, 0.0, 1.0
    for k in range(order + 40 + int(200 / np.minimum.reduce(x) ** 2), 0, -1):
        quotient = 2.0 * k / (twice + quotient)
        if k <= order:
            out = out * quotient
    return out


def _moment(x: Any, order: int) -> Any:
    if order > 1:
        return _erfcx(x) * _mean(x, order)
    return piecewise(x, (0.75,), lambda y: _SLOPE - 2.0 * y * _erfcx(y), lambda y: _erfcx(y) * _mean_right(y))


def _moment_one(x: float) -> float:
    """The first one, for which 12 digits are left where `_erfcx_one` has an answer."""
    return _SLOPE - 2.0 * x * _erfcx_one(x)


@primitive(promotes="float")
def erfcx_moment(x: Any, *, order: int) -> Any:
    """The derivative of erfcx of some order, without its sign"""
    out = by_element(_moment_one, x) if order == 1 and x.size <= FEWEST and x.dtype == np.float32 else None
    return evaluate(_moment, x, order) if out is None else out


erfcx_moment.defvjp(lambda xp, g, x, *, order: -g * xp.erfcx_moment(x, order=order + 1))


@primitive(promotes="float")
def erfcx_mean(x: Any, *, order: int) -> Any:
    """erfcx_moment(x, order) / erfcx(x)"""
    return evaluate(_mean, x, order)


# M_n' = (R_n / R_0)' = -R_(n+1) / R_0 + R_n R_1 / R_0^2 = M_n M_1 - M_(n+1)
erfcx_mean.defvjp(
    lambda xp, g, out, x, *, order: g * (out * xp.erfcx_mean(x, order=1) - xp.erfcx_mean(x, order=order + 1))
)


# ---------------------------------------------------------------------- logarithms with their ends filled in


def _logit(x: Any, eps: float | None) -> Any:
    if eps is not None:
        low, high = number(eps, x.dtype), number(1 - eps, x.dtype)
        x = np.minimum(np.maximum(x, low), high) if low <= high else np.where(x < low, low, high)
    out = number(1, x.dtype) - x
    np.divide(x, out, out=out)
    return np.log(out, out=out)


@primitive(promotes="float")
def logit(x: Any, *, eps: float | None = None) -> Any:
    """log(x / (1 - x)), of x held between eps and 1 - eps; nan where x is no probability"""
    return _logit(x, eps) if _direct(x) else evaluate(_logit, x, eps, wide=False)


logit.defvjp(lambda xp, g, x, *, eps: g * xp.logit_slope(x, eps=eps))


def _logit_slope(x: Any, eps: float | None) -> Any:
    one = number(1, x.dtype)
    out = one - x
    out *= x
    if eps is not None:
        inside = (x >= number(eps, x.dtype)) & (x <= number(1 - eps, x.dtype))
        return np.divide(one, out, out=np.zeros(out.shape, out.dtype), where=inside)
    if out.size and not lowest(out) >= 0:
        np.copyto(out, np.nan, where=out < 0)
    return np.divide(one, out, out=out)


@primitive(promotes="float")
def logit_slope(x: Any, *, eps: float | None = None) -> Any:
    """1 / (x (1 - x)): 0 where x was not between eps and 1 - eps, nan where it is no probability"""
    return _logit_slope(x, eps) if _direct(x) else evaluate(_logit_slope, x, eps, wide=False)


# d/dx 1 / (x - x^2) = (2 x - 1) / (x - x^2)^2
logit_slope.defvjp(lambda xp, g, x, out: g * ((x * 2 - 1) * out * out))


@primitive(promotes="float")
def xlogy(x: Any, y: Any) -> Any:
    """x log(y): 0 where x is 0 and y a number"""
    return _weighted(x, np.log(y), y)


@primitive(promotes="float")
def xlog1py(x: Any, y: Any) -> Any:
    """x log(1 + y): 0 where x is 0 and y a number"""
    return _weighted(x, np.log1p(y), y)


def _weighted(x: Any, logs: Any, y: Any) -> Any:
    out = np.asarray(x * (float(logs) if isinstance(y, (float, int)) else logs))  # NumPy's scalar would widen x
    if not np.all(x):
        np.copyto(out, 0, where=np.equal(x, 0) & np.equal(y, y))
    return out


# At x = 0 the cotangent of x is 0 where the logarithm is -inf or nan, as in PyTorch, so that 0 log 0 trains.
xlogy.defvjp(
    lambda xp, g, x, y: g * xp.xlogy(xp.cast((x != 0) | (y > 0), dtype=x.dtype), y),
    lambda xp, g, x, y: g * (x / y),
)
xlog1py.defvjp(
    lambda xp, g, x, y: g * xp.xlog1py(xp.cast((x != 0) | (y > -1), dtype=x.dtype), y),
    lambda xp, g, x, y: g * (x / (y + 1)),
)


def _entr(x: Any) -> Any:
    out = np.log(x)
    out *= x
    np.negative(out, out=out)
    if out.size and not lowest(x) > 0:
        np.copyto(out, 0, where=x == 0)
        np.copyto(out, -np.inf, where=x < 0)
    return out


@primitive(promotes="float")
def entr(x: Any) -> Any:
    """-x log(x): 0 at 0, -inf below"""
    return _entr(x) if _direct(x) else evaluate(_entr, x, wide=False)


entr.defvjp(lambda xp, g, x: -g * (xp.log(x) + 1))


@primitive(view=True)
def check_probabilities(x: Any) -> Any:
    """A view of x, whose elements must be from 0 to 1"""
    # Written so that a nan is refused.
    if x.size and not (np.minimum.reduce(x, axis=None) >= 0 and np.maximum.reduce(x, axis=None) <= 1):
        wrong = x[~((x >= 0) & (x <= 1))]
        raise SettingError(
            f"binary_cross_entropy takes probabilities from 0 to 1 and got {wrong[0]:g}; "
            "put a sigmoid before it, or use binary_cross_entropy_with_logits, which takes any number"
        )
    return x[...]  # an array of its own, by which a recorder knows the result


check_probabilities.defvjp(lambda xp, g: g)


@primitive(promotes="arith")
def binary_cross_entropy(x: Any, target: Any) -> Any:
    """-(t log x + (1 - t) log(1 - x)), with logarithms held above -100 so that a wrong certainty costs 100"""
    return (target - 1) * np.maximum(np.log1p(-x), -100) - target * np.maximum(np.log(x), -100)


# d/dx = (x - t) / (x (1 - x)). The denominator is held above 1e-12, as PyTorch does: at the ends there is no limit.
binary_cross_entropy.defvjp(
    lambda xp, g, x, target: g * (x - target) / xp.maximum(x * (1 - x), 1e-12),
    lambda xp, g, x: g * (xp.maximum(xp.log1p(-x), -100.0) - xp.maximum(xp.log(x), -100.0)),
)
binary_cross_entropy.defcomposite(
    lambda xp, x, target: (target - 1) * xp.maximum(xp.log1p(-x), -100.0) - target * xp.maximum(xp.log(x), -100.0)
)
