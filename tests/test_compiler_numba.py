"""The emitter of machine code: it computes what the program says, quickly made, and there for the next process."""

import gc
import os
import subprocess
import sys
import weakref
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import autodiff as ad
import nn
import optim
from autodiff.compiler.lowering import lower
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.compiler.scalars import Setting
from tests.compiled.scenarios import unsupervised
from tests.test_compiler_numpy import fresh, programs

pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")

from autodiff.compiler import blas, machine, numba_emitter, products

ROOT = Path(__file__).resolve().parent.parent


def agree(program, steps=3):
    """Run a program as it is, and as machine code, from equal states; compare all results and states."""
    emitted = numba_emitter.emit(program)
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
    with suppress(numba_emitter.Unsupported):
        agree(lower(program))


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


@pytest.mark.parametrize("dtype", ["float16", "complex64", ">f4" if sys.byteorder == "little" else "<f4"])
def test_numbers_that_not_every_processor_computes_with_are_refused(dtype):
    x, out = Value("input", (4,), "float32", "x"), Value("result", (4,), dtype)
    program = Program(
        "step", [x], [], [], [], [Instruction("cast", (x,), {"dtype": np.dtype(dtype)}, (out,))], [], [out]
    )
    with pytest.raises(numba_emitter.Unsupported, match=dtype):
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


def run_one(op, x):
    """What machine code makes of one operation on one array."""
    given, out = Value("input", x.shape, x.dtype, "x"), Value("result", x.shape, x.dtype)
    program = Program("step", [given], [], [], [], [Instruction(op, (given,), {}, (out,))], [], [out])
    return numba_emitter.emit(program).bind([])(x)


@pytest.mark.parametrize(
    ("dtype", "number"), [("u1", -1), ("u1", 300), ("i1", 130), ("i4", 1 << 40), ("u8", -1), ("b1", 2)]
)
@pytest.mark.parametrize("op", ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"])
def test_numbers_that_a_dtype_does_not_hold_are_compared_as_they_are(op, dtype, number):
    x = Value("input", (4,), dtype, "x")
    out = Value("result", (4,), bool)
    program = Program("step", [x], [], [], [], [Instruction(op, (x, number), {}, (out,))], [], [out])
    array = np.array([0, 1, 100, 255], np.uint8).astype(dtype)
    np.testing.assert_array_equal(numba_emitter.emit(program).bind([])(array), getattr(np, op)(array, number))


SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 2.0, 8.0]
LIMITS = [88.5, 88.73, -87.5, -103.9, -104.5, 709.7, 709.8, -745.0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("op", ["exp", "expm1", "tanh", "log", "log2", "log1p"])
def test_functions_of_our_own_are_right_to_four_units_in_the_last_place(op, dtype):
    rng = np.random.default_rng(0)
    sizes = 10.0 ** rng.uniform(-30, 2.5, 40_000)
    x = np.concatenate([sizes, -sizes, 1 + rng.uniform(-0.5, 0.5, 20_000), SPECIAL, LIMITS]).astype(dtype)
    wide = np.float64 if dtype == "float32" else np.longdouble
    with np.errstate(all="ignore"):
        exact = getattr(np, op)(x.astype(wide))
        nearest = exact.astype(dtype)
    found = run_one(op, x)
    finite = np.isfinite(nearest)
    np.testing.assert_array_equal(found[~finite], nearest[~finite])
    zero = nearest == 0
    np.testing.assert_array_equal(np.signbit(found[zero]), np.signbit(nearest[zero]))
    unit = np.spacing(np.abs(nearest[finite]))
    assert np.max(np.abs(found[finite] - exact[finite]) / unit) < 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", ["NN", "NT", "TN", "TT"])
def test_small_products_agree_with_numpys_whatever_their_sizes(layout, dtype):
    rng = np.random.default_rng(0)
    thin = [(1, 1, 1), (1, 7, 5), (5, 1, 9), (4, 4, 1), (7, 13, 300)]
    for m, n, k in [*thin, (9, 8, 16), (13, 33, 17), (31, 10, 64), (64, 64, 33)]:
        a = rng.standard_normal((m, k) if layout[0] == "N" else (k, m)).astype(dtype)
        b = rng.standard_normal((k, n) if layout[1] == "N" else (n, k)).astype(dtype)
        given = [Value("input", x.shape, dtype, name) for x, name in ((a, "a"), (b, "b"))]
        body, operands = [], []
        for v, turned in zip(given, layout):
            seen = Value("result", v.shape[::-1], dtype) if turned == "T" else v
            body += [Instruction("swap_last", (v,), {}, (seen,))] if turned == "T" else []
            operands.append(seen)
        out = Value("result", (m, n), dtype)
        body.append(Instruction("matmul", tuple(operands), {}, (out,)))
        emitted = numba_emitter.emit(Program("step", given, [], [], [], body, [], [out]))
        assert m * n * k <= products.LARGE_PRODUCT
        exact = (a.T if layout[0] == "T" else a).astype("float64") @ (b.T if layout[1] == "T" else b).astype("float64")
        bound = k * np.finfo(dtype).eps * (np.abs(a).max() * np.abs(b).max())
        np.testing.assert_allclose(emitted.bind([])(a, b), exact, rtol=0, atol=bound, err_msg=f"{m, n, k}")


def test_layers_that_are_alike_share_their_code():
    def source(layers):
        model = nn.Sequential(*[m for _ in range(layers) for m in (nn.Linear(16, 16), nn.ReLU())])
        optimizer = optim.Adam(model.parameters())

        step = ad.compile(unsupervised(model, optimizer), backend="numba")

        step(ad.ones(4, 16)), step(ad.ones(4, 16))
        return step.source

    few, many = source(6), source(30)
    assert few.count("define") == many.count("define")
    assert many.count("\n") < 3 * few.count("\n")


def test_values_that_are_not_needed_together_share_memory():
    chain = [Value("result", (100, 100), "float64") for _ in range(8)]
    x = Value("input", (100, 100), "float64", "x")
    body = [Instruction("matmul", (a, x), {}, (b,)) for a, b in zip([x, *chain], chain)]
    kernel = numba_emitter.emit(Program("step", [x], [], [], [], body, [], [chain[-1]])).kernel
    assert kernel.slots.places()[1] <= 2 * 80_000 + 128


@pytest.mark.parametrize(
    "joined",
    [
        lambda a, b: ad.stack([a, a]) * 2,
        lambda a, b: ad.cat([a, b, a, b, a]),
        lambda a, b: ad.cat([a, a[1:], b.flip(0), b, a.flip(0)]) + 1,
        lambda a, b: ad.cat([ad.cat([a, a]), b, ad.cat([a, a])]).exp(),
        lambda a, b: (ad.cat([a, a.T, a]) * ad.arange(27).reshape(9, 3)).sum(0),
    ],
)
def test_a_value_that_is_joined_with_itself_stands_in_each_of_its_places(joined):
    def function(x):
        return joined(x.exp() * 2, x.sin() + 1)

    step, x = ad.compile(function, backend="numba"), ad.tensor(np.random.default_rng(0).standard_normal((3, 3)))
    for _ in range(4):
        np.testing.assert_allclose(step(x).numpy(), function(x).numpy(), rtol=1e-9)


def test_what_a_later_loop_alone_reads_is_computed_there():
    """Of h and 1 - h * h only h is kept for the way back; but what stands there for another reason stays."""
    x, y = [Value("input", (100, 100), "float64", name) for name in "xy"]
    h, square, slope, product, back = [Value("result", (100, 100), "float64") for _ in range(5)]
    body = [
        Instruction("tanh", (x,), {}, (h,)),
        Instruction("multiply", (h, h), {}, (square,)),
        Instruction("subtract", (1.0, square), {}, (slope,)),
        Instruction("matmul", (h, y), {}, (product,)),
        Instruction("multiply", (product, slope), {}, (back,)),
    ]
    program = Program("step", [x, y], [], [], [], body, [], [back])
    kept = Program("step", [x, y], [], [], [], body, [], [back, slope])
    assert [len(getattr(step, "instructions", "1")) for step in numba_emitter.emit(program).kernel.steps] == [1, 1, 3]
    assert [len(getattr(step, "instructions", "1")) for step in numba_emitter.emit(kept).kernel.steps] == [3, 1, 1]
    agree(program)
    agree(kept)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ad.cat([x.exp(), x.sin()]),
        lambda x: ad.cat([y := x.exp(), y]) * 2,
        lambda x: ad.cat([(y := x.exp()).t(), y, y[::2]]) * 2,
        lambda x: ad.cat([y := x.exp(), x, y], 1) * 2,
        lambda x: ad.grad(x.requires_grad_()[..., ::2].exp().sum(), x)[0],
        lambda x: ad.grad(x.requires_grad_()[..., 1, None].exp().sum(), x)[0],
    ],
)
def test_what_is_joined_or_read_in_parts_is_put_where_it_belongs(function):
    x = ad.tensor(np.random.default_rng(0).standard_normal((6, 6)))
    fast = ad.compile(function, backend="numba")
    for _ in range(3):
        found = fast(x)
    np.testing.assert_allclose(found.numpy(), function(x).numpy(), rtol=1e-12)


def test_a_function_keeps_the_machine_code_that_it_is_and_nothing_else_does():
    x, out = Value("input", (3,), "float64", "x"), Value("result", (3,), "float64")
    body = [Instruction("multiply", (x, 12345.0), {}, (out,))]
    emitted = numba_emitter.emit(Program("step", [x], [], [], [], body, [], [out]))
    run = emitted.bind([])
    called = run.inlined.names["called"]
    code = weakref.ref(machine.load(emitted.source))
    del run
    gc.collect()
    found = np.empty(3)
    assert called(np.ones(3), found) is None
    np.testing.assert_array_equal(found, 12345.0)
    del called
    gc.collect()
    assert code() is None


def test_classes_that_are_checked_first_have_memory_of_their_own_until_they_are_used():
    x, t = Value("input", (64, 64), "float64", "x"), Value("input", (64, 64), "int64", "t")
    once, twice, picked = [Value("result", (64, 64), "float64") for _ in range(3)]
    classes = Value("result", (64, 64), "int64")
    body = [
        Instruction("matmul", (x, x), {}, (once,)),
        Instruction("matmul", (once, x), {}, (twice,)),
        Instruction("check_classes", (t,), {"classes": 64, "ignore_index": -100, "ignoring": True}, (classes,)),
        Instruction("take_along", (twice, classes), {"axis": 1}, (picked, None)),
    ]
    program = Program("step", [x, t], [], [], [], body, [], [picked])
    rng = np.random.default_rng(0)
    given = [rng.standard_normal((64, 64)), rng.integers(0, 64, (64, 64))]
    found = numba_emitter.emit(program).bind([])(*given)
    np.testing.assert_allclose(found, program.run(given, [], [], [])[0], rtol=1e-9, atol=1e-9)


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


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Gives what a function computes whose machine code is looked for in the files of `tmp_path` again."""
    monkeypatch.setenv("WENGERT_CACHE_DIR", str(tmp_path))

    def computed():
        monkeypatch.setattr(machine, "_loaded", {})
        fast = ad.compile(lambda x: x * 2 + 1, backend="numba")
        return [fast(ad.ones(2)).tolist() for _ in range(3)]

    return computed


def test_a_file_of_the_cache_that_cannot_be_read_is_made_anew(tmp_path, results):
    expected = results()
    (file,) = tmp_path.iterdir()
    file.unlink()
    file.mkdir()  # which nobody reads as a file, whatever his rights
    assert results() == expected
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "damage", [lambda code: code[:999], lambda code: code[:-1] + b"?", lambda code: b"", bytes.upper]
)
def test_a_damaged_file_of_the_cache_is_never_run_and_made_anew(damage, tmp_path, results):
    expected = results()
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert file.read_bytes() != whole
    assert results() == expected
    assert file.read_bytes() == whole


def test_the_files_used_longest_ago_go_where_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setenv("WENGERT_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(machine, "MOST_FILES", 8)
    files = [tmp_path / f"wengert_{k}.o" for k in range(8)]
    for k, file in enumerate(files):
        file.write_bytes(b"old")
        os.utime(file, (k, k))
    fast = ad.compile(lambda x: x * 3 + 2, backend="numba")
    for _ in range(3):
        fast(ad.ones(2))
    left = set(tmp_path.iterdir())
    assert left > set(files[2:])
    assert len(left) == 7
