"""Rows of the normal distribution."""

import math

import numpy as np

import autodiff.ops.normal  # noqa: F401 (fills the registry)
from tests.table.form import unary, unit
from tests.table.special import by_element, integral


def density(x):
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def probability(x):
    return integral(lambda t: density(np.asarray(x)[..., None] - t), 0, 40)


def inverse(function, y, low, high):
    """By bisection."""
    low, high = np.full(np.shape(y), low), np.full(np.shape(y), high)
    for _ in range(60):
        middle = (low + high) / 2
        less = function(middle) < y
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return low


unary("ndtr", probability)
unary("log_ndtr", lambda x: np.log(probability(x)), notes="exact in both tails, as is its derivative")
unary("normal_hazard", lambda x: density(x) / probability(x), notes="the derivative of log_ndtr")
unary("ndtri", lambda p: inverse(probability, p, -9.0, 9.0), unit, notes="±inf at 1 and 0, nan beyond")
unary("erfinv", lambda x: inverse(by_element(math.erf), x, 0.0, 6.0), unit, notes="±inf at ±1, nan beyond")
