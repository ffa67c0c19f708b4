"""Bessel functions: the modified ones of the first kind, and sinc, which is the first of the spherical ones.

All orders are needed for the derivatives, divided by powers of x, so that they are even and smooth at 0.
"""

from __future__ import annotations

from functools import lru_cache
from math import cos, factorial, pi, prod, sin
from typing import Any

import numpy as np

from autodiff.ops.special import FEWEST, Polynomial, evaluate, piecewise, tabled
from autodiff.primitive import primitive

# ---------------------------------------------------------------------- modified Bessel functions

# fmt: off
# I0(x) and I1(x) / x of x^2, for |x| < 8: nearly Taylor's series.
_NEAR = (
    Polynomial(
        7.1563841038704715e-40, 4.596006867582227e-37, 5.566132785039442e-34, 4.888364886932104e-31,
        3.8439551522008304e-28, 2.5977414368153943e-25, 1.4963370838452556e-22, 7.242257588753194e-20,
        2.896903414473123e-17, 9.385966986098854e-15, 2.402807549583671e-12, 4.7095027970619e-10,
        6.781684027778203e-08, 6.781684027777758e-06, 0.0004340277777777778, 0.015625,
        0.25, 1.0,
    ),
    Polynomial(
        1.9429054278018938e-41, 1.3769047940227915e-38, 1.7329954717086137e-35, 1.630447729545268e-32,
        1.3727374047117812e-29, 9.991390632392436e-27, 6.234733594318706e-24, 3.2919354425983547e-21,
        1.4484517018212629e-18, 5.214426104646516e-16, 1.5017547184680642e-13, 3.3639305693326665e-11,
        5.651403356481591e-09, 6.781684027777773e-07, 5.4253472222222226e-05, 0.0026041666666666665,
        0.0625, 0.5,
    ),
)
# exp(-x) sqrt(x) I0(x) and the same of I1, of 16 / x - 1, for x > 8.
_FAR = (
    Polynomial(
        -7.06893851181878e-11, -1.9216763724933513e-11, 5.181936971288284e-10, 1.4672236659214398e-10,
        -1.7789375042917173e-09, -5.562201990080394e-10, 3.881151253996067e-09, 1.497880830187091e-09,
        -6.188265090497361e-09, -3.4857887470034955e-09, 7.58022133915272e-09, 7.540601378890834e-09,
        -5.4685974495866e-09, -1.3404241991980871e-08, -6.729724111923548e-09, 7.553516470355896e-09,
        2.1545177650836005e-08, 3.932602459703109e-08, 8.87225351128584e-08, 2.973598432479169e-07,
        1.4838475473607391e-06, 1.1143033791556743e-05, 0.00013621607439232746, 0.003360551983667854,
        0.4021765094450081,
    ),
    Polynomial(
        7.347992441734663e-11, 1.7502497778701306e-11, -5.388285995923524e-10, -1.342266320082222e-10,
        1.8513716745511988e-09, 5.146498826087142e-10, -4.047785403711858e-09, -1.4171698018664596e-09,
        6.4870195719816896e-09, 3.406636130196794e-09, -8.044231276166508e-09, -7.630751970065577e-09,
        6.040877342160988e-09, 1.4029693589852716e-08, 6.715795128085017e-09, -8.426622829598154e-09,
        -2.337059627111857e-08, -4.312935369971356e-08, -1.0001323461066435e-07, -3.483855609009937e-07,
        -1.8349101134666435e-06, -1.5038547201176271e-05, -0.00021923576383430274, -0.009749577193235728,
        0.38939845902587233,
    ),
)
# fmt: on


@lru_cache(maxsize=64)
def _taylor(order: int) -> Polynomial:
    """I_n(x) / x^n of x^2: the terms (x / 2)^(2k) / (k! (n + k)! 2^n)."""
    return Polynomial(*[0.25**k / (factorial(k) * factorial(order + k) * 2.0**order) for k in range(30)][::-1])


def _ratio(x: Any, order: int, scaled: bool) -> Any:
    """I_n(x) / x^n, times exp(-|x|) if it is to be scaled."""

    def near(size: Any) -> Any:
        out = (_NEAR[order] if order < 2 else _taylor(order))(size * size)
        if scaled:
            out *= np.exp(-size)
        return out

    def far(size: Any) -> Any:
        out = _far_ratio(size, order)
        if not scaled:  # in two steps: exp(x) overflows earlier than the result
            half = np.exp(0.5 * size)
            out *= half
            out *= half
        return out

    return piecewise(np.absolute(x), (8.0,), near, far)


def _far_ratio(size: Any, order: int) -> Any:
    """exp(-x) I_n(x) / x^n for x > 8, by the recurrence I_(n+1) = I_(n-1) - 2 n / x I_n, which is stable there."""
    inverse = 1.0 / size
    t = 16.0 * inverse - 1.0
    root = np.sqrt(inverse)
    out = _FAR[min(order, 1)](t) * root
    if not order:
        return out
    out *= inverse
    before = _FAR[0](t) * root if order > 1 else None
    for k in range(1, order):
        before, out = out, (before - 2 * k * out) * inverse * inverse
    return out


# Poisson's integral: I_n(x) / x^n is the mean of cosh(x cos t) sin(t)^(2n) / (2n - 1)!! over a quarter of a circle. The
# mean over so many equidistant angles is right to 10 digits for |x| < 100, where a float32 ends, and n < 5.
_ANGLES = [(j + 0.5) * pi / 40 for j in range(20)]
# The cosine of one more, which counts for nothing, makes nan of inf, as do the polynomials.
_COSINES = np.array([*[cos(t) for t in _ANGLES], 0.0])
_ROW, _SHARES = _COSINES[None], _COSINES / 20


@lru_cache(maxsize=5)
def _means(order: int) -> Any:
    """What each angle counts for."""
    return np.array([*[sin(t) ** (2 * order) / (20 * prod(range(1, 2 * order, 2))) for t in _ANGLES], 0.0])


def _few(x: Any, order: int, scaled: bool) -> bool:
    return order < 5 and tabled(x) and (not scaled or (x.size <= FEWEST and max(map(abs, x.ravel().tolist())) < 90))


def _ratio_few(x: Any, order: int, scaled: bool) -> Any:
    wide = x.astype(np.float64)
    out = np.cosh(wide[..., None].dot(_ROW)).dot(_means(order))
    if scaled:
        out = out * np.exp(-np.absolute(wide))
    return out.astype(x.dtype)


def _i1_few(x: Any, scaled: bool) -> Any:
    wide = x.astype(np.float64)
    out = np.sinh(wide[..., None].dot(_ROW)).dot(_SHARES)
    if scaled:
        out = out * np.exp(-np.absolute(wide))
    return out.astype(x.dtype)


def _odd(x: Any, scaled: bool) -> Any:
    return x * _ratio(x, 1, scaled)


def _i1(x: Any, scaled: bool) -> Any:
    """I1 as x (I1 / x); at inf by itself, where the factors are inf and 0."""
    out = _odd(x, scaled)
    if scaled:
        np.copyto(out, 0.0, where=np.isinf(x))
    return out


@primitive(promotes="float")
def i0(x: Any) -> Any:
    """Modified Bessel function of the first kind, order 0"""
    return _ratio_few(x, 0, False) if tabled(x) else evaluate(_ratio, x, 0, False)


@primitive(promotes="float")
def i1(x: Any) -> Any:
    """Modified Bessel function of the first kind, order 1"""
    return _i1_few(x, False) if tabled(x) else evaluate(_i1, x, False)


@primitive(promotes="float")
def i0e(x: Any) -> Any:
    """exp(-|x|) i0(x)"""
    return _ratio_few(x, 0, True) if _few(x, 0, True) else evaluate(_ratio, x, 0, True)


@primitive(promotes="float")
def i1e(x: Any) -> Any:
    """exp(-|x|) i1(x)"""
    return _i1_few(x, True) if _few(x, 1, True) else evaluate(_i1, x, True)


@primitive(promotes="float")
def bessel_ratio(x: Any, *, order: int, scaled: bool = False) -> Any:
    """I_n(x) / x^n, even and smooth, times exp(-|x|) if it is scaled"""
    return _ratio_few(x, order, scaled) if _few(x, order, scaled) else evaluate(_ratio, x, order, scaled)


# I0' = I1;  I1' = I0 - I1 / x;  with F_n = I_n / x^n: F_n' = x F_(n+1)
i0.defvjp(lambda xp, g, x: g * xp.i1(x))
i1.defvjp(lambda xp, g, x: g * (xp.i0(x) - xp.bessel_ratio(x, order=1)))
# d/dx exp(-|x|) f = exp(-|x|) (f' - sign(x) f)
i0e.defvjp(lambda xp, g, x, out: g * (xp.i1e(x) - xp.sign(x) * out))
i1e.defvjp(lambda xp, g, x, out: g * (xp.i0e(x) - xp.bessel_ratio(x, order=1, scaled=True) - xp.sign(x) * out))


def _bessel_ratio(xp: Any, g: Any, x: Any, out: Any, *, order: int, scaled: bool) -> Any:
    slope = x * xp.bessel_ratio(x, order=order + 1, scaled=scaled)
    return g * (slope - xp.sign(x) * out if scaled else slope)


bessel_ratio.defvjp(_bessel_ratio)

# ---------------------------------------------------------------------- sinc


def _turn(x: Any) -> Any:
    """x less the nearest even number: for pi x the whole turns, taken off while that is exact."""
    out = x * 0.5
    np.rint(out, out=out)
    out *= -2
    out += x
    return out


def _sinc(x: Any) -> Any:
    size = np.absolute(x)
    np.maximum(size, 1e-30, out=size)  # so that 0 / 0 is 1
    turn = _turn(size)
    out = np.absolute(turn)
    np.minimum(out, 1 - out, out=out)  # sin(pi t) = sin(pi (1 - t))
    out *= pi
    np.sin(out, out=out)
    np.copysign(out, turn, out=out)
    size *= pi
    out /= size
    return out


@primitive(promotes="float")
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0"""
    return evaluate(_sinc, x, wide=False)


# sinc(x) = j0(pi x), the spherical Bessel function. With G_n(z) = j_n(z) / z^n: G_n' = -z G_(n+1).
sinc.defvjp(lambda xp, g, x: g * (x * xp.sinc_ratio(x, order=1) * -9.869604401089358))


@lru_cache(maxsize=64)
def _spherical(order: int) -> Polynomial:
    """G_n of z^2: the terms (-z^2 / 2)^k / (k! (2 n + 2 k + 1)!!)."""
    terms = 16 + 2 * order
    return Polynomial(
        *[(-0.5) ** k / (factorial(k) * float(prod(range(1, 2 * (order + k) + 2, 2)))) for k in range(terms)][::-1]
    )


def _sinc_ratio(x: Any, order: int) -> Any:
    def near(size: Any) -> Any:
        z = size * np.float64(pi)
        z *= z
        return _spherical(order)(z)

    def far(size: Any) -> Any:
        # j_(n+1) = (2 n + 1) / z j_n - j_(n-1), from j_(-1) = cos(z) / z; stable from about z = n on
        before, out = np.cos(_turn(size) * pi), _sinc(size)
        inverse = 1 / (size * pi)
        inverse *= inverse
        for k in range(order):
            before, out = out, ((2 * k + 1) * out - before) * inverse
        return out

    return piecewise(np.absolute(x), ((order + 2.2) / pi,), near, far)


@primitive(promotes="float")
def sinc_ratio(x: Any, *, order: int) -> Any:
    """The spherical Bessel function j_n(pi x) / (pi x)^n, even and smooth"""
    return evaluate(_sinc_ratio, x, order, wide=False)


sinc_ratio.defvjp(lambda xp, g, x, *, order: g * (x * xp.sinc_ratio(x, order=order + 1) * -9.869604401089358))
