"""Questions with PyTorch's names: how large a Tensor is, how it lies in memory, what a dtype can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import RANK, as_dtype, default_dtype
from autodiff.dtypes import result_dtype as dtype_of
from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.names.arguments import as_value, one_dim
from autodiff.operands import operand
from autodiff.size import Size

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "can_cast",
    "finfo",
    "iinfo",
    "is_complex",
    "is_floating_point",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "numel",
    "promote_types",
    "result_type",
]
METHODS = [
    "data_ptr",
    "dim",
    "element_size",
    "get_device",
    "is_complex",
    "is_contiguous",
    "is_cpu",
    "is_cuda",
    "is_floating_point",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "itemsize",
    "nbytes",
    "ndimension",
    "nelement",
    "numel",
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


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.is_signed(ad.tensor([1], dtype=ad.uint8))
    False
    """
    return bool(as_value(input, "is_signed")._array.dtype.kind in "fi")


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two Tensors have the same shape.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.is_same_size(ad.zeros(2), ad.zeros(2, 1))
    False
    """
    return bool(as_value(input, "is_same_size")._array.shape == as_value(other, "is_same_size")._array.shape)


def can_cast(from_: Any, to: Any) -> bool:
    """Whether an in-place operation may write results of one dtype into a Tensor of another: not of a higher kind.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.can_cast(ad.float64, ad.float32), ad.can_cast(ad.float32, ad.int64)
    (True, False)
    """
    return RANK[as_dtype(from_).kind] <= RANK[as_dtype(to).kind]


def promote_types(type1: Any, type2: Any) -> np.dtype[Any]:
    """The dtype of a mixture of two Tensors of these dtypes: the wider of the stronger kind.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.promote_types(ad.int64, ad.float32)
    dtype('float32')
    """
    return dtype_of([np.empty(1, as_dtype(type1)), np.empty(1, as_dtype(type2))])


def result_type(tensor1: Any, tensor2: Any) -> np.dtype[Any]:
    """The dtype of a mixture of two Tensors or numbers; numbers, and Tensors without dimensions, widen no kind.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.result_type(ad.tensor([1, 2]), 1.5)
    dtype('float32')
    """
    given = [operand(x, "result_type") for x in (tensor1, tensor2)]
    return dtype_of([x._array if isinstance(x, Value) else x for x in given])


class finfo:
    """What a floating dtype can hold.

    Parameters
    ----------
    type : dtype, optional
        By default the default dtype, float32.

    Attributes
    ----------
    bits : int
    min, max : float
        The smallest and the largest finite number.
    eps : float
        The difference between 1 and the next larger number.
    tiny, smallest_normal : float
        The smallest positive number of full precision.
    resolution : float
        A power of ten that decimal digits are right to.
    dtype : str

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.finfo(ad.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: Any = None) -> None:
        dtype = default_dtype() if type is None else as_dtype(type)
        if dtype.kind != "f":
            raise DtypeError(f"finfo describes floating dtypes, not {dtype}; use iinfo")
        found: Any = np.finfo(dtype)
        self.bits = int(found.bits)
        self.min, self.max = float(found.min), float(found.max)
        self.eps, self.resolution = float(found.eps), 10.0**-found.precision
        self.tiny = self.smallest_normal = float(found.smallest_normal)
        self.dtype = str(dtype)

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        said = [f"{name}={getattr(self, name):g}" for name in names]
        return f"finfo({', '.join(said)}, dtype={self.dtype})"


class iinfo:
    """What an integer dtype can hold.

    Parameters
    ----------
    type : dtype

    Attributes
    ----------
    bits : int
    min, max : int
    dtype : str

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.iinfo(ad.int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    def __init__(self, type: Any) -> None:
        dtype = as_dtype(type)
        if dtype.kind not in "iu":
            raise DtypeError(f"iinfo describes integer dtypes, not {dtype}")
        found = np.iinfo(dtype)
        self.bits, self.min, self.max, self.dtype = found.bits, int(found.min), int(found.max), str(dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


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
    if dim is None:
        return steps
    d = one_dim(dim, array.shape, "stride")
    if not steps:
        raise DtypeError("a Tensor without dimensions has no stride(dim); stride() is ()")
    return steps[d]


def storage_offset(input: Tensor) -> int:
    """How many elements into its memory the first one lies."""
    array = input._array
    base: Any = array
    while getattr(base, "base", None) is not None and hasattr(base.base, "__array_interface__"):
        base = base.base
    start: int = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    return start // array.itemsize


def data_ptr(input: Tensor) -> int:
    """The address of the first element."""
    address: int = input._array.__array_interface__["data"][0]
    return address


def get_device(input: Tensor) -> int:
    """The number of the GPU: -1, since there is none."""
    return -1


def is_contiguous(input: Tensor, memory_format: Any = None) -> bool:
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


def _is_cpu(input: Value) -> bool:
    """Whether the elements are in the memory of the CPU: always."""
    return True


def _is_cuda(input: Value) -> bool:
    """Whether the elements are on a GPU: never."""
    return False


itemsize = property(_itemsize)
nbytes = property(_nbytes)
is_cpu = property(_is_cpu)
is_cuda = property(_is_cuda)
