"""Rows of the scans."""

from itertools import accumulate, pairwise

import numpy as np

from tests.table.form import case, exactly, real, row, small


def along(scan):
    """A reference that scans row by row in Python."""

    def reference(x, *rest, axis=None, reverse=False, **more):
        if axis is None:
            x, axis = x.reshape(-1), 0
        if not x.ndim:
            return np.array(scan([x], *[[r] for r in rest], **more)[0])
        columns = [np.moveaxis(a, axis, -1) for a in (x, *rest)]
        if reverse:
            columns = [c[..., ::-1] for c in columns]
        lead = columns[0].shape[:-1]
        rows = [scan(*[list(c[i]) for c in columns], **more) for i in np.ndindex(lead)]
        out = np.array(rows, float).reshape(*lead, len(rows[0]) if rows else 0)
        return np.moveaxis(out[..., ::-1] if reverse else out, -1, axis)

    return reference


def products(values):
    return list(accumulate(values, lambda a, b: a * b))


def log_sums(values):
    return [np.log(sum(np.exp(values[: i + 1]))) for i in range(len(values))]


def shifted(values, fill=0.0):
    return [fill, *values][: len(values)]


SHAPES = [
    case(real(2, 3), axis=0),
    case(real(2, 3), axis=-1),
    case(real(2, 3, 2), axis=1),
    case(real(3), axis=0),
    case(real(), axis=0),
    case(real(0), axis=0),
    case(real(2, 0), axis=1),
]
row(
    "cumsum",
    along(lambda r: list(accumulate(r))),
    *SHAPES,
    case(real(2, 3)),
    case(real(2, 3), axis=1, reverse=True),
    case(real(3), reverse=True),
    curved=False,
)
row(
    "cumprod",
    along(products),
    *SHAPES,
    case(real(2, 3)),
    case(exactly([2.0, 0.0, 3.0, 0.0, 5.0]), axis=0),
    case(exactly([[0.0, 2.0], [1.5, 0.0], [0.0, 0.0]]), axis=0),
    case(real(40), axis=0),
    notes="right at zeros",
)
row("logcumsumexp", along(log_sums), *SHAPES, notes="derivative 0 where all up to there are -inf")
row(
    "shift",
    along(shifted),
    *SHAPES,
    case(real(2, 3), axis=1, reverse=True),
    case(real(3), axis=0, fill=2.5),
    curved=False,
)


def recurred(factors, terms):
    out = []
    for factor, term in zip(factors, terms, strict=True):
        out.append(term + factor * out[-1] if out else term)
    return out


def recurrence(x, y, products, axis, reverse=False):
    if reverse and x.ndim:  # each takes the factor of the one after it
        x = np.roll(x, -1, axis)
    return along(recurred)(x, y, axis=axis, reverse=reverse)


FACTORS = exactly([[0.5, 2.0, -1.5], [3.0, -0.25, 1.0]])
row(
    "recurrence",
    recurrence,
    *[case(c[0][0], c[0][0], None, **c[1], **more) for c in SHAPES for more in ({}, {"reverse": True})],
    case(real(40), real(40), None, axis=0),
    case(real(300), real(300), None, axis=0, reverse=True),
    *[
        case(FACTORS, real(2, 3), exactly(np.cumprod(FACTORS.values(None, None), 1)), axis=1, differences=False, **more)
        for more in ({}, {"reverse": True})
    ],
)


def first_at(better):
    def scan(values):
        best = [0]
        for i, v in enumerate(values[1:], 1):
            best.append(i if better(v, values[best[-1]]) else best[-1])
        return best

    return scan


for name, better in {"cummax": lambda v, w: v >= w, "cummin": lambda v, w: v <= w}.items():
    where = first_at(better)
    row(
        name,
        lambda x, axis, w=where: (
            along(lambda r: [r[i] for i in w(r)])(x, axis=axis),
            along(w)(x, axis=axis),
        ),
        *SHAPES[:4],
        case(small(3, 5), axis=1),
        curved=False,
        notes="the last of equal elements gets the cotangent; indices have none",
    )


def runs(values, indices):
    return [sum([v for v, i in zip(values, indices, strict=True) if i == at], 0.0) for at in range(len(values))]


row(
    "sum_runs",
    along(runs),
    case(real(4), exactly([0, 1, 1, 3], False), axis=0),
    case(real(2, 3), exactly([[0, 0, 2], [0, 1, 1]], False), axis=1),
    case(real(3, 2), exactly([[0, 0], [0, 1], [2, 1]], False), axis=0),
    curved=False,
)


def differences(values, n=1):
    for _ in range(n):
        values = [b - a for a, b in pairwise(values)]
    return values


def adjoint(x, n, axis, size):
    """The transpose of the matrix that takes differences."""
    matrix = np.diff(np.eye(size), n, axis=0) if n else np.eye(size)
    return np.moveaxis(np.tensordot(matrix, x, (0, axis)), 0, axis)


row(
    "diff",
    lambda x, n=1, axis=-1: along(differences)(x, axis=axis, n=n),
    case(real(4), axis=0),
    case(real(2, 3)),
    case(real(3, 2), axis=0, n=2),
    case(real(2, 3), n=0, axis=1),
    case(real(2, 3), n=4, axis=1),
    curved=False,
)
row(
    "diff_adjoint",
    adjoint,
    case(real(3), n=1, axis=0, size=4),
    case(real(2, 2), n=2, axis=-1, size=4),
    case(real(2, 2), n=0, axis=-1, size=2),
    case(real(2, 0), n=3, axis=1, size=2),
    curved=False,
)
