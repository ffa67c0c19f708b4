"""What a compiled call does to what it is given and returns, and how often: as the function itself, or an error."""

import dataclasses
import types
from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from nn.errors import SetupError

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]


@dataclasses.dataclass
class Result:
    loss: object


class Batch(dict):
    """A dict with a method, as batches are."""

    __getattr__ = dict.__getitem__

    def both(self):
        return self["x"] + self["y"]


# -- how often -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("error", [ValueError, KeyError, IndexError])
def test_an_error_of_the_users_is_raised_by_one_call_and_not_by_two(backend, error):
    total, fails = ad.zeros(()), [False]

    def function(x):
        total.add_(1)
        if fails[0]:
            raise error("of the user's")
        return x.sum()

    step = ad.compile(function, backend=backend)
    for _ in range(3):
        step(ad.ones(3))
    fails[0] = True
    with pytest.raises(error, match="of the user's"):
        step(ad.ones(3))
    assert total.item() == 4


def test_whole_numbers_to_negative_powers_are_what_they_are_in_an_ordinary_call():
    x, y = ad.tensor([2, -1, 1, 3]), ad.tensor([3, -1, -2, -2])
    power = ad.compile(lambda x, y: x**y)
    for _ in range(4):
        assert power(x, y).tolist() == (x**y).tolist()
    assert power.stats["replayed"] == 2


# -- what it is given ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fallback", [False, True])
def test_what_a_call_puts_into_its_arguments_is_there_and_is_refused(fallback):
    def function(x, log, losses):
        loss = x.sum()
        log["loss"] = loss
        losses.append(1)
        return loss

    step, log, losses = ad.compile(function, fallback=fallback), {}, []
    said = (
        pytest.warns(UserWarning, match="changed a list or dict")
        if fallback
        else pytest.raises(ad.RecordingError, match="a list or dict that it was given; return what it put there")
    )
    with said:
        step(ad.ones(3), log, losses)
    assert log["loss"].item() == 3
    assert losses == [1]


def test_a_dict_of_a_class_of_the_users_stays_one():
    x = ad.ones(2)
    step = ad.compile(lambda batch: batch.both() + batch.x)
    for _ in range(4):
        assert step(Batch(x=x, y=x)).tolist() == [3.0, 3.0]
    assert step.stats["replayed"] == 2


@pytest.mark.parametrize("inside", [False, True])
def test_a_backward_that_leaves_the_call_is_refused(inside):
    encoder, head = nn.Linear(3, 3), nn.Linear(3, 2)
    hidden = encoder(ad.ones(4, 3))

    def function(h):
        (head(h if h is not None else hidden)).square().mean().backward(retain_graph=True)

    step = ad.compile(function)
    with pytest.raises(ad.RecordingError, match=r"graph of a Tensor that was computed before the call.*x.detach\(\)"):
        step(None if inside else hidden)
    assert encoder.weight.grad is not None  # the call was made
    ad.compile(lambda h: head(h).square().mean().backward())(hidden.detach())


def test_the_gradient_for_an_argument_with_a_graph_is_the_calls_own():
    weight = nn.Parameter(ad.tensor([2.0]))
    step = ad.compile(lambda h: ad.grad((h * h).sum(), [h])[0])
    for k in range(4):
        assert step(weight * k).item() == 4.0 * k
    assert step.stats["replayed"] == 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_hook_of_an_argument_runs_at_the_call_that_has_it(backend):
    step = ad.compile(lambda x: ad.grad((x * x).sum(), x)[0], backend=backend)
    for k in range(12):
        x = ad.ones(2, requires_grad=True)
        if k in (0, 6):
            x.register_hook(lambda g: g * 5)
        assert step(x).tolist() == ([10.0, 10.0] if k in (0, 6) else [2.0, 2.0])
    assert step.stats["eager"] == 2
    assert step.stats["replayed"] == 8


# -- what it returns -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Result, lambda loss: types.SimpleNamespace(loss=loss), lambda loss: {loss}])
def test_an_object_that_a_replay_would_not_make_is_refused(make):
    step = ad.compile(lambda x: make(x.sum()))
    step(ad.ones(3))
    with pytest.raises(ad.RecordingError, match="returned an object of .*return Tensors, or tuples, lists and dicts"):
        step(ad.ones(3))


def test_an_object_that_is_always_the_same_one_is_returned():
    same = types.SimpleNamespace()
    step = ad.compile(lambda x: (x.sum(), same, x.shape, "text"))
    for _ in range(4):
        loss, found, shape, text = step(ad.ones(3))
        assert (loss.item(), found is same, tuple(shape), text) == (3.0, True, (3,), "text")


TRANSFORMS = {
    "grad": lambda f, x: ad.func.grad(f)(x),
    "value_and_grad": lambda f, x: ad.func.value_and_grad(f)(x),
    "jacrev": lambda f, x: ad.func.jacrev(f)(x),
    "jacfwd": lambda f, x: ad.func.jacfwd(f)(x),
    "hessian": lambda f, x: ad.func.hessian(f)(x),
    "vjp": lambda f, x: ad.func.vjp(f, x)[1](ad.ones(())),
    "jvp": lambda f, x: ad.func.jvp(f, (x,), (ad.ones(2),)),
    "unused": lambda f, x: ad.grad(f(x.requires_grad_()), [x], allow_unused=True),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_derivative_of_a_compiled_function_is_refused_and_not_zero(name):
    compiled = ad.compile(lambda x: (x**3).sum())
    for _ in range(4):
        with pytest.raises(ad.GradientError, match=r"ad.compile\(ad.func.grad\(f\)\)"):
            TRANSFORMS[name](compiled, ad.tensor([1.0, 2.0]))


# -- the lines -------------------------------------------------------------------------------------------------------


class Counting(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.change, self.calls, self.seen = change, 0, []
        self.register_buffer("mean", ad.zeros(2))

    def forward(self, x):
        if self.change == "counting":
            self.calls += 1
        if self.change == "growing":
            self.seen.append(1.0)
        if self.change == "assigning":
            self.mean = self.mean * 0.9
        return x * 1


LINES = {
    "counting": "self.calls += 1); do it outside",
    "growing": "self.seen.append(1.0)); do it outside",
    "assigning": "self.mean = self.mean * 0.9); write into it, model.mean.copy_(new), or do it outside",
}


@pytest.mark.parametrize("change", LINES)
@pytest.mark.parametrize("whole", [False, True])
def test_what_a_forward_changes_is_refused_at_its_own_line(change, whole):
    model = Counting(change)
    step = ad.compile(model if not whole else lambda x: model(x).sum())
    with pytest.raises(ad.RecordingError) as caught:
        step(ad.ones(2))
    assert LINES[change] in str(caught.value)
    assert "model." in str(caught.value)


# -- what first calls make -------------------------------------------------------------------------------------------


class Own(optim.Optimizer):
    """A step of one's own, as recipes for PyTorch have it: the state is made by the first call."""

    def __init__(self, params):
        super().__init__(params, {"lr": 0.1})

    @ad.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if len(state) == 0:
                    state["step"], state["mean"] = ad.tensor(0.0), ad.zeros_like(p)
                state["step"] += 1
                state["mean"].mul_(0.9).add_(p.grad, alpha=0.1)
                p.sub_(group["lr"] * state["mean"] / (1 - 0.9 ** state["step"]))


def trained(way, exchange=False):
    """The weights after some steps with an optimizer of one's own, or with Adam whose state is loaded on the way."""
    ad.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = optim.Adam(model.parameters()) if exchange else Own(model.parameters())

    def step(x):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    step = way(step)
    for k in range(6):
        step(ad.full((4, 3), 1.0 + k))
        if exchange and k == 0:
            optimizer.load_state_dict(optimizer.state_dict())
    return model.weight.detach().numpy(), step


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("fallback", [False, True])
@pytest.mark.parametrize("exchange", [False, True])
def test_state_that_a_first_call_makes_or_that_is_loaded_after_it_is_recorded_later(backend, fallback, exchange):
    expected, _ = trained(lambda f: f, exchange)
    found, step = trained(lambda f: ad.compile(f, backend=backend, fallback=fallback), exchange)
    assert found == pytest.approx(expected, rel=1e-5)
    assert step.stats == {"recorded": 3, "replayed": 3, "eager": 0}


# -- what it leaves --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_replay_that_raises_leaves_gradients_that_are_held_as_they_are(backend):
    model = nn.Linear(3, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def function(x, y):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    step = ad.compile(function, backend=backend)
    for k in range(4):
        step(ad.ones(1, 3), ad.tensor([k % 3]))
    held = model.bias.grad
    before = held.tolist()
    with pytest.raises(ad.IndexingError, match="class 7"):
        step(ad.ones(1, 3), ad.tensor([7]))
    assert model.bias.grad is held
    assert held.tolist() == before


LOOKS = {
    "a view": lambda g: g[0],
    "a detached one": lambda g: g.detach(),
    "an array": lambda g: g.numpy(),
    "a view of an array": lambda g: g.numpy()[0],
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("n", [2, 3, 5])
def test_who_looks_at_a_gradient_that_is_added_to_sees_it_after_parameters_are_exchanged_too(backend, look, n):
    def seen(way):
        ad.manual_seed(0)
        model = nn.Linear(3, 2)
        step = way(lambda x: model(x).square().mean().backward())
        for _ in range(n):
            step(ad.ones(1, 3))
        held = LOOKS[look](model.weight.grad)
        model.weight.data = model.weight.data * 0.9
        found = []
        for k in range(5):
            step(ad.full((1, 3), 1.0 + k))
            found.append(np.array(held))
        return found

    np.testing.assert_allclose(seen(lambda f: ad.compile(f, backend=backend)), seen(lambda f: f), rtol=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_gradient_of_two_leaves_is_added_to_twice(backend):
    def trained(way):
        ad.manual_seed(0)
        first, second = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
        step = way(lambda x: second(first(x)).square().mean().backward())
        for _ in range(4):
            step(ad.tensor([[1.0, 2.0]]))
        first.weight.grad = second.weight.grad
        step(ad.tensor([[1.0, 2.0]]))
        assert first.weight.grad is second.weight.grad
        return first.weight.grad.numpy()

    assert trained(lambda f: ad.compile(f, backend=backend)) == pytest.approx(trained(lambda f: f), rel=1e-5)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_gradient_of_a_frozen_parameter_is_taken_away_too(backend):
    frozen, head = nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 2)
    optimizer = optim.SGD([*frozen.parameters(), *head.parameters()], lr=0.1)

    def function(x):
        optimizer.zero_grad()
        head(frozen(x)).square().mean().backward()
        optimizer.step()

    step = ad.compile(function, backend=backend)
    for _ in range(4):
        frozen.weight.grad = ad.ones(2, 2)
        step(ad.ones(1, 2))
        assert frozen.weight.grad is None
    assert step.stats["replayed"] == 2


@pytest.mark.parametrize("constant", [ad.ones, ad.zeros, lambda *n: ad.full(n, 2.0)])
def test_a_constant_is_a_gradient_like_another(constant):
    weight = nn.Parameter(ad.ones(1, 3))

    def function(x):
        weight.grad = constant(1, 3)
        return x.sum()

    step = ad.compile(function)
    for _ in range(4):
        step(ad.ones(2))
        assert weight.grad.tolist() == constant(1, 3).tolist()
    assert step.stats["replayed"] == 2


# -- compiled models in others ---------------------------------------------------------------------------------------


def test_a_compiled_model_hides_no_parameters():
    class Outer(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

    with pytest.raises(SetupError, match=r"Outer.inner is a compiled model.*fast = ad.compile\(model\)"):
        Outer(ad.compile(nn.Linear(3, 3)))
    outer = Outer(nn.Linear(3, 3))
    outer.fast = ad.compile(outer.inner)  # whose parameters are known
    outer.whole = ad.compile(outer)
    assert [name for name, _ in outer.named_parameters()] == ["inner.weight", "inner.bias"]


def test_an_attribute_that_is_set_on_a_compiled_model_is_the_models():
    class Scaled(nn.Module):
        scale = 1.0

        def forward(self, x):
            return x * self.scale

    model = Scaled()
    fast = ad.compile(model)
    for k in (1.0, 3.0):
        fast.scale = k
        for _ in range(4):
            assert fast(ad.ones(1)).item() == model.scale == k


def test_a_class_method_is_compiled_for_its_class():
    class Scaled:
        scale = 3.0

        @classmethod
        @ad.compile
        def times(cls, x):
            return x * cls.scale

    class Other(Scaled):
        scale = 4.0

    for kind in (Scaled, Other, Scaled, Other):
        for _ in range(4):
            assert kind.times(ad.ones(1)).item() == kind.scale


# -- memory of others ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("passes", [None, ()])
@pytest.mark.parametrize("both", [False, True])
def test_two_tensors_on_one_memory_of_numpys_are_refused_where_one_is_written(passes, both):
    memory = np.zeros(4, np.float32)
    first, second = ad.from_numpy(memory[:3]), ad.from_numpy(memory[1:])

    def function(x):
        first.add_(x)
        if both:
            second.mul_(2)
        return second.sum()

    with pytest.raises(ad.RecordingError, match="first and second share memory, and one is written; use one Tensor"):
        ad.compile(function, passes=passes)(ad.tensor(1.0))
    read = ad.compile(lambda x: (first + second + x).sum(), passes=passes)
    for k in range(4):
        memory[...] = k
        assert read(ad.tensor(1.0)).item() == 3 + 6 * k


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", [lambda p: optim.Adam(p, lr=0.1), lambda p: optim.SGD(p, lr=0.1, momentum=0.9)])
@pytest.mark.parametrize("change", ["clear", "pop", "double"])
def test_state_that_is_taken_away_or_gets_another_dtype_is_made_anew(backend, make, change):
    def trained(way):
        ad.manual_seed(0)
        model = nn.Linear(3, 1)
        optimizer = make(model.parameters())

        def function(x):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

        step, x = way(function), ad.tensor([[1.0, 2.0, 3.0]])
        for _ in range(4):
            step(x)
        kept = {name: t for name, t in optimizer.state[model.weight].items() if name != "step"}
        if change == "clear":
            optimizer.state.clear()
        elif change == "pop":
            optimizer.state.pop(model.weight), optimizer.state.pop(model.bias)
        else:
            model.double()
        for _ in range(4):
            step(x.to(model.weight.dtype))
        state = optimizer.state[model.weight]
        assert {t.dtype for name, t in state.items() if name != "step"} == {model.weight.dtype}
        held = [t.numpy() for t in kept.values()] if change != "double" else []
        return [model.weight.detach().numpy(), *[t.numpy() for t in state.values()], *held]

    for found, expected in zip(trained(lambda f: ad.compile(f, backend=backend)), trained(lambda f: f), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
