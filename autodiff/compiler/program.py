"""The program of a step: values, and the instructions that compute them, in order.

A `Program` is what a recording gives, what passes rewrite, and what emitters turn into code. It is in single-assignment
form: an instruction never writes into a value; what lives between calls is `State`, and its new value is computed like
any other and put in place, as if all at once, when the program ends (`Program.updates`). How that happens without
copies is the emitter's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autodiff.compiler.scalars import Scalar, Setting
from autodiff.frames import below
from autodiff.primitive import plain, primitives

__all__ = ["CHECKS", "Instruction", "Place", "Program", "Value", "current", "end_to_end"]

Array = np.ndarray[Any, Any]

#: What a value is: given at each call, living between calls, known for ever, drawn by a random generator, computed.
KINDS = ("input", "state", "constant", "draw", "result")

#: Operations that are there for the errors they raise.
CHECKS = frozenset({"check_classes", "check_index"})


class Value:
    """One array of a program.

    Parameters
    ----------
    kind : {"input", "state", "constant", "draw", "result"}
    shape : tuple of int
    dtype : dtype
    name : str, default=""
        What the user calls it ("weight_0", "loss"); may be empty and need not be unique.
    array : ndarray, optional
        The elements, of a constant.
    """

    __slots__ = ("array", "dtype", "kind", "name", "shape")

    def __init__(self, kind: str, shape: tuple[int, ...], dtype: Any, name: str = "", array: Any = None) -> None:
        assert kind in KINDS
        self.kind = kind
        self.shape = tuple(shape)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.name = name
        self.array = array

    @property
    def size(self) -> int:
        """The number of elements."""
        n = 1
        for length in self.shape:
            n *= length
        return n

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name or '?'}: {self.dtype}{list(self.shape)}>"


@dataclass(frozen=True)
class Place:
    """Where an instruction comes from.

    Parameters
    ----------
    module : str
        The module that ran, as a path from what the user calls the model: "model.0"; may be empty.
    line : str
        "train.py:12", or empty.
    text : str
        What stands there: "loss = criterion(model(x), y)".
    phase : {"forward", "backward", "update"}
    """

    module: str = ""
    line: str = ""
    text: str = ""
    phase: str = "forward"

    def of(self, problem: str) -> str:
        """A problem, below the line that it is about."""
        return below(self.line and f"{self.line}: {self.text}", problem)


#: An operand: a value, an expression of settings, a number, or None for an argument left out.
Operand = Any


def current(operand: Operand, renamed: Mapping[Value, Value]) -> Any:
    """What an operand is called now, where `renamed` says which values took the place of which."""
    while isinstance(operand, Value) and operand in renamed:
        operand = renamed[operand]
    return operand


@dataclass(eq=False)
class Instruction:
    """One application of a primitive.

    Parameters
    ----------
    op : str
        The name of a primitive (`autodiff.primitive.primitives`): ``outputs = forward(*operands, **static)``.
    operands : tuple of Value, Scalar, number or None
    static : dict
        The keyword parameters.
    outputs : tuple of Value
        Its result; of an operation with several outputs, all of them; after these come its residuals, of which those
        that nobody uses may be None.
    place : Place
    """

    op: str
    operands: tuple[Operand, ...]
    static: dict[str, Any]
    outputs: tuple[Any, ...]
    place: Place = field(default_factory=Place)

    def reads(self) -> list[Value]:
        """The values among the operands, each as often as it stands there."""
        return [o for o in self.operands if isinstance(o, Value)]

    def axes(self) -> tuple[int, ...]:
        """Of a reduction: the axes that it is over, from 0 on."""
        axis, n = self.static.get("axis"), self.operands[0].ndim
        axes = range(n) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        return tuple([a % n for a in axes]) if n else ()

    def with_operands(self, operands: Iterable[Operand]) -> Instruction:
        """The same, of other operands."""
        return Instruction(self.op, tuple(operands), self.static, self.outputs, self.place)

    def with_current(self, renamed: Mapping[Value, Value]) -> Instruction:
        """The same, of what its operands are called now."""
        if not any(isinstance(o, Value) and o in renamed for o in self.operands):
            return self
        return self.with_operands([current(o, renamed) for o in self.operands])


def end_to_end(values: Sequence[Value], place: Place) -> tuple[list[Instruction], Value]:
    """Instructions that lay values of one dtype one after the other in one vector, and that vector."""
    rows = [Value("result", (v.size,), v.dtype) for v in values]
    made = [Instruction("reshape", (v,), {"shape": row.shape}, (row,), place) for v, row in zip(values, rows)]
    if len(rows) == 1:
        return made, rows[0]
    joint = Value("result", (sum(v.size for v in values),), rows[0].dtype)
    return [*made, Instruction("concatenate", tuple(rows), {"axis": 0}, (joint,), place)], joint


@dataclass(eq=False)
class Program:
    """Instructions in order, with what goes in and what comes out.

    Parameters
    ----------
    name : str
        Of the function that was recorded.
    inputs, states, draws : list of Value
        Given at each call; living between calls; drawn from generators before each call, in this order.
    settings : list of Setting
        Numbers of the host that are read at each call.
    instructions : list of Instruction
    updates : list of (Value, Value)
        States with their new values, which take their places when the program ends.
    results : list of Value
        What is returned. A result may also be an input or a state; the caller's memory is always its own.
    """

    name: str = "step"
    inputs: list[Value] = field(default_factory=list)
    states: list[Value] = field(default_factory=list)
    draws: list[Value] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    updates: list[tuple[Value, Value]] = field(default_factory=list)
    results: list[Value] = field(default_factory=list)

    def with_instructions(
        self, instructions: Sequence[Instruction], renamed: Mapping[Value, Value] | None = None
    ) -> Program:
        """The same program with other instructions, whose operands have their new names already.

        Parameters
        ----------
        instructions : sequence of Instruction
        renamed : dict of Value to Value, optional
            Which values took the places of which: new values of states and results are called so, too.
        """
        names = renamed or {}
        updates = [(state, current(value, names)) for state, value in self.updates]
        results = [current(value, names) for value in self.results]
        return replace(self, instructions=list(instructions), updates=updates, results=results)

    def producers(self) -> dict[Value, Instruction]:
        """The instruction that computes each computed value."""
        return {v: i for i in self.instructions for v in i.outputs if v is not None}

    def consumers(self) -> dict[Value, list[Instruction]]:
        """The instructions that read each value; what is only returned or kept has none."""
        found: dict[Value, list[Instruction]] = {}
        for instruction in self.instructions:
            for value in instruction.reads():
                found.setdefault(value, []).append(instruction)
        return found

    def kept(self) -> set[Value]:
        """The values that outlive the instructions: results, and new values of states."""
        return {*self.results, *[value for _, value in self.updates]}

    def constants(self) -> list[Value]:
        """The constants that are used, in order of first use."""
        used = [v for i in self.instructions for v in i.reads()] + [v for _, v in self.updates] + self.results
        return list(dict.fromkeys(v for v in used if v.kind == "constant"))

    def run(self, inputs: Sequence[Any], states: Sequence[Any], draws: Sequence[Any], settings: Sequence[Any]) -> Any:
        """Interpret the program with the primitives' own forwards: the reference that emitted code is held to.

        Parameters
        ----------
        inputs, states, draws : sequence of ndarray
            In the order of the program's lists. The states are written.
        settings : sequence of float

        Returns
        -------
        list of ndarray
            The results, in memory of their own.
        """
        known: dict[Value, Any] = dict(zip([*self.inputs, *self.states, *self.draws], [*inputs, *states, *draws]))
        numbers = dict(zip(self.settings, settings, strict=True))
        for instruction in self.instructions:
            _apply(instruction, known, numbers)
        found = [_look(v, known) for v in self.results]
        results = [np.array(array) for array in found]
        new = [np.array(_look(value, known)) for _, value in self.updates]
        for (state, _), array in zip(self.updates, new):
            known[state][...] = array
        return results

    def __str__(self) -> str:
        from autodiff.compiler.listing import listing

        return listing(self)


def _look(operand: Operand, known: dict[Value, Any]) -> Any:
    if isinstance(operand, Value):
        return operand.array if operand.kind == "constant" else known[operand]
    return operand


def _apply(instruction: Instruction, known: dict[Value, Any], numbers: dict[Setting, Any]) -> None:
    """Run one instruction."""
    op = primitives[instruction.op]
    operands = [o.evaluate(numbers) if isinstance(o, Scalar) else _look(o, known) for o in instruction.operands]
    found = (op.forward if op.residuals else getattr(plain, op.name))(*operands, **instruction.static)
    out, *extra = found if op.residuals else (found,)
    outs = [*out, *extra] if op.outputs else [out, *extra]
    for value, array in zip(instruction.outputs, outs):
        if value is not None:
            known[value] = array if isinstance(array, (np.ndarray, float)) else np.asarray(array)


#: A pass: a function from a program to a better one that computes the same.
Pass = Callable[[Program], Program]
