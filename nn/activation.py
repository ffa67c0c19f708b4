"""Activations as modules: each calls the function of the same name in `nn.functional`."""

from __future__ import annotations

from typing import Any

from autodiff.ops import elementwise as ew
from autodiff.tensors import Tensor
from nn import functional as F
from nn.module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmin",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]


class _InPlace(Module):
    """Base of the activations that may write into their input's memory."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class ReLU(_InPlace):
    """max(input, 0), elementwise; see `nn.functional.relu`.

    Parameters
    ----------
    inplace : bool, default=False
        Whether to write into the input's memory.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.ReLU()(ad.tensor([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def forward(self, input: Any) -> Tensor:
        return F.relu(input, True) if self.inplace else ew.relu(input)


class ReLU6(_InPlace):
    """min(max(input, 0), 6), elementwise; see `nn.functional.relu6`.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.ReLU6()(ad.tensor([-1.0, 9.0])).tolist()
    [0.0, 6.0]
    """

    def forward(self, input: Any) -> Tensor:
        return F.relu6(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class SELU(_InPlace):
    """The self-normalising scaled ELU, elementwise; see `nn.functional.selu`.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> round(nn.SELU()(ad.tensor(1.0)).item(), 4)
    1.0507
    """

    def forward(self, input: Any) -> Tensor:
        return F.selu(input, self.inplace)


class SiLU(_InPlace):
    """input * sigmoid(input), elementwise; see `nn.functional.silu`.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> round(nn.SiLU()(ad.tensor(1.0)).item(), 4)
    0.7311
    """

    def forward(self, input: Any) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """input * tanh(softplus(input)), elementwise; see `nn.functional.mish`.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> round(nn.Mish()(ad.tensor(1.0)).item(), 4)
    0.8651
    """

    def forward(self, input: Any) -> Tensor:
        return F.mish(input, self.inplace)


class Hardsigmoid(Module):
    """input / 6 + 1 / 2 held between 0 and 1, elementwise; see `nn.functional.hardsigmoid`.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Hardsigmoid()(ad.tensor(0.0)).item()
    0.5
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Tensor:
        return F.hardsigmoid(input, self.inplace)


class Hardswish(Hardsigmoid):
    """input * hardsigmoid(input), elementwise; see `nn.functional.hardswish`.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Hardswish()(ad.tensor(6.0)).item()
    6.0
    """

    def forward(self, input: Any) -> Tensor:
        return F.hardswish(input, self.inplace)


class LeakyReLU(Module):
    """The input where it is positive, `negative_slope` times it elsewhere; see `nn.functional.leaky_relu`.

    Parameters
    ----------
    negative_slope : float, default=0.01
    inplace : bool, default=False

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.LeakyReLU(0.5)(ad.tensor([-1.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Any) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


class ELU(Module):
    """The input where it is positive, ``alpha * (exp(input) - 1)`` elsewhere; see `nn.functional.elu`.

    Parameters
    ----------
    alpha : float, default=1.0
    inplace : bool, default=False

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.ELU()(ad.tensor([-1000.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Any) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(ELU):
    """The input where it is positive, ``alpha * (exp(input / alpha) - 1)`` elsewhere; see `nn.functional.celu`.

    Parameters
    ----------
    alpha : float, default=1.0
    inplace : bool, default=False

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.CELU(0.5)(ad.tensor([-1000.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def forward(self, input: Any) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)


class Hardtanh(Module):
    """The input held between two bounds; see `nn.functional.hardtanh`.

    Parameters
    ----------
    min_val : float, default=-1.0
    max_val : float, default=1.0
    inplace : bool, default=False

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Hardtanh()(ad.tensor([-2.0, 0.5])).tolist()
    [-1.0, 0.5]
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Any) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return f"min_val={self.min_val}, max_val={self.max_val}" + (", inplace=True" if self.inplace else "")


class GELU(Module):
    """``input * Phi(input)``, with the normal distribution's cumulative function; see `nn.functional.gelu`.

    Parameters
    ----------
    approximate : {"none", "tanh"}, default="none"

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> round(nn.GELU()(ad.tensor(1.0)).item(), 4)
    0.8413
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Tensor:
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """``log(1 + exp(beta * input)) / beta``; see `nn.functional.softplus`.

    Parameters
    ----------
    beta : float, default=1.0
    threshold : float, default=20.0
        Where ``beta * input`` is above it, the result is the input.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> round(nn.Softplus()(ad.tensor(0.0)).item(), 4)
    0.6931
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Sigmoid(Module):
    """1 / (1 + exp(-input)), elementwise.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Sigmoid()(ad.tensor(0.0)).item()
    0.5
    """

    def forward(self, input: Any) -> Tensor:
        return ew.sigmoid(input)  # type: ignore[no-any-return]


class Tanh(Module):
    """Hyperbolic tangent, elementwise.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Tanh()(ad.tensor(0.0)).item()
    0.0
    """

    def forward(self, input: Any) -> Tensor:
        return ew.tanh(input)  # type: ignore[no-any-return]


class Tanhshrink(Module):
    """input - tanh(input), elementwise.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Tanhshrink()(ad.tensor(0.0)).item()
    0.0
    """

    def forward(self, input: Any) -> Tensor:
        return F.tanhshrink(input)


class Softsign(Module):
    """input / (1 + |input|), elementwise.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Softsign()(ad.tensor(3.0)).item()
    0.75
    """

    def forward(self, input: Any) -> Tensor:
        return F.softsign(input)


class LogSigmoid(Module):
    """log(sigmoid(input)), elementwise.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.LogSigmoid()(ad.tensor(-1000.0)).item()
    -1000.0
    """

    def forward(self, input: Any) -> Tensor:
        return F.logsigmoid(input)


class Softmax(Module):
    """exp(input) / sum(exp(input)) along one dimension; see `nn.functional.softmax`.

    Parameters
    ----------
    dim : int
        Along which dimension the results add up to 1.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Softmax(dim=1)(ad.tensor([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Tensor:
        return F.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class Softmin(Softmax):
    """softmax(-input) along one dimension.

    Parameters
    ----------
    dim : int
        Along which dimension the results add up to 1.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Softmin(dim=1)(ad.tensor([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """

    def forward(self, input: Any) -> Tensor:
        return F.softmin(input, self.dim)


class LogSoftmax(Softmax):
    """log(softmax(input)) along one dimension; see `nn.functional.log_softmax`.

    Parameters
    ----------
    dim : int
        Along which dimension the probabilities add up to 1.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.LogSoftmax(dim=1)(ad.tensor([[1000.0, 0.0]])).tolist()
    [[0.0, -1000.0]]
    """

    def forward(self, input: Any) -> Tensor:
        return F.log_softmax(input, self.dim)


class GLU(Module):
    """a * sigmoid(b), where a and b are the halves of the input along one dimension.

    Parameters
    ----------
    dim : int, default=-1

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.GLU()(ad.tensor([4.0, 0.0])).tolist()
    [2.0]
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Tensor:
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
