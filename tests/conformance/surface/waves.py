"""Exponentials, logarithms, circular and hyperbolic functions: what is compared with PyTorch."""

from tests.conformance.surface.form import Case, Edge

INF, NAN = float("inf"), float("nan")

CASES: dict[str, Case] = {
    "expm1": lambda m, x: m.expm1(x),
    "expm1 integers": lambda m, i: i.expm1(),
    "exp2": lambda m, x: m.exp2(x),
    "exp2 integers": lambda m, i: m.exp2(i),
    "log2": lambda m, p: m.log2(p),
    "log2 method": lambda m, p: p.log2(),
    "log10": lambda m, p: m.log10(p),
    "log10 integers": lambda m, j: m.log10(j * j),
    "logaddexp": lambda m, x, y: m.logaddexp(x, y),
    "logaddexp broadcast": lambda m, x, r: x.logaddexp(r),
    "logaddexp mixed floats": lambda m, x, d: m.logaddexp(x, d),
    "logaddexp far apart": lambda m, x, y: m.logaddexp(x * 20, y * 20),
    "logaddexp2": lambda m, x, y: m.logaddexp2(x, y),
    "logaddexp2 mixed floats": lambda m, x, d: m.logaddexp2(x, d),
    "ldexp": lambda m, x, j: m.ldexp(x, j * j),
    # PyTorch gives a gradient of 0 where the integer is negative.
    "ldexp by negative integers": lambda m, x, j: m.ldexp(x, j).detach(),
    "ldexp floats": lambda m, x, y: x.ldexp(y),
    "ldexp integers": lambda m, i, j: m.ldexp(i, j),
    "ldexp mixed floats": lambda m, x, d: m.ldexp(x, d),
    "ldexp half": lambda m, h, ix: m.ldexp(h, ix),
    "tan": lambda m, x: m.tan(x),
    "tan transposed": lambda m, x: x.T.tan(),
    "asin": lambda m, d: m.asin(d / 2),
    "arcsin": lambda m, x: m.arcsin(x / 4),
    "acos": lambda m, d: m.acos(d / 2),
    "arccos": lambda m, x: m.arccos(x / 4),
    "atan": lambda m, x: m.atan(x),
    "arctan": lambda m, x: m.arctan(x),
    "atan integers": lambda m, i: i.atan(),
    "atan2": lambda m, x, y: m.atan2(x, y),
    "atan2 broadcast": lambda m, x, c: m.atan2(x, c),
    "atan2 integers": lambda m, i, j: i.atan2(j),
    "atan2 mixed floats": lambda m, x, d: m.atan2(x, d),
    "atan2 one": lambda m, x, y: m.atan2(x.detach(), y),
    "arctan2": lambda m, x, y: m.arctan2(x, y),
    "hypot": lambda m, x, y: m.hypot(x, y),
    "hypot broadcast": lambda m, x, r: x.hypot(r),
    "hypot mixed floats": lambda m, x, d: m.hypot(x, d),
    "deg2rad": lambda m, x: m.deg2rad(x),
    "deg2rad integers": lambda m, i: m.deg2rad(i),
    "rad2deg": lambda m, x: m.rad2deg(x),
    "rad2deg integers": lambda m, i: m.rad2deg(i),
    "sinh": lambda m, x: m.sinh(x),
    "cosh": lambda m, x: m.cosh(x),
    "cosh booleans": lambda m, b: m.cosh(b),
    "asinh": lambda m, x: m.asinh(x),
    "arcsinh": lambda m, x: m.arcsinh(x),
    "acosh": lambda m, p: m.acosh(p + 1),
    "arccosh": lambda m, p: m.arccosh(p + 1),
    "atanh": lambda m, d: m.atanh(d / 2),
    "arctanh": lambda m, x: m.arctanh(x / 4),
}

ENDS = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 2.0]
FIRST = [0.0, 0.0, 1.0, INF, INF, -INF, NAN, 1.0, INF, -INF, 3.0]
OTHER = [0.0, 1.0, 0.0, INF, -INF, -INF, 1.0, NAN, 1.0, 1.0, 4.0]

EDGES: dict[str, Edge] = {
    **{
        f"{name} at its ends": (lambda m, x, name=name: getattr(m, name)(x), (ENDS,), 2)
        for name in (
            *("expm1", "exp2", "log2", "log10", "deg2rad", "tan", "asin", "acos", "atan"),
            *("sinh", "cosh", "asinh", "acosh", "atanh"),
        )
    },
    **{
        f"{name} at its ends": (lambda m, x, y, name=name: getattr(m, name)(x, y), (FIRST, OTHER), 1)
        for name in ["atan2", "hypot", "logaddexp", "logaddexp2", "ldexp"]
    },
    "atan2 at the origin": (lambda m, x, y: m.atan2(x, y), ([0.0, -0.0], [0.0, 0.0]), 1),
    "tan of nothing": (lambda m, x: m.tan(x), ([],), 2),
    "atan2 of nothing": (lambda m, x, y: m.atan2(x, y), ([], [1.0]), 2),
    "hypot without dimensions": (lambda m, x, y: m.hypot(x, y), (3.0, 4.0), 2),
}
