"""Buffers: how long each array of a program lives, and whose memory it is put in.

Every array that is computed has a `Memory`. New values of states lie in the state itself as soon as nobody reads what
was there; the parts of a concatenation lie in the whole; an elementwise operation writes over an operand that nobody
reads any more. What remains is laid out in one piece of memory, in which arrays that are never alive together share.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.compiler.np_forms import RESHAPED, Form
from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.strided import Room
from autodiff.heap import LINE

__all__ = ["Memory", "Plan"]


class Memory:
    """Where one or several arrays lie, one after the other in time.

    Attributes
    ----------
    kind : {"given", "state", "constant", "buffer", "fresh", "returned"}
        "fresh" is new at each call, "returned" is what a called function made.
    size : int
        In bytes.
    start, end : int
        The instruction that first writes it, and the last one that reads it; of a state, those of its old value.
    taken : int
        Of a state: the instruction from which on a new value lies in it.
    owner : Value
        The value that it was made for.
    whole : bool
        Whether it is a concatenation with its parts in it.
    offset : int
        Where it begins in the planned memory, of a buffer.
    """

    def __init__(self, kind: str, owner: Value, start: int, end: int) -> None:
        self.kind = kind
        self.owner = owner
        self.size = owner.size * owner.dtype.itemsize
        self.start, self.end = start, end
        self.taken = _NEVER
        self.whole = False
        self.offset = -1


_NEVER = 1 << 60


class Plan:
    """The memory of every value of a program.

    Parameters
    ----------
    instructions : sequence of Instruction
    forms : dict of Instruction to Form
        How each one is written.
    leaves : sequence of Value
        Inputs, states, draws and constants.
    updates : sequence of (Value, Value)
    fresh : set of Value
        What is returned, in memory of its own.

    Attributes
    ----------
    home : dict of Value to (Memory, int)
        The memory of each value, and at which byte of it the value begins.
    root : dict of Value to Value
        Of a view, what it is a view of.
    layout : dict of Value to ndarray
        An array with the shape and strides of each value, as far as they are known.
    commits : list of (Value, Value)
        States with new values that had to be kept elsewhere, and are copied at the end.
    size : int
        Of the planned memory, in bytes.
    """

    def __init__(
        self,
        instructions: Sequence[Instruction],
        forms: dict[Instruction, Form],
        leaves: Sequence[Value],
        updates: Sequence[tuple[Value, Value]],
        fresh: set[Value],
    ) -> None:
        self.instructions = list(instructions)
        self.forms = forms
        self.updates = list(updates)
        self.fresh = fresh
        self.home: dict[Value, tuple[Memory, int]] = {}
        self.root: dict[Value, Value] = {v: v for v in leaves}
        self.layout: dict[Value, Any] = {}
        self.commits: list[tuple[Value, Value]] = []
        self.size = 0
        self.made: dict[Value, int] = dict.fromkeys(leaves, -1)
        self.last: dict[Value, int] = dict.fromkeys(leaves, -1)
        self._holds: dict[Value, set[Value]] = {}
        self._find_roots(leaves)
        self._find_lives()
        self._make_memories(leaves)
        self._place_updates()
        self._place_parts()
        self._write_over_states()
        self._write_over_operands()

    # ------------------------------------------------------------------ what is a view of what, and how long it lives

    def _find_roots(self, leaves: Sequence[Value]) -> None:
        room = Room()
        self.layout = {v: room.like(v) for v in leaves}
        for n, i in enumerate(self.instructions):
            form = self.forms[i]
            for v in i.outputs:
                if v is None:
                    continue
                self.root[v] = v
                self.made[v] = self.last[v] = n
                if form.kind not in ("call", "view"):
                    self.layout[v] = room.like(v)
            if form.kind == "view":
                self._find_view(i, form, room)
            elif form.kind == "call":
                held = {self.root[o] for o in i.reads()}
                held = held.union(*[self._holds.get(h, ()) for h in held])
                self._holds |= {v: held for v in i.outputs if v is not None}

    def _find_view(self, i: Instruction, form: Form, room: Room) -> None:
        """Make the result of a view operation a view, where it is one."""
        (base,), (v,) = i.reads(), i.outputs
        known = self.layout.get(base)
        if known is not None:  # of what a function returned, nothing is known
            seen = form.view(known)
            if not np.may_share_memory(seen, known) and v.size:
                self.forms[i] = RESHAPED
                self.layout[v] = room.like(v)
                return
            self.layout[v] = seen
        self.root[v] = self.root[base]

    def _find_lives(self) -> None:
        for n, i in enumerate(self.instructions):
            for o in i.reads():
                self._read(self.root[o], n)
        end = len(self.instructions)
        for _, v in self.updates:
            self._read(self.root[v], end)
        for v in self.fresh:
            self._read(self.root[v], end)

    def _read(self, root: Value, n: int) -> None:
        self.last[root] = max(self.last[root], n)
        for held in self._holds.get(root, ()):
            self.last[held] = max(self.last[held], n)

    def _make_memories(self, leaves: Sequence[Value]) -> None:
        kinds = {"input": "given", "draw": "given", "state": "state", "constant": "constant"}
        for v in leaves:
            self.home[v] = Memory(kinds[v.kind], v, -1, self.last[v]), 0
        for n, i in enumerate(self.instructions):
            for v in i.outputs:
                if v is not None and self.root[v] is v:
                    kind = "returned" if self.forms[i].kind == "call" else "fresh" if v in self.fresh else "buffer"
                    self.home[v] = Memory(kind, v, n, self.last[v]), 0

    # ------------------------------------------------------------------ states and their new values

    def memory(self, v: Value) -> Memory:
        """The memory that a value lies in."""
        return self.home[self.root[v]][0]

    def _place_updates(self) -> None:
        for state, v in self.updates:
            memory, n = self.home[state][0], self.made[v]
            free = memory.end < n or (memory.end == n and self._may_write_over(self.instructions[n], memory, v))
            if free and self.home[v][0].kind == "buffer":
                memory.taken = n
                self.home[v] = memory, 0
            else:
                self.commits.append((state, v))

    def _may_write_over(self, i: Instruction, memory: Memory, out: Value) -> bool:
        """Whether an instruction may write its result over what it reads of a memory, element by element."""
        allowed = self.forms[i].over
        for place, o in enumerate(i.operands):
            if not isinstance(o, Value) or self.memory(o) is not memory:
                continue
            root = self.root[o]
            layout = self.layout.get(o)
            fits = o.shape == out.shape and o.dtype == out.dtype and o.size == root.size
            if place not in allowed or not fits or layout is None or not layout.flags.c_contiguous:
                return False
        return True

    # ------------------------------------------------------------------ parts of concatenations

    def _place_parts(self) -> None:
        for i in reversed(self.instructions):
            if self.forms[i].kind != "join":
                continue
            (whole,) = i.outputs
            memory, start = self.home[whole]
            if memory.kind not in ("buffer", "state"):
                continue
            for o in i.operands:
                self._place_part(o, memory, start)
                start += o.size * o.dtype.itemsize

    def _place_part(self, o: Value, memory: Memory, start: int) -> None:
        root, layout = self.root[o], self.layout.get(o)
        if root not in self.home or layout is None or not layout.flags.c_contiguous or o.size != root.size:
            return
        alone, at = self.home[root]
        if alone.kind != "buffer" or alone.owner is not root or at or alone.whole or not o.size:
            return
        n = self.made[root]
        if memory.kind == "state":
            if memory.end >= n:
                return
            memory.taken = min(memory.taken, n)
        else:
            memory.start = min(memory.start, n)
            memory.end = max(memory.end, alone.end)
            memory.whole = True
        self.home[root] = memory, start

    # ------------------------------------------------------------------ writing over what is read

    def _write_over_states(self) -> None:
        """Put what dies into the new value of a state into the state, too."""
        for n in reversed(range(len(self.instructions))):
            i = self.instructions[n]
            for v in i.outputs[:1]:
                if v is None or self.root[v] is not v:
                    continue
                memory, start = self.home[v]
                if memory.kind == "state" and memory.taken == n and not start and v.size == memory.owner.size:
                    self._pull(i, n, v, memory)

    def _pull(self, i: Instruction, n: int, v: Value, memory: Memory) -> None:
        """Let one operand of an instruction lie where its result does."""
        for place in self.forms[i].over:
            o = i.operands[place]
            if not isinstance(o, Value) or self.root[o] is not o or o.shape != v.shape or o.dtype != v.dtype:
                continue
            alone = self.home[o][0]
            made = self.made[o]
            if alone.kind != "buffer" or alone.owner is not o or alone.whole or alone.end != n:
                continue
            if memory.end < made or (memory.end == made and self._may_write_over(self.instructions[made], memory, o)):
                self.home[o] = memory, 0
                if self._may_write_over(i, memory, v):
                    memory.taken = made
                    return
                self.home[o] = alone, 0

    def _write_over_operands(self) -> None:
        for n, i in enumerate(self.instructions):
            v = i.outputs[0] if i.outputs else None
            if v is None or not self.forms[i].over or self.root[v] is not v:
                continue
            mine = self.home[v][0]
            if mine.kind != "buffer" or mine.owner is not v or mine.whole:
                continue
            for place in self.forms[i].over:
                o = i.operands[place]
                if not isinstance(o, Value):
                    continue
                memory = self.memory(o)
                fits = memory.kind == "buffer" and not memory.whole and memory.end == n and memory.size == mine.size
                if fits and self._may_write_over(i, memory, v):
                    self.home[v] = memory, 0
                    memory.end = max(mine.end, n)
                    break

    # ------------------------------------------------------------------ one piece of memory

    def buffers(self) -> list[Memory]:
        """The memories that are to be laid out, each once."""
        found = {id(m): m for m, _ in self.home.values() if m.kind == "buffer"}
        return list(found.values())

    def lay_out(self) -> None:
        """Give every buffer its place: the largest first, each as low as those that live at the same time allow."""
        placed: list[Memory] = []
        for memory in sorted(self.buffers(), key=lambda m: -m.size):
            need = _lines(memory.size)
            at = 0
            for other in placed:  # in order of their places
                if other.end < memory.start or memory.end < other.start:
                    continue
                if other.offset - at >= need:
                    break
                at = max(at, other.offset + _lines(other.size))
            memory.offset = at
            insort(placed, memory, key=lambda m: m.offset)
            self.size = max(self.size, at + need)


def _lines(size: int) -> int:
    return -(-max(size, 1) // LINE) * LINE
