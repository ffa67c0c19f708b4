"""The recorder: a listener that takes a whole step down, forward, backward and update, as a program.

The step runs as it would without it, on its own numbers. The recorder hears each application of a primitive, each write
into memory and each draw of random numbers, and knows arrays by their identity: which came from the caller, which were
there before (state), and which an instruction of the program has computed.

What it has never heard of is memory that was there before, or was made during the call by something it cannot see (a
number, a list, an array of NumPy's). The first is read anew at every call. The second is a constant; two recordings are
compared before anything is replayed (`autodiff.compiler.comparison`), so that a constant that changes is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from itertools import count as count_from
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from autodiff.compiler.asking import Asked
from autodiff.compiler.draws import Draw, Listening, checksum
from autodiff.compiler.known import Known, unseen
from autodiff.compiler.places import Places
from autodiff.compiler.program import Instruction, Place, Program, Value, end_to_end
from autodiff.compiler.refusals import MENDS, Postponed, masked, shape_depends_on_values
from autodiff.compiler.scalars import Scalar, Setting
from autodiff.errors import RecordingError
from autodiff.frames import below, source_of_the_user
from autodiff.graph import Leaf, Node, Output, Storage, tick, wrap
from autodiff.graph import Value as TensorValue
from autodiff.primitive import Primitive

__all__ = ["Recorder"]

Array = np.ndarray[Any, Any]
_VIEW = "take the view inside of it: row = a[1]"
_DRAW = "draw with ad.rand, randn, randint, randperm, normal or bernoulli, and go on from there; make layers before it"


class Recorder:
    """Takes one call down. Made, entered and asked for its program by `autodiff.compiler.recording`.

    Attributes
    ----------
    program : Program
        What was heard so far; its `states` are whatever was not known, in order of first use.
    failure : RecordingError or None
        The first thing that could not be recorded; from then on the call just runs.
    """

    def __init__(self, name: str, places: Places, drawn: Sequence[Any] = ()) -> None:
        self.drawn = list(drawn)
        self.program = Program(name)
        self.places = places
        self.failure: RecordingError | None = None
        self.known: dict[int, Known] = {}
        self.draws: list[Draw] = []
        #: Draws that no Tensor was made of yet, each with the user's line.
        self.unheard: dict[Value, str | None] = {}
        #: By what the numbers that were drawn are known to be unchanged, without a copy of them.
        self.checksums: dict[Value, int] = {}
        self.arguments: list[Any] = []
        self.given: list[Known] = []
        #: The memory behind each state.
        self.memory: dict[Value, Known] = {}
        #: The leaf whose gradient a state is.
        self.gradients: dict[Value, Any] = {}
        #: State whose elements were overwritten, in order.
        self.written: dict[Value, Known] = {}
        self.gradients_asked = Asked()
        #: What optimizers update together, as they describe it (see `optim.recording`).
        self.packs: list[Any] = []
        #: All whose memory is known, whether there was a step of them or not; and their step counts.
        self.packs_known: list[Any] = []
        self.counts: dict[int, Known] = {}
        self.settings: dict[Any, Setting] = {}
        self.nodes: WeakKeyDictionary[Node, tuple[Place, Value]] = WeakKeyDictionary()
        #: Values with their cotangents.
        self.adjoints: list[tuple[Value, Value]] = []
        #: The cotangents of leaves, by id.
        self.leaf_adjoints: dict[int, Value] = {}
        #: Numbers of the host that the next operation was given, each with what it was before.
        self.told: list[tuple[float, Scalar]] = []
        #: What was in memory of which nothing was known, before the call could write it.
        self.initial: dict[Value, Array] = {}
        #: Numbers that were handed out for elements, by identity.
        self.handed_out: list[tuple[Any, Value]] = []
        self.phase = "forward"
        #: When the call began; and the vertices that what was computed before it leads to.
        self.begun = tick()
        self.beyond: set[Any] = set()

    # ------------------------------------------------------------------ values

    def add_input(self, t: Any, name: str) -> Value:
        """Make a Tensor of the caller's an input."""
        value = Value("input", t._array.shape, t._array.dtype, name)
        self.program.inputs.append(value)
        known = self.known[id(t._array)] = Known(value, t._storage, t._array)
        self.given.append(known)
        self.arguments.append(t)
        return value

    def add_state(self, t: Any, name: str) -> Value:
        """Make a Tensor that lives between calls a state; once."""
        found = self.known.get(id(t._array))
        return found.value if found is not None else self._new_state(t._array, t._storage, name)

    def add_gradient(self, owner: Any, g: Any, name: str) -> None:
        """Make the gradient of a leaf a state: memory that the call may let go of, and that is therefore not held."""
        if id(g._array) not in self.known:
            value = Value("state", g._array.shape, g._array.dtype, name)
            self.program.states.append(value)
            self.memory[value] = self._know(g._array, value, g._storage)
            self.gradients[value] = owner

    def _new_state(self, array: Array, storage: Storage | None, name: str) -> Value:
        value = Value("state", array.shape, array.dtype, name)
        self.program.states.append(value)
        self.memory[value] = self.known[id(array)] = Known(value, storage, array)
        return value

    def _know(self, array: Array, value: Value, storage: Storage | None) -> Known:
        """Know what is in an array, until it is gone."""
        key, known = id(array), Known(value, storage)
        self.known[key] = known

        def forget(_: object) -> None:
            if self.known.get(key) is known:
                del self.known[key]

        known.alive = ref(array, forget)
        return known

    def value_of(self, t: Any, written: bool = False) -> Value:
        """The value that a Tensor has now; `written` says that its memory has just been written, after a look at it."""
        array: Array = t._array
        known = self.known.get(id(array))
        if known is None:
            known = self._unheard(t)
        root = known.root()
        if root.value.kind == "draw":
            self.unheard.pop(root.value, None)
            self._check_draw(root)
        if root.storage is not None and root.storage.version > root.version and not written:
            self.refuse("memory was changed of which a view, or what it is a view of, was made before the call", _VIEW)
        elif known.base is not None and root.version > known.version:
            self._look_again(known)
        return known.value

    def add_parts(self, whole: Array, parts: Sequence[tuple[slice, Array]]) -> None:
        """Know arrays that are parts of a vector; nothing is written down until one of them is looked at."""
        for part, array in parts:
            row = unseen(self.known[id(whole)], ("index", (), {"key": (part,)}), (array.size,), array.dtype)
            look = ("reshape", (), {"shape": array.shape})
            self.known[id(array)] = unseen(row, look, array.shape, array.dtype)

    def add_count(self, count: Any, number: Callable[[], Any]) -> None:
        """Know the array of a step count by a number of the host: it moves on only when a replay is over.

        Parameters
        ----------
        count
            What holds the count, and shows it in its `array`.
        number : callable
            Gives the number, when it is looked at.
        """
        known = self.counts.get(id(count.array))
        if known is None:
            one = self.memory[self._new_state(np.ones((), count.array.dtype), None, "")]
            known = self.counts[id(count.array)] = self.known[id(count.array)] = unseen(
                one, None, (), count.array.dtype
            )
        known.view = lambda: ("multiply", (number(),), {})
        known.root().version += 1  # views of it look again

    def _unheard(self, t: Any) -> Known:
        """Know a Tensor of which nothing was heard: memory that was there before, or made in the call (`ad.zeros`)."""
        state = self._new_state(t._array, t._storage, "")
        self.initial[state] = t._array.copy()
        return self.memory[state]

    def _look_again(self, known: Known) -> None:
        """Compute a view anew, whose memory was written through another Tensor."""
        base, view = known.base, known.view
        assert base is not None
        if view is None:
            self.refuse("one of several views is used after their memory was written", "take the views after that")
            return
        if base.base is not None and base.root().version > base.version:
            self._look_again(base)
        if callable(view):
            view = known.view = view()
        op, rest, static = view
        known.value = self.emit(op, (base.value, *rest), static, known.value.shape, known.value.dtype)
        known.version = known.root().version

    def emit(self, op: str, operands: Sequence[Any], static: dict[str, Any], shape: Any, dtype: Any) -> Value:
        """Add an instruction that no primitive was heard to run."""
        value = Value("result", shape, dtype)
        place = self.places.here(self.phase)
        self.program.instructions.append(Instruction(op, tuple(operands), dict(static), (value,), place))
        return value

    # ------------------------------------------------------------------ what is told and not run

    def joined(self, tensors: Sequence[Any]) -> Value:
        """Tensors of one dtype, one after the other in one vector."""
        made, vector = end_to_end([self.value_of(t) for t in tensors], self.places.here(self.phase))
        self.program.instructions += made
        return vector

    def parted(self, flat: Value, parts: Sequence[slice], like: Sequence[Any]) -> list[Value]:
        """Parts of a vector, in the shapes of Tensors."""
        found = []
        for part, t in zip(parts, like):
            row = self.emit("index", (flat,), {"key": (part,)}, (t._array.size,), flat.dtype)
            found.append(self.emit("reshape", (row,), {"shape": t._array.shape}, t._array.shape, flat.dtype))
        return found

    @contextmanager
    def standing_in(self, vectors: Sequence[Value]) -> Iterator[list[Any]]:
        """Tensors of one element, of which elementwise operations are taken down as if they were these vectors."""
        stand_ins = [wrap(np.ones(1, v.dtype)) for v in vectors]
        for t, v in zip(stand_ins, vectors):
            self._know(t._array, v, t._storage)
        start = len(self.program.instructions)
        yield stand_ins
        for i in self.program.instructions[start:]:
            for v in i.outputs:
                if v is not None and v.shape == (1,):
                    v.shape = vectors[0].shape

    # ------------------------------------------------------------------ what a listener hears

    def operation(self, op: Any, args: Any, static: dict[str, Any], outs: tuple[Any, ...], extra: Any = ()) -> None:
        """Take one application down."""
        if self.failure is not None or not isinstance(op, Primitive):
            return
        if (found := shape_depends_on_values(op.name, args, static)) is not None:
            self.refuse(f"the shape of what {found[0]} gives depends on values", found[1])
            return
        operands = tuple([self._operand(a) for a in args])
        self.told.clear()
        values: list[Value | None] = [Value("result", t._array.shape, t._array.dtype) for t in outs]
        place = self._place(outs, values)
        full = {**op.defaults, **static} if op.defaults else dict(static)
        for t, value in zip(outs, values):
            assert value is not None
            base = self._looked_at(op, args, t)
            known = self._know(t._array, value, t._storage)
            if base is not None:
                known.base = base
                if not op.outputs:
                    known.view = (op.name, operands[1:], full)
                known.version = known.root().version
        for array in extra:
            value = None
            if isinstance(array, np.ndarray):
                value = Value("result", array.shape, array.dtype)
                self._know(array, value, None)
            values.append(value)
        self.program.instructions.append(Instruction(op.name, operands, full, tuple(values), place))

    def _looked_at(self, op: Primitive, args: Any, t: Any) -> Known | None:
        """The array that a result is a view of; the very array of the operand is no other one."""
        if not op.view or not isinstance(args[0], TensorValue) or t._array is args[0]._array:
            return None
        return self.known[id(args[0]._array)] if np.may_share_memory(t._array, args[0]._array) else None

    def _place(self, outs: tuple[Any, ...], values: Sequence[Any]) -> Place:
        place = self.places.here(self.phase)
        vertex = outs[0]._node if outs else None
        if vertex is not None and self.phase == "forward":
            node = vertex.node if isinstance(vertex, Output) else vertex
            self.nodes[node] = (place, values[0])
        return place

    def contribution(self, source: Any, position: int, target: Any, g: Any, total: Any) -> None:
        """Nothing more to hear: sums are operations."""

    def adjoint(self, vertex: Any, g: Any) -> None:
        """What comes now is the backward of `vertex`."""
        if self.failure is not None:
            return
        self.phase = "backward"
        place, primal = self.nodes.get(vertex, (None, None))
        self.places.pin(place)
        self._stays_inside(vertex)
        if isinstance(g, TensorValue):
            if primal is not None:
                self.adjoints.append((primal, self.value_of(g)))
            elif isinstance(vertex, Leaf):
                self.leaf_adjoints[id(vertex)] = self.value_of(g)

    def _stays_inside(self, vertex: Any) -> None:
        """Refuse a backward that goes on through what was computed before the call: another one has another graph."""
        if vertex in self.beyond:
            self.refuse(
                "backward() goes on through the graph of a Tensor that was computed before the call",
                "compute it in the compiled function, or pass it on without its graph: x.detach()",
            )
        elif vertex.seq < self.begun:
            self.beyond.update(vertex.node.edges if isinstance(vertex, Output) else vertex.edges)

    # ------------------------------------------------------------------ what a recorder hears besides

    def number(self, x: Any) -> Any:
        """What a number of the host is now, as an object of its own, by which the next operation tells what it was."""
        if not isinstance(x, Scalar):
            return None
        number = x.value * 1.0
        self.told.append((number, x))
        return number

    def _operand(self, a: Any) -> Any:
        if isinstance(a, TensorValue):
            return self.value_of(a)
        return next((x for number, x in self.told if number is a), a)

    def reading(self, t: Any, how: str) -> None:
        """Refuse to let elements go that another call will find changed."""
        if self.failure is None and id(t._array) in self.known:
            mend = next(mend for what, mend in MENDS.items() if what in how)
            self.refuse(f"{how} hands a value to Python, which a replay does not run", mend)

    def writing(self, t: Any) -> None:
        """Know what is in memory that is about to be written."""
        if self.failure is None and id(t._array) not in self.known:
            self._unheard(t)

    def wrote(self, t: Any, key: tuple[Any, ...], indices: tuple[Any, ...], value: Any) -> None:
        """Follow a write that was just made and stamped: the memory has a new value, and what it is a view of, too."""
        if self.failure is not None:
            return
        known = self.known[id(t._array)]
        if any(known.root() is count.root() for count in self.counts.values()):
            self.refuse("a step count is written", "do it before or after the call")
            return
        if known.base is not None and known.root().version > known.version:
            self._look_again(known)
        before = known.value
        operand = self.value_of(value, written=True) if isinstance(value, TensorValue) else value
        places = [self.value_of(i) for i in indices]
        if masked(indices) and isinstance(value, TensorValue) and value._array.ndim:
            self.refuse("a write through a mask depends on values", "write x = ad.where(mask, value, x)")
            return
        whole = key == (...,) and isinstance(operand, Value) and operand.shape == before.shape
        if whole and operand.dtype == before.dtype and isinstance(operand, Value):
            new = operand
        elif whole:
            new = self.emit("cast", (operand,), {"dtype": before.dtype}, before.shape, before.dtype)
        else:
            new = self.emit("index_put", (before, operand, *places), {"key": key}, before.shape, before.dtype)
        self._becomes(known, new, t._storage.version)

    def _becomes(self, known: Known, new: Value, version: int) -> None:
        """Give an array another value, and with it all that it is a view of."""
        while known.base is not None:
            if known.view is None:
                self.refuse("one of several views is written", "write into the Tensor that they are views of")
                return
            op, rest, static = known.view
            known.value, known.version = new, version
            base = known.base
            operands = (base.value, new, *rest)
            new = self.emit("write_view", operands, {"view": op, "static": static}, base.value.shape, base.value.dtype)
            known = base
        if known in self.given:
            self.refuse("an argument of the step is written in place", "write into a copy: x = x.clone()")
        known.value, known.version = new, version
        for state, memory in self.memory.items():
            if memory is known:
                self.written[state] = known

    def handing_out(self, number: Any, t: Any) -> None:
        """Know a number again where it is returned: a replay computes it, and hands it out as one."""
        if self.failure is None:
            self.handed_out.append((number, self.value_of(t)))

    def same(self, t: Any, source: Any) -> None:
        """Know a copy: a Tensor that holds the elements of a Tensor or of an array of the user's."""
        if self.failure is None:
            value = self.value_of(source if isinstance(source, TensorValue) else wrap(source))
            copy = self.emit("copy", (value,), {}, t._array.shape, value.dtype)
            if t._array.dtype != value.dtype:
                copy = self.emit("cast", (copy,), {"dtype": t._array.dtype}, t._array.shape, t._array.dtype)
            self._know(t._array, copy, t._storage)

    def asked(self, vertex: Any, t: Any = None) -> None:
        """Remember that whether a leaf, or a frozen Tensor, had a gradient makes a difference."""
        if self._is_of_an_argument(vertex):
            self.refuse("the .grad of an argument is used", "start from x.detach().requires_grad_(), or use ad.grad")
        else:
            self.gradients_asked.ask(vertex, t)

    def cleared(self, t: Any) -> None:
        """Remember that from now on it makes no difference."""
        if self._is_of_an_argument(t._node):
            self.refuse("the .grad of an argument is changed", "do that before or after the call")
        else:
            self.gradients_asked.clear(t)

    def _is_of_an_argument(self, vertex: Any) -> bool:
        """Whether a leaf is that of an argument, be it one since before the call or not."""
        return vertex is not None and any(t._node is vertex for t in self.arguments)

    def leaving(self) -> None:
        """The backward pass is over."""
        self.phase = "forward"
        self.places.pin(None)

    def drawing(self, generator: Any, rng: Any) -> Any:
        """NumPy's generator with an ear."""
        return rng if self.failure is not None else Listening(self, generator, rng)

    def drew(self, generator: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any], drawn: Any) -> None:
        """Remember a draw."""
        if self.failure is None and isinstance(drawn, np.ndarray):
            value = Value("draw", drawn.shape, drawn.dtype, method)
            self.program.draws.append(value)
            self.draws.append(Draw(value, generator, method, args, kwargs))
            self.checksums[value] = checksum(drawn)
            self._know(drawn, value, None)
            self.unheard[value] = source_of_the_user()

    def holds(self, array: Array) -> None:
        """Remember that random numbers are in a Tensor, where all that is done with them is heard."""
        if id(array) in self.known:
            self.unheard.pop(self.known[id(array)].value, None)

    def check_draws(self) -> None:
        """Refuse random numbers that NumPy took, or changed behind the recorder's back, after their last use too."""
        for where in self.unheard.values():
            self.refuse("random numbers were drawn in a way that a replay does not know", _DRAW, where)
        for known in [known for known in self.known.values() if known.value.kind == "draw"]:
            self._check_draw(known)

    def _check_draw(self, known: Known) -> None:
        drawn = None if known.alive is None else known.alive()
        if drawn is not None and checksum(drawn) != self.checksums[known.value]:
            self.refuse("random numbers were changed by NumPy", _DRAW)

    def optimize(self, optimizer: Any) -> None:
        """Let an optimizer take its step down."""
        self.phase = "update"
        try:
            optimizer.record(self)
        finally:
            self.phase = "forward"

    def setting(self, key: Any, name: str, read: Callable[[], Any]) -> Setting:
        """A number of the host that is read at each call; the same object for the same key."""
        setting = self.settings.get(key)
        if setting is None:
            taken = {s.name for s in self.program.settings}
            unique = next(n for n in chain([name], (f"{name}_{i}" for i in count_from(2))) if n not in taken)
            setting = self.settings[key] = Setting(read(), unique, read)
            self.program.settings.append(setting)
        return setting

    def step_number(self, count: Any) -> Any:
        """The number of the step that an optimizer makes now: one more than that of the step before, of this call too.

        Parameters
        ----------
        count
            What holds the count; its `next` is the number of the first step of a call.
        """
        setting = self._count(count)
        made = setting.moves
        number = setting + made if made else setting
        setting.moves = made + 1
        self.add_count(count, lambda: number)
        return number

    def steps_before(self, count: Any) -> Any:
        """How many steps an optimizer had made when the call began."""
        return self._count(count) - 1

    def _count(self, count: Any) -> Any:
        setting = self.setting(("count", id(count)), "t", count.next)
        setting.moves = setting.moves or 0
        return setting

    # ------------------------------------------------------------------ what cannot be recorded

    def refuse(self, what: str, mend: str, where: str | None = None) -> None:
        """Give up, naming the user's line. The first reason is kept; the call goes on without being recorded."""
        if self.failure is None:
            where = source_of_the_user() if where is None else where
            self.failure = RecordingError(below(where, f"{what}; {mend}"))

    def postpone(self) -> None:
        """Leave the recording to another call."""
        if self.failure is None:
            self.failure = Postponed()
