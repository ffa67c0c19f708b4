"""An expression as a person types it, evaluated on Tensors: names, numbers, + - * / **, brackets and functions only.

Nothing is ever handed to Python to run: the syntax tree is walked, and what is not in the list is an error that points
at its place.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from autodiff.errors import AutodiffError
from autodiff.graph import Value
from autodiff.ops import elementwise
from autodiff.primitive import Primitive, primitives
from autodiff.tensors import tensor
from autodiff.tracing import record
from autodiff.tracing.recorder import Record

__all__ = ["ExpressionError", "functions", "trace"]

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
CONSTANTS = {"pi": math.pi, "e": math.e}
ALIASES = {"ln": "log", "abs": "absolute", "max": "maximum", "min": "minimum"}
# What an error quotes of an expression, in letters.
LONGEST = 100
# What has an operator, and what is no function of mathematics.
NOT_FUNCTIONS = {"add", "subtract", "multiply", "divide", "negative", "power", "copy", "where", "clip", "remainder"}


class ExpressionError(AutodiffError, ValueError):
    """An expression that cannot be read, or not computed; it shows the place."""

    def __init__(self, problem: str, text: str, node: Any = None, mend: str = "") -> None:
        lines = [problem, f"    {_shortened(text)}"]
        if node is not None and "\n" not in text and len(text) <= LONGEST:
            # The tree counts bytes; a person counts letters.
            start, end = (
                len(text.encode()[:n].decode(errors="ignore")) for n in (node.col_offset, node.end_col_offset)
            )
            lines.append(f"    {' ' * start}{'^' * max(1, end - start)}")
        super().__init__("\n".join([*lines, mend] if mend else lines))


def functions() -> dict[str, Primitive]:
    """The functions that an expression may call, by name: the elementwise primitives, and some short names."""
    found = {
        name: op
        for name, op in primitives.items()
        if op.__module__ == elementwise.__name__
        and op.differentiable
        and not op.parameters
        and name not in NOT_FUNCTIONS
        and not name.endswith("_backward")
    }
    return dict(sorted({**found, **{alias: found[name] for alias, name in ALIASES.items() if name in found}}.items()))


def trace(text: str, values: Mapping[str, float]) -> Record:
    """Evaluate an expression, forward and backward, while recording.

    Parameters
    ----------
    text : str
        For example ``"log(x1) + x1*x2"``.
    values : mapping of str to float
        The inputs, in the order in which they are to be numbered.

    Returns
    -------
    Record

    Raises
    ------
    ExpressionError
        If the expression cannot be read, or a name in it has no value.

    Examples
    --------
    >>> trace("x**2 + 1", {"x": 3.0})["x"].adjoint.item()
    6.0
    """
    text = text.strip()
    tree = _parsed(text)
    inputs = {name: tensor(float(value), dtype="float64", requires_grad=True) for name, value in values.items()}
    with record(**inputs) as rec:
        try:
            y = _Walk(text, inputs)(tree.body)
        except RecursionError:
            raise ExpressionError("this is too long, or nested too deeply:", text) from None
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        for name in values:
            if name not in names:
                raise ExpressionError(f"{name} has a value, and the expression does not use it:", text)
        if not isinstance(y, Value):
            raise ExpressionError("there is nothing to differentiate by:", text, mend="use a name, as in x**2 x=3")
        if y._node is not None:
            y.backward()  # type: ignore[attr-defined]
    if "y" not in inputs and not any(y is x for x in inputs.values()):
        rec.name(y=y)
    return rec


def _parsed(text: str) -> ast.Expression:
    try:
        return ast.parse(text, mode="eval")
    except SyntaxError as error:
        mend = "a power is written **, as in x**2" if "^" in text else ""
        place = max((error.offset or 1) - 1, 0)
        problem = f"this is no expression ({error.msg}):"
        marker = ast.Name("", col_offset=place, end_col_offset=place + 1)
        raise ExpressionError(problem, text, marker, mend) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("this is too long, or nested too deeply:", text) from None
    except ValueError as error:
        raise ExpressionError(f"this is no expression ({error}):", text) from None


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


class _Walk:
    """Computes one expression, from the leaves of its syntax tree up."""

    def __init__(self, text: str, inputs: Mapping[str, Any]) -> None:
        self.text = text
        self.inputs = inputs
        self.functions = functions()

    def __call__(self, node: ast.expr) -> Any:
        """The value of a part of the expression: a Tensor, or a number if it holds no name."""
        match node:
            case ast.Constant(value=bool() | complex() | str() | bytes()):
                raise self.error(f"{ast.unparse(node)} is no real number:", node)
            case ast.Constant(value=int() | float() as number):
                return self.computed(float, node, number)
            case ast.Name(id=name):
                return self.named(name, node)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
                return OPERATORS[type(op)](self(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return self.computed(OPERATORS[type(op)], node, self(left), self(right))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self.called(name, node, args)
        mend = "a power is written **, as in x**2" if isinstance(getattr(node, "op", None), ast.BitXor) else ""
        allowed = mend or "an expression is made of names, numbers, + - * / **, parentheses and functions"
        raise self.error("this is not part of an expression:", node, allowed)

    def named(self, name: str, node: ast.expr) -> Any:
        """An input, or one of the constants."""
        if name in self.inputs:
            return self.inputs[name]
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in self.functions:
            raise self.error(f"{name} is a function and needs an argument:", node, f"write {name}(...)")
        raise self.error(f"{name} has no value:", node, f"give it one after the expression, as in {name}=1")

    def called(self, name: str, node: ast.expr, args: list[ast.expr]) -> Any:
        """A function of the list."""
        op = self.functions.get(name)
        if op is None:
            known = f"the functions are {', '.join(self.functions)}"
            raise self.error(f"there is no function {name}:", node, known)
        if len(args) != len(op.arguments) or any(isinstance(a, ast.Starred) for a in args):
            n = len(op.arguments)
            raise self.error(f"{name} takes {n} argument{'' if n == 1 else 's'}, not {len(args)}:", node)
        operands = [self(a) for a in args]
        if any(isinstance(o, Value) for o in operands):
            return op(*operands)
        result = op(*[tensor(o, dtype="float64") for o in operands])
        return result.item()

    def computed(self, function: Callable[..., Any], node: ast.expr, *operands: Any) -> Any:
        """A result, unless the numbers in it give none."""
        try:
            result = function(*operands)
        except ArithmeticError as error:
            raise self.error(f"this cannot be computed ({error.args[-1]}):", node) from None
        if isinstance(result, complex):
            raise self.error("this is no real number:", node)
        return result

    def error(self, problem: str, node: ast.expr, mend: str = "") -> ExpressionError:
        return ExpressionError(problem, self.text, node, mend)
