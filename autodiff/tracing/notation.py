"""Formulas of operations and of their derivatives, as text.

There is no table of derivatives here. A rule serves every mode, because the engine chooses what flows through it (Note
[Two namespaces] in primitive.py); here formulas flow through it, and the namespace `xp` writes down what it is asked
for. So the derivative in a trace is what the rule computes, said in the names of the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff.errors import AutodiffError
from autodiff.primitive import Primitive, primitives
from autodiff.tracing.numerals import number
from autodiff.tracing.tape import UNKNOWN, Application, Variable

__all__ = ["Formula", "expression", "rule"]

# How tightly a formula is bound, for setting parentheses.
COMPARED, SUM, SIGNED, PRODUCT, POWER, ATOM = range(6)


class Formula:
    """A formula as text, with how tightly it is bound; of a named value also its shape and dtype, if a rule asks."""

    __hash__ = None  # type: ignore[assignment]
    # Without this, __getitem__ would make it iterable without end.
    __iter__ = None

    def __init__(self, text: str, level: int = ATOM, known: Any = None) -> None:
        self.text = text
        self.level = level
        self._known = known

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the value that it names."""
        return self._of().shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        """The dtype of the value that it names."""
        return self._of().dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions of the value that it names."""
        return len(self.shape)

    def _of(self) -> Any:
        if self._known is None:
            raise AutodiffError(f"of {self.text} only the formula is known")
        return self._known

    def __bool__(self) -> bool:
        raise AutodiffError(f"whether {self.text} holds depends on numbers")

    def __add__(self, other: Any) -> Formula:
        return _infix(self, " + ", other, SUM, SUM, SIGNED)

    def __radd__(self, other: Any) -> Formula:
        return _infix(other, " + ", self, SUM, SUM, SIGNED)

    def __sub__(self, other: Any) -> Formula:
        return _infix(self, " - ", other, SUM, SUM, PRODUCT)

    def __rsub__(self, other: Any) -> Formula:
        return _infix(other, " - ", self, SUM, SUM, PRODUCT)

    def __mul__(self, other: Any) -> Formula:
        return _product(self, other)

    def __rmul__(self, other: Any) -> Formula:
        return _product(other, self)

    def __truediv__(self, other: Any) -> Formula:
        return self if _is(other, 1) else _infix(self, "/", other, PRODUCT, SIGNED, POWER)

    def __rtruediv__(self, other: Any) -> Formula:
        return _infix(other, "/", self, PRODUCT, SIGNED, POWER)

    def __pow__(self, other: Any) -> Formula:
        return self if _is(other, 1) else _infix(self, "**", other, POWER, ATOM, POWER)

    def __rpow__(self, other: Any) -> Formula:
        return _infix(other, "**", self, POWER, ATOM, POWER)

    def __matmul__(self, other: Any) -> Formula:
        return _infix(self, " @ ", other, PRODUCT, PRODUCT, POWER)

    def __neg__(self) -> Formula:
        return Formula(f"-{_bound(self, PRODUCT)}", SIGNED)

    def __lt__(self, other: Any) -> Formula:
        return _infix(self, " < ", other, COMPARED, SUM, SUM)

    def __le__(self, other: Any) -> Formula:
        return _infix(self, " <= ", other, COMPARED, SUM, SUM)

    def __gt__(self, other: Any) -> Formula:
        return _infix(self, " > ", other, COMPARED, SUM, SUM)

    def __ge__(self, other: Any) -> Formula:
        return _infix(self, " >= ", other, COMPARED, SUM, SUM)

    def __eq__(self, other: Any) -> Formula:  # type: ignore[override]
        return _infix(self, " == ", other, COMPARED, SUM, SUM)

    def __ne__(self, other: Any) -> Formula:  # type: ignore[override]
        return _infix(self, " != ", other, COMPARED, SUM, SUM)

    def __and__(self, other: Any) -> Formula:
        return _infix(self, " & ", other, COMPARED, SUM, SUM)

    def __or__(self, other: Any) -> Formula:
        return _infix(self, " | ", other, COMPARED, SUM, SUM)

    def __getitem__(self, key: Any) -> Formula:
        parts = key if isinstance(key, tuple) else (key,)
        return Formula(f"{_bound(self, ATOM)}[{', '.join([_part(k) for k in parts])}]")


def _is(x: Any, value: float) -> bool:
    return isinstance(x, (int, float)) and x == value


def _product(x: Any, y: Any) -> Formula:
    """A product in a rule: a factor 1 is left out, a factor -1 is a sign, another number comes first."""
    for factor, other in ((x, y), (y, x)):
        if _is(factor, 1):
            return _formula(other)
        if _is(factor, -1):
            return -_formula(other)
    if isinstance(y, (int, float)):
        x, y = y, x
    return _times(x, y)


def _times(x: Any, y: Any) -> Formula:
    return _infix(x, "·", y, PRODUCT, SIGNED, PRODUCT)


def _infix(x: Any, sign: str, y: Any, level: int, left: int, right: int) -> Formula:
    """Two operands and a sign between them; what is bound less than `left` or `right` gets parentheses."""
    text = _bound(x, left)
    return Formula(f"{text}{sign}{_bound(y, right)}", SIGNED if level == PRODUCT and text[0] == "-" else level)


def _bound(x: Any, level: int) -> str:
    formula = _formula(x)
    return formula.text if formula.level >= level else f"({formula.text})"


def _formula(x: Any) -> Formula:
    """An operand as a formula: a number is written as one."""
    if isinstance(x, Formula):
        return x
    if isinstance(x, (tuple, list)):
        return Formula(", ".join([_formula(one).text for one in x]))
    if isinstance(x, (int, float)):
        text = number(x, 6)
        return Formula(text, SIGNED if text.startswith("-") else ATOM)
    if hasattr(x, "dtype") and hasattr(x, "item") and getattr(x, "size", 0) == 1:
        return _formula(x.item())
    text = repr(x)
    return Formula(text if len(text) <= 16 and "\n" not in text else type(x).__name__)


def _part(k: Any) -> str:
    """One part of an index."""
    if isinstance(k, slice):
        bounds = ["" if b is None else str(b) for b in (k.start, k.stop)]
        return ":".join(bounds if k.step is None else [*bounds, str(k.step)])
    return "..." if k is Ellipsis else _formula(k).text


def _static(value: Any) -> str:
    """A static parameter."""
    return getattr(value, "name", None) or str(value)


# ---------------------------------------------------------------------- the namespace


def _index(x: Any, *indices: Any, key: tuple[Any, ...]) -> Formula:
    arrays = iter(indices)
    return _formula(x)[tuple([next(arrays) if isinstance(k, str) else k for k in key])]


def _index_put(x: Any, value: Any, *indices: Any, key: tuple[Any, ...]) -> Formula:
    place = _index(Formula(""), *indices, key=key).text
    return Formula(f"{_bound(x, SUM)} with {place} = {_formula(value).text}", COMPARED)


# Operations that have a sign of their own.
_SIGNS: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: _formula(x) + _formula(y),
    "subtract": lambda x, y: _formula(x) - _formula(y),
    "multiply": _times,
    "divide": lambda x, y: _formula(x) / _formula(y),
    "power": lambda x, y: _formula(x) ** _formula(y),
    "power_scalar": lambda x, *, exponent: _formula(x) ** _formula(exponent),
    "negative": lambda x: -_formula(x),
    "matmul": lambda x, y: _formula(x) @ y,
    "equal": lambda x, y: _formula(x) == y,
    "not_equal": lambda x, y: _formula(x) != y,
    "less": lambda x, y: _formula(x) < y,
    "less_equal": lambda x, y: _formula(x) <= y,
    "greater": lambda x, y: _formula(x) > y,
    "greater_equal": lambda x, y: _formula(x) >= y,
    "absolute": lambda x: Formula(f"|{_formula(x).text}|"),
    "log": lambda x: Formula(f"ln({_formula(x).text})"),
    "swap_last": lambda x: Formula(f"{_bound(x, ATOM)}.T"),
    "contract": lambda x, y: _infix(Formula(f"{_bound(x, ATOM)}.T"), " @ ", y, PRODUCT, PRODUCT, POWER),
    "cast": lambda x, *, dtype: Formula(f"{_static(dtype)}({_formula(x).text})"),
    "index": _index,
    "index_put": _index_put,
}


def _unreadable(*operands: Any, **static: Any) -> Any:
    raise AutodiffError("this says less than the name of the operation that it is the adjoint of")


# In rules, broadcasting and casting are silent, as they are where the engine undoes them.
_IN_RULES: dict[str, Callable[..., Any]] = {
    **_SIGNS,
    "spread": lambda x, *, shape: x,
    "unbroadcast": lambda x, *, shape: x,
    "cast": lambda x, *, dtype: x,
    "index_adjoint": _unreadable,
    "last_writes": _unreadable,
    "put_along": _unreadable,
    "write_view": _unreadable,
}


class _Notation:
    """A namespace whose operations write themselves down."""

    def __init__(self, signs: dict[str, Callable[..., Any]]) -> None:
        self._signs = signs

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def apply(*operands: Any, **static: Any) -> Any:
            sign = self._signs.get(name)
            if sign is not None:
                return sign(*operands, **static)
            op = primitives.get(name)
            if name.endswith("_backward") and op is not None and op.composite is not None:
                return op.composite(self, *operands, **static)  # fused for speed: nobody's name for anything
            texts = [_formula(o).text for o in operands if o is not None]
            defaults = {} if op is None else op.defaults
            shown = [f"{k}={_static(v)}" for k, v in static.items() if v is not None and defaults.get(k) != v]
            return Formula(f"{name}({', '.join(texts + shown)})")

        return apply


_forward = _Notation(_SIGNS)
_reverse = _Notation(_IN_RULES)

# ---------------------------------------------------------------------- what a trace asks for

#: A longer formula, in letters, says less than the name of the operation does.
LONGEST = 44


def expression(application: Application, result: Variable, label: Callable[[Variable], str]) -> str:
    """How `result` was computed, in the labels of the operands."""
    op = application.op
    if any(o is UNKNOWN for o in application.operands):
        return f"{op.name}({', '.join([_named(o, label).text for o in application.operands])})"
    operands = [_named(o, label) for o in application.operands]
    written = _formula(getattr(_forward, op.name)(*operands, **application.static)).text
    if len(written) > LONGEST and getattr(op, "variadic", False):
        written = f"{op.name}({operands[0].text}, ..., {operands[-1].text})"
    return f"{written}[{application.results.index(result)}]" if len(application.results) > 1 else written


def rule(application: Application, position: int, label: Callable[[Variable], str], bar: Callable[[str], str]) -> str:
    """What the rule sends to the operand at `position`; empty where that is too long, or no formula."""
    op = application.op
    if not isinstance(op, Primitive) or any(o is UNKNOWN for o in application.operands):
        return ""
    g: Any = [Formula(bar(label(r)), ATOM, r) for r in application.results]
    try:
        sent = _send(op, application, position, label, g if op.outputs else g[0])
    except Exception:
        # A rule may do with arrays what a formula cannot do (ask for a shape in between, decide by a value): then the
        # trace names the operation, which is always right.
        return ""
    text = _formula(sent).text
    return text if len(text) <= LONGEST else ""


def _send(op: Primitive, application: Application, position: int, label: Callable[[Variable], str], g: Any) -> Any:
    """Run one rule on formulas."""
    static = {**op.defaults, **application.static}
    results = [_named(r, label) for r in application.results]
    operands = [_named(o, label) for o in application.operands]
    n = len(op.arguments)
    arguments = [*operands[: n - 1], tuple(operands[n - 1 :])] if op.variadic else operands
    scope: list[Any] = [*arguments, tuple(results) if op.outputs else results[0]]
    for name, form in zip(op.scope[n + 1 : -1], op.residuals):
        scope.append(Formula(name) if form is None else form.rule(_reverse, *_pick(form, scope), **form.static(static)))
    scope.append(tuple([True] * len(operands)))
    if op.joint is not None:
        return op.joint.rule(_reverse, g, *_pick(op.joint, scope), **op.joint.static(static))[position]
    compiled = op.rules[position]
    return None if compiled is None else compiled.rule(_reverse, g, *_pick(compiled, scope), **compiled.static(static))


def _pick(compiled: Any, scope: list[Any]) -> list[Any]:
    """What a rule named, out of a scope of formulas."""
    return [scope[i] if i >= 0 else _shape(scope[~i]) for i in compiled.places]


def _shape(x: Any) -> Any:
    if isinstance(x, tuple):
        return tuple([_shape(one) for one in x])
    return x.shape if isinstance(x, Formula) else ()


def _named(operand: Any, label: Callable[[Variable], str]) -> Any:
    """An operand of the trace as what flows through a rule: a name, or a number as it is."""
    if not isinstance(operand, Variable):
        return Formula("...") if operand is UNKNOWN else operand
    if operand.constant:
        assert operand.value is not None
        value = _formula(operand.value)
        return Formula(value.text, value.level, operand)
    return Formula(label(operand), ATOM, operand)
