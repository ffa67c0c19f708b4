"""Random Tensors with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (what `wrap` returns is a Tensor, which its signature cannot say)

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import as_dtype, default_dtype, float32, float64, int64
from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.graph import Value
from autodiff.names.arguments import DType, as_value, integer
from autodiff.names.creation import made, wanted_shape
from autodiff.random import Generator, default_generator

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["bernoulli", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm"]
METHODS = ["bernoulli"]


def draw_uniform(shape: tuple[int, ...], dtype: Any, generator: Generator | None) -> Any:
    """Numbers of [0, 1), as an array."""
    rng = (generator or default_generator).rng
    if dtype in (float32, float64):
        return np.asarray(rng.random(shape, dtype=dtype))
    return np.asarray(rng.random(shape, dtype=np.float32)).astype(dtype)


def draw_normal(shape: tuple[int, ...], dtype: Any, generator: Generator | None) -> Any:
    """Numbers of the standard normal distribution, as an array."""
    rng = (generator or default_generator).rng
    if dtype in (float32, float64):
        return np.asarray(rng.standard_normal(shape, dtype=dtype))
    return np.asarray(rng.standard_normal(shape, dtype=np.float32)).astype(dtype)


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Random numbers, uniform on [0, 1).

    Parameters
    ----------
    *size : int, or one sequence of int
        The shape.
    generator : Generator, optional
        Where they come from; by default the one that `manual_seed` seeds.
    dtype : dtype, optional
        A floating one; by default the default dtype, float32.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.rand(2, 3).shape
    Size([2, 3])
    """
    shape = wanted_shape(size, None, "rand")
    return made(draw_uniform(shape, _floating(dtype, "rand"), generator), device, requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Random numbers of the standard normal distribution: mean 0, variance 1.

    Parameters
    ----------
    *size : int, or one sequence of int
        The shape.
    generator : Generator, optional
        Where they come from; by default the one that `manual_seed` seeds.
    dtype : dtype, optional
        A floating one; by default the default dtype, float32.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.randn(2, 3).shape
    Size([2, 3])
    """
    shape = wanted_shape(size, None, "randn")
    return made(draw_normal(shape, _floating(dtype, "randn"), generator), device, requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Random integers from `low` up to, and without, `high`: ``randint(high, size)`` or ``randint(low, high, size)``.

    Parameters
    ----------
    low : int, default=0
    high : int
    size : sequence of int
        The shape.
    generator : Generator, optional
        Where they come from; by default the one that `manual_seed` seeds.
    dtype : dtype, optional
        By default int64.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Raises
    ------
    AutodiffError
        If no integer lies between the two.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.randint(3, 4, (2,))
    tensor([3, 3])
    """
    if isinstance(high, (tuple, list)) and size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if size is None:
        raise ShapeError("randint needs a size: ad.randint(low, high, (2, 3))")
    first, last = integer(low, "randint: low"), integer(high, "randint: high")
    if first >= last:
        raise AutodiffError(f"randint: no integer is at least {first} and below {last}")
    drawn = (generator or default_generator).rng.integers(first, last, wanted_shape((size,), None, "randint"))
    return made(
        np.asarray(drawn).astype(int64 if dtype is None else as_dtype(dtype), copy=False), device, requires_grad
    )


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a random order of the integers from 0 to n - 1.

    Parameters
    ----------
    n : int
    generator : Generator, optional
        Where it comes from; by default the one that `manual_seed` seeds.
    dtype : dtype, optional
        By default int64.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor of shape (n,)

    Examples
    --------
    >>> import autodiff as ad
    >>> sorted(ad.randperm(4).tolist())
    [0, 1, 2, 3]
    """
    (count,) = wanted_shape((n,), None, "randperm")
    order = (generator or default_generator).rng.permutation(count)
    return made(order.astype(int64 if dtype is None else as_dtype(dtype), copy=False), device, requires_grad)


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Random numbers, uniform on [0, 1), of the shape and dtype of another Tensor.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.rand_like(ad.zeros(2, 3)).shape
    Size([2, 3])
    """
    x = as_value(input, "rand_like")._array
    dtype = _floating(x.dtype if dtype is None else dtype, "rand_like")
    return made(draw_uniform(x.shape, dtype, generator), device, requires_grad)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Random numbers of the standard normal distribution, of the shape and dtype of another Tensor.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.randn_like(ad.zeros(2, 3)).shape
    Size([2, 3])
    """
    x = as_value(input, "randn_like")._array
    dtype = _floating(x.dtype if dtype is None else dtype, "randn_like")
    return made(draw_normal(x.shape, dtype, generator), device, requires_grad)


def randint_like(
    input: Tensor,
    low: int,
    high: int | None = None,
    *,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Random integers from `low` (0 if left out) up to, and without, `high`, of the shape and dtype of another Tensor.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.randint_like(ad.zeros(2), 3, 4)
    tensor([3., 3.])
    """
    x = as_value(input, "randint_like")._array
    low, high = (0, low) if high is None else (low, high)
    dtype = x.dtype if dtype is None else dtype
    return randint(low, high, x.shape, generator=generator, dtype=dtype, device=device, requires_grad=requires_grad)


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Random numbers of normal distributions.

    Parameters
    ----------
    mean : Tensor or number, default=0
    std : Tensor or number, default=1
        The standard deviation. Where one of the two is a Tensor, each element has a distribution of its own.
    size : sequence of int, optional
        The shape, where both are numbers.
    generator : Generator, optional
        Where they come from; by default the one that `manual_seed` seeds.
    dtype : dtype, optional
        A floating one; by default the default dtype, or that of the Tensors.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Raises
    ------
    AutodiffError
        If a standard deviation is negative.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.normal(0.0, 1.0, (2, 3)).shape
    Size([2, 3])
    """
    centre, spread = (v._array if isinstance(v, Value) else v for v in (mean, std))
    tensors = [v for v in (centre, spread) if isinstance(v, np.ndarray)]
    if size is None and not tensors:
        raise ShapeError("normal needs a size where mean and std are numbers: ad.normal(0.0, 1.0, (2, 3))")
    shape = (
        wanted_shape((size,), None, "normal") if size is not None else np.broadcast_shapes(*[v.shape for v in tensors])
    )
    if np.any(np.less(spread, 0)):
        raise AutodiffError("normal: a standard deviation cannot be negative")
    wanted = _floating(tensors[0].dtype if tensors and dtype is None else dtype, "normal")
    drawn = draw_normal(shape, wanted, generator) * spread + centre
    return made(np.asarray(drawn, wanted), device, requires_grad)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element says, else 0.

    Parameters
    ----------
    input : Tensor
        Probabilities, of a floating dtype.
    p : float, optional
        One probability for all elements, in place of those in `input`.
    generator : Generator, optional
        Where the decision comes from; by default the one that `manual_seed` seeds.

    Returns
    -------
    Tensor
        Of the shape and dtype of `input`; nothing flows back through it.

    Raises
    ------
    AutodiffError
        If a probability is not between 0 and 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.bernoulli(ad.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    x = as_value(input, "bernoulli")._array
    chance = x if p is None else p
    if p is None and x.dtype.kind != "f":
        raise DtypeError(f"bernoulli takes probabilities, which {x.dtype} cannot hold; give floating numbers, or p=")
    if not np.all(np.less_equal(0, chance) & np.less_equal(chance, 1)):
        raise AutodiffError("bernoulli: a probability must be between 0 and 1")
    drawn = draw_uniform(x.shape, x.dtype if x.dtype.kind == "f" else float64, generator)
    return made(np.less(drawn, chance).astype(x.dtype), None, False)


def _floating(dtype: Any, name: str) -> Any:
    """A floating dtype, the default one if None is given."""
    if dtype is None:
        return default_dtype()
    found = as_dtype(dtype)
    if found.kind != "f":
        raise DtypeError(f"{name} gives floating numbers, which {found} cannot hold; pass dtype=ad.float32")
    return found
