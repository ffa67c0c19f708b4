"""The graph (the tape): vertices that remember how a value came about, and the modes that decide whether they do.

A `Value` is what the graph knows of a Tensor: an array, the storage it lives in, and the vertex that
produced it. There are three kinds of vertex:

- `Leaf`, where differentiation stops: a value the user made and asked the gradient of;
- `Node`, one application of an operation: its edges lead to the vertices of its arguments;
- `Output`, one of the several results of a node that has more than one.

A vertex never refers to the Tensor it stands for, so a graph holds no reference cycle and is freed as soon as
the last Tensor that needs it goes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from itertools import count
from typing import Any, Generic, Protocol, TypeVar, overload
from weakref import ref

import numpy as np

from autodiff.dtypes import tell_of_default
from autodiff.errors import DtypeError

# Note [One clock]
# Recording a node and writing into a storage both take the next tick of this clock. Two things follow. Nodes sorted
# by tick are sorted topologically, since a node is always younger than the nodes it consumes. And an array is stale
# exactly when its storage was written at a later tick than the node that saved it: no version needs to be copied
# into the node, and while nothing was written since, one comparison clears every saved array of a node at once.
tick: Callable[[], int] = count(1).__next__


class Storage:
    """The memory that a Tensor and its views share; `version` is the tick of the last write into it."""

    version: int = 0


class _LastWrite:
    """When any storage was written last (see Note [One clock])."""

    tick: int = 0


last_write = _LastWrite()


def stamp(storage: Storage) -> None:
    """Remember that the memory of `storage` was just written."""
    storage.version = last_write.tick = tick()


class Value:
    """What the graph knows of a Tensor. Class attributes are the defaults, so that making one sets three fields."""

    _array: np.ndarray[Any, Any]
    _storage: Storage
    _node: Vertex | None = None
    #: While `requires_grad` is switched off: the leaf, for its hooks and for graphs that lead to it.
    _leaf: Leaf | None = None
    # For views alone: the Tensor that owns the memory, how the view is made from it, and the version of the storage
    # that `_node` was derived at (negative after a recorded write through it: it is to be derived anew). Two kinds of
    # views cannot tell their base of a write: one of several results, and one without a base, made while nothing was
    # recorded.
    _base: Value | None = None
    _view: tuple[Any, tuple[Any, ...], dict[str, Any]] | None = None
    _seen: int = 0
    # What it was before `transpose_` and its like put its dims in another order, and when: its older views are of that.
    _past: Value | None = None
    _turned: int = 0


class _Upward:
    """What the engine needs from above: the class that results are wrapped in, and how to import all primitives."""

    tensor: type[Any] = Value
    load_all: Callable[[], None] = staticmethod(lambda: None)


upward = _Upward()
_new = object.__new__


def wrap(array: np.ndarray[Any, Any], node: Any = None, storage: Storage | None = None) -> Any:
    """Make a Tensor of an array and the vertex that produced it."""
    out: Any = _new(upward.tensor)
    out._array = array
    out._storage = Storage() if storage is None else storage
    out._node = node
    out._base = None
    return out


def succeed(value: Value, node: Any) -> None:
    """Make `node` the vertex of a value whose memory was written; what `retain_grad` asked for goes over to it."""
    old = value._node
    if old is not None and node is not None and old.keeps_grad and type(old) is not Leaf:
        node.keeps_grad, node.watched, node.grad = True, True, old.grad
        old.keeps_grad, old.grad = False, None
    value._node = node


class Vertex:
    """A place in the graph that a cotangent can flow to."""

    # Of the value it stands for; for a node with several outputs its `Output` vertices have them.
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    seq: int = 0
    # The vertices of the arguments that are tracked.
    edges: tuple[Vertex, ...] = ()
    # Whether hooks (of the value: `hooks`; of the node: `before`, `after`) or `keeps_grad` need looking at: one flag,
    # since every step of backward asks.
    watched: bool = False
    hooks: dict[int, Callable[[Any], Any]] | None = None
    before: dict[int, Callable[..., Any]] | None = None
    after: dict[int, Callable[..., Any]] | None = None
    # The adjoint: what `.grad` shows. Only leaves, and nodes told to by `retain_grad`, keep one.
    grad: Any = None
    keeps_grad: bool = False
    # Whether the graph behind it was never kept: nobody knows what it leads to, and going there is an error.
    is_cut: bool = False
    # Where the user's code applied the operation ("file.py:12"); known while a listener takes it down.
    where: str | None = None

    def name(self) -> str:
        """The vertex's name, as printed after ``grad_fn=``."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    @property
    def next_functions(self) -> tuple[tuple[Vertex, int], ...]:
        """The vertices of the tracked arguments, each with the number of its output that was used."""
        return tuple((e.node, e.index) if isinstance(e, Output) else (e, 0) for e in self.edges)

    def watch(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook` with the complete cotangent of this vertex; a result that is not None replaces it."""
        if self.hooks is None:
            self.hooks = {}
        self.watched = True
        return RemovableHandle(self.hooks, hook)

    def register_prehook(self, hook: Callable[[tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)`` before backward goes through; a tuple it returns takes their place."""
        if self.before is None:
            self.before = {}
        self.watched = True
        return RemovableHandle(self.before, hook)

    def register_hook(self, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after backward went through; a tuple replaces `grad_inputs`."""
        if self.after is None:
            self.after = {}
        self.watched = True
        return RemovableHandle(self.after, hook)


class Leaf(Vertex):
    """A value that the user made: its cotangent accumulates in `grad`."""

    keeps_grad = True
    watched = True
    # Whether it was the input of a functional transform that is over: nothing can ask for its gradient any more.
    closed: bool = False

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.shape = shape
        self.dtype = dtype

    def name(self) -> str:
        return "AccumulateGrad"


class Operation(Protocol):
    """What backward asks of an operation, whether a primitive of ours or a `Function` of the user's."""

    name: str

    def pullback(self, node: Node, g: Any) -> Any:
        """Cotangents along the edges of `node` from that of its output, as arrays (or None)."""

    def pullback_recorded(self, node: Node, g: Any) -> Any:
        """The same as Tensors, recorded so that they can be differentiated again."""

    def check_fresh(self, node: Node) -> None:
        """Raise when an array that `node` saved was changed since."""


class Plan(Protocol):
    """Which operation a node applied, and which of its arguments the edges belong to."""

    @property
    def op(self) -> Any: ...

    @property
    def positions(self) -> tuple[int, ...]: ...

    @property
    def rules(self) -> Any: ...

    @property
    def whole(self) -> bool: ...


class Node(Vertex):
    """One application of an operation."""

    plan: Plan
    # What the rules named, one entry for each rule (exactly what a rule names is saved); RELEASED once used up.
    saved: Any
    static: dict[str, Any]
    # The storages of the arguments, then of the outputs.
    storages: Sequence[Storage | None] = ()
    # What the expressions of the residuals need, for operations that have residuals.
    spare: Sequence[Any] = ()
    # What the operands were, in words, while anomalies are looked for.
    given: str = ""
    # Whether the operation wants None, not zeros, for the cotangents of outputs that were not used.
    keeps_gaps: bool = False
    # Shape and dtype of each output, for operations with several.
    outputs: tuple[tuple[tuple[int, ...], np.dtype[Any]], ...] | None
    # Their vertices, as far as anything holds them: weak, since each of them holds the node.
    results: dict[int, ref[Output]] | None = None

    def output(self, index: int) -> Output:
        """The vertex of one result. A rule that finds a result saved must get the vertex that the user's Tensor has."""
        if self.results is None:
            self.results = {}
        held = self.results.get(index)
        vertex = None if held is None else held()
        if vertex is None:
            vertex = Output(self, index)
            self.results[index] = ref(vertex)
        return vertex

    @property
    def op(self) -> Any:
        """The operation."""
        return self.plan.op

    def name(self) -> str:
        return "".join(part[:1].upper() + part[1:] for part in self.plan.op.name.split("_")) + "Backward"


class Output(Vertex):
    """The `index`-th result of a node that has several."""

    def __init__(self, node: Node, index: int) -> None:
        assert node.outputs is not None
        self.node = node
        self.index = index
        self.shape, self.dtype = node.outputs[index]
        self.edges = (node,)
        self.seq = tick()
        self.where = node.where

    def name(self) -> str:
        return self.node.name()

    def register_prehook(self, hook: Callable[[tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call the hook of the node, which has a cotangent for each result."""
        return self.node.register_prehook(hook)

    def register_hook(self, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call the hook of the node."""
        return self.node.register_hook(hook)

    @property
    def next_functions(self) -> tuple[tuple[Vertex, int], ...]:
        return self.node.next_functions


class _Released:
    """Stands in a node's `saved` after backward used the arrays and let them go."""

    def __repr__(self) -> str:
        return "RELEASED"


RELEASED = _Released()


class RemovableHandle:
    """What registering a hook returns; `remove()` takes the hook away, and so does leaving it as a context."""

    _ids = count()

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        if not callable(hook):
            raise DtypeError(f"a hook must be a function, not a {type(hook).__name__}")
        self.hooks = hooks
        self.id = next(RemovableHandle._ids)
        hooks[self.id] = hook
        changes.structure += 1

    def remove(self) -> None:
        """Take the hook away; doing so twice is harmless."""
        self.hooks.pop(self.id, None)
        changes.structure += 1

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Listener(Protocol):
    """A reader of the tape that wants to see it grow: a trace, a compiler."""

    def operation(
        self, op: Any, args: tuple[Any, ...], static: dict[str, Any], outs: tuple[Any, ...], extra: Any = ()
    ) -> None:
        """Hear of one application of `op`, with its arguments and results as the user holds them, and its residuals."""

    def contribution(self, source: Vertex, position: int, target: Vertex, g: Any, total: Any) -> None:
        """Hear that `source` sent the cotangent `g` to its argument `position`; `total` is their sum so far."""

    def adjoint(self, vertex: Vertex, g: Any) -> None:
        """Hear that the cotangent `g` of `vertex` is complete."""


class Recorder(Listener, Protocol):
    """A listener that takes a whole step down, so that it can be replayed. See `autodiff.compiler.recorder`."""

    def number(self, x: Any) -> Any:
        """The plain number that a number of the host stands for; None if `x` is none."""

    def reading(self, t: Any, how: str) -> None:
        """Hear that the elements of a Tensor leave for Python, where no recorder can follow."""

    def writing(self, t: Any) -> None:
        """Hear that memory is about to be written."""

    def wrote(self, t: Any, key: tuple[Any, ...], indices: tuple[Any, ...], value: Any) -> None:
        """Hear that ``t[key] = value`` was done in memory."""

    def handing_out(self, number: Any, t: Any) -> None:
        """Hear that a function returns the one element of `t` as this number."""

    def same(self, t: Any, source: Any) -> None:
        """Hear that `t` holds a copy of the elements of `source`, a Tensor or an array."""

    def asked(self, vertex: Any, t: Any = None) -> None:
        """Hear that the gradient of a leaf, or of a Tensor without a place in a graph, is looked at, or added to."""

    def cleared(self, t: Any) -> None:
        """Hear that the gradient of a leaf was taken away."""

    def leaving(self) -> None:
        """Hear that the backward pass is over."""

    def holds(self, array: Any) -> None:
        """Hear that a Tensor is made of an array."""

    def drawing(self, generator: Any, rng: Any) -> Any:
        """A stand-in for NumPy's generator, through which the recorder hears what is drawn."""

    def optimize(self, optimizer: Any) -> None:
        """Do the step of an optimizer."""

    def refuse(self, what: str, mend: str) -> None:
        """Hear of something that cannot be recorded, and how to write it instead."""

    def postpone(self) -> None:
        """Hear that the call makes what later ones find made: they can be recorded, and this one cannot."""


class _Changes:
    """Counters that say whether a compiled step may be replayed as it is: it compares them, and looks no further."""

    #: Of what is not data: attributes of modules, memory that is exchanged, gradients that come and go.
    structure: int = 0
    #: Of these, what is switched on and off, and can be looked at: gradients that come and go, `requires_grad` and
    #: `training`. While the difference of the two is the same, everything else is.
    switches: int = 0
    #: Of settings of optimizers, which are read anew.
    settings: int = 0
    #: Of looks at ``.grad``: who holds one must not see it overwritten.
    looks: int = 0
    #: How many steps are being recorded, in all threads: while there are none, nobody needs to be asked.
    recordings: int = 0

    def count_switch(self) -> None:
        """Count that a gradient has come or gone, that a leaf is frozen or thawed, or a module is to train or not."""
        self.switches += 1
        self.structure += 1


changes = _Changes()


def _another_default() -> None:
    changes.structure += 1


tell_of_default(_another_default)

T = TypeVar("T")


class Mode(Generic[T]):
    """One of the modes: an attribute of `modes` that each thread, and each asyncio task, has a value of its own of.

    `get` reads it, a function in C that takes a fifth of the time: for what every operation asks.
    """

    def __init__(self, name: str, default: T) -> None:
        self._variable = ContextVar(name, default=default)
        self.get: Callable[[], T] = self._variable.get

    @overload
    def __get__(self, holder: None, owner: Any = None) -> Mode[T]: ...
    @overload
    def __get__(self, holder: object, owner: Any = None) -> T: ...
    def __get__(self, holder: object, owner: Any = None) -> Mode[T] | T:
        return self if holder is None else self.get()

    def __set__(self, holder: object, value: T) -> None:
        self._variable.set(value)


class _Modes:
    """The modes of this thread."""

    grad = Mode[bool]("grad", True)
    inference = Mode[bool]("inference", False)
    listener = Mode["Listener | None"]("listener", None)
    # The hooks that saved values are handed through.
    saving = Mode["tuple[Callable[[Any], Any], Callable[[Any], Any]] | None"]("saving", None)
    # The listener once more, while it takes a step down for compiling: it must also hear of what is no operation.
    recorder = Mode["Recorder | None"]("recorder", None)


modes = _Modes()
grad_mode, saving_hooks = _Modes.grad.get, _Modes.saving.get
current_listener, current_recorder = _Modes.listener.get, _Modes.recorder.get
