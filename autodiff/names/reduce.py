"""Reductions with PyTorch's names: sums, products, counts, softmax.

The dims may be given as PyTorch's ``dim`` and ``keepdim`` or as NumPy's ``axis`` and ``keepdims``.
"""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.names.arguments import Dims, DType, as_value, cast, keeping, one_dim, reduced
from autodiff.ops import fused, moments
from autodiff.ops import reduce as red
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "count_nonzero",
    "log_softmax",
    "logsumexp",
    "mean",
    "nanmean",
    "nansum",
    "prod",
    "softmax",
    "sum",
]
METHODS = __all__


def sum(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Sum over some dims, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        What to reduce over; by default, and for an empty sequence, everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.
    dtype : dtype, optional
        Convert to this first. By default integers and booleans add up to int64.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is 1 for every element. The sum of no elements is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x.sum()
    tensor(10.)
    >>> x.sum(dim=0)
    tensor([4., 6.])
    >>> x.sum(1, keepdim=True)
    tensor([[3.],
            [7.]])
    """
    if keepdims is not None:
        keepdim = keepdims
    x: Any = input
    if dim is None and axis is None and dtype is None and isinstance(x, Value) and x._array.dtype.kind == "f":
        return red.sum(x, axis=None, keepdims=keepdim)  # the common case, as fast as it can be
    x, over = reduced(x, "sum", dim, axis, dtype)
    out = red.sum(x, axis=over, keepdims=keeping(keepdim, None, "sum"))
    return out if dtype is None else cast(out, dtype)


def mean(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Arithmetic mean over some dims, or over all of them.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype, unless `dtype` gives one.
    dim : int or sequence of int, optional
        What to reduce over; by default, and for an empty sequence, everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        For integers or booleans.

    Notes
    -----
    The derivative is 1 / n for each of n elements. The mean of no elements is nan.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x.mean()
    tensor(2.5000)
    >>> x.mean(dim=0)
    tensor([2., 3.])
    """
    if keepdims is not None:
        keepdim = keepdims
    x: Any = input
    if dim is None and axis is None and dtype is None and isinstance(x, Value) and x._array.dtype.kind == "f":
        return red.mean(x, axis=None, keepdims=keepdim)  # the common case, as fast as it can be
    x, over = reduced(x, "mean", dim, axis, dtype)
    return red.mean(floating(x, "mean"), axis=over, keepdims=keeping(keepdim, None, "mean"))


def prod(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Product over one dim, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        What to reduce over (a sequence of dims works too); by default everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dim, with size 1. NumPy's `keepdims` is accepted too.
    dtype : dtype, optional
        Convert to this first. By default the product of integers or booleans is int64.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative for each element is the product of all the others, zeros among them or not.
    The product of no elements is 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.prod(ad.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
    tensor([ 2., 12.])
    """
    x, over = reduced(input, "prod", dim, axis, dtype)
    out = red.prod(x, axis=over, keepdims=keeping(keepdim, keepdims, "prod"))
    return out if dtype is None else cast(out, dtype)


def nansum(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Sum of what is not nan, over some dims or over all of them.

    The parameters are those of `sum`.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is 1, and 0 for a nan. The sum of nothing but nan is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.nansum(ad.tensor([1.0, float("nan"), 3.0]))
    tensor(4.)
    """
    x, over = reduced(input, "nansum", dim, axis, dtype)
    out = moments.nansum(x, axis=over, keepdims=keeping(keepdim, keepdims, "nansum"))
    return out if dtype is None else cast(out, dtype)


def nanmean(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Arithmetic mean of what is not nan, over some dims or over all of them.

    The parameters are those of `mean`.

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        For integers or booleans.

    Notes
    -----
    The derivative is 1 / n for each of n numbers, and 0 for a nan. The mean of nothing but nan is nan.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.nanmean(ad.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    x, over = reduced(input, "nanmean", dim, axis, dtype)
    keep = keeping(keepdim, keepdims, "nanmean")
    total = moments.nansum(floating(x, "nanmean"), axis=over, keepdims=keep)
    return total / moments.count_numbers(x, axis=over, keepdims=keep)


def count_nonzero(input: Tensor, dim: Dims = None, *, axis: Dims = None) -> Tensor:
    """How many elements are not 0, over some dims or over all of them; it has no derivative.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        What to count over; by default everything. NumPy's `axis` is accepted too.

    Returns
    -------
    Tensor of int64

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.count_nonzero(ad.tensor([[0, 1], [2, 3]]), dim=0)
    tensor([1, 2])
    """
    x, over = reduced(input, "count_nonzero", dim, axis)
    return red.count_nonzero(x, axis=over)


def logsumexp(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """log(sum(exp(input))) over some dims, without overflow.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int
        What to reduce over; must be given, here or as NumPy's `axis`.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is softmax(input). Of no elements, and where all of them are -inf, the result is -inf.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logsumexp(ad.tensor([[1000.0, 1000.0], [0.0, 0.0]]), dim=1)
    tensor([1.0007e+03, 6.9315e-01])
    """
    if dim is None and axis is None:
        raise DtypeError("logsumexp needs the dim to reduce over, for example dim=-1")
    x, over = reduced(input, "logsumexp", dim, axis)
    return red.logsumexp(x, axis=over, keepdims=keeping(keepdim, keepdims, "logsumexp"))


def softmax(input: Tensor, dim: int | None = None, dtype: DType = None, *, axis: int | None = None) -> Tensor:
    """exp(input) / sum(exp(input)) along one dim: positive numbers that add up to 1.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype, unless `dtype` gives one.
    dim : int
        Along which the results add up to 1; must be given, here or as `axis`.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Notes
    -----
    The cotangent is s (g - sum(g s)), where s is the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.softmax(ad.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([0.0900, 0.2447, 0.6652])
    """
    return _along(fused.softmax, "softmax", input, dim if axis is None else axis, dtype)


def log_softmax(input: Tensor, dim: int | None = None, dtype: DType = None, *, axis: int | None = None) -> Tensor:
    """Logarithm of `softmax`: input - logsumexp(input) along one dim.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype, unless `dtype` gives one.
    dim : int
        Along which the exponentials of the results add up to 1; must be given, here or as `axis`.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor
        Of the shape of `input`.

    Notes
    -----
    The cotangent is g - softmax(input) sum(g).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.log_softmax(ad.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([-2.4076, -1.4076, -0.4076])
    """
    return _along(fused.log_softmax, "log_softmax", input, dim if axis is None else axis, dtype)


def _along(op: Any, name: str, input: Any, dim: Any, dtype: Any) -> Any:
    """Apply `op` along one dim."""
    x = as_value(input, name)
    if dtype is not None:
        x = cast(x, dtype)
    if dim is None:
        raise DtypeError(f"{name} needs the dim along which the results add up to 1, for example dim=-1")
    shape = x._array.shape
    axis = one_dim(dim, shape, name)
    floating(x, name)
    return op(x, axis=axis) if shape else reshape(op(reshape(x, shape=(1,)), axis=0), shape=())


def floating(x: Any, name: str) -> Any:
    """`x`, which must be of a floating dtype."""
    if x._array.dtype.kind != "f":
        raise DtypeError(
            f"{name} needs floating numbers and got {x._array.dtype}; convert them first: x.float().{name}(...)"
        )
    return x
