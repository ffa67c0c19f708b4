"""Losses between scores or probabilities and classes: cross-entropies of many classes and of two."""

from __future__ import annotations

from typing import Any

from autodiff.errors import DtypeError, ShapeError
from autodiff.ops import elementwise as ew
from autodiff.ops import fused
from autodiff.ops.comparison import not_equal
from autodiff.ops.index import ARRAY, index, take_along
from autodiff.ops.reduce import sum as _sum
from autodiff.ops.shape import reshape, transpose
from autodiff.ops.special import binary_cross_entropy as _binary_cross_entropy
from autodiff.ops.special import check_probabilities
from autodiff.tensors import Tensor, as_tensor
from nn.errors import SettingError
from nn.functional.regression import check_reduction, paired, reduced, unequal

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss"]


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy between logits and classes, or between logits and probabilities of classes.

    Parameters
    ----------
    input : Tensor of shape (C,), (N, C) or (N, C, d1, ...), floating
        Logits of C classes: any numbers, larger for what is more probable.
    target : Tensor
        Class numbers from 0 to C - 1, integers, of shape (), (N,) or (N, d1, ...); or probabilities of the classes,
        floating, of the shape of `input`.
    weight : Tensor of shape (C,), optional
        What each class counts for.
    ignore_index : int, default=-100
        A class number that marks elements to leave out; has no meaning for probabilities.
    reduction : {"mean", "sum", "none"}, default="mean"
        The mean over class numbers is weighted by `weight`, and leaves out what is ignored.
    label_smoothing : float, default=0.0
        Share of the target, from 0 to 1, that is spread evenly over all classes.

    Returns
    -------
    Tensor of shape (), or that of the class numbers with ``reduction="none"``

    Raises
    ------
    ShapeError
        If the shapes do not belong together.
    IndexingError
        If a class number is out of range.
    DtypeError
        If the targets of class numbers' shape are floating.

    Notes
    -----
    ``loss = -weight[target] * log_softmax(input)[target]``. Its derivative with respect to the logits is
    ``softmax(input) - onehot(target)``, which is why there is no softmax layer before it. Logits may be as large as
    the dtype holds: nothing overflows.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> logits = ad.tensor([[2.0, 0.0, -1.0]])
    >>> round(F.cross_entropy(logits, ad.tensor([0])).item(), 4)
    0.1698
    """
    input, target = as_tensor(input), as_tensor(target)
    check_reduction(reduction)
    check_classes(input, target, "cross_entropy", soft=True)
    if target._array.dtype.kind == "f":
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    if weight is None and not label_smoothing and input._array.ndim == 2:
        return fused.cross_entropy(  # type: ignore[no-any-return]
            input, target, reduction=reduction, ignore_index=ignore_index
        )
    dim = _class_dim(input)
    logs = fused.log_softmax(input, axis=dim)
    numbers, kept, counts = _counted(logs, target, weight, ignore_index)
    hard = _likelihood(logs, numbers, counts, reduction)
    if not label_smoothing:
        return hard  # type: ignore[no-any-return]
    classes = input._array.shape[dim]
    _check_smoothing(label_smoothing)
    spread = -_sum(logs if weight is None else logs * _along(weight, logs, dim), axis=dim) * kept
    soft = reduced(spread, "sum" if reduction == "mean" else reduction)
    if reduction == "mean":
        soft = soft / _sum(counts)
    return hard * (1 - label_smoothing) + soft * (label_smoothing / classes)  # type: ignore[no-any-return]


def _check_smoothing(label_smoothing: float) -> None:
    if not 0 <= label_smoothing <= 1:
        raise SettingError(f"label_smoothing must be between 0 and 1; got {label_smoothing!r}")


def _soft_cross_entropy(input: Tensor, target: Tensor, weight: Any, reduction: str, label_smoothing: float) -> Tensor:
    """Cross-entropy with probabilities as targets: ``-sum(target * log_softmax(input))``."""
    dim = _class_dim(input)
    classes = input._array.shape[dim]
    if label_smoothing:
        _check_smoothing(label_smoothing)
        target = target * (1 - label_smoothing) + label_smoothing / classes
    terms = fused.log_softmax(input, axis=dim) * target
    if weight is not None:
        terms = terms * _along(weight, terms, dim)
    losses = -_sum(terms, axis=dim)
    if reduction == "mean":
        return _sum(losses) / max(losses._array.size, 1)  # type: ignore[no-any-return]
    return reduced(losses, reduction)  # type: ignore[no-any-return]


def _class_dim(input: Tensor) -> int:
    """The dimension of the classes: the first of a single sample, the second of a batch."""
    return 0 if input._array.ndim == 1 else 1


def _along(weight: Any, like: Tensor, dim: int) -> Tensor:
    """One weight a class, shaped so that it broadcasts along the classes' dimension."""
    weight = as_tensor(weight)
    shape = [1] * like._array.ndim
    shape[dim] = like._array.shape[dim]
    _check_weight(weight, shape[dim])
    return reshape(weight, shape=tuple(shape))  # type: ignore[no-any-return]


def _check_weight(weight: Tensor, classes: int) -> None:
    if weight._array.shape != (classes,):
        raise ShapeError(
            f"weight must have one number for each of the {classes} classes, shape ({classes},); "
            f"got shape {weight._array.shape}"
        )


def _counted(input: Tensor, target: Tensor, weight: Any, ignore_index: int) -> tuple[Any, Any, Any]:
    """Class numbers, 0 for the ignored ones; 1 for those that are kept, and 0; and what each counts for."""
    classes, dtype = input._array.shape[_class_dim(input)], input._array.dtype
    numbers = fused.check_classes(target, classes=classes, ignore_index=ignore_index, ignoring=True)
    kept = ew.cast(not_equal(target, ignore_index), dtype=dtype)
    if weight is None:
        return numbers, kept, kept
    weight = as_tensor(weight)
    _check_weight(weight, classes)
    if weight._array.dtype != dtype:
        weight = ew.cast(weight, dtype=dtype)
    # `where`, not a product: the weight of class 0, which stands for the ignored ones, may be infinite.
    return numbers, kept, ew.where(not_equal(kept, 0), index(weight, numbers, key=(ARRAY,)), 0.0)


def _likelihood(logs: Tensor, numbers: Any, counts: Any, reduction: str) -> Any:
    """Minus the log-probabilities at the class numbers, each times what it counts for, reduced."""
    dim, n = _class_dim(logs), logs._array.ndim
    shape = numbers._array.shape
    if n != 2:
        classes = logs._array.shape[dim]
        axes = (*[a for a in range(n) if a != dim], dim)
        logs = reshape(transpose(logs, axes=axes), shape=(-1 if classes else numbers._array.size, classes))
    picked = reshape(take_along(logs, reshape(numbers, shape=(-1, 1)), axis=1), shape=shape)
    # `where`, not a product: an ignored element may hold -inf.
    losses = ew.where(not_equal(counts, 0), picked, 0.0) * -counts
    return _sum(losses) / _sum(counts) if reduction == "mean" else reduced(losses, reduction)


def check_classes(input: Tensor, target: Tensor, loss: str, *, soft: bool = False) -> None:
    """Raise unless the shapes and dtypes of scores and classes belong together."""
    x, t = input._array, target._array
    if not x.ndim:
        raise ShapeError(f"{loss}: the input has no dimension for classes; give it shape (classes,) or (n, classes)")
    wanted = () if x.ndim == 1 else (x.shape[0], *x.shape[2:])
    if t.dtype.kind == "f":
        if soft and t.shape == x.shape:
            return
        if t.shape == wanted:
            raise DtypeError(
                f"{loss}: the targets have the shape of class numbers, {t.shape}, and dtype {t.dtype}; "
                "class numbers are integers: use target.long()"
            )
    elif t.shape == wanted:
        return
    text = f"{loss}: for an input of shape {x.shape}, class numbers have shape {wanted}; got {t.shape}"
    if soft and t.shape == x.shape:
        text += (
            f". Probabilities of that shape must be floating: use target.float(); or target.argmax({_class_dim(input)})"
        )
    elif t.shape == (*wanted, 1):
        text += f"; use target.squeeze({len(wanted)})"
    elif x.ndim == 2 and x.shape[1] == 1:
        text += "; for one output and two classes the loss is binary_cross_entropy_with_logits"
    raise ShapeError(text)


def nll_loss(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood: ``-weight[target] * input[target]``, for log-probabilities.

    Parameters
    ----------
    input : Tensor of shape (C,), (N, C) or (N, C, d1, ...), floating
        Log-probabilities of C classes, as `log_softmax` gives them.
    target : Tensor of shape (), (N,) or (N, d1, ...), integer
        Class numbers from 0 to C - 1.
    weight : Tensor of shape (C,), optional
        What each class counts for.
    ignore_index : int, default=-100
        A class number that marks elements to leave out.
    reduction : {"mean", "sum", "none"}, default="mean"
        The mean is weighted by `weight`, and leaves out what is ignored.

    Returns
    -------
    Tensor of shape (), or that of `target` with ``reduction="none"``

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.nll_loss(ad.tensor([[-0.5, -1.0], [-2.0, -0.1]]), ad.tensor([0, 0])).item()
    1.25
    """
    input, target = as_tensor(input), as_tensor(target)
    check_reduction(reduction)
    check_classes(input, target, "nll_loss")
    numbers, _, counts = _counted(input, target, weight, ignore_index)
    return _likelihood(input, numbers, counts, reduction)  # type: ignore[no-any-return]


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean") -> Tensor:
    """Cross-entropy of two classes, for probabilities: ``-target * log(input) - (1 - target) * log(1 - input)``.

    Parameters
    ----------
    input : Tensor, floating
        Probabilities, from 0 to 1.
    target : Tensor of the same shape
        0 or 1, or probabilities.
    weight : Tensor that broadcasts to that shape, optional
        Multiplies each loss.
    reduction : {"mean", "sum", "none"}, default="mean"

    Returns
    -------
    Tensor of shape (), or that of `input` with ``reduction="none"``

    Raises
    ------
    ShapeError
        If the shapes of `input` and `target` differ.
    SettingError
        If an input is outside [0, 1].

    Notes
    -----
    The derivative is ``(input - target) / (input * (1 - input))``, with a denominator of at least 1e-12. Logarithms
    are held above -100, so that a wrong certainty costs 100 and not infinity. For logits,
    `binary_cross_entropy_with_logits` is faster and loses no digits.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> round(F.binary_cross_entropy(ad.tensor([0.9, 0.2]), ad.tensor([1.0, 0.0])).item(), 4)
    0.1643
    """
    input, target = paired("binary_cross_entropy", input, target)
    losses = _binary_cross_entropy(check_probabilities(input), target)
    return reduced(losses if weight is None else losses * weight, reduction)  # type: ignore[no-any-return]


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Tensor:
    """Cross-entropy of two classes, for logits: `binary_cross_entropy` of ``sigmoid(input)``.

    Parameters
    ----------
    input : Tensor, floating
        Logits: any numbers.
    target : Tensor of the same shape
        0 or 1, or probabilities.
    weight : Tensor that broadcasts to that shape, optional
        Multiplies each loss.
    reduction : {"mean", "sum", "none"}, default="mean"
    pos_weight : Tensor that broadcasts to that shape, optional
        Multiplies the loss of what belongs to class 1: above 1 it finds more of them, at more false alarms.

    Returns
    -------
    Tensor of shape (), or that of `input` with ``reduction="none"``

    Raises
    ------
    ShapeError
        If the shapes of `input` and `target` differ.

    Notes
    -----
    ``loss = softplus(input) - input * target``, whose derivative is ``sigmoid(input) - target``; with `pos_weight` p,
    ``(1 - target) * input + (1 + (p - 1) * target) * softplus(-input)``. Nothing overflows, and small losses keep
    their digits.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> round(F.binary_cross_entropy_with_logits(ad.tensor([0.0]), ad.tensor([1.0])).item(), 4)
    0.6931
    """
    input, target = as_tensor(input), as_tensor(target)
    if input._array.shape != target._array.shape:
        raise unequal("binary_cross_entropy_with_logits", input, target)
    check_reduction(reduction)
    if weight is None and pos_weight is None:
        return fused.bce_with_logits(input, target, reduction=reduction)  # type: ignore[no-any-return]
    if pos_weight is None:
        losses = fused.bce_with_logits(input, target, reduction="none")
    else:
        losses = (1 - target) * input + (1 + (as_tensor(pos_weight) - 1) * target) * ew.softplus(-input)
    return reduced(losses if weight is None else losses * weight, reduction)  # type: ignore[no-any-return]
