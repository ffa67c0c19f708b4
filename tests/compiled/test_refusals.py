"""What a replay would get wrong is an error that names the line, and leaves everything as after one ordinary call."""

import random
import sys
import warnings

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F
import optim
from tests.compiled.scenarios import batches, mlp

COUNTER = {"calls": 0}


def on_a_value(x):
    if x.sum() > 0:
        return x
    return -x


def by_item(x):
    return x * x.max().item()


def by_array(x):
    return x + ad.tensor(np.sin(x.numpy()))


def by_tolist(x):
    return ad.tensor(x.tolist())


def by_print(x):
    return x + len(repr(x))


def by_mask(x):
    return x[x > 0].sum()


def by_nonzero(x):
    return ad.nonzero(x).sum()


def by_int(x):
    return x[: int(x.sum())]


def by_format(x):
    return x * len(f"{x.sum():.3f}")


def by_allclose(x):
    return x if ad.allclose(x, x) else -x


def by_writing_an_argument(x):
    x.squeeze().add_(1)
    return x


def by_one_hot(x):
    return nn.functional.one_hot(x.long().abs())


REFUSED = {
    on_a_value: "ad.where",
    by_item: ".item()",
    by_array: ".numpy()",
    by_tolist: ".tolist()",
    by_print: "printed",
    by_mask: "shape",
    by_nonzero: "nonzero",
    by_int: "int()|index|item",
    by_format: "item|format",
    by_allclose: "allclose",
    by_one_hot: "one_hot",
    by_writing_an_argument: "clone",
}


@pytest.mark.parametrize("function", REFUSED, ids=lambda f: f.__name__)
def test_a_value_that_python_decides_on_is_refused_with_the_line_and_a_mend(function):
    fast = ad.compile(function)
    with pytest.raises(ad.RecordingError, match=REFUSED[function]) as caught:
        fast(ad.tensor([1.0, 2.0]))
    assert "test_refusals.py:" in str(caught.value)
    assert ";" in str(caught.value)


@pytest.mark.parametrize("function", REFUSED, ids=lambda f: f.__name__)
def test_with_a_fallback_it_runs_as_it_is_and_says_so_once(function):
    fast = ad.compile(function, fallback=True)
    x = ad.tensor([1.0, 2.0])
    with pytest.warns(UserWarning, match="uncompiled"):
        first = fast(x)
    assert ad.equal(first, function(ad.tensor([1.0, 2.0])))
    x = ad.tensor([1.0, 2.0])
    assert ad.equal(fast(x), function(ad.tensor([1.0, 2.0])))  # warnings are errors here
    assert fast.stats["eager"] == 1


def test_a_reason_is_said_once_and_not_for_every_shape():
    step = ad.compile(on_a_value, fallback=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for n in range(1, 6):
            step(ad.ones(n))
    assert ["uncompiled" in str(w.message) for w in caught] == [True]


def changing(make):
    """Call a function that changes by itself until it is refused; what is said then."""
    for _ in range(4):
        try:
            make()
        except ad.RecordingError as error:
            return str(error)
    pytest.fail("nothing was refused")


class Trainer:
    def __init__(self):
        self.steps, self.losses = 0, []

    def counting(self, x):
        self.steps += 1
        return x * 2

    def gathering(self, x):
        self.losses.append(x * 2)
        return x * 2


@pytest.mark.parametrize("method", ["counting", "gathering"])
def test_a_function_that_changes_something_at_each_call_says_so_once_and_is_left_alone(method):
    trainer = Trainer()
    step = ad.compile(getattr(trainer, method), fallback=True)
    with pytest.warns(UserWarning, match="runs uncompiled") as warned:
        found = [step(ad.ones(1)).item() for _ in range(20)]
    assert found == [2.0] * 20
    assert len(warned) == 1
    assert trainer.steps + len(trainer.losses) == 20
    assert step.stats["eager"] >= 12


def test_a_number_that_changes_is_refused():
    fast = ad.compile(lambda x: x * random.random())
    said = changing(lambda: fast(ad.ones(2)))
    assert "test_refusals.py" in said
    assert "number" in said


def test_numbers_drawn_by_numpy_are_refused():
    fast = ad.compile(lambda x: x + ad.tensor(np.random.default_rng().random(2)))
    assert "other elements" in changing(lambda: fast(ad.ones(2)))


def test_numbers_of_ours_that_numpy_changes_are_refused():
    def noisy(x):
        noise = ad.default_generator.rng.random(2)
        noise *= 2
        return x + ad.tensor(noise)

    assert "changed by NumPy" in changing(lambda: ad.compile(noisy)(ad.ones(2)))


def test_a_count_in_python_is_refused():
    def step(x):
        COUNTER["calls"] += 1
        return x + 1

    fast = ad.compile(step)
    said = changing(lambda: fast(ad.ones(2)))
    assert "COUNTER" in said
    assert "test_refusals.py" in said


def test_a_list_that_grows_is_refused():
    losses = []

    def step(x):
        losses.append(x.sum())
        return x

    fast = ad.compile(step)
    said = changing(lambda: fast(ad.ones(2)))
    assert "losses" in said
    assert "append" in said


def test_a_schedule_inside_the_step_is_refused():
    model = mlp(2, 3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)

    def step(x):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss

    fast = ad.compile(step)
    said = changing(lambda: fast(ad.ones(2, 2)))
    assert "scheduler.step()" in said
    assert "outside" in said


def test_an_attribute_that_the_forward_counts_up_is_refused():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            return x * 2

    fast = ad.compile(Counting())
    assert "calls" in changing(lambda: fast(ad.ones(2)))


def test_a_user_function_that_leaves_for_numpy_is_refused():
    class Sine(ad.Function):
        @staticmethod
        def forward(ctx, x):
            return ad.from_numpy(np.sin(x.numpy()))

        @staticmethod
        def backward(ctx, g):
            return g

    fast = ad.compile(lambda x: Sine.apply(x))
    assert ".numpy()" in changing(lambda: fast(ad.ones(2)))


def test_a_user_function_made_of_operations_is_recorded():
    class Cube(ad.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    fast = ad.compile(ad.func.grad(lambda x: Cube.apply(x).sum()))
    for i in range(4):
        assert fast(ad.tensor([1.0, i])).tolist() == [3.0, 3.0 * i * i]


def test_a_refused_step_was_made_once_as_without_compiling():
    def world():
        ad.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3))
        optimizer = optim.Adam(model.parameters(), lr=0.01)

        def step(x, y):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            loss.item()
            optimizer.step()
            return loss

        return model, optimizer, step

    x, y = batches(5, 4, classes=3)(0)
    model, optimizer, step = world()
    step(x, y)
    expected = [p.detach().numpy().copy() for p in model.parameters()], ad.get_rng_state().tolist()
    model, optimizer, step = world()
    with pytest.raises(ad.RecordingError):
        ad.compile(step)(x, y)
    for p, e in zip(model.parameters(), expected[0], strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), e)
    assert ad.get_rng_state().tolist() == expected[1]
    assert optimizer.state[model[0].weight]["step"].item() == 1


def test_an_error_of_the_users_comes_through():
    fast = ad.compile(lambda x: x @ ad.ones(5, 5))
    with pytest.raises(ad.ShapeError):
        fast(ad.ones(2, 3))
    assert fast(ad.ones(2, 5)).shape == (2, 5)


def test_numba_by_name_says_what_it_lacks(monkeypatch):
    from autodiff.compiler import backends

    monkeypatch.setattr(backends, "find_spec", lambda name: None)
    fast = ad.compile(lambda x: x + 1, backend="numba")
    fast(ad.ones(2))
    with pytest.raises(ad.MissingExtraError, match=r"wengert\[jit\]"):
        fast(ad.ones(2))


def as_one_hot(x):
    return F.one_hot(x.argmax(1), 4)


def test_machine_code_by_name_names_the_line_that_it_lacks_a_form_for_at_every_call():
    pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")
    fast = ad.compile(as_one_hot, backend="numba")
    fast(ad.rand(3, 4))
    for _ in range(3):
        with pytest.raises(ad.RecordingError, match=r"test_refusals\.py:\d+: return F\.one_hot.*\n.*backend='numpy'"):
            fast(ad.rand(3, 4))


def test_machine_code_by_name_falls_back_where_that_is_wished():
    pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")
    fast = ad.compile(as_one_hot, backend="numba", fallback=True)
    x = ad.rand(3, 4)
    fast(x)
    with pytest.warns(UserWarning, match="uncompiled from now on") as told:
        fast(x)
    assert told[0].filename == __file__
    assert fast(x).tolist() == as_one_hot(x).tolist()
    assert fast.stats["eager"] == 1


def test_what_two_calls_differ_in_is_said_as_long_as_they_do(monkeypatch):
    monkeypatch.setattr(sys, "rate", 1.0, raising=False)  # nobody looks into modules of Python's
    fast = ad.compile(lambda x: x * sys.rate)
    fast(ad.ones(1))
    for rate in (2.0, 3.0, 4.0):
        monkeypatch.setattr(sys, "rate", rate)
        with pytest.raises(ad.RecordingError, match="number"):
            fast(ad.ones(1))
    assert [fast(ad.ones(1)).item() for _ in range(2)] == [4.0, 4.0]
    assert fast.stats == {"recorded": 5, "replayed": 1, "eager": 0}


def test_an_unknown_backend_is_refused():
    with pytest.raises(ad.AutodiffError, match="numpy"):
        ad.compile(lambda x: x, backend="cuda")
    with pytest.raises(ad.AutodiffError, match="function"):
        ad.compile(3)


def test_data_that_is_set_is_refused_at_its_line():
    model = nn.Linear(2, 1)

    def step(x):
        (g,) = ad.grad(model(x).sum(), [model.weight])
        model.weight.data = model.weight - 0.1 * g
        return g

    with pytest.raises(ad.RecordingError, match=r"model.weight.data = (?s:.)*\.data is set; .*copy_"):
        ad.compile(step)(ad.rand(3, 2))
