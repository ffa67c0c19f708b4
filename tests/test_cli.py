"""The command line: what ``python -m autodiff trace`` prints, draws and refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autodiff.__main__ import main
from autodiff.tracing.typed import functions

ROOT = Path(__file__).resolve().parent.parent
TEXTBOOK = "log(x1) + x1*x2 - sin(x2)"


def run(capsys, *arguments):
    """Exit code, output and errors of one call."""
    try:
        code = main(["trace", *arguments])
    except SystemExit as stopped:
        code = stopped.code
    return code, *capsys.readouterr()


def refused(capsys, *arguments):
    """The message of a call that must end with exit code 2 and print nothing."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    return err


def test_the_textbooks_table_is_printed_by_a_process_of_its_own(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "autodiff", "trace", TEXTBOOK, "x1=2", "x2=5", "--svg", "t.svg"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "v1   = ln(v-1)      = 0.693  │ v̄-1  = v̄-1 + v̄1/v-1  = 5 + 0.5     = 5.5     ∂v1/∂v-1 = 0.5" in lines
    assert "v3   = sin(v0)      = -0.959 │ v̄0   = v̄3·cos(v0)                  = -0.284  ∂v3/∂v0 = 0.284" in lines
    assert lines[-1].startswith("y    = v5           = 11.652")
    assert "<svg" in (tmp_path / "t.svg").read_text(encoding="utf-8")


def test_values_are_double_precision(capsys):
    _, out, _ = run(capsys, "x/3", "x=1", "--precision", "15")
    assert "0.333333333333333" in out


def test_the_table_can_be_markdown_or_ascii_or_in_the_users_names(capsys):
    assert run(capsys, "x*y", "x=2", "y=3", "--markdown")[1].startswith("| Forward primal trace |")
    assert run(capsys, "x*y", "x=2", "y=3", "--ascii")[1].isascii()
    assert "= a*b" in run(capsys, "a*b", "a=2", "b=3", "--names")[1].replace("·", "*")


@pytest.mark.parametrize(
    ("expression", "values", "adjoint"),
    [
        ("-x**2", ["x=3"], "-6"),
        ("-x", ["x=3"], "-1"),
        ("+x*2", ["x=3"], "2"),
        ("2**x", ["x=0"], "0.693"),
        ("(x + 1) * (x - 1)", ["x=3"], "6"),
        ("sin(pi/2) * x", ["x=1"], "1"),
        ("max(x, 2)", ["x=3"], "1"),
        ("ln(exp(x))", ["x=3"], "1"),
        ("abs(x)", ["x=-3"], "-1"),
        ("x", ["x=-3"], "1"),
        ("e*x", ["x=1", "e=5"], "5"),
        (" x*1e3 ", [" x = 2 "], "1000"),
    ],
)
def test_an_expression_is_read_as_mathematics_is(capsys, expression, values, adjoint):
    code, out, _ = run(capsys, expression, *values)
    first = out.splitlines()[2]
    assert code == 0
    assert first.split("=")[-1].strip() == adjoint


def test_names_are_numbered_in_the_order_in_which_they_are_given(capsys):
    _, out, _ = run(capsys, "a*b", "b=1", "a=2")
    assert out.index("v-1  = b") < out.index("v0   = a")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x + z", "x=1"], "z has no value:\n    x + z\n        ^\ngive it one after the expression, as in z=1"),
        (["x"], "x has no value"),
        (["x", "x=1", "w=2"], "w has a value, and the expression does not use it:\n    x"),
        (["foo(x)", "x=1"], "there is no function foo:\n    foo(x)\n    ^^^^^^\nthe functions are abs, "),
        (["sin(x, x)", "x=1"], "sin takes 1 argument, not 2:"),
        (["sin + x", "x=1"], "sin is a function and needs an argument:\n    sin + x\n    ^^^"),
        (["x +", "x=1"], "this is no expression (invalid syntax):\n    x +"),
        (["x^2", "x=1"], "    x^2\n    ^^^\na power is written **, as in x**2"),
        (["x*'a'", "x=1"], "'a' is no real number:\n    x*'a'\n      ^^^"),
        (["x*2j", "x=1"], "2j is no real number:"),
        (["x if x else 2", "x=1"], "this is not part of an expression:"),
        (["2 + 3"], "there is nothing to differentiate by:\n    2 + 3"),
        (["x*(1/0)", "x=1"], "this cannot be computed (float division by zero):\n    x*(1/0)\n       ^^^"),
        (["9.0**9**9*x", "x=1"], "this cannot be computed (Numerical result out of range):"),
        (["(-1)**0.5*x", "x=1"], "this is no real number:\n    (-1)**0.5*x"),
        (["x", "x"], "'x' is no NAME=VALUE; write for example x1=2"),
        (["x", "x=two"], "the value of x is no number: 'two'"),
        (["x", "x=1", "x=2"], "x has two values, 1 and 2; give it one"),
        (["x", "x=1", "--precision", "99"], "--precision is a number of decimals from 0 to 17, not 99"),
        (["(" * 500 + "x" + ")" * 500, "x=1"], "..."),
        (["+".join(["x"] * 20000), "x=1"], "this is too long, or nested too deeply:"),
        (["é*x", "x=1"], "é has no value:\n    é*x\n    ^\n"),
    ],
)
def test_what_is_typed_wrong_is_shown_with_its_place_and_a_mend(capsys, arguments, message):
    shown = refused(capsys, *arguments)
    assert message in shown
    assert shown.startswith("trace: ")
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    "attack",
    [
        "__import__('os').system('true')",
        "x.__class__",
        "(lambda: x)()",
        "[x for x in (1,)]",
        "x[0]",
        "open('f')",
        "exp(*[x])",
        "exp(input=x)",
        "(y := x)",
        "f'{x}'",
    ],
)
def test_nothing_but_arithmetic_is_ever_run(capsys, attack):
    refused(capsys, attack, "x=1")


def test_an_exponent_of_any_size_is_answered_at_once(capsys):
    refused(capsys, "9**9**9**9*x", "x=1")


def test_help_and_no_command_say_how_it_is_used(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert "NAME=VALUE" in out
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 2
    assert "usage: python -m autodiff" in capsys.readouterr().err


def test_the_functions_are_the_elementwise_ones_of_the_engine():
    assert {"log", "ln", "exp", "sin", "cos", "tanh", "sqrt", "sigmoid", "abs", "max"} <= set(functions())
    assert not {"add", "relu_backward", "cast", "sum", "matmul"} & set(functions())


def test_a_picture_that_cannot_be_made_leaves_the_table_and_exit_code_1(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    code, out, err = run(capsys, "x*2", "x=1", "--svg", "picture.svg")
    assert code == 1
    assert "Forward primal trace" in out
    assert "pip install 'wengert[viz]'" in err
