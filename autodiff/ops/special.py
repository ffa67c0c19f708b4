"""Special functions: the error function, and the cross-entropy of two classes at its singular ends."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.primitive import primitive

# W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23, 1969: the
# coefficients of numerators and denominators, highest power first, on the three intervals.
_NEAR = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)


def _ratio(x: Any, coefficients: Any) -> Any:
    """A quotient of two polynomials, by Horner's rule."""
    above, below = (np.full_like(x, c[0]) for c in coefficients)
    for p, q in zip(coefficients[0][1:], coefficients[1][1:]):
        above = above * x + p
        below = below * x + q
    return above / below


@primitive(promotes="float")
def erf(x: Any) -> Any:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x, to the precision of the dtype"""
    wide = np.asarray(x, np.float64)
    size = np.absolute(wide)
    near = wide * _ratio(np.minimum(size, 0.5) ** 2, _NEAR)
    # Beyond 6 the result is 1 to the last digit of a float64, so the third interval is not needed.
    middle = np.clip(size, 0.5, 6.0)
    far = 1.0 - np.exp(-middle * middle) * _ratio(middle, _MIDDLE)
    far = np.where(size >= 6.0, 1.0, far)
    out = np.where(size <= 0.5, near, np.copysign(far, wide))
    return np.where(np.isnan(wide), wide, out).astype(x.dtype, copy=False)


# d/dx erf(x) = 2 / sqrt(pi) exp(-x^2)
erf.defvjp(lambda xp, g, x: g * (xp.exp(-x * x) * 1.1283791670955126))


@primitive(promotes="arith")
def binary_cross_entropy(x: Any, target: Any) -> Any:
    """-(t log x + (1 - t) log(1 - x)), with logarithms held above -100 so that a wrong certainty costs 100"""
    return (target - 1) * np.maximum(np.log1p(-x), -100) - target * np.maximum(np.log(x), -100)


# d/dx = (x - t) / (x (1 - x)). The denominator is held above 1e-12, as PyTorch does: at the ends there is no limit.
binary_cross_entropy.defvjp(
    lambda xp, g, x, target: g * (x - target) / xp.maximum(x * (1 - x), 1e-12),
    lambda xp, g, x: g * (xp.maximum(xp.log1p(-x), -100.0) - xp.maximum(xp.log(x), -100.0)),
)
