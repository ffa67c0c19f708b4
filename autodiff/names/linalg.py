"""Products of matrices and vectors with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.errors import ShapeError
from autodiff.names.arguments import as_value
from autodiff.ops import linalg as la

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["bmm", "dot", "matmul", "mm", "mv", "outer"]
METHODS = __all__


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Product of matrices, vectors, or stacks of matrices: the operator ``@``.

    Parameters
    ----------
    input, other : Tensor
        Of one dtype. Two vectors give their dot product; of a matrix and a vector, the vector is a column on the
        right and a row on the left; more dims are stacks of matrices, which broadcast.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the inner sizes differ, or an operand has no dims.
    DtypeError
        If the dtypes differ.

    Notes
    -----
    The cotangents are g other^T and input^T g.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.matmul(ad.tensor([[1.0, 2.0], [3.0, 4.0]]), ad.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    return la.matmul(input, other)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Product of two matrices.

    Parameters
    ----------
    input : Tensor of shape (n, m)
    mat2 : Tensor of shape (m, p)

    Returns
    -------
    Tensor of shape (n, p)

    Raises
    ------
    ShapeError
        If one of them is no matrix, or the inner sizes differ.

    Notes
    -----
    The cotangents are g mat2^T and input^T g.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.mm(ad.tensor([[1.0, 2.0]]), ad.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    return la.matmul(*ranked("mm", "matrices", (input, 2), (mat2, 2)))


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Products of two stacks of matrices, one by one.

    Parameters
    ----------
    input : Tensor of shape (b, n, m)
    mat2 : Tensor of shape (b, m, p)

    Returns
    -------
    Tensor of shape (b, n, p)

    Raises
    ------
    ShapeError
        If the stacks are not equally high, or the inner sizes differ.

    Notes
    -----
    The cotangents are g mat2^T and input^T g.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bmm(ad.ones(2, 1, 3), ad.ones(2, 3, 1)).shape
    Size([2, 1, 1])
    """
    x, y = ranked("bmm", "stacks of matrices", (input, 3), (mat2, 3))
    if x._array.shape[0] != y._array.shape[0]:
        raise ShapeError(f"bmm: stacks of shapes {x._array.shape} and {y._array.shape} are not equally high")
    return la.matmul(x, y)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Product of a matrix and a vector.

    Parameters
    ----------
    input : Tensor of shape (n, m)
    vec : Tensor of shape (m,)

    Returns
    -------
    Tensor of shape (n,)

    Raises
    ------
    ShapeError
        If the shapes are not of that form.

    Notes
    -----
    The cotangents are outer(g, vec) and input^T g.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.mv(ad.tensor([[1.0, 2.0], [3.0, 4.0]]), ad.tensor([1.0, 1.0]))
    tensor([3., 7.])
    """
    return la.matmul(*ranked("mv", "a matrix and a vector", (input, 2), (vec, 1)))


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Sum of the products of the elements of two vectors.

    Parameters
    ----------
    input, tensor : Tensor of shape (n,)

    Returns
    -------
    Tensor of shape ()

    Raises
    ------
    ShapeError
        If one of them is no vector, or the sizes differ.

    Notes
    -----
    The derivatives are `tensor` and `input`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.dot(ad.tensor([1.0, 2.0]), ad.tensor([3.0, 4.0]))
    tensor(11.)
    """
    return la.matmul(*ranked("dot", "vectors", (input, 1), (tensor, 1)))


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The product of every element of one vector with every element of another.

    Parameters
    ----------
    input : Tensor of shape (n,)
    vec2 : Tensor of shape (m,)

    Returns
    -------
    Tensor of shape (n, m)

    Raises
    ------
    ShapeError
        If one of them is no vector.

    Notes
    -----
    The cotangents are g vec2 and g^T input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.outer(ad.tensor([1.0, 2.0]), ad.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    return la.outer(*ranked("outer", "vectors", (input, 1), (vec2, 1)))


def ranked(name: str, what: str, *operands: tuple[Any, int]) -> list[Any]:
    """The operands, each of which must have its number of dims."""
    found = [as_value(x, name) for x, _ in operands]
    if any(x._array.ndim != rank for x, (_, rank) in zip(found, operands)):
        shapes = " and ".join([str(x._array.shape) for x in found])
        raise ShapeError(f"{name} multiplies {what}, and got shapes {shapes}; matmul takes other shapes too")
    return found
