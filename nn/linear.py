"""Layers of one matrix: Linear and Bilinear; and Identity, the layer of none."""

from __future__ import annotations

from math import prod, sqrt
from typing import Any

import numpy as np

from autodiff.dtypes import as_dtype, default_dtype
from autodiff.errors import DtypeError, ShapeError
from autodiff.graph import wrap
from autodiff.ops.linalg import linear
from autodiff.tensors import Tensor
from nn import functional as F
from nn import init
from nn.errors import LayerError, SetupError
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["Bilinear", "Identity", "Linear"]


def new_parameter(shape: tuple[int, ...], dtype: Any = None) -> Parameter:
    """A parameter of uninitialised memory."""
    return Parameter(wrap(np.empty(shape, default_dtype() if dtype is None else as_dtype(dtype))))


def check_size(layer: str, **sizes: Any) -> None:
    """Raise if a size is not a whole number of at least 0."""
    for name, size in sizes.items():
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 0:
            raise SetupError(f"{layer}: {name} must be a whole number, and not negative; got {size!r}")


class Identity(Module):
    """Returns its input; takes any arguments, and ignores them.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Identity(54)(ad.tensor([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Linear(Module):
    """The affine map ``input @ weight.T + bias`` of the last dimension.

    Parameters
    ----------
    in_features : int
        Size of each input.
    out_features : int
        Size of each output.
    bias : bool, default=True
        Whether to add a learned bias.
    device : "cpu", optional
        There is only one.
    dtype : dtype, optional
        Of the parameters. Default: the default dtype, float32.

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
    bias : Parameter of shape (out_features,), or None

    Raises
    ------
    LayerError
        When called with an input whose last dimension is not `in_features`, or of another dtype than the weight's.

    Notes
    -----
    The input has any shape (..., in_features), the output (..., out_features). Weight and bias start uniformly
    distributed within ±1/sqrt(in_features), which for the weight is `init.kaiming_uniform_` with ``a=sqrt(5)``.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> layer = nn.Linear(3, 2)
    >>> layer(ad.zeros(5, 3)).shape
    Size([5, 2])
    """

    bias: Parameter | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        check_size("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        self.weight = new_parameter((out_features, in_features), dtype)
        self.register_parameter("bias", new_parameter((out_features,), dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / sqrt(self.in_features) if self.in_features else 0.0
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Any) -> Tensor:
        try:
            return linear(input, self.weight, self.bias)  # type: ignore[no-any-return]
        except (ShapeError, DtypeError):
            problem = _misfit(input, self)
            if problem is None:
                raise
            raise LayerError(self, problem) from None

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def _misfit(input: Any, layer: Linear) -> str | None:
    """Why an input does not fit a Linear, and the mend; None if it does."""
    if not isinstance(input, (Tensor, np.ndarray)):
        return f"expected a Tensor and got a {type(input).__name__}; make one with ad.tensor(...)"
    shape, width = tuple(input.shape), layer.in_features
    got = f"expected an input of shape (..., {width}) and got {shape}; "
    if not shape or shape[-1] != width:
        if len(shape) > 2 and prod(shape[1:]) == width:
            return got + "flatten each sample first, with nn.Flatten() before this layer or x.flatten(1)"
        if len(shape) == 2 and shape[0] == width:
            return got + "is it transposed? Samples are rows: x.T"
        if not shape:
            return got + f"give it a Tensor of {width} numbers"
        return got + f"change the input, or the layer to nn.Linear({shape[-1]}, {layer.out_features})"
    wanted, dtype = layer.weight.dtype, input.dtype
    if dtype != wanted:
        convert = {"float32": "x.float()", "float64": "x.double()", "float16": "x.half()"}[str(wanted)]
        mend = f"convert the batch with {convert}"
        if dtype.kind == "f":
            mend += f", or the model with model.to(ad.{dtype})"
        return f"expected an input of {wanted}, as its parameters are, and got {dtype}; {mend}"
    return None


class Bilinear(Module):
    """The bilinear map ``x1 @ weight[k] @ x2 + bias[k]`` of two inputs, for each output k.

    Parameters
    ----------
    in1_features, in2_features : int
        Sizes of the two inputs.
    out_features : int
        Size of the output.
    bias : bool, default=True
        Whether to add a learned bias.
    device : "cpu", optional
        There is only one.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    weight : Parameter of shape (out_features, in1_features, in2_features)
    bias : Parameter of shape (out_features,), or None

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Bilinear(3, 4, 2)(ad.zeros(5, 3), ad.zeros(5, 4)).shape
    Size([5, 2])
    """

    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_size("Bilinear", in1_features=in1_features, in2_features=in2_features, out_features=out_features)
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = new_parameter((out_features, in1_features, in2_features), dtype)
        self.register_parameter("bias", new_parameter((out_features,), dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniformly within ±1/sqrt(in1_features)."""
        bound = 1 / sqrt(self.in1_features) if self.in1_features else 0.0
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Any, input2: Any) -> Tensor:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
