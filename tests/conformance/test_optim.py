"""Optimizers against PyTorch: the same parameters after 40 steps, whatever happens on the way."""

import numpy as np
import pytest
import torch

import autodiff as ad
import nn
import optim

STEPS = 40
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}
# One element, packed together with a vector; one that is updated alone; one of several blocks.
SHAPES = [(1,), (3, 5), (7,), (130, 130), (190, 190)]

RULES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "dampening": 0.1, "weight_decay": 0.02, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01, "amsgrad": True}),
    ("Adam", {"lr": 0.01, "maximize": True}),
    ("Adam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.3, "amsgrad": True}),
    ("AdamW", {"lr": 0.02, "betas": (0.5, 0.6), "eps": 1e-2, "weight_decay": 0.1, "maximize": True}),
]
over_rules = pytest.mark.parametrize(
    ("name", "settings"), RULES, ids=[f"{n}-{'-'.join(map(str, s)) or 'defaults'}" for n, s in RULES]
)
over_dtypes = pytest.mark.parametrize("dtype", ["float32", "float64"])


class Pair:
    """The same parameters here and in PyTorch, and the same gradients for both."""

    def __init__(self, dtype, shapes=SHAPES, seed=0):
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        start = [self.rng.standard_normal(shape).astype(dtype) for shape in shapes]
        self.drawn = [self.rng.standard_normal(shape).astype(dtype) for shape in shapes]
        self.ours = [nn.Parameter(ad.tensor(a)) for a in start]
        self.theirs = [torch.nn.Parameter(torch.tensor(a)) for a in start]

    def optimizers(self, name, settings, groups=None):
        made = []
        for library, params in ((optim, self.ours), (torch.optim, self.theirs)):
            given = params if groups is None else [{**g, "params": [params[i] for i in g["params"]]} for g in groups]
            made.append(getattr(library, name)(given, **settings))
        return made

    def gradients(self, without=()):
        for i, (p, q) in enumerate(zip(self.ours, self.theirs, strict=True)):
            g = np.roll(self.drawn[i], self.rng.integers(100)) * self.rng.uniform(-1, 2)
            g = g.astype(self.dtype)
            p.grad, q.grad = (None, None) if i in without else (ad.tensor(g), torch.tensor(g))

    def assert_equal(self):
        for p, q in zip(self.ours, self.theirs, strict=True):
            assert_close(p, q, self.dtype)


def assert_close(ours, theirs, dtype):
    expected = theirs.detach().numpy()
    # Relative to the largest element: a parameter that passes near zero has no relative precision of its own.
    np.testing.assert_allclose(
        ours.detach().numpy(), expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * np.abs(expected).max()
    )


def assert_same_state(ours, theirs, dtype):
    ours, theirs = ours.state_dict()["state"], theirs.state_dict()["state"]
    assert ours.keys() == theirs.keys()
    for i in ours:
        assert ours[i].keys() == theirs[i].keys()
        for key, value in theirs[i].items():
            assert_close(ours[i][key], value, dtype)


@over_dtypes
@over_rules
def test_forty_steps_lead_to_the_same_place_with_the_same_state(name, settings, dtype):
    pair = Pair(dtype)
    ours, theirs = pair.optimizers(name, settings)
    for _ in range(STEPS):
        pair.gradients()
        ours.step()
        theirs.step()
    pair.assert_equal()
    assert_same_state(ours, theirs, dtype)


@over_rules
def test_a_parameter_without_gradient_at_some_steps_keeps_its_own_count(name, settings):
    pair = Pair("float64")
    ours, theirs = pair.optimizers(name, settings)
    for step in range(STEPS):
        pair.gradients(without={i for i in range(len(SHAPES)) if (step + i) % (i + 2) == 0})
        ours.step()
        theirs.step()
    pair.assert_equal()
    assert_same_state(ours, theirs, "float64")


@over_rules
def test_groups_have_settings_of_their_own_and_schedules_change_them(name, settings):
    pair = Pair("float64")
    groups = [
        {"params": [0, 3]},
        {"params": [1], "lr": 0.03, "weight_decay": 0.2},
        {"params": [2, 4], "maximize": True},
    ]
    ours, theirs = pair.optimizers(name, settings, groups)
    for _ in range(STEPS):
        pair.gradients()
        ours.step()
        theirs.step()
        for group in [*ours.param_groups, *theirs.param_groups]:
            group["lr"] *= 0.95
    pair.assert_equal()


@over_rules
def test_a_state_of_pytorchs_is_taken_over_midway(name, settings):
    pair = Pair("float64")
    ours, theirs = pair.optimizers(name, settings)
    for _ in range(STEPS // 2):
        pair.gradients()
        theirs.step()
    for p, q in zip(pair.ours, pair.theirs, strict=True):
        p.data = ad.tensor(q.detach().numpy())
    state = theirs.state_dict()
    as_arrays = {i: {k: v.numpy() for k, v in entry.items()} for i, entry in state["state"].items()}
    ours.load_state_dict({"state": as_arrays, "param_groups": state["param_groups"]})
    for _ in range(STEPS // 2):
        pair.gradients()
        ours.step()
        theirs.step()
    pair.assert_equal()
    assert_same_state(ours, theirs, "float64")


@over_rules
def test_pytorch_takes_over_a_state_of_ours_midway(name, settings):
    pair = Pair("float64")
    ours, theirs = pair.optimizers(name, settings)
    for _ in range(STEPS // 2):
        pair.gradients()
        ours.step()
    with torch.no_grad():
        for p, q in zip(pair.ours, pair.theirs, strict=True):
            q.copy_(torch.tensor(p.detach().numpy()))
    state = ours.state_dict()
    as_tensors = {i: {k: torch.tensor(v.numpy()) for k, v in e.items()} for i, e in state["state"].items()}
    groups = [
        {**kept, **mine} for kept, mine in zip(theirs.state_dict()["param_groups"], state["param_groups"], strict=True)
    ]
    theirs.load_state_dict({"state": as_tensors, "param_groups": groups})
    for _ in range(STEPS // 2):
        pair.gradients()
        ours.step()
        theirs.step()
    pair.assert_equal()


def test_settings_switched_on_midway_begin_then():
    pair = Pair("float64")
    ours, theirs = pair.optimizers("SGD", {"lr": 0.05})
    for step in range(STEPS):
        if step == 10:
            ours.param_groups[0]["momentum"] = theirs.param_groups[0]["momentum"] = 0.9
            ours.param_groups[0]["dampening"] = theirs.param_groups[0]["dampening"] = 0.5
        if step == 30:
            ours.param_groups[0]["momentum"] = theirs.param_groups[0]["momentum"] = 0
        pair.gradients()
        ours.step()
        theirs.step()
    pair.assert_equal()


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize(("name", "settings"), [("SGD", {"lr": 0.1, "momentum": 0.9}), ("Adam", {"lr": 0.1})])
def test_after_zero_grad_a_step_does_what_pytorchs_does(name, settings, set_to_none):
    pair = Pair("float64")
    ours, theirs = pair.optimizers(name, settings)
    for _ in range(3):
        pair.gradients()
        for optimizer in (ours, theirs):
            optimizer.step()
            optimizer.zero_grad(set_to_none=set_to_none)
            optimizer.step()
    pair.assert_equal()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), [("SGD", {"lr": 0.1, "momentum": 0.9}), ("AdamW", {"lr": 0.1})])
def test_a_whole_training_loop_ends_with_the_same_weights(name, settings, dtype):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((20, 4)).astype(dtype)
    y = rng.integers(0, 3, 20)
    theirs = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.Tanh(), torch.nn.Linear(16, 3)).to(
        getattr(torch, dtype)
    )
    ours = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 3)).to(getattr(ad, dtype))
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    for model, lib, tensor, losses in ((ours, optim, ad.tensor, nn), (theirs, torch.optim, torch.tensor, torch.nn)):
        optimizer = getattr(lib, name)(model.parameters(), **settings)
        for _ in range(STEPS):
            optimizer.zero_grad()
            losses.CrossEntropyLoss()(model(tensor(x)), tensor(y)).backward()
            optimizer.step()
    for key, value in theirs.state_dict().items():
        mine, right = ours.state_dict()[key].numpy(), value.numpy()
        if dtype == "float64":
            np.testing.assert_allclose(mine, right, rtol=1e-9, atol=1e-10)
        else:
            # AdamW divides a gradient by its own size: where that is next to nothing, a rounding error takes a step of
            # its own, in either library. So single weights may differ, and whole tensors may not.
            assert np.linalg.norm(mine - right) < 1e-4 * np.linalg.norm(right)
