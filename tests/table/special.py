"""Rows of the error functions, of logarithms with their ends filled in, and the quadrature that others use too."""

import math

import numpy as np

import autodiff.ops.special  # noqa: F401 (fills the registry)
from tests.table.form import PAIRS, case, exactly, positive, real, row, unary, unit

NODES, WEIGHTS = np.polynomial.legendre.leggauss(40)


def integral(function, low, high, panels=40):
    """The integral of `function` of (t, ...), which broadcasts over a last dim of nodes."""
    edges = np.linspace(low, high, panels + 1)
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half * (NODES + 1)).ravel()
    return (function(t) * (half * WEIGHTS).ravel()).sum(-1)


def by_element(function):
    return np.vectorize(function, otypes=[float])


def moment(x, order=0):
    """The derivatives of erfcx, without their signs."""
    x = np.asarray(x)[..., None]
    return integral(lambda t: t**order * np.exp(-t * t / 4 - x * t), 0, 40) / math.sqrt(math.pi)


ORDERS = [
    case(real(2, 3), order=1),
    case(real(3), order=2),
    case(exactly([0.5, 3.0, 12.0, -3.0]), order=3),
    case(exactly([1.0, 5.0]), order=1),
    case(real(), order=1),
    case(real(0), order=1),
]
unary("erf", by_element(math.erf), notes="exact to the last digits of the dtype")
unary("erfc", by_element(math.erfc), notes="exact where it is small")
unary("erfcx", moment, notes="inf below -26.6")
row("erfcx_moment", moment, *ORDERS, notes="derivatives of erfcx, without cancellation")
row("erfcx_mean", lambda x, order: moment(x, order) / moment(x), *ORDERS, notes="the same over erfcx")


def held(x, eps):
    return x if eps is None else np.clip(x, eps, 1 - eps)


PROBABILITIES = [case(unit(2, 3)), case(unit(3), eps=0.3), case(unit()), case(unit(0)), case(unit(2, 0, 3))]
row(
    "logit",
    lambda x, eps=None: np.log(held(x, eps)) - np.log1p(-held(x, eps)),
    *PROBABILITIES,
    notes="±inf at 1 and 0, nan beyond; held between eps and 1 - eps",
)
row(
    "logit_slope",
    lambda x, eps=None: np.where(held(x, eps) == x, 1 / x + 1 / (1 - x), 0),
    *PROBABILITIES,
    notes="the derivative of logit",
)
WEIGHTED = [case(positive(*s), positive(*t)) for s, t in PAIRS] + [case(2.5, positive(2)), case(positive(2), 2.5)]
row("xlogy", lambda x, y: np.log(y**x), *WEIGHTED, notes="0 at x = 0, unless y is nan, with derivative 0 for x")
row("xlog1py", lambda x, y: np.log((1 + y) ** x), *WEIGHTED, notes="0 at x = 0, unless y is nan")
unary("entr", lambda x: np.log(x**-x), positive, notes="0 at 0, -inf below; derivative inf at 0")
row(
    "check_probabilities",
    lambda x: x,
    case(unit(2, 3)),
    case(unit()),
    case(unit(0)),
    curved=False,
    notes="raises where an element is below 0 or above 1, or nan",
)
row(
    "binary_cross_entropy",
    lambda x, t: -t * np.log(x) - (1 - t) * np.log(1 - x),
    case(unit(2, 3), unit(2, 3)),
    case(unit(3), exactly([0.0, 1.0, 1.0])),
    case(unit(), unit()),
    case(unit(0), unit(0)),
    notes="logarithms are held above -100",
)
