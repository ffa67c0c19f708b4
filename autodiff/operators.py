"""Python's operators on Tensors, as a table: which primitive each one applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import inplace
from autodiff.dtypes import default_dtype
from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.ops import elementwise as ew
from autodiff.ops import linalg
from autodiff.primitive import Primitive

__all__ = ["Operators"]

Binary = Callable[[Any, Any], Any]


def _left(op: Binary, reflected: str) -> Binary:
    """``self op other``, giving way to a class of the user's that knows the reflected operator."""

    def operator(self: Any, other: Any) -> Any:
        try:
            return op(self, other)
        except DtypeError:
            if isinstance(other, (Value, np.ndarray, np.generic, int, float, complex)):
                raise
            if hasattr(type(other), reflected) and not isinstance(other, (list, tuple, str)):
                return NotImplemented
            raise

    return operator


def _right(op: Binary) -> Binary:
    """``other op self``."""

    def operator(self: Any, other: Any) -> Any:
        return op(other, self)

    return operator


def _in_place(op: Primitive) -> Binary:
    """``self op= other``."""

    def operator(self: Any, other: Any) -> Any:
        return inplace.update(self, op, other)

    return operator


def power(x: Any, y: Any) -> Any:
    """Raise x to the power y; a Python number as exponent is static, which is faster and safe at x = 0."""
    if type(y) is int or type(y) is float:
        if type(y) is float and isinstance(x, Value) and x._array.dtype.kind != "f":
            x = ew.cast(x, dtype=default_dtype())
        return ew.power_scalar(x, exponent=y)
    return ew.power(x, y)


class Operators:
    """Base of Tensor."""

    __add__ = _left(ew.add, "__radd__")
    __radd__ = _right(ew.add)
    __iadd__ = _in_place(ew.add)
    __sub__ = _left(ew.subtract, "__rsub__")
    __rsub__ = _right(ew.subtract)
    __isub__ = _in_place(ew.subtract)
    __mul__ = _left(ew.multiply, "__rmul__")
    __rmul__ = _right(ew.multiply)
    __imul__ = _in_place(ew.multiply)
    __truediv__ = _left(ew.divide, "__rtruediv__")
    __rtruediv__ = _right(ew.divide)
    __itruediv__ = _in_place(ew.divide)
    __floordiv__ = _left(ew.floor_divide, "__rfloordiv__")
    __rfloordiv__ = _right(ew.floor_divide)
    __mod__ = _left(ew.remainder, "__rmod__")
    __rmod__ = _right(ew.remainder)
    __pow__ = _left(power, "__rpow__")
    __rpow__ = _right(power)
    __matmul__ = _left(linalg.matmul, "__rmatmul__")
    __rmatmul__ = _right(linalg.matmul)
    __eq__ = _left(ew.equal, "__eq__")
    __ne__ = _left(ew.not_equal, "__ne__")
    __lt__ = _left(ew.less, "__gt__")
    __le__ = _left(ew.less_equal, "__ge__")
    __gt__ = _left(ew.greater, "__lt__")
    __ge__ = _left(ew.greater_equal, "__le__")
    __and__ = _left(ew.bitwise_and, "__rand__")
    __rand__ = _right(ew.bitwise_and)
    __or__ = _left(ew.bitwise_or, "__ror__")
    __ror__ = _right(ew.bitwise_or)
    __xor__ = _left(ew.bitwise_xor, "__rxor__")
    __rxor__ = _right(ew.bitwise_xor)

    def __neg__(self) -> Any:
        return ew.negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return ew.absolute(self)

    def __invert__(self) -> Any:
        return ew.bitwise_not(self)

    def __hash__(self) -> int:
        return id(self)
