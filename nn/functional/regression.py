"""Losses between numbers and numbers: squared, absolute, and what lies between them."""

from __future__ import annotations

from typing import Any

from autodiff.errors import ShapeError
from autodiff.ops import elementwise as ew
from autodiff.ops import fused
from autodiff.ops.reduce import mean as _mean
from autodiff.ops.reduce import sum as _sum
from autodiff.tensors import Tensor, as_tensor
from nn.errors import SettingError

__all__ = ["huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]

REDUCTIONS = frozenset({"mean", "sum", "none"})


def check_reduction(reduction: str) -> str:
    """Return `reduction` if there is one of this name."""
    if reduction not in REDUCTIONS:
        raise SettingError(f"reduction must be 'mean', 'sum' or 'none'; got {reduction!r}")
    return reduction


def reduced(losses: Any, reduction: str) -> Any:
    """The mean or the sum of the losses, or all of them."""
    check_reduction(reduction)
    if reduction == "none":
        return losses
    return _mean(losses) if reduction == "mean" else _sum(losses)


def unequal(loss: str, input: Any, target: Any) -> ShapeError:
    """The error for an input and a target that are not of one shape, with the mend."""
    x, t = tuple(input.shape), tuple(target.shape)
    text = f"{loss}: the input has shape {x} and the target {t}; they must be equal"
    if len(x) == len(t) + 1 and x[-1] == 1 and x[:-1] == t:
        cross = (t[0], t[0]) if t else (1,)
        text += (
            f" (broadcast, they would give {cross}: every prediction against every target). "
            f"Use input.squeeze({len(t)}) or target.unsqueeze({len(t)})"
        )
    elif len(t) == len(x) + 1 and t[-1] == 1 and t[:-1] == x:
        text += (
            f" (broadcast, they would give every prediction against every target). "
            f"Use target.squeeze({len(x)}) or input.unsqueeze({len(x)})"
        )
    elif len(x) > 1 and x[:-1] == t:
        text += ". For class numbers as targets the loss is cross_entropy"
    else:
        text += ". If broadcasting is meant, say so with target.expand_as(input)"
    return ShapeError(text)


def paired(loss: str, input: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Both as Tensors of one shape."""
    input, target = as_tensor(input), as_tensor(target)
    if input._array.shape != target._array.shape:
        raise unequal(loss, input, target)
    return input, target


def mse_loss(input: Any, target: Any, *, reduction: str = "mean", weight: Any = None) -> Tensor:
    """Squared differences ``(input - target)**2``.

    Parameters
    ----------
    input, target : Tensors of one shape
    reduction : {"mean", "sum", "none"}, default="mean"
    weight : Tensor of that shape, optional
        Multiplies each squared difference; the mean is then the weighted mean.

    Returns
    -------
    Tensor of shape (), or that of `input` with ``reduction="none"``

    Raises
    ------
    ShapeError
        If the shapes differ. Broadcasting (n, 1) against (n,) would train on n * n pairs without a word.

    Notes
    -----
    The derivative is ``2 * (input - target)``, over the number of elements for the mean.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.mse_loss(ad.tensor([1.0, 2.0]), ad.tensor([1.0, 4.0])).item()
    2.0
    """
    input, target = paired("mse_loss", input, target)
    check_reduction(reduction)
    if weight is None:
        return fused.mse_loss(input, target, reduction=reduction)  # type: ignore[no-any-return]
    return _weighted(fused.mse_loss(input, target, reduction="none"), weight, reduction)


def l1_loss(input: Any, target: Any, *, reduction: str = "mean", weight: Any = None) -> Tensor:
    """Absolute differences ``|input - target|``; arguments as `mse_loss`.

    The derivative is the sign of the difference, and 0 at 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.l1_loss(ad.tensor([1.0, 2.0]), ad.tensor([1.0, 4.0])).item()
    1.0
    """
    input, target = paired("l1_loss", input, target)
    losses = abs(input - target)
    return _weighted(losses, weight, reduction)


def _weighted(losses: Tensor, weight: Any, reduction: str) -> Tensor:
    """Losses times their weights, if there are any; the mean is that of the weights as well."""
    if weight is None:
        return reduced(losses, reduction)  # type: ignore[no-any-return]
    weight = paired("weight", weight, losses)[0]
    total = reduced(losses * weight, "sum" if reduction == "mean" else reduction)
    return total / _sum(weight) if reduction == "mean" else total  # type: ignore[no-any-return]


def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """Squared differences where they are small, absolute ones where they are large.

    Parameters
    ----------
    input, target : Tensors of one shape
    reduction : {"mean", "sum", "none"}, default="mean"
    beta : float, default=1.0
        With ``d = |input - target|``: ``d**2 / (2 * beta)`` where d < beta, else ``d - beta / 2``. 0 is `l1_loss`.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.smooth_l1_loss(ad.tensor([0.5, 3.0]), ad.tensor([0.0, 0.0]), reduction="none").tolist()
    [0.125, 2.5]
    """
    if beta < 0:
        raise SettingError(f"beta must not be negative; got {beta!r}")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    input, target = paired("smooth_l1_loss", input, target)
    d = abs(input - target)
    return reduced(ew.where(d < beta, d * d * (0.5 / beta), d - 0.5 * beta), reduction)  # type: ignore[no-any-return]


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Tensor:
    """`smooth_l1_loss` with ``beta=delta``, times `delta`: the squared part is the same for every delta.

    Parameters
    ----------
    input, target : Tensors of one shape
    reduction : {"mean", "sum", "none"}, default="mean"
    delta : float, default=1.0
        With ``d = |input - target|``: ``d**2 / 2`` where d <= delta, else ``delta * (d - delta / 2)``.
    weight : Tensor of that shape, optional
        Multiplies each loss; the mean stays that over the number of elements, as in PyTorch.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.huber_loss(ad.tensor([1.0, 4.0]), ad.tensor([0.0, 0.0]), reduction="none", delta=2.0).tolist()
    [0.5, 6.0]
    """
    if delta <= 0:
        raise SettingError(f"delta must be positive; got {delta!r}")
    input, target = paired("huber_loss", input, target)
    d = abs(input - target)
    losses = ew.where(d <= delta, d * d * 0.5, delta * (d - 0.5 * delta))
    if weight is not None:
        losses = losses * paired("weight", weight, losses)[0]
    return reduced(losses, reduction)  # type: ignore[no-any-return]
