"""SGD: stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from optim.optimizer import Optimizer

__all__ = ["SGD"]


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov's momentum and weight decay.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        See `Optimizer`.
    lr : float, default=1e-3
        Learning rate.
    momentum : float, default=0
        Share of the last step that is kept.
    dampening : float, default=0
        Share of the gradient that is left out of the momentum, except at the first step.
    weight_decay : float, default=0
        Adds ``weight_decay * p`` to the gradient.
    nesterov : bool, default=False
        Look ahead by one step of the momentum; needs momentum, and no dampening.
    maximize : bool, default=False
        Go up, not down.

    Notes
    -----
    ::

        g = g + weight_decay * p
        b = g at the first step, then momentum * b + (1 - dampening) * g
        p = p - lr * b                    (with nesterov: lr * (g + momentum * b))

    The learning rate multiplies the momentum, so that changing it acts at once. Sutskever, Martens, Dahl and Hinton,
    "On the importance of initialization and momentum in deep learning", 2013.

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> w = nn.Parameter(ad.tensor([1.0, 2.0]))
    >>> optimizer = optim.SGD([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.5, 1.0]
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def check(self, h: dict[str, Any]) -> None:
        super().check(h)
        if h["nesterov"] and (h["momentum"] <= 0 or h["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov needs a momentum above 0 and no dampening; got momentum={h['momentum']!r}, "
                f"dampening={h['dampening']!r}"
            )

    def slots(self, h: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if h["momentum"] else ()

    def update(self, xp: Any, p: Any, g: Any, s: tuple[Any, ...], t: int, h: dict[str, Any]) -> tuple[Any, Any]:
        if h["maximize"]:
            g = -g
        if h["weight_decay"]:
            g = g + h["weight_decay"] * p
        momentum = h["momentum"]
        if momentum:
            (b,) = s
            b = g if t == 1 else momentum * b + (1 - h["dampening"]) * g
            s = (b,)
            g = g + momentum * b if h["nesterov"] else b
        return p - h["lr"] * g, s
