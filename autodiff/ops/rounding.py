"""Elementwise primitives that step or repair: rounding, remainders, signs, nan and infinities."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import DivisionError, DtypeError
from autodiff.primitive import Primitive, primitive

# ---------------------------------------------------------------------- rounding


def _rounding(name: str, ufunc: Any, says: str) -> Primitive:
    def forward(x: Any) -> Any:
        if x.dtype.kind == "f":
            return ufunc(x)
        _refuse_booleans(name, x)
        return np.array(x)

    forward.__name__ = name
    forward.__doc__ = f"{says}; derivative 0"
    op: Primitive = primitive(promotes="arith")(forward)
    op.defvjp(lambda xp, g: xp.zeros_like(g))
    return op


def _refuse_booleans(name: str, *arrays: Any) -> None:
    if all(np.asarray(a).dtype.kind == "b" for a in arrays):
        raise DtypeError(f"{name} is for numbers, not for booleans; convert them first, for example with .int()")


floor = _rounding("floor", np.floor, "The largest integer not above x")
ceil = _rounding("ceil", np.ceil, "The smallest integer not below x")
trunc = _rounding("trunc", np.trunc, "x without its fraction")
rint = _rounding("rint", np.rint, "The nearest integer, the even one of two")


@primitive(promotes="arith")
def round(x: Any, *, decimals: int) -> Any:
    """x rounded to so many decimals, to tens and hundreds for negative ones; derivative 0"""
    if x.dtype.kind != "f":
        raise DtypeError(f"round with decimals is for floating numbers, not for {x.dtype}")
    scale = 10.0 ** abs(decimals)
    if decimals < 0:
        return np.rint(x / scale) * scale
    return np.rint(x * scale) / scale


round.defvjp(lambda xp, g: xp.zeros_like(g))


@primitive(promotes="arith")
def frac(x: Any) -> Any:
    """x - trunc(x), with the sign of x"""
    if x.dtype.kind != "f":
        raise DtypeError(f"frac is for floating numbers, not for {x.dtype}")
    out = np.trunc(x, np.empty_like(x))
    return np.subtract(x, out, out)


frac.defvjp(lambda xp, g: g)


# ---------------------------------------------------------------------- division with a remainder

# Note [Remainders by way of doubles]
# NumPy's remainder, fmod and floor_divide take 10 to 20 ns an element (they call fmod of the C library). Of float32,
# x - floor(x / y) y in float64 is exact as long as the quotient stays below 2^28: it takes 29 bits, y 24, and their
# product fits into 53; and a quotient just below an integer n differs from it by 2^-24 at least, which 53 bits can
# tell. Blocks that fit the second-level cache take 1.5 ns an element; one with a larger quotient, or with a nan or
# infinity, goes to NumPy.
_BLOCK = 16384
_SMALL = 512
_EXACT = 2.0**28


def _by_doubles(ufunc: Any, step: Any, rest: bool, x: Any, y: Any) -> Any:
    """``ufunc(x, y)``: step(x / y), or what it leaves of x. See Note [Remainders by way of doubles]."""
    array = x if type(x) is np.ndarray else y
    dtype = array.dtype
    if dtype.kind != "f":
        if np.result_type(x, y).kind == "b":
            _refuse_booleans("division with a remainder", x, y)
        # Integers have no value for x / 0: NumPy gives 0, PyTorch raises, and so do we.
        if not np.all(y) and np.broadcast(x, y).size:
            raise DivisionError("integers were divided by zero; convert them first, for example with .float()")
        return ufunc(x, y)
    if dtype.itemsize == 8 or array.size <= _SMALL:
        return ufunc(x, y)
    shape = np.broadcast(x, y).shape
    first, second = (_flat(np.asarray(a, dtype), shape) for a in (x, y))
    out = np.empty(shape, dtype)
    flat = out.reshape(-1)
    finite = bool(np.isfinite(second).all())
    for i in range(0, flat.size, _BLOCK):
        a, b, into = (v[i : i + _BLOCK] if v.ndim else v for v in (first, second, flat))
        wide, divisor = a.astype(np.float64), b.astype(np.float64)
        quotient = np.divide(wide, divisor)
        if not (finite and np.maximum.reduce(quotient) < _EXACT and np.minimum.reduce(quotient) > -_EXACT):
            ufunc(a, b, into)
            continue
        step(quotient, quotient)
        if rest:
            np.multiply(quotient, divisor, quotient)
            np.subtract(wide, quotient, into, casting="same_kind")
        else:
            into[...] = quotient
    return out


def _flat(a: Any, shape: tuple[int, ...]) -> Any:
    return a.reshape(-1) if a.shape == shape else np.broadcast_to(a, shape).reshape(-1) if a.ndim else a


@primitive(promotes="arith")
def floor_divide(x: Any, y: Any) -> Any:
    """floor(x / y); derivative 0"""
    return _by_doubles(np.floor_divide, np.floor, False, x, y)


floor_divide.defvjp(lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.zeros_like(g))


@primitive(promotes="arith")
def trunc_divide(x: Any, y: Any) -> Any:
    """x / y without its fraction; derivative 0"""
    if (x if type(x) is np.ndarray else y).dtype.kind == "f":
        return np.trunc(np.divide(x, y))
    return floor_divide.forward(np.asarray(x - fmod.forward(x, y)), y)


trunc_divide.defvjp(lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.zeros_like(g))


@primitive(promotes="arith")
def remainder(x: Any, y: Any) -> Any:
    """x - floor(x / y) * y, with the sign of y"""
    return _by_doubles(np.remainder, np.floor, True, x, y)


# out = x - floor(x / y) y, and floor is locally constant
remainder.defvjp(lambda xp, g: g, lambda xp, g, x, y: -g * xp.floor_divide(x, y))


@primitive(promotes="arith")
def fmod(x: Any, y: Any) -> Any:
    """x - trunc(x / y) * y, with the sign of x"""
    return _by_doubles(np.fmod, np.trunc, True, x, y)


# out = x - trunc(x / y) y, and trunc is locally constant
fmod.defvjp(lambda xp, g: g, lambda xp, g, x, y: -g * xp.trunc_divide(x, y))


@primitive(differentiable=False, promotes="arith")
def gcd(x: Any, y: Any) -> Any:
    """Greatest common divisor of integers; no derivative"""
    return np.gcd(x, y)


@primitive(differentiable=False, promotes="arith")
def lcm(x: Any, y: Any) -> Any:
    """Least common multiple of integers; no derivative"""
    return np.lcm(x, y)


# ---------------------------------------------------------------------- signs, steps and neighbours


@primitive(promotes="float")
def copysign(x: Any, y: Any) -> Any:
    """|x| with the sign of y, that of a zero included"""
    return np.copysign(x, y)


# out = ±x  =>  d out/dx = out / x, and 0 at x = 0
copysign.defvjp(lambda xp, g, out, x: g * (out / (x + (x == 0))), lambda xp, g: xp.zeros_like(g))


@primitive(promotes="same", differentiable=False)
def heaviside(x: Any, y: Any) -> Any:
    """0 where x < 0 or nan, y where x = 0, 1 where x > 0; no derivative"""
    return np.where(x, np.greater(x, 0), y)


@primitive(promotes="float")
def nextafter(x: Any, y: Any) -> Any:
    """The next number after x on the way to y"""
    return np.nextafter(x, y)


# A step from x of a constant size, or y itself once x has arrived there
nextafter.defvjp(lambda xp, g, x, y: xp.where(x == y, 0.0, g), lambda xp, g: xp.zeros_like(g))


# ---------------------------------------------------------------------- nan and infinities


@primitive(promotes="arith")
def nan_to_num(x: Any, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """x with nan and infinities replaced, infinities by the largest numbers of the dtype unless said otherwise"""
    out = np.array(x)
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        largest = np.finfo(x.dtype).max
        np.copyto(out, nan, where=np.isnan(x), casting="same_kind")
        np.copyto(out, largest if posinf is None else posinf, where=np.equal(x, np.inf), casting="same_kind")
        np.copyto(out, -largest if neginf is None else neginf, where=np.equal(x, -np.inf), casting="same_kind")
    return out


nan_to_num.defvjp(lambda xp, g, x: xp.where(xp.isfinite(x), g, 0.0))


@primitive(promotes="arith")
def fmax(x: Any, y: Any) -> Any:
    """The larger of two; of a number and nan, the number; a tie is x"""
    return np.fmax(x, y)


# `y != y` holds of nan alone.
fmax.defvjp(
    lambda xp, g, x, y: xp.where((x >= y) | (y != y), g, 0.0),
    lambda xp, g, x, y: xp.where((x >= y) | (y != y), 0.0, g),
)


@primitive(promotes="arith")
def fmin(x: Any, y: Any) -> Any:
    """The smaller of two; of a number and nan, the number; a tie is x"""
    return np.fmin(x, y)


fmin.defvjp(
    lambda xp, g, x, y: xp.where((x <= y) | (y != y), g, 0.0),
    lambda xp, g, x, y: xp.where((x <= y) | (y != y), 0.0, g),
)
