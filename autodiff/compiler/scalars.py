"""Scalar: a number of the host (a learning rate, a step count) that is read anew at each call, and arithmetic on it.

Hyper-parameters are never baked into a program. While an update is recorded they are Scalars, whose arithmetic builds
an expression; emitters write it down once, outside all loops, in double precision, and cast the result to the dtype
of the array that it meets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff.errors import RecordingError

__all__ = ["Scalar", "Setting"]

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}


class Scalar:
    """A number known by how it is computed from settings; `value` is what it was while the step was recorded.

    Parameters
    ----------
    value : float
        Its value at the recorded call.
    operator : str
        "+", "-", "*", "/", "**", or "" for a `Setting`.
    operands : sequence of Scalar or number
    """

    __slots__ = ("operands", "operator", "value")
    __array_ufunc__ = None  # an array on the left must give way

    def __init__(self, value: Any, operator: str = "", operands: Sequence[Any] = ()) -> None:
        self.value = value
        self.operator = operator
        self.operands = tuple(operands)

    def evaluate(self, settings: Any) -> Any:
        """Its value for other settings: a mapping of `Setting` to number."""
        a, b = [o.evaluate(settings) if isinstance(o, Scalar) else o for o in self.operands]
        return _OPERATIONS[self.operator](a, b)

    def source(self, names: Any) -> str:
        """The expression as Python source, with what `names` (Setting to str) calls the settings."""
        a, b = [o.source(names) if isinstance(o, Scalar) else repr(o) for o in self.operands]
        return f"({a} {self.operator} {b})"

    def key(self) -> Any:
        """Equal for equal expressions of the same settings."""
        return (self.operator, *[o.key() if isinstance(o, Scalar) else (type(o), o) for o in self.operands])

    def leaves(self) -> list[Setting]:
        """The settings that it is made of."""
        return [leaf for o in self.operands if isinstance(o, Scalar) for leaf in o.leaves()]

    def _with(self, operator: str, a: Any, b: Any) -> Any:
        other = b if a is self else a
        if not isinstance(other, (Scalar, int, float)):
            return NotImplemented
        x, y = [o.value if isinstance(o, Scalar) else o for o in (a, b)]
        return Scalar(_OPERATIONS[operator](x, y), operator, (a, b))

    def __add__(self, other: Any) -> Any:
        return self._with("+", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._with("+", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._with("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._with("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._with("*", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._with("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._with("**", self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._with("**", other, self)

    def __neg__(self) -> Any:
        return Scalar(-self.value, "-", (0.0, self))

    def __float__(self) -> float:
        raise RecordingError(
            "a rule turned a setting into a plain number, which would be kept for ever; "
            "write it with operators (x ** 0.5 in place of math.sqrt(x))"
        )

    def __repr__(self) -> str:
        return f"<Scalar {self.value!r}>"


class Setting(Scalar):
    """A number that the host gives at each call.

    Parameters
    ----------
    value : float
        At the recorded call.
    name : str
        What source calls it; unique in a program.
    read : callable
        Gives its value now.
    count : bool, default=False
        Whether it is a step count, one more at each call (of many steps in one call, one more at each step).
    """

    __slots__ = ("choices", "count", "name", "owner", "read")

    def __init__(self, value: Any, name: str, read: Callable[[], Any], count: bool = False) -> None:
        super().__init__(value)
        self.name = name
        self.read = read
        self.count = count
        #: Of a step count: what holds it.
        self.owner: Any = getattr(read, "__self__", None)
        #: Conditions that a rule asked (``if decay:``, ``t == 1``), each with its answer: the program is for these.
        self.choices: dict[tuple[str, Any], bool] = {}

    def evaluate(self, settings: Any) -> Any:
        return settings[self]

    def source(self, names: Any) -> str:
        found: str = names[self]
        return found

    def key(self) -> Any:
        return ("setting", self.name)

    def leaves(self) -> list[Setting]:
        return [self]

    def ask(self, operator: str, other: Any) -> bool:
        """Answer a condition, and remember that the program depends on the answer."""
        answer = self.holds(operator, other, self.value)
        self.choices[operator, other] = answer
        return answer

    @staticmethod
    def holds(operator: str, other: Any, value: Any) -> bool:
        """Whether a condition holds for a value."""
        if operator == "bool":
            return bool(value)
        return bool({"==": value == other, "<": value < other, ">": value > other}[operator])

    def __bool__(self) -> bool:
        return self.ask("bool", None)

    def __eq__(self, other: Any) -> Any:
        return self is other if isinstance(other, Scalar) else self.ask("==", other)

    def __ne__(self, other: Any) -> Any:
        return not self == other

    def __lt__(self, other: Any) -> Any:
        return self.ask("<", other)

    def __gt__(self, other: Any) -> Any:
        return self.ask(">", other)

    def __hash__(self) -> int:
        return id(self)
