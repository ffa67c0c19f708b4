"""The laws bite: each of these operations is wrong in one way, and the law that speaks of it says so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autodiff.primitive import primitive, primitives
from tests.laws import LAWS
from tests.table.form import Case, real

WRONG: dict[str, tuple[Callable[[], Any], int]] = {}
KEPT: list[Any] = []


def breaks(law: str, inputs: int = 1) -> Callable[..., Any]:
    """Register a maker of an operation that breaks `law`."""

    def register(maker: Callable[[], Any]) -> Callable[[], Any]:
        WRONG[f"{law}: {maker.__name__}"] = (maker, inputs)
        return maker

    return register


@breaks("the_derivative_agrees_with_differences")
def a_factor_that_is_off():
    @primitive(promotes="float")
    def wrong(x):
        return x * x * x

    wrong.defvjp(lambda xp, g, x: g * 3.001 * x * x)


@breaks("the_second_derivative_agrees_with_differences")
def a_derivative_that_is_cut_off():
    @primitive(promotes="float", residuals={"slope": None})
    def wrong(x):
        return x * x * x, 3 * x * x

    wrong.defvjp(lambda xp, g, slope: g * slope)


@breaks("a_recorded_backward_gives_what_a_plain_one_gives")
def a_rule_that_looks_at_its_mode():
    @primitive(promotes="float")
    def wrong(x):
        return x * x

    wrong.defvjp(lambda xp, g, x: g * (2 * x if isinstance(x, np.ndarray) else 3 * x))


@breaks("the_gradient_is_linear_in_the_cotangent")
def a_rule_with_a_constant():
    @primitive(promotes="float")
    def wrong(x):
        return x + 1

    wrong.defvjp(lambda xp, g: g * g)


@breaks("float32_stays_float32")
def a_scalar_of_numpys_in_a_rule():
    @primitive(promotes="float")
    def wrong(x):
        return x + x

    wrong.defvjp(lambda xp, g: g * np.float64(2))


@breaks("float32_stays_float32")
def a_forward_that_widens():
    @primitive(promotes="float")
    def wrong(x):
        return x * np.float64(2)

    wrong.defvjp(lambda xp, g: g * 2)


@breaks("the_layout_in_memory_does_not_matter")
def a_forward_that_reads_memory_in_order():
    @primitive(promotes="float")
    def wrong(x):
        return np.ravel(x, order="K").reshape(x.shape) * 1

    wrong.defvjp(lambda xp, g: g)


@breaks("nothing_that_was_given_is_changed")
def a_forward_that_writes_into_its_argument():
    @primitive(promotes="float")
    def wrong(x):
        x *= 2
        return x + 0

    wrong.defvjp(lambda xp, g: g * 2)


@breaks("nothing_that_was_given_is_changed")
def a_rule_that_writes_into_the_cotangent():
    def rule(xp, g):
        if isinstance(g, np.ndarray):
            g *= 2
            return g
        return g * 2

    @primitive(promotes="float")
    def wrong(x):
        return x + x

    wrong.defvjp(rule)


@breaks("a_result_has_memory_of_its_own")
def a_forward_that_hands_its_argument_through():
    @primitive(promotes="float")
    def wrong(x):
        return x

    wrong.defvjp(lambda xp, g: g)


@breaks("a_view_looks_at_the_memory_of_its_argument")
def a_view_that_copies():
    @primitive(view=True)
    def wrong(x):
        return x.T.copy()

    wrong.defvjp(lambda xp, g: g.T)


@breaks("a_node_keeps_what_its_rules_name_and_nothing_else")
def an_argument_kept_aside():
    @primitive(promotes="float")
    def wrong(x):
        KEPT.append(x)
        return x + x

    wrong.defvjp(lambda xp, g: g * 2)


@breaks("the_graph_is_freed_without_the_collector")
def a_result_kept_aside():
    @primitive(promotes="float")
    def wrong(x):
        out = np.exp(x)
        KEPT.append(out)
        return out

    wrong.defvjp(lambda xp, g, out: g * out)


@breaks("a_fused_operation_is_its_composite")
def a_composite_that_is_something_else():
    @primitive(promotes="float")
    def wrong(x):
        return x * x

    wrong.defvjp(lambda xp, g, x: g * 2 * x)
    wrong.defcomposite(lambda xp, x: x * x * 1.0001)


@breaks("a_residual_is_what_its_expression_says", inputs=2)
def a_residual_with_another_sign():
    @primitive(promotes="float", residuals={"difference": lambda xp, x, y: y - x})
    def wrong(x, y):
        return (x - y) ** 2, x - y

    wrong.defvjp(lambda xp, g, difference: 2 * g * difference, lambda xp, g, difference: -2 * g * difference)


@breaks("the_value_is_that_of_the_reference")
def a_value_that_is_off():
    @primitive(promotes="float")
    def wrong(x):
        return np.sin(x) + 1e-9

    wrong.defvjp(lambda xp, g, x: g * xp.cos(x))


@pytest.fixture
def registry():
    yield
    primitives.pop("wrong", None)
    KEPT.clear()


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_operation_breaks_its_law(name):
    maker, inputs = WRONG[name]
    maker()
    applies, obey = LAWS[name.partition(":")[0]]
    case = Case("wrong", 0, (real(2, 3),) * inputs, {}, np.sin, order=2)
    assert applies(case)
    with pytest.raises((AssertionError, RuntimeError)):
        obey(case)


def test_every_law_is_seen_to_bite_but_the_two_that_need_a_broken_engine():
    seen = {name.partition(":")[0] for name in WRONG}
    engine = {
        "operands_of_two_dtypes_are_promoted_and_each_gradient_returns_in_its_own",
        "backward_lets_go_of_what_was_saved",
    }
    assert seen | engine == set(LAWS)
