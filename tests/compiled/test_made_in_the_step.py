"""A Tensor that a step makes begins each call as it was made, whatever the step writes into it afterwards."""

import numpy as np
import pytest

import autodiff as ad
import nn.functional as F


def a_sum(x):
    total = ad.zeros(())
    for k in range(3):
        total += x[k]
    return total


def single_elements(x):
    made = ad.zeros(4)
    made[1] = 1.0
    made[2] += 1
    return made * x[0]


def a_number(x):
    made = ad.tensor(0.5)
    made.div_(2)
    return made * x


def a_view_of_it(x):
    made = ad.zeros(3)
    made[1:].add_(x[1:])
    made.mul_(2)
    return made


def not_filled(x):
    made = ad.empty(3)
    made.copy_(x)
    made[0] = 5
    return made


def read_and_written(x):
    made = ad.full((3,), 2.0)
    product = made * x
    made.add_(1)
    return product + made


def a_range(x):
    made = ad.arange(3).float()
    made -= x
    return made


MAKERS = [a_sum, single_elements, a_number, a_view_of_it, not_filled, read_and_written, a_range]
BACKENDS = {"numpy": {"backend": "numpy"}, "no passes": {"passes": ()}, "any": {}}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("function", MAKERS)
def test_what_is_made_in_a_step_begins_anew_at_each_call(function, backend):
    fast = ad.compile(function, **BACKENDS[backend])
    for k in (1, 1, 2, 3):
        x = ad.tensor([10.0, 20.0, 30.0]) * k
        np.testing.assert_allclose(fast(x).numpy(), function(x).numpy(), rtol=1e-6)
    assert fast.stats["replayed"] == 2


def test_one_of_several_views_that_is_used_after_a_write_is_refused():
    def step(x):
        doubled = x * 2
        first, _ = doubled.split(1)
        doubled.add_(1)
        return first

    with pytest.raises(ad.RecordingError, match="one of several views"):
        ad.compile(step)(ad.ones(2))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("x", "a", "b"), [(1e-10, 3e38, 2.0), (1e30, 1e-45, 0.5), (3.0, 0.5, 3.0)])
def test_two_factors_are_one_only_where_that_one_can_be_held(x, a, b, backend):
    fast = ad.compile(lambda x: (x * a) * b, **BACKENDS[backend])
    given = [fast(ad.tensor(x)).item() for _ in range(3)]
    assert given == [((ad.tensor(x) * a) * b).item()] * 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_without_elements_are_told_apart_by_their_shapes(backend):
    fast = ad.compile(lambda x: x.shape[0] + x.sum(), **BACKENDS[backend])
    assert [fast(ad.ones(n, 0)).item() for n in (2, 2, 2, 5)] == [2, 2, 2, 5]


def test_a_reduction_over_the_one_dim_of_a_number_is_made_in_machine_code():
    pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")
    fast = ad.compile(lambda x: F.normalize(x, dim=0), backend="numba")
    assert [fast(ad.tensor(3.0)).item() for _ in range(3)] == [1.0] * 3
