"""Sorting and selecting with PyTorch's names: in order, the largest, the median, quantiles."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import int64
from autodiff.errors import AutodiffError, DtypeError, IndexingError, ShapeError
from autodiff.graph import Value, modes, wrap
from autodiff.names import return_types
from autodiff.names.arguments import Operand, as_value, integer, one_dim
from autodiff.ops import comparison as cmp
from autodiff.ops import elementwise as ew
from autodiff.ops import order, reduce, rounding
from autodiff.ops.index import take_along
from autodiff.ops.shape import broadcast_to, reshape, transpose

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "argsort",
    "kthvalue",
    "median",
    "mode",
    "msort",
    "nanmedian",
    "nanquantile",
    "quantile",
    "sort",
    "topk",
]
METHODS = __all__


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The elements along a dim in order, and where each of them stood.

    Parameters
    ----------
    input : Tensor
    dim : int, default=-1
    descending : bool, default=False
        Largest first.
    stable : bool, default=False
        Equal elements keep their order: they always do here.

    Returns
    -------
    (values, indices)
        A named tuple, ``x.sort().values``; ``input.gather(dim, indices)`` is `values`.

    Notes
    -----
    A cotangent goes back to where its element stood. A nan counts as the largest.

    Examples
    --------
    >>> import autodiff as ad
    >>> values, indices = ad.sort(ad.tensor([3.0, 1.0, 2.0]))
    >>> values, indices
    (tensor([1., 2., 3.]), tensor([1, 2, 0]))
    """
    x, d = _rows(input, dim, "sort")
    places = order.argsort(x, axis=d, descending=descending)
    return return_types.sort(*_shaped(input, take_along(x, places, axis=d, unique=True), places))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along a dim: the second part of `sort`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.argsort(ad.tensor([3.0, 1.0, 2.0]), descending=True)
    tensor([0, 2, 1])
    """
    x, d = _rows(input, dim, "argsort")
    return _shaped(input, order.argsort(x, axis=d, descending=descending))[0]


def msort(input: Tensor) -> Tensor:
    """The elements in ascending order along the first dim.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.msort(ad.tensor([[3, 1], [2, 4]]))
    tensor([[2, 1],
            [3, 4]])
    """
    x, _ = _rows(input, 0, "msort")
    return _shaped(input, order.sort(x, axis=0))[0]


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest or smallest elements along a dim, and where they stand.

    Parameters
    ----------
    input : Tensor
    k : int
    dim : int, default=-1
    largest : bool, default=True
        The largest; else the smallest.
    sorted : bool, default=True
        In order: they always are here.

    Returns
    -------
    (values, indices)
        A named tuple; `k` elements along `dim`. Of equal elements the first are taken.

    Raises
    ------
    IndexingError
        If there are fewer than k.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.topk(ad.tensor([3.0, 1.0, 2.0]), 2).values
    tensor([3., 2.])
    """
    x, d = _rows(input, dim, "topk")
    count, n = integer(k, "topk: k"), x._array.shape[d]
    if not 0 <= count <= n:
        raise IndexingError(f"topk: there are {n} elements along dim {d}, and not {count}")
    places = order.argtopk(x, k=count, axis=d, largest=largest)
    values = take_along(x, places, axis=d, unique=True)
    return return_types.topk(*(_shaped(input, values, places) if count == 1 else (values, places)))


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest element along a dim, counted from 1, and where it stands.

    Parameters
    ----------
    input : Tensor
    k : int
    dim : int, default=-1
    keepdim : bool, default=False

    Returns
    -------
    (values, indices)
        A named tuple.

    Raises
    ------
    IndexingError
        If there are fewer than k.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.kthvalue(ad.tensor([3.0, 1.0, 2.0]), 2).values
    tensor(2.)
    """
    x, d = _rows(input, dim, "kthvalue")
    n, which = x._array.shape[d], integer(k, "kthvalue: k")
    if not 1 <= which <= n:
        raise IndexingError(f"kthvalue: k is {which}, and there are {n} elements along dim {d}, counted from 1")
    return return_types.kthvalue(*_one(input, x, d, order.argkth(x, k=which - 1, axis=d), keepdim))


def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most common element along a dim, the smallest of several, and where it stands last.

    Parameters
    ----------
    input : Tensor
    dim : int, default=-1
    keepdim : bool, default=False

    Returns
    -------
    (values, indices)
        A named tuple.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.mode(ad.tensor([3, 1, 2, 1])).values
    tensor(1)
    """
    x, d = _rows(input, dim, "mode")
    _some(x, d, "mode")
    return return_types.mode(*_one(input, x, d, order.argmode(x, axis=d), keepdim))


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The element in the middle, the lower of two, of all; or along one dim, with its index.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
    keepdim : bool, default=False

    Returns
    -------
    Tensor or (values, indices)
        The pair is a named tuple.

    Notes
    -----
    Without `dim`, elements equal to the median share the cotangent equally; with it, the one at `indices` gets it. With
    a nan among them the median is nan; `nanmedian` leaves those out. `quantile` at 0.5 is the mean of the middle two.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
    >>> ad.median(x)
    tensor(3.)
    >>> ad.median(x, dim=1).values
    tensor([3., 4.])
    """
    if dim is None:
        return order.lower_median(as_value(input, "median"))
    x, d = _rows(input, dim, "median")
    places = order.argkth(x, k=(_some(x, d, "median") - 1) // 2, axis=d)
    if x._array.dtype.kind == "f":
        places = _first_nan(x, d, places)
    return return_types.median(*_one(input, x, d, places, keepdim))


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of what is not nan: see `median`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.nanmedian(ad.tensor([1.0, ad.nan, 3.0, 2.0]))
    tensor(2.)
    """
    if dim is None:
        return order.lower_median(as_value(input, "nanmedian"), ignore_nan=True)
    x, d = _rows(input, dim, "nanmedian")
    n = _some(x, d, "nanmedian")
    missing = _missing(x, d)
    if missing is None:
        places = order.argkth(x, k=(n - 1) // 2, axis=d)
    else:
        middle = rounding.floor_divide(ew.maximum(ew.subtract(n - 1, missing), 0), 2)
        places = take_along(order.argsort(x, axis=d), middle, axis=d, unique=True)
    return return_types.nanmedian(*_one(input, x, d, places, keepdim))


def quantile(
    input: Tensor, q: Operand, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """What a share q of the elements lies below, of all or along one dim.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    q : number or Tensor of at most one dim
        Between 0 and 1.
    dim : int, optional
    keepdim : bool, default=False
    interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}
        What is taken between two elements.

    Returns
    -------
    Tensor
        Several `q` stand along a new first dim.

    Notes
    -----
    The cotangent goes to the elements that the result is interpolated between, and to `q`. With a nan among the
    elements the result is nan; `nanquantile` leaves those out.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.quantile(ad.tensor([1.0, 2.0, 3.0, 4.0]), 0.5)
    tensor(2.5000)
    >>> ad.quantile(ad.tensor([1.0, 2.0, 3.0]), ad.tensor([0.0, 0.75]))
    tensor([1.0000, 2.5000])
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


def nanquantile(
    input: Tensor, q: Operand, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The quantile of what is not nan: see `quantile`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.nanquantile(ad.tensor([1.0, ad.nan, 2.0]), 0.5)
    tensor(1.5000)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _quantile(name: str, input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str) -> Any:
    x = as_value(input, name)
    dtype, dims = x._array.dtype, x._array.ndim
    if dtype.kind != "f":
        raise DtypeError(f"{name} needs floating numbers and got {dtype}; convert them first: x.float().{name}(...)")
    if isinstance(q, Value) and q._array.dtype != dtype:
        raise DtypeError(f"{name}: q is of {q._array.dtype} and the input of {dtype}; convert one of them")
    q = q if isinstance(q, Value) else wrap(np.asarray(q, dtype))
    several = q._array.ndim
    if several > 1:
        raise ShapeError(f"{name}: q must be a number or have one dim, not the shape {q._array.shape}")
    if not ((q._array >= 0) & (q._array <= 1)).all():
        raise AutodiffError(f"{name}: q must lie between 0 and 1")
    d = 0 if dim is None else one_dim(dim, x._array.shape, name)
    if dim is None or not dims:
        x = reshape(x, shape=(-1,))
    out = _between(x, d, q, name, interpolation)
    shape = out._array.shape
    if several:
        out = transpose(out, axes=(d, *[i for i in range(len(shape)) if i != d])) if d else out
    kept = (1,) * dims if dim is None or not dims else (*shape[:d], 1, *shape[d + 1 :])
    rest = kept if keepdim else () if dim is None or not dims else (*shape[:d], *shape[d + 1 :])
    return reshape(out, shape=(shape[d], *rest) if several else rest)


def _between(x: Any, d: int, q: Any, name: str, interpolation: str) -> Any:
    """The quantiles along dim `d`, which has one element for each q in the result."""
    shape, dtype = x._array.shape, x._array.dtype
    n = _some(x, d, name)
    q = reshape(q, shape=(-1,) + (1,) * (len(shape) - 1 - d))
    missing = _missing(x, d)
    last: Any = n - 1
    if missing is not None and name == "quantile":
        q = ew.where(cmp.greater(missing, 0), 1.0, q)  # the last element, which is nan
    elif missing is not None:
        last = ew.cast(ew.maximum(ew.subtract(n - 1, missing), 0), dtype=dtype)
    rank = ew.multiply(q, last)
    low = high = wrap(rank._array)
    if interpolation in ("linear", "lower", "midpoint"):
        low, high = rounding.floor(low), rounding.ceil(high)
    elif interpolation == "higher":
        low = rounding.ceil(low)
    elif interpolation == "nearest":
        low = rounding.round(low, decimals=0)
    else:
        raise AutodiffError(
            f"{name}: interpolation must be linear, lower, higher, midpoint or nearest, not {interpolation!r}"
        )
    places = order.argsort(x, axis=d)
    at = rank._array
    size = (*shape[:d], at.shape[0] if at.ndim == len(shape) - d else at.shape[d], *shape[d + 1 :])
    below = _at_rank(x, places, low, size, d)
    if interpolation not in ("linear", "midpoint"):
        return below
    above = _at_rank(x, places, high, size, d)
    share = 0.5 if interpolation == "midpoint" else ew.subtract(rank, low)
    return ew.add(below, ew.multiply(ew.subtract(above, below), share))


def _at_rank(x: Any, places: Any, rank: Any, size: tuple[int, ...], d: int) -> Any:
    """The elements of these ranks along dim `d`; they may be the same ones for two q."""
    at = broadcast_to(ew.cast(rank, dtype=int64), shape=size)
    return take_along(x, take_along(places, at, axis=d), axis=d)


def _rows(input: Any, dim: Any, name: str) -> tuple[Any, int]:
    """The Tensor, with one dim at least, and the dim counted from the front."""
    x = as_value(input, name)
    d = one_dim(dim, x._array.shape, name)
    return (x if x._array.ndim else reshape(x, shape=(1,))), d


def _shaped(input: Any, *outs: Any) -> Any:
    """The results, without dims if the input has none."""
    return outs if not isinstance(input, Value) or input._array.ndim else [reshape(o, shape=()) for o in outs]


def _one(input: Any, x: Any, d: int, places: Any, keepdim: bool) -> Any:
    """The elements at one index a row, and these indices."""
    values = take_along(x, places, axis=d, unique=True)
    if keepdim and isinstance(input, Value) and input._array.ndim:
        return values, places
    shape = x._array.shape
    rest = (*shape[:d], *shape[d + 1 :])
    return reshape(values, shape=rest), reshape(places, shape=rest)


def _some(x: Any, d: int, name: str) -> int:
    n: int = x._array.shape[d]
    if not n:
        raise IndexingError(f"{name}: there are no elements along dim {d} of a Tensor of shape {x._array.shape}")
    return n


def _missing(x: Any, d: int) -> Any:
    """How many elements along a dim are nan; None where there are none at all."""
    array = x._array
    if array.dtype.kind != "f" or not array.size:
        return None
    if modes.recorder is None and not np.isnan(np.maximum.reduce(array, axis=None)):
        return None  # another call of a step that is recorded may have some
    return reduce.sum(ew.cast(cmp.isnan(wrap(array)), dtype=int64), axis=d, keepdims=True)


def _first_nan(x: Any, d: int, places: Any) -> Any:
    """The places, or where a row has a nan the place of the first."""
    missing = _missing(x, d)
    if missing is None:
        return places
    first = reduce.argmax(ew.cast(cmp.isnan(wrap(x._array)), dtype=int64), axis=d, keepdims=True)
    return ew.where(cmp.greater(missing, 0), first, places)
