"""Names for what a program computes: the variables of the user's code, the modules, and d_name for a cotangent."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache

from autodiff.compiler.program import Instruction, Program, Value

__all__ = ["name_values"]


def name_values(program: Program, adjoints: Sequence[tuple[Value, Value]], returned: Sequence[str]) -> None:
    """Give names to values that have none.

    Parameters
    ----------
    program : Program
        Just recorded.
    adjoints : sequence of (Value, Value)
        Values, each with its cotangent.
    returned : sequence of str
        What the user calls each of the results, by the keys of a dict that is returned; may be empty.

    Notes
    -----
    What a line assigns is called as the line calls it; what a module returns as the module; the cotangent of ``h`` is
    ``d_h``, as in hand-written backpropagation.
    """
    consumers = program.consumers()
    last_of_line: dict[str, Value] = {}
    last_of_module: dict[str, Value] = {}
    for instruction in program.instructions:
        place, value = instruction.place, next(iter(instruction.outputs), None)
        if place.phase == "forward" and value is not None:
            line = f"{place.line}: {place.text}"
            if place.line and _goes_on(value, consumers, program) and last_of_line.get(line) not in program.results:
                last_of_line[line] = value
            if place.module and _leaves(value, place.module, consumers, program):
                last_of_module[place.module] = value
    for value, name in zip(program.results, returned, strict=True):
        if name.isidentifier() and not value.name:
            value.name = name
    for line, value in last_of_line.items():
        name = _assigned(line.partition(": ")[2])
        if name and not value.name:
            value.name = name
    for module, value in last_of_module.items():
        if not value.name:
            value.name = f"{module}.out"
    for primal, cotangent in adjoints:
        if primal.name and not cotangent.name:
            cotangent.name = f"d_{primal.name}"


def _goes_on(value: Value, consumers: dict[Value, list[Instruction]], program: Program) -> bool:
    """Whether a value is more than the new value of a state."""
    return value in consumers or value in program.results or not any(value is new for _, new in program.updates)


def _leaves(value: Value, module: str, consumers: dict[Value, list[Instruction]], program: Program) -> bool:
    """Whether a value goes from a module to another: a running statistic does not."""
    readers = [i.place for i in consumers.get(value, []) if i.place.phase == "forward"]
    return value in program.results or any(place.module != module for place in readers)


@lru_cache(maxsize=1024)
def _assigned(text: str) -> str:
    """The one name that a line of code assigns, if it does."""
    try:
        (statement,) = ast.parse(text).body
    except (SyntaxError, ValueError):
        return ""
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""
