"""Rows of the primitives of autodiff/ops/elementwise.py and comparison.py."""

import numpy as np

from tests.table.form import (
    STEPPED,
    binary,
    booleans,
    case,
    exactly,
    integers,
    positive,
    real,
    row,
    small,
    unary,
    unit,
)

binary("add", lambda x, y: x - -y, numbers=(2, 2.5), curved=False)
binary("subtract", lambda x, y: -(y - x), numbers=(2, 2.5), curved=False)
binary("multiply", lambda x, y: x / (1 / y), second=positive, numbers=(2, 2.5))
binary("divide", lambda x, y: x * y**-1.0, second=positive, numbers=(2.0, 2.5), notes="x/0 is ±inf, 0/0 is nan")
unary("negative", lambda x: 0 - x, curved=False)
binary(
    "power",
    lambda x, y: np.exp(y * np.log(x)),
    first=positive,
    notes="at y = 0 no cotangent reaches x; at x = 0 ≤ y none reaches y",
)
row(
    "power_scalar",
    lambda x, exponent: np.prod([x] * exponent, axis=0) if exponent in (2, 3) else np.exp(exponent * np.log(x)),
    case(real(2, 3), exponent=2),
    case(real(3), exponent=3),
    case(positive(2, 3), exponent=0.5),
    case(positive(3), exponent=-1.5),
    case(positive(2), exponent=1),
    case(positive(2), exponent=0),
    case(real(), exponent=3),
    case(positive(3), exponent=-0.5),
    case(positive(3), exponent=-2),
    case(booleans(3), exponent=2),
    case(real(0), exponent=2),
    notes="exponent 0 has derivative 0, at x = 0 too",
)
unary("absolute", lambda x: np.where(x < 0, -x, x), real, curved=False, notes="derivative 0 at 0")
unary("sign", lambda x: (x > 0) * 1.0 - (x < 0), real, curved=False, notes="derivative 0 everywhere")
unary("sgn", lambda x: (x > 0) * 1.0 - (x < 0), real, curved=False, notes="0 of nan; derivative 0 everywhere")
unary("square", lambda x: x**2)
unary("reciprocal", lambda x: x**-1.0, positive)
unary("rsqrt", lambda x: x**-0.5, positive)
row(
    "addcmul",
    lambda x, y, z, value=1: x + value * y * z,
    case(real(2, 3), real(2, 3), real(2, 3)),
    case(real(2, 3), real(3), real(2, 1), value=0.5),
    case(real(), real(), real(2), value=-2),
    case(integers(0, 5, 3), integers(0, 5, 3), integers(0, 5, 3), value=2),
)
row(
    "addcdiv",
    lambda x, y, z, value=1: x + value * y * z**-1.0,
    case(real(2, 3), real(2, 3), positive(2, 3)),
    case(real(2, 3), real(3), positive(2, 1), value=0.5),
    case(real(), real(), positive(2), value=-2),
)
row(
    "lerp",
    lambda x, y, weight: x + weight * (y - x),
    case(real(2, 3), real(2, 3), real(2, 3)),
    case(real(2, 3), real(3), real(2, 1)),
    case(real(2, 3), real(2, 3), 0.25),
    case(real(2, 3), real(3), 0.75),
    case(real(), real(2), real()),
)
unary("exp", lambda x: np.e**x)
unary("log", lambda x: np.log2(x) * np.log(2), positive, notes="-inf at 0")
unary("log1p", lambda x: np.log(1 + x), positive)
unary("sqrt", lambda x: x**0.5, positive, notes="derivative inf at 0")
unary("sin", lambda x: np.exp(1j * x).imag)
unary("cos", lambda x: np.exp(1j * x).real)
unary("tanh", lambda x: (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1))
unary("sigmoid", lambda x: np.exp(x) / (1 + np.exp(x)))
unary("softplus", lambda x: np.log(1 + np.exp(x)))
unary("relu", lambda x: np.where(x > 0, x, 0), real, curved=False, notes="derivative 0 at 0")
row(
    "relu_backward",
    lambda g, y: np.where(y > 0, g, 0),
    case(real(2, 3), positive(2, 3)),
    case(real(4), exactly([0.0, 1.5, 0.0, 2.0]), differences=False),
    case(real(), positive()),
    case(real(0), positive(0)),
    case(real(100, 100), exactly(np.maximum(np.arange(-5000.0, 5000.0), 0).reshape(100, 100)), differences=False),
    curved=False,
    notes="backward of relu, as an operation of its own; takes the result of relu",
)
binary("maximum", lambda x, y: np.where(x > y, x, y), real, real, (0,), curved=False, notes="a tie shares equally")
binary("minimum", lambda x, y: np.where(x < y, x, y), real, real, (0,), curved=False, notes="a tie shares equally")


def clipped(x, low, high):
    out = x if low is None else np.where(x < low, low, x)
    return out if high is None else np.where(out > high, high, out)


row(
    "clip",
    clipped,
    case(real(2, 3), -0.5, 0.5),
    case(real(2, 3), None, 0.5),
    case(real(2, 3), -0.5, None),
    case(real(), -0.5, 0.5),
    case(real(0), -0.5, 0.5),
    case(real(2, 3), exactly([-0.3, -0.2, -0.1]), exactly([[0.2], [0.3]])),
    case(real(2, 3), exactly(-0.3), None),
    case(real(600), -0.5, None),
    case(real(600), None, 0.5),
    case(real(2, 2), exactly([0.4, -0.4]), exactly([-0.41, 0.41])),
    curved=False,
    notes="x gets the cotangent on the bounds too; high wins where the bounds cross",
)
row(
    "where",
    lambda c, x, y: np.select([c], [x], y),
    case(booleans(2, 3), real(2, 3), real(2, 3)),
    case(booleans(3), real(2, 1), real()),
    case(booleans(), real(2), real(2)),
    case(booleans(2, 3), real(3), 0.0),
    case(booleans(2, 3), 1.5, real(2, 3)),
    case(booleans(0), real(0), real(1)),
    case(booleans(3, 200), real(3, 200), real(3, 200)),
    case(booleans(600), 0.0, real(600)),
    case(booleans(600), real(600), 0.0),
    case(booleans(600), real(1), real(600)),
    case(booleans(600), 2.5, real()),
    curved=False,
    notes="a nan in the branch not taken stays there",
)
unary("copy", lambda x: x + 0, curved=False)
row(
    "cast",
    lambda x, dtype: np.array(x, dtype),
    case(real(2, 3), dtype=np.dtype(np.float64)),
    case(integers(-3, 3, 2, 3), dtype=np.dtype(np.float32)),
    case(real(2, 3), dtype=np.dtype(np.int64)),
    case(booleans(3), dtype=np.dtype(np.uint8)),
    curved=False,
)

# -- without derivative ---

for name, compare in {
    "equal": lambda x, y: ~((x < y) | (x > y)),
    "not_equal": lambda x, y: (x < y) | (x > y),
    "less": lambda x, y: ~(y <= x),
    "less_equal": lambda x, y: ~(y < x),
    "greater": lambda x, y: ~(y >= x),
    "greater_equal": lambda x, y: ~(y > x),
}.items():
    binary(name, compare, small, small, (1, 1.0), **STEPPED)
for name, logic in {
    "bitwise_and": lambda x, y: x & y,
    "bitwise_or": lambda x, y: x | y,
    "bitwise_xor": lambda x, y: x ^ y,
    "logical_and": lambda x, y: (x != 0) & (y != 0),
    "logical_or": lambda x, y: (x != 0) | (y != 0),
    "logical_xor": lambda x, y: (x != 0) ^ (y != 0),
}.items():
    row(
        name,
        logic,
        case(booleans(2, 3), booleans(3)),
        case(integers(0, 8, 2, 3), integers(0, 8, 2, 1)),
        case(integers(0, 8, 2), 3),
        **STEPPED,
    )
row("left_shift", lambda x, y: x * 2**y, case(integers(-8, 8, 2, 3), integers(0, 4, 3)), case(small(2), 3), **STEPPED)
row("right_shift", lambda x, y: x // 2**y, case(integers(-8, 8, 2, 3), integers(0, 4, 3)), case(small(2), 3), **STEPPED)
row("bitwise_not", lambda x: x ^ True if x.dtype == bool else -x - 1, case(booleans(3)), case(small(2, 2)), **STEPPED)
ODD = exactly([[np.nan, np.inf, 1.0], [-np.inf, 0.0, np.nan]])
row(
    "dropout_mask",
    lambda noise, p, dtype: np.where(noise < p, 0, 1 / (1 - p) if p < 1 else 0),
    *[case(unit(3, 4), p=p, dtype=np.dtype("float64")) for p in (0.0, 0.4, 1.0)],
    notes="what dropout multiplies by",
    **STEPPED,
)
row("isnan", lambda x: x != x, case(ODD), case(real()), **STEPPED)
row("isfinite", lambda x: abs(x) < np.inf, case(ODD), case(real()), **STEPPED)
row("isinf", lambda x: abs(x) == np.inf, case(ODD), case(real()), case(small(2)), **STEPPED)
row("isposinf", lambda x: x > 1e308, case(ODD), case(real()), case(small(2)), **STEPPED)
row("isneginf", lambda x: x < -1e308, case(ODD), case(real()), case(small(2)), **STEPPED)
row("signbit", lambda x: np.copysign(1.0, x) < 0, case(ODD), case(real()), case(integers(-2, 3, 4)), **STEPPED)
row("logical_not", lambda x: x == 0, case(ODD), case(real(600)), case(small(2)), case(booleans(3)), **STEPPED)
row(
    "isclose",
    lambda x, y, rtol=1e-5, atol=1e-8, equal_nan=False: np.array(
        [
            a == b or abs(a - b) <= atol + rtol * abs(b) < np.inf or (equal_nan and a != a and b != b)
            for a, b in zip(x + 0.0, y + 0.0, strict=True)
        ]
    ),
    case(exactly([1.0, np.inf, np.nan, 2.0]), exactly([1.000001, np.inf, np.nan, 2.1])),
    case(exactly([1.0, np.inf, np.nan, 2.0]), exactly([1.3, -np.inf, np.nan, 2.1]), rtol=0.2, atol=0.0),
    case(exactly([1.0, np.inf, np.nan, 2.0]), exactly([1.3, 0.0, np.nan, 2.1]), atol=0.2, equal_nan=True),
    case(booleans(4), booleans(4)),
    case(integers(0, 3, 4), integers(0, 3, 4), atol=1.0),
    **STEPPED,
)
for name, value in {"zeros_like": 0, "ones_like": 1}.items():
    row(
        name, lambda x, v=value: np.full(x.shape, v, x.dtype), case(real(2, 3)), case(small(2)), case(real()), **STEPPED
    )
