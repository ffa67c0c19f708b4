"""What an operation accepts as an operand, and how it says no."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import dtypes
from autodiff.errors import AutodiffError, DtypeError, GradientError, IndexingError, ShapeError
from autodiff.graph import Value, modes, wrap

#: Types that pass as they are: Python numbers are weak (they never widen a dtype), None is an argument left out.
NUMBERS = frozenset({float, int, bool, type(None)})


def operand(x: Any, op_name: str) -> Any:
    """Return `x` as something a forward can compute with: a Value, an ndarray, a Python number or None."""
    if isinstance(x, Value) or type(x) in NUMBERS:
        return x
    if isinstance(x, np.generic):
        if x.dtype.kind == "c":
            dtypes.check(x.dtype)
        return x.item()
    if isinstance(x, np.ndarray):
        return wrap(owned(x.view(np.ndarray), dtypes.check(x.dtype)))
    if isinstance(x, (int, float)):  # subclasses, such as an IntEnum
        return int(x) if isinstance(x, int) else float(x)
    if modes.recorder is not None and (number := modes.recorder.number(x)) is not None:
        return number
    if isinstance(x, complex):
        dtypes.check(np.dtype(complex))
    kind = type(x).__name__
    hint = "; make a Tensor of it with ad.tensor(...)" if isinstance(x, (list, tuple)) else ""
    raise DtypeError(f"{SPOKEN.get(op_name, op_name)} works on Tensors, arrays and numbers, not on a {kind}{hint}")


def leaving(t: Any, how: str) -> Any:
    """`t`, whose elements are about to be looked at by Python: a recorder of a step cannot follow them there."""
    if modes.recorder is not None and isinstance(t, Value):
        modes.recorder.reading(t, how)
    return t


def number_of(t: Any) -> Any:
    """The one element of a Tensor as a Python number; a recorder knows it again where it is returned."""
    number = t._array.item()
    if modes.recorder is not None:
        modes.recorder.handing_out(number, t)
    return number


#: What users call the primitives whose names are NumPy's, or ours.
SPOKEN = {"power_scalar": "pow", "power": "pow", "clip": "clamp", "negative": "neg", "multiply": "mul"}
_PRODUCTS = ("matmul", "linear", "contract")


def wrapped(args: tuple[Any, ...], arrays: list[Any], error: Exception) -> list[Any] | None:
    """The operands with Python integers that the dtype cannot hold taken modulo 2^bits, as PyTorch does; or None."""
    dtype = next((a.dtype for a in arrays if isinstance(a, np.ndarray) and a.dtype.kind in "iu"), None)
    if dtype is None or not isinstance(error, OverflowError):
        return None
    held, bits = np.iinfo(dtype), 8 * dtype.itemsize
    large = [type(a) is int and not held.min <= a <= held.max and -(1 << 63) <= a < 1 << 64 for a in args]
    unsigned = np.dtype(f"u{dtype.itemsize}")
    fitting = [wrap(np.array(a % (1 << bits), unsigned).view(dtype)) if l else a for a, l in zip(args, large)]
    return fitting if any(large) else None


def factor(value: float, dtype: Any) -> float:
    """`value`, an alpha or beta, as a number of the dtype that it multiplies; a fraction of integers is refused."""
    if dtype.kind == "f":
        return value
    if not float(value).is_integer():
        raise DtypeError(f"alpha, beta and value must be integers for Tensors of {dtype}, not {value}")
    number: float = np.asarray(int(value)).astype(dtype).item()
    return number


def describe(arrays: list[Any]) -> str:
    """Name the shapes of some operands: ``(2, 3) and (4,)``."""
    shapes = [str(a.shape) for a in arrays if isinstance(a, np.ndarray)]
    return f"{', '.join(shapes[:-1])} and {shapes[-1]}" if len(shapes) > 1 else "".join(shapes)


def explain(op_name: str, arrays: list[Any], error: Exception) -> Exception:
    """Turn what NumPy raised inside a forward into an error that names the operation and the user's shapes."""
    if isinstance(error, AutodiffError):
        return error
    shapes = describe(arrays)
    text = str(error)
    if op_name in _PRODUCTS and isinstance(error, ValueError):
        rule = "the last size of the first must equal the second-to-last of the second (the only one of a vector)"
        if op_name == "linear":
            rule = "the last size of the input must equal the last size of the weight"
        return ShapeError(f"{op_name}: shapes {shapes} do not fit; {rule}")
    op_name = SPOKEN.get(op_name, op_name)
    if isinstance(error, AttributeError):
        if type(error.obj) not in NUMBERS or not any(error.obj is a for a in arrays):
            return error
        return DtypeError(f"{op_name} works on Tensors and arrays, not on {error.obj!r}")
    if isinstance(error, np.exceptions.AxisError):
        return IndexingError(f"{op_name} of a Tensor of shape {shapes}: {text.replace('axis', 'dim')}")
    if isinstance(error, IndexError):
        return IndexingError(f"{op_name} of a Tensor of shape {shapes}: {text}")
    if isinstance(error, ValueError):
        if "broadcast" in text:
            text = "their sizes must be equal, or 1, from the last dimension backward"
            return ShapeError(f"{op_name}: shapes {shapes} do not broadcast; {text}")
        return ShapeError(f"{op_name} of shapes {shapes}: {text}" if shapes else f"{op_name}: {text}")
    return DtypeError(f"{op_name}: {text}")


def second_backward(op_name: str) -> GradientError:
    """The error for a graph whose saved values are gone."""
    return GradientError(
        f"backward reached {op_name} a second time, after the values it had saved were freed; "
        "pass retain_graph=True to the first backward(), or run the forward again"
    )


def owned(array: Any, dtype: Any) -> Any:
    """`array` in `dtype`, of which no equal but other object remains; on the same memory where it has that already."""
    if array.dtype is dtype:
        return array
    return array.view(dtype) if array.dtype == dtype else array.astype(dtype)


def as_array(data: Any, dtype: Any, copy: bool) -> Any:
    """An ndarray of a dtype that Tensors can hold."""
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(data, Value):
        data = data._array
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
        target = wanted or dtypes.check(array.dtype)
        return array.astype(target) if copy else owned(array, target)
    found: set[np.dtype[Any]] = set()
    try:
        array = np.asarray(_plain_lists(data, found))
    except ValueError as error:
        raise ShapeError(f"nested lists must be rectangular: {error}") from None
    if wanted is None:
        wanted = _floating(array.dtype, found) if array.dtype.kind == "f" else dtypes.check(array.dtype)
    elif wanted.kind in "iu" and array.size:
        _check_range(array, wanted)
    return owned(np.ascontiguousarray(array, wanted), wanted).reshape(array.shape)


def _plain_lists(data: Any, found: set[np.dtype[Any]]) -> Any:
    """Nested sequences in which Tensors have become arrays; the floating dtypes of arrays in them go to `found`."""
    if isinstance(data, (list, tuple)):
        return [_plain_lists(d, found) for d in data]
    if type(data) in NUMBERS:
        return data
    if isinstance(data, Value):
        data = leaving(data, "a list that a Tensor is made of")._array
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind == "f":
        found.add(data.dtype)
    return data


def _floating(dtype: Any, found: set[np.dtype[Any]]) -> Any:
    """The dtype of floats in nested lists: that of the arrays in them, if any; Python's count as the default one."""
    if not found:
        return dtypes.default_dtype()
    together = np.result_type(*found)
    return dtypes.check(together if together == dtype else np.promote_types(together, dtypes.default_dtype()))


def _check_range(array: Any, dtype: Any) -> None:
    """Raise where numbers given one by one are too large for an integer dtype, or are no numbers (nan)."""
    held = np.iinfo(dtype)
    least = -held.max if dtype.kind == "u" else held.min
    if array.dtype.kind in "iuf" and not (least <= array.min() and array.max() <= held.max):
        worst = array.max() if array.max() > held.max else array.min()
        raise DtypeError(f"a Tensor of dtype {dtype} cannot hold {worst}")
