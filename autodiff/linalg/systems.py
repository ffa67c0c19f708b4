"""Linear systems, inverses and determinants, as ``torch.linalg`` names them."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import int64
from autodiff.errors import DtypeError, LinAlgError, ShapeError
from autodiff.graph import wrap
from autodiff.linalg.failures import screened
from autodiff.names import return_types, views
from autodiff.names.arguments import as_value, integer, one_dim
from autodiff.names.matrices import matrix, square
from autodiff.operands import leaving
from autodiff.ops import decompositions as dec
from autodiff.ops import elementwise as ew
from autodiff.ops import linalg as la
from autodiff.ops import reduce as red
from autodiff.ops import solving
from autodiff.ops.shape import reshape, transpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autodiff.tensors import Tensor


def det(A: Tensor) -> Tensor:
    """Determinant of a square matrix.

    Parameters
    ----------
    A : Tensor of shape (..., n, n)

    Returns
    -------
    Tensor of shape (...)

    Notes
    -----
    The derivative is the matrix of cofactors, det(A) inv(A)^T. It and the second derivative are right for singular
    matrices too; the third raises LinAlgError there. The determinant of a matrix of size 0 is 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.det(ad.tensor([[2.0, 1.0], [1.0, 3.0]]))
    tensor(5.)
    """
    return solving.det(square(A, "det"))


def slogdet(A: Tensor) -> return_types.linalg_slogdet:
    """Sign, and logarithm of the absolute value, of a determinant: it does not overflow where `det` does.

    Parameters
    ----------
    A : Tensor of shape (..., n, n)

    Returns
    -------
    sign, logabsdet : named tuple of Tensor of shape (...)
        Of a singular matrix 0 and -inf.

    Raises
    ------
    LinAlgError
        When the derivative at a singular matrix is asked for.

    Notes
    -----
    The derivative of `logabsdet` is inv(A)^T, that of `sign` 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.slogdet(-ad.eye(3))
    return_types.linalg_slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(0.))
    """
    return return_types.linalg_slogdet(*solving.slogdet(square(A, "slogdet")))


def inv(A: Tensor) -> Tensor:
    """Inverse of a square matrix. To solve A x = b, `solve` is faster and more precise.

    Parameters
    ----------
    A : Tensor of shape (..., n, n)

    Returns
    -------
    Tensor of shape (..., n, n)

    Raises
    ------
    LinAlgError
        If a matrix is singular.

    Notes
    -----
    The cotangent is -out^T g out^T.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.inv(ad.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return solving.inv(square(A, "inv"))


def inv_ex(A: Tensor, *, check_errors: bool = False) -> return_types.linalg_inv_ex:
    """Inverse of a square matrix, with a report instead of an error.

    Parameters
    ----------
    A : Tensor of shape (..., n, n)
    check_errors : bool, default=False
        Raise LinAlgError all the same.

    Returns
    -------
    inverse : Tensor of shape (..., n, n)
        All nan for a singular matrix.
    info : Tensor of shape (...), int32
        0, or for a singular matrix the number (from 1) of the row at which elimination found no pivot.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.inv_ex(ad.zeros(2, 2)).info
    tensor(1, dtype=int32)
    """
    return return_types.linalg_inv_ex(*screened(solving.inv, square(A, "inv_ex"), check=check_errors))


def _system(A: Any, B: Any, left: bool, name: str) -> tuple[Any, Any, bool]:
    """Both sides of a linear system, and whether the right one is a stack of vectors."""
    a, b = square(A, name), as_value(B, name)
    x, y = a._array, b._array
    if x.dtype is not y.dtype:
        raise DtypeError(
            f"{name} needs both sides in one dtype and got {x.dtype} and {y.dtype}; convert one of them, for example "
            f"with .to(ad.{x.dtype})"
        )
    vector = y.ndim == 1 or (y.ndim == x.ndim - 1 and y.shape == x.shape[:-1])
    if (vector and not left) or not y.ndim or y.shape[-1 if vector or not left else -2] != x.shape[-1]:
        form = "A X = B, with A (..., n, n) and B (..., n, k) or (..., n)" if left else "X A = B, with B (..., k, n)"
        raise ShapeError(f"{name}: shapes {x.shape} and {y.shape} do not fit {form}")
    return a, b, vector


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X of A X = B, for a square matrix A.

    Parameters
    ----------
    A : Tensor of shape (..., n, n)
    B : Tensor of shape (..., n, k), or (..., n): vectors
        Of the dtype of `A`. One dim, or the shape of `A` less its last dim, means vectors.
    left : bool, default=True
        Otherwise solve X A = B, for matrices B of shape (..., k, n).

    Returns
    -------
    Tensor of the shape of `B`
        With the stacks broadcast against each other.

    Raises
    ------
    LinAlgError
        If a matrix is singular.

    Notes
    -----
    The cotangents are g_B = A^-T g, by one more solve, and g_A = -g_B X^T.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.solve(ad.tensor([[2.0, 1.0], [1.0, 3.0]]), ad.tensor([3.0, 4.0]))
    tensor([1., 1.])
    """
    a, b, vector = _system(A, B, left, "solve")
    if not left:
        return la.swap_last(solving.solve(la.swap_last(a), la.swap_last(b)))
    if vector and b._array.ndim > 1:
        return reshape(solving.solve(a, reshape(b, shape=(*b._array.shape, 1))), shape=b._array.shape)
    return solving.solve(a, b)


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> return_types.linalg_solve_ex:
    """The X of A X = B, with a report instead of an error: see `solve` and `inv_ex`.

    Parameters
    ----------
    A, B, left
        As of `solve`.
    check_errors : bool, default=False
        Raise LinAlgError all the same.

    Returns
    -------
    result : Tensor
        All nan where a matrix is singular.
    info : Tensor of shape (...), int32

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.solve_ex(ad.eye(2), ad.tensor([3.0, 4.0])).result
    tensor([3., 4.])
    """
    a, b, vector = _system(A, B, left, "solve_ex")
    if not left:
        a, b = la.swap_last(a), la.swap_last(b)
    if vector:
        b = reshape(b, shape=(*b._array.shape, 1))
    out, info = screened(solving.solve, a, b, check=check_errors)
    if vector:
        out = reshape(out, shape=out._array.shape[:-1])
    return return_types.linalg_solve_ex(out if left else la.swap_last(out), info)


def solve_triangular(
    input: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """The X of A X = B, where of the matrix A = `input` only one triangle is read.

    Parameters
    ----------
    input : Tensor of shape (..., n, n)
    B : Tensor of shape (..., n, k)
    upper : bool
        Which triangle.
    left : bool, default=True
        Otherwise solve X A = B, for B of shape (..., k, n).
    unitriangular : bool, default=False
        Take the diagonal to be 1, and do not read it.

    Returns
    -------
    Tensor of the shape of `B`
        With the stacks broadcast. A 0 on the diagonal gives inf and nan, not an error.

    Notes
    -----
    The cotangents are g_B = A^-T g and the triangle of -g_B X^T.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.solve_triangular(ad.tensor([[2.0, 0.0], [1.0, 1.0]]), ad.tensor([[2.0], [3.0]]), upper=False)
    tensor([[1.],
            [2.]])
    """
    a, b = square(input, "solve_triangular"), matrix(B, "solve_triangular")
    if left:
        return solving.solve_triangular(a, b, upper=bool(upper), unitriangular=bool(unitriangular))
    a, b = la.swap_last(a), la.swap_last(b)
    return la.swap_last(solving.solve_triangular(a, b, upper=not upper, unitriangular=bool(unitriangular)))


def pinv(
    input: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """Moore and Penrose's pseudo-inverse, of a matrix of any shape and rank.

    Parameters
    ----------
    input : Tensor of shape (..., m, n)
    rcond : float or Tensor, optional
        Another name for `rtol`.
    hermitian : bool, default=False
        Take the matrix to be symmetric, and read its lower triangle alone.
    atol, rtol : float or Tensor of shape (...), optional
        Singular values up to ``max(atol, rtol * largest)`` are taken for 0. `atol` is 0 by default; `rtol` is
        max(m, n) times the precision of the dtype, or 0 where `atol` is given and positive.

    Returns
    -------
    Tensor of shape (..., n, m)

    Notes
    -----
    The derivative is that of Golub and Pereyra (1973), which holds as long as the rank stays.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.pinv(ad.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    x = (square if hermitian else matrix)(input, "pinv")
    return dec.pinv(x, atol, rtol if rcond is None else rcond, hermitian=bool(hermitian))


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def lstsq(
    input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> return_types.linalg_lstsq:
    """Least squares: the X with the smallest |A X - b|, for the matrix A = `input`; the shortest of them.

    Parameters
    ----------
    input : Tensor of shape (..., m, n)
    b : Tensor of shape (..., m, k), or (..., m): vectors
    rcond : float, optional
        Singular values up to `rcond` times the largest are taken for 0; by default max(m, n) times the precision.
    driver : {"gelsy", "gels", "gelsd", "gelss"}, optional
        Decides, as in PyTorch, which of the results are filled. All of them compute by singular values here.

    Returns
    -------
    solution : Tensor of shape (..., n, k)
    residuals : Tensor of shape (..., k)
        Sums of squares; empty for "gelsy", and unless m > n and every matrix has rank n.
    rank : Tensor of shape (...), int64
        Empty for "gels".
    singular_values : Tensor of shape (..., min(m, n))
        Without derivative; empty for "gels" and "gelsy".

    Notes
    -----
    The solution is pinv(A) b, with its derivative.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> ad.linalg.lstsq(x, ad.tensor([[1.0], [3.0], [5.0]])).solution.round()
    tensor([[1.],
            [2.]])
    """
    driver = "gelsy" if driver is None else driver
    if driver not in _DRIVERS:
        raise LinAlgError(f"lstsq: driver {driver!r} is none of {', '.join(_DRIVERS)}")
    a, y = matrix(input, "lstsq"), as_value(b, "lstsq")
    shape, given = a._array.shape, y._array.shape
    vector = len(given) == 1 or given == shape[:-1]
    if vector:
        y = reshape(y, shape=(*given, 1))
    if y._array.ndim < 2 or y._array.shape[-2] != shape[-2]:
        raise ShapeError(f"lstsq: shapes {shape} and {given} are not of the form (..., m, n) and (..., m, k)")
    x, s = dec.lstsq(a, y, rcond=rcond)
    values = leaving(s, "the rank of lstsq")._array
    rank = np.add.reduce(dec.counted(values, shape, None, rcond), axis=-1, dtype=np.int64)
    residuals = wrap(np.zeros(0, s._array.dtype))
    if driver != "gelsy" and shape[-2] > shape[-1] and (rank == shape[-1]).all():
        off = ew.subtract(la.matmul(a, x), y)
        residuals = red.sum(ew.multiply(off, off), axis=-2)
    return return_types.linalg_lstsq(
        reshape(x, shape=x._array.shape[:-1]) if vector else x,
        residuals,
        wrap(np.zeros(0, int64) if driver == "gels" else np.asarray(rank)),
        wrap(s._array if driver in ("gelsd", "gelss") else np.zeros(0, s._array.dtype)),
    )


def tensorinv(input: Tensor, ind: int = 2) -> Tensor:
    """Inverse of a Tensor as a map from its last dims to its first `ind`, in the sense of `tensordot`.

    Parameters
    ----------
    input : Tensor
        The sizes of its first `ind` dims and of the others multiply to the same.
    ind : int, default=2
        Positive.

    Returns
    -------
    Tensor of shape ``input.shape[ind:] + input.shape[:ind]``

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.tensorinv(ad.eye(6).reshape(2, 3, 6)).shape
    Size([6, 2, 3])
    """
    x, ind = as_value(input, "tensorinv"), integer(ind, "tensorinv: ind")
    shape = x._array.shape
    first, last = shape[:ind], shape[ind:]
    if ind < 1 or prod(first) != prod(last):
        raise ShapeError(
            f"tensorinv: the sizes {first} and {last} of shape {shape}, cut at {ind}, are not equally many"
        )
    n = prod(first)
    return reshape(solving.inv(square(reshape(x, shape=(n, n)), "tensorinv")), shape=(*last, *first))


def tensorsolve(input: Tensor, other: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """The X with tensordot(input, X, dims=X.ndim) = other.

    Parameters
    ----------
    input : Tensor
        Of the shape of `other` followed by that of the result; the sizes of both multiply to the same.
    other : Tensor
    dims : sequence of int, optional
        Dims of `input` that are moved to its end first.

    Returns
    -------
    Tensor of shape ``input.shape[other.ndim:]``, after the move

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.tensorsolve(ad.eye(6).reshape(2, 3, 6), ad.ones(2, 3))
    tensor([1., 1., 1., 1., 1., 1.])
    """
    x, y = as_value(input, "tensorsolve"), as_value(other, "tensorsolve")
    if dims is not None:
        moved = [one_dim(d, x._array.shape, "tensorsolve") for d in dims]
        x = transpose(x, axes=tuple([i for i in range(x._array.ndim) if i not in moved] + moved))
    shape, k = x._array.shape, y._array.ndim
    n = prod(shape[k:])
    if prod(shape[:k]) != n or y._array.size != n:
        raise ShapeError(
            f"tensorsolve: shapes {shape} and {y._array.shape} do not fit; the first must be the second, followed by "
            "sizes that multiply to as much"
        )
    out = solve(reshape(x, shape=(n, n)), reshape(y, shape=(n,)))
    return reshape(out, shape=shape[k:])


def vander(x: Tensor, N: int | None = None) -> Tensor:
    """The powers 0 to N - 1 of each element, along a new last dim: a Vandermonde matrix.

    Parameters
    ----------
    x : Tensor of shape (..., n)
    N : int, optional
        By default n; at least 2.

    Returns
    -------
    Tensor of shape (..., n, N)

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.vander(ad.tensor([1.0, 2.0, 3.0]))
    tensor([[1., 1., 1.],
            [1., 2., 4.],
            [1., 3., 9.]])
    """
    t = as_value(x, "vander")
    shape = t._array.shape
    n = integer(N, "vander: N") if N is not None else shape[-1] if shape else 0
    if n < 2 or not shape:
        raise ShapeError(f"vander: N must be at least 2, and is {n} for shape {shape}")
    return ew.power(reshape(t, shape=(*shape, 1)), wrap(np.arange(n)))


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Diagonal of the last two dims, or of two others: `autodiff.diagonal` with other defaults.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.diagonal(ad.ones(4, 2, 3)).shape
    Size([4, 2])
    """
    return views.diagonal(A, offset, dim1, dim2)
