"""Spread, norms and covariances, with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.dtypes import as_dtype, default_dtype
from autodiff.errors import DtypeError, ShapeError
from autodiff.graph import wrap
from autodiff.names.arguments import Dims, DType, as_value, cast, keeping, one_dim, reduced
from autodiff.names.reduce import floating
from autodiff.ops import elementwise as ew
from autodiff.ops import moments as mom
from autodiff.ops import reduce as red
from autodiff.ops.linalg import matmul, swap_last
from autodiff.ops.shape import reshape

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["corrcoef", "cov", "dist", "norm", "renorm", "std", "std_mean", "var", "var_mean"]
METHODS = ["corrcoef", "cov", "dist", "norm", "renorm", "std", "var"]
IN_PLACE = ("renorm",)


def var(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Variance over some dims, or over all of them: the squared deviations from the mean, over n - correction.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    dim : int or sequence of int, optional
        What to reduce over; by default everything. NumPy's `axis` is accepted too.
    unbiased : bool, optional
        PyTorch's older spelling: True is ``correction=1``, False is ``correction=0``.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1. NumPy's `keepdims` is accepted too.
    correction : number, default=1
        What is taken from the number of elements: 1 estimates the variance that a sample comes from.

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        For integers or booleans.

    Notes
    -----
    The derivative is 2 (x - mean) / (n - correction). Where n <= correction the result is nan or inf.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([1.0, 2.0, 3.0, 4.0])
    >>> ad.var(x)
    tensor(1.6667)
    >>> ad.var(x, correction=0)
    tensor(1.2500)
    """
    x, static = _spread("var", input, dim, unbiased, keepdim, correction, axis, keepdims)
    return mom.var(x, **static)


def std(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> Tensor:
    """Standard deviation over some dims, or over all of them: the square root of `var`, with its parameters.

    Returns
    -------
    Tensor

    Raises
    ------
    DtypeError
        For integers or booleans.

    Notes
    -----
    The derivative is (x - mean) / ((n - correction) std), and 0 where all elements are equal.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.std(ad.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor(1.2910)
    """
    x, static = _spread("std", input, dim, unbiased, keepdim, correction, axis, keepdims)
    return mom.std(x, **static)


def var_mean(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Variance and mean over some dims, or over all of them: the pair of `var`, with its parameters, and `mean`.

    Returns
    -------
    (var, mean) : tuple of Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.var_mean(ad.tensor([1.0, 2.0, 3.0, 4.0]), correction=0)
    (tensor(1.2500), tensor(2.5000))
    """
    x, static = _spread("var_mean", input, dim, unbiased, keepdim, correction, axis, keepdims)
    return mom.var(x, **static), red.mean(x, axis=static["axis"], keepdims=static["keepdims"])


def std_mean(
    input: Tensor,
    dim: Dims = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    axis: Dims = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Standard deviation and mean over some dims, or over all of them: the pair of `std` and `mean`.

    The parameters are those of `var`.

    Returns
    -------
    (std, mean) : tuple of Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.std_mean(ad.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    x, static = _spread("std_mean", input, dim, unbiased, keepdim, correction, axis, keepdims)
    return mom.std(x, **static), red.mean(x, axis=static["axis"], keepdims=static["keepdims"])


def _spread(
    name: str, input: Any, dim: Any, unbiased: Any, keepdim: bool, correction: Any, axis: Any, keepdims: Any
) -> tuple[Any, dict[str, Any]]:
    """The Tensor and the static parameters, in either spelling."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    x, over = reduced(input, name, dim, axis)
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    elif unbiased is not None:
        raise DtypeError(f"{name}: give correction= or unbiased=, not both")
    keep = keeping(keepdim, keepdims, name)
    return floating(x, name), {"axis": over, "correction": correction, "keepdims": keep}


def vector_norm(x: Tensor, ord: float = 2, dim: Dims = None, keepdim: bool = False, *, dtype: DType = None) -> Tensor:
    """Norm of vectors: (sum |x|^ord)^(1/ord) over some dims, or over all of them.

    Parameters
    ----------
    x : Tensor
        Of a floating dtype.
    ord : number, default=2
        The power. inf gives the largest |x|, -inf the smallest, 0 how many elements are not 0.
    dim : int or sequence of int, optional
        What to reduce over; by default everything.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1.
    dtype : dtype, optional
        Convert to this, which must not be narrower, first.

    Returns
    -------
    Tensor

    Raises
    ------
    ShapeError
        If there are no elements to take the largest or smallest of.

    Notes
    -----
    The derivative is sign(x) (|x| / norm)^(ord - 1): x / norm for ``ord=2``. At norm 0 it is 0, and so are all others;
    for inf and -inf, equal extremes share it equally.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.linalg.vector_norm(ad.tensor([3.0, -4.0]))
    tensor(5.)
    >>> ad.linalg.vector_norm(ad.tensor([3.0, -4.0]), float("inf"))
    tensor(4.)
    """
    return _norm("vector_norm", x, ord, dim, keepdim, dtype)


def _norm(name: str, input: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    if type(ord) is not int and type(ord) is not float:
        try:
            ord = float(ord)
        except (TypeError, ValueError):
            raise DtypeError(f"{name}: the power of a norm is a number, not {ord!r}") from None
    x = floating(as_value(input, name), name)
    if dtype is not None and as_dtype(dtype).itemsize < x._array.dtype.itemsize:
        raise DtypeError(f"{name}: dtype={as_dtype(dtype)} would lose digits of a Tensor of {x._array.dtype}")
    x, over = reduced(x, name, dim, None, dtype)
    shape = x._array.shape
    if (ord < 0 or ord == float("inf")) and not red.count(shape, over):
        raise ShapeError(f"{name} of power {ord} has nothing to choose from in a Tensor of shape {shape}")
    return mom.vector_norm(x, ord=ord, axis=over, keepdims=keepdim)


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    dtype: DType = None,
) -> Tensor:
    """Norm of the elements over some dims, or over all of them.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    p : number, "fro" or "nuc", default="fro"
        A number is the power of `linalg.vector_norm`, whatever the dims; "fro" is 2; "nuc" is the sum of the singular
        values of matrices.
    dim : int or sequence of int, optional
        What to reduce over; by default everything.
    keepdim : bool, default=False
        Keep the reduced dims, with size 1.
    dtype : dtype, optional
        Convert to this first.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is given in `linalg.vector_norm`; at norm 0 it is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    >>> x.norm(dim=1)
    tensor([5., 0.], grad_fn=<VectorNormBackward>)
    """
    if p == "nuc":
        dims: Any = (-2, -1) if dim is None else dim
        from autodiff.names.matrices import matrix_norm  # with decompositions, which few programs need

        return matrix_norm(input, "nuc", dims, keepdim, dtype=dtype)
    return _norm("norm", input, 2 if p is None or p == "fro" else p, dim, keepdim, dtype)


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """Norm of the difference of two Tensors, which broadcast, over all elements.

    Parameters
    ----------
    input, other : Tensor
    p : number, default=2
        The power, as in `linalg.vector_norm`.

    Returns
    -------
    Tensor of shape ()

    Notes
    -----
    The derivative is that of the norm; it is 0 where the distance is 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.dist(ad.tensor([1.0, 2.0]), ad.tensor([4.0, 6.0]))
    tensor(5.)
    """
    return _norm("dist", ew.subtract(input, other), p, None, False, None)


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Scale down each slice along a dim whose norm is larger than a bound, so that it becomes the bound.

    Parameters
    ----------
    input : Tensor of two dims or more
    p : number
        The power of the norm, which must be positive.
    dim : int
        The dim whose slices are measured, each over all other dims.
    maxnorm : number
        The bound.

    Returns
    -------
    Tensor of the shape of `input`

    Raises
    ------
    ShapeError
        For fewer than two dims.

    Notes
    -----
    Slices of norm n > maxnorm are multiplied by maxnorm / (n + 1e-7), with PyTorch's guard against 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.renorm(ad.tensor([[3.0, 4.0], [0.3, 0.4]]), p=2, dim=0, maxnorm=1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    x = floating(as_value(input, "renorm"), "renorm")
    shape = x._array.shape
    if len(shape) < 2:
        raise ShapeError(f"renorm measures slices, and needs two dims or more; got a Tensor of shape {shape}")
    if p <= 0 or maxnorm < 0:
        raise ShapeError(f"renorm needs a positive power and a bound of 0 or more; got p={p} and maxnorm={maxnorm}")
    d = one_dim(dim, shape, "renorm")
    size = mom.vector_norm(x, ord=p, axis=tuple([i for i in range(len(shape)) if i != d]), keepdims=True)
    return x * ew.where(size > maxnorm, maxnorm / (size + 1e-7), 1.0)


def cov(
    input: Tensor,
    *,
    correction: float = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """Covariances of variables, which are the rows of a matrix and were observed once a column.

    Parameters
    ----------
    input : Tensor of shape (variables, observations), or (observations,)
    correction : number, default=1
        What is taken from the number of observations.
    fweights : Tensor of int of shape (observations,), optional
        How many times each observation was made.
    aweights : Tensor of shape (observations,), optional
        How much each observation counts.

    Returns
    -------
    Tensor of shape (variables, variables), or () for one variable

    Raises
    ------
    ShapeError
        For more than two dims, or weights that are not one an observation.

    Notes
    -----
    out = (x - mean) W (x - mean)^T / n, with W the diagonal matrix of the weights w = fweights aweights, the mean
    weighted too, and n = sum(w) - correction; with `aweights` n = sum(w) - correction sum(w aweights) / sum(w). A
    negative n becomes 0, and the result inf or nan.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cov(ad.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = as_value(input, "cov")
    shape = x._array.shape
    if len(shape) > 2:
        raise ShapeError(f"cov takes variables by observations, two dims at most; got a Tensor of shape {shape}")
    if x._array.dtype.kind == "b":
        raise DtypeError("cov needs numbers and got booleans; convert them first: x.float().cov()")
    if x._array.dtype.kind != "f":
        x = cast(x, default_dtype())
    if len(shape) < 2:
        x = reshape(x, shape=(1, x._array.size))
    rows, n = x._array.shape
    weights = _weights(fweights, aweights, n)
    if weights is None:
        centred = weighted = x - red.mean(x, axis=1, keepdims=True)
        freedom: Any = max(n - correction, 0)
    else:
        total = red.sum(weights)
        centred = x - red.sum(x * weights, axis=1, keepdims=True) / total
        weighted = centred * weights
        freedom = total - correction
        if aweights is not None:
            freedom = total - correction * red.sum(weights * aweights) / total
        freedom = ew.maximum(freedom, 0)
    out = matmul(weighted, swap_last(centred)) / freedom
    return reshape(out, shape=()) if rows == 1 else out


def _weights(fweights: Any, aweights: Any, n: int) -> Any:
    """The products of both weights, if any."""
    for name, given, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if given is None:
            continue
        array = as_value(given, "cov")._array
        if array.shape != (n,):
            raise ShapeError(f"cov: {name} must have one weight for each of {n} observations; got shape {array.shape}")
        if array.dtype.kind not in kinds:
            raise DtypeError(f"cov: {name} must be {'integers' if kinds == 'iu' else 'floating'}, not {array.dtype}")
        if array.size and array.min() < 0:
            raise ShapeError(f"cov: {name} must not be negative")
    if fweights is None or aweights is None:
        return fweights if aweights is None else aweights
    return ew.multiply(fweights, aweights)


def corrcoef(input: Tensor) -> Tensor:
    """Correlation coefficients of variables, which are the rows of a matrix and were observed once a column.

    Parameters
    ----------
    input : Tensor of shape (variables, observations), or (observations,)

    Returns
    -------
    Tensor of shape (variables, variables), or () for one variable

    Notes
    -----
    out_ij = cov_ij / sqrt(cov_ii cov_jj), held between -1 and 1; nan for a variable that does not vary.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.corrcoef(ad.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = cov(input)
    n = len(c._array) if c._array.ndim else 0
    if not n:
        return c / c
    deviation = ew.sqrt(red.pick(c, wrap(np.arange(n)), axis=1))
    return ew.clip(c / reshape(deviation, shape=(n, 1)) / deviation, -1, 1)
