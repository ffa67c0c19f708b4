"""One call of a function that is being differentiated: inputs with new places in the graph, results that leave it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autodiff import dtypes, gradients
from autodiff.errors import DtypeError, GradientError, ShapeError
from autodiff.graph import Leaf, Node, Value, Vertex, modes, tick, wrap
from autodiff.names.joining import stack
from autodiff.operands import number_of
from autodiff.trees import Structure, flatten

__all__ = [
    "Call",
    "as_value",
    "assemble",
    "basis",
    "checked_pair",
    "entered",
    "fit",
    "heard",
    "leaves_of",
    "like",
    "pull",
    "reaches",
    "second_place",
    "settle",
]

# Note [Inputs of a transform]
# A transform differentiates through the arguments of its function, and through nothing else: a Tensor that the
# function closes over may depend on the same values, and counts as a constant. So the function is called with aliases:
# Tensors on the same memory with a place of their own in the graph. The alias of a Tensor that is tracked already is
# the result of a node that passes cotangents on, so that outer derivatives find their way; any other is a leaf. When
# the function has returned, the leaf is closed, and a result that leads to closed leaves alone is handed out without
# its graph.


class _Alias:
    """The operation that gives a value a second place in the graph."""

    name = "alias"
    op: Any
    positions = (0,)
    rules: tuple[Any, ...] = ()
    whole = True

    def pullback(self, node: Node, g: Any) -> Any:
        return [g]

    pullback_recorded = pullback

    def check_fresh(self, node: Node) -> None:
        """Nothing is saved."""


_ALIAS = _Alias()
_ALIAS.op = _ALIAS


def _place(t: Any, outer: Vertex | None) -> Vertex:
    """A new vertex for the value of `t`: on top of `outer`, or a leaf."""
    array = t._array
    if outer is None:
        return Leaf(array.shape, array.dtype)
    node = Node()
    node.plan = _ALIAS
    node.edges = (outer,)
    node.saved = ()
    node.static = {}
    node.outputs = None
    node.shape, node.dtype = array.shape, array.dtype
    node.seq = tick()
    return node


def second_place(t: Any, tracked: bool) -> Any:
    """A Tensor on the same memory with a place of its own, on top of that of `t` if it is to be `tracked` further."""
    return wrap(t._array, _place(t, gradients.vertex_of(t) if tracked else None), t._storage)


def as_value(x: Any, path: str) -> Any:
    """An input, which may be a Tensor, an array or a number, as a floating Tensor on the same memory."""
    if isinstance(x, Value):
        value = x
    elif isinstance(x, (np.ndarray, np.generic)):
        array = np.asarray(x)
        value = wrap(np.asarray(array, dtypes.check(array.dtype)))
    elif isinstance(x, float):
        # As wide as it is: a Tensor without dimensions does not widen others.
        value = wrap(np.asarray(x, np.float64))
    else:
        mend = "; write it as a float (1.0)" if isinstance(x, int) else "; wrap it, or let the function close over it"
        raise DtypeError(f"{path} is a {type(x).__name__}, and only Tensors, arrays and floats have derivatives{mend}")
    if value._array.dtype.kind != "f":
        raise DtypeError(f"{path} has dtype {value._array.dtype}, and only floating ones have derivatives; convert it")
    return value


def entered(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function with recording on, whatever it was before."""
    before, modes.grad = modes.grad, True
    try:
        result = function(*args, **kwargs)
        for x in flatten(result)[0]:
            if isinstance(x, Value):
                gradients.vertex_of(x)  # a view whose memory was written finds its history while recording is on
        return result
    finally:
        modes.grad = before


def heard(given: Any) -> Any:
    """What a function is given, arrays as Tensors while a step is recorded, so that what it makes of them is heard."""
    if modes.recorder is None:
        return given
    leaves, structure = flatten(given)
    return structure.build([wrap(x) if isinstance(x, np.ndarray) else x for x in leaves])


def picked(argnums: Any, args: Sequence[Any]) -> tuple[tuple[int, ...], bool]:
    """The positions that `argnums` names, and whether it is one number."""
    single = isinstance(argnums, int)
    if not single and not (isinstance(argnums, tuple) and all(isinstance(i, int) for i in argnums)):
        raise DtypeError(f"argnums must be an integer or a tuple of integers, not {argnums!r}")
    numbers = (argnums,) if single else argnums
    if not numbers:
        raise GradientError("argnums is empty; name at least one argument")
    for i in numbers:
        if not -len(args) <= i < len(args):
            raise GradientError(f"argnums names argument {i}, and the function was given {len(args)} by position")
    positions = tuple([i % len(args) for i in numbers])
    if len(set(positions)) < len(positions):
        raise GradientError(f"argnums names an argument twice: {argnums!r}")
    return positions, single


class Call:
    """A function called with aliases of some of its arguments. See Note [Inputs of a transform].

    Parameters
    ----------
    args : tuple
        All arguments by position.
    argnums : int or tuple of int, optional
        Those to differentiate through; all of them by default.
    root : str
        What the arguments are called in errors.
    """

    def __init__(self, args: Sequence[Any], argnums: Any = None, root: str = "argument") -> None:
        self.start = tick()
        self.args = list(args)
        positions, self.single = picked(argnums, args) if argnums is not None else (tuple(range(len(args))), False)
        self.given: list[Any] = []
        paths: list[str] = []
        structures = []
        for i in positions:
            leaves, structure = flatten(args[i])
            self.given += leaves
            paths += structure.paths(f"{root} {i}")
            structures.append(structure)
        values = [as_value(x, path) for x, path in zip(self.given, paths)]
        self.inputs = [second_place(t, modes.grad) for t in values]
        self._leaves = [t._node for t in self.inputs if isinstance(t._node, Leaf)]
        # The function is given others, since it may detach them.
        aliases = [wrap(t._array, t._node, t._storage) for t in self.inputs]
        for alias in aliases:
            alias._view = (_ALIAS, (), {})  # as a view without a base, it refuses to be written
        self.structure = (
            structures[0] if self.single else Structure(tuple, tuple(range(len(structures))), (*structures,))
        )
        rest = iter(aliases)
        for i, structure in zip(positions, structures):
            self.args[i] = structure.build([next(rest) for _ in range(structure.n)])
        self.args = heard(self.args)

    @property
    def plain(self) -> bool:
        """Whether no input is a Tensor, so that no result need be one."""
        return not any(isinstance(x, Value) for x in self.given)

    def run(self, function: Callable[..., Any], kwargs: dict[str, Any] | None = None) -> Any:
        """What the function returns, still in the graph."""
        try:
            return entered(function, *self.args, **heard(kwargs or {}))
        finally:
            for leaf in self._leaves:
                leaf.closed = True

    def restore(self, values: Sequence[Any]) -> Any:
        """Nest one value for each input as the inputs were, each of the kind its input was."""
        return self.structure.build([like(x, value) for x, value in zip(self.given, values, strict=True)])


def like(x: Any, value: Any) -> Any:
    """A Tensor as what `x` is: a Tensor, an array or a number."""
    if isinstance(x, Value):
        return value
    if isinstance(x, np.ndarray) or value._array.ndim:
        return value._array
    return value._array[()] if isinstance(x, np.generic) else number_of(value)


def reaches(tensors: Sequence[Any], start: int) -> bool:
    """Whether the graph of one of `tensors` leads to anything but closed leaves, or to what is older than `start`."""
    seen: set[Vertex] = set()
    todo = [v for v in map(gradients.vertex_of, tensors) if v is not None]
    while todo:
        vertex = todo.pop()
        if vertex in seen:
            continue
        seen.add(vertex)
        if isinstance(vertex, Leaf):
            if not vertex.closed:
                return True
        elif vertex.seq <= start:
            return True
        todo += vertex.edges
    return False


def settle(tree: Any, start: int) -> Any:
    """Let the Tensors of a result keep their graph only if it leads outside, and recording is on there."""
    leaves, structure = flatten(tree)
    return structure.build([_settled(x, start) for x in leaves])


def _settled(x: Any, start: int) -> Any:
    if not isinstance(x, Value) or gradients.vertex_of(x) is None or (modes.grad and reaches([x], start)):
        return x
    return wrap(x._array, None, x._storage)


def leaves_of(result: Any, name: str, floating: bool = True) -> tuple[list[Any], Structure]:
    """The Tensors that a function returned; raise if there are others, or none."""
    leaves, structure = flatten(result)
    if not leaves:
        raise GradientError(f"{name}: the function returned {result!r}; it must return at least one Tensor")
    for x, path in zip(leaves, structure.paths("the result")):
        if not isinstance(x, Value):
            raise DtypeError(f"{name}: {path} of the function is a {type(x).__name__}; it must return Tensors")
        if floating and x._array.dtype.kind != "f":
            raise DtypeError(
                f"{name}: {path} of the function has dtype {x._array.dtype}, which has no derivative; "
                "return it as aux (has_aux=True)"
            )
    return leaves, structure


def checked_pair(result: Any, has_aux: bool, name: str) -> tuple[Any, Any]:
    """What a function returned as (output, aux); aux is None without `has_aux`."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise GradientError(f"{name}: with has_aux=True the function must return a tuple (output, aux)")
    return result


def fit(tree: Any, structure: Structure, values: Sequence[Any], what: str, like: str) -> list[Any]:
    """The leaves of `tree` as Tensors: nested like `structure`, each of the shape of its partner in `values`."""
    found = structure.parts(tree, what, like)
    fitted = []
    for x, value, path in zip(found, values, structure.paths(what), strict=True):
        if not isinstance(x, (Value, np.ndarray, np.generic, float, int)):
            raise DtypeError(f"{path} is a {type(x).__name__}, where a Tensor of shape {value._array.shape} belongs")
        t = x if isinstance(x, Value) else wrap(np.asarray(x, value._array.dtype))
        if t._array.shape != value._array.shape:
            raise ShapeError(f"{path} has shape {t._array.shape}, and {like} has {value._array.shape} there")
        fitted.append(t)
    return fitted


def pull(
    outs: Sequence[Any], inputs: Sequence[Any], seeds: Sequence[Any], *, create_graph: bool, retain_graph: bool
) -> list[Any]:
    """Cotangents of the inputs from those of the outputs; zeros where nothing leads there."""
    pairs = [(o, s) for o, s in zip(outs, seeds, strict=True) if gradients.vertex_of(o) is not None]
    if not pairs:
        return [wrap(np.zeros(t._array.shape, t._array.dtype)) for t in inputs]
    tracked, cotangents = zip(*pairs)
    return list(
        gradients.grad(
            tracked,
            inputs,
            cotangents,
            create_graph=create_graph,
            retain_graph=retain_graph or create_graph,
            materialize_grads=True,
        )
    )


def basis(t: Any) -> Iterator[Any]:
    """One after the other, Tensors like `t` that are 1 at one element and 0 elsewhere."""
    array = t._array
    for i in range(array.size):
        unit = np.zeros(array.size, array.dtype)
        unit[i] = 1
        yield wrap(unit.reshape(array.shape))


def assemble(rows: Sequence[Any], shape: tuple[int, ...], dim: int, empty: np.dtype[Any]) -> Any:
    """Rows (``dim=0``) or columns (``dim=-1``) of a Jacobian as one Tensor of shape `shape`."""
    return stack(rows, dim).reshape(shape) if rows else wrap(np.zeros(shape, empty))
