"""Factorisations of matrices, as ``torch.linalg`` names them."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from autodiff.errors import AutodiffError
from autodiff.graph import wrap
from autodiff.linalg.failures import screened
from autodiff.names import return_types
from autodiff.names.matrices import matrix, singular_values, square, tracked
from autodiff.ops import decompositions as dec

if TYPE_CHECKING:
    from autodiff.tensors import Tensor


def cholesky_ex(input: Tensor, *, upper: bool = False, check_errors: bool = False) -> return_types.linalg_cholesky_ex:
    """Cholesky factor, with a report instead of an error: see `cholesky`.

    Parameters
    ----------
    input : Tensor of shape (..., n, n)
    upper : bool, default=False
        Return the upper triangular factor.
    check_errors : bool, default=False
        Raise LinAlgError all the same.

    Returns
    -------
    L : Tensor of shape (..., n, n)
        All nan for a matrix that is not positive definite.
    info : Tensor of shape (...), int32
        0, or the order of the smallest leading minor that is not positive definite.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.cholesky_ex(ad.tensor([[1.0, 2.0], [2.0, 1.0]])).info
    tensor(2, dtype=int32)
    """
    x = square(input, "cholesky_ex")
    return return_types.linalg_cholesky_ex(*screened(dec.cholesky, x, check=check_errors, upper=bool(upper)))


def _triangle(UPLO: str, name: str) -> str:
    """Which triangle is read: "L" or "U"."""
    found = UPLO.upper()
    if found not in ("L", "U"):
        raise AutodiffError(f"{name}: UPLO says which triangle is read, 'L' or 'U', and is {UPLO!r}")
    return found


def eigh(input: Tensor, UPLO: str = "L") -> return_types.linalg_eigh:
    """Eigenvalues and eigenvectors of a symmetric matrix.

    Parameters
    ----------
    input : Tensor of shape (..., n, n)
    UPLO : {"L", "U"}, default="L"
        Which triangle is read.

    Returns
    -------
    eigenvalues : Tensor of shape (..., n)
        In ascending order.
    eigenvectors : Tensor of shape (..., n, n)
        In columns, orthonormal; the sign of each is arbitrary.

    Raises
    ------
    LinAlgError
        For a matrix with a nan or an inf.

    Notes
    -----
    With f_ij = 1 / (w_j - w_i) the cotangent is v (diag(g_w) + f * (v^T g_v)) v^T, as of a symmetric matrix. Where
    eigenvalues are equal, the vectors have no derivative, and it is inf or nan.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.eigh(ad.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues.round()
    tensor([1., 3.])
    """
    return return_types.linalg_eigh(*dec.eigh(square(input, "eigh"), UPLO=_triangle(UPLO, "eigh")))


def eigvalsh(input: Tensor, UPLO: str = "L") -> Tensor:
    """Eigenvalues of a symmetric matrix, in ascending order: those of `eigh`.

    Parameters
    ----------
    input : Tensor of shape (..., n, n)
    UPLO : {"L", "U"}, default="L"
        Which triangle is read.

    Returns
    -------
    Tensor of shape (..., n)

    Notes
    -----
    The cotangent is v diag(g) v^T, with the eigenvectors v.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.eigvalsh(ad.tensor([[2.0, 1.0], [1.0, 2.0]])).round()
    tensor([1., 3.])
    """
    x, triangle = square(input, "eigvalsh"), _triangle(UPLO, "eigvalsh")
    return dec.eigh(x, UPLO=triangle)[0] if tracked(x) else dec.eigvalsh(x, UPLO=triangle)  # as of singular_values


def svd(A: Tensor, full_matrices: bool = True) -> return_types.linalg_svd:
    """Singular value decomposition: A = U diag(S) Vh.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    full_matrices : bool, default=True
        Complete U and Vh to square matrices; otherwise they have k = min(m, n) columns and rows.

    Returns
    -------
    U : Tensor of shape (..., m, m) or (..., m, k)
        Orthonormal columns.
    S : Tensor of shape (..., k)
        In descending order.
    Vh : Tensor of shape (..., n, n) or (..., k, n)
        Orthonormal rows. The sign of a column of U together with that row is arbitrary.

    Raises
    ------
    LinAlgError
        For a matrix with a nan or an inf.

    Notes
    -----
    The derivative of S is that of `svdvals`. Those of U and Vh divide by S_j^2 - S_i^2 (and of matrices that are not
    square by S): between equal singular values they are inf or nan. What completes U and Vh has no derivative.

    Examples
    --------
    >>> import autodiff as ad
    >>> U, S, Vh = ad.linalg.svd(ad.tensor([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]]), full_matrices=False)
    >>> S.round()
    tensor([4., 3.])
    >>> U.shape
    Size([3, 2])
    """
    return return_types.linalg_svd(*dec.svd(matrix(A, "svd"), full_matrices=bool(full_matrices)))


def svdvals(A: Tensor) -> Tensor:
    """Singular values, in descending order: those of `svd`.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)

    Returns
    -------
    Tensor of shape (..., min(m, n))

    Notes
    -----
    The cotangent is U diag(g) Vh.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.svdvals(ad.tensor([[3.0, 0.0], [0.0, 4.0]])).round()
    tensor([4., 3.])
    """
    return singular_values(matrix(A, "svdvals"))


def qr(A: Tensor, mode: str = "reduced") -> return_types.linalg_qr:
    """QR factorisation: A = Q R, with orthonormal columns of Q and an upper triangular R.

    Parameters
    ----------
    A : Tensor of shape (..., m, n)
    mode : {"reduced", "complete", "r"}, default="reduced"
        "reduced": Q and R share k = min(m, n) columns and rows; "complete": Q is square; "r": R alone, and an empty Q.

    Returns
    -------
    Q : Tensor of shape (..., m, k) or (..., m, m)
    R : Tensor of shape (..., k, n) or (..., m, n)

    Raises
    ------
    GradientError
        When the derivative of "complete" is asked for and m > n: the last columns of Q are arbitrary.

    Notes
    -----
    For m >= n, with l the lower triangle of R g_R^T - g_Q^T Q mirrored above, the cotangent is (g_Q + Q l) R^-T.
    The derivative is there if the first k columns are independent.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.qr(ad.tensor([[3.0], [4.0]])).R.abs().round()
    tensor([[5.]])
    """
    x = matrix(A, "qr")
    if mode == "r":
        return return_types.linalg_qr(wrap(np.zeros(0, x._array.dtype)), dec.qr(x)[1])
    if mode not in ("reduced", "complete"):
        raise AutodiffError(f"qr: mode {mode!r} is none of 'reduced', 'complete' and 'r'")
    return return_types.linalg_qr(*dec.qr(x, mode=mode))
