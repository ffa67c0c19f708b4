"""How a rule is run: whatever a parameter's size, memory and history, each element gets what the formula says."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as ad
import nn
import optim
from autodiff.primitive import plain, recorded
from optim import running
from optim.program import BLOCK_BYTES, Program

RNG = np.random.default_rng(0)
BLOCK = BLOCK_BYTES // 8  # elements of float64
# One element; packed; alone and of one block; of one block and a bit; of three blocks exactly.
SIZES = [1, 10, BLOCK // 2, BLOCK + 1, 3 * BLOCK]

OPTIMIZERS = [
    lambda p: optim.SGD(p, lr=0.1),
    lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.1),
    lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    lambda p: optim.Adam(p, lr=0.1, weight_decay=0.1, amsgrad=True),
    lambda p: optim.AdamW(p, lr=0.1),
]
over_optimizers = pytest.mark.parametrize("make", OPTIMIZERS)


def parameter(*shape, dtype=np.float64):
    return nn.Parameter(ad.tensor(RNG.standard_normal(shape).astype(dtype)))


def give_gradients(*parameters):
    for p in parameters:
        p.grad = ad.tensor(RNG.standard_normal(tuple(p.shape)).astype(str(p.dtype)))


def by_the_formula(optimizer, p, gradients):
    """The parameter after one step for each gradient, by the rule alone on whole arrays."""
    h = optimizer.param_groups[0]
    value, slots = p.detach().numpy().copy(), tuple(np.zeros(tuple(p.shape)) for _ in optimizer.slots(h))
    for t, g in enumerate(gradients, start=1):
        value, slots = optimizer.update(plain, value, g, slots, t, h)
    return value


# -- sizes and memory ------------------------------------------------------------------------------------------------


@over_optimizers
def test_every_size_gets_what_the_formula_says(make):
    parameters = [parameter(size) for size in SIZES]
    optimizer = make(parameters)
    gradients = [[RNG.standard_normal(size) for _ in range(3)] for size in SIZES]
    expected = [by_the_formula(optimizer, p, g) for p, g in zip(parameters, gradients, strict=True)]
    for step in range(3):
        for p, g in zip(parameters, gradients, strict=True):
            p.grad = ad.tensor(g[step])
        optimizer.step()
    for p, value in zip(parameters, expected, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), value, rtol=1e-14, atol=1e-14)


@over_optimizers
def test_many_small_parameters_make_a_pack_of_several_blocks(make):
    parameters = [parameter(BLOCK // 8 - 1) for _ in range(20)]
    gradients = [[RNG.standard_normal(tuple(p.shape))] for p in parameters]
    optimizer = make(parameters)
    expected = [by_the_formula(optimizer, p, g) for p, g in zip(parameters, gradients, strict=True)]
    for p, (g,) in zip(parameters, gradients, strict=True):
        p.grad = ad.tensor(g)
    optimizer.step()
    for p, value in zip(parameters, expected, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), value, rtol=1e-14, atol=1e-14)


@over_optimizers
@pytest.mark.parametrize("size", [6, 300])
def test_memory_that_is_not_contiguous_is_written_where_it_is(make, size):
    memory = RNG.standard_normal((size, size + 2))
    layouts = {
        "transposed": lambda a: a.T,
        "every other": lambda a: a[::2],
        "backward": lambda a: a[:, ::-1],
        "in Fortran's order": np.asfortranarray,
    }
    for layout in layouts.values():
        array = layout(memory.copy())
        p, twin = nn.Parameter(ad.from_numpy(array)), nn.Parameter(ad.tensor(array.copy()))
        give_gradients(p)
        twin.grad = ad.tensor(np.asfortranarray(p.grad.numpy()))
        for one in (p, twin):
            make([one]).step()
        assert p.detach().numpy() is array
        np.testing.assert_array_equal(array, twin.detach().numpy())


@over_optimizers
@pytest.mark.parametrize("size", SIZES[1:4])
def test_a_parameters_memory_never_moves_so_views_taken_earlier_stay_views(make, size):
    p = parameter(size)
    array, view, detached = p.detach().numpy(), p[2:5], p.detach()
    optimizer = make([p])
    for _ in range(2):
        give_gradients(p)
        optimizer.step()
        np.testing.assert_array_equal(view.detach().numpy(), array[2:5])
        assert np.shares_memory(detached.numpy(), p.detach().numpy())
        view.sum().backward()


@over_optimizers
@pytest.mark.parametrize("size", SIZES[1:4])
def test_what_the_user_writes_into_a_parameter_counts(make, size):
    p, q = parameter(size), parameter(size)
    q.data = p.detach().clone()
    ours, theirs = make([p]), make([q])
    for step in range(4):
        give_gradients(p)
        q.grad = p.grad.clone()
        if step == 1:
            p.data.fill_(0.5)
        if step == 2:
            p.detach().numpy()[:] = 0.25
        if step == 3:
            p.data = ad.full((size,), 0.75, dtype=ad.float64)
        if step:
            q.data = ad.full((size,), {1: 0.5, 2: 0.25, 3: 0.75}[step], dtype=ad.float64)
        ours.step()
        theirs.step()
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


@pytest.mark.parametrize("size", SIZES[1:4])
def test_memory_shared_with_a_replaced_parameter_is_left_alone(size):
    p = parameter(size)
    before = p.detach().numpy()
    optimizer = optim.Adam([p])
    give_gradients(p)
    optimizer.step()
    kept = before.copy()
    p.data = p.detach().clone()
    optimizer.step()
    np.testing.assert_array_equal(before, kept)
    assert (p.detach().numpy() != kept).all()


def test_dtypes_do_not_mix():
    parameters = [parameter(3, dtype=d) for d in (np.float32, np.float64, np.float16)]
    give_gradients(*parameters)
    optimizer = optim.Adam(parameters)
    optimizer.step()
    assert [str(p.dtype) for p in parameters] == ["float32", "float64", "float16"]
    assert [str(optimizer.state[p]["exp_avg"].dtype) for p in parameters] == ["float32", "float64", "float16"]


def test_a_model_converted_between_steps_goes_on_in_its_new_dtype():
    layer = nn.Linear(3, 2)
    optimizer = optim.Adam(layer.parameters())
    for dtype in (ad.float32, ad.float64):
        layer.to(dtype)(ad.ones(1, 3, dtype=dtype)).sum().backward()
        optimizer.step()
    assert optimizer.state[layer.weight]["exp_avg"].dtype == ad.float64
    assert optimizer.state[layer.weight]["step"].item() == 2


@pytest.mark.parametrize("size", [3, 3 * BLOCK])
def test_a_gradient_of_another_dtype_is_converted(size):
    p = parameter(size, dtype=np.float32)
    before, g = p.detach().numpy().copy(), RNG.standard_normal(size)
    p.grad = ad.tensor(g)
    optim.SGD([p], lr=0.5).step()
    np.testing.assert_allclose(p.detach().numpy(), before - 0.5 * g, rtol=1e-5, atol=1e-6)


def test_a_gradient_is_only_read():
    for size in SIZES:
        p = parameter(size)
        give_gradients(p)
        before = p.grad.numpy().copy()
        for make in OPTIMIZERS:
            make([p]).step()
        np.testing.assert_array_equal(p.grad.numpy(), before)


@pytest.mark.parametrize("size", [2, 3 * BLOCK])
def test_a_step_between_forward_and_backward_is_noticed(size):
    p = parameter(size)
    loss = (p * p).sum()
    give_gradients(p)
    optim.SGD([p]).step()
    with pytest.raises(ad.StaleValueError):
        loss.backward()


# -- who takes part --------------------------------------------------------------------------------------------------


@over_optimizers
def test_a_frozen_parameter_and_its_state_stay_as_they_are_until_it_is_thawed(make):
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    optimizer = make(net.parameters())

    def step():
        optimizer.zero_grad()
        net(ad.ones(1, 2)).sum().backward()
        optimizer.step()

    step()
    net[0].requires_grad_(False)
    before = net[0].weight.detach().clone()
    step()
    assert ad.equal(net[0].weight.detach(), before)
    net[0].requires_grad_()
    step()
    assert not ad.equal(net[0].weight.detach(), before)


@over_optimizers
def test_a_tied_weight_moves_once(make):
    ad.manual_seed(0)  # weights that the step nearly takes to zero would have few digits left to compare
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    net[1].weight = net[0].weight
    optimizer = make(net.parameters())
    net(ad.ones(1, 3)).sum().backward()
    g = net[0].weight.grad.numpy().astype(np.float64)
    expected = by_the_formula(optimizer, net[0].weight, [g])
    optimizer.step()
    np.testing.assert_allclose(net[1].weight.detach().numpy(), expected, rtol=1e-5)


def test_two_optimizers_over_the_same_parameters_take_turns():
    p = parameter(5)
    a, b = optim.SGD([p], lr=0.1), optim.Adam([p], lr=0.1)
    give_gradients(p)
    g, expected = p.grad.numpy(), p.detach().numpy().copy()
    for _ in range(3):
        a.step()
        b.step()
        # Of a constant gradient Adam's step is lr times the sign, whatever happens in between.
        expected = expected - 0.1 * g - 0.1 * np.sign(g)
    np.testing.assert_allclose(p.detach().numpy(), expected, rtol=1e-6)


def test_a_parameter_put_into_a_group_by_hand_takes_part():
    p, q = parameter(3), parameter(3)
    optimizer = optim.SGD([p], lr=1.0)
    give_gradients(p, q)
    optimizer.step()
    before = p.detach().clone()
    optimizer.param_groups[0]["params"][0] = q
    expected = q.detach() - q.grad
    optimizer.step()
    assert ad.equal(p.detach(), before)
    assert ad.equal(q.detach(), expected)


def test_a_parameter_may_be_of_no_elements_or_of_one_without_dimensions():
    empty, scalar = parameter(0, 3), parameter()
    optimizer = optim.Adam([empty, scalar], lr=0.1)
    give_gradients(empty, scalar)
    before = scalar.item()
    optimizer.step()
    assert abs(scalar.item() - before) == pytest.approx(0.1, rel=1e-4)


def test_a_gradient_that_no_longer_fits_is_named():
    p = parameter(3)
    give_gradients(p)
    optimizer = optim.SGD([("fc.bias", p)])
    p.data = ad.zeros(4, dtype=ad.float64)
    with pytest.raises(ad.ShapeError, match=r"parameter 'fc.bias' has shape \(4,\) and its gradient \(3,\)"):
        optimizer.step()


# -- state -----------------------------------------------------------------------------------------------------------


def steps(optimizer, *parameters, times=1):
    for _ in range(times):
        give_gradients(*parameters)
        optimizer.step()


@pytest.mark.parametrize("size", SIZES[1:4])
def test_state_is_shown_as_it_is_and_may_be_written(size):
    p = parameter(size)
    optimizer = optim.Adam([p], betas=(0.5, 0.9))
    p.grad = ad.ones(size, dtype=ad.float64)
    optimizer.step()
    state = optimizer.state[p]
    assert list(state) == ["step", "exp_avg", "exp_avg_sq"]
    assert state["step"].item() == 1.0
    np.testing.assert_allclose(state["exp_avg"].numpy(), 0.5)
    np.testing.assert_allclose(state["exp_avg_sq"].numpy(), 0.1)
    state["exp_avg"].fill_(3.0)
    optimizer.step()
    np.testing.assert_allclose(state["exp_avg"].numpy(), 2.0)
    state["exp_avg"] = ad.full((size,), 5.0, dtype=ad.float64)
    optimizer.step()
    np.testing.assert_allclose(optimizer.state[p]["exp_avg"].numpy(), 3.0)
    assert optimizer.state[p]["step"].item() == 3.0
    optimizer.state[p]["exp_avg"].data = ad.full((size,), 7.0, dtype=ad.float64)
    optimizer.state[p]["step"].data = ad.tensor(10.0)
    optimizer.step()
    np.testing.assert_allclose(optimizer.state[p]["exp_avg"].numpy(), 4.0)
    assert optimizer.state[p]["step"].item() == 11.0


@pytest.mark.parametrize(
    "forget",
    [
        lambda o, p: o.state.clear(),
        lambda o, p: o.state.pop(p),
        lambda o, p: o.state.popitem(),
        lambda o, p: o.state.__delitem__(p),
        lambda o, p: o.state[p].clear(),
        lambda o, p: o.state.__setitem__(p, {}),
        lambda o, p: o.state.update({p: {}}),
        lambda o, p: setattr(o, "state", {}),
    ],
)
def test_state_that_is_taken_away_begins_anew(forget):
    p = parameter(5)
    optimizer = optim.Adam([p])
    steps(optimizer, p, times=3)
    forget(optimizer, p)
    steps(optimizer, p)
    assert optimizer.state[p]["step"].item() == 1.0


@pytest.mark.parametrize(
    "give",
    [
        lambda o, p, entry: o.state.update({p: entry}),
        lambda o, p, entry: o.state.setdefault(p, entry),
        lambda o, p, entry: o.state.__ior__({p: entry}),
        lambda o, p, entry: setattr(o, "state", {p: entry}),
        lambda o, p, entry: o.state[p].update(entry),
        lambda o, p, entry: o.state[p].setdefault("momentum_buffer", entry["momentum_buffer"]),
    ],
)
def test_state_that_is_given_is_gone_on_from_however_it_comes(give):
    p = parameter(5)
    optimizer = optim.SGD([p], lr=1.0, momentum=0.5)
    give(optimizer, p, {"momentum_buffer": ad.full((5,), 4.0, dtype=ad.float64)})
    p.grad = ad.ones(5, dtype=ad.float64)
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].tolist() == [3.0] * 5
    optimizer.state[p]["momentum_buffer"] = np.zeros(5)
    optimizer.step()
    assert optimizer.state[p]["momentum_buffer"].tolist() == [1.0] * 5


def test_state_of_another_shape_is_named_with_what_to_do():
    p = parameter(5)
    optimizer = optim.Adam([p])
    steps(optimizer, p)
    p.data = ad.zeros(3, dtype=ad.float64)
    p.grad = None
    with pytest.raises(ad.ShapeError, match=r"'exp_avg' of shape \(5,\) for .* \(3,\); .* optimizer.state.pop\(p\)"):
        steps(optimizer, p)
    optimizer.state.pop(p)
    steps(optimizer, p)
    assert optimizer.state[p]["exp_avg"].shape == (3,)


def test_without_anything_to_remember_there_is_no_state():
    p = parameter(5)
    optimizer = optim.SGD([p])
    steps(optimizer, p)
    assert optimizer.state_dict()["state"] == {}
    assert not optimizer.state


@over_optimizers
@pytest.mark.parametrize(
    "duplicate",
    [
        lambda make, pair: copy.deepcopy(pair),
        lambda make, pair: pickle.loads(pickle.dumps(pair)),
        lambda make, pair: rebuilt(make, *pair),
    ],
)
def test_a_copy_or_a_saved_optimizer_goes_on_where_it_was(make, duplicate):
    parameters = [parameter(3), parameter(2 * BLOCK)]
    optimizer = make(parameters)
    steps(optimizer, *parameters, times=2)
    twins, twin = duplicate(make, (parameters, optimizer))
    for _ in range(2):
        give_gradients(*parameters)
        for p, q in zip(parameters, twins, strict=True):
            q.grad = p.grad.clone()
        optimizer.step()
        twin.step()
    for p, q in zip(parameters, twins, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())
        assert not np.shares_memory(p.detach().numpy(), q.detach().numpy())


def rebuilt(make, parameters, optimizer):
    twins = [nn.Parameter(p.detach().clone()) for p in parameters]
    twin = make(twins)
    twin.load_state_dict(optimizer.state_dict())
    return twins, twin


def test_an_optimizer_is_freed_without_the_collector():
    gc.disable()
    try:
        p = parameter(5)
        optimizer = optim.Adam([p])
        steps(optimizer, p, times=2)
        gone = weakref.ref(optimizer)
        del optimizer
        assert gone() is None
    finally:
        gc.enable()


# -- rules and programs ----------------------------------------------------------------------------------------------


@over_optimizers
def test_a_rule_gives_the_same_for_arrays_and_for_tensors(make):
    optimizer = make([parameter(1)])
    h = optimizer.param_groups[0]
    p, g, *slots = (np.abs(RNG.standard_normal(4)) for _ in range(2 + len(optimizer.slots(h))))
    for t in (1, 7):
        new, kept = optimizer.update(plain, p, g, tuple(slots), t, h)
        again, kept_again = optimizer.update(recorded, ad.tensor(p), ad.tensor(g), tuple(map(ad.tensor, slots)), t, h)
        for a, b in zip((new, *kept), (again, *kept_again), strict=True):
            np.testing.assert_array_equal(a, b.numpy())


def run(update, arrays, h=None):
    """The results of a rule by its program, and by itself."""
    expected, kept = update(np, arrays[0], arrays[1], tuple(arrays[2:]), 1, h)
    expected = [np.array(a) for a in (expected, *kept)]
    mine = [a.copy() for a in arrays]
    program = Program()
    program.run(program.write_down(update, len(arrays) - 2, 1, h), mine)
    np.testing.assert_array_equal(mine[1], arrays[1], err_msg="the gradient was written")
    return [mine[0], *mine[2:]], expected


AWKWARD = {
    "nothing changes": lambda xp, p, g, s, t, h: (p, s),
    "slots change places": lambda xp, p, g, s, t, h: (p - g, (s[1], s[0])),
    "everything goes round": lambda xp, p, g, s, t, h: (s[0], (s[1], p)),
    "the old value is kept": lambda xp, p, g, s, t, h: (p * 0.5, (p, s[1])),
    "the gradient is kept": lambda xp, p, g, s, t, h: (p - s[0], (g, g)),
    "one result twice": lambda xp, p, g, s, t, h: ((p + g), (p + g, p + g)),
    "the same twice": lambda xp, p, g, s, t, h: (lambda x: (x, (x, x)))(p * g),
    "a slot is read after it is known anew": lambda xp, p, g, s, t, h: (p - (s[0] + g) * s[0], (s[0] + g, s[1] - s[0])),
    "a result is used no further": lambda xp, p, g, s, t, h: (p + 1, (s[0], xp.sqrt(abs(g)) * 0 + s[1])),
    "numbers come first": lambda xp, p, g, s, t, h: (1 - p, (2 / (1 + abs(s[0])), 3 + s[1])),
    "other functions": lambda xp, p, g, s, t, h: (-xp.maximum(p, g), (xp.exp(-abs(s[0])), xp.sign(s[1]) ** 2)),
    "a number of NumPy's": lambda xp, p, g, s, t, h: (np.float64(0.5) * p, s),
}  # fmt: skip


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("size", [5, BLOCK + 3])
def test_a_program_does_what_its_rule_says(name, size):
    results, expected = run(AWKWARD[name], [RNG.standard_normal(size) for _ in range(4)])
    for result, value in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, value)


def test_what_adam_computes_comes_in_the_memory_of_its_results():
    optimizer = optim.Adam([parameter(1)])
    code, _ = Program().write_down(optimizer.update, 2, 3, optimizer.param_groups[0])
    assert code.scratch == 2
    assert [out for _, _, _, out in code.code if out < code.inputs] == [2, 2, 3, 3, 0]


@st.composite
def programs(draw):
    """A rule of random operations: each takes two of the values so far, and three of all values are the results."""
    ops = draw(st.lists(st.tuples(st.sampled_from("+-*m"), st.integers(0, 99), st.integers(0, 99)), max_size=12))
    results = draw(st.tuples(*[st.integers(0, 99)] * 3))

    def update(xp, p, g, s, t, h):
        values = [p, g, *s]
        for op, i, j in ops:
            a, b = values[i % len(values)], values[j % len(values)]
            values.append(xp.maximum(a, b) if op == "m" else {"+": a + b, "-": a - b, "*": a * b * 0.5}[op])
        new, first, second = (values[i % len(values)] for i in results)
        return new, (first, second)

    return update


@given(programs())
def test_a_program_of_random_operations_does_what_its_rule_says(update):
    results, expected = run(update, [RNG.standard_normal(3) for _ in range(4)])
    for result, value in zip(results, expected, strict=True):
        np.testing.assert_array_equal(result, value)


class Normed(optim.Optimizer):
    """A rule that looks at whole Tensors: steps of length lr, and a slot."""

    elementwise = False

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    def slots(self, h):
        return ("last",)

    def update(self, xp, p, g, s, t, h):
        return p - h["lr"] * g / xp.sqrt(xp.sum(g * g)), (g,)


@pytest.mark.parametrize("shape", [(3, 4), (300, 200)])
def test_a_rule_that_is_not_elementwise_runs_on_whole_tensors(shape):
    p, q = parameter(*shape), parameter(2)
    optimizer = Normed([p, q], lr=0.5)
    before = p.detach().clone()
    steps(optimizer, p, q, times=1)
    assert np.linalg.norm((p.detach() - before).numpy()) == pytest.approx(0.5)
    assert ad.equal(optimizer.state[p]["last"], p.grad)


def test_a_rule_that_should_have_said_so_is_told():
    Normed.elementwise = True
    try:
        p = parameter(running.SMALL_BYTES // 8)
        with pytest.raises(ad.AutodiffError, match="'sum' is none; give the optimizer class elementwise = False"):
            steps(Normed([p], lr=1.0), p)
    finally:
        Normed.elementwise = False
