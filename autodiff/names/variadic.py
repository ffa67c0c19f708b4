"""Methods that are called otherwise than the function of their name: x.reshape(2, 3), x.where(condition, y)."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import as_dtype
from autodiff.errors import AutodiffError, ShapeError
from autodiff.graph import wrap
from autodiff.names import creation, index, reduce, views
from autodiff.names import shape as shapes
from autodiff.names.arguments import DType, Operand, sizes, spelled
from autodiff.names.shape import expanded, reshaped
from autodiff.names.stacking import tiled
from autodiff.operands import leaving
from autodiff.ops.reduce import unbroadcast
from autodiff.ops.shape import reshape as primitive_reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "broadcast_to",
    "expand",
    "expand_as",
    "flip",
    "new_empty",
    "new_full",
    "new_ones",
    "new_tensor",
    "new_zeros",
    "permute",
    "repeat",
    "reshape",
    "reshape_as",
    "squeeze",
    "sum_to_size",
    "tile",
    "view",
    "view_as",
    "where",
]
METHODS = __all__


def reshape(input: Tensor, *shape: Any, **named: Any) -> Tensor:
    """The same elements in another shape, ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``: see `autodiff.reshape`."""
    if shape and type(shape[0]) is int:
        try:
            return primitive_reshape(input, shape=shape)
        except AutodiffError:
            pass  # said below in the words of the call
    return reshaped(input, sizes(spelled(shape, named, "shape", "reshape"), "reshape"), "reshape")


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """The same elements in the shape of another Tensor."""
    return reshaped(input, other._array.shape, "reshape_as")


def view(input: Tensor, *shape: Any, **named: Any) -> Tensor:
    """The same memory in another shape, ``x.view(2, 3)``; or, given a dtype, its bits read as that.

    Raises
    ------
    ShapeError
        If the memory cannot be seen that way; `reshape` copies it then.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.arange(4).view(2, -1)
    tensor([[0, 1],
            [2, 3]])
    """
    if named:
        shape = spelled(shape, named, "dtype" if "dtype" in named else "size", "view")
    if len(shape) == 1 and isinstance(shape[0], (np.dtype, type)):
        try:
            bits = leaving(input, ".view(dtype)")._array
            return wrap(bits.view(as_dtype(shape[0])), None, input._storage)
        except ValueError as error:
            raise ShapeError(f"view: shape {input._array.shape} of {input._array.dtype}: {error}") from None
    out = reshape(input, *shape)
    if out._storage is not input._storage and out._array.size:
        raise ShapeError(
            f"view: the memory of this Tensor of shape {input._array.shape} does not lie in order, so it cannot be "
            f"seen as {out._array.shape}; use .reshape(...), which copies where it must"
        )
    return out


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """The same memory in the shape of another Tensor."""
    return view(input, other._array.shape)


def permute(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """Put the dims in another order, ``x.permute(2, 0, 1)`` or ``x.permute((2, 0, 1))``: see `autodiff.permute`."""
    dims = spelled(dims, named, "dims", "permute")
    return shapes.permute(input, dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims)


def expand(input: Tensor, *size: Any, **named: Any) -> Tensor:
    """Repeat dims of size 1 without copying, ``x.expand(3, -1)``: see `autodiff.broadcast_to`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    return expanded(input, sizes(spelled(size, named, "size", "expand"), "expand"), "expand")


def broadcast_to(input: Tensor, *size: Any, **named: Any) -> Tensor:
    """Repeat dims of size 1 without copying, ``x.broadcast_to(3, 2)``: see `autodiff.broadcast_to`."""
    return expanded(input, sizes(spelled(size, named, "size", "broadcast_to"), "broadcast_to"), "broadcast_to")


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Repeat dims of size 1, without copying, to the shape of another Tensor."""
    return expanded(input, other._array.shape, "expand_as")


def flip(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """Reverse the order along dims, ``x.flip(0, 1)`` or ``x.flip((0, 1))``: see `autodiff.flip`."""
    return views.flip(input, sizes(spelled(dims, named, "dims", "flip"), "flip"))


def repeat(input: Tensor, *repeats: Any, **named: Any) -> Tensor:
    """Set the Tensor beside itself, ``x.repeat(2, 3)``, with a number for each dim, those of new dims in front.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    reps = sizes(spelled(repeats, named, "repeats", "repeat"), "repeat")
    if len(reps) < input._array.ndim:
        raise ShapeError(f"repeat: {reps} does not give a number for each dim of shape {input._array.shape}; see tile")
    return tiled(input, reps, "repeat")


def squeeze(input: Tensor, *dim: Any, **named: Any) -> Tensor:
    """Leave out dims of size 1: all, or ``x.squeeze(0, 1)``, ``x.squeeze((0, 1))``: see `autodiff.squeeze`."""
    dim = spelled(dim, named, "dim", "squeeze")
    return shapes.squeeze(input, dim if len(dim) > 1 else dim[0] if dim else None)


def tile(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """Set the Tensor beside itself, ``x.tile(2, 3)`` or ``x.tile((2, 3))``: see `autodiff.tile`."""
    return tiled(input, sizes(spelled(dims, named, "dims", "tile"), "tile"), "tile")


def sum_to_size(input: Tensor, *size: Any, **named: Any) -> Tensor:
    """Sum over the dims by which `expand` would bring a Tensor of this size to the shape of this one.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.ones(3, 2).sum_to_size(1, 2)
    tensor([[3., 3.]])
    """
    shape, wanted = input._array.shape, sizes(spelled(size, named, "size", "sum_to_size"), "sum_to_size")
    new = len(shape) - len(wanted)
    if new < 0 or any(n not in (1, have) for n, have in zip(wanted, shape[new:])):
        raise ShapeError(f"sum_to_size: a Tensor of shape {wanted} does not broadcast to {shape}")
    if not wanted:
        return reduce.sum(input)  # which is int64 for integers, and a copy
    return unbroadcast(input, shape=wanted) if wanted != shape else input


def where(input: Tensor, condition: Tensor, other: Operand) -> Tensor:
    """This Tensor where the condition holds, else `other`: see `autodiff.where`."""
    return index.where(condition, input, other)


def new_tensor(
    input: Tensor, data: Any, *, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a Tensor of a copy of `data`, by default of the dtype of this one."""
    from autodiff.tensors import tensor

    dtype = input._array.dtype if dtype is None else dtype
    return tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)


def new_zeros(
    input: Tensor, *size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False, **named: Any
) -> Tensor:
    """Make a Tensor of zeros, by default of the dtype of this one."""
    dtype = input._array.dtype if dtype is None else dtype
    return creation.zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad, **named)


def new_ones(
    input: Tensor, *size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False, **named: Any
) -> Tensor:
    """Make a Tensor of ones, by default of the dtype of this one."""
    dtype = input._array.dtype if dtype is None else dtype
    return creation.ones(*size, dtype=dtype, device=device, requires_grad=requires_grad, **named)


def new_empty(
    input: Tensor, *size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False, **named: Any
) -> Tensor:
    """Make a Tensor whose elements are not written, by default of the dtype of this one."""
    dtype = input._array.dtype if dtype is None else dtype
    return creation.empty(*size, dtype=dtype, device=device, requires_grad=requires_grad, **named)


def new_full(
    input: Tensor, size: Any, fill_value: Any, *, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a Tensor whose elements are all `fill_value`, by default of the dtype of this one."""
    dtype = input._array.dtype if dtype is None else dtype
    return creation.full(size, fill_value, dtype=dtype, device=device, requires_grad=requires_grad)
