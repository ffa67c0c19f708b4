"""Fused primitives: softmax and the losses, whose parts would cost more, or lose more digits, one by one.

`reduction` is "mean", "sum" or "none", as in PyTorch. Each has its composite beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import IndexingError
from autodiff.ops.index import ARRAY
from autodiff.primitive import primitive

# Up to this many elements np.logaddexp, one call, beats the composition of its parts, which run vectorised.
_SMALL = 512


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


def _composite_reduce(xp: Any, losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return xp.mean(losses) if reduction == "mean" else xp.sum(losses)


@primitive(promotes="float")
def softmax(x: Any, *, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)), shifted by the largest element so that nothing overflows"""
    out = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf))
    out /= np.add.reduce(out, axis=axis, keepdims=True)
    return out


# d out_i/dx_j = out_i (i=j) - out_i out_j  =>  g_x = out (g - sum(g out))
softmax.defvjp(lambda xp, g, out, *, axis: out * (g - xp.sum(g * out, axis=axis, keepdims=True)))


@softmax.defcomposite
def _softmax(xp: Any, x: Any, *, axis: int = -1) -> Any:
    weights = xp.exp(x)
    return weights / xp.sum(weights, axis=axis, keepdims=True)


@primitive(promotes="float")
def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """x - logsumexp(x)"""
    shifted = x - np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
    shifted -= np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))
    return shifted


# out = x - logsumexp(x)  =>  g_x = g - exp(out) sum(g)
log_softmax.defvjp(lambda xp, g, out, *, axis: g - xp.exp(out) * xp.sum(g, axis=axis, keepdims=True))
log_softmax.defcomposite(lambda xp, x, *, axis=-1: x - xp.logsumexp(x, axis=axis, keepdims=True))


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
    return _composite_reduce(xp, (x - y) * (x - y), reduction)


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
    return _composite_reduce(xp, xp.log(1 + xp.exp(logits)) - logits * target, reduction)


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
    shifted = logits - np.maximum.reduce(logits, axis=1, keepdims=True)
    probabilities = np.exp(shifted)
    totals = np.add.reduce(probabilities, axis=1)
    probabilities /= totals[:, None]
    places = target + np.arange(0, n * classes, classes)
    losses = np.log(totals)
    losses -= shifted.reshape(-1)[places]
    if kept is None:
        return _reduce(losses, reduction), probabilities, places, _share((n,), reduction)
    losses *= kept
    count = float(np.add.reduce(kept)) if reduction == "mean" else 1.0  # a NumPy integer would widen float32
    total = losses if reduction == "none" else np.add.reduce(losses) / count
    return total, probabilities, places, (kept / (count or 1.0)).astype(logits.dtype)[:, None]


def _check_classes(target: Any, classes: int, ignore_index: int) -> tuple[Any, Any]:
    """Class numbers with 0 in place of the ignored ones, and which are kept (None: all)."""
    # Seen as unsigned, a negative number is a huge one: one reduction checks both ends.
    if not target.size or np.maximum.reduce(target.view(np.uint64)) < classes:
        return target, (target != ignore_index if 0 <= ignore_index < classes else None)
    kept = target != ignore_index
    wrong = target[kept & ((target < 0) | (target >= classes))]
    if wrong.size:
        raise IndexingError(
            f"cross_entropy: class {wrong[0]} is out of range; logits with {classes} columns have classes "
            f"0 to {classes - 1}"
        )
    return np.where(kept, target, 0), kept


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
