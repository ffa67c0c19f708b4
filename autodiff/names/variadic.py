"""Methods that are called otherwise than the function of their name: x.reshape(2, 3), x.where(condition, y)."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import as_dtype
from autodiff.errors import ShapeError
from autodiff.graph import wrap
from autodiff.names import creation, index
from autodiff.names import shape as shapes
from autodiff.names.arguments import DType, Operand, sizes
from autodiff.names.shape import expanded, reshaped

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "expand",
    "expand_as",
    "new_empty",
    "new_full",
    "new_ones",
    "new_tensor",
    "new_zeros",
    "permute",
    "reshape",
    "reshape_as",
    "view",
    "view_as",
    "where",
]
METHODS = __all__


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape, ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``: see `autodiff.reshape`."""
    return reshaped(input, sizes(shape, "reshape"), "reshape")


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """The same elements in the shape of another Tensor."""
    return reshaped(input, other._array.shape, "reshape_as")


def view(input: Tensor, *shape: Any) -> Tensor:
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
    if len(shape) == 1 and isinstance(shape[0], (np.dtype, type)):
        return wrap(input._array.view(as_dtype(shape[0])), None, input._storage)
    out = reshaped(input, sizes(shape, "view"), "view")
    if out._storage is not input._storage and out._array.size:
        raise ShapeError(
            f"view: the memory of this Tensor of shape {input._array.shape} does not lie in order, so it cannot be "
            f"seen as {out._array.shape}; use .reshape(...), which copies where it must"
        )
    return out


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """The same memory in the shape of another Tensor."""
    return view(input, other._array.shape)


def permute(input: Tensor, *dims: Any) -> Tensor:
    """Put the dims in another order, ``x.permute(2, 0, 1)`` or ``x.permute((2, 0, 1))``: see `autodiff.permute`."""
    return shapes.permute(input, dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims)


def expand(input: Tensor, *size: Any) -> Tensor:
    """Repeat dims of size 1 without copying, ``x.expand(3, -1)``: see `autodiff.broadcast_to`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    return expanded(input, sizes(size, "expand"), "expand")


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Repeat dims of size 1, without copying, to the shape of another Tensor."""
    return expanded(input, other._array.shape, "expand_as")


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
    input: Tensor, *size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a Tensor of zeros, by default of the dtype of this one."""
    dtype = input._array.dtype if dtype is None else dtype
    return creation.zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def new_ones(input: Tensor, *size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a Tensor of ones, by default of the dtype of this one."""
    dtype = input._array.dtype if dtype is None else dtype
    return creation.ones(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def new_empty(
    input: Tensor, *size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a Tensor whose elements are not written, by default of the dtype of this one."""
    dtype = input._array.dtype if dtype is None else dtype
    return creation.empty(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def new_full(
    input: Tensor, size: Any, fill_value: Any, *, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a Tensor whose elements are all `fill_value`, by default of the dtype of this one."""
    dtype = input._array.dtype if dtype is None else dtype
    return creation.full(size, fill_value, dtype=dtype, device=device, requires_grad=requires_grad)
