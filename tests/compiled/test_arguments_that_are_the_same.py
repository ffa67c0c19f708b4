"""What is given twice at the calls that are recorded need not be the same at later ones, nor what state was given."""

from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]


def values(i):
    return ad.tensor(np.random.default_rng(i).standard_normal(3), dtype=ad.float32)


def plain(x, y):
    return 2 * x + y.exp()


def with_gradients(x, y):
    loss = (x * x * 3 + x.exp() * y).sum()
    return ad.stack([*ad.grad(loss, x, retain_graph=True), *ad.grad(loss, y)])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["Tensors", "arrays"])
def test_one_thing_given_twice_is_two_arguments(kind, backend):
    step = ad.compile(lambda x, y: plain(ad.as_tensor(x), ad.as_tensor(y)), backend=backend)
    for i in range(6):
        x = values(i)
        y = x if i < 3 else values(i + 10)
        given = (x, y) if kind == "Tensors" else (x.numpy(), y.numpy())
        np.testing.assert_allclose(step(*given).numpy(), plain(x, y).numpy(), rtol=1e-6)
    assert step.stats == {"recorded": 2, "replayed": 4, "eager": 0}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gradient_of_what_is_given_twice_is_that_of_both(backend):
    step = ad.compile(with_gradients, backend=backend)
    for i in range(12):
        x = values(i).requires_grad_()
        y = x if i // 3 % 2 else values(i + 20).requires_grad_()
        np.testing.assert_allclose(step(x, y).numpy(), with_gradients(x, y).numpy(), rtol=1e-5)
    assert step.stats == {"recorded": 4, "replayed": 8, "eager": 0}


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_closed_over_may_be_given_too_or_not(backend):
    w, other = values(1).requires_grad_(), values(2).requires_grad_()

    def function(x):
        return with_gradients(x, w)

    step = ad.compile(function, backend=backend)
    for i in range(12):
        x = w if i // 3 % 2 == 0 else other
        np.testing.assert_allclose(step(x).numpy(), function(x).numpy(), rtol=1e-5)


def test_an_array_that_state_is_made_of_may_be_given_too():
    w, table = values(1), np.arange(3, dtype=np.float32)
    step = ad.compile(lambda x: ad.as_tensor(x) * 2 + w * ad.as_tensor(table))
    for x in [w.numpy()] * 3 + [table] * 3 + [values(4).numpy()] * 2:
        np.testing.assert_allclose(step(x).numpy(), x * 2 + w.numpy() * table, rtol=1e-6)


def test_an_argument_that_is_state_is_read_as_it_was_before_the_step():
    w = ad.ones(2)

    def step(x):
        w.add_(1)
        return x * 1

    fast = ad.compile(step)
    for k in range(5):
        assert fast(w).tolist() == [1.0 + k] * 2
        assert w.tolist() == [2.0 + k] * 2
    assert fast.stats["replayed"] == 3
