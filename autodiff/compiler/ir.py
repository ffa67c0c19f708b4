"""Writing LLVM's language: types, numbers, fresh names, loops, and memory whose parts are known to be apart."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np

from autodiff.compiler.program import Place

__all__ = ["Code", "Memory", "Scopes", "Unsupported", "literal", "memory_type", "register_type", "suffix"]

DType = np.dtype[Any]

#: What stands for an index until it is known.
_MARK = re.compile(r"<\d+>")


class Unsupported(Exception):
    """What no machine code is made for; the message says what it is, and `place` where that comes from."""

    place = Place()


def memory_type(dtype: DType) -> str:
    """The type of an element in memory."""
    return "i8" if dtype.kind == "b" else register_type(dtype)


def register_type(dtype: DType) -> str:
    """The type of an element that is computed with; `Unsupported` where not every processor computes with it."""
    if dtype.kind not in "fiub" or dtype == np.float16 or dtype.itemsize > 8 or not dtype.isnative:
        raise Unsupported(f"numbers of {dtype}")
    if dtype.kind == "f":
        return "float" if dtype.itemsize == 4 else "double"
    return "i1" if dtype.kind == "b" else f"i{8 * dtype.itemsize}"


def suffix(dtype: DType) -> str:
    """The type, in the names of functions."""
    return f"{dtype.kind}{8 * dtype.itemsize}"


def literal(number: Any, dtype: DType) -> str:
    """A number of the host, in a dtype."""
    if dtype.kind == "b":
        return "true" if number else "false"
    if dtype.kind != "f":
        return str(int(number))
    # Whatever the type, LLVM takes the bits of the double that is the same number.
    with np.errstate(over="ignore"):
        return f"0x{struct.pack('>d', float(np.asarray(number, dtype))).hex().upper()}"


class Memory:
    """A stretch of memory.

    Parameters
    ----------
    pointer : str
    scope : str, default=""
        What else may lie in it: two memories of different scopes never overlap. Empty where nothing is said.
    """

    def __init__(self, pointer: str, scope: str = "") -> None:
        self.pointer = pointer
        self.scope = scope


class Scopes:
    """Tells LLVM which accesses cannot meet, so that it need not compare addresses, or give up, before a loop."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def mark(self, memory: Memory) -> str:
        """What follows an access."""
        if not memory.scope:
            return ""
        if memory.scope not in self.names:
            self.names.append(memory.scope)
        k = 3 * self.names.index(memory.scope) + 1
        return f", !alias.scope !{k + 1}, !noalias !{k + 2}"

    def definitions(self) -> list[str]:
        """What the marks mean."""
        lines = ["!0 = distinct !{!0}"]
        scopes = [3 * k + 1 for k in range(len(self.names))]
        for k in scopes:
            others = ", ".join([f"!{s}" for s in scopes if s != k])
            lines += [f"!{k} = distinct !{{!{k}, !0}}", f"!{k + 1} = !{{!{k}}}", f"!{k + 2} = !{{{others}}}"]
        return lines


class Code:
    """The lines of one function.

    Attributes
    ----------
    first : list of str
        What stands before all loops.
    lines : list of str
    """

    def __init__(self, scopes: Scopes) -> None:
        self.scopes = scopes
        self.first: list[str] = []
        self.lines: list[str] = []
        self._numbers = count()

    def inside(self) -> Code:
        """Lines that will stand in this function, wherever `take_over` is called; with names of the same series."""
        code = Code(self.scopes)
        code._numbers = self._numbers
        return code

    def take_over(self, code: Code, names: dict[str, str]) -> None:
        """Write lines of `inside` down, with names in place of marks."""
        for line in code.lines:
            self.lines.append(_MARK.sub(lambda found: names[found[0]], line))

    def name(self, stem: str = "v") -> str:
        """A fresh name."""
        return f"%{stem}{next(self._numbers)}"

    def let(self, expression: str, stem: str = "v") -> str:
        """Compute something; its name."""
        name = self.name(stem)
        self.lines.append(f"  {name} = {expression}")
        return name

    def do(self, line: str) -> None:
        """Something without a result."""
        self.lines.append(f"  {line}")

    def label(self, name: str) -> None:
        """Begin a block; the one before ends by going there."""
        self.lines += [f"  br label %{name}", f"{name}:"]

    def variable(self, kind: str) -> str:
        """Room for a number that changes, which LLVM will keep in a register."""
        name = self.name("t")
        self.first.append(f"  {name} = alloca {kind}")
        return name

    @contextmanager
    def loop(self, n: int | str, step: int = 1, first: int | str = 0) -> Iterator[str]:
        """What is written inside runs for `first` and then every `step`-th number below `n`; gives the index.

        It runs once at least, and the last number is `n` less `step`.
        """
        i = self.name("i")
        tag = i[1:]
        self.label(f"{tag}.before")
        self.label(f"{tag}.head")
        self.do(f"{i} = phi i64 [ {first}, %{tag}.before ], [ {i}.next, %{tag}.again ]")
        yield i
        self.label(f"{tag}.again")
        self.do(f"{i}.next = add nuw nsw i64 {i}, {step}")
        self.do(f"{i}.more = icmp ult i64 {i}.next, {n}")
        self.lines += [f"  br i1 {i}.more, label %{tag}.head, label %{tag}.end", f"{tag}.end:"]

    def index(self, offset: int, terms: list[tuple[str, int]]) -> str:
        """``offset + sum(i * stride)``."""
        total = str(offset)
        for i, stride in terms:
            if stride:
                term = i if stride == 1 else self.let(f"mul nsw i64 {i}, {stride}", "n")
                total = term if total == "0" else self.let(f"add nsw i64 {term}, {total}", "n")
        return total

    def address(self, memory: Memory, dtype: DType, index: str) -> str:
        """Where an element is."""
        if index == "0":
            return memory.pointer
        return self.let(f"getelementptr inbounds {memory_type(dtype)}, ptr {memory.pointer}, i64 {index}", "p")

    def load(self, memory: Memory, dtype: DType, index: str) -> str:
        """An element, in a register."""
        place = self.address(memory, dtype, index)
        mark = self.scopes.mark(memory)
        held = self.let(f"load {memory_type(dtype)}, ptr {place}, align {dtype.itemsize}{mark}", "e")
        return self.let(f"icmp ne i8 {held}, 0", "e") if dtype.kind == "b" else held

    def store(self, memory: Memory, dtype: DType, index: str, value: str) -> None:
        """Put an element into memory."""
        if dtype.kind == "b":
            value = self.let(f"zext i1 {value} to i8", "e")
        place = self.address(memory, dtype, index)
        mark = self.scopes.mark(memory)
        self.do(f"store {memory_type(dtype)} {value}, ptr {place}, align {dtype.itemsize}{mark}")
