"""Elementwise primitives: arithmetic, powers, the commonest functions, kinks and selection.

Operands broadcast; the engine undoes it. Where a function has a kink or a pole the rule gives what PyTorch gives, and
says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import DtypeError
from autodiff.operands import factor
from autodiff.ops.bits import SMALL, kept, select
from autodiff.primitive import primitive

# A 0-d array of the same dtype: NumPy takes 0.3 us longer over a Python number.
_FLOATS = ("float16", "float32", "float64")
_ZERO: dict[Any, Any] = {np.dtype(d): np.zeros((), d) for d in _FLOATS}
_ONE: dict[Any, Any] = {np.dtype(d): np.ones((), d) for d in _FLOATS}
_INF: dict[Any, Any] = {np.dtype(d): np.array(np.inf, d) for d in _FLOATS}
# The ufunc inside np.clip, without the two Python functions around it, which cost more; it has no public name.
_clip: Any = getattr(getattr(getattr(np, "_core", None), "umath", None), "clip", np.clip)

# ---------------------------------------------------------------------- arithmetic


@primitive(promotes="arith")
def add(x: Any, y: Any) -> Any:
    """x + y"""
    return np.add(x, y)


add.defvjp(lambda xp, g: g, lambda xp, g: g)


@primitive(promotes="arith")
def subtract(x: Any, y: Any) -> Any:
    """x - y; of two booleans, refused"""
    try:
        return np.subtract(x, y)
    except TypeError:
        raise DtypeError("booleans cannot be subtracted; use ~mask to turn one round, a ^ b for a difference") from None


subtract.defvjp(lambda xp, g: g, lambda xp, g: -g)


@primitive(promotes="arith")
def multiply(x: Any, y: Any) -> Any:
    """x * y"""
    return np.multiply(x, y)


multiply.defvjp(lambda xp, g, y: g * y, lambda xp, g, x: g * x)


@primitive(promotes="float")
def divide(x: Any, y: Any) -> Any:
    """x / y"""
    return np.divide(x, y)


# out = x / y  =>  d out/dy = -x / y^2 = -out / y
divide.defvjp(lambda xp, g, y: g / y, lambda xp, g, out, y: -g * out / y)


@primitive(promotes="arith")
def negative(x: Any) -> Any:
    """-x; of booleans, refused"""
    try:
        return np.negative(x)
    except TypeError:
        raise DtypeError("booleans have no negative; use ~mask to turn one round") from None


negative.defvjp(lambda xp, g: -g)


@primitive(promotes="arith")
def power(x: Any, y: Any) -> Any:
    """x ** y"""
    try:
        out = np.power(x, y)
    except ValueError:  # integers to negative powers: of 1 / x^|y| PyTorch keeps the integer part
        out = np.power(x, np.absolute(y)) * (np.greater_equal(y, 0) | (np.absolute(x) == 1))
    if out.dtype.char == "b" and np.result_type(x, y).kind == "b":
        return out.astype(bool)  # NumPy's True ** True is an int8
    return out


# d/dx x^y = y x^(y-1), and 0 where y = 0 and x is 0 or nan. `where` twice: a nan or inf in the branch not taken would
# come back as 0 * nan in the next derivative. `cast`: of a Python number y, `where` makes a float64.
def _power_x(xp: Any, g: Any, x: Any, y: Any) -> Any:
    corner = (y == 0) & ((x == 0) | (x != x))
    return g * xp.where(corner, 0.0, y * x ** xp.cast(xp.where(corner, 1.0, y - 1), dtype=x.dtype))


# d/dy x^y = x^y ln x, and 0 where x = 0 and y >= 0: its limit from the right, and what PyTorch gives.
def _power_y(xp: Any, g: Any, out: Any, x: Any, y: Any) -> Any:
    flat = (x == 0) & (y >= 0)
    return g * xp.where(flat, 0.0, out * xp.log(xp.where(flat, xp.ones_like(out), x)))


power.defvjp(_power_x, _power_y)


@primitive(promotes="arith")
def power_scalar(x: Any, *, exponent: float) -> Any:
    """x ** exponent, for a Python number: the common case, which knows its exponent"""
    if exponent == 3:
        return x * x * x  # twenty times as fast as a general power, and so are the next two
    if x.dtype.kind == "f":
        if exponent == -0.5:
            return 1 / np.sqrt(x)
        if exponent == -2:
            return 1 / (x * x)
    elif x.dtype.kind == "b":
        x = x.astype(np.int64)
    return x**exponent


def _power_scalar(xp: Any, g: Any, x: Any, *, exponent: float) -> Any:
    if exponent == 2:
        return g * (x * 2)
    return g * (exponent * xp.power_scalar(x, exponent=exponent - 1)) if exponent else xp.zeros_like(g)


power_scalar.defvjp(_power_scalar)


@primitive(promotes="arith")
def absolute(x: Any) -> Any:
    """|x|, with derivative 0 at 0"""
    return np.absolute(x)


absolute.defvjp(lambda xp, g, x: g * xp.sgn(x))


@primitive(promotes="arith")
def sign(x: Any) -> Any:
    """-1, 0 or 1"""
    return np.sign(x)


sign.defvjp(lambda xp, g: xp.zeros_like(g))


@primitive(promotes="arith")
def sgn(x: Any) -> Any:
    """-1, 0 or 1, and 0 of nan"""
    if x.dtype.kind != "f":
        return np.array(x) if x.dtype.kind == "b" else np.sign(x)
    zero = _ZERO[x.dtype]
    up, down = np.greater(x, zero), np.less(x, zero)
    return np.subtract(up.view(np.int8), down.view(np.int8)).astype(x.dtype)


sgn.defvjp(lambda xp, g: xp.zeros_like(g))


@primitive(promotes="arith")
def square(x: Any) -> Any:
    """x ** 2"""
    return np.square(x, dtype=np.int64 if x.dtype.kind == "b" else None)


square.defvjp(lambda xp, g, x: g * (x * 2))


@primitive(promotes="float")
def reciprocal(x: Any) -> Any:
    """1 / x"""
    return np.divide(_ONE[x.dtype], x)  # np.reciprocal takes twice as long


# out = 1 / x  =>  d out/dx = -1 / x^2 = -out^2
reciprocal.defvjp(lambda xp, g, out: g * -(out * out))


@primitive(promotes="arith")
def addcmul(x: Any, y: Any, z: Any, *, value: float = 1) -> Any:
    """x + value * y * z"""
    product = np.multiply(y, z)
    if value != 1:
        product = np.multiply(product, factor(value, product.dtype), dtype=product.dtype)
    return np.add(x, product)


addcmul.defvjp(
    lambda xp, g: g,
    lambda xp, g, z, *, value: g * z if value == 1 else g * (z * value),
    lambda xp, g, y, *, value: g * y if value == 1 else g * (y * value),
)
addcmul.defcomposite(lambda xp, x, y, z, *, value=1: x + (y * z if value == 1 else y * z * value))


@primitive(promotes="arith")
def addcdiv(x: Any, y: Any, z: Any, *, value: float = 1) -> Any:
    """x + value * y / z"""
    if type(x) is np.ndarray and x.dtype.kind != "f":
        raise DtypeError("addcdiv is for floating numbers; convert integers first, for example with .float()")
    quotient = np.divide(y, z)
    return np.add(x, quotient if value == 1 else quotient * value)


# d/dz y / z = -y / z^2
addcdiv.defvjp(
    lambda xp, g: g,
    lambda xp, g, z, *, value: g / z if value == 1 else g * (value / z),
    lambda xp, g, y, z, *, value: g * (y * -value / (z * z)),
)
addcdiv.defcomposite(lambda xp, x, y, z, *, value=1: x + (y / z if value == 1 else y / z * value))


@primitive(promotes="float")
def lerp(x: Any, y: Any, weight: Any) -> Any:
    """x + weight * (y - x), from the nearer end: exactly x and y for the weights 0 and 1"""
    step = np.subtract(y, x)
    if type(weight) is not np.ndarray:
        return x + step * weight if abs(weight) < 0.5 else y - step * (1 - weight)
    near = np.absolute(weight) < 0.5
    return np.where(near, x, y) + step * np.where(near, weight, weight - 1)


lerp.defvjp(
    lambda xp, g, weight: g * (1 - weight),
    lambda xp, g, weight: g * weight,
    lambda xp, g, x, y: g * (y - x),
)


# ---------------------------------------------------------------------- powers, logarithms, trigonometry


@primitive(promotes="float")
def exp(x: Any) -> Any:
    """e ** x"""
    return np.exp(x)


exp.defvjp(lambda xp, g, out: g * out)


@primitive(promotes="float")
def log(x: Any) -> Any:
    """Natural logarithm"""
    return np.log(x)


log.defvjp(lambda xp, g, x: g / x)


@primitive(promotes="float")
def log1p(x: Any) -> Any:
    """log(1 + x), exact near 0"""
    return np.log1p(x)


log1p.defvjp(lambda xp, g, x: g / (x + 1))


@primitive(promotes="float")
def sqrt(x: Any) -> Any:
    """Square root, with derivative inf at 0"""
    return np.sqrt(x)


sqrt.defvjp(lambda xp, g, out: g / (out * 2))


@primitive(promotes="float")
def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)"""
    out = np.sqrt(x, np.empty_like(x))
    return np.divide(_ONE[x.dtype], out, out)


# out = x^(-1/2)  =>  d out/dx = -x^(-3/2) / 2 = -out^3 / 2
rsqrt.defvjp(lambda xp, g, out: g * (out * out * out * -0.5))


@primitive(promotes="float")
def sin(x: Any) -> Any:
    """Sine"""
    return np.sin(x)


sin.defvjp(lambda xp, g, x: g * xp.cos(x))


@primitive(promotes="float")
def cos(x: Any) -> Any:
    """Cosine"""
    return np.cos(x)


cos.defvjp(lambda xp, g, x: -g * xp.sin(x))


@primitive(promotes="float")
def tanh(x: Any) -> Any:
    """Hyperbolic tangent"""
    return np.tanh(x)


tanh.defvjp(lambda xp, g, out: g * (1 - out * out))


@primitive(promotes="float")
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)): exp(-x) may overflow to inf, and the quotient is then the right 0"""
    one = _ONE[x.dtype]
    out = np.negative(x, np.empty_like(x))
    np.add(np.exp(out, out), one, out)
    return np.divide(one, out, out)


sigmoid.defvjp(lambda xp, g, out: g * (out * (1 - out)))
sigmoid.defcomposite(lambda xp, x: 1 / (1 + xp.exp(-x)))


@primitive(promotes="float")
def softplus(x: Any) -> Any:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), which never overflows"""
    out = np.absolute(x, np.empty_like(x))
    np.log1p(np.exp(np.negative(out, out), out), out)
    return np.add(out, _positive_part(x), out)


softplus.defvjp(lambda xp, g, x: g * xp.sigmoid(x))
softplus.defcomposite(lambda xp, x: xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.absolute(x))))


# ---------------------------------------------------------------------- kinks and selection


@primitive(promotes="arith")
def relu(x: Any) -> Any:
    """max(x, 0), with derivative 0 at 0"""
    return _positive_part(x)


def _positive_part(x: Any) -> Any:
    """max(x, 0). Of an array and a number clip is faster than np.maximum: three times, of ten thousand elements."""
    zero = _ZERO.get(x.dtype)
    return np.maximum(x, 0) if zero is None else _clip(x, zero, _INF[x.dtype])


relu.defvjp(lambda xp, g, out: xp.relu_backward(g, out))
relu.defcomposite(lambda xp, x: xp.maximum(x, 0))


@primitive(promotes="arith")
def relu_backward(cotangent: Any, y: Any) -> Any:
    """The cotangent where y > 0 (or nan), and 0 where y = 0, for a y = relu(x): locally constant in y"""
    if y.size <= SMALL or cotangent.shape != y.shape:
        return np.where(y, cotangent, _ZERO[cotangent.dtype])
    return kept(np.not_equal(y, _ZERO[y.dtype]), cotangent)


relu_backward.defvjp(lambda xp, g, y: xp.relu_backward(g, y), lambda xp, g: xp.zeros_like(g))
relu_backward.defcomposite(lambda xp, cotangent, y: xp.where(y != 0, cotangent, 0.0))


@primitive(promotes="arith")
def maximum(x: Any, y: Any) -> Any:
    """The larger of two; a nan wins; a tie shares the cotangent equally"""
    return np.maximum(x, y)


maximum.defvjp(
    lambda xp, g, x, y: xp.where(x < y, 0.0, xp.where(x == y, g * 0.5, g)),
    lambda xp, g, x, y: xp.where(x > y, 0.0, xp.where(x == y, g * 0.5, g)),
)


@primitive(promotes="arith")
def minimum(x: Any, y: Any) -> Any:
    """The smaller of two; a nan wins; a tie shares the cotangent equally"""
    return np.minimum(x, y)


minimum.defvjp(
    lambda xp, g, x, y: xp.where(x > y, 0.0, xp.where(x == y, g * 0.5, g)),
    lambda xp, g, x, y: xp.where(x < y, 0.0, xp.where(x == y, g * 0.5, g)),
)


@primitive(promotes="arith")
def clip(x: Any, low: Any, high: Any) -> Any:
    """x held between two bounds, either of which may be None; `high` wins where they cross"""
    numbers = type(low) is not np.ndarray and type(high) is not np.ndarray
    if numbers and x.size > SMALL and x.dtype.kind == "f":
        return np.clip(x, -np.inf if low is None else low, np.inf if high is None else high)
    try:
        held = x if low is None else np.maximum(x, low)
        return held if high is None else np.minimum(held, high)
    except OverflowError:
        raise DtypeError(f"clamp: bounds {low} and {high} must be numbers that {x.dtype} can hold") from None


# The cotangent goes to x inside and on the bounds, else to the bound that took its place.
def _clip_x(xp: Any, g: Any, x: Any, low: Any, high: Any) -> Any:
    if low is None:
        return xp.where(x <= high, g, 0.0)
    return xp.where(x >= low if high is None else (x >= low) & (x <= high), g, 0.0)


def _clip_low(xp: Any, g: Any, x: Any, low: Any, high: Any) -> Any:
    g = xp.where(x < low, g, 0.0)
    return g if high is None else xp.where(low < high, g, 0.0)


def _clip_high(xp: Any, g: Any, x: Any, low: Any, high: Any) -> Any:
    taken = x > high
    return xp.where(taken if low is None else taken | (high < low), g, 0.0)


clip.defvjp(_clip_x, _clip_low, _clip_high)


@primitive(promotes="arith")
def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y"""
    if type(condition) is np.ndarray and condition.size > SMALL:
        selected = select(condition, x, y)
        if selected is not None:
            return selected
    return np.where(condition, x, y)


where.defvjp(
    None,
    lambda xp, g, condition: xp.where(condition, g, 0.0),
    lambda xp, g, condition: xp.where(condition, 0.0, g),
)


# ---------------------------------------------------------------------- what other rules and functions lean on


@primitive(differentiable=False)
def zeros_like(x: Any) -> Any:
    """Zeros of the shape and dtype of x: the cotangent of what an output does not depend on"""
    return np.zeros(np.shape(x), x.dtype)


@primitive(differentiable=False)
def ones_like(x: Any) -> Any:
    """Ones of the shape and dtype of x"""
    return np.ones(np.shape(x), x.dtype)


@primitive
def copy(x: Any) -> Any:
    """The same values in memory of their own"""
    return np.array(x)


copy.defvjp(lambda xp, g: g)


@primitive
def cast(x: Any, *, dtype: Any) -> Any:
    """Convert to another dtype; the engine hands the cotangent back in the dtype of x"""
    return x.astype(dtype)


cast.defvjp(lambda xp, g: g)
