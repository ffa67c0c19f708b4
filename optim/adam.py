"""Adam: steps of a size that adapts to each element's own gradients."""

from __future__ import annotations

from typing import Any

from optim.optimizer import Optimizer

__all__ = ["Adam"]


class Adam(Optimizer):
    """Adam: the mean of recent gradients, over the root of the mean of their squares.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        See `Optimizer`.
    lr : float, default=1e-3
        Learning rate: about the largest change of an element in one step.
    betas : (float, float), default=(0.9, 0.999)
        How slowly the two means forget.
    eps : float, default=1e-8
        Added to the root.
    weight_decay : float, default=0
        Adds ``weight_decay * p`` to the gradient.
    amsgrad : bool, default=False
        Divide by the root of the largest mean so far.
    maximize : bool, default=False
        Go up, not down.
    decoupled_weight_decay : bool, default=False
        Decay as `AdamW` does.

    Notes
    -----
    ::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p = p - lr * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps)

    The corrections by ``1 - beta**t`` make up for m and v having begun at zero. They are computed in double
    precision, and multiplied out as at the end of section 2 of the paper, to leave less to do for each element:
    Kingma and Ba, "Adam: a method for stochastic optimization", 2015. amsgrad: Reddi, Kale and Kumar, "On the
    convergence of Adam and beyond", 2018.

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> w = nn.Parameter(ad.tensor([1.0, 2.0]))
    >>> optimizer = optim.Adam([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.5, 1.5]
    """

    counts_steps = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def check(self, h: dict[str, Any]) -> None:
        super().check(h)
        if not all(0 <= beta < 1 for beta in h["betas"]):
            raise ValueError(f"{type(self).__name__}: betas must be at least 0 and below 1; got {h['betas']!r}")

    def slots(self, h: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if h["amsgrad"] else ("exp_avg", "exp_avg_sq")

    def update(self, xp: Any, p: Any, g: Any, s: tuple[Any, ...], t: int, h: dict[str, Any]) -> tuple[Any, Any]:
        lr, (beta1, beta2), decay = h["lr"], h["betas"], h["weight_decay"]
        if h["maximize"]:
            g = -g
        if decay:
            if h["decoupled_weight_decay"]:
                p = p * (1 - lr * decay)
            else:
                g = g + decay * p
        m, v, *rest = s
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        largest = v
        if rest:
            largest = xp.maximum(rest[0], v)
            rest = [largest]
        correction = (1 - beta2**t) ** 0.5  # with operators alone: t may be a number that a compiled step reads
        step = lr * correction / (1 - beta1**t)
        return p - step * m / (xp.sqrt(largest) + h["eps"] * correction), (m, v, *rest)
