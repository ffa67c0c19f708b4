"""Normalisation: batch norm over the samples of each channel, layer norm over each sample."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from autodiff.errors import DtypeError, ShapeError
from autodiff.modes import no_grad
from autodiff.ops import norms
from autodiff.primitive import Primitive
from autodiff.tensors import Tensor, as_tensor
from nn.errors import SettingError

__all__ = ["batch_norm", "layer_norm"]


def batch_norm(
    input: Any,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: Any = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Subtract the mean of each channel and divide by its standard deviation, then scale and shift it.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (N, C, L, ...), floating
        N samples of C channels.
    running_mean, running_var : Tensor of shape (C,), or None
        Used when not training. While training they are written: each becomes ``(1 - momentum)`` times itself plus
        `momentum` times what the batch has, for the variance the unbiased one.
    weight, bias : Tensor of shape (C,), optional
        Factor and summand of each channel.
    training : bool, default=False
        Whether to use the mean and the variance of the batch itself.
    momentum : float or Tensor of shape (), default=0.1
    eps : float, default=1e-5
        Added to the variance.

    Returns
    -------
    Tensor of the shape and dtype of `input`

    Raises
    ------
    ShapeError
        If the other Tensors do not have one number a channel, or a channel has fewer than two elements in training.
    SettingError
        If there are no running statistics when not training.

    Notes
    -----
    ``out = z * weight + bias`` with ``z = (input - mean) / sqrt(var + eps)``, where `var` divides by the number of
    elements. For a cotangent g, that of `bias` is ``sum(g)``, that of `weight` is ``sum(g * z)``, and in training that
    of `input` is ``(g - mean(g) - z * mean(g * z)) * weight / sqrt(var + eps)``. Ioffe and Szegedy, "Batch
    normalization", 2015.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> x = ad.tensor([[1.0, 10.0], [3.0, 30.0]])
    >>> [[round(v, 3) for v in row] for row in F.batch_norm(x, None, None, training=True).tolist()]
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> F.batch_norm(x, ad.tensor([1.0, 10.0]), ad.tensor([1.0, 1.0]), eps=0.0).tolist()
    [[0.0, 0.0], [2.0, 20.0]]
    """
    input = as_tensor(input)
    _check_channels(input, {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias})
    if not training:
        if running_mean is None or running_var is None:
            raise SettingError("batch_norm needs running_mean and running_var, or training=True")
        return _wide(norms.batch_norm_inference, input, running_mean, running_var, weight, bias, eps=eps)[0]
    shape = input._array.shape
    if shape[0] * prod(shape[2:]) < 2:
        raise ShapeError(
            f"batch_norm needs at least two values in each channel to take a variance in training; got shape {shape}. "
            "Take larger batches, or leave the last small one out (drop_last=True)"
        )
    out, mean, variance = _wide(norms.batch_norm, input, weight, bias, eps=eps)
    if running_mean is not None or running_var is not None:
        with no_grad():
            if running_mean is not None:
                running_mean.lerp_(mean, momentum)
            if running_var is not None:
                running_var.lerp_(variance, momentum)
    return out


def _wide(op: Primitive, *given: Tensor | None, **static: Any) -> tuple[Tensor, ...]:
    """The results of an operation; of float16 computed in float32, whose sums neither overflow nor lose digits."""
    first = given[0]
    assert first is not None
    dtype = first._array.dtype
    if dtype.itemsize >= 4:
        found = op(*given, **static)
        return found if op.outputs else (found,)
    found = op(*[x if x is None else x.float() for x in given], **static)
    return tuple([x.to(dtype) for x in found]) if op.outputs else (found.to(dtype),)


def _check_channels(input: Tensor, given: dict[str, Any]) -> None:
    """Raise unless all have one number, of the dtype of the input, for each of its channels."""
    shape, dtype = input._array.shape, input._array.dtype
    if len(shape) < 2:
        raise ShapeError(f"batch_norm needs an input of shape (N, C) or (N, C, L); got shape {shape}")
    for name, x in given.items():
        if x is not None and x._array.shape != shape[1:2]:
            raise ShapeError(
                f"batch_norm: the input has shape {shape}, so {shape[1]} channels, and {name} has shape "
                f"{x._array.shape} in place of ({shape[1]},)"
            )
    _check_floating("batch_norm", dtype)


def _check_floating(name: str, dtype: Any) -> None:
    if dtype.kind != "f":
        raise DtypeError(f"{name} needs an input of floating numbers and got {dtype}; use x.float()")


def layer_norm(
    input: Any,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Subtract the mean of each sample and divide by its standard deviation, then scale and shift its elements.

    Parameters
    ----------
    input : Tensor of shape (..., *normalized_shape), floating
    normalized_shape : int or sequence of int
        The shape of a sample: the last dimensions of `input`.
    weight, bias : Tensor of shape normalized_shape, optional
        Factor and summand of each element.
    eps : float, default=1e-5
        Added to the variance.

    Returns
    -------
    Tensor of the shape and dtype of `input`

    Raises
    ------
    ShapeError
        If the last dimensions of `input`, or the shapes of the others, are not `normalized_shape`.

    Notes
    -----
    ``out = z * weight + bias`` with ``z = (input - mean) / sqrt(var + eps)``, where `var` divides by the number of
    elements. For a cotangent g and ``h = g * weight``, that of `input` is
    ``(h - mean(h) - z * mean(h * z)) / sqrt(var + eps)``. Ba, Kiros and Hinton, "Layer normalization", 2016.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> [round(v, 3) for v in F.layer_norm(ad.tensor([1.0, 3.0, 1.0, 3.0]), 4).tolist()]
    [-1.0, 1.0, -1.0, 1.0]
    """
    input = as_tensor(input)
    sample = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    shape, ndim = input._array.shape, len(sample)
    if not ndim or shape[-ndim:] != sample:
        raise ShapeError(
            f"layer_norm over {sample} needs an input of shape {_ending(sample)}; got shape {shape}"
            if ndim
            else "layer_norm needs a normalized_shape of at least one dimension"
        )
    for name, x in (("weight", weight), ("bias", bias)):
        if x is not None and x._array.shape != sample:
            raise ShapeError(f"layer_norm: {name} has shape {x._array.shape} and normalized_shape is {sample}")
    _check_floating("layer_norm", input._array.dtype)
    return _wide(norms.layer_norm, input, weight, bias, ndim=ndim, eps=eps)[0]


def _ending(sample: tuple[int, ...]) -> str:
    """The shape (..., n) of an input, as it is written."""
    return f"(..., {', '.join(map(str, sample))})"
