"""Picking elements with PyTorch's names: by condition, by index, by range."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.errors import DtypeError, IndexingError, ShapeError
from autodiff.graph import Value, modes
from autodiff.names.arguments import Operand, as_value, cast, integer, one_dim
from autodiff.names.shape import expanded
from autodiff.ops import elementwise as ew
from autodiff.ops import index as ix
from autodiff.ops import order
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "argwhere",
    "gather",
    "index_select",
    "masked_fill",
    "masked_select",
    "narrow",
    "nonzero",
    "select",
    "take",
    "take_along_dim",
    "where",
]
# The method `where` takes the condition second: see `autodiff.names.variadic`.
METHODS = [name for name in __all__ if name != "where"]
IN_PLACE = ("masked_fill",)

_ALL = slice(None)


def where(condition: Tensor, input: Operand | None = None, other: Operand | None = None) -> Any:
    """`input` where the condition holds, else `other`, elementwise with broadcasting.

    Parameters
    ----------
    condition : Tensor of bool
    input, other : Tensor or number, optional
        What to take from. Without them the result is ``nonzero(condition, as_tuple=True)``.

    Returns
    -------
    Tensor, or tuple of Tensor

    Raises
    ------
    DtypeError
        If the condition is not boolean.

    Notes
    -----
    The cotangent of each element goes to where it was taken from. The method is ``x.where(condition, other)``.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([-1.0, 2.0])
    >>> ad.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    condition = as_value(condition, "where")
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if input is None or other is None:
        raise DtypeError("where takes a condition alone, or a condition and two Tensors or numbers to choose from")
    if condition._array.dtype.kind != "b":
        raise DtypeError(
            f"the condition of where must be boolean, not {condition._array.dtype}; compare it with something: x != 0"
        )
    if not isinstance(input, Value) and not isinstance(other, Value):
        input = as_value(input, "where")  # so that there is a dtype for the result to have
    return ew.where(condition, input, other)


def masked_fill(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """`value` where the mask is True, else `input`.

    Parameters
    ----------
    input : Tensor
    mask : Tensor of bool
        Of a shape that broadcasts against `input`.
    value : number or Tensor without dimensions
        Converted to the dtype of `input`.

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        If the mask is not boolean.
    ShapeError
        If the value has dimensions.

    Notes
    -----
    The derivative for `input` is 0 where the mask is True, else 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.masked_fill(ad.tensor([1.0, 2.0]), ad.tensor([True, False]), -1)
    tensor([-1.,  2.])
    """
    x = as_value(input, "masked_fill")
    return ew.where(check_mask(mask, "masked_fill"), fill_value(value, x, "masked_fill"), x)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask is True, in one dim.

    Parameters
    ----------
    input : Tensor
    mask : Tensor of bool
        Of a shape that broadcasts against `input`.

    Returns
    -------
    Tensor
        Of one dim; a copy.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1, 2], [3, 4]])
    >>> ad.masked_select(x, x > 2)
    tensor([3, 4])
    """
    x, mask = as_value(input, "masked_select"), check_mask(mask, "masked_select")
    if x._array.shape != mask._array.shape:
        try:
            shape = np.broadcast_shapes(x._array.shape, mask._array.shape)
        except ValueError:
            raise ShapeError(
                f"masked_select: a mask of shape {mask._array.shape} does not broadcast against {x._array.shape}"
            ) from None
        x, mask = expanded(x, shape, "masked_select"), expanded(mask, shape, "masked_select")
    return ix.index(x, mask, key=(ix.ARRAY,))


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Where the elements are that are not 0.

    Parameters
    ----------
    input : Tensor
    as_tuple : bool, default=False
        Return one Tensor of indices for each dim, which can be used as an index, in place of one row an element.

    Returns
    -------
    Tensor of int64, of shape (number of them, number of dims); or tuple of Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[0, 5], [7, 0]])
    >>> ad.nonzero(x)
    tensor([[0, 1],
            [1, 0]])
    >>> x[ad.nonzero(x, as_tuple=True)]
    tensor([5, 7])
    """
    x = as_value(input, "nonzero")
    return order.nonzero(x) if as_tuple else order.argwhere(x)


def argwhere(input: Tensor) -> Tensor:
    """Where the elements are that are not 0: `nonzero` with NumPy's name.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.argwhere(ad.tensor([0, 5, 7]))
    tensor([[1],
            [2]])
    """
    return nonzero(input)


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """Pick along one dim, at each place another index: out[i][j] = input[index[i][j]][j] for dim 0.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which the index counts.
    index : Tensor of integers
        Of as many dims as `input`, and of no larger size in any dim but `dim`.
    sparse_grad : bool, default=False
        For PyTorch's sake: gradients are dense.

    Returns
    -------
    Tensor
        Of the shape of `index`.

    Raises
    ------
    ShapeError
        If the shapes do not allow that.
    IndexingError
        If an index is negative or too large.

    Notes
    -----
    The cotangent is added up where it was picked.

    Examples
    --------
    >>> import autodiff as ad
    >>> logits = ad.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> ad.gather(logits, 1, ad.tensor([[1], [0]]))
    tensor([[2.],
            [3.]])
    """
    x, places = as_value(input, "gather"), indices_of(index, "gather")
    shape, wanted = x._array.shape, places._array.shape
    d = one_dim(dim, shape, "gather")
    if len(shape) != len(wanted):
        if shape or len(wanted) != 1:
            raise ShapeError(f"gather: input and index need equally many dims, and have shapes {shape} and {wanted}")
        x, shape = reshape(x, shape=(1,)), (1,)
    if not shape:
        return gather(reshape(x, shape=(1,)), 0, reshape(places, shape=(1,)))[0]
    for i, (w, n) in enumerate(zip(wanted, shape)):
        if w > n and i != d:
            raise ShapeError(
                f"gather: the index of shape {wanted} is larger than the input of shape {shape} beside dim {d}"
            )
    return ix.take_along(x, places, axis=d, wrap=False)


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at some positions of the flattened input.

    Parameters
    ----------
    input : Tensor
    index : Tensor of integers
        Positions, negative ones from the end.

    Returns
    -------
    Tensor
        Of the shape of `index`.

    Notes
    -----
    The cotangent is added up where it was picked.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.take(ad.tensor([[1, 2], [3, 4]]), ad.tensor([0, -1]))
    tensor([1, 4])
    """
    x, places = as_value(input, "take"), indices_of(index, "take")
    if x._array.ndim != 1:
        x = reshape(x, shape=(-1,))
    n = x._array.size
    if places._array.size and not -n <= places._array.min() <= places._array.max() < n:
        raise IndexingError(f"take: an index is out of range for a Tensor of {n} elements")
    return ix.index(x, places, key=(ix.ARRAY,))


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Pick along one dim, at each place another index; other dims broadcast. It undoes `argmax`.

    Parameters
    ----------
    input : Tensor
    indices : Tensor of integers
        Of as many dims as `input`, of which the others than `dim` broadcast.
    dim : int, optional
        Along which the indices count; by default through all elements in their order.

    Returns
    -------
    Tensor

    Raises
    ------
    IndexingError
        If an index is out of range.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 5.0], [4.0, 2.0]])
    >>> ad.take_along_dim(x, ad.argmax(x, dim=1, keepdim=True), dim=1)
    tensor([[5.],
            [4.]])
    """
    x, places = as_value(input, "take_along_dim"), indices_of(indices, "take_along_dim")
    if dim is None:
        x, places, dim = reshape(x, shape=(-1,)), reshape(places, shape=(-1,)), 0
    shape, wanted = x._array.shape, places._array.shape
    d = one_dim(dim, shape, "take_along_dim")
    if not shape:
        raise ShapeError("take_along_dim: a Tensor without dims has none to pick along; leave dim out")
    if len(shape) != len(wanted) or any(
        w != n and 1 not in (w, n) for i, (w, n) in enumerate(zip(wanted, shape)) if i != d
    ):
        raise ShapeError(f"take_along_dim: input and indices of shapes {shape} and {wanted} do not fit beside dim {d}")
    both = [n if w == 1 else w for w, n in zip(wanted, shape)]
    if 1 in wanted or 1 in shape:
        x = expanded(x, (*both[:d], shape[d], *both[d + 1 :]), "take_along_dim")
        places = expanded(places, (*both[:d], wanted[d], *both[d + 1 :]), "take_along_dim")
    return ix.take_along(x, places, axis=d)


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Pick slices along one dim.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : Tensor of integers
        Of one dim; the same slice may be picked several times.

    Returns
    -------
    Tensor
        A copy.

    Raises
    ------
    IndexingError
        If an index is negative or too large.

    Notes
    -----
    The cotangent is added up where it was picked.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.index_select(ad.tensor([[1, 2, 3], [4, 5, 6]]), 1, ad.tensor([2, 0]))
    tensor([[3, 1],
            [6, 4]])
    """
    x, places = as_value(input, "index_select"), indices_of(index, "index_select")
    shape = x._array.shape
    d = one_dim(dim, shape, "index_select")
    if places._array.ndim > 1:
        raise ShapeError(f"index_select: the index must have one dim, not the shape {places._array.shape}")
    places = check_range(places, shape[d] if shape else 1, "index_select", d)
    if not shape:
        return reshape(ix.index(reshape(x, shape=(1,)), places, key=(ix.ARRAY,)), shape=())
    if not places._array.ndim:
        places = reshape(places, shape=(1,))
    return ix.index(x, places, key=(_ALL,) * d + (ix.ARRAY,))


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at one index along a dim, which it no longer has.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : int

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    IndexingError
        If the index is out of range.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.select(ad.tensor([[1, 2], [3, 4]]), 1, -1)
    tensor([2, 4])
    """
    x = as_value(input, "select")
    shape = x._array.shape
    d = one_dim(dim, shape, "select")
    i = integer(index, "select: index")
    if not shape or not -shape[d] <= i < shape[d]:
        raise IndexingError(f"select: index {i} is out of range in dim {d} of a Tensor of shape {shape}")
    return ix.index(x, key=(_ALL,) * d + (i,))


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A range along one dim: `length` slices from `start` on.

    Parameters
    ----------
    input : Tensor
    dim : int
    start : int
        May count from the end.
    length : int

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    IndexingError
        If the range does not lie inside.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.narrow(ad.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    x = as_value(input, "narrow")
    shape = x._array.shape
    d = one_dim(dim, shape, "narrow")
    first, count = integer(start, "narrow: start"), integer(length, "narrow: length")
    n = shape[d] if shape else 0
    begin = first + n if first < 0 else first
    if not 0 <= begin <= begin + count <= n:
        raise IndexingError(
            f"narrow: {count} slices from {first} on do not lie in dim {d} of a Tensor of shape {shape}"
        )
    return ix.index(x, key=(_ALL,) * d + (slice(begin, begin + count),))


def fill_value(value: Any, x: Any, name: str) -> Any:
    """One value to put into a Tensor `x`, in its dtype."""
    if isinstance(value, Value):
        if value._array.ndim:
            raise ShapeError(
                f"{name} takes one value: a Tensor without dimensions, not one of shape {value._array.shape}"
            )
        return cast(value, x._array.dtype)
    if not isinstance(value, (int, float, np.generic)):
        raise DtypeError(f"{name} takes one value: a number or a Tensor, not a {type(value).__name__}")
    kind = x._array.dtype.kind
    return float(value) if kind == "f" else bool(value) if kind == "b" else int(value)


def check_mask(mask: Any, name: str) -> Any:
    mask = as_value(mask, name)
    if mask._array.dtype.kind != "b":
        raise DtypeError(
            f"{name}: the mask must be boolean, not {mask._array.dtype}; compare it with something: m != 0"
        )
    return mask


def indices_of(index: Any, name: str) -> Any:
    index = as_value(index, name)
    if index._array.dtype.kind not in "iu":
        raise DtypeError(f"{name}: the index must be made of integers, not {index._array.dtype}; use index.long()")
    return index


def check_range(index: Any, size: int, name: str, dim: int) -> Any:
    """The index, where none of it is negative or too large; a step that is recorded checks it at each call."""
    if modes.recorder is not None:
        return ix.check_index(index, size=size, name=name, dim=dim)
    ix.hold_in_range(index._array, size, name, dim)
    return index
