"""Formulas of elementwise operations on single numbers, in LLVM's language."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autodiff.compiler.ir import literal, register_type, suffix
from autodiff.compiler.maths import EXTERNAL, FUNCTIONS

__all__ = ["COMPARISONS", "FLOATING", "FORMULAS", "Arithmetic", "converted"]

DType = np.dtype[Any]
Let = Callable[[str], str]


class Arithmetic:
    """Operations on numbers of one dtype.

    They are IEEE 754's, each rounded by itself, as NumPy's are; a total alone may be taken in any order. LLVM offers
    more freedom, and no step got faster by it: reassoc makes x of (x + y) - y, arcp takes 1 / sqrt(0) from an estimate,
    as nan, and contract rounds x*x - y*y once, which may be below zero where x is y.

    Parameters
    ----------
    let : callable
        Writes an expression down; gives the name of its value.
    dtype : dtype
    functions : set of (str, dtype)
        Gets those of `autodiff.compiler.maths` that are used.
    """

    def __init__(self, let: Let, dtype: DType, functions: set[tuple[str, DType]]) -> None:
        self.let = let
        self.dtype = dtype
        self.functions = functions
        self.kind = register_type(dtype)
        self.floats = dtype.kind == "f"
        self.zero, self.one = literal(0, dtype), literal(1, dtype)

    def op(self, name: str, x: str, y: str) -> str:
        """``add``, ``sub``, ``mul``, ``div`` and the bitwise ones."""
        if self.floats:
            return self.let(f"f{name} {self.kind} {x}, {y}")
        return self.let(f"{name} {self.kind} {x}, {y}")

    def total(self, so_far: str, x: str) -> str:
        """A sum of many, which may be taken in any order."""
        if self.floats:
            return self.let(f"fadd reassoc {self.kind} {so_far}, {x}")
        return self.op("add", so_far, x)

    def compare(self, how: str, x: str, y: str) -> str:
        """A bool: "eq", "ne", "lt", "le", "gt" or "ge"; with nan, false but for "ne"."""
        if self.floats:
            return self.let(f"fcmp {'une' if how == 'ne' else 'o' + how} {self.kind} {x}, {y}")
        signed = "" if how in ("eq", "ne") else "s" if self.dtype.kind == "i" else "u"
        return self.let(f"icmp {signed}{how} {self.kind} {x}, {y}")

    def select(self, condition: str, x: str, y: str) -> str:
        """X if the condition holds, else y."""
        return self.let(f"select i1 {condition}, {self.kind} {x}, {self.kind} {y}")

    def either(self, x: str, y: str) -> str:
        """Whether one of two bools is true."""
        return self.let(f"or i1 {x}, {y}")

    def negative(self, x: str) -> str:
        """``-x``."""
        return self.let(f"fneg {self.kind} {x}") if self.floats else self.op("sub", "0", x)

    def function(self, name: str, *operands: str) -> str:
        """A function of real numbers: written here, LLVM's, or of the C library."""
        given = ", ".join([f"{self.kind} {x}" for x in operands])
        if name in FUNCTIONS:
            called = f"@wengert.{name}.{suffix(self.dtype)}"
        elif EXTERNAL.get(name, "llvm.").startswith("llvm."):
            called = f"@{EXTERNAL.get(name, f'llvm.{name}')}.{suffix(self.dtype)}"
        else:
            called = f"@{EXTERNAL[name]}{'f' if self.dtype.itemsize == 4 else ''}"
        self.functions.add((name, self.dtype))
        return self.let(f"call {self.kind} {called}({given})")

    def absolute(self, x: str) -> str:
        """``|x|``."""
        if self.floats:
            return self.function("fabs", x)
        return x if self.dtype.kind == "u" else self.select(self.compare("lt", x, "0"), self.negative(x), x)

    def sign(self, x: str, otherwise: str) -> str:
        """1 or -1; `otherwise` where x is neither above nor below zero."""
        below = self.zero if self.dtype.kind == "u" else literal(-1, self.dtype)
        low = self.select(self.compare("lt", x, self.zero), below, otherwise)
        return self.select(self.compare("gt", x, self.zero), self.one, low)

    def extreme(self, how: str, x: str, y: str) -> str:
        """The larger ("lt") or smaller ("gt") one; handing on a nan on either side."""
        beyond = self.compare(how, x, y)
        if self.floats:
            beyond = self.either(beyond, self.let(f"fcmp uno {self.kind} {y}, {y}"))
        return self.select(beyond, y, x)

    def power(self, x: str, exponent: float) -> str:
        """X to a power that is known."""
        if exponent == 1.0:
            return x
        if exponent in (2.0, 3.0):
            square = self.op("mul", x, x)
            return square if exponent == 2.0 else self.op("mul", square, x)
        if exponent == 0.5:
            return self.function("sqrt", x)
        if exponent == -0.5:
            return self.op("div", self.one, self.function("sqrt", x))
        if exponent == -1.0:
            return self.op("div", self.one, x)
        return self.function("pow", x, literal(exponent, self.dtype))


#: Operations whose operands meet in a dtype of their own, and whose result is a bool.
COMPARISONS: dict[str, Callable[..., str]] = {
    "equal": lambda a, x, y: a.compare("eq", x, y),
    "not_equal": lambda a, x, y: a.compare("ne", x, y),
    "less": lambda a, x, y: a.compare("lt", x, y),
    "less_equal": lambda a, x, y: a.compare("le", x, y),
    "greater": lambda a, x, y: a.compare("gt", x, y),
    "greater_equal": lambda a, x, y: a.compare("ge", x, y),
    "isnan": lambda a, x: a.compare("ne", x, x) if a.floats else "false",
    # abs(inf) <= inf: so it is held against the largest number.
    "isfinite": lambda a, x: (
        a.compare("le", a.absolute(x), literal(np.finfo(a.dtype).max, a.dtype)) if a.floats else "true"
    ),
    "logical_and": lambda a, x, y: a.let(f"and i1 {a.compare('ne', x, a.zero)}, {a.compare('ne', y, a.zero)}"),
    "logical_or": lambda a, x, y: a.either(a.compare("ne", x, a.zero), a.compare("ne", y, a.zero)),
    "logical_not": lambda a, x: a.compare("eq", x, a.zero),
}

#: Operations that are a function by the same name.
_FUNCTIONS = (
    *("exp", "expm1", "log", "log1p", "log2", "sin", "cos", "tan", "tanh", "sqrt", "erf"),
    *("floor", "ceil", "trunc", "rint", "copysign", "exp2", "log10", "sinh", "cosh", "hypot", "erfc"),
    *("arcsin", "arccos", "arctan", "arctan2", "arcsinh", "arccosh", "arctanh"),
)


def _function(name: str, a: Arithmetic, *operands: str) -> str:
    return a.function(name, *operands)


#: Operations whose operands are cast to the dtype of the result.
FORMULAS: dict[str, Callable[..., str]] = {
    "add": lambda a, x, y: a.op("add", x, y),
    "subtract": lambda a, x, y: a.op("sub", x, y),
    "multiply": lambda a, x, y: a.op("mul", x, y),
    "divide": lambda a, x, y: a.op("div", x, y),
    "negative": lambda a, x: a.negative(x),
    "absolute": lambda a, x: a.absolute(x),
    "sign": lambda a, x: a.sign(x, x),
    "sgn": lambda a, x: a.sign(x, a.zero),
    "square": lambda a, x: a.op("mul", x, x),
    "reciprocal": lambda a, x: a.op("div", a.one, x),
    "rsqrt": lambda a, x: a.power(x, -0.5),
    "power": lambda a, x, y: a.function("pow", x, y),
    "ndtr": lambda a, x: a.op(
        "mul", literal(0.5, a.dtype), a.function("erfc", a.op("mul", x, literal(-(0.5**0.5), a.dtype)))
    ),
    **{name: partial(_function, name) for name in _FUNCTIONS},
    "maximum": lambda a, x, y: a.extreme("lt", x, y),
    "minimum": lambda a, x, y: a.extreme("gt", x, y),
    "bitwise_and": lambda a, x, y: a.let(f"and {a.kind} {x}, {y}"),
    "bitwise_or": lambda a, x, y: a.let(f"or {a.kind} {x}, {y}"),
    "bitwise_xor": lambda a, x, y: a.let(f"xor {a.kind} {x}, {y}"),
    "cast": lambda a, x: x,
    "copy": lambda a, x: x,
    "contiguous": lambda a, x: x,
    "reshape": lambda a, x: x,
    "index": lambda a, x: x,
}

#: Operations that make no sense of whole numbers here: the result must be floating.
FLOATING = frozenset(["divide", "power", "reciprocal", "rsqrt", "ndtr", *_FUNCTIONS])


def converted(let: Let, x: str, old: DType, new: DType) -> str:
    """A number of one dtype in another."""
    if old == new:
        return x
    before, after = register_type(old), register_type(new)
    if new.kind == "b":
        zero = literal(0, old)
        return let(f"fcmp une {before} {x}, {zero}" if old.kind == "f" else f"icmp ne {before} {x}, {zero}")
    if old.kind == "f":
        if new.kind == "f":
            return let(f"{'fpext' if new.itemsize > old.itemsize else 'fptrunc'} {before} {x} to {after}")
        # What does not fit is any number, but always the same one.
        held = let(f"{'fptoui' if new.kind == 'u' else 'fptosi'} {before} {x} to {after}")
        return let(f"freeze {after} {held}")
    signed = old.kind == "i"
    if new.kind == "f":
        return let(f"{'sitofp' if signed else 'uitofp'} {before} {x} to {after}")
    bits_before, bits_after = (1 if old.kind == "b" else 8 * old.itemsize), 8 * new.itemsize
    if bits_before == bits_after:
        return x
    how = "trunc" if bits_after < bits_before else "sext" if signed else "zext"
    return let(f"{how} {before} {x} to {after}")
