"""NumPy's ufuncs on Tensors, as a table: which operation each one is, and what its methods are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.dtypes import default_dtype, float64
from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.operators import power
from autodiff.ops import comparison as cmp
from autodiff.ops import elementwise as ew
from autodiff.ops import linalg, reduce, rounding, scans, waves
from autodiff.ops.shape import reshape
from autodiff.protocols.arguments import cast, flat, shape_of, together, value

__all__ = ["ACCUMULATE", "REDUCE", "UFUNCS", "floating", "outer"]

Function = Callable[..., Any]


def floating(x: Any) -> Any:
    """Integers as the default float."""
    x = value(x)
    return cast(x, None if x._array.dtype.kind == "f" else default_dtype())


def _modf(x: Any) -> tuple[Any, Any]:
    x = floating(x)
    return ew.where(cmp.isinf(x), rounding.copysign(0.0, x), rounding.frac(x)), rounding.trunc(x)


def _cbrt(x: Any) -> Any:
    x = floating(x)
    return ew.multiply(ew.sign(x), power(ew.absolute(x), 1 / 3))


def _float_power(x: Any, y: Any) -> Any:
    return power(cast(value(x), float64), y if isinstance(y, (int, float)) else cast(value(y), float64))


def _matmul(x: Any, y: Any) -> Any:
    return linalg.matmul(*together(x, y))


def _vecdot(x: Any, y: Any, axis: int = -1) -> Any:
    x, y = together(x, y)
    return reduce.sum(ew.multiply(x, y), axis=axis) if axis >= 0 else linalg.vecdot(x, y, axis=axis)


def _heaviside(x: Any, y: Any) -> Any:
    return rounding.heaviside(*map(floating, together(x, y)))


def _divmod(x: Any, y: Any) -> tuple[Any, Any]:
    return rounding.floor_divide(x, y), rounding.remainder(x, y)


#: The operation of each ufunc.
UFUNCS: dict[np.ufunc, Function] = {
    np.add: ew.add,
    np.subtract: ew.subtract,
    np.multiply: ew.multiply,
    np.divide: ew.divide,
    np.floor_divide: rounding.floor_divide,
    np.remainder: rounding.remainder,
    np.fmod: rounding.fmod,
    np.divmod: _divmod,
    np.modf: _modf,
    np.power: power,
    np.float_power: _float_power,
    np.negative: ew.negative,
    np.positive: ew.copy,
    np.conjugate: ew.copy,
    np.absolute: ew.absolute,
    np.fabs: lambda x: ew.absolute(floating(x)),
    np.sign: ew.sign,
    np.square: ew.square,
    np.reciprocal: ew.reciprocal,
    np.exp: ew.exp,
    np.exp2: waves.exp2,
    np.expm1: waves.expm1,
    np.log: ew.log,
    np.log2: waves.log2,
    np.log10: waves.log10,
    np.log1p: ew.log1p,
    np.sqrt: ew.sqrt,
    np.cbrt: _cbrt,
    np.sin: ew.sin,
    np.cos: ew.cos,
    np.tan: waves.tan,
    np.arcsin: waves.arcsin,
    np.arccos: waves.arccos,
    np.arctan: waves.arctan,
    np.arctan2: waves.arctan2,
    np.hypot: waves.hypot,
    np.sinh: waves.sinh,
    np.cosh: waves.cosh,
    np.tanh: ew.tanh,
    np.arcsinh: waves.arcsinh,
    np.arccosh: waves.arccosh,
    np.arctanh: waves.arctanh,
    np.deg2rad: waves.deg2rad,
    np.radians: waves.deg2rad,
    np.rad2deg: waves.rad2deg,
    np.degrees: waves.rad2deg,
    np.logaddexp: waves.logaddexp,
    np.logaddexp2: waves.logaddexp2,
    np.ldexp: waves.ldexp,
    np.maximum: ew.maximum,
    np.minimum: ew.minimum,
    np.fmax: rounding.fmax,
    np.fmin: rounding.fmin,
    np.floor: rounding.floor,
    np.ceil: rounding.ceil,
    np.trunc: rounding.trunc,
    np.rint: lambda x: rounding.rint(floating(x)),
    np.copysign: rounding.copysign,
    np.nextafter: rounding.nextafter,
    np.heaviside: _heaviside,
    np.gcd: rounding.gcd,
    np.lcm: rounding.lcm,
    np.isnan: cmp.isnan,
    np.isinf: cmp.isinf,
    np.isfinite: cmp.isfinite,
    np.signbit: cmp.signbit,
    np.equal: cmp.equal,
    np.not_equal: cmp.not_equal,
    np.less: cmp.less,
    np.less_equal: cmp.less_equal,
    np.greater: cmp.greater,
    np.greater_equal: cmp.greater_equal,
    np.logical_and: cmp.logical_and,
    np.logical_or: cmp.logical_or,
    np.logical_xor: cmp.logical_xor,
    np.logical_not: cmp.logical_not,
    np.bitwise_and: cmp.bitwise_and,
    np.bitwise_or: cmp.bitwise_or,
    np.bitwise_xor: cmp.bitwise_xor,
    np.invert: cmp.bitwise_not,
    np.left_shift: cmp.left_shift,
    np.right_shift: cmp.right_shift,
    np.matmul: _matmul,
    np.vecdot: _vecdot,
}
# Of NumPy 2.2.
if hasattr(np, "matvec"):
    UFUNCS[np.matvec] = lambda x, y: _matmul(x, value(y)[..., None])[..., 0]
    UFUNCS[np.vecmat] = lambda x, y: _matmul(value(x)[..., None, :], y)[..., 0, :]


def _reduction(op: Function) -> Function:
    def reduction(a: Any, axis: Any = 0, dtype: Any = None, *, keepdims: bool = False) -> Any:
        x = cast(value(a), dtype)
        return op(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)

    return reduction


def _accumulation(op: Function) -> Function:
    def accumulation(a: Any, axis: int = 0, dtype: Any = None) -> Any:
        x = cast(value(a), dtype)
        if not x._array.ndim:
            raise DtypeError("a Tensor without dimensions cannot be accumulated")
        out = op(x, axis=axis)
        return out[0] if isinstance(out, tuple) else out

    return accumulation


#: The methods `reduce` and `accumulate`, of the ufuncs that have them here.
REDUCE: dict[np.ufunc, Function] = {
    np.add: _reduction(reduce.sum),
    np.multiply: _reduction(reduce.prod),
    np.maximum: _reduction(reduce.amax),
    np.minimum: _reduction(reduce.amin),
    np.logical_and: _reduction(reduce.all),
    np.logical_or: _reduction(reduce.any),
    np.logaddexp: _reduction(reduce.logsumexp),
}
ACCUMULATE: dict[np.ufunc, Function] = {
    np.add: _accumulation(scans.cumsum),
    np.multiply: _accumulation(scans.cumprod),
    np.maximum: _accumulation(scans.cummax),
    np.minimum: _accumulation(scans.cummin),
    np.logaddexp: _accumulation(scans.logcumsumexp),
}


def outer(op: Function, x: Any, y: Any) -> Any:
    """Apply the operation of two arguments to every pair of an element of one and an element of the other."""
    x, y = value(x, like=(y,)), value(y, like=(x,))
    if op is ew.multiply and isinstance(x, Value):
        return reshape(linalg.outer(flat(x), flat(y)), shape=shape_of(x) + shape_of(y))
    return op(reshape(x, shape=shape_of(x) + (1,) * y._array.ndim), y)
