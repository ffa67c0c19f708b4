"""`Function`: operations of the user's own, in PyTorch's form.

A subclass says how to compute (`forward`) and how cotangents flow back (`backward`), both on Tensors. One application
is one node of the graph, like that of a primitive; the node keeps the context `ctx`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff import inplace
from autodiff.errors import GradientError, ShapeError, StaleValueError
from autodiff.graph import RELEASED, Node, Storage, Value, modes, tick, wrap
from autodiff.operands import second_backward
from autodiff.saving import Packed, pack

__all__ = ["Function", "FunctionCtx"]


class _Saved:
    """A Tensor put aside by `save_for_backward`; not the object itself, since an output would hold its own node."""

    __slots__ = ("array", "node", "storage")

    def __init__(self, array: Any, node: Any, storage: Storage | None) -> None:
        self.array = array  # an ndarray, or `Packed`
        self.node = node  # its vertex, or the number of the output it is
        self.storage = storage


class FunctionCtx:
    """What `forward` leaves for `backward`: Tensors by `save_for_backward`, anything else as attributes."""

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self._to_save: tuple[Any, ...] = ()
        self._saved: list[_Saved | None] = []
        self._node: Node | None = None
        self._non_differentiable: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs for `backward`, guarded against later changes in place."""
        self._to_save = tensors

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Say that these outputs have no gradient."""
        self._non_differentiable = outputs

    def mark_dirty(self, *inputs: Any) -> None:
        """Say that `forward` changed these inputs in place; each must be returned as an output."""
        self._dirty = inputs

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (True, the default) or None for outputs that were not used."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept, with its place in the graph."""
        node = self._node
        if node is None:
            return self._to_save
        unpacked: list[Any] = []
        for saved in self._saved:
            if saved is None:
                unpacked.append(None)
                continue
            if saved.storage is not None and saved.storage.version > node.seq:
                raise StaleValueError(
                    f"{node.op.name} saved a Tensor of shape {saved.array.shape} for backward, and it was changed in "
                    "place afterwards; change a copy (x = x.clone()), or do it out of place"
                )
            vertex = saved.node
            if isinstance(vertex, int):
                vertex = node if node.outputs is None else node.output(vertex)
            array = saved.array.unpack() if isinstance(saved.array, Packed) else saved.array
            unpacked.append(wrap(array, vertex, saved.storage))
        return tuple(unpacked)


class _Operation:
    """What backward asks of a node, answered by a user's class."""

    def __init__(self, function: type[Function]) -> None:
        self.function = function
        self.name = function.__name__

    def pullback(self, node: Node, g: Any) -> list[Any]:
        grads = self._call(node, [None if c is None else wrap(np.asarray(c)) for c in _as_list(node, g)])
        return [None if c is None else c._array for c in grads]

    def pullback_recorded(self, node: Node, g: Any) -> list[Any]:
        return self._call(node, _as_list(node, g))

    def check_fresh(self, node: Node) -> None:
        """Nothing to do: `saved_tensors` checks what is asked for."""

    def _call(self, node: Node, cotangents: list[Any]) -> list[Any]:
        if node.saved is RELEASED:
            raise second_backward(self.name)
        (ctx,) = node.saved
        ctx._node = node
        try:
            grads = self.function.backward(ctx, *cotangents)
        finally:
            ctx._node = None
        if not isinstance(grads, (tuple, list)):
            grads = (grads,)
        n = len(ctx.needs_input_grad)
        if len(grads) < n or any(g is not None for g in grads[n:]):
            raise GradientError(
                f"{self.name}.backward returned {len(grads)} gradients, and {self.name}.forward takes {n} inputs; "
                "return one for each, None where there is none"
            )
        positions = node.plan.positions
        return [_checked(self.name, i, grads[i], edge) for i, edge in zip(positions, node.edges, strict=True)]


def _as_list(node: Node, g: Any) -> list[Any]:
    return list(g) if node.outputs is not None else [g]


def _checked(name: str, i: int, g: Any, edge: Any) -> Any:
    """A gradient that the user's backward returned, if it is one."""
    if g is None:
        return None
    if not isinstance(g, Value):
        g = wrap(np.asarray(g))
    try:
        fits = np.broadcast_shapes(g._array.shape, edge.shape) == g._array.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name}.backward returned a gradient of shape {g._array.shape} for input number {i}, "
            f"which has shape {edge.shape}"
        )
    return g


class _Application:
    """The plan of a user's node: see `graph.Plan`."""

    rules: tuple[Any, ...] = ()
    whole = True

    def __init__(self, op: _Operation, positions: tuple[int, ...]) -> None:
        self.op = op
        self.positions = positions


class Function:
    """Base of operations with a derivative of the user's own.

    Write ``forward`` and ``backward`` as static methods, and call ``apply``. In `forward` nothing is recorded. In
    `backward` there is one argument after `ctx` for each output, and one result for each input of `forward`. A
    `backward` made of differentiable operations can be differentiated again.

    Examples
    --------
    >>> import autodiff as ad
    >>> class Cube(ad.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x * x
    >>> x = ad.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs. ``forward(ctx, *inputs)``, or ``forward(*inputs)`` beside a `setup_context`."""
        raise GradientError("a Function needs a static method forward(ctx, *inputs)")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Fill `ctx` from what `forward`, written without `ctx`, was given and returned."""

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return the gradient of each input from that of each output."""
        raise GradientError("a Function needs a static method backward(ctx, *grad_outputs)")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run the operation, and record it as one node.

        Parameters
        ----------
        *args
            The inputs of `forward`: Tensors, and anything else, which gets no gradient.

        Returns
        -------
        Tensor or tuple of Tensor
            What `forward` returned.
        """
        ctx = FunctionCtx()
        vertices = [a._node if isinstance(a, Value) else None for a in args]
        ctx.needs_input_grad = tuple(v is not None for v in vertices)
        before = modes.grad, modes.listener
        modes.grad, modes.listener = False, modes.recorder  # a recording hears what is inside
        try:
            if cls.setup_context is Function.setup_context:
                result = cls.forward(ctx, *args, **kwargs)
            else:
                result = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, result)
        finally:
            modes.grad, modes.listener = before
        several = isinstance(result, (tuple, list))
        outs = [_fresh(cls, o, args, ctx) for o in (result if several else (result,))]
        if modes.grad and any(ctx.needs_input_grad):
            _attach(cls, ctx, vertices, outs, several, result if several else (result,))
        if modes.listener is not None and modes.listener is not modes.recorder:
            modes.listener.operation(_Operation(cls), args, {}, tuple(outs))
        return tuple(outs) if several else outs[0]


def _saved(tensor: Any, vertex: Any) -> _Saved:
    """A Tensor put aside, handed through the hooks of `saved_tensors_hooks` where there are any."""
    if modes.saving is None:
        return _Saved(tensor._array, vertex, tensor._storage)
    return _Saved(pack(tensor._array, {}), vertex, None)


def _fresh(cls: type[Function], out: Any, args: tuple[Any, ...], ctx: FunctionCtx) -> Any:
    """An output as a Tensor that may get a new place in the graph."""
    if not isinstance(out, Value):
        raise GradientError(f"{cls.__name__}.forward must return Tensors, not a {type(out).__name__}")
    if any(out is d for d in ctx._dirty):
        return out
    return wrap(out._array, None, out._storage) if any(out is a for a in args) else out


def _attach(
    cls: type[Function], ctx: FunctionCtx, vertices: list[Any], outs: list[Any], several: bool, given: Sequence[Any]
) -> None:
    """Give the outputs a node."""
    node = Node()
    positions = tuple(i for i, v in enumerate(vertices) if v is not None)
    node.plan = _Application(_Operation(cls), positions)
    node.edges = tuple(vertices[i] for i in positions)
    node.static = {}
    node.saved = (ctx,)
    node.keeps_gaps = not ctx._materialize
    node.seq = tick()
    if several:
        node.outputs = tuple((o._array.shape, o._array.dtype) for o in outs)
    else:
        node.outputs = None
        node.shape, node.dtype = outs[0]._array.shape, outs[0]._array.dtype
    for tensor in ctx._to_save:
        number = next((i for i, o in enumerate(given) if o is tensor), None) if tensor is not None else None
        if tensor is None:
            ctx._saved.append(None)
        elif number is not None:
            ctx._saved.append(_saved(outs[number], number))
        else:
            ctx._saved.append(_saved(tensor, tensor._node))
    ctx._to_save = ()
    for i, (out, original) in enumerate(zip(outs, given, strict=True)):
        if out._array.dtype.kind != "f" or any(original is n for n in ctx._non_differentiable):
            continue
        vertex = node.output(i) if several else node
        if any(out is d for d in ctx._dirty):
            inplace.prepare(out, ())  # refuses a leaf, as every write in place does
            inplace.rebase(out, vertex)
        else:
            out._node = vertex
    ctx._non_differentiable = ctx._dirty = ()
