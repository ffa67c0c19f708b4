"""Rewriting: one sweep over a program, in which rules replace instructions by simpler ones or by values there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from autodiff.compiler.program import Instruction, Operand, Program, Value

__all__ = ["Rule", "Sweep", "sweep"]


class Sweep:
    """What is known while a program is swept: who computes what, and how often it is read.

    Attributes
    ----------
    renamed : dict of Value to Value
        What took the place of results that are no longer computed.
    """

    def __init__(self, program: Program) -> None:
        self.made: dict[Value, Instruction] = {}
        self.renamed: dict[Value, Value] = {}
        self.kept = program.kept()
        self.uses: dict[Value, int] = {}
        for i in program.instructions:
            for v in i.reads():
                self.uses[v] = self.uses.get(v, 0) + 1

    def producer(self, operand: Operand, op: str = "") -> Instruction | None:
        """The instruction that computes an operand, if there is one, and if it is an `op`."""
        found = self.made.get(operand) if isinstance(operand, Value) else None
        return found if found is not None and (not op or found.op == op) else None

    def lone(self, value: Value) -> bool:
        """Whether one instruction reads a value, and nothing else does."""
        return self.uses.get(value, 0) == 1 and value not in self.kept


#: A rule is shown an instruction: it gives an operand to stand for the result, an instruction, or several of which the
#: last has the outputs of the one it was shown; None where it does not apply.
Rule = Callable[[Instruction, Sweep], Any]


def sweep(program: Program, rules: Mapping[str, Sequence[Rule]]) -> Program:
    """Apply rules, by the name of the operation, until none applies."""
    known = Sweep(program)
    kept: list[Instruction] = []
    waiting = list(reversed(program.instructions))
    while waiting:
        i = waiting.pop().with_current(known.renamed)
        found = next((f for rule in rules.get(i.op, ()) if (f := rule(i, known)) is not None), None)
        if found is None:
            kept.append(i)
            known.made.update({v: i for v in i.outputs if v is not None})
        elif isinstance(found, Value):
            known.renamed[i.outputs[0]] = found
            if i.outputs[0].name and not found.name and found.kind == "result":
                found.name = i.outputs[0].name
        else:
            waiting.extend(reversed(found if isinstance(found, list) else [found]))
    return program.with_instructions(kept, known.renamed)
