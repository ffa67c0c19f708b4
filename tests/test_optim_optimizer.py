"""Optimizer: groups, settings, what is refused, what is saved; and learning rate schedules."""

import math

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from optim import lr_scheduler


def parameter(value=1.0):
    return nn.Parameter(ad.tensor([value]))


def test_settings_of_a_group_come_before_those_of_the_optimizer():
    p, q = parameter(), parameter()
    optimizer = optim.SGD([{"params": [p], "lr": 0.5}, {"params": q}], lr=0.1, momentum=0.9)
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.1]
    assert [g["momentum"] for g in optimizer.param_groups] == [0.9, 0.9]
    assert optimizer.param_groups[1]["params"] == [q]
    assert optimizer.defaults["lr"] == 0.1


def test_named_parameters_keep_their_names():
    layer = nn.Linear(2, 1)
    optimizer = optim.Adam(layer.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    assert optimizer.param_groups[0]["params"][0] is layer.weight
    assert "param_names" not in repr(optimizer)


def test_a_group_added_later_takes_part():
    p, q = parameter(), parameter()
    optimizer = optim.SGD([p], lr=0.5)
    p.grad, q.grad = ad.ones(1), ad.ones(1)
    optimizer.step()
    optimizer.add_param_group({"params": q, "lr": 0.25})
    optimizer.step()
    assert (p.item(), q.item()) == (0.0, 0.75)


def test_step_calls_a_closure_with_recording_on_and_returns_its_loss():
    p = parameter(3.0)
    optimizer = optim.SGD([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with ad.no_grad():
        assert optimizer.step(closure).item() == 9.0
    assert p.item() == 1.5
    assert optimizer.step() is None


def test_zero_grad_takes_gradients_away_or_zeroes_them_in_place():
    p, frozen = parameter(), nn.Parameter(ad.ones(1), requires_grad=False)
    frozen.grad = ad.ones(1)
    optimizer = optim.SGD([p, frozen])
    p.grad = ad.ones(1)
    memory = p.grad.numpy()
    optimizer.zero_grad(set_to_none=False)
    assert memory.tolist() == p.grad.tolist() == frozen.grad.tolist() == [0.0]
    optimizer.zero_grad()
    assert p.grad is None
    assert frozen.grad is None
    x = parameter(2.0)
    (x * x * x).sum().backward(create_graph=True)
    optim.SGD([x]).zero_grad(set_to_none=False)
    assert (x.grad.tolist(), x.grad.requires_grad) == ([0.0], False)


def test_it_prints_its_groups_and_settings_in_pytorchs_form():
    text = repr(optim.SGD([{"params": [parameter()], "lr": 0.5}, {"params": [parameter()]}], lr=0.1))
    assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.5\n    maximize: False\n")
    assert "\nParameter Group 1\n    dampening: 0\n    lr: 0.1\n" in text
    assert text.endswith("\n)")


P = parameter()


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: optim.SGD([]), ValueError, "got no parameters; is a generator .* nn.ModuleList"),
        (lambda: optim.SGD(P), TypeError, r"takes a list of parameters and got a Tensor; put it in a list"),
        (lambda: optim.SGD({"a": P}), TypeError, "got a dict"),
        (lambda: optim.SGD(nn.Sequential(nn.Linear(1, 1))), TypeError, r"got a Sequential; use model.parameters\(\)"),
        (lambda: optim.SGD([1.0]), TypeError, "parameter number 0 is a float, not a Tensor"),
        (lambda: optim.SGD([P, P]), ValueError, r"parameter number 1, of shape \(1,\), is in the optimizer already"),
        (lambda: optim.SGD([{"params": [P]}, {"params": [P]}]), ValueError, "is in the optimizer already"),
        (lambda: optim.SGD([("w", P * 2)]), ValueError, r"parameter 'w', .* computed from other Tensors.*detach\(\)"),
        (lambda: optim.SGD([{"params": {P}}]), TypeError, "a set has none; use a list"),
        (lambda: optim.SGD([{"weights": [P]}]), TypeError, "a group is a dict with the key 'params'"),
        (lambda: optim.SGD([("w", P), parameter()]), ValueError, "with their names, or none"),
        (lambda: optim.SGD([P], lr=-1.0), ValueError, "SGD: lr must not be negative; got -1.0"),
        (lambda: optim.SGD([P], momentum=-0.1), ValueError, "SGD: momentum must not be negative"),
        (lambda: optim.SGD([P], nesterov=True), ValueError, "nesterov needs a momentum above 0"),
        (lambda: optim.SGD([P], nesterov=True, momentum=0.9, dampening=0.1), ValueError, "no dampening; got"),
        (lambda: optim.SGD([{"params": [P], "weight_decay": -1}]), ValueError, "weight_decay must not be negative"),
        (lambda: optim.Adam([P], betas=(0.9, 1.0)), ValueError, "Adam: betas must be at least 0 and below 1"),
        (lambda: optim.AdamW([P], eps=-1e-8), ValueError, "AdamW: eps must not be negative"),
        (lambda: optim.SGD([P], lr=float("nan")), ValueError, "lr must not be negative; got nan"),
    ],
)
def test_what_cannot_be_optimized_is_named(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_a_rule_that_is_missing_is_asked_for():
    optimizer = optim.Optimizer([P], {})
    P.grad = ad.ones(1)
    with pytest.raises(ad.AutodiffError, match="has no rule yet: give it a method update"):
        optimizer.step()
    P.grad = None


# -- saving and loading ----------------------------------------------------------------------------------------------


def trained(make, parameters, steps=2):
    optimizer = make(parameters)
    for p in parameters:
        p.grad = ad.ones(*p.shape)
    for _ in range(steps):
        optimizer.step()
    return optimizer


def test_a_state_dict_numbers_the_parameters_through_all_groups():
    p, q, r = parameter(), parameter(), parameter()
    state = trained(lambda ps: optim.Adam([{"params": ps[:1]}, {"params": ps[1:], "lr": 0.5}]), [p, q, r]).state_dict()
    assert [g["params"] for g in state["param_groups"]] == [[0], [1, 2]]
    assert state["param_groups"][1]["lr"] == 0.5
    assert sorted(state["state"]) == [0, 1, 2]
    assert {k: (str(v.dtype), v.shape) for k, v in state["state"][2].items()} == {
        "step": ("float32", ()),
        "exp_avg": ("float32", (1,)),
        "exp_avg_sq": ("float32", (1,)),
    }


def test_loading_copies_state_and_settings():
    source = trained(lambda ps: optim.SGD(ps, lr=0.5, momentum=0.9), [parameter()])
    q = parameter()
    target = optim.SGD([q], lr=0.1)
    target.load_state_dict(source.state_dict())
    assert target.param_groups[0]["lr"] == 0.5
    assert target.param_groups[0]["params"] == [q]
    mine, theirs = (next(iter(o.state.values()))["momentum_buffer"] for o in (target, source))
    assert mine.tolist() == theirs.tolist()
    assert not np.shares_memory(mine.numpy(), theirs.numpy())


def test_loading_what_does_not_fit_is_refused_and_changes_nothing():
    source = trained(lambda ps: optim.Adam(ps, lr=0.5), [nn.Parameter(ad.ones(2))])
    target = optim.Adam([parameter()])
    with pytest.raises(ad.ShapeError, match=r"has 'exp_avg' of shape \(2,\) for a parameter of shape \(1,\)"):
        target.load_state_dict(source.state_dict())
    assert target.param_groups[0]["lr"] == 1e-3
    with pytest.raises(ValueError, match=r"has groups of \[1\] parameters and the optimizer groups of \[2\]"):
        optim.Adam([parameter(), parameter()]).load_state_dict(source.state_dict())


# -- schedules -------------------------------------------------------------------------------------------------------

SCHEDULES = [
    (lambda o: lr_scheduler.StepLR(o, 2, gamma=0.5), [1, 1, 0.5, 0.5, 0.25]),
    (lambda o: lr_scheduler.ExponentialLR(o, 0.5), [1, 0.5, 0.25, 0.125, 0.0625]),
    (
        lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=4, eta_min=0.2),
        [0.2 + 0.4 * (1 + math.cos(math.pi * k / 4)) for k in range(5)],
    ),
    (lambda o: lr_scheduler.LambdaLR(o, lambda k: 1 / (k + 1)), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]),
]


@pytest.mark.parametrize(("make", "rates"), SCHEDULES)
def test_a_schedule_goes_through_these_rates_and_on_from_a_saved_state(make, rates):
    optimizer = optim.SGD([parameter()], lr=1.0)
    scheduler = make(optimizer)
    for i, rate in enumerate(rates):
        assert scheduler.get_last_lr() == [pytest.approx(rate)]
        assert optimizer.param_groups[0]["lr"] == pytest.approx(rate)
        if i == 2:
            again = make(optimizer)
            again.load_state_dict(scheduler.state_dict())
            scheduler = again
        scheduler.step()


def test_a_schedule_moves_every_group_from_its_own_rate():
    optimizer = optim.SGD([{"params": [parameter()], "lr": 1.0}, {"params": [parameter()], "lr": 0.5}])
    scheduler = lr_scheduler.LambdaLR(optimizer, [lambda k: 1.0, lambda k: 0.5**k])
    scheduler.step()
    assert scheduler.get_last_lr() == [1.0, 0.25]
    with pytest.raises(ValueError, match="has 2 groups and got 1 functions"):
        lr_scheduler.LambdaLR(optimizer, [lambda k: 1.0])
