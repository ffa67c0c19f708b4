"""Copies in which a part is replaced, with PyTorch's names: by any index, by position, by mask, by slice.

The methods with an underscore write into their Tensor.
"""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.errors import DtypeError, IndexingError, ShapeError
from autodiff.graph import Value
from autodiff.names.arguments import as_value, integer, one_dim
from autodiff.names.index import check_mask, indices_of
from autodiff.names.scatter import converted
from autodiff.names.shape import expanded
from autodiff.operands import leaving
from autodiff.ops import index as ix
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autodiff.tensors import Tensor

__all__ = ["diagonal_scatter", "index_put", "masked_scatter", "put", "select_scatter", "slice_scatter"]
METHODS = __all__
IN_PLACE = ["index_put", "masked_scatter", "put"]

_ALL = slice(None)


def index_put(input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of `input` in which ``input[indices] = values``, or with `accumulate` ``+= values``.

    Parameters
    ----------
    input : Tensor
    indices : sequence of Tensor or None
        Integers or masks, one for each of the first dims; None takes a dim whole.
    values : Tensor
        Of a shape that broadcasts to ``input[indices]``.
    accumulate : bool, default=False
        Add the values, those for the same position one after the other.

    Returns
    -------
    Tensor

    Notes
    -----
    Without `accumulate`, of a position written twice the last write counts, and gets the cotangent alone.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.index_put(ad.zeros(3), (ad.tensor([1, 1]),), ad.tensor([2.0, 3.0]), accumulate=True)
    tensor([0., 5., 0.])
    """
    x = as_value(input, "index_put")
    values = converted(values, x, "index_put")
    if isinstance(indices, Value) or not isinstance(indices, (tuple, list)):
        raise DtypeError("index_put takes its indices as a tuple: (rows,) or (rows, columns)")
    arrays = [as_value(i, "index_put") for i in indices if i is not None]
    if any(i._array.dtype.kind not in "iub" for i in arrays):
        raise IndexingError("index_put: an index must be made of integers or booleans; use index.long()")
    key = tuple([_ALL if i is None else ix.ARRAY for i in indices])
    return (ix.index_add if accumulate else ix.index_put)(x, values, *arrays, key=key)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Write the elements of `source` to positions of the flattened input, or with `accumulate` add them.

    Parameters
    ----------
    input : Tensor
    index : Tensor of integers
        Positions, negative ones from the end.
    source : Tensor
        As many elements as `index` has.
    accumulate : bool, default=False

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.put(ad.zeros(2, 2), ad.tensor([0, -1]), ad.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    x, places = as_value(input, "put"), indices_of(index, "put")
    source = converted(source, x, "put")
    if source._array.size != places._array.size:
        raise ShapeError(f"put: {places._array.size} positions and {source._array.size} elements to write there")
    flat = x if x._array.ndim == 1 else reshape(x, shape=(-1,))
    if source._array.shape != places._array.shape:
        source = reshape(source, shape=places._array.shape)
    out = (ix.index_add if accumulate else ix.index_put)(flat, source, places, key=(ix.ARRAY,))
    return out if flat is x else reshape(out, shape=x._array.shape)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Write the elements of `source`, one after the other, where the mask is True.

    Parameters
    ----------
    input : Tensor
    mask : Tensor of bool
        Of a shape that broadcasts with `input`.
    source : Tensor
        At least as many elements as the mask is True.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> mask = ad.tensor([True, False, True])
    >>> ad.masked_scatter(ad.zeros(3), mask, ad.tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 2.])
    """
    x, mask = as_value(input, "masked_scatter"), check_mask(mask, "masked_scatter")
    source = converted(source, x, "masked_scatter")
    shape = x._array.shape
    if mask._array.shape != shape:
        try:
            shape = np.broadcast_shapes(shape, mask._array.shape)
        except ValueError:
            raise ShapeError(
                f"masked_scatter: a mask of shape {mask._array.shape} does not broadcast against {shape}"
            ) from None
        x, mask = expanded(x, shape, "masked_scatter"), expanded(mask, shape, "masked_scatter")
    n = int(np.count_nonzero(leaving(mask, "masked_scatter")._array))
    if source._array.size < n:
        raise ShapeError(f"masked_scatter: the mask is True {n} times, and source has {source._array.size} elements")
    values = ix.index(reshape(source, shape=(-1,)), key=(slice(n),))
    return ix.index_put(x, values, mask, key=(ix.ARRAY,))


# ---------------------------------------------------------------------- a part, without an index array


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of `input` whose slice at one index along a dim is `src`: the writing of `select`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.select_scatter(ad.zeros(2, 2), ad.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    x = as_value(input, "select_scatter")
    shape = x._array.shape
    d, i = one_dim(dim, shape, "select_scatter"), integer(index, "select_scatter: index")
    if not shape or not -shape[d] <= i < shape[d]:
        raise IndexingError(f"select_scatter: index {i} is out of range in dim {d} of a Tensor of shape {shape}")
    return _part("select_scatter", x, src, (_ALL,) * d + (i,))


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy of `input` in which the slices start, start + step, ... before end along a dim are those of `src`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.slice_scatter(ad.zeros(5), ad.ones(2), start=1, end=4, step=2)
    tensor([0., 1., 0., 1., 0.])
    """
    x = as_value(input, "slice_scatter")
    d = one_dim(dim, x._array.shape, "slice_scatter")
    if not x._array.ndim:
        raise IndexingError("slice_scatter: a Tensor without dims has no slices")
    if integer(step, "slice_scatter: step") < 1:
        raise IndexingError(f"slice_scatter: the step must be at least 1, not {step}")
    return _part("slice_scatter", x, src, (_ALL,) * d + (slice(start, end, step),))


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of `input` whose diagonal of two dims, of which the offset-th, is `src`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.diagonal_scatter(ad.zeros(2, 2), ad.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    x = as_value(input, "diagonal_scatter")
    shape = x._array.shape
    pair = (one_dim(dim1, shape, "diagonal_scatter"), one_dim(dim2, shape, "diagonal_scatter"))
    if len(shape) < 2 or pair[0] == pair[1]:
        raise IndexingError(f"diagonal_scatter needs two different dims, of a Tensor of shape {shape}")
    src = converted(src, x, "diagonal_scatter")
    static = {"offset": integer(offset, "diagonal_scatter: offset"), "axis1": pair[0], "axis2": pair[1]}
    _check_part("diagonal_scatter", x._array.diagonal(*static.values()).shape, src)
    return ix.write_view(x, src, view="diagonal", static=static)


def _part(name: str, x: Any, src: Any, key: tuple[Any, ...]) -> Any:
    src = converted(src, x, name)
    _check_part(name, x._array[key].shape, src)
    return ix.index_put(x, src, key=key)


def _check_part(name: str, shape: tuple[int, ...], src: Any) -> None:
    if src._array.shape != shape:
        raise ShapeError(f"{name}: src must have the shape of what it replaces, {shape}, not {src._array.shape}")
