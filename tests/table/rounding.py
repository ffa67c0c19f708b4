"""Rows of the primitives of autodiff/ops/rounding.py."""

import numpy as np

from tests.table.form import STEPPED, binary, booleans, case, exactly, integers, positive, real, row

FLAT = {"curved": False}

# -- rounding ---


def whole(x):
    """The largest integer not above each element, by Python's own arithmetic."""
    return np.array([n // 1 for n in np.ravel(x).tolist()], x.dtype).reshape(x.shape)


MIXED = case(integers(-3, 3, 2, 2))
row("floor", whole, case(real(2, 3)), case(real()), case(real(0)), MIXED, **FLAT, notes="derivative 0 everywhere")
row("ceil", lambda x: -whole(-x), case(real(2, 3)), case(real()), case(real(0)), MIXED, **FLAT)
row("trunc", lambda x: np.where(x < 0, -1, 1) * whole(abs(x)), case(real(2, 3)), case(real()), MIXED, **FLAT)
HALVES = case(exactly([0.5, 1.5, -0.5, 2.5, 0.75]), differences=False)
row(
    "rint",
    lambda x: np.array([round(float(n)) for n in x.ravel()], x.dtype).reshape(x.shape),
    *(case(real(2, 3)), case(real()), MIXED, HALVES),
    **FLAT,
    notes="of two nearest integers the even one",
)
row(
    "round",
    lambda x, decimals: np.array([round(float(n), decimals) for n in x.ravel()]).reshape(x.shape),
    case(real(2, 3), decimals=1),
    case(exactly([1234.5, 1240.0, -75.25]), decimals=-2),
    case(real(), decimals=3),
    **FLAT,
)
row("frac", lambda x: np.sign(x) * (abs(x) - whole(abs(x))), case(real(2, 3)), case(real()), case(real(0)), **FLAT)

# -- division with a remainder ---

binary("floor_divide", lambda x, y: whole(x / y), positive, positive, **FLAT, notes="derivative 0 everywhere")
binary("trunc_divide", lambda x, y: np.trunc(x / y), positive, positive, **FLAT, notes="derivative 0 everywhere")
row(
    "remainder",
    lambda x, y: x - np.floor(x / y) * y,
    *(case(real(2, 3), positive(3)), case(real(), positive(2)), case(real(0), positive(1))),
    *(case(real(2), 2.5), case(2.5, positive(2)), case(integers(-9, 9, 4), integers(1, 4, 4))),
    **FLAT,
    notes="sign of y; the step itself has derivative 0",
)
row(
    "fmod",
    lambda x, y: x - np.trunc(x / y) * y,
    *(case(real(2, 3), positive(3)), case(real(), positive(2)), case(real(0), positive(1))),
    *(case(real(2), 2.5), case(2.5, positive(2)), case(integers(-9, 9, 4), integers(1, 4, 4))),
    **FLAT,
    notes="sign of x; the step itself has derivative 0",
)
row(
    "gcd",
    lambda x, y: np.array([[max(d for d in range(1, 13) if a % d == b % d == 0) for b in y] for a in x[:, 0]]),
    case(integers(1, 12, 3, 1), integers(1, 12, 4)),
    **STEPPED,
)
row(
    "lcm",
    lambda x, y: np.array([[min(d for d in range(1, 145) if d % a == d % b == 0) for b in y] for a in x[:, 0]]),
    case(integers(1, 12, 3, 1), integers(1, 12, 4)),
    **STEPPED,
)

# -- signs, steps and neighbours ---

binary("copysign", lambda x, y: abs(x) * np.where(np.signbit(y), -1, 1), **FLAT, notes="derivative 0 at x = 0")
row(
    "heaviside",
    lambda x, y: np.select([x > 0, x == 0], [1, y], 0),
    case(exactly([-1.5, 0.0, 2.0]), exactly(0.5)),
    case(exactly([[-1.5], [0.0]]), exactly([0.25, 0.75])),
    case(integers(-1, 2, 5), integers(3, 5, 5)),
    **STEPPED,
)
binary("nextafter", lambda x, y: x + np.spacing(x) * np.sign(y - x) * np.sign(x), **FLAT)

# -- nan and infinities ---

ODD = exactly([[np.nan, np.inf, 1.5], [-np.inf, 0.0, np.nan]])


def repaired(x, nan=0.0, posinf=None, neginf=None):
    largest = np.finfo(x.dtype).max if x.dtype.kind == "f" else 0
    high, low = largest if posinf is None else posinf, -largest if neginf is None else neginf
    return np.select([x != x, x == np.inf, x == -np.inf], [nan, high, low], x)


row(
    "nan_to_num",
    repaired,
    case(ODD, differences=False),
    case(ODD, nan=2.0, posinf=3.0, neginf=-4.0, differences=False),
    case(real(2, 3)),
    case(real()),
    case(booleans(3)),
    **FLAT,
    notes="no cotangent where x was replaced",
)
binary("fmax", lambda x, y: np.where(x > y, x, y), numbers=(0,), **FLAT, notes="a tie goes to x; a nan is passed over")
binary("fmin", lambda x, y: np.where(x < y, x, y), numbers=(0,), **FLAT, notes="a tie goes to x; a nan is passed over")
