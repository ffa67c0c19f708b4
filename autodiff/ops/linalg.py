"""Products of matrices, vectors and stacks of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.primitive import primitive


def _product(x: Any, y: Any) -> Any:
    """np.matmul; of two matrices by the method `dot`, the same BLAS call at half the overhead (0.4 against 0.9 us)."""
    return x.dot(y) if x.ndim == 2 == y.ndim else np.matmul(x, y)


@primitive(view=True)
def swap_last(x: Any) -> Any:
    """The last two dimensions exchanged: every matrix of a stack transposed"""
    return x.mT


swap_last.defvjp(lambda xp, g: xp.swap_last(g))


@primitive(promotes="same")
def matmul(x: Any, y: Any) -> Any:
    """Matrix product, with NumPy's cases: vectors are promoted to matrices, stacks of matrices broadcast"""
    return _product(x, y)


# out = x y  =>  <g, dx y> = <g y^T, dx> and <g, x dy> = <x^T g, dy>. A vector x is a row, a vector y a column: the
# rules add the missing dimension to g, and the engine sums away what is left over.
def _matmul_x(xp: Any, g: Any, y: Any, x_shape: Any) -> Any:
    if len(y.shape) == 1:
        return g * y if len(x_shape) == 1 else g[..., None] * y
    if len(x_shape) == 1:
        return xp.matmul(g[..., None, :], xp.swap_last(y))
    return xp.matmul(g, xp.swap_last(y))


def _matmul_y(xp: Any, g: Any, x: Any, y_shape: Any) -> Any:
    if len(x.shape) == 1:
        return g * x if len(y_shape) == 1 else x[:, None] * g[..., None, :]
    if len(y_shape) == 1:
        return xp.matmul(xp.swap_last(x), g[..., None])[..., 0]
    return xp.matmul(xp.swap_last(x), g)


matmul.defvjp(_matmul_x, _matmul_y)


@primitive(promotes="same")
def contract(x: Any, y: Any) -> Any:
    """out[i, j] = sum of x[..., i] * y[..., j] over all dimensions but the last: the weight's cotangent of `linear`"""
    if x.ndim != 2:
        x, y = x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1])
    return x.T.dot(y)


contract.defvjp(lambda xp, g, y: xp.matmul(y, xp.swap_last(g)), lambda xp, g, x: xp.matmul(x, g))


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
