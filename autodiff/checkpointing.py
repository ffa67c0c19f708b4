"""Checkpointing: do not keep what a part of the forward saves, and compute it again when backward needs it.

See "Training Deep Nets with Sublinear Memory Cost" (T. Chen et al., 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from autodiff.errors import GradientError, StaleValueError
from autodiff.gradients import vertex_of
from autodiff.graph import Node, Output, Storage, Value, Vertex, modes, tick, wrap
from autodiff.random import default_generator
from autodiff.saving import Packed, pack, saved_tensors_hooks
from autodiff.trees import flatten

__all__ = ["checkpoint"]


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a function without keeping what it saves for backward; backward calls it again to have that.

    It saves memory and costs a second forward. Gradients flow to everything the function uses: its arguments, what
    they hold, and Tensors it closes over, such as the parameters of a module. They can be differentiated again.

    Parameters
    ----------
    function : callable
        Must do the same when it is called again with the same arguments, and may not write into them.
    *args, **kwargs
        What it is called with.
    use_reentrant : bool, optional
        Taken for compatibility with ``torch.utils.checkpoint.checkpoint``: what is done is what PyTorch does for False.
    preserve_rng_state : bool, default=True
        Draw the same random numbers again from the default generator (dropout needs that), and go on from where it
        stands afterwards.

    Returns
    -------
    What `function` returns.

    Raises
    ------
    StaleValueError
        In backward: if something the function used was changed in place since.
    GradientError
        If the function writes into an argument, or does something else when it is called again.

    Examples
    --------
    >>> import autodiff as ad
    >>> def f(x):
    ...     print("computing")
    ...     return (x.sin() * x).sum()
    >>> x = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> y = ad.autograd.checkpoint(f, x)
    computing
    >>> y.backward()
    computing
    >>> x.grad
    tensor([1.3818, 0.0770])
    """
    if not modes.grad:
        return function(*args, **kwargs)
    start = tick()
    again = _Again(function, (args, kwargs), preserve_rng_state)
    with saved_tensors_hooks(again.number, again.recover):
        result = function(*args, **kwargs)
    again.finish(result, start)
    return result


class _Argument(NamedTuple):
    """A Tensor among the arguments: put aside, so that what it holds can be let go by a checkpoint around this one."""

    array: Any  # an ndarray, or `Packed`
    vertex: Vertex | None
    storage: Storage


class _Again:
    """One call that can be made again, to have the arrays that it saved."""

    def __init__(self, function: Callable[..., Any], arguments: Any, preserve: bool) -> None:
        self.function = function
        leaves, self.structure = flatten(arguments)
        self.storages = [x._storage for x in leaves if isinstance(x, Value)]
        self.arguments = leaves if modes.saving is None else [_put_aside(x) for x in leaves]
        self.state = default_generator.get_state() if preserve else None
        self.inference = modes.inference
        self.count = 0
        self.found: dict[int, Any] = {}
        self.end = 0

    def number(self, tensor: Any) -> int:
        """The pack hook of the first call: keep the number of the array, and not the array."""
        self.count += 1
        return self.count - 1

    def finish(self, result: Any, start: int) -> None:
        """The first call is over: know what must not change from here on."""
        if any(storage.version > start for storage in self.storages):
            raise GradientError(
                "checkpoint: the function wrote into one of its arguments in place, and could not be called again with "
                "the same; write into a copy (x = x.clone())"
            )
        self.storages = [*self.storages, *_used(_nodes(result, start))]
        self.found = {}
        self.end = tick()

    def recover(self, number: int) -> Any:
        """The unpack hook: the array with this number, from a new call if none has it at hand."""
        if number not in self.found:
            self._call()
        return wrap(self.found.pop(number))

    def _call(self) -> None:
        # A function that differentiates itself wants its arrays before the first call is over: `end` is 0 then.
        if self.end and any(storage.version > self.end for storage in self.storages):
            raise StaleValueError(
                "checkpoint calls its function again, and a Tensor that it used was changed in place since; change a "
                "copy (x = x.clone()), or do it after backward"
            )
        arguments = [_taken_out(x) if isinstance(x, _Argument) else x for x in self.arguments]
        args, kwargs = self.structure.build(arguments)
        arrays: list[Any] = []

        def keep(tensor: Any) -> Any:
            arrays.append(tensor._array)
            return tensor

        before = modes.grad, modes.listener, modes.saving, modes.inference
        state = None if self.state is None else default_generator.get_state()
        modes.grad, modes.listener, modes.inference = True, None, self.inference
        modes.saving = (keep, lambda tensor: tensor)
        try:
            if self.state is not None:
                default_generator.set_state(self.state)
            start = tick()
            result = self.function(*args, **kwargs)
        finally:
            modes.grad, modes.listener, modes.saving, modes.inference = before
            if state is not None:
                default_generator.set_state(state)
        if self.end and len(arrays) != self.count:
            raise GradientError(
                f"checkpoint: called again, the function saved {len(arrays)} arrays for backward, and {self.count} the "
                "first time; it must do the same each time"
            )
        for node in _nodes(result, start):
            # The arrays that were collected may have been overwritten by the function itself.
            getattr(node.plan.op, "op", node.plan.op).check_fresh(node)
        self.found = dict(enumerate(arrays))


def _put_aside(x: Any) -> Any:
    return _Argument(pack(x._array, {}), vertex_of(x), x._storage) if isinstance(x, Value) else x


def _taken_out(x: _Argument) -> Any:
    return wrap(x.array.unpack() if isinstance(x.array, Packed) else x.array, x.vertex, x.storage)


def _nodes(result: Any, start: int) -> list[Node]:
    """The operations behind `result` that are younger than `start`, the oldest first."""
    nodes: set[Node] = set()
    todo: list[Any] = [t._node for t in flatten(result)[0] if isinstance(t, Value) and t._node is not None]
    while todo:
        vertex = todo.pop()
        if vertex.seq <= start or vertex in nodes:  # leaves are older than everything
            continue
        if not isinstance(vertex, Output):
            nodes.add(vertex)
        todo += vertex.edges
    return sorted(nodes, key=lambda node: node.seq)


def _used(nodes: Sequence[Node]) -> list[Storage]:
    """The memory that the operations used and did not make."""
    used: dict[Storage, None] = {}
    made: set[Storage] = set()
    for node in nodes:
        given = max(0, len(node.storages) - (len(node.outputs) if node.outputs is not None else 1))
        used.update((s, None) for s in node.storages[:given] if s is not None and s not in made)
        made.update(s for s in node.storages[given:] if s is not None and s not in used)
    return list(used)
