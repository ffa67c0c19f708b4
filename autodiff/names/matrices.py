"""Linear algebra with PyTorch's top-level names: inverses, determinants, powers and exponentials of matrices.

`autodiff.linalg` has the rest. What both need stands here: how a matrix is taken, and norms of matrices.
"""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import as_dtype, float32, float64
from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.graph import modes, wrap
from autodiff.names import return_types
from autodiff.names.arguments import DType, as_value, axes, cast, integer
from autodiff.ops import comparison as cmp
from autodiff.ops import decompositions as dec
from autodiff.ops import elementwise as ew
from autodiff.ops import linalg as la
from autodiff.ops import moments, solving
from autodiff.ops import reduce as red
from autodiff.ops.shape import reshape, transpose

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["det", "inverse", "logdet", "matrix_exp", "matrix_power", "pinverse", "slogdet"]
METHODS = __all__
IN_PLACE: tuple[str, ...] = ()


def matrix(x: Any, name: str) -> Any:
    """`x` as a matrix, or a stack of them, of float32 or float64."""
    x = as_value(x, name)
    array = x._array
    if array.dtype is not float32 and array.dtype is not float64:
        raise DtypeError(
            f"{name} works in float32 and float64, and got {array.dtype}; convert it first, for example with .float()"
        )
    if array.ndim < 2:
        raise ShapeError(f"{name} takes a matrix, or a stack of them, and got shape {array.shape}")
    return x


def square(x: Any, name: str) -> Any:
    """`x` as a square matrix, or a stack of them."""
    x = matrix(x, name)
    shape = x._array.shape
    if shape[-1] != shape[-2]:
        raise ShapeError(f"{name} takes square matrices, and got shape {shape}")
    return x


def tracked(x: Any) -> bool:
    """Whether a derivative may be asked of what is made of `x`."""
    return x._node is not None and modes.grad


def singular_values(x: Any) -> Any:
    """Singular values. Their derivative needs the vectors: better at once than from another factorisation later."""
    return dec.svd(x, full_matrices=False)[1] if tracked(x) else dec.svdvals(x)


def identity(x: Any) -> Any:
    """The identity matrix in the shape and dtype of the array `x`."""
    out = np.zeros(x.shape, x.dtype)
    n = x.shape[-1]
    out.reshape(*x.shape[:-2], n * n)[..., :: n + 1] = 1
    return out


def det(input: Tensor) -> Tensor:
    """Determinant of a square matrix: see `linalg.det`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.det(ad.tensor([[2.0, 1.0], [1.0, 3.0]]))
    tensor(5.)
    """
    return solving.det(square(input, "det"))


def slogdet(input: Tensor) -> return_types.slogdet:
    """Sign, and logarithm of the absolute value, of a determinant: see `linalg.slogdet`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.slogdet(ad.tensor([[0.0, 1.0], [1.0, 0.0]])).sign
    tensor(-1.)
    """
    return return_types.slogdet(*solving.slogdet(square(input, "slogdet")))


def logdet(input: Tensor) -> Tensor:
    """Logarithm of a determinant.

    Parameters
    ----------
    input : Tensor of shape (..., n, n)

    Returns
    -------
    Tensor of shape (...)

    Notes
    -----
    The derivative is inv(input)^T. Of a determinant below 0 the result is nan, with derivative 0; of 0 it is -inf, and
    there the derivative raises LinAlgError.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logdet(2.0 * ad.eye(3))
    tensor(2.0794)
    """
    sign, value = solving.slogdet(square(input, "logdet"))
    if modes.recorder is not None or (sign._array < 0).any():
        return ew.where(cmp.less(wrap(sign._array), 0), float("nan"), value)
    return value


def inverse(input: Tensor) -> Tensor:
    """Inverse of a square matrix: see `linalg.inv`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.inverse(ad.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return solving.inv(square(input, "inverse"))


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """Pseudo-inverse of a matrix: `linalg.pinv` with ``rtol=rcond``.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.pinverse(ad.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    return dec.pinv(matrix(input, "pinverse"), None, rcond)


def matrix_power(input: Tensor, n: int) -> Tensor:
    """A square matrix, multiplied by itself n times.

    Parameters
    ----------
    input : Tensor of shape (..., k, k)
        Of any dtype, if n is not negative.
    n : int
        0 gives the identity; a negative power is one of the inverse.

    Returns
    -------
    Tensor of shape (..., k, k)

    Raises
    ------
    LinAlgError
        For a negative power of a singular matrix.

    Notes
    -----
    By repeated squaring: about log2(n) products, and twice as many on the way back.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.matrix_power(ad.tensor([[1.0, 1.0], [1.0, 0.0]]), 10)
    tensor([[89., 55.],
            [55., 34.]])
    """
    n = integer(n, "matrix_power: n")
    if n < 0:
        x, n = solving.inv(square(input, "matrix_power")), -n
        if n == 1:
            return x
    else:
        x = as_value(input, "matrix_power")
        shape = x._array.shape
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise ShapeError(f"matrix_power takes square matrices, and got shape {shape}")
    if n == 0:
        return ew.where(wrap(np.zeros((), bool)), x, wrap(identity(x._array)))
    if n == 1:
        return ew.copy(x)
    out: Any = None
    while True:
        if n & 1:
            out = x if out is None else la.matmul(out, x)
        n >>= 1
        if not n:
            return out
        x = la.matmul(x, x)


def matrix_exp(input: Tensor) -> Tensor:
    """Exponential of a square matrix: the sum of input^k / k! over all k.

    Parameters
    ----------
    input : Tensor of shape (..., n, n)

    Returns
    -------
    Tensor of shape (..., n, n)
        All nan for a matrix with a nan or an inf.

    Notes
    -----
    Scaling and squaring with Padé approximants (Higham, 2005). The derivative in the direction e is the upper right
    block of the exponential of [[input, e], [0, input]].

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.matrix_exp(ad.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return solving.matrix_exp(square(input, "matrix_exp"))


# ---------------------------------------------------------------------- norms

ORDERS = ("fro", "nuc", float("inf"), -float("inf"), 1, -1, 2, -2)


def floating(x: Any, dtype: DType, name: str) -> Any:
    """`x` as a Tensor of floating numbers, converted to `dtype` if that is given."""
    x = as_value(x, name)
    if x._array.dtype.kind != "f":
        raise DtypeError(f"{name} needs floating numbers and got {x._array.dtype}; convert them first, with .float()")
    if dtype is None:
        return x
    if as_dtype(dtype).kind != "f":
        raise DtypeError(f"{name}: dtype must be a floating one, not {dtype}")
    return cast(x, dtype)


def matrix_norm(
    input: Tensor,
    ord: float | str = "fro",
    dim: tuple[int, int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: DType = None,
) -> Tensor:
    """Norm of a matrix.

    Parameters
    ----------
    input : Tensor of shape (..., m, n)
        Of a floating dtype.
    ord : {"fro", "nuc", inf, -inf, 1, -1, 2, -2}, default="fro"
        "fro": root of the sum of squares; "nuc": sum of the singular values; 2 and -2: the largest and the smallest of
        them; 1 and -1: the largest and smallest sum of absolute values of a column; inf and -inf: of a row.
    dim : tuple of two int, default=(-2, -1)
        Rows and columns.
    keepdim : bool, default=False
        Keep both dims, with size 1.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor

    Notes
    -----
    Equal extremes share the cotangent equally. At a matrix of zeros the derivative of "fro" is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.matrix_norm(ad.tensor([[1.0, -2.0], [2.0, 4.0]]))
    tensor(5.)
    >>> ad.linalg.matrix_norm(ad.tensor([[1.0, -2.0], [2.0, 4.0]]), ord=1)
    tensor(6.)
    """
    x = floating(input, dtype, "matrix_norm")
    shape = x._array.shape
    if len(shape) < 2 or isinstance(dim, int) or len(dim) != 2:
        raise ShapeError(f"matrix_norm takes two dims of a matrix, and got dim {dim} of shape {shape}")
    over: Any = axes(tuple(dim), shape, "matrix_norm")
    if ord not in ORDERS:
        raise AutodiffError(f"matrix_norm: ord {ord!r} is none of {', '.join(map(repr, ORDERS))}")
    if ord == "fro":
        return moments.vector_norm(x, ord=2, axis=over, keepdims=keepdim)
    row, column = over
    if ord in ("nuc", 2, -2):
        rest = [i for i in range(len(shape)) if i not in over]
        s = singular_values(transpose(x, axes=(*rest, row, column)))
        out = red.sum(s, axis=-1) if ord == "nuc" else _extreme(s, -1, ord)
        return reshape(out, shape=tuple([1 if i in over else n for i, n in enumerate(shape)])) if keepdim else out
    first, last = (row, column) if ord in (1, -1) else (column, row)
    out = _extreme(red.sum(ew.absolute(x), axis=first, keepdims=True), last, ord, keepdims=True)
    return out if keepdim else reshape(out, shape=tuple([n for i, n in enumerate(shape) if i not in over]))


def _extreme(x: Any, axis: int, ord: Any, keepdims: bool = False) -> Any:
    """The largest along `axis`, 0 of nothing, or for a negative order the smallest."""
    if ord > 0 and not x._array.shape[axis]:
        return red.sum(x, axis=axis, keepdims=keepdims)
    return (red.amax if ord > 0 else red.amin)(x, axis=axis, keepdims=keepdims)
