"""Elementwise functions: the forms taken for many elements, what is refused, and dtypes that only store."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.primitive import plain

RNG = np.random.default_rng(5)
N = 40_000  # more than a block of the forms for many elements


def pairs(dtype):
    """Two arrays, some of whose quotients are whole, very large, infinite or nan."""
    x, y = (RNG.normal(0, 9, N).astype(dtype) for _ in range(2))
    x[:5], y[:5] = [6, -6, 7, -7, 0], [3, 3, -2, -2, 5]
    x[20_000:20_006], y[20_000:20_006] = [np.inf, 1, np.nan, 1, 6e4, -1], [1, np.inf, 1, 0, 1e-7, np.inf]
    return x, y


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", ["remainder", "fmod", "floor_divide"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # what the references say of 1 / 0
def test_division_with_a_remainder_is_numpys_for_many_elements(name, dtype):
    x, y = pairs(dtype)
    for a, b in [(x, y), (x, 2.5), (-7.5, y), (x.reshape(4, -1), y[: N // 4])]:
        expected = getattr(np, name)(a, b)
        found = getattr(plain, name)(a, b)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["hypot", "logaddexp", "logaddexp2"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_forms_for_many_elements_neither_overflow_nor_lose_what_is_infinite(name, dtype):
    x, y = pairs(dtype)
    large = dtype(1e30 if dtype is np.float32 else 1e300)
    x[100:104], y[100:104] = [large, 1 / large, np.inf, -np.inf], [large, 1 / large, np.inf, -np.inf]
    found = getattr(plain, name)(x, y)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, getattr(np, name)(x, y), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("n", [3, 2000])
def test_a_selection_drops_what_is_not_finite(n):
    x = ad.tensor([[-1.0, 0.0, 1.0]] * n, requires_grad=True)
    seed = ad.full((n, 3), float("inf"))
    for out, expected in [
        (ad.relu(x), [0.0, 0.0, np.inf]),
        (ad.clamp(x, 0.5, 2.0), [0.0, 0.0, np.inf]),
        (ad.where(x > 0, x, 2.0), [0.0, 0.0, np.inf]),
        (ad.maximum(x, ad.tensor(0.5)), [0.0, 0.0, np.inf]),
    ]:
        (g,) = ad.grad(out, x, seed)
        np.testing.assert_array_equal(g.numpy(), [expected] * n)


def test_a_mask_that_broadcasts_selects_as_any_other():
    mask = np.arange(700) % 3 == 0
    x, y = RNG.normal(size=(2, 3, 700))
    np.testing.assert_array_equal(plain.where(mask, x, y), np.where(mask, x, y))
    np.testing.assert_array_equal(plain.where(mask, x[0], 1.5), np.where(mask, x[0], 1.5))
    np.testing.assert_array_equal(plain.where(mask, -0.0, x[0]), np.where(mask, -0.0, x[0]))
    assert np.signbit(plain.where(mask, -0.0, x[0])[0])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda b, i: b - b, "booleans cannot be subtracted; use ~mask"),
        (lambda b, i: -b, "booleans have no negative; use ~mask"),
        (lambda b, i: ad.floor(b), "floor is for numbers, not for booleans"),
        (lambda b, i: ad.fmod(b, b), "is for numbers, not for booleans"),
        (lambda b, i: ad.frac(i), "frac is for floating numbers, not for int64"),
        (lambda b, i: ad.round(i, decimals=1), "round with decimals is for floating numbers, not for int64"),
        (lambda b, i: ad.addcdiv(i, i, i), "addcdiv is for floating numbers"),
        (lambda b, i: ad.add(i, i, alpha=0.5), "alpha must be an integer for Tensors of integers, not 0.5"),
        (lambda b, i: ad.heaviside(i, ad.tensor(0.5)), "operands of one dtype"),
        (lambda b, i: ad.gcd(i, ad.tensor(0.5)), "gcd"),
        (lambda b, i: ad.tensor([0.5]) << 1, "left_shift"),
    ],
)
def test_what_has_no_meaning_is_refused(call, text):
    with pytest.raises(DtypeError, match=text):
        call(ad.tensor([True, False]), ad.tensor([1, 2]))


def test_a_negative_tolerance_is_refused():
    with pytest.raises(AutodiffError, match="rtol and atol must not be negative; got -1"):
        ad.isclose(ad.tensor([1.0]), ad.tensor([1.0]), rtol=-1)


@pytest.mark.parametrize("operator", ["//=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^="])
def test_an_augmented_operator_writes_into_its_tensor(operator):
    scope = {"x": ad.tensor([5, 6]), "y": ad.tensor([5, 6])}
    before = scope["x"]
    exec(f"x {operator} 2\nz = y {operator[:-1]} 2", scope)
    assert scope["x"] is before
    assert scope["x"].tolist() == scope["z"].tolist()


# fmt: off
UNARY = [
    "abs", "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "sinh", "cosh", "tanh",
    "asin", "acos", "atan", "asinh", "atanh", "sqrt", "rsqrt", "square", "reciprocal", "neg", "sign", "sgn",
    "sigmoid", "relu", "floor", "ceil", "round", "trunc", "frac", "nan_to_num", "deg2rad", "rad2deg",
]
BINARY = [
    "add", "sub", "mul", "div", "pow", "maximum", "minimum", "fmax", "fmin", "atan2", "hypot", "logaddexp",
    "logaddexp2", "fmod", "remainder", "copysign", "ldexp", "floor_divide", "nextafter",
]
# fmt: on


@pytest.mark.parametrize("n", [3, 2000])
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_float16_stays_float16(name, n):
    given = [ad.full((n,), v, dtype=ad.float16, requires_grad=True) for v in (0.5, 0.75)[: 1 + (name in BINARY)]]
    out = getattr(ad, name)(*given)
    assert out.dtype == ad.float16
    assert {g.dtype for g in ad.grad(out.sum(), given)} == {ad.float16}


@pytest.mark.parametrize(
    ("mistake", "text"),
    [
        (lambda u: u.clamp(-1, 300), "bounds -1 and 300 must be numbers that uint8 can hold"),
        (lambda u: u + 2**70, "add: Python int"),
        (lambda u: ad.addcmul(u, u, u, value=0.5), "value must be integers"),
        (lambda u: u.add_(u, alpha=0.5), "alpha must be an integer"),
        (lambda u: u @ 2, "matmul works on Tensors and arrays, not on 2"),
    ],
)
def test_what_the_dtype_cannot_hold_is_refused_in_words(mistake, text):
    with pytest.raises(DtypeError, match=text):
        mistake(ad.tensor([5, 250], dtype=ad.uint8))


def test_a_method_that_writes_does_not_change_the_shape():
    with pytest.raises(ShapeError, match="call the function without underscore"):
        ad.tensor(1.0).copysign_(ad.ones(1))
