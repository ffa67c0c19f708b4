"""The names of ``torch.linalg``: factorisations, solving, norms of vectors and matrices."""

from __future__ import annotations

from autodiff.errors import LinAlgError
from autodiff.linalg.factors import cholesky_ex, eigh, eigvalsh, qr, svd, svdvals
from autodiff.linalg.norms import cond, matrix_rank, norm
from autodiff.linalg.systems import (
    det,
    diagonal,
    inv,
    inv_ex,
    lstsq,
    pinv,
    slogdet,
    solve,
    solve_ex,
    solve_triangular,
    tensorinv,
    tensorsolve,
    vander,
)
from autodiff.names.decompositions import cholesky
from autodiff.names.linalg import matmul
from autodiff.names.matrices import matrix_exp, matrix_norm, matrix_power
from autodiff.names.moments import vector_norm
from autodiff.names.products import linalg_cross as cross
from autodiff.names.products import multi_dot, vecdot

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "inv_ex",
    "lstsq",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
