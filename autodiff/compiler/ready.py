"""A recorded step made ready: its program improved, written as code, and bound to the memory that it works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.compiler.backends import Backend, choose
from autodiff.compiler.leaving import Grads, Held
from autodiff.compiler.memory import FlatMemory, GradMemory, TensorMemory, gather, straighten
from autodiff.compiler.program import CHECKS, Place, Program, Value
from autodiff.compiler.recording import Recording
from autodiff.compiler.scalars import Scalar
from autodiff.compiler.uniting import prune, unite
from autodiff.errors import RecordingError
from autodiff.graph import Storage, changes
from autodiff.graph import Value as TensorValue
from autodiff.primitive import primitives

__all__ = ["Step", "owner"]

Array = np.ndarray[Any, Any]
#: Draws of which one large one gives the numbers of many small ones.
_IN_A_ROW = ("random", "standard_normal")


class Step:
    """One recorded signature, ready to run.

    Attributes
    ----------
    stages : list of (str, Program)
        The program as recorded, and after each pass.
    backend : Backend
        What it was emitted for, with its source.
    run : callable
        ``run(*inputs, *draws, *settings)``, bound to memory.
    """

    def __init__(self, recording: Recording, backend: str | None, passes: Any) -> None:
        self.recording = recording
        self.memory = recording.memory
        self.outputs, self.structure = recording.outputs, recording.structure
        self.packs = recording.packs
        for _, pack in self.packs:
            gather(pack.members)
        settings = list(recording.program.settings)
        self.choices = [choice for s in settings for choice in s.choices.values()]
        self.choices_of_counts = [choice for choice in self.choices if choice.counts()]
        program, self.grads = self._united(recording.program)
        program = prune(program)
        from autodiff.compiler.passes import run as improve

        final, later = improve(program, passes)
        self.stages: list[tuple[str, Program]] = [("recorded", program), *later]
        used = {leaf for i in final.instructions for o in i.operands if isinstance(o, Scalar) for leaf in o.leaves()}
        final.settings = [s for s in settings if s in used]
        self.program = final
        for v in final.states:
            if not straighten(self.memory[v]):
                reader = next((i.place for i in final.instructions if v in i.reads()), Place())
                name = v.name or "an array"
                raise RecordingError(
                    reader.of(
                        f"{name}, which the step keeps, is not contiguous in memory that others look at; make it so "
                        f"before: {name}.data = {name}.data.contiguous()"
                    )
                )
        self.backend: Backend = choose(final, backend, native=passes is None or bool(passes))
        self.added = self._added(final)
        left = {"set": True, "none": False}
        # Whether the next call finds gradients as this one did: not if there were none, and now there are.
        self.repeats = all(left.get(recording.grads[id(t)][1], present) is present for t, present in recording.presence)
        self.nothing_left = [*[t for t, kind in recording.grads.values() if kind == "none"], *recording.frozen]
        self.bound: list[Array] = []
        self.drawn: list[Array] = []
        self.checks = [i for i in final.instructions if i.op in CHECKS]
        # Whether all that a call may raise is known before the first of many has changed anything.
        self.can_loop = all(i.operands[0] in final.inputs for i in self.checks)
        self.can_loop &= getattr(self.backend.emitted, "can_loop", True)
        # A Tensor of the user's that is returned is asked for as each step leaves it.
        self.can_loop &= not any(isinstance(o.kept, TensorValue) for o in self.outputs)
        self.stamped: list[Storage] = []
        self.run_many: Callable[..., Any] | None = None
        self.steps_at_once = 16
        self.run: Callable[..., Any] = _unbound
        #: How a call goes straight to it, once one has.
        self.way: Any = None
        self._read_at = self._free_at = -1
        #: What the memory of states belongs to, by id; None where that is more than arrays.
        self.owners: set[int] | None = None
        self._numbers: list[Any] | None = None

    # ------------------------------------------------------------------ making it

    def _united(self, program: Program) -> tuple[Program, list[Grads]]:
        """Unite what optimizers update together, and the gradients that belong to it."""
        by_memory = {memory.key(): value for value, memory in self.memory.items()}
        written = {state for state, _ in program.updates}
        used = {v for i in program.instructions for v in i.reads()} | program.kept() | written
        left = [v for v in program.states if v in used and isinstance(self.memory[v], GradMemory)]
        groups: list[list[Value]] = []
        for _, pack in self.packs:
            states = [by_memory.get(("tensor", id(p))) for p in pack.members]
            if all(s is not None and s in program.states for s in states):
                program = unite(program, self.memory, [s for s in states if s is not None], "parameters")
            grads = [by_memory.get(("grad", id(p))) for p in pack.members]
            alike = len({self._goes_on(g) for g in grads if g is not None}) == 1
            if alike and all(g is not None and g in left for g in grads):
                groups.append([g for g in grads if g is not None])
                left = [v for v in left if v not in groups[-1]]
        made = []
        for group in groups:
            made.append(Grads([self.memory[v] for v in group], self._goes_on(group[0])))
            program = unite(program, self.memory, group, "gradients")
        made += [Grads([self.memory[v]], self._goes_on(v)) for v in left]
        return program, made

    def _goes_on(self, gradient: Value) -> bool:
        """Whether the Tensor that was the gradient before the call is so after it."""
        return self.recording.grads[id(self.memory[gradient].tensor)][1] in ("written", "untouched")

    def _added(self, program: Program) -> set[int]:
        """The leaves whose old gradients the program reads, or leaves as they are."""
        read = {v for i in program.instructions for v in i.reads()} | program.kept()
        shown = {id(memory.tensor) for grads in self.grads for memory in grads.memories}
        found = {key for key, (_, kind) in self.recording.grads.items() if kind != "set" and key in shown}
        for v in program.states:
            memory = self.memory[v]
            parts = memory.parts if isinstance(memory, FlatMemory) else [memory]
            if v in read:
                found |= {id(m.tensor) for m in parts if isinstance(m, GradMemory)}
        return found

    # ------------------------------------------------------------------ before a call

    def holds(self, moved: bool = True) -> bool:
        """Whether settings, gradients and memory are such that this program is the right one.

        Parameters
        ----------
        moved : bool, default=True
            False where no memory but that of gradients can have been exchanged since the last call.
        """
        if moved and not self._is_at_home():
            return False
        if not all(choice.holds() for choice in self.choices):
            return False
        return self.recording.holds_plain() and self.recording.holds_gradients()

    def _is_at_home(self) -> bool:
        """Whether the state of optimizers, and what they update together, lies where the program works."""
        for optimizer, pack in self.packs:
            if optimizer._packs.get((tuple([id(p) for p in pack.members]), pack.names)) is not pack:
                return False
            if pack.is_gone(optimizer):
                return False
            if self.choices_of_counts:
                pack.agree(optimizer)
        flat = [memory for memory in self.memory.values() if isinstance(memory, FlatMemory)]
        return all(memory.is_flat() or gather(memory.tensors()) for memory in flat)

    def prepare(self, moved: bool = True) -> None:
        """See to it that the step works on what is there now: memory, state of optimizers, gradients.

        Parameters
        ----------
        moved : bool, default=True
            False where no memory but that of gradients can have been exchanged since the last time.

        Raises
        ------
        Held
            If somebody looks at memory that must be moved: of a gradient that the step adds to, or of what does not lie
            in order.
        """
        for optimizer, pack in self.packs if moved else ():
            pack.agree(optimizer)
        leaves = [memory.tensor._node for grads in self.grads for memory in grads.memories]
        there = [id(leaf.grad) for leaf in leaves if leaf.grad is not None]  # not the gradients, which are to be free
        if len(set(there)) < len(there):  # two leaves have one
            raise Held
        if self.recording.leaves_written and any(grads.are_looked_at() for grads in self.grads):
            raise Held
        for grads in self.grads:
            grads.check()
        shown = [grads.show(self.added) for grads in self.grads]
        if not moved and not any(shown):
            return
        for grads in self.grads:
            grads.before_binding()
        if not all(straighten(self.memory[v]) for v in self.program.states):
            raise Held
        arrays = [self.memory[v].array() for v in self.program.states]
        if self.run is _unbound or any(not _same_memory(a, b) for a, b in zip(arrays, self.bound)):
            self.bound = arrays
            self.run = self.backend.emitted.bind(arrays)
            self.run_many = None
            self.owners = _owners(arrays)
        del arrays  # no name here may hold what is counted now
        self.stamped = self._stamped()
        for grads in self.grads:
            grads.after_binding()

    def settle(self, failed: bool = False) -> None:
        """A call is over, for which this was prepared."""
        for grads in self.grads:
            grads.settle(failed)

    def clear_grads(self) -> None:
        """Take the gradients away that the call does not leave."""
        for t in self.nothing_left:
            if t._node is None:
                t._grad = None
            elif t._node.grad is not None:
                t._node.grad = None
                changes.count_switch()

    def grads_are_held(self) -> bool:
        """Whether a gradient of the last call is still looked at, so that the next must not be put in its place."""
        if self._free_at != changes.looks and not any(grads.is_held() for grads in self.grads):
            self._free_at = changes.looks  # and as long as nobody looks again
        return self._free_at != changes.looks

    def numbers(self) -> list[Any] | None:
        """The settings now, counts left out; None if the program is not for them."""
        if self._read_at == changes.settings:
            return self._numbers if self.lasts(1) else None
        holds = all(choice.holds() for choice in self.choices)
        self._numbers = [float(s.read()) for s in self.program.settings if s.moves is None] if holds else None
        self._read_at = changes.settings
        return self._numbers

    def lasts(self, steps: int) -> int:
        """How many of so many calls pass until a condition on step counts has another answer."""
        asked = self.choices_of_counts
        if not asked:
            return steps
        return next((k for k in range(steps) if not all(c.holds(k) for c in asked)), steps)

    def draw(self) -> list[Array]:
        """Random numbers for one call."""
        self.drawn = []  # the last ones go before the next are drawn
        self.drawn = [getattr(d.generator.rng, d.method)(*d.args, **d.kwargs) for d in self.recording.draws]
        return self.drawn

    # ------------------------------------------------------------------ many calls at once

    def check(self, stacked: Sequence[Array]) -> None:
        """Raise what a check of one of the steps would raise, before any of them has changed anything."""
        for i in self.checks:
            primitives[i.op].forward(stacked[self.program.inputs.index(i.operands[0])], **i.static)

    def draw_many(self, steps: int) -> list[Array]:
        """Random numbers for many calls, stacked: those that the calls would draw one after the other."""
        draws = self.recording.draws
        if len(draws) == 1 and draws[0].method in _IN_A_ROW and draws[0].args[:1] == (draws[0].value.shape,):
            (draw,) = draws
            shape, *rest = draw.args
            return [getattr(draw.generator.rng, draw.method)((steps, *shape), *rest, **draw.kwargs)]
        stacked = [np.empty((steps, *d.value.shape), d.value.dtype) for d in draws]
        for k in range(steps if draws else 0):
            for rows, drawn in zip(stacked, self.draw()):
                rows[k] = drawn
        return stacked

    def many(self) -> Callable[..., Any]:
        """The loop, bound to memory; for when nobody holds a gradient."""
        if self.run_many is None:
            for grads in self.grads:
                grads.before_binding()
            self.run_many = self.backend.emitted.bind_many(self.bound)
            for grads in self.grads:
                grads.after_binding()  # the loop looks at their memory, too
        return self.run_many

    def described(self) -> str:
        """The signature, in words."""
        inputs = ", ".join([f"{v.name}: {v.dtype}{list(v.shape)}" for v in self.program.inputs])
        return f"{self.program.name}({inputs}), {len(self.program.instructions)} operations, {self.backend.name}"

    # ------------------------------------------------------------------ what a call changes

    def _stamped(self) -> list[Storage]:
        """The storages that a call writes. Gradients that are new need no stamp: what somebody holds is not written."""
        found: dict[int, Storage] = {}
        for state, _ in self.program.updates:
            memory = self.memory[state]
            for part in memory.parts if isinstance(memory, FlatMemory) else [memory]:
                if isinstance(part, TensorMemory):
                    storage = getattr(part.tensor._storage, "block", part.tensor._storage)
                    found[id(storage)] = storage
        return [*found.values(), *[grads.block for grads in self.grads if grads.go_on]]

    def overlaps(self, array: Array) -> bool:
        """Whether an array may be a part of the state."""
        if self.owners is not None and isinstance(memory := owner(array), np.ndarray) and id(memory) not in self.owners:
            return False
        return any(np.may_share_memory(array, state) for state in self.bound)

    def counters(self) -> list[tuple[Any, int]]:
        """The step counts that a call reads or moves on, each with by how many."""
        return [(s.owner, s.moves) for s in self.recording.program.settings if s.moves is not None]


def _unbound(*arguments: Any) -> Any:
    raise AssertionError("prepare comes first")


def owner(array: Any) -> Any:
    """What the memory of an array belongs to: another array, or an object that is none."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array


def _owners(arrays: Sequence[Array]) -> set[int] | None:
    """What the memory of arrays belongs to, by id; None where that is more than arrays."""
    found = [owner(a) for a in arrays]
    return {id(o) for o in found} if all(isinstance(o, np.ndarray) for o in found) else None


def _same_memory(a: Array, b: Array) -> bool:
    return a is b or (a.ctypes.data == b.ctypes.data and a.shape == b.shape and a.strides == b.strides)
