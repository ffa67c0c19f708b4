"""The Numba emitter: machine code computes what the program says, and is there for the next process."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import autodiff as ad
import nn
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.compiler.scalars import Setting
from tests.test_compiler_numpy import fresh, programs

pytest.importorskip("numba", reason="machine code is made by an extra, jit")

from autodiff.compiler import blas, numba_emitter

ROOT = Path(__file__).resolve().parent.parent


def agree(program, steps=3):
    """Run a program as it is, and as machine code, from equal states; compare all results and states."""
    try:
        emitted = numba_emitter.emit(program)
    except numba_emitter.Unsupported:
        return
    expected, states = fresh(program.states, 0), fresh(program.states, 0)
    run = emitted.bind(states)
    for k in range(steps):
        inputs = fresh(program.inputs, 100 + k)
        numbers = [float(s.value) + k for s in program.settings]
        wanted = program.run(inputs, expected, [], numbers)
        found = run(*inputs, *numbers)
        found = [] if found is None else list(found) if isinstance(found, tuple) else [found]
        assert len(found) == len(wanted)
        for a, b in [*zip(found, wanted), *zip(states, expected)]:
            assert (a.shape, a.dtype) == (b.shape, b.dtype), emitted.source
            np.testing.assert_allclose(a, b, 1e-9, 1e-9, err_msg=emitted.source)


@settings(max_examples=12, deadline=None)
@given(programs())
def test_machine_code_computes_what_the_program_says(program):
    agree(program)


def test_a_state_that_is_exchanged_with_another_is_read_before_it_is_written():
    a, b = [Value("state", (3,), "float64", name) for name in "ab"]
    twice = Value("result", (3,), "float64")
    agree(Program("step", [], [a, b], [], [], [Instruction("add", (a, a), {}, (twice,))], [(a, b), (b, twice)], [a]))


def test_a_setting_is_read_at_each_call_and_cast_to_the_dtype_it_meets():
    x, out = Value("input", (4,), "float32", "x"), Value("result", (4,), "float32")
    lr = Setting(0.1, "lr", lambda: 0.1)
    program = Program("step", [x], [], [], [lr], [Instruction("multiply", (x, 1 - lr), {}, (out,))], [], [out])
    run = numba_emitter.emit(program).bind([])
    for rate in (0.1, 0.5):
        array = np.arange(4, dtype=np.float32)
        np.testing.assert_array_equal(run(array, rate), array * np.float32(1 - rate))


def test_many_steps_count_on_from_the_first():
    x, s = Value("input", (2,), "float64", "x"), Value("state", (2,), "float64", "s")
    t = Setting(1, "t", lambda: 1, True)
    scaled, new = Value("result", (2,), "float64"), Value("result", (2,), "float64")
    body = [Instruction("multiply", (x, t), {}, (scaled,)), Instruction("add", (s, scaled), {}, (new,))]
    emitted = numba_emitter.emit(Program("step", [x], [s], [], [t], body, [(s, new)], [new]))
    state = np.zeros(2)
    sums = emitted.bind_many([state])(3, np.ones((3, 2)), 5)
    np.testing.assert_array_equal(sums[:, 0], [5, 11, 18])
    np.testing.assert_array_equal(state, [18, 18])


def test_a_program_with_an_operation_that_only_its_forward_computes_is_refused_by_name():
    x, out = Value("input", (4,), "float64", "x"), Value("result", (4,), "float64")
    program = Program("step", [x], [], [], [], [Instruction("cumsum", (x,), {"axis": 0}, (out,))], [], [out])
    with pytest.raises(numba_emitter.Unsupported, match="cumsum"):
        numba_emitter.emit(program)


def test_the_products_are_those_of_numpys_own_library():
    assert blas.find() is not None
    rng = np.random.default_rng(0)
    for dtype, tolerance in ((np.float32, 1e-4), (np.float64, 1e-10)):
        x, y = rng.standard_normal((40, 50)).astype(dtype), rng.standard_normal((60, 50)).astype(dtype)
        fast = ad.compile(lambda x, y: x @ y.T, backend="numba")
        for _ in range(3):
            out = fast(ad.tensor(x), ad.tensor(y))
        np.testing.assert_allclose(out.numpy(), x @ y.T, rtol=tolerance, atol=tolerance)


def test_long_programs_and_large_products_of_one_row_are_left_to_numpy():
    model = nn.Linear(300, 200)
    with ad.no_grad():
        for rows, backend in ((1, "numpy"), (8, "numba")):
            fast = ad.compile(model)
            for _ in range(3):
                fast(ad.ones(rows, 300))
            assert fast.backend == backend


PROGRAM = """
import time, autodiff as ad, nn, optim
model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
optimizer = optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
@ad.compile
def step(x, y):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    return loss
x, y = ad.rand(5, 3), ad.tensor([0, 1, 0, 1, 1])
step(x, y), step(x, y)
import numba
start = time.perf_counter()
step(x, y)
print(step.backend, time.perf_counter() - start)
"""


def test_a_second_process_finds_the_machine_code(tmp_path):
    seconds = []
    for _ in range(2):
        surroundings = {**os.environ, "WENGERT_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=surroundings, capture_output=True, text=True, check=True, timeout=300
        )
        backend, taken = done.stdout.split()
        assert backend == "numba"
        seconds.append(float(taken))
    assert seconds[1] < seconds[0] / 2
