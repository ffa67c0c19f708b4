"""Random numbers: seeds repeat them, states go on with them, and they have the distributions they are named after."""

import copy
import pickle

import pytest

import autodiff as ad
from autodiff.errors import AutodiffError, DtypeError, ShapeError

DRAWS = {
    "rand": lambda g: ad.rand(50, generator=g),
    "randn": lambda g: ad.randn(50, generator=g),
    "randint": lambda g: ad.randint(0, 1000, (50,), generator=g),
    "randperm": lambda g: ad.randperm(50, generator=g),
    "normal": lambda g: ad.normal(ad.zeros(50), 2.0, generator=g),
    "bernoulli": lambda g: ad.bernoulli(ad.full((50,), 0.5), generator=g),
    "rand_like": lambda g: ad.rand_like(ad.zeros(50), generator=g),
    "randn_like": lambda g: ad.randn_like(ad.zeros(50), generator=g),
    "randint_like": lambda g: ad.randint_like(ad.zeros(50), 1000, generator=g),
    "multinomial": lambda g: ad.multinomial(ad.ones(50), 50, generator=g),
    "multinomial with replacement": lambda g: ad.multinomial(ad.ones(5, 9), 20, True, generator=g),
    "poisson": lambda g: ad.poisson(ad.full((50,), 5.0), generator=g),
    "random_": lambda g: ad.zeros(50).random_(generator=g),
    "exponential_": lambda g: ad.zeros(50).exponential_(generator=g),
    "geometric_": lambda g: ad.zeros(50).geometric_(0.1, generator=g),
    "cauchy_": lambda g: ad.zeros(50).cauchy_(generator=g),
    "log_normal_": lambda g: ad.zeros(50).log_normal_(generator=g),
    "normal_": lambda g: ad.zeros(50).normal_(generator=g),
    "uniform_": lambda g: ad.zeros(50).uniform_(generator=g),
    "bernoulli_": lambda g: ad.zeros(50).bernoulli_(generator=g),
}
over_draws = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


@over_draws
def test_the_same_seed_draws_the_same_numbers_and_another_seed_others(draw):
    g = ad.Generator()
    first = draw(g.manual_seed(3))
    assert ad.equal(first, draw(g.manual_seed(3)))
    assert not ad.equal(first, draw(g.manual_seed(4)))


@over_draws
def test_without_a_generator_the_default_one_draws(draw):
    ad.manual_seed(3)
    first = draw(None)
    assert ad.equal(first, draw(ad.Generator().manual_seed(3)))
    assert not ad.equal(first, draw(None))


def test_a_state_goes_on_where_it_was_taken():
    g = ad.Generator().manual_seed(1)
    ad.rand(3, generator=g)
    ad.randint(0, 5, (1,), generator=g)  # leaves half a word in the generator
    state = g.get_state()
    assert (state.dtype, state.ndim) == (ad.uint8, 1)
    going_on = ad.randint(0, 5, (9,), generator=g)
    other = ad.Generator()
    other.set_state(state)
    assert ad.equal(ad.randint(0, 5, (9,), generator=other), going_on)
    assert other.initial_seed() == 1


@pytest.mark.parametrize("copied", [ad.Generator.clone_state, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_a_copy_of_a_generator_draws_the_same_and_goes_its_own_way(copied):
    g = ad.Generator().manual_seed(1)
    ad.rand(3, generator=g)
    twin = copied(g)
    assert ad.equal(ad.rand(2, generator=twin), ad.rand(2, generator=g))
    ad.rand(1, generator=twin)
    assert not ad.equal(ad.rand(2, generator=twin), ad.rand(2, generator=g))


def test_the_state_of_the_default_generator_can_be_put_back():
    state = ad.get_rng_state()
    first = ad.rand(2)
    ad.set_rng_state(state)
    assert ad.equal(ad.rand(2), first)


def test_seeds_are_remembered():
    assert ad.manual_seed(7) is ad.default_generator
    assert ad.initial_seed() == 7
    assert ad.manual_seed(-1).initial_seed() == 2**64 - 1
    assert ad.seed() == ad.initial_seed()
    g = ad.Generator()
    assert g.initial_seed() == ad.Generator().initial_seed()
    assert g.seed() == g.initial_seed()
    assert g.device == ad.device("cpu")


@pytest.mark.parametrize(
    ("drawn", "mean", "variance"),
    [
        (lambda: ad.rand(20000), 0.5, 1 / 12),
        (lambda: ad.randn(20000), 0, 1),
        (lambda: ad.randint(0, 3, (20000,)).float(), 1, 2 / 3),
        (lambda: ad.normal(3.0, 2.0, (20000,)), 3, 4),
        (lambda: ad.normal(ad.full((20000,), -1.0), ad.full((20000,), 0.5)), -1, 0.25),
        (lambda: ad.bernoulli(ad.full((20000,), 0.3)), 0.3, 0.21),
        (lambda: ad.zeros(20000).bernoulli_(0.3), 0.3, 0.21),
        (lambda: ad.zeros(20000).uniform_(-1, 3), 1, 4 / 3),
        (lambda: ad.zeros(20000).normal_(1, 3), 1, 9),
        (lambda: ad.randn(20000, dtype=ad.float16).float(), 0, 1),
        (lambda: ad.rand(size=(20000,)), 0.5, 1 / 12),
        (lambda: ad.normal(ad.full((20000,), 2.0), 3.0), 2, 9),
        (lambda: ad.normal(1.0, ad.full((20000,), 2.0), dtype=ad.float64), 1, 4),
        (lambda: ad.poisson(ad.full((20000,), 4.0)), 4, 4),
        (lambda: ad.zeros(20000).random_(3), 1, 2 / 3),
        (lambda: ad.zeros(20000, dtype=ad.int8).random_(-1, 2), 0, 2 / 3),
        (lambda: ad.zeros(20000).exponential_(0.5), 2, 4),
        (lambda: ad.zeros(20000, dtype=ad.int64).geometric_(0.5), 2, 2),
        (lambda: ad.zeros(20000).log_normal_(0, 0.5).log(), 0, 0.25),
        (lambda: ad.zeros(20000).cauchy_(2, 0.5).clamp(1.5, 2.5), 2, 0.15915),
        (lambda: ad.multinomial(ad.tensor([1.0, 0.0, 3.0]), 20000, replacement=True), 1.5, 0.75),
        (lambda: ad.multinomial(ad.tensor([[1.0, 3.0]]).expand(20000, 2), 1), 0.75, 3 / 16),
    ],
)
def test_numbers_have_the_mean_and_the_variance_of_their_distribution(drawn, mean, variance):
    ad.manual_seed(0)
    numbers = drawn().double()
    assert numbers.mean().item() == pytest.approx(mean, abs=0.05 * max(1, variance))
    assert numbers.var().item() == pytest.approx(variance, rel=0.05)


def test_positions_drawn_without_replacement_differ_and_have_a_weight():
    weights = ad.tensor([[1.0, 0.0, 2.0, 3.0], [0.0, 5.0, 1.0, 1e-3]])
    for row, drawn in zip(weights.tolist(), ad.multinomial(weights, 3).tolist(), strict=True):
        assert len(set(drawn)) == 3
        assert all(row[i] for i in drawn)


def test_a_position_without_weight_is_never_drawn():
    weights = ad.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]])
    assert ad.multinomial(weights, 50, replacement=True).unique().tolist() == [0, 1]
    assert set(ad.multinomial(weights[0], 50, True).tolist()) == {1}


def test_integers_are_drawn_from_all_that_a_dtype_holds():
    assert ad.zeros(4000, dtype=ad.uint8).random_().unique().tolist() == list(range(256))
    assert set(ad.zeros(50, dtype=ad.bool).random_().tolist()) == {False, True}
    assert 0 <= ad.zeros(4000).random_().amax().item() <= 2**24


def test_a_write_of_random_numbers_is_seen_by_backward():
    x = ad.ones(4, requires_grad=True)
    y = x * 2
    y[:2].exponential_()
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 2, 2]


def test_a_permutation_holds_each_number_once():
    assert sorted(ad.randperm(100).tolist()) == list(range(100))
    assert ad.randperm(0).shape == (0,)
    assert ad.randperm(3, dtype=ad.int32).dtype == ad.int32


@pytest.mark.parametrize("dtype", [ad.float16, ad.float32, ad.float64])
@pytest.mark.parametrize("draw", [ad.rand, ad.randn])
def test_numbers_are_drawn_in_the_dtype_asked_for(draw, dtype):
    assert draw(2, dtype=dtype).dtype == dtype


def test_randint_is_called_with_one_bound_or_two():
    assert ad.randint(1, (2,)).tolist() == [0, 0]
    assert ad.randint(high=1, low=0, size=(2,)).tolist() == [0, 0]
    assert ad.randint(5, 6, (2,)).tolist() == [5, 5]
    assert ad.randint(1, size=(2,)).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: ad.manual_seed("a"), DtypeError, "a seed must be an integer, not 'a'"),
        (lambda: ad.manual_seed(2**65), DtypeError, "64 bits"),
        (lambda: ad.Generator("cuda"), AutodiffError, "Tensors live on the CPU"),
        (
            lambda: ad.set_rng_state(ad.zeros(3)),
            ShapeError,
            r"as get_state\(\) returns it, not float32 of shape \(3,\)",
        ),
        (lambda: ad.rand(2, dtype=ad.int64), DtypeError, "which int64 cannot hold"),
        (lambda: ad.rand_like(ad.tensor([1])), DtypeError, "which int64 cannot hold"),
        (lambda: ad.randint(3), ShapeError, "needs a size"),
        (lambda: ad.randint(3, 3, (2,)), AutodiffError, "no integer is at least 3 and below 3"),
        (lambda: ad.normal(0, 1), ShapeError, "needs a size"),
        (lambda: ad.normal(0, -1, (2,)), AutodiffError, "cannot be negative"),
        (lambda: ad.zeros(2).normal_(0, -1), AutodiffError, "cannot be negative"),
        (lambda: ad.zeros(2).uniform_(2, 1), AutodiffError, "nothing lies between 2 and 1"),
        (lambda: ad.tensor([1]).normal_(), DtypeError, "which a Tensor of dtype int64 cannot hold"),
        (lambda: ad.bernoulli(ad.tensor([2.0])), AutodiffError, "between 0 and 1"),
        (lambda: ad.bernoulli(ad.tensor([1])), DtypeError, "takes probabilities"),
        (lambda: ad.multinomial(ad.tensor([1]), 1), DtypeError, "floating weights"),
        (lambda: ad.multinomial(ad.tensor([-1.0, 2.0]), 1), AutodiffError, "at least 0"),
        (lambda: ad.multinomial(ad.zeros(2), 1), AutodiffError, "not all 0"),
        (lambda: ad.multinomial(ad.tensor([1.0, 0.0]), 2), AutodiffError, "2 positions cannot be drawn"),
        (lambda: ad.multinomial(ad.ones(2), 0, True), AutodiffError, "0 positions cannot be drawn"),
        (lambda: ad.poisson(ad.tensor([-1.0])), AutodiffError, "at least 0"),
        (lambda: ad.zeros(1).random_(3, 3), AutodiffError, "at least 3 and below 3"),
        (lambda: ad.zeros(1).exponential_(0), AutodiffError, "above 0, and 0 is not"),
        (lambda: ad.zeros(1).geometric_(1.5), AutodiffError, "between 0 and 1, and 1.5 is not"),
        (lambda: ad.zeros(1).log_normal_(0, 0), AutodiffError, "above 0"),
        (lambda: ad.tensor([1]).cauchy_(), DtypeError, "a Tensor of dtype int64 cannot hold"),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, kind, text):
    with pytest.raises(kind, match=text):
        call()
