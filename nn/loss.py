"""Losses as modules: each holds its settings and calls the function in `nn.functional`."""

from __future__ import annotations

from typing import Any

from autodiff.ops import fused
from autodiff.tensors import Tensor
from nn import functional as F
from nn.functional.losses import check_classes
from nn.functional.regression import check_reduction, unequal
from nn.module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "SmoothL1Loss",
]


class _Loss(Module):
    """Base of the losses: how the losses of the elements become one number."""

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = check_reduction(reduction)


class _WeightedLoss(_Loss):
    """Base of the losses whose elements or classes count differently: the weights move with the module."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """Squared differences between input and target; see `nn.functional.mse_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default="mean"

    Raises
    ------
    ShapeError
        When called with input and target of different shapes.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.MSELoss()(ad.tensor([1.0, 2.0]), ad.tensor([1.0, 4.0])).item()
    2.0
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        if isinstance(input, Tensor) and isinstance(target, Tensor):
            if input._array.shape != target._array.shape:
                raise unequal("MSELoss", input, target)
            return fused.mse_loss(input, target, reduction=self.reduction)  # type: ignore[no-any-return]
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """Absolute differences between input and target; see `nn.functional.l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default="mean"

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.L1Loss()(ad.tensor([1.0, 2.0]), ad.tensor([1.0, 4.0])).item()
    1.0
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """Squared differences where they are small, absolute ones where large; see `nn.functional.smooth_l1_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default="mean"
    beta : float, default=1.0
        Where the one passes into the other.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.SmoothL1Loss()(ad.tensor(3.0), ad.tensor(0.0)).item()
    2.5
    """

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """`SmoothL1Loss` with ``beta=delta``, times `delta`; see `nn.functional.huber_loss`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, default="mean"
    delta : float, default=1.0
        Where the squared part passes into the linear one.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.HuberLoss(delta=2.0)(ad.tensor(4.0), ad.tensor(0.0)).item()
    6.0
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(_Loss):
    """Kullback-Leibler divergence of probabilities from log-probabilities; see `nn.functional.kl_div`.

    Parameters
    ----------
    reduction : {"mean", "batchmean", "sum", "none"}, default="mean"
        "batchmean" is what mathematicians mean; "mean" divides by the number of elements.
    log_target : bool, default=False
        Whether the target is given by its logarithms, too.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> p, q = ad.tensor([[0.5, 0.5]]), ad.tensor([[0.25, 0.75]])
    >>> round(nn.KLDivLoss(reduction="batchmean")(p.log(), q).item(), 4)
    0.1308
    """

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction="sum" if reduction == "batchmean" else reduction)
        self.reduction = reduction
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class CrossEntropyLoss(_WeightedLoss):
    """Cross-entropy between logits and classes; see `nn.functional.cross_entropy`.

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        What each class counts for.
    ignore_index : int, default=-100
        A class number that marks elements to leave out.
    reduction : {"mean", "sum", "none"}, default="mean"
    label_smoothing : float, default=0.0
        Share of the target that is spread evenly over all classes.

    Notes
    -----
    It takes logits, as they leave the last `Linear`: the softmax is part of the loss.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> loss = nn.CrossEntropyLoss()
    >>> round(loss(ad.tensor([[2.0, 0.0, -1.0]]), ad.tensor([0])).item(), 4)
    0.1698
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Any, target: Any) -> Tensor:
        if isinstance(input, Tensor) and isinstance(target, Tensor) and self.weight is None:
            x, t = input._array, target._array
            if x.ndim == 2 and t.shape == x.shape[:1] and t.dtype.kind == "i" and not self.label_smoothing:
                return fused.cross_entropy(  # type: ignore[no-any-return]
                    input, target, reduction=self.reduction, ignore_index=self.ignore_index
                )
            check_classes(input, target, "CrossEntropyLoss", soft=True)
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_WeightedLoss):
    """Negative log-likelihood of log-probabilities; see `nn.functional.nll_loss`.

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        What each class counts for.
    ignore_index : int, default=-100
        A class number that marks elements to leave out.
    reduction : {"mean", "sum", "none"}, default="mean"

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.NLLLoss()(ad.tensor([[-0.5, -1.0]]), ad.tensor([1])).item()
    1.0
    """

    def __init__(self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Tensor:
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(_WeightedLoss):
    """Cross-entropy of two classes, for probabilities; see `nn.functional.binary_cross_entropy`.

    Parameters
    ----------
    weight : Tensor, optional
        Multiplies each loss; broadcasts.
    reduction : {"mean", "sum", "none"}, default="mean"

    Raises
    ------
    SettingError
        When called with an input outside [0, 1].

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> round(nn.BCELoss()(ad.tensor([0.9]), ad.tensor([1.0])).item(), 4)
    0.1054
    """

    def forward(self, input: Any, target: Any) -> Tensor:
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """Cross-entropy of two classes, for logits; see `nn.functional.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    weight : Tensor, optional
        Multiplies each loss; broadcasts.
    reduction : {"mean", "sum", "none"}, default="mean"
    pos_weight : Tensor, optional
        Multiplies the loss of what belongs to class 1; broadcasts.

    Raises
    ------
    ShapeError
        When called with input and target of different shapes.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> round(nn.BCEWithLogitsLoss()(ad.tensor([0.0]), ad.tensor([1.0])).item(), 4)
    0.6931
    """

    pos_weight: Tensor | None

    def __init__(
        self, weight: Tensor | None = None, *, reduction: str = "mean", pos_weight: Tensor | None = None
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Tensor:
        if self.weight is None and self.pos_weight is None and isinstance(input, Tensor) and isinstance(target, Tensor):
            if input._array.shape != target._array.shape:
                raise unequal("BCEWithLogitsLoss", input, target)
            return fused.bce_with_logits(input, target, reduction=self.reduction)  # type: ignore[no-any-return]
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )
