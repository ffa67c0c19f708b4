"""Joining Tensors and taking them apart with PyTorch's names: cat, stack, split, chunk, unbind."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autodiff.dtypes import result_dtype
from autodiff.errors import DtypeError, IndexingError, ShapeError
from autodiff.graph import Value
from autodiff.names.arguments import as_value, cast, integer, one_dim
from autodiff.ops import shape as sh

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["cat", "chunk", "concat", "concatenate", "split", "stack", "unbind"]
METHODS = ["chunk", "split", "unbind"]


def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Join Tensors along a dim that they have.

    Parameters
    ----------
    tensors : sequence of Tensor
        Of equal sizes in all other dims; a dtype is chosen that holds them all. An empty Tensor of shape (0,) is
        left out.
    dim : int, default=0
        Along which to join. NumPy's `axis` is accepted too.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the other sizes differ, or there is nothing to join.

    Notes
    -----
    The cotangent is taken apart as `split` does.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cat([ad.tensor([[1, 2]]), ad.tensor([[3, 4]])])
    tensor([[1, 2],
            [3, 4]])
    >>> ad.cat([ad.tensor([[1, 2]]), ad.tensor([[3, 4]])], dim=1)
    tensor([[1, 2, 3, 4]])
    """
    found = _one_dtype(tensors, "cat")
    several = [x for x in found if x._array.shape != (0,)] or found[:1]
    first = several[0]._array.shape
    if not first:
        raise ShapeError("cat joins along a dim, and a Tensor without dimensions has none; use ad.stack")
    d = one_dim(dim if axis is None else axis, first, "cat")
    for x in several[1:]:
        shape = x._array.shape
        if shape[:d] != first[:d] or shape[d + 1 :] != first[d + 1 :] or len(shape) != len(first):
            raise ShapeError(f"cat: shapes {first} and {shape} may differ in dim {d} only")
    return sh.concatenate(*several, axis=d)


concat = cat
concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None) -> Tensor:
    """Join Tensors of one shape along a new dim.

    Parameters
    ----------
    tensors : sequence of Tensor
        A dtype is chosen that holds them all.
    dim : int, default=0
        Where the new dim stands in the result. NumPy's `axis` is accepted too.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the shapes differ, or there is nothing to join.

    Notes
    -----
    The cotangent is taken apart as `unbind` does.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.stack([ad.tensor([1, 2]), ad.tensor([3, 4])], dim=1)
    tensor([[1, 3],
            [2, 4]])
    """
    several = _one_dtype(tensors, "stack")
    shape = several[0]._array.shape
    for x in several[1:]:
        if x._array.shape != shape:
            raise ShapeError(f"stack joins Tensors of one shape, and these have {shape} and {x._array.shape}")
    n = len(shape) + 1
    d = integer(dim if axis is None else axis, "stack: dim")
    if not -n <= d < n:
        raise IndexingError(f"stack: dim {d} is out of range for Tensors of shape {shape}; it may be {-n} to {n - 1}")
    return sh.stack(*several, axis=d % n)


def split(
    tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0, *, split_size: Any = None
) -> tuple[Tensor, ...]:
    """Take a Tensor apart along one dim.

    Parameters
    ----------
    tensor : Tensor
    split_size_or_sections : int or sequence of int
        The size of every part (the last may be smaller); or the size of each, which together make up the whole.
        The method calls it `split_size`, which is accepted here too.
    dim : int, default=0

    Returns
    -------
    tuple of Tensor
        Views.

    Raises
    ------
    ShapeError
        If the sizes do not add up to that of `dim`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.split(ad.arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    >>> ad.split(ad.arange(5), [1, 4])
    (tensor([0]), tensor([1, 2, 3, 4]))
    """
    x = as_value(tensor, "split")
    shape = x._array.shape
    d = one_dim(dim, shape, "split")
    if not shape:
        raise ShapeError("split takes a dim apart, and a Tensor without dimensions has none")
    n = shape[d]
    size = split_size_or_sections if split_size is None else split_size
    if isinstance(size, (tuple, list)):
        parts = [integer(s, "split: a size") for s in size]
        ends = [0]
        for part in parts:
            ends.append(ends[-1] + part)
        if ends[-1] != n or min(parts, default=0) < 0:
            raise ShapeError(f"split: the sizes {parts} must add up to {n}, the size of dim {d} of {shape}")
        return sh.split(x, sections=tuple(ends[1:-1]), axis=d)
    step = integer(size, "split: the size of a part")
    if step < 1 and not (step == n == 0):
        raise ShapeError(f"split: the size of a part must be at least 1, not {step}")
    return sh.split(x, sections=tuple(range(step, n, step or 1)), axis=d)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Take a Tensor apart into at most `chunks` parts of one size (the last may be smaller) along one dim.

    Parameters
    ----------
    input : Tensor
    chunks : int
    dim : int, default=0

    Returns
    -------
    tuple of Tensor
        Views; fewer than `chunks` where the size of a part, rounded up, fills the dim sooner.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.chunk(ad.arange(5), 3)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    x = as_value(input, "chunk")
    shape = x._array.shape
    d = one_dim(dim, shape, "chunk")
    count = integer(chunks, "chunk: the number of parts")
    if count < 1:
        raise ShapeError(f"chunk: the number of parts must be at least 1, not {count}")
    if shape and not shape[d]:
        return split(x, [0] * count, d)
    return split(x, -(-shape[d] // count) if shape else 1, d)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along one dim, which they no longer have.

    Parameters
    ----------
    input : Tensor
    dim : int, default=0

    Returns
    -------
    tuple of Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.unbind(ad.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    x = as_value(input, "unbind")
    d = one_dim(dim, x._array.shape, "unbind")
    if not x._array.ndim:
        raise ShapeError("unbind takes a dim apart, and a Tensor without dimensions has none")
    return sh.unstack(x, axis=d)


def _one_dtype(tensors: Any, name: str) -> list[Any]:
    """The Tensors to join, in the dtype of the widest of the strongest kind."""
    if isinstance(tensors, Value) or not isinstance(tensors, (tuple, list)):
        raise DtypeError(f"{name} joins a list or tuple of Tensors, and got a {type(tensors).__name__}")
    if not tensors:
        raise ShapeError(f"{name} needs at least one Tensor")
    found = [as_value(x, name) for x in tensors]
    first = found[0]._array.dtype
    if any(x._array.dtype is not first for x in found):
        dtype = result_dtype([x._array for x in found])
        found = [cast(x, dtype) for x in found]
    return found
