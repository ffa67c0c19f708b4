"""Rows of the matrix products."""

import numpy as np

from tests.table.form import case, real, row


def matrix_product(x, y):
    """By its definition, with NumPy's promotion of vectors."""
    rows = x[None, :] if x.ndim == 1 else x
    columns = y[:, None] if y.ndim == 1 else y
    out = (rows[..., :, :, None] * columns[..., None, :, :]).sum(-2)
    out = out[..., 0, :] if x.ndim == 1 else out
    return out[..., 0] if y.ndim == 1 else out


#: Every combination of ranks that matmul treats differently.
MATMUL_SHAPES = (
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((3,), (4, 3, 2)),
    ((4, 2, 3), (3,)),
    ((4, 2, 3), (4, 3, 2)),
    ((4, 2, 3), (3, 2)),
    ((2, 3), (4, 3, 2)),
    ((2, 1, 2, 3), (4, 3, 2)),
    ((1, 2, 3), (4, 3, 1)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
)
row("matmul", matrix_product, *[case(real(*s), real(*t)) for s, t in MATMUL_SHAPES])
row(
    "contract",
    lambda x, y: np.tensordot(x, y, (range(x.ndim - 1), range(y.ndim - 1))),
    case(real(4, 2), real(4, 3)),
    case(real(2, 3, 2), real(2, 3, 4)),
    case(real(2), real(3)),
    case(real(0, 2), real(0, 3)),
    notes="the cotangent of the weight of linear",
)
row(
    "linear",
    lambda x, w, b: matrix_product(x, w.T) + (0 if b is None else b),
    case(real(4, 3), real(2, 3), real(2)),
    case(real(4, 3), real(2, 3), None),
    case(real(3), real(2, 3), real(2)),
    case(real(2, 4, 3), real(2, 3), real(2)),
    case(real(1, 3), real(2, 3), real(2)),
    case(real(0, 3), real(2, 3), real(2)),
    notes="bias may be None",
)
row(
    "addmm",
    lambda b, x, y, beta=1, alpha=1: beta * b + alpha * matrix_product(x, y),
    case(real(2, 4), real(2, 3), real(3, 4)),
    case(real(4), real(2, 3), real(3, 4), beta=0.5, alpha=-2),
    case(real(), real(2, 3), real(3), alpha=3),
    case(real(4, 2, 2), real(4, 2, 3), real(4, 3, 2), beta=2),
    case(real(2, 4), real(2, 3), real(3, 4), beta=0),
    notes="with beta = 0 the bias is not looked at",
)
row(
    "outer",
    np.multiply.outer,
    case(real(2), real(3)),
    case(real(1), real(3)),
    case(real(0), real(3)),
)
row(
    "vecdot",
    lambda x, y, axis=-1: (x * y).sum(axis),
    case(real(3), real(3)),
    case(real(2, 3), real(3)),
    case(real(2, 3), real(4, 1, 3)),
    case(real(2, 3), real(2, 3), axis=-2),
    case(real(2, 3, 4), real(1, 3, 4), axis=-2),
    case(real(0), real(0)),
)


def triple(x, y, axis=-1):
    """By the sign of each permutation."""
    out = 0
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        unit = np.eye(3)[k]
        terms = [x.take(a, axis) * y.take(b, axis) for a, b in ((i, j), (j, i))]
        out = out + np.moveaxis((terms[0] - terms[1])[..., None] * unit, -1, axis)
    return out


row(
    "cross",
    triple,
    case(real(3), real(3)),
    case(real(2, 3), real(2, 3)),
    case(real(3, 2), real(3, 2), axis=0),
    case(real(2, 3, 2), real(2, 3, 2), axis=-2),
    case(real(2, 1, 3), real(4, 3)),
    case(real(300, 3), real(300, 3)),
)
