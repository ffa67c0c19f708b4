"""Conversions with PyTorch's names: to another dtype, to other memory, from what other libraries hold."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from builtins import bool as _bool
from builtins import int as _int
from builtins import type as _type
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import dtypes
from autodiff.devices import Device, as_device
from autodiff.errors import AutodiffError, DtypeError, GradientError, ShapeError
from autodiff.graph import Value, modes, wrap
from autodiff.names.arguments import as_value, cast
from autodiff.operands import leaving
from autodiff.ops import elementwise as ew
from autodiff.ops.shape import contiguous as in_order

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["asarray", "clone", "contiguous_format", "from_dlpack", "frombuffer", "preserve_format"]
METHODS = [
    "__dlpack__",
    "__dlpack_device__",
    "bfloat16",
    "bool",
    "byte",
    "char",
    "clone",
    "contiguous",
    "cpu",
    "cuda",
    "double",
    "float",
    "half",
    "int",
    "long",
    "short",
    "to",
    "type",
    "type_as",
]


#: What `memory_format` may be; copies are contiguous with either.
contiguous_format = "contiguous_format"
preserve_format = "preserve_format"


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: _bool | None = None, requires_grad: _bool = False
) -> Tensor:
    """Return `obj` as a Tensor without history, on the same memory where that is possible.

    Parameters
    ----------
    obj : array_like
        A Tensor, an ndarray, nested lists of numbers, or an object that other libraries share by DLPack.
    dtype : dtype, optional
        By default that of `obj`.
    device : "cpu", optional
        There is only one.
    copy : bool, optional
        True copies in any case; False raises where a copy would be needed.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Raises
    ------
    AutodiffError
        If `copy` is False and the memory cannot be shared.

    Examples
    --------
    >>> import autodiff as ad, numpy as np
    >>> ad.asarray(np.array([1, 2]), dtype=ad.float32)
    tensor([1., 2.])
    """
    from autodiff.tensors import as_tensor

    if hasattr(obj, "__dlpack__") and not isinstance(obj, (Value, np.ndarray, np.generic)):
        obj = from_dlpack(obj)
    given = obj._array if isinstance(obj, Value) else obj
    array = as_tensor(given, dtype, device)._array
    shared = isinstance(given, np.ndarray) and np.may_share_memory(given, array)
    if copy is False and not shared:
        raise AutodiffError("asarray: this needs a copy (another dtype, or no array); leave out copy=False")
    if copy and shared:
        array, shared = array.copy(), False
    if modes.recorder is not None and isinstance(obj, Value) and not shared:
        modes.recorder.same(copy_of := wrap(array), obj)
        return copy_of.requires_grad_() if requires_grad else copy_of
    out = wrap(array, None, obj._storage if shared and isinstance(obj, Value) else None)
    return out.requires_grad_() if requires_grad else out


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: _bool | None = None) -> Tensor:
    """Make a Tensor on the memory of another library's array, by the DLPack protocol.

    Parameters
    ----------
    ext_tensor : object with a ``__dlpack__`` method
        On the CPU: for example a Tensor of PyTorch, or an array of JAX or NumPy.
    device : "cpu", optional
        There is only one.
    copy : bool, optional
        True copies. By default, and with False, writing into either changes both; NumPy before 2.1 gives memory that
        can only be read.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad, numpy as np
    >>> ad.from_dlpack(np.arange(3.0))
    tensor([0., 1., 2.], dtype=float64)
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise DtypeError(f"from_dlpack needs an object with __dlpack__, not a {_type(ext_tensor).__name__}")
    if device is not None:
        as_device(device)
    if isinstance(ext_tensor, np.ndarray):  # which refuses to hand out memory that is read-only
        array = ext_tensor.view(np.ndarray)
    else:
        try:
            array = np.from_dlpack(ext_tensor)
        except RuntimeError as error:
            raise DtypeError(f"from_dlpack: NumPy has no such numbers ({error}); convert them before") from None
    dtypes.check(array.dtype)
    return wrap(array.copy() if copy else array)


def __dlpack_device__(input: Tensor) -> tuple[_int, _int]:
    """Where the memory is, in the numbers of DLPack."""
    return input._array.__dlpack_device__()


def __dlpack__(
    input: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: _bool | None = None
) -> Any:
    """The memory, for another library to share."""
    if input.requires_grad:
        raise GradientError("a Tensor that requires grad cannot be handed to another library; use .detach()")
    array = leaving(input, ".__dlpack__()")._array
    array = array.copy() if copy else array
    newer: dict[str, Any] = {"max_version": max_version, "dl_device": dl_device}
    try:
        return array.__dlpack__(stream=stream, **{k: v for k, v in newer.items() if v is not None})
    except TypeError:  # NumPy before 2.1 knows the first version of the protocol alone
        return array.__dlpack__(stream=stream)


def frombuffer(buffer: Any, *, dtype: Any, count: _int = -1, offset: _int = 0, requires_grad: _bool = False) -> Tensor:
    """Make a vector on the memory of a Python buffer, such as a bytearray.

    Parameters
    ----------
    buffer : object with the buffer protocol
    dtype : dtype
    count : int, default=-1
        How many elements; -1 for all.
    offset : int, default=0
        How many bytes to skip.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor of one dim
        Writing into it writes into the buffer; on an immutable one, such as bytes, it can only be read.

    Raises
    ------
    ShapeError
        If the buffer is too small, or holds no whole number of elements.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.frombuffer(bytearray([1, 0, 2, 0]), dtype=ad.int16)
    tensor([1, 2], dtype=int16)
    """
    try:
        array = np.frombuffer(buffer, dtypes.as_dtype(dtype), count, offset)
    except ValueError as error:
        raise ShapeError(f"frombuffer: {error}") from None
    except TypeError:
        raise DtypeError(f"frombuffer needs an object with the buffer protocol, not {buffer!r:.60}") from None
    out = wrap(array)
    return out.requires_grad_() if requires_grad else out


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy in memory of its own; gradients flow through.

    Parameters
    ----------
    input : Tensor
    memory_format : optional
        Has no effect.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([1.0, 2.0])
    >>> y = ad.clone(x)
    >>> y[0] = 5
    >>> x
    tensor([1., 2.])
    """
    return ew.copy(as_value(input, "clone"))


def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The Tensor itself if its elements lie in memory in their order, else such a copy."""
    return input if input._array.flags.c_contiguous else in_order(input)


def to(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Convert to a dtype, a device, or to those of another Tensor; nothing to convert gives the Tensor itself.

    Parameters
    ----------
    *args
        A dtype; a device, with or without a dtype after it; or another Tensor. Also ``dtype=``, ``device=``,
        ``other=``. After them come `non_blocking`, without effect, and `copy`.
    copy : bool, default=False
        Copy in any case.

    Returns
    -------
    Tensor

    Notes
    -----
    The cotangent is converted back.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tensor([1, 2]).to(ad.float32)
    tensor([1., 2.])
    >>> ad.tensor([1.0]).to("cpu", ad.float64)
    tensor([1.], dtype=float64)
    """
    dtype, copy = _target(args, kwargs)
    if dtype is not None and dtype != input._array.dtype:
        return ew.cast(input, dtype=dtype)
    return ew.copy(input) if copy else input


def _target(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Read PyTorch's three forms of `to`: the dtype to convert to (None: none) and whether to copy."""
    rest, named = list(args), dict(kwargs)
    dtype = None
    other = named.pop("other", None)
    if rest and isinstance(rest[0], Value):
        other = rest.pop(0)
    if other is not None:
        dtype = as_value(other, "to")._array.dtype
    elif rest and (rest[0] is None or isinstance(rest[0], Device) or _is_device_name(rest[0])):
        if rest[0] is not None:
            as_device(rest[0])
        rest.pop(0)
        if rest and not isinstance(rest[0], _bool):
            dtype = rest.pop(0)
    elif rest and not isinstance(rest[0], _bool):
        dtype = rest.pop(0)
    if named.get("device") is not None:
        as_device(named["device"])
    dtype = named.pop("dtype", dtype)
    copy = named.pop("copy", rest[1] if len(rest) > 1 else False)
    unknown = set(named) - {"device", "non_blocking", "memory_format"}
    if unknown or len(rest) > 2:
        raise DtypeError(f"to() takes a dtype, a device or a Tensor, then non_blocking and copy; got {args} {kwargs}")
    return None if dtype is None else dtypes.as_dtype(dtype), copy


def _is_device_name(x: Any) -> _bool:
    """Whether a word names a device rather than a dtype."""
    return isinstance(x, str) and x.partition(":")[0] in ("cpu", "cuda", "mps", "xpu", "meta")


def type(input: Tensor, dtype: Any = None, non_blocking: _bool = False) -> Any:
    """Convert to a dtype, given as such or by name ("torch.DoubleTensor"); without one, return that name.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tensor([1, 2]).type()
    'torch.LongTensor'
    >>> ad.tensor([1, 2]).type(ad.float32)
    tensor([1., 2.])
    """
    if dtype is None:
        return f"torch.{_TYPE_NAMES[input._array.dtype]}Tensor"
    if isinstance(dtype, str) and dtype.endswith("Tensor"):
        word = dtype.rpartition(".")[2].removesuffix("Tensor")
        found = [known for known, name in _TYPE_NAMES.items() if name == word]
        if not found:
            raise DtypeError(f"type: there is no {dtype} here; the names are those of {list(_TYPE_NAMES.values())}")
        dtype = found[0]
    return cast(input, dtype)


_TYPE_NAMES = {
    dtypes.float32: "Float",
    dtypes.float64: "Double",
    dtypes.float16: "Half",
    dtypes.uint8: "Byte",
    dtypes.int8: "Char",
    dtypes.int16: "Short",
    dtypes.int32: "Int",
    dtypes.int64: "Long",
    dtypes.bool: "Bool",
}


def bfloat16(input: Tensor, memory_format: Any = None) -> Tensor:
    """Raise, since NumPy has no numbers of this format: float16 and float32 are there."""
    raise DtypeError("NumPy has no bfloat16; use .half() for storage in 16 bits, or .float() to compute")


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """Convert to the dtype of another Tensor."""
    return cast(input, other._array.dtype)


def cpu(input: Tensor, memory_format: Any = None) -> Tensor:
    """The Tensor itself, which is on the CPU already."""
    return input


def cuda(input: Tensor, device: Any = None) -> Tensor:
    """Raise, since there is no GPU here: Tensors live on the CPU."""
    as_device("cuda")
    return input


def _converter(name: str, dtype: np.dtype[Any]) -> Any:
    def convert(input: Tensor, memory_format: Any = None) -> Tensor:
        return input if input._array.dtype is dtype else cast(input, dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"Convert to {dtype}; a Tensor of that dtype is returned as it is."
    return convert


half = _converter("half", dtypes.float16)
float = _converter("float", dtypes.float32)
double = _converter("double", dtypes.float64)
byte = _converter("byte", dtypes.uint8)
char = _converter("char", dtypes.int8)
short = _converter("short", dtypes.int16)
int = _converter("int", dtypes.int32)
long = _converter("long", dtypes.int64)
bool = _converter("bool", dtypes.bool)
