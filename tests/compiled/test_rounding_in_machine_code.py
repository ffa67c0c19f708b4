"""Machine code rounds each operation by itself, as NumPy does: elementwise arithmetic agrees to the bit."""

import numpy as np
import pytest

import autodiff as ad

pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")

EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, 3.0, np.inf, -np.inf, np.nan, 1e-42, -1e-42, 1e-38, 3e38, 1e20, 1e-20, 16777217.0]
#: Programs that another order, an estimate or one rounding for two would change.
PROGRAMS = {
    "added and taken away again": lambda x, y: (x + y) - y,
    "rounded by a large number": lambda x, y: (x + 12582912.0) - 12582912.0,
    "what a sum has lost": lambda x, y: x - ((x + y) - y),
    "multiplied and divided": lambda x, y: (x * y) / y,
    "difference of squares": lambda x, y: (x * x - y * y).sqrt(),
    "product and sum": lambda x, y: x * y + x,
    "quotient": lambda x, y: x / y,
    "by a sum": lambda x, y: x / (y + y),
    "reciprocal": lambda x, y: 1 / x + y.reciprocal(),
    "rsqrt": lambda x, y: x.rsqrt(),
    "power of -1/2": lambda x, y: x**-0.5,
    "one by a root": lambda x, y: 1 / x.sqrt(),
    "by a root": lambda x, y: x / y.sqrt(),
    "powers": lambda x, y: x**2 + y**3 - x**0.5,
    "Adam's quotient": lambda x, y: x / (y.abs().sqrt() + 1e-8),
    "distributed": lambda x, y: x * (y + 1) - x * y,
}


@pytest.mark.parametrize("dtype", [ad.float32, ad.float64])
@pytest.mark.parametrize("name", PROGRAMS)
def test_elementwise_programs_are_those_of_eager_to_the_bit(name, dtype):
    f = PROGRAMS[name]
    pairs = np.array([(a, b) for a in EDGES for b in EDGES])
    drawn = np.random.default_rng(0).standard_normal((999, 2)) * 100
    x, y = (ad.tensor(column, dtype=dtype) for column in np.concatenate([pairs, drawn]).T.copy())
    fast = ad.compile(f, backend="numba")
    for _ in range(3):
        given = fast(x, y).numpy()
    np.testing.assert_array_equal(given, f(x, y).numpy())
    zeros = given == 0
    np.testing.assert_array_equal(np.signbit(given[zeros]), np.signbit(f(x, y).numpy()[zeros]))
