"""Scans, differences and trapezoids along a dim, with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.errors import DtypeError, ShapeError
from autodiff.names import return_types
from autodiff.names.arguments import DType, Operand, as_value, cast, one_dim
from autodiff.names.joining import cat
from autodiff.names.reduce import floating
from autodiff.ops import reduce as red
from autodiff.ops import scans
from autodiff.ops.index import index
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "diff",
    "logcumsumexp",
    "trapezoid",
    "trapz",
]
METHODS = ["cummax", "cummin", "cumprod", "cumsum", "diff", "logcumsumexp"]
IN_PLACE = ("cumprod", "cumsum")


def _along(input: Any, name: str, dim: Any, axis: Any, dtype: Any = None) -> tuple[Any, int]:
    """The Tensor to scan, in `dtype`, and the dim, given as `dim` or as NumPy's `axis`."""
    x = as_value(input, name)
    if dtype is not None:
        x = cast(x, dtype)
    if dim is None:
        dim = axis
        if dim is None:
            raise DtypeError(f"{name} needs the dim to go along, for example dim=-1")
    return x, one_dim(dim, x._array.shape, name)


def cumsum(input: Tensor, dim: int | None = None, *, dtype: DType = None, axis: int | None = None) -> Tensor:
    """Sum of all elements up to each, along one dim.

    Parameters
    ----------
    input : Tensor
    dim : int
        Must be given, here or as NumPy's `axis`.
    dtype : dtype, optional
        Convert to this first. By default integers and booleans add up to int64.

    Returns
    -------
    Tensor of the shape of `input`

    Notes
    -----
    out_m = sum_{k <= m} x_k; the cotangent is summed from the other end.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cumsum(ad.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([1., 3., 6.])
    """
    x, over = _along(input, "cumsum", dim, axis, dtype)
    out = scans.cumsum(x, axis=over)
    return out if dtype is None else cast(out, dtype)


def cumprod(input: Tensor, dim: int | None = None, *, dtype: DType = None, axis: int | None = None) -> Tensor:
    """Product of all elements up to each, along one dim.

    Parameters
    ----------
    input : Tensor
    dim : int
        Must be given, here or as NumPy's `axis`.
    dtype : dtype, optional
        Convert to this first. By default products of integers and booleans are int64.

    Returns
    -------
    Tensor of the shape of `input`

    Notes
    -----
    d out_m / dx_k, for k <= m, is the product of all up to m without x_k, zeros among them or not.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cumprod(ad.tensor([1.0, 2.0, 3.0]), dim=0)
    tensor([1., 2., 6.])
    """
    x, over = _along(input, "cumprod", dim, axis, dtype)
    out = scans.cumprod(x, axis=over)
    return out if dtype is None else cast(out, dtype)


def cummax(input: Tensor, dim: int | None = None, *, axis: int | None = None) -> return_types.cummax:
    """Largest of all elements up to each, along one dim, and where it stands.

    Parameters
    ----------
    input : Tensor
    dim : int
        Must be given, here or as NumPy's `axis`.

    Returns
    -------
    (values, indices) : tuple of Tensor
        Both of the shape of `input`. Of equal elements, `indices` has the last.

    Notes
    -----
    The cotangent goes to the element at `indices`. A nan counts as the largest.

    Examples
    --------
    >>> import autodiff as ad
    >>> values, indices = ad.cummax(ad.tensor([1.0, 3.0, 2.0]), dim=0)
    >>> values, indices
    (tensor([1., 3., 3.]), tensor([0, 1, 1]))
    """
    return return_types.cummax(*_extreme(scans.cummax, "cummax", input, dim, axis))


def cummin(input: Tensor, dim: int | None = None, *, axis: int | None = None) -> return_types.cummin:
    """Smallest of all elements up to each, along one dim, and where it stands.

    Parameters
    ----------
    input : Tensor
    dim : int
        Must be given, here or as NumPy's `axis`.

    Returns
    -------
    (values, indices) : tuple of Tensor
        Both of the shape of `input`. Of equal elements, `indices` has the last.

    Notes
    -----
    The cotangent goes to the element at `indices`. A nan counts as the smallest.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cummin(ad.tensor([2.0, 3.0, 1.0]), dim=0).values
    tensor([2., 2., 1.])
    """
    return return_types.cummin(*_extreme(scans.cummin, "cummin", input, dim, axis))


def _extreme(op: Any, name: str, input: Any, dim: Any, axis: Any) -> Any:
    x, over = _along(input, name, dim, axis)
    if x._array.ndim:
        return op(x, axis=over)
    return [reshape(part, shape=()) for part in op(reshape(x, shape=(1,)), axis=0)]


def logcumsumexp(input: Tensor, dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """log(cumsum(exp(input))) along one dim, without overflow.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    dim : int
        Must be given, here or as NumPy's `axis`.

    Returns
    -------
    Tensor of the shape of `input`

    Notes
    -----
    d out_m / dx_k, for k <= m, is exp(x_k - out_m); it is 0 where all up to m are -inf.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logcumsumexp(ad.tensor([1000.0, 1000.0, 0.0]), dim=0)
    tensor([1000.0000, 1000.6932, 1000.6932])
    """
    x, over = _along(input, "logcumsumexp", dim, axis)
    return scans.logcumsumexp(floating(x, "logcumsumexp"), axis=over)


def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    axis: int | None = None,
) -> Tensor:
    """Differences of neighbours along one dim: out_k = x_{k+1} - x_k.

    Parameters
    ----------
    input : Tensor of one dim or more
    n : int, default=1
        How many times to take differences.
    dim : int, default=-1
        NumPy's `axis` is accepted too.
    prepend, append : Tensor, optional
        What to put before and after `input` along the dim first, with as many dims.

    Returns
    -------
    Tensor
        Shorter by `n` along the dim. Of booleans, whether neighbours differ.

    Notes
    -----
    The cotangent of x_k is g_{k-1} - g_k.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.diff(ad.tensor([1.0, 4.0, 9.0]))
    tensor([3., 5.])
    """
    x = as_value(input, "diff")
    shape = x._array.shape
    if not shape:
        raise ShapeError("diff takes differences along a dim, and a Tensor without dimensions has none")
    over = one_dim(dim if axis is None else axis, shape, "diff")
    if n < 0:
        raise ShapeError(f"diff: n says how many times to take differences, and cannot be {n}")
    parts = [as_value(part, "diff") for part in (prepend, x, append) if part is not None]
    if len(parts) > 1:
        for part in parts:
            if part._array.ndim != len(shape):
                raise ShapeError(
                    f"diff: prepend and append must have as many dims as the input; got shapes {part._array.shape} "
                    f"and {shape}"
                )
        x = cat(parts, over)
    return scans.diff(x, n=n, axis=over)


def trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Operand | None = None, dim: int = -1, axis: int | None = None
) -> Tensor:
    """Integral along one dim by the trapezoidal rule: the sum of (x_{k+1} - x_k) (y_k + y_{k+1}) / 2.

    Parameters
    ----------
    y : Tensor of one dim or more
        Values of the function.
    x : Tensor, optional
        Where they were taken: one number a value, or a Tensor that broadcasts against `y`.
    dx : number, default=1
        The distance between points, where there is no `x`.
    dim : int, default=-1
        NumPy's `axis` is accepted too.

    Returns
    -------
    Tensor
        Of the shape of `y` without the dim.

    Raises
    ------
    ShapeError
        If `x` has another number of points.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.trapezoid(ad.tensor([1.0, 2.0, 4.0]))
    tensor(4.5000)
    >>> ad.trapezoid(ad.tensor([1.0, 2.0, 4.0]), ad.tensor([0.0, 2.0, 3.0]))
    tensor(6.)
    """
    y, over, widths = _panels("trapezoid", y, x, dx, dim if axis is None else axis)
    lead = (slice(None),) * over
    if not y._array.shape[over]:
        return red.sum(y, axis=over) * 0.5
    if widths is None:
        ends = index(y, key=(*lead, 0)) + index(y, key=(*lead, -1))
        out = red.sum(y, axis=over) - ends * 0.5
        return out if dx is None else out * dx
    return red.sum(_pairs(y, lead) * widths, axis=over) * 0.5


def trapz(
    y: Tensor, x: Tensor | None = None, *, dx: Operand | None = None, dim: int = -1, axis: int | None = None
) -> Tensor:
    """Another name for `trapezoid`."""
    return trapezoid(y, x, dx=dx, dim=dim, axis=axis)


def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Operand | None = None, dim: int = -1, axis: int | None = None
) -> Tensor:
    """Integrals up to each point along one dim, by the trapezoidal rule: see `trapezoid` for the parameters.

    Returns
    -------
    Tensor
        One shorter than `y` along the dim.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cumulative_trapezoid(ad.tensor([1.0, 2.0, 4.0]))
    tensor([1.5000, 4.5000])
    """
    y, over, widths = _panels("cumulative_trapezoid", y, x, dx, dim if axis is None else axis)
    pairs = _pairs(y, (slice(None),) * over)
    if widths is None:
        return scans.cumsum(pairs * (0.5 if dx is None else dx * 0.5), axis=over)
    return scans.cumsum(pairs * widths, axis=over) * 0.5


def _pairs(y: Any, lead: tuple[slice, ...]) -> Any:
    """Sums of neighbours."""
    return index(y, key=(*lead, slice(None, -1))) + index(y, key=(*lead, slice(1, None)))


def _panels(name: str, y: Any, x: Any, dx: Any, dim: Any) -> tuple[Any, int, Any]:
    """The values, the dim to go along, and the widths between the points, if they are given."""
    y = as_value(y, name)
    shape = y._array.shape
    if not shape:
        raise ShapeError(f"{name} integrates along a dim, and a Tensor without dimensions has none")
    over = one_dim(dim, shape, name)
    if x is None:
        return y, over, None
    if dx is not None:
        raise DtypeError(f"{name}: give the points x or their distance dx, not both")
    x = as_value(x, name)
    points = x._array.shape
    if len(points) == 1:
        if points[0] != shape[over]:
            raise ShapeError(f"{name}: {shape[over]} values along dim {over}, and {points[0]} points")
        points = (*[1] * over, points[0], *[1] * (len(shape) - 1 - over))
    elif len(points) < len(shape):
        points = (*[1] * (len(shape) - len(points)), *points)
    if points != x._array.shape:
        x = reshape(x, shape=points)
    return y, over, scans.diff(x, axis=over)
