"""State is never baked in, and ordinary steps and compiled ones can be mixed freely."""

import copy

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F
import optim
from tests.compiled.scenarios import batches, mlp, usual


def trained(compiled, change=None, steps=12, make=lambda p: optim.Adam(p, lr=0.01)):
    """Weights after some steps, every other one of which may be compiled, with something done in the middle."""
    ad.manual_seed(0)
    model = mlp(4, 8, 3)
    optimizer = make(model.parameters())
    plain = usual(model, nn.CrossEntropyLoss(), optimizer)
    step = ad.compile(plain) if compiled else plain
    fresh = batches(5, 4, classes=3)
    losses = []
    for i in range(steps):
        if i == steps // 2 and change is not None:
            model, optimizer = change(model, optimizer) or (model, optimizer)
        which = plain if compiled == "mixed" and i % 3 == 1 else step
        losses.append(which(*fresh(i)).item())
    return losses, [p.detach().numpy().copy() for p in model.parameters()], step


def assert_alike(given, expected):
    np.testing.assert_allclose(given[0], expected[0], rtol=1e-4)
    for a, b in zip(given[1], expected[1], strict=True):
        assert np.linalg.norm(a - b) <= 1e-4 * np.linalg.norm(b)


def another_rate(model, optimizer):
    optimizer.param_groups[0]["lr"] = 0.1


def other_betas(model, optimizer):
    optimizer.param_groups[0]["betas"] = (0.5, 0.9)


def decay_from_now_on(model, optimizer):
    optimizer.param_groups[0]["weight_decay"] = 0.1


def new_memory(model, optimizer):
    model[0].weight.data = model[0].weight.data * 2


def written_in_place(model, optimizer):
    with ad.no_grad():
        model[0].weight.mul_(0.5)
        model[2].bias.zero_()


def a_state_loaded(model, optimizer):
    model.load_state_dict({name: value * 0.5 for name, value in model.state_dict().items()})
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))


def moments_changed(model, optimizer):
    for entry in optimizer.state.values():
        entry["exp_avg"].zero_()


def moments_forgotten(model, optimizer):
    optimizer.state.clear()


def one_layer_frozen(model, optimizer):
    model[0].requires_grad_(False)
    optimizer.zero_grad()


CHANGES = [
    another_rate,
    other_betas,
    decay_from_now_on,
    new_memory,
    written_in_place,
    a_state_loaded,
    moments_changed,
    moments_forgotten,
    one_layer_frozen,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("how", [True, "mixed"])
def test_what_changes_between_calls_is_seen(change, how):
    assert_alike(trained(how, change), trained(False, change))


def test_ordinary_and_compiled_steps_can_be_mixed():
    assert_alike(trained("mixed"), trained(False))
    assert_alike(
        trained("mixed", make=lambda p: optim.SGD(p, lr=0.1, momentum=0.9)),
        trained(False, make=lambda p: optim.SGD(p, lr=0.1, momentum=0.9)),
    )


def test_a_changed_rate_is_no_reason_to_record_again():
    _, _, step = trained(True, another_rate)
    assert step.stats["recorded"] == 2
    assert len(step.signatures) == 1


def test_training_and_evaluation_are_two_programs():
    ad.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5))
    fast = ad.compile(model)
    x = ad.ones(3, 4)
    for _ in range(3):
        fast(x)
    model.eval()
    for _ in range(3):
        out = fast(x)
    np.testing.assert_allclose(out.detach().numpy(), model(x).detach().numpy(), rtol=1e-6)
    assert len(fast.signatures) == 2


def test_a_new_shape_is_recorded_again_and_the_old_one_is_kept():
    fast = ad.compile(lambda x: (x * 2).sum())
    for n in (3, 4, 3, 4, 3, 4, 3):
        assert fast(ad.ones(n)).item() == 2 * n
    assert fast.stats["recorded"] == 4
    assert len(fast.signatures) == 2


def test_a_bounded_number_of_signatures_is_kept():
    fast = ad.compile(lambda x: x + 1)
    for n in range(1, 50):
        fast(ad.ones(n))
        fast(ad.ones(n))
    assert len(fast.signatures) <= 32


def test_views_of_a_parameter_taken_earlier_go_on_seeing_it():
    ad.manual_seed(0)
    model = mlp(4, 8, 3)
    view = model[0].weight.detach().numpy()
    step = ad.compile(usual(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)))
    fresh = batches(5, 4, classes=3)
    for i in range(5):
        step(*fresh(i))
    np.testing.assert_array_equal(view, model[0].weight.detach().numpy())
    assert np.shares_memory(view, model[0].weight.detach().numpy())


def test_gradients_that_are_held_are_not_overwritten():
    ad.manual_seed(0)
    model = mlp(4, 8, 3)
    step = ad.compile(usual(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)))
    fresh = batches(5, 4, classes=3)
    for i in range(4):
        step(*fresh(i))
    kept = [p.grad for p in model.parameters()]
    arrays = [model[0].weight.grad.numpy(), model[0].weight.grad[1:]]
    copies = [g.numpy().copy() for g in kept]
    for i in range(4, 7):
        step(*fresh(i))
    for g, before in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(g.numpy(), before)
    np.testing.assert_array_equal(arrays[0], copies[0])
    np.testing.assert_array_equal(arrays[1].numpy(), copies[0][1:])
    assert all(p.grad is not g for p, g in zip(model.parameters(), kept, strict=True))


def test_gradients_of_other_leaves_share_no_memory_that_is_written():
    ad.manual_seed(0)
    model = mlp(4, 8, 3)
    step = ad.compile(usual(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)))
    fresh = batches(5, 4, classes=3)
    for i in range(4):
        step(*fresh(i))
    grads = [p.grad.numpy() for p in model.parameters()]
    before = [g.copy() for g in grads]
    grads[0][...] = 7
    for g, b in zip(grads[1:], before[1:], strict=True):
        np.testing.assert_array_equal(g, b)


def test_results_own_their_memory():
    fast = ad.compile(lambda x: (x + 1, x.sum(), x))
    x = ad.ones(3)
    results = [fast(x) for _ in range(5)]
    results[-1][0].zero_()
    results[-1][2].fill_(9)
    assert results[-2][0].tolist() == [2.0] * 3
    assert x.tolist() == [1.0] * 3
    assert fast(x)[0].tolist() == [2.0] * 3


@pytest.mark.parametrize("returned", [lambda w, x: w.detach(), lambda w, x: x, lambda w, x: x[0], lambda w, x: w[:2]])
def test_results_of_recorded_calls_own_their_memory_too(returned):
    w, x = ad.ones(3), ad.ones(3)
    fast = ad.compile(lambda x: returned(w, x))
    results = [fast(x) for _ in range(4)]
    w.fill_(5)
    x.fill_(7)
    for result in results:
        np.testing.assert_array_equal(result.numpy(), 1)


@pytest.mark.parametrize("backend", ["numpy", None])
def test_an_input_that_state_is_a_part_of_is_copied(backend):
    whole = ad.tensor(np.arange(12.0).reshape(3, 4))
    w = whole.detach()[1]

    def step(x):
        w.mul_(2)
        return x + w

    fast = ad.compile(step, backend=backend)
    for _ in range(5):
        before = whole.numpy().copy()
        np.testing.assert_array_equal(fast(whole).numpy(), before + 2 * before[1])


def test_an_input_that_overlaps_state_is_copied():
    w = ad.ones(4)

    def step(x):
        w.mul_(2)
        return x + w

    fast = ad.compile(step)
    for i in range(5):
        before = w.tolist()
        assert fast(w.detach()[:]).tolist() == [3 * v for v in before]
        assert w.tolist() == [2.0 ** (i + 1)] * 4


def test_inputs_need_not_be_contiguous_nor_fresh():
    fast = ad.compile(lambda x: (x * ad.arange(6.0).reshape(3, 2)).sum(0))
    rng = np.random.default_rng(0)
    for _ in range(6):
        x = ad.tensor(rng.standard_normal((2, 3)).astype(np.float32)).T
        np.testing.assert_allclose(fast(x).numpy(), (x.numpy() * np.arange(6.0).reshape(3, 2)).sum(0), rtol=1e-5)
        rows = ad.tensor(rng.standard_normal((9, 2)).astype(np.float32))[3:6]
        np.testing.assert_allclose(fast(rows).numpy(), (rows.numpy() * np.arange(6.0).reshape(3, 2)).sum(0), rtol=1e-5)


@pytest.mark.parametrize("shape", [(1,), (1, 3), (3, 1), (2, 3)])
@pytest.mark.parametrize("reduce", [ad.sum, ad.mean, ad.amax, ad.amin])
@pytest.mark.parametrize("backend", [None, "numpy"])
def test_a_state_may_become_a_total_of_what_it_was(reduce, shape, backend):
    def result(compiled):
        state = ad.full(shape, 2.0)

        def step(x):
            state.copy_(reduce(state * x, 0, keepdim=True))

        step = ad.compile(step, backend=backend) if compiled else step
        for k in (3.0, 0.5, 2.0, 1.5):
            step(ad.full(shape, k))
        return state.tolist()

    assert result(compiled=True) == result(compiled=False)


def test_a_module_attribute_is_read_anew():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = 2.0

        def forward(self, x):
            return x * self.factor

    model = Scaled()
    fast = ad.compile(model)
    for _ in range(3):
        assert fast(ad.ones(2)).tolist() == [2.0, 2.0]
    model.factor = 3.0
    for _ in range(3):
        assert fast(ad.ones(2)).tolist() == [3.0, 3.0]


FACTOR = 2.0


def test_a_global_and_a_closed_over_number_are_read_anew():
    global FACTOR
    offset = 1.0
    table = np.array([1.0, 2.0], np.float32)

    @ad.compile
    def fast(x):
        return x * FACTOR + offset + ad.tensor(table)

    for _ in range(4):
        assert fast(ad.ones(2)).tolist() == [4.0, 5.0]
    FACTOR = 3.0
    for _ in range(4):
        assert fast(ad.ones(2)).tolist() == [5.0, 6.0]
    offset = 0.0
    for _ in range(4):
        assert fast(ad.ones(2)).tolist() == [4.0, 5.0]
    table[:] = 0
    assert fast(ad.ones(2)).tolist() == [3.0, 3.0]
    FACTOR = 2.0


def test_attributes_of_an_object_of_the_users_are_read_anew():
    class Trainer:
        def __init__(self):
            self.model = nn.Linear(2, 1)
            self.optimizer = optim.SGD(self.model.parameters(), lr=0.1)
            self.weight = 1.0
            self.log = []

        @ad.compile
        def step(self, x, y):
            self.optimizer.zero_grad()
            loss = self.weight * (self.model(x) - y).square().mean()
            loss.backward()
            self.optimizer.step()
            return loss

    trainer = Trainer()
    x, y = ad.ones(3, 2), ad.zeros(3, 1)
    for _ in range(4):
        trainer.log.append(trainer.step(x, y).item())
    trainer.weight = 0.0
    assert trainer.step(x, y).item() == 0.0
    assert trainer.step.stats["recorded"] == 3


def test_a_listener_hears_the_step_as_it_is_written():
    w = ad.ones(2, requires_grad=True)
    fast = ad.compile(lambda x: (x * w).sum())
    for _ in range(4):
        fast(ad.ones(2))
    with ad.record() as rec:
        fast(ad.ones(2))
    assert "v" in str(rec)
    assert fast.stats["eager"] == 1


def test_a_compiled_function_inside_another_becomes_part_of_it():
    inner = ad.compile(nn.Linear(3, 2))
    outer = ad.compile(lambda x: inner(x).sum() * 2)
    x = ad.ones(4, 3)
    for _ in range(4):
        inner(x)
    results = [outer(x).item() for _ in range(4)]
    np.testing.assert_allclose(results, [(inner.function(x).sum() * 2).item()] * 4, rtol=1e-6)


def test_a_backward_through_a_compiled_model_says_what_to_do():
    model = nn.Linear(3, 1)
    fast = ad.compile(model)
    for _ in range(3):
        out = fast(ad.ones(2, 3))
        with pytest.raises(ad.GradientError, match="compile the whole step"):
            out.sum().backward()
    with ad.no_grad():
        for _ in range(3):
            assert not fast(ad.ones(2, 3)).requires_grad


def test_arrays_go_in_and_come_out_of_a_compiled_transform():
    def f(x):
        return (x.sin() * x).sum()

    gradient = ad.compile(ad.func.grad(f))
    for i in range(5):
        x = np.linspace(0.0, i + 1.0, 4)
        found = gradient(x)
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, np.cos(x) * x + np.sin(x), rtol=1e-12)


def test_many_steps_in_one_call_are_the_steps():
    def run(how):
        ad.manual_seed(0)
        model = mlp(4, 8, 3)
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        step = ad.compile(usual(model, nn.CrossEntropyLoss(), optimizer))
        rng = np.random.default_rng(0)
        xs = ad.tensor(rng.standard_normal((40, 5, 4)).astype(np.float32))
        ys = ad.tensor(rng.integers(0, 3, (40, 5)))
        if how == "one by one":
            losses = [step(x, y).item() for x, y in zip(xs, ys)]
        elif how == "stacked":
            losses = step.run(xs, ys).tolist()
        else:
            told = []
            losses = step.run(zip(xs, ys), progress=told.append).tolist()
            assert told[-1] == 40
        steps = [entry["step"].item() for entry in optimizer.state.values()]
        return losses, [p.detach().numpy().copy() for p in model.parameters()], steps

    expected = run("one by one")
    for how in ("stacked", "iterated"):
        losses, weights, steps = run(how)
        np.testing.assert_allclose(losses, expected[0], rtol=1e-5)
        for a, b in zip(weights, expected[1], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
        assert steps == expected[2] == [40.0] * 4


def test_wrong_classes_are_refused_by_the_replay_too_and_change_nothing():
    ad.manual_seed(0)
    model = mlp(4, 8, 3)
    step = ad.compile(usual(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=0.1)))
    fresh = batches(5, 4, classes=3)
    for i in range(4):
        step(*fresh(i))
    before = [p.detach().numpy().copy() for p in model.parameters()]
    x, y = fresh(5)
    y[2] = 3
    with pytest.raises(IndexError, match="class 3 is out of range"):
        step(x, y)
    for p, b in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), b)
    assert np.isfinite(step(*fresh(6)).item())


def test_inference_without_gradients_keeps_up_with_training():
    ad.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    fast = ad.compile(model)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    x = ad.ones(2, 3)
    for _ in range(6):
        with ad.no_grad():
            np.testing.assert_allclose(fast(x).numpy(), model(x).numpy(), rtol=1e-5, atol=1e-6)
        optimizer.zero_grad()
        F.mse_loss(model(x), ad.zeros(2, 1)).backward()
        optimizer.step()


def test_a_compiled_model_has_what_the_model_has():
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5))
    fast = ad.compile(model)
    assert list(fast.parameters()) == list(model.parameters())
    fast.eval()
    assert not model.training
    with pytest.raises(AttributeError, match="no_such_thing"):
        fast.no_such_thing  # noqa: B018
    assert repr(fast).startswith("<compiled Sequential")


def test_a_value_and_its_gradient_go_to_scipy_as_they_do_uncompiled():
    def rosenbrock(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    plain = ad.func.value_and_grad(rosenbrock)
    fast = ad.compile(plain)
    for i in range(5):
        x = np.linspace(0.0, 1.0 + i, 5)
        value, gradient = fast(x)
        expected, slope = plain(x)
        assert type(value) is type(expected) is float
        assert value == pytest.approx(expected, rel=1e-12)
        assert isinstance(gradient, np.ndarray)
        np.testing.assert_allclose(gradient, slope, rtol=1e-12)
    assert fast.stats["recorded"] == 2
