"""Products of matrices, vectors and stacks of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import ShapeError
from autodiff.operands import factor
from autodiff.primitive import primitive

_vecdot: Any = np.vecdot  # NumPy's stubs do not know its axis


def _product(x: Any, y: Any) -> Any:
    """np.matmul; of matrices and vectors by the method `dot`, the same BLAS call at half the overhead.

    A stack times one matrix is one product of all its rows: BLAS is called once, and not for each matrix.
    """
    m, n = x.ndim, y.ndim
    if x.dtype.kind in "iu" and x.size * y.size > _SMALL_INTEGERS and m and n:
        return _integer_product(x, y)
    if 0 < m < 3 and 0 < n < 3:
        return x.dot(y)
    if m > 2 and 0 < n < 3 and x.size:
        return x.reshape(-1, x.shape[-1]).dot(y).reshape(x.shape[:-1] + y.shape[1:])
    return np.matmul(x, y)


# NumPy multiplies integers without BLAS, element by element.
_SMALL_INTEGERS = 1 << 14


def _integer_product(x: Any, y: Any) -> Any:
    """The product in float64, which is exact as long as no sum can reach 2^53."""
    bound = float(np.absolute(x, dtype=float).max()) * float(np.absolute(y, dtype=float).max()) * x.shape[-1]
    if bound >= 2.0**53:
        return np.matmul(x, y)
    return np.matmul(x.astype(float), y.astype(float)).astype(np.int64).astype(x.dtype, copy=False)


@primitive(view=True)
def swap_last(x: Any) -> Any:
    """The last two dimensions exchanged: every matrix of a stack transposed"""
    return x.mT


swap_last.defvjp(lambda xp, g: xp.swap_last(g))


@primitive(promotes="same")
def matmul(x: Any, y: Any) -> Any:
    """Matrix product, with NumPy's cases: vectors are promoted to matrices, stacks of matrices broadcast"""
    return _product(x, y)


# out = x y  =>  <g, dx y> = <g y^T, dx> and <g, x dy> = <x^T g, dy>. A vector x is a row, a vector y a column; an
# operand that serves a whole stack gets the sum over it, which `contract` takes in one product. The engine sums over
# what is left: dimensions of the stack in which an operand has size 1.
def _matmul_x(xp: Any, g: Any, y: Any, x_shape: Any) -> Any:
    m, n = len(x_shape), len(y.shape)
    if n == 1:
        return g * y if m == 1 else g[..., None] * y
    if m == 1:
        return xp.matmul(y, g) if n == 2 else xp.contract(xp.swap_last(y), g[..., None])[..., 0]
    if m == 2 < n:
        return xp.contract(xp.swap_last(g), xp.swap_last(y))
    return xp.matmul(g, xp.swap_last(y))


def _matmul_y(xp: Any, g: Any, x: Any, y_shape: Any) -> Any:
    m, n = len(x.shape), len(y_shape)
    if m == 1:
        return g * x if n == 1 else x[:, None] * g[..., None, :]
    if n == 1:
        return xp.matmul(g, x) if m == 2 else xp.contract(x, g[..., None])[..., 0]
    if n == 2 < m:
        return xp.contract(x, g)
    return xp.matmul(xp.swap_last(x), g)


matmul.defvjp(_matmul_x, _matmul_y)


@primitive(promotes="same")
def contract(x: Any, y: Any) -> Any:
    """out[i, j] = sum of x[..., i] * y[..., j] over all dimensions but the last: the weight's cotangent of `linear`"""
    if x.ndim != 2:
        rows = x[..., 0].size if x.shape[-1] else y[..., 0].size
        x, y = x.reshape(rows, x.shape[-1]), y.reshape(rows, y.shape[-1])
    return x.T.dot(y)


contract.defvjp(lambda xp, g, y: xp.matmul(y, xp.swap_last(g)), lambda xp, g, x: xp.matmul(x, g))


@contract.defcomposite
def _contract(xp: Any, x: Any, y: Any) -> Any:
    if len(x.shape) != 2:
        rows = 1
        for n in x.shape[:-1]:
            rows *= n
        x, y = xp.reshape(x, shape=(rows, x.shape[-1])), xp.reshape(y, shape=(rows, y.shape[-1]))
    return xp.matmul(xp.swap_last(x), y)


@primitive(promotes="same")
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """x weight^T + bias, for x of any number of dimensions; bias may be None"""
    out = _product(x, weight.T)
    if bias is not None:
        out += bias
    return out


linear.defvjp(
    lambda xp, g, weight: xp.matmul(g, weight),
    lambda xp, g, x: xp.contract(g, x),
    lambda xp, g: g,
)


@linear.defcomposite
def _linear(xp: Any, x: Any, weight: Any, bias: Any) -> Any:
    out = xp.matmul(x, xp.swap_last(weight))
    return out if bias is None else out + bias


@primitive(promotes="same")
def addmm(bias: Any, x: Any, y: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    """beta * bias + alpha * (x y), a product as of `matmul`; with beta = 0 the bias is not looked at, even if nan"""
    out = np.asarray(_product(x, y))
    if alpha != 1:
        out *= factor(alpha, out.dtype)
    if beta:
        out += bias if beta == 1 else bias * factor(beta, out.dtype)
    return out


addmm.defvjp(
    lambda xp, g, *, beta: _times(g, beta),
    lambda xp, g, y, x_shape, *, alpha: _times(_matmul_x(xp, g, y, x_shape), alpha),
    lambda xp, g, x, y_shape, *, alpha: _times(_matmul_y(xp, g, x, y_shape), alpha),
)


@addmm.defcomposite
def _addmm(xp: Any, bias: Any, x: Any, y: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    out = _times(xp.matmul(x, y), alpha)
    return out + _times(bias, beta) if beta else out


def _times(x: Any, factor: float) -> Any:
    """x * factor, and x itself for the common factor of 1."""
    return x if factor == 1 else x * factor


@primitive(promotes="arith")
def outer(x: Any, y: Any) -> Any:
    """out[i, j] = x[i] y[j], of all elements of both in order"""
    return np.multiply.outer(x.reshape(-1), y.reshape(-1))


def _outer_x(xp: Any, g: Any, y: Any, x_shape: Any) -> Any:
    g_x = xp.matmul(g, xp.reshape(y, shape=(-1,)))
    return g_x if len(x_shape) == 1 else xp.reshape(g_x, shape=x_shape)


def _outer_y(xp: Any, g: Any, x: Any, y_shape: Any) -> Any:
    g_y = xp.matmul(xp.reshape(x, shape=(-1,)), g)
    return g_y if len(y_shape) == 1 else xp.reshape(g_y, shape=y_shape)


outer.defvjp(_outer_x, _outer_y)
outer.defcomposite(lambda xp, x, y: xp.reshape(x, shape=(-1, 1)) * xp.reshape(y, shape=(-1,)))


@primitive(promotes="same")
def vecdot(x: Any, y: Any, *, axis: int = -1) -> Any:
    """Sums of the products along `axis`, which is counted from the end; the other dimensions broadcast"""
    return _vecdot(x, y, axis=axis)


def _along(xp: Any, g: Any, x: Any, axis: int) -> Any:
    shape = g.shape
    k = len(shape) + 1 + axis
    return xp.reshape(g, shape=(*shape[:k], 1, *shape[k:])) * x


vecdot.defvjp(
    lambda xp, g, y, *, axis: _along(xp, g, y, axis),
    lambda xp, g, x, *, axis: _along(xp, g, x, axis),
)
vecdot.defcomposite(lambda xp, x, y, *, axis=-1: xp.sum(x * y, axis=axis))


# Up to this many elements three whole products of rolled copies are faster than nine of single components.
_SMALL = 600
_NEXT, _LAST = np.array([1, 2, 0]), np.array([2, 0, 1])


@primitive(promotes="same")
def cross(x: Any, y: Any, *, axis: int = -1) -> Any:
    """Cross products of vectors of three components, which stand along `axis`; the other dimensions broadcast"""
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise ShapeError(f"cross needs 3 components along axis {axis}, and the shapes are {x.shape} and {y.shape}")
    if x.size <= _SMALL:
        out = x.take(_NEXT, axis) * y.take(_LAST, axis)
        out -= x.take(_LAST, axis) * y.take(_NEXT, axis)
        return out
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype)
    (x0, x1, x2), (y0, y1, y2), (a, b, c) = [np.moveaxis(v, axis, 0) for v in (x, y, out)]
    for to, p, q, r, s in ((a, x1, y2, x2, y1), (b, x2, y0, x0, y2), (c, x0, y1, x1, y0)):
        np.multiply(p, q, out=to)
        to -= r * s
    return out


# <g, dx × y> = <dx, y × g> and <g, x × dy> = <dy, g × x>: a triple product is the same for all rotations of its factors
cross.defvjp(
    lambda xp, g, y, *, axis: xp.cross(y, g, axis=axis),
    lambda xp, g, x, *, axis: xp.cross(g, x, axis=axis),
)
