"""Gradients live between calls: a compiled step reads those that others left, and leaves its own to others."""

from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F
import optim
from tests.compiled.scenarios import batches, unsupervised

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]
FRESH = batches(5, 2)


def mean_square(model, i):
    return model(FRESH(i)[0]).square().mean()


def an_update_alone(compiled, model, optimizer):
    @compiled
    def update():
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        return norm

    for i in range(8):
        optimizer.zero_grad(set_to_none=i % 3 == 0)
        mean_square(model, i).backward()
        yield update()


def an_update_that_takes_the_gradients_away(compiled, model, optimizer):
    @compiled
    def update():
        optimizer.step()
        optimizer.zero_grad()

    for i in range(8):
        mean_square(model, i).backward()
        mean_square(model, i + 20).backward()
        yield update()


def an_update_before_there_are_gradients(compiled, model, optimizer):
    @compiled
    def update():
        optimizer.step()

    for i in range(8):
        if i > 3:
            mean_square(model, i).backward()
        yield update()


def accumulation_update_and_zero_each_compiled(compiled, model, optimizer):
    zero, update = compiled(lambda: optimizer.zero_grad()), compiled(lambda: optimizer.step())

    @compiled
    def accumulate(x):
        loss = model(x).square().mean() / 2
        loss.backward()
        return loss

    for i in range(16):
        yield accumulate(FRESH(i)[0])
        if i % 2:
            yield update()
            yield zero()


def two_steps_over_the_same_parameters(compiled, model, optimizer):
    other = optim.Adam(model.parameters(), lr=0.01)

    def step_with(optimizer, loss_of):
        def step(x):
            optimizer.zero_grad()
            loss = loss_of(model(x))
            loss.backward()
            optimizer.step()
            return loss

        return compiled(step)

    one, two = step_with(optimizer, lambda y: y.square().mean()), step_with(other, lambda y: y.abs().mean())
    for i in range(8):
        yield one(FRESH(i)[0])
        yield two(FRESH(i)[0])


def a_backward_before_the_step_now_and_then(compiled, model, optimizer):
    @compiled
    def step(x):
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    for i in range(16):
        if i % 4 == 3:
            mean_square(model, i + 20).backward()
        yield step(FRESH(i)[0])


def classes_that_are_ignored_after_a_backward(compiled, model, optimizer):
    @compiled
    def step(x, y):
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    fresh = batches(5, 2, classes=3)
    for i in range(10):
        mean_square(model, i + 20).backward()
        x, y = fresh(i)
        if i in (5, 8):
            y[1] = -100
        yield step(x, y)


def branches_that_leave_other_parameters_without_gradients(compiled, model, optimizer):
    @compiled
    def step(x, whole):
        optimizer.zero_grad()
        loss = (model if whole else model[0])(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    for i in range(12):
        yield step(FRESH(i)[0], i % 3 == 0)


def zeros_in_parameters_that_are_not_used(compiled, model, optimizer):
    @compiled
    def step(x, whole):
        optimizer.zero_grad(set_to_none=False)
        loss = (model if whole else model[0])(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    for i in range(14):
        yield step(FRESH(i)[0], i % 3 > 0)


def a_layer_frozen_with_the_gradient_it_has(compiled, model, optimizer):
    @compiled
    def step(x):
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    for i in range(12):
        if i % 4 == 0:
            model[0].requires_grad_(i % 8 == 0)
        yield step(FRESH(i)[0])


PROGRAMS = [
    an_update_alone,
    an_update_that_takes_the_gradients_away,
    an_update_before_there_are_gradients,
    accumulation_update_and_zero_each_compiled,
    two_steps_over_the_same_parameters,
    a_backward_before_the_step_now_and_then,
    classes_that_are_ignored_after_a_backward,
    branches_that_leave_other_parameters_without_gradients,
    zeros_in_parameters_that_are_not_used,
    a_layer_frozen_with_the_gradient_it_has,
]


def run(program, compiled):
    """What a program gave, with the parameters and gradients after each call."""
    ad.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    found = []
    for given in program(compiled, model, optimizer):
        grads = [None if p.grad is None else p.grad.numpy().copy() for p in model.parameters()]
        found.append([given, *[p.detach().numpy().copy() for p in model.parameters()], *grads])
    return found


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_are_those_of_ordinary_steps(program, backend):
    made = []

    def compiled(function):
        made.append(ad.compile(function, backend=backend))
        return made[-1]

    given, expected = run(program, compiled), run(program, lambda f: f)
    assert all(step.stats["replayed"] for step in made)
    for i, (row, other) in enumerate(zip(given, expected, strict=True)):
        for a, b in zip(row, other, strict=True):
            assert (a is None) == (b is None), i
            if b is not None:
                np.testing.assert_allclose(*[x.detach().numpy() if ad.is_tensor(x) else x for x in (a, b)],
                                           rtol=1e-4, atol=1e-6, err_msg=str(i))  # fmt: skip


def test_a_gradient_that_is_kept_stays_as_it_is_when_its_parameter_has_let_go_of_it():
    ad.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    step = ad.compile(unsupervised(model, optimizer))

    for i in range(4):
        step(FRESH(i)[0])
    kept = model.weight.grad
    before = kept.numpy().copy()
    optimizer.zero_grad()
    for i in range(3):
        step(FRESH(i)[0])
    np.testing.assert_array_equal(kept.numpy(), before)


@pytest.mark.parametrize("inside", [False, True])
def test_a_gradient_of_an_argument_is_refused(inside):
    @ad.compile
    def step(x):
        x.requires_grad_()
        loss = x.square().sum()
        loss.backward()
        return loss

    x = ad.ones(3, requires_grad=not inside)
    with pytest.raises(ad.RecordingError, match=r"loss\.backward\(\)\n.*the \.grad of an argument.*ad\.grad"):
        step(x)
    np.testing.assert_array_equal(x.grad.numpy(), 2.0)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_leaf_of_the_steps_own_has_the_gradient_of_an_argument(backend):
    def step(x):
        x = x.detach().requires_grad_()
        loss = x.square().sum()
        loss.backward()
        return x.grad

    fast = ad.compile(step, backend=backend)
    for i in range(4):
        assert fast(ad.ones(3) * i).tolist() == [2.0 * i] * 3
    assert fast.stats["replayed"] == 2


def accumulating(model, optimizer, divisor, compiled):
    """Three calls that add gradients and one that uses them, with whatever is done between two rounds."""
    scale = {"by": divisor}

    def accumulate(x):
        loss = model(x).square().mean() / scale["by"]
        loss.backward()
        return loss

    def update():
        optimizer.step()
        optimizer.zero_grad()

    accumulate, update = compiled(accumulate), compiled(update)

    def one_round(i):
        losses = [accumulate(FRESH(3 * i + k)[0]).item() for k in range(3)]
        update()
        return losses

    return one_round, scale


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradients_that_come_and_go_are_no_reason_to_walk_through_everything_again(backend, monkeypatch):
    model = nn.Linear(2, 3)
    one_round, _ = accumulating(model, optim.Adam(model.parameters()), 3.0, lambda f: ad.compile(f, backend=backend))
    for i in range(5):
        one_round(i)
    monkeypatch.setattr("autodiff.compiler.effects.Reach", None)
    for i in range(5):
        one_round(i)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_changes_together_with_gradients_is_seen(backend):
    def rounds(compiled):
        ad.manual_seed(0)
        model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 3))
        optimizer = optim.Adam(model.parameters())
        one_round, scale = accumulating(model, optimizer, 3.0, compiled)
        found = []
        for i in range(12):
            found.append(one_round(i))
            if i == 4:
                model.eval()
            if i == 6:
                scale["by"] = 5.0
            if i == 8:
                optimizer.param_groups[0]["lr"] = 0.1
            if i == 9:
                model[0].weight.requires_grad_(False)
        return found, [p.detach().numpy().copy() for p in model.parameters()]

    found, weights = rounds(lambda f: ad.compile(f, backend=backend))
    expected, others = rounds(lambda f: f)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    for a, b in zip(weights, others):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------------- gradients that are held


def held_while_it_is_added_to(accumulate, replace, model, i, held):
    accumulate(i)
    if i in (4, 7):
        held.append(model.weight.grad)
    if i in (5, 6, 8):
        held[-1].zero_()


def held_from_the_first_call(accumulate, replace, model, i, held):
    accumulate(i)
    if i == 0:
        held += [model.weight.grad, model.bias.grad]
    held[0].mul_(0.5)


def held_as_an_array(accumulate, replace, model, i, held):
    accumulate(i)
    if i in (1, 5):
        held.append(model.weight.grad.numpy())
    if i == 7:
        held[0][...] = 0
    if i == 8:
        held.clear()


def a_part_is_held(accumulate, replace, model, i, held):
    accumulate(i)
    if i in (5, 8):
        held.append(model.weight.grad[0])
    if i in (6, 9):
        held[0].zero_()


def held_where_it_is_replaced(accumulate, replace, model, i, held):
    (replace if i % 2 else accumulate)(i)
    held.append(model.weight.grad)


def held_in_turns(accumulate, replace, model, i, held):
    (accumulate if i % 3 else replace)(i)
    if i % 4 == 1:
        held.append(model.weight.grad)
    if i % 4 == 2:
        held.append(model.weight.grad.numpy())
    if i % 5 == 4:
        held[-1][...] = 1.0
    if i == 12:
        del held[:3]


def taken_away_while_it_is_held(accumulate, replace, model, i, held):
    accumulate(i)
    held.append(model.weight.grad)
    if i % 4 == 3:
        model.zero_grad()


def an_own_one_is_given(accumulate, replace, model, i, held):
    if i % 4 == 2:
        held.append(ad.ones(3, 2))
        model.weight.grad = held[-1]
    if i == 7:
        held.append(ad.ones(2, 3, 2))
        model.weight.grad = held[-1][1]
    accumulate(i)


def set_to_zero_while_it_is_held(accumulate, replace, model, i, held):
    if i > 4:
        held.append(model.weight.grad)
        model.zero_grad(set_to_none=False)
    accumulate(i)


HOLDERS = [
    held_while_it_is_added_to,
    held_from_the_first_call,
    held_as_an_array,
    a_part_is_held,
    held_where_it_is_replaced,
    held_in_turns,
    taken_away_while_it_is_held,
    an_own_one_is_given,
    set_to_zero_while_it_is_held,
]


def with_holder(hold, compiled):
    """What is held and what is there after each call."""
    ad.manual_seed(0)
    model, held, found = nn.Linear(2, 3), [], []

    @compiled
    def accumulate(x):
        model(x).square().mean().backward()

    @compiled
    def replace(x):
        model.zero_grad()
        model(x).square().mean().backward()

    @ad.no_grad()
    def values(t):
        return np.array(t.numpy() if ad.is_tensor(t) else t)

    for i in range(20):
        calls = [lambda i, f=f: f(FRESH(i)[0]) for f in (accumulate, replace)]
        hold(*calls, model, i, held)
        found.append([values(t) for t in [*held, *[p._node.grad for p in model.parameters()]] if t is not None])
    return found, [accumulate, replace]


@pytest.mark.parametrize("hold", HOLDERS, ids=lambda hold: hold.__name__)
@pytest.mark.parametrize("passes", [None, ()])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gradient_that_is_held_changes_as_in_ordinary_calls(hold, backend, passes):
    found, steps = with_holder(hold, lambda f: ad.compile(f, backend=backend, passes=passes))
    expected, _ = with_holder(hold, lambda f: f)
    for i, (row, other) in enumerate(zip(found, expected, strict=True)):
        for a, b in zip(row, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6, err_msg=str(i))
    assert steps[0].stats["replayed"] > 0


@pytest.mark.parametrize("then", ["cleared", "replaced"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gradient_that_is_held_is_set_to_zero_though_another_takes_its_place(then, backend):
    def trained(compiled):
        ad.manual_seed(0)
        model = nn.Linear(3, 2)
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

        @compiled
        def step(x):
            optimizer.zero_grad(set_to_none=False)
            if then == "cleared":
                model.zero_grad()
            else:
                model.weight.grad = ad.ones(2, 3)
            model(x).square().mean().backward()
            optimizer.step()

        held = []
        for k in range(12):
            if k in (4, 5, 8):
                held.append(model.weight.grad)
            step(ad.ones(2, 3) * k)
        return [t.detach().numpy() for t in [*held, *model.parameters()]], step

    found, step = trained(ad.compile(backend=backend))
    expected, _ = trained(lambda f: f)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert step.stats["replayed"] > 0


@pytest.mark.parametrize("hold", ["not", "taken", "given"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_gradient_that_is_held_is_added_to_though_the_step_takes_it_away(hold, backend):
    def trained(compiled):
        ad.manual_seed(0)
        model = nn.Linear(3, 2)
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        @compiled
        def micro(x, is_last):
            model(x).square().mean().backward()
            if is_last:
                optimizer.step()
                optimizer.zero_grad()

        held = []
        for k in range(24):
            if k in (14, 20) and hold == "taken":
                held.append(model.weight.grad)
            if k in (14, 20) and hold == "given":
                held.append(ad.ones(2, 3))
                model.weight.grad = held[-1]
            micro(ad.ones(2, 3) * k, k % 3 == 2)
        return [t.detach().numpy() for t in [*held, *model.parameters()]], micro

    found, micro = trained(ad.compile(backend=backend))
    expected, _ = trained(lambda f: f)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert hold != "not" or micro.stats["eager"] == 0  # what other steps of the same function keep is not held


@pytest.mark.parametrize("zeroed", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_two_leaves_that_have_one_gradient_for_a_while_are_no_reason_to_record_them_so(zeroed, backend):
    def trained(compiled):
        ad.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3)).double()
        optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

        @compiled
        def step(x):
            if zeroed:
                optimizer.zero_grad(set_to_none=False)
            model(x).square().mean().backward()
            optimizer.step()

        found = []
        for k in range(30):
            if k == 6:
                model[0].weight.grad = model[2].weight.grad
            if k == 10:
                model[0].weight.data = model[0].weight.detach() * 1.5
            if k == 20:
                optimizer.zero_grad()
            step(ad.ones(2, 3, dtype=ad.float64) * (k % 3))
            found.append([p.grad.numpy().copy() for p in model.parameters()])
        return found, step

    found, step = trained(ad.compile(backend=backend))
    expected, _ = trained(lambda f: f)
    for row, other in zip(found, expected, strict=True):
        for a, b in zip(row, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert step.stats["replayed"] > 0


def test_where_memory_of_a_gradient_cannot_move_the_call_is_an_ordinary_one():
    p = nn.Parameter(ad.ones(2))

    @ad.compile
    def step(x):
        (p * x).sum().backward()

    step(ad.ones(2))
    array = p.grad.numpy()
    for _ in range(5):
        step(ad.ones(2))
    assert array.tolist() == p.grad.tolist() == [6, 6]
    assert step.stats == {"recorded": 3, "replayed": 0, "eager": 3}
    del array
    for _ in range(5):
        step(ad.ones(2))
    assert p.grad.tolist() == [11, 11]
    assert step.stats == {"recorded": 3, "replayed": 5, "eager": 3}
