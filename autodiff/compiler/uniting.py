"""Uniting states: many parameters that lie one after the other in memory become one state, and views of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from autodiff.compiler.memory import FlatMemory
from autodiff.compiler.program import Instruction, Place, Program, Value, end_to_end

__all__ = ["prune", "unite"]


def unite(program: Program, memory: dict[Value, Any], members: Sequence[Value], name: str) -> Program:
    """Make one flat state of several.

    Parameters
    ----------
    program : Program
    memory : dict of Value to Memory
        Behind each state; gets that of the new one.
    members : sequence of Value
        States whose memory lies one after the other, in this order.
    name : str
        What the flat state is called.

    Returns
    -------
    Program
        The same; where it is not so, the program as it was.
    """
    together = FlatMemory([memory[v] for v in members])
    if len(members) < 2 or not together.is_flat():
        return program
    flat = Value("state", (sum(v.size for v in members),), members[0].dtype, name)
    memory[flat] = together
    before: list[Instruction] = []
    renamed: dict[Value, Value] = {}
    start = 0
    for v in members:
        row = Value("result", (v.size,), v.dtype)
        renamed[v] = Value("result", v.shape, v.dtype, v.name)
        before.append(Instruction("index", (flat,), {"key": (slice(start, start + v.size),)}, (row,)))
        before.append(Instruction("reshape", (row,), {"shape": v.shape}, (renamed[v],)))
        start += v.size
    new = dict(program.updates)
    place = next((i.place for i in reversed(program.instructions)), Place())
    after, joint = end_to_end([new.get(v, v) for v in members], place)
    changed = any(v in new for v in members)
    updates = [(s, v) for s, v in program.updates if s not in renamed] + ([(flat, joint)] if changed else [])
    states = [s for s in program.states if s not in renamed] + [flat]
    body = [i.with_current(renamed) for i in (*program.instructions, *(after if changed else []))]
    return replace(program, states=states, updates=updates).with_instructions([*before, *body], renamed)


def prune(program: Program) -> Program:
    """The program without states that nothing uses."""
    used = {v for i in program.instructions for v in i.reads()} | program.kept()
    used |= {state for state, _ in program.updates}
    return replace(program, states=[v for v in program.states if v in used])
