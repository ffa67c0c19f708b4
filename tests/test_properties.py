"""Properties that hold for whatever Hypothesis draws: shapes, broadcasting, expressions, indices, writes in place.

The oracles know nothing of graphs: differences for derivatives, NumPy for values, and for writes in place the same
program written without them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import autodiff as ad
from autodiff.checking import gradcheck, gradgradcheck
from autodiff.primitive import primitives
from autodiff.strategies import broadcastable_shapes, indices, matmul_shapes, shapes, tensors
from tests.op_cases import TABLE
from tests.table.form import BROADCASTING


def examples(n: int) -> settings:
    """How many examples a run draws; a profile that asks for many gets them."""
    asked = settings().max_examples
    return settings(max_examples=asked if asked > 100 else n)


def same(actual: Any, expected: Any, tolerance: float = 1e-9) -> None:
    actual, expected = (t.detach().numpy() if isinstance(t, ad.Tensor) else t for t in (actual, expected))
    assert np.shape(actual) == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


# -- broadcasting --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BROADCASTING)
@examples(12)
@given(data=st.data())
def test_operands_that_broadcast_get_gradients_of_their_own_shapes(name, data):
    op, entry = primitives[name], TABLE[name]
    drawn = data.draw(broadcastable_shapes(min_side=0))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    arrays = [domain(*shape)(rng, np.float64) for domain, shape in zip(BROADCASTING[name], drawn, strict=True)]
    x, y = (ad.from_numpy(a) for a in arrays)
    same(op(x, y), entry.reference(*arrays), 1e-8)
    assert op(x, y).shape == np.broadcast_shapes(*drawn)
    operands = [t.requires_grad_() for t, rule in zip((x, y), op.rules, strict=False) if rule and t.dtype.kind == "f"]
    if operands and entry.order:
        for t, g in zip(operands, ad.grad(op(x, y).sum(), operands), strict=True):
            assert g.shape == t.shape
        assert gradcheck(lambda *_: op(x, y), operands, fast_mode=True)
    if operands and entry.order > 1 and entry.curved:
        assert gradgradcheck(lambda *_: op(x, y), operands, fast_mode=True)


#: Functions of three operands that broadcast together.
TERNARY = {
    "where": lambda x, y, z: ad.where(x > 0, y * y, z),
    "addcmul": lambda x, y, z: ad.addcmul(x, y, z, value=0.5),
    "addcdiv": lambda x, y, z: ad.addcdiv(x, y, z * z + 1),
    "lerp": ad.lerp,
    "clamp": lambda x, y, z: ad.clamp(x, y - 1, y * 0 + z * z + 1),
}


@pytest.mark.parametrize("name", TERNARY)
@examples(12)
@given(data=st.data())
def test_three_operands_broadcast_together(name, data):
    first, second = data.draw(broadcastable_shapes(min_side=0))
    third = data.draw(st.sampled_from([first, second, (), np.broadcast_shapes(first, second)]))
    x, y, z = (data.draw(tensors(shape)) for shape in (first, second, third))
    function = TERNARY[name]
    wide = [ad.broadcast_to(t, np.broadcast_shapes(first, second)) for t in (x, y, z)]
    same(function(x, y, z), function(*wide))
    grads = ad.grad(function(x, y, z).sum(), (x, y, z), allow_unused=True)
    assert all(g is None or g.shape == t.shape for g, t in zip(grads, (x, y, z), strict=True))
    for mine, its in zip(grads, ad.grad(function(*wide).sum(), (x, y, z), allow_unused=True), strict=True):
        assert (mine is None) == (its is None)
        if mine is not None:
            same(mine, its)


@examples(40)
@given(data=st.data())
def test_shapes_that_do_not_broadcast_are_named(data):
    first, second = data.draw(shapes(min_dims=1)), data.draw(shapes(min_dims=1))
    try:
        np.broadcast_shapes(first, second)
        assume(False)
    except ValueError:
        pass
    with pytest.raises(ValueError, match="do not broadcast") as caught:
        ad.ones(first) + ad.ones(second)
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


# -- expressions ---------------------------------------------------------------------------------------------------

# Every operation is total and smooth, so that any tree of them can be differentiated anywhere and stays small.
SMOOTH_1 = {
    "sin": ad.sin,
    "cos": ad.cos,
    "tanh": ad.tanh,
    "sigmoid": ad.sigmoid,
    "exp": lambda x: ad.exp(x.tanh()),
    "log": lambda x: ad.log(x * x + 0.5),
    "sqrt": lambda x: ad.sqrt(x * x + 0.5),
    "square": lambda x: (x / 2) ** 2,
    "negative": lambda x: -x,
    "softmax": lambda x: ad.softmax(x.reshape(1, -1), dim=-1).reshape(x.shape),
    "centre": lambda x: x - x.mean(),
    "twice": lambda x: x.reshape(-1).expand(2, -1).sum(dim=0).reshape(x.shape) / 2,
    "turned": lambda x: x.T.reshape(x.shape),
}
SMOOTH_2 = {
    "add": lambda x, y: x + y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (y * y + 1),
    "power": lambda x, y: (x * x + 0.5) ** y.tanh(),
    "first rows": lambda x, y: x + y[..., :1],
    "joined": lambda x, y: ad.stack([x, y]).prod(dim=0),
}


@dataclass
class Expression:
    """A tree of operations on variables."""

    name: str
    parts: tuple[Any, ...] = ()

    def __call__(self, variables):
        values = [part(variables) for part in self.parts]
        if not values:
            return variables[self.name]
        return (SMOOTH_1 if len(values) == 1 else SMOOTH_2)[self.name](*values)


VARIABLES = st.sampled_from("xyz").map(Expression)
EXPRESSIONS = st.recursive(
    VARIABLES,
    lambda inner: st.one_of(
        st.builds(lambda name, a: Expression(name, (a,)), st.sampled_from(sorted(SMOOTH_1)), inner),
        st.builds(lambda name, a, b: Expression(name, (a, b)), st.sampled_from(sorted(SMOOTH_2)), inner, inner),
    ),
    max_leaves=8,
)
POINT = st.tuples(tensors((2, 3)), tensors((2, 3)), tensors((2, 3)))


def function_of(expression: Expression):
    return lambda x, y, z: expression({"x": x, "y": y, "z": z}) + 0 * (x + y + z)


@examples(100)
@given(EXPRESSIONS, POINT)
def test_the_gradient_of_any_expression_agrees_with_differences(expression, point):
    assert gradcheck(function_of(expression), point, fast_mode=True)


@examples(40)
@given(EXPRESSIONS, POINT)
def test_the_second_derivative_of_any_expression_agrees_with_differences(expression, point):
    assert gradgradcheck(function_of(expression), point, fast_mode=True, atol=1e-4)


@examples(15)
@given(EXPRESSIONS, tensors((2, 3)))
def test_the_third_derivative_agrees_with_differences(expression, point):
    function = function_of(expression)

    def slope(x):
        return ad.grad(function(x, x * 2, x * x).sum(), x, create_graph=True)[0] + 0 * x

    assert gradgradcheck(slope, point, fast_mode=True, atol=1e-3, rtol=1e-3)


@examples(60)
@given(EXPRESSIONS, POINT)
def test_backward_gives_the_same_however_it_is_asked(expression, point):
    function = function_of(expression)
    total = function(*point).sum()
    plain = ad.grad(total, point, retain_graph=True)
    for t in point:
        t.grad = None
    total.backward(retain_graph=True)
    for t, g in zip(point, plain, strict=True):
        same(t.grad, g, 0)
    for g, h in zip(ad.grad(total, point, create_graph=True), plain, strict=True):
        same(g, h, 1e-12)
    for i, t in enumerate(point):  # one at a time, which prunes the walk
        same(ad.grad(total, t, retain_graph=True)[0], plain[i], 1e-12)


@examples(40)
@given(EXPRESSIONS, POINT)
def test_float32_in_gives_float32_out(expression, point):
    point = [t.detach().float().requires_grad_() for t in point]
    out = function_of(expression)(*point)
    assert out.dtype == ad.float32
    for create_graph in (False, True):
        grads = ad.grad(out.sum(), point, create_graph=create_graph, retain_graph=True)
        assert [g.dtype for g in grads] == [ad.float32] * 3


# -- products of matrices ------------------------------------------------------------------------------------------


@examples(60)
@given(data=st.data())
def test_matmul_of_all_ranks(data):
    first, second = data.draw(matmul_shapes())
    x, y = data.draw(tensors(first)), data.draw(tensors(second))
    same(x @ y, x.detach().numpy() @ y.detach().numpy())
    assert gradcheck(ad.matmul, (x, y), fast_mode=True)
    assert gradgradcheck(ad.matmul, (x, y), fast_mode=True)


# -- shapes --------------------------------------------------------------------------------------------------------


@examples(60)
@given(data=st.data())
def test_reductions_over_any_dims(data):
    x = data.draw(tensors(shapes(min_dims=1)))
    dims = data.draw(st.sets(st.integers(0, x.ndim - 1)).map(lambda s: tuple(sorted(s))))
    dims = tuple(d - x.ndim * data.draw(st.booleans()) for d in dims) or None
    keepdim = data.draw(st.booleans())
    for name in ("sum", "mean"):
        ours = getattr(x, name)(dim=dims, keepdim=keepdim)
        same(ours, getattr(np, name)(x.detach().numpy(), axis=dims, keepdims=keepdim))
        assert gradcheck(lambda x, name=name: getattr(x, name)(dim=dims, keepdim=keepdim), x, fast_mode=True)
    assert gradgradcheck(lambda x: (x * x).sum(dim=dims, keepdim=keepdim), x, fast_mode=True)


@examples(60)
@given(data=st.data())
def test_pieces_put_together_again_are_the_whole(data):
    x = data.draw(tensors(shapes(min_dims=1, max_side=5)))
    dim = data.draw(st.integers(-x.ndim, x.ndim - 1))
    size = data.draw(st.integers(1, 5))
    function = lambda x: ad.cat([p * (i + 1) for i, p in enumerate(x.split(size, dim))], dim)  # noqa: E731
    same(ad.cat(x.split(size, dim), dim), x)
    same(ad.stack(x.unbind(dim), dim), x)
    assert gradcheck(function, x, fast_mode=True)


# -- indexing ------------------------------------------------------------------------------------------------------


@examples(150)
@given(data=st.data())
def test_reading_by_any_index_is_numpys_and_its_gradient_counts_the_reads(data):
    x = data.draw(tensors(shapes()))
    key = data.draw(indices(x.shape))
    array = x.detach().numpy()
    read = x[key]
    same(read, array[key], 0)
    (g,) = ad.grad(read.sum(), x)
    counts = np.zeros(x.shape)
    np.add.at(counts, key, 1.0)
    same(g, counts, 0)
    assert gradcheck(lambda x: x[key] * 2, x, fast_mode=True)


@examples(150)
@given(data=st.data())
def test_writing_by_any_index_is_numpys_and_its_gradients_go_to_who_wrote_last(data):
    x = data.draw(tensors(shapes()))
    key = data.draw(indices(x.shape))
    target = np.zeros(x.shape)[key].shape
    value = data.draw(tensors(data.draw(broadcast_down(target))))

    def write(x, value):
        y = x * 1
        y[key] = value
        return y

    expected = x.detach().numpy().copy()
    expected[key] = value.detach().numpy()
    same(write(x, value), expected, 0)
    weights = ad.tensor(np.arange(1.0, expected.size + 1).reshape(expected.shape))
    gx, gv = ad.grad((write(x, value) * weights).sum(), (x, value))
    # Number the elements of the value: what arrives says who wrote where.
    marks = np.full(x.shape, -1)
    marks[key] = np.arange(value.numel()).reshape(value.shape)
    same(gx, np.where(marks < 0, weights.numpy(), 0.0), 0)
    same(gv.reshape(-1), [weights.numpy()[marks == i].sum() for i in range(value.numel())], 0)


def broadcast_down(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes that broadcast to `shape`."""

    def fewer(ones_and_skip):
        ones, skip = ones_and_skip
        return tuple(1 if one else n for one, n in zip(ones, shape, strict=True))[skip:]

    n = len(shape)
    return st.tuples(st.lists(st.booleans(), min_size=n, max_size=n), st.integers(0, n)).map(fewer)


# -- views and writes in place -------------------------------------------------------------------------------------


# A program works on numbered Tensors: number 0 is a copy of the input, a view adds one, a write changes one. Views are
# chosen by how they look at an array, in the same words for Tensors and for arrays of positions.
def contiguous(a: Any) -> bool:
    """Whether reshaping gives a view."""
    return a.is_contiguous() if isinstance(a, ad.Tensor) else a.flags.c_contiguous


VIEWS = {
    "row": lambda a: a[0] if a.ndim and a.shape[0] else a,
    "tail": lambda a: a[1:] if a.ndim else a,
    "every second": lambda a: a[..., ::2] if a.ndim else a,
    "turned": lambda a: a.T if a.ndim == 2 else a,
    "flat": lambda a: a.reshape(-1) if contiguous(a) else a,
    "column": lambda a: a[..., None],
    "whole": lambda a: a[...],
}
# Each write, in place and as a function of what was there.
WRITES = {
    "add": (lambda t, v: t.add_(v), lambda t, v: t + v),
    "multiply": (lambda t, v: t.mul_(v), lambda t, v: t * v),
    "operator": (lambda t, v: t.__isub__(v), lambda t, v: t - v),
    "all": (lambda t, v: t.__setitem__(..., v), lambda t, v: t * 0 + v),
    "square": (lambda t, v: t.mul_(t.clone()), lambda t, v: t * t),
    "zero": (lambda t, v: t.zero_(), lambda t, v: t * 0),
    "copy": (lambda t, v: t.copy_(v), lambda t, v: t * 0 + v),
}
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("view"), st.integers(0, 9), st.sampled_from(sorted(VIEWS))),
        st.tuples(st.just("write"), st.integers(0, 9), st.sampled_from(sorted(WRITES))),
        st.tuples(st.just("move"), st.integers(0, 9), st.integers(0, 9)),
        st.tuples(st.just("use"), st.integers(0, 9), st.just("")),
    ),
    min_size=1,
    max_size=8,
)


def fits(value: Any, target: Any) -> bool:
    """Whether one can be written into the other."""
    try:
        return np.broadcast_shapes(value.shape, target.shape) == tuple(target.shape)
    except ValueError:
        return False


def run_in_place(steps, x, v):
    """The program as it stands: views share memory, writes change it."""
    held = [x * 1]
    total = x.sum() * 0
    for kind, number, name in steps:
        t = held[number % len(held)]
        if kind == "view":
            held.append(VIEWS[name](t))
        elif kind == "write":
            WRITES[name][0](t, v)
        elif kind == "move":
            other = held[name % len(held)]
            if fits(other, t):
                t.copy_(other.clone())
        else:
            kept = t.clone()  # since multiplying saves what it is given, and a later write would make that stale
            total = total + (kept * kept).sum()
    return total + sum((t * (i + 1)).sum() for i, t in enumerate(held))


def assigned(memory, positions, values):
    """Flat memory in which these positions have these values: a sum of two products with matrices of 0 and 1."""
    chosen = np.zeros((positions.size, memory.numel()))
    chosen[np.arange(positions.size), positions.reshape(-1)] = 1.0
    kept = memory * ad.tensor(1.0 - chosen.sum(0))
    return kept + values.reshape(-1) @ ad.tensor(chosen) if positions.size else kept


def run_by_hand(steps, x, v):
    """The same without sharing: one flat Tensor of memory, and for each view the positions that it looks at."""
    memory = (x * 1).reshape(-1)
    held = [np.arange(x.numel()).reshape(x.shape)]
    total = x.sum() * 0

    def read(positions):
        return memory[ad.tensor(positions.reshape(-1))].reshape(positions.shape)

    for kind, number, name in steps:
        positions = held[number % len(held)]
        if kind == "view":
            held.append(VIEWS[name](positions))
        elif kind == "write":
            memory = assigned(memory, positions, WRITES[name][1](read(positions), v))
        elif kind == "move":
            other = held[name % len(held)]
            if fits(other, positions):
                memory = assigned(memory, positions, read(positions) * 0 + read(other))
        else:
            total = total + (read(positions) * read(positions)).sum()
    return total + sum((read(p) * (i + 1)).sum() for i, p in enumerate(held))


@examples(200)
@given(STEPS, tensors((2, 3)), tensors(()))
def test_any_program_of_views_and_writes_is_the_program_without_them(steps, x, v):
    derivatives = []
    for run in (run_in_place, run_by_hand):
        out = run(steps, x, v)
        first = ad.grad(out, (x, v), create_graph=True, materialize_grads=True)
        again = sum((g * (i + 2)).sum() for i, g in enumerate(first)) + 0 * x.sum()
        derivatives.append((out, *first, *ad.grad(again, (x, v), materialize_grads=True)))
    for ours, oracle in zip(*derivatives, strict=True):
        same(ours, oracle)


@examples(50)
@given(STEPS, tensors((2, 3), requires_grad=False), tensors((), requires_grad=False))
def test_a_view_shares_memory_whatever_is_done_to_it(steps, x, v):
    base = x.clone()
    held = [base]
    for kind, number, name in steps:
        t = held[number % len(held)]
        if kind == "view":
            held.append(VIEWS[name](t))
        elif kind == "write":
            WRITES[name][0](t, v)
        elif kind == "move" and fits(held[name % len(held)], t):
            t.copy_(held[name % len(held)].clone())
    for t in held:
        assert not t.numel() or np.shares_memory(t.numpy(), base.numpy())
