"""A compiled step does what the step does: results, parameters, gradients, optimizers, buffers and random numbers."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.trees import flatten
from tests.compiled.scenarios import SCENARIOS

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
