"""Calls of several signatures in turn: each goes straight to its program, and more than are kept do no harm."""

import warnings
from functools import cached_property
from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from autodiff.compiler.calls import MOST_SIGNATURES

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]


def network():
    ad.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Tanh(), nn.Linear(4, 2))


# -- straight to the program -----------------------------------------------------------------------------------------


def two_shapes(model, step):
    def one(k):
        return step(ad.ones(2 + k % 2, 3) * k)

    return one


def a_flag(model, step):
    def one(k):
        return step(ad.ones(2, 3) * k, update=k % 2 == 0)

    return one


def training_and_evaluation(model, step):
    def one(k):
        model.train(k % 2 == 0)
        return step(ad.ones(2, 3) * k)

    return one


def a_layer_that_is_frozen_and_thawed(model, step):
    def one(k):
        model[0].requires_grad_(k % 2 == 0)
        return step(ad.ones(2, 3) * k)

    return one


def with_and_without_gradients(model, step):
    def one(k):
        if k % 2:
            model.zero_grad()
        return step(ad.ones(2, 3) * k, zero=False)

    return one


TURNS = [
    two_shapes,
    a_flag,
    training_and_evaluation,
    a_layer_that_is_frozen_and_thawed,
    with_and_without_gradients,
]


def in_turn(turn, compiled):
    model = network()
    optimizer = optim.SGD(model.parameters(), lr=0.05)

    @compiled
    def step(x, update=True, zero=True):
        if zero:
            optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        if update:
            optimizer.step()
        return loss

    return turn(model, step), model, step


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: turn.__name__)
def test_signatures_in_turn_are_found_without_a_walk(turn, backend, monkeypatch):
    one, model, step = in_turn(turn, ad.compile(backend=backend))
    found = [one(k).item() for k in range(12)]
    recorded = step.stats["recorded"]
    monkeypatch.setattr("autodiff.compiler.effects.Reach", None)  # would fail when called
    found += [one(k).item() for k in range(12, 24)]
    assert step.stats == {"recorded": recorded, "replayed": 24 - recorded, "eager": 0}
    other, twin, _ = in_turn(turn, lambda f: f)
    np.testing.assert_allclose(found, [other(k).item() for k in range(24)], rtol=1e-4, atol=1e-6)
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_changes_while_shapes_take_turns_is_seen(backend):
    model, scale = nn.Linear(3, 2), {"k": 1.0}
    step = ad.compile(lambda x: model(x).sum() * scale["k"], backend=backend)
    shapes = [ad.ones(2, 3), ad.ones(4, 3)]
    changes = [
        lambda: scale.update(k=2.0),
        lambda: model.weight.data.fill_(1.0),
        lambda: setattr(model.weight, "data", ad.zeros(2, 3)),
        lambda: setattr(model, "bias", nn.Parameter(ad.ones(2))),
    ]
    for change in changes:
        for _ in range(4):
            for x in shapes:
                expected = model(x).sum().item() * scale["k"]
                assert step(x).item() == pytest.approx(expected, rel=1e-6)
        change()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gradient_that_is_held_is_no_reason_for_a_walk(backend, monkeypatch):
    model = network().eval()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @ad.compile(backend=backend)
    def step(x):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()

    held = []
    for k in range(4):
        step(ad.ones(2, 3) * k)
        held.append(model[0].weight.grad)
    monkeypatch.setattr("autodiff.compiler.effects.Reach", None)
    for k in range(4, 8):
        step(ad.ones(2, 3) * k)
        held.append(model[0].weight.grad)
    assert len({g.numpy().ctypes.data for g in held}) == len(held)
    assert step.stats["eager"] == 0


# -- more than are kept ----------------------------------------------------------------------------------------------


def test_more_shapes_in_turn_than_are_kept_are_not_recorded_for_ever():
    step = ad.compile(lambda x: x.sum(), backend="numpy")
    inputs = [ad.ones(k + 1) for k in range(2 * MOST_SIGNATURES)]
    with pytest.warns(UserWarning, match="more than 32 signatures in turn.*by padding") as warned:
        found = [step(x).item() for x in 3 * inputs]
    assert found == [float(len(x)) for x in 3 * inputs]
    assert len(warned) == 1
    before = step.stats["recorded"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(10):
            assert [step(x).item() for x in inputs] == [float(len(x)) for x in inputs]
    assert step.stats["recorded"] == before
    assert step.stats["replayed"] >= 10 * MOST_SIGNATURES


def test_a_shape_that_was_turned_away_and_comes_again_and_again_gets_a_program():
    step = ad.compile(lambda x: x.sum(), backend="numpy")
    inputs = [ad.ones(k + 1) for k in range(2 * MOST_SIGNATURES)]
    with pytest.warns(UserWarning, match="in turn"):
        assert [step(x).item() for x in 3 * inputs] == [float(len(x)) for x in 3 * inputs]
    before = step.stats["replayed"]
    for _ in range(200):
        step(inputs[-1])
    assert step.stats["replayed"] > before + 100


# -- what the first calls make ---------------------------------------------------------------------------------------


class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.is_ready = None, False

    def forward(self, x):
        if not self.is_ready:
            self.table, self.is_ready = ad.arange(3.0), True
        return x + self.table


class Cached(nn.Module):
    @cached_property
    def table(self):
        return ad.arange(3.0)

    def forward(self, x):
        return x + self.table


class ByShape(nn.Module):
    def __init__(self):
        super().__init__()
        self.tables = {}

    def forward(self, x):
        if len(x) not in self.tables:
            self.tables[len(x)] = ad.arange(3.0)
        return x + self.tables[len(x)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [Lazy, Cached, ByShape])
def test_a_table_that_the_first_call_makes_is_nothing_to_refuse(kind, backend):
    step = ad.compile(kind(), backend=backend)
    for n in (1, 2):
        for _ in range(6):
            assert step(ad.ones(n, 3)).tolist() == [[1.0, 2.0, 3.0]] * n
    assert step.stats["replayed"] >= 4


def test_a_dict_that_grows_at_each_call_is_refused_all_the_same():
    losses = {}

    @ad.compile
    def step(x):
        losses[len(losses)] = x.sum()
        return x * 2

    step(ad.ones(1))
    step(ad.ones(1))
    with pytest.raises(ad.RecordingError, match=r"the call changed len\(losses\)"):
        step(ad.ones(1))
