"""Transforms that give whole Jacobians: row by row, column by column, and the Hessian."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from autodiff.errors import GradientError
from autodiff.graph import modes, wrap
from autodiff.transforms.calls import Call, assemble, basis, checked_pair, leaves_of, pull, reaches, settle
from autodiff.transforms.forward import Linear

__all__ = ["hessian", "jacfwd", "jacrev"]


def jacrev(
    func: Callable[..., Any],
    argnums: Any = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """Turn a function into the one that returns its Jacobian, computed by rows: one backward an output element.

    Parameters
    ----------
    func : callable
        Returns floating Tensors, also nested; with `has_aux` a tuple of that and anything else.
    argnums : int or tuple of int, default=0
        The arguments, by position, to differentiate with respect to.
    has_aux : bool, default=False
        Return ``(jacobian, aux)``.
    chunk_size : int, optional
        Taken for compatibility: rows are computed one at a time.

    Returns
    -------
    callable
        Takes the arguments of `func`. Its result is nested like the output of `func`, and inside like the arguments;
        each Tensor has the shape of the output followed by that of the input. It is an array where the input is one.

    Notes
    -----
    It is the cheaper of the two for functions with fewer outputs than inputs; `jacfwd` is for the others.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.func.jacrev(lambda x: x * x)(ad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise GradientError(f"jacrev: chunk_size must be positive, not {chunk_size}")

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        call = Call(args, argnums)
        result, aux = checked_pair(call.run(func, kwargs), has_aux, "jacrev")
        outs, structure = leaves_of(result, "jacrev")
        create = modes.grad and not call.plain and reaches(outs, call.start)
        blocks = []
        for out in outs:
            rows = [
                settle(pull([out], call.inputs, [seed], create_graph=create, retain_graph=True), call.start)
                for seed in basis(out)
            ]
            shapes = [(*out._array.shape, *t._array.shape) for t in call.inputs]
            parts = [[row[i] for row in rows] for i in range(len(call.inputs))]
            blocks.append(
                call.restore(
                    [assemble(p, s, 0, t._array.dtype) for p, s, t in zip(parts, shapes, call.inputs, strict=True)]
                )
            )
        jac = structure.build(blocks)
        return (jac, settle(aux, call.start)) if has_aux else jac

    return jacobian


def jacfwd(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """Turn a function into the one that returns its Jacobian, computed by columns: one `jvp` an input element.

    Parameters
    ----------
    func : callable
        Returns Tensors, also nested; with `has_aux` a tuple of that and anything else.
    argnums : int or tuple of int, default=0
        The arguments, by position, to differentiate with respect to.
    has_aux : bool, default=False
        Return ``(jacobian, aux)``.
    randomness : str, default="error"
        Taken for compatibility: the function runs once, so that all columns see the same random numbers.

    Returns
    -------
    callable
        As of `jacrev`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.func.jacfwd(lambda x: ad.stack([x, x * x]))(ad.tensor(3.0))
    tensor([1., 6.])
    """

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        call = Call(args, argnums)
        result, aux = checked_pair(call.run(func, kwargs), has_aux, "jacfwd")
        outs, structure = leaves_of(result, "jacfwd", floating=False)
        linear = Linear(call, outs)
        zeros = [wrap(np.zeros(t._array.shape, t._array.dtype)) for t in call.inputs]
        parts: list[list[Any]] = [[] for _ in outs]  # for each output, one for each input
        for i, t in enumerate(call.inputs):
            columns = [linear.push([*zeros[:i], direction, *zeros[i + 1 :]]) for direction in basis(t)]
            for part, out, column in zip(parts, outs, zip(*columns) if columns else [()] * len(outs), strict=True):
                part.append(assemble(column, (*out._array.shape, *t._array.shape), -1, out._array.dtype))
        jac = structure.build([call.restore(part) for part in parts])
        return (jac, settle(aux, call.start)) if has_aux else jac

    return jacobian


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Turn a function into the one that returns its second derivatives: ``jacfwd(jacrev(func))``.

    Parameters
    ----------
    func : callable
        Returns floating Tensors, also nested.
    argnums : int or tuple of int, default=0
        The arguments, by position, to differentiate with respect to.

    Returns
    -------
    callable
        Its result is nested like the output of `func`, and inside twice like the arguments.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.func.hessian(lambda x: (x**3).sum())(ad.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
