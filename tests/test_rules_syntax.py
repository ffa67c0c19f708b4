"""Derivative rules, read as syntax trees: they use operators and `xp` only, so that they serve every mode.

A rule that reaches for NumPy, looks at the type of what flows through it or asks which mode it is in would be right in
one mode and silently wrong, or cut off from the graph, in the other.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from autodiff.errors import AutodiffError
from autodiff.primitive import Primitive, primitive, primitives

FORBIDDEN_NAMES = {
    "np",
    "numpy",
    "isinstance",
    "issubclass",
    "type",
    "modes",
    "plain",
    "recorded",
    "hasattr",
    "getrefcount",
}
FORBIDDEN_ATTRIBUTES = {"item", "tolist", "numpy", "detach", "data", "_array", "_node", "requires_grad", "grad"}


def rules_of(op: Primitive) -> list:
    """The functions that the author of an operation wrote in terms of `xp`."""
    compiled = [*op.rules, op.joint, *op.residuals]
    return [c.rule for c in compiled if c is not None] + ([op.composite] if op.composite else [])


@cache
def module_tree(path: str) -> list[ast.AST]:
    """Every function and lambda of a file."""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)]


def tree_of(function) -> ast.AST:
    """The syntax tree of a function, found by its place and its arguments (several lambdas may share a line)."""
    code = function.__code__
    arguments = code.co_varnames[: code.co_argcount]
    for node in module_tree(code.co_filename):
        first = min([node.lineno, *[d.lineno for d in getattr(node, "decorator_list", [])]])
        if first == code.co_firstlineno and tuple(a.arg for a in node.args.args) == arguments:
            return node
    raise AssertionError(f"no source for {function}")


def helpers_called_with_xp(function) -> Iterator:
    """Functions of the same module that a rule hands its namespace to."""
    for node in ast.walk(tree_of(function)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in function.__globals__
            and any(isinstance(a, ast.Name) and a.id == "xp" for a in node.args)
        ):
            yield function.__globals__[node.func.id]


def all_of(op: Primitive) -> dict[str, object]:
    """The rules of an operation, and what they call with `xp`, directly or not."""
    found: dict[str, object] = {}
    waiting = rules_of(op)
    while waiting:
        function = waiting.pop()
        key = f"{function.__qualname__}:{function.__code__.co_firstlineno}"
        if key not in found:
            found[key] = function
            waiting += helpers_called_with_xp(function)
    return found


def is_xp(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "xp"


def offences(tree: ast.AST) -> list[str]:
    """What a rule must not contain, in the words of its source."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            found.append(node.id)
        if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES:
            found.append(f".{node.attr}")
        if isinstance(node, ast.Attribute) and is_xp(node.value) and node.attr not in primitives:
            found.append(f"xp.{node.attr}, which is no primitive")
        if isinstance(node, ast.Compare) and any(is_xp(x) for x in [node.left, *node.comparators]):
            found.append("a look at which namespace xp is")
        if isinstance(node, ast.AugAssign) and not isinstance(node.target, ast.Name):
            found.append("a write into an array")
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Subscript) for t in node.targets):
            found.append("a write into an array")
    return found


WITH_RULES = [name for name, op in primitives.items() if rules_of(op)]


@pytest.mark.parametrize("name", WITH_RULES)
def test_rules_use_operators_and_xp_only(name):
    for key, function in all_of(primitives[name]).items():
        assert not offences(tree_of(function)), f"{key} in a rule of {name} uses {offences(tree_of(function))}"


@pytest.mark.parametrize("name", WITH_RULES)
def test_an_augmented_assignment_in_a_rule_never_writes_into_the_cotangent_or_a_saved_array(name):
    for key, function in all_of(primitives[name]).items():
        code = function.__code__
        given = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        for node in ast.walk(tree_of(function)):
            if isinstance(node, ast.AugAssign):
                assert node.target.id not in given, f"{key} in a rule of {name} writes into {node.target.id}"


@pytest.mark.parametrize(
    ("source", "offence"),
    [
        ("lambda xp, g, x: g * np.cos(x)", "np"),
        ("lambda xp, g, x: g if isinstance(x, float) else x", "isinstance"),
        ("lambda xp, g, x: g * x.item()", ".item"),
        ("lambda xp, g, x: g * type(x)(2)", "type"),
        ("lambda xp, g: g if modes.grad else -g", "modes"),
        ("lambda xp, g: g if xp is plain else -g", "a look at which namespace xp is"),
        ("lambda xp, g, x: xp.cosine(x)", "xp.cosine, which is no primitive"),
        ("def rule(xp, g, x):\n    g[0] = 1", "a write into an array"),
        ("def rule(xp, g, x):\n    x.y += 1", "a write into an array"),
    ],
)
def test_the_reading_finds_what_is_forbidden(source, offence):
    assert offence in offences(ast.parse(source))


@pytest.mark.parametrize("name", primitives)
def test_no_argument_has_a_name_that_means_something_else_to_a_rule(name):
    for argument in primitives[name].arguments:
        assert argument not in ("out", "xp", "g", "needs")
        assert not argument.endswith("_shape")


# -- what the form refuses, at the moment a module is imported -----------------------------------------------------


@pytest.fixture
def registry():
    """Let a test add primitives and take them away again."""
    before = set(primitives)
    yield
    for name in set(primitives) - before:
        del primitives[name]


@pytest.mark.usefixtures("registry")
def test_a_rule_that_asks_for_an_unknown_name_is_refused_with_the_names_it_can_have():
    @primitive
    def doubled(x):
        return x + x

    with pytest.raises(AutodiffError, match=r"a rule of doubled asks for 'z'; it can have x, out, needs"):
        doubled.defvjp(lambda xp, g, z: g * z)
    with pytest.raises(AutodiffError, match="asks for 'axis', which is no static parameter of it"):
        doubled.defvjp(lambda xp, g, *, axis: g)
    with pytest.raises(AutodiffError, match=r"must begin with \('xp', 'g'\)"):
        doubled.defvjp(lambda g, x: g * x)
    with pytest.raises(AutodiffError, match="has 1 arguments and got 2 rules"):
        doubled.defvjp(lambda xp, g: g, lambda xp, g: g)


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", ["out", "g", "needs", "x_shape"])
def test_an_argument_with_a_reserved_name_is_refused(name):
    namespace: dict = {}
    exec(f"def reserved({name}): return {name}", namespace)
    with pytest.raises(AutodiffError, match=f"'{name}' means something else to a rule"):
        primitive(namespace["reserved"])


@pytest.mark.usefixtures("registry")
def test_a_second_primitive_of_one_name_is_refused():
    def add(x, y):
        return x

    with pytest.raises(AutodiffError, match="there is a primitive called 'add' already"):
        primitive(add)
