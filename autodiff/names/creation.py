"""New Tensors with PyTorch's names: constants, ranges, and the likes of other Tensors."""

# mypy: disable-error-code=no-any-return
# (what `wrap` returns is a Tensor, which its signature cannot say)

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.devices import as_device
from autodiff.dtypes import as_dtype, default_dtype, int64, scalar_dtype
from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.graph import Value, current_recorder, wrap
from autodiff.names.arguments import DType, as_value, integer, sizes
from autodiff.operands import leaving

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "tril_indices",
    "triu_indices",
    "zeros",
    "zeros_like",
]
METHODS: list[str] = []


def made(array: Any, device: Any, requires_grad: bool) -> Any:
    """A Tensor of a fresh array."""
    if device is not None:
        as_device(device)
    out = wrap(array)
    if (recorder := current_recorder()) is not None:
        recorder.holds(array)
    return out.requires_grad_() if requires_grad else out


def wanted_shape(size: tuple[Any, ...], keyword: Any, name: str) -> tuple[int, ...]:
    """The shape of a new Tensor, given as ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``."""
    shape = sizes((keyword,) if keyword is not None else size, name)
    if min(shape, default=0) < 0:
        raise ShapeError(f"{name}: a size cannot be negative, and one of {shape} is")
    return shape


def zeros(*size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False, **named: Any) -> Tensor:
    """Make a Tensor of zeros.

    Parameters
    ----------
    *size : int, or one sequence of int
        The shape; also ``size=``.
    dtype : dtype, optional
        By default the default dtype, float32.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return made(np.zeros(sized(size, named, "zeros"), _dtype(dtype)), device, requires_grad)


def ones(*size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False, **named: Any) -> Tensor:
    """Make a Tensor of ones; the parameters are those of `zeros`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.ones((2, 2), dtype=ad.int64)
    tensor([[1, 1],
            [1, 1]])
    """
    return made(np.ones(sized(size, named, "ones"), _dtype(dtype)), device, requires_grad)


def empty(*size: Any, dtype: DType = None, device: Any = None, requires_grad: bool = False, **named: Any) -> Tensor:
    """Make a Tensor without writing its elements: they are whatever the memory holds. Parameters as `zeros`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.empty(2, 3).shape
    Size([2, 3])
    """
    return made(np.empty(sized(size, named, "empty"), _dtype(dtype)), device, requires_grad)


def full(
    size: Sequence[int], fill_value: Any, *, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a Tensor whose elements are all `fill_value`.

    Parameters
    ----------
    size : sequence of int
    fill_value : number
    dtype : dtype, optional
        By default that of the number: the default dtype for a float, int64 for an integer, bool for a boolean.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.full((2,), 1.5)
    tensor([1.5000, 1.5000])
    """
    value = leaving(as_value(fill_value, "full"), "ad.full of a Tensor")._array
    if value.ndim:
        raise ShapeError(f"full repeats one value, not a Tensor of shape {value.shape}; use broadcast_to")
    if dtype is None:
        dtype = value.dtype if isinstance(fill_value, Value) else scalar_dtype(value.item())
    # A number as it was given: `value` holds it in the default dtype, and may have rounded it.
    number = fill_value if isinstance(fill_value, (int, float)) else value.item()
    shape, wanted = wanted_shape((size,), None, "full"), as_dtype(dtype)
    try:
        if wanted.kind in "iu" and not math.isfinite(number):
            raise OverflowError
        if wanted.kind == "u" and -np.iinfo(wanted).max <= number < 0:  # as in PyTorch, -1 is the largest number
            number = int(number) + np.iinfo(wanted).max + 1
        filled = np.empty(shape, wanted)
        filled[...] = number  # np.full wraps what does not fit, before NumPy 2.1
        return made(filled, device, requires_grad)
    except OverflowError:
        raise DtypeError(f"full: a Tensor of dtype {wanted} cannot hold {number}") from None


def zeros_like(
    input: Tensor, *, dtype: DType = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """Zeros of the shape and dtype of another Tensor.

    Parameters
    ----------
    input : Tensor
    dtype : dtype, optional
        By default that of `input`.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False
    memory_format : optional
        Has no effect.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.zeros_like(ad.tensor([1, 2]))
    tensor([0, 0])
    """
    x = as_value(input, "zeros_like")._array
    return made(np.zeros(x.shape, x.dtype if dtype is None else as_dtype(dtype)), device, requires_grad)


def ones_like(
    input: Tensor, *, dtype: DType = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """Ones of the shape and dtype of another Tensor; the parameters are those of `zeros_like`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.ones_like(ad.tensor([1, 2]), dtype=ad.float32)
    tensor([1., 1.])
    """
    x = as_value(input, "ones_like")._array
    return made(np.ones(x.shape, x.dtype if dtype is None else as_dtype(dtype)), device, requires_grad)


def empty_like(
    input: Tensor, *, dtype: DType = None, device: Any = None, requires_grad: bool = False, memory_format: Any = None
) -> Tensor:
    """Make a Tensor of the shape and dtype of another one, without writing its elements. Parameters as `zeros_like`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.empty_like(ad.zeros(2, 3)).shape
    Size([2, 3])
    """
    x = as_value(input, "empty_like")._array
    return made(np.empty(x.shape, x.dtype if dtype is None else as_dtype(dtype)), device, requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Make a Tensor of the shape and dtype of another one, whose elements are all `fill_value`.

    Parameters
    ----------
    input : Tensor
    fill_value : number
    dtype : dtype, optional
        By default that of `input`.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False
    memory_format : optional
        Has no effect.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.full_like(ad.zeros(2), 7)
    tensor([7., 7.])
    """
    x = as_value(input, "full_like")._array
    dtype = x.dtype if dtype is None else dtype
    return full(x.shape, fill_value, dtype=dtype, device=device, requires_grad=requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Make a matrix with ones on the diagonal and zeros elsewhere.

    Parameters
    ----------
    n : int
        Number of rows.
    m : int, optional
        Number of columns; by default `n`.
    dtype : dtype, optional
        By default the default dtype, float32.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    rows, columns = wanted_shape((n, n if m is None else m), None, "eye")
    return made(np.eye(rows, columns, dtype=_dtype(dtype)), device, requires_grad)


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers from `start` up to, and without, `end`: ``arange(end)``, ``arange(start, end)``, or with a step.

    Parameters
    ----------
    start : number, default=0
    end : number
    step : number, default=1
    dtype : dtype, optional
        By default int64 if all three are integers, else the default dtype.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Raises
    ------
    AutodiffError
        If the step is 0 or leads away from `end`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.arange(5)
    tensor([0, 1, 2, 3, 4])
    >>> ad.arange(1, 2, 0.25)
    tensor([1.0000, 1.2500, 1.5000, 1.7500])
    """
    if end is None:
        start, end = 0, start
    first, last, by = (leaving(as_value(v, "arange"), "ad.arange")._array.item() for v in (start, end, step))
    if dtype is not None and as_dtype(dtype).kind in "iu":  # as in PyTorch, the bounds are converted, not the numbers
        first, last, by = int(first), int(last), int(by)
    if by == 0 or (last - first) * by < 0:
        raise AutodiffError(f"arange: a step of {by} does not lead from {first} to {last}")
    if dtype is None:
        dtype = default_dtype() if any(isinstance(v, float) for v in (first, last, by)) else int64
    try:  # in float64, and counted by multiplying, so that the numbers do not drift
        numbers = np.arange(first, last, by)
    except (ValueError, MemoryError):
        raise AutodiffError(f"arange: from {first} to {last} by {by} is no number of steps that memory holds") from None
    return made(numbers.astype(as_dtype(dtype), copy=False), device, requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, dtype: DType = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Evenly spaced numbers from `start` to `end`, both included.

    Parameters
    ----------
    start, end : number
    steps : int
        How many.
    dtype : dtype, optional
        By default the default dtype, float32.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    first, last = (leaving(as_value(v, "linspace"), "ad.linspace")._array.item() for v in (start, end))
    (count,) = wanted_shape((integer(steps, "linspace: steps"),), None, "linspace")
    return made(np.linspace(first, last, count).astype(_dtype(dtype)), device, requires_grad)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: DType = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Numbers whose logarithms are evenly spaced: from ``base**start`` to ``base**end``, both included.

    Parameters
    ----------
    start, end : number
    steps : int
        How many.
    base : float, default=10
    dtype : dtype, optional
        By default the default dtype, float32.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    first, last = (leaving(as_value(v, "logspace"), "ad.logspace")._array.item() for v in (start, end))
    (count,) = wanted_shape((integer(steps, "logspace: steps"),), None, "logspace")
    powers = np.power(float(base), np.linspace(first, last, count))
    return made(powers.astype(_dtype(dtype)), device, requires_grad)


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: DType = None, device: Any = None) -> Tensor:
    """Positions of the lower triangle of a matrix, row by row.

    Parameters
    ----------
    row, col : int
        The shape of the matrix.
    offset : int, default=0
        The last diagonal that is taken in: 0 is the main one, 1 the one above it.
    dtype : dtype, optional
        By default int64.
    device : "cpu", optional
        There is only one.

    Returns
    -------
    Tensor of shape (2, n)
        The row of each, and its column.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    rows, columns = wanted_shape((row, col), None, "tril_indices")
    return _positions(np.tri(rows, columns, integer(offset, "tril_indices: offset"), np.bool_), dtype, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: DType = None, device: Any = None) -> Tensor:
    """Positions of the upper triangle of a matrix, row by row; parameters as `tril_indices`, of the first diagonal.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    rows, columns = wanted_shape((row, col), None, "triu_indices")
    below: Any = np.tri(rows, columns, integer(offset, "triu_indices: offset") - 1, np.bool_)
    return _positions(~below, dtype, device)


def _positions(chosen: Any, dtype: Any, device: Any) -> Any:
    return made(np.array(chosen.nonzero(), int64 if dtype is None else as_dtype(dtype)), device, False)


def _dtype(dtype: Any) -> Any:
    return default_dtype() if dtype is None else as_dtype(dtype)


def sized(size: tuple[Any, ...], named: dict[str, Any], name: str) -> tuple[int, ...]:
    """The shape, which PyTorch also lets users give as `size`; other words are refused, as Python does."""
    keyword = named.pop("size", None)
    if named:
        raise DtypeError(f"{name}() got an unexpected keyword argument {next(iter(named))!r}")
    return wanted_shape(size, keyword, name)


def check_held(least: int, last: int, dtype: Any, name: str) -> None:
    """Raise unless a dtype can hold all integers from `least` to `last`."""
    if dtype is not None and as_dtype(dtype).kind in "iu":
        held = np.iinfo(as_dtype(dtype))
        if least < held.min or last > held.max:
            raise DtypeError(f"{name}: {held.dtype} cannot hold all integers from {least} to {last}")
