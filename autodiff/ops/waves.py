"""Elementwise primitives: exponentials, logarithms, circular and hyperbolic functions and their inverses."""

from __future__ import annotations

from math import log as _log
from math import pi
from typing import Any

import numpy as np

from autodiff.primitive import primitive

_LN2, _LN10 = _log(2), _log(10)

# ---------------------------------------------------------------------- exponentials and logarithms


@primitive(promotes="float")
def expm1(x: Any) -> Any:
    """exp(x) - 1, exact near 0"""
    return np.expm1(x)


expm1.defvjp(lambda xp, g, out: g * (out + 1))


@primitive(promotes="float")
def exp2(x: Any) -> Any:
    """2 ** x"""
    return np.exp2(x)


exp2.defvjp(lambda xp, g, out: g * (out * _LN2))


@primitive(promotes="float")
def log2(x: Any) -> Any:
    """Logarithm to base 2"""
    return np.log2(x)


log2.defvjp(lambda xp, g, x: g / (x * _LN2))


@primitive(promotes="float")
def log10(x: Any) -> Any:
    """Logarithm to base 10"""
    return np.log10(x)


log10.defvjp(lambda xp, g, x: g / (x * _LN10))


@primitive(promotes="float")
def ldexp(x: Any, y: Any) -> Any:
    """x * 2 ** y"""
    return np.multiply(x, np.exp2(y) if type(y) is np.ndarray else 2.0**y)


ldexp.defvjp(lambda xp, g, y: xp.ldexp(g, y), lambda xp, g, out: g * (out * _LN2))

# NumPy's logaddexp and hypot call the C library for each element (16 and 4 ns); above this size other forms are faster.
_SMALL = 512


def _logaddexp(x: Any, y: Any, exp: Any) -> Any:
    """max(x, y) + log1p(exp(-|x - y|)), with a natural logarithm."""
    t = np.subtract(x, y)
    np.negative(np.absolute(t, t), t)
    np.log1p(exp(t, t), t)
    # Of two equal infinities the difference is nan; fmax makes it 0, and a nan of the user's is in the maximum.
    return np.fmax(t, t.dtype.type(0), out=t)


@primitive(promotes="float")
def logaddexp(x: Any, y: Any) -> Any:
    """log(exp(x) + exp(y)), which does not overflow"""
    if np.size(x) <= _SMALL and np.size(y) <= _SMALL:
        return np.logaddexp(x, y)
    t = _logaddexp(x, y, np.exp)
    return np.add(t, np.maximum(x, y), t)


# d out/dx = e^x / (e^x + e^y)
logaddexp.defvjp(lambda xp, g, x, y: g * xp.sigmoid(x - y), lambda xp, g, x, y: g * xp.sigmoid(y - x))


@primitive(promotes="float")
def logaddexp2(x: Any, y: Any) -> Any:
    """log2(2**x + 2**y), which does not overflow"""
    if np.size(x) <= _SMALL and np.size(y) <= _SMALL:
        return np.logaddexp2(x, y)
    t = _logaddexp(x, y, np.exp2)
    t *= 1 / _LN2
    return np.add(t, np.maximum(x, y), t)


logaddexp2.defvjp(
    lambda xp, g, x, y: g * xp.sigmoid((x - y) * _LN2), lambda xp, g, x, y: g * xp.sigmoid((y - x) * _LN2)
)


# ---------------------------------------------------------------------- circular functions


@primitive(promotes="float")
def tan(x: Any) -> Any:
    """Tangent"""
    return np.tan(x)


tan.defvjp(lambda xp, g, out: g * (out * out + 1))


@primitive(promotes="float")
def arcsin(x: Any) -> Any:
    """Inverse sine, with derivative inf at -1 and 1"""
    return np.arcsin(x)


arcsin.defvjp(lambda xp, g, x: g / xp.sqrt(1 - x * x))


@primitive(promotes="float")
def arccos(x: Any) -> Any:
    """Inverse cosine, with derivative -inf at -1 and 1"""
    return np.arccos(x)


arccos.defvjp(lambda xp, g, x: g / -xp.sqrt(1 - x * x))


@primitive(promotes="float")
def arctan(x: Any) -> Any:
    """Inverse tangent"""
    return np.arctan(x)


arctan.defvjp(lambda xp, g, x: g / (x * x + 1))


@primitive(promotes="float")
def arctan2(x: Any, y: Any) -> Any:
    """The angle of the point (y, x), between -pi and pi"""
    return np.arctan2(x, y)


# The gradient is (y, -x) / (x^2 + y^2), and 0 at the origin.
def _arctan2(xp: Any, g: Any, x: Any, y: Any, needs: Any) -> Any:
    square = x * x + y * y
    scaled = g / (square + (square == 0))
    return scaled * y if needs[0] else None, scaled * -x if needs[1] else None


arctan2.defvjp_joint(_arctan2)


@primitive(promotes="float")
def hypot(x: Any, y: Any) -> Any:
    """sqrt(x^2 + y^2), which neither overflows nor underflows; derivative nan at the origin"""
    if np.size(x) <= _SMALL and np.size(y) <= _SMALL:
        return np.hypot(x, y)
    out = np.add(np.multiply(x, x), np.multiply(y, y))
    np.sqrt(out, out)
    limits = np.finfo(out.dtype)
    low, high = (limits.tiny / limits.eps) ** 0.5, limits.max
    if not (np.minimum.reduce(out, None) >= low and np.maximum.reduce(out, None) <= high):
        np.hypot(x, y, out, where=~((out >= low) & (out <= high)))
    return out


hypot.defvjp(lambda xp, g, out, x: g * (x / out), lambda xp, g, out, y: g * (y / out))


@primitive(promotes="float")
def deg2rad(x: Any) -> Any:
    """Degrees in radians: x pi / 180"""
    return np.multiply(x, pi / 180)


deg2rad.defvjp(lambda xp, g: g * (pi / 180))


@primitive(promotes="float")
def rad2deg(x: Any) -> Any:
    """Radians in degrees: x 180 / pi"""
    return np.multiply(x, 180 / pi)


rad2deg.defvjp(lambda xp, g: g * (180 / pi))


# ---------------------------------------------------------------------- hyperbolic functions


@primitive(promotes="float")
def sinh(x: Any) -> Any:
    """Hyperbolic sine"""
    return np.sinh(x)


sinh.defvjp(lambda xp, g, x: g * xp.cosh(x))


@primitive(promotes="float")
def cosh(x: Any) -> Any:
    """Hyperbolic cosine"""
    return np.cosh(x)


cosh.defvjp(lambda xp, g, x: g * xp.sinh(x))


@primitive(promotes="float")
def arcsinh(x: Any) -> Any:
    """Inverse hyperbolic sine"""
    return np.arcsinh(x)


arcsinh.defvjp(lambda xp, g, x: g / xp.sqrt(x * x + 1))


@primitive(promotes="float")
def arccosh(x: Any) -> Any:
    """Inverse hyperbolic cosine, with derivative inf at 1"""
    return np.arccosh(x)


arccosh.defvjp(lambda xp, g, x: g / xp.sqrt(x * x - 1))


@primitive(promotes="float")
def arctanh(x: Any) -> Any:
    """Inverse hyperbolic tangent, with derivative inf at -1 and 1"""
    return np.arctanh(x)


arctanh.defvjp(lambda xp, g, x: g / (1 - x * x))
