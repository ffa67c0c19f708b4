"""The form of an operation: the six things it must be able to say, and the mistakes it refuses at definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff import primitive as form
from autodiff.errors import AutodiffError
from autodiff.primitive import primitive, primitives


@pytest.fixture(autouse=True)
def registry() -> Iterator[None]:
    """Primitives that a test defines are gone afterwards."""
    yield
    for name in [name for name, op in primitives.items() if op.__module__ == __name__]:
        del primitives[name]
        delattr(form.plain, name)
        delattr(form.recorded, name)


def leaf(*values: float) -> ad.Tensor:
    return ad.tensor(list(values), dtype=ad.float64, requires_grad=True)


def check(op: Any, *inputs: Any) -> None:
    assert ad.gradcheck(op, inputs)
    assert ad.gradgradcheck(op, inputs)


def test_several_outputs() -> None:
    @primitive(outputs=True)
    def halves(x: Any) -> Any:
        return x[:1] * x[:1], x[1:]

    halves.defvjp(lambda xp, g, x: xp.concatenate(2 * x[:1] * g[0], g[1], axis=0))
    check(halves, leaf(2.0, 3.0))


def test_a_variable_number_of_arrays_with_a_joint_rule() -> None:
    @primitive
    def total(*arrays: Any, factor: float) -> Any:
        out = arrays[0] * factor
        for a in arrays[1:]:
            out = out + a * factor
        return out

    total.defvjp_joint(lambda xp, g, arrays, *, factor: [g * factor for _ in arrays])
    check(lambda *xs: total(*xs, factor=3.0), leaf(1.0), leaf(2.0, 4.0), leaf(5.0))


def test_a_residual_is_recomputed_when_the_derivative_is_differentiated() -> None:
    computed = []

    @primitive(residuals={"root": lambda xp, x: xp.sqrt(x)})
    def power_three_halves(x: Any) -> Any:
        computed.append(1)
        root = np.sqrt(x)
        return x * root, root

    power_three_halves.defvjp(lambda xp, g, root: g * 1.5 * root)
    check(power_three_halves, leaf(1.0, 4.0))
    assert computed
    assert power_three_halves(leaf(4.0)).tolist() == [8.0]
    assert form.plain.power_three_halves(np.array([4.0])).tolist() == [8.0]


def test_a_residual_without_an_expression_is_a_constant() -> None:
    @primitive(residuals={"mask": None})
    def positive_part(x: Any) -> Any:
        mask = x > 0
        return x * mask, mask

    positive_part.defvjp(lambda xp, g, mask: g * mask)
    check(positive_part, leaf(-1.0, 2.0))


def test_one_joint_rule_leaves_out_what_nobody_needs() -> None:
    asked = []

    @primitive
    def product(x: Any, y: Any) -> Any:
        return x * y

    def rule(xp: Any, g: Any, x: Any, y: Any, needs: Any) -> Any:
        asked.append(needs)
        return g * y if needs[0] else None, g * x if needs[1] else None

    product.defvjp_joint(rule)
    x = leaf(2.0)
    product(x, ad.tensor([3.0], dtype=ad.float64)).backward()
    assert asked == [(True, False)]
    assert x.grad.tolist() == [3.0]


def test_an_argument_that_is_never_differentiated_and_a_python_number() -> None:
    @primitive
    def choose(x: Any, places: Any, factor: Any) -> Any:
        return x[places] * factor

    def rule(xp: Any, g: Any, places: Any, factor: Any, x_shape: Any) -> Any:
        return xp.index_adjoint(g * factor, places, key=("array",), shape=x_shape)

    choose.defvjp(rule, None, lambda xp, g, x, places: g * x[places])
    x = leaf(1.0, 2.0, 3.0)
    choose(x, ad.tensor([2, 2, 0]), 10.0).sum().backward()
    assert x.grad.tolist() == [10.0, 0.0, 20.0]


@pytest.mark.parametrize(
    ("define", "text"),
    [
        (lambda: primitive(_named("out")), "'out' means something else"),
        (lambda: primitive(_named("x_shape")), "'x_shape' means something else"),
        (lambda: primitive(_op).defvjp(lambda xp, g, q: g), "asks for 'q'"),
        (lambda: primitive(_op).defvjp(lambda xp, g, q_shape: g), "asks for 'q_shape'"),
        (lambda: primitive(_op).defvjp(lambda xp, g, *, axis: g), "asks for 'axis', which is no static parameter"),
        (lambda: primitive(_op).defvjp(lambda g, x: g), r"must begin with \('xp', 'g'\)"),
        (lambda: primitive(_op).defvjp(), "1 arguments and got 0 rules"),
        (lambda: (primitive(_op), primitive(_op)), "there is a primitive called '_op' already"),
    ],
    ids=["reserved out", "reserved shape", "name", "shape", "static", "head", "count", "twice"],
)
def test_a_mistake_is_refused_when_the_module_is_imported(define: Any, text: str) -> None:
    with pytest.raises(AutodiffError, match=text):
        define()


def _op(x: Any) -> Any:
    return x


def _named(argument: str) -> Any:
    scope: dict[str, Any] = {}
    exec(f"def op({argument}): return {argument}", scope)
    return scope["op"]


def test_only_what_a_rule_names_is_saved() -> None:
    x, y = leaf(1.0), leaf(2.0)
    constant = ad.tensor([3.0], dtype=ad.float64)

    def held(t: ad.Tensor) -> list[list[float]]:
        return [v.tolist() for values in t.grad_fn.saved for v in values]

    assert held(x + y) == []
    assert held(x * y) == [[2.0], [1.0]]
    assert held(x * constant) == [[3.0]]
    assert held(x.exp()) == [[np.exp(1.0)]]
