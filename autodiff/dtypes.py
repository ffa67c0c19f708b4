"""Types of numbers: their names, the default one, and what a mixture of them becomes (PyTorch's promotion)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.errors import DtypeError

__all__ = [
    "bool",
    "default_dtype",
    "double",
    "float",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "half",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "set_default_dtype",
    "tell_of_default",
    "short",
    "uint8",
]

DType = np.dtype[Any]

_py_bool, _py_int, _py_float = bool, int, float

float16 = half = np.dtype(np.float16)
float32 = float = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
uint8 = np.dtype(np.uint8)
int8 = np.dtype(np.int8)
int16 = short = np.dtype(np.int16)
int32 = int = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool = np.dtype(np.bool_)

_OURS = {d: d for d in (float16, float32, float64, uint8, int8, int16, int32, int64, bool)}
_BY_PYTHON_TYPE: dict[Any, DType] = {_py_bool: bool, _py_int: int64, _py_float: float64}


class _Default:
    dtype: DType = float32
    # What hears of a change; told from above.
    changed: Callable[[], None] = staticmethod(lambda: None)


_default = _Default()


def tell_of_default(function: Callable[[], None]) -> None:
    """Call a function whenever the default dtype changes."""
    _default.changed = function


def default_dtype() -> DType:
    """The dtype that Python floats get."""
    return _default.dtype


def get_default_dtype() -> DType:
    """Return the dtype that Python floats get, float32 unless `set_default_dtype` changed it.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.get_default_dtype()
    dtype('float32')
    """
    return _default.dtype


def set_default_dtype(d: Any) -> None:
    """Make `d` the dtype of Tensors built from Python floats, and of the quotient of integers.

    Parameters
    ----------
    d : dtype
        A floating dtype: ``ad.float32`` (the default at start), ``ad.float64`` or ``ad.float16``.

    Raises
    ------
    DtypeError
        If `d` is not a floating dtype.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.set_default_dtype(ad.float64)
    >>> ad.tensor(1.5).dtype
    dtype('float64')
    >>> ad.set_default_dtype(ad.float32)
    """
    dtype = as_dtype(d)
    if dtype.kind != "f":
        raise DtypeError(f"the default dtype must be a floating one, such as ad.float32; got {dtype}")
    _default.dtype = dtype
    _default.changed()


def as_dtype(d: Any) -> DType:
    """Return `d` as a NumPy dtype: ours, NumPy's, Python's ``float``, or a name.

    Python's ``float`` means float64, as in PyTorch and NumPy.
    """
    found = _BY_PYTHON_TYPE.get(d) if isinstance(d, type) else None
    if found is None:
        try:
            found = np.dtype(d)
        except TypeError:
            raise DtypeError(f"{d!r} is not a dtype; use one such as ad.float32, ad.int64 or ad.bool") from None
    return check(found)


def check(dtype: DType) -> DType:
    """Return our object for `dtype`, in native byte order, if Tensors can hold it, and raise otherwise.

    An array that was pickled, or has metadata, has a dtype that equals float64 and is another object; the engine asks
    with `is`, so what comes in gets ours.
    """
    if not dtype.isnative:
        dtype = np.dtype(dtype.type)
    if dtype in _OURS:
        return _OURS[dtype]
    if dtype.kind == "c":
        raise DtypeError(
            f"complex numbers ({dtype}) are not supported; work with the real and the imaginary part as two Tensors"
        )
    if dtype.kind in "ui":
        raise DtypeError(f"{dtype} is not a dtype of Tensors; convert it first, for example with .astype(np.int64)")
    raise DtypeError(f"a Tensor holds numbers or booleans, not {dtype}; convert them first")


def scalar_dtype(x: Any) -> DType:
    """The dtype a Python number stands for when a Tensor is made of it."""
    if isinstance(x, _py_bool):
        return bool
    return int64 if isinstance(x, _py_int) else _default.dtype


def result_dtype(operands: list[Any]) -> DType:
    """The dtype of an elementwise result: the widest of the strongest kind.

    Python numbers and 0-d arrays only count where they are of a higher kind (bool < integer < floating) than every
    array of one dimension or more: they never widen a dtype of their own kind.

    Parameters
    ----------
    operands : list of ndarray or Python number
    """
    n_dim: DType | None = None
    zero_dim: DType | None = None
    number: DType | None = None
    for x in operands:
        if isinstance(x, np.ndarray):
            if x.ndim:
                n_dim = x.dtype if n_dim is None else _wider(n_dim, x.dtype)
            else:
                zero_dim = x.dtype if zero_dim is None else _wider(zero_dim, x.dtype)
        elif x is not None:
            number = scalar_dtype(x) if number is None else _wider(number, scalar_dtype(x))
    best: DType | None = None
    for candidate in (n_dim, zero_dim, number):
        if candidate is not None and (best is None or RANK[candidate.kind] > RANK[best.kind]):
            best = candidate
    assert best is not None, "an operation without operands has no dtype"
    return best


#: How strong the kinds of dtypes are: an operand of a stronger kind decides the result.
RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def _wider(a: DType, b: DType) -> DType:
    """The dtype of a mixture of two arrays: NumPy's, but integers never widen a float."""
    if a is b:
        return a
    if RANK[a.kind] != RANK[b.kind]:
        return a if RANK[a.kind] > RANK[b.kind] else b
    return np.promote_types(a, b)
