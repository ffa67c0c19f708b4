"""The listener behind `record`: it keeps what operations compute and what backward passes send."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autodiff.errors import AutodiffError
from autodiff.frames import line_of_the_user
from autodiff.gradients import vertex_of
from autodiff.graph import Leaf, Node, Output, Value, Vertex, changes, modes
from autodiff.primitive import plain
from autodiff.tracing.tape import UNKNOWN, Application, Backward, Flow, Variable

__all__ = ["Contribution", "Record", "Row"]

Array = np.ndarray[Any, Any]


class Contribution(NamedTuple):
    """What one consumer of a value sent back to it."""

    source: str
    """Label of the consumer; empty for the seed of the backward pass."""
    operation: str
    """Name of the consumer's operation."""
    formula: str
    """The contribution as the operation's own rule writes it; empty where it is too long to read."""
    value: Array
    """The contribution."""
    total: Array
    """The sum of it and those before it."""
    partial: float | None
    """For scalars the local partial derivative, contribution over the consumer's adjoint; None where that is 0."""


class Row(NamedTuple):
    """One value of a trace, with its adjoint."""

    label: str
    """v1, v2, ... for results, numbered by depth and then by appearance; ..., v-1, v0 for inputs."""
    name: str
    """What the user calls it; may be empty."""
    operation: str
    """The operation that computed it; empty for an input."""
    expression: str
    """How it was computed, in the labels of the others; empty for an input."""
    value: Array | None
    """A copy of the value; None where only the graph is known."""
    shape: tuple[int, ...]
    """Its shape."""
    adjoint: Array | None
    """The complete adjoint; None where backward did not come by."""
    contributions: tuple[Contribution, ...]
    """What the adjoint is the sum of, in order of arrival."""
    where: str
    """The line of the user's code, as "file.py:12"; may be empty."""


class Record:
    """A trace of forward and backward; made by `autodiff.record`.

    ``print(rec)`` shows it as two columns. Entering it again goes on recording.
    """

    def __init__(self) -> None:
        self._known: dict[Any, Variable] = {}
        self._inputs: list[Variable] = []
        self._results: list[Variable] = []
        self._applications: dict[Vertex, Application] = {}
        self._backwards: list[Backward] = []
        self._outer: list[Any] = []

    def __enter__(self) -> Record:
        if self._outer:
            raise AutodiffError("this record is listening already; make another one with ad.record()")
        changes.structure += 1  # a compiled step runs as it is written, to be heard
        self._outer.append(modes.listener)
        modes.listener = self
        return self

    def __exit__(self, *exc: object) -> None:
        modes.listener = self._outer.pop()

    @classmethod
    def of(cls, tensor: Any) -> Record:
        """What the graph of a Tensor knows after the fact: operations and shapes, and ``.grad`` where it was kept."""
        rec = cls()
        vertex = vertex_of(tensor)
        if vertex is None:
            raise AutodiffError("this Tensor has no graph: it was not computed from a Tensor that requires grad")
        rec.follow(vertex)
        variable = rec._known[_key(vertex)]
        variable.value = np.array(tensor._array)
        variable.used = True
        backward = Backward()
        backward.roots.append(variable)
        for key, v in rec._known.items():
            if isinstance(key, Vertex) and key.grad is not None:
                backward.adjoints[v] = np.array(key.grad._array)
        rec._backwards.append(backward)
        return rec

    # ------------------------------------------------------------------ names

    def name(self, /, **tensors: Any) -> Record:
        """Say what the values are called.

        Parameters
        ----------
        **tensors : Tensor
            What is not a Tensor is passed over, so that ``rec.name(**locals())`` names all there is at hand.

        Returns
        -------
        Record
            The record itself.

        Examples
        --------
        >>> import autodiff as ad
        >>> x = ad.tensor(3.0, requires_grad=True)
        >>> with ad.record() as rec:
        ...     y = x * x
        >>> rec.name(x=x, y=y)["y"].expression
        'v0·v0'
        """
        for name, tensor in tensors.items():
            if isinstance(tensor, Value) and name != "_":
                self._variable(tensor).name = name
        return self

    def watch(self, module: Any, prefix: str = "") -> Record:
        """Call the parameters of a module by their names in it.

        Parameters
        ----------
        module : nn.Module
            Anything with ``named_parameters()``.
        prefix : str, default=""
            Stands before each name.

        Returns
        -------
        Record
            The record itself.
        """
        for name, parameter in module.named_parameters():
            self._variable(parameter).name = prefix + name
        return self

    # ------------------------------------------------------------------ what a listener hears

    def operation(
        self, op: Any, args: tuple[Any, ...], static: dict[str, Any], outs: tuple[Any, ...], extra: Any = ()
    ) -> None:
        """Hear of one application of an operation."""
        if self._outer[-1] is not None:
            self._outer[-1].operation(op, args, static, outs, extra)
        if not modes.grad:
            return
        operands = [self._variable(a) if isinstance(a, Value) else a for a in args]
        application = Application(op, operands, static, line_of_the_user())
        for out in outs:
            vertex = out._node
            variable = Variable(out._array, out._array.shape, out._array.dtype, application)
            variable.tracked = vertex is not None
            application.results.append(variable)
            self._results.append(variable)
            if vertex is None:
                variable.held = out
                self._known[id(out)] = variable
                continue
            self._known[_key(vertex)] = variable
            node = vertex.node if isinstance(vertex, Output) else vertex
            vertex.where = node.where = application.where
            self._applications[node] = application

    def contribution(self, source: Vertex, position: int, target: Vertex, g: Any, total: Any) -> None:
        """Hear of one contribution to an adjoint."""
        if self._outer[-1] is not None:
            self._outer[-1].contribution(source, position, target, g, total)
        backward = self._backwards[-1]
        application = self._applications.get(source)
        if application is None:
            operand: Any = self._known.get(_key(target))
        else:
            operand = application.operands[position]
        first = target not in backward.received
        backward.received.add(target)
        if not isinstance(operand, Variable):
            return
        value = _fit(g, target)
        if first and not np.array_equal(value, total, equal_nan=True):
            backward.add(Flow(None, 0, operand, total - value, total - value, seed=True))
            backward.roots.append(operand)
        flow = Flow(application, position, operand, value, np.array(total))
        if application is not None and len(application.results) == 1:
            flow.partial = _quotient(value, backward.adjoints.get(application.results[0]))
        backward.add(flow)

    def adjoint(self, vertex: Vertex, g: Any) -> None:
        """Hear that an adjoint is complete."""
        if self._outer[-1] is not None:
            self._outer[-1].adjoint(vertex, g)
        backward = self._backward_at(vertex)
        if isinstance(g, list):  # the node behind several results, each of which was heard of by itself
            return
        variable = self._known.get(_key(vertex))
        root = vertex not in backward.received
        if variable is None and root:
            self.follow(vertex)
            variable = self._known[_key(vertex)]
        if variable is None:
            return
        adjoint = np.array(getattr(g, "_array", g))
        backward.adjoints[variable] = adjoint
        if root:
            variable.used = True
            backward.roots.append(variable)
            backward.add(Flow(None, 0, variable, adjoint, adjoint, seed=True))

    def _backward_at(self, vertex: Vertex) -> Backward:
        """The backward pass that has come to `vertex`: a new one where the order of a sweep is broken."""
        leaf = isinstance(vertex, Leaf)
        last = self._backwards[-1] if self._backwards else None
        if last is None or vertex in last.passed or (not leaf and (last.at_leaves or vertex.seq > last.youngest)):
            last = Backward()
            self._backwards.append(last)
        last.passed.add(vertex)
        if leaf:
            last.at_leaves = True
        else:
            last.youngest = vertex.seq
        return last

    # ------------------------------------------------------------------ which value a Tensor is

    def _variable(self, t: Any) -> Variable:
        """The value that a Tensor stands for: a result that was recorded, or an input."""
        vertex = vertex_of(t)
        key = id(t) if vertex is None else _key(vertex)
        known = self._known.get(key)
        if known is None and isinstance(vertex, (Node, Output)) and self._leads_here(vertex):
            self.follow(vertex)  # a view of memory that was written: its history was derived anew, unheard
            known = self._known[key]
            known.value = np.array(t._array)
        # An input whose memory was written since is another value: the weight after a step of the optimiser.
        if known is not None and (known.origin is not None or known.version == t._storage.version):
            return known
        made = Variable(t._array, t._array.shape, t._array.dtype)
        made.tracked = vertex is not None
        made.version = t._storage.version
        made.held = t if vertex is None else None
        made.name = None if known is None else known.name
        self._known[key] = made
        self._inputs.append(made)
        return made

    def _leads_here(self, vertex: Vertex) -> bool:
        """Whether a result of this record was used on the way to `vertex`."""
        stack, seen = [vertex], set()
        while stack:
            v = stack.pop()
            known = self._known.get(_key(v))
            if known is not None and known.origin is not None:
                return True
            if v not in seen:
                seen.add(v)
                stack += v.edges
        return False

    def follow(self, vertex: Vertex) -> None:
        """Add what led to `vertex`, as far as the graph knows it: operations and shapes, but no values."""
        stack, unheard = [vertex], set()
        while stack:
            v = stack.pop()
            if v not in unheard and _key(v) not in self._known and v not in self._applications:
                unheard.add(v)
                stack += v.edges
        if isinstance(vertex, Leaf):
            self._operand_at(vertex)
        for node in sorted([v for v in unheard if isinstance(v, Node)], key=lambda v: v.seq):
            outputs, positions = node.outputs, node.plan.positions
            given = len(node.storages) - (1 if outputs is None else len(outputs))
            operands: list[Any] = [UNKNOWN] * max(given, max(positions, default=-1) + 1)
            for position, edge in zip(positions, node.edges):
                operands[position] = self._operand_at(edge)
            application = self._applications[node] = Application(node.op, operands, node.static, node.where)
            for i, (shape, dtype) in enumerate(outputs or ((node.shape, node.dtype),)):
                result = Variable(None, shape, dtype, application)
                result.tracked = True
                application.results.append(result)
                self._results.append(result)
                self._known[node if outputs is None else (node, i)] = result

    def _operand_at(self, vertex: Vertex) -> Variable:
        variable = self._known.get(_key(vertex))
        if variable is None:
            variable = self._known[_key(vertex)] = Variable(None, vertex.shape, vertex.dtype)
            variable.tracked = True
            self._inputs.append(variable)
        return variable

    # ------------------------------------------------------------------ reading it

    @property
    def variables(self) -> list[Variable]:
        """The values, inputs first, each with its number (see Note [Numbering])."""
        # Note [Numbering]
        # Results are numbered by depth, the length of the longest way to an input, and then by appearance: operations
        # that could run at the same time stand together, as in the textbooks. The n inputs are v(1-n) ... v0.
        inputs = [v for v in self._inputs if v.used and not v.constant]
        results = sorted(self._results, key=lambda v: v.depth)
        for number, variable in enumerate(inputs + results, start=1 - len(inputs)):
            variable.number = number
        return inputs + results

    @property
    def backwards(self) -> list[Backward]:
        """The backward passes, in their order."""
        return self._backwards

    def backward(self, which: int = -1) -> Backward:
        """One backward pass; an empty one where there was none."""
        if not self._backwards:
            return Backward()
        if not -len(self._backwards) <= which < len(self._backwards):
            raise AutodiffError(
                f"this record holds {len(self._backwards)} backward passes; backward={which} is none of them"
            )
        return self._backwards[which]

    @property
    def rows(self) -> list[Row]:
        """The trace as data: one row for each value, with the adjoints of the last backward pass."""
        from autodiff.tracing.layout import rows

        return rows(self)

    def __getitem__(self, name: str) -> Row:
        """The row of a value, by its name (the latest of that name) or its label."""
        rows = self.rows
        for row in [*reversed([r for r in rows if r.name == name]), *[r for r in rows if r.label == name]]:
            return row
        names = ", ".join([r.name or r.label for r in rows])
        raise AutodiffError(f"nothing in this record is called {name!r}; it has {names or 'no values yet'}")

    def __len__(self) -> int:
        """The number of operations."""
        return sum([v is v.origin.results[0] for v in self._results if v.origin is not None])

    def __bool__(self) -> bool:
        return True

    # ------------------------------------------------------------------ showing it

    def table(self, precision: int = 3, *, names: bool = False, unicode: bool | None = None, backward: int = -1) -> str:
        """The two columns as text.

        Parameters
        ----------
        precision : int, default=3
            Decimals; numbers below 0.1 get as many significant digits.
        names : bool, default=False
            Write formulas in the user's names, where there are any, instead of v1, v2, ...
        unicode : bool, optional
            Bars over letters, dots and rules; or ASCII alone. Default: what standard output can show.
        backward : int, default=-1
            Which backward pass stands on the right; the last one by default.

        Returns
        -------
        str

        Notes
        -----
        The left side is read down: each value is computed from those above it. The right side is read up: beside an
        operation stand the cotangents that it sends to its operands, each with the sum it makes and, for scalars, the
        local partial derivative. Small arrays are shown whole, large ones by their shape.

        Examples
        --------
        >>> import autodiff as ad
        >>> x = ad.tensor(3.0, requires_grad=True)
        >>> with ad.record(x=x) as rec:
        ...     (x * x).backward()
        >>> print(rec.table(unicode=False))
        Forward primal trace | Reverse adjoint trace (read upwards)
        ---------------------+--------------------------------------------------------
        v0      = x      = 3 | v0_bar  = dv1/dx                       = 6
        ---------------------+--------------------------------------------------------
        v1      = v0*v0  = 9 | v0_bar  = v0_bar + v1_bar*v0  = 3 + 3  = 6  dv1/dv0 = 3
                             | v0_bar  = v1_bar*v0                    = 3  dv1/dv0 = 3
        ---------------------+--------------------------------------------------------
        output  = v1     = 9 | v1_bar  = seed                         = 1
        """
        from autodiff.tracing.layout import text

        return text(self, precision, names, unicode, backward)

    def markdown(self, precision: int = 3, *, names: bool = False, backward: int = -1) -> str:
        """The two columns as a Markdown table; see `table` for the parameters."""
        from autodiff.tracing.layout import markdown

        return markdown(self, precision, names, backward)

    def _repr_html_(self) -> str:
        from autodiff.tracing.layout import html

        return html(self)

    def __str__(self) -> str:
        return self.table()

    def __repr__(self) -> str:
        counts = ((len(self), "operation"), (len(self._backwards), "backward pass"))
        words = [f"{n} {what}{'' if n == 1 else 'es' if what.endswith('s') else 's'}" for n, what in counts]
        return f"<record of {' and '.join(words)}>"


def _key(vertex: Vertex) -> Any:
    """What a vertex is known by: the results of one node may each have several `Output`s."""
    return (vertex.node, vertex.index) if isinstance(vertex, Output) else vertex


def _fit(g: Any, target: Vertex) -> Array:
    """A contribution as the sweep adds it: summed over what was broadcast, in the dtype of the target."""
    array = np.asarray(getattr(g, "_array", g))
    if array.shape != target.shape:
        array = plain.unbroadcast(array, shape=target.shape)
    return np.array(array, target.dtype)


def _quotient(value: Array, adjoint: Array | None) -> float | None:
    """The local partial derivative that a scalar contribution was made with."""
    if adjoint is None or value.size != 1 or adjoint.size != 1 or not adjoint.item():
        return None
    return float(value.item() / adjoint.item())
