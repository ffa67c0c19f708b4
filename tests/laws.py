"""What every case of the table must obey. A law takes a case, and raises where the case breaks it."""

import gc
import weakref
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.checking import gradcheck, gradgradcheck
from autodiff.dtypes import result_dtype
from autodiff.graph import Node, Output
from autodiff.primitive import plain, recorded
from tests.op_cases import Case

#: Every law, by name, with the condition on cases that it speaks of.
LAWS: dict[str, tuple[Callable[[Case], bool], Callable[[Case], None]]] = {}


def law(applies: Callable[[Case], bool] = lambda case: True) -> Callable[..., Any]:
    def register(function: Callable[[Case], None]) -> Callable[[Case], None]:
        LAWS[function.__name__] = (applies, function)
        return function

    return register


def differentiable(case: Case) -> bool:
    return bool(case.differentiable)


# -- how the laws apply an operation -------------------------------------------------------------------------------


def tensors_of(case: Case, arrays: list[Any], which: list[int] | None = None) -> list[Any]:
    """The arguments as Tensors; those that are differentiated (or those at `which`) require grad."""
    tracked = case.differentiable if which is None else which
    given = [ad.from_numpy(a) if isinstance(a, np.ndarray) else a for a in arrays]
    return [t.requires_grad_() if i in tracked else t for i, t in enumerate(given)]


def applied(case: Case, given: list[Any]) -> list[Any]:
    """The outputs of the operation, as a list."""
    out = case.primitive(*given, **case.static)
    return list(out) if case.primitive.outputs else [out]


def floating(outs: list[Any]) -> list[Any]:
    return [o for o in outs if o.requires_grad]


def seeds_for(outs: list[Any], seed: int = 3) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [ad.from_numpy(np.asarray(rng.normal(size=o.shape), o.dtype)) for o in outs]


def gradients(case: Case, given: list[Any], seeds: list[Any] | None = None, create_graph: bool = False) -> list[Any]:
    """The gradients of the arguments that have one."""
    outs = floating(applied(case, given))
    targets = [given[i] for i in case.differentiable]
    if not outs:
        return [ad.from_numpy(np.zeros(t.shape, t.dtype)) for t in targets]
    return list(ad.grad(outs, targets, seeds or seeds_for(outs), create_graph=create_graph, materialize_grads=True))


def second(case: Case, given: list[Any]) -> list[Any]:
    """Gradients of a random combination of the gradients, with respect to the same arguments."""
    targets = [given[i] for i in case.differentiable]
    first = [g for g in gradients(case, given, create_graph=True) if g.requires_grad]
    if not first:
        return [ad.from_numpy(np.zeros(t.shape, t.dtype)) for t in targets]
    return list(ad.grad(first, targets, seeds_for(first, 5), materialize_grads=True))


def assert_close(actual: Any, expected: Any, tolerance: float = 1e-12) -> None:
    assert np.shape(actual) == np.shape(expected), f"shape {np.shape(actual)}, expected {np.shape(expected)}"
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def assert_all_close(actual: list[Any], expected: list[Any], tolerance: float = 1e-12) -> None:
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected, strict=True):
        assert_close(getattr(a, "_array", a), getattr(e, "_array", e), tolerance)


@contextmanager
def collector_off():
    """Let nothing be freed but by its reference count."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


#: Differences of float64 numbers of size 1 are right to nine digits or so.
SHARP = {"atol": 1e-6, "rtol": 1e-5}

# -- values and derivatives ----------------------------------------------------------------------------------------


@law()
def the_value_is_that_of_the_reference(case):
    arrays = case.arrays()
    expected = case.reference(*arrays, **case.static)
    assert_all_close(applied(case, arrays), list(expected) if case.primitive.outputs else [expected])


@law(lambda case: differentiable(case) and case.order >= 1)
def the_derivative_agrees_with_differences(case):
    assert gradcheck(lambda *given: floating(applied(case, list(given))), _copies(case), fast_mode=True, **SHARP)


@law(lambda case: differentiable(case) and case.order >= 2 and _requires_grad(case))
def the_second_derivative_agrees_with_differences(case):
    assert gradgradcheck(lambda *given: floating(applied(case, list(given))), _copies(case), fast_mode=True, **SHARP)


def _copies(case: Case) -> tuple[Any, ...]:
    return tuple(tensors_of(case, case.arrays()))


def _requires_grad(case: Case) -> bool:
    return bool(floating(applied(case, tensors_of(case, case.arrays()))))


@law(differentiable)
def a_recorded_backward_gives_what_a_plain_one_gives(case):
    given = tensors_of(case, case.arrays())
    assert_all_close(gradients(case, given, create_graph=True), gradients(case, given))


@law(differentiable)
def the_gradient_is_linear_in_the_cotangent(case):
    given = tensors_of(case, case.arrays())
    outs = floating(applied(case, given))
    u, v = seeds_for(outs, 1), seeds_for(outs, 2)
    combined = gradients(case, given, [2 * a + -3 * b for a, b in zip(u, v, strict=True)])
    apart = zip(gradients(case, given, u), gradients(case, given, v), strict=True)
    assert_all_close(combined, [2 * a + -3 * b for a, b in apart], 1e-10)


@law(lambda case: case.primitive.composite is not None)
def a_fused_operation_is_its_composite(case):
    given = tensors_of(case, case.arrays())
    fused = applied(case, given)
    composite = case.primitive.composite(recorded, *given, **case.static)
    composite = list(composite) if case.primitive.outputs else [composite]
    assert_all_close(fused, composite, 1e-10)
    if not floating(fused):
        return
    seeds = seeds_for(floating(fused))
    targets = [given[i] for i in case.differentiable]
    nothing = [ad.from_numpy(np.zeros(t.shape)) for t in targets]
    firsts = [
        ad.grad(floating(o), targets, seeds, create_graph=True, materialize_grads=True) if floating(o) else nothing
        for o in (fused, composite)
    ]
    assert_all_close(firsts[0], firsts[1], 1e-10)
    seconds = []
    for first in firsts:
        kept = [g for g in first if g.requires_grad]
        weights = seeds_for(list(first), 5)
        weights = [w for w, g in zip(weights, first, strict=True) if g.requires_grad]
        seconds.append(ad.grad(kept, targets, weights, materialize_grads=True) if kept else nothing)
    assert_all_close(seconds[0], seconds[1], 1e-10)


@law(lambda case: any(form is not None for form in case.primitive.residuals))
def a_residual_is_what_its_expression_says(case):
    op = case.primitive
    arrays = case.arrays()
    static = {**op.defaults, **case.static}
    out, *extra = op.forward(*arrays, **static)
    scope = (*arrays, out, *extra)
    for form, residual in zip(op.residuals, extra, strict=True):
        if form is not None:
            assert_close(form.rule(plain, *form.pick(scope), **form.static(static)), residual)


# -- dtypes --------------------------------------------------------------------------------------------------------


def _has_floats(case: Case) -> bool:
    return any(getattr(given, "floating", False) for given in case.inputs)


@law(lambda case: _has_floats(case) and case.primitive.differentiable and case.op != "cast")
def float32_stays_float32(case):
    given = tensors_of(case, case.arrays(np.float32))
    outs = applied(case, given)
    assert {o.dtype for o in outs if o.dtype.kind == "f"} <= {np.dtype(np.float32)}
    for create_graph in (False, True):
        for g in _cotangents(case, outs, create_graph):
            assert g.dtype == np.float32, f"a rule returned {g.dtype} with create_graph={create_graph}"


def _cotangents(case: Case, outs: list[Any], create_graph: bool) -> list[Any]:
    """What the rules themselves return, before the engine brings it into the shape and dtype of the argument."""
    vertices = [o._node for o in outs if o._node is not None]
    if not vertices:
        return []
    node = vertices[0].node if isinstance(vertices[0], Output) else vertices[0]
    # A plain 0-d cotangent is tried as NumPy's scalar too, which is what reductions hand out.
    seeds = [np.ones(o.shape, o.dtype) if o.dtype.kind == "f" else None for o in outs]
    if create_graph:
        wrapped = [None if s is None else ad.from_numpy(s) for s in seeds]
        found = node.op.pullback_recorded(node, wrapped if case.primitive.outputs else wrapped[0])
    else:
        scalars = [s[()] if s is not None and not s.shape else s for s in seeds]
        found = node.op.pullback(node, scalars if case.primitive.outputs else scalars[0])
    return [g for g in found if g is not None]


@law(lambda case: case.primitive.promotes in ("arith", "float") and len(case.differentiable) > 1)
def operands_of_two_dtypes_are_promoted_and_each_gradient_returns_in_its_own(case):
    arrays = case.arrays()
    first = case.differentiable[0]
    arrays[first] = arrays[first].astype(np.float32)
    given = tensors_of(case, arrays)
    (out,) = applied(case, given)
    counted = [a for i, a in enumerate(arrays) if i in case.differentiable or not isinstance(a, np.ndarray)]
    assert out.dtype == result_dtype(counted)
    assert [g.dtype for g in gradients(case, given)] == [arrays[i].dtype for i in case.differentiable]


# -- memory --------------------------------------------------------------------------------------------------------


def _strided(a: Any) -> Any:
    """The same values, every second element of something larger."""
    wide = np.full((*a.shape[:-1], 2 * a.shape[-1]), 9, a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


LAYOUTS = {
    "not contiguous": _strided,
    "reversed in memory": lambda a: a[..., ::-1].copy()[..., ::-1],
    "in Fortran order": np.asfortranarray,
    "read-only": lambda a: _locked(a.copy()),
}


def _locked(a: Any) -> Any:
    a.flags.writeable = False
    return a


@law(lambda case: any(getattr(given, "shape", ()) for given in case.inputs))
def the_layout_in_memory_does_not_matter(case):
    arrays = case.arrays()
    expected = [o._array for o in applied(case, arrays)]
    slopes = gradients(case, tensors_of(case, arrays)) if differentiable(case) else []
    for layout in LAYOUTS.values():
        changed = [layout(a) if isinstance(a, np.ndarray) and a.ndim else a for a in arrays]
        assert_all_close(applied(case, changed), expected)
        if slopes:
            given = tensors_of(case, changed)
            seeds = [layout(s._array) if s.ndim else s._array for s in seeds_for(floating(applied(case, given)))]
            assert_all_close(gradients(case, given, [ad.from_numpy(s) for s in seeds]), slopes)


@law()
def nothing_that_was_given_is_changed(case):
    arrays = case.arrays()
    before = [np.array(a) if isinstance(a, np.ndarray) else a for a in arrays]
    given = tensors_of(case, arrays)
    outs = applied(case, given)
    if floating(outs):
        values = [np.array(o._array) for o in outs]
        seeds = seeds_for(floating(outs))
        kept = [np.array(s._array) for s in seeds]
        for create_graph in (False, True):
            grads = gradients(case, given, seeds, create_graph)
            for g in grads:  # a gradient is the user's to write into
                if not create_graph:
                    g._array[...] = 99.0
            assert_all_close(seeds, kept, 0)
        assert_all_close(outs, values, 0)
    for a, b in zip(arrays, before, strict=True):
        if isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)


@law(lambda case: not case.primitive.view)
def a_result_has_memory_of_its_own(case):
    arrays = case.arrays()
    for out in applied(case, arrays):
        assert not any(np.shares_memory(out._array, a) for a in arrays if isinstance(a, np.ndarray))


@law(lambda case: case.primitive.view and len(case.inputs) == 1)
def a_view_looks_at_the_memory_of_its_argument(case):
    (x,) = case.arrays()
    t = ad.from_numpy(x)
    for out in applied(case, [t]):
        assert out._storage is t._storage
        assert np.shares_memory(out._array, x) or not out._array.size


def named(case: Case, which: list[int]) -> set[str]:
    """The names that the live rules ask for, and the expressions of the residuals among them."""
    op = case.primitive
    fixed = len(op.arguments) - op.variadic
    rules = [op.joint] if op.joint else [op.rules[min(i, fixed)] for i in which]
    asked = {n for rule in rules for n in _asked(rule, 2)}
    if op.residuals:
        asked |= {n for form in op.residuals if form is not None for n in _asked(form, 1)}
    return asked


def _asked(rule: Any, leading: int) -> tuple[str, ...]:
    code = rule.rule.__code__
    return code.co_varnames[leading : code.co_argcount]


@law(lambda case: differentiable(case) and not case.primitive.view)
def a_node_keeps_what_its_rules_name_and_nothing_else(case):
    op = case.primitive
    choices = [[i] for i in case.differentiable] + [case.differentiable]
    for which in choices:
        arrays = case.arrays()
        with collector_off():
            outs = applied(case, tensors_of(case, arrays, which))
            if not floating(outs):
                continue
            # An output can be kept alive by its Tensor; an input has been let go by everyone but the node.
            alive = {i: weakref.ref(a) for i, a in enumerate(arrays) if isinstance(a, np.ndarray)}
            del arrays
            asked = named(case, which)
            fixed = len(op.arguments) - op.variadic
            for i, reference in alive.items():
                name = op.arguments[min(i, fixed)]
                kept = reference() is not None
                assert kept == (name in asked), f"{name} is {'kept' if kept else 'not kept'}; rules ask for {asked}"
            node = outs[0]._node
            node = node.node if isinstance(node, Output) else node
            values = [weakref.ref(o._array) for o in outs]
            del outs
            kept = any(v() is not None for v in values)
            assert kept == ("out" in asked), f"out is {'kept' if kept else 'not kept'}; rules ask for {asked}"
            assert isinstance(node, Node)


@law(differentiable)
def the_graph_is_freed_without_the_collector(case):
    for create_graph in (False, True):
        with collector_off():
            given = tensors_of(case, case.arrays())
            outs = applied(case, given)
            grads = gradients(case, given, create_graph=create_graph)
            nodes = [weakref.ref(a._array) for a in [*outs, *grads, *[t for t in given if isinstance(t, ad.Tensor)]]]
            del given, outs, grads
            assert not [reference for reference in nodes if reference() is not None]


@law(lambda case: differentiable(case) and _saves(case))
def backward_lets_go_of_what_was_saved(case):
    given = tensors_of(case, case.arrays())
    outs = floating(applied(case, given))
    targets = [given[i] for i in case.differentiable]
    ad.grad(outs, targets, seeds_for(outs), allow_unused=True)
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        ad.grad(outs, targets, seeds_for(outs), allow_unused=True)


def _saves(case: Case) -> bool:
    return _requires_grad(case) and bool(named(case, case.differentiable) & {*case.primitive.arguments, "out"})
