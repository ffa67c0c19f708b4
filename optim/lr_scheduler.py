"""Learning rates that change as training goes on: call ``scheduler.step()`` once an epoch, after the optimizer's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, pi
from typing import Any

from autodiff.graph import modes
from optim.optimizer import Optimizer

__all__ = ["CosineAnnealingLR", "ExponentialLR", "LRScheduler", "LambdaLR", "StepLR"]


class LRScheduler:
    """Base of the schedules: a subclass says in `rate` what the learning rate of a group is at an epoch.

    Parameters
    ----------
    optimizer : Optimizer
    last_epoch : int, default=-1
        The epoch to go on from; -1 begins.

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> from optim.lr_scheduler import LRScheduler
    >>> class Harmonic(LRScheduler):
    ...     def rate(self, base, epoch, group):
    ...         return base / (1 + epoch)
    >>> scheduler = Harmonic(optim.SGD([nn.Parameter(ad.ones(1))], lr=1.0))
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def rate(self, base: float, epoch: int, group: int) -> float:
        """The learning rate of group number `group` at `epoch`, if it began with `base`."""
        return base

    def step(self) -> None:
        """Go on to the next epoch."""
        if modes.recorder is not None:
            modes.recorder.refuse(
                "scheduler.step() changes settings in Python, which a replay does not run",
                "call it outside the compiled function",
            )
        self.last_epoch += 1
        for i, (group, base) in enumerate(zip(self.optimizer.param_groups, self.base_lrs)):
            group["lr"] = self.rate(base, self.last_epoch, i)

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, and functions."""
        return {k: v for k, v in vars(self).items() if k not in ("optimizer", "lr_lambdas")}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        vars(self).update(state_dict)


class StepLR(LRScheduler):
    """The learning rate times `gamma` every `step_size` epochs.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
    gamma : float, default=0.1
    last_epoch : int, default=-1

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> scheduler = optim.lr_scheduler.StepLR(optim.SGD([nn.Parameter(ad.ones(1))], lr=1.0), 2, gamma=0.5)
    >>> for epoch in range(4):
    ...     print(scheduler.get_last_lr()[0])
    ...     scheduler.step()
    1.0
    1.0
    0.5
    0.5
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, epoch: int, group: int) -> float:
        return base * self.gamma ** (epoch // self.step_size)


class ExponentialLR(LRScheduler):
    """The learning rate times `gamma` at every epoch.

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
    last_epoch : int, default=-1

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> scheduler = optim.lr_scheduler.ExponentialLR(optim.SGD([nn.Parameter(ad.ones(1))], lr=1.0), 0.5)
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, epoch: int, group: int) -> float:
        return base * self.gamma**epoch


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the first learning rate down to `eta_min`, in `T_max` epochs.

    Parameters
    ----------
    optimizer : Optimizer
    T_max : int
    eta_min : float, default=0.0
    last_epoch : int, default=-1

    Notes
    -----
    ``eta_min + (base - eta_min) * (1 + cos(pi * epoch / T_max)) / 2``. Loshchilov and Hutter, "SGDR: stochastic
    gradient descent with warm restarts", 2017.

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> scheduler = optim.lr_scheduler.CosineAnnealingLR(optim.SGD([nn.Parameter(ad.ones(1))], lr=1.0), T_max=2)
    >>> scheduler.step()
    >>> round(scheduler.get_last_lr()[0], 6)
    0.5
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, epoch: int, group: int) -> float:
        return self.eta_min + (base - self.eta_min) * (1 + cos(pi * epoch / self.T_max)) / 2


class LambdaLR(LRScheduler):
    """The learning rate times a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : function of int to float, or a list of them
        One for all groups, or one for each.
    last_epoch : int, default=-1

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> optimizer = optim.SGD([nn.Parameter(ad.ones(1))], lr=1.0)
    >>> scheduler = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1.0, (epoch + 1) / 4))
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * groups if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"the optimizer has {groups} groups and got {len(self.lr_lambdas)} functions")
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, epoch: int, group: int) -> float:
        return base * self.lr_lambdas[group](epoch)
