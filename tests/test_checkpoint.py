"""Checkpointing: nothing is kept, the function runs twice, and the gradients are those of the plain run."""

import weakref

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff.autograd import checkpoint
from autodiff.errors import GradientError, StaleValueError


class Counted:
    """A function that counts its calls, and keeps weak references to the arrays it makes."""

    def __init__(self, *parameters):
        self.parameters = parameters
        self.calls = 0
        self.arrays = []

    def __call__(self, x, **others):
        self.calls += 1
        h = x
        for p in self.parameters:
            h = ad.tanh(h * p + others.get("shift", 0.0)).exp()
            self.arrays.append(weakref.ref(h._array))
        return h * h

    def alive(self):
        return sum(r() is not None for r in self.arrays)


def leaves(*values):
    return [ad.tensor(v, dtype=ad.float64, requires_grad=True) for v in values]


def grads(outputs, inputs, **options):
    return [g.detach().numpy() for g in ad.grad(outputs, inputs, **options)]


def test_what_is_saved_is_let_go_and_the_function_runs_twice():
    x, w1, w2 = leaves([0.1, 0.2], [0.3, -0.4], [0.5, 0.6])
    plain, kept = Counted(w1, w2), Counted(w1, w2)
    expected = plain(x)
    y = checkpoint(kept, x)
    assert (plain.alive(), kept.alive()) == (2, 0)
    assert kept.calls == 1
    np.testing.assert_array_equal(y.detach(), expected.detach())
    want = grads(expected.sum(), [x, w1, w2])
    for got, w in zip(grads(y.sum(), [x, w1, w2]), want, strict=True):
        np.testing.assert_array_equal(got, w)
    assert kept.calls == 2
    assert kept.alive() == 0


def test_backward_adds_to_the_leaves_that_the_function_closes_over():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = ad.randn(5, 3)
    model(x).sum().backward()
    expected = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    checkpoint(model, x, use_reentrant=False).sum().backward()
    for p, e in zip(model.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.grad, e)


def test_gradients_can_be_differentiated_again():
    def run(function):
        x, w = leaves([0.1, 0.2], [0.3, -0.4])
        (g,) = ad.grad(function(Counted(w), x).sum(), x, create_graph=True)
        return grads((g * g).sum(), [x, w])

    for got, want in zip(run(checkpoint), run(lambda f, x: f(x)), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_a_graph_that_is_retained_can_be_used_again():
    x, w = leaves([0.1, 0.2], [0.3, -0.4])
    kept = Counted(w)
    y = checkpoint(kept, x).sum()
    first = grads(y, [x, w], retain_graph=True)
    second = grads(y, [x, w])
    assert kept.calls == 3
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(GradientError, match="second time"):
        ad.grad(y, x)


def test_several_outputs_nested_arguments_and_keywords():
    x, w, s = leaves([0.1, 0.2], [0.3, -0.4], 0.5)

    def function(tree, *, scale):
        return {"a": tree["x"].sin() * scale["s"], "b": (tree["x"] * w, 3)}

    y = checkpoint(function, {"x": x}, scale={"s": s})
    assert y["b"][1] == 3
    z = function({"x": x}, scale={"s": s})
    for got, want in zip(
        grads([y["a"].sum(), y["b"][0].prod()], [x, w, s]),
        grads([z["a"].sum(), z["b"][0].prod()], [x, w, s]),
        strict=True,
    ):
        np.testing.assert_array_equal(got, want)


def test_only_one_output_is_differentiated():
    x, w = leaves([0.1, 0.2], [0.3, -0.4])
    a, _ = checkpoint(lambda x: (x.sin() * w, x.exp()), x)
    np.testing.assert_allclose(grads(a.sum(), x)[0], np.cos([0.1, 0.2]) * [0.3, -0.4])


def test_checkpoints_in_checkpoints_keep_nothing_either():
    x, w1, w2 = leaves([0.1, 0.2], [0.3, -0.4], [0.5, 0.6])
    inner1, inner2 = Counted(w1), Counted(w2)

    def outer(x):
        return checkpoint(inner2, checkpoint(inner1, x).sin())

    y = checkpoint(outer, x)
    assert inner1.alive() == inner2.alive() == 0
    want = grads(Counted(w2)(Counted(w1)(x).sin()).sum(), [x, w1, w2])
    for got, expected in zip(grads(y.sum(), [x, w1, w2]), want, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_chain_of_checkpoints():
    (x,) = leaves([0.1, 0.2])
    h = x
    for _ in range(20):
        h = checkpoint(lambda h: ad.sin(h) + ad.cos(h) * h, h)
    plain = x
    for _ in range(20):
        plain = ad.sin(plain) + ad.cos(plain) * plain
    np.testing.assert_array_equal(grads(h.sum(), x)[0], grads(plain.sum(), x)[0])


@pytest.mark.parametrize("preserve", [True, False])
def test_random_numbers_are_drawn_again_and_the_generator_goes_on(preserve):
    (x,) = leaves(np.ones(100))
    ad.manual_seed(3)
    y = checkpoint(lambda x: x.square() * ad.rand(100, dtype=ad.float64), x, preserve_rng_state=preserve)
    before = ad.get_rng_state()
    (g,) = ad.grad(y.sum(), x)
    assert ad.equal(ad.get_rng_state(), before) is preserve
    assert bool(ad.allclose(g, 2 * y.detach())) is preserve or not preserve


def test_dropout_drops_the_same():
    ad.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 20), nn.Dropout(0.5), nn.Tanh())
    x = ad.randn(4, 20, requires_grad=True)
    state = ad.get_rng_state()
    (expected,) = ad.grad(model(x).sum(), x)
    ad.set_rng_state(state)
    (got,) = ad.grad(checkpoint(model, x).sum(), x)
    assert ad.equal(got, expected)


def test_without_recording_it_is_a_call():
    (x,) = leaves([1.0])
    kept = Counted(x)
    with ad.no_grad():
        assert not checkpoint(kept, x).requires_grad
    assert not checkpoint(lambda x: x * 2, ad.ones(2)).requires_grad


def test_functions_of_the_users_own_inside():
    class Cube(ad.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    (x,) = leaves([2.0, 3.0])
    np.testing.assert_allclose(grads(checkpoint(lambda x: Cube.apply(x.exp().log()), x).sum(), x)[0], [12, 27])


def test_under_a_transform():
    w = ad.tensor([0.3, -0.4], dtype=ad.float64)
    f = lambda x: checkpoint(Counted(w), x).sum()  # noqa: E731
    plain = lambda x: Counted(w)(x).sum()  # noqa: E731
    x = ad.tensor([0.1, 0.2], dtype=ad.float64)
    np.testing.assert_allclose(ad.func.hessian(f)(x), ad.func.hessian(plain)(x), rtol=1e-14)


def test_writing_in_place_into_something_made_inside_is_no_trouble():
    (x,) = leaves([0.1, 0.2])

    def function(x):
        h = x.sin()
        h += x
        return h.sin()

    y = checkpoint(function, x)
    y *= 2
    z = function(x) * 2
    np.testing.assert_array_equal(grads(y.sum(), x)[0], grads(z.sum(), x)[0])


def test_overwriting_what_the_function_itself_needs_is_noticed():
    (x,) = leaves([0.1, 0.2])

    def function(x):
        h = x.exp()
        h += x
        return h

    with pytest.raises(StaleValueError, match="exp .* saved its result"):
        checkpoint(function, x).sum().backward()


def test_a_result_may_be_overwritten():
    (x,) = leaves([0.1, 0.2])
    y = checkpoint(ad.exp, x)
    y *= 2
    np.testing.assert_allclose(grads(y.sum(), x)[0], 2 * np.exp([0.1, 0.2]))


def test_an_argument_changed_afterwards_is_noticed():
    (x,) = leaves([0.1, 0.2])
    h = x * 1
    y = checkpoint(ad.sin, h)
    h += 1
    with pytest.raises(StaleValueError, match="changed in place since"):
        y.sum().backward()


def test_a_parameter_changed_afterwards_is_noticed():
    x, w = leaves([0.1, 0.2], [0.3, 0.4])
    y = checkpoint(lambda x: (x + w).sin(), x)
    with ad.no_grad():
        w += 1
    with pytest.raises(StaleValueError, match="changed in place since"):
        y.sum().backward()


def test_a_function_that_writes_into_its_argument_is_refused():
    (x,) = leaves([0.1, 0.2])
    with pytest.raises(GradientError, match="wrote into one of its arguments"):
        checkpoint(lambda h: h.mul_(2).sin(), x * 1)


def test_a_function_that_does_something_else_the_second_time_is_noticed():
    (x,) = leaves([0.1, 0.2])
    calls = []

    def function(x):
        calls.append(1)
        return x.sin() if len(calls) == 1 else x.sin().cos().exp()

    with pytest.raises(GradientError, match="it must do the same each time"):
        checkpoint(function, x).sum().backward()


def test_an_error_the_second_time_leaves_everything_as_it_was():
    (x,) = leaves([0.1, 0.2])
    calls = []

    def function(x):
        calls.append(ad.rand(1))
        if len(calls) == 2:
            raise KeyError("mine")
        return x.sin()

    y = checkpoint(function, x).sum()
    state = ad.get_rng_state()
    with pytest.raises(KeyError, match="mine"):
        y.backward()
    assert ad.equal(ad.get_rng_state(), state)
    assert ad.is_grad_enabled()
    z = (x * x).sum()
    z.backward()
    np.testing.assert_allclose(x.grad, [0.2, 0.4])


def test_the_function_may_differentiate_itself():
    def function(x):
        (g,) = ad.grad((x.sin() * x).sum(), x, create_graph=True)
        return ad.func.grad(lambda y: (y.exp() * g).sum())(x)

    x, y = leaves([0.1, 0.2], [0.1, 0.2])
    (checkpoint(function, x) ** 2).sum().backward()
    (function(y) ** 2).sum().backward()
    np.testing.assert_allclose(x.grad, y.grad)
