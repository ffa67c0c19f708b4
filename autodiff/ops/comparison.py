"""Elementwise primitives without derivative: comparisons, logic, bits, and what kind of number an element is."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.primitive import Primitive, primitive


def _binary(name: str, ufunc: Any) -> Primitive:
    def forward(x: Any, y: Any) -> Any:
        return ufunc(x, y)

    forward.__name__ = name
    forward.__doc__ = f"np.{name}, elementwise; no derivative"
    op: Primitive = primitive(promotes="arith", differentiable=False)(forward)
    return op


equal = _binary("equal", np.equal)
not_equal = _binary("not_equal", np.not_equal)
less = _binary("less", np.less)
less_equal = _binary("less_equal", np.less_equal)
greater = _binary("greater", np.greater)
greater_equal = _binary("greater_equal", np.greater_equal)
bitwise_and = _binary("bitwise_and", np.bitwise_and)
bitwise_or = _binary("bitwise_or", np.bitwise_or)
bitwise_xor = _binary("bitwise_xor", np.bitwise_xor)
left_shift = _binary("left_shift", np.left_shift)
right_shift = _binary("right_shift", np.right_shift)


def _truth(x: Any) -> Any:
    """Whether x is other than 0. NumPy's logical functions take ten times as long over numbers as over booleans."""
    return np.not_equal(x, 0) if type(x) is np.ndarray and x.size > 512 and x.dtype.kind != "b" else x


logical_and = _binary("logical_and", lambda x, y: np.logical_and(_truth(x), _truth(y)))
logical_or = _binary("logical_or", lambda x, y: np.logical_or(_truth(x), _truth(y)))


def _either(x: Any, y: Any) -> Any:
    return np.logical_xor(_truth(x), _truth(y))


logical_xor = _binary("logical_xor", _either)


def _unary(name: str, function: Any, says: str) -> Primitive:
    def forward(x: Any) -> Any:
        return function(x)

    forward.__name__ = name
    forward.__doc__ = says
    op: Primitive = primitive(promotes="arith", differentiable=False)(forward)
    return op


def _is_inf_above(x: Any) -> Any:
    return np.equal(x, np.inf)


def _is_inf_below(x: Any) -> Any:
    return np.equal(x, -np.inf)


def _has_sign(x: Any) -> Any:
    return np.signbit(x) if x.dtype.kind == "f" else np.less(x, 0)


bitwise_not = _unary("bitwise_not", np.bitwise_not, "~x; of booleans, not x")
logical_not = _unary("logical_not", lambda x: np.logical_not(_truth(x)), "Whether each element is 0")
isnan = _unary("isnan", np.isnan, "Whether each element is not a number")
isfinite = _unary("isfinite", np.isfinite, "Whether each element is neither infinite nor nan")
isinf = _unary("isinf", np.isinf, "Whether each element is infinite")
isposinf = _unary("isposinf", _is_inf_above, "Whether each element is inf")
isneginf = _unary("isneginf", _is_inf_below, "Whether each element is -inf")
signbit = _unary("signbit", _has_sign, "Whether each element is negative, as -0.0 is")


@primitive(promotes="arith", differentiable=False)
def isclose(x: Any, y: Any, *, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    """|x - y| <= atol + rtol |y|, or both are the same infinity"""
    close = np.equal(x, y)
    if equal_nan:
        close = close | (np.isnan(x) & np.isnan(y))
    if (x if type(x) is np.ndarray else y).dtype.kind != "f":
        x = np.asarray(x, np.int64)  # booleans have no difference, and that of bytes would wrap
    difference = np.absolute(np.subtract(x, y))
    return close | (np.isfinite(difference) & np.less_equal(difference, np.absolute(y) * rtol + atol))


@primitive(differentiable=False)
def dropout_mask(noise: Any, *, p: float, dtype: Any) -> Any:
    """1 / (1 - p) where noise, uniform in [0, 1), is at least p, and else 0"""
    return np.multiply(noise >= p, dtype.type(1 / (1 - p) if p < 1 else 0))


dropout_mask.defcomposite(
    lambda xp, noise, *, p, dtype: xp.cast(noise >= p, dtype=dtype) * (1 / (1 - p) if p < 1 else 0.0)
)
