"""Which gradients a call asks for, so that it matters whether they are there before it."""

from __future__ import annotations

from typing import Any

__all__ = ["Asked"]


class Asked:
    """Gradients that a call read, or added to, and those that it had taken away before.

    Attributes
    ----------
    leaves : dict of id to Leaf
        That were asked for.
    frozen : dict of id to (Tensor, Tensor or None, ndarray or None)
        The same, of Tensors without a place in a graph: with the gradient that they were given or had before, and its
        memory.
    cleared : dict of id to Tensor
        By the id of the leaf, or of a frozen Tensor itself: of which nobody had asked before.
    """

    def __init__(self) -> None:
        self.leaves: dict[int, Any] = {}
        self.frozen: dict[int, tuple[Any, Any, Any]] = {}
        self.cleared: dict[int, Any] = {}

    def ask(self, vertex: Any, t: Any) -> None:
        """Of a leaf or, where `vertex` is None, of a Tensor (or None, of which nothing can be there)."""
        if vertex is not None and id(vertex) not in self.cleared:
            self.leaves[id(vertex)] = vertex
        elif vertex is None and t is not None and id(t) not in self.cleared:
            g = t._grad
            self.frozen.setdefault(id(t), (t, g, None if g is None else g._array))

    def clear(self, t: Any) -> None:
        """From now on it makes no difference whether there was one."""
        vertex = t._node
        if vertex is None or id(vertex) not in self.leaves:
            self.cleared[id(t if vertex is None else vertex)] = t

    def forget(self) -> None:
        """Let go of all."""
        for held in (self.leaves, self.frozen, self.cleared):
            held.clear()
