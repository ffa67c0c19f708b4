"""The NumPy emitter: a program as a function of straight-line NumPy, in memory that is planned once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.compiler.buffers import Plan
from autodiff.compiler.listing import Names, rows, sections
from autodiff.compiler.np_forms import call, form_of
from autodiff.compiler.np_fusing import fused, prepare
from autodiff.compiler.np_many import ManyWriter
from autodiff.compiler.np_splitting import Split, split
from autodiff.compiler.np_writer import Writer
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.operands import explain

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

    def __init__(self, source: str, writer: Writer) -> None:
        self.source = source
        self.constants: dict[str, Array] = {
            writer.names[v]: np.ascontiguousarray(v.array).reshape(v.shape) for v in writer.constants
        }
        self.functions: dict[str, Any] = writer.called
        self._indexed = writer.indexed
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
        functions = [
            _explained(self._indexed[name], f) if name in self._indexed else f for name, f in self.functions.items()
        ]
        run: Callable[..., Any] = scope["make"](*states, *self.constants.values(), *functions)
        return run


def _explained(op: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    """A forward whose errors are those of the operation: an index is out of range at one call, and not at another."""

    def called(*arrays: Any, **static: Any) -> Any:
        try:
            return forward(*arrays, **static)
        except (ValueError, IndexError) as error:
            raise explain(op, list(arrays), error) from None

    return called


class EmittedStep(Emitted):
    """The code of a step, and that of many steps, which is written when it is asked for."""

    def __init__(self, source: str, writer: Writer, program: Program, native: bool) -> None:
        super().__init__(source, writer)
        self._program, self._native = program, native
        self._many: Emitted | None = None

    def arranged(self) -> str:
        """What shares memory: the operations, as they were joined into fewer, and where the result of each one lies.

        The plan is made once more, since it holds memory: stand-ins for arrays of every size.
        """
        plan = _writer(self._program, self._native).plan
        names = Names(self._program.with_instructions(plan.instructions))
        title = f"arrays that are never needed at the same time share {plan.size} bytes of `memory`"
        lines = rows(sections(plan.instructions), names, lambda i: _lies(i, plan, names))
        return "\n".join([title, *lines])

    def bind_many(self, states: Sequence[Array]) -> Callable[..., Any]:
        """Prepare many steps in one call.

        Returns
        -------
        callable
            ``run(steps, *inputs, *draws, *settings)``: arrays are stacked along a new first axis, and so are the
            results. What the checks of the inputs raise, they raise before the first step.
        """
        if self._many is None:
            self._many = _emit_many(self._program, self._native)
        return self._many.bind(states)


def emit(program: Program, native: bool = True) -> EmittedStep:
    """Write a program as NumPy.

    Parameters
    ----------
    program : Program
    native : bool, default=True
        False calls the forward of each primitive, which gives the very bits that eager gives.

    Returns
    -------
    EmittedStep
    """
    writer = _writer(program, native)
    return EmittedStep(writer.write(), writer, program, native)


def _writer(program: Program, native: bool) -> Writer:
    better = fused(program) if native else program
    plan, results = _planned(better, native, better.constants())
    return Writer(better, plan, results)


def _lies(i: Instruction, plan: Plan, names: Names) -> str:
    """Where the result of an instruction lies."""
    v = i.outputs[0]
    root = plan.root[v]
    if root is not v:
        return f"in {names(root)}"
    memory, start = plan.home[v]
    if memory.kind == "state":
        return f"in {names(memory.owner)}"
    if memory.kind == "buffer":
        begin = memory.offset + start
        return f"memory[{begin}:{begin + v.size * v.dtype.itemsize}]"
    return "new"


def _emit_many(program: Program, native: bool) -> Emitted:
    """Write a loop of steps. Without native forms all of each step stays in it, so that the bits are those of eager."""
    better = fused(program) if native else program
    parts = split(better) if native else Split(better, [], [])
    body = parts.looped(better)
    plan, results = _planned(body, native, better.constants())
    writer = ManyWriter(body, plan, results, better, parts)
    return Emitted(writer.write(), writer)


def _planned(program: Program, native: bool, constants: Sequence[Value]) -> tuple[Plan, list[Value]]:
    """The memory of a program, and its results, each of which has memory of its own."""
    form = form_of if native else call
    forms = {i: form(i) for i in program.instructions}
    prepared = prepare(program, native, [i for i, f in forms.items() if f.kind == "call"])
    forms |= {i: form_of(i) for i in prepared.instructions if i not in forms}
    leaves = [*program.inputs, *program.states, *program.draws, *constants]
    return Plan(prepared.instructions, forms, leaves, prepared.updates, set(prepared.results)), prepared.results
