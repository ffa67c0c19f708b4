"""AdamW: Adam whose weight decay does not pass through the means."""

from __future__ import annotations

from typing import Any

from optim.adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    """Adam with decoupled weight decay.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        See `Optimizer`.
    lr : float, default=1e-3
    betas : (float, float), default=(0.9, 0.999)
    eps : float, default=1e-8
    weight_decay : float, default=1e-2
        Share of each parameter, times `lr`, that is taken off it in a step.
    amsgrad : bool, default=False
    maximize : bool, default=False

    Notes
    -----
    ::

        p = p - lr * weight_decay * p
        then a step of `Adam` without weight decay

    In Adam the decay is divided by the root of the gradients' squares like everything else, so that what has large
    gradients hardly decays. Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> w = nn.Parameter(ad.tensor([1.0, 2.0]))
    >>> optimizer = optim.AdamW([w], lr=0.5, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.25, 1.0]
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)
