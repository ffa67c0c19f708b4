"""Rows of the Bessel functions."""

import math

import numpy as np

import autodiff.ops.bessel  # noqa: F401 (fills the registry)
from tests.table.form import case, exactly, real, row, unary
from tests.table.special import integral

ANGLES = (np.arange(200) + 0.5) * np.pi / 200
FAR = exactly([-12.0, 9.5, 30.0])


def modified(x, order, scaled=False):
    """Bessel's integral, a mean over the half circle: exp(x cos t) cos(n t)."""
    x = np.asarray(x)[..., None]
    return np.mean(np.exp(x * np.cos(ANGLES) - scaled * np.abs(x)) * np.cos(order * ANGLES), -1)


def spherical(x, order):
    """Poisson's integral for j_n(pi x) / (pi x)^n."""
    z = np.pi * np.asarray(x)[..., None]
    total = integral(lambda t: np.cos(z * t) * (1 - t * t) ** order, 0, 1)
    return total / (2**order * math.factorial(order))


unary("i0", lambda x: modified(x, 0))
unary("i1", lambda x: modified(x, 1))
SCALED = [case(real(*s)) for s in ((2, 3), (3,), (), (0,))] + [case(FAR)]
row("i0e", lambda x: modified(x, 0, True), *SCALED, notes="derivative 0 at 0")
row("i1e", lambda x: modified(x, 1, True), *SCALED)
row(
    "bessel_ratio",
    lambda x, order, scaled=False: modified(x, order, scaled) / x**order,
    case(real(2, 3), order=1),
    case(exactly([-1.5, 1.0, 7.5]), order=2),
    case(real(2, 3), order=1, scaled=True),
    case(FAR, order=1, scaled=True),
    case(FAR, order=3, scaled=True),
    case(real(), order=1),
    case(real(0), order=1),
    notes="smooth at 0: what derivatives of i0 and i1 are made of",
)
unary("sinc", lambda x: spherical(x, 0), notes="1 at 0, where it is smooth")
row(
    "sinc_ratio",
    spherical,
    case(real(2, 3), order=1),
    case(exactly([-4.2, 0.1, 2.5, 7.3]), order=1),
    case(exactly([-4.2, 0.1, 2.5, 7.3]), order=2),
    case(real(), order=1),
    case(real(0), order=1),
    notes="smooth at 0: what derivatives of sinc are made of",
)
