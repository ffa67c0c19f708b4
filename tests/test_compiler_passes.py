"""Passes: each one alone computes what was computed before, and a lowered operation is what it was."""

from collections import deque

import numpy as np
import pytest

import autodiff as ad
from autodiff.compiler import passes
from autodiff.compiler.builder import Builder
from autodiff.compiler.listing import listing
from autodiff.compiler.lowering import lower
from autodiff.compiler.program import Instruction, Place, Program, Value
from autodiff.compiler.scalars import Scalar, Setting
from autodiff.errors import Deviation, IndexingError
from autodiff.primitive import primitives
from tests.compiled.scenarios import SCENARIOS
from tests.op_cases import CASES

# ---------------------------------------------------------------------- programs written as expressions


def program_of(expression, *inputs, updates=()):
    """The program of an expression ``expression(xp, *inputs)`` of arrays."""
    values = [Value("input", x.shape, x.dtype, f"x{i}") for i, x in enumerate(inputs)]
    builder = Builder(Place(phase="forward"))
    out = expression(builder.xp, *[builder.wrap(v) for v in values])
    outs = out if isinstance(out, (tuple, list)) else [out]
    return Program("step", values, instructions=builder.instructions, results=[o.value for o in outs])


def ops(program):
    return [i.op for i in program.instructions]


def numbers(*shape, dtype=np.float64):
    return np.random.default_rng(3).normal(size=shape).astype(dtype)


def bits(x):
    return x.dtype, x.shape, x.tobytes()


def improved(pass_, expression, *inputs):
    """The operations that a pass leaves, after a check that the results are the same to the last bit."""
    before = program_of(expression, *inputs)
    after = pass_(before)
    for old, new in zip(before.run(inputs, (), (), ()), after.run(inputs, (), (), ()), strict=True):
        assert bits(old) == bits(new)
    return ops(after)


def run_strictly(program, inputs, states=(), draws=(), settings=()):
    """The results of a program, after a check that every value has the shape and dtype that it is said to have."""
    known = dict(zip([*program.inputs, *program.states, *program.draws], [*inputs, *states, *draws], strict=True))
    numbers = dict(zip(program.settings, settings, strict=True))

    def look(o):
        if isinstance(o, Value):
            return o.array if o.kind == "constant" else known[o]
        return o.evaluate(numbers) if isinstance(o, Scalar) else o

    for i in program.instructions:
        op = primitives[i.op]
        with np.errstate(all="ignore"):
            found = op.forward(*[look(o) for o in i.operands], **i.static)
        out, *extra = found if op.residuals else (found,)
        outs = [*out, *extra] if op.outputs else [out, *extra]
        for value, array in zip(i.outputs, outs, strict=True):
            if value is not None:
                assert (value.shape, value.dtype) == (np.shape(array), np.asarray(array).dtype), i.op
                known[value] = np.asarray(array)
    for state, value in program.updates:
        assert (state.shape, state.dtype) == (value.shape, value.dtype)
    return [look(v) for v in program.results]


# ---------------------------------------------------------------------- lowering

FUSED = [c for c in CASES if c.primitive.composite is not None or c.op in ("zeros_like", "ones_like", "spread")]


def recorded(case, dtype):
    """A program of one application as the recorder writes it, with its residuals as results, and what is expected."""
    op, arrays = case.primitive, case.arrays(dtype)
    out = op.forward(*arrays, **{**op.defaults, **case.static})
    out, *extra = out if op.residuals else (out,)
    outs = [np.asarray(o) for o in (*(out if op.outputs else (out,)), *extra)]
    operands = [Value("input", a.shape, a.dtype) if isinstance(a, np.ndarray) else a for a in arrays]
    values = [Value("result", o.shape, o.dtype) for o in outs]
    instruction = Instruction(op.name, tuple(operands), {**op.defaults, **case.static}, tuple(values))
    inputs = [v for v in operands if isinstance(v, Value)]
    given = [a for a in arrays if isinstance(a, np.ndarray)]
    return Program("one", inputs, instructions=[instruction], results=values), given, outs


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("case", FUSED, ids=str)
def test_a_fused_operation_lowered_is_what_it_was(case, dtype):
    program, given, expected = recorded(case, dtype)
    lowered = lower(program)
    assert case.op not in ops(lowered)
    found = run_strictly(lowered, given)
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        tolerance = 1e-12 if dtype is np.float64 else 1e-6
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, np.abs(b).max(initial=0)))


@pytest.mark.parametrize("case", FUSED, ids=str)
def test_what_is_lowered_is_the_same_after_all_passes(case):
    program, given, expected = recorded(case, np.float64)
    final, stages = passes.run(program)
    assert [name for name, _ in stages] == [p.__name__ for p in passes.DEFAULT]
    found = run_strictly(final, given)
    for a, b in zip(found, expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_large_numbers_do_not_overflow_when_lowered():
    x = np.array([[1000.0, 0.0, -1000.0], [-1e4, 1e4, 3.0]])
    for op in ("softmax", "log_softmax", "sigmoid", "softplus", "logsumexp"):
        program = lower(program_of(lambda xp, x, op=op: getattr(xp, op)(x), x))
        with np.errstate(over="ignore"):
            (found,) = program.run([x], (), (), ())
            np.testing.assert_allclose(found, primitives[op].forward(x), rtol=1e-12)


def loss_and_gradient(target, **static):
    """What a recorded cross-entropy and its backward are, with the residuals that eager found."""
    logits = numbers(4, 3)
    op = primitives["cross_entropy"]
    static = {**op.defaults, **static}
    _, _, _, share = op.forward(logits, target, **static)
    x, t = Value("input", (4, 3), logits.dtype, "logits"), Value("input", target.shape, target.dtype, "target")
    loss = Value("result", (4,) if static["reduction"] == "none" else (), x.dtype, "loss")
    residuals = [
        Value("result", (4, 3), x.dtype),
        Value("result", (4,), np.int64),
        Value("result", share.shape, x.dtype),
    ]
    rows, g = Value("result", share.shape, x.dtype), Value("result", (4, 3), x.dtype)
    instructions = [
        Instruction("cross_entropy", (x, t), static, (loss, *residuals)),
        Instruction("multiply", (1.0, residuals[2]), {}, (rows,)),
        Instruction("cross_entropy_backward", (rows, *residuals[:2]), {}, (g,), Place(phase="backward")),
    ]
    return Program("loss", [x, t], instructions=instructions, results=[loss, g]), logits


@pytest.mark.parametrize("target", [[2, 0, 2, 1], [2, -100, 0, -100]], ids=["all", "some"])
def test_cross_entropy_shares_its_softmax_with_its_gradient(target):
    target = np.array(target)
    program, logits = loss_and_gradient(target)
    final, _ = passes.run(program)
    assert ops(final).count("exp") == 1
    assert ops(final)[0] == "check_classes"
    assert "cross_entropy_backward" not in ops(final)
    for a, b in zip(final.run([logits, target], (), (), ()), program.run([logits, target], (), (), ()), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_a_program_for_all_classes_deviates_where_one_is_ignored():
    program, logits = loss_and_gradient(np.array([2, 0, 2, 1]))
    final, _ = passes.run(program)
    with pytest.raises(Deviation):
        final.run([logits, np.array([2, -100, 0, 1])], (), (), ())
    with pytest.raises(IndexingError, match="class 3 is out of range"):
        final.run([logits, np.array([2, 3, 0, 1])], (), (), ())


@pytest.mark.parametrize(
    ("expression", "left"),
    [
        (lambda xp, x: xp.split(x, sections=(1,), axis=0), ["index", "index"]),
        (lambda xp, x: xp.unstack(x, axis=-1), ["index", "index", "index"]),
        (lambda xp, x: xp.stack(x, x, axis=1), ["reshape", "reshape", "concatenate"]),
        (lambda xp, x: xp.stack(x, x, axis=-1), ["reshape", "reshape", "concatenate"]),
        (lambda xp, x: xp.index_put(x, 2.0, key=(...,)), ["broadcast_to"]),
        (lambda xp, x: xp.index_put(x, x[0], key=(slice(None),)), ["index", "broadcast_to"]),
        (lambda xp, x: xp.index_put(x, 2.0, key=(0,)), ["broadcast_to", "index_adjoint", "where"]),
        (lambda xp, x: xp.index_put(x, x[1] * 2, key=(0,)), ["index", "multiply", "index_adjoint", "where"]),
        (
            lambda xp, x: xp.index_put(x, x[0, 0], key=(slice(None), 1)),
            ["index", "broadcast_to", "index_adjoint", "where"],
        ),
        (
            lambda xp, x: xp.write_view(x, 0.0, view="index", static={"key": (0,)}),
            ["broadcast_to", "index_adjoint", "where"],
        ),
        (lambda xp, x: xp.write_view(x, x * 2, view="reshape", static={"shape": (2, 3)}), ["multiply"]),
        (lambda xp, x: xp.write_view(x, x[0, 0], view="swap_last", static={}), ["index", "broadcast_to", "swap_last"]),
    ],
)
def test_parts_and_writes_are_lowered_to_elementary_operations(expression, left):
    x = numbers(2, 3)
    program = program_of(expression, x)
    lowered = passes.dead_code(passes.algebra(lower(program)))
    assert ops(lowered) == left
    for a, b in zip(run_strictly(lowered, [x]), program.run([x], (), (), ()), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("m", "n"), [((2, 4, 3), (3, 5)), ((2, 4, 3), (3,)), ((1, 2, 2, 3), (3, 2))])
def test_a_stack_of_matrices_times_one_is_one_product(m, n):
    x, y = numbers(*m), numbers(*n)
    lowered = lower(program_of(lambda xp, x, y: xp.matmul(x, y), x, y))
    assert ops(lowered) == ["reshape", "matmul", "reshape"]
    np.testing.assert_allclose(run_strictly(lowered, [x, y])[0], x @ y, rtol=1e-14)


# ---------------------------------------------------------------------- dead code


def test_what_nobody_reads_is_not_computed():
    assert improved(passes.dead_code, lambda xp, x: (x * 2, xp.exp(x))[0], numbers(3)) == ["multiply"]


def test_a_check_is_not_dead():
    labels = np.array([0, 1])

    def checked(xp, x, labels):
        xp.check_classes(labels, classes=2, ignore_index=-100, ignoring=False)
        return x + 1

    assert improved(passes.dead_code, checked, numbers(2), labels) == ["check_classes", "add"]


# ---------------------------------------------------------------------- common subexpressions


def test_what_is_computed_twice_is_computed_once():
    def twice(xp, x):
        return xp.exp(x * 2) + xp.exp(x * 2)

    assert improved(passes.common_subexpressions, twice, numbers(3)) == ["multiply", "exp", "add"]


def test_the_order_of_factors_makes_no_difference():
    assert improved(passes.common_subexpressions, lambda xp, x, y: (x * y, y * x), *[numbers(3)] * 2) == ["multiply"]
    found = improved(passes.common_subexpressions, lambda xp, x, y: (x / y, y / x), *[numbers(3)] * 2)
    assert found == ["divide", "divide"]


@pytest.mark.parametrize(("a", "b"), [(1, 1.0), (1, True), (0.0, -0.0)], ids=str)
def test_numbers_of_another_type_or_sign_are_not_the_same(a, b):
    def different(xp, x):
        return x * a, x * b

    assert improved(passes.common_subexpressions, different, numbers(3)) == ["multiply", "multiply"]


def test_another_dtype_or_axis_is_not_the_same():
    def different(xp, x):
        return xp.sum(x, axis=0), xp.sum(x, axis=1), xp.cast(x, dtype=np.dtype("f4")), xp.cast(x, dtype=np.dtype("f8"))

    assert len(improved(passes.common_subexpressions, different, numbers(3, 3))) == 4


def test_draws_are_never_merged():
    a, b = [Value("draw", (3,), np.float64, "normal") for _ in range(2)]
    c, d = [Value("result", (3,), np.float64) for _ in range(2)]
    instructions = [Instruction("exp", (a,), {}, (c,)), Instruction("exp", (b,), {}, (d,))]
    program = Program("step", draws=[a, b], instructions=instructions, results=[c, d])
    assert ops(passes.common_subexpressions(program)) == ["exp", "exp"]


def test_expressions_of_settings_are_the_same_where_they_are_the_same_expression():
    lr, decay = [Setting(0.5, name, lambda: 0.5) for name in ("lr", "decay")]
    x = Value("input", (3,), np.float64)
    builder = Builder()
    given = builder.wrap(x)
    outs = [given * (lr * 2.0), given * (lr * 2.0), given * (decay * 2.0)]
    program = Program(
        "step", [x], settings=[lr, decay], instructions=builder.instructions, results=[o.value for o in outs]
    )
    shared = passes.common_subexpressions(program)
    assert ops(shared) == ["multiply", "multiply"]
    array = numbers(3)
    found = shared.run([array], (), (), (3.0, 5.0))
    for a, b in zip(found, (array * 6.0, array * 6.0, array * 10.0), strict=True):
        np.testing.assert_array_equal(a, b)


# ---------------------------------------------------------------------- constant folding


def test_what_depends_on_constants_alone_is_a_constant():
    def constants(xp, x):
        one = xp.ones_like(x)
        return x * (one[0] * 3.0 + 1.0)

    program = lower(program_of(constants, numbers(3)))
    folded = passes.constant_folding(program)
    assert "add" in ops(program)
    x = numbers(3)
    np.testing.assert_array_equal(folded.run([x], (), (), ())[0], x * 4)


# ---------------------------------------------------------------------- algebra


@pytest.mark.parametrize(
    ("expression", "left"),
    [
        (lambda xp, x, y: x * 1, []),
        (lambda xp, x, y: x * 1.0, []),
        (lambda xp, x, y: 1.0 * x, []),
        (lambda xp, x, y: x / 1, []),
        (lambda xp, x, y: x - 0.0, []),
        (lambda xp, x, y: x + -0.0, []),
        (lambda xp, x, y: x + 0.0, ["add"]),
        (lambda xp, x, y: x - -0.0, ["subtract"]),
        (lambda xp, x, y: x * 0.0, ["multiply"]),
        (lambda xp, x, y: xp.negative(-x), ["negative"]),
        (lambda xp, x, y: -x + y, ["negative", "subtract"]),
        (lambda xp, x, y: y - (-x), ["negative", "add"]),
        (lambda xp, x, y: x * -1, ["negative"]),
        (lambda xp, x, y: x * 3.0 * 2.0, ["multiply", "multiply"]),
        (lambda xp, x, y: -(x * 3.0), ["multiply", "multiply"]),
        (lambda xp, x, y: x / 4.0, ["multiply"]),
        (lambda xp, x, y: x / 3.0, ["divide"]),
        (lambda xp, x, y: xp.where(x > 0, y, y), ["greater"]),
        (lambda xp, x, y: xp.where(x > 0, x, y), ["greater", "where"]),
        (lambda xp, x, y: xp.cast(x, dtype=x.dtype), []),
        (lambda xp, x, y: xp.copy(x), []),
        (lambda xp, x, y: xp.power_scalar(x, exponent=2), ["square"]),
        (lambda xp, x, y: xp.power_scalar(x, exponent=1), []),
        (lambda xp, x, y: xp.clip(x, 0.0, None), ["maximum"]),
        (lambda xp, x, y: xp.clip(x, None, 0.5), ["minimum"]),
        (lambda xp, x, y: xp.reshape(xp.reshape(x, shape=(6,)), shape=(3, 2)), ["reshape", "reshape"]),
        (lambda xp, x, y: xp.reshape(x, shape=x.shape), []),
        (lambda xp, x, y: xp.swap_last(xp.swap_last(x)), ["swap_last"]),
        (lambda xp, x, y: xp.transpose(x), ["swap_last"]),
        (lambda xp, x, y: x + xp.broadcast_to(y[0], shape=x.shape), ["index", "broadcast_to", "add"]),
        (lambda xp, x, y: xp.sum(x[:, None], axis=1), ["reshape", "sum"]),
        (lambda xp, x, y: xp.sum(xp.reshape(x, shape=(3, 2))), ["sum"]),
        (lambda xp, x, y: xp.sum(x, axis=0), ["sum"]),
        (lambda xp, x, y: x[:], []),
    ],
)
def test_algebra_leaves_out_what_changes_no_bit(expression, left):
    x = np.array([[0.0, -0.0, 1.5], [-2.0, np.inf, 0.1]])
    y = np.array([[-0.0, 0.0, 3.0], [4.0, -1.0, 7.0]])
    with np.errstate(all="ignore"):
        found = improved(passes.algebra, expression, x, y)
    assert [op for op in found if op != "reshape" or "reshape" in left] == left


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "expression",
    [
        lambda xp, x: (x * 4.0) * 0.25,
        lambda xp, x: (x * 0.25) * 4.0,
        lambda xp, x: (x * 1e-3) * 1024.0,
        lambda xp, x: (x * 0.5) * 0.5,
        lambda xp, x: x / 2.0**20,
        lambda xp, x: x / 2.0**-20,
        lambda xp, x: x / 2.0**-1030,
        lambda xp, x: -(x * 3.0),
        lambda xp, x: (-x) * 3.0,
    ],
)
def test_algebra_changes_no_bit_at_the_ends_of_a_dtype(expression, dtype):
    limits = np.finfo(dtype)
    ends = [0.0, -0.0, limits.smallest_subnormal, limits.tiny, limits.tiny * 3, limits.max / 3, limits.max, np.inf]
    with np.errstate(all="ignore"):
        improved(passes.algebra, expression, np.array([*ends, 1.0, -1.0, 0.001, 100.0], dtype))


def test_a_result_that_is_left_out_keeps_its_dtype_and_shape():
    assert improved(passes.algebra, lambda xp, x: xp.cast(x, dtype=np.dtype("f4")), numbers(3)) == ["cast"]
    assert improved(passes.algebra, lambda xp, x, y: xp.where(x > 0, y, y), numbers(3, 1), numbers(2)) == [
        "greater",
        "where",
    ]


# ---------------------------------------------------------------------- flat storage


def test_a_state_that_is_taken_apart_and_joined_again_is_the_state():
    def joined(xp, x):
        parts = [xp.reshape(x[:6], shape=(2, 3)), xp.reshape(x[6:], shape=(1, 2))]
        return xp.concatenate(*[xp.reshape(p, shape=(-1,)) for p in parts], axis=0) * 2

    flat = passes.dead_code(passes.flat_storage(passes.algebra(program_of(joined, numbers(8)))))
    assert ops(flat) == ["multiply"]
    assert flat.instructions[0].operands[0] is flat.inputs[0]


def test_parts_in_another_order_stay():
    def joined(xp, x):
        return xp.concatenate(x[4:], x[:4], axis=0), xp.concatenate(x[:4], x[:4], axis=0)

    assert improved(passes.flat_storage, joined, numbers(8)) == ["index", "index", "concatenate"] * 2


def test_a_part_of_joined_arrays_is_the_array():
    def part(xp, x, y):
        both = xp.concatenate(x, y, axis=0)
        return both[3:5] * 2, both[1:5][2:3]

    assert improved(passes.flat_storage, part, numbers(3), numbers(2)) == ["concatenate", "multiply", "index", "index"]


# ---------------------------------------------------------------------- pieces


def clipped(xp, x, y, factor):
    return xp.concatenate(*[xp.reshape(v * factor, shape=(-1,)) for v in (x, y)], axis=0)


def test_parts_that_are_scaled_alike_are_scaled_together():
    def parts(xp, x, y):
        return clipped(xp, x, y, 0.3)

    found = improved(passes.joint_pieces, parts, numbers(2, 3), numbers(2))
    assert found[-2:] == ["concatenate", "multiply"]


def test_parts_that_are_added_to_parts_of_one_vector_are_added_together():
    def accumulated(xp, flat, x, y):
        sums = [xp.reshape(flat[:6], shape=(2, 3)) + x, flat[6:] + y]
        return xp.concatenate(*[xp.reshape(v, shape=(-1,)) for v in sums], axis=0)

    program = program_of(accumulated, numbers(8), numbers(2, 3), numbers(2))
    joint = passes.run(program)[0]
    assert [op for op in ops(joint) if op != "reshape"] == ["concatenate", "add"]
    given = [numbers(8), numbers(2, 3), numbers(2)]
    np.testing.assert_array_equal(run_strictly(joint, given)[0], program.run(given, (), (), ())[0])


@pytest.mark.parametrize(
    "expression",
    [
        lambda xp, x, y: xp.concatenate(xp.reshape(x * 0.3, shape=(-1,)), y * 0.4, axis=0),
        lambda xp, x, y: xp.concatenate(xp.reshape(x * 0.3, shape=(-1,)), y + 0.3, axis=0),
        lambda xp, x, y: xp.concatenate(xp.reshape(x * x, shape=(-1,)), y * (y + 1.0), axis=0),
        lambda xp, x, y: xp.concatenate(xp.reshape(x * x[0], shape=(-1,)), y * y[:1], axis=0),
    ],
)
def test_parts_that_differ_stay_apart(expression):
    found = improved(passes.joint_pieces, expression, numbers(2, 3), numbers(2))
    assert found[-1] == "concatenate"


# ---------------------------------------------------------------------- transposes and order


def test_the_transpose_of_a_product_is_a_product_of_transposes():
    def product(xp, x, y):
        return xp.swap_last(xp.matmul(x, xp.swap_last(y)))

    program = program_of(product, numbers(2, 3), numbers(4, 3))
    turned = passes.dead_code(passes.transposes(program))
    assert ops(turned) == ["swap_last", "matmul"]
    given = [numbers(2, 3), numbers(4, 3)]
    np.testing.assert_allclose(turned.run(given, (), (), ())[0], given[1] @ given[0].T)


def test_checks_come_first_with_what_they_need():
    def late(xp, x, labels):
        out = xp.exp(x)
        labels = xp.cast(labels, dtype=np.dtype(np.int64))
        xp.check_classes(labels, classes=2, ignore_index=-100, ignoring=False)
        return out

    assert improved(passes.checks_first, late, numbers(2), np.array([0, 1], np.int32)) == [
        "cast",
        "check_classes",
        "exp",
    ]


# ---------------------------------------------------------------------- the listing


def test_a_listing_says_what_goes_in_what_is_computed_and_what_comes_out():
    lr = Setting(0.1, "lr", lambda: 0.1)
    w, x = Value("state", (3,), np.float32, "weight"), Value("input", (3,), np.float32, "x")
    g, new = Value("result", (3,), np.float32), Value("result", (3,), np.float32)
    place = Place("model.0", "train.py:12", "loss = model(x)", "update")
    instructions = [
        Instruction("multiply", (x, lr), {}, (g,), Place("model.0", "train.py:9")),
        Instruction("subtract", (w, g), {}, (new,), place),
    ]
    program = Program("step", [x], [w], [], [lr], instructions, [(w, new)], [g])
    assert listing(program).splitlines() == [
        "program step",
        "inputs:",
        "    x   float32[3]",
        "states:",
        "    weight   float32[3]",
        "settings:",
        "    lr = 0.1",
        "forward:",
        "    v1 = multiply(x, lr)        float32[3]   model.0 train.py:9",
        "update:",
        "    v2 = subtract(weight, v1)   float32[3]   model.0 train.py:12",
        "new state:",
        "    weight <- v2",
        "return v1",
    ]
    assert str(program) == listing(program)


# ---------------------------------------------------------------------- whole steps


class Caught(Exception):
    """A recorded program, before anything is done to it."""


def recorded_step(name, monkeypatch):
    """The program of a step of the scenarios, as it is recorded."""

    def catch(program, passes):
        raise Caught(program)

    monkeypatch.setattr(passes, "run", catch)
    ad.manual_seed(0)
    world = SCENARIOS[name]()
    step = ad.compile(world.step, backend="numpy")
    with pytest.raises(Caught) as caught:
        deque((step(*world.arguments(i)) for i in range(3)), maxlen=0)
    monkeypatch.undo()
    return caught.value.args[0]


def some(values):
    """Arrays for values: floating ones positive, as second moments are, and class numbers that there are."""
    rng = np.random.default_rng(0)
    return [
        (rng.uniform(0.05, 1.0, v.shape) if v.dtype.kind == "f" else np.zeros(v.shape)).astype(v.dtype) for v in values
    ]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_recorded_step_is_the_same_after_every_pass(name, monkeypatch):
    program = recorded_step(name, monkeypatch)
    given = [some(values) for values in (program.inputs, program.states, program.draws)]
    settings = [s.value for s in program.settings]
    expected_states = [x.copy() for x in given[1]]
    expected = program.run(given[0], expected_states, given[2], settings)
    for _, improved in passes.run(program)[1]:
        states = [x.copy() for x in given[1]]
        run_strictly(improved, given[0], states, given[2], settings)
        found = improved.run(given[0], states, given[2], settings)
        for a, b in zip([*found, *states], [*expected, *expected_states], strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            if b.dtype.kind == "f":
                tolerance = 1e-12 if b.dtype == np.float64 else 1e-5
                assert np.linalg.norm(a - b) <= tolerance * max(np.linalg.norm(b), 1e-3)
            else:
                np.testing.assert_array_equal(a, b)


def test_a_step_of_adam_is_left_with_its_flat_update(monkeypatch):
    final, _ = passes.run(recorded_step("adam", monkeypatch))
    assert ops(final).count("concatenate") == 1
    update = [i for i in final.instructions if i.place.phase == "update"]
    flat = next(v for v in final.states if v.name == "parameters")
    new = dict(final.updates)[flat]
    assert final.producers()[new].op == "subtract"
    assert final.producers()[new].operands[0] is flat
    assert {i.op for i in update} == {"reshape", "concatenate", "multiply", "add", "sqrt", "divide", "subtract"}
