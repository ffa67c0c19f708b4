"""Activations: the nonlinearities between layers, one element at a time, and softmax along a dimension.

``inplace=True`` writes into the memory of the input, with the right gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff import inplace as writing
from autodiff.dtypes import as_dtype
from autodiff.gradients import vertex_of
from autodiff.graph import modes, wrap
from autodiff.ops import activations as ops
from autodiff.ops import elementwise as ew
from autodiff.ops import fused
from autodiff.tensors import Tensor, as_tensor
from nn.errors import SettingError

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "tanh",
    "tanhshrink",
]


def _over(function: Callable[..., Any], input: Any, **static: Any) -> Tensor:
    """The input, with the function of it written over it."""
    input = as_tensor(input)
    source = wrap(np.array(input._array), vertex_of(input))  # which derivatives may want
    if modes.recorder is not None:
        modes.recorder.same(source, input)
    writing.overwrite(input, function(source, **static))
    return input  # type: ignore[no-any-return]


def relu(input: Any, inplace: bool = False) -> Tensor:
    """max(input, 0).

    The derivative is 1 where input > 0, and 0 elsewhere, at 0 too.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.relu(ad.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """
    if inplace:
        return writing.update(input, ew.relu)  # type: ignore[no-any-return]
    return ew.relu(input)  # type: ignore[no-any-return]


def relu6(input: Any, inplace: bool = False) -> Tensor:
    """min(max(input, 0), 6), with derivative 0 at both ends.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.relu6(ad.tensor([-1.0, 2.0, 9.0])).tolist()
    [0.0, 2.0, 6.0]
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """The input held between two bounds, with derivative 0 at and beyond them.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.hardtanh(ad.tensor([-2.0, 0.5])).tolist()
    [-1.0, 0.5]
    """
    if min_val > max_val:
        raise SettingError(f"hardtanh: min_val={min_val!r} is above max_val={max_val!r}")
    if inplace:
        return _over(ops.hardtanh, input, low=min_val, high=max_val)
    return ops.hardtanh(input, low=min_val, high=max_val)  # type: ignore[no-any-return]


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """The input where it is positive, `negative_slope` times it elsewhere.

    The derivative is 1 where input > 0, else `negative_slope`.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.leaky_relu(ad.tensor([-1.0, 2.0]), 0.25).tolist()
    [-0.25, 2.0]
    """
    if inplace:
        return _over(ops.leaky_relu, input, slope=negative_slope)
    return ops.leaky_relu(input, slope=negative_slope)  # type: ignore[no-any-return]


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The input where it is positive, ``alpha * (exp(input) - 1)`` elsewhere.

    The derivative is 1 where input > 0, else ``alpha * exp(input)``.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.elu(ad.tensor([-1000.0, 2.0])).tolist()
    [-1.0, 2.0]
    """
    if inplace:
        return _over(ops.elu, input, alpha=alpha, scale=1.0, rate=1.0)
    return ops.elu(input, alpha=alpha, scale=1.0, rate=1.0)  # type: ignore[no-any-return]


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """The input where it is positive, ``alpha * (exp(input / alpha) - 1)`` elsewhere.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.celu(ad.tensor([-1000.0, 2.0]), 0.5).tolist()
    [-0.5, 2.0]
    """
    if alpha == 0:
        raise SettingError("celu: alpha must not be 0")
    if inplace:
        return _over(ops.elu, input, alpha=alpha, scale=1.0, rate=1 / alpha)
    return ops.elu(input, alpha=alpha, scale=1.0, rate=1 / alpha)  # type: ignore[no-any-return]


def selu(input: Any, inplace: bool = False) -> Tensor:
    """1.0507 * elu(input, 1.6733): with these numbers activations keep mean 0 and variance 1 from layer to layer.

    Klambauer et al., "Self-normalizing neural networks", 2017.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> round(F.selu(ad.tensor(1.0)).item(), 4)
    1.0507
    """
    if inplace:
        return _over(ops.elu, input, alpha=1.6732632423543772, scale=1.0507009873554805, rate=1.0)
    return ops.elu(input, alpha=1.6732632423543772, scale=1.0507009873554805, rate=1.0)  # type: ignore[no-any-return]


def gelu(input: Any, approximate: str = "none") -> Tensor:
    """``input * Phi(input)``, where Phi is the normal distribution's cumulative function.

    Parameters
    ----------
    input : Tensor
    approximate : {"none", "tanh"}, default="none"
        "tanh": ``input / 2 * (1 + tanh(sqrt(2 / pi) * (input + 0.044715 * input**3)))``.

    Notes
    -----
    Hendrycks and Gimpel, "Gaussian error linear units", 2016.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> round(F.gelu(ad.tensor(1.0)).item(), 4)
    0.8413
    """
    if approximate == "none":
        return ops.gelu(input)  # type: ignore[no-any-return]
    if approximate == "tanh":
        return ops.gelu_tanh(input)  # type: ignore[no-any-return]
    raise SettingError(f"gelu: approximate must be 'none' or 'tanh'; got {approximate!r}")


def sigmoid(input: Any) -> Tensor:
    """1 / (1 + exp(-input)), with derivative s * (1 - s).

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.sigmoid(ad.tensor(0.0)).item()
    0.5
    """
    return ew.sigmoid(input)  # type: ignore[no-any-return]


def tanh(input: Any) -> Tensor:
    """Hyperbolic tangent, with derivative 1 - tanh**2.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.tanh(ad.tensor(0.0)).item()
    0.0
    """
    return ew.tanh(input)  # type: ignore[no-any-return]


def silu(input: Any, inplace: bool = False) -> Tensor:
    """``input * sigmoid(input)``, also called swish.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> round(F.silu(ad.tensor(1.0)).item(), 4)
    0.7311
    """
    if inplace:
        return _over(ops.silu, input)
    return ops.silu(input)  # type: ignore[no-any-return]


def mish(input: Any, inplace: bool = False) -> Tensor:
    """``input * tanh(softplus(input))``.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> round(F.mish(ad.tensor(1.0)).item(), 4)
    0.8651
    """
    if inplace:
        return _over(ops.mish, input)
    return ops.mish(input)  # type: ignore[no-any-return]


def hardsigmoid(input: Any, inplace: bool = False) -> Tensor:
    """``input / 6 + 1 / 2``, held between 0 and 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.hardsigmoid(ad.tensor([-4.0, 0.0, 4.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    if inplace:
        return _over(ops.hardsigmoid, input)
    return ops.hardsigmoid(input)  # type: ignore[no-any-return]


def hardswish(input: Any, inplace: bool = False) -> Tensor:
    """``input * hardsigmoid(input)``.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.hardswish(ad.tensor([-4.0, 0.0, 4.0])).tolist()
    [-0.0, 0.0, 4.0]
    """
    if inplace:
        return _over(ops.hardswish, input)
    return ops.hardswish(input)  # type: ignore[no-any-return]


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * input)) / beta``, a smooth relu; the input itself where ``beta * input > threshold``.

    The derivative is ``sigmoid(beta * input)``.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> round(F.softplus(ad.tensor(0.0)).item(), 4)
    0.6931
    """
    return ops.scaled_softplus(input, beta=beta, threshold=threshold)  # type: ignore[no-any-return]


def logsigmoid(input: Any) -> Tensor:
    """``log(sigmoid(input))``, which is ``-softplus(-input)``: nothing overflows.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.logsigmoid(ad.tensor(-1000.0)).item()
    -1000.0
    """
    return ops.log_sigmoid(input)  # type: ignore[no-any-return]


def softsign(input: Any) -> Tensor:
    """``input / (1 + |input|)``, with derivative ``1 / (1 + |input|)**2``.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.softsign(ad.tensor([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """
    input = as_tensor(input)
    return input / (1 + abs(input))  # type: ignore[no-any-return]


def tanhshrink(input: Any) -> Tensor:
    """``input - tanh(input)``.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.tanhshrink(ad.tensor(0.0)).item()
    0.0
    """
    input = as_tensor(input)
    return input - ew.tanh(input)  # type: ignore[no-any-return]


def _checked_dim(name: str, input: Any, dim: int | None, dtype: Any) -> tuple[Any, int]:
    """The input in the wanted dtype, and the dimension, which is never guessed."""
    if dim is None:
        raise SettingError(
            f"{name} needs to know along which dimension the numbers shall add up to 1; "
            "for a batch of rows that is dim=1"
        )
    return (input if dtype is None else as_tensor(input, dtype=as_dtype(dtype))), dim


def softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Tensor:
    """``exp(input) / sum(exp(input))`` along one dimension: positive numbers that add up to 1.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which dimension; must be given.
    dtype : dtype, optional
        Convert the input to it first.

    Notes
    -----
    For a cotangent g and the result s, that of the input is ``s * (g - sum(g * s))``. Nothing overflows.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.softmax(ad.tensor([[1.0, 1.0]]), dim=1).tolist()
    [[0.5, 0.5]]
    """
    input, dim = _checked_dim("softmax", input, dim, dtype)
    return fused.softmax(input, axis=dim)  # type: ignore[no-any-return]


def softmin(input: Any, dim: int | None = None, dtype: Any = None) -> Tensor:
    """``softmax(-input)`` along one dimension; arguments as `softmax`.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.softmin(ad.tensor([[1.0, 1.0]]), dim=1).tolist()
    [[0.5, 0.5]]
    """
    input, dim = _checked_dim("softmin", input, dim, dtype)
    return fused.softmax(-as_tensor(input), axis=dim)  # type: ignore[no-any-return]


def log_softmax(input: Any, dim: int | None = None, dtype: Any = None) -> Tensor:
    """``log(softmax(input))`` along one dimension, without losing digits; arguments as `softmax`.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.log_softmax(ad.tensor([[1000.0, 0.0]]), dim=1).tolist()
    [[0.0, -1000.0]]
    """
    input, dim = _checked_dim("log_softmax", input, dim, dtype)
    return fused.log_softmax(input, axis=dim)  # type: ignore[no-any-return]


def glu(input: Any, dim: int = -1) -> Tensor:
    """``a * sigmoid(b)``, where a and b are the two halves of the input along one dimension.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.glu(ad.tensor([4.0, 0.0])).tolist()
    [2.0]
    """
    input = as_tensor(input)
    size = input._array.shape[dim]
    if size % 2:
        raise SettingError(f"glu needs an even number of elements along dim {dim}; got shape {input._array.shape}")
    return ops.glu(input, axis=dim)  # type: ignore[no-any-return]
