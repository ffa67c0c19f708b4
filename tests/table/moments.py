"""Rows of spread and norms, and of what ignores nan."""

import numpy as np

from tests.table.form import STEPPED, binary, case, exactly, positive, real, row
from tests.table.reduce import over, reductions

INF, NAN = np.inf, np.nan


def variance(values, correction=1):
    n = len(values)
    return (sum(v * v for v in values) - n * (sum(values) / n) ** 2) / (n - correction)


for name, reference in {"var": variance, "std": lambda r, correction=1: variance(r, correction) ** 0.5}.items():
    row(
        name,
        over(reference),
        *[c for c in reductions(real, correction=0) if name == "var" or c[0][0].shape not in ((), (2, 1, 2))],
        *reductions(real)[:6],
        case(real(4, 3), axis=0, correction=2),
        case(real(4), correction=0.5),
        notes="nan where correction leaves no degree of freedom" + "; derivative 0 at 0" * (name == "std"),
    )
binary("ratio", np.divide, real, positive, notes="0 where y is 0, with derivatives 0")


def norm_of(values, ord=2):
    sizes = sorted(abs(v) for v in values)
    if ord in (INF, -INF):
        return sizes[-1 if ord > 0 else 0]
    return sum(s**ord for s in sizes) ** (1 / ord) if ord else sum(s != 0 for s in sizes) + 0.0


row(
    "vector_norm",
    over(norm_of),
    *reductions(real),
    *[case(real(2, 3), ord=ord, axis=1) for ord in (0, 0.5, 1, 1.5, 3, 4.5, -1, -2, -2.5, INF, -INF)],
    case(real(2, 3), ord=INF),
    case(real(2, 3), ord=3, keepdims=True),
    notes="derivative 0 at norm 0; equal extremes share the cotangent equally",
)
HOLES = exactly([[1.0, NAN, 2.0], [NAN, 0.5, -1.0]])
row(
    "nansum",
    over(lambda r: sum(v for v in r if v == v) + 0.0),
    *reductions(real)[:5],
    *[case(HOLES, differences=False, **static) for static in ({}, {"axis": 0}, {"axis": 1, "keepdims": True})],
    curved=False,
    notes="derivative 0 for a nan",
)
row(
    "count_numbers",
    over(lambda r: sum(v == v for v in r) + 0.0),
    case(HOLES),
    case(HOLES, axis=0),
    case(HOLES, axis=1, keepdims=True),
    **STEPPED,
)
