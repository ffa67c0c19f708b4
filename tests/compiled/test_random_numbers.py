"""Random numbers of every kind are drawn anew at each call, or refused: never those of the calls that were recorded."""

from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]
DRAWN = {
    "bernoulli": lambda x: ad.bernoulli(x.sigmoid()),
    "bernoulli of one probability": lambda x: ad.bernoulli(x, 0.3),
    "bernoulli that nearly always gives 1": lambda x: ad.bernoulli(ad.full((1,), 0.9)) * x,
    "normal": lambda x: ad.normal(1.0, 2.0, (3,)) * x,
    "normal around Tensors": lambda x: ad.normal(x, x.exp()),
    "uniform in place": lambda x: ad.empty(3).uniform_(-1, 1) * x,
    "normal in place": lambda x: x + ad.empty_like(x).normal_(0.5, 0.1),
    "integers": lambda x: ad.randint(0, 9, (3,)) + x,
    "an order": lambda x: x[ad.randperm(3)],
}
REFUSED = {
    "poisson": lambda x: ad.poisson(x.exp()) * x,
    "multinomial": lambda x: x[ad.multinomial(ad.tensor([1.0, 1000.0, 1.0]), 1)],
    "integers in single precision": lambda x: ad.randint_like(x, 2) * x,
    "exponential": lambda x: ad.empty(3).exponential_() * x,
    "half precision": lambda x: ad.rand(3, dtype=ad.float16) * x,
    "an initialisation": lambda x: nn.init.xavier_normal_(ad.empty(3, 3)) @ x,
}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize("backend", BACKENDS)
def test_they_are_those_of_ordinary_calls(name, backend):
    step, x = ad.compile(DRAWN[name], backend=backend), ad.tensor([0.5, -1.0, 2.0])
    ad.manual_seed(0)
    found = [step(x).numpy() for _ in range(20)]
    ad.manual_seed(0)
    np.testing.assert_allclose(found, [DRAWN[name](x).numpy() for _ in range(20)], rtol=1e-6)
    assert step.stats["replayed"] == 18


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_makes_of_them_is_refused_at_the_first_call(name):
    ad.manual_seed(0)
    with pytest.raises(ad.RecordingError, match=r"test_random_numbers.*\n.*drawn in a way .*; draw with ad\.rand"):
        ad.compile(REFUSED[name])(ad.tensor([0.5, -1.0, 2.0]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_function_mapped_over_examples_is_compiled(backend):
    w = ad.tensor([0.5, -1.0, 2.0])
    mapped = ad.func.vmap(ad.func.grad(lambda x: (w * x).tanh().sum()))
    step = ad.compile(mapped, backend=backend)
    for i in range(4):
        x = ad.tensor(np.random.default_rng(i).standard_normal((5, 3)), dtype=ad.float32)
        np.testing.assert_allclose(step(x).numpy(), mapped(x).numpy(), rtol=1e-5)
    assert step.stats["replayed"] == 2
    with pytest.raises(ad.AutodiffError, match="vmap: the function draws random numbers"):
        ad.compile(ad.func.vmap(lambda x: x * ad.rand(())))(ad.ones(3))


@pytest.mark.parametrize(
    "begin",
    [
        lambda g: ad.manual_seed(3),
        lambda g: ad.seed(),
        lambda g: g.manual_seed(3),
        lambda g: g.seed(),
        lambda g: ad.Generator(),
    ],
)
def test_a_stream_that_begins_inside_the_step_is_refused(begin):
    g = ad.Generator()

    def step(x):
        begin(g)
        return x + ad.rand(1)

    with pytest.raises(ad.RecordingError, match=r"begins anew(?s:.)*before or after the call"):
        ad.compile(step)(ad.ones(1))
