"""Reductions and scans in the user's words: what is refused and why, dtypes, precision, and results with names."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import DtypeError, IndexingError, ShapeError

X = ad.tensor([[1.0, 2.0, 4.0], [0.5, -1.0, 3.0]])
I = ad.tensor([1, 2, 3])

MISTAKES = [
    (lambda: I.var(), DtypeError, "var needs floating numbers and got int64"),
    (lambda: I.std(), DtypeError, "std needs floating numbers and got int64"),
    (lambda: ad.std_mean(I), DtypeError, "std_mean needs floating numbers"),
    (lambda: X.var(unbiased=True, correction=1), DtypeError, "give correction= or unbiased=, not both"),
    (lambda: I.nanmean(), DtypeError, "nanmean needs floating numbers"),
    (lambda: I.norm(), DtypeError, "norm needs floating numbers and got int64; convert them first: x.float().norm"),
    (lambda: X.norm("euclid"), DtypeError, "the power of a norm is a number, not 'euclid'"),
    (lambda: ad.zeros(0).norm(ad.inf), ShapeError, "nothing to choose from in a Tensor of shape (0,)"),
    (lambda: X.double().norm(dtype=ad.float32), DtypeError, "would lose digits"),
    (lambda: X.norm("nuc", dim=0), ShapeError, "takes two dims of a matrix"),
    (lambda: X.norm(dim=2), IndexingError, "dim 2 is out of range"),
    (lambda: ad.aminmax(ad.zeros(0)), ShapeError, "aminmax has nothing to choose from"),
    (lambda: ad.renorm(X[0], 2, 0, 1.0), ShapeError, "needs two dims or more; got a Tensor of shape (3,)"),
    (lambda: ad.renorm(X, -1, 0, 1.0), ShapeError, "positive power"),
    (lambda: ad.dist(I, I), DtypeError, "dist needs floating numbers"),
    (lambda: ad.cov(ad.zeros(2, 2, 2)), ShapeError, "two dims at most; got a Tensor of shape (2, 2, 2)"),
    (lambda: ad.cov(X > 0), DtypeError, "got booleans"),
    (lambda: ad.cov(X, fweights=X[0]), DtypeError, "fweights must be integers, not float32"),
    (lambda: ad.cov(X, aweights=ad.ones(2)), ShapeError, "one weight for each of 3 observations; got shape (2,)"),
    (lambda: ad.cov(X, fweights=-I), ShapeError, "fweights must not be negative"),
    (lambda: X.cumsum(), DtypeError, "cumsum needs the dim to go along, for example dim=-1"),
    (lambda: X.cumprod(2), IndexingError, "cumprod: dim 2 is out of range for a Tensor of shape (2, 3)"),
    (lambda: I.logcumsumexp(0), DtypeError, "logcumsumexp needs floating numbers"),
    (lambda: ad.tensor(1.0).diff(), ShapeError, "a Tensor without dimensions has none"),
    (lambda: X.diff(-1), ShapeError, "cannot be -1"),
    (lambda: X.diff(prepend=X[0]), ShapeError, "as many dims as the input; got shapes (3,) and (2, 3)"),
    (lambda: ad.trapezoid(X, X, dx=1), DtypeError, "give the points x or their distance dx, not both"),
    (lambda: ad.trapezoid(X, I[:2]), ShapeError, "trapezoid: 3 values along dim 1, and 2 points"),
    (lambda: ad.cumulative_trapezoid(ad.tensor(1.0)), ShapeError, "a Tensor without dimensions has none"),
]


@pytest.mark.parametrize(("mistake", "error", "text"), MISTAKES, ids=[text[:40] for *_, text in MISTAKES])
def test_a_mistake_is_answered_in_the_users_words(mistake, error, text):
    with pytest.raises(error) as caught:
        mistake()
    assert text in str(caught.value)


@pytest.mark.parametrize("name", ["cummax", "cummin"])
def test_values_and_indices_have_names(name):
    found = getattr(X, name)(1)
    assert type(found) is getattr(ad.return_types, name)
    assert found.values is found[0]
    assert found.indices is found[1]
    assert np.array_equal(X.gather(1, found.indices).numpy(), found.values.numpy())


def test_smallest_and_largest_have_names():
    found = X.aminmax(dim=0)
    assert (found.min <= found.max).all()
    assert repr(ad.aminmax(I)) == "return_types.aminmax(\nmin=tensor(1),\nmax=tensor(3))"


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin", "diff"])
def test_a_scan_takes_the_spelling_of_numpy_as_well(name):
    ours, theirs = getattr(X, name)(dim=0), getattr(X, name)(axis=0)
    for a, b in zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]:
        assert np.array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "norm", "prod", "cumsum", "cumprod"])
def test_halves_are_added_up_in_float32(name):
    x = ad.full((3000,), 1.0 if "prod" in name else 1.5).half()
    x[0] = 1.25
    args = (0,) if name.startswith("cum") else ()
    expected = getattr(x.float(), name)(*args).half()
    assert np.allclose(getattr(x, name)(*args).numpy(), expected.numpy(), rtol=1e-3)
    assert getattr(x, name)(*args).dtype == ad.float16


def test_a_million_numbers_add_up_to_seven_digits():
    x = np.random.default_rng(0).random(10**6).astype(np.float32)
    exact = np.cumsum(x.astype(np.float64))
    t = ad.from_numpy(x)
    assert abs(t.sum().item() / exact[-1] - 1) < 3e-7
    assert abs(t.var(correction=0).item() / x.astype(np.float64).var() - 1) < 1e-6
    assert np.max(np.abs(t.cumsum(0).numpy() / exact - 1)) < 2e-6


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_number_that_is_not_finite_leaves_the_sums_before_it_alone(value):
    x = np.ones(8000, np.float32)
    x[5003] = value
    out = ad.from_numpy(x).cumsum(0).numpy()
    assert np.array_equal(out[:5003], np.arange(1.0, 5004.0))
    assert not np.isfinite(out[5003:]).any()


@pytest.mark.parametrize("zeros", [[], [700], [3, 700, 1200]])
def test_the_gradient_of_a_long_cumprod_is_that_of_its_recurrence(zeros):
    x = 1 + 0.2 * np.random.default_rng(1).normal(size=1500)
    x[zeros] = 0
    t = ad.tensor(x, requires_grad=True)
    t.cumprod(0).sum().backward()
    reach, before, expected = 0.0, np.cumprod(np.append(1, x[:-1])), np.empty(1500)
    for k in reversed(range(1500)):
        reach = 1 + (x[k + 1] * reach if k < 1499 else 0)
        expected[k] = before[k] * reach
    assert np.allclose(t.grad.numpy(), expected, rtol=1e-9)


def test_where_nothing_but_minus_infinity_was_added_up_the_gradient_is_0():
    x = ad.tensor([-np.inf, -np.inf, 1.0, 2.0], requires_grad=True)
    x.logcumsumexp(0).sum().backward()
    assert np.allclose(x.grad.numpy(), [0, 0, 1 + 1 / (1 + np.e), np.e / (1 + np.e)])


def test_a_second_derivative_at_norm_0_is_0():
    x = ad.zeros(3, requires_grad=True)
    (g,) = ad.grad(x.norm(), [x], create_graph=True)
    (h,) = ad.grad(g.sum(), [x])
    assert not g.detach().numpy().any()
    assert not h.numpy().any()
