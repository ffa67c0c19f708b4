"""Linear systems, inverses, determinants and the exponential of matrices, and of stacks of them."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, factorial, log2
from typing import Any

import numpy as np

from autodiff.errors import LinAlgError, ShapeError
from autodiff.primitive import primitive

_add: Any = np.add.reduce  # under a name of its own: see ops/reduce.py


def attempt(name: str, fault: str, function: Any, x: Any, *rest: Any, **options: Any) -> Any:
    """``function(x, *rest)`` of NumPy's; where it fails, the error says which matrix of the stack is at fault."""
    try:
        return function(x, *rest, **options)
    except np.linalg.LinAlgError:
        if x.ndim < 2 or (x.shape[-1] != x.shape[-2] and name not in ("svd", "qr", "pinv", "lstsq")):
            raise ShapeError(f"{name} takes square matrices and got shape {x.shape}") from None
        raise LinAlgError(f"{name}: {which(x, np.linalg.inv if rest else function)} {fault}") from None


def which(x: Any, function: Any) -> str:
    """The words for the matrix at which `function` fails: the only one, or one of a stack."""
    for i in np.ndindex(x.shape[:-2]):
        try:
            function(x[i])
        except np.linalg.LinAlgError:
            return f"matrix {', '.join(map(str, i))} of the stack" if i else "the matrix"
    return "a matrix"


_SINGULAR = "is singular; ad.linalg.pinv and ad.linalg.lstsq take such matrices too"


@primitive(promotes="float")
def inv(x: Any) -> Any:
    """Inverse of a matrix"""
    return attempt("inv", _SINGULAR, np.linalg.inv, x)


# x out = 1  =>  d out = -out dx out
def _inv(xp: Any, g: Any, out: Any) -> Any:
    t = xp.swap_last(out)
    return -xp.matmul(xp.matmul(t, g), t)


inv.defvjp(_inv)


@primitive(promotes="float")
def solve(a: Any, b: Any) -> Any:
    """The x of a x = b; b with one dimension is a vector, else a matrix or a stack of them"""
    return attempt("solve", _SINGULAR, np.linalg.solve, a, b)


# a dx = db - da x  =>  g_b = a^-T g and g_a = -g_b x^T
def _solve(xp: Any, g: Any, a: Any, out: Any, b_shape: Any, needs: Any) -> Any:
    vector = len(b_shape) == 1
    if vector:
        g, out = g[..., None], out[..., None]
    g_b = xp.solve(xp.swap_last(a), g)
    g_a = -xp.matmul(g_b, xp.swap_last(out)) if needs[0] else None
    return g_a, g_b[..., 0] if vector else g_b


solve.defvjp_joint(_solve)


# ---------------------------------------------------------------------- triangular systems

# NumPy has no solver for triangles, so its general one is called on the diagonal blocks of this size: for one column
# the work then grows with n^2, not with n^3. Larger blocks cost more in the solver, smaller ones in calls.
_BLOCK = 32


@lru_cache(128)
def _read(n: int, upper: bool, unitriangular: bool, dtype: Any) -> tuple[Any, Any]:
    """Which elements of a block are read, and what stands in the place of the others."""
    rest = np.eye(n, dtype=dtype) if unitriangular else np.zeros((n, n), dtype)
    i, k = np.arange(n), int(unitriangular)
    return (i[:, None] + k <= i if upper else i[:, None] >= i + k), rest


@primitive(promotes="float")
def solve_triangular(a: Any, b: Any, *, upper: bool, unitriangular: bool = False) -> Any:
    """The x of a x = b, where of the matrix a only one triangle is read; with `unitriangular` its diagonal is 1"""
    n = a.shape[-1]
    if a.ndim < 2 or b.ndim < 2 or a.shape[-2] != n or b.shape[-2] != n:
        raise ShapeError(f"solve_triangular: shapes {a.shape} and {b.shape} are not of the form (n, n) and (n, k)")
    if n <= _BLOCK:
        return _substitute(a, b, upper, unitriangular)
    out = np.empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), b.dtype)
    starts = range(0, n, _BLOCK)
    for start in reversed(starts) if upper else starts:
        rows = slice(start, start + _BLOCK)
        known = slice(start + _BLOCK, n) if upper else slice(0, start)
        rest = b[..., rows, :]
        if known.start < known.stop:
            rest = rest - a[..., rows, known] @ out[..., known, :]
        out[..., rows, :] = _substitute(a[..., rows, rows], rest, upper, unitriangular)
    return out


def _substitute(a: Any, b: Any, upper: bool, unitriangular: bool) -> Any:
    """The solution for one diagonal block."""
    mask, rest = _read(a.shape[-1], upper, unitriangular, a.dtype)
    a = np.where(mask, a, rest)
    if not upper:  # turned around, a lower triangle is an upper one, for which Gauss's elimination has nothing to do
        a, b = a[..., ::-1, ::-1], b[..., ::-1, :]
    try:
        out = np.linalg.solve(a, b)
    except np.linalg.LinAlgError:  # a 0 on the diagonal: inf and nan, by rows
        out = np.empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), b.dtype)
        for i in reversed(range(a.shape[-1])):
            known = a[..., i : i + 1, i + 1 :] @ out[..., i + 1 :, :]
            out[..., i : i + 1, :] = (b[..., i : i + 1, :] - known) / a[..., i : i + 1, i : i + 1]
    return out if upper else np.ascontiguousarray(out[..., ::-1, :])


# As of `solve`; what is not read has no share.
def _solve_triangular(xp: Any, g: Any, a: Any, out: Any, needs: Any, *, upper: bool, unitriangular: bool) -> Any:
    g_b = xp.solve_triangular(xp.swap_last(a), g, upper=not upper, unitriangular=unitriangular)
    if not needs[0]:
        return None, g_b
    g_a = -xp.matmul(g_b, xp.swap_last(out))
    return xp.triu(g_a, k=int(unitriangular)) if upper else xp.tril(g_a, k=-int(unitriangular)), g_b


solve_triangular.defvjp_joint(_solve_triangular)


# ---------------------------------------------------------------------- determinants


@primitive(promotes="float")
def det(x: Any) -> Any:
    """Determinant"""
    with np.errstate(all="ignore"):  # NumPy warns from a line of its own: no filter of ours is asked
        return attempt("det", "has no determinant", np.linalg.det, x)


det.defvjp(lambda xp, g, x: g[..., None, None] * xp.cofactors(x))


def _inverse(x: Any) -> Any:
    """The inverse where it has half of the digits at least; else None."""
    try:
        inverse = np.linalg.inv(x)
    except np.linalg.LinAlgError:
        return None
    flat = (*x.shape[:-2], x.shape[-1] ** 2)
    a, b = x.reshape(flat), inverse.reshape(flat)
    condition = np.vecdot(a, a) * np.vecdot(b, b)  # its square, in the Frobenius norm
    return None if (np.isfinite(condition) & (condition > 1 / np.finfo(x.dtype).eps)).any() else inverse


def _rotations(x: Any) -> tuple[Any, Any, Any, Any]:
    """The singular value decomposition, and the determinant of u times that of vh: 1 or -1."""
    u, s, vh = attempt("det", "has a nan or an inf, and no derivative", np.linalg.svd, x)
    return u, s, vh, np.sign(np.linalg.det(u) * np.linalg.det(vh))[..., None, None]


@primitive(promotes="float")
def cofactors(x: Any) -> Any:
    """Cofactors: the derivative of the determinant, which is det(x) inv(x)^T; singular matrices have them too"""
    inverse = _inverse(x)
    if inverse is not None:
        return np.asarray(det.forward(x))[..., None, None] * inverse.mT
    u, s, vh, turn = _rotations(x)
    n = s.shape[-1]
    rest = np.where(np.eye(n, dtype=bool), s.dtype.type(1), s[..., None, :])
    return np.matmul(u * np.multiply.reduce(rest, axis=-1)[..., None, :], vh) * turn


cofactors.defvjp(lambda xp, g, x: xp.minors(x, g))


@primitive(promotes="float")
def minors(x: Any, y: Any) -> Any:
    """The derivative of sum(cofactors(x) * y): det(x) (p sum(p y) - p y^T p) with p = inv(x)^T, singular x too"""
    inverse = _inverse(x)
    if inverse is not None:
        p = inverse.mT
        share = _add(p * y, axis=(-2, -1), keepdims=True)
        return np.asarray(det.forward(x))[..., None, None] * (p * share - p @ y.mT @ p)
    # In the bases of u and v, x is diagonal: the minor without rows and columns i and j is the product of all other s.
    u, s, vh, turn = _rotations(x)
    n = s.shape[-1]
    one = np.eye(n, dtype=bool)
    pairs = np.where(one[:, None] | one, s.dtype.type(1), s[..., None, None, :])
    products = np.multiply.reduce(pairs, axis=-1) * ~one
    turned = u.mT @ y @ vh.mT
    inner = -(products * turned).mT
    diagonal = np.diagonal(turned, axis1=-2, axis2=-1)
    inner += np.matmul(products, diagonal[..., None]) * np.eye(n, dtype=x.dtype)
    return u @ inner @ vh * turn


# The third derivative of the determinant, of matrices that have an inverse: with p = inv(x)^T, a = p g^T, b = p y^T it
# is det(x) (tr a tr b - tr ab + ab + ba - tr(b) a - tr(a) b) p.
def _minors_x(xp: Any, g: Any, x: Any, y: Any) -> Any:
    p = xp.swap_last(xp.inv(x))
    a, b = xp.matmul(p, xp.swap_last(g)), xp.matmul(p, xp.swap_last(y))
    trace_a = xp.sum(p * g, axis=(-2, -1), keepdims=True)
    trace_b = xp.sum(p * y, axis=(-2, -1), keepdims=True)
    both = xp.matmul(a, b)
    trace = xp.sum(a * xp.swap_last(b), axis=(-2, -1), keepdims=True)
    inner = both + xp.matmul(b, a) - trace_b * a - trace_a * b
    return xp.det(x)[..., None, None] * ((trace_a * trace_b - trace) * p + xp.matmul(inner, p))


minors.defvjp(_minors_x, lambda xp, g, x: xp.minors(x, g))


@primitive(promotes="float", outputs=True)
def slogdet(x: Any) -> Any:
    """Sign of the determinant, and the logarithm of its absolute value"""
    with np.errstate(all="ignore"):
        return tuple(attempt("slogdet", "has no determinant", np.linalg.slogdet, x))


# d log|det x| = tr(inv(x) dx); the sign is locally constant
slogdet.defvjp(lambda xp, g, x: g[1][..., None, None] * xp.swap_last(xp.inv(x)))


# ---------------------------------------------------------------------- the exponential

# The largest norms for which the Padé approximant of a degree is exact to the last digit, from N. Higham, "The scaling
# and squaring method for the matrix exponential revisited" (2005), tables 2.3 and 2.1.
_DEGREES = {
    np.dtype(np.float32): ((0.4258730016922831, 3), (1.880152677804762, 5), (3.92572478313866, 7)),
    np.dtype(np.float64): (
        (0.01495585217958292, 3),
        (0.253939833006323, 5),
        (0.9504178996162932, 7),
        (5.371920351148152, 13),
    ),
}


def _coefficients(q: int) -> list[float]:
    """Those of the numerator of the diagonal Padé approximant of exp of degree q, scaled to integers."""
    return [float(factorial(2 * q - j) // (factorial(j) * factorial(q - j))) for j in range(q + 1)]


_PADE = {q: _coefficients(q) for q in (3, 5, 7, 13)}


@primitive(promotes="float")
def matrix_exp(x: Any) -> Any:
    """Exponential of a matrix: a Padé approximant of x / 2^s, squared s times"""
    norm = np.maximum.reduce(_add(np.absolute(x), axis=-2), axis=-1, initial=0)
    finite = np.isfinite(norm)
    if not finite.all():
        out = np.full(x.shape, np.nan, x.dtype)
        out[finite] = _finite_exp(x[finite]) if x.ndim > 2 else out[finite]
        return out
    return _finite_exp(x)


def _finite_exp(x: Any) -> Any:
    """The exponential of finite matrices."""
    if not x.size:
        return np.array(x)
    norm = np.asarray(np.maximum.reduce(_add(np.absolute(x), axis=-2), axis=-1))
    top = float(norm.max())
    table = _DEGREES[x.dtype]
    degree = next((q for limit, q in table if top <= limit), table[-1][1])
    limit = table[-1][0]
    times = ceil(log2(top / limit)) if top > limit else 0
    if not times:
        return _pade(x, degree)
    # Each matrix is halved as often as its own norm asks for: more would cost digits.
    halvings = np.ceil(np.log2(np.maximum(norm / limit, 1)))[..., None, None]
    out = _pade(np.ldexp(x, -halvings.astype(np.int32)), degree)
    for i in range(times):
        square = out @ out
        out = square if x.ndim == 2 else np.where(halvings > i, square, out)
    return out


def _pade(x: Any, degree: int) -> Any:
    """The approximant (v + u) / (v - u), in which u has the odd powers and v the even ones."""
    c = _PADE[degree]
    one = np.eye(x.shape[-1], dtype=x.dtype)
    x2 = x @ x
    powers = [one, x2]
    for _ in range(min(degree, 7) // 2 - 1):
        powers.append(powers[-1] @ x2)
    if degree == 13:
        x6 = powers[3]
        high_u = x6 @ (c[13] * x6 + c[11] * powers[2] + c[9] * x2)
        high_v = x6 @ (c[12] * x6 + c[10] * powers[2] + c[8] * x2)
    else:
        high_u = high_v = 0
    u, v = high_u, high_v
    for j, power in enumerate(powers):
        u = u + c[2 * j + 1] * power
        v = v + c[2 * j] * power
    u = x @ u
    return np.linalg.solve(v - u, v + u)


# The derivative in the direction e is the upper right block of exp([[x, e], [0, x]]); its adjoint has x^T in x's place.
def _matrix_exp(xp: Any, g: Any, x: Any) -> Any:
    t = xp.swap_last(x)
    n = x.shape[-1]
    above, below = xp.concatenate(t, g, axis=-1), xp.concatenate(xp.zeros_like(g), t, axis=-1)
    return xp.matrix_exp(xp.concatenate(above, below, axis=-2))[..., :n, n:]


matrix_exp.defvjp(_matrix_exp)
