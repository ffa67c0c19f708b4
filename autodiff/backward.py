"""The backward pass: walk the tape from the youngest node to the oldest, and add up what flows into each vertex.

The walk is a loop over a heap, never a recursion: a chain of a million operations is no deeper than one. Note [One
clock] in graph.py says why the order is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

import numpy as np

from autodiff.errors import GradientError
from autodiff.graph import (
    RELEASED,
    Leaf,
    Listener,
    Output,
    Value,
    Vertex,
    current_listener,
    current_recorder,
    last_write,
    wrap,
)
from autodiff.primitive import plain, recorded

__all__ = ["sweep"]


def own(g: Any) -> np.ndarray[Any, Any]:
    """Return `g` as writable memory that nothing else can reach: itself where that is so already, else a copy.

    What ends in ``.grad`` is the user's to write into, while a rule may hand out its own cotangent (x + y gives one
    array to both), a view of it, or memory that something else still holds. CPython's reference count tells; call this
    as ``own(mapping.pop(key))``, so that no variable of the caller's is counted.
    """
    if type(g) is np.ndarray and g.base is None and getrefcount(g) <= _UNSHARED and g.flags.writeable:
        return g
    return np.array(g)


def _calibrate(g: Any) -> int:
    return getrefcount(g)


# What `own` counts for an array that nothing else holds. Measured, since it differs between versions of CPython.
_UNSHARED = _calibrate({0: np.empty(1)}.pop(0))


# Cheaper than enumerate, which makes a pair for every step.
_COUNT = range(1 << 30)


def sweep(
    roots: Sequence[Vertex],
    seeds: Sequence[Any],
    *,
    targets: Iterable[Vertex] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Vertex, Any]:
    """Send cotangents backward through the graph.

    Parameters
    ----------
    roots : sequence of Vertex
        Where to begin.
    seeds : sequence of ndarray, or of Tensor with `create_graph`
        The cotangent of each.
    targets : iterable of Vertex, optional
        Only compute what these need, and return their cotangents instead of adding them to ``.grad``.
    retain_graph : bool, default=False
        Keep the saved arrays for another backward; otherwise each node lets go of them as it is passed.
    create_graph : bool, default=False
        Let Tensors flow, so that the backward itself is heard: recorded, to be differentiated again, unless `modes`
        say otherwise.

    Returns
    -------
    dict
        Vertex to cotangent: of the targets, or of every leaf and ``retain_grad`` vertex that was reached.
    """
    xp = recorded if create_graph else plain
    wanted = None if targets is None else set(targets)
    useful = None if wanted is None else _ancestry(roots, wanted)
    heard = current_listener()
    listener = None if heard is current_recorder() else heard  # a recorder hears sums as operations
    attentive = wanted is not None or heard is not None
    pending: dict[Any, Any] = {}
    owned: set[Any] = set()
    found: dict[Vertex, Any] = {}
    heap: list[tuple[int, Any]] = []
    node, edges = None, roots
    while True:
        for position, edge, g in zip(_COUNT, edges, seeds):
            if g is None or (useful is not None and edge not in useful):
                continue
            if g.shape != edge.shape or g.dtype is not edge.dtype:
                g = _fit(xp, g, edge)
            if edge in pending:
                _add(pending, owned, edge, g)
            else:
                pending[edge] = g  # borrowed: most vertices get one contribution, and no sum is needed
                if type(edge) is not Leaf:
                    heappush(heap, (-edge.seq, edge))
            if listener is not None and node is not None:
                _tell(listener, node, position, edge, g, pending[edge])
        # Forget them, so that what nobody needs any more is freed, and what is fresh counts as fresh in `own`.
        g = seeds = None  # type: ignore[assignment]
        if not heap:
            break
        node = heappop(heap)[1]
        g = pending.pop(node)
        if attentive or node.watched:
            g = _attend(node, g, wanted, found, create_graph)
        edges = seeds = ()
        if type(node) is Output:
            _collect(node, g, pending, heap)
            continue
        if useful is not None and useful.isdisjoint(node.edges) and not node.is_cut:
            continue
        edges = node.edges
        op = node.plan.op
        if last_write.tick > node.seq:
            op.check_fresh(node)
        if node.outputs is not None and not node.keeps_gaps:
            g = _fill_gaps(node, g, create_graph)
        seeds = op.pullback_recorded(node, g) if create_graph else op.pullback(node, g)
        if node.watched and node.after:
            seeds = _run_node_hooks(node, g, seeds, create_graph)
        if not retain_graph and node.saved:
            node.saved, node.spare = RELEASED, ()
    # All that is left are leaves.
    return found | {leaf: _attend(leaf, pending.pop(leaf), None, found, create_graph) for leaf in list(pending)}


def _fit(xp: Any, g: Any, vertex: Any) -> Any:
    """Undo broadcasting, and hand the cotangent over in the dtype of the value it belongs to."""
    if g.shape != vertex.shape:
        g = xp.unbroadcast(g, shape=vertex.shape)
    return g if g.dtype == vertex.dtype else xp.cast(g, dtype=vertex.dtype)


def _add(pending: dict[Any, Any], owned: set[Any], vertex: Any, g: Any) -> None:
    """Add a further contribution: the second one allocates the sum, and from the third on it is added in place."""
    before = pending[vertex]
    if vertex in owned:
        np.add(before, g, out=before)
        return
    total = pending[vertex] = before + g
    if type(total) is np.ndarray:  # not a Tensor (create_graph), nor the NumPy scalar that a 0-d sum is
        owned.add(vertex)


def _attend(vertex: Any, g: Any, wanted: set[Vertex] | None, found: dict[Vertex, Any], create_graph: bool) -> Any:
    """See to what was asked of a vertex whose cotangent is complete: hooks, keeping it, telling a listener."""
    if vertex.hooks:
        g = _run_hooks(vertex, g, create_graph)
    if vertex.keeps_grad if wanted is None else vertex in wanted:
        found[vertex] = g
    if (listener := current_listener()) is not None:
        listener.adjoint(vertex, g)
    if vertex.before:
        g = _run_prehooks(vertex, g, create_graph)
    return g


def _collect(output: Output, g: Any, pending: dict[Any, Any], heap: list[tuple[int, Any]]) -> None:
    """Keep the cotangent of one of several results until the turn of their node comes."""
    node = output.node
    slots = pending.get(node)
    if slots is None:
        slots = pending[node] = [None] * len(node.outputs or ())
        heappush(heap, (-node.seq, node))
    slots[output.index] = g


def _ancestry(roots: Sequence[Vertex], wanted: set[Vertex]) -> set[Vertex]:
    """The vertices below `roots` that lead to a wanted one, or nobody knows where to."""
    seen: set[Vertex] = set()
    stack = list(roots)
    while stack:
        vertex = stack.pop()
        if vertex not in seen:
            seen.add(vertex)
            stack += vertex.edges
    useful: set[Vertex] = set()
    for vertex in sorted(seen, key=lambda v: v.seq):
        if vertex in wanted or vertex.is_cut or any(e in useful for e in vertex.edges):
            useful.add(vertex)
    return useful


def _run_hooks(vertex: Vertex, g: Any, create_graph: bool) -> Any:
    """Show a complete cotangent to the hooks of its vertex; what a hook returns takes its place."""
    tensor = _shown(g)
    for hook in list((vertex.hooks or {}).values()):
        replaced = hook(tensor)
        if replaced is not None:
            tensor = _checked(replaced, tensor)
    return tensor if create_graph else tensor._array


def _shown(g: Any) -> Any:
    """A cotangent as hooks see it: a Tensor that they may write into, or None."""
    return g if g is None else recorded.copy(g) if isinstance(g, Value) else wrap(np.array(g))


def _checked(t: Any, expected: Any) -> Any:
    """What a hook returned, which must be of the form of what it was shown."""
    if not isinstance(t, Value):
        raise GradientError(f"a hook returned a {type(t).__name__}; it must return a Tensor, or None to change nothing")
    form = [(one._array.shape, one._array.dtype) for one in (t, expected) if one is not None]
    if form[0] != form[-1]:
        said = [f"shape {shape} and dtype {dtype}" for shape, dtype in form]
        raise GradientError(f"a hook returned a gradient of {said[0]}, where one of {said[1]} belongs")
    return t


def _taken(replaced: Any, expected: Sequence[Any], what: str, create_graph: bool) -> list[Any]:
    """What a node's hook returned, as backward goes on with it."""
    given = replaced if isinstance(replaced, (tuple, list)) else (replaced,)
    if len(given) != len(expected):
        raise GradientError(f"a hook returned {len(given)} {what}, and there are {len(expected)}; return None or all")
    tensors = [t if t is None else _checked(t, e) for t, e in zip(given, expected)]
    return [t if t is None or create_graph else t._array for t in tensors]


def _run_prehooks(vertex: Vertex, g: Any, create_graph: bool) -> Any:
    """Show the cotangents of a node to its prehooks."""
    for hook in list((vertex.before or {}).values()):
        several = isinstance(g, list)
        shown = tuple([_shown(c) for c in g]) if several else (_shown(g),)
        replaced = hook(shown)
        taken = _taken(shown if replaced is None else replaced, shown, "cotangents", create_graph)
        if not several and taken[0] is None:
            raise GradientError("a prehook returned None for the cotangent; return zeros, or None instead of a tuple")
        g = taken if several else taken[0]
    return g


def _run_node_hooks(node: Any, g: Any, grads: Any, create_graph: bool) -> Any:
    """Show what a node sends on, and what it was sent, to its hooks."""
    xp = recorded if create_graph else plain
    grads = [c if c is None else _fit(xp, c, edge) for c, edge in zip(grads, node.edges)]
    came = tuple([_shown(c) for c in (g if isinstance(g, list) else [g])])
    for hook in list(node.after.values()):
        shown = tuple([_shown(c) for c in grads])
        replaced = hook(shown, came)
        grads = _taken(shown if replaced is None else replaced, shown, "gradients", create_graph)
    return grads


def _fill_gaps(node: Any, slots: list[Any], create_graph: bool) -> list[Any]:
    """Put zeros where an output of a node was not used (and None where it is not a floating one)."""
    for i, (shape, dtype) in enumerate(node.outputs):
        if slots[i] is None and dtype.kind == "f":
            zeros = np.zeros(shape, dtype)
            slots[i] = wrap(zeros) if create_graph else zeros
    return slots


def _tell(listener: Listener, node: Any, i: int, edge: Vertex, g: Any, total: Any) -> None:
    """Let a listener hear of the contribution along the `i`-th edge of `node`, with the sum it makes."""
    listener.contribution(node, node.plan.positions[i], edge, g, np.array(getattr(total, "_array", total)))
