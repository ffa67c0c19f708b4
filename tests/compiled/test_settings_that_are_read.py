"""A setting of an optimizer that plain Python reads is one that the program is for; a rule's own are read anew."""

from contextlib import nullcontext
from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn
import optim

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]


class Own(optim.Optimizer):
    """Its step is plain Python, which reads a setting in one way or another."""

    def __init__(self, params, read=None):
        super().__init__(params, {"lr": 0.5, "betas": (0.9, 0.5)})
        self.read = read

    @ad.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.add_(p.grad, alpha=-self.read(group))


class Decayed(optim.SGD):
    """Decay of its own before the rule of SGD."""

    def step(self):
        with ad.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_(1 - group["lr"] * 0.1)
        super().step()


READINGS = {
    "by its name": lambda group: group["lr"],
    "by get": lambda group: group.get("lr"),
    "of a dict of it": lambda group: dict(group)["lr"],
    "of a copy": lambda group: group.copy()["lr"],
    "opened into another": lambda group: {**group}["lr"],
    "among all items": lambda group: next(v for k, v in group.items() if k == "lr"),
    "among all values": lambda group: min(v for v in group.values() if isinstance(v, float)),
    "of a pair": lambda group: group["betas"][1] * 0.1,
    "to decide": lambda group: 0.1 if group["lr"] > 0.1 else 0.01,
}


def by_hand(model):
    optimizer = optim.SGD(model.parameters(), lr=0.5)

    def update(scheduler):
        with ad.no_grad():
            for group in optimizer.param_groups:
                for p in group["params"]:
                    p -= group["lr"] * p.grad

    return optimizer, update


def decayed(model):
    optimizer = Decayed(model.parameters(), lr=0.5)
    return optimizer, lambda scheduler: optimizer.step()


def by_the_last_rate(model):
    optimizer = optim.SGD(model.parameters(), lr=0.5)

    def update(scheduler):
        with ad.no_grad():
            for p in model.parameters():
                p -= scheduler.get_last_lr()[0] * p.grad

    return optimizer, update


def by_the_last_epoch(model):
    optimizer = optim.SGD(model.parameters(), lr=0.5)

    def update(scheduler):
        with ad.no_grad():
            for p in model.parameters():
                p -= 0.1 / (1 + scheduler.last_epoch // 3) * p.grad

    return optimizer, update


def by_a_group_that_is_held(model):
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    group = optimizer.param_groups[0]

    def update(scheduler):
        with ad.no_grad():
            for p in model.parameters():
                p -= group["lr"] * p.grad

    return optimizer, update


def own(read):
    def made(model):
        optimizer = Own(model.parameters(), read)
        return optimizer, lambda scheduler: optimizer.step()

    return made


UPDATES = {
    **{f"own, {name}": own(read) for name, read in READINGS.items()},
    **{f.__name__: f for f in (by_hand, decayed, by_the_last_rate, by_the_last_epoch, by_a_group_that_is_held)},
}


def weights(update, compiled):
    """The weights after each of some steps with a schedule, and the compiled step."""
    ad.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer, update = update(model)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1)
    x = ad.rand(4, 3)

    def step(x):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        update(scheduler)
        return loss

    fast, found = compiled(step), []
    for i in range(15):
        fast(x)
        scheduler.step()
        if i % 5 == 4:
            optimizer.param_groups[0]["betas"] = (0.9, 1.0 / i)
        found.append(model.weight.detach().numpy().copy())
    return found, fast


@pytest.mark.parametrize("name", UPDATES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_setting_that_plain_python_reads_is_held_to_what_it_was(name, backend):
    # An epoch is another at each call, and so each is recorded, until that is enough.
    restless = pytest.warns(UserWarning, match=r"8 times in a row, since scheduler.last_epoch is another at each call")
    with restless if name == "by_the_last_epoch" else nullcontext():
        found, fast = weights(UPDATES[name], lambda f: ad.compile(f, backend=backend))
    expected, _ = weights(UPDATES[name], lambda f: f)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert fast.stats["replayed"] >= (0 if name == "by_the_last_epoch" else 7)


@pytest.mark.parametrize("kind", [optim.SGD, optim.Adam, optim.AdamW], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_settings_of_a_rule_make_no_other_recording(kind, backend):
    def built_in(model):
        optimizer = kind(model.parameters(), lr=0.5)
        return optimizer, lambda scheduler: optimizer.step()

    _, fast = weights(built_in, lambda f: ad.compile(f, backend=backend))
    assert fast.stats == {"recorded": 2, "replayed": 13, "eager": 0}


def test_reading_costs_nothing_when_nothing_is_recorded():
    optimizer = optim.SGD(nn.Linear(2, 1).parameters(), lr=0.5)
    assert type(optimizer.param_groups[0]).__getitem__ is dict.__getitem__
    heard = []
    step = ad.compile(lambda x: (heard.append(type(optimizer.param_groups[0]).__name__), x * 2)[1], fallback=True)
    with pytest.warns(UserWarning, match="uncompiled"):
        step(ad.ones(1))
    assert heard == ["Heard"]
    assert type(optimizer.param_groups[0]).__getitem__ is dict.__getitem__
