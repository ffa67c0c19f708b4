"""Ways: the function that goes straight to a step, and whether it still does when only gradients have come or gone.

Gradients are there at one call of an accumulation and not at another, and each has its program. Everything else that a
look at a call finds out is as it was, so that the way there need not be made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.compiler.reach import Reach
from autodiff.compiler.ready import Step
from autodiff.graph import Value, changes, modes

__all__ = ["Way"]


class Way:
    """The way to a step.

    Parameters
    ----------
    step : Step
    fast : callable
        What `Wrapper` made for it.
    base : type
        Of compiled functions.
    reach : Reach
        What was found when it was made.
    args, kwargs
        The arguments it was made for.

    Attributes
    ----------
    own : type
        A class whose ``__call__`` is `fast`. Python looks for that in the class alone, and a method that only hands on
        costs as much as a small addition; so a compiled function is of a class of its own while it goes this way.
    run : callable
        The step's code, bound to its memory then.
    """

    def __init__(
        self,
        step: Step,
        fast: Callable[..., Any],
        base: type,
        reach: Reach,
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> None:
        self.fast, self.run, self.reach, self.recording = fast, step.run, reach, step.recording
        self.own = type("Compiled", (base,), {"__call__": staticmethod(fast), "__module__": base.__module__})
        self.grad = modes.grad
        self.rest = changes.structure - changes.gradients
        self.given = _given(args, kwargs)
        closure = dict(zip(fast.__code__.co_freevars, fast.__closure__ or ()))
        self._structure = closure["structure"]

    def holds(self, args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
        """Whether nothing but gradients has changed, and the arguments are alike: plain ones, Tensors or arrays."""
        if changes.structure - changes.gradients != self.rest or self.given is None:
            return False
        return _given(args, kwargs) == self.given and self.leads_on()

    def leads_on(self) -> bool:
        """Whether what no counter watches is as it was."""
        return modes.grad is self.grad and self.reach.is_unchanged() and self.recording.holds_plain()

    def begin(self) -> None:
        """Let the function take what there is now for what it was made for."""
        self._structure.cell_contents = changes.structure


def _given(args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any] | None:
    """What arguments are like; None where more would have to be compared."""
    if kwargs:
        return None
    arrays = [x._array if isinstance(x, Value) and x._node is None else x for x in args]
    if not all(isinstance(a, np.ndarray) for a in arrays):
        return None
    return [(type(x), a.shape, a.dtype) for x, a in zip(args, arrays)]
