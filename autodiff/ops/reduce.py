"""Reductions: sums and products, extremes, moments.

`axis` is None, an int or a tuple of ints; `keepdims` keeps the reduced dimensions with size 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.primitive import primitive

# Under names of their own: NumPy's stubs have no overload for `keepdims` being a variable.
_add: Any = np.add.reduce
_multiply: Any = np.multiply.reduce
_maximum: Any = np.maximum.reduce
_minimum: Any = np.minimum.reduce


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """The reduced dimensions, as non-negative numbers."""
    if axis is None:
        return tuple(range(ndim))
    return tuple([a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))]) if ndim else ()


def _kept(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape that a reduction with keepdims leaves."""
    axes = _axes(axis, len(shape))
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def _count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements each result is made of."""
    total = 1
    for a in _axes(axis, len(shape)):
        total *= shape[a]
    return total


def _restore(xp: Any, x: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Give a reduced array its reduced dimensions back, with size 1, so that it broadcasts against the original."""
    return x if keepdims or axis is None else xp.reshape(x, shape=_kept(shape, axis))


@primitive
def spread(x: Any, *, shape: tuple[int, ...]) -> Any:
    """Broadcast to `shape`, into memory of its own (a view with strides of 0 is slower to make, and to read)."""
    out = np.empty(shape, x.dtype)
    out[...] = x
    return out


spread.defvjp(lambda xp, g, x_shape: xp.unbroadcast(g, shape=x_shape))


@primitive
def unbroadcast(x: Any, *, shape: tuple[int, ...]) -> Any:
    """Sum over the dimensions that broadcasting added or stretched, so that x gets `shape` back"""
    lead = x.ndim - len(shape)
    if lead:
        x = _add(x, axis=0 if lead == 1 else tuple(range(lead)))
        if x.shape == shape:
            return x
    stretched = tuple([i for i, n in enumerate(shape) if n == 1 and x.shape[i] != 1])
    return _add(x, axis=stretched, keepdims=True) if stretched else x


unbroadcast.defvjp(lambda xp, g, x_shape: xp.spread(g, shape=x_shape))


@primitive
def sum(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum over `axis`; small integers are added up as int64"""
    if x.dtype.kind == "u":
        x = x.astype(np.int64)
    return _add(x, axis=axis, keepdims=keepdims)


sum.defvjp(lambda xp, g, x_shape, *, axis, keepdims: xp.spread(_restore(xp, g, x_shape, axis, keepdims), shape=x_shape))


@primitive(promotes="float")
def mean(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Arithmetic mean over `axis`; of no elements, nan"""
    n = _count(x.shape, axis)
    return np.true_divide(_add(x, axis=axis, keepdims=keepdims), n if n else np.nan)


mean.defvjp(
    lambda xp, g, x_shape, *, axis, keepdims: xp.spread(
        _restore(xp, g, x_shape, axis, keepdims) / max_one(_count(x_shape, axis)), shape=x_shape
    )
)


def max_one(n: int) -> int:
    """At least one: of no elements there is nothing to spread a cotangent over."""
    return n if n > 1 else 1


@primitive(promotes="float")
def var(x: Any, *, axis: Any = None, correction: float = 1, keepdims: bool = False) -> Any:
    """Sum of squared deviations from the mean, over n - correction"""
    n = _count(x.shape, axis)
    centred = x - np.true_divide(_add(x, axis=axis, keepdims=True), max_one(n))
    total = _add(centred * centred, axis=axis, keepdims=keepdims)
    return total / _freedom(n, correction)


def _freedom(n: int, correction: float) -> Any:
    """Degrees of freedom; PyTorch divides by max(0, n - correction), so that too few elements give nan or inf."""
    left = n - correction
    return np.float32(0) if left <= 0 else left


# d/dx_i sum_j (x_j - mean)^2 = 2 (x_i - mean): the mean's own share cancels, since the deviations add up to 0
def _var(xp: Any, g: Any, x: Any, *, axis: Any, correction: float, keepdims: bool) -> Any:
    centred = x - xp.mean(x, axis=axis, keepdims=True)
    return _restore(xp, g, x.shape, axis, keepdims) * centred * (2 / _freedom(_count(x.shape, axis), correction))


var.defvjp(_var)


@primitive
def prod(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Product over `axis`; small integers are multiplied as int64"""
    if x.dtype.kind == "u":
        x = x.astype(np.int64)
    return _multiply(x, axis=axis, keepdims=keepdims)


# d/dx_i prod_j x_j = the product of all the others, which no division gives where there are zeros
def _prod(xp: Any, g: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    axes = _axes(axis, len(x.shape))
    rest = tuple([i for i in range(len(x.shape)) if i not in axes])
    order = rest + axes
    shape = tuple([x.shape[i] for i in order])
    rows = xp.reshape(xp.transpose(x, axes=order), shape=(*shape[: len(rest)], _count(x.shape, axis)))
    back = tuple([order.index(i) for i in range(len(order))])
    others = xp.transpose(xp.reshape(_products_of_others(xp, rows), shape=shape), axes=back)
    return _restore(xp, g, x.shape, axis, keepdims) * others


def _products_of_others(xp: Any, x: Any) -> Any:
    """For each element of the last dimension the product of all the others, by pairs: a tree of depth log2(n)."""
    n = x.shape[-1]
    if n < 2:
        return xp.ones_like(x)
    if n % 2:
        x = xp.concatenate(x, xp.ones_like(x[..., :1]), axis=-1)
    left, right = x[..., 0::2], x[..., 1::2]
    above = _products_of_others(xp, left * right)
    pairs = xp.stack(above * right, above * left, axis=-1)
    return xp.reshape(pairs, shape=x.shape)[..., :n]


prod.defvjp(_prod)


@primitive
def amax(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Largest element over `axis`; equal ones share the cotangent equally"""
    return _maximum(x, axis=axis, keepdims=keepdims)


@primitive
def amin(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Smallest element over `axis`; equal ones share the cotangent equally"""
    return _minimum(x, axis=axis, keepdims=keepdims)


def _extreme(xp: Any, g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    # The mask is locally constant, so dividing by its sum adds nothing to the next derivative.
    mask = xp.cast(x == _restore(xp, out, x.shape, axis, keepdims), dtype=x.dtype)
    return _restore(xp, g, x.shape, axis, keepdims) * (mask / xp.sum(mask, axis=axis, keepdims=True))


amax.defvjp(_extreme)
amin.defvjp(_extreme)


def _with_indices(x: Any, indices: Any, axis: int, keepdims: bool) -> Any:
    if not x.ndim:
        return np.array(x), indices
    columns = np.expand_dims(indices, axis)
    values = np.take_along_axis(x, columns, axis)
    return (values, columns) if keepdims else (np.squeeze(values, axis), indices)


@primitive(outputs=True)
def max_with_indices(x: Any, *, axis: int, keepdims: bool = False) -> Any:
    """Largest elements along one dimension, and where each stands first"""
    return _with_indices(x, np.argmax(x, axis if x.ndim else None), axis, keepdims)


@primitive(outputs=True)
def min_with_indices(x: Any, *, axis: int, keepdims: bool = False) -> Any:
    """Smallest elements along one dimension, and where each stands first"""
    return _with_indices(x, np.argmin(x, axis if x.ndim else None), axis, keepdims)


# The cotangent goes back to where the element came from. Indices have no cotangent of their own.
def _from_indices(xp: Any, g: Any, out: Any, x_shape: Any, *, axis: int, keepdims: bool) -> Any:
    if not x_shape:
        return g[0]
    values = _restore(xp, g[0], x_shape, axis, keepdims)
    return xp.put_along(values, _restore(xp, out[1], x_shape, axis, keepdims), axis=axis, shape=x_shape)


max_with_indices.defvjp(_from_indices)
min_with_indices.defvjp(_from_indices)


@primitive(promotes="float")
def logsumexp(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), shifted by the largest element so that nothing overflows"""
    top = _maximum(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype, copy=False)
    total = np.log(_add(np.exp(x - top), axis=axis, keepdims=keepdims))
    return total + (top if keepdims else top.reshape(np.shape(total)))


# out = log sum exp(x)  =>  d out/dx = exp(x - out), and 0 where out = -inf (every x is -inf)
def _logsumexp(xp: Any, g: Any, out: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    out = _restore(xp, out, x.shape, axis, keepdims)
    return _restore(xp, g, x.shape, axis, keepdims) * xp.exp(x - xp.where(out == -float("inf"), 0.0, out))


logsumexp.defvjp(_logsumexp)
logsumexp.defcomposite(
    lambda xp, x, *, axis=None, keepdims=False: xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=keepdims))
)


def _no_derivative(name: str, function: Any) -> Any:
    def forward(x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
        return function(x, axis=axis, keepdims=keepdims)

    forward.__name__ = name
    forward.__doc__ = f"np.{name} over `axis`; no derivative"
    return primitive(differentiable=False)(forward)


argmax = _no_derivative("argmax", np.argmax)
argmin = _no_derivative("argmin", np.argmin)
all = _no_derivative("all", np.all)
any = _no_derivative("any", np.any)
