"""Rows of the primitives of autodiff/ops/waves.py."""

import numpy as np

from tests.table.form import binary, case, exactly, positive, real, row, unary, unit

# -- exponentials and logarithms ---

unary("expm1", lambda x: np.exp(x) - 1)
unary("exp2", lambda x: np.exp(x * np.log(2)))
unary("log2", lambda x: np.log(x) / np.log(2), positive, notes="-inf at 0")
unary("log10", lambda x: np.log(x) / np.log(10), positive, notes="-inf at 0")
binary("ldexp", lambda x, y: x * 2.0**y)
# More elements than the size at which another form takes over.
MANY = exactly(np.linspace(-3, 3, 600).reshape(2, 300)), exactly(np.linspace(2, -4, 300))
row(
    "logaddexp",
    lambda x, y: np.log(np.exp(x) + np.exp(y)),
    case(real(2, 3), real(3)),
    case(real(), real(2)),
    case(real(0), real(1)),
    case(real(2), 0.5),
    case(*MANY),
)
row(
    "logaddexp2",
    lambda x, y: np.log2(2**x + 2**y),
    case(real(2, 3), real(3)),
    case(real(), real(2)),
    case(real(0), real(1)),
    case(0.5, real(2)),
    case(*MANY),
)

# -- circular functions ---

unary("tan", lambda x: np.sin(x) / np.cos(x), unit)
unary("arcsin", lambda x: np.angle(np.sqrt(1 - x * x) + 1j * x), unit)
unary("arccos", lambda x: np.angle(x + 1j * np.sqrt(1 - x * x)), unit)
unary("arctan", lambda x: np.angle(1 + 1j * x))
binary(
    "arctan2",
    lambda x, y: np.angle(y + 1j * x),
    positive,
    real,
    notes="derivative 0 at the origin, though it has none",
)
row(
    "hypot",
    lambda x, y: np.abs(x + 1j * y),
    case(positive(2, 3), real(3)),
    case(positive(), real(2)),
    case(real(0), real(1)),
    case(real(2), 0.5),
    case(*MANY),
    notes="derivative nan at the origin",
)
unary("deg2rad", lambda x: x / 360 * 2 * np.pi, curved=False)
unary("rad2deg", lambda x: x / np.pi * 180, curved=False)

# -- hyperbolic functions ---

unary("sinh", lambda x: (np.exp(x) - np.exp(-x)) / 2)
unary("cosh", lambda x: (np.exp(x) + np.exp(-x)) / 2)
unary("arcsinh", lambda x: np.log(x + np.sqrt(x * x + 1)))
row(
    "arccosh",
    lambda x: np.log(x + np.sqrt(x * x - 1)),
    case(exactly([[1.5, 2.0, 3.5], [1.25, 5.0, 9.0]])),
    case(exactly(2.5)),
    case(positive(0)),
    notes="derivative inf at 1",
)
unary("arctanh", lambda x: np.log((1 + x) / (1 - x)) / 2, unit, notes="derivative inf at -1 and 1")
