"""Listing: a program as text, one instruction a line, for people to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from autodiff.compiler.program import Instruction, Place, Program, Value
from autodiff.compiler.scalars import Scalar, Setting
from autodiff.primitive import primitives

__all__ = ["Names", "listing", "rows", "sections", "spoken"]


class Names:
    """A name for each value of a program: what the user calls it, made unique; of results without one, a number."""

    def __init__(self, program: Program) -> None:
        self.found: dict[Value, str] = {}
        self.taken: Counter[str] = Counter()
        given = [*program.inputs, *program.states, *program.draws]
        results = [v for i in program.instructions for v in i.outputs if v is not None]
        for v in dict.fromkeys([*given, *results]):
            self.found[v] = self._unique(v.name) if v.name else self._numbered()

    def _unique(self, name: str) -> str:
        self.taken[name] += 1
        return name if self.taken[name] == 1 else self._unique(f"{name}_{self.taken[name]}")

    def _numbered(self) -> str:
        self.taken["#"] += 1
        return self._unique(f"v{self.taken['#']}")

    def __call__(self, operand: Any) -> str:
        """What an operand is called."""
        if isinstance(operand, Value):
            if operand.kind == "constant" and operand not in self.found:
                return _short(operand)
            return self.found[operand]
        if isinstance(operand, Scalar):
            text = operand.source(_SETTINGS)
            return text[1:-1] if text.startswith("(") else text
        return repr(operand)


class _SettingNames:
    """Settings by their names."""

    def __getitem__(self, setting: Setting) -> str:
        return setting.name


_SETTINGS = _SettingNames()


def _short(constant: Value) -> str:
    if constant.size == 1 and constant.array is not None:
        return repr(np.asarray(constant.array).item()) if constant.ndim == 0 else f"[{constant.array.item()!r}]"
    return f"constant{list(constant.shape)}"


def _form(value: Value) -> str:
    return f"{value.dtype}{list(value.shape)}" if value.ndim else f"{value.dtype}"


def _static(x: Any) -> str:
    if isinstance(x, tuple):
        return f"({', '.join([_static(v) for v in x])}{',' if len(x) == 1 else ''})"
    if isinstance(x, slice):
        bounds = ["" if v is None else str(v) for v in (x.start, x.stop)]
        return ":".join(bounds if x.step is None else [*bounds, str(x.step)])
    return "..." if x is Ellipsis else str(x) if isinstance(x, np.dtype) else repr(x)


def _expression(instruction: Instruction, names: Names) -> str:
    operands = [names(o) for o in instruction.operands]
    op = primitives.get(instruction.op)
    defaults = op.defaults if op is not None else {}
    static = [
        f"{k}={_static(v)}"
        for k, v in instruction.static.items()
        if k not in defaults or type(v) is not type(defaults[k]) or v != defaults[k]
    ]
    return f"{instruction.op}({', '.join([*operands, *static])})"


def _where(place: Place) -> str:
    return " ".join([part for part in (place.module, place.line) if part])


def spoken(instruction: Instruction, names: Names) -> str:
    """An instruction on a line of its own: its result, what computes it, the result's form, where it comes from."""
    out = instruction.outputs[0]
    parts = [f"{names(out)} = {_expression(instruction, names)}", _form(out), _where(instruction.place)]
    return "   ".join([part for part in parts if part])


def _given(title: str, values: list[Value], names: Names) -> list[str]:
    if not values:
        return []
    width = max([len(names(v)) for v in values])
    return [f"{title}:", *[f"    {names(v):{width}}   {_form(v)}" for v in values]]


def listing(program: Program) -> str:
    """Write a program down.

    Parameters
    ----------
    program : Program

    Returns
    -------
    str
        What goes in; then, under a heading for each phase, one instruction a line with the form of its result and where
        it comes from; then the new values of states, and what is returned.
    """
    names = Names(program)
    lines = [f"program {program.name}"]
    lines += _given("inputs", program.inputs, names)
    lines += _given("states", program.states, names)
    lines += _given("drawn", program.draws, names)
    if program.settings:
        lines += ["settings:", *[f"    {s.name} = {s.value!r}" for s in program.settings]]
    lines += _body(program, names)
    lines += ["new state:", *[f"    {names(s)} <- {names(v)}" for s, v in program.updates]] if program.updates else []
    lines.append("return " + (", ".join([names(v) for v in program.results]) or "nothing"))
    return "\n".join(lines)


def _body(program: Program, names: Names) -> list[str]:
    return rows(sections(program.instructions), names, lambda i: _where(i.place))


def sections(instructions: Sequence[Instruction]) -> list[tuple[str, list[Instruction]]]:
    """Instructions by their phases, with headings: what comes after the last backward pass is not called forward."""
    found = [(phase, list(group)) for phase, group in groupby(instructions, lambda i: i.place.phase)]
    last = max([k for k, (phase, _) in enumerate(found) if phase == "backward"], default=len(found))
    for k, (phase, group) in enumerate(found):
        if k > last and phase == "forward":
            found[k] = "after the update" if found[k - 1][0] == "update" else "after the backward pass", group
    return found


def rows(
    groups: Iterable[tuple[str, Sequence[Instruction]]], names: Names, last: Callable[[Instruction], str]
) -> list[str]:
    """One instruction a line, under the heading of its group; `last` says what stands at the end of the line."""
    table: list[tuple[str, str, str, str]] = []
    for heading, group in groups:
        table.append((heading, "", "", ""))
        for i in group:
            outs = ", ".join([names(v) if v is not None else "_" for v in _shown(i)])
            forms = ", ".join([_form(v) if v is not None else "" for v in _shown(i)])
            table.append(("", f"{outs} = {_expression(i, names)}", forms, last(i)))
    left = min(max([len(row[1]) for row in table], default=0), 88)
    middle = min(max([len(row[2]) for row in table], default=0), 24)
    return [
        f"{heading}:" if heading else f"    {text:{left}}   {form:{middle}}   {end}".rstrip()
        for heading, text, form, end in table
    ]


def _shown(instruction: Instruction) -> list[Any]:
    """The outputs, without residuals at the end that nobody uses."""
    outputs = list(instruction.outputs)
    while len(outputs) > 1 and outputs[-1] is None:
        outputs.pop()
    return outputs
