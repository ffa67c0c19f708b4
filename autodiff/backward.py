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

from autodiff.graph import RELEASED, Leaf, Listener, Output, Vertex, last_write, modes, wrap
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
        Record the backward itself, so that it can be differentiated again.

    Returns
    -------
    dict
        Vertex to cotangent: of the targets, or of every leaf and ``retain_grad`` vertex that was reached.
    """
    xp = recorded if create_graph else plain
    wanted = None if targets is None else set(targets)
    useful = None if wanted is None else _ancestry(roots, wanted)
    listener = modes.listener
    attentive = wanted is not None or listener is not None
    pending: dict[Any, Any] = {}
    owned: set[Any] = set()
    found: dict[Vertex, Any] = {}
    heap: list[tuple[int, Any]] = []
    node: Any = None
    edges: Sequence[Any] = roots
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
        if type(node) is Output:
            _collect(node, g, pending, heap)
            edges = seeds = ()
            continue
        if last_write.tick > node.seq:
            node.plan.op.check_fresh(node)
        edges = node.edges
        if useful is not None and useful.isdisjoint(edges):
            edges = seeds = ()
            continue
        if node.outputs is not None and not node.keeps_gaps:
            g = _fill_gaps(node, g, create_graph)
        seeds = (node.plan.op.pullback_recorded if create_graph else node.plan.op.pullback)(node, g)
        if not retain_graph and node.saved:
            node.saved = RELEASED
            node.spare = ()
    for leaf in list(pending):  # all that is left
        found[leaf] = _attend(leaf, pending.pop(leaf), None, found, create_graph)
    return found


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
    if modes.listener is not None:
        modes.listener.adjoint(vertex, g)
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
    """The vertices below `roots` that lead to a wanted one."""
    seen: set[Vertex] = set()
    stack = list(roots)
    while stack:
        vertex = stack.pop()
        if vertex not in seen:
            seen.add(vertex)
            stack += vertex.edges
    useful: set[Vertex] = set()
    for vertex in sorted(seen, key=lambda v: v.seq):
        if vertex in wanted or any(e in useful for e in vertex.edges):
            useful.add(vertex)
    return useful


def _run_hooks(vertex: Vertex, g: Any, create_graph: bool) -> Any:
    """Show a complete cotangent to the hooks of its vertex; what a hook returns takes its place."""
    tensor = g if create_graph else wrap(np.asarray(g))
    for hook in list((vertex.hooks or {}).values()):
        replaced = hook(tensor)
        if replaced is not None:
            tensor = replaced
    return tensor if create_graph else tensor._array


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
