"""Rules of an optimizer of one's own ask about settings and step counts: a program is for the answers it was given."""

import math
from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from tests.compiled.scenarios import batches, unsupervised

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]
CONDITIONS = {
    "more than so many steps": lambda t, h: t > 4,
    "at most as many as a setting says": lambda t, h: t <= h["warm"],
    "a setting against the count": lambda t, h: h["warm"] >= t,
    "the count and a setting are equal": lambda t, h: t == h["warm"],
    "an expression is zero": lambda t, h: t - 1 == 0,
    "an expression is true": lambda t, h: h["lr"] - 0.1,
    "the smaller one": lambda t, h: min(1.0, t / h["warm"]) > 0.7,
}


def of(condition, **kwargs):
    """An optimizer that goes ten times as far where a condition holds."""

    class Asking(optim.Optimizer):
        counts_steps = True

        def __init__(self, params):
            super().__init__(params, {"lr": 0.1, "warm": 5})

        def update(self, xp, p, g, s, t, h):
            return p - (h["lr"] * 2 if condition(t, h) else h["lr"] * 0.2) * g, s

    ad.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = Asking(model.parameters())

    step = unsupervised(model, optimizer)

    return model, optimizer, step, ad.compile(step, **kwargs)


def inputs(i):
    return batches(5, 2)(i)[0]


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_answer_that_changes_is_seen(name, backend):
    model, optimizer, _, step = of(CONDITIONS[name], backend=backend)
    other, other_optimizer, ordinary, _ = of(CONDITIONS[name])
    for i in range(14):
        if i == 10:
            optimizer.param_groups[0]["lr"] = other_optimizer.param_groups[0]["lr"] = 0.3
        assert step(inputs(i)).item() == pytest.approx(ordinary(inputs(i)).item(), rel=1e-4), i
    assert step.stats["replayed"] >= 6
    np.testing.assert_allclose(model.weight.detach().numpy(), other.weight.detach().numpy(), rtol=1e-4)


@pytest.mark.parametrize("name", CONDITIONS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_answer_that_changes_within_many_steps_is_seen(name, backend):
    _, _, _, step = of(CONDITIONS[name], backend=backend)
    _, _, ordinary, _ = of(CONDITIONS[name])
    losses = step.run([(inputs(i),) for i in range(14)])
    np.testing.assert_allclose(losses.numpy(), [ordinary(inputs(i)).item() for i in range(14)], rtol=1e-4)


def test_steps_that_were_not_compiled_count():
    _, _, plain, step = of(CONDITIONS["more than so many steps"])
    _, _, ordinary, _ = of(CONDITIONS["more than so many steps"])
    for i in range(12):
        which = plain if i in (3, 4, 5) else step
        assert which(inputs(i)).item() == pytest.approx(ordinary(inputs(i)).item(), rel=1e-4), i


@pytest.mark.parametrize(
    "condition", [lambda t, h: t % 2, lambda t, h: math.sqrt(h["lr"]) > 1, lambda t, h: int(t) > 3]
)
def test_what_no_program_follows_is_refused_after_one_whole_step(condition):
    model, _, _, step = of(condition)
    other, _, ordinary, _ = of(condition)
    with pytest.raises(ad.RecordingError, match="plain number"):
        step(inputs(0))
    ordinary(inputs(0))
    np.testing.assert_allclose(model.weight.detach().numpy(), other.weight.detach().numpy(), rtol=1e-6)
    *_, falling = of(condition, fallback=True)
    with pytest.warns(UserWarning, match="plain number"):
        losses = [falling(inputs(i)).item() for i in range(6)]
    *_, ordinary, _ = of(condition)
    assert losses == pytest.approx([ordinary(inputs(i)).item() for i in range(6)], rel=1e-4)


def test_a_rate_that_the_step_sets_is_refused():
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @ad.compile
    def step(x, rate):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()

    with pytest.raises(ad.RecordingError, match="'lr' of an optimizer is set"):
        step(inputs(0), 0.2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_rule_may_go_a_share_of_the_way_that_a_setting_says(backend):
    class Going(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {"lr": 0.3})

        def update(self, xp, p, g, s, t, h):
            return xp.lerp(p, g, h["lr"]), s

    def trained(way):
        ad.manual_seed(0)
        model = nn.Linear(2, 1)
        optimizer = Going(model.parameters())
        step = way(unsupervised(model, optimizer))
        for i in range(6):
            optimizer.param_groups[0]["lr"] = 0.3 if i < 4 else 0.7
            step(inputs(i))
        return model.weight.detach().numpy()

    np.testing.assert_allclose(trained(lambda f: ad.compile(f, backend=backend)), trained(lambda f: f), rtol=1e-5)
