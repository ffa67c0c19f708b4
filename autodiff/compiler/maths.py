"""Exponentials and logarithms without branches, written in LLVM's language, so that whole vectors of them are computed.

A call of the C library takes one number at a time; these take eight. Arguments are reduced by powers of two,
``exp(x) = 2**n exp(r)`` with |r| <= ln(2) / 2, and ``log(x) = n ln(2) + log(m)`` with m between sqrt(1/2) and sqrt(2);
what is left are short series whose coefficients everybody knows (J.-M. Muller, Elementary Functions, 3rd ed., 2016,
chapters 3 and 11). Errors are a few units in the last place. No flag lets LLVM reorder these operations: the reduction
subtracts numbers that are nearly equal.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, getcontext
from math import factorial, floor
from typing import Any

import numpy as np

from autodiff.compiler.ir import literal, register_type, suffix

__all__ = ["EXTERNAL", "FUNCTIONS", "definition", "needs"]

DType = np.dtype[Any]

#: Functions that are taken from LLVM or from the C library, one number at a time.
EXTERNAL = {
    **{name: f"llvm.{name}" for name in ("sin", "cos", "pow", "exp2", "log10", "ceil", "trunc", "rint", "copysign")},
    **{name: name for name in ("tan", "erf", "erfc", "sinh", "cosh", "hypot")},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
}


class _Body:
    """Lines of one function of x, with the operations that these functions use."""

    def __init__(self, name: str, dtype: DType) -> None:
        self.dtype = dtype
        self.kind = register_type(dtype)
        self.bits = 8 * dtype.itemsize
        self.whole = f"i{self.bits}"
        self.mantissa = {32: 23, 64: 52}[self.bits]
        self.bias = {32: 127, 64: 1023}[self.bits]
        self.name = f"@wengert.{name}.{suffix(dtype)}"
        self.lines: list[str] = []

    def let(self, expression: str) -> str:
        self.lines.append(f"  %v{len(self.lines)} = {expression}")
        return f"%v{len(self.lines) - 1}"

    def number(self, x: float) -> str:
        return literal(x, self.dtype)

    def op(self, operation: str, x: str, y: str) -> str:
        return self.let(f"{operation} {self.kind} {x}, {y}")

    def integer(self, operation: str, x: str, y: int | str) -> str:
        return self.let(f"{operation} {self.whole} {x}, {y}")

    def fused(self, x: str, y: str, z: str) -> str:
        """X * y + z, with one rounding where the processor can."""
        kind = self.kind
        return self.let(f"call {kind} @llvm.fmuladd.{suffix(self.dtype)}({kind} {x}, {kind} {y}, {kind} {z})")

    def select(self, comparison: str, x: str, y: str, yes: str, no: str) -> str:
        held = self.let(f"fcmp {comparison} {self.kind} {x}, {y}")
        return self.let(f"select i1 {held}, {self.kind} {yes}, {self.kind} {no}")

    def integer_of(self, x: str) -> str:
        return self.let(f"bitcast {self.kind} {x} to {self.whole}")

    def number_of(self, x: str) -> str:
        return self.let(f"bitcast {self.whole} {x} to {self.kind}")

    def series(self, x: str, coefficients: list[float]) -> str:
        """The polynomial with these coefficients, the constant one first, by Horner's rule."""
        total = self.number(coefficients[-1])
        for c in reversed(coefficients[:-1]):
            total = self.fused(total, x, self.number(c))
        return total

    def power_of_two(self, n: str) -> str:
        """2**n, of a whole number n in the range of normal numbers."""
        return self.number_of(self.integer("shl", self.integer("add", n, self.bias), self.mantissa))

    def call(self, name: str, x: str) -> str:
        return self.let(f"call {self.kind} @wengert.{name}.{suffix(self.dtype)}({self.kind} {x})")

    def definition(self, result: str) -> str:
        head = f"define internal {self.kind} {self.name}({self.kind} %x) alwaysinline nounwind {{"
        return "\n".join([head, *self.lines, f"  ret {self.kind} {result}", "}"])

    # ------------------------------------------------------------------ what several functions share

    def ln2(self) -> tuple[float, float]:
        """Ln(2) as a sum: products of the first part and the exponent of a number are exact."""
        getcontext().prec = 60
        exact = Decimal(2).ln()
        unit = 2 ** {32: 15, 64: 40}[self.bits]
        high = floor(exact * unit) / unit
        return high, float(exact - Decimal(high))

    def reduced(self, x: str) -> tuple[str, str]:
        """R and n with x = n ln(2) + r."""
        # Added to 1.5 * 2**mantissa, a number is rounded to a whole one, which stands in the last bits of the sum.
        magic = 1.5 * 2.0**self.mantissa
        t = self.fused(x, self.number(1 / np.log(2)), self.number(magic))
        n = self.integer("sub", self.integer_of(t), _bits(magic, self.dtype))
        rounded = self.op("fsub", t, self.number(magic))
        high, low = self.ln2()
        r = self.fused(rounded, self.number(-high), x)
        return self.fused(rounded, self.number(-low), r), n

    def clamped(self, x: str, low: float, high: float) -> str:
        """X between bounds; nan stays."""
        x = self.select("ogt", x, self.number(high), self.number(high), x)
        return self.select("olt", x, self.number(low), self.number(low), x)

    def split(self) -> tuple[str, str]:
        """N, as a number, and the logarithm of m, with x = 2**n m; of positive x."""
        tiny = float(np.finfo(self.dtype).tiny)
        unit = 2.0**self.mantissa
        held = self.let(f"fcmp olt {self.kind} %x, {self.number(tiny)}")
        scaled = self.op("fmul", "%x", self.number(unit))
        x = self.let(f"select i1 {held}, {self.kind} {scaled}, {self.kind} %x")
        shift = self.let(f"select i1 {held}, {self.kind} {self.number(-self.mantissa)}, {self.kind} {self.number(0)}")
        bits = self.integer_of(x)
        n = self.integer("ashr", self.integer("sub", bits, _bits(0.5**0.5, self.dtype)), self.mantissa)
        m = self.number_of(self.integer("sub", bits, self.integer("shl", n, self.mantissa)))
        exponent = self.op("fadd", self.let(f"sitofp {self.whole} {n} to {self.kind}"), shift)
        # With s = (m - 1) / (m + 1), log(m) = 2 artanh(s) = 2 s (1 + s**2 / 3 + s**4 / 5 + ...), |s| < 0.172. Since
        # 2 s = f - s f with f = m - 1, which is exact, the series corrects f, and log(x) is accurate near x = 1.
        f = self.op("fsub", m, self.number(1))
        s = self.op("fdiv", f, self.op("fadd", m, self.number(1)))
        z = self.op("fmul", s, s)
        terms = {32: 5, 64: 11}[self.bits]
        rest = self.op("fmul", z, self.series(z, [2 / (2 * k + 3) for k in range(terms)]))
        return exponent, self.fused(s, self.op("fsub", rest, f), f)

    def logarithm(self, made: str) -> str:
        """`made` where x is positive and finite; else what a logarithm is there."""
        inf, zero = self.number(np.inf), self.number(0)
        made = self.select("oeq", "%x", inf, inf, made)
        made = self.select("oeq", "%x", zero, self.number(-np.inf), made)
        return self.select("oge", "%x", zero, made, self.number(np.nan))


def _bits(x: float, dtype: DType) -> int:
    return int(np.asarray(x, dtype).view(f"i{dtype.itemsize}"))


def _taylor(body: _Body) -> list[float]:
    """Coefficients of exp; the first one left out is below half a unit in the last place of exp(ln(2) / 2)."""
    return [1 / factorial(k) for k in range({32: 8, 64: 14}[body.bits])]


def _exp(body: _Body) -> str:
    low, high = {32: (-104.0, 89.0), 64: (-746.0, 710.0)}[body.bits]
    r, n = body.reduced(body.clamped("%x", low, high))
    # Two factors, since 2**n itself may be no normal number at either end.
    half = body.integer("ashr", n, 1)
    made = body.op("fmul", body.series(r, _taylor(body)), body.power_of_two(half))
    return body.op("fmul", made, body.power_of_two(body.integer("sub", n, half)))


def _expm1(body: _Body) -> str:
    high = {32: 89.0, 64: 710.0}[body.bits]
    r, n = body.reduced(body.clamped("%x", -40.0, high))
    # 2**n exp(r) - 1 = 2**n (exp(r) - 1) + (2**n - 1), and half of everything first: 2**n may be out of range.
    scale = body.power_of_two(body.integer("sub", n, 1))
    less = body.op("fmul", r, body.series(r, _taylor(body)[1:]))
    made = body.fused(scale, less, body.op("fsub", scale, body.number(0.5)))
    made = body.op("fadd", made, made)
    return body.select("oeq", "%x", body.number(0), "%x", made)  # -0.0 stays


def _tanh(body: _Body) -> str:
    # tanh(x) = (exp(2 x) - 1) / (exp(2 x) + 1), of |x|, with the sign of x
    size = body.let(f"call {body.kind} @llvm.fabs.{suffix(body.dtype)}({body.kind} %x)")
    size = body.clamped(size, 0.0, 20.0)
    e = body.call("expm1", body.op("fadd", size, size))
    made = body.op("fdiv", e, body.op("fadd", e, body.number(2)))
    return body.let(f"call {body.kind} @llvm.copysign.{suffix(body.dtype)}({body.kind} {made}, {body.kind} %x)")


def _log(body: _Body) -> str:
    n, rest = body.split()
    high, low = body.ln2()
    made = body.fused(n, body.number(high), body.fused(n, body.number(low), rest))
    return body.logarithm(made)


def _log2(body: _Body) -> str:
    n, rest = body.split()  # of powers of two, rest is zero and n is exact
    return body.logarithm(body.fused(rest, body.number(1 / np.log(2)), n))


def _log1p(body: _Body) -> str:
    # u = 1 + x loses digits of x; the derivative of log, times what was lost, gives them back.
    u = body.op("fadd", "%x", body.number(1))
    made = body.call("log", u)
    lost = body.op("fsub", "%x", body.op("fsub", u, body.number(1)))
    with_rest = body.op("fadd", made, body.op("fdiv", lost, u))
    made = body.select("oeq", u, body.number(np.inf), made, with_rest)
    made = body.select("oeq", u, body.number(0), body.number(-np.inf), made)
    return body.select("oeq", "%x", body.number(0), "%x", made)  # -0.0 stays


#: Functions that are written here: by what, and which others each calls.
FUNCTIONS: dict[str, tuple[Callable[[_Body], str], tuple[str, ...]]] = {
    "exp": (_exp, ()),
    "expm1": (_expm1, ()),
    "tanh": (_tanh, ("expm1",)),
    "log": (_log, ()),
    "log2": (_log2, ()),
    "log1p": (_log1p, ("log",)),
}


def needs(name: str) -> list[str]:
    """A function of `FUNCTIONS` and those that it calls, these first."""
    return [*[inner for part in FUNCTIONS[name][1] for inner in needs(part)], name]


def definition(name: str, dtype: DType) -> str:
    """The definition of a function of `FUNCTIONS`, without those that it calls."""
    body = _Body(name, dtype)
    return body.definition(FUNCTIONS[name][0](body))
