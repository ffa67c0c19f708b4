"""The names of ``torch.autograd.functional``: products with Jacobians and Hessians, and these, at one point.

The functions take Tensors or tuples of them, and compute at once; those of `autodiff.func` make functions instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.errors import DtypeError, GradientError, ShapeError
from autodiff.gradients import grad, vertex_of
from autodiff.graph import Value, wrap
from autodiff.transforms.calls import assemble, basis, entered, pull, second_place

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


class _Point:
    """A function at one point: new places for its inputs, and its outputs."""

    def __init__(self, name: str, func: Callable[..., Any], inputs: Any, create_graph: bool, strict: bool) -> None:
        self.name, self.strict, self.create_graph = name, strict, create_graph
        self.given, self.one_input = _as_tuple(inputs, name, "the inputs")
        self.inputs = [second_place(t, create_graph) for t in self.given]
        result = entered(func, *[wrap(t._array, t._node, t._storage) for t in self.inputs])
        self.outs, self.one_output = _as_tuple(result, name, "what the function returned")
        if strict:
            for i, out in enumerate(self.outs):
                if vertex_of(out) is None:
                    self.independent(f"output {i}", "the inputs")

    def independent(self, what: str, of: str) -> None:
        """Raise for a strict computation."""
        raise GradientError(f"{self.name} with strict=True: {what} does not depend on {of}")

    def scalar(self) -> Any:
        """The only output, of one element."""
        if not self.one_output or self.outs[0]._array.size != 1:
            shapes = [o._array.shape for o in self.outs]
            raise ShapeError(
                f"{self.name}: the function must return one Tensor (no tuple) of one element; got shapes {shapes}"
            )
        return self.outs[0]

    def vector(self, v: Any, like: Sequence[Any], one: bool, whose: str) -> list[Any]:
        """The given vector, checked against what it belongs to; 1 for a single number."""
        if v is None:
            if len(like) != 1 or like[0]._array.size != 1:
                raise GradientError(f"{self.name}: v can be left out only where {whose} is one Tensor of one element")
            return [wrap(np.ones(like[0]._array.shape, like[0]._array.dtype))]
        vectors, _ = _as_tuple(v, self.name, "v")
        if len(vectors) != len(like):
            raise GradientError(f"{self.name}: v has {len(vectors)} Tensors, and {whose} {len(like)}")
        for i, (t, x) in enumerate(zip(vectors, like, strict=True)):
            if t._array.shape != x._array.shape:
                raise ShapeError(f"{self.name}: v has shape {t._array.shape} where {whose} ({i}) has {x._array.shape}")
        return vectors if self.create_graph else [t.detach() for t in vectors]

    def cotangents(self, outs: Sequence[Any], seeds: Sequence[Any], graph: bool, what: str = "the output") -> list[Any]:
        """Gradients of `outs` by the inputs; zeros where there is no way, or an error if strict."""
        tracked = [(o, s) for o, s in zip(outs, seeds, strict=True) if vertex_of(o) is not None]
        found: Sequence[Any] = [None] * len(self.inputs)
        if tracked:
            heads, tails = zip(*tracked)
            found = grad(heads, self.inputs, tails, create_graph=graph, retain_graph=True, allow_unused=True)
        grads = []
        for i, (g, t) in enumerate(zip(found, self.inputs, strict=True)):
            if self.strict and (g is None or (graph and self.create_graph and vertex_of(g) is None)):
                self.independent(what if g is None else "the derivative", f"input {i}")
            grads.append(wrap(np.zeros(t._array.shape, t._array.dtype)) if g is None else g)
        return grads

    def as_output(self) -> Any:
        """What the function returned."""
        outs = self.outs if self.create_graph else [o.detach() for o in self.outs]
        return outs[0] if self.one_output else tuple(outs)


def _as_tuple(value: Any, name: str, what: str) -> tuple[list[Any], bool]:
    """Tensors in a list, and whether there was one without a tuple around it."""
    one = isinstance(value, Value)
    listed = [value] if one else value
    if (not one and not isinstance(value, tuple)) or not all(isinstance(t, Value) for t in listed):
        raise DtypeError(f"{name}: {what} must be a Tensor or a tuple of Tensors, not a {type(value).__name__}")
    return list(listed), one


def vjp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return the output of a function and vᵀJ, its vector-Jacobian product.

    Parameters
    ----------
    func : callable
        Takes Tensors, and returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shape of the output; may be left out for one element.
    create_graph : bool, default=False
        Whether the results can be differentiated in turn.
    strict : bool, default=False
        Raise if an output does not depend on an input, instead of returning zeros.

    Returns
    -------
    (output, product)
        The product is one Tensor or a tuple, as `inputs` is.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.autograd.functional.vjp(lambda x: x * x, ad.tensor([1.0, 2.0]), ad.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    point = _Point("vjp", func, inputs, create_graph, strict)
    seeds = point.vector(v, point.outs, point.one_output, "the output")
    return point.as_output(), _one(point, point.cotangents(point.outs, seeds, create_graph))


def _one(point: _Point, values: Sequence[Any]) -> Any:
    return values[0] if point.one_input else tuple(values)


def jvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return the output of a function and Jv, its derivative along the direction `v`.

    Parameters
    ----------
    func, inputs, create_graph, strict
        As of `vjp`.
    v : Tensor or tuple of Tensor, optional
        Of the shape of the inputs; may be left out for one element.

    Returns
    -------
    (output, product)
        The product is one Tensor or a tuple, as the output is.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.autograd.functional.jvp(lambda x: x * x, ad.tensor([1.0, 2.0]), ad.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    point = _Point("jvp", func, inputs, create_graph, strict)
    seeds = point.vector(v, point.inputs, point.one_input, "the input")
    dummies = [second_place(wrap(np.zeros(o._array.shape, o._array.dtype)), False) for o in point.outs]
    back = point.cotangents(point.outs, dummies, True)
    products = pull(back, dummies, seeds, create_graph=create_graph, retain_graph=True)
    if strict and create_graph and any(vertex_of(p) is None for p in products):
        point.independent("the derivative", "the inputs")
    return point.as_output(), products[0] if point.one_output else tuple(products)


def vhp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return the output of a function of one number and vᵀH, the product with its Hessian.

    Parameters
    ----------
    func, inputs, create_graph, strict
        As of `vjp`.
    v : Tensor or tuple of Tensor, optional
        Of the shape of the inputs; may be left out for one element.

    Returns
    -------
    (output, product)
        The product is one Tensor or a tuple, as `inputs` is.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.autograd.functional.vhp(lambda x: (x**3).sum(), ad.tensor([1.0, 2.0]), ad.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def hvp(
    func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """Return the output of a function of one number and Hv. The Hessian is symmetric, and this is `vhp`.

    Parameters
    ----------
    func, inputs, v, create_graph, strict
        As of `vhp`.

    Returns
    -------
    (output, product)

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.autograd.functional.hvp(lambda x: (x**3).sum(), ad.tensor([1.0, 2.0]), ad.tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def _hessian_product(
    name: str, func: Callable[..., Any], inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    point = _Point(name, func, inputs, create_graph, strict)
    seeds = point.vector(v, point.inputs, point.one_input, "the input")
    first = _gradient(point)
    return point.as_output(), _one(point, point.cotangents(first, seeds, create_graph, "the gradient"))


def _gradient(point: _Point) -> list[Any]:
    """The gradient of a scalar function, in the graph."""
    first = point.cotangents([point.scalar()], [None], True)
    for i, g in enumerate(first):
        if point.strict and vertex_of(g) is None:
            point.independent(f"the gradient by input {i}", "the inputs")
    return first


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the Jacobian of a function at one point.

    Parameters
    ----------
    func : callable
        Takes Tensors, and returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
    create_graph : bool, default=False
        Whether the result can be differentiated in turn.
    strict : bool, default=False
        Raise if an output does not depend on an input, instead of returning zeros.
    vectorize : bool, default=False
        Taken for compatibility: rows are computed one at a time.
    strategy : {"reverse-mode", "forward-mode"}, default="reverse-mode"
        Taken for compatibility; `autodiff.func.jacfwd` computes columns.

    Returns
    -------
    Tensor, or tuple, or tuple of tuple
        First by output and then by input where these are tuples; each of the shape of the output followed by that of
        the input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.autograd.functional.jacobian(lambda x: x * x, ad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    _check_strategy("jacobian", strategy, vectorize, strict)
    point = _Point("jacobian", func, inputs, create_graph, strict)
    rows = tuple([_one(point, _block(point, out, create_graph)) for out in point.outs])
    return rows[0] if point.one_output else rows


def _check_strategy(name: str, strategy: str, vectorize: bool, strict: bool) -> None:
    if strategy not in ("reverse-mode", "forward-mode"):
        raise GradientError(f"{name}: the strategy is 'reverse-mode' or 'forward-mode', not {strategy!r}")
    if vectorize and strict:
        raise GradientError(f"{name}: strict=True cannot be combined with vectorize=True; leave vectorize at False")


def _block(point: _Point, out: Any, graph: bool, what: str = "the output") -> list[Any]:
    """The Jacobians of one output by each input."""
    rows = [point.cotangents([out], [seed], graph, what) for seed in basis(out)]
    return [
        assemble([row[i] for row in rows], (*out._array.shape, *t._array.shape), 0, t._array.dtype)
        for i, t in enumerate(point.inputs)
    ]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the Hessian of a function of one number at one point.

    Parameters
    ----------
    func : callable
        Takes Tensors, and returns a Tensor of one element.
    inputs : Tensor or tuple of Tensor
    create_graph, strict, vectorize
        As of `jacobian`.
    outer_jacobian_strategy : {"reverse-mode", "forward-mode"}, default="reverse-mode"
        Taken for compatibility.

    Returns
    -------
    Tensor, or tuple of tuple
        Entry (i, j) has the shape of input i followed by that of input j.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.autograd.functional.hessian(lambda x: (x**3).sum(), ad.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    _check_strategy("hessian", outer_jacobian_strategy, vectorize, strict)
    point = _Point("hessian", func, inputs, create_graph, strict)
    blocks = tuple([_one(point, _block(point, g, create_graph, "the gradient")) for g in _gradient(point)])
    return blocks[0] if point.one_input else blocks
