"""The call around the emitted code: a few comparisons, the code, and what is returned, as a function made for the step.

Of the microseconds that a small step takes, a general call would take most. So the function that checks one signature
and calls one program is written as source, like the program itself: what it compares is what the recording found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import CellType, FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np

from autodiff.compiler.holders import content, difference
from autodiff.compiler.reach import Reach
from autodiff.compiler.ready import Step, owner
from autodiff.compiler.recording import Output
from autodiff.errors import Deviation, GradientError
from autodiff.graph import Node, Storage, changes, grad_mode, last_write, tick, upward, wrap
from autodiff.graph import Value as TensorValue
from autodiff.trees import Structure, flatten

__all__ = ["Assembly", "Wrapper", "is_hooked", "owned"]

#: Names in the function that is written here, besides those that end in a number.
_TAKEN = frozenset(
    """
    Deviation LookupError NameError Storage Tensor ValueError called changes checked deviated draw empty fail fast
    given grad_mode id kwargs last_write leaves len look looks make missing more new numbers other out repr result
    run seen status step structure tally tick title type
    """.split()  # noqa: SIM905
)

#: Where a vertex keeps its hooks, of each kind.
_HOOKS = ("hooks", "before", "after")

#: In place of an argument that was not given.
_MISSING = object()


def is_hooked(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an argument has hooks: of one call's own, and so for no replay."""
    vertices = [x._node for x in flatten((args, kwargs))[0] if isinstance(x, TensorValue) and x._node is not None]
    return any(getattr(vertex, kind) for vertex in vertices for kind in _HOOKS)


def _given(args: tuple[Any, ...], more: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments by position, as they were given."""
    return (*[x for x in args if x is not _MISSING], *more)


class _Spent:
    """The operation of a Tensor that a compiled step returned: there is no graph to go back through."""

    name = "compiled"
    op: Any
    positions = ()
    rules: tuple[Any, ...] = ()
    whole = True

    def pullback(self, node: Node, g: Any) -> Any:
        raise GradientError(
            "this Tensor was computed by a compiled function, which keeps nothing for backward; "
            "compile the whole step, with its backward() inside, as ad.compile(ad.func.grad(f)) does, or call the "
            "function itself without ad.compile"
        )

    pullback_recorded = pullback

    def check_fresh(self, node: Node) -> None:
        """Nothing is saved."""


_SPENT = _Spent()
_SPENT.op = _SPENT


def _spent(shape: tuple[int, ...], dtype: Any) -> Node:
    node = Node()
    node.plan = _SPENT
    node.edges = ()
    node.saved = ()
    node.static = {}
    node.outputs = None
    node.is_cut = True
    node.shape, node.dtype = shape, dtype
    node.seq = tick()
    return node


class Wrapper:
    """Makes the function for one step and one signature.

    Parameters
    ----------
    step : Step
        Prepared.
    args, kwargs
        Of the call that it is made for.
    reach : Reach
        What was found when the step was last seen to hold.
    grad : bool
        Whether operations were being recorded for derivatives.
    function : callable
        What was recorded.

    Attributes
    ----------
    source : str
        What was written.
    """

    def __init__(
        self, step: Step, args: Sequence[Any], kwargs: dict[str, Any], reach: Reach, grad: bool, function: Any
    ) -> None:
        self.step = step
        self.reach = reach
        self.names: dict[str, Any] = {}
        self.tidies: list[str] = []
        self.inlined = getattr(step.run, "inlined", None)
        # Machine code looks at arrays itself, in no time; not where random numbers would be drawn before it does.
        self.looks = self.inlined is not None and not step.recording.draws
        body: list[str] = []
        leaves, structure = flatten((tuple(args), kwargs))
        self.head = _head(function, args, kwargs, leaves)
        #: What a function does when a call is not like the one it was made for; nothing has happened then.
        self.miss = f"    return look{self.head.given}"
        self._checks(body, leaves, structure, grad)
        arrays = self._arguments(leaves, body)
        self._vertices(leaves, body)
        state = self._call(body, arrays)
        self._finish(body)
        self.names |= {
            "Deviation": Deviation, "Storage": Storage, "Tensor": upward.tensor, "changes": changes, "draw": step.draw,
            "given": _given, "grad_mode": grad_mode, "last_write": last_write, "looks": changes.looks,
            "missing": _MISSING, "new": object.__new__, "run": step.run, "seen": changes.settings, "step": step,
            "structure": changes.structure, "tick": tick, "title": getattr(function, "__qualname__", "compiled"),
        }  # fmt: skip
        lines = [
            f"def make(look, deviated, tally, {', '.join(self.names)}):",
            f"    def fast({self.head.parameters}):",
            *([f"        nonlocal {', '.join(state)}"] if state else []),
            *[f"        {line}" for line in body],
            "    fast.__qualname__ = title",
            "    return fast",
        ]
        self.source = "\n".join(lines)

    def make(
        self, look: Callable[..., Any], deviated: Callable[..., Any], tally: Callable[[], Any]
    ) -> Callable[..., Any]:
        """The function, which calls `look(args, kwargs)` when it is not for a call, and `deviated` on a Deviation."""
        scope: dict[str, Any] = {}
        exec(_code(self.source), scope)
        return _with_cells(scope["make"](look, deviated, tally, **self.names))

    def _name(self, stem: str, value: Any) -> str:
        name = f"{stem}{len(self.names)}"
        self.names[name] = value
        return name

    def _checks(self, body: list[str], leaves: list[Any], structure: Structure, grad: bool) -> None:
        """Compare what no argument tells, and take the arguments apart."""
        checks = ["changes.structure != structure", f"grad_mode() is not {grad}"]
        checks += self.head.beyond
        body += [f"if {' or '.join(checks)}:", self.miss, *self._loose()]
        if self.head.nested:
            body += [
                f"leaves = {self._name('opened', _Opened(structure))}{self.head.given}",
                "if leaves is None:",
                self.miss,
            ]
            if leaves:
                body.append("".join(f"{x}, " for x in self.head.names) + "= leaves")

    def _loose(self) -> list[str]:
        """Compare what no counter watches: cells, globals, attributes, items and small arrays of the user's."""
        found = [difference(*fact, self._name) for fact in self.reach.loose]
        for array, held in self.step.recording.plain:
            found.append(f"{self._name('bytes', array.tobytes)}() != {self._name('v', held)}")
        if not found:
            return []
        # A subscript in a try block is half as expensive as a call of `get`. What the call itself may raise stays out.
        gone = ["except (LookupError, ValueError, NameError):", "    other = True"]
        return ["try:", f"    other = {' or '.join(found)}", *gone, "if other:", self.miss]

    def _arguments(self, leaves: Sequence[Any], body: list[str]) -> list[str]:
        """Check each argument; the names of the arrays that the program is given."""
        arrays = []
        for i, (x, name) in enumerate(zip(leaves, self.head.names)):
            kind = self._name("kind", type(x))
            if isinstance(x, TensorValue):
                other = "is" if x._node is not None else "is not"
                body += [f"if type({name}) is not {kind} or {name}._node {other} None:", self.miss]
                if x._node is not None:
                    body += [f"if {' or '.join([f'{name}._node.{kind}' for kind in _HOOKS])}:", self.miss]
                body.append(f"a{i} = {name}._array")
                self._array(i, x._array, body)
            elif isinstance(x, np.ndarray):
                body += [f"if type({name}) is not {kind}:", self.miss, f"a{i} = {name}"]
                self._array(i, x, body)
            else:
                value = self._name("v", x)
                same = f"{name} is {value}"
                if isinstance(x, (int, float, str, bytes)):
                    same = f"type({name}) is {kind} and {_equal(name, value, x)}"
                body += [f"if not ({same}):", self.miss]
                continue
            arrays.append(f"a{i}")
        return arrays

    def _vertices(self, leaves: Sequence[Any], body: list[str]) -> None:
        """Check that arguments share places in a graph as before, with one another and with what is reached."""
        if any(isinstance(x, TensorValue) and x._node is not None for x in leaves):
            vertices = self._name("vertices", self.reach.vertices)
            given = f"[{', '.join(self.head.names)}]"
            body += [f"if {vertices}({given}) != {self._name('v', self.reach.vertices(leaves))}:", self.miss]

    def _array(self, i: int, array: Any, body: list[str]) -> None:
        """Check an array. With these strides and this many elements, memory of its own has this shape in this order."""
        tidy = Tidy(self.step, array.shape, array.dtype)
        if self.looks:
            self.tidies.append(self._name("tidy", tidy))
            if tidy.own:
                body += [f"if id(a{i}) in {self._name('own', tidy.own)}:", f"    a{i} = a{i}.copy()"]
            return
        strides = self._name("strides", np.empty(array.shape, array.dtype).strides)
        # Where a dimension has one element or none, strides do not tell (3, 1) from (1, 3) in Fortran's order.
        same = f"a{i}.size != {array.size}" if min(array.shape, default=2) > 1 else f"a{i}.shape != {array.shape}"
        conditions = [f"a{i}.strides != {strides}", same, f"a{i}.base is not None"]
        conditions.append(f"a{i}.dtype is not {self._name('dtype', array.dtype)}")
        if tidy.own:
            conditions.append(f"id(a{i}) in {self._name('own', tidy.own)}")
        body += [
            f"if {' or '.join(conditions)}:",
            f"    a{i} = {self._name('tidy', tidy)}(a{i})",
            f"    if a{i} is None:",
            "    " + self.miss,
        ]

    def _call(self, body: list[str], arrays: list[str]) -> list[str]:
        """The call, and what moves on with it; the names of what the function keeps from one call to the next."""
        step = self.step
        settings = [s for s in step.program.settings if s.moves is None]
        values = [f"s{i}" for i in range(len(settings))]
        if values or step.choices:
            body += ["if changes.settings != seen:", "    numbers = step.numbers()", "    if numbers is None:"]
            body += ["    " + self.miss, *([f"    {', '.join(values)}, = numbers"] if values else [])]
            body.append("    seen = changes.settings")
            self.names |= dict(zip(values, step.numbers() or []))
        if step.choices_of_counts:
            body += ["if not step.lasts(1):", self.miss]
        arguments = list(arrays)
        if step.grads:
            body += ["if changes.looks != looks:", "    if step.grads_are_held():", "    " + self.miss]
            body.append("    looks = changes.looks")
        if step.recording.draws:
            drawn = [f"d{i}" for i in range(len(step.recording.draws))]
            body.append(f"{', '.join(drawn)}, = draw()")
            arguments += drawn
        given = dict(zip(settings, values))
        counters = {id(c): (c, n, self._name("count", c), f"t{i}") for i, (c, n) in enumerate(step.counters())}
        body += [f"{t} = {name}.t + 1" for _, _, name, t in counters.values()]
        for setting in step.program.settings:
            arguments.append(counters[id(setting.owner)][3] if setting.moves is not None else given[setting])
        moved = [(name, self._name("array", c.array), t, n) for c, n, name, t in counters.values() if n]
        ahead = [f"{name}.t = {array}[()] = {t}" + (f" + {n - 1}" if n > 1 else "") for name, array, t, n in moved]
        back = [f"{name}.t = {array}[()] = {t} - 1" for name, array, t, _ in moved]
        code = [f"out = run({', '.join(arguments)})"]
        if self.inlined is not None:
            code, ahead = self._inline(arrays, arguments, ahead, back), []
        body += ["try:", *[f"    {line}" for line in code], "except Deviation:"]
        body += [f"    return deviated{self.head.given}", *ahead, "tally()"]
        written = [f"{self._name('storage', s)}.version" for s in step.stamped]
        if written:
            body.append(" = ".join([*written, "last_write.tick", "tick()"]))
        kept = ["seen", *values] if values or step.choices else []
        return [*kept, "looks"] if step.grads else kept

    def _inline(self, arrays: list[str], arguments: list[str], ahead: list[str], back: list[str]) -> list[str]:
        """Machine code. Ctrl-C is raised where it returns: step counts are `ahead` then, as the parameters are."""
        assert self.inlined is not None
        self.names |= self.inlined.names
        outs = ", ".join(self.inlined.results)
        given = ", ".join([*arguments, *self.inlined.results])
        failing = [*[f"    {line}" for line in back], f"    fail({', '.join(arguments)})"]
        call = [*ahead, f"if called({given}):", *failing]
        if self.looks:
            look = [*[f"    {line}" for line in back], "    if status:", f"    {failing[-1]}"]
            for a, tidy in zip(arrays, self.tidies):
                look += [f"    {a} = {tidy}({a})", f"    if {a} is None:", "    " + self.miss]
            look += [f"    {line}" for line in call]
            call = [*ahead, f"status = checked({given})", "if status is not None:", *look]
        return [*self.inlined.before, *call, f"out = {outs}" if outs else "out = None"]

    def _finish(self, body: list[str]) -> None:
        """Hand out the results."""
        step = self.step
        outputs = step.outputs
        if len(outputs) != 1 or step.structure.model is not None or outputs[0].index != 0:
            body.append(f"return {self._name('assemble', Assembly(step))}(out)")
        elif outputs[0].plain or outputs[0].number:
            body.append("return out.item()" if outputs[0].number else "return out")
        else:
            value = step.program.results[0]
            node = self._name("node", _spent(value.shape, value.dtype))
            # A Tensor's class has the defaults of what is not set here.
            body += ["result = new(Tensor)", "result._array = out", "result._storage = new(Storage)"]
            body += [f"result._node = {node}"] if outputs[0].tracked else []
            body.append("return result")


class _Head(NamedTuple):
    """How the function that is written here is called.

    Parameters
    ----------
    parameters : str
        Between its parentheses.
    names : list of str
        What holds the arguments or, where these are nested, what they are made of.
    given : str
        The arguments of the call once more, with their own parentheses: positions and keywords.
    beyond : list of str
        What is empty unless there are more arguments than there were.
    nested : bool
        Whether the arguments have to be taken apart.
    """

    parameters: str
    names: list[str]
    given: str
    beyond: list[str]
    nested: bool


def _head(function: Any, args: Sequence[Any], kwargs: dict[str, Any], leaves: Sequence[Any]) -> _Head:
    """The head for calls like this one.

    Arguments have names of their own where they can, since Python then makes no tuple of them; and those of the
    function, if it is as simple as that, since Python then sees to it that all are given.
    """
    numbered = [f"x{i}" for i in range(len(leaves))]
    if kwargs or len(leaves) != len(args) or any(x is not a for x, a in zip(leaves, args)):
        return _Head("*more, **kwargs", numbered, "(more, kwargs)", [], True)
    own = _parameters(function)
    if own is not None and len(own) == len(leaves):
        return _Head(", ".join(own), own, f"(({''.join([f'{x}, ' for x in own])}), {{}})", [], False)
    given = f"(given(({''.join([f'{x}, ' for x in numbered])}), more), kwargs)"
    optional = "".join([f"{x}=missing, " for x in numbered]) + ("/, " if numbered else "")
    return _Head(f"{optional}*more, **kwargs", numbered, given, ["kwargs", "more"], False)


def _parameters(function: Any) -> list[str] | None:
    """The names of a function's parameters; None if it has others than plain ones, or names that are used here."""
    of_a_method = isinstance(function, MethodType)
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None or code.co_flags & (CO_VARARGS | CO_VARKEYWORDS) or function.__defaults__:
        return None
    if code.co_posonlyargcount or code.co_kwonlyargcount:
        return None
    names = list(code.co_varnames[of_a_method : code.co_argcount])
    return None if any(name in _TAKEN or name[-1].isdigit() for name in names) else names


@lru_cache(maxsize=256)
def _code(source: str) -> Any:
    """The code of a source, which is the same as long as only what it compares with has changed."""
    return compile(source, "<the call around a compiled step>", "exec")


def _equal(name: str, value: str, x: Any) -> str:
    """The source of whether an argument is the same number or text: nan is nan, and 0.0 is not -0.0."""
    if isinstance(x, float) and not x:
        return f"repr({name}) == {repr(x)!r}"
    return f"{name} != {name}" if x != x else f"{name} == {value}"


def _with_cells(fast: Any) -> Callable[..., Any]:
    """The same function, of whose variables some are the user's own: those that it was given cells for."""
    inner = [content(cell) for cell in fast.__closure__ or ()]
    closure = tuple([x if isinstance(x, CellType) else cell for x, cell in zip(inner, fast.__closure__ or ())])
    made = FunctionType(fast.__code__, fast.__globals__, fast.__name__, fast.__defaults__, closure)
    made.__kwdefaults__, made.__qualname__ = fast.__kwdefaults__, fast.__qualname__
    return made


class _Opened:
    """Takes arguments out of their containers, if these are as in the recorded call."""

    def __init__(self, structure: Structure) -> None:
        self.paths = structure.paths()

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any] | None:
        leaves, structure = flatten((args, kwargs))
        return leaves if structure.paths() == self.paths else None


class Tidy:
    """Makes an input contiguous, and a copy of one that overlaps state; None for one of another shape or dtype."""

    def __init__(self, step: Step, shape: tuple[int, ...], dtype: Any) -> None:
        self.step = step
        self.shape = shape
        self.dtype = dtype
        # Arrays that own memory of the state: an input may be one, if it is like an input.
        owners = [o for o in map(owner, step.bound) if isinstance(o, np.ndarray)]
        self.own = {id(o) for o in owners if o.dtype == dtype and o.shape == shape}
        self.safe: Any = None

    def __call__(self, array: Any) -> Any:
        if array.shape != self.shape or array.dtype != self.dtype:
            return None
        base = array.base
        if base is None or base is not self.safe:
            if self.step.overlaps(array):
                return np.array(array, order="C")
            if isinstance(base, np.ndarray) and not self.step.overlaps(base):
                self.safe = base  # and so is every other view of it
        return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def owned(outputs: Sequence[Output], result: Any) -> Any:
    """What a recorded call returns as replays return it: Tensors with memory of their own, and no graph behind them."""
    leaves, structure = flatten(result)
    for k, (o, x) in enumerate(zip(outputs, leaves)):
        if o.plain:
            leaves[k] = x.copy()
        elif o.index is not None and not o.number:
            leaves[k] = wrap(x._array.copy(), _spent(x._array.shape, x._array.dtype) if o.tracked else None)
    return structure.build(leaves)


class Assembly:
    """Nests results as the function did."""

    def __init__(self, step: Step) -> None:
        self.outputs = step.outputs
        self.structure = step.structure
        results = step.program.results
        self.n = len(results)
        self.nodes = [
            _spent(results[o.index].shape, results[o.index].dtype) if o.index is not None and o.tracked else None
            for o in self.outputs
        ]

    def __call__(self, out: Any) -> Any:
        outs = (out,) if self.n == 1 else out
        leaves = []
        for o, node in zip(self.outputs, self.nodes):
            if o.index is None:
                leaves.append(o.kept)
            else:
                out = outs[o.index]
                leaves.append(out.item() if o.number else out if o.plain else wrap(out, node))
        return self.structure.build(leaves)
