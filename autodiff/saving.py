"""What a node saves, handed through hooks of the user's: to compress it, count it, or keep it elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.errors import DtypeError, GradientError
from autodiff.graph import RELEASED, Node, Value, modes, wrap

__all__ = ["Packed", "pack", "pack_node", "saved_tensors_hooks"]


class saved_tensors_hooks:
    """Hand every Tensor that is saved for backward through `pack_hook`, and back through `unpack_hook`.

    Parameters
    ----------
    pack_hook : callable
        Called with a Tensor when an operation saves it; returns anything. The Tensor looks at the memory of the user's
        value, so that what is kept of it beyond the call should be a copy, or the Tensor itself.
    unpack_hook : callable
        Called with that when backward needs it; returns a Tensor of the same shape and dtype.

    Notes
    -----
    What was saved inside the block is not guarded against changes in place: that is the hooks' business then. Blocks
    may be nested; the innermost hooks count. In PyTorch it is ``torch.autograd.graph.saved_tensors_hooks``.

    Examples
    --------
    Keep what is saved at half the size:

    >>> import autodiff as ad
    >>> x = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> with ad.autograd.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        if not (callable(pack_hook) and callable(unpack_hook)):
            raise DtypeError("saved_tensors_hooks takes two functions, one that packs and one that unpacks")
        self.hooks = (pack_hook, unpack_hook)
        self._outer: list[Any] = []

    def __enter__(self) -> None:
        self._outer.append(modes.saving)
        modes.saving = self.hooks

    def __exit__(self, *exc: object) -> None:
        modes.saving = self._outer.pop()


class Packed:
    """What a pack hook returned for an array, and the hook that turns it back."""

    __slots__ = ("dtype", "shape", "token", "unpack_hook")

    def __init__(self, array: Any, hooks: tuple[Callable[..., Any], Callable[..., Any]]) -> None:
        self.shape, self.dtype = array.shape, array.dtype
        before = modes.grad, modes.saving
        modes.grad, modes.saving = False, None  # what a hook computes is not part of the graph
        try:
            self.token = hooks[0](wrap(array))
        finally:
            modes.grad, modes.saving = before
        self.unpack_hook = hooks[1]

    def unpack(self) -> Any:
        """The array again."""
        before, modes.grad = modes.grad, False
        try:
            tensor = self.unpack_hook(self.token)
        finally:
            modes.grad = before
        if not isinstance(tensor, Value):
            raise DtypeError(f"unpack_hook must return a Tensor, not a {type(tensor).__name__}")
        if tensor._array.shape != self.shape or tensor._array.dtype != self.dtype:
            raise GradientError(
                f"unpack_hook returned a Tensor of shape {tensor._array.shape} and dtype {tensor._array.dtype}; "
                f"what was packed had shape {self.shape} and dtype {self.dtype}"
            )
        return tensor._array


def pack(value: Any, known: dict[int, Packed]) -> Any:
    """Pack an array, or the arrays of a tuple, each only once; anything else stays as it is."""
    if isinstance(value, np.ndarray):
        if id(value) not in known:
            known[id(value)] = Packed(value, modes.saving)  # type: ignore[arg-type]
        return known[id(value)]
    return tuple([pack(v, known) for v in value]) if isinstance(value, (tuple, list)) else value


def _unpack(value: Any, known: dict[Packed, Any]) -> Any:
    if isinstance(value, Packed):
        if value not in known:
            known[value] = value.unpack()
        return known[value]
    return tuple([_unpack(v, known) for v in value]) if isinstance(value, (tuple, list)) else value


def pack_node(node: Node) -> None:
    """Replace what `node` saved by what the hooks make of it."""
    known: dict[int, Packed] = {}
    kept = node.saved, node.spare  # alive until the end, so that no two arrays have the same id
    node.saved = [pack(values, known) for values in node.saved]
    node.spare = [pack(values, known) for values in node.spare]
    node.plan = _PackedPlan(node.plan)
    del kept


class _PackedPlan:
    """The plan of a node whose saved values are packed: see `graph.Plan`."""

    def __init__(self, plan: Any) -> None:
        self.plan = plan
        self.op = _PackedOperation(plan.op)
        self.positions, self.rules, self.whole = plan.positions, plan.rules, plan.whole


class _PackedOperation:
    """An operation that unpacks what its node saved before it goes backward."""

    def __init__(self, op: Any) -> None:
        self.op = op
        self.name = op.name
        self.arguments, self.variadic = getattr(op, "arguments", ()), getattr(op, "variadic", False)

    def pullback(self, node: Node, g: Any) -> Any:
        return self._unpacked(node, g, self.op.pullback)

    def pullback_recorded(self, node: Node, g: Any) -> Any:
        return self._unpacked(node, g, self.op.pullback_recorded)

    def check_fresh(self, node: Node) -> None:
        """Nothing to do: the hooks keep the values."""

    def _unpacked(self, node: Node, g: Any, pullback: Callable[..., Any]) -> Any:
        if node.saved is RELEASED:
            return pullback(node, g)
        kept = node.saved, node.spare, node.plan
        known: dict[Packed, Any] = {}
        node.saved = [_unpack(values, known) for values in node.saved]
        node.spare = [_unpack(values, known) for values in node.spare]
        node.plan = node.plan.plan  # type: ignore[attr-defined]
        try:
            return pullback(node, g)
        finally:
            node.saved, node.spare, node.plan = kept
