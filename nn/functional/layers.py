"""Functions behind the layers that have parameters or chance in them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import inplace as writing
from autodiff import random
from autodiff.errors import ShapeError
from autodiff.graph import wrap
from autodiff.names.counting import one_hot
from autodiff.ops.comparison import dropout_mask
from autodiff.ops.elementwise import multiply
from autodiff.ops.linalg import linear as _linear
from autodiff.ops.linalg import matmul
from autodiff.ops.reduce import sum as _sum
from autodiff.tensors import Tensor, as_tensor
from nn.errors import SettingError

__all__ = ["bilinear", "dropout", "linear", "one_hot"]


def linear(input: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``.

    Parameters
    ----------
    input : Tensor of shape (..., in_features)
    weight : Tensor of shape (out_features, in_features), or (in_features,)
    bias : Tensor of shape (out_features,), or () beside a vector of weights, optional

    Returns
    -------
    Tensor of shape (..., out_features), or (...) for a vector of weights

    Raises
    ------
    ShapeError
        If `weight` has another number of dimensions.

    Notes
    -----
    For a cotangent g, that of `input` is ``g @ weight``, that of `weight` is ``g.T @ input``, that of `bias` is g
    summed over all but the last dimension.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.linear(ad.tensor([[1.0, 2.0]]), ad.tensor([[3.0, 4.0]]), ad.tensor([5.0])).tolist()
    [[16.0]]
    """
    if weight.ndim == 1:
        out: Tensor = matmul(input, weight)
        return out if bias is None else out + bias
    if weight.ndim != 2:
        raise ShapeError(
            f"linear takes a weight of shape (out_features, in_features), and got {tuple(weight.shape)}; "
            "for a stack of matrices write input @ weight.mT"
        )
    return _linear(input, weight, bias)  # type: ignore[no-any-return]


def bilinear(input1: Any, input2: Any, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``out[..., k] = input1 @ weight[k] @ input2 + bias[k]``.

    Parameters
    ----------
    input1 : Tensor of shape (..., in1_features)
    input2 : Tensor of shape (..., in2_features)
    weight : Tensor of shape (out_features, in1_features, in2_features)
    bias : Tensor of shape (out_features,), optional

    Returns
    -------
    Tensor of shape (..., out_features)

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.bilinear(ad.tensor([1.0, 2.0]), ad.tensor([3.0]), ad.tensor([[[10.0], [100.0]]])).tolist()
    [630.0]
    """
    # For each output a row of input1 @ weight[k], of shape (..., out, in2), which input2 then meets.
    left = matmul(as_tensor(input1)[..., None, None, :], weight)[..., 0, :]
    out = _sum(multiply(left, as_tensor(input2)[..., None, :]), axis=-1)
    return out if bias is None else out + bias  # type: ignore[no-any-return]


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set each element to zero with probability `p`, and multiply the others by 1 / (1 - p).

    Parameters
    ----------
    input : Tensor of any shape, floating
    p : float, default=0.5
        Probability of zero.
    training : bool, default=True
        False returns the input as it is.
    inplace : bool, default=False
        Whether to write into the memory of `input`.

    Returns
    -------
    Tensor of the shape and dtype of `input`

    Raises
    ------
    SettingError
        If `p` is not within [0, 1].

    Notes
    -----
    The mask comes from the generator that `autodiff.manual_seed` sets. The expectation of the output is the input,
    so that nothing needs scaling when the network is used. Srivastava et al., "Dropout: a simple way to prevent neural
    networks from overfitting", 2014.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> out = F.dropout(ad.tensor([1.0] * 100), p=0.75)
    >>> set(out.tolist()) <= {0.0, 4.0}
    True
    """
    if not 0 <= p <= 1:
        raise SettingError(f"the probability of dropout must be between 0 and 1; got p={p!r}")
    if not training or p == 0:
        return input  # type: ignore[no-any-return]
    input = as_tensor(input)
    array = input._array
    noise = wrap(random.default_generator.rng.random(array.shape, np.float32))
    mask = dropout_mask(noise, p=p, dtype=array.dtype)
    if inplace:
        return writing.update(input, multiply, mask)  # type: ignore[no-any-return]
    return multiply(input, mask)  # type: ignore[no-any-return]
