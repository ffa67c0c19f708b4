"""The form of the table: how inputs are drawn, what a case and a row are, and the rows of elementwise operations."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autodiff.primitive import Primitive, primitives


@dataclass(frozen=True)
class Draw:
    """An argument that is drawn: a shape, and a function of a generator and the shape."""

    shape: tuple[int, ...]
    values: Callable[..., Any] = field(repr=False)
    floating: bool = True

    def __call__(self, rng: np.random.Generator, dtype: Any) -> np.ndarray:
        drawn = np.asarray(self.values(rng, self.shape))
        return drawn.astype(dtype) if self.floating else drawn


def real(*shape: int) -> Draw:
    return Draw(shape, lambda rng, s: rng.normal(size=s))


def positive(*shape: int) -> Draw:
    return Draw(shape, lambda rng, s: rng.uniform(0.5, 2.5, s))


def unit(*shape: int) -> Draw:
    """Between 0 and 1."""
    return Draw(shape, lambda rng, s: rng.uniform(0.1, 0.9, s))


def integers(low: int, high: int, *shape: int) -> Draw:
    return Draw(shape, lambda rng, s: rng.integers(low, high, s), floating=False)


def booleans(*shape: int) -> Draw:
    return Draw(shape, lambda rng, s: rng.integers(0, 2, s).astype(bool), floating=False)


def exactly(values: Any, floating: bool = True) -> Draw:
    array = np.asarray(values)
    return Draw(array.shape, lambda rng, s: array.copy(), floating)


@dataclass(frozen=True)
class Case:
    """One application of an operation."""

    op: str
    number: int
    inputs: tuple[Any, ...]
    static: dict[str, Any]
    reference: Callable[..., Any]
    order: int

    @property
    def primitive(self) -> Primitive:
        return primitives[self.op]

    def arrays(self, dtype: Any = np.float64) -> list[Any]:
        """The arguments, drawn anew, and the same at each call; numbers and None as they are."""
        rng = np.random.default_rng(7)
        return [given(rng, dtype) if isinstance(given, Draw) else given for given in self.inputs]

    @property
    def differentiable(self) -> list[int]:
        """The positions of the arguments that can have a gradient."""
        op = self.primitive
        if not op.differentiable:
            return []
        fixed = len(op.arguments) - op.variadic
        return [
            i
            for i, given in enumerate(self.inputs)
            if isinstance(given, Draw) and given.floating and (op.joint or op.rules[min(i, fixed)] is not None)
        ]

    def __str__(self) -> str:
        given = [f"{i.shape}" if isinstance(i, Draw) else repr(i) for i in self.inputs]
        return f"{self.op}-{self.number}-" + ",".join([*given, *[f"{k}={v}" for k, v in self.static.items()]])


def case(*inputs: Any, differences: bool = True, **static: Any) -> tuple[tuple[Any, ...], dict[str, Any], bool]:
    """Arguments and static parameters; without `differences` where the inputs stand on a kink."""
    return inputs, static, differences


@dataclass(frozen=True)
class Row:
    """What the table knows of one operation."""

    name: str
    reference: Callable[..., Any]
    given: tuple[tuple[tuple[Any, ...], dict[str, Any], bool], ...]
    order: int  # how many derivatives are checked by differences
    curved: bool  # whether a second derivative is not 0 everywhere
    notes: str

    @property
    def cases(self) -> list[Case]:
        return [
            Case(self.name, i, inputs, static, self.reference, self.order if smooth else 0)
            for i, (inputs, static, smooth) in enumerate(self.given)
        ]


TABLE: dict[str, Row] = {}


def row(name: str, reference: Any, *given: Any, order: int = 2, curved: bool = True, notes: str = "") -> None:
    assert name not in TABLE, f"{name} has a row already"
    TABLE[name] = Row(name, reference, given, order, curved, notes)


UNARY_SHAPES = ((2, 3), (3,), (), (0,), (2, 0, 3))
PAIRS = (
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((1,), (2, 1, 2)),
    ((), ()),
    ((0,), (1,)),
    ((2, 0, 1), (3,)),
)


def unary(name: str, reference: Any, domain: Any = real, **known: Any) -> None:
    row(name, reference, *[case(domain(*s)) for s in UNARY_SHAPES], **known)


#: Operations of two operands that broadcast, with the domains of their operands.
BROADCASTING: dict[str, tuple[Any, Any]] = {}


def binary(
    name: str, reference: Any, first: Any = real, second: Any = real, numbers: Any = (2.5,), **known: Any
) -> None:
    """A row of all broadcastable pairs, and of arrays with Python numbers on either side."""
    pairs = [case(first(*s), second(*t)) for s, t in PAIRS]
    mixed = [case(first(2, 2), n) for n in numbers] + [case(n, second(2, 2)) for n in numbers]
    row(name, reference, *pairs, *mixed, **known)
    BROADCASTING[name] = (first, second)


#: What is known of operations without derivative.
STEPPED = {"order": 0, "curved": False}


def small(*shape: int) -> Draw:
    """Small integers, so that some are equal."""
    return integers(0, 3, *shape)
