"""Many steps in one call: `step.run` leaves what as many calls leave, and returns the results of all of them."""

import signal

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from autodiff.compiler import many, np_fusing
from autodiff.compiler.np_splitting import split
from autodiff.errors import ShapeError
from autodiff.trees import flatten
from tests.compiled.scenarios import SCENARIOS, mlp, usual
from tests.compiled.test_equal_to_eager import BACKENDS, arrays, assert_same, exactly, in_norm

STEPS = 24


def is_alike_at_each_step(name):
    """Whether the arguments of all steps can be laid together, and nothing happens between them."""
    world = SCENARIOS[name]()
    forms = [[(x.shape, x.dtype) for x in world.arguments(i) if not x.requires_grad] for i in range(STEPS)]
    return world.between is None and all(f == forms[0] and f for f in forms)


ALIKE = [name for name in SCENARIOS if is_alike_at_each_step(name)]


@pytest.fixture
def looped(monkeypatch):
    """How many steps were made inside of loops, piece by piece."""
    counts = []
    inner = many._loop

    def listening(*arguments):
        made = inner(*arguments)
        counts.append(made[0] if made else 0)
        return made

    monkeypatch.setattr(many, "_loop", listening)
    return counts


def one_by_one(name):
    ad.manual_seed(0)
    world = SCENARIOS[name]()
    return [arrays(world.step(*world.arguments(i))) for i in range(STEPS)], world.state()


def in_one_call(name, **options):
    ad.manual_seed(0)
    world = SCENARIOS[name]()
    step = ad.compile(world.step, **options)
    stacked = [ad.stack(column) for column in zip(*[world.arguments(i) for i in range(STEPS)])]
    return arrays(step.run(*stacked)), world.state()


def assert_rows(found, expected, compare):
    leaves, structure = flatten(found)
    for k, one in enumerate(expected):
        assert_same(structure.build([x[k] if isinstance(x, np.ndarray) else x for x in leaves]), one, compare)


@pytest.mark.parametrize("name", ALIKE)
def test_without_passes_they_are_equal_to_the_last_bit(name, looped):
    expected, state = one_by_one(name)
    found, found_state = in_one_call(name, backend="numpy", passes=())
    assert_rows(found, expected, exactly)
    assert_same(found_state, state, exactly)
    assert sum(looped) > STEPS / 2


#: Machine code takes seconds to make: for it, one of each kind.
OF_EACH_KIND = ["adam", "batch_norm", "binary_logits", "layer_norm_gelu_and_dropout", "several_losses_and_outputs"]
PAIRS = [(name, "numpy") for name in ALIKE] + [(name, "numba") for name in OF_EACH_KIND if "numba" in BACKENDS]


@pytest.mark.parametrize(("name", "backend"), PAIRS)
def test_they_lead_where_ordinary_steps_lead(name, backend, looped):
    expected, state = one_by_one(name)
    found, found_state = in_one_call(name, backend=backend)
    assert_rows(found, expected, in_norm({4: 2e-3, 8: 1e-9}))
    assert_same(found_state, state, in_norm({4: 2e-3, 8: 1e-9}))
    assert sum(looped) > STEPS / 2


def training(middle=nn.ReLU, optimizer=optim.Adam, **options):
    """A compiled step, its model and its optimizer."""
    ad.manual_seed(0)
    model = mlp(4, 8, 3, activation=middle)
    opt = optimizer(model.parameters(), lr=0.01)
    return ad.compile(usual(model, nn.CrossEntropyLoss(), opt), **options), model, opt


def stacked(steps=STEPS, batch=5):
    rng = np.random.default_rng(0)
    xs = rng.standard_normal((steps, batch, 4)).astype(np.float32)
    return ad.tensor(xs), ad.tensor(rng.integers(0, 3, (steps, batch)))


def weights(model):
    return [p.detach().numpy().copy() for p in model.parameters()]


def assert_close(given, expected):
    for a, b in zip(given, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------------- what is computed when


def parts(step, xs, ys):
    for i in range(3):
        step(xs[i], ys[i])
    program = np_fusing.fused(step._ready().program)
    found = split(program)
    return [[i.op for i in part] for part in (found.before, found.each, found.after)]


def test_checks_come_before_the_loop_and_losses_after_it():
    before, each, after = parts(training(backend="numpy")[0], *stacked())
    assert before[0] == "check_classes"
    assert {"log", "mean", "rows.take"} <= set(after)
    assert not {"check_classes", "log", "mean", "rows.take"} & set(each)
    assert each.count("matmul") >= 5


def test_what_depends_on_the_inputs_alone_leaves_no_loop():
    fast = ad.compile(lambda x, y: (x.exp() * y).sum(0), backend="numpy")
    before, each, after = parts(fast, *[ad.ones(3, 5, 2), ad.ones(3, 5, 1)])
    assert (each, after) == ([], [])
    assert "exp" in before
    xs, ys = ad.rand(20, 5, 2), ad.rand(20, 5, 1)
    np.testing.assert_allclose(fast.run(xs, ys).numpy(), (xs.exp() * ys).sum(1).numpy(), rtol=1e-6)


def test_results_without_dims_of_their_own_and_of_every_other_kind():
    state = ad.zeros(3)

    def f(x, y):
        state.add_(x.sum() * 0 + 1)
        total = x.sum() + y
        twice = total, total
        return {"state": state * 1, "own": state, "x": x, "row": x[0], "turned": x.T, "total": total, "twice": twice}

    fast = ad.compile(f, backend="numpy")
    xs, ys = ad.rand(20, 2, 3), ad.rand(20)
    found = fast.run(xs, ys)
    for k in range(20):
        assert found["state"][k].tolist() == found["own"][k].tolist() == [k + 1] * 3
        np.testing.assert_array_equal(found["x"][k].numpy(), xs[k].numpy())
        np.testing.assert_array_equal(found["row"][k].numpy(), xs[k, 0].numpy())
        np.testing.assert_array_equal(found["turned"][k].numpy(), xs[k].T.numpy())
        np.testing.assert_allclose(found["total"][k].item(), (xs[k].sum() + ys[k]).item(), rtol=1e-6)
    first, second = found["twice"]
    first.zero_()
    assert second.abs().sum() > 0
    found["x"].zero_()
    assert xs.sum() > 0


def test_numbers_and_arrays_come_as_arrays():
    fast = ad.compile(ad.func.value_and_grad(lambda x: (x**3).sum()), backend="numpy")
    xs = np.random.default_rng(0).standard_normal((20, 4))
    values, gradients = fast.run(xs)
    np.testing.assert_allclose(values, (xs**3).sum(1), rtol=1e-12)
    np.testing.assert_allclose(gradients, 3 * xs**2, rtol=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 3, 9])
def test_numbers_that_are_the_same_at_each_step_come_as_arrays_too(steps):
    fast = ad.compile(lambda x: {"sum": x.sum(), "count": len(x), "rate": 0.5, "name": "x"})
    for given in ([(ad.ones(3),)] * steps, ad.ones(steps, 3)):
        found = fast.run(given)
        assert [found["count"].tolist(), found["rate"].tolist(), found["name"]] == [[3] * steps, [0.5] * steps, "x"]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("backend", BACKENDS)
def test_they_draw_the_numbers_that_ordinary_steps_draw(layers, backend, looped):
    """An odd number of them: of 64 random bits half are kept for the next draw."""
    fast = ad.compile(lambda x: nn.functional.dropout(x, 0.5) + (layers - 1) * ad.rand(7), backend=backend)
    ad.manual_seed(3)
    found = fast.run(ad.ones(20, 7)).numpy()
    state = ad.get_rng_state().numpy()
    ad.manual_seed(3)
    np.testing.assert_array_equal(found, np.stack([fast.function(ad.ones(7)).numpy() for _ in range(20)]))
    np.testing.assert_array_equal(ad.get_rng_state().numpy(), state)
    assert sum(looped) > 10


# ---------------------------------------------------------------------- pieces


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_scheduler_may_go_on_between_pieces(backend):
    def run(together):
        step, model, optimizer = training(backend=backend)
        scheduler = optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.7)
        xs, ys = stacked(60)
        done = []

        def progress(n):
            done.append(n)
            if n >= 20:
                scheduler.step()

        if together:
            step.run(xs, ys, progress=progress)
            return done, weights(model)
        for k in range(60):
            step.function(xs[k], ys[k])
            if k + 1 in together_done and k + 1 >= 20:
                scheduler.step()
        return None, weights(model)

    together_done, found = run(True)
    assert together_done[-1] == 60
    assert len(together_done) > 3
    assert_close(found, run(False)[1])


@pytest.mark.parametrize("backend", BACKENDS)
def test_after_the_first_calls_each_round_is_a_loop(backend, monkeypatch, looped):
    monkeypatch.setattr(many, "SECONDS", 1e-9)
    step, model, _ = training(backend=backend)
    xs, ys = stacked(60)
    step.run(xs, ys)
    assert looped == [0, 0, *[1] * 57]
    other, twin, _ = training()
    for x, y in zip(xs, ys):
        other(x, y)
    assert_close(weights(model), weights(twin))


def test_batches_of_an_iterable_are_laid_together_up_to_so_many_bytes(monkeypatch, looped):
    monkeypatch.setattr(many, "MOST_BYTES", 10 * (5 * 4 * 4 + 5 * 8))
    step, model, _ = training(backend="numpy")
    xs, ys = stacked(35)
    done = []
    losses = step.run(zip(xs, ys), progress=done.append)
    assert losses.shape == (35,)
    assert done[-1] == 35
    assert {10, 20, 30} <= set(done)
    other, twin, _ = training()
    np.testing.assert_allclose(losses.numpy(), [other(x, y).item() for x, y in zip(xs, ys)], rtol=1e-4)
    assert_close(weights(model), weights(twin))


def test_batches_may_come_in_the_same_memory_and_the_last_may_be_smaller():
    def batches(xs, ys):
        x, y = ad.zeros(5, 4), ad.zeros(5, dtype=ad.int64)
        for k in range(len(xs)):
            x.copy_(xs[k])
            y.copy_(ys[k])
            yield x, y
        yield x[:2], y[:2]

    xs, ys = stacked(30)
    step, model, _ = training(backend="numpy")
    losses = step.run(batches(xs, ys))
    other, twin, _ = training()
    np.testing.assert_allclose(losses.numpy(), [other(x, y).item() for x, y in batches(xs, ys)], rtol=1e-4)
    assert_close(weights(model), weights(twin))


def test_results_of_several_shapes_are_refused_in_the_words_of_the_user():
    fast = ad.compile(lambda x: x * 2, backend="numpy")
    with pytest.raises(ShapeError, match=r"\[\(4, 2\), \(3, 2\)\].* such as the loss"):
        fast.run([(ad.ones(n, 2),) for n in (4, 4, 4, 3)])


def test_a_look_at_the_gradients_does_not_end_the_looping(looped):
    step, model, _ = training(backend="numpy")
    norms = []
    step.run(*stacked(60), progress=lambda n: norms.append(model[0].weight.grad.norm().item()))
    assert len(set(norms)) == len(norms)
    assert sum(looped) > 40


def test_a_gradient_that_is_kept_stays_as_it_is():
    step, model, _ = training(backend="numpy")
    kept = []

    def keep(done):
        kept.append((model[0].weight.grad, model[0].weight.grad.numpy().copy()))

    step.run(*stacked(60), progress=keep)
    for grad, copy in kept:
        np.testing.assert_array_equal(grad.numpy(), copy)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_class_out_of_range_is_found_before_its_piece_begins(backend, monkeypatch):
    monkeypatch.setattr(many, "SECONDS", 1e-9)
    step, model, optimizer = training(backend=backend)
    xs, ys = stacked(60)
    ys[50, 2] = 3
    before = []
    with pytest.raises(IndexError, match="class 3 is out of range"):
        step.run(xs, ys, progress=lambda n: before.append((n, weights(model))))
    done, expected = before[-1]
    assert 30 < done <= 50
    count = int(next(iter(optimizer.state.values()))["step"].item())
    assert count in (done, done + 1)  # a round begins with one ordinary call
    if count == done:
        assert_close(weights(model), expected)


def test_rows_of_a_state_are_given_as_the_steps_before_have_left_them():
    table = ad.zeros(30, 2)

    @ad.compile(backend="numpy")
    def step(x):
        table.add_(x.sum() * 0 + 1)
        return x + 0

    assert step.run(table)[:, 0].tolist() == list(range(30))


def test_one_signature_may_be_unfit_for_recording_and_another_not():
    def f(x):
        return x * 2 if x.ndim == 1 else x * x.sum().item()

    fast = ad.compile(f, backend="numpy", fallback=True)
    for _ in range(4):
        fast(ad.ones(3))
    with pytest.warns(UserWarning, match="uncompiled"):
        out = fast.run(ad.ones(20, 2, 2))
    assert out.flatten().tolist() == [4.0] * 80
    assert fast.run(ad.ones(20, 3)).flatten().tolist() == [2.0] * 60


# ---------------------------------------------------------------------- Ctrl-C


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_is_heard_when_the_piece_is_done():
    reached = []

    def piece():
        signal.raise_signal(signal.SIGINT)
        reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        many._undisturbed(piece)
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("interruptible")
def test_interrupted_steps_and_their_counts_agree(monkeypatch):
    step, model, optimizer = training(backend="numpy")
    xs, ys = stacked(60)
    for k in range(4):
        step(xs[k], ys[k])
    inside = step._ready().many()

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGINT)
        return inside(*arguments)

    monkeypatch.setattr(step._ready(), "run_many", interrupted)
    with pytest.raises(KeyboardInterrupt):
        step.run(xs[4:], ys[4:])
    count = int(next(iter(optimizer.state.values()))["step"].item())
    assert 5 < count < 60
    other, twin, _ = training()
    for k in range(count):
        other(xs[k], ys[k])
    assert_close(weights(model), weights(twin))


def test_steps_that_could_not_be_made_are_not_counted(monkeypatch):
    step, _, optimizer = training(backend="numpy")
    xs, ys = stacked(60)
    for k in range(4):
        step(xs[k], ys[k])

    def failing(*arguments):
        raise MemoryError

    monkeypatch.setattr(step._ready(), "run_many", failing)
    with pytest.raises(MemoryError):
        step.run(xs, ys)
    assert int(next(iter(optimizer.state.values()))["step"].item()) == 4


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_state_that_is_returned_is_laid_down_as_each_step_has_left_it(backend):
    total = ad.zeros(2)

    def step(x):
        total.add_(x)
        return total, 2 * total

    found, doubled = ad.compile(step, backend=backend).run(ad.arange(24).float().reshape(12, 2))
    expected = np.arange(24, dtype=np.float32).reshape(12, 2).cumsum(0)
    np.testing.assert_array_equal(found.numpy(), expected)
    np.testing.assert_array_equal(doubled.numpy(), 2 * expected)


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_changed_since_the_last_call_is_seen_by_the_next_run(backend):
    """Settings, modes, numbers in closures, gradients that are held, other shapes and other dtypes."""

    def rounds(compiled):
        ad.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3))
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        scale = {"by": 1.0}

        def step(x):
            optimizer.zero_grad()
            loss = model(x).square().mean() / scale["by"]
            loss.backward()
            optimizer.step()
            return loss

        step = ad.compile(step, backend=backend) if compiled else step
        found, held = [], []
        for i in range(10):
            xs = ad.tensor(np.random.default_rng(i).standard_normal((12, 5 + (i == 8), 4)).astype(np.float32))
            found.append(step.run(xs).tolist() if compiled else [step(x).item() for x in xs])
            if i == 2:
                model.eval()
            if i == 4:
                scale["by"] = 3.0
            if i == 5:
                optimizer.param_groups[0]["lr"] = 0.1
            if i == 6:
                held = [p.grad for p in model.parameters()]
                before = [g.numpy().copy() for g in held]
        for g, b in zip(held, before):
            np.testing.assert_array_equal(g.numpy(), b)
        return found, [p.detach().numpy().copy() for p in model.parameters()]

    (found, weights_), (expected, others) = rounds(True), rounds(False)
    for a, b in zip(found, expected):
        np.testing.assert_allclose(a, b, rtol=1e-4)
    for a, b in zip(weights_, others):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
