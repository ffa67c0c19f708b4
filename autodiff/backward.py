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

from autodiff.graph import RELEASED, Leaf, Listener, Node, Output, Vertex, last_write, modes
from autodiff.primitive import plain, recorded, wrap

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


def sweep(
    roots: Sequence[tuple[Vertex, Any]],
    *,
    targets: Iterable[Vertex] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Vertex, Any]:
    """Send cotangents backward through the graph.

    Parameters
    ----------
    roots : sequence of (vertex, cotangent)
        Where to begin. Cotangents are ndarrays, or Tensors with `create_graph`.
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
    useful = None if wanted is None else _ancestry([v for v, _ in roots], wanted)
    listener = modes.listener
    pending: dict[Vertex, Any] = {}
    owned: set[Vertex] = set()
    found: dict[Vertex, Any] = {}
    leaves: list[Leaf] = []
    heap: list[tuple[int, Any]] = []
    contribution: Any

    def receive(vertex: Any, g: Any) -> Any:
        """Add one contribution: borrow the first, allocate on the second, add in place from the third on."""
        if g.shape != vertex.shape:
            g = xp.unbroadcast(g, shape=vertex.shape)
        if g.dtype != vertex.dtype:
            g = xp.cast(g, dtype=vertex.dtype)
        before = pending.get(vertex)
        if before is None:
            pending[vertex] = g
            if type(vertex) is Leaf:
                leaves.append(vertex)
            else:
                heappush(heap, (-vertex.seq, vertex))
        elif vertex in owned:
            np.add(before, g, out=before)
        else:
            pending[vertex] = g = before + g
            if type(g) is np.ndarray:
                owned.add(vertex)
        return g

    for vertex, seed in roots:
        if useful is None or vertex in useful:
            receive(vertex, seed)
    while heap:
        node = heappop(heap)[1]
        g = pending.pop(node)
        if node.hooks:
            g = _run_hooks(node, g, create_graph)
        if listener is not None:
            listener.adjoint(node, g)
        if node.keeps_grad if wanted is None else node in wanted:
            found[node] = g
            owned.discard(node)
        if type(node) is Output:
            # The cotangents of the several results of a node wait in a list until the node's turn comes.
            parent = node.node
            slots = pending.get(parent)
            if slots is None:
                slots = pending[parent] = [None] * len(parent.outputs or ())
                heappush(heap, (-parent.seq, parent))
            slots[node.index] = g
            continue
        if useful is not None and not any(e in useful for e in node.edges):
            continue
        if last_write.tick > node.seq:
            node.op.check_fresh(node)
        if node.outputs is not None:
            g = _fill_gaps(node, g, create_graph)
        grads = node.op.pullback_recorded(node, g) if create_graph else node.op.pullback(node, g)
        if not retain_graph and node.saved:
            node.saved = RELEASED
            node.spare = ()
        for position, (edge, contribution) in enumerate(zip(node.edges, grads, strict=False)):
            if edge is None or contribution is None or (useful is not None and edge not in useful):
                continue
            if listener is None:
                receive(edge, contribution)
            else:
                _tell(listener, node, position, edge, contribution, receive)
        del g, grads  # so that a cotangent nobody needs any more is freed, and a fresh one counts as fresh
        contribution = None
    for leaf in leaves:
        g = pending.pop(leaf)
        if leaf.hooks:
            g = _run_hooks(leaf, g, create_graph)
        if listener is not None:
            listener.adjoint(leaf, g)
        found[leaf] = g
        del g
    return found


def _ancestry(roots: list[Vertex], wanted: set[Vertex]) -> set[Vertex]:
    """The vertices below `roots` that lead to a wanted one."""
    seen: set[Vertex] = set()
    stack = list(roots)
    while stack:
        vertex = stack.pop()
        if vertex not in seen:
            seen.add(vertex)
            stack += [e for e in vertex.edges if e is not None]
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


def _tell(listener: Listener, node: Any, position: int, edge: Vertex, g: Any, receive: Any) -> None:
    """Let a listener hear of one contribution, with the sum it makes."""
    total = receive(edge, g)
    listener.contribution(node, position, edge, g, np.array(getattr(total, "_array", total)))
