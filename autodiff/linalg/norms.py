"""Norms of either kind, condition numbers and ranks, as ``torch.linalg`` names them."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.errors import AutodiffError, LinAlgError, ShapeError
from autodiff.graph import wrap
from autodiff.linalg.failures import failures
from autodiff.names.arguments import Dims, DType, as_value, axes
from autodiff.names.matrices import ORDERS, floating, identity, matrix, matrix_norm, singular_values, square
from autodiff.operands import leaving
from autodiff.ops import decompositions as dec
from autodiff.ops import elementwise as ew
from autodiff.ops import moments, solving
from autodiff.ops import reduce as red
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor


def norm(
    input: Tensor,
    ord: float | str | None = None,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
) -> Tensor:
    """Norm of vectors or of matrices: `vector_norm` or `matrix_norm`, as `dim` and `ord` say.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    ord : number or str, optional
        See the two. By default the root of the sum of squares.
    dim : int or tuple of one or two int, optional
        One dim means vectors, and two dims mean matrices unless `ord` is None. Without it, everything is one vector if
        `ord` is None, and otherwise a Tensor of one dim is a vector and one of two a matrix.
    keepdim : bool, default=False
        Keep these dims, with size 1.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.norm(ad.tensor([3.0, -4.0]))
    tensor(5.)
    >>> ad.linalg.norm(ad.tensor([[3.0, -4.0], [1.0, 1.0]]), ord=float("inf"))
    tensor(7.)
    """
    x = as_value(input, "norm")
    shape = x._array.shape
    if dim is not None and not isinstance(dim, int) and len(dim) not in (1, 2):
        raise ShapeError(f"norm: dim must be one dim or two, and is {dim}")
    if ord is not None:
        if dim is None and len(shape) not in (1, 2):
            raise ShapeError(f"norm with an ord takes a vector or a matrix, or dim=..., and got shape {shape}")
        size = len(shape) if dim is None else 1 if isinstance(dim, int) else len(dim)
        if size == 2 or isinstance(ord, str):
            return matrix_norm(x, ord, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)  # type: ignore[arg-type]
    x = floating(x, dtype, "norm")
    over = axes(dim, shape, "norm")
    return moments.vector_norm(x, ord=2 if ord is None else ord, axis=over, keepdims=keepdim)


def cond(input: Tensor, p: float | str | None = None) -> Tensor:
    """Condition number of a matrix: its norm times that of its inverse.

    Parameters
    ----------
    input : Tensor of shape (..., m, n)
        Square, unless `p` is None, 2 or -2.
    p : {None, "fro", "nuc", inf, -inf, 1, -1, 2, -2}, optional
        The norm, as of `matrix_norm`; None is 2: the largest singular value over the smallest.

    Returns
    -------
    Tensor of shape (...)
        inf for a singular matrix (with 2, -2 and "nuc", what rounding makes of that).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.cond(ad.tensor([[2.0, 0.0], [0.0, 4.0]])).round()
    tensor(2.)
    """
    x = (matrix if p in (None, 2, -2) else square)(input, "cond")
    array = x._array
    if p is not None and p not in ORDERS:
        raise AutodiffError(f"cond: p {p!r} is none of None, {', '.join(map(repr, ORDERS))}")
    if not array.shape[-1] or not array.shape[-2]:
        return wrap(np.zeros(array.shape[:-2], array.dtype))
    if p in (None, 2, -2, "nuc"):
        s = singular_values(x)
        if p == "nuc":
            return ew.multiply(red.sum(s, axis=-1), red.sum(ew.divide(1, s), axis=-1))
        return ew.divide(s[..., 0], s[..., -1]) if p != -2 else ew.divide(s[..., -1], s[..., 0])
    leaving(x, "the inverse of a matrix that may have none")
    try:
        return ew.multiply(matrix_norm(x, p), matrix_norm(solving.inv(x), p))
    except LinAlgError:
        flat = wrap(failures(array) > 0)
    regular = ew.where(reshape(flat, shape=(*flat._array.shape, 1, 1)), wrap(identity(array)), x)
    found = ew.multiply(matrix_norm(x, p), matrix_norm(solving.inv(regular), p))
    return ew.where(flat, float("inf"), found)


def matrix_rank(
    input: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values of a matrix are not to be taken for 0; no derivative.

    Parameters
    ----------
    input : Tensor of shape (..., m, n)
    tol : float or Tensor, optional
        Another name for `atol`, with an `rtol` of 0.
    hermitian : bool, default=False
        Take the matrix to be symmetric, read its lower triangle alone, and count absolute eigenvalues: faster.
    atol, rtol : float or Tensor of shape (...), optional
        Those above ``max(atol, rtol * largest)`` count. `atol` is 0 by default; `rtol` is max(m, n) times the
        precision of the dtype, or 0 where `atol` is given and positive.

    Returns
    -------
    Tensor of shape (...), int64

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.matrix_rank(ad.tensor([[1.0, 2.0], [2.0, 4.0]]))
    tensor(1)
    """
    x = (square if hermitian else matrix)(input, "matrix_rank")
    if tol is not None:
        atol, rtol = tol, 0.0
    return dec.matrix_rank(x, atol, rtol, hermitian=bool(hermitian))
