"""Transforms that go backward: gradients, vector-Jacobian products, Hessian-vector products."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from autodiff.errors import DtypeError, ShapeError
from autodiff.graph import Value, modes
from autodiff.operands import number_of
from autodiff.transforms.calls import Call, checked_pair, fit, leaves_of, pull, reaches, settle

__all__ = ["grad", "grad_and_value", "hvp", "value_and_grad", "vjp"]


def _differentiated(
    name: str, func: Callable[..., Any], argnums: Any, has_aux: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Any, Any]:
    """Gradients, value and aux of a scalar function."""
    call = Call(args, argnums)
    output, aux = checked_pair(call.run(func, kwargs), has_aux, name)
    _scalar(output, name)
    create = modes.grad and not call.plain and reaches([output], call.start)
    grads = pull([output], call.inputs, [None], create_graph=create, retain_graph=has_aux)
    value = number_of(output) if call.plain else settle(output, call.start)
    return call.restore(settle(grads, call.start)), value, settle(aux, call.start)


def _scalar(output: Any, name: str, size_one: bool = False) -> None:
    if not isinstance(output, Value):
        hint = "; is it (output, aux)? Then pass has_aux=True" if isinstance(output, tuple) else ""
        raise DtypeError(f"{name}: the function must return a Tensor, not a {type(output).__name__}{hint}")
    if output._array.size != 1 if size_one else output._array.ndim:
        raise ShapeError(
            f"{name}: the function must return one number, not a Tensor of shape {output._array.shape}; "
            "reduce it (.sum()), or use ad.func.vjp or ad.func.jacrev"
        )


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Turn a function that returns one number into the function that returns its gradient.

    Parameters
    ----------
    func : callable
        Returns a Tensor without dimensions, or with `has_aux` a tuple of that and anything else.
    argnums : int or tuple of int, default=0
        The arguments, by position, to differentiate with respect to: Tensors, NumPy arrays or floats, also nested in
        dicts, lists and tuples.
    has_aux : bool, default=False
        Return ``(gradients, aux)``.

    Returns
    -------
    callable
        Takes the arguments of `func`. Its gradients are nested as the arguments are, in a tuple if `argnums` is one; a
        Tensor for a Tensor, an array for an array, a float for a float.

    Raises
    ------
    DtypeError, ShapeError
        When called: if an argument is not floating, or the function returns something else than one number.

    Notes
    -----
    Only paths through the arguments count: what the function closes over is constant, even if it was computed from the
    same Tensors. Recording is on inside `func`, whatever it is outside; a `no_grad` inside counts. The result can be
    differentiated in turn, by another transform or, if Tensors that require grad went in or were closed over, by
    `backward`; gradients that are arrays or floats have no graph. The function may not write into its arguments; it may
    write into copies.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.func.grad(lambda x: x**3)(ad.tensor(2.0))
    tensor(12.)
    >>> ad.func.grad(ad.func.grad(lambda x: x**3))(ad.tensor(2.0))
    tensor(12.)
    >>> ad.func.grad(lambda p, x: (p["w"] * x).sum() + p["b"])({"w": ad.ones(2), "b": 0.5}, ad.tensor([3.0, 4.0]))
    {'w': tensor([3., 4.]), 'b': 1.0}
    """

    @wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        grads, _, aux = _differentiated("grad", func, argnums, has_aux, args, kwargs)
        return (grads, aux) if has_aux else grads

    return gradient


def grad_and_value(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Do as `grad`, and return the value as well: ``(gradients, value)``, or ``(gradients, (value, aux))``.

    Parameters
    ----------
    func, argnums, has_aux
        As of `grad`.

    Returns
    -------
    callable
        The value is a Tensor; a float if no argument differentiated is a Tensor.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.func.grad_and_value(lambda x: (x * x).sum())(ad.tensor([1.0, 2.0]))
    (tensor([2., 4.]), tensor(5.))
    """

    @wraps(func)
    def gradient_and_value(*args: Any, **kwargs: Any) -> Any:
        grads, value, aux = _differentiated("grad_and_value", func, argnums, has_aux, args, kwargs)
        return grads, ((value, aux) if has_aux else value)

    return gradient_and_value


def value_and_grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Do as `grad_and_value`, in the other order: ``(value, gradients)``, or ``((value, aux), gradients)``.

    This is the order that SciPy wants: with an array the value is a float and the gradient an array.

    Parameters
    ----------
    func, argnums, has_aux
        As of `grad`.

    Returns
    -------
    callable

    Examples
    --------
    >>> import autodiff as ad, numpy as np
    >>> def f(x):
    ...     return ((x - 1) ** 2).sum()
    >>> ad.func.value_and_grad(f)(np.array([0.0, 3.0]))
    (5.0, array([-2.,  4.]))

    So ``scipy.optimize.minimize(ad.func.value_and_grad(f), x0, jac=True)`` minimises `f`.
    """

    @wraps(func)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        grads, value, aux = _differentiated("value_and_grad", func, argnums, has_aux, args, kwargs)
        return ((value, aux) if has_aux else value), grads

    return value_and_gradient


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Compute a function, and return with its output the function that sends cotangents back through it.

    Parameters
    ----------
    func : callable
        Returns Tensors, also nested; with `has_aux` a tuple of that and anything else.
    *primals : Tensor, or Tensors nested in dicts, lists and tuples
        The arguments.
    has_aux : bool, default=False
        Return ``(output, vjp_fn, aux)``.

    Returns
    -------
    output
        What `func` returned.
    vjp_fn : callable
        Takes cotangents nested like `output`, and returns a tuple with those of each primal, vᵀJ. It can be called
        again and again.

    Raises
    ------
    DtypeError
        If an argument or an output is not a floating Tensor.
    ShapeError
        If the cotangents are nested differently, or one has another shape.

    Examples
    --------
    >>> import autodiff as ad
    >>> y, vjp_fn = ad.func.vjp(lambda a, b: a * b, ad.tensor([1.0, 2.0]), ad.tensor([3.0, 4.0]))
    >>> vjp_fn(ad.tensor([1.0, 10.0]))
    (tensor([ 3., 40.]), tensor([ 1., 20.]))
    """
    call = Call(primals, root="primal")
    result, aux = checked_pair(call.run(func), has_aux, "vjp")
    outs, structure = leaves_of(result, "vjp")

    def vjp_fn(cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        seeds = fit(cotangents, structure, outs, "the cotangent", "the output")
        if create_graph is None:
            create_graph = modes.grad
        create_graph = create_graph and reaches([*outs, *seeds], call.start)
        grads = pull(outs, call.inputs, seeds, create_graph=create_graph, retain_graph=retain_graph)
        return call.restore(settle(grads, call.start))

    output = settle(result, call.start)
    return (output, vjp_fn, settle(aux, call.start)) if has_aux else (output, vjp_fn)


def hvp(func: Callable[..., Any], primals: Any, tangents: Any) -> Any:
    """Multiply the Hessian of a function with a vector, without making the Hessian: the gradient of ``∇f·v``.

    Parameters
    ----------
    func : callable
        Returns a Tensor of one element.
    primals : Tensor, array, dict, list, or a tuple of them
        The argument of `func`; a tuple is several.
    tangents
        The vector, nested like `primals`.

    Returns
    -------
    The product, nested like `primals`; an array where an array went in.

    Notes
    -----
    It costs about three times the gradient. With arrays it is what SciPy calls ``hessp``:
    ``minimize(..., hessp=lambda x, v: ad.func.hvp(f, x, v))``.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.func.hvp(lambda x: (x**3).sum(), ad.tensor([1.0, 2.0]), ad.tensor([1.0, 10.0]))
    tensor([  6., 120.])
    """
    several = type(primals) is tuple
    call = Call(primals if several else (primals,), root="primal")
    output = call.run(func)
    _scalar(output, "hvp", size_one=True)
    given = tangents if several else (tangents,)
    vectors = fit(given, call.structure, call.inputs, "the tangent", "the primal")
    create = modes.grad and not call.plain and reaches([output, *vectors], call.start)
    grads = pull([output], call.inputs, [None], create_graph=True, retain_graph=True)
    products = pull(grads, call.inputs, vectors, create_graph=create, retain_graph=create)
    products = call.restore(settle(products, call.start))
    return products if several else products[0]
