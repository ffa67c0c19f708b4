"""Rows of the special functions."""

import math

import numpy as np

import autodiff.ops.special  # noqa: F401 (fills the registry)
from tests.table.form import case, exactly, row, unary, unit

unary("erf", np.vectorize(math.erf, otypes=[float]), notes="exact to the last digits of the dtype")
row(
    "binary_cross_entropy",
    lambda x, t: -t * np.log(x) - (1 - t) * np.log(1 - x),
    case(unit(2, 3), unit(2, 3)),
    case(unit(3), exactly([0.0, 1.0, 1.0])),
    case(unit(), unit()),
    case(unit(0), unit(0)),
    notes="logarithms are held above -100",
)
