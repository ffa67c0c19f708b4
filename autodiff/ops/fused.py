"""Fused primitives: softmax and the losses, whose parts would cost more, or lose more digits, one by one.

`reduction` is "mean", "sum" or "none", as in PyTorch. Each has its composite beside it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from autodiff.dtypes import float32
from autodiff.errors import Deviation, IndexingError
from autodiff.ops.index import ARRAY
from autodiff.primitive import primitive

# Under a name of its own: NumPy's stubs do not know that it takes `axis` and `keepdims`.
_vecdot: Any = np.vecdot

# Up to this many elements np.logaddexp, one call, beats the composition of its parts, which run vectorised.
_SMALL = 512


#: Up to so many in a row or column their sum is a product with ones, which is faster than a reduction, ...
_SHORT = 64
# ... and up to so large, numbers need not be shifted before exp: 64 of them neither overflow nor leave the range.
_MODEST = 80.0
# Up to so many in a row their largest is found faster across rows.
_FEW = 32


@lru_cache(maxsize=64)
def _ones(n: int, dtype: Any) -> Any:
    return np.ones((n, n), dtype)


@lru_cache(maxsize=64)
def _starts(rows: int, columns: int) -> Any:
    """Where each row begins in a flat matrix."""
    return np.arange(0, rows * columns, columns)


def _short(x: Any, axis: int) -> bool:
    """Whether `_total` is for this."""
    n = x.ndim
    return x.size <= _SMALL and (n == 2 or (n > 0 and (axis == -1 or axis == n - 1))) and x.shape[axis] <= _SHORT  # type: ignore[no-any-return]


def _total(x: Any, axis: int) -> Any:
    """The sums over one dim, in each place of it."""
    n = x.ndim
    if axis == -1 or axis == n - 1:
        return x.dot(_ones(x.shape[-1], x.dtype))
    return _ones(x.shape[0], x.dtype).dot(x)


def _largest(x: Any, axis: int) -> Any:
    """The largest along an axis. NumPy takes row after row; those of short rows are found across them, in a copy."""
    if x.ndim == 2 and (axis == 1 or axis == -1) and x.shape[1] <= _FEW <= len(x):
        return np.maximum.reduce(x.T.copy(), axis=0)[:, None]
    return np.maximum.reduce(x, axis=axis, keepdims=True)


def _sums(x: Any, axis: int) -> Any:
    """The sums along an axis; of short rows as a product with ones."""
    if x.ndim == 2 and (axis == 1 or axis == -1) and 0 < x.shape[1] <= _SHORT:
        return x.dot(_ones(x.shape[1], x.dtype)[0])[:, None]
    return np.add.reduce(x, axis=axis, keepdims=True)


def _modest(x: Any, limit: float) -> bool:
    values = x.ravel().tolist()
    return max(values) < limit and min(values) > -limit  # type: ignore[no-any-return]


def _reduce(losses: Any, reduction: str) -> Any:
    """The mean, the sum, or all of the losses."""
    if reduction == "none":
        return losses
    total = np.add.reduce(losses, axis=None)
    return total if reduction == "sum" else total / (losses.size or np.nan)


def _share(shape: tuple[int, ...], reduction: str) -> float:
    """What each element counts for in the reduced loss."""
    if reduction != "mean":
        return 1.0
    n = 1
    for size in shape:
        n *= size
    return 1.0 / n if n else 1.0


@lru_cache(maxsize=64)
def _same_share(n: int, reduction: str, dtype: Any) -> Any:
    """`_share` of n losses, as an array: residuals are arrays, so that a recording knows where they go."""
    share = np.asarray(_share((n,), reduction), dtype)
    share.flags.writeable = False
    return share


def _composite_reduce(xp: Any, losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return xp.mean(losses) if reduction == "mean" else xp.sum(losses)


@primitive(promotes="float")
def softmax(x: Any, *, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)), shifted by the largest element so that nothing overflows"""
    if not x.size or not x.ndim:
        return np.exp(np.subtract(x, x))  # 1, or nan of what is not finite
    if _short(x, axis) and _modest(x, _MODEST):
        out = np.exp(x)
        return np.divide(out, _total(out, axis), out)
    out = x - _largest(x, axis)
    np.exp(out, out=out)
    out /= _sums(out, axis)
    return out


softmax.defvjp(lambda xp, g, out, *, axis: xp.softmax_backward(g, out, axis=axis))


@primitive(promotes="same")
def softmax_backward(cotangent: Any, y: Any, *, axis: int = -1) -> Any:
    """y (c - sum(c y)), for y = softmax(x): d y_i/dx_j = y_i (i=j) - y_i y_j"""
    if not y.ndim:
        return y * (cotangent - cotangent * y)
    if _short(y, axis):
        out = cotangent - _total(cotangent * y, axis)
    else:
        out = cotangent - _vecdot(cotangent, y, axis=axis, keepdims=True)
    out *= y
    return out


# The Jacobian of softmax is symmetric. By y, with s = sum(c y):
# d/dy_k sum_i g_i y_i (c_i - s) = g_k (c_k - s) - c_k sum(g y)
softmax_backward.defvjp(
    lambda xp, g, y, *, axis: xp.softmax_backward(g, y, axis=axis),
    lambda xp, g, cotangent, y, *, axis: (
        g * (cotangent - xp.sum(cotangent * y, axis=axis, keepdims=True))
        - cotangent * xp.sum(g * y, axis=axis, keepdims=True)
    ),
)
softmax_backward.defcomposite(
    lambda xp, cotangent, y, *, axis=-1: y * (cotangent - xp.sum(cotangent * y, axis=axis, keepdims=True))
)


def _shifted(xp: Any, x: Any, axis: int) -> Any:
    """x less its largest element along an axis, so that exp does not overflow."""
    return x - (x if 0 in x.shape or not x.shape else xp.amax(x, axis=axis, keepdims=True))


@softmax.defcomposite
def _softmax(xp: Any, x: Any, *, axis: int = -1) -> Any:
    weights = xp.exp(_shifted(xp, x, axis))
    return weights / xp.sum(weights, axis=axis, keepdims=True) if x.shape else weights


@primitive(promotes="float")
def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """x - logsumexp(x)"""
    if not x.size or not x.ndim:
        return np.subtract(x, x)  # 0, or nan of what is not finite
    if x.dtype is float32 and _short(x, axis) and _modest(x, 8.0):
        wide = x.astype(np.float64)  # where the difference has digits enough
        return (wide - np.log(_total(np.exp(wide), axis))).astype(float32)
    shifted = x - _largest(x, axis)
    if x.size <= _SMALL:
        shifted -= np.logaddexp.reduce(shifted, axis=axis, keepdims=True)
    else:
        shifted -= np.log(_sums(np.exp(shifted), axis))
    return shifted


log_softmax.defvjp(lambda xp, g, out, *, axis: xp.log_softmax_backward(g, out, axis=axis))


@primitive(promotes="same")
def log_softmax_backward(cotangent: Any, y: Any, *, axis: int = -1) -> Any:
    """c - exp(y) sum(c), for y = log_softmax(x) = x - logsumexp(x)"""
    out = np.exp(y)
    if _short(y, axis):
        out *= _total(cotangent, axis)
        return np.subtract(cotangent, out, out)
    out *= _sums(cotangent, axis)
    return np.subtract(cotangent, out, out=out if type(out) is np.ndarray else None)


log_softmax_backward.defvjp(
    lambda xp, g, y, *, axis: g - xp.sum(g * xp.exp(y), axis=axis, keepdims=True),
    lambda xp, g, cotangent, y, *, axis: -g * xp.exp(y) * xp.sum(cotangent, axis=axis, keepdims=True),
)
log_softmax_backward.defcomposite(
    lambda xp, cotangent, y, *, axis=-1: cotangent - xp.exp(y) * xp.sum(cotangent, axis=axis, keepdims=True)
)


@log_softmax.defcomposite
def _log_softmax(xp: Any, x: Any, *, axis: int = -1) -> Any:
    shifted = _shifted(xp, x, axis)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True)) if x.shape else shifted


@primitive(promotes="arith", residuals={"difference": lambda xp, x, y: x - y})
def mse_loss(x: Any, y: Any, *, reduction: str = "mean") -> Any:
    """Squared differences (x - y)^2, reduced"""
    difference = np.subtract(x, y)
    return _reduce(difference * difference, reduction), difference


def _mse_loss(xp: Any, g: Any, difference: Any, needs: Any, *, reduction: str) -> Any:
    g_x = difference * (g * (2.0 * _share(difference.shape, reduction)))
    return g_x, (-g_x if needs[1] else None)


mse_loss.defvjp_joint(_mse_loss)


@mse_loss.defcomposite
def _mse(xp: Any, x: Any, y: Any, *, reduction: str = "mean") -> Any:
    difference = x - y
    return _composite_reduce(xp, difference * difference, reduction)


@primitive(promotes="arith")
def bce_with_logits(logits: Any, target: Any, *, reduction: str = "mean") -> Any:
    """Binary cross-entropy of sigmoid(logits): softplus(x) - x t, which neither overflows nor loses digits"""
    if logits.size <= _SMALL:
        losses = np.logaddexp(logits, logits.dtype.type(0))
    else:
        losses = np.absolute(logits)
        np.negative(losses, out=losses)
        np.exp(losses, out=losses)
        np.log1p(losses, out=losses)
        losses += np.maximum(logits, 0)
    losses -= logits * target
    return _reduce(losses, reduction)


# d/dx softplus(x) = sigmoid(x)
bce_with_logits.defvjp(
    lambda xp, g, logits, target, *, reduction: (xp.sigmoid(logits) - target) * (g * _share(logits.shape, reduction)),
    lambda xp, g, logits, *, reduction: logits * (g * -_share(logits.shape, reduction)),
)


@bce_with_logits.defcomposite
def _bce(xp: Any, logits: Any, target: Any, *, reduction: str = "mean") -> Any:
    return _composite_reduce(xp, xp.softplus(logits) - logits * target, reduction)


@primitive(
    residuals={
        "probabilities": lambda xp, logits: xp.softmax(logits, axis=1),
        "places": None,
        "share": None,
    }
)
def cross_entropy(logits: Any, target: Any, *, reduction: str = "mean", ignore_index: int = -100) -> Any:
    """Cross-entropy of softmax(logits), of shape (n, classes), with class numbers: logsumexp(x) - x[target]"""
    n, classes = logits.shape
    target = target.astype(np.int64, copy=False)
    target, kept = _check_classes(target, classes, ignore_index)
    shifted = logits - _largest(logits, 1)
    probabilities = np.exp(shifted)
    totals = _sums(probabilities, 1)
    probabilities /= totals
    places = target + _starts(n, classes)
    losses = np.log(totals[:, 0])
    losses -= shifted.reshape(-1)[places]
    if kept is None:
        return _reduce(losses, reduction), probabilities, places, _same_share(n, reduction, logits.dtype)
    losses *= kept
    count = float(np.add.reduce(kept)) if reduction == "mean" else 1.0  # a NumPy integer would widen float32
    total = losses if reduction == "none" else np.add.reduce(losses) / count
    return total, probabilities, places, (kept / (count or 1.0)).astype(logits.dtype)[:, None]


def _check_classes(target: Any, classes: int, ignore_index: int) -> tuple[Any, Any]:
    """Class numbers with 0 in place of the ignored ones, and which are kept (None: all)."""
    # Seen as unsigned, a negative number is a huge one: one reduction checks both ends.
    sound = not target.size or np.maximum.reduce(target.view(np.uint64), axis=None) < classes
    if sound and not 0 <= ignore_index < classes:
        return target, None
    kept = target != ignore_index
    wrong = target[kept & ((target < 0) | (target >= classes))]
    if wrong.size:
        raise IndexingError(
            f"class {wrong[0]} is out of range; an input with {classes} classes has classes 0 to {classes - 1}"
        )
    return np.where(kept, target, 0), kept


@primitive(differentiable=False)
def check_classes(target: Any, *, classes: int, ignore_index: int, ignoring: bool) -> Any:
    """Class numbers as int64, 0 for those to be ignored, of which there may be none unless `ignoring`"""
    found, kept = _check_classes(target.astype(np.int64, copy=False), classes, ignore_index)
    if not ignoring and kept is not None:
        raise Deviation("a class that is to be ignored")
    return np.array(found) if found is target else found


# loss_i = logsumexp(x_i) - x_i[t]  =>  d loss_i/dx_i = softmax(x_i) - onehot(t)
def _cross_entropy(xp: Any, g: Any, probabilities: Any, places: Any, share: Any, *, reduction: str) -> Any:
    rows = g if reduction != "none" else xp.reshape(g, shape=(*g.shape, 1))
    return xp.cross_entropy_backward(rows * share, probabilities, places)


cross_entropy.defvjp(_cross_entropy, None)


@cross_entropy.defcomposite
def _ce(xp: Any, logits: Any, target: Any, *, reduction: str = "mean", ignore_index: int = -100) -> Any:
    logs = xp.log_softmax(logits, axis=1)
    kept = target != ignore_index
    picked = xp.take_along(logs, xp.where(kept, target, 0)[:, None], axis=1)[:, 0]
    losses = xp.where(kept, -picked, 0.0)
    if reduction == "mean":
        return xp.sum(losses) / xp.sum(xp.cast(kept, dtype=logits.dtype))
    return _composite_reduce(xp, losses, reduction)


@primitive
def cross_entropy_backward(rows: Any, probabilities: Any, places: Any) -> Any:
    """(probabilities - onehot) * rows, where `places` are the flat positions of the ones"""
    out = np.multiply(probabilities, rows, order="C")  # so that the next line makes a view
    flat = out.reshape(-1)
    flat[places] -= rows.reshape(-1)
    return out


def _rows(xp: Any, g: Any, probabilities: Any, places: Any) -> Any:
    ones = xp.index(xp.reshape(g, shape=(-1,)), places, key=(ARRAY,))
    return xp.sum(g * probabilities, axis=1, keepdims=True) - ones[:, None]


cross_entropy_backward.defvjp(_rows, lambda xp, g, rows: g * rows, None)


@cross_entropy_backward.defcomposite
def _ce_backward(xp: Any, rows: Any, probabilities: Any, places: Any) -> Any:
    n, classes = probabilities.shape
    onehot = xp.index_adjoint(xp.ones_like(probabilities[:, 0]), places, key=(ARRAY,), shape=(n * classes,))
    return (probabilities - xp.reshape(onehot, shape=(n, classes))) * rows
