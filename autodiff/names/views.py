"""Diagonals, triangles, other orders and windows, with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autodiff.errors import AutodiffError, DtypeError, IndexingError, ShapeError
from autodiff.names.arguments import as_value, integer, one_dim, sizes
from autodiff.names.facts import storage_offset as offset_of
from autodiff.ops import linalg
from autodiff.ops import shape as sh
from autodiff.ops import views as vs
from autodiff.ops.index import index

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "adjoint",
    "as_strided",
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "flip",
    "fliplr",
    "flipud",
    "roll",
    "rot90",
    "tril",
    "triu",
]
# `flip` as a method also takes its dims one by one: see `autodiff.names.variadic`.
METHODS = [*[name for name in __all__ if name != "flip"], "H", "mH", "unfold"]
IN_PLACE: tuple[str, ...] = ("tril", "triu")


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dims, as the last dim.

    Parameters
    ----------
    input : Tensor of two dims or more
    offset : int, default=0
        Which diagonal: above the main one where positive, below it where negative.
    dim1, dim2 : int
        The two dims that it is taken from.

    Returns
    -------
    Tensor
        A view; writing into it writes into `input`.

    Raises
    ------
    ShapeError
        If the two dims are the same.

    Notes
    -----
    The cotangent is laid on the diagonal of zeros. `diag` and `diag_embed` go the other way.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.diagonal(ad.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    x = as_value(input, "diagonal")
    shape = x._array.shape
    a, b = _two_dims(dim1, dim2, shape, "diagonal")
    return vs.diagonal(x, offset=integer(offset, "diagonal: offset"), axis1=a, axis2=b)


def _two_dims(dim1: Any, dim2: Any, shape: tuple[int, ...], name: str) -> tuple[int, int]:
    """Two different dims of a shape, counted from the front."""
    if len(shape) < 2:
        raise IndexingError(f"{name} needs two dims, and shape {shape} has {len(shape)}")
    a, b = one_dim(dim1, shape, name), one_dim(dim2, shape, name)
    if a == b:
        raise ShapeError(f"{name}: two different dims are needed, and {dim1} and {dim2} are the same in shape {shape}")
    return a, b


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A matrix with the given diagonal; or, given a matrix, a copy of its diagonal.

    Parameters
    ----------
    input : Tensor of one or two dims
    diagonal : int, default=0
        Which one: above the main diagonal where positive, below it where negative.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        For other than one or two dims.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.diag(ad.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    >>> ad.diag(ad.tensor([[1, 2], [3, 4]]), 1)
    tensor([2])
    """
    x = as_value(input, "diag")
    if x._array.ndim not in (1, 2):
        raise ShapeError(f"diag takes a vector or a matrix, not shape {x._array.shape}; see diagonal and diag_embed")
    return vs.diag(x, k=integer(diagonal, "diag: diagonal"))


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices of zeros with the last dim of `input` on their diagonals.

    Parameters
    ----------
    input : Tensor of one dim or more
    offset : int, default=0
        Which diagonal: above the main one where positive, below it where negative.
    dim1, dim2 : int
        The two dims of the result that each matrix has.

    Returns
    -------
    Tensor
        Of one dim more.

    Notes
    -----
    The cotangent is the diagonal of that of the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.diag_embed(ad.tensor([1, 2]), offset=1)
    tensor([[0, 1, 0],
            [0, 0, 2],
            [0, 0, 0]])
    """
    x = as_value(input, "diag_embed")
    shape = x._array.shape
    if not shape:
        raise ShapeError("diag_embed takes a dim for the diagonal, and a Tensor without dimensions has none")
    k = integer(offset, "diag_embed: offset")
    n = shape[-1] + abs(k)
    a, b = _two_dims(dim1, dim2, (*shape, n), "diag_embed")
    full = list(shape[:-1])
    for d in sorted((a, b)):
        full.insert(d, n)
    return vs.diagonal_adjoint(x, shape=tuple(full), offset=k, axis1=a, axis2=b)


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements of `input`, in their order, on a diagonal.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.diagflat(ad.tensor([[1, 2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    x = as_value(input, "diagflat")
    if x._array.ndim != 1:
        x = sh.reshape(x, shape=(x._array.size,))
    return vs.diag(x, k=integer(offset, "diagflat: offset"))


def _matrix(input: Any, diagonal: Any, name: str) -> tuple[Any, int]:
    x = as_value(input, name)
    if x._array.ndim < 2:
        raise ShapeError(f"{name} takes a matrix, or a stack of them, not shape {x._array.shape}")
    return x, diagonal if type(diagonal) is int else integer(diagonal, f"{name}: diagonal")


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of a matrix, or of each matrix of a stack, with zeros above it.

    Parameters
    ----------
    input : Tensor of two dims or more
    diagonal : int, default=0
        The last diagonal that is kept: 0 is the main one, 1 the one above it.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is the same triangle of the cotangent.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tril(ad.tensor([[1, 2], [3, 4]]))
    tensor([[1, 0],
            [3, 4]])
    """
    x, k = _matrix(input, diagonal, "tril")
    return vs.tril(x, k=k)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of a matrix, or of each matrix of a stack, with zeros below it.

    Parameters
    ----------
    input : Tensor of two dims or more
    diagonal : int, default=0
        The first diagonal that is kept: 0 is the main one, 1 the one above it.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is the same triangle of the cotangent.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.triu(ad.tensor([[1, 2], [3, 4]]), 1)
    tensor([[0, 2],
            [0, 0]])
    """
    x, k = _matrix(input, diagonal, "triu")
    return vs.triu(x, k=k)


def flip(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Reverse the order of the elements along some dims.

    Parameters
    ----------
    input : Tensor
    dims : sequence of int
        As a method, ``x.flip(0, 1)`` works too.

    Returns
    -------
    Tensor
        A copy.

    Raises
    ------
    IndexingError
        If a dim is given twice.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.flip(ad.tensor([[1, 2], [3, 4]]), (1,))
    tensor([[2, 1],
            [4, 3]])
    """
    x = as_value(input, "flip")
    shape = x._array.shape
    found = tuple([one_dim(d, shape, "flip") for d in (dims if isinstance(dims, (tuple, list)) else (dims,))])
    if len(found) > 1 and len(set(found)) < len(found):
        raise IndexingError(f"flip: a dim is given twice in {tuple(dims)}")
    return vs.flip(x, axis=found if shape else ())


def fliplr(input: Tensor) -> Tensor:
    """The columns in reverse order: `flip` along dim 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.fliplr(ad.tensor([[1, 2], [3, 4]]))
    tensor([[2, 1],
            [4, 3]])
    """
    x = as_value(input, "fliplr")
    if x._array.ndim < 2:
        raise ShapeError(f"fliplr reverses dim 1, which a Tensor of shape {x._array.shape} does not have")
    return vs.flip(x, axis=1)


def flipud(input: Tensor) -> Tensor:
    """The rows in reverse order: `flip` along dim 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.flipud(ad.tensor([[1, 2], [3, 4]]))
    tensor([[3, 4],
            [1, 2]])
    """
    x = as_value(input, "flipud")
    if not x._array.ndim:
        raise ShapeError("flipud reverses dim 0, which a Tensor without dimensions does not have")
    return vs.flip(x, axis=0)


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """Move elements along some dims; what leaves at one end comes in at the other.

    Parameters
    ----------
    input : Tensor
    shifts : int or sequence of int
        By how many places, for each dim.
    dims : int or sequence of int, optional
        By default elements move through the whole Tensor in order.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If there are not as many shifts as dims.

    Notes
    -----
    The cotangent is moved back.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.roll(ad.arange(5), 2)
    tensor([3, 4, 0, 1, 2])
    >>> ad.roll(ad.tensor([[1, 2], [3, 4]]), 1, 0)
    tensor([[3, 4],
            [1, 2]])
    """
    x = as_value(input, "roll")
    if type(shifts) is int and type(dims) is int and x._array.ndim:
        return vs.roll(x, shift=shifts, axis=one_dim(dims, x._array.shape, "roll"))
    by, at = sizes((shifts,), "roll"), () if dims is None else dims if isinstance(dims, (tuple, list)) else (dims,)
    if not at and len(by) == 1:
        return vs.roll(x, shift=by[0])
    if len(by) != len(at) or not by:
        raise ShapeError(f"roll: {len(by)} shifts {by} do not go with {len(at)} dims {tuple(at)}; give one for each")
    shape = x._array.shape
    if not shape:
        raise IndexingError("roll: a Tensor without dimensions has no dim to move elements along")
    return vs.roll(x, shift=by, axis=tuple([one_dim(d, shape, "roll") for d in at]))


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turn by 90 degrees, `k` times, from the first of two dims to the second.

    Parameters
    ----------
    input : Tensor of two dims or more
    k : int, default=1
        Negative turns the other way.
    dims : sequence of two int, default=(0, 1)

    Returns
    -------
    Tensor
        A copy.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.rot90(ad.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    x = as_value(input, "rot90")
    if len(dims) != 2:
        raise ShapeError(f"rot90 turns one dim into another; give two dims, not {tuple(dims)}")
    return vs.rot90(x, k=integer(k, "rot90: k"), axes=_two_dims(dims[0], dims[1], x._array.shape, "rot90"))


def adjoint(input: Tensor) -> Tensor:
    """The last two dims exchanged: the adjoint of a real matrix is its transpose.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.adjoint(ad.zeros(2, 3)).shape
    Size([3, 2])
    """
    x = as_value(input, "adjoint")
    if x._array.ndim < 2:
        raise ShapeError(f"adjoint takes a matrix, or a stack of them, not shape {x._array.shape}")
    return linalg.swap_last(x)


def _adjoint(input: Tensor) -> Tensor:
    """The transpose of a matrix: real numbers are their own conjugates."""
    if input._array.ndim not in (0, 2):
        raise ShapeError(f".H is for matrices, got shape {input._array.shape}; use .mH for a stack of them")
    return sh.transpose(input)


H = property(_adjoint)
mH = property(adjoint)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Windows of `size` elements along a dim, each `step` after the one before; their elements are the last dim.

    The result is a view, which is read-only where windows overlap. The cotangents of an element's places add up.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.arange(5).unfold(0, 3, 1)
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    shape = input._array.shape
    d = one_dim(dimension, shape, "unfold")
    width, by = integer(size, "unfold: size"), integer(step, "unfold: step")
    n = shape[d] if shape else 1
    if not 0 <= width <= n:
        raise ShapeError(f"unfold: windows of {width} do not fit into dim {d} of size {n}")
    if by < 1:
        raise AutodiffError(f"unfold: the step from window to window must be at least 1, not {by}")
    if not shape:  # as PyTorch has it: no dim for the one window
        return index(sh.reshape(input, shape=(1,)), key=(slice(width),))
    return vs.unfold(input, axis=d, size=width, step=by)


def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """The memory of a Tensor, seen with strides of your own.

    Parameters
    ----------
    input : Tensor
        Its elements must lie in memory without gaps.
    size, stride : sequence of int
        For each dim its size, and how many elements apart neighbours are.
    storage_offset : int, optional
        Where the first element is, counted from the beginning of the memory; by default where that of `input` is.

    Returns
    -------
    Tensor
        A view, which is read-only where it sees an element twice.

    Raises
    ------
    ShapeError
        If the view would leave the memory of `input`.

    Notes
    -----
    The cotangents of an element's places add up.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.as_strided(ad.arange(6), (2, 2), (3, 1))
    tensor([[0, 1],
            [3, 4]])
    """
    x = as_value(input, "as_strided")
    array = x._array
    shape, strides = sizes((size,), "as_strided"), sizes((stride,), "as_strided")
    start = 0 if storage_offset is None else integer(storage_offset, "as_strided: storage_offset") - offset_of(x)
    if len(shape) != len(strides) or min(shape, default=0) < 0:
        raise ShapeError(f"as_strided: the sizes {shape} and the strides {strides} do not go together")
    order = None
    if not array.flags.c_contiguous:
        order = tuple(sorted(range(array.ndim), key=lambda i: -array.strides[i]))
    if order is not None and not array.transpose(order).flags.c_contiguous:
        raise DtypeError("as_strided needs a Tensor whose elements lie in memory without gaps; use .contiguous() first")
    if 0 in shape:  # nothing is seen: whatever the strides are
        start, strides = 0, (0,) * len(shape)
    last = start + sum([step * (n - 1) for step, n in zip(strides, shape)])
    if 0 not in shape and (start < 0 or min(strides, default=0) < 0 or last >= array.size):
        raise ShapeError(f"as_strided: sizes {shape} with strides {strides} leave the {array.size} elements of `input`")
    return vs.as_strided(x, shape=shape, strides=strides, offset=start, order=order)
