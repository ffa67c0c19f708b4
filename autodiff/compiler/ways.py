"""Ways: the function that goes straight to a step, and whether it still does after a call of another signature.

Shapes take turns, gradients are there at one call of an accumulation and not at another, a model trains and is asked,
and each has its program. Everything else that a look at a call finds out is as it was, so that the way there need not
be made again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff.compiler.reach import Reach
from autodiff.compiler.ready import Step
from autodiff.compiler.signatures import given
from autodiff.graph import changes, modes

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
        self.rest = changes.structure - changes.switches
        self.given = given(args, kwargs)
        self.switches = reach.switches()
        closure = dict(zip(fast.__code__.co_freevars, fast.__closure__ or ()))
        self._structure = closure["structure"]

    def holds(self) -> bool:
        """Whether nothing is another but gradients and arguments, which are to be looked at."""
        return changes.structure - changes.switches == self.rest and self.leads_on()

    def leads_on(self) -> bool:
        """Whether what no counter watches is as it was."""
        if modes.grad is not self.grad or self.switches != self.reach.switches():
            return False
        return self.reach.is_unchanged() and self.recording.holds_plain()

    def begin(self) -> None:
        """Let the function take what there is now for what it was made for."""
        self._structure.cell_contents = changes.structure
