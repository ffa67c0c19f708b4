"""Factorisations of matrices with PyTorch's top-level names; `autodiff.linalg` has the newer ones."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.errors import DtypeError, ShapeError
from autodiff.graph import wrap
from autodiff.names import return_types
from autodiff.names.matrices import identity, matrix, square
from autodiff.ops import decompositions as dec
from autodiff.ops import linalg as la
from autodiff.ops import solving

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["cholesky", "cholesky_inverse", "cholesky_solve", "qr", "svd"]
METHODS = __all__
IN_PLACE: tuple[str, ...] = ()


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """Cholesky factor of a symmetric positive definite matrix: the lower triangular L with L L^T = input.

    Parameters
    ----------
    input : Tensor of shape (..., n, n)
        Only its lower triangle is read (with `upper`, its upper one).
    upper : bool, default=False
        Return L^T.

    Returns
    -------
    Tensor of shape (..., n, n)

    Raises
    ------
    LinAlgError
        If a matrix is not positive definite.

    Notes
    -----
    With m the lower triangle of L^T g, mirrored above, the cotangent is L^-T m L^-1 / 2: that of a symmetric matrix,
    the same above and below the diagonal.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.cholesky(ad.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    return dec.cholesky(square(input, "cholesky"), upper=bool(upper))


def cholesky_solve(input: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
    """The x of a x = input, for the matrix a whose Cholesky factor is `input2`.

    Parameters
    ----------
    input : Tensor of shape (..., n, k)
    input2 : Tensor of shape (..., n, n)
        The factor; only one triangle of it is read.
    upper : bool, default=False
        Whether that is the upper one.

    Returns
    -------
    Tensor of shape (..., n, k)

    Examples
    --------
    >>> import autodiff as ad
    >>> factor = ad.linalg.cholesky(ad.tensor([[4.0, 2.0], [2.0, 5.0]]))
    >>> ad.cholesky_solve(ad.tensor([[8.0], [12.0]]), factor)
    tensor([[1.],
            [2.]])
    """
    b, factor = matrix(input, "cholesky_solve"), square(input2, "cholesky_solve")
    if b._array.dtype is not factor._array.dtype:
        raise DtypeError(f"cholesky_solve: the dtypes {b._array.dtype} and {factor._array.dtype} are not the same")
    if b._array.shape[-2] != factor._array.shape[-1]:
        raise ShapeError(
            f"cholesky_solve: shapes {b._array.shape} and {factor._array.shape} are not of the form (n, k) and (n, n)"
        )
    turned = la.swap_last(factor)
    first, last = (turned, factor) if upper else (factor, turned)
    return solving.solve_triangular(last, solving.solve_triangular(first, b, upper=False), upper=True)


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """Inverse of the matrix whose Cholesky factor is `input`.

    Parameters
    ----------
    input : Tensor of shape (..., n, n)
        The factor; only one triangle of it is read.
    upper : bool, default=False
        Whether that is the upper one.

    Returns
    -------
    Tensor of shape (..., n, n)

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cholesky_inverse(ad.tensor([[2.0, 0.0], [1.0, 2.0]]))
    tensor([[ 0.3125, -0.1250],
            [-0.1250,  0.2500]])
    """
    x = square(input, "cholesky_inverse")
    root = solving.solve_triangular(x, wrap(identity(x._array)), upper=bool(upper))
    turned = la.swap_last(root)
    return la.matmul(root, turned) if upper else la.matmul(turned, root)


def qr(input: Tensor, some: bool = True) -> return_types.qr:
    """QR factorisation: `linalg.qr` with the mode "reduced", or "complete" where `some` is False.

    Examples
    --------
    >>> import autodiff as ad
    >>> Q, R = ad.qr(ad.tensor([[3.0], [4.0]]), some=False)
    >>> Q.shape
    Size([2, 2])
    """
    return return_types.qr(*dec.qr(matrix(input, "qr"), mode="reduced" if some else "complete"))


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> return_types.svd:
    """Singular value decomposition, input = U diag(S) V^T: the older form of `linalg.svd`, which returns V^T.

    Parameters
    ----------
    input : Tensor of shape (..., m, n)
    some : bool, default=True
        Only as many columns of U and V as there are singular values.
    compute_uv : bool, default=True
        Otherwise U and V are zeros, in their full size.

    Returns
    -------
    U, S, V : named tuple of Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.svd(ad.tensor([[3.0, 0.0], [0.0, 4.0]])).S.round()
    tensor([4., 3.])
    """
    x = matrix(input, "svd")
    if compute_uv:
        u, s, vh = dec.svd(x, full_matrices=not some)
        return return_types.svd(u, s, la.swap_last(vh))
    shape, dtype = x._array.shape, x._array.dtype
    zeros: list[Any] = [wrap(np.zeros((*shape[:-2], n, n), dtype)) for n in shape[-2:]]
    return return_types.svd(zeros[0], dec.svdvals(x), zeros[1])
