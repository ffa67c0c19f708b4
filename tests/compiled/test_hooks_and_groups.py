"""Hooks, and the groups and parameters that an optimizer has, are looked at as what a function closes over is."""

from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from tests.compiled.scenarios import batches, unsupervised

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]


class Gain:
    factor = 1.0


def a_hook_comes_and_goes(model, optimizer, i):
    if i == 4:
        model.handle = model[0].register_forward_hook(lambda module, given, out: 2 * out)
    if i == 8:
        model.handle.remove()


def a_hook_of_a_gradient_comes_and_goes(model, optimizer, i):
    if i == 4:
        model.handle = model[0].weight.register_hook(lambda g: 2 * g)
    if i == 8:
        model.handle.remove()


def what_a_hook_closes_over_changes(model, optimizer, i):
    if i == 0:
        model.gain = gain = Gain()
        gain.factor = 1.0
        model[0].register_forward_hook(lambda module, given, out: gain.factor * out)
        model[2].weight.register_hook(lambda g: gain.factor * g)
    if i % 4 == 3:
        model.gain.factor += 1.0


def a_group_is_taken_away(model, optimizer, i):
    if i == 6:
        optimizer.param_groups.pop()


def a_parameter_is_taken_away(model, optimizer, i):
    if i == 6:
        del optimizer.param_groups[0]["params"][0]


def a_parameter_changes_its_group(model, optimizer, i):
    if i == 6:
        optimizer.param_groups[0]["params"].append(optimizer.param_groups[1]["params"].pop())


def other_groups_are_given(model, optimizer, i):
    if i == 6:
        optimizer.param_groups = optimizer.param_groups[:1]


def plain_dict(optimizer, n):
    """A group as a plain dict, taken away from the optimizer."""
    return dict(optimizer.param_groups.pop(n))


def a_plain_dict_is_appended_and_changed(model, optimizer, i):
    if i == 4:
        optimizer.param_groups.append(plain_dict(optimizer, 0))
    if i == 8:
        optimizer.param_groups[1]["lr"] = 0.01


def a_plain_dict_is_put_in_and_changed(model, optimizer, i):
    if i == 4:
        optimizer.param_groups[0] = dict(optimizer.param_groups[0])
        optimizer.param_groups[1:] = [dict(optimizer.param_groups[1])]
    if i == 8:
        optimizer.param_groups[0]["lr"] = optimizer.param_groups[1]["momentum"] = 0.01


def plain_dicts_are_added_and_changed(model, optimizer, i):
    if i == 4:
        optimizer.param_groups += [plain_dict(optimizer, 0)]
        optimizer.param_groups.extend([plain_dict(optimizer, 0)])
        optimizer.param_groups.insert(0, plain_dict(optimizer, 0))
    if i == 8:
        optimizer.param_groups[1]["lr"] = 0.01
        optimizer.param_groups[0]["params"].pop()


def plain_dicts_are_assigned_and_changed(model, optimizer, i):
    if i == 4:
        optimizer.param_groups = list(map(dict, optimizer.param_groups))
    if i == 8:
        optimizer.param_groups[1]["lr"] = 0.01


CHANGES = [
    a_plain_dict_is_appended_and_changed,
    a_plain_dict_is_put_in_and_changed,
    plain_dicts_are_added_and_changed,
    plain_dicts_are_assigned_and_changed,
    a_hook_comes_and_goes,
    a_hook_of_a_gradient_comes_and_goes,
    what_a_hook_closes_over_changes,
    a_group_is_taken_away,
    a_parameter_is_taken_away,
    a_parameter_changes_its_group,
    other_groups_are_given,
]


def weights(change, compiled):
    """The parameters after each step, with something done before it."""
    ad.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    groups = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.3}]
    optimizer = optim.SGD(groups, lr=0.1, momentum=0.9)

    step = compiled(unsupervised(model, optimizer))

    found = []
    for i in range(12):
        change(model, optimizer, i)
        step(batches(5, 2)(i)[0])
        found.append([p.detach().numpy().copy() for p in model.parameters()])
    return found


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_change_of_hooks_or_groups_is_seen(change, backend):
    given, expected = weights(change, lambda f: ad.compile(f, backend=backend)), weights(change, lambda f: f)
    for i, (row, other) in enumerate(zip(given, expected, strict=True)):
        for a, b in zip(row, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=str(i))


def test_a_hook_that_keeps_what_it_sees_is_refused():
    model, seen = nn.Linear(2, 1), []
    model.register_forward_hook(lambda module, given, out: seen.append(out.detach()))
    with pytest.raises(ad.RecordingError, match=r"changed len\(seen\)"):
        ad.compile(model)(ad.ones(3, 2))
