"""A compiled step needs no more memory than the step itself: not while it is recorded, made ready, or replayed."""

import gc
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from autodiff.compiler.program import Value
from autodiff.compiler.strided import whole

#: Updates of packs of this many parameters run in blocks, as ordinary ones do: no test of a small network sees that.
WIDTHS = 200, 150, 10

OPTIMIZERS = {
    "sgd": lambda parameters: optim.SGD(parameters, lr=0.1),
    "momentum": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "adam": lambda parameters: optim.Adam(parameters, lr=0.01, amsgrad=True),
    "adamw": lambda parameters: optim.AdamW(parameters, lr=0.01),
}


def training(make, widths=WIDTHS):
    """A model, its optimizer and a step."""
    ad.manual_seed(0)
    layers = [nn.Linear(a, b) for a, b in pairwise(widths)]
    model = nn.Sequential(layers[0], *[m for layer in layers[1:] for m in (nn.Tanh(), layer)])
    optimizer = make(model.parameters())

    def step(x, y):
        optimizer.zero_grad()
        loss = (model(x) - y).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return model, optimizer, step


def batch(seed, n, widths=WIDTHS):
    rng = np.random.default_rng(seed)
    return [ad.tensor(rng.normal(size=(n, width)).astype(np.float32)) for width in (widths[0], widths[-1])]


def transposed(model):
    """Let a weight lie in memory by columns."""
    weight = model[0].weight
    weight.data = ad.tensor(np.ascontiguousarray(weight.detach().numpy().T)).t()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_large_parameters_are_updated_to_the_last_bit_as_ordinary_steps_do(name):
    """While the step is recorded, the rule runs block by block and is heard on one element."""
    model, optimizer, step = training(OPTIMIZERS[name])
    twin, other, ordinary = training(OPTIMIZERS[name])
    compiled = ad.compile(step, backend="numpy", passes=())
    for i in range(6):
        assert compiled(*batch(i, 8)).item() == ordinary(*batch(i, 8)).item()
        for p, q in zip(model.parameters(), twin.parameters()):
            np.testing.assert_array_equal(p.detach(), q.detach())
            np.testing.assert_array_equal(p.grad, q.grad)
            for slot in optimizer.state[p]:
                np.testing.assert_array_equal(optimizer.state[p][slot], other.state[q][slot])
    assert compiled.stats["replayed"] >= 3


def test_a_large_parameter_that_lies_in_memory_by_columns_is_updated_where_it_lies():
    model, _, step = training(OPTIMIZERS["adam"])
    twin, _, ordinary = training(OPTIMIZERS["adam"])
    transposed(model)
    transposed(twin)
    memory = model[0].weight.detach().numpy()
    compiled = ad.compile(step)
    compiled(*batch(0, 8))
    with pytest.raises(ad.RecordingError, match=r"weight.data = .*weight.data.contiguous\(\)"):
        compiled(*batch(1, 8))  # since others look at the memory, it cannot be laid in order; the call is made
    for i in range(2):
        ordinary(*batch(i, 8))
    assert np.shares_memory(memory, model[0].weight.detach().numpy())
    np.testing.assert_array_equal(model[0].weight.detach(), twin[0].weight.detach())


@pytest.mark.parametrize("between", [False, True])
def test_a_parameter_that_nobody_else_looks_at_is_laid_in_order(between):
    model, _, step = training(OPTIMIZERS["adam"])
    twin, _, ordinary = training(OPTIMIZERS["adam"])
    compiled = ad.compile(step, backend="numpy")
    for i in range(6):
        if i == (4 if between else 0):
            transposed(model)
            transposed(twin)
        compiled(*batch(i, 8))
        ordinary(*batch(i, 8))
    np.testing.assert_allclose(model[0].weight.detach(), twin[0].weight.detach(), rtol=1e-4, atol=1e-5)
    assert compiled.stats["replayed"] > 0
    assert model[0].weight.is_contiguous()


#: Four megabytes of parameters, beside which the program itself is small, and about as much of activations.
LARGE = 1000, 1000, 100


def peak(make, compiled):
    """The most memory that training allocates, in megabytes: the model, recording, making ready and replaying."""
    batches = [batch(i, 512, LARGE) for i in range(4)]
    gc.collect()
    tracemalloc.start()  # NumPy tells it of arrays
    try:
        _, _, step = training(make, LARGE)
        if compiled:
            step = ad.compile(step, backend="numpy")
        for x, y in batches:
            step(x, y)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_no_call_takes_more_memory_than_an_ordinary_step(name):
    peak(OPTIMIZERS[name], compiled=True)  # modules are imported, caches filled
    ordinary = peak(OPTIMIZERS[name], compiled=False)
    assert peak(OPTIMIZERS[name], compiled=True) <= ordinary


@pytest.mark.parametrize("backend", [None, "numpy"])
@pytest.mark.parametrize("key", [np.s_[:2, :2], np.s_[3:9:2, -1], np.s_[7, 1:3]], ids=str)
def test_a_view_larger_than_all_memory_costs_none(backend, key):
    fast = ad.compile(lambda x: (x.expand(10**6, 10**7)[key] * x).sum(), backend=backend)
    for k in range(5):
        x = ad.tensor([float(k)])
        assert fast(x).item() == (x.expand(10**6, 10**7)[key] * x).sum().item()
    assert fast.stats["replayed"] == 3


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4), (1, 3, 1), (5, 1)], ids=str)
def test_values_lie_in_memory_as_arrays_do(shape):
    value = Value("result", shape, np.dtype(np.float32))
    assert whole(value).strides == tuple([s // 4 for s in np.empty(shape, np.float32).strides])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_without_elements_lie_between_others(name):
    found = []
    for way in (lambda step: step, ad.compile, lambda step: ad.compile(step, backend="numpy")):
        parameters = [nn.Parameter(ad.zeros(0)), *[nn.Parameter(ad.ones(n)) for n in (2, 0, 5, 0)]]
        optimizer = OPTIMIZERS[name](parameters)

        def step(x, parameters=parameters, optimizer=optimizer):
            optimizer.zero_grad()
            loss = sum((p * x).square().sum() for p in parameters)
            loss.backward()
            optimizer.step()
            return loss

        step = way(step)
        losses = [step(ad.tensor(x)).item() for x in (1.0, 0.5, 2.0, 1.5)]
        found.append([*losses, *[n for p in parameters for n in p.tolist()]])
    for compiled in found[1:]:
        np.testing.assert_allclose(compiled, found[0], rtol=1e-5)
