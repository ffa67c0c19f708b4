"""What a step reads of the user's objects and classes is held to what it was, however it comes to it."""

import random
from functools import partial

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from tests.compiled.scenarios import batches, mlp, usual


class Slotted:
    __slots__ = ("factor",)

    def __init__(self):
        self.factor = 1.0


class Hidden:
    def __init__(self):
        self._factor = 1.0

    @property
    def factor(self):
        return self._factor


class Called(Hidden):
    def __call__(self, x):
        return self.times(x)

    def times(self, x):
        return x * self._factor


class Layer(nn.Module):
    gain = 1.0

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def encode(self, x):
        return self.linear(x) * self.gain * GAINS["outer"]

    def forward(self, x):
        return self.encode(x)


class Config:
    factor = 1.0

    @classmethod
    def times(cls, x):
        return x * cls.factor


GAINS = {"outer": 1.0}


def slots():
    thing = Slotted()
    return (lambda x: x * thing.factor), partial(setattr, thing, "factor")


def a_property():
    thing = Hidden()
    return (lambda x: x * thing.factor), partial(setattr, thing, "_factor")


def a_callable():
    thing = Called()
    return thing, partial(setattr, thing, "_factor")


def a_method_that_a_method_calls():
    thing = Called()
    return (lambda x: thing(x)), partial(setattr, thing, "_factor")


def a_class():
    return (lambda x: Config.times(x) + Config.factor), partial(setattr, Config, "factor")


def the_class_of_a_module():
    model = Layer()
    return (lambda x: model.encode(x)), partial(setattr, Layer, "gain")


def a_global_of_a_helper_method():
    return Layer(), partial(GAINS.__setitem__, "outer")


def a_keyword_of_a_partial():
    settings = [1.0]
    return partial(lambda settings, x: x * settings[0], settings), partial(settings.__setitem__, 0)


KINDS = [
    slots,
    a_property,
    a_callable,
    a_method_that_a_method_calls,
    a_class,
    the_class_of_a_module,
    a_global_of_a_helper_method,
    a_keyword_of_a_partial,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_changed_is_seen(kind):
    function, change = kind()
    step = ad.compile(function)
    for i in range(12):
        change(1.0 + i // 4)
        x = ad.tensor(np.random.default_rng(i).standard_normal((2, 3)), dtype=ad.float32)
        np.testing.assert_allclose(step(x).detach().numpy(), function(x).detach().numpy(), rtol=1e-4, atol=1e-6)
    assert step.stats["replayed"] >= 6
    change(1.0)


def test_a_partial_is_a_step_like_another():
    def weights(compiled):
        ad.manual_seed(0)
        model = mlp(4, 8, 3)
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        def step(model, optimizer, x, y):
            return usual(model, nn.CrossEntropyLoss(), optimizer)(x, y)

        fast = compiled(partial(step, model, optimizer))
        for i in range(6):
            fast(*batches(5, 4, classes=3)(i))
        return [x.numpy() for p in model.parameters() for x in (p.detach(), p.grad)]

    for a, b in zip(weights(ad.compile), weights(lambda f: f), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_another_default_dtype_is_seen():
    step = ad.compile(lambda x: x * ad.ones(3))
    try:
        for dtype in (ad.float32, ad.float64):
            ad.set_default_dtype(dtype)
            assert {step(ad.arange(3)).dtype for _ in range(4)} == {dtype}
    finally:
        ad.set_default_dtype(ad.float32)


@pytest.mark.parametrize("draw", [random.random, np.random.rand])
def test_random_numbers_of_others_that_only_decide_are_refused(draw):
    step = ad.compile(lambda x: x * 2 if draw() < 0 else x)
    step(ad.ones(3))
    with pytest.raises(ad.RecordingError, match="random numbers of Python's or NumPy's"):
        step(ad.ones(3))
