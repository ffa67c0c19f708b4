"""Largest and smallest elements with PyTorch's names, and where they stand."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.errors import DtypeError, ShapeError
from autodiff.graph import Value
from autodiff.names import return_types
from autodiff.names.arguments import Dims, Operand, as_value, keeping, one_dim, reduced
from autodiff.ops import elementwise as ew
from autodiff.ops import reduce as red

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "maximum", "min", "minimum"]
METHODS = __all__


def max(
    input: Tensor,
    dim: int | Operand | None = None,
    keepdim: bool = False,
    *,
    other: Operand | None = None,
    axis: int | None = None,
    keepdims: bool | None = None,
) -> Any:
    """Largest element of all; or along one dim, with its index; or elementwise, of two Tensors.

    Parameters
    ----------
    input : Tensor
    dim : int or Tensor, optional
        The dim to reduce over; or the Tensor to compare with (also as `other`), as in `maximum`. By default the
        largest of all elements is returned. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dim, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor or (values, indices)
        Both parts of the pair have names: ``x.max(dim=1).values``. Of equal elements, `indices` has the first.

    Raises
    ------
    ShapeError
        If there are no elements to choose from.

    Notes
    -----
    Without `dim`, equal largest elements share the cotangent equally; with it, the one at `indices` gets it. A nan
    counts as the largest.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 5.0], [4.0, 2.0]])
    >>> x.max()
    tensor(5.)
    >>> values, indices = x.max(dim=1)
    >>> values, indices
    (tensor([5., 4.]), tensor([1, 0]))
    """
    if isinstance(dim, Value) or other is not None:
        return ew.maximum(input, dim if other is None else other)
    return _extreme(
        (red.amax, red.max_with_indices, return_types.max),
        "max",
        input,
        dim,
        axis,
        keeping(keepdim, keepdims, "max"),
    )


def min(
    input: Tensor,
    dim: int | Operand | None = None,
    keepdim: bool = False,
    *,
    other: Operand | None = None,
    axis: int | None = None,
    keepdims: bool | None = None,
) -> Any:
    """Smallest element of all; or along one dim, with its index; or elementwise, of two Tensors.

    Parameters
    ----------
    input : Tensor
    dim : int or Tensor, optional
        The dim to reduce over; or the Tensor to compare with (also as `other`), as in `minimum`. By default the
        smallest of all elements is returned. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dim, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor or (values, indices)
        Both parts of the pair have names: ``x.min(dim=1).values``. Of equal elements, `indices` has the first.

    Raises
    ------
    ShapeError
        If there are no elements to choose from.

    Notes
    -----
    Without `dim`, equal smallest elements share the cotangent equally; with it, the one at `indices` gets it. A nan
    counts as the smallest.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 5.0], [4.0, 2.0]])
    >>> x.min()
    tensor(1.)
    >>> x.min(dim=1).indices
    tensor([0, 1])
    """
    if isinstance(dim, Value) or other is not None:
        return ew.minimum(input, dim if other is None else other)
    return _extreme(
        (red.amin, red.min_with_indices, return_types.min),
        "min",
        input,
        dim,
        axis,
        keeping(keepdim, keepdims, "min"),
    )


def _extreme(ops: tuple[Any, Any, Any], name: str, input: Any, dim: Any, axis: Any, keepdim: bool) -> Any:
    whole, along, pair = ops
    x = as_value(input, name)
    if dim is None and axis is None:
        _check_elements(x, name, None)
        return whole(x, axis=None, keepdims=keepdim)
    if dim is not None and axis is not None:
        raise DtypeError(f"{name}: dim and axis are two names for the same; give one of them")
    over = one_dim(axis if dim is None else dim, x._array.shape, name)
    _check_elements(x, name, over)
    return pair(*along(x, axis=over, keepdims=keepdim))


def amax(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, axis: Dims = None, keepdims: bool | None = None
) -> Tensor:
    """Largest element over some dims, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        What to reduce over; by default, and for an empty sequence, everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If there are no elements to choose from.

    Notes
    -----
    Equal largest elements share the cotangent equally.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.amax(ad.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=0)
    tensor([4., 5.])
    """
    x, over = reduced(input, "amax", dim, axis)
    _check_elements(x, "amax", over)
    over = tuple(range(x._array.ndim)) if over is None else over  # PyTorch knows no share for a nan here
    return red.amax(x, axis=over, keepdims=keeping(keepdim, keepdims, "amax"))


def amin(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, axis: Dims = None, keepdims: bool | None = None
) -> Tensor:
    """Smallest element over some dims, or over all of them.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        What to reduce over; by default, and for an empty sequence, everything. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If there are no elements to choose from.

    Notes
    -----
    Equal smallest elements share the cotangent equally.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.amin(ad.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=0)
    tensor([1., 2.])
    """
    x, over = reduced(input, "amin", dim, axis)
    _check_elements(x, "amin", over)
    over = tuple(range(x._array.ndim)) if over is None else over
    return red.amin(x, axis=over, keepdims=keeping(keepdim, keepdims, "amin"))


def aminmax(
    input: Tensor,
    *,
    dim: int | None = None,
    keepdim: bool = False,
    axis: int | None = None,
    keepdims: bool | None = None,
) -> return_types.aminmax:
    """Smallest and largest element, along one dim or of all.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        Along which to look; by default through all elements. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    (min, max) : tuple of Tensor

    Raises
    ------
    ShapeError
        If there are no elements to choose from.

    Notes
    -----
    Equal smallest and equal largest elements share their cotangents equally.

    Examples
    --------
    >>> import autodiff as ad
    >>> low, high = ad.aminmax(ad.tensor([3.0, 1.0, 2.0]))
    >>> low, high
    (tensor(1.), tensor(3.))
    """
    x, over = _one_axis(input, "aminmax", dim, axis)
    keep = keeping(keepdim, keepdims, "aminmax")
    over = tuple(range(x._array.ndim)) if over is None else over
    return return_types.aminmax(red.amin(x, axis=over, keepdims=keep), red.amax(x, axis=over, keepdims=keep))


def argmax(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    axis: int | None = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Index of the largest element along one dim, or among all elements in their order.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        Along which to look; by default through all elements. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dim, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor of int64
        Of equal elements, the first.

    Raises
    ------
    ShapeError
        If there are no elements to choose from.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.argmax(ad.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=1)
    tensor([1, 0])
    """
    x, over = _one_axis(input, "argmax", dim, axis)
    return red.argmax(x, axis=over, keepdims=keeping(keepdim, keepdims, "argmax"))


def argmin(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    axis: int | None = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Index of the smallest element along one dim, or among all elements in their order.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        Along which to look; by default through all elements. NumPy's `axis` is accepted too.
    keepdim : bool, default=False
        Keep the reduced dim, with size 1. NumPy's `keepdims` is accepted too.

    Returns
    -------
    Tensor of int64
        Of equal elements, the first.

    Raises
    ------
    ShapeError
        If there are no elements to choose from.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.argmin(ad.tensor([[1.0, 5.0], [4.0, 2.0]]), dim=1)
    tensor([0, 1])
    """
    x, over = _one_axis(input, "argmin", dim, axis)
    return red.argmin(x, axis=over, keepdims=keeping(keepdim, keepdims, "argmin"))


def maximum(input: Operand, other: Operand) -> Tensor:
    """The larger of two, elementwise with broadcasting; a nan wins.

    The cotangent goes to the larger one; a tie shares it equally.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.maximum(ad.tensor([1.0, 4.0]), ad.tensor([3.0, 2.0]))
    tensor([3., 4.])
    """
    return ew.maximum(input, other)


def minimum(input: Operand, other: Operand) -> Tensor:
    """The smaller of two, elementwise with broadcasting; a nan wins.

    The cotangent goes to the smaller one; a tie shares it equally.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.minimum(ad.tensor([1.0, 4.0]), ad.tensor([3.0, 2.0]))
    tensor([1., 2.])
    """
    return ew.minimum(input, other)


def _one_axis(input: Any, name: str, dim: Any, axis: Any) -> tuple[Any, Any]:
    """The Tensor to search and the one dim to search along, if any."""
    if dim is not None or axis is not None:
        x = as_value(input, name)
        dim = one_dim(axis if dim is None else dim, x._array.shape, name)
    x, over = reduced(input, name, dim, None)
    _check_elements(x, name, over)
    return x, over


def _check_elements(x: Any, name: str, over: Any) -> None:
    """Raise where there is nothing to choose from."""
    array = x._array
    if array.size:
        return
    dims = range(array.ndim) if over is None else over if isinstance(over, tuple) else (over,)
    if 0 in [array.shape[d] for d in dims]:
        raise ShapeError(f"{name} has nothing to choose from in a Tensor of shape {array.shape}")
