"""Writing and adding along one dim, by an index for each number or for each slice, with PyTorch's names.

Each returns a new Tensor; the methods with an underscore do the same in the memory of their Tensor.
"""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import RANK
from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.graph import Value
from autodiff.names.arguments import Operand, as_value, cast, one_dim
from autodiff.names.index import check_range, fill_value, indices_of
from autodiff.names.shape import expanded
from autodiff.ops import elementwise as ew
from autodiff.ops import index as ix
from autodiff.ops import scatter as sc
from autodiff.ops.rounding import floor_divide
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "index_add",
    "index_copy",
    "index_fill",
    "index_reduce",
    "scatter",
    "scatter_add",
    "scatter_reduce",
]
METHODS = __all__
IN_PLACE = __all__

_ALL = slice(None)
_REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


# ---------------------------------------------------------------------- an index for each number


def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Operand | None = None,
    *,
    value: float | None = None,
    reduce: str | None = None,
) -> Tensor:
    """Write along one dim, each number to its own index: out[index[i][j]][j] = src[i][j] for dim 0.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which the index counts.
    index : Tensor of integers
        Of as many dims as `input`; no larger than `src`, nor, beside `dim`, than `input`.
    src : Tensor or number
        What is written; a number may also be given as `value`.
    reduce : {"add", "multiply"}, optional
        Add to, or multiply with, what is there.

    Returns
    -------
    Tensor
        Of the shape and dtype of `input`.

    Raises
    ------
    ShapeError
        If the shapes do not allow that.
    IndexingError
        If an index is negative or too large.

    Notes
    -----
    What was overwritten gets no cotangent. Of a position written twice the last write counts, and gets the cotangent
    alone (PyTorch gives it to all, which its documentation calls incorrect).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.scatter(ad.zeros(2, 3), 1, ad.tensor([[2], [0]]), 1.0)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    given: Any = src if value is None else value
    if given is None or (src is not None and value is not None):
        raise AutodiffError("scatter takes what it writes as src=, a Tensor, or as value=, a number: one of them")
    if reduce not in (None, "add", "multiply"):
        raise AutodiffError(f"scatter: reduce must be 'add' or 'multiply', not {reduce!r}; see scatter_reduce for more")
    if isinstance(given, (int, float)) or (isinstance(given, Value) and not given._array.ndim):
        x = as_value(input, "scatter")
        given = fill_value(given, x, "scatter")
        if reduce is None and x._array.ndim:
            x, d, places, _ = _aligned("scatter", x, dim, index, None)
            return sc.scatter(x, given, places, axis=d)
        shape = as_value(index, "scatter")._array.shape
        given = expanded(as_value(given, "scatter"), shape, "scatter")
    op = {None: sc.scatter, "add": sc.scatter_add, "multiply": sc.scatter_prod}[reduce]
    return _along(op, "scatter", input, dim, index, given)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Add along one dim, each number at its own index: out[index[i][j]][j] += src[i][j] for dim 0.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which the index counts.
    index : Tensor of integers
        Of as many dims as `input`; no larger than `src`, nor, beside `dim`, than `input`.
    src : Tensor
        What is added; numbers for the same position add up.

    Returns
    -------
    Tensor

    Notes
    -----
    The cotangent of `src` is the cotangent at the index.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.scatter_add(ad.zeros(3), 0, ad.tensor([0, 2, 2]), ad.tensor([1.0, 2.0, 3.0]))
    tensor([1., 0., 5.])
    """
    return _along(sc.scatter_add, "scatter_add", input, dim, index, src)


def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Bring numbers together along one dim, each at its own index, by sum, product, mean or extreme.

    Parameters
    ----------
    input : Tensor
    dim : int
        Along which the index counts.
    index : Tensor of integers
        Of as many dims as `input`; no larger than `src`, nor, beside `dim`, than `input`.
    src : Tensor
    reduce : {"sum", "prod", "mean", "amax", "amin"}
        What is made of the numbers for one position.
    include_self : bool, default=True
        Whether what is in `input` counts as one of the numbers. Where nothing is brought, it stays in any case.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative of a product is the product of all others, zeros among them or not. Equal extremes share the
    cotangent equally.

    Examples
    --------
    >>> import autodiff as ad
    >>> index, src = ad.tensor([0, 2, 2]), ad.tensor([1.0, 2.0, 4.0])
    >>> ad.scatter_reduce(ad.ones(3), 0, index, src, "prod")
    tensor([1., 1., 8.])
    >>> ad.scatter_reduce(ad.ones(3), 0, index, src, "mean", include_self=False)
    tensor([1., 1., 3.])
    """
    return _reduced("scatter_reduce", input, dim, index, src, reduce, include_self)


def _along(op: Any, name: str, input: Any, dim: Any, index: Any, src: Any) -> Any:
    x, d, places, src = _aligned(name, as_value(input, name), dim, index, src)
    return _shaped(op(x, src, places, axis=d), input)


def _aligned(name: str, x: Any, dim: Any, index: Any, src: Any) -> tuple[Any, int, Any, Any]:
    """The operands of a scattering, checked; `src` in the dtype of x and cut to the size of the index."""
    places = indices_of(index, name)
    shape, wanted = x._array.shape, places._array.shape
    d = one_dim(dim, shape, name)
    if src is not None:
        src = converted(src, x, name)
    if not shape:
        x, shape = reshape(x, shape=(1,)), (1,)
        if not wanted:
            places, wanted = reshape(places, shape=(1,)), (1,)
        if src is not None and not src._array.shape:
            src = reshape(src, shape=(1,))
    if len(wanted) != len(shape) or any(w > n for i, (w, n) in enumerate(zip(wanted, shape)) if i != d):
        raise ShapeError(
            f"{name}: an index of shape {wanted} does not fit an input of shape {shape}; it needs as many dims, and "
            f"beside dim {d} no larger sizes"
        )
    if src is not None and src._array.shape != wanted:
        have = src._array.shape
        if len(have) != len(wanted) or any(w > n for w, n in zip(wanted, have)):
            raise ShapeError(f"{name}: an index of shape {wanted} asks for more than a src of shape {have} has")
        src = ix.index(src, key=tuple([slice(w) for w in wanted]))
    return x, d, places, src


def _shaped(out: Any, input: Any) -> Any:
    """The result in the shape of the input, which may have had no dims."""
    return out if not isinstance(input, Value) or input._array.ndim else reshape(out, shape=())


def _reduced(name: str, input: Any, dim: Any, index: Any, src: Any, reduce: str, include_self: bool) -> Any:
    if reduce not in _REDUCTIONS:
        raise AutodiffError(f"{name}: reduce must be one of {', '.join(_REDUCTIONS)}, not {reduce!r}")
    x, d, places, src = _aligned(name, as_value(input, name), dim, index, src)
    dtype = x._array.dtype
    start = x
    if not include_self:
        start = sc.scatter(x, _neutral(reduce, dtype), places, axis=d)
    op = {"prod": sc.scatter_prod, "amax": sc.scatter_max, "amin": sc.scatter_min}.get(reduce, sc.scatter_add)
    out = op(start, src, places, axis=d)
    if reduce == "mean":
        count = ew.ones_like(x)
        if not include_self:
            count = sc.scatter(count, 0, places, axis=d)
        count = sc.scatter_add(count, ew.ones_like(src), places, axis=d)
        if not include_self:
            count = ew.clip(count, 1, None)
        out = (ew.divide if dtype.kind == "f" else floor_divide)(out, count)
    return _shaped(out, input)


def _neutral(reduce: str, dtype: Any) -> Any:
    """What changes no result."""
    if reduce in ("amax", "amin"):
        low = reduce == "amax"
        if dtype.kind == "f":
            return -np.inf if low else np.inf
        return not low if dtype.kind == "b" else int(np.iinfo(dtype).min if low else np.iinfo(dtype).max)
    return 1 if reduce == "prod" else 0


# ---------------------------------------------------------------------- an index for each slice


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """Add alpha * source, slice by slice along one dim, to the slices at an index.

    Parameters
    ----------
    input : Tensor
    dim : int
    index : Tensor of integers
        Of one dim, as long as `source` is along `dim`.
    source : Tensor
        Of the shape of `input` beside `dim`; slices for the same index add up.
    alpha : number, default=1

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    IndexingError
        If an index is negative or too large.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.index_add(ad.zeros(3), 0, ad.tensor([0, 2, 2]), ad.tensor([1.0, 2.0, 3.0]), alpha=10)
    tensor([10.,  0., 50.])
    """
    x, d, places, source = _sliced("index_add", input, dim, index, source)
    if alpha != 1:
        source = cast(ew.multiply(source, alpha), x._array.dtype)
    return _shaped(ix.index_add(x, source, places, key=(_ALL,) * d + (ix.ARRAY,)), input)


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Write the slices of `source` along one dim to an index; of an index given twice the last slice counts.

    The arguments are those of `index_add`. The derivative is 1 for each slice that lasts.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.index_copy(ad.zeros(3), 0, ad.tensor([2, 0]), ad.tensor([1.0, 2.0]))
    tensor([2., 0., 1.])
    """
    x, d, places, source = _sliced("index_copy", input, dim, index, source)
    return _shaped(ix.index_put(x, source, places, key=(_ALL,) * d + (ix.ARRAY,)), input)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Operand) -> Tensor:
    """Write one value, a number or a Tensor without dims, to the slices at an index along one dim.

    The derivative is 0 for the slices written, else 1; that of the value adds up.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.index_fill(ad.zeros(2, 3), 1, ad.tensor([0, 2]), 5)
    tensor([[5., 0., 5.],
            [5., 0., 5.]])
    """
    x, places = as_value(input, "index_fill"), _vector(index, "index_fill")
    d = one_dim(dim, x._array.shape, "index_fill")
    wide = x if x._array.ndim else reshape(x, shape=(1,))
    out = ix.index_put(wide, fill_value(value, x, "index_fill"), places, key=(_ALL,) * d + (ix.ARRAY,))
    return _shaped(out, x)


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """Bring slices together along one dim at an index, by product, mean or extreme.

    As `scatter_reduce`, with one index for each slice of `source` along `dim`; `reduce` is "prod", "mean", "amax" or
    "amin".

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.index_reduce(ad.ones(3), 0, ad.tensor([0, 2, 2]), ad.tensor([5.0, 2.0, 3.0]), "prod")
    tensor([5., 1., 6.])
    """
    if reduce == "sum":
        raise AutodiffError("index_reduce: reduce must be one of prod, mean, amax, amin, not 'sum'; use index_add")
    x, d, places, source = _sliced("index_reduce", input, dim, index, source)
    shape = source._array.shape
    places = expanded(reshape(places, shape=(-1,) + (1,) * (len(shape) - 1 - d)), shape, "index_reduce")
    return _shaped(_reduced("index_reduce", x, d, places, source, reduce, include_self), input)


def _sliced(name: str, input: Any, dim: Any, index: Any, source: Any) -> tuple[Any, int, Any, Any]:
    x, places = as_value(input, name), _vector(index, name)
    source = converted(source, x, name)
    d = one_dim(dim, x._array.shape, name)
    if not x._array.ndim:
        x, source = reshape(x, shape=(1,)), reshape(source, shape=(-1,))
    shape, n = x._array.shape, len(places._array)
    places = check_range(places, shape[d], name, d)
    wanted = (*shape[:d], n, *shape[d + 1 :])
    if source._array.shape != wanted:
        raise ShapeError(
            f"{name}: {n} slices for dim {d} of an input of shape {shape} have the shape {wanted}, and source has "
            f"{source._array.shape}"
        )
    return x, d, places, source


def _vector(index: Any, name: str) -> Any:
    places = indices_of(index, name)
    if places._array.ndim > 1:
        raise ShapeError(f"{name}: the index must have one dim, not the shape {places._array.shape}")
    return places if places._array.ndim else reshape(places, shape=(1,))


def converted(src: Any, x: Any, name: str) -> Any:
    """`src` as a Tensor in the dtype of x, where no fraction is lost by that."""
    src = as_value(src, name)
    if RANK[src._array.dtype.kind] > RANK[x._array.dtype.kind]:
        raise DtypeError(
            f"{name}: numbers of {src._array.dtype} cannot be written into a Tensor of {x._array.dtype}; "
            "convert one of them, for example with .float()"
        )
    return cast(src, x._array.dtype)
