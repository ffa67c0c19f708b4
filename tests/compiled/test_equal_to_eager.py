"""A compiled step does what the step does: results, parameters, gradients, optimizers, buffers and random numbers."""

import copy
from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
from autodiff.trees import flatten
from tests.compiled.scenarios import SCENARIOS

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]
STEPS = 10


def run(name, **options):
    """The results of some steps of a scenario, and the state after each."""
    ad.manual_seed(0)
    world = SCENARIOS[name]()
    step = ad.compile(world.step, **options) if options else world.step
    results, states = [], []
    for i in range(STEPS):
        results.append(arrays(step(*world.arguments(i))))
        states.append(world.state())
        if world.between is not None:
            world.between(i)
    return step, results, states


def arrays(result):
    """What a step returned, with arrays in the places of Tensors."""
    leaves, structure = flatten(result)
    return structure.build([x.detach().numpy().copy() if ad.is_tensor(x) else x for x in leaves])


def assert_same(given, expected, compare, path=""):
    if isinstance(expected, dict):
        assert given.keys() == expected.keys()
        for key, value in expected.items():
            assert_same(given[key], value, compare, f"{path}[{key!r}]")
    elif isinstance(expected, (list, tuple)):
        assert type(given) is type(expected)
        assert len(given) == len(expected)
        for i, value in enumerate(expected):
            assert_same(given[i], value, compare, f"{path}[{i}]")
    elif isinstance(expected, np.ndarray):
        assert given is not None, path
        assert given.dtype == expected.dtype, path
        assert given.shape == expected.shape, path
        compare(given, expected, path)
    else:
        assert given == expected, path


def exactly(given, expected, path):
    np.testing.assert_array_equal(given, expected, err_msg=path)


def in_norm(tolerance):
    def compare(given, expected, path):
        if expected.dtype.kind != "f":
            return exactly(given, expected, path)
        bound = tolerance[expected.dtype.itemsize] * max(np.linalg.norm(expected), 1e-3)
        assert np.linalg.norm(given.astype(float) - expected.astype(float)) <= bound, path

    return compare


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_passes_it_is_equal_to_the_last_bit(name):
    step, results, states = run(name, backend="numpy", passes=())
    _, expected, expected_states = run(name)
    assert step.stats["replayed"] > 0
    assert_same(results, expected, exactly)
    assert_same(states, expected_states, exactly)


TOLERANCE = {4: 1e-5, 8: 1e-12, 2: 1e-2}


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_one_step_from_equal_state_agrees_in_norm(name, backend):
    """The steps before are ordinary ones, so that only one compiled step separates the two."""
    ad.manual_seed(0)
    world = SCENARIOS[name]()
    fast = ad.compile(world.step, backend=backend)
    for i in range(4):
        arrays(fast(*world.arguments(i)))
    ad.manual_seed(0)
    twin = SCENARIOS[name]()
    other = ad.compile(twin.step, backend="numpy", passes=())
    for i in range(4):
        arrays(other(*twin.arguments(i)))
    synchronise(world, twin)
    ad.manual_seed(5)
    found = arrays(fast(*world.arguments(7)))
    found_state = world.state()
    ad.manual_seed(5)
    expected = arrays(twin.step(*twin.arguments(7)))
    assert_same(found, expected, in_norm(TOLERANCE))
    assert_same(found_state, twin.state(), in_norm(TOLERANCE))


def synchronise(world, twin):
    """Copy parameters, buffers, gradients and optimizer state from one world to the other."""
    for module, other in zip(world.modules, twin.modules, strict=True):
        other.load_state_dict(module.state_dict())
        for p, q in zip(module.parameters(), other.parameters(), strict=True):
            q.grad = None if p.grad is None else p.grad.clone()
    for optimizer, other in zip(world.optimizers, twin.optimizers, strict=True):
        other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for t, u in zip(world.tensors, twin.tensors, strict=True):
        u.detach().copy_(t.detach())
        u.grad = None if t.grad is None else t.grad.clone()


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_after_many_steps_it_is_where_ordinary_steps_lead(name, backend):
    """A state that was used as scratch passes every test of one step."""
    step, results, states = run(name, backend=backend)
    _, expected, expected_states = run(name)
    assert step.stats["replayed"] > 0
    assert step.backend == backend
    assert_same(results[-1], expected[-1], in_norm({4: 2e-3, 8: 1e-9}))
    assert_same(states[-1], expected_states[-1], in_norm({4: 2e-3, 8: 1e-9}))
