"""Questions about a Tensor with PyTorch's names: how large it is, of what kind, how it lies in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.names.arguments import as_value, one_dim
from autodiff.size import Size

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["is_complex", "is_floating_point", "is_nonzero", "numel"]
METHODS = [
    *__all__,
    "dim",
    "element_size",
    "is_contiguous",
    "is_cuda",
    "itemsize",
    "nbytes",
    "ndimension",
    "nelement",
    "size",
    "storage_offset",
    "stride",
]


def numel(input: Tensor) -> int:
    """The number of elements.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.numel(ad.zeros(2, 3))
    6
    """
    return int(as_value(input, "numel")._array.size)


nelement = numel


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating one.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.is_floating_point(ad.tensor([1, 2]))
    False
    """
    return bool(as_value(input, "is_floating_point")._array.dtype.kind == "f")


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is a complex one: never.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.is_complex(ad.tensor([1.0]))
    False
    """
    as_value(input, "is_complex")
    return False


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element is other than 0.

    Raises
    ------
    ShapeError
        If there are more elements than one, or none.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.is_nonzero(ad.tensor([2.0]))
    True
    """
    return bool(as_value(input, "is_nonzero").item() != 0)


def size(input: Tensor, dim: int | None = None) -> Any:
    """The sizes of all dims, as a Size; or the size of one dim, as an int."""
    shape = input._array.shape
    if dim is None:
        return Size(shape)
    d = one_dim(dim, shape, "size")
    if not shape:
        raise DtypeError("a Tensor without dimensions has no size(dim); size() is Size([])")
    return shape[d]


def dim(input: Tensor) -> int:
    """The number of dims."""
    return input._array.ndim


ndimension = dim


def stride(input: Tensor, dim: int | None = None) -> Any:
    """How many elements apart neighbours are in memory: along each dim, or along one."""
    array = input._array
    steps = tuple([step // array.itemsize for step in array.strides])
    return steps if dim is None else steps[one_dim(dim, array.shape, "stride")]


def storage_offset(input: Tensor) -> int:
    """How many elements into its memory the first one lies."""
    array = input._array
    base: Any = array
    while getattr(base, "base", None) is not None and hasattr(base.base, "__array_interface__"):
        base = base.base
    start: int = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return start // array.itemsize


def is_contiguous(input: Tensor) -> bool:
    """Whether the elements lie in memory in their order, without gaps."""
    return input._array.flags.c_contiguous


def element_size(input: Tensor) -> int:
    """The number of bytes of one element."""
    return input._array.itemsize


def _itemsize(input: Value) -> int:
    """The number of bytes of one element."""
    return input._array.itemsize


def _nbytes(input: Value) -> int:
    """The number of bytes of all elements."""
    return input._array.nbytes


def _is_cuda(input: Value) -> bool:
    """Whether the elements are on a GPU: never."""
    return False


itemsize = property(_itemsize)
nbytes = property(_nbytes)
is_cuda = property(_is_cuda)
