"""Searching and counting with PyTorch's names: what there is, how often, and where it belongs."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import int32, result_dtype
from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.graph import Value, wrap
from autodiff.names.arguments import Operand, as_value, cast, integer, one_dim
from autodiff.operands import leaving
from autodiff.ops import order
from autodiff.ops.index import take_along

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["bincount", "bucketize", "histc", "isin", "searchsorted", "unique", "unique_consecutive"]
METHODS = ["bincount", "histc", "unique", "unique_consecutive"]


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements, or slices along a dim, in ascending order.

    Parameters
    ----------
    input : Tensor
    sorted : bool, default=True
        In order: they always are here.
    return_inverse : bool, default=False
        Also return, for each element of `input`, which of them it is.
    return_counts : bool, default=False
        Also return how often each of them stands in `input`.
    dim : int, optional
        Compare the slices along this dim; by default the elements.

    Returns
    -------
    Tensor, or tuple of Tensor

    Notes
    -----
    It has no derivative. A nan is different from everything.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.unique(ad.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    return _different(order.unique, "unique", input, return_inverse, return_counts, dim)


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or slices along a dim, without those that are equal to the one before.

    The arguments and results are those of `unique`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.unique_consecutive(ad.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    return _different(order.unique_consecutive, "unique_consecutive", input, return_inverse, return_counts, dim)


def _different(op: Any, name: str, input: Any, return_inverse: bool, return_counts: bool, dim: Any) -> Any:
    x = as_value(input, name)
    axis = None if dim is None or not x._array.ndim else one_dim(dim, x._array.shape, name)
    found = op(x, axis=axis, inverse=return_inverse, counts=return_counts)
    return found if return_inverse or return_counts else found[0]


def searchsorted(
    sorted_sequence: Tensor,
    input: Operand,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where to insert each value so that a sorted sequence stays in order.

    Parameters
    ----------
    sorted_sequence : Tensor
        Ascending along its last dim.
    input : Tensor or number
        The values; if `sorted_sequence` has several rows, the values for each of them.
    out_int32 : bool, default=False
        Return int32 in place of int64.
    right : bool, default=False
        Behind the elements that are equal to the value, not before them.
    side : {"left", "right"}, optional
        Says the same.
    sorter : Tensor of integers, optional
        The indices that sort `sorted_sequence`, if it is not in order.

    Returns
    -------
    Tensor of the shape of the values

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.searchsorted(ad.tensor([1, 3, 5]), ad.tensor([3, 4]))
    tensor([1, 2])
    """
    if side not in (None, "left", "right"):
        raise AutodiffError(f"searchsorted: side must be 'left' or 'right', not {side!r}")
    if side == "left" and right:
        raise AutodiffError("searchsorted: side='left' and right=True say the opposite; give one of them")
    x = as_value(sorted_sequence, "searchsorted")
    if not x._array.ndim:
        raise ShapeError("searchsorted: the sorted sequence must have a dim")
    values = _beside(input, x, "searchsorted")
    if sorter is not None:
        x = take_along(x, as_value(sorter, "searchsorted"), axis=x._array.ndim - 1)
    out = order.searchsorted(x, values, right=right or side == "right")
    return cast(out, int32) if out_int32 else out


def bucketize(input: Operand, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Which of the intervals between ascending boundaries each value lies in.

    Parameters
    ----------
    input : Tensor or number
    boundaries : Tensor of one dim
    out_int32 : bool, default=False
        Return int32 in place of int64.
    right : bool, default=False
        A value on a boundary belongs to the interval above it, not below it.

    Returns
    -------
    Tensor of the shape of `input`

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bucketize(ad.tensor([0.5, 2.0, 9.0]), ad.tensor([1.0, 2.0, 3.0]))
    tensor([0, 1, 3])
    """
    edges = as_value(boundaries, "bucketize")
    if edges._array.ndim != 1:
        raise ShapeError(f"bucketize: the boundaries must have one dim, not the shape {edges._array.shape}")
    return searchsorted(edges, input, out_int32=out_int32, right=right)


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each number from 0 on stands in the input, or the sum of its weights.

    Parameters
    ----------
    input : Tensor of integers
        Of one dim, not negative.
    weights : Tensor, optional
        One for each element.
    minlength : int, default=0
        How many counts there are at least.

    Returns
    -------
    Tensor
        Of int64; with weights of float32 those, else float64.

    Notes
    -----
    The cotangent of a weight is that of the sum it is in (PyTorch has no derivative here).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bincount(ad.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    x = as_value(input, "bincount")
    array = x._array
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array.size and array.min() < 0):
        raise DtypeError(
            f"bincount counts integers that are not negative, in one dim; the input is of {array.dtype} and has the "
            f"shape {array.shape}"
        )
    if integer(minlength, "bincount: minlength") < 0:
        raise AutodiffError("bincount: minlength cannot be negative")
    if weights is not None:
        weights = as_value(weights, "bincount")
        if weights._array.shape != array.shape:
            raise ShapeError(f"bincount: weights of shape {weights._array.shape} for an input of shape {array.shape}")
    return order.bincount(x, weights, minlength=minlength)


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements lie in each of some equal parts of a range.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    bins : int, default=100
        How many parts.
    min, max : number, default=0
        The ends of the range, which belong to it; where they are equal, the smallest and the largest element.

    Returns
    -------
    Tensor of shape (bins,) and the dtype of `input`
        Elements outside the range, and nan, are not counted.

    Raises
    ------
    AutodiffError
        If the range is not finite, or upside down.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.histc(ad.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    x = as_value(input, "histc")
    array, count = x._array, integer(bins, "histc: bins")
    if array.dtype.kind != "f":
        raise DtypeError(f"histc needs floating numbers and got {array.dtype}; convert them first: x.float().histc()")
    if count < 1:
        raise AutodiffError(f"histc needs at least one bin, not {count}")
    low, high = float(min), float(max)
    if low == high and array.size:
        leaving(x, "histc without a range")
        low, high = float(array.min()), float(array.max())
    if not (np.isfinite(low) and np.isfinite(high)) or low > high:
        raise AutodiffError(f"histc: [{low}, {high}] is no range; min must be below max, and both finite")
    if low == high:
        low, high = low - 1, high + 1
    return cast(order.histc(x, bins=count, low=low, high=high), array.dtype)


def isin(elements: Operand, test_elements: Operand, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is among others.

    Parameters
    ----------
    elements, test_elements : Tensor or number
        What is asked, and among what.
    assume_unique : bool, default=False
        For PyTorch's sake: it makes no difference.
    invert : bool, default=False
        Whether each is not among them.

    Returns
    -------
    Tensor of bool, of the shape of `elements`

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.isin(ad.tensor([1, 2, 3]), ad.tensor([2, 5]))
    tensor([False,  True, False])
    """
    if not isinstance(elements, Value) and not isinstance(test_elements, Value):
        raise DtypeError("isin needs a Tensor: what is asked, or among what")
    return order.isin(_beside(elements, test_elements, "isin"), _beside(test_elements, elements, "isin"), invert=invert)


def _beside(x: Any, other: Any, name: str) -> Any:
    """`x` as a Tensor; a Python number in the dtype that it takes beside `other`, so that 0.1 is not rounded first."""
    if type(x) in (int, float) and isinstance(other, Value):
        return wrap(np.asarray(x, result_dtype([other._array, x])))
    return as_value(x, name)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A row of zeros with a 1 at the class, for each element.

    Parameters
    ----------
    tensor : Tensor of integers
        Classes, counted from 0.
    num_classes : int, default=-1
        How long a row is; by default one more than the largest class.

    Returns
    -------
    Tensor of int64, of shape (..., num_classes)

    Raises
    ------
    IndexingError
        If a class is negative or too large.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.one_hot(ad.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    x = as_value(tensor, "one_hot")
    if x._array.dtype.kind not in "iu":
        raise DtypeError(f"one_hot needs classes as integers, not {x._array.dtype}; use x.long()")
    return order.one_hot(x, classes=integer(num_classes, "one_hot: num_classes"))
