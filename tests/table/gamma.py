"""Rows of the gamma function's logarithm and what it is differentiated to."""

import math

import numpy as np

import autodiff.ops.gamma  # noqa: F401 (fills the registry)
from tests.table.form import case, exactly, positive, row
from tests.table.special import by_element, integral

FAR = exactly([0.3, 3.5, 6.0, 30.0])
LEFT = exactly([-0.3, -1.6, -7.5])


def shifted(function, term, x, steps=10):
    """What `function` gives far enough to the right, and so many terms, by which it changes from x to x + 1."""
    x = np.asarray(x, float)
    return function(x + steps) + sum(term(x + k) for k in range(steps))


def digamma_right(x):
    x = x[..., None]
    return integral(lambda t: np.exp(-t) / t - np.exp(-x * t) / -np.expm1(-t), 0, 40, 80)


def zeta_right(s, q):
    """Mellin's integral over t = u^2, of u."""
    s, q = np.asarray(s, float)[..., None], np.asarray(q)[..., None]
    kernel = integral(lambda u: 2 * u ** (2 * s - 1) * np.exp(-q * u * u) / -np.expm1(-u * u), 0, 8)
    return kernel / by_element(math.gamma)(s[..., 0])


def digamma(x):
    return shifted(digamma_right, lambda v: -1 / v, x)


def zeta(s, q):
    return shifted(lambda v: zeta_right(s, v), lambda v: v ** -np.asarray(s, float), q)


def polygamma(x, order):
    return (-1) ** (order + 1) * math.factorial(order) * zeta(order + 1, x) if order else digamma(x)


SHAPES = ((2, 3), (3,), (), (0,), (2, 0, 3))
OVER_ALL = [*[case(positive(*s)) for s in SHAPES], case(FAR), case(LEFT)]
row("lgamma", by_element(math.lgamma), *OVER_ALL, notes="inf at 0, -1, -2, ...")
row(
    "mvlgamma",
    lambda x, p: sum(by_element(math.lgamma)(x - j / 2) for j in range(p)) + p * (p - 1) / 4 * math.log(math.pi),
    *[case(positive(*s), p=1) for s in SHAPES],
    case(exactly([2.3, 7.1]), p=3),
)
row("digamma", digamma, *OVER_ALL, notes="∓inf at ±0, nan at -1, -2, ...")
row(
    "polygamma",
    polygamma,
    *[case(positive(*s), order=1) for s in SHAPES],
    case(FAR, order=1),
    case(LEFT, order=1),
    case(FAR, order=2),
    case(LEFT, order=2),
    case(positive(3), order=4),
    case(positive(3), order=0),
    notes="inf for odd, -inf for even order at 0, -1, -2, ...",
)
row(
    "polygamma_slope",
    lambda x, terms, order: polygamma(x, order + 1),
    case(positive(2, 3), None, order=1),
    case(positive(3), None, order=0),
    case(LEFT, None, order=1),
    case(positive(), None, order=2),
    case(positive(0), None, order=1),
    notes="the next order: what derivatives of polygamma are made of",
)
row(
    "zeta",
    zeta,
    case(2.0, positive(2, 3)),
    case(7, positive(3)),
    case(20.5, positive(3)),
    case(3.5, FAR),
    case(1.5, positive(3)),
    case(2.0, LEFT),
    case(3.0, LEFT),
    case(2.0, positive()),
    case(2.0, positive(0)),
    notes="no derivative for s; inf at s = 1 and q = 0, -1, ..., nan for s < 1",
)
