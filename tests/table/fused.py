"""Rows of softmax and the losses."""

from itertools import product

import numpy as np

from tests.table.form import STEPPED, case, exactly, real, row, unit


def normalised(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


AXES = [
    case(real(2, 3)),
    case(real(2, 3), axis=0),
    case(real(2, 3, 2), axis=1),
    case(real(3)),
    case(real(2, 1)),
    case(real(0, 3)),
    case(real(2, 0)),
]
row("softmax", normalised, *AXES, notes="shifted by the largest element: nothing overflows")
row("log_softmax", lambda x, axis=-1: np.log(normalised(x, axis)), *AXES)
PAIRED = [
    case(real(2, 3), unit(2, 3)),
    case(real(2, 3), unit(2, 3), axis=0),
    case(real(), unit()),
    case(real(0, 2), unit(0, 2)),
]
row(
    "softmax_backward",
    lambda c, y, axis=-1: y * c - y * (c * y).sum(axis if y.ndim else None, keepdims=True),
    *PAIRED,
    notes="backward of softmax, as an operation of its own; takes the result of softmax",
)
row(
    "log_softmax_backward",
    lambda c, y, axis=-1: c - np.e**y * c.sum(axis if y.ndim else None, keepdims=True),
    *PAIRED,
    notes="backward of log_softmax, as an operation of its own; takes the result of log_softmax",
)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(np, reduction)(losses)


REDUCTIONS = ("mean", "sum", "none")
row(
    "mse_loss",
    lambda x, y, reduction="mean": reduced(x * x - 2 * x * y + y * y, reduction),
    *[case(real(*s), real(*s), reduction=r) for s, r in product(((2, 3), (3,), ()), REDUCTIONS)],
    case(real(0, 2), real(0, 2), reduction="sum"),
)
row(
    "bce_with_logits",
    lambda x, t, reduction="mean": reduced(
        -t * np.log(1 / (1 + np.exp(-x))) - (1 - t) * np.log(1 - 1 / (1 + np.exp(-x))), reduction
    ),
    *[case(real(*s), unit(*s), reduction=r) for s, r in product(((2, 3), (3,), ()), REDUCTIONS)],
    case(real(30, 20), unit(30, 20)),
    notes="takes logits, so neither overflows nor loses digits",
)


def crossed(x, target, reduction="mean", ignore_index=-100):
    losses = np.array([0.0 if t == ignore_index else -np.log(normalised(r)[t]) for r, t in zip(x, target, strict=True)])
    if reduction == "mean":
        return losses.sum() / sum(t != ignore_index for t in target)
    return reduced(losses, reduction)


LABELS = exactly([2, 0, 2, 1], floating=False)
SOME = exactly([2, -100, 1, -100], floating=False)
row(
    "cross_entropy",
    crossed,
    *[case(real(4, 3), t, reduction=r) for t, r in product((LABELS, SOME), REDUCTIONS)],
    *[case(real(4, 3), LABELS, reduction=r, ignore_index=2) for r in REDUCTIONS],
    case(real(0, 3), exactly(np.zeros(0, int), floating=False), reduction="sum"),
    notes="targets are class numbers; nan when every target is ignored",
)
PLACES = exactly([2, 3, 8, 10], floating=False)  # of the classes 2, 0, 2, 1 in rows of three
row(
    "cross_entropy_backward",
    lambda rows, p, places: (p - np.eye(p.size)[places].sum(0).reshape(p.shape)) * rows,
    case(real(4, 1), unit(4, 3), PLACES),
    notes="backward of cross_entropy, as an operation of its own",
)
row(
    "check_classes",
    lambda target, classes, ignore_index, ignoring: np.where(target == ignore_index, 0, target),
    case(LABELS, classes=3, ignore_index=-100, ignoring=False),
    *[case(t, classes=3, ignore_index=i, ignoring=True) for t, i in ((LABELS, -100), (SOME, -100), (LABELS, 2))],
    notes="what cross_entropy does to its targets first, as an operation of its own",
    **STEPPED,
)
