"""What a step does with its optimizers, more than one update of one optimizer: counts and state are as uncompiled."""

import numpy as np
import pytest

import autodiff as ad
import optim
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
