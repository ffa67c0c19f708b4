"""Traces: every figure of the two textbook examples comes out, and any other code can be recorded as well."""

import importlib.util
import math
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import autodiff as ad
from autodiff.tracing.numerals import number

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def example(name):
    """An example of the repository, as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def leaf(value):
    return ad.tensor(value, dtype=ad.float64, requires_grad=True)


def stands_for(figure, value):
    """Whether a textbook may print `value` as `figure`: textbooks round, and some of them cut digits off."""
    digits = len(figure.partition(".")[2])
    cut = math.trunc(float(value) * 10**digits) / 10**digits
    return float(figure) in (round(float(value), digits), cut)


def values(row):
    return [c.value.item() for c in row.contributions]


# -- textbook example 1: y = ln(x1) + x1 x2 - sin(x2) at (2, 5) -----------------------------------------------------


@pytest.fixture(scope="module")
def formula():
    return example("trace").trace()


@pytest.mark.parametrize(
    ("label", "expression", "value"),
    [
        ("v-1", "", "2"),
        ("v0", "", "5"),
        ("v1", "ln(v-1)", "0.693"),
        ("v2", "v-1·v0", "10"),
        ("v3", "sin(v0)", "-0.959"),
        ("v4", "v1 + v2", "10.693"),
        ("v5", "v4 - v3", "11.652"),
    ],
)
def test_the_forward_trace_is_the_textbooks(formula, label, expression, value):
    assert formula[label].expression == expression
    assert stands_for(value, formula[label].value)


@pytest.mark.parametrize(
    ("label", "adjoint"),
    [("v-1", "5.5"), ("v0", "1.716"), ("v1", "1"), ("v2", "1"), ("v3", "-1"), ("v4", "1"), ("v5", "1")],
)
def test_the_adjoints_are_the_textbooks(formula, label, adjoint):
    assert stands_for(adjoint, formula[label].adjoint)


def test_values_are_numbered_by_depth_and_inputs_end_at_zero(formula):
    assert [row.label for row in formula.rows] == ["v-1", "v0", "v1", "v2", "v3", "v4", "v5"]
    assert [row.operation for row in formula.rows] == ["", "", "log", "multiply", "sin", "add", "subtract"]


def test_the_adjoint_of_v0_is_first_what_comes_through_the_sine_and_then_the_sum(formula):
    sine, product = formula["x2"].contributions
    assert (sine.source, sine.operation, sine.formula) == ("v3", "sin", "v̄3·cos(v0)")
    assert (product.source, product.operation, product.formula) == ("v2", "multiply", "v̄2·v-1")
    assert [stands_for(f, c.total) for f, c in (("-0.284", sine), ("1.716", product))] == [True, True]
    assert stands_for("0.284", sine.partial)
    assert product.partial == 2


def test_the_table_stands_as_in_the_book(formula):
    assert formula.table(unicode=True).splitlines() == [
        "Forward primal trace         │ Reverse adjoint trace (read upwards)",
        "─────────────────────────────┼─────────────────────────────────────────────────────────────",
        "v-1  = x1           = 2      │ v̄-1  = ∂y/∂x1                      = 5.5",
        "v0   = x2           = 5      │ v̄0   = ∂y/∂x2                      = 1.716",
        "─────────────────────────────┼─────────────────────────────────────────────────────────────",
        "v1   = ln(v-1)      = 0.693  │ v̄-1  = v̄-1 + v̄1/v-1  = 5 + 0.5     = 5.5     ∂v1/∂v-1 = 0.5",
        "v2   = v-1·v0       = 10     │ v̄0   = v̄0 + v̄2·v-1   = -0.284 + 2  = 1.716   ∂v2/∂v0 = 2",
        "                             │ v̄-1  = v̄2·v0                       = 5       ∂v2/∂v-1 = 5",
        "v3   = sin(v0)      = -0.959 │ v̄0   = v̄3·cos(v0)                  = -0.284  ∂v3/∂v0 = 0.284",
        "v4   = v1 + v2      = 10.693 │ v̄2   = v̄4                          = 1       ∂v4/∂v2 = 1",
        "                             │ v̄1   = v̄4                          = 1       ∂v4/∂v1 = 1",
        "v5   = y = v4 - v3  = 11.652 │ v̄3   = -v̄5                         = -1      ∂v5/∂v3 = -1",
        "                             │ v̄4   = v̄5                          = 1       ∂v5/∂v4 = 1",
        "─────────────────────────────┼─────────────────────────────────────────────────────────────",
        "y    = v5           = 11.652 │ v̄5   = seed                        = 1",
    ]


def test_without_unicode_the_table_is_ascii_and_says_the_same(formula):
    table = formula.table(unicode=False)
    assert table.isascii()
    assert "v0_bar   = v0_bar + v2_bar*v-1   = -0.284 + 2  = 1.716   dv2/dv0 = 2" in table


def test_printing_falls_back_to_ascii_where_the_output_cannot_show_more(formula, monkeypatch):
    class Terminal:
        encoding = "ascii"

    monkeypatch.setattr(sys, "stdout", Terminal())
    assert str(formula).isascii()
    Terminal.encoding = "utf-8"
    assert "v̄0" in str(formula)


def test_formulas_can_be_in_the_users_names(formula):
    table = formula.table(names=True, unicode=True)
    assert "x̄2  = x̄2 + v̄2·x1" in table
    assert "y   = v4 - v3" in table


def test_markdown_has_one_line_for_each_line_of_the_table(formula):
    lines = formula.markdown().splitlines()
    assert lines[0].count("|") == 4
    assert "| v3 = sin(v0) = -0.959 | v̄0 = v̄3·cos(v0) = -0.284 | ∂v3/∂v0 = 0.284 |" in lines
    assert len(lines) == 2 + 11


def test_notebooks_show_an_html_table_with_everything_escaped():
    x = leaf(2.0)
    with ad.record(**{"<x>": x}) as rec:
        (x * 3).backward()
    html = rec._repr_html_()
    assert "&lt;x&gt;" in html
    assert "<x>" not in html
    assert html.count("<tr>") == html.count("</tr>") == 4


# -- textbook example 2: the 2-2-2 logistic network ------------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    return example("backpropagation").step()


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("net_h1", "0.3775"),
        ("out_h1", "0.59327"),
        ("out_h2", "0.59688"),
        ("net_o1", "1.1059"),
        ("out_o1", "0.75136"),
        ("out_o2", "0.77292"),
        ("E_o1", "0.27481"),
        ("E_o2", "0.02356"),
        ("E", "0.29837"),
    ],
)
def test_the_network_computes_the_textbooks_values(network, name, figure):
    assert stands_for(figure, network[0][name].value)


@pytest.mark.parametrize(
    ("name", "figure"), [("out_o1", "0.74136"), ("w5", "0.08216"), ("out_h1", "0.03635"), ("w1", "0.00043")]
)
def test_the_network_sends_back_the_textbooks_adjoints(network, name, figure):
    assert stands_for(figure, network[0][name].adjoint)


def test_the_slope_of_the_output_unit_is_a_local_partial(network):
    (through_the_output,) = network[0]["net_o1"].contributions
    assert stands_for("0.18681", through_the_output.partial)


def test_both_errors_arrive_at_the_hidden_unit(network):
    from_o2, from_o1 = network[0]["out_h1"].contributions
    assert stands_for("-0.01905", from_o2.value)
    assert stands_for("0.0554", from_o1.value)
    assert stands_for("0.03635", from_o1.total)


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("w1", "0.14978"),
        ("w2", "0.19956"),
        ("w3", "0.24975"),
        ("w4", "0.2995"),
        ("w5", "0.35891"),
        ("w6", "0.40866"),
        ("w7", "0.5113"),
        ("w8", "0.56137"),
    ],
)
def test_one_step_moves_the_weights_to_the_textbooks(network, name, figure):
    _, after, _ = network
    assert stands_for(figure, after[name].item())


def test_all_figures_of_the_network_stand_in_its_table(network):
    table = network[0].table(precision=6, names=True, unicode=True)
    words = re.findall(r"(?<![\w.])-?\d+\.\d+", table)
    figures = "0.3775 0.59327 0.59688 1.1059 0.75136 0.77292 0.27481 0.02356 0.29837 0.74136 0.18681 0.08216 0.0554"
    figures += " -0.01905 0.03635 0.00043"
    missing = [f for f in figures.split() if not any(stands_for(f, word) for word in words)]
    assert not missing


@pytest.mark.parametrize("name", ["trace", "backpropagation"])
def test_the_examples_print_their_tables(name, capsys):
    example(name).main()
    printed = capsys.readouterr().out
    assert "Reverse adjoint trace" in printed
    assert "dE/dout_h1 = 0.0554 + (-0.01905) = 0.03635" in printed if name == "backpropagation" else "1.716" in printed


# -- what is recorded -------------------------------------------------------------------------------------------------


def test_a_record_hears_its_block_and_nothing_else():
    x = leaf(2.0)
    x * 2
    with ad.record() as rec:
        x * 3
    x * 4
    assert [row.expression for row in rec.rows if row.operation] == ["v0·3"]
    assert len(rec) == 1


def test_a_record_can_be_entered_again_and_goes_on():
    x = leaf(2.0)
    with ad.record() as rec:
        y = x * 3
    with rec:
        y.exp()
    assert [row.expression for row in rec.rows] == ["", "v0·3", "exp(v1)"]


def test_a_record_inside_another_leaves_the_outer_one_nothing_to_miss():
    x = leaf(2.0)
    with ad.record() as outer:
        y = x * 3
        with ad.record() as inner:
            z = y.exp()
            z.backward()
    assert len(outer) == 2
    assert len(inner) == 1
    assert outer["v0"].adjoint == pytest.approx(3 * math.exp(6))


def test_entering_the_same_record_twice_at_once_is_refused():
    with ad.record() as rec, pytest.raises(ad.AutodiffError, match="listening already"), rec:
        pass


def test_a_record_ends_with_its_block_even_after_an_error():
    x = leaf(2.0)
    with pytest.raises(ZeroDivisionError), ad.record() as rec:
        1 / 0  # noqa: B018
    x * 2
    assert len(rec) == 0


def test_other_threads_are_not_recorded():
    x = leaf(2.0)
    with ad.record() as rec:
        thread = threading.Thread(target=lambda: x * 5)
        thread.start()
        thread.join()
        x * 3
    assert [row.expression for row in rec.rows if row.operation] == ["v0·3"]


def test_nothing_is_recorded_under_no_grad():
    x = leaf(2.0)
    with ad.record() as rec:
        with ad.no_grad():
            y = x * 3
        x + y
    assert [row.expression for row in rec.rows] == ["", "v0 + 6"]


def test_recording_changes_no_number():
    def run():
        x = leaf([0.5, -1.5, 2.5])
        y = (x.exp() * x).sum() + x[1] * x.sigmoid().sum()
        y.backward()
        return y.numpy(force=True), x.grad.numpy()

    alone = run()
    with ad.record():
        recorded = run()
    assert all(np.array_equal(a, b) for a, b in zip(alone, recorded, strict=True))


def test_values_are_copies_that_later_writes_do_not_reach():
    x = leaf([1.0, 2.0])
    with ad.record(x=x) as rec:
        (x * x).sum().backward()
    with ad.no_grad():
        x += 10
        x.grad *= 0
    assert rec["x"].value.tolist() == [1, 2]
    assert rec["x"].adjoint.tolist() == [2, 4]


def test_a_weight_after_a_step_is_another_value_of_the_same_name():
    w = leaf(1.0)
    with ad.record(w=w) as rec:
        for _ in range(2):
            w.grad = None
            (w * w * 3).backward()
            with ad.no_grad():
                w -= 0.5 * w.grad
    assert [row.value.item() for row in rec.rows if row.name == "w"] == [1, -2]
    assert rec["w"].adjoint == -12
    assert "Backward pass 2 of 2" in rec.table()
    assert "Backward pass 1 of 2" in rec.table(backward=0)
    with pytest.raises(ad.AutodiffError, match="holds 2 backward passes; backward=2"):
        rec.table(backward=2)


def test_a_value_used_twice_by_one_operation_gets_both_contributions():
    x = leaf(2.0)
    with ad.record() as rec:
        (x / x).backward()
    assert [c.formula for c in rec["v0"].contributions] == ["v̄1/v0", "-v̄1·v1/v0"]
    assert values(rec["v0"]) == [0.5, -0.5]


def test_contributions_that_arrive_out_of_the_order_of_reading_are_counted():
    x = leaf(3.0)
    with ad.record() as rec:
        (x.log() * x + x * x * 1.5).backward()
    table = rec.table(unicode=True)
    assert "(1st)" in table
    assert "order of arrival" in table
    assert "(1st)" not in example("trace").trace().table()


def test_a_second_backward_through_the_gradient_is_recorded_too():
    x = leaf(3.0)
    with ad.record(x=x) as rec:
        (g,) = ad.grad(x * x * x, x, create_graph=True)
        ad.grad(g, x)
    rec.name(g=g)
    assert rec["g"].value == 27
    assert rec["x"].adjoint == 18


def test_each_of_several_results_is_a_value():
    x = leaf([1.0, 2.0, 3.0])
    with ad.record(x=x) as rec:
        a, b = x.split([1, 2])
        (a * b).sum().backward()
    rec.name(a=a, b=b)
    assert rec["b"].expression.endswith("[1]")
    assert rec["b"].adjoint.tolist() == [1, 1]
    assert rec["x"].adjoint.tolist() == [5, 1, 1]


def test_writes_in_place_are_recorded_as_the_values_they_make():
    x = leaf([1.0, 2.0, 3.0])
    with ad.record(x=x) as rec:
        y = x * 2
        y[0] = x[1] * 5
        y *= x
        y.sum().backward()
    rec.name(y=y)
    assert rec["y"].value.tolist() == [10, 8, 18]
    assert rec["x"].adjoint.tolist() == x.grad.tolist()
    assert any("with [0] =" in row.expression for row in rec.rows)


def test_a_users_own_function_is_one_operation():
    class Cube(ad.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x * x * g

    x = leaf(2.0)
    with ad.record() as rec:
        Cube.apply(x).backward()
    assert rec["v1"].expression == "Cube(v0)"
    assert rec["v0"].contributions[0].partial == 12
    assert "via v1 (Cube)" in rec.table(unicode=True)


def test_a_backward_through_code_before_the_record_shows_shapes_and_adjoints():
    x = leaf([1.0, 2.0, 3.0])
    y = (x * x).sum()
    with ad.record() as rec:
        y.backward()
    assert [row.operation for row in rec.rows] == ["", "multiply", "sum"]
    assert rec["v1"].value is None
    assert rec["v1"].shape == (3,)
    assert rec["v0"].adjoint.tolist() == [2, 4, 6]


def test_a_backward_that_leaves_the_record_counts_what_comes_back_from_outside():
    x = leaf(2.0)
    before = x * x
    with ad.record(x=x, before=before) as rec:
        (before * x).backward()
    assert rec["x"].adjoint == 12
    assert [(c.source, c.value.item()) for c in rec["x"].contributions] == [("v1", 4), ("", 4), ("", 4)]
    assert "from outside the record" in rec.table()


def test_two_roots_each_have_their_seed():
    x = leaf(2.0)
    with ad.record(x=x) as rec:
        a, b = x * 3, x * 5
        ad.autograd.backward([a, b], [ad.tensor(2.0, dtype=ad.float64), ad.tensor(1.0, dtype=ad.float64)])
    assert [c.source for row in rec.rows for c in row.contributions if not c.source] == ["", ""]
    assert rec["x"].adjoint == 11
    assert rec.table().count("seed") == 2


def test_a_contribution_is_shown_as_it_is_added_after_broadcasting():
    b = leaf([1.0, 2.0])
    with ad.record(b=b) as rec:
        (ad.ones(3, 2, dtype=ad.float64) + b).sum().backward()
    (contribution,) = rec["b"].contributions
    assert contribution.value.tolist() == [3, 3]


def test_a_local_partial_is_left_out_where_the_adjoint_is_zero():
    x = leaf(2.0)
    with ad.record() as rec:
        (x.exp() * 0.0).backward()
    assert rec["v0"].contributions[0].partial is None


# -- names and lines --------------------------------------------------------------------------------------------------


def test_all_local_names_can_be_given_at_once():
    x = leaf(2.0)
    not_a_tensor = "passed over"
    with ad.record() as rec:
        doubled = x * 2
    rec.name(**locals())
    assert rec["x"].label == "v0"
    assert rec["doubled"].expression == "v0·2"
    assert not_a_tensor


def test_parameters_are_called_as_in_their_module():
    class Model:
        def __init__(self):
            self.weight = leaf([[1.0, 2.0]])

        def named_parameters(self):
            yield "weight", self.weight

    model = Model()
    with ad.record(model) as rec:
        (model.weight * 2).sum().backward()
    assert rec["weight"].adjoint.tolist() == [[2, 2]]
    again = ad.record().watch(model, prefix="first.")
    with again:
        model.weight * 2
    assert again["first.weight"].label == "v0"


def test_inputs_are_numbered_in_the_order_of_their_names():
    x, y = leaf(1.0), leaf(2.0)
    with ad.record(y=y, x=x) as rec:
        x * y
    assert [(row.name, row.label) for row in rec.rows[:2]] == [("y", "v-1"), ("x", "v0")]


def test_a_value_that_was_named_and_never_used_is_no_part_of_the_trace():
    x, unused = leaf(1.0), leaf(2.0)
    with ad.record(unused=unused, x=x) as rec:
        x * 2
    assert [row.name for row in rec.rows if row.name] == ["x"]


def test_each_operation_knows_the_line_it_was_written_on():
    x = leaf(2.0)
    with ad.record() as rec:
        line = sys._getframe().f_lineno + 1
        x.exp()
    assert rec["v1"].where == f"test_trace.py:{line}"


def test_a_value_changed_in_place_is_named_with_its_line_while_recording():
    x = leaf([1.0, 2.0])
    with ad.record():
        y = x * 2
        line = sys._getframe().f_lineno + 1
        z = y * y
        y += 1
        with pytest.raises(ad.StaleValueError, match=rf"at test_trace\.py:{line}"):
            z.sum().backward()


def test_an_unknown_name_is_answered_with_the_names_there_are():
    x = leaf(2.0)
    with ad.record(x=x) as rec:
        x * 2
    with pytest.raises(ad.AutodiffError, match="called 'z'; it has x, v1"):
        rec["z"]


def test_a_tensor_by_position_is_refused_with_the_way_to_write_it():
    with pytest.raises(ad.AutodiffError, match=r"ad\.record\(model, x=x\); got a Tensor by position"):
        ad.record(leaf(2.0))


def test_an_empty_record_says_so():
    with ad.record() as rec:
        pass
    assert "Nothing was recorded" in str(rec)
    assert rec.rows == []
    assert repr(rec) == "<record of 0 operations and 0 backward passes>"


def test_a_record_without_backward_shows_one_column_and_says_why():
    x = leaf(2.0)
    with ad.record() as rec:
        x * 2
    assert "Reverse" not in str(rec)
    assert "call backward() inside the with block" in str(rec)


# -- how things are written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expression", "formula"),
    [
        (lambda x: x + 3, "v0 + 3", "v̄1"),
        (lambda x: 3 - x, "3 - v0", "-v̄1"),
        (lambda x: x * -2, "v0·(-2)", "-2·v̄1"),
        (lambda x: 2 / x, "2/v0", "-v̄1·v1/v0"),
        (lambda x: x**3, "v0**3", "v̄1·3·v0**2"),
        (lambda x: x**2, "v0**2", "v̄1·2·v0"),
        (lambda x: -x, "-v0", "-v̄1"),
        (lambda x: x.exp(), "exp(v0)", "v̄1·v1"),
        (lambda x: x.sqrt(), "sqrt(v0)", "v̄1/(2·v1)"),
        (lambda x: x.tanh(), "tanh(v0)", "v̄1·(1 - v1·v1)"),
        (lambda x: x.sigmoid(), "sigmoid(v0)", "v̄1·v1·(1 - v1)"),
        (lambda x: x.relu(), "relu(v0)", "where(v1 != 0, v̄1, 0)"),
        (lambda x: abs(x), "|v0|", "v̄1·sgn(v0)"),
    ],
)
def test_an_operation_and_its_rule_are_written_as_formulas(function, expression, formula):
    x = leaf(1.5)
    with ad.record() as rec:
        function(x).backward()
    assert rec["v1"].expression == expression
    assert rec["v0"].contributions[0].formula == formula


def test_every_formula_of_a_contribution_gives_its_value():
    x, y = leaf(1.5), leaf(0.5)
    with ad.record(x=x, y=y) as rec:
        (x * y.exp() / (1 + x.sin()) - (x - y) ** 3 * y.tanh() + x.sqrt() * 2 / y).backward()
    names = {row.label.replace("-", "m"): row.value.item() for row in rec.rows}
    names |= {"a" + row.label.replace("-", "m"): row.adjoint.item() for row in rec.rows if row.adjoint is not None}
    names |= {f: getattr(math, f) for f in ("sin", "cos", "exp", "sqrt", "tanh")}
    checked = 0
    for row in rec.rows:
        for c in filter(lambda c: c.formula, row.contributions):
            code = c.formula.replace("v̄", "av").replace("v-", "vm").replace("·", "*")
            assert eval(code, names) == pytest.approx(c.value.item()), c.formula
            checked += 1
    assert checked > 15


def test_small_arrays_are_written_out_and_large_ones_by_their_shape():
    small, large = leaf([[1.0, 2.0, 3.0]]), leaf(np.ones((8, 3)))
    with ad.record(small=small, large=large) as rec:
        (small * large).sum().backward()
    table = rec.table()
    assert "[[1, 2, 3]]" in table
    assert "shape (8, 3)" in table


@pytest.mark.parametrize(
    ("value", "precision", "text"),
    [
        (1.0, 3, "1"),
        (11.6521, 3, "11.652"),
        (-0.28366, 3, "-0.284"),
        (0.055399, 3, "0.0554"),
        (0.000438568, 6, "0.000438568"),
        (0.0, 3, "0"),
        (-0.0, 3, "0"),
        (1e-12, 3, "1e-12"),
        (12345678.9, 3, "1.235e+07"),
        (float("nan"), 3, "nan"),
        (float("-inf"), 3, "-inf"),
        (100.0, 0, "100"),
        (np.float32(0.1), 3, "0.1"),
        (7, 3, "7"),
        (True, 3, "True"),
    ],
)
def test_numbers_are_short_and_keep_their_digits(value, precision, text):
    assert number(value, precision) == text
