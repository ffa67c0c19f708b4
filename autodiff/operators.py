"""Python's operators on Tensors, as a table: which primitive each one applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import inplace
from autodiff.dtypes import default_dtype
from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.ops import comparison, linalg, rounding
from autodiff.ops import elementwise as ew
from autodiff.primitive import Primitive

__all__ = ["Operators", "power_in_place"]

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


def _alike(op: Binary, otherwise: bool) -> Binary:
    """``self == other``, elementwise; None and words are equal to no Tensor."""
    compare = _left(op, "__eq__")

    def operator(self: Any, other: Any) -> Any:
        return otherwise if other is None or isinstance(other, str) else compare(self, other)

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


def power_in_place(self: Any, y: Any) -> Any:
    """Do ``self **= y``, for the operator and the method alike."""
    if type(y) is int or type(y) is float:
        return inplace.update(self, ew.power_scalar, exponent=y)
    return inplace.update(self, ew.power, y)


class Operators:
    """Base of Tensor."""

    # NumPy asks here before it computes, so that ndarray * Tensor is a Tensor, and np.sin(Tensor) too.
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from autodiff.protocols import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from autodiff.protocols import apply_function

        return apply_function(function, args, kwargs)

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
    __floordiv__ = _left(rounding.floor_divide, "__rfloordiv__")
    __rfloordiv__ = _right(rounding.floor_divide)
    __ifloordiv__ = _in_place(rounding.floor_divide)
    __mod__ = _left(rounding.remainder, "__rmod__")
    __rmod__ = _right(rounding.remainder)
    __imod__ = _in_place(rounding.remainder)
    __pow__ = _left(power, "__rpow__")
    __rpow__ = _right(power)
    __ipow__ = power_in_place
    __matmul__ = _left(linalg.matmul, "__rmatmul__")
    __rmatmul__ = _right(linalg.matmul)
    __eq__ = _alike(comparison.equal, False)
    __ne__ = _alike(comparison.not_equal, True)
    __lt__ = _left(comparison.less, "__gt__")
    __le__ = _left(comparison.less_equal, "__ge__")
    __gt__ = _left(comparison.greater, "__lt__")
    __ge__ = _left(comparison.greater_equal, "__le__")
    __and__ = _left(comparison.bitwise_and, "__rand__")
    __rand__ = _right(comparison.bitwise_and)
    __iand__ = _in_place(comparison.bitwise_and)
    __or__ = _left(comparison.bitwise_or, "__ror__")
    __ror__ = _right(comparison.bitwise_or)
    __ior__ = _in_place(comparison.bitwise_or)
    __xor__ = _left(comparison.bitwise_xor, "__rxor__")
    __rxor__ = _right(comparison.bitwise_xor)
    __ixor__ = _in_place(comparison.bitwise_xor)
    __lshift__ = _left(comparison.left_shift, "__rlshift__")
    __rlshift__ = _right(comparison.left_shift)
    __ilshift__ = _in_place(comparison.left_shift)
    __rshift__ = _left(comparison.right_shift, "__rrshift__")
    __rrshift__ = _right(comparison.right_shift)
    __irshift__ = _in_place(comparison.right_shift)

    def __neg__(self) -> Any:
        return ew.negative(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return ew.absolute(self)

    def __invert__(self) -> Any:
        return comparison.bitwise_not(self)

    def __hash__(self) -> int:
        return id(self)
