"""How a compiled step takes an optimizer's step down: the rule, run once on flat values of all parameters together.

Settings and step counts are numbers of the host that each call reads anew. Slots lie in flat memory that the
optimizer's state shows, so that ordinary steps and compiled ones can be mixed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.graph import Storage, changes, stamp, wrap
from autodiff.heap import aligned
from autodiff.ops.index import index
from autodiff.ops.shape import concatenate, reshape
from autodiff.primitive import recorded
from optim.program import Program
from optim.running import SMALL_BYTES, grad_of
from optim.state import is_read, number

if TYPE_CHECKING:
    from optim.optimizer import Optimizer

__all__ = ["Pack", "facts", "record"]

Array = np.ndarray[Any, Any]


class Settings(Mapping[str, Any]):
    """A group as a rule sees it while it is recorded: its numbers are read at each call, the rest is what it is."""

    def __init__(self, recorder: Any, group: dict[str, Any]) -> None:
        self.recorder = recorder
        self.group = group

    def __getitem__(self, key: str) -> Any:
        value = dict.__getitem__(self.group, key)  # unheard: the program reads it by itself
        if isinstance(value, tuple):
            return tuple([self._number(key, v, i) for i, v in enumerate(value)])
        return self._number(key, value, None)

    def _number(self, key: str, value: Any, i: int | None) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value
        return number(self.recorder, self.group, key, i)

    def __iter__(self) -> Iterator[str]:
        return iter(self.group)

    def __len__(self) -> int:
        return len(self.group)


class _Noticed(Storage):
    """The storage of a step count: compiled steps keep the count as a number, so they must look again after a write."""

    def __init__(self) -> None:
        self._version = 0

    @property
    def version(self) -> int:
        return self._version

    @version.setter
    def version(self, value: int) -> None:
        self._version = value
        changes.structure += 1


class Count:
    """How many steps were made: `array` is what the optimizer's state shows, `t` the same as an int."""

    def __init__(self, t: int) -> None:
        self.t = t
        self.array = np.asarray(t, np.float32)
        self.storage = _Noticed()

    def next(self) -> int:
        """The number of the step that comes."""
        return self.t + 1


class Pack:
    """Parameters of one dtype and step count that one rule updates together, and the memory of their slots.

    A rule that is not elementwise has a pack for each parameter.
    """

    def __init__(self, optimizer: Optimizer, members: Sequence[Any], names: tuple[str, ...], t: int) -> None:
        self.members = list(members)
        self.names = names
        self.counts_steps = optimizer.counts_steps
        self.stepped = False
        arrays = [p._array for p in members]
        size, dtype = sum(a.size for a in arrays), arrays[0].dtype
        self.nbytes = size * dtype.itemsize
        self.slots = [aligned(size, dtype) for _ in names]
        self.storages = [Storage() for _ in names]
        self.count = Count(t)
        ends = np.cumsum([a.size for a in arrays]).tolist()
        self.parts = [slice(end - a.size, end) for end, a in zip(ends, arrays)]
        self.views = [[flat[part].reshape(a.shape) for flat in self.slots] for part, a in zip(self.parts, arrays)]
        self.take_over(optimizer)

    def is_shown(self, optimizer: Optimizer) -> bool:
        """Whether the optimizer's state still is this memory."""
        count = {"step": self.count.array} if self.counts_steps else {}
        members = zip(self.members, self.views)
        return all(optimizer.state.shows(p, {**dict(zip(self.names, views)), **count}) for p, views in members)

    def fits(self) -> bool:
        """Whether the parameters have the shapes and the dtype that they had."""
        pairs = [(p._array, v) for p, views in zip(self.members, self.views) for v in views]
        return all(a.shape == v.shape and a.dtype == v.dtype for a, v in pairs)

    def is_gone(self, optimizer: Optimizer) -> bool:
        """Whether the state was taken away (``state.clear()``): who holds it keeps it, and what comes is another."""
        names = [*self.names, *(["step"] if self.counts_steps else [])]
        return any(optimizer.state.get(p, {}).get(name) is None for p in self.members for name in names)

    def take_over(self, optimizer: Optimizer) -> None:
        """Copy what the state holds into this memory, and show this memory instead."""
        for p, views in zip(self.members, self.views):
            entry = optimizer.state.get(p, {})
            for name, view in zip(self.names, views):
                value = entry.get(name)
                array = 0 if value is None else getattr(value, "_array", value)
                if array is not view:
                    view[...] = array
            if self.counts_steps:
                self.count.t = _steps(entry) if "step" in entry else 0
            shown: dict[str, Any] = {"step": (self.count.array, self.count.storage)} if self.counts_steps else {}
            shown.update({name: (view, s) for name, view, s in zip(self.names, views, self.storages)})
            if shown:
                optimizer.state.show(p, shown)
        self.count.array[...] = self.count.t
        changes.structure += 1  # other compiled steps may read the memory that was shown before
        optimizer._runs.clear()

    def agree(self, optimizer: Optimizer) -> None:
        """Bring this memory and the optimizer's state together again, after steps that were not compiled."""
        if not self.is_shown(optimizer):
            self.take_over(optimizer)
        elif self.counts_steps:
            self.count.t = int(self.count.array)


def begun(optimizer: Optimizer, p: Any, names: tuple[str, ...]) -> int:
    """How many steps a parameter has made; of a rule that does not count, whether it has begun."""
    entry = optimizer.state.get(p, {})
    if optimizer.counts_steps and "step" in entry:
        return _steps(entry)
    return int(bool(names) and all(entry.get(name) is not None for name in names))


def _steps(entry: Mapping[str, Any]) -> int:
    """The step count in a state, without the look at it that a recorder would refuse."""
    return int(getattr(entry["step"], "_array", entry["step"]))


def facts(optimizer: Optimizer) -> tuple[Any, ...]:
    """What a recorded step of this optimizer depends on besides the settings that are read at each call."""
    found: list[Any] = [optimizer.elementwise]
    for group in optimizer.param_groups:
        names = optimizer.slots(group)
        held = [(k, v) for k, v in group.items() if k != "params" and not is_read(v)]
        steps = [begun(optimizer, p, names) for p in group["params"]]
        # Of counts only their being equal matters; whether a rule without count has begun changes its formula.
        shape = [steps.index(t) for t in steps] if optimizer.counts_steps else steps
        # Settings are read from the group itself, so that another one is another program's, be it equal.
        found.append((id(group), repr(held), names, tuple(shape), tuple([id(p) for p in group["params"]])))
    return tuple(found)


def introduce_all(optimizer: Optimizer, recorder: Any) -> None:
    """Bring the state into packs before a call is recorded, and let the recorder know them."""
    shown = [pack for pack in optimizer._packs.values() if pack.is_shown(optimizer) and pack.fits()]
    packed = {id(p) for pack in shown for p in pack.members}
    for group in optimizer.param_groups:
        names = optimizer.slots(group)
        needed = [*names, *(["step"] if optimizer.counts_steps else [])]
        buckets: dict[Any, list[Any]] = {}
        for p in group["params"]:
            entry = optimizer.state.get(p, {})
            if needed and id(p) not in packed and all(entry.get(name) is not None for name in needed):
                t = begun(optimizer, p, names)
                buckets.setdefault((p._array.dtype, t, None if optimizer.elementwise else id(p)), []).append(p)
        # What is updated together is known only at the step; most probably all that were so often.
        shown += [_pack(optimizer, members, names, t) for (_, t, _), members in buckets.items()]
    for pack in shown:
        introduce(recorder, optimizer, pack)


def introduce(recorder: Any, optimizer: Optimizer, pack: Pack) -> None:
    """Let a recorder know the memory of a pack, and the parts of it that the state shows; once."""
    if any(known is pack for _, known in recorder.packs_known):
        return
    recorder.packs_known.append((optimizer, pack))
    for i, (name, flat) in enumerate(zip(pack.names, pack.slots)):
        recorder.add_state(wrap(flat, None, pack.storages[i]), name)
        recorder.add_parts(flat, [(part, views[i]) for part, views in zip(pack.parts, pack.views)])
    if pack.counts_steps:
        recorder.add_count(pack.count, lambda: recorder.steps_before(pack.count))


def record(optimizer: Optimizer, recorder: Any) -> None:
    """Make one step, and let a recorder hear it."""
    # The packs of earlier steps in the same call: what is updated together goes on together.
    earlier = {id(p): pack for o, pack in recorder.packs if o is optimizer for p in pack.members}
    for group in optimizer.param_groups:
        h: Any = Settings(recorder, group)
        names = optimizer.slots(h)
        buckets: dict[Any, list[Any]] = {}
        for p in group["params"]:
            recorder.asked(p._node, p)
            if grad_of(p) is not None:
                t = begun(optimizer, p, names)
                key = (p._array.dtype, t, id(earlier.get(id(p))) if optimizer.elementwise else id(p))
                buckets.setdefault(key, []).append(p)
        for (_, t, _), members in buckets.items():
            pack = _pack(optimizer, members, names, t)
            if earlier.get(id(members[0]), pack) is not pack:
                recorder.refuse(
                    "a step updates other parameters than an earlier one of the same call updated together",
                    "let all of them have gradients at each step (zero_grad(set_to_none=False)), or put those that "
                    "have into a group of their own",
                )
            _step(optimizer, recorder, h, pack)


def _pack(optimizer: Optimizer, members: list[Any], names: tuple[str, ...], t: int) -> Pack:
    """The pack of these parameters: the one there is, or a new one."""
    key = (tuple([id(p) for p in members]), names)
    pack: Pack | None = optimizer._packs.get(key)
    if pack is None or not pack.fits() or pack.is_gone(optimizer):
        # One that was made to be read, and that no step has used, goes.
        others = {id(p) for p in members}
        for k, known in list(optimizer._packs.items()):
            if not known.stepped and any(id(p) in others for p in known.members):
                del optimizer._packs[k]
        pack = optimizer._packs[key] = Pack(optimizer, members, names, t)
    pack.agree(optimizer)
    pack.count.t = t
    return pack


def _step(optimizer: Optimizer, recorder: Any, h: Any, pack: Pack) -> None:
    """Run the rule for one pack, and write the results where they belong."""
    count = pack.count
    introduce(recorder, optimizer, pack)
    slots = [wrap(flat, None, storage) for flat, storage in zip(pack.slots, pack.storages)]
    t = recorder.step_number(count) if pack.counts_steps else count.t + 1
    if not optimizer.elementwise:
        _as_a_whole(optimizer, recorder, h, pack, slots, t)
    elif pack.nbytes < SMALL_BYTES:
        _together(optimizer, recorder, h, pack, slots, t)
    else:
        _in_blocks(optimizer, recorder, h, pack, slots, t)
    pack.stepped = True
    count.t += 1
    count.array[...] = count.t
    if not any(known is pack for _, known in recorder.packs):
        recorder.packs.append((optimizer, pack))


def _as_a_whole(optimizer: Optimizer, recorder: Any, h: Any, pack: Pack, slots: list[Any], t: Any) -> None:
    """Run the rule on one parameter as it is."""
    p = pack.members[0]
    slots = [reshape(slot, shape=p._array.shape) for slot in slots]
    new, kept = optimizer.update(recorded, _now(p), grad_of(p), tuple(slots), t, h)
    for before, after in zip([p, *slots], [new, *kept]):
        write(recorder, before, after)


def _together(optimizer: Optimizer, recorder: Any, h: Any, pack: Pack, slots: list[Any], t: Any) -> None:
    """Run the rule on the values of small parameters, laid out one after the other."""
    flat_p = _joined([_now(p) for p in pack.members])
    flat_g = _joined([grad_of(p) for p in pack.members])
    new, kept = optimizer.update(recorded, flat_p, flat_g, tuple(slots), t, h)
    for p, part in zip(pack.members, pack.parts):
        write(recorder, p, reshape(index(new, key=(part,)), shape=p._array.shape))
    for before, after in zip(slots, kept):
        write(recorder, before, after)


def _in_blocks(optimizer: Optimizer, recorder: Any, h: Any, pack: Pack, slots: list[Any], t: Any) -> None:
    """Update large parameters where they lie, as an ordinary step does, with a rule heard on one element alone.

    On whole arrays, each operation of the rule would make an array as large as all parameters together. What it does to
    one element it does to all: the recorder takes down what it hears as operations on all of them.
    """
    grads = [grad_of(p) for p in pack.members]
    states = [recorder.value_of(slot) for slot in slots]
    heard = [recorder.joined(pack.members), recorder.joined(grads), *states]
    with recorder.standing_in(heard) as (p, g, *s):
        new, kept = optimizer.update(recorded, p, g, tuple(s), t, h)
        results = [recorder.value_of(x) for x in (new, *kept)]
    _run_in_place(optimizer, dict(dict.items(h.group)), pack, grads)
    for p, piece in zip(pack.members, recorder.parted(results[0], pack.parts, pack.members)):
        _written(recorder, p, piece)
    for slot, after in zip(slots, results[1:]):
        _written(recorder, slot, after)


def _run_in_place(optimizer: Optimizer, group: dict[str, Any], pack: Pack, grads: Sequence[Any]) -> None:
    """Run the rule over blocks of each parameter and its slots."""
    program = Program()
    written = program.write_down(optimizer.update, len(pack.slots), pack.count.t + 1, group)
    for p, g, part in zip(pack.members, grads, pack.parts):
        flat = p._array.reshape(-1)  # of one that is not contiguous, a copy
        program.run(written, [flat, g._array.reshape(-1), *[slot[part] for slot in pack.slots]])
        if not np.may_share_memory(flat, p._array):
            p._array[...] = flat.reshape(p._array.shape)


def _now(p: Any) -> Any:
    """The values of a parameter, out of its graph."""
    return wrap(p._array, None, p._storage)


def _joined(tensors: list[Any]) -> Any:
    """Tensors one after the other in one vector."""
    flat = [reshape(t, shape=(-1,)) for t in tensors]
    return flat[0] if len(flat) == 1 else concatenate(*flat, axis=0)


def write(recorder: Any, t: Any, value: Any) -> None:
    """Put new values into the memory of a Tensor."""
    t._array[...] = value._array
    _written(recorder, t, value)


def _written(recorder: Any, t: Any, value: Any) -> None:
    """Say that new values were put into the memory of a Tensor."""
    stamp(t._storage)
    recorder.wrote(t, (...,), (), value)
