"""Asking for derivatives: `backward`, which adds to ``.grad``, and `grad`, which returns.

Both send seeds into the graph by `sweep`; what they add is checking what was asked, and saying it in the user's words.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import getrefcount
from typing import Any

import numpy as np

from autodiff.backward import own, sweep
from autodiff.errors import GradientError, ShapeError
from autodiff.graph import Leaf, Value, Vertex, changes, current_recorder, grad_mode, modes, stamp, wrap
from autodiff.primitive import recorded, rederive

__all__ = ["backward", "grad", "vertex_of"]


def vertex_of(t: Any) -> Vertex | None:
    """The place of a Tensor in the graph, up to date even for a view whose memory was written."""
    if t._base is not None and t._seen != t._storage.version and modes.grad:
        rederive(t)
    vertex: Vertex | None = t._node
    return vertex


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Compute the gradients of `tensors` with respect to the leaves, and add them to the leaves' ``.grad``.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensor
        What to differentiate.
    grad_tensors : Tensor or sequence of (Tensor or None), optional
        The cotangent of each, of its shape; may be left out for Tensors of one element, where it is 1.
    retain_graph : bool, optional
        Keep what the forward saved, for another backward. Default: the value of `create_graph`.
    create_graph : bool, default=False
        Record the backward, so that the gradients can be differentiated in turn.
    inputs : Tensor or sequence of Tensor, optional
        Only add to the ``.grad`` of these.

    Raises
    ------
    GradientError
        If a Tensor has no graph, has several elements and no cotangent, or its graph was used up.
    ShapeError
        If a cotangent has another shape than its Tensor.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([1.0, 2.0], requires_grad=True)
    >>> ad.autograd.backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    roots = _roots(tensors, grad_tensors, create_graph)
    targets = None
    if inputs is not None:
        targets = [_required(t, "inputs") for t in _listed(inputs)]
    found = _run(roots, targets, create_graph if retain_graph is None else retain_graph, create_graph)
    del roots
    recorder = current_recorder()
    for vertex in list(found):
        if recorder is not None:
            recorder.asked(vertex)
        before = vertex.grad
        if create_graph:
            g = found.pop(vertex)
            vertex.grad = g if before is None else before + g
            changes.count_switch()
        elif recorder is not None and before is None:
            vertex.grad = _own_recorded(found.pop(vertex))
        elif recorder is not None:
            _accumulate_recorded(before, found.pop(vertex))
        elif before is None:
            vertex.grad = wrap(own(found.pop(vertex)))
            changes.count_switch()
        elif before._node is not None or not before._array.flags.writeable:
            vertex.grad = wrap(before._array + found.pop(vertex))
            changes.count_switch()
        else:
            before._array += found.pop(vertex)
            stamp(before._storage)
        if vertex.after and isinstance(vertex, Leaf):
            for hook in list(vertex.after.values()):
                hook((), (vertex.grad,))


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the sum of gradients of `outputs` with respect to each of `inputs`; ``.grad`` stays as it is.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor
        What to differentiate.
    inputs : Tensor or sequence of Tensor
        What to differentiate with respect to: leaves or results of operations.
    grad_outputs : Tensor or sequence of (Tensor or None), optional
        The cotangent of each output, of its shape; may be left out for outputs of one element, where it is 1.
    retain_graph : bool, optional
        Keep what the forward saved, for another backward. Default: the value of `create_graph`.
    create_graph : bool, default=False
        Record the backward, so that the gradients can be differentiated in turn.
    allow_unused : bool, optional
        Return None for inputs that the outputs do not depend on, instead of raising. Default: `materialize_grads`.
    is_grads_batched : bool, default=False
        Only False is supported.
    materialize_grads : bool, default=False
        Return zeros for those inputs.

    Returns
    -------
    tuple of Tensor
        One gradient for each input, of its shape and dtype.

    Raises
    ------
    GradientError
        If an output has no graph, has several elements and no cotangent, its graph was used up, or an input was not
        used.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor(3.0, requires_grad=True)
    >>> (g,) = ad.grad(x**3, x, create_graph=True)
    >>> (gg,) = ad.grad(g, x)
    >>> g.item(), gg.item()
    (27.0, 18.0)
    """
    if is_grads_batched:
        raise GradientError("is_grads_batched=True is not supported; call ad.grad once for each cotangent")
    listed = _listed(inputs)
    targets = [_required(t, "inputs") for t in listed]
    roots = _roots(outputs, grad_outputs, create_graph)
    found = _run(roots, targets, create_graph if retain_graph is None else retain_graph, create_graph)
    del roots
    results: list[Any] = []
    for i, (t, vertex) in enumerate(zip(listed, targets, strict=True)):
        if vertex in found:
            if create_graph:
                results.append(found[vertex])
            elif modes.recorder is not None:
                results.append(_copy_recorded(found[vertex]))
            else:
                last = vertex not in targets[i + 1 :]
                results.append(wrap(own(found.pop(vertex)) if last else np.array(found[vertex])))
        elif materialize_grads:
            results.append(wrap(np.zeros(t._array.shape, t._array.dtype)))
        elif allow_unused:
            results.append(None)
        else:
            raise GradientError(
                f"input number {i}, of shape {t._array.shape}, was not used to compute the outputs; "
                "pass allow_unused=True to get None for it, or materialize_grads=True to get zeros"
            )
    return tuple(results)


def _copy_recorded(g: Any) -> Any:
    """The values of `g` in memory of their own, which a recording knows as the same."""
    copy = wrap(np.array(g._array))
    assert modes.recorder is not None
    modes.recorder.same(copy, g)
    return copy


def _own_recorded(g: Any) -> Any:
    """A Tensor whose memory nothing else can reach: `g` itself, or a copy. As `backward.own`, and called as that is."""
    if _held(g) == _UNSHARED and g._base is None and g._array.base is None and g._array.flags.writeable:
        return g
    return _copy_recorded(g)


def _held(t: Any) -> tuple[int, int]:
    return getrefcount(t), getrefcount(t._array)


def _calibrate(t: Any) -> tuple[int, int]:
    return _held(t)


# Of a Tensor that nothing else holds, and its array.
_UNSHARED = _calibrate({0: wrap(np.empty(1))}.pop(0))


def _accumulate_recorded(before: Any, g: Any) -> None:
    """Add to a ``.grad`` while a step is recorded: in the memory it has."""
    with_g = recorded.add(before, g)
    before._array[...] = with_g._array
    stamp(before._storage)
    assert modes.recorder is not None
    modes.recorder.wrote(before, (...,), (), with_g)


def _run(
    roots: tuple[list[Vertex], list[Any]], targets: list[Vertex] | None, retain_graph: bool, create_graph: bool
) -> dict[Vertex, Any]:
    before, recorder = grad_mode(), current_recorder()
    modes.grad = create_graph
    # A recorder of a step hears what the rules do, as a second derivative would; nothing of it is differentiated.
    heard = create_graph or recorder is not None
    try:
        return sweep(*roots, targets=targets, retain_graph=retain_graph, create_graph=heard)
    finally:
        modes.grad = before
        if recorder is not None:
            recorder.leaving()


def _listed(tensors: Any) -> list[Any]:
    """One Tensor, or a sequence of them, as a list; None as an empty one."""
    if isinstance(tensors, (Value, np.ndarray)):
        return [tensors]
    if tensors is None:
        return []
    return list(tensors) if isinstance(tensors, Iterable) else [tensors]


def _required(t: Any, what: str) -> Vertex:
    vertex = vertex_of(t) if isinstance(t, Value) else None
    if vertex is None:
        given = f"of shape {t._array.shape}" if isinstance(t, Value) else f"a {type(t).__name__}"
        raise GradientError(
            f"one of the {what} ({given}) does not require grad; create it with requires_grad=True, "
            "or call .requires_grad_() before it is used"
        )
    return vertex


def _roots(tensors: Any, seeds: Any, create_graph: bool) -> tuple[list[Vertex], list[Any]]:
    """The vertices of the outputs, and their cotangents."""
    if seeds is None and isinstance(tensors, Value):
        return [_output_vertex(tensors)], [_seed(tensors, None, create_graph)]
    tensors, seeds = _listed(tensors), _listed(seeds)
    if seeds and len(seeds) != len(tensors):
        raise GradientError(f"got {len(seeds)} cotangents for {len(tensors)} outputs; give one for each")
    vertices = [_output_vertex(t) for t in tensors]
    return vertices, [_seed(t, seeds[i] if seeds else None, create_graph) for i, t in enumerate(tensors)]


def _output_vertex(t: Any) -> Vertex:
    vertex = vertex_of(t) if isinstance(t, Value) else None
    if vertex is None:
        raise GradientError(
            "this Tensor does not require grad and has no graph to go back through; "
            "was it computed from a Tensor with requires_grad=True, outside ad.no_grad()?"
        )
    return vertex


def _one(dtype: str) -> Any:
    one = np.ones((), dtype)
    one.flags.writeable = False
    return one


# The seed of a scalar loss, made once: it is only ever read.
_ONES = {np.dtype(d): _one(d) for d in ("float16", "float32", "float64")}


def _seed(t: Any, seed: Any, create_graph: bool) -> Any:
    array = t._array
    if seed is None:
        if array.size != 1:
            raise GradientError(
                f"backward() without a gradient needs a Tensor of one element, got shape {array.shape}; "
                "reduce it first (.sum() or .mean()), or pass gradient= with the cotangent of each element"
            )
        one = _ONES[array.dtype] if not array.ndim else np.ones(array.shape, array.dtype)
        return wrap(one) if create_graph or current_recorder() is not None else one
    if not isinstance(seed, Value):
        seed = wrap(np.asarray(seed, array.dtype))
    if seed._array.shape != array.shape:
        raise ShapeError(f"the gradient has shape {seed._array.shape}, but the Tensor has shape {array.shape}")
    return seed if create_graph or current_recorder() is not None else seed._array
