"""NumPy's products of arrays and its linear algebra on Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autodiff import linalg as li
from autodiff.errors import AutodiffError, ShapeError
from autodiff.names import contraction
from autodiff.names import products as pr
from autodiff.operands import leaving
from autodiff.ops import decompositions, linalg, reduce, solving, views
from autodiff.ops import elementwise as ew
from autodiff.ops.shape import reshape, transpose
from autodiff.protocols.arguments import axes_of, cast, flat, shape_of, together, value, values
from autodiff.protocols.ufuncs import UFUNCS, floating

__all__ = ["TABLE"]


def _dot(a: Any, b: Any) -> Any:
    x, y = together(a, b)
    m, n = x._array.ndim, y._array.ndim
    if not m or not n:
        return ew.multiply(x, y)
    return linalg.matmul(x, y) if n < 3 else contraction.tensordot(x, y, ([m - 1], [n - 2]))


def _vdot(a: Any, b: Any) -> Any:
    x, y = together(a, b)
    return linalg.matmul(flat(x), flat(y))


def _outer(a: Any, b: Any) -> Any:
    return linalg.outer(*[flat(x) for x in values((a, b))])


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if not isinstance(axes, int):
        axes = [[s] if isinstance(s, int) else s for s in axes]
    x, y = together(a, b)
    return contraction.tensordot(x, y, axes)


def _einsum(*operands: Any, optimize: Any = True) -> Any:
    if isinstance(operands[0], str):
        return contraction.einsum(operands[0], *together(*operands[1:]))
    given = list(operands)
    given[: len(given) - len(given) % 2 : 2] = together(*given[: len(given) - len(given) % 2 : 2])
    return contraction.einsum(*given)


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    x, y = together(a, b)
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = _moved(x, axisa, -1), _moved(y, axisb, -1)
    if {shape_of(x)[-1], shape_of(y)[-1]} - {3}:
        raise ShapeError(f"np.cross of Tensors needs vectors of 3 components; the shapes are {x.shape} and {y.shape}")
    return _moved(linalg.cross(x, y), -1, axisc)


def _moved(x: Any, source: int, to: int) -> Any:
    n = x._array.ndim
    source, to = axes_of(source, n)[0], axes_of(to, n)[0]
    if source == to:
        return x
    order = [i for i in range(n) if i != source]
    order.insert(to, source)
    return transpose(x, axes=tuple(order))


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    x = cast(value(a), dtype)
    return reduce.sum(views.diagonal(x, offset=offset, axis1=axis1, axis2=axis2), axis=-1)


def _last_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return _trace(x, offset, -2, -1, dtype)


# ---------------------------------------------------------------------- linear algebra


class EighResult(NamedTuple):
    """What `np.linalg.eigh` returns."""

    eigenvalues: Any
    eigenvectors: Any


class SVDResult(NamedTuple):
    """What `np.linalg.svd` returns."""

    U: Any
    S: Any
    Vh: Any


class QRResult(NamedTuple):
    """What `np.linalg.qr` returns."""

    Q: Any
    R: Any


class SlogdetResult(NamedTuple):
    """What `np.linalg.slogdet` returns."""

    sign: Any
    logabsdet: Any


def _solve(a: Any, b: Any) -> Any:
    return solving.solve(*together(a, b))


def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    x = value(a)
    return SVDResult(*decompositions.svd(x, full_matrices=full_matrices)) if compute_uv else decompositions.svdvals(x)


def _qr(a: Any, mode: str = "reduced") -> Any:
    if mode == "r":
        return decompositions.qr(value(a), mode="reduced")[1]
    return QRResult(*decompositions.qr(value(a), mode=mode))


def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    cut = 1e-15 if rcond is None and rtol is None else rtol if rcond is None else rcond
    return li.pinv(value(a), hermitian=hermitian, rtol=cut, atol=0.0)


def _matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    x = value(A)
    if tol is not None:
        return li.matrix_rank(x, hermitian=hermitian, atol=tol, rtol=0.0)
    return li.matrix_rank(x, hermitian=hermitian, **({} if rtol is None else {"rtol": rtol}))


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return li.norm(floating(x), ord, axis, keepdims)


def _matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return li.matrix_norm(floating(x), ord, keepdim=keepdims)


def _vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return li.vector_norm(floating(x), ord, axis, keepdims)


def _lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """The solution, the sums of squared residuals (of an overdetermined system of full rank), rank, singular values."""
    x, y = together(a, b)
    columns = y if y._array.ndim == 2 else reshape(y, shape=(-1, 1))
    m, n = shape_of(x)
    if rcond is None:
        rcond = float(np.finfo(x._array.dtype).eps) * max(m, n)
    out, s = decompositions.lstsq(x, columns, rcond=rcond)
    rank = int((leaving(s, "the rank of lstsq")._array > rcond * s._array.max(initial=0)).sum())
    rest = ew.subtract(columns, linalg.matmul(x, out))
    squares = reduce.sum(ew.square(rest), axis=0)
    residuals = squares if rank == n < m else squares[:0]
    return (out if y._array.ndim == 2 else reshape(out, shape=(-1,))), residuals, rank, s


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    x, y = together(a, b)
    return li.tensorsolve(x, y, axes)


def _eigh(a: Any, UPLO: str = "L") -> Any:
    return EighResult(*decompositions.eigh(value(a), UPLO=UPLO))


def _last_outer(x1: Any, x2: Any, /) -> Any:
    x, y = values((x1, x2))
    if x._array.ndim != 1 or y._array.ndim != 1:
        raise AutodiffError("np.linalg.outer takes two vectors; np.outer takes other shapes too")
    return linalg.outer(x, y)


TABLE: dict[str, Callable[..., Any]] = {
    "dot": _dot,
    "vdot": _vdot,
    "inner": lambda a, b, /: pr.inner(*together(a, b)),
    "outer": _outer,
    "kron": lambda a, b: pr.kron(*values((a, b))),
    "tensordot": _tensordot,
    "einsum": _einsum,
    "cross": _cross,
    "trace": _trace,
    "linalg.multi_dot": lambda arrays: pr.multi_dot(together(*arrays)),
    "linalg.matmul": lambda x1, x2, /: UFUNCS[np.matmul](x1, x2),
    "linalg.vecdot": lambda x1, x2, /, *, axis=-1: UFUNCS[np.vecdot](x1, x2, axis=axis),
    "linalg.outer": _last_outer,
    "linalg.tensordot": lambda x1, x2, /, *, axes=2: _tensordot(x1, x2, axes),
    "linalg.cross": lambda x1, x2, /, *, axis=-1: _cross(x1, x2, axis=axis),
    "linalg.trace": _last_trace,
    "linalg.diagonal": lambda x, /, *, offset=0: views.diagonal(value(x), offset=offset, axis1=-2, axis2=-1),
    "linalg.matrix_transpose": lambda x, /: linalg.swap_last(value(x)),
    "linalg.inv": lambda a: solving.inv(value(a)),
    "linalg.solve": _solve,
    "linalg.det": lambda a: solving.det(value(a)),
    "linalg.slogdet": lambda a: SlogdetResult(*solving.slogdet(value(a))),
    "linalg.cholesky": lambda a, /, *, upper=False: decompositions.cholesky(value(a), upper=upper),
    "linalg.eigh": _eigh,
    "linalg.eigvalsh": lambda a, UPLO="L": decompositions.eigvalsh(value(a), UPLO=UPLO),
    "linalg.svd": _svd,
    "linalg.svdvals": lambda x, /: decompositions.svdvals(value(x)),
    "linalg.qr": _qr,
    "linalg.pinv": _pinv,
    "linalg.lstsq": _lstsq,
    "linalg.norm": _norm,
    "linalg.matrix_norm": _matrix_norm,
    "linalg.vector_norm": _vector_norm,
    "linalg.matrix_power": lambda a, n: li.matrix_power(value(a), n),
    "linalg.matrix_rank": _matrix_rank,
    "linalg.cond": lambda x, p=None: li.cond(value(x), p),
    "linalg.tensorinv": lambda a, ind=2: li.tensorinv(value(a), ind),
    "linalg.tensorsolve": _tensorsolve,
}
