"""Special functions where they are hard: far tails, poles, zeros, corners. The numbers were computed to 50 digits."""

from math import inf, pi

import numpy as np
import pytest

import autodiff as ad
from autodiff.ops import special as engine

DOUBLE = ad.float64
S = ad.special

HARD = [
    (ad.erf, 0.25, 0.27632639016823693),
    (ad.erfc, 0.5, 0.47950012218695346),
    (ad.erfc, 20.0, 5.3958656116079009e-176),
    (ad.erfinv, 0.999, 2.3267537655135245),
    (S.erfcx, 50.0, 0.011281536265323773),
    (S.ndtr, -30.0, 4.9067139271481871e-198),
    (S.log_ndtr, -1e4, -50000010.129278915),
    (S.ndtri, 1e-300, -37.047096299361199),
    (ad.lgamma, 0.001, 6.9071788853838537),
    (ad.lgamma, 1.0001, -5.7713342220471268e-5),
    (ad.lgamma, -1.5, 0.86004701537648101),
    (ad.lgamma, 1e5, 1051287.7089736569),
    (ad.digamma, 0.1, -10.423754940411076),
    (ad.digamma, 1.4616, -3.110625123034165e-5),
    (lambda x: ad.polygamma(1, x), 0.1, 101.43329915079275),
    (lambda x: ad.polygamma(3, x), -1.25, 1558.2209125348506),
    (lambda x: S.zeta(3, x), 1.0, 1.2020569031595943),
    (lambda x: S.zeta(1.5, x), 0.25, 10.213055360466601),
    (lambda x: S.zeta(2, x), -2.5, 9.5392466449891238),
    (ad.i0, 20.0, 43558282.559553533),
    (ad.i0, 712.0, 2.4684110577627524e307),
    (S.i0e, 1e6, 0.00039894233026924578),
    (S.i1, 0.5, 0.25789430539089632),
    (ad.sinc, 0.75, 0.30010543871903536),
    (ad.sinc, 1000000.5, 3.1830972702892716e-7),
]


def derivatives(function, at, order):
    """Value and derivatives at one number."""
    x = ad.tensor(at, dtype=DOUBLE, requires_grad=True)
    found = [function(x)]
    for _ in range(order):
        found += ad.grad(found[-1], x, create_graph=True)
    return [f.item() for f in found]


@pytest.mark.parametrize(("function", "x", "expected"), HARD)
@pytest.mark.parametrize("size", [1, 40, 1000])
def test_values_are_right_to_the_last_digits_in_arrays_of_every_size(function, x, expected, size):
    found = function(ad.tensor([x] * size, dtype=DOUBLE)).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-15)


#: Those of them that can be asked in float32.
SINGLE = [case for case in HARD if float(np.float32(case[1])) == case[1] and 1e-37 < abs(case[2]) < 1e38]


@pytest.mark.parametrize(("function", "x", "expected"), SINGLE)
@pytest.mark.parametrize("size", [1, 1000])
def test_float32_is_right_to_two_units_in_its_last_digit(function, x, expected, size):
    found = function(ad.tensor([x] * size)).numpy()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=2.4e-7)


@pytest.mark.parametrize(
    "function",
    [
        *(ad.erf, ad.erfc, ad.erfinv, ad.lgamma, ad.digamma, ad.i0, ad.sinc, ad.logit, S.ndtr, S.ndtri, S.erfcx, S.i1),
        *(S.log_ndtr, S.entr, lambda x: ad.polygamma(1, x), lambda x: S.zeta(2.5, x + 2)),
    ],
)
@pytest.mark.parametrize("dtype", [ad.float32, DOUBLE])
def test_a_large_array_gets_what_its_elements_would_get(function, dtype):
    n = 4 * engine.PIECE + 5
    x = np.linspace(-12, 12, n).reshape(5, -1) if n % 5 == 0 else np.linspace(-12, 12, n)
    every = function(ad.tensor(x, dtype=dtype)).numpy()
    some = function(ad.tensor(x[..., ::999], dtype=dtype)).numpy()
    few = function(ad.tensor(x[..., :7], dtype=dtype)).numpy()
    digits = {"rtol": 1e-12, "atol": 1e-14} if dtype == DOUBLE else {"rtol": 1e-6, "atol": 1e-7}
    np.testing.assert_allclose(every[..., ::999], some, **digits)
    np.testing.assert_allclose(every[..., :7], few, **digits)


@pytest.mark.parametrize(
    "function", [ad.lgamma, ad.digamma, lambda x: ad.polygamma(1, x), lambda x: ad.polygamma(2, x)]
)
def test_derivatives_of_a_few_float32_are_those_of_float64(function):
    few = ad.tensor([-2.9, -1.5, -0.25, 0.3, 1.46, 7.5, 1e4], requires_grad=True)
    wide = few.detach().double().requires_grad_()
    y, exact = function(few), function(wide)
    for _ in range(3):
        np.testing.assert_allclose(y.detach().numpy(), exact.detach().numpy(), rtol=2e-7)
        (y,) = ad.grad(y.sum(), few, create_graph=True)
        (exact,) = ad.grad(exact.sum(), wide, create_graph=True)


def test_the_slope_of_log_ndtr_does_not_cancel_far_to_the_left():
    for at in (-1e4, -1e8):
        _, slope, second = derivatives(S.log_ndtr, at, 2)
        assert slope == pytest.approx(-at - 1 / at, rel=1e-15)
        assert second == pytest.approx(-1 + 1 / at**2, rel=1e-15)


def test_the_derivatives_of_erfcx_do_not_cancel():
    assert derivatives(S.erfcx, 30.0, 3)[3] == pytest.approx(-4.1560989624037205e-06, rel=1e-14)


def test_sinc_is_smooth_at_0_in_every_derivative():
    assert derivatives(ad.sinc, 0.0, 4) == pytest.approx([1, 0, -(pi**2) / 3, 0, pi**4 / 5], rel=1e-15)
    found = derivatives(ad.sinc, 1e-4, 2)
    assert found[1:] == pytest.approx([-0.00032898681012267561, -3.2898680362873624], rel=1e-14)


def test_i0_and_i1_are_smooth_at_0_in_every_derivative():
    assert derivatives(ad.i0, 0.0, 4) == [1, 0, 0.5, 0, 0.375]
    found = derivatives(S.i1, 1e-3, 4)
    expected = [0.50000018750001302, 0.00037500005208333562, 0.37500015625001139, 0.00031250004557291872]
    assert found[1:] == pytest.approx(expected, rel=1e-14)


def test_lgamma_has_derivatives_of_every_order():
    assert derivatives(ad.lgamma, 2.5, 6)[5] == pytest.approx(ad.polygamma(4, ad.tensor(2.5, dtype=DOUBLE)).item())
    assert derivatives(ad.digamma, 2.5, 4)[4] == pytest.approx(-0.31375599950673136, rel=1e-14)


def test_poles_of_polygamma_are_infinite_and_its_limit_is_0():
    x = ad.tensor([0.0, -1.0, -7.0, inf])
    assert ad.polygamma(1, x).tolist() == [inf, inf, inf, 0]
    assert ad.polygamma(2, x).tolist() == [-inf, -inf, -inf, 0]


def test_polygamma_takes_its_order_before_or_after():
    x = ad.tensor([1.5])
    for spelled in (ad.polygamma(2, x), ad.polygamma(n=2, input=x), x.polygamma(2), x.polygamma(n=2)):
        assert spelled.tolist() == ad.polygamma(2, x).tolist()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda: ad.polygamma(-1, ad.ones(2)), "polygamma has the orders 0, 1, 2, ...; got n=-1"),
        (lambda: ad.polygamma(1.5, ad.ones(2)), "polygamma: n must be an integer, not 1.5"),
        (lambda: ad.mvlgamma(ad.ones(2), 0), "mvlgamma needs a dimension of at least 1; got p=0"),
        (lambda: ad.mvlgamma(ad.ones(2), 1.5), "mvlgamma: p must be an integer, not 1.5"),
    ],
)
def test_mistakes_are_answered_in_the_users_words(wrong, text):
    with pytest.raises(RuntimeError) as caught:
        wrong()
    assert text in str(caught.value)


def test_zeta_has_no_derivative_for_its_first_argument_and_says_so():
    s, q = ad.tensor([2.0, 3.0], requires_grad=True), ad.tensor([1.5, 2.5], requires_grad=True)
    with pytest.raises(RuntimeError, match="give it as a number, or detach"):
        S.zeta(s, q).sum().backward()
    (slope,) = ad.grad(S.zeta(s.detach(), q).sum(), q)
    np.testing.assert_allclose(slope.numpy(), (-s * S.zeta(s + 1, q)).detach().numpy(), rtol=1e-6)
