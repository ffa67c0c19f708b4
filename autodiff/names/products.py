"""Products of matrices and vectors beyond matmul, with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from autodiff.dtypes import result_dtype
from autodiff.errors import DtypeError, IndexingError, ShapeError
from autodiff.names.arguments import Operand, as_value, cast, one_dim
from autodiff.names.linalg import outer, ranked
from autodiff.operands import factor
from autodiff.ops import contraction as con
from autodiff.ops import elementwise as ew
from autodiff.ops import linalg as la
from autodiff.ops import reduce as red
from autodiff.ops.contraction import LETTERS, einsum
from autodiff.ops.index import index
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "chain_matmul",
    "cross",
    "ger",
    "inner",
    "kron",
    "trace",
    "vdot",
]
METHODS = [name for name in __all__ if name != "chain_matmul"]
IN_PLACE = ("addbmm", "addmm", "addmv", "addr", "baddbmm")


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Add a matrix to a product of two: beta * input + alpha * (mat1 @ mat2).

    Parameters
    ----------
    input : Tensor
        Broadcasts to (n, p).
    mat1 : Tensor of shape (n, m)
    mat2 : Tensor of shape (m, p)
    beta, alpha : number, default=1
        With beta = 0 the input is not looked at: nan in it does not matter.

    Returns
    -------
    Tensor of shape (n, p)

    Raises
    ------
    ShapeError
        If `mat1` or `mat2` is no matrix, or the sizes do not fit.
    DtypeError
        If the dtypes differ.

    Notes
    -----
    The cotangents are beta g, alpha g mat2^T and alpha mat1^T g.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.addmm(ad.ones(2, 1), ad.tensor([[1.0], [2.0]]), ad.tensor([[3.0, 4.0]]), alpha=10)
    tensor([[31., 41.],
            [61., 81.]])
    """
    x, y = ranked("addmm", "matrices", (mat1, 2), (mat2, 2))
    return la.addmm(as_value(input, "addmm"), x, y, beta=beta, alpha=alpha)


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Add to the product of a matrix and a vector: beta * input + alpha * (mat @ vec); see `addmm`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.addmv(ad.tensor([1.0, 2.0]), ad.ones(2, 3), ad.ones(3), beta=2)
    tensor([5., 7.])
    """
    x, y = ranked("addmv", "a matrix and a vector", (mat, 2), (vec, 1))
    return la.addmm(as_value(input, "addmv"), x, y, beta=beta, alpha=alpha)


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Add to the products of two stacks of matrices: beta * input + alpha * (batch1 @ batch2); see `addmm`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.baddbmm(ad.zeros(1), ad.ones(2, 1, 3), ad.ones(2, 3, 1)).flatten()
    tensor([3., 3.])
    """
    x, y = _stacks("baddbmm", batch1, batch2)
    return la.addmm(as_value(input, "baddbmm"), x, y, beta=beta, alpha=alpha)


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Add to the sum of the products of two stacks: beta * input + alpha * sum(batch1 @ batch2); see `addmm`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.addbmm(ad.zeros(1, 1), ad.ones(2, 1, 3), ad.ones(2, 3, 1))
    tensor([[6.]])
    """
    x, y = _stacks("addbmm", batch1, batch2)
    z = as_value(input, "addbmm")
    if x._array.shape[2] != y._array.shape[1]:
        raise ShapeError(f"addbmm: the inner sizes of {x._array.shape} and {y._array.shape} differ")
    if z._array.dtype is not x._array.dtype:
        kinds = f"{z._array.dtype} and {x._array.dtype}"
        raise DtypeError(f"addbmm needs operands of one dtype and got {kinds}; convert one of them")
    return _added(z, einsum(x, y, subscripts="abc,acd->bd"), beta, alpha)


def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Add to the outer product of two vectors: beta * input + alpha * outer(vec1, vec2).

    With beta = 0 the input is not looked at. The cotangents are beta g, alpha g vec2 and alpha g^T vec1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.addr(ad.zeros(2, 2), ad.tensor([1.0, 2.0]), ad.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    x, y = ranked("addr", "vectors", (vec1, 1), (vec2, 1))
    return _added(as_value(input, "addr"), la.outer(x, y), beta, alpha)


def _added(x: Any, product: Any, beta: float, alpha: float) -> Any:
    """Beta * x + alpha * product; with beta = 0, x counts for the dtype alone."""
    if alpha != 1:
        product = ew.multiply(product, factor(alpha, product._array.dtype))
    if beta == 0:
        return cast(product, result_dtype([x._array, product._array]))
    return ew.add(x if beta == 1 else ew.multiply(x, factor(beta, x._array.dtype)), product)


def _stacks(name: str, first: Any, second: Any) -> list[Any]:
    x, y = ranked(name, "stacks of matrices", (first, 3), (second, 3))
    if x._array.shape[0] != y._array.shape[0]:
        raise ShapeError(f"{name}: stacks of shapes {x._array.shape} and {y._array.shape} are not equally high")
    return [x, y]


ger = outer


def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sums of the products along the last dim of both; with a Tensor without dims, its multiple.

    Parameters
    ----------
    input : Tensor of shape (..., n)
    other : Tensor of shape (..., n)

    Returns
    -------
    Tensor
        Its shape is that of `input` without its last dim, then that of `other` without its last.

    Raises
    ------
    ShapeError
        If the last sizes differ.

    Notes
    -----
    The cotangent of each is g times the other, summed over the other's leading dims.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.inner(ad.tensor([1.0, 2.0]), ad.tensor([[3.0, 4.0], [5.0, 6.0]]))
    tensor([11., 17.])
    """
    x, y = as_value(input, "inner"), as_value(other, "inner")
    m, n = x._array.ndim, y._array.ndim
    if not m or not n:
        return ew.multiply(x, y)
    if x._array.shape[-1] != y._array.shape[-1]:
        raise ShapeError(f"inner: the last sizes of shapes {x._array.shape} and {y._array.shape} differ")
    return la.matmul(x, y) if m == n == 1 else einsum(x, y, subscripts=_inner(m, n))


@lru_cache
def _inner(m: int, n: int) -> str:
    left, right = LETTERS[1:m], LETTERS[m : m + n - 1]
    return f"{left}a,{right}a->{left}{right}"


def vdot(input: Tensor, other: Tensor) -> Tensor:
    """Sum of the products of the elements of two vectors, as `dot` gives it.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.vdot(ad.tensor([1.0, 2.0]), ad.tensor([3.0, 4.0]))
    tensor(11.)
    """
    return la.matmul(*ranked("vdot", "vectors", (input, 1), (other, 1)))


def kron(input: Operand, other: Operand) -> Tensor:
    """Kronecker product: a multiple of `other` in the place of every element of `input`.

    Parameters
    ----------
    input, other : Tensor
        Of any numbers of dims; the one with fewer gets dims of size 1 in front.

    Returns
    -------
    Tensor
        Its sizes are the products of the sizes.

    Notes
    -----
    out[..., i m + k, j n + l] = input[..., i, j] other[..., k, l], for an `other` of shape (..., m, n).
    The cotangent of each is g times the other, summed over the other's elements.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.kron(ad.tensor([1, 10]), ad.tensor([1, 2, 3]))
    tensor([ 1,  2,  3, 10, 20, 30])
    """
    x, y = as_value(input, "kron"), as_value(other, "kron")
    if x._array.dtype is not y._array.dtype:
        dtype = result_dtype([x._array.reshape(-1), y._array.reshape(-1)])  # without dims it counts as any other
        x, y = cast(x, dtype), cast(y, dtype)
    n = max(x._array.ndim, y._array.ndim)
    if x._array.ndim < n:
        x = reshape(x, shape=(1,) * (n - x._array.ndim) + x._array.shape)
    if y._array.ndim < n:
        y = reshape(y, shape=(1,) * (n - y._array.ndim) + y._array.shape)
    return con.kron(x, y)


def trace(input: Tensor) -> Tensor:
    """Sum of the elements on the main diagonal of a matrix.

    The derivative is 1 on the diagonal and 0 elsewhere.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.trace(ad.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(5.)
    """
    x = as_value(input, "trace")
    shape = x._array.shape
    if len(shape) != 2:
        raise ShapeError(
            f"trace needs a matrix, and got shape {shape}; for a stack, take the diagonals and add them up"
        )
    if shape[0] != shape[1]:
        n = slice(min(shape))
        x = index(x, key=(n, n))
    return einsum(x, None, subscripts="aa->")


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """Cross product of vectors of three components.

    Parameters
    ----------
    input, other : Tensor
        Of equally many dims, which broadcast.
    dim : int, optional
        Where the components stand, by default the first dim of `input` that has size 3. `linalg.cross` takes the last.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the dim has not 3 components in both.

    Notes
    -----
    (x1 y2 - x2 y1, x2 y0 - x0 y2, x0 y1 - x1 y0). The cotangents are other × g and g × input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cross(ad.tensor([1.0, 0.0, 0.0]), ad.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    if dim is None:
        shape = as_value(input, "cross")._array.shape
        dim = next((i for i, n in enumerate(shape) if n == 3), None)
        if dim is None:
            raise ShapeError(f"cross: no dim of shape {shape} has size 3")
    return linalg_cross(input, other, dim=dim)


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """Cross product of vectors of three components along `dim`: see `autodiff.cross`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.cross(ad.tensor([1.0, 0.0, 0.0]), ad.tensor([0.0, 1.0, 0.0]))
    tensor([0., 0., 1.])
    """
    x, y = as_value(input, "cross"), as_value(other, "cross")
    shape, n = x._array.shape, x._array.ndim
    if y._array.ndim != n:
        raise ShapeError(f"cross: shapes {shape} and {y._array.shape} must have equally many dims")
    if not n or not -n <= dim < n:
        raise IndexingError(f"cross: there is no dim {dim} in shape {shape}")
    return la.cross(x, y, axis=dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Sums of the products along one dim; the others are a stack, and broadcast.

    Parameters
    ----------
    x, y : Tensor
        Of one floating dtype.
    dim : int, default=-1
        Of the shape that both broadcast to.

    Returns
    -------
    Tensor
        Without `dim`.

    Raises
    ------
    ShapeError
        If the shapes do not broadcast.
    DtypeError
        If the dtypes differ, or are not floating.

    Notes
    -----
    The derivatives are y and x.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.vecdot(ad.tensor([[1.0, 2.0], [3.0, 4.0]]), ad.tensor([1.0, 10.0]))
    tensor([21., 43.])
    """
    x, y = as_value(x, "vecdot"), as_value(y, "vecdot")
    if x._array.dtype.kind != "f" or y._array.dtype is not x._array.dtype:
        given = f"{x._array.dtype} and {y._array.dtype}"
        raise DtypeError(f"vecdot needs two Tensors of one floating dtype, and got {given}; convert them first")
    a, b = x._array.shape, y._array.shape
    long = a if len(a) >= len(b) else b
    axis = one_dim(dim, long, "vecdot") - len(long)
    if len(a) + axis < 0 or len(b) + axis < 0 or a[axis] != b[axis]:
        return red.sum(ew.multiply(x, y), axis=axis if long else None)
    return la.vecdot(x, y, axis=axis)


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """Product of two or more matrices, in the order of multiplications that takes the fewest of them.

    Parameters
    ----------
    tensors : sequence of Tensor
        Matrices; the first may be a vector, which is a row, and the last one, which is a column.

    Returns
    -------
    Tensor
        A matrix, or a vector or a number where an end is a vector.

    Raises
    ------
    ShapeError
        For fewer than two Tensors, or sizes that do not fit.

    Notes
    -----
    The order is found from the sizes alone, by dynamic programming.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.multi_dot([ad.ones(10, 2), ad.ones(2, 10), ad.ones(10)])[:3]
    tensor([20., 20., 20.])
    """
    chain = [as_value(x, "multi_dot") for x in tensors]
    shapes = tuple([x._array.shape for x in chain])
    inside = shapes[1:-1]
    if len(shapes) < 2:
        raise ShapeError(f"multi_dot needs two Tensors at least, and got {len(shapes)}")
    if any(len(s) != 2 for s in inside) or not {len(shapes[0]), len(shapes[-1])} <= {1, 2}:
        raise ShapeError(f"multi_dot multiplies matrices, and vectors at the ends; it got shapes {list(shapes)}")
    if len(chain) == 2:
        return la.matmul(*chain)
    return _multiplied(chain, _order(shapes), 0, len(chain) - 1)


def _multiplied(chain: list[Any], cuts: dict[tuple[int, int], int], i: int, j: int) -> Any:
    """The product of the factors i to j."""
    if i == j:
        return chain[i]
    k = cuts[i, j]
    return la.matmul(_multiplied(chain, cuts, i, k), _multiplied(chain, cuts, k + 1, j))


@lru_cache
def _order(shapes: tuple[tuple[int, ...], ...]) -> dict[tuple[int, int], int]:
    """After which factor the product of the factors i to j is cut, so that the fewest multiplications are needed."""
    n = len(shapes)
    sizes = [1 if len(shapes[0]) == 1 else shapes[0][0], *[s[-1] for s in shapes]]
    if len(shapes[-1]) == 1:
        sizes[-2:] = [shapes[-1][0], 1]
    cost = {(i, i): 0 for i in range(n)}
    cuts = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            tries = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], cuts[i, j] = min(tries)
    return cuts


def chain_matmul(*matrices: Tensor) -> Tensor:
    """Product of matrices in the best order, as `linalg.multi_dot` gives it.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.chain_matmul(ad.ones(1, 2), ad.ones(2, 3), ad.ones(3, 1))
    tensor([[6.]])
    """
    found = ranked("chain_matmul", "matrices", *[(x, 2) for x in matrices])
    if not found:
        raise ShapeError("chain_matmul needs one matrix at least")
    return found[0] if len(found) == 1 else multi_dot(found)
