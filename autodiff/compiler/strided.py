"""Strided views of values: which memory a value lies in, from where, and how far apart its elements are."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from autodiff.compiler.program import Instruction, Program, Value
from autodiff.primitive import primitives

__all__ = ["VIEWS", "Room", "View", "Views", "part", "whole"]

#: Operations that need not touch memory: their result can be read where the operand lies.
VIEWS = frozenset(
    ["reshape", "transpose", "swap_last", "index", "broadcast_to", "spread", "split", "unstack", "contiguous", "flip"]
)


class View(NamedTuple):
    """Elements of the memory of `root`; offset and strides count elements."""

    root: Value
    offset: int
    strides: tuple[int, ...]
    shape: tuple[int, ...]

    def broadcast(self, shape: tuple[int, ...]) -> View:
        """The same elements, repeated to a shape."""
        missing = len(shape) - len(self.shape)
        strides = [0 if n == 1 else s for n, s in zip(self.shape, self.strides)]
        return View(self.root, self.offset, (0,) * missing + tuple(strides), shape)


def whole(root: Value) -> View:
    """All of a value, in order."""
    return View(root, 0, tuple(_ordered(root.shape)), root.shape)


def _ordered(shape: Sequence[int]) -> list[int]:
    """How many elements apart those along each dim are, one after the other in memory."""
    return [prod(shape[d + 1 :]) for d in range(len(shape))]


def part(root: Value, key: tuple[Any, ...]) -> View:
    """The elements of a value at a key of slices and integers."""
    strides = [s * root.dtype.itemsize for s in _ordered(root.shape)]
    stand_in = np.lib.stride_tricks.as_strided(np.empty(1, root.dtype), root.shape, strides)  # which nobody reads
    key = key if Ellipsis in key else (*key, ...)  # with `...`, one element is a view, too
    return _within(stand_in[key], stand_in, whole(root))


def _within(x: Any, stand_in: Any, view: View) -> View:
    """What x is of a value, where the memory of `stand_in`, which x looks at, stands for a view of it."""
    start = (x.ctypes.data - stand_in.ctypes.data) // x.itemsize
    return View(view.root, view.offset + start, tuple(s // x.itemsize for s in x.strides), x.shape)


class Room:
    """Memory that is never touched, of which arrays are made that stand for values: their shapes and strides tell.

    It is as large as the largest value that was asked for. Views of values need none, however often they repeat one.
    """

    def __init__(self) -> None:
        self._bytes = np.empty(1, np.uint8)

    def like(self, v: Value) -> Any:
        """An array in order, with the shape and dtype of a value."""
        size = v.size * v.dtype.itemsize
        if size >= len(self._bytes):  # one more, since nothing is shared with memory of no size
            self._bytes = np.empty(size + 1, np.uint8)
        return self._bytes[:size].view(v.dtype).reshape(v.shape)


class Views:
    """Says of each value of a program where it lies, as far as views go.

    Attributes
    ----------
    of : dict of Value to View
    computed : list of Instruction
        What is left to do, views left out.
    """

    def __init__(self, program: Program) -> None:
        self._stand_ins: dict[Value, Any] = {}
        self._room = Room()
        self.of: dict[Value, View] = {}
        self.computed: list[Instruction] = []
        for v in [*program.inputs, *program.states, *program.draws, *program.constants()]:
            self._own(v)
        for instruction in program.instructions:
            if not (instruction.op in VIEWS and self._look(instruction)):
                self.computed.append(instruction)
                for v in instruction.outputs:
                    if v is not None:
                        self._own(v)
        del self._stand_ins, self._room

    def _own(self, v: Value) -> None:
        self._stand_ins[v] = self._room.like(v)
        self.of[v] = whole(v)

    def _look(self, instruction: Instruction) -> bool:
        """Try the operation on memory that stands in for the operand's: it shows what the result looks like."""
        x = instruction.operands[0]
        if len(instruction.operands) != 1 or not isinstance(x, Value):
            return False
        stand_in = self._stand_ins[x]
        if instruction.op == "spread":
            made: Any = np.broadcast_to(stand_in, instruction.static["shape"])
        elif instruction.op == "flip":
            made = np.flip(stand_in, instruction.static.get("axis"))
        elif instruction.op == "contiguous":
            made = stand_in
        else:
            made = primitives[instruction.op].forward(stand_in, **instruction.static)
        outs: Sequence[Any] = made if primitives[instruction.op].outputs else (made,)
        view = self.of[x]
        if not all(isinstance(o, np.ndarray) and np.may_share_memory(o, stand_in) for o in outs):
            return False
        for v, o in zip(instruction.outputs, outs):
            if v is not None:
                self._stand_ins[v] = o
                self.of[v] = _within(o, stand_in, view)
        return True
