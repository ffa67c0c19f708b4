"""Transforms that go forward: Jacobian-vector products, from the derivative of the vector-Jacobian product.

The vector-Jacobian product vᵀJ is linear in v, so that its own derivative along v, sent back with the tangent u, is Ju:
no operation needs a second rule. (J. Townsend, "A new trick for calculating Jacobian vector products", 2017.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import gradients
from autodiff.errors import DtypeError, GradientError
from autodiff.graph import Leaf, modes, wrap
from autodiff.transforms.calls import Call, checked_pair, fit, leaves_of, pull, reaches, settle
from autodiff.trees import Structure

__all__ = ["Linear", "jvp", "linearize"]


class Linear:
    """A function at one point, ready to push tangents of its inputs forward.

    Parameters
    ----------
    call : Call
        The call.
    outs : sequence of Tensor
        What it returned, in the graph.
    """

    def __init__(self, call: Call, outs: Sequence[Any]) -> None:
        self.call = call
        self.outs = outs
        self.dummies = [_dummy(o) for o in outs]
        # vᵀJ at v = 0. Its value is of no interest; how it depends on v is.
        self.back = pull(outs, call.inputs, self.dummies, create_graph=True, retain_graph=True)

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """The tangent of each output; zeros where nothing leads there."""
        floating = [d for d in self.dummies if d._node is not None]
        create = modes.grad and reaches([*self.outs, *tangents], self.call.start)
        moved = pull(self.back, floating, tangents, create_graph=create, retain_graph=True) if floating else []
        rest = iter(settle(moved, self.call.start))
        return [wrap(np.zeros_like(d._array)) if d._node is None else next(rest) for d in self.dummies]


def _dummy(out: Any) -> Any:
    """A cotangent to differentiate with respect to; one without a place in the graph if `out` is not floating."""
    array = out._array
    leaf = None
    if array.dtype.kind == "f":
        leaf = Leaf(array.shape, array.dtype)
        leaf.closed = True
    return wrap(np.zeros(array.shape, array.dtype), leaf)


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> tuple[Any, ...]:
    """Compute a function, and the derivative of its output along a direction.

    Parameters
    ----------
    func : callable
        Returns Tensors, also nested; with `has_aux` a tuple of that and anything else.
    primals : tuple
        The arguments: Tensors, also nested in dicts, lists and tuples.
    tangents : tuple
        The direction, nested like `primals`.
    strict : bool, default=False
        Raise if an output does not depend on the primals, instead of returning zeros.
    has_aux : bool, default=False
        Return ``(output, tangent, aux)``.

    Returns
    -------
    output
        What `func` returned.
    tangent
        Ju, nested like `output`, each of the dtype of its output.

    Raises
    ------
    DtypeError, ShapeError
        If primals and tangents are not floating, are nested differently, or have different shapes.
    GradientError
        If `strict` and an output is independent.

    Notes
    -----
    There are no forward rules: vᵀJ is recorded and differentiated with respect to v, which costs about two backward
    passes of which one is recorded. Inside `no_grad` and through ``detach()`` nothing moves.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([1.0, 2.0])
    >>> ad.func.jvp(lambda x: x * x, (x,), (ad.tensor([1.0, 10.0]),))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    if not isinstance(primals, tuple):
        raise DtypeError(f"jvp: primals must be a tuple of the arguments, not a {type(primals).__name__}")
    call = Call(primals, root="primal")
    if not call.inputs:
        raise GradientError("jvp: there is no Tensor among the primals")
    directions = fit(tangents, call.structure, call.inputs, "the tangent", "the primal")
    result, aux = checked_pair(call.run(func), has_aux, "jvp")
    outs, structure = leaves_of(result, "jvp", floating=False)
    linear = Linear(call, outs)
    if strict:
        _depends(linear, structure)
    moved = structure.build(linear.push(directions))
    output = settle(result, call.start)
    return (output, moved, settle(aux, call.start)) if has_aux else (output, moved)


def _depends(linear: Linear, structure: Structure) -> None:
    """Raise if an output of a strict `jvp` does not depend on the inputs."""
    for out, path in zip(linear.outs, structure.paths("the output"), strict=True):
        vertex = gradients.vertex_of(out)
        if vertex is None or not _leads(vertex, {t._node for t in linear.call.inputs}):
            raise GradientError(f"jvp with strict=True: {path} does not depend on the primals")


def _leads(vertex: Any, places: set[Any]) -> bool:
    seen, todo = set(), [vertex]
    while todo:
        one = todo.pop()
        if one in places:
            return True
        if one not in seen:
            seen.add(one)
            todo += one.edges
    return False


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Compute a function, and return with its output the function that pushes tangents forward through it.

    Worth it for many tangents at one point: the function runs once.

    Parameters
    ----------
    func : callable
        Returns Tensors, also nested.
    *primals : Tensor, or Tensors nested in dicts, lists and tuples
        The arguments.

    Returns
    -------
    output
        What `func` returned.
    jvp_fn : callable
        Takes one tangent for each primal, and returns that of the output.

    Examples
    --------
    >>> import autodiff as ad
    >>> y, push = ad.func.linearize(lambda x: x * x, ad.tensor([1.0, 2.0]))
    >>> push(ad.tensor([1.0, 0.0])), push(ad.tensor([0.0, 1.0]))
    (tensor([2., 0.]), tensor([0., 4.]))
    """
    call = Call(primals, root="primal")
    if not call.inputs:
        raise GradientError("linearize: there is no Tensor among the primals")
    result = call.run(func)
    outs, structure = leaves_of(result, "linearize", floating=False)
    linear = Linear(call, outs)

    def jvp_fn(*tangents: Any) -> Any:
        return structure.build(linear.push(fit(tangents, call.structure, call.inputs, "the tangent", "the primal")))

    return settle(result, call.start), jvp_fn
