"""The NumPy emitter: what it writes computes what the program says, and no buffer is taken too early."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff.compiler.numpy_emitter import emit
from autodiff.compiler.program import Instruction, Place, Program, Value
from autodiff.compiler.scalars import Setting

STEPS = 3


def fresh(values, seed):
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.normal(size=v.shape)).astype(v.dtype) for v in values]


def agree(program, steps=STEPS, native=True, tolerance=1e-10):
    """Run a program as it is, and as it is written, from equal states; compare all results and states."""
    expected, states = fresh(program.states, 0), fresh(program.states, 0)
    emitted = emit(program, native=native)
    run = emitted.bind(states)
    kept = []
    for k in range(steps):
        inputs, draws = fresh(program.inputs, 100 + k), fresh(program.draws, 200 + k)
        settings = [float(s.value) + k for s in program.settings]
        with np.errstate(all="ignore"):
            wanted = program.run(inputs, expected, draws, settings)
            found = run(*inputs, *draws, *settings)
        found = [] if found is None else list(found) if isinstance(found, tuple) else [found]
        assert len(found) == len(wanted), emitted.source
        kept += list(zip(found, wanted))
        for a, b in [*kept, *zip(states, expected)]:
            assert type(a) is np.ndarray, emitted.source
            assert (a.shape, a.dtype) == (b.shape, b.dtype), emitted.source
            if native:
                np.testing.assert_allclose(a, b, tolerance, tolerance, err_msg=emitted.source)
            else:
                assert a.tobytes() == b.tobytes(), emitted.source
    own = [a for a, _ in kept]
    for i, a in enumerate(own):
        assert not any(np.shares_memory(a, b) for b in [*own[:i], *states, *inputs, *draws]), emitted.source
    return emitted


# ---------------------------------------------------------------------- programs at random


@st.composite
def programs(draw):
    """Programs of views, elementwise operations, products, concatenations and new states, in any order."""
    n = draw(st.integers(1, 4))
    states = [Value("state", (n, n), "float64", f"s{i}") for i in range(draw(st.integers(1, 3)))]
    states += [Value("state", (2 * n,), "float64", "flat")]
    inputs = [Value("input", (n, n), "float64", "x")]
    lr = Setting(0.5, "lr", lambda: 0.5)
    known = [*states, *inputs]
    instructions = []

    def add(op, operands, out_shape, **static):
        out = Value("result", out_shape, "float64", draw(st.sampled_from(["", "", "h", "d_h"])))
        instructions.append(Instruction(op, tuple(operands), static, (out,), Place(phase="forward")))
        known.append(out)

    def pick(wanted):
        return draw(st.sampled_from([v for v in reversed(known) if wanted(v)]))

    for _ in range(draw(st.integers(1, 16))):
        kind = draw(st.sampled_from(["unary", "binary", "binary", "view", "product", "sum", "join", "call", "part"]))
        x = pick(lambda v: True)
        if kind == "unary":
            add(draw(st.sampled_from(["negative", "tanh", "copy", "sin"])), [x], x.shape)
        elif kind == "binary":
            y = (
                draw(st.sampled_from([0.5, lr]))
                if draw(st.booleans())
                else pick(lambda v, shape=x.shape: v.shape == shape)
            )
            pair = draw(st.permutations([x, y]))
            add(draw(st.sampled_from(["add", "subtract", "multiply", "maximum"])), pair, x.shape)
        elif kind == "view" and x.ndim == 2:
            if draw(st.booleans()):
                add("swap_last", [x], x.shape[::-1])
            else:
                add("reshape", [x], (x.size,), shape=(x.size,))
        elif kind == "product" and x.ndim == 2:
            y = pick(lambda v, n=x.shape[-1]: v.ndim == 2 and v.shape[0] == n)
            add("matmul", [x, y], (x.shape[0], y.shape[1]))
        elif kind == "sum" and x.ndim == 2:
            add("sum", [x], x.shape[1:], axis=0)
        elif kind == "join":
            vectors = [v for v in known if v.ndim == 1]
            parts = draw(st.lists(st.sampled_from(vectors), min_size=1, max_size=3))
            add("concatenate", parts, (sum(v.size for v in parts),), axis=0)
        elif kind == "call":
            add("sigmoid", [x], x.shape)
        elif kind == "part" and x.ndim == 1:
            cut = draw(st.integers(0, x.size))
            add("index", [x], (cut,), key=(slice(0, cut),))
    updates = []
    for s in states:
        fitting = [v for v in known if v.shape == s.shape]
        if draw(st.booleans()):
            updates.append((s, draw(st.sampled_from(list(reversed(fitting))))))
    results = draw(st.lists(st.sampled_from(list(reversed(known))), max_size=3))
    return Program("step", inputs, states, [], [lr], instructions, updates, results)


@given(programs())
def test_what_is_written_computes_what_the_program_says(program):
    agree(program)


@pytest.mark.parametrize("name", ["i", "range", "zip", "slice", "float", "np", "memory", "steps"])
def test_what_a_user_calls_like_a_builtin_does_not_stand_for_it(name):
    x, out = Value("input", (), "float64", "x"), Value("result", (), "float64")
    state, first, last = (
        Value("state", (70_000,), "float64", name),
        *[Value("result", (70_000,), "float64", name) for _ in "ab"],
    )
    body = [
        Instruction("add", (state, np.inf), {}, (first,)),
        Instruction("minimum", (first, 1.0), {}, (last,)),
        Instruction("negative", (x,), {}, (out,)),
    ]
    program = Program("step", [x], [state], [], [], body, [(state, last)], [out])
    agree(program)
    memory = np.zeros(70_000)
    np.testing.assert_array_equal(emit(program).bind_many([memory])(2, np.arange(2.0)), [0, -1])
    np.testing.assert_array_equal(memory, 1)


def test_what_outlives_a_loop_over_blocks_does_not_lie_where_an_operation_in_it_writes():
    a, b, c = [Value("state", (70_000,), "float64", name) for name in "abc"]
    product, new, kept = [Value("result", (70_000,), "float64") for _ in range(3)]
    total = Value("result", (), "float64")
    body = [
        Instruction("multiply", (a, b), {}, (product,)),
        Instruction("multiply", (a, product), {}, (new,)),
        Instruction("multiply", (b, c), {}, (kept,)),
        Instruction("sum", (kept,), {"axis": None, "keepdims": False}, (total,)),
    ]
    assert "for a_block" in agree(Program("step", [], [a, b, c], [], [], body, [(a, new)], [total])).source


def test_a_state_that_moves_along_is_read_before_it_is_written():
    past, now = Value("state", (200_000,), "float64", "past"), Value("state", (50_000,), "float64", "now")
    old, less, more = [Value("result", (150_000,), "float64") for _ in range(3)]
    negative, moved = Value("result", (50_000,), "float64"), Value("result", (200_000,), "float64")
    body = [
        Instruction("index", (past,), {"key": (slice(0, 150_000),)}, (old,)),
        Instruction("multiply", (old, 0.5), {}, (less,)),
        Instruction("add", (less, 1.0), {}, (more,)),
        Instruction("negative", (now,), {}, (negative,)),
        Instruction("concatenate", (negative, more), {"axis": 0}, (moved,)),
    ]
    agree(Program("step", [], [past, now], [], [], body, [(past, moved)], []))


@pytest.mark.parametrize("native", [True, False])
def test_each_of_several_results_without_dims_is_an_array_to_the_next_operation(native):
    x = Value("input", (5,), "float64", "x")
    (top, place), half = [Value("result", (), dtype) for dtype in ("float64", "int64")], Value("result", (), "int64")
    body = [
        Instruction("max_with_indices", (x,), {"axis": 0}, (top, place)),
        Instruction("floor_divide", (place, 2), {}, (half,)),
    ]
    agree(Program("step", [x], [], [], [], body, [], [top, place, half]), native=native)


@given(programs())
def test_calls_of_the_forwards_give_the_same_bits(program):
    agree(program, native=False)
