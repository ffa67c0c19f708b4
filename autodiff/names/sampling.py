"""Random Tensors with PyTorch's names."""

# mypy: disable-error-code=no-any-return
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import as_dtype, default_dtype, float32, float64, int64
from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.graph import Value, wrap
from autodiff.inplace import write_item
from autodiff.names.arguments import DType, as_value, integer
from autodiff.names.creation import check_held, made, sized, wanted_shape
from autodiff.names.joining import together
from autodiff.ops.comparison import less
from autodiff.ops.elementwise import add, cast, multiply
from autodiff.random import Generator, default_generator

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "bernoulli",
    "multinomial",
    "normal",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]
METHODS = ["bernoulli", "cauchy_", "exponential_", "geometric_", "log_normal_", "multinomial", "random_"]


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
    **named: Any,
) -> Tensor:
    """Random numbers, uniform on [0, 1).

    Parameters
    ----------
    *size : int, or one sequence of int
        The shape; also ``size=``.
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
    shape = sized(size, named, "rand")
    return made(draw_uniform(shape, _floating(dtype, "rand"), generator), device, requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
    **named: Any,
) -> Tensor:
    """Random numbers of the standard normal distribution: mean 0, variance 1. The parameters are those of `rand`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.randn(2, 3).shape
    Size([2, 3])
    """
    shape = sized(size, named, "randn")
    return made(draw_normal(shape, _floating(dtype, "randn"), generator), device, requires_grad)


def randint(
    low: int = 0,
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
        The shape; also ``size=``.
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
    check_held(first, last - 1, dtype, "randint")
    drawn: Any = (generator or default_generator).rng.integers(first, last, wanted_shape((size,), None, "randint"))
    return made(np.asarray(drawn, int64 if dtype is None else as_dtype(dtype)), device, requires_grad)


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
    generator, dtype, device, requires_grad
        As for `randint`.

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
    check_held(0, count - 1, dtype, "randperm")
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
    centre, spread = (wrap(v._array) if isinstance(v, Value) else v for v in (mean, std))
    tensors = [v._array for v in (centre, spread) if isinstance(v, Value)]
    if size is None and not tensors:
        raise ShapeError("normal needs a size where mean and std are numbers: ad.normal(0.0, 1.0, (2, 3))")
    shape = together([v.shape for v in tensors], "normal") if size is None else wanted_shape((size,), None, "normal")
    if np.any(np.less(getattr(spread, "_array", spread), 0)):
        raise AutodiffError("normal: a standard deviation cannot be negative")
    wanted = _floating(tensors[0].dtype if tensors and dtype is None else dtype, "normal")
    drawn = add(multiply(wrap(draw_normal(shape, wanted, generator)), spread), centre)
    return made(cast(drawn, dtype=wanted)._array, device, requires_grad)


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
    return cast(less(wrap(drawn), wrap(x) if p is None else p), dtype=x.dtype)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Positions drawn with the given weights.

    Parameters
    ----------
    input : Tensor of shape (n,) or (rows, n), floating
        Weights, which need not add up to 1; each row is drawn from by itself.
    num_samples : int
        How many positions.
    replacement : bool, default=False
        Whether a position can be drawn more than once.
    generator : Generator, optional
        Where they come from; by default the one that `manual_seed` seeds.

    Returns
    -------
    Tensor of shape (num_samples,) or (rows, num_samples), int64

    Raises
    ------
    AutodiffError
        If weights are negative, not finite or all 0, or there are not enough of them to draw from.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.multinomial(ad.tensor([0.0, 3.0, 0.0]), 2, replacement=True)
    tensor([1, 1])
    """
    weights = as_value(input, "multinomial")._array
    if weights.ndim not in (1, 2) or weights.dtype.kind != "f" or not weights.shape[-1]:
        raise DtypeError(
            f"multinomial takes floating weights of shape (n,) or (rows, n), not {weights.dtype} of {weights.shape}"
        )
    rows = np.atleast_2d(weights).astype(np.float64)
    n = integer(num_samples, "multinomial: num_samples")
    if not np.all(rows >= 0) or not np.all(np.isfinite(rows)) or not np.all(rows.sum(1) > 0):
        raise AutodiffError("multinomial: weights must be finite, at least 0, and not all 0")
    if n < 1 or (not replacement and n > np.count_nonzero(rows, 1).min(initial=n)):
        raise AutodiffError(f"multinomial: {n} positions cannot be drawn; weights other than 0 are fewer, or n < 1")
    rng = (generator or default_generator).rng
    if replacement:
        # Whole weights up to a position, of which the first above a uniform number is the one drawn.
        ends = rows.cumsum(1)
        drawn = rng.random((len(rows), n)) * ends[:, -1:]
        found = np.array([np.searchsorted(e, d, "right") for e, d in zip(ends, drawn)]).reshape(len(rows), n)
        found = np.minimum(found, (rows > 0).cumsum(1).argmax(1)[:, None])
    else:
        # The order of arrivals at rates equal to the weights.
        arrivals = rng.standard_exponential(rows.shape) / rows
        found = np.argsort(arrivals, 1)[:, :n]
    return made(found.reshape(*weights.shape[:-1], n), None, False)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers of events, of the Poisson distribution with each element as its rate.

    Parameters
    ----------
    input : Tensor, floating
        Rates, at least 0.
    generator : Generator, optional
        Where they come from; by default the one that `manual_seed` seeds.

    Returns
    -------
    Tensor
        Of the shape and dtype of `input`; nothing flows back through it.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.poisson(ad.zeros(2))
    tensor([0., 0.])
    """
    x = as_value(input, "poisson")._array
    if x.dtype.kind != "f" or not np.all(x >= 0):
        raise AutodiffError("poisson takes rates: floating numbers that are at least 0")
    return made(np.asarray((generator or default_generator).rng.poisson(x)).astype(x.dtype), None, False)


def _written(x: Any, name: str, draw: Any, generator: Generator | None, kinds: str = "f") -> Any:
    """Write what ``draw(rng, shape)`` gives into a Tensor."""
    array = x._array
    if array.dtype.kind not in kinds:
        raise DtypeError(f"{name} writes numbers that a Tensor of dtype {array.dtype} cannot hold")
    drawn = np.asarray(draw((generator or default_generator).rng, array.shape))
    write_item(x, (Ellipsis,), (), wrap(drawn.astype(array.dtype)))
    return x


def random_(input: Tensor, from_: Any = None, to: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Write random integers: of all that the dtype holds, below `to`, or ``random_(from, to)``."""
    dtype = input._array.dtype
    if to is None or from_ is None:
        from_, to = 0, from_ if to is None else to
    if to is None:
        to = 2 ** (np.finfo(dtype).nmant + 1) + 1 if dtype.kind == "f" else 2 if dtype.kind == "b" else None
    last = int(np.iinfo(dtype).max) if to is None else to - 1
    if from_ > last:
        raise AutodiffError(f"random_: no integer is at least {from_} and below {last + 1}")
    return _written(input, "random_", lambda rng, s: rng.integers(from_, last, s, endpoint=True), generator, "fiub")


def exponential_(input: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Write random numbers of the exponential distribution with rate `lambd`."""
    if not lambd > 0:
        raise AutodiffError(f"exponential_: a rate must be above 0, and {lambd} is not")
    return _written(input, "exponential_", lambda rng, s: rng.standard_exponential(s) / lambd, generator)


def geometric_(input: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Write how many trials it took to succeed, with probability `p` each time."""
    if not 0 < p < 1:
        raise AutodiffError(f"geometric_: a probability must be between 0 and 1, and {p} is not")
    return _written(input, "geometric_", lambda rng, s: rng.geometric(p, s), generator, "fiu")


def cauchy_(input: Tensor, median: float = 0, sigma: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Write random numbers of the Cauchy distribution."""
    return _written(input, "cauchy_", lambda rng, s: median + sigma * rng.standard_cauchy(s), generator)


def log_normal_(input: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Tensor:
    """Write random numbers whose logarithms have the normal distribution with this mean and standard deviation."""
    if std <= 0:
        raise AutodiffError(f"log_normal_: a standard deviation must be above 0, and {std} is not")
    return _written(input, "log_normal_", lambda rng, s: rng.lognormal(mean, std, s), generator)


def _floating(dtype: Any, name: str) -> Any:
    """A floating dtype, the default one if None is given."""
    if dtype is None:
        return default_dtype()
    found = as_dtype(dtype)
    if found.kind != "f":
        raise DtypeError(f"{name} gives floating numbers, which {found} cannot hold; pass dtype=ad.float32")
    return found
