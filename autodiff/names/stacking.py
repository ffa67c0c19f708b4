"""Joining, repeating and taking apart beyond cat and split, with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.errors import DtypeError, ShapeError
from autodiff.graph import Value, wrap
from autodiff.names.arguments import as_value, integer, one_dim, sizes, spelled
from autodiff.names.joining import joined, one_dtype
from autodiff.operands import leaving
from autodiff.ops import shape as sh
from autodiff.ops import views as vs
from autodiff.ops.index import index

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "column_stack",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "repeat_interleave",
    "row_stack",
    "tensor_split",
    "tile",
    "vsplit",
    "vstack",
]
# `tile` as a method also takes its numbers one by one: see `autodiff.names.variadic`.
METHODS = ["dsplit", "hsplit", "repeat_interleave", "tensor_split", "vsplit"]
IN_PLACE: tuple[str, ...] = ()


def _raised(x: Any, least: int, shape: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Any:
    """A Tensor of fewer dims than `least` in another shape."""
    own = x._array.shape
    return x if len(own) >= least else sh.reshape(x, shape=shape(own))


def _row(own: tuple[int, ...]) -> tuple[int, ...]:
    return (1, *(own or (1,)))


def _deep(own: tuple[int, ...]) -> tuple[int, ...]:
    return (*own, 1) if len(own) == 2 else (1, *(own or (1,)), 1)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join side by side: along dim 1, vectors along their only dim.

    Parameters
    ----------
    tensors : sequence of Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.hstack([ad.tensor([1, 2]), ad.tensor([3])])
    tensor([1, 2, 3])
    >>> ad.hstack([ad.tensor([[1], [2]]), ad.tensor([[3], [4]])])
    tensor([[1, 3],
            [2, 4]])
    """
    several = [_raised(x, 1, lambda own: (1,)) for x in one_dtype(tensors, "hstack")]
    return joined(several, 0 if several[0]._array.ndim == 1 else 1, "hstack")


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join one below the other: along dim 0; a vector is a row.

    Parameters
    ----------
    tensors : sequence of Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.vstack([ad.tensor([1, 2]), ad.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    several = one_dtype(tensors, "vstack")
    if _vectors_of_one_size(several):
        return sh.stack(*several, axis=0)
    return joined([_raised(x, 2, _row) for x in several], 0, "vstack")


def row_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Join one below the other: another name of `vstack`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.row_stack([ad.tensor([1, 2]), ad.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    return vstack(tensors)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Join side by side, along dim 1; a vector is a column.

    Parameters
    ----------
    tensors : sequence of Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.column_stack([ad.tensor([1, 2]), ad.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    several = one_dtype(tensors, "column_stack")
    if _vectors_of_one_size(several):
        return sh.stack(*several, axis=1)
    return joined([_raised(x, 2, lambda own: (*(own or (1,)), 1)) for x in several], 1, "column_stack")


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Join one behind the other, along dim 2; a matrix of shape (n, m) counts as (n, m, 1), a vector as (1, n, 1).

    Parameters
    ----------
    tensors : sequence of Tensor

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.dstack([ad.tensor([1, 2]), ad.tensor([3, 4])])
    tensor([[[1, 3],
             [2, 4]]])
    """
    several = one_dtype(tensors, "dstack")
    if several[0]._array.ndim == 2 and len({x._array.shape for x in several}) == 1:
        return sh.stack(*several, axis=2)
    deep = [_raised(x, 3, _deep) for x in several]
    return joined(deep, 2, "dstack")


def _vectors_of_one_size(several: Sequence[Any]) -> bool:
    return several[0]._array.ndim == 1 and len({x._array.shape for x in several}) == 1


def block_diag(*tensors: Tensor) -> Tensor:
    """Matrices one after the other along the diagonal of a matrix of zeros.

    Parameters
    ----------
    *tensors : Tensor of at most two dims
        A vector is a row, a number a matrix of one element.

    Returns
    -------
    Tensor of two dims

    Raises
    ------
    ShapeError
        For more than two dims.

    Notes
    -----
    Each block's cotangent is its part of that of the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.block_diag(ad.tensor([[1, 2]]), ad.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    if not tensors:
        return wrap(np.zeros((1, 0), np.float32))
    several = one_dtype(tensors, "block_diag")
    for x in several:
        if x._array.ndim > 2:
            raise ShapeError(f"block_diag takes matrices, vectors and numbers, not shape {x._array.shape}")
    return vs.block_diag(*[_raised(x, 2, _row) for x in several])


def tensor_split(
    input: Tensor, indices_or_sections: int | Sequence[int] | Tensor | None = None, dim: int = 0, **named: Any
) -> tuple[Tensor, ...]:
    """Take a Tensor apart along a dim, into a number of parts or before each of some positions.

    Parameters
    ----------
    input : Tensor
    indices_or_sections : int, sequence of int, or Tensor of at most one dim
        How many parts: as equal as they can be, the larger ones first; also ``sections=``. Or the positions to cut
        at; also ``indices=``.
    dim : int, default=0

    Returns
    -------
    tuple of Tensor
        Views; unlike those of `split`, each can be written while operations are recorded.

    Raises
    ------
    ShapeError
        If there are fewer parts than one, or no dim.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tensor_split(ad.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    >>> ad.tensor_split(ad.arange(5), (1, 3))
    (tensor([0]), tensor([1, 2]), tensor([3, 4]))
    """
    return _cut(as_value(input, "tensor_split"), indices_or_sections, dim, "tensor_split", named)


def _cut(x: Any, given: Any, dim: int, name: str, named: dict[str, Any], *, equal: bool = False) -> tuple[Any, ...]:
    """Slices of a Tensor along a dim."""
    if named or given is None:
        word = "indices" if "indices" in named else "sections"
        (given,) = spelled(() if given is None else (given,), named, word, name) or (None,)
    shape = x._array.shape
    if not shape:
        raise ShapeError(f"{name} takes a dim apart, and a Tensor without dimensions has none")
    d = one_dim(dim, shape, name)
    if isinstance(given, Value):
        given = leaving(given, f"{name} by a Tensor")._array.tolist()
    if isinstance(given, (tuple, list)):
        ends: list[Any] = [integer(i, f"{name}: a position") for i in given]
    else:
        n, parts = shape[d], integer(given, f"{name}: the number of parts")
        if parts < 1:
            raise ShapeError(f"{name}: the number of parts must be at least 1, not {parts}")
        if equal and n % parts:
            raise ShapeError(f"{name}: dim {d} of size {n} cannot be taken apart into {parts} equal parts")
        ends = [i * (n // parts) + min(i, n % parts) for i in range(1, parts)]
    before = (slice(None),) * d
    cuts = zip([0, *ends], [*ends, None])
    return tuple([index(x, key=(*before, slice(start, end))) for start, end in cuts])


def hsplit(input: Tensor, indices_or_sections: int | Sequence[int] | None = None, **named: Any) -> tuple[Tensor, ...]:
    """Take columns apart: `tensor_split` along dim 1, of a vector along its only dim, into equal parts.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.hsplit(ad.tensor([[1, 2, 3, 4]]), 2)
    (tensor([[1, 2]]), tensor([[3, 4]]))
    """
    x = as_value(input, "hsplit")
    return _cut(x, indices_or_sections, 1 if x._array.ndim > 1 else 0, "hsplit", named, equal=True)


def vsplit(input: Tensor, indices_or_sections: int | Sequence[int] | None = None, **named: Any) -> tuple[Tensor, ...]:
    """Take rows apart: `tensor_split` along dim 0, for two dims or more, into equal parts.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.vsplit(ad.tensor([[1], [2], [3]]), [1])
    (tensor([[1]]), tensor([[2],
            [3]]))
    """
    return _cut(_of_dims(input, 2, "vsplit"), indices_or_sections, 0, "vsplit", named, equal=True)


def dsplit(input: Tensor, indices_or_sections: int | Sequence[int] | None = None, **named: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along dim 2, for three dims or more, into equal parts.

    Examples
    --------
    >>> import autodiff as ad
    >>> [part.shape for part in ad.dsplit(ad.zeros(1, 2, 4), 2)]
    [Size([1, 2, 2]), Size([1, 2, 2])]
    """
    return _cut(_of_dims(input, 3, "dsplit"), indices_or_sections, 2, "dsplit", named, equal=True)


def _of_dims(input: Any, least: int, name: str) -> Any:
    x = as_value(input, name)
    if x._array.ndim < least:
        raise ShapeError(f"{name} needs {least} dims or more, and shape {x._array.shape} has {x._array.ndim}")
    return x


def tile(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Set a Tensor side by side with itself.

    Parameters
    ----------
    input : Tensor
    dims : sequence of int
        How many times along each dim, counted from the back; as a method, ``x.tile(2, 3)`` works too. The method
        `repeat` is the same, but wants a number for each dim.

    Returns
    -------
    Tensor
        A copy.

    Notes
    -----
    The cotangents of an element's copies add up.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tile(ad.tensor([1, 2]), (2, 2))
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    return tiled(as_value(input, "tile"), sizes((dims,), "tile"), "tile")


def tiled(x: Any, reps: tuple[int, ...], name: str) -> Any:
    """A Tensor beside itself, as often as `reps` says."""
    if min(reps, default=0) < 0:
        raise ShapeError(f"{name}: a Tensor cannot be set {min(reps)} times beside itself; the numbers are {reps}")
    return vs.tile(x, reps=reps)


def repeat_interleave(
    input: Tensor, repeats: int | Tensor | None = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Repeat each element, or each slice along a dim.

    Parameters
    ----------
    input : Tensor
    repeats : int or Tensor of int
        How many times: one number, or one for each slice. ``repeat_interleave(repeats)`` alone repeats the
        positions 0, 1, 2, ... that often.
    dim : int, optional
        By default all elements in order, and the result has one dim.
    output_size : int, optional
        The size that the dim gets, if it is known; it is checked.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If there are not as many numbers as slices, or one is negative.

    Notes
    -----
    The cotangents of an element's repetitions add up.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.repeat_interleave(ad.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    >>> ad.repeat_interleave(ad.tensor([[1], [2]]), ad.tensor([1, 2]), dim=0)
    tensor([[1],
            [2],
            [2]])
    """
    x = as_value(input, "repeat_interleave")
    if repeats is None:
        x, repeats = wrap(np.arange(x._array.size)), x
    shape = x._array.shape
    d = None if dim is None else one_dim(dim, shape, "repeat_interleave")
    n = x._array.size if d is None else shape[d] if shape else 1
    if not shape:
        x, d = sh.reshape(x, shape=(1,)), 0
    often = _repetitions(repeats, n)
    if output_size is not None:
        total = often * n if type(often) is int else int(often._array.sum())
        if total != output_size:
            raise ShapeError(f"repeat_interleave: output_size {output_size} is not the {total} that the repeats give")
    return vs.repeat(x, often, axis=d)


def _repetitions(repeats: Any, n: int) -> Any:
    """How often each of `n` slices is repeated: an int for all of them, or a Tensor."""
    if isinstance(repeats, (tuple, list)):
        repeats = wrap(np.array([integer(r, "repeat_interleave: repeats") for r in repeats], np.int64))
    if not isinstance(repeats, Value):
        often: Any = integer(repeats, "repeat_interleave: repeats")
        least = often
    else:
        array = repeats._array
        if array.dtype.kind not in "iu":
            raise DtypeError(f"repeat_interleave: repeats must be integers, not {array.dtype}; use repeats.long()")
        if array.size == 1:
            return _repetitions(leaving(repeats, "repeat_interleave by a Tensor")._array.item(), n)
        if array.shape != (n,):
            raise ShapeError(f"repeat_interleave: repeats of shape {array.shape} do not give one number to each of {n}")
        often, least = repeats, array.min(initial=0)
    if least < 0:
        raise ShapeError("repeat_interleave: an element cannot be repeated less than 0 times")
    return often


def _at_least(tensors: tuple[Any, ...], name: str, n: int, shape: Callable[[tuple[int, ...]], Any]) -> Any:
    """One Tensor, or a tuple of them, of `n` dims or more."""
    if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return _raised(as_value(tensors[0], name), n, shape)
    several = tensors[0] if len(tensors) == 1 else tensors
    return tuple([_raised(as_value(x, name), n, shape) for x in several])


def atleast_1d(*tensors: Any) -> Any:
    """Tensors without dimensions as vectors of one element; others as they are.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.atleast_1d(ad.tensor(1))
    tensor([1])
    """
    return _at_least(tensors, "atleast_1d", 1, lambda own: (1,))


def atleast_2d(*tensors: Any) -> Any:
    """Vectors as matrices of one row; Tensors of two dims or more as they are.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.atleast_2d(ad.tensor([1, 2]), ad.tensor(3))
    (tensor([[1, 2]]), tensor([[3]]))
    """
    return _at_least(tensors, "atleast_2d", 2, _row)


def atleast_3d(*tensors: Any) -> Any:
    """Vectors of shape (n,) as (1, n, 1), matrices of shape (n, m) as (n, m, 1); others as they are.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.atleast_3d(ad.tensor([1, 2])).shape
    Size([1, 2, 1])
    """
    return _at_least(tensors, "atleast_3d", 3, _deep)
