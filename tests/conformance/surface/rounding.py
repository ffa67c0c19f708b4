"""Rounding, signs, steps, and repairing nan and infinities: what is compared with PyTorch."""

from tests.conformance.surface.form import Case, Edge

INF, NAN = float("inf"), float("nan")

CASES: dict[str, Case] = {
    "floor": lambda m, x: m.floor(x),
    "floor integers": lambda m, i: m.floor(i),
    "floor bytes": lambda m, u: u.floor(),
    "ceil": lambda m, x: m.ceil(x),
    "ceil integers": lambda m, i32: i32.ceil(),
    "trunc": lambda m, x: m.trunc(x),
    "trunc integers": lambda m, i: m.trunc(i),
    "fix": lambda m, x: m.fix(x),
    "round": lambda m, x: m.round(x),
    "round integers": lambda m, i: i.round(),
    "round decimals": lambda m, d: m.round(d * 1.7, decimals=1),
    "round tens": lambda m, x: (x * 37).round(decimals=-1),
    "round half": lambda m, h: m.round(h, decimals=1),
    "frac": lambda m, x: m.frac(x),
    "frac half": lambda m, h: h.frac(),
    "fmod": lambda m, x, y: m.fmod(x, y),
    "fmod number": lambda m, x: x.fmod(0.75),
    "fmod integers": lambda m, i, j: m.fmod(i, j),
    "fmod of integers by a float": lambda m, i: m.fmod(i, 2.5),
    "fmod mixed floats": lambda m, x, d: m.fmod(x, d),
    "sgn": lambda m, x: m.sgn(x),
    "sgn integers": lambda m, i: i.sgn(),
    "sgn booleans": lambda m, b: m.sgn(b),
    "signbit": lambda m, x: m.signbit(x),
    "signbit integers": lambda m, i: i.signbit(),
    "signbit bytes": lambda m, u: m.signbit(u),
    "copysign": lambda m, x, y: m.copysign(x, y),
    "copysign number": lambda m, x: x.copysign(-1),
    "copysign integers": lambda m, i, j: m.copysign(i, j),
    "copysign mixed floats": lambda m, x, d: m.copysign(x, d),
    "heaviside": lambda m, x, y: m.heaviside(x, y).detach(),
    "heaviside broadcast": lambda m, z, s: z.heaviside(s).detach(),
    "heaviside integers": lambda m, i, j: m.heaviside(i * 0, j),
    "nextafter": lambda m, x, y: m.nextafter(x, y),
    "nextafter mixed floats": lambda m, x, d: x.nextafter(d),
    "nan_to_num": lambda m, w: m.nan_to_num(w),
    "nan_to_num replaced": lambda m, w: m.nan_to_num(w, nan=2.0, posinf=3.0, neginf=-4.0),
    "nan_to_num by position": lambda m, w: w.nan_to_num(None, 3.0),
    "nan_to_num integers": lambda m, i: m.nan_to_num(i),
    "nan_to_num half": lambda m, h: m.nan_to_num(h / 0),
    "fmax": lambda m, x, y: m.fmax(x, y),
    "fmax broadcast": lambda m, x, r: x.fmax(r),
    "fmax integers": lambda m, i, j: m.fmax(i, j),
    "fmax mixed floats": lambda m, x, d: m.fmax(x, d),
    "fmin": lambda m, x, y: m.fmin(x, y),
    "fmin mixed": lambda m, x, i: x.fmin(i),
}

ENDS = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, INF, -INF, NAN]
FIRST = [0.0, 0.0, 1.0, -1.0, NAN, 1.0, NAN, 2.0, -2.0, INF]
OTHER = [0.0, 1.0, 0.0, -1.0, 1.0, NAN, NAN, -2.0, 2.0, 1.0]

EDGES: dict[str, Edge] = {
    **{
        f"{name} at its ends": (lambda m, x, name=name: getattr(m, name)(x), (ENDS,), 1)
        for name in ["floor", "ceil", "trunc", "round", "frac", "sgn", "sign", "nan_to_num", "abs"]
    },
    **{
        f"{name} at its ends": (lambda m, x, y, name=name: getattr(m, name)(x, y), (FIRST, OTHER), 1)
        for name in ["fmax", "fmin", "copysign", "nextafter", "fmod", "remainder"]
    },
    "heaviside at its ends": (lambda m, x: m.heaviside(x, x * 0 + 0.5), (ENDS,), 0),
    "signbit at its ends": (lambda m, x: m.signbit(x), (ENDS,), 0),
    "fmod of signs": (lambda m, x, y: m.fmod(x, y), ([5.0, -5.0, 5.0, -5.0], [3.0, 3.0, -3.0, -3.0]), 2),
    "round of nothing": (lambda m, x: m.round(x), ([],), 1),
    "nan_to_num without dimensions": (lambda m, x: m.nan_to_num(x), (NAN,), 2),
}
