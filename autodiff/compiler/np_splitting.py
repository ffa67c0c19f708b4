"""Splitting a loop over steps: what depends on the inputs alone comes before it, what results alone need after it.

Both parts are then computed for all steps at once, on arrays with one more dimension in front. In the step of a small
network that is a quarter of all operations: the checks of the targets before, and from the logits to the loss after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autodiff.compiler.np_forms import BINARY, UNARY, VIEWS
from autodiff.compiler.program import CHECKS, Instruction, Program, Value
from autodiff.compiler.scalars import Scalar

__all__ = ["ELEMENTWISE", "REDUCTIONS", "Split", "split"]

#: The forwards that do with more dimensions in front what they do without.
ELEMENTWISE = frozenset(
    [*UNARY, *BINARY, "where", "cast", "copy", "contiguous", "power_scalar", "reciprocal", "rsqrt", "clip"]
)
REDUCTIONS = frozenset(["sum", "mean", "amax", "amin"])
_ROWS = frozenset(["rows.positions", "rows.take"])
#: Larger arrays stay in the loop, in memory that it uses again and again.
_LARGEST = 1024


class Split:
    """The three parts of a program.

    Attributes
    ----------
    before, each, after : list of Instruction
    carried : list of Value
        What is computed in the loop and wanted of every step: read by what comes after it, or returned.
    given : list of Value
        What the loop reads of each step's own: inputs, random numbers, and what was computed before it.
    """

    def __init__(self, program: Program, before: list[Instruction], after: list[Instruction]) -> None:
        elsewhere = {id(i) for i in (*before, *after)}
        self.before, self.after = before, after
        self.each = [i for i in program.instructions if id(i) not in elsewhere]
        known = {*program.inputs, *program.draws, *[v for i in before for v in i.outputs]}
        late = {v for i in after for v in i.outputs}
        needed = [v for i in after for v in i.reads() if v.kind != "constant"] + program.results
        self.carried = list(dict.fromkeys([v for v in needed if v not in known and v not in late]))
        read = [v for i in self.each for v in i.reads()] + [v for _, v in program.updates]
        self.given = list(dict.fromkeys([v for v in read if v in known]))

    def looped(self, program: Program) -> Program:
        """The loop's body as a program, which returns what is carried."""
        given = {v: v if v.kind == "input" else Value("input", v.shape, v.dtype, v.name) for v in self.given}
        body = replace(program, inputs=[given[v] for v in self.given], draws=[], results=self.carried)
        renamed = {v: new for v, new in given.items() if new is not v}
        return body.with_instructions([i.with_current(renamed) for i in self.each], renamed)


def split(program: Program) -> Split:
    """Take out of a program what need not be done step by step."""
    known = {*program.inputs, *program.draws}
    before = []
    for i in program.instructions:
        if (_spreads(i) or i.op in CHECKS) and _reads_only(i, known):
            before.append(i)
            known |= set(i.outputs)
    return Split(program, before, _later(program, before, known))


def _spreads(i: Instruction) -> bool:
    """Whether an operation can be done for all steps at once."""
    if i.op not in ELEMENTWISE | REDUCTIONS | {*VIEWS} | _ROWS or len(i.outputs) != 1 or i.outputs[0].size > _LARGEST:
        return False
    if any(isinstance(o, Scalar) for o in i.operands):
        return False
    if i.op in _ROWS and any(v.kind == "constant" for v in i.reads()):
        return False
    return i.op != "index" or all(k is None or k is Ellipsis or isinstance(k, (slice, int)) for k in i.static["key"])


def _reads_only(i: Instruction, known: set[Value]) -> bool:
    reads = i.reads()
    return any(v in known for v in reads) and all(v in known or v.kind == "constant" for v in reads)


def _later(program: Program, before: Sequence[Instruction], known: set[Value]) -> list[Instruction]:
    """What nothing in the loop needs, as far as what it reads can be kept of every step."""
    made = program.producers()
    new = {v for _, v in program.updates}
    rooted = {id(i) for i in before}
    while True:
        found = _unread(program, rooted, new)
        late = {id(i) for i in found}
        bad = [i for i in found if not all(_keeps(v, made, late, known, new) for v in i.reads())]
        if not bad:
            return found
        rooted |= {id(i) for i in bad}


def _unread(program: Program, rooted: set[int], new: set[Value]) -> list[Instruction]:
    """The operations that can be done at once, and whose results are read by such operations alone."""
    needed: set[Any] = set(new)
    found = []
    for i in reversed(program.instructions):
        if id(i) not in rooted and _spreads(i) and i.outputs[0] not in needed:
            found.append(i)
        else:
            needed |= set(i.reads())
    return found[::-1]


def _keeps(v: Value, made: dict[Value, Instruction], late: set[int], known: set[Value], new: set[Value]) -> bool:
    """Whether a value can be read after the loop: it is known of every step, or kept at no cost where it is made."""
    if v in known or v.kind == "constant":
        return True
    i = made.get(v)
    if i is None:  # a state
        return False
    return id(i) in late or (i.op not in VIEWS and v not in new and v.size <= _LARGEST)
