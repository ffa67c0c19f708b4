"""Scalar: a number of the host (a learning rate, a step count) that is read anew at each call, and arithmetic on it.

Hyper-parameters are never baked into a program. While an update is recorded they are Scalars, whose arithmetic builds
an expression; emitters write it down once, outside all loops, in double precision, and cast the result to the dtype
of the array that it meets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple

from autodiff.errors import RecordingError
from autodiff.graph import current_recorder

__all__ = ["Choice", "Scalar", "Setting", "exact"]

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}
_CONDITIONS: dict[str, Callable[[Any, Any], Any]] = {
    "bool": lambda a, b: bool(a),
    "==": eq,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "is": lambda a, b: exact(a) == b,
}


def exact(value: Any) -> tuple[str, str]:
    """What tells a value from others: 1, 1.0 and True differ, so do 0.0 and -0.0, and nan is nan."""
    return type(value).__name__, repr(value)


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

    # ------------------------------------------------------------------ conditions

    def ask(self, operator: str, other: Any = None) -> Any:
        """Answer a condition (``if decay:``, ``t == 1``), and remember that the program depends on the answer."""
        if not isinstance(other, (Scalar, int, float, type(None))):
            return NotImplemented
        answer = bool(_CONDITIONS[operator](self.value, other.value if isinstance(other, Scalar) else other))
        choice = Choice(operator, self, other, answer)
        self.leaves()[0].choices[choice.key()] = choice
        return answer

    def __bool__(self) -> bool:
        answer: bool = self.ask("bool")
        return answer

    def __eq__(self, other: Any) -> Any:
        return self is other or self.ask("==", other)

    def __lt__(self, other: Any) -> Any:
        return self.ask("<", other)

    def __le__(self, other: Any) -> Any:
        return self.ask("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self.ask(">", other)

    def __ge__(self, other: Any) -> Any:
        return self.ask(">=", other)

    def __hash__(self) -> int:
        return id(self)

    # ------------------------------------------------------------------ what cannot be followed

    def _plain(self) -> Any:
        """The number that it is now, for what no program could compute anew."""
        what = "a rule turned a setting into a plain number, which would be kept for ever"
        mend = "write it with + - * / ** and comparisons (x ** 0.5 in place of math.sqrt(x))"
        recorder = current_recorder()
        if recorder is None:
            raise RecordingError(f"{what}; {mend}")
        recorder.refuse(what, mend)
        return self.value

    def __float__(self) -> float:
        return float(self._plain())

    def __int__(self) -> int:
        return int(self._plain())

    def __index__(self) -> int:
        number: int = self._plain().__index__()
        return number

    def __abs__(self) -> Any:
        return abs(self._plain())

    def __mod__(self, other: Any) -> Any:
        return self._plain() % other

    def __floordiv__(self, other: Any) -> Any:
        return self._plain() // other

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
    moves : int, optional
        Of a step count: by how many it is more at the next call. While a call is recorded, how many steps it has made.
    """

    __slots__ = ("choices", "moves", "name", "owner", "read")

    def __init__(self, value: Any, name: str, read: Callable[[], Any], moves: int | None = None) -> None:
        super().__init__(value)
        self.name = name
        self.read = read
        self.moves = moves
        #: Of a step count: what holds it.
        self.owner: Any = getattr(read, "__self__", None)
        #: Conditions on it, and on what begins with it, that a rule asked: the program is for these answers.
        self.choices: dict[Any, Choice] = {}

    def evaluate(self, settings: Any) -> Any:
        return settings[self]

    def source(self, names: Any) -> str:
        found: str = names[self]
        return found

    def key(self) -> Any:
        return ("setting", self.name)

    def leaves(self) -> list[Setting]:
        return [self]

    def hold(self) -> None:
        """Remember that the program is for this very value, since plain Python has read it."""
        choice = Choice("is", self, exact(self.value), True)
        self.choices[choice.key()] = choice


class Choice(NamedTuple):
    """A condition that a rule asked of settings, and the answer that a program is for."""

    operator: str
    scalar: Scalar
    other: Any
    answer: bool

    def key(self) -> Any:
        """Equal for the same condition."""
        other = self.other.key() if isinstance(self.other, Scalar) else (type(self.other), self.other)
        return self.operator, self.scalar.key(), other

    def holds(self, later: int = 0) -> bool:
        """Whether the answer is the same for the settings as they are now, or so many calls later."""
        settings = _Then(later)
        a, b = [x.evaluate(settings) if isinstance(x, Scalar) else x for x in (self.scalar, self.other)]
        return bool(_CONDITIONS[self.operator](a, b)) is self.answer

    def counts(self) -> bool:
        """Whether it depends on a step count."""
        leaves = [leaf for x in (self.scalar, self.other) if isinstance(x, Scalar) for leaf in x.leaves()]
        return any(leaf.moves is not None for leaf in leaves)


class _Then:
    """Settings as a mapping to what they are, some calls later."""

    def __init__(self, later: int) -> None:
        self.later = later

    def __getitem__(self, setting: Setting) -> Any:
        return setting.read() + self.later * (setting.moves or 0)
