"""Layers that normalise: BatchNorm1d and LayerNorm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.dtypes import as_dtype, default_dtype
from autodiff.errors import DtypeError, ShapeError
from autodiff.graph import wrap
from autodiff.modes import no_grad
from autodiff.tensors import Tensor
from nn import functional as F
from nn import init
from nn.errors import LayerError, SetupError
from nn.linear import check_size, new_parameter
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["BatchNorm1d", "LayerNorm"]


class BatchNorm1d(Module):
    """Each channel less its mean over its standard deviation, times a learned weight, plus a learned bias.

    In training the mean and the variance are those of the batch, and a running mean of them is kept, which is used
    after ``model.eval()``.

    Parameters
    ----------
    num_features : int
        How many channels there are, C.
    eps : float, default=1e-5
        Added to the variance.
    momentum : float, default=0.1
        Share of each batch in the running statistics; None takes the mean of all batches so far.
    affine : bool, default=True
        Whether to learn a weight and a bias.
    track_running_stats : bool, default=True
        Whether to keep running statistics; without them those of the batch are used after ``eval()`` too.
    device : "cpu", optional
        There is only one.
    dtype : dtype, optional
        Of parameters and running statistics. Default: the default dtype, float32.
    bias : bool, default=True
        Whether there is a bias with the weight.

    Attributes
    ----------
    weight, bias : Parameter of shape (num_features,), or None
        Ones and zeros at first.
    running_mean, running_var : Tensor of shape (num_features,), or None
        Zeros and ones at first. The variance is the unbiased one.
    num_batches_tracked : Tensor of shape (), int64, or None

    Raises
    ------
    LayerError
        When called with an input that is not of shape (N, C) or (N, C, L), or of another dtype than the weight's, or,
        in training, that has fewer than two values in each channel.

    Notes
    -----
    See `nn.functional.batch_norm`.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> layer = nn.BatchNorm1d(2)
    >>> layer(ad.tensor([[1.0, 10.0], [3.0, 30.0]])).mean(0).tolist()
    [0.0, 0.0]
    >>> [round(m, 3) for m in layer.running_mean.tolist()]
    [0.2, 2.0]
    >>> layer.eval()(ad.tensor([[1.0, 10.0]])).shape
    Size([1, 2])
    """

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_size("BatchNorm1d", num_features=num_features)
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        size, dtype = (num_features,), default_dtype() if dtype is None else as_dtype(dtype)
        self.register_parameter("weight", new_parameter(size, dtype) if affine else None)
        self.register_parameter("bias", new_parameter(size, dtype) if affine and bias else None)
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, wrap(np.empty(size, dtype)) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", wrap(np.zeros((), np.int64)) if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running statistics to what they are at first."""
        for value, first in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if value is not None:
                value.fill_(first)

    def reset_parameters(self) -> None:
        """Set the weight to ones, the bias to zeros, and the running statistics to what they are at first."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Tensor:
        momentum: Any = self.momentum
        mean, variance, count = self.running_mean, self.running_var, self.num_batches_tracked
        training = self.training or mean is None or variance is None
        if (problem := _misfit(input, self)) is not None:
            raise LayerError(self, problem)
        if self.training and not self.track_running_stats:
            mean = variance = None
        try:
            if self.training and mean is not None and count is not None:
                with no_grad():
                    count.add_(1)
                    if momentum is None:
                        momentum = 1 / count.to(input.dtype)
            return F.batch_norm(input, mean, variance, self.weight, self.bias, training, momentum, self.eps)
        except (ShapeError, DtypeError) as error:
            raise LayerError(self, str(error)) from None

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


def _misfit(input: Any, layer: BatchNorm1d) -> str | None:
    """Why an input does not fit a BatchNorm1d, and the mend; None if it does."""
    if not isinstance(input, Tensor):
        return f"expected a Tensor and got a {type(input).__name__}; make one with ad.tensor(...)"
    shape, width = input._array.shape, layer.num_features
    if len(shape) not in (2, 3):
        return f"expected an input of shape (N, {width}) or (N, {width}, L) and got {shape}"
    if shape[1] != width:
        return (
            f"expected an input of shape (N, {width}) or (N, {width}, L) and got {shape}; "
            f"change the input, or the layer to nn.BatchNorm1d({shape[1]})"
        )
    return None


class LayerNorm(Module):
    """Each sample less its mean over its standard deviation, times a learned weight, plus a learned bias.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The shape of a sample: the last dimensions of the input.
    eps : float, default=1e-5
        Added to the variance.
    elementwise_affine : bool, default=True
        Whether to learn a weight and a bias for each element of a sample.
    bias : bool, default=True
        Whether there is a bias with the weight.
    device : "cpu", optional
        There is only one.
    dtype : dtype, optional
        Of the parameters. Default: the default dtype, float32.

    Attributes
    ----------
    weight, bias : Parameter of shape normalized_shape, or None
        Ones and zeros at first.

    Raises
    ------
    LayerError
        When called with an input whose last dimensions are not `normalized_shape`, or of another dtype than the
        weight's.

    Notes
    -----
    See `nn.functional.layer_norm`. It does the same in training and in use.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> layer = nn.LayerNorm(4)
    >>> [round(v, 3) for v in layer(ad.tensor([1.0, 3.0, 1.0, 3.0])).tolist()]
    [-1.0, 1.0, -1.0, 1.0]
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sample = (normalized_shape,) if isinstance(normalized_shape, (int, np.integer)) else tuple(normalized_shape)
        if not sample:
            raise SetupError("LayerNorm: normalized_shape must have at least one dimension; got ()")
        check_size("LayerNorm", **{f"normalized_shape[{i}]": size for i, size in enumerate(sample)})
        self.normalized_shape = sample
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self.register_parameter("weight", new_parameter(sample, dtype) if elementwise_affine else None)
        self.register_parameter("bias", new_parameter(sample, dtype) if elementwise_affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Tensor:
        try:
            return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)
        except (ShapeError, DtypeError) as error:
            raise LayerError(self, str(error)) from None

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )
