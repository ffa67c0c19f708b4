"""Rows of factorisations of matrices, ranks, pseudo-inverses and least squares.

Primitives that read one triangle of a symmetric matrix have the symmetric derivative, as in PyTorch: a difference in
one triangle alone is not it. Their derivatives are checked in tests/test_decompositions.py, of symmetric matrices.
"""

import numpy as np

from tests.table.form import Draw, case, exactly, real, row
from tests.table.solving import SINGULAR, each


def spread_out(*shape: int) -> Draw:
    """Matrices whose singular values are well apart."""
    bend = lambda rng, s: rng.normal(size=s) * 0.3  # noqa: E731
    return Draw(shape, lambda rng, s: bend(rng, s) + np.eye(s[-2], s[-1]) * np.arange(1, s[-1] + 1))


def symmetric(*shape: int) -> Draw:
    """Positive definite matrices."""

    def values(rng, s):
        root = spread_out(*s)(rng, float)
        return root @ root.mT

    return Draw(shape, values)


def mirrored(x, upper=False):
    """The symmetric matrix that a triangle stands for."""
    kept = np.triu(x) if upper else np.tril(x)
    return kept + kept.mT - kept * np.eye(x.shape[-1])


def banachiewicz(x):
    """Cholesky's factor, row by row."""
    out = np.zeros(x.shape)
    for i, j in np.ndindex(x.shape):
        if i > j:
            out[i, j] = (x[i, j] - out[i] @ out[j]) / out[j, j]
        if i == j:
            out[i, i] = np.sqrt(x[i, i] - out[i] @ out[i])
    return out


def like(vectors, given):
    """Columns with the signs that those of `given` have."""
    return vectors * np.sign((vectors * given).sum(-2, keepdims=True))


def eigen(x, UPLO="L"):
    """By the singular value decomposition, for positive eigenvalues; the signs are those that LAPACK chose."""
    u, s, _ = np.linalg.svd(mirrored(x, UPLO == "U"))
    return s[..., ::-1], like(u[..., ::-1], np.linalg.eigh(x, UPLO)[1])


def singular(x, full_matrices=True):
    """By the eigenvectors of x x^T and x^T x."""
    u, s, vh = np.linalg.svd(x, full_matrices)
    k = s.shape[-1]
    left = np.linalg.eigh(x @ x.mT)[1][..., ::-1][..., : u.shape[-1]]
    w, right = np.linalg.eigh(x.mT @ x)
    values = np.sqrt(w[..., ::-1][..., :k])
    return like(left, u), values, like(right[..., ::-1][..., : vh.shape[-2]], vh.mT).mT


def orthogonalised(x, mode="reduced"):
    """By Gram and Schmidt; the signs are those that LAPACK chose."""
    given, _ = np.linalg.qr(x, mode)
    q = np.zeros(given.shape)
    wide = np.concatenate([x, np.eye(x.shape[-2])], 1)
    found = 0
    for column in wide.T:
        rest = column - q @ (q.T @ column)
        if found < q.shape[1] and np.linalg.norm(rest) > 1e-9:
            q[:, found] = rest / np.linalg.norm(rest)
            found += 1
    q = like(q, given)
    return q, np.triu(q.T @ x)


def rank(x, atol, rtol, *, hermitian=False):
    s = np.linalg.svd(mirrored(x) if hermitian else x)[1]
    least = np.maximum(0 if atol is None else atol, s.max(-1) * (1e-12 if rtol is None else rtol))
    return (s > np.asarray(least)[..., None]).sum(-1)


def pseudo_inverse(x, atol, rtol, *, hermitian=False):
    if atol or rtol:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        kept = s > max(atol or 0, (rtol or 0) * s[0])
        return (vh[kept].T / s[kept]) @ u[:, kept].T
    if hermitian:
        return np.linalg.inv(mirrored(x))
    return np.linalg.inv(x.mT @ x) @ x.mT if x.shape[-2] >= x.shape[-1] else x.mT @ np.linalg.inv(x @ x.mT)


def least_squares(a, b, rcond=None):
    s = np.linalg.svd(a, compute_uv=False)
    if rcond:
        return pseudo_inverse(a, 0, rcond) @ b, s
    return np.linalg.pinv(a) @ b, s


row("mirror_lower", mirrored, case(real(3, 3)), case(real(2, 2, 2)), case(real(1, 1)), case(real(0, 0)), curved=False)
row(
    "fold_lower",
    lambda x: np.tril(x + x.mT) - x * np.eye(x.shape[-1]),
    *[case(real(3, 3)), case(real(2, 2, 2)), case(real(1, 1)), case(real(0, 0))],
    curved=False,
)
row(
    "reciprocal_gaps",
    lambda x: (
        np.array([[0 if i == j else 1 / (x[j] - x[i]) for j in range(len(x))] for i in range(len(x))]).reshape(
            len(x), len(x)
        )
        if x.ndim == 1
        else np.stack([[[0, 1 / (b - a)], [1 / (a - b), 0]] for a, b in x])
    ),
    *[case(exactly([1.0, 3.0, 0.5])), case(exactly([[1.0, 3.0], [0.5, -1.0]])), case(real(1)), case(real(0))],
    notes="inf between equal elements",
)
row(
    "cholesky",
    lambda x, upper=False: each(banachiewicz, x.mT).mT if upper else each(banachiewicz, x),
    *[case(symmetric(3, 3), differences=False), case(symmetric(2, 2, 2), differences=False)],
    *[case(symmetric(1, 1)), case(exactly(np.zeros((0, 0)))), case(exactly(np.zeros((0, 2, 2))))],
    case(symmetric(3, 3), differences=False, upper=True),
    notes="the symmetric derivative",
)
row(
    "eigh",
    eigen,
    *[case(symmetric(3, 3), differences=False), case(symmetric(2, 2, 2), differences=False), case(symmetric(1, 1))],
    case(symmetric(3, 3), differences=False, UPLO="U"),
    notes="the symmetric derivative; equal eigenvalues have no derivative of the vectors (inf or nan)",
)
row(
    "eigvalsh",
    lambda x, UPLO="L": eigen(x, UPLO)[0],
    *[case(symmetric(3, 3), differences=False), case(symmetric(2, 2, 2), differences=False), case(symmetric(1, 1))],
    case(symmetric(3, 3), differences=False, UPLO="U"),
    notes="the symmetric derivative",
)
row(
    "svd",
    singular,
    *[case(spread_out(*s), full_matrices=False) for s in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1))],
    case(spread_out(3, 3)),
    case(spread_out(3, 2), differences=False),
    case(spread_out(2, 3), differences=False),
    notes="equal singular values have no derivative of u and vh (inf or nan), further columns of u none",
)
row(
    "svdvals",
    lambda x: singular(x)[1],
    *[case(spread_out(*s)) for s in ((3, 3), (4, 2), (2, 4), (2, 3, 2), (1, 1))],
)
row(
    "qr",
    orthogonalised,
    *[case(spread_out(*s)) for s in ((3, 3), (4, 2), (2, 4), (1, 1))],
    *[case(spread_out(3, 3), mode="complete"), case(spread_out(2, 3), mode="complete")],
    notes='mode="complete" of a tall matrix has no derivative, and says so',
)
row(
    "matrix_rank",
    rank,
    *[case(spread_out(3, 2), None, None), case(SINGULAR, None, None), case(spread_out(2, 3, 3), 1.5, None)],
    *[case(spread_out(3, 3), None, 0.5), case(spread_out(3, 3), 0.1, 0.9)],
    case(symmetric(3, 3), exactly([0.1, 2.0]), None, hermitian=True),
    order=0,
    curved=False,
)
row(
    "pinv",
    pseudo_inverse,
    *[case(spread_out(*s), None, None) for s in ((3, 3), (4, 2), (2, 4), (2, 3, 2))],
    case(spread_out(3, 3), 1.5, None, differences=False),
    case(spread_out(3, 3), None, 0.5, differences=False),
    case(symmetric(3, 3), None, None, differences=False, hermitian=True),
    notes="the derivative holds as long as the rank stays",
)
row(
    "lstsq",
    least_squares,
    *[case(spread_out(*s), real(*t)) for s, t in (((4, 2), (4, 2)), ((2, 4), (2, 1)), ((3, 3), (3, 2)))],
    case(spread_out(2, 3, 2), real(2, 3, 1)),
    case(spread_out(3, 3), real(3, 2), differences=False, rcond=0.5),
    case(SINGULAR, real(3, 1), differences=False),
    notes="a second result: the singular values",
)
