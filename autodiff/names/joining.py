"""Bringing Tensors together and taking them apart with PyTorch's names: cat, stack, meshgrid, split, unbind."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import result_dtype
from autodiff.errors import AutodiffError, DtypeError, IndexingError, ShapeError
from autodiff.graph import Value, wrap
from autodiff.names.arguments import as_value, cast, integer, one_dim, sizes
from autodiff.ops import shape as sh
from autodiff.ops import views as vs
from autodiff.ops.index import ARRAY, index
from autodiff.size import Size

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "broadcast_shapes",
    "broadcast_tensors",
    "cartesian_prod",
    "cat",
    "chunk",
    "combinations",
    "concat",
    "concatenate",
    "meshgrid",
    "split",
    "split_with_sizes",
    "stack",
    "unbind",
]
METHODS = ["chunk", "split", "split_with_sizes", "unbind"]


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
    found = one_dtype(tensors, "cat")
    several = [x for x in found if x._array.shape != (0,)] or found[:1]
    first = several[0]._array.shape
    if not first:
        raise ShapeError("cat joins along a dim, and a Tensor without dimensions has none; use ad.stack")
    return joined(several, one_dim(dim if axis is None else axis, first, "cat"), "cat")


def joined(several: Sequence[Any], d: int, name: str) -> Any:
    """Join Tensors along a dim in which alone they may differ."""
    try:
        return sh.concatenate(*several, axis=d)
    except (ShapeError, IndexingError):
        first = several[0]._array.shape
        for x in several[1:]:
            shape = x._array.shape
            if shape[:d] != first[:d] or shape[d + 1 :] != first[d + 1 :] or len(shape) != len(first):
                raise ShapeError(f"{name}: shapes {first} and {shape} may differ in dim {d} only") from None
        raise


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
    several = one_dtype(tensors, "stack")
    shape = several[0]._array.shape
    n = len(shape) + 1
    d = dim if axis is None else axis
    if type(d) is not int:
        d = integer(d, "stack: dim")
    if not -n <= d < n:
        raise IndexingError(f"stack: dim {d} is out of range for Tensors of shape {shape}; it may be {-n} to {n - 1}")
    try:
        return sh.stack(*several, axis=d % n)
    except (ShapeError, IndexingError):
        for x in several[1:]:
            if x._array.shape != shape:
                raise ShapeError(
                    f"stack joins Tensors of one shape, and these have {shape} and {x._array.shape}"
                ) from None
        raise


def split(
    tensor: Tensor, split_size_or_sections: int | Sequence[int] | None = None, dim: int = 0, *, split_size: Any = None
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
        if not parts and not n:
            return ()
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


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Take a Tensor apart along one dim into parts of the given sizes: `split` with a sequence.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.split_with_sizes(ad.arange(4), [1, 3])
    (tensor([0]), tensor([1, 2, 3]))
    """
    return split(input, list(split_sizes), dim)


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


def broadcast_shapes(*shapes: int | Sequence[int]) -> Size:
    """The shape that Tensors of these shapes have together.

    Raises
    ------
    ShapeError
        If they do not broadcast: counted from the back, sizes must be equal, or 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.broadcast_shapes((2, 1), (3,))
    Size([2, 3])
    """
    given = [sizes((shape,), "broadcast_shapes") for shape in shapes]
    return Size(together(given, "broadcast_shapes"))


def together(shapes: list[tuple[int, ...]], name: str) -> tuple[int, ...]:
    """The shape that these have together."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        said = ", ".join([str(shape) for shape in shapes])
        raise ShapeError(
            f"{name}: shapes {said} do not broadcast; their sizes must be equal, or 1, from the last dim backward"
        ) from None


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Tensors brought to the shape that they have together.

    Parameters
    ----------
    *tensors : Tensor

    Returns
    -------
    tuple of Tensor
        Views, which can be read, not written, where elements were repeated.

    Raises
    ------
    ShapeError
        If their shapes do not broadcast.

    Examples
    --------
    >>> import autodiff as ad
    >>> a, b = ad.broadcast_tensors(ad.tensor([1, 2]), ad.tensor([[3], [4]]))
    >>> b
    tensor([[3, 3],
            [4, 4]])
    """
    several = [as_value(x, "broadcast_tensors") for x in _unpacked(tensors)]
    shapes = {x._array.shape for x in several}
    shape = shapes.pop() if len(shapes) == 1 else together(list(shapes), "broadcast_tensors")
    return tuple([sh.broadcast_to(x, shape=shape) for x in several])


def _unpacked(tensors: tuple[Any, ...]) -> Any:
    """Tensors given one by one, or as one sequence."""
    return tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: for each vector a Tensor of the grid's shape, in which it varies along its own dim.

    Parameters
    ----------
    *tensors : Tensor of at most one dim, or one sequence of them
    indexing : {"ij", "xy"}, default="ij"
        With "xy" the first two dims change places, as pictures are indexed: rows are the second coordinate.

    Returns
    -------
    tuple of Tensor
        Views, which can be read, not written.

    Raises
    ------
    ShapeError
        If one has more dims than one.

    Notes
    -----
    The cotangent of a vector is summed over the other dims.

    Examples
    --------
    >>> import autodiff as ad
    >>> rows, columns = ad.meshgrid(ad.tensor([1, 2]), ad.tensor([3, 4, 5]), indexing="ij")
    >>> columns
    tensor([[3, 4, 5],
            [3, 4, 5]])
    """
    several = [as_value(x, "meshgrid") for x in _unpacked(tensors)]
    if indexing not in (None, "ij", "xy"):
        raise AutodiffError(f"meshgrid: indexing is 'ij' or 'xy', not {indexing!r}")
    n = len(several)
    if not n:
        raise ShapeError("meshgrid needs at least one Tensor")
    places = list(range(n))
    if indexing == "xy" and n > 1:
        places[:2] = 1, 0
    shape = [1] * n
    for x, d in zip(several, places):
        if x._array.ndim > 1:
            raise ShapeError(f"meshgrid takes vectors and numbers, not shape {x._array.shape}")
        shape[d] = x._array.size
    out = []
    for x, d in zip(several, places):
        line = x
        if d < n - 1 or not x._array.ndim:  # dims in front need not be there
            line = sh.reshape(x, shape=(x._array.size, *[1] * (n - d - 1)))
        out.append(sh.broadcast_to(line, shape=tuple(shape)))
    return tuple(out)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Every choice of one element from each vector, one choice a row.

    Parameters
    ----------
    *tensors : Tensor of one dim

    Returns
    -------
    Tensor
        One column for each vector; a single vector is returned as it is.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cartesian_prod(ad.tensor([1, 2]), ad.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    several = one_dtype(_unpacked(tensors), "cartesian_prod")
    for x in several:
        if x._array.ndim != 1:
            raise ShapeError(f"cartesian_prod takes vectors, not shape {x._array.shape}")
    if len(several) == 1:
        return several[0]
    inner, outer, columns = prod([x._array.size for x in several]), 1, []
    for x in several:
        n = x._array.size
        inner //= n or 1
        column = vs.repeat(x, inner, axis=0) if inner != 1 else x
        columns.append(vs.tile(column, reps=(outer,)) if outer != 1 else column)
        outer *= n
    return sh.stack(*columns, axis=1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Every choice of `r` elements of a vector, in their order, one choice a row.

    Parameters
    ----------
    input : Tensor of one dim
    r : int, default=2
    with_replacement : bool, default=False
        Whether an element can be chosen more than once.

    Returns
    -------
    Tensor of shape (choices, r)

    Notes
    -----
    The cotangents of an element's places add up.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.combinations(ad.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    x = as_value(input, "combinations")
    if x._array.ndim != 1:
        raise ShapeError(f"combinations takes a vector, not shape {x._array.shape}")
    count = integer(r, "combinations: r")
    if count < 0:
        raise AutodiffError(f"combinations: the number of elements to choose cannot be negative, as {count} is")
    if not count:
        return wrap(np.zeros(0, x._array.dtype))
    # Positions in increasing order, found by marking them in the cube of all choices.
    n = len(x._array)
    below = np.less_equal if with_replacement else np.less
    chosen = np.ones((n,) * count, np.bool_)
    for i in range(count - 1):
        pair = below.outer(np.arange(n), np.arange(n))
        chosen &= pair.reshape((1,) * i + (n, n) + (1,) * (count - i - 2))
    return index(x, wrap(np.stack(chosen.nonzero(), 1)), key=(ARRAY,))


def one_dtype(tensors: Any, name: str) -> Sequence[Any]:
    """The Tensors to join, in the dtype of the widest of the strongest kind."""
    if isinstance(tensors, Value) or not isinstance(tensors, (tuple, list)):
        raise DtypeError(f"{name} joins a list or tuple of Tensors, and got a {type(tensors).__name__}")
    if not tensors:
        raise ShapeError(f"{name} needs at least one Tensor")
    found = tensors
    dtype = getattr(found[0], "dtype", None)
    for x in tensors:
        if not isinstance(x, Value):
            found = [as_value(x, name) for x in tensors]
            dtype = None
            break
        if x._array.dtype is not dtype:
            dtype = None
    if dtype is None:
        dtype = result_dtype([x._array for x in found])
        found = [cast(x, dtype) for x in found]
    return found
