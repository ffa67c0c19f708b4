"""First values of parameters: each function fills a Tensor in place, unrecorded, and returns it.

Fans count the inputs and outputs of a weight: for shape (out, in) they are in and out, and for a convolution's
(out, in, *kernel) both are multiplied by the size of the kernel.
"""

from __future__ import annotations

from math import erf, prod, sqrt
from typing import Any

import numpy as np

from autodiff import random
from autodiff.errors import ShapeError
from autodiff.graph import stamp
from autodiff.tensors import Tensor
from nn.errors import SettingError

__all__ = [
    "calculate_gain",
    "constant_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2), "selu": 3 / 4}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights must be larger because a nonlinearity shrinks what passes through it.

    Parameters
    ----------
    nonlinearity : str
        "linear", "sigmoid" and "conv1d", "conv2d", ...: 1; "tanh": 5/3; "relu": sqrt(2); "selu": 3/4;
        "leaky_relu": sqrt(2 / (1 + param**2)).
    param : float, optional
        The negative slope of "leaky_relu", by default 0.01.

    Examples
    --------
    >>> from nn import init
    >>> round(init.calculate_gain("relu"), 4)
    1.4142
    """
    if nonlinearity == "leaky_relu":
        return sqrt(2 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity.startswith("conv"):
        return 1.0
    if nonlinearity not in _GAINS:
        known = ", ".join([*_GAINS, "leaky_relu"])
        raise SettingError(f"there is no gain for {nonlinearity!r}; choose one of {known}")
    return _GAINS[nonlinearity]


def _fill(tensor: Tensor, values: Any) -> Tensor:
    """Write into the memory of `tensor`."""
    tensor._array[...] = values
    stamp(tensor._storage)
    return tensor


def _rng(generator: Any) -> np.random.Generator:
    rng: np.random.Generator = (random.default_generator if generator is None else generator).rng
    return rng


def _drawn(tensor: Tensor) -> Any:
    """The dtype in which to draw: NumPy knows two."""
    return np.float64 if tensor._array.dtype == np.float64 else np.float32


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs each output of a weight has, and how many outputs each input."""
    shape = tensor._array.shape
    if len(shape) < 2:
        raise ShapeError(
            f"fans are those of a weight with at least 2 dimensions, and this Tensor has shape {shape}; "
            "for a bias use init.zeros_ or init.uniform_"
        )
    field = prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _fan(tensor: Tensor, mode: str) -> int:
    fans = dict(zip(("fan_in", "fan_out"), _fans(tensor)))
    if mode not in fans:
        raise SettingError(f"mode must be 'fan_in' or 'fan_out', not {mode!r}")
    return fans[mode]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Draw from the uniform distribution on [a, b).

    Parameters
    ----------
    tensor : Tensor, floating
    a, b : float, default=0 and 1
    generator : Generator, optional
        By default the one that `autodiff.manual_seed` sets.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> t = init.uniform_(ad.tensor([0.0, 0.0]), 2.0, 3.0)
    >>> bool((t >= 2).all() and (t <= 3).all())
    True
    """
    draws = _rng(generator).random(tensor._array.shape, _drawn(tensor))
    return _fill(tensor, draws * (b - a) + a)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Draw from the normal distribution.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> init.normal_(ad.tensor([1.0, 2.0]), mean=5.0, std=0.0)
    tensor([5., 5.])
    """
    draws = _rng(generator).standard_normal(tensor._array.shape, _drawn(tensor))
    return _fill(tensor, draws * std + mean)


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> Tensor:
    """Draw from the normal distribution, cut off outside [a, b].

    Notes
    -----
    Values outside are drawn again. Where less than a thousandth of the distribution lies inside, that would take too
    long, and the error says so.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> t = init.trunc_normal_(ad.tensor([0.0] * 100), std=10.0)
    >>> bool((t.abs() <= 2).all())
    True
    """
    array = tensor._array
    share = 0.5 * (erf((b - mean) / std / sqrt(2)) - erf((a - mean) / std / sqrt(2)))
    if share < 1e-3:
        raise SettingError(
            f"hardly any of the normal distribution with mean {mean} and std {std} lies within [{a}, {b}]; "
            "move the bounds closer to the mean"
        )
    rng, dtype = _rng(generator), _drawn(tensor)
    draws = rng.standard_normal(array.shape, dtype) * std + mean
    while (outside := (draws < a) | (draws > b)).any():
        draws[outside] = rng.standard_normal(int(outside.sum()), dtype) * std + mean
    return _fill(tensor, draws)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> init.constant_(ad.tensor([1.0, 2.0]), 0.5)
    tensor([0.5000, 0.5000])
    """
    return _fill(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> init.ones_(ad.tensor([5.0, 5.0]))
    tensor([1., 1.])
    """
    return _fill(tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> init.zeros_(ad.tensor([5.0, 5.0]))
    tensor([0., 0.])
    """
    return _fill(tensor, 0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: ones on the diagonal, zeros elsewhere.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> init.eye_(ad.tensor([[5.0, 5.0], [5.0, 5.0]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if tensor._array.ndim != 2:
        raise ShapeError(f"eye_ fills a matrix, and this Tensor has shape {tensor._array.shape}")
    return _fill(tensor, np.eye(*tensor._array.shape))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Draw uniformly within ±gain * sqrt(6 / (fan_in + fan_out)).

    Notes
    -----
    Keeps the variance of activations and of gradients about equal from layer to layer, for tanh-like units. Glorot
    and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> bool((init.xavier_uniform_(ad.tensor([[9.0, 9.0], [9.0, 9.0]])).abs() <= 1.2248).all())
    True
    """
    bound = gain * sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Draw from a normal distribution with standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    Notes
    -----
    See `xavier_uniform_`.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> init.xavier_normal_(ad.tensor([[9.0, 9.0], [9.0, 9.0]]), gain=0.0).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    return normal_(tensor, 0.0, gain * sqrt(2 / sum(_fans(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Draw uniformly within ±gain * sqrt(3 / fan).

    Parameters
    ----------
    tensor : Tensor of at least 2 dimensions, floating
    a : float, default=0
        The negative slope of the units after this layer, for "leaky_relu".
    mode : {"fan_in", "fan_out"}, default="fan_in"
        "fan_in" keeps the variance of the activations, "fan_out" that of the gradients.
    nonlinearity : str, default="leaky_relu"
        What follows the layer; see `calculate_gain`.
    generator : Generator, optional
        By default the one that `autodiff.manual_seed` sets.

    Notes
    -----
    He et al., "Delving deep into rectifiers", 2015.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> bool((init.kaiming_uniform_(ad.tensor([[9.0, 9.0, 9.0]])).abs() <= 1.4143).all())
    True
    """
    bound = calculate_gain(nonlinearity, a) * sqrt(3 / _fan(tensor, mode))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Draw from a normal distribution with standard deviation gain / sqrt(fan); arguments as `kaiming_uniform_`.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> bool(init.kaiming_normal_(ad.zeros(100, 100)).std() < 0.15)  # about sqrt(2 / 100)
    True
    """
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / sqrt(_fan(tensor, mode)), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Fill with a random matrix whose rows, or columns where they are fewer, are orthonormal, times `gain`.

    Notes
    -----
    Dimensions after the first count as one. The Q of a QR decomposition of normal numbers, with the signs of R's
    diagonal taken over, so that all such matrices are equally likely. Saxe, McClelland and Ganguli, "Exact solutions
    to the nonlinear dynamics of learning in deep linear neural networks", 2013.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn import init
    >>> t = init.orthogonal_(ad.tensor([[0.0] * 3] * 2))
    >>> (t @ t.T).numpy().round(4).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    True
    """
    shape = tensor._array.shape
    if len(shape) < 2:
        raise ShapeError(f"orthogonal_ fills a Tensor of at least 2 dimensions, and this one has shape {shape}")
    rows, columns = shape[0], prod(shape[1:])
    q, r = np.linalg.qr(_rng(generator).standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diagonal(r))
    return _fill(tensor, gain * (q if rows >= columns else q.T).reshape(shape))
