"""Recording one call: run the function with a recorder listening, and gather what it must leave behind.

The call runs as it would without: it is an ordinary call of the function, with an ear on it. So whatever becomes of the
recording, parameters, optimizers and generators are as after one call.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from weakref import ref

import numpy as np
from numpy.lib.array_utils import byte_bounds

from autodiff.compiler.draws import Draw
from autodiff.compiler.kinds import is_ours
from autodiff.compiler.leaving import set_apart
from autodiff.compiler.memory import ArrayMemory, GradMemory, TensorMemory
from autodiff.compiler.naming import name_values
from autodiff.compiler.places import Places
from autodiff.compiler.program import Program, Value
from autodiff.compiler.reach import Reach
from autodiff.compiler.recorder import Recorder
from autodiff.errors import RecordingError
from autodiff.graph import Leaf, changes, modes, wrap
from autodiff.graph import Value as TensorValue
from autodiff.trees import Structure, flatten

__all__ = ["Output", "Recording", "argument_names", "record", "spoken"]


@dataclass
class Output:
    """One leaf of what a function returned.

    Parameters
    ----------
    index : int or None
        Which result of the program it is; None for what is `kept`: anything but a Tensor, or a Tensor of the user's.
    tracked : bool, default=False
        Whether it has a place in a graph.
    plain : bool, default=False
        Whether it is an array and not a Tensor.
    number : bool, default=False
        Whether it is a Python number.
    """

    index: int | None
    kept: Any = None
    tracked: bool = False
    plain: bool = False
    number: bool = False


class Recording:
    """What one recorded call left.

    Attributes
    ----------
    program : Program
    memory : dict of Value to Memory
        Behind each state.
    fresh : set of Value
        States of which nothing was known before: constants, unless a second recording finds the same memory.
    digests : dict of Value to bytes
        What the elements of `fresh` ones were: their memory may be a part of the user's, which shows the latest ones.
    draws : list of Draw
    packs : list of (Optimizer, Pack)
    outputs, structure
        What the function returned.
    grads : dict of id to (Tensor, str)
        Of each leaf, what became of its gradient: "none", "untouched", "set", or "written" in the memory it had.
    frozen : list of Tensor
        Those without a place in a graph whose gradient is taken away, if somebody gave them one.
    presence : list of (Tensor, bool)
        The leaves of which it matters whether they have a gradient before the call, and whether they had.
    leaves_written : bool
        Whether a gradient was written that is not one after the call: who holds it sees that.
    at_rest : list of (Tensor, Tensor or None, ndarray or None)
        Those without a place in a graph whose gradient was read, with it and its memory.
    plain : list of (ndarray, bytes)
        Small arrays of the user's that are no state, and what they held, which plain Python may have read.
    drew_elsewhere : bool
        Whether random numbers of Python's or NumPy's were drawn.
    """

    def __init__(self, recorder: Recorder, result: Any) -> None:
        self.program: Program = recorder.program
        self.recorder = recorder
        self.draws: list[Draw] = recorder.draws
        self.packs = recorder.packs
        self.memory: dict[Value, Any] = {}
        self.fresh: set[Value] = set()
        self.digests: dict[Value, bytes] = {}
        self.outputs: list[Output] = []
        leaves, self.structure = flatten(result)
        self.leaves = leaves
        self.grads: dict[int, tuple[Any, str]] = {}
        self.frozen: list[Any] = []
        self.presence: list[tuple[Any, bool]] = []
        self.leaves_written = False
        self.at_rest: list[tuple[Any, Any, Any]] = []
        self.plain: list[tuple[Any, bytes]] = []
        self.drew_elsewhere = False
        #: What the same signature may do in one way or another: add to gradients that were there, or find residuals
        #: of other shapes.
        self.flavour: tuple[Any, ...] = ()

    def holds_plain(self) -> bool:
        """Whether small arrays that are no state hold what they held."""
        return all(array.tobytes() == held for array, held in self.plain)

    def holds_gradients(self) -> bool:
        """Whether gradients are there that were, and not those that were not, and frozen ones where they were."""
        if any((t._node.grad is not None) is not present for t, present in self.presence):
            return False
        return all(t._grad is g and (g is None or g._array is array) for t, g, array in self.at_rest)

    def rest(self) -> None:
        """Let go of what only recording needs: arrays that would otherwise be free."""
        self.leaves = []
        self.recorder.known.clear()
        self.recorder.memory.clear()
        self.recorder.given.clear()
        self.recorder.arguments.clear()
        self.recorder.written.clear()
        self.recorder.gradients_asked.forget()
        self.recorder.initial.clear()


def record(
    function: Any, args: Sequence[Any], kwargs: dict[str, Any], reach: Reach, drawn: Sequence[Any] = ()
) -> tuple[Any, Recording | None, RecordingError | None]:
    """Call a function and take the call down.

    Parameters
    ----------
    function : callable
    args, kwargs
        What it is called with.
    reach : Reach
        What it can reach.
    drawn : sequence of ndarray
        Random numbers that were drawn for this call already.

    Returns
    -------
    result
        What it returned.
    recording : Recording or None
        None if it could not be recorded.
    failure : RecordingError or None
        Then why.
    """
    recorder = Recorder(getattr(function, "__name__", type(function).__name__), Places(reach.modules), drawn)
    leaves, structure = flatten((tuple(args), kwargs))
    for optimizer in reach.optimizers.values():
        optimizer.before_recording(recorder)
    leaves = _apart(leaves, reach, [slot for _, pack in recorder.packs_known for slot in pack.slots])
    given = _inputs(recorder, function, leaves, structure)
    for path, t in reach.tensors.items():
        if id(t._array) not in recorder.known:
            recorder.add_state(t, path)
    states = {id(t) for t in reach.tensors.values()}
    recorder.arguments = [t for t in recorder.arguments if id(t) not in states]
    owners = [*[t for t in leaves if isinstance(t, TensorValue)], *reach.tensors.values()]
    names = [*[""] * (len(owners) - len(reach.tensors)), *reach.tensors]
    before = _gradients(recorder, owners, names)
    if any(x is not y for x, y in zip(given, flatten((tuple(args), kwargs))[0])):
        args, kwargs = structure.build(given)  # else they are the user's own lists and dicts, which the call may write
    outer = modes.listener, modes.recorder
    changes.recordings += 1
    changes.structure += 1  # what is compiled by itself runs as it is written, to be heard
    modes.listener, modes.recorder = recorder, recorder
    elsewhere, held = _random_elsewhere(reach), reach.contents()
    try:
        with _heard(reach):
            result = function(*args, **kwargs)
        _check_containers(recorder, given, structure, args, kwargs)
        recorder.check_draws()
        recording = Recording(recorder, result)
        recording.drew_elsewhere = elsewhere != _random_elsewhere(reach)
        if recorder.failure is None:
            _gather_results(recording, reach)
            _gather_state(recording, reach, owners, before)
            _gather_plain(recording, recorder, reach, held)
            name_values(recording.program, recorder.adjoints, _keys_of_results(recording))
    finally:
        modes.listener, modes.recorder = outer
        changes.recordings -= 1
    failure = recorder.failure
    return result, (recording if failure is None else None), failure


def _check_containers(
    recorder: Recorder, given: list[Any], structure: Structure, args: Sequence[Any], kwargs: dict[str, Any]
) -> None:
    """Refuse a call that put something into a list or dict among its arguments, which a replay would not."""
    leaves, after = flatten((tuple(args), kwargs))
    if after.paths() != structure.paths() or any(x is not y for x, y in zip(leaves, given)):
        recorder.refuse("the call changed a list or dict that it was given", "return what it put there", "")


@contextmanager
def _heard(reach: Reach) -> Iterator[None]:
    """Let the groups of optimizers tell which of their settings are read."""
    groups = [group for optimizer in reach.optimizers.values() for group in optimizer.param_groups]
    for group in groups:
        group.listen(True)
    try:
        yield
    finally:
        for group in groups:
            group.listen(False)


def _random_elsewhere(reach: Reach) -> Any:
    """Where the generators of Python's and NumPy's stand, which a replay would not draw from."""
    legacy: Any = np.random.get_state(legacy=False)  # noqa: NPY002
    own = [pickle.dumps(_state_of(generator)) for generator in reach.generators.values()]
    return random.getstate(), legacy["state"]["pos"], legacy["state"]["key"].tobytes(), own


def _state_of(generator: Any) -> Any:
    if isinstance(generator, random.Random):
        return generator.getstate()
    return generator.bit_generator.state if isinstance(generator, np.random.Generator) else generator.get_state()


def _apart(leaves: list[Any], reach: Reach, slots: list[Any]) -> list[Any]:
    """The arguments, which a replay has to tell apart: from each other, and from what lives between calls.

    One that overlaps state is copied, and one that is given twice is seen anew. Those with a place in a graph stay as
    they are, since the signature says which of them are the same.
    """
    state = [*[t._array for t in reach.tensors.values()], *reach.arrays.values(), *slots]
    seen = {id(x._array) for x in leaves if isinstance(x, TensorValue) and x._node is not None}
    apart: list[Any] = []
    for x in leaves:
        plain = isinstance(x, np.ndarray)
        if plain or (isinstance(x, TensorValue) and x._node is None):
            array = x if plain else x._array
            if any(np.may_share_memory(array, a) for a in state):
                x = np.array(array) if plain else wrap(np.array(array))
            elif id(array) in seen:
                x = array.view() if plain else wrap(array.view(), None, x._storage)
            seen.add(id(array))
        apart.append(x)
    return apart


def _inputs(recorder: Recorder, function: Any, leaves: list[Any], structure: Structure) -> list[Any]:
    """Make Tensors and arrays among the arguments inputs; what the function is given in their places."""
    ours = is_ours(function)
    given: list[Any] = []
    paths = structure.paths()
    names = argument_names(function)
    for x, path in zip(leaves, paths):
        name = spoken(path, names)
        if isinstance(x, TensorValue):
            recorder.add_input(x, name)
        elif isinstance(x, np.ndarray):
            t = wrap(x)
            recorder.add_input(t, name)
            # A function of the user's might compute with an array where nobody hears it; a transform of ours does not.
            x = x if ours else t
        given.append(x)
    return given


def argument_names(function: Any) -> tuple[str, ...]:
    """What a function of the user's calls its arguments by position."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or is_ours(function):
        return ()
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount]
    return names[1:] if hasattr(function, "__self__") else names


def spoken(path: str, names: tuple[str, ...]) -> str:
    """What the user calls an argument: "[0][1]" is the second one by position, "[1]['y']" that called y."""
    parts = [part.strip("[]'") for part in path.split("][")]
    if parts[0] == "0" and len(parts) > 1 and parts[1].isdigit() and int(parts[1]) < len(names):
        parts[1] = names[int(parts[1])]
    return "_".join(parts[1:]) or "x"


def _gradients(recorder: Recorder, owners: list[Any], names: list[str]) -> dict[int, Any]:
    """Make the gradients that are there states, without holding them: the call may free their memory for new ones."""
    before: dict[int, Any] = {}
    holders: dict[int, Any] = {}
    for name, t in zip(names, owners):
        if t._node is None and t._grad is not None:
            set_apart(t._grad)
        g = _grad(t)
        before[id(t)] = None if g is None else ref(g)
        if g is not None:
            recorder.add_gradient(t, g, f"{name}.grad")
            if holders.setdefault(id(g._array), t._node) is not t._node:
                recorder.postpone()  # two leaves have one gradient, which another call need not find
    return before


def _grad(t: Any) -> Any:
    """The gradient of a Tensor without looking at it as a user does."""
    return t._node.grad if isinstance(t._node, Leaf) else None


def _gather_results(recording: Recording, reach: Reach) -> None:
    """Find the values of what the function returned."""
    known = {id(t): t for t in reach.tensors.values()}
    program = recording.program
    for x in recording.leaves:
        number = next((v for n, v in recording.recorder.handed_out if n is x), None)
        if number is not None:
            recording.outputs.append(Output(len(program.results), number=True))
            program.results.append(number)
            continue
        plain = isinstance(x, np.ndarray)
        if id(x) in known or not (plain or isinstance(x, TensorValue)):
            recording.outputs.append(Output(None, kept=x))
            continue
        value = recording.recorder.value_of(wrap(x) if plain else x)
        tracked = not plain and x._node is not None
        recording.outputs.append(Output(len(program.results), tracked=tracked, plain=plain))
        program.results.append(value)


def _keys_of_results(recording: Recording) -> list[str]:
    """What a dict that is returned calls the results of the program; empty for others."""
    paths = zip(recording.outputs, recording.structure.paths())
    return [path.removeprefix("['").removesuffix("']") for output, path in paths if output.index is not None]


def _gather_state(recording: Recording, reach: Reach, owners: list[Any], before: dict[int, Any]) -> None:
    """Say what memory is behind each state, and what new values states have."""
    recorder, program = recording.recorder, recording.program
    _gather_packs(recording)
    for t in owners:
        if (g := _grad(t)) is not None:
            recorder.value_of(g)  # what nothing was heard of yet is memory, too
    tensors = {id(t._array): t for t in reversed(owners)}
    slots = {id(slot): slot for _, pack in recording.packs for slot in pack.slots}
    arrays = {id(a): a for a in reach.arrays.values()}
    for value, known in recorder.memory.items():
        if value in recorder.gradients:
            recording.memory[value] = GradMemory(recorder.gradients[value])
            continue
        held = known.held
        assert held is not None
        key = id(held)
        owner = tensors.get(key)
        if owner is not None:
            recording.memory[value] = TensorMemory(owner)
        elif key in slots or key in arrays:
            recording.memory[value] = ArrayMemory(held)
        elif (source := _seen_through(held, arrays)) is not None:
            recording.memory[value] = ArrayMemory(source)
        else:
            recording.memory[value] = ArrayMemory(held)
            recording.fresh.add(value)
            initial: Any = np.ascontiguousarray(recorder.initial.setdefault(value, np.array(held)))
            recording.digests[value] = blake2b(initial).digest()
    _check_apart(recording)
    for state, known in recorder.written.items():
        if not isinstance(recording.memory[state], GradMemory):
            program.updates.append((state, known.value))
    states = {memory.key(): value for value, memory in recording.memory.items()}
    leaves = [t for t in {id(t): t for t in owners}.values() if isinstance(t._node, Leaf)]
    for t in leaves:
        _gather_grad(recording, t, before[id(t)], states, reach)
    asked = recorder.gradients_asked
    recording.frozen = [t for t in asked.cleared.values() if t._node is None and t._grad is None]
    recording.presence = [(t, before[id(t)] is not None) for t in leaves if id(t._node) in asked.leaves]
    recording.at_rest = list(asked.frozen.values())
    shapes = tuple([tuple([v and v.shape for v in i.outputs]) for i in program.instructions])
    choices = [(choice.key(), choice.answer) for s in program.settings for choice in s.choices.values()]
    given = tuple([id(array) for _, _, array in recording.at_rest])
    recording.flavour = (tuple([present for _, present in recording.presence]), given, shapes, tuple(choices))


def _check_apart(recording: Recording) -> None:
    """Refuse states that are written, and whose memory another state looks at, too."""
    program, written = recording.program, recording.recorder.written
    used = {v for i in program.instructions for v in i.reads()} | program.kept() | written.keys()
    known = [(v, m) for v, m in recording.memory.items() if v in used and isinstance(m, (TensorMemory, ArrayMemory))]
    held = [(v, m.array()) for v, m in known]
    bounds = sorted([(*byte_bounds(a), v.name, v in written) for v, a in held if a.size])
    end, name, is_written = 0, "", False
    for start, stop, other, also in bounds:
        if start < end and (is_written or also):
            recording.recorder.refuse(
                f"{name or 'a Tensor'} and {other or 'another'} share memory, and one is written",
                "use one Tensor, and take the other as a view of it in the step",
                "",
            )
            return
        if stop > end:
            end, name, is_written = stop, other, also


def _gather_packs(recording: Recording) -> None:
    """Add the memory of optimizers that is read without a step; where a step moves it, a replay cannot follow."""
    recorder, program = recording.recorder, recording.program
    slots = {id(known.held): value for value, known in recorder.memory.items()}
    readers = {v: i for i in program.instructions for v in i.reads()}
    stepped = {id(p): pack for _, pack in recorder.packs for p in pack.members}
    for optimizer, pack in recorder.packs_known:
        read = [readers[v] for slot in pack.slots if (v := slots[id(slot)]) in readers]
        if any(pack is known for _, known in recording.packs):
            continue
        moved = any(stepped.get(id(p), pack) is not pack for p in pack.members)
        if read and moved:
            place = read[0].place
            recorder.refuse(
                "the state of an optimizer is read together with a step that updates other parameters",
                "read it before or after the call",
                f"{place.line}: {place.text}" if place.line else "",
            )
        if read or (("count", id(pack.count)) in recorder.settings and not moved):
            recording.packs.append((optimizer, pack))
            continue
        for slot in pack.slots:  # not a part of the program
            program.states.remove(slots[id(slot)])
            del recorder.memory[slots[id(slot)]]


def _gather_plain(recording: Recording, recorder: Recorder, reach: Reach, held: dict[int, bytes]) -> None:
    """Say which small arrays are no state, and what they hold, which no call may change."""
    states = {id(memory.array()) for memory in recording.memory.values() if isinstance(memory, ArrayMemory)}
    for path, array in reach.arrays.items():
        if id(array) in held and id(array) not in states:
            recording.plain.append((array, held[id(array)]))
            if array.tobytes() != held[id(array)]:
                recorder.failure = RecordingError(
                    f"the call changed {path}, an array, which a replay would not do; do it outside the compiled "
                    "function, or make it a Tensor"
                )
    recording.flavour += tuple([contents for _, contents in recording.plain])


def _seen_through(array: Any, arrays: dict[int, Any]) -> Any:
    """The array of the user's that another one is the same elements of."""
    source = arrays.get(id(array.base))
    if source is None or source.dtype != array.dtype:
        return None
    return source if (source.shape, source.strides) == (array.shape, array.strides) else None


def _gather_grad(recording: Recording, t: Any, before: Any, states: dict[Any, Value], reach: Reach) -> None:
    """Say what became of the gradient of a leaf."""
    recorder, program = recording.recorder, recording.program
    after = _grad(t)
    replaced = before is not None and (after is None or after is not before())
    if replaced and states.get(("grad", id(t))) in recorder.written:
        recording.leaves_written = True
    if after is None:
        gone = before is not None or id(t._node) in recorder.gradients_asked.cleared
        recording.grads[id(t)] = (t, "none" if gone else "untouched")
        return
    value = recorder.value_of(after)
    state = states.get(("grad", id(t)))
    if before is not None and after is before() and value is state:
        recording.grads[id(t)] = (t, "untouched")
        return
    path = next((path for path, known in reach.tensors.items() if known is t), "input")
    computed = recorder.leaf_adjoints.get(id(t._node))
    if computed is not None and not computed.name:
        computed.name = f"d_{path}"
    if state is None:
        state = Value("state", t._array.shape, t._array.dtype, f"{path}.grad")
        program.states.append(state)
        recording.memory[state] = GradMemory(t)
    program.updates.append((state, value))
    recording.grads[id(t)] = (t, "written" if before is not None and after is before() else "set")
