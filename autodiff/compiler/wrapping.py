"""The call around the emitted code: a few comparisons, the code, and what is returned, as a function made for the step.

Of the microseconds that a small step takes, a general call would take most. So the function that checks one signature
and calls one program is written as source, like the program itself: what it compares is what the recording found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.compiler.reach import Reach, _Cell, _Length
from autodiff.compiler.ready import Step
from autodiff.errors import GradientError
from autodiff.graph import Node, Storage, changes, last_write, modes, tick, upward, wrap
from autodiff.graph import Value as TensorValue

__all__ = ["MISS", "Wrapper"]

#: What a wrapper returns when the call is not the one that it was made for; nothing has happened then.
MISS: Any = type("Miss", (), {"__repr__": lambda self: "MISS"})()


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
            "compile the whole step, with its backward() inside, or call the function itself without ad.compile"
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
    node.shape, node.dtype = shape, dtype
    node.seq = tick()
    return node


class Wrapper:
    """Makes the function for one step and one signature.

    Parameters
    ----------
    step : Step
    leaves : sequence
        The arguments of the recorded call, taken out of their containers.
    reach : Reach
        What was found when the step was last seen to hold.
    """

    def __init__(self, step: Step, args: Sequence[Any], kwargs: dict[str, Any], reach: Reach, grad: bool) -> None:
        self.step = step
        self.reach = reach
        self.names: dict[str, Any] = {}
        self.lines: list[str] = []
        self.simple = not kwargs and not any(isinstance(a, (list, tuple, dict)) for a in args)
        if self.simple:
            self._write(args, grad)

    def make(self) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
        """The function ``fast(args, kwargs)``, which returns MISS when it is not for them."""
        if not self.simple:
            return lambda args, kwargs: MISS
        source = "\n".join(self.lines)
        scope: dict[str, Any] = {}
        exec(compile(source, "<the call around a compiled step>", "exec"), scope)
        made: Callable[[tuple[Any, ...], dict[str, Any]], Any] = scope["make"](**self.names)
        return made

    def _name(self, stem: str, value: Any) -> str:
        name = f"{stem}{len(self.names)}"
        self.names[name] = value
        return name

    def _write(self, args: Sequence[Any], grad: bool) -> None:
        step = self.step
        settings = [s for s in step.program.settings if not s.count]
        values = [f"s{i}" for i in range(len(settings))]
        body: list[str] = []
        checks = ["changes.structure != structure", f"modes.grad is not {grad}", "modes.listener is not None"]
        checks += ["kwargs", f"len(args) != {len(args)}", *self._loose()]
        body += ["if " + " or ".join(checks) + ":", "    return MISS"]
        if args:
            body.append("".join(f"x{i}, " for i in range(len(args))) + "= args")
        arrays = self._arguments(args, body)
        if values or step.choices:
            body += [
                "if changes.settings != seen:",
                "    numbers = step.numbers()",
                "    if numbers is None:",
                "        return MISS",
                *([f"    {', '.join(values)}, = numbers"] if values else []),
                "    seen = changes.settings",
            ]
        if step.grads:
            body += ["if changes.looks != looks:", "    return MISS"]
        if step.recording.draws:
            body.append("".join(f"d{i}, " for i in range(len(step.recording.draws))) + "= draw()")
            arrays += [f"d{i}" for i in range(len(step.recording.draws))]
        self._call(body, arrays, settings, values)
        self._finish(body)
        needed = {
            "MISS": MISS, "changes": changes, "modes": modes, "step": step, "run": step.run, "last_write": last_write,
            "structure": changes.structure, "seen": changes.settings, "looks": changes.looks, "tick": tick,
            "Storage": Storage, "Tensor": upward.tensor, "new": object.__new__, "draw": step.draw,
        }  # fmt: skip
        first = step.numbers() or []
        self.names = {**self.names, **needed, **dict(zip(values, first))}
        state = ["seen", *values] if values or step.choices else []
        self.lines = [
            f"def make({', '.join(self.names)}):",
            "    def fast(args, kwargs):",
            *([f"        nonlocal {', '.join(state)}"] if state else []),
            *[f"        {line}" for line in body],
            "    return fast",
        ]

    def _loose(self) -> list[str]:
        """Conditions under which something that no counter watches has changed."""
        found = []
        for holder, key, value in self.reach.loose:
            name = self._name("v", value)
            if isinstance(holder, _Cell):
                found.append(f"{self._name('c', holder.cell)}.cell_contents is not {name}")
            elif isinstance(holder, _Length):
                found.append(f"len({self._name('c', holder.container)}) != {name}")
            elif isinstance(holder, dict):
                found.append(f"{self._name('h', holder)}.get({key!r}) is not {name}")
            else:
                found.append(f"{self._name('h', holder)}[{key!r}] is not {name}")
        return found

    def _arguments(self, args: Sequence[Any], body: list[str]) -> list[str]:
        """Check each argument; the names of the arrays that the program is given."""
        arrays = []
        for i, x in enumerate(args):
            if isinstance(x, TensorValue):
                checks = [f"type(x{i}) is not {self._name('t', type(x))}"]
                tracked = "is" if x._node is not None else "is not"
                body += [f"if {checks[0]} or x{i}._node {tracked} None:", "    return MISS", f"a{i} = x{i}._array"]
                array = x._array
            elif isinstance(x, np.ndarray):
                body += [f"if type(x{i}) is not {self._name('t', type(x))}:", "    return MISS", f"a{i} = x{i}"]
                array = x
            else:
                value = self._name("v", x)
                same = f"x{i} is {value}"
                if isinstance(x, (int, float, str, bytes, type(None))):
                    same = f"type(x{i}) is {self._name('t', type(x))} and x{i} == {value}"
                body += [f"if not ({same}):", "    return MISS"]
                continue
            shape, dtype = self._name("shape", array.shape), self._name("dtype", array.dtype)
            tidy = self._name("tidy", _Tidy(self.step, array.dtype))
            strides = self._name("strides", np.empty(array.shape, array.dtype).strides)
            body += [
                f"if a{i}.shape != {shape} or a{i}.dtype is not {dtype}:",
                "    return MISS",
                f"if a{i}.strides != {strides} or a{i}.base is not None or id(a{i}) in {tidy}.own:",
                f"    a{i} = {tidy}(a{i})",
            ]
            arrays.append(f"a{i}")
        return arrays

    def _call(self, body: list[str], arrays: list[str], settings: list[Any], values: list[str]) -> None:
        """The call, and what moves on with it."""
        step = self.step
        given = dict(zip(settings, values))
        counters = step.counters()
        names = {id(c): self._name("count", c) for c in counters}
        arguments = list(arrays)
        k = 0
        for setting in step.program.settings:
            if setting.count:
                counter = setting.read.__self__
                name = names.get(id(counter)) or self._name("count", counter)
                body.append(f"t{k} = {name}.t + 1")
                arguments.append(f"t{k}")
                k += 1
            else:
                arguments.append(given[setting])
        body.append(f"out = run({', '.join(arguments)})")
        for counter in counters:
            name = names[id(counter)]
            body += [f"{name}.t += 1", f"{self._name('array', counter.array)}[()] = {name}.t"]
        storages = [self._name("storage", s) for s in step.stamped()]
        if storages:
            body.append(" = ".join([*[f"{s}.version" for s in storages], "last_write.tick", "tick()"]))

    def _finish(self, body: list[str]) -> None:
        """Hand out the results."""
        step = self.step
        outputs = step.outputs
        if len(outputs) == 1 and step.structure.model is None and outputs[0].index == 0:
            output = outputs[0]
            if output.plain:
                body.append("return out")
                return
            value = step.program.results[0]
            node = self._name("node", _spent(value.shape, value.dtype) if output.tracked else None)
            body += [
                "result = new(Tensor)",
                "result._array = out",
                "result._storage = Storage()",
                "result._base = None",
                f"result._node = {node}",
                "return result",
            ]
            return
        body.append(f"return {self._name('assemble', _Assembly(step))}(out)")


class _Tidy:
    """Makes an input contiguous, and a copy of one that overlaps state."""

    def __init__(self, step: Step, dtype: Any) -> None:
        self.own = {id(a) for a in step.bound}
        self.state = [(a.ctypes.data, a.ctypes.data + a.nbytes) for a in step.bound]
        self.safe: Any = None

    def __call__(self, array: Any) -> Any:
        if id(array) not in self.own and array.base is self.safe is not None and array.flags.c_contiguous:
            return array
        start, stop = np.lib.array_utils.byte_bounds(array)
        if any(start < high and low < stop for low, high in self.state):
            return np.array(array, order="C")
        base = array.base
        if isinstance(base, np.ndarray):
            start, stop = np.lib.array_utils.byte_bounds(base)
            if not any(start < high and low < stop for low, high in self.state):
                self.safe = base  # so is every other view of it
        return np.ascontiguousarray(array).reshape(array.shape)


class _Assembly:
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
                leaves.append(outs[o.index] if o.plain else wrap(outs[o.index], node))
        return self.structure.build(leaves)
