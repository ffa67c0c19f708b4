"""Conversions with PyTorch's names: to another dtype, to other memory."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from builtins import bool as _bool
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import dtypes
from autodiff.devices import Device, as_device
from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.names.arguments import as_value, cast
from autodiff.ops import elementwise as ew

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["clone"]
METHODS = [
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
    "type_as",
]


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
    return input if input._array.flags.c_contiguous else ew.copy(input)


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


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """Convert to the dtype of another Tensor."""
    return cast(input, other._array.dtype)


def cpu(input: Tensor) -> Tensor:
    """The Tensor itself, which is on the CPU already."""
    return input


def cuda(input: Tensor, device: Any = None) -> Tensor:
    """Raise, since there is no GPU here: Tensors live on the CPU."""
    as_device("cuda")
    return input


def _converter(name: str, dtype: np.dtype[Any]) -> Any:
    def convert(input: Tensor) -> Tensor:
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
