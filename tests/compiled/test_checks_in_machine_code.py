"""Machine code reads and adds at indices, and raises what an ordinary step raises before it has changed any state."""

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F
import optim
from autodiff.errors import IndexingError, SettingError

pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")


def lookup():
    """A table of vectors, of which some are looked up, some of them twice."""
    table = nn.Parameter(ad.tensor(np.random.default_rng(0).standard_normal((7, 4))))
    optimizer = optim.Adam([table], lr=0.1)

    def step(places, y):
        optimizer.zero_grad()
        loss = (table[places].sum(1) - y).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return (
        step,
        table,
        lambda wrong: (ad.tensor([[0, 3, -1], [2, 3, 9 if wrong else 3]]), ad.ones(2, 4, dtype=ad.float64)),
    )


def picked():
    """One number of each row, at places that the step computes, and the columns of one place."""
    ad.manual_seed(0)
    layer = nn.Linear(5, 6, dtype=ad.float64)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)

    def step(x, classes):
        optimizer.zero_grad()
        scores = layer(x)
        loss = F.cross_entropy(scores, classes + 1) + scores[:, classes].square().mean() + scores[1:, 2:4].sum()
        loss.backward()
        optimizer.step()
        return loss

    x = ad.tensor(np.random.default_rng(1).standard_normal((3, 5)))
    return step, layer.weight, lambda wrong: (x, ad.tensor([4, 0, 6 if wrong else 2]))


def certain():
    """Probabilities, which have to be between 0 and 1."""
    scale = nn.Parameter(ad.tensor([0.5], dtype=ad.float64))
    optimizer = optim.SGD([scale], lr=0.01)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.binary_cross_entropy(x * scale, y)
        loss.backward()
        optimizer.step()
        return loss

    return (
        step,
        scale,
        lambda wrong: (
            ad.tensor([0.5, 9.0 if wrong else 0.7], dtype=ad.float64),
            ad.tensor([0.0, 1.0], dtype=ad.float64),
        ),
    )


def halves():
    """Numbers at places of which those in the first half are looked up before the others."""
    table = nn.Parameter(ad.tensor(np.random.default_rng(0).standard_normal(7)))
    optimizer = optim.SGD([table], lr=0.1)

    def step(places, y):
        optimizer.zero_grad()
        loss = (table[places[:2]] * table[places[2:]] - y).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return step, table, lambda wrong: (ad.tensor([0, 3, -1, 9 if wrong else 3]), ad.ones(2, dtype=ad.float64))


CASES = [(halves, IndexingError), (lookup, IndexingError), (picked, IndexingError), (certain, SettingError)]


@pytest.mark.parametrize(("make", "error"), CASES)
def test_it_computes_what_an_ordinary_step_computes(make, error):
    plain, expected, arguments = make()
    written, found, _ = make()
    fast = ad.compile(written, backend="numba")
    for _ in range(6):
        np.testing.assert_allclose(fast(*arguments(False)).item(), plain(*arguments(False)).item(), rtol=1e-12)
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-12, atol=1e-14)
    assert fast.backend == "numba"
    assert fast.stats["replayed"] > 2


@pytest.mark.parametrize(("make", "error"), CASES)
def test_what_is_out_of_range_raises_and_changes_nothing(make, error):
    step, parameter, arguments = make()
    fast = ad.compile(step, backend="numba")
    for _ in range(4):
        fast(*arguments(False))
    before = parameter.detach().numpy().copy()
    with pytest.raises(error):
        fast(*arguments(True))
    np.testing.assert_array_equal(parameter.detach().numpy(), before)
    assert np.isfinite(fast(*arguments(False)).item())


@pytest.mark.parametrize(("make", "error"), CASES)
def test_in_many_steps_it_raises_at_the_step_that_is_wrong(make, error):
    plain, expected, arguments = make()
    written, found, _ = make()
    fast = ad.compile(written, backend="numba")
    batches = [arguments(False)] * 9
    fast.run(iter(batches))
    for _ in range(9):
        plain(*arguments(False))
    np.testing.assert_allclose(found.detach().numpy(), expected.detach().numpy(), rtol=1e-11, atol=1e-13)
    with pytest.raises(error):
        fast.run(iter([*batches, arguments(True)]))
