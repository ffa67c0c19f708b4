"""How a rule is run: large parameters in place and in blocks, small ones packed into one flat vector.

A call into NumPy costs about as much as the arithmetic on a thousand numbers, so a rule of a dozen operators is run
once for all small parameters together: their values and gradients are copied into flat vectors, where their slots
live, and the new values are copied back. The parameters' own memory never moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.errors import ShapeError
from autodiff.graph import Storage, changes, last_write, tick
from autodiff.heap import aligned
from autodiff.primitive import plain
from optim.program import Program

if TYPE_CHECKING:
    from optim.optimizer import Optimizer

__all__ = ["Run"]

Array = np.ndarray[Any, Any]

# Below this many bytes copying costs less than calling NumPy for the parameter alone, and the rule on whole arrays less
# than a program. Above 128 KiB the temporary arrays of a rule would be fresh pages from the system each time.
SMALL_BYTES = 64 * 1024


def grad_of(p: Any) -> Any:
    """The ``.grad`` of a Tensor: None, or a Tensor."""
    node = p._node
    return p._grad if node is None else node.grad


class Pack:
    """Parameters of one dtype and one step count, whose slots lie one after the other in flat vectors."""

    def __init__(self, members: Sequence[tuple[int, Any]], slots: Sequence[Sequence[Any]], t: int) -> None:
        arrays = [p._array for _, p in members]
        total, dtype = sum(a.size for a in arrays), arrays[0].dtype
        self.p, self.g = aligned(total, dtype), aligned(total, dtype)
        self.slots = [aligned(total, dtype) for _ in slots]
        self.t = np.asarray(t, np.float32)
        self.cells: list[tuple[int, Any, Array, Array, Array]] = []
        self.views: list[list[Array]] = []  # of each member, its part of each slot
        start = 0
        for (i, p), array in zip(members, arrays):
            part = slice(start, start + array.size)
            p_part, g_part, *views = [flat[part].reshape(array.shape) for flat in (self.p, self.g, *self.slots)]
            self.cells.append((i, p, array, p_part, g_part))
            self.views.append(views)
            start += array.size
        for j, values in enumerate(slots):
            for views, value in zip(self.views, values):
                if value is not None:
                    views[j][...] = value

    def gather(self, params: list[Any]) -> bool:
        """Copy values and gradients into the flat vectors; False if something is not as it was."""
        for i, p, array, p_part, g_part in self.cells:
            node = p._node
            g = p._grad if node is None else node.grad
            if g is None or p._array is not array or params[i] is not p:
                return False
            p_part[...] = array
            g_part[...] = g._array
        return True

    def update(self, rule: Optimizer, program: Program, h: dict[str, Any], written: dict[int, Any]) -> None:
        """Run the rule on the flat vectors and copy the new values back."""
        t = int(self.t) + 1
        self.t[...] = t
        flat = self.p
        if flat.nbytes < SMALL_BYTES:
            new, slots = rule.update(plain, flat, self.g, tuple(self.slots), t, h)
            flat[...] = new
            for before, after in zip(self.slots, slots):
                before[...] = after
        else:
            _run_in_place(rule, program, [flat, self.g, *self.slots], t, h, written)
        version = tick()
        for _, p, array, p_part, _ in self.cells:
            array[...] = p_part
            p._storage.version = version
        last_write.tick = version


class Large:
    """One contiguous parameter, updated where it lies."""

    def __init__(self, i: int, p: Any, slots: Sequence[Any], t: int) -> None:
        self.i, self.parameter, self.array = i, p, p._array
        self.t = np.asarray(t, np.float32)
        self.views = [[_own(value, self.array) for value in slots]]
        self.flat = [a.reshape(-1) for a in (self.array, *self.views[0])]
        self.g: Array = self.array

    def gather(self, params: list[Any]) -> bool:
        """Find the gradient; False if something is not as it was."""
        p = self.parameter
        g = grad_of(p)
        if g is None or p._array is not self.array or params[self.i] is not p:
            return False
        self.g = g._array
        return True

    def update(self, rule: Optimizer, program: Program, h: dict[str, Any], written: dict[int, Any]) -> None:
        """Run the rule, in place."""
        t = int(self.t) + 1
        self.t[...] = t
        p, *slots = self.flat
        _run_in_place(rule, program, [p, self.g.reshape(-1), *slots], t, h, written)
        _stamp(self.parameter)


class Whole(Large):
    """One parameter whose rule looks at the whole Tensor, not at each element alone."""

    def __init__(self, i: int, p: Any, slots: Sequence[Any], t: int) -> None:
        self.i, self.parameter, self.array = i, p, p._array
        self.t = np.asarray(t, np.float32)
        self.views = [[_own(value, self.array) for value in slots]]

    def update(self, rule: Optimizer, program: Program, h: dict[str, Any], written: dict[int, Any]) -> None:
        """Run the rule on the whole arrays and copy the results."""
        t = int(self.t) + 1
        self.t[...] = t
        slots = self.views[0]
        new, kept = rule.update(plain, self.array, self.g, tuple(slots), t, h)
        self.array[...] = new
        for before, after in zip(slots, kept):
            before[...] = after
        _stamp(self.parameter)


class Idle:
    """Parameters that had no gradient: they keep their state as it is until one of them has."""

    def __init__(self, members: list[tuple[int, Any]]) -> None:
        self.members = members

    def gather(self, params: list[Any]) -> bool:
        """Whether they still have none."""
        return all(params[i] is p and grad_of(p) is None for i, p in self.members)

    def update(self, rule: Optimizer, program: Program, h: dict[str, Any], written: dict[int, Any]) -> None:
        """Leave them alone."""


def _run_in_place(
    rule: Optimizer, program: Program, arrays: list[Array], t: int, h: dict[str, Any], written: dict[int, Any]
) -> None:
    """Run the program of step `t`, which is written down once for all parameters of the group."""
    found = written.get(t)
    if found is None:
        found = written[t] = program.write_down(rule.update, len(arrays) - 2, t, h)
    program.run(found, arrays)


def _stamp(p: Any) -> None:
    p._storage.version = last_write.tick = tick()


def _array(name: str, value: Any, p: Any) -> Any:
    """What the state holds under `name` as an array; None if there is nothing."""
    if value is None:
        return None
    array = np.asarray(getattr(value, "_array", value))
    if array.shape != p._array.shape:
        raise ShapeError(
            f"the optimizer's state holds {name!r} of shape {array.shape} for a parameter of shape {p._array.shape}; "
            "after changing a parameter's shape, take its state away: optimizer.state.pop(p)"
        )
    return array


def _own(value: Any, like: Array) -> Array:
    """A slot's array as it is, if the rule can be run on it in place; else a copy, or zeros for None."""
    if value is None:
        return aligned(like.size, like.dtype).reshape(like.shape)
    good = value.dtype == like.dtype and value.flags.c_contiguous and value.flags.writeable
    return value if good else np.array(value, like.dtype, order="C")


class Run:
    """One group, arranged for running: made anew when a gradient appears or is gone, memory or state is replaced.

    It does not hold the optimizer, which holds it: without a cycle both are freed at once.
    """

    def __init__(self, rule: Optimizer, group: dict[str, Any]) -> None:
        self.names = rule.slots(group)
        self.count = len(group["params"])
        self.units: list[Any] = []
        self.shown: list[tuple[Any, dict[str, Array]]] = []  # by parameter: the memory that the state shows
        idle: list[tuple[int, Any]] = []
        packs: dict[Any, list[Any]] = {}
        for i, p in enumerate(group["params"]):
            g = grad_of(p)
            if g is None:
                idle.append((i, p))
                continue
            if g._array.shape != p._array.shape:
                raise ShapeError(
                    f"parameter {rule.name_of(group, i)} has shape {p._array.shape} and its gradient "
                    f"{g._array.shape}; after changing a parameter's shape, call zero_grad() and backward() again"
                )
            values, t = self._state_of(rule, p)
            if not rule.elementwise:
                self._add(rule, Whole(i, p, values, t), [p])
            elif p._array.nbytes >= SMALL_BYTES and p._array.flags.c_contiguous:
                self._add(rule, Large(i, p, values, t), [p])
            else:
                packs.setdefault((p._array.dtype, t), []).append((i, p, values))
        for (_, t), members in packs.items():
            slots = [[values[j] for _, _, values in members] for j in range(len(self.names))]
            self._add(rule, Pack([(i, p) for i, p, _ in members], slots, t), [p for _, p, _ in members])
        if idle:
            self.units.append(Idle(idle))
        changes.structure += 1  # state has moved to memory of this arrangement
        self.structure = changes.structure

    def _state_of(self, rule: Optimizer, p: Any) -> tuple[list[Any], int]:
        """The slots of a parameter as arrays (None: not there yet), and how many steps it has made."""
        entry = rule.state.get(p, {})
        values = [_array(name, entry.get(name), p) for name in self.names]
        if "step" in entry:
            return values, int(entry["step"])
        # Of a rule that does not count, all that matters is whether it has begun.
        return values, int(bool(values) and not any(value is None for value in values))

    def _add(self, rule: Optimizer, unit: Any, parameters: list[Any]) -> None:
        """Add a unit, and show its memory in the optimizer's state."""
        self.units.append(unit)
        for p, views in zip(parameters, unit.views):
            shown = {"step": (unit.t, Storage())} if rule.counts_steps else {}
            shown.update({name: (view, Storage()) for name, view in zip(self.names, views)})
            if shown:
                rule.state.show(p, shown)
                self.shown.append((p, {name: array for name, (array, _) in shown.items()}))

    def _is_shown(self, rule: Optimizer) -> bool:
        """Whether the state still shows this memory."""
        if not all(rule.state.shows(p, arrays) for p, arrays in self.shown):
            return False
        self.structure = changes.structure
        return True

    def step(self, rule: Optimizer, group: dict[str, Any], program: Program) -> bool:
        """Make one step; False, with nothing changed, if the group is not as it was."""
        params = group["params"]
        if len(params) != self.count or rule.slots(group) != self.names:
            return False
        if changes.structure != self.structure and not self._is_shown(rule):
            return False
        for unit in self.units:
            if not unit.gather(params):
                return False
        written: dict[int, Any] = {}
        for unit in self.units:
            unit.update(rule, program, group, written)
        return True
