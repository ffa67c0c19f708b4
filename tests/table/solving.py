"""Rows of linear systems, inverses, determinants and the exponential of matrices."""

from itertools import permutations

import numpy as np

from tests.table.form import Draw, case, exactly, real, row


def regular(*shape: int) -> Draw:
    """Matrices with a diagonal that keeps them away from singular ones."""
    return Draw(shape, lambda rng, s: rng.normal(size=s) * 0.5 + 2 * np.eye(s[-2], s[-1]))


def each(function, x, *more):
    """Apply `function` to every matrix of a stack."""
    if x.ndim == 2:
        return np.asarray(function(x, *more))
    found = [function(x[i], *more) for i in np.ndindex(x.shape[:-2])]
    shape = np.shape(found[0]) if found else np.shape(function(np.eye(x.shape[-1]), *more))
    return np.reshape(np.asarray(found, x.dtype), x.shape[:-2] + shape)


def leibniz(x):
    """The determinant by its definition: a sum over all permutations."""
    n = len(x)
    total = 0.0
    for p in permutations(range(n)):
        sign = (-1) ** sum(p[i] > p[j] for i in range(n) for j in range(i + 1, n))
        total += sign * np.prod([x[i, p[i]] for i in range(n)])
    return np.float64(total)


def minors_of(x):
    """The cofactors by their definition."""
    n = len(x)
    out = np.empty((n, n))
    for i, j in np.ndindex(n, n):
        out[i, j] = (-1) ** (i + j) * leibniz(np.delete(np.delete(x, i, 0), j, 1))
    return out


def slope_of_minors(x, y):
    """Each cofactor is affine in each element, so that a difference over a step of 1 is its derivative."""
    out = np.empty(x.shape)
    for i, j in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i, j] = 1
        out[i, j] = np.sum(y * (minors_of(x + step) - minors_of(x)))
    return out


def columns(b):
    return b[..., None] if b.ndim == 1 else b


def solution(a, b):
    out = np.linalg.inv(a) @ columns(b)
    return out[..., 0] if b.ndim == 1 else out


def triangular_solution(a, b, *, upper, unitriangular=False):
    a = np.triu(a) if upper else np.tril(a)
    if unitriangular:
        a = a * (1 - np.eye(a.shape[-1])) + np.eye(a.shape[-1])
    return np.linalg.inv(a) @ b


def exponential(x):
    """By diagonalisation."""
    w, v = np.linalg.eig(x)
    return (v * np.exp(w) @ np.linalg.inv(v)).real


SQUARE = ((3, 3), (2, 2, 2), (1, 1), (0, 0), (0, 2, 2))
SINGULAR = exactly([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.5, -1.0]])
RANK_ONE = exactly(np.outer([1.0, 2.0, -1.0], [0.5, 1.0, 3.0]))

row(
    "inv",
    lambda x: np.linalg.solve(x, np.broadcast_to(np.eye(x.shape[-1]), x.shape)),
    *[case(regular(*s)) for s in SQUARE],
)
row(
    "solve",
    solution,
    case(regular(3, 3), real(3)),
    case(regular(3, 3), real(3, 2)),
    case(regular(2, 3, 3), real(3)),
    case(regular(2, 3, 3), real(3, 2)),
    case(regular(3, 3), real(2, 3, 2)),
    case(regular(1, 2, 2), real(3, 2, 1)),
    case(regular(2, 2), real(2, 0)),
    case(regular(0, 0), real(0, 2)),
)
row(
    "solve_triangular",
    triangular_solution,
    case(regular(3, 3), real(3, 2), upper=True),
    case(regular(3, 3), real(3, 2), upper=False),
    case(regular(3, 3), real(3, 1), upper=True, unitriangular=True),
    case(regular(3, 3), real(3, 1), upper=False, unitriangular=True),
    case(regular(2, 3, 3), real(3, 2), upper=False),
    case(regular(3, 3), real(2, 3, 1), upper=True),
    case(regular(0, 0), real(0, 2), upper=True),
    notes="a 0 on the diagonal gives inf or nan, as in PyTorch; not an error",
)
row(
    "det",
    lambda x: each(leibniz, x),
    *[case(regular(*s)) for s in SQUARE],
    case(real(4, 4)),
    case(SINGULAR),
    case(RANK_ONE),
    notes="right for singular matrices too, up to the second derivative",
)
row(
    "cofactors",
    lambda x: each(minors_of, x),
    *[case(regular(*s)) for s in SQUARE],
    case(SINGULAR, differences=False),
    case(RANK_ONE, differences=False),
    notes="the derivative of `det`",
)
row(
    "minors",
    lambda x, y: slope_of_minors(x, y),
    case(regular(3, 3), real(3, 3)),
    case(regular(2, 2), real(2, 2)),
    notes="singular matrices have a value and a derivative in y; the derivative in x is of the others alone",
)
row(
    "slogdet",
    lambda x: (np.sign(each(leibniz, x)), np.log(np.abs(each(leibniz, x)))),
    *[case(regular(*s)) for s in SQUARE],
    case(real(3, 3)),
)
row(
    "matrix_exp",
    lambda x: each(exponential, x),
    *[case(real(*s)) for s in SQUARE],
    case(exactly([[0.001, 0.002], [-0.003, 0.001]])),
    case(exactly([[0.1, 0.02], [-0.03, 0.1]])),
    case(exactly([[0.4, 0.2], [-0.3, 0.3]])),
    case(exactly([[4.0, 3.0], [-7.0, -2.0]])),
    case(exactly([[[4.0, 3.0], [-7.0, -2.0]], [[0.1, 0.2], [0.0, 0.3]]])),
    notes="a nan or an inf makes the whole matrix nan",
)
