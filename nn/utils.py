"""Things done to many parameters at once: clipping their gradients, laying them in one vector."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

import numpy as np

from autodiff.errors import GradientError, ShapeError
from autodiff.graph import modes, stamp, wrap
from autodiff.modes import no_grad
from autodiff.ops.elementwise import cast, minimum
from autodiff.ops.moments import vector_norm
from autodiff.ops.shape import concatenate, reshape, stack
from autodiff.tensors import Tensor

__all__ = ["clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "vector_to_parameters"]


def _grads(parameters: Any) -> list[Tensor]:
    """The gradients there are."""
    each = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in each if p.grad is not None]


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale all gradients together, in place, so that their norm as one vector is at most `max_norm`.

    Parameters
    ----------
    parameters : iterable of Tensor, or a Tensor
        Those without a gradient are left out.
    max_norm : float
    norm_type : float, default=2.0
        The p of the norm; may be infinity.
    error_if_nonfinite : bool, default=False
        Raise if the norm is nan or infinite, instead of spreading that to all gradients.

    Returns
    -------
    Tensor of shape ()
        The norm before.

    Notes
    -----
    Gradients are multiplied by ``min(1, max_norm / (norm + 1e-6))``. Pascanu, Mikolov and Bengio, "On the difficulty
    of training recurrent neural networks", 2013.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> w = nn.Parameter(ad.tensor([3.0, 4.0]))
    >>> (w * w).sum().backward()
    >>> nn.utils.clip_grad_norm_([w], max_norm=1.0).item()
    10.0
    >>> [round(g, 3) for g in w.grad.tolist()]
    [0.6, 0.8]
    """
    grads = _grads(parameters)
    if not grads:
        return wrap(np.zeros((), np.float32))  # type: ignore[no-any-return]
    norm_type = float(norm_type)
    if modes.recorder is not None:
        return _clip_recorded(grads, max_norm, norm_type, error_if_nonfinite)
    dtype = grads[0]._array.dtype
    norms = np.asarray([vector_norm.forward(g._array, ord=norm_type) for g in grads], dtype)
    total = np.asarray(vector_norm.forward(norms, ord=norm_type))
    if error_if_nonfinite:
        _check_finite(total.item())
    # A nan passes: it must not stay hidden.
    factor = np.minimum(max_norm / (total + 1e-6), 1)
    if factor != 1:
        for g in grads:
            g._array *= g._array.dtype.type(factor)
            stamp(g._storage)
    return wrap(total)  # type: ignore[no-any-return]


def _check_finite(total: float) -> None:
    if not np.isfinite(total):
        raise GradientError(
            f"the norm of the gradients is {total}; look for a division by 0, a log of 0, or a step that is too large"
        )


def _clip_recorded(grads: list[Tensor], max_norm: float, norm_type: float, error_if_nonfinite: bool) -> Tensor:
    """Do the same by operations on Tensors, which a compiled step repeats; they take three times as long."""
    with no_grad():
        dtype = grads[0]._array.dtype
        norms = [vector_norm(g, ord=norm_type) for g in grads]
        norms = [norm if norm._array.dtype == dtype else cast(norm, dtype=dtype) for norm in norms]
        total = vector_norm(stack(*norms), ord=norm_type)
        if error_if_nonfinite:
            _check_finite(total.item())  # which a recorder refuses: a replay raises nothing
        factor = minimum(max_norm / (total + 1e-6), 1)
        for g in grads:
            g.mul_(factor)
    return total  # type: ignore[no-any-return]


def clip_grad_value_(parameters: Iterable[Tensor] | Tensor, clip_value: float) -> None:
    """Hold each element of all gradients within ±clip_value, in place.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> w = nn.Parameter(ad.tensor([3.0, 0.25]))
    >>> (w * w).sum().backward()
    >>> nn.utils.clip_grad_value_([w], 1.0)
    >>> w.grad.tolist()
    [1.0, 0.5]
    """
    bound = abs(clip_value) if clip_value != inf else inf
    for g in _grads(parameters):
        if modes.recorder is not None:
            with no_grad():
                g.clamp_(-bound, bound)
        else:
            np.clip(g._array, -bound, bound, out=g._array)
            stamp(g._storage)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters one after the other in one vector, with their history.

    Examples
    --------
    >>> import nn
    >>> nn.utils.parameters_to_vector(nn.Linear(3, 2).parameters()).shape
    Size([8])
    """
    return concatenate(*[reshape(p, shape=(-1,)) for p in parameters])  # type: ignore[no-any-return]


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Copy the parts of a vector into the parameters, one after the other.

    Raises
    ------
    ShapeError
        If the vector does not have exactly as many elements as the parameters together.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> layer = nn.Linear(2, 1)
    >>> nn.utils.vector_to_parameters(ad.tensor([1.0, 2.0, 3.0]), layer.parameters())
    >>> layer.weight.tolist(), layer.bias.tolist()
    ([[1.0, 2.0]], [3.0])
    """
    parameters = list(parameters)
    total = sum(p._array.size for p in parameters)
    if vec._array.shape != (total,):
        raise ShapeError(f"the parameters have {total} elements together, and the vector has shape {vec._array.shape}")
    start = 0
    for p in parameters:
        size = p._array.size
        with no_grad():
            p.copy_(reshape(vec[start : start + size], shape=p._array.shape))
        start += size
