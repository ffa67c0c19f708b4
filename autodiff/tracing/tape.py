"""What a record keeps: values, the operations between them, and the cotangents of each backward pass."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["UNKNOWN", "Application", "Backward", "Flow", "Variable"]

Array = np.ndarray[Any, Any]


class _Unknown:
    """Stands for an operand of which nothing is known: what was not tracked, in a graph read after the fact."""

    def __repr__(self) -> str:
        return "..."


UNKNOWN = _Unknown()


class Variable:
    """One value: an input, or a result of an operation."""

    number: int | None = None
    name: str | None = None
    # Whether an operation of the record takes it; a value that was only named is not part of the trace.
    used: bool = False

    def __init__(self, value: Any, shape: tuple[int, ...], dtype: Any, origin: Application | None = None) -> None:
        self.value: Array | None = None if value is None else np.array(value)
        self.shape = tuple(shape)
        self.dtype = dtype
        self.origin = origin
        self.depth: int = 0 if origin is None else origin.depth
        self.tracked = False
        # The version of an input's memory; the Tensor itself where only its identity tells it from others.
        self.version = 0
        self.held: Any = None

    @property
    def constant(self) -> bool:
        """Whether it is written as a number: nothing but a value, without name, derivative or shape."""
        nothing_more = self.origin is None and self.name is None and not self.tracked
        return nothing_more and self.shape == () and self.value is not None

    @property
    def label(self) -> str:
        """Its name in the trace: v1, v2, ... for results, ..., v-1, v0 for inputs."""
        return f"v{self.number}"


class Application:
    """One application of an operation: operands are Variables, numbers, None or UNKNOWN."""

    def __init__(self, op: Any, operands: list[Any], static: dict[str, Any], where: str | None) -> None:
        self.op = op
        self.operands = operands
        self.static = static
        self.where = where
        self.depth: int = 1 + max([o.depth for o in operands if isinstance(o, Variable)], default=0)
        self.results: list[Variable] = []
        for operand in operands:
            if isinstance(operand, Variable):
                operand.used = True


class Flow:
    """One contribution to an adjoint: what `source` sent to its operand, and the sum of those so far.

    Without a `source` it is a seed, or came from an operation outside the record.
    """

    def __init__(
        self,
        source: Application | None,
        position: int,
        target: Variable,
        value: Array,
        total: Array,
        seed: bool = False,
    ) -> None:
        self.source = source
        self.position = position
        self.target = target
        self.value = value
        self.total = total
        self.seed = seed
        self.partial: float | None = None
        # How many contributions to the same adjoint arrived before it.
        self.place = 0


class Backward:
    """One backward pass: contributions in their order of arrival, and complete adjoints."""

    def __init__(self) -> None:
        self.flows: list[Flow] = []
        self.adjoints: dict[Variable, Array] = {}
        self.roots: list[Variable] = []
        self._to: dict[Variable, list[Flow]] = {}
        self._from: dict[Application, list[Flow]] = {}
        # How far the pass has come, to notice where the next one begins.
        self.passed: set[Any] = set()
        self.received: set[Any] = set()
        self.youngest = float("inf")
        self.at_leaves = False

    def add(self, flow: Flow) -> None:
        """Keep one more contribution."""
        self.flows.append(flow)
        arrived = self._to.setdefault(flow.target, [])
        flow.place = len(arrived)
        arrived.append(flow)
        if flow.source is not None:
            self._from.setdefault(flow.source, []).append(flow)

    def to(self, variable: Variable) -> list[Flow]:
        """The contributions to one adjoint, in their order of arrival."""
        return self._to.get(variable, [])

    def sent_by(self, application: Application) -> list[Flow]:
        """The contributions of one operation, in their order of arrival."""
        return self._from.get(application, [])
