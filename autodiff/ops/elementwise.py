"""Elementwise primitives: arithmetic, powers and logarithms, trigonometry, comparisons, selection.

Operands broadcast; the engine undoes it. Where a function has a kink or a pole the rule gives what PyTorch gives, and
says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import DivisionError
from autodiff.primitive import primitive

# ---------------------------------------------------------------------- arithmetic


@primitive(promotes="arith")
def add(x: Any, y: Any) -> Any:
    """x + y"""
    return np.add(x, y)


add.defvjp(lambda xp, g: g, lambda xp, g: g)


@primitive(promotes="arith")
def subtract(x: Any, y: Any) -> Any:
    """x - y"""
    return np.subtract(x, y)


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
    """-x"""
    return np.negative(x)


negative.defvjp(lambda xp, g: -g)


@primitive(promotes="arith")
def power(x: Any, y: Any) -> Any:
    """x ** y"""
    return np.power(x, y)


# d/dx x^y = y x^(y-1), and 0 at x = y = 0. `where` twice: a nan or inf in the branch not taken would come back as
# 0 * nan in the next derivative. `cast`: of a Python number y, `where` makes a float64.
def _power_x(xp: Any, g: Any, x: Any, y: Any) -> Any:
    corner = (x == 0) & (y == 0)
    return g * xp.where(corner, 0.0, y * x ** xp.cast(xp.where(corner, 1.0, y - 1), dtype=x.dtype))


# d/dy x^y = x^y ln x, and 0 where x = 0 and y >= 0: its limit from the right, and what PyTorch gives.
def _power_y(xp: Any, g: Any, out: Any, x: Any, y: Any) -> Any:
    flat = (x == 0) & (y >= 0)
    return g * xp.where(flat, 0.0, out * xp.log(xp.where(flat, xp.ones_like(out), x)))


power.defvjp(_power_x, _power_y)


@primitive(promotes="arith")
def power_scalar(x: Any, *, exponent: float) -> Any:
    """x ** exponent, for a Python number: the common case, which knows its exponent"""
    return x**exponent


def _power_scalar(xp: Any, g: Any, x: Any, *, exponent: float) -> Any:
    if exponent == 2:
        return g * (x * 2)
    return g * (exponent * x ** (exponent - 1)) if exponent else xp.zeros_like(g)


power_scalar.defvjp(_power_scalar)


@primitive(promotes="arith")
def absolute(x: Any) -> Any:
    """|x|, with derivative 0 at 0"""
    return np.absolute(x)


absolute.defvjp(lambda xp, g, x: g * xp.sign(x))


@primitive(promotes="arith")
def sign(x: Any) -> Any:
    """-1, 0 or 1"""
    return np.sign(x)


sign.defvjp(lambda xp, g: xp.zeros_like(g))


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
    out = np.exp(np.negative(x))
    out += 1
    return np.divide(1, out)


sigmoid.defvjp(lambda xp, g, out: g * (out * (1 - out)))
sigmoid.defcomposite(lambda xp, x: 1 / (1 + xp.exp(-x)))


@primitive(promotes="float")
def softplus(x: Any) -> Any:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), which never overflows"""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.absolute(x)))


softplus.defvjp(lambda xp, g, x: g * xp.sigmoid(x))
softplus.defcomposite(lambda xp, x: xp.log(1 + xp.exp(x)))


# ---------------------------------------------------------------------- kinks and selection


# A 0-d array of the same dtype: NumPy takes 0.3 us longer over a Python number.
_ZERO: dict[Any, Any] = {np.dtype(d): np.zeros((), d) for d in ("float16", "float32", "float64")}


@primitive(promotes="arith")
def relu(x: Any) -> Any:
    """max(x, 0), with derivative 0 at 0"""
    return np.maximum(x, _ZERO.get(x.dtype, 0))


relu.defvjp(lambda xp, g, out: xp.relu_backward(g, out))
relu.defcomposite(lambda xp, x: xp.maximum(x, 0))


# Up to this many elements one np.sign is faster than a comparison and a conversion (0.8 against 1.2 us); it branches on
# each element, and beyond is the slower one (34 against 17 us for 128 x 512). Multiplying by booleans, or np.where, is
# slower than both.
_SMALL = 2048


@primitive(promotes="arith")
def relu_backward(cotangent: Any, y: Any) -> Any:
    """The cotangent where y > 0, and 0 where y = 0, for a y = relu(x): locally constant in y"""
    mask = np.sign(y) if y.size <= _SMALL else np.greater(y, _ZERO[y.dtype]).astype(y.dtype)
    return np.multiply(cotangent, mask, out=mask) if type(mask) is np.ndarray else cotangent * mask


relu_backward.defvjp(lambda xp, g, y: xp.relu_backward(g, y), lambda xp, g: xp.zeros_like(g))
relu_backward.defcomposite(lambda xp, cotangent, y: xp.where(y > 0, cotangent, 0.0))


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
    held = np.positive(x) if low is None else np.maximum(x, low)
    return held if high is None else np.minimum(held, high)


# The cotangent goes to x inside and on the bounds, else to the bound that took its place.
def _clip_x(xp: Any, g: Any, x: Any, low: Any, high: Any) -> Any:
    if low is not None:
        g = xp.where(x >= low, g, 0.0)
    return g if high is None else xp.where(x <= high, g, 0.0)


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
    return np.where(condition, x, y)


where.defvjp(
    None,
    lambda xp, g, condition: xp.where(condition, g, 0.0),
    lambda xp, g, condition: xp.where(condition, 0.0, g),
)


# ---------------------------------------------------------------------- comparisons: no derivative


def _comparison(name: str, ufunc: Any) -> Any:
    def forward(x: Any, y: Any) -> Any:
        return ufunc(x, y)

    forward.__name__ = name
    forward.__doc__ = f"np.{ufunc.__name__}, elementwise; no derivative"
    return primitive(promotes="arith", differentiable=False)(forward)


equal = _comparison("equal", np.equal)
not_equal = _comparison("not_equal", np.not_equal)
less = _comparison("less", np.less)
less_equal = _comparison("less_equal", np.less_equal)
greater = _comparison("greater", np.greater)
greater_equal = _comparison("greater_equal", np.greater_equal)
bitwise_and = _comparison("bitwise_and", np.bitwise_and)
bitwise_or = _comparison("bitwise_or", np.bitwise_or)
bitwise_xor = _comparison("bitwise_xor", np.bitwise_xor)


@primitive(promotes="arith", differentiable=False)
def floor_divide(x: Any, y: Any) -> Any:
    """floor(x / y); no derivative"""
    _check_divisor(x, y)
    return np.floor_divide(x, y)


def _check_divisor(x: Any, y: Any) -> None:
    """Integers have no value for x / 0: NumPy gives 0, PyTorch raises, and so do we."""
    if np.result_type(x, y).kind in "iu" and not np.all(y):
        raise DivisionError("integers were divided by zero; convert them first, for example with .float()")


@primitive(differentiable=False)
def bitwise_not(x: Any) -> Any:
    """~x; of booleans, not x"""
    return np.invert(x)


@primitive(differentiable=False)
def isnan(x: Any) -> Any:
    """Whether each element is not a number"""
    return np.isnan(x)


@primitive(differentiable=False)
def isfinite(x: Any) -> Any:
    """Whether each element is neither infinite nor nan"""
    return np.isfinite(x)


@primitive(differentiable=False)
def zeros_like(x: Any) -> Any:
    """Zeros of the shape and dtype of x: the cotangent of what an output does not depend on"""
    return np.zeros(np.shape(x), x.dtype)


@primitive(differentiable=False)
def ones_like(x: Any) -> Any:
    """Ones of the shape and dtype of x"""
    return np.ones(np.shape(x), x.dtype)


@primitive(promotes="arith")
def remainder(x: Any, y: Any) -> Any:
    """x - floor(x / y) * y, with the sign of y"""
    _check_divisor(x, y)
    return np.remainder(x, y)


# out = x - floor(x / y) y, and floor is locally constant
remainder.defvjp(lambda xp, g: g, lambda xp, g, x, y: -g * xp.floor_divide(x, y))


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
