"""Factorisations of matrices, and what is made of them at once: pseudo-inverses, least squares, ranks.

The derivatives follow from differentiating what the factors obey, such as u^T u = 1: see M. Giles, "An extended
collection of matrix derivative results for forward and reverse mode algorithmic differentiation" (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import GradientError, LinAlgError
from autodiff.ops.solving import attempt, which
from autodiff.primitive import primitive

_DIVERGED = "has a nan or an inf, or the iteration did not converge"


def _spectral(name: str, function: Any, x: Any, **options: Any) -> Any:
    """An iterative factorisation of NumPy's, which raises or gives nan where it fails, depending on the LAPACK."""
    found = attempt(name, _DIVERGED, function, x, **options)
    values = found if type(found) is np.ndarray else found[function is np.linalg.svd]
    total = values.sum()
    if total != total:
        raise LinAlgError(f"{name}: {which(x, _must_be_finite)} {_DIVERGED}")
    return found


def _must_be_finite(x: Any) -> None:
    if not np.isfinite(x).all():
        raise np.linalg.LinAlgError


@primitive
def mirror_lower(x: Any) -> Any:
    """The lower triangle, and its mirror image above: a symmetric matrix"""
    i = np.arange(x.shape[-1])
    return np.where(i[:, None] >= i, x, x.mT)


@primitive
def fold_lower(x: Any) -> Any:
    """The lower triangle, to which the mirror image of what stands above is added: the adjoint of mirror_lower"""
    return np.tril(x) + np.triu(x, 1).mT


mirror_lower.defvjp(lambda xp, g: xp.fold_lower(g))
fold_lower.defvjp(lambda xp, g: xp.mirror_lower(g))


@primitive
def reciprocal_gaps(x: Any) -> Any:
    """out[i, j] = 1 / (x[j] - x[i]), and 0 on the diagonal; inf between equal elements"""
    gaps = x[..., None, :] - x[..., :, None]
    n = x.shape[-1]
    gaps.reshape(*x.shape[:-1], n * n)[..., :: n + 1] = np.inf
    return np.reciprocal(gaps, out=gaps)


# d out_ij = -out_ij^2 (dx_j - dx_i)
def _reciprocal_gaps(xp: Any, g: Any, out: Any) -> Any:
    t = g * out * out
    return xp.sum(t, axis=-1) - xp.sum(t, axis=-2)


reciprocal_gaps.defvjp(_reciprocal_gaps)


# ---------------------------------------------------------------------- of symmetric matrices


@primitive(promotes="float")
def cholesky(x: Any, *, upper: bool = False) -> Any:
    """The lower triangular out with out out^T = x, or with `upper` its transpose; the other triangle is not read"""
    return attempt("cholesky", "is not positive definite", np.linalg.cholesky, x, upper=upper)


# With l^-1 dx l^-T = s symmetric, dl = l (lower triangle of s, half of its diagonal).
def _cholesky(xp: Any, g: Any, out: Any, *, upper: bool) -> Any:
    if upper:
        g, out = xp.swap_last(g), xp.swap_last(out)
    inverse = xp.inv(out)
    inner = xp.mirror_lower(xp.matmul(xp.swap_last(out), g)) * 0.5
    return xp.matmul(xp.matmul(xp.swap_last(inverse), inner), inverse)


cholesky.defvjp(_cholesky)


@primitive(promotes="float", outputs=True, keeps_gaps=True)
def eigh(x: Any, *, UPLO: str = "L") -> Any:
    """Eigenvalues in ascending order, and eigenvectors as columns, of a symmetric matrix given by one triangle"""
    return tuple(_spectral("eigh", np.linalg.eigh, x, UPLO=UPLO))


# dw = diag(v^T dx v) and dv = v (f * v^T dx v), with f_ij = 1 / (w_j - w_i): equal eigenvalues have no derivative of v.
# f is skew, and with the skew part of v^T g the whole is symmetric.
def _eigh(xp: Any, g: Any, out: Any) -> Any:
    w, v = out
    g_w, g_v = g
    t = xp.swap_last(v)
    inner = None if g_w is None else v * g_w[..., None, :]
    if g_v is not None:
        p = xp.matmul(t, g_v)
        turned = xp.matmul(v, xp.reciprocal_gaps(w) * (p - xp.swap_last(p)) * 0.5)
        inner = turned if inner is None else inner + turned
    return xp.matmul(inner, t)


eigh.defvjp(_eigh)


@primitive(promotes="float")
def eigvalsh(x: Any, *, UPLO: str = "L") -> Any:
    """Eigenvalues of a symmetric matrix, in ascending order"""
    return _spectral("eigvalsh", np.linalg.eigvalsh, x, UPLO=UPLO)


def _eigvalsh(xp: Any, g: Any, x: Any, *, UPLO: str) -> Any:
    _, v = xp.eigh(x, UPLO=UPLO)
    return xp.matmul(v * g[..., None, :], xp.swap_last(v))


eigvalsh.defvjp(_eigvalsh)


# ---------------------------------------------------------------------- of any matrix


@primitive(promotes="float", outputs=True, keeps_gaps=True)
def svd(x: Any, *, full_matrices: bool = True) -> Any:
    """u, s and vh with x = u diag(s) vh: orthonormal columns, descending numbers, orthonormal rows"""
    return tuple(_spectral("svd", np.linalg.svd, x, full_matrices=full_matrices))


# With p = u^T du and q = v^T dv, which are skew: u^T dx v = p s + ds - s q. Solved for p and q, that divides by
# s_j^2 - s_i^2; what du has outside of the span of u, (1 - u u^T) dx v / s, there is for a tall matrix, and so for dv.
def _svd(xp: Any, g: Any, out: Any, *, full_matrices: bool) -> Any:
    u, s, vh = out
    g_u, g_s, g_vh = g
    m, n, k = u.shape[-2], vh.shape[-1], s.shape[-1]
    if full_matrices:  # the further columns of u and rows of vh are arbitrary, and have no derivative
        u, vh = u[..., :, :k], vh[..., :k, :]
        g_u = None if g_u is None else g_u[..., :, :k]
        g_vh = None if g_vh is None else g_vh[..., :k, :]
    terms = []
    if g_s is not None:
        terms.append(xp.matmul(u * g_s[..., None, :], vh))
    if g_u is not None:
        p = xp.matmul(xp.swap_last(u), g_u)
        inner = xp.matmul(u, xp.reciprocal_gaps(s * s) * (p - xp.swap_last(p)) * s[..., None, :])
        if m > k:
            inner = inner + (g_u - xp.matmul(u, p)) / s[..., None, :]
        terms.append(xp.matmul(inner, vh))
    if g_vh is not None:
        q = xp.matmul(g_vh, xp.swap_last(vh))
        inner = xp.matmul(xp.reciprocal_gaps(s * s) * (xp.swap_last(q) - q) * s[..., :, None], vh)
        if n > k:
            inner = inner + (g_vh - xp.matmul(q, vh)) / s[..., :, None]
        terms.append(xp.matmul(u, inner))
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


svd.defvjp(_svd)


@primitive(promotes="float")
def svdvals(x: Any) -> Any:
    """Singular values, in descending order"""
    return _spectral("svdvals", np.linalg.svd, x, compute_uv=False)


def _svdvals(xp: Any, g: Any, x: Any) -> Any:
    u, _, vh = xp.svd(x, full_matrices=False)
    return xp.matmul(u * g[..., None, :], vh)


svdvals.defvjp(_svdvals)


@primitive(promotes="float", outputs=True, keeps_gaps=True)
def qr(x: Any, *, mode: str = "reduced") -> Any:
    """q with orthonormal columns and the upper triangular r, with x = q r; with the mode "complete" q is square"""
    return tuple(attempt("qr", "cannot be factored", np.linalg.qr, x, mode=mode))


# S. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum
# experimental design" (2010). Of a wide matrix [x, y] with r = [r_1, r_2] the first is as a square one, and y = q r_2.
def _qr(xp: Any, g: Any, out: Any, *, mode: str) -> Any:
    q, r = out
    g_q, g_r = g
    m, k, n = q.shape[-2], r.shape[-2], r.shape[-1]
    if mode == "complete" and m > n:
        raise GradientError(
            f"qr with mode='complete' of a matrix with more rows ({m}) than columns ({n}) has no derivative: the last "
            f"{m - n} columns of q are arbitrary; use mode='reduced'"
        )
    if n <= k:
        return _qr_square(xp, g_q, g_r, q, r)
    if g_r is None:
        left = _qr_square(xp, g_q, None, q, r[..., :, :k])
        rest = xp.zeros_like(r[..., :, k:])
        return xp.concatenate(left, rest, axis=-1)
    over = g_r[..., :, k:]
    share = xp.matmul(xp.matmul(q, r[..., :, k:]), xp.swap_last(over))
    g_q = share if g_q is None else g_q + share
    left = _qr_square(xp, g_q, g_r[..., :, :k], q, r[..., :, :k])
    return xp.concatenate(left, xp.matmul(q, over), axis=-1)


def _qr_square(xp: Any, g_q: Any, g_r: Any, q: Any, r: Any) -> Any:
    """The cotangent where r is square: (g_q + q m) r^-T, m the mirrored lower triangle of r g_r^T - g_q^T q."""
    inner = None if g_r is None else xp.matmul(r, xp.swap_last(g_r))
    if g_q is not None:
        turned = xp.matmul(xp.swap_last(g_q), q)
        inner = -turned if inner is None else inner - turned
    whole = xp.matmul(q, xp.mirror_lower(inner))
    if g_q is not None:
        whole = g_q + whole
    return xp.swap_last(xp.solve(r, xp.swap_last(whole)))


qr.defvjp(_qr)


# ---------------------------------------------------------------------- rank, pseudo-inverse, least squares


def counted(s: Any, shape: tuple[int, ...], atol: Any, rtol: Any) -> Any:
    """Which singular values count: those above atol and above rtol times the largest.

    Without `atol`, or where it is 0, `rtol` is the larger size times the precision of the dtype unless given.
    """
    if rtol is None:
        rtol = max(shape[-2:]) * float(np.finfo(s.dtype).eps)
        if atol is not None:
            rtol = np.where(np.asarray(atol) > 0, 0, rtol)
    top = np.maximum.reduce(s, axis=-1, initial=0)
    least = np.multiply(top, rtol)
    if atol is not None:
        least = np.maximum(atol, least)
    return s > np.asarray(least)[..., None]


@primitive(differentiable=False)
def matrix_rank(x: Any, atol: Any, rtol: Any, *, hermitian: bool = False) -> Any:
    """How many singular values count; of a symmetric matrix they are the absolute eigenvalues"""
    if hermitian:
        s = np.absolute(_spectral("matrix_rank", np.linalg.eigvalsh, x))
    else:
        s = _spectral("matrix_rank", np.linalg.svd, x, compute_uv=False)
    return np.add.reduce(counted(s, x.shape, atol, rtol), axis=-1, dtype=np.int64)


@primitive(promotes="float")
def pinv(x: Any, atol: Any, rtol: Any, *, hermitian: bool = False) -> Any:
    """Moore and Penrose's pseudo-inverse, in which singular values that do not count are taken for 0"""
    if hermitian:
        s, u = _spectral("pinv", np.linalg.eigh, x)
        vh = u.mT
    else:
        u, s, vh = _spectral("pinv", np.linalg.svd, x, full_matrices=False)
    kept = counted(np.absolute(s), x.shape, atol, rtol)
    return np.matmul(vh.mT * _inverted(s, kept)[..., None, :], u.mT)


def _inverted(s: Any, kept: Any) -> Any:
    """1 / s, and 0 for what is not kept."""
    return np.divide(1, s, out=np.zeros_like(s), where=kept)


# With p the pseudo-inverse, as long as the rank stays:
# dp = -p dx p + p p^T dx^T (1 - x p) + (1 - p x) dx^T p^T p  (Golub and Pereyra, 1973)
def _pinv(xp: Any, g: Any, out: Any, x: Any) -> Any:
    p, t, gt = out, xp.swap_last(out), xp.swap_last(g)
    if x.shape[-2] >= x.shape[-1]:  # the small square product first
        first = xp.matmul(gt, xp.matmul(p, t))
        first = first - xp.matmul(x, xp.matmul(p, first))
        last = xp.matmul(t, xp.matmul(p, gt))
        last = last - xp.matmul(last, xp.matmul(p, x))
        return first + last - xp.matmul(t, xp.matmul(g, t))
    first = xp.matmul(xp.matmul(gt, p), t)
    first = first - xp.matmul(xp.matmul(x, p), first)
    last = xp.matmul(xp.matmul(t, p), gt)
    last = last - xp.matmul(xp.matmul(last, p), x)
    return first + last - xp.matmul(xp.matmul(t, g), t)


pinv.defvjp(_pinv, None, None)


@primitive(
    promotes="same",
    outputs=True,
    keeps_gaps=True,
    residuals={"inverse": lambda xp, a, *, rcond: xp.pinv(a, 0.0, rcond)},
)
def lstsq(a: Any, b: Any, *, rcond: float | None = None) -> Any:
    """The shortest x with the smallest |a x - b|, and the singular values of a; b is a matrix, its columns apart"""
    u, s, vh = _spectral("lstsq", np.linalg.svd, a, full_matrices=False)
    inverse = _inverted(s, counted(s, a.shape, None, rcond))
    turned = np.matmul(u.mT, b) * inverse[..., None]
    return (np.matmul(vh.mT, turned), s), np.matmul(vh.mT * inverse[..., None, :], u.mT)


# x = p b, with the derivative of the pseudo-inverse p; z = p^T g
def _lstsq(xp: Any, g: Any, a: Any, b: Any, out: Any, inverse: Any, needs: Any) -> Any:
    g_a = z = None
    if g[0] is not None:
        x, t = out[0], xp.swap_last(inverse)
        z = xp.matmul(t, g[0])
        if needs[0]:
            beyond = g[0] - xp.matmul(xp.swap_last(a), z)
            off = b - xp.matmul(a, x)
            g_a = xp.matmul(off, xp.swap_last(xp.matmul(inverse, z))) - xp.matmul(z, xp.swap_last(x))
            g_a = g_a + xp.matmul(xp.matmul(t, x), xp.swap_last(beyond))
    if g[1] is not None and needs[0]:
        u, _, vh = xp.svd(a, full_matrices=False)
        g_s = xp.matmul(u * g[1][..., None, :], vh)
        g_a = g_s if g_a is None else g_a + g_s
    return g_a, z


lstsq.defvjp_joint(_lstsq)
