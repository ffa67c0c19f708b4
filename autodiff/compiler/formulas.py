"""Formulas of elementwise operations on single numbers, as Numba is to compile them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["COMPARISONS", "FORMULAS", "converted", "literal", "type_name"]

#: Operations whose operands meet in a dtype of their own, and whose result is a bool.
COMPARISONS = {
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "isnan": "{0} != {0}",
    "isfinite": "abs({0}) <= {inf}",
    "logical_and": "({0} != {zero}) & ({1} != {zero})",
    "logical_or": "({0} != {zero}) | ({1} != {zero})",
    "logical_not": "{0} == {zero}",
}

#: Operations whose operands are cast to the dtype of the result; {one} and {zero} are of that dtype.
FORMULAS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "absolute": "abs({0})",
    "sign": "{one} if {0} > {zero} else (-{one} if {0} < {zero} else ({zero} if {0} == {zero} else {0}))",
    "sgn": "{one} if {0} > {zero} else (-{one} if {0} < {zero} else {zero})",
    "square": "{0} * {0}",
    "reciprocal": "{one} / {0}",
    "rsqrt": "{one} / math.sqrt({0})",
    "power": "{0} ** {1}",
    "exp": "math.exp({0})",
    "erf": "math.erf({0})",
    "expm1": "math.expm1({0})",
    "log": "math.log({0})",
    "log1p": "math.log1p({0})",
    "log2": "np.log2({0})",
    "sqrt": "math.sqrt({0})",
    "sin": "math.sin({0})",
    "cos": "math.cos({0})",
    "tan": "math.tan({0})",
    "tanh": "math.tanh({0})",
    "floor": "np.floor({0})",
    # Each hands on a nan that it meets on either side.
    "maximum": "{1} if ({0} < {1}) | ({1} != {1}) else {0}",
    "minimum": "{1} if ({0} > {1}) | ({1} != {1}) else {0}",
    "bitwise_and": "{0} & {1}",
    "bitwise_or": "{0} | {1}",
    "bitwise_xor": "{0} ^ {1}",
    "cast": "{0}",
    "copy": "{0}",
    "contiguous": "{0}",
    "reshape": "{0}",
    "index": "{0}",
}

#: Operations that make no sense of whole numbers here: the result must be floating.
FLOATING = frozenset(
    [
        *(
            "divide",
            "power",
            "reciprocal",
            "rsqrt",
            "exp",
            "expm1",
            "log",
            "log1p",
            "log2",
            "sqrt",
            "sin",
            "cos",
            "tan",
        ),
        *("tanh", "floor", "power_scalar"),
    ]
)


def type_name(dtype: np.dtype[Any]) -> str:
    """What makes a number of a dtype."""
    return "np.bool_" if dtype.kind == "b" else f"np.{dtype.name}"


def literal(number: Any, dtype: np.dtype[Any]) -> str:
    """A number of the host, in a dtype."""
    if dtype.kind == "b":
        return "True" if number else "False"
    if dtype.kind != "f":
        return f"{type_name(dtype)}({int(number)})"
    number = float(np.asarray(number, dtype))
    if number != number:
        return f"{type_name(dtype)}(np.nan)"
    if number in (float("inf"), float("-inf")):
        return f"{type_name(dtype)}({'-' if number < 0 else ''}np.inf)"
    return f"{type_name(dtype)}({number!r})"


def converted(expression: str, old: np.dtype[Any], new: np.dtype[Any]) -> str:
    """A number of one dtype in another."""
    if old == new:
        return expression
    if new.kind == "b":
        return f"({expression} != {literal(0, old)})"
    return f"{type_name(new)}({expression})"


def power(x: str, exponent: float, dtype: np.dtype[Any]) -> str:
    """X to a power that is known."""
    short: dict[float, Callable[[], str]] = {
        1.0: lambda: x,
        2.0: lambda: f"{x} * {x}",
        3.0: lambda: f"{x} * {x} * {x}",
        0.5: lambda: f"math.sqrt({x})",
        -1.0: lambda: f"{literal(1, dtype)} / {x}",
    }
    made = short.get(float(exponent))
    return made() if made is not None else f"{x} ** {literal(exponent, dtype)}"
