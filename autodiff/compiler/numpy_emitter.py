"""The NumPy emitter: a program as a function of straight-line NumPy, in memory that is planned once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.compiler.buffers import Plan
from autodiff.compiler.np_forms import call, form_of
from autodiff.compiler.np_fusing import fused, prepare
from autodiff.compiler.np_writer import Writer
from autodiff.compiler.program import Program

__all__ = ["Emitted", "emit"]

Array = np.ndarray[Any, Any]


class Emitted:
    """The code of a program.

    Attributes
    ----------
    source : str
        A module with one function, ``make(*states, *constants, *functions)``, which returns the step.
    constants : dict of str to ndarray
        What `make` is given after the states.
    functions : dict of str to object
        What it is given after those: forwards that have no form in NumPy, and their settings.
    """

    def __init__(self, source: str, constants: dict[str, Array], functions: dict[str, Any]) -> None:
        self.source = source
        self.constants = constants
        self.functions = functions
        self._code: Any = None

    def bind(self, states: Sequence[Array]) -> Callable[..., Any]:
        """Prepare the step for the memory that it works on.

        Parameters
        ----------
        states : sequence of ndarray
            In the order of ``program.states``, C-contiguous.

        Returns
        -------
        callable
            ``run(*inputs, *draws, *settings)``.
        """
        if self._code is None:
            self._code = compile(self.source, "<compiled step>", "exec")
        # By the name of its module a warning of NumPy's is known as one of ours: see Note [Floating-point warnings].
        scope: dict[str, Any] = {"__name__": "autodiff.compiled"}
        exec(self._code, scope)
        run: Callable[..., Any] = scope["make"](*states, *self.constants.values(), *self.functions.values())
        return run


def emit(program: Program, native: bool = True) -> Emitted:
    """Write a program as NumPy.

    Parameters
    ----------
    program : Program
    native : bool, default=True
        False calls the forward of each primitive, which gives the very bits that eager gives.

    Returns
    -------
    Emitted
    """
    if native:
        program = fused(program)
    form = form_of if native else call
    forms = {i: form(i) for i in program.instructions}
    prepared = prepare(program, native, [i for i, f in forms.items() if f.kind == "call"])
    forms |= {i: form_of(i) for i in prepared.instructions if i not in forms}
    read = {v for i in prepared.instructions for v in i.reads()}
    leaves = [*program.inputs, *program.states, *program.draws, *[v for v in program.constants() if v in read]]
    plan = Plan(prepared.instructions, forms, leaves, prepared.updates, set(prepared.results))
    writer = Writer(program, plan, prepared.results)
    source = writer.write()
    constants = {writer.names[v]: np.ascontiguousarray(v.array).reshape(v.shape) for v in writer.constants}
    return Emitted(source, constants, writer.called)
