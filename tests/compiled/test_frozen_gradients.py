"""A parameter that is frozen while it has a gradient: ordinary steps go on updating it, and so do compiled ones."""

from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn
import optim

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]

OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.05),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    "adam": lambda p: optim.Adam(p, lr=0.01),
}


def taken_away(optimizer, bias):
    optimizer.zero_grad()


def exchanged(optimizer, bias):
    bias.grad = ad.ones(4)


def given_other_memory(optimizer, bias):
    bias.grad.data = ad.ones(4)


def written(optimizer, bias):
    bias.grad.fill_(3.0)


def left(optimizer, bias):
    pass


CHANGES = [taken_away, exchanged, given_other_memory, written, left]
ZEROED = {"never": {}, "to none": {"set_to_none": True}, "in place": {"set_to_none": False}}


def trained(compiled, make, change, zeroed):
    """The bias after each step: frozen, then its gradient changed, then given another, then thawed."""
    ad.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    bias, optimizer = model[0].bias, make(model.parameters())

    @compiled
    def step(x):
        if zeroed:
            optimizer.zero_grad(**zeroed)
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    found = []
    for t in range(32):
        if t == 6:
            bias.requires_grad_(False)
        if t == 12 and bias.grad is not None:
            change(optimizer, bias)
        if t == 18:
            bias.grad = ad.full((4,), 2.0)
        if t == 24:
            bias.requires_grad_(True)
        step(ad.ones(2, 3) * (1 + t % 3))
        found.append(bias.detach().numpy().copy())
    return np.array(found), step


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("zeroed", ZEROED.values(), ids=ZEROED)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_frozen_parameter_moves_with_the_gradient_that_it_has(make, change, zeroed, backend):
    expected, _ = trained(lambda f: f, make, change, zeroed)
    found, step = trained(ad.compile(backend=backend), make, change, zeroed)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert step.stats["replayed"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_freezing_a_layer_between_steps_that_set_gradients_to_zero_is_no_end_to_replays(backend):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    @ad.compile(backend=backend)
    def step(x):
        optimizer.zero_grad(set_to_none=False)
        model(x).square().mean().backward()
        optimizer.step()

    for t in range(20):
        if t == 10:
            model[0].requires_grad_(False)
        step(ad.ones(2, 3))
    assert step.stats["eager"] == 0
    assert step.stats["replayed"] >= 14
