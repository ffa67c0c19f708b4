"""Threads that share large loops and products: the same numbers, whoever computes them, and nobody left waiting."""

import os
import subprocess
import sys
import threading
from itertools import product

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from autodiff.compiler import nests, sharing
from tests.compiled.scenarios import SCENARIOS, batches, mlp, usual
from tests.compiled.test_equal_to_eager import assert_same, in_norm, run
from tests.compiled.test_every_operation import CORE, hold_each
from tests.op_cases import TABLE

pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")

THREADS = (1, 2, 3)


@pytest.fixture(autouse=True)
def two_threads():
    """As many as two, whatever the machine has."""
    before = ad.get_num_threads()
    ad.set_num_threads(2)
    yield
    ad.set_num_threads(before)


@pytest.fixture
def products_are_shared(monkeypatch):
    """Also where vectors are so wide that large products are better left to a BLAS."""
    monkeypatch.setattr(sharing.machine, "host_features", dict)


@pytest.fixture
def everything_is_shared(monkeypatch, products_are_shared):
    """However small it is."""
    monkeypatch.setattr(nests, "SHARED_WORK", 1)
    monkeypatch.setattr(nests, "PARTS", 3)
    monkeypatch.setattr(nests, "LINE", 1)
    monkeypatch.setattr(sharing, "SMALLEST", 1)
    monkeypatch.setattr(sharing, "NARROWEST", 0)


def in_machine_code(function):
    """The function, compiled and called as often as it takes to be replayed."""

    def called(*args):
        fast = ad.compile(function, backend="numba")
        for _ in range(2):
            fast(*args)
        return fast(*args), fast

    return called


def is_shared(fast) -> bool:
    """Whether the machine code gives the crew something to do."""
    return "i64 %low, i64 %high" in fast.source


@pytest.mark.usefixtures("everything_is_shared")
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_step_whose_parts_are_all_shared_is_the_step(name):
    step, results, states = run(name, backend="numba")
    _, expected, expected_states = run(name)
    assert is_shared(step)
    assert_same(results[-1], expected[-1], in_norm({4: 2e-3, 8: 1e-9}))
    assert_same(states[-1], expected_states[-1], in_norm({4: 2e-3, 8: 1e-9}))


@pytest.mark.usefixtures("everything_is_shared")
@pytest.mark.parametrize("operation", CORE)
def test_an_operation_whose_loops_are_all_shared_gives_the_same(operation):
    assert hold_each(TABLE[operation].cases[:2], None, np.float64, 1e-9) == {"numba"}


# Sizes around those of tiles and parts; each matrix as it is, as the transpose of one, and in steps.
SIZES = [(1, 70, 5), (7, 64, 300), (33, 40, 3), (65, 17, 12), (64, 128, 257), (70, 1, 64), (26, 65, 1100), (5, 3, 1)]
SIZES += [(75, 537, 33), (6, 549, 300)]
LAYOUTS = {
    "as it is": lambda rows, columns: (rows, columns, lambda x: x),
    "turned": lambda rows, columns: (columns, rows, lambda x: x.T),
    "every other": lambda rows, columns: (rows, 2 * columns, lambda x: x[:, ::2]),
    "turned round": lambda rows, columns: (rows, columns, lambda x: x.flip(1)),
}


@pytest.mark.usefixtures("everything_is_shared")
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("far", [0, sharing.FAR], ids=["laid in rows", "as it lies"])
def test_products_of_all_layouts_are_right(sizes, far, monkeypatch):
    monkeypatch.setattr(sharing, "FAR", far)
    check_products(sizes, "float32")


@pytest.mark.usefixtures("everything_is_shared")
def test_products_of_all_layouts_are_right_in_double_precision():
    for sizes in (SIZES[2], SIZES[8]):
        check_products(sizes, "float64")


@pytest.mark.parametrize("sizes", [*SIZES[1:4], SIZES[5]], ids=str)
def test_products_of_all_layouts_are_right_when_nobody_shares_them(sizes):
    check_products(sizes, "float32")


@pytest.mark.usefixtures("products_are_shared")
def test_a_product_may_have_more_parts_than_can_be_counted():
    x, y = ad.tensor([[2.0]]), ad.arange(1_200_000.0).reshape(1, -1)
    found, fast = in_machine_code(lambda x, y: x @ y)(x, y)
    assert is_shared(fast)
    np.testing.assert_array_equal(found.numpy(), 2 * y.numpy())


def check_products(sizes, dtype):
    m, n, k = sizes
    rng = np.random.default_rng(0)
    for first, second in product(LAYOUTS, LAYOUTS):
        rows, columns, arranged = LAYOUTS[first](m, k)
        x = ad.tensor(rng.standard_normal((rows, columns)), dtype=getattr(ad, dtype))
        rows, columns, also = LAYOUTS[second](k, n)
        y = ad.tensor(rng.standard_normal((rows, columns)), dtype=getattr(ad, dtype))

        def multiply(x, y, arranged=arranged, also=also):
            return arranged(x) @ also(y)

        found, _ = in_machine_code(multiply)(x, y)
        expected = arranged(x).numpy().astype(np.float64) @ also(y).numpy().astype(np.float64)
        tolerance = (1e-5 if dtype == "float32" else 1e-13) * np.sqrt(k)
        np.testing.assert_allclose(found.numpy(), expected, atol=tolerance, err_msg=f"{first} times {second}")


def large_step(threads):
    """Weights after some steps of a network whose products and update are worth sharing."""
    ad.set_num_threads(1)  # the first calls are ordinary ones, with the products of a BLAS
    ad.manual_seed(0)
    model = mlp(784, 128, 10)
    step = ad.compile(usual(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters())), backend="numba")
    for i in range(8):
        if step.stats["recorded"] == 2:
            ad.set_num_threads(threads)
        step(*batches(64, 784, classes=10)(i))
    return [p.detach().numpy().copy() for p in model.parameters()], step


@pytest.mark.usefixtures("products_are_shared")
def test_how_many_threads_there_are_changes_no_bit():
    weights = {}
    for threads in THREADS:
        weights[threads], step = large_step(threads)
        assert is_shared(step)
    for threads in THREADS[1:]:
        for a, b in zip(weights[1], weights[threads]):
            np.testing.assert_array_equal(a, b)


def test_many_callers_at_once_get_their_own_results():
    def far(x):
        return (x.exp() * x).sin() + x

    failed = []

    def caller(seed):
        fast = ad.compile(far, backend="numba")
        rng = np.random.default_rng(seed)
        for _ in range(30):
            x = ad.tensor(rng.standard_normal((64, 1024)))
            if not np.allclose(fast(x).numpy(), far(x).numpy(), rtol=1e-12):
                failed.append(seed)

    threads = [threading.Thread(target=caller, args=(seed,)) for seed in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed


def test_after_a_pause_the_threads_are_there_again():
    def far(x):
        return (x.exp() * x).sin() + x

    x = ad.tensor(np.random.default_rng(0).standard_normal((64, 1024)))
    expected = far(x).numpy()
    fast = ad.compile(far, backend="numba")
    for pause in (0, 0, 0, 0.0001, 0.001, 0.05, 0.0002, 0.0003):
        threading.Event().wait(pause)
        np.testing.assert_allclose(fast(x).numpy(), expected, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # so it is with a BLAS alone
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_computes_on():
    def far(x):
        return (x.exp() * x).sin() + x

    x = ad.tensor(np.random.default_rng(0).standard_normal((64, 1024)))
    result, fast = in_machine_code(far)(x)
    child = os.fork()
    if child == 0:
        right = np.array_equal(fast(x).numpy(), result.numpy())
        again, _ = in_machine_code(lambda x: far(x) * 2)(x)
        os._exit(0 if right and np.array_equal(again.numpy(), 2 * result.numpy()) else 1)
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_array_equal(fast(x).numpy(), result.numpy())


STARTED = """
import os, sys, numpy as np
before = len(os.listdir("/proc/self/task"))
import autodiff as ad
n = int(sys.argv[1])
fast = ad.compile(lambda x: (x.exp() * x).sin() + x, backend="numba")
for _ in range(4):
    fast(ad.ones(n, 1024))
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted where Linux shows them")
@pytest.mark.parametrize(("allowed", "rows", "expected"), [(2, 64, 1), (1, 64, 0), (2, 1, 0), (4, 64, 3)])
def test_threads_are_started_for_large_loops_alone_and_as_many_as_the_blas_may_have(allowed, rows, expected):
    env = {**os.environ, "OPENBLAS_NUM_THREADS": str(allowed), "OMP_NUM_THREADS": str(allowed)}
    done = subprocess.run(
        [sys.executable, "-c", STARTED, str(rows)], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert not done.stderr
    cores = len(os.sched_getaffinity(0))
    assert int(done.stdout) == min(expected, cores - 1)  # OpenBLAS takes no more than there are cores


def test_the_number_of_threads_is_a_whole_number():
    for wrong in (0, -1, 1.5, "2"):
        with pytest.raises(ad.SettingError, match="whole number from 1 on"):
            ad.set_num_threads(wrong)
    ad.set_num_threads(1)
    assert ad.get_num_threads() == 1
