"""What a step does with its optimizers, more than one update of one optimizer: counts and state are as uncompiled."""

import numpy as np
import pytest

import autodiff as ad
import optim
from autodiff.trees import flatten
from tests.compiled.scenarios import World, mlp
from tests.compiled.test_equal_to_eager import BACKENDS, arrays, assert_same, exactly, in_norm

#: How a step is compiled, with what its results are compared by.
WAYS = {
    "numpy": ({"backend": "numpy"}, in_norm({4: 1e-4, 8: 1e-9})),
    "numpy without passes": ({"backend": "numpy", "passes": ()}, exactly),
    **({"numba": ({"backend": "numba"}, in_norm({4: 1e-4, 8: 1e-9}))} if "numba" in BACKENDS else {}),
}


def given(i):
    return (ad.tensor(np.random.default_rng(i).standard_normal((5, 4)).astype(np.float32)),)


def updating(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def adam_steps_twice():
    model = mlp(4, 8, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step(x):
        for _ in range(2):
            updating(optimizer, model(x).square().mean())

    return World(step, given, [model], [optimizer])


def adamw_of_large_parameters_steps_three_times():
    model = mlp(4, 300, 200, 1)
    optimizer = optim.AdamW(model.parameters(), lr=0.001)

    def step(x):
        for _ in range(3):
            loss = model(x).square().mean()
            updating(optimizer, loss)
        return loss

    return World(step, given, [model], [optimizer])


def two_optimizers_step_unequally():
    model = mlp(4, 8, 1)
    often, seldom = optim.Adam(model[0].parameters(), lr=0.01), optim.Adam(model[2].parameters(), lr=0.02)

    def step(x):
        updating(often, model(x).square().mean())
        updating(seldom, model(x).abs().mean())
        updating(often, model(x).square().mean())

    return World(step, given, [model], [often, seldom])


def groups_are_updated_unequally():
    model = mlp(4, 8, 1)
    optimizer = optim.Adam([{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.01}], lr=0.1)

    def step(x):
        updating(optimizer, model(x).square().mean())
        updating(optimizer, model[0](x).square().mean())

    return World(step, given, [model], [optimizer])


def a_parameter_joins_at_the_second_step():
    model = mlp(4, 8, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    def step(x):
        updating(optimizer, model[0](x).square().mean())
        updating(optimizer, model(x).square().mean())

    return World(step, given, [model], [optimizer])


class Warming(optim.Optimizer):
    """A rule that asks for the number of its step."""

    counts_steps = True

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    def update(self, xp, p, g, s, t, h):
        return (p - h["lr"] * t * g if t < 8 else p - h["lr"] * g), s


def a_rule_that_asks_for_its_number_steps_twice():
    model = mlp(4, 8, 1)
    optimizer = Warming(model.parameters(), lr=0.01)

    def step(x):
        for _ in range(2):
            updating(optimizer, model(x).square().mean())

    return World(step, given, [model], [optimizer])


MANY_UPDATES = [
    adam_steps_twice,
    adamw_of_large_parameters_steps_three_times,
    two_optimizers_step_unequally,
    groups_are_updated_unequally,
    a_parameter_joins_at_the_second_step,
    a_rule_that_asks_for_its_number_steps_twice,
]


def after(make, calls=10, compiled=lambda f: f, between=None):
    """What each call returned, and the state after it."""
    ad.manual_seed(0)
    world = make()
    step, found = compiled(world.step), []
    for i in range(calls):
        found.append([arrays(step(*world.arguments(i))), world.state()])
        if between is not None:
            between(world, i)
    return found, step


@pytest.mark.parametrize("make", MANY_UPDATES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("way", WAYS)
def test_each_of_many_updates_in_a_call_has_its_own_number(make, way):
    options, compare = WAYS[way]
    expected, _ = after(make)
    found, step = after(make, compiled=lambda f: ad.compile(f, **options))
    assert_same(found, expected, compare)
    assert step.stats["replayed"] >= 4


@pytest.mark.parametrize("make", MANY_UPDATES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("way", WAYS)
def test_many_calls_in_one_count_all_updates(make, way):
    options, compare = WAYS[way]
    expected, _ = after(make, calls=24)
    ad.manual_seed(0)
    world = make()
    step = ad.compile(world.step, **options)
    step.run(ad.stack([world.arguments(i)[0] for i in range(24)]))
    assert_same(world.state(), expected[-1][1], compare)


def test_updates_of_parameters_together_and_alone_in_one_call_are_refused():
    ad.manual_seed(0)
    model = mlp(4, 8, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    @ad.compile
    def step(x):
        updating(optimizer, model(x).square().mean())
        updating(optimizer, model[0](x).square().mean())

    with pytest.raises(ad.RecordingError, match=r"optimizer\.step\(\)\n.*updated together.*set_to_none=False"):
        step(*given(0))
    steps = [entry["step"].item() for entry in optimizer.state.values()]
    assert steps == [2, 2, 1, 1]


def test_a_saved_step_counts_all_updates(tmp_path):
    _, step = after(adam_steps_twice, compiled=ad.compile)
    step.save_source(tmp_path / "step.py")
    source = (tmp_path / "step.py").read_text()
    assert "settings['t'] += 2" in source
    scope = {"__name__": "step"}
    exec(compile(source, "step.py", "exec"), scope)
    scope["test"]()


# ---------------------------------------------------------------------- what is done to the state


def adam():
    model = mlp(4, 8, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return World(lambda x: updating(optimizer, model(x).square().mean()), given, [model], [optimizer])


def momentum():
    model = mlp(4, 8, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return World(lambda x: updating(optimizer, model(x).square().mean()), given, [model], [optimizer])


def entries(world):
    parameters = list(world.modules[0].parameters())
    return [o.state[p] for o in world.optimizers for p in parameters if p in o.state]


def counts_are_set_back(world, i):
    if i == 5:
        [entry["step"].zero_() for entry in entries(world)]


def counts_are_set_forward_through_a_view(world, i):
    if i == 5:
        [entry["step"].view(1).add_(100) for entry in entries(world)[:1]]


@pytest.mark.parametrize("between", [counts_are_set_back, counts_are_set_forward_through_a_view])
@pytest.mark.parametrize("make", [adam, adam_steps_twice, a_rule_that_asks_for_its_number_steps_twice])
@pytest.mark.parametrize("way", WAYS)
def test_counts_that_are_written_between_calls_are_seen(make, between, way):
    options, compare = WAYS[way]
    expected, _ = after(make, between=between)
    found, step = after(make, compiled=lambda f: ad.compile(f, **options), between=between)
    assert_same(found, expected, compare)
    assert step.stats["replayed"] >= 4


def test_a_count_that_is_held_and_written_between_calls_is_seen():
    ad.manual_seed(0)
    world = adam()
    step = ad.compile(world.step)
    for i in range(4):
        step(*given(i))
    held = entries(world)[0]["step"]
    for i in range(4, 6):
        step(*given(i))
    assert held.item() == 6
    held.fill_(1)
    step.run(ad.stack([given(i)[0] for i in range(6)]))
    assert held.item() == entries(world)[0]["step"].item() == 7


def it_is_cleared(optimizer):
    optimizer.state.clear()


def an_entry_is_cleared(optimizer):
    next(iter(optimizer.state.values())).clear()


def an_entry_is_replaced(optimizer):
    p, entry = next(iter(optimizer.state.items()))
    entry["exp_avg"] = ad.zeros(*p.shape)


def one_is_loaded(optimizer):
    optimizer.load_state_dict(optimizer.state_dict())


def an_empty_one_is_assigned(optimizer):
    optimizer.state = {}


@pytest.mark.parametrize(
    "change", [it_is_cleared, an_entry_is_cleared, an_entry_is_replaced, one_is_loaded, an_empty_one_is_assigned]
)
def test_other_state_inside_of_a_step_is_refused(change):
    ad.manual_seed(0)
    model = mlp(4, 8, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    @ad.compile
    def step(x):
        updating(optimizer, model(x).square().mean())
        change(optimizer)

    with pytest.raises(ad.RecordingError, match=r"optimizer.*\n.*(cleared|is set); do it before or after the call"):
        step(*given(0))


def large_adam():
    model = mlp(4, 300, 200, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return World(lambda x: updating(optimizer, model(x).square().mean()), given, [model], [optimizer])


def mixed(make, how):
    """The state after calls of which some are ordinary ones, with Tensors of the state held and written."""
    ad.manual_seed(0)
    world = make()
    step = world.step if how is None else ad.compile(world.step, **how)
    held, found = [], []
    for i in range(16):
        (world.step if i % 5 == 4 else step)(*given(i))
        if i % 3 == 1 and i > 3:
            held.append([t for entry in entries(world) for t in entry.values()])
            held.append([t for entry in world.optimizers[0].state_dict()["state"].values() for t in entry.values()])
        for t in held[0 if i % 2 else -1] if i > 7 else []:
            t.mul_(0.5) if t.ndim else t.fill_(3)
        found.append([world.state(), [[t.numpy().copy() for t in tensors] for tensors in held]])
    now = [t for entry in entries(world) for t in entry.values()]
    assert all(t is u for tensors in held for t, u in zip(tensors, now, strict=True))
    return found


@pytest.mark.parametrize("make", [adam, momentum])
@pytest.mark.parametrize("way", WAYS)
def test_tensors_of_the_state_that_are_held_go_on_showing_it(make, way):
    options, compare = WAYS[way]
    assert_same(mixed(make, options), mixed(make, None), compare)


@pytest.mark.parametrize("way", WAYS)
def test_a_held_state_of_large_parameters_is_that_of_both_kinds_of_steps(way):
    options, compare = WAYS[way]

    def momenta(how):
        ad.manual_seed(0)
        world = large_adam()
        step = world.step if how is None else ad.compile(world.step, **how)
        for i in range(4):
            step(*given(i))
        world.step(*given(4))
        kept = [entry["exp_avg"] for entry in entries(world)]
        for i in range(5, 8):
            step(*given(i))
            [t.zero_() for t in kept]
        world.step(*given(8))
        return [t.numpy().copy() for t in kept], world.state()

    assert_same(momenta(options), momenta(None), compare)


# ---------------------------------------------------------------------- state that is read in the step


def reading(make_optimizer, read, widths=(4, 8, 1)):
    """A scenario: what `read` takes from the state before and after a step, from the second call on."""

    def make():
        model = mlp(*widths)
        optimizer = make_optimizer(model.parameters())
        updating(optimizer, model(*given(99)).square().mean())
        p = model[0].weight

        def step(x):
            return read(lambda: updating(optimizer, model(x).square().mean()), optimizer, p)

        return World(step, given, [model], [optimizer])

    return make


def what_is_there_afterwards(update, optimizer, p):
    update()
    return {name: t.clone() for name, t in optimizer.state[p].items()}


def what_is_there_before_and_afterwards(update, optimizer, p):
    entry = optimizer.state[p]
    before = [t * 2 for t in entry.values()]
    update()
    between = [t * 2 for t in entry.values()]
    update()
    return before, between, [t * 2 for t in entry.values()]


def the_tensors_themselves(update, optimizer, p):
    update()
    return optimizer.state_dict()["state"]


def what_was_written_into_it(update, optimizer, p):
    for entry in optimizer.state.values():
        [t.mul_(0.9) for name, t in entry.items() if name != "step"]
    update()
    for entry in optimizer.state.values():
        [t.clamp_(-0.1, 0.1) for name, t in entry.items() if name != "step"]
    return [t[:1].sum() for name, t in optimizer.state[p].items() if name != "step"]


def views_that_were_taken_before(update, optimizer, p):
    views = [t.view(-1) for t in optimizer.state[p].values()]
    update()
    return [v + 1 for v in views]


READINGS = [
    what_is_there_afterwards,
    what_is_there_before_and_afterwards,
    the_tensors_themselves,
    what_was_written_into_it,
    views_that_were_taken_before,
]
OPTIMIZERS = {
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw with amsgrad": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True),
    "momentum": lambda p: optim.SGD(p, lr=0.01, momentum=0.9),
}


@pytest.mark.parametrize("read", READINGS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("way", WAYS)
def test_state_that_is_read_in_a_step_is_that_of_then(read, optimizer, way):
    options, compare = WAYS[way]
    for widths in ((4, 8, 1), (4, 300, 200, 1))[: 1 + (optimizer == "adam")]:
        make = reading(OPTIMIZERS[optimizer], read, widths)
        expected, _ = after(make, calls=7)
        found, step = after(make, calls=7, compiled=lambda f: ad.compile(f, **options))
        assert_same(found, expected, compare)
        assert step.stats == {"recorded": 2, "replayed": 5, "eager": 0}


@pytest.mark.parametrize("read", READINGS[:2], ids=lambda read: read.__name__)
@pytest.mark.parametrize("way", WAYS)
def test_state_is_read_at_each_of_many_steps(read, way):
    options, compare = WAYS[way]
    make = reading(OPTIMIZERS["adam"], read)
    expected, _ = after(make, calls=20)
    ad.manual_seed(0)
    world = make()
    results = ad.compile(world.step, **options).run(ad.stack([given(i)[0] for i in range(20)]))
    assert_same(world.state(), expected[-1][1], compare)
    found, structure = flatten(arrays(results))
    for k, (one, _) in enumerate(expected):
        assert_same(structure.build([x[k] for x in found]), one, compare)


@pytest.mark.parametrize("way", WAYS)
def test_a_function_that_only_reads_state_sees_what_all_kinds_of_steps_leave(way):
    options, compare = WAYS[way]

    def seen(compiled):
        ad.manual_seed(0)
        world = adam()
        world.step(*given(0))
        optimizer, p = world.optimizers[0], world.modules[0][0].weight
        entry = optimizer.state[p]
        read = compiled(lambda x: [t * x.mean() for t in optimizer.state[p].values()])
        closed_over = compiled(lambda x: [t * x.mean() for t in entry.values()])
        step, found = compiled(world.step), []
        for i in range(16):
            (world.step if i % 5 == 3 else step)(*given(i))
            found.append([arrays(read(*given(i))), arrays(closed_over(*given(i)))])
            if i == 12:
                entry["step"].fill_(50)
        return found

    assert_same(seen(lambda f: ad.compile(f, **options)), seen(lambda f: f), compare)


def test_a_step_that_was_read_in_can_be_saved(tmp_path):
    _, step = after(reading(OPTIMIZERS["adam"], what_is_there_before_and_afterwards), compiled=ad.compile)
    step.save_source(tmp_path / "step.py")
    scope = {"__name__": "step"}
    exec(compile((tmp_path / "step.py").read_text(), "step.py", "exec"), scope)
    scope["test"]()


@pytest.mark.parametrize("before", [True, False])
def test_a_count_that_is_written_in_a_step_is_refused(before):
    ad.manual_seed(0)
    model = mlp(4, 8, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    updating(optimizer, model(*given(0)).square().mean())

    @ad.compile
    def step(x):
        if before:
            optimizer.state[model[0].weight]["step"].zero_()
        updating(optimizer, model(x).square().mean())
        if not before:
            optimizer.state[model[0].weight]["step"].view(1).zero_()

    with pytest.raises(ad.RecordingError, match=r"zero_\(\)\n.*a step count is written; do it before or after"):
        step(*given(0))


def test_an_argument_that_is_a_part_of_the_state_is_what_it_was_before_the_step():
    ad.manual_seed(0)
    world = adam()
    world.step(*given(0))

    def step(x, avg):
        world.step(x)
        return avg * 1

    fast, p = ad.compile(step), world.modules[0][0].weight
    for i in range(5):
        avg = world.optimizers[0].state[p]["exp_avg"]
        before = avg.numpy().copy()
        np.testing.assert_array_equal(fast(*given(i), avg).numpy(), before)


def test_state_of_more_parameters_than_a_step_updates_is_refused_before_it_and_read_after_it():
    def make(early):
        model = mlp(4, 8, 1)
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        updating(optimizer, model(*given(99)).square().mean())
        entry = optimizer.state[model[0].weight]

        def step(x):
            before = [entry["exp_avg"] * 2] if early else []
            updating(optimizer, model[0](x).square().mean())
            return [*before, entry["exp_avg"] * 2, entry["step"] * 2]

        return World(step, given, [model], [optimizer])

    expected, _ = after(lambda: make(False))
    found, _ = after(lambda: make(False), compiled=lambda f: ad.compile(f, backend="numpy", passes=()))
    assert_same(found, expected, exactly)
    with pytest.raises(ad.RecordingError, match=r"exp_avg.*\n.*a step that updates other parameters; read it before"):
        after(lambda: make(True), compiled=ad.compile)
