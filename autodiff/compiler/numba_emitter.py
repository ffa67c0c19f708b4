"""The emitter of machine code: a program as one function, compiled by llvmlite, the compiler library of Numba."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from autodiff.compiler import blas, machine
from autodiff.compiler.crew import crew
from autodiff.compiler.entry import FIXED, fixed_addresses, made_callable
from autodiff.compiler.ir import Unsupported
from autodiff.compiler.kernel import Kernel
from autodiff.compiler.listing import rows
from autodiff.compiler.loops import Loop
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.heap import aligned

__all__ = ["Emitted", "Unsupported", "emit"]

Array = np.ndarray[Any, Any]


def emit(program: Program) -> Emitted:
    """Write a program in LLVM's language.

    Raises
    ------
    Unsupported
        If it has operations that only their forwards can compute.
    """
    return Emitted(program, Kernel(program))


class Inlined(NamedTuple):
    """The lines of a bound step, for those who write them into a function of their own.

    Parameters
    ----------
    before : list of str
        What makes the arrays of the results.
    results : list of str
        What these are called.
    names : dict
        What the lines use: ``checked(*inputs, *settings, *results)`` is None when the step is made, True when one of
        its checks would raise, which ``fail(*inputs, *draws, *settings)`` then does, and False when nothing was done,
        since an input is not tidy; ``called`` does not look at inputs.
    """

    before: list[str]
    results: list[str]
    names: dict[str, Any]


class Emitted:
    """A program in LLVM's language.

    Attributes
    ----------
    source : str
    can_loop : bool
        Whether `bind_many` makes sense: whether all that a step may raise is known beforehand.
    """

    def __init__(self, program: Program, kernel: Kernel) -> None:
        self.program = program
        self.kernel = kernel
        self.source = kernel.source
        self.can_loop = not kernel.demands
        #: What is bound to memory already, so that it need not be looked for in the cache.
        self._code: Callable[[], machine.Machine | None] = lambda: None

    def arranged(self) -> str:
        """What shares a loop and what shares memory: the operations in order, and where the result of each lies."""
        kernel = self.kernel
        groups = [
            (f"loop over {list(step.shape)}", step.instructions)
            if isinstance(step, Loop)
            else (step.instruction.op, [step.instruction])
            for step in kernel.steps
        ]
        starts, size = kernel.slots.places()
        title = f"what one loop can compute is in one loop; arrays that leave it share {size} bytes of `memory`"
        return "\n".join([title, *rows(groups, kernel.names, lambda i: self._lies(i, starts))])

    def _lies(self, i: Instruction, starts: list[int]) -> str:
        """Where the result of an instruction lies."""
        v, kernel = i.outputs[0], self.kernel
        home = kernel.homes.of.get(v)
        memory, start = (v, 0) if home is None else home
        if isinstance(memory, Value) and memory in kernel.slots.of:
            begin = starts[kernel.slots.of[memory]] + start * v.dtype.itemsize
            return f"memory[{begin}:{begin + v.size * v.dtype.itemsize}]"
        if isinstance(memory, Value):
            return "in registers" if memory is v else f"in {kernel.names(memory)}"
        return "new"

    def bind(self, states: Sequence[Array]) -> Callable[..., Any]:
        """The step, on this state."""
        return self._made("trusted", "", states)

    def bind_many(self, states: Sequence[Array]) -> Callable[..., Any]:
        """``run_many(steps, *stacked_inputs, *stacked_draws, *settings)``: many steps, whose results are stacked."""
        return self._made("many", "steps, ", states)

    def _made(self, function: str, first: str, states: Sequence[Array]) -> Callable[..., Any]:
        """The Python function around the machine code, which makes the arrays of the results."""
        code = self._code()
        if code is None:
            code = machine.load(self.source)
            self._code = ref(code)
        held, table = self._table(states)
        called = made_callable(code.address(function), table, (code, held))
        given = [f"x{k}" for k in range(len(self.program.inputs) + len(self.program.draws))]
        settings = [f"s{k}" for k in range(len(self.program.settings))]
        outs = [f"r{k}" for k in range(len(self.program.results))]
        scope: dict[str, Any] = {"called": called, "empty": np.empty, "fail": partial(self._fail, states)}
        lines = []
        for k, v in enumerate(self.program.results):
            scope[f"dtype{k}"] = v.dtype
            shape = f"(steps, {''.join(f'{n}, ' for n in v.shape)})" if first else repr(v.shape)
            lines.append(f"r{k} = empty({shape}, dtype{k})")
        body = [
            *lines,
            f"if called({first}{', '.join([*given, *settings, *outs])}):",
            f"    fail({', '.join([*given, *settings])})",
        ]
        body += [f"return {', '.join(outs)}"] if outs else []
        exec("\n    ".join([f"def run({first}{', '.join(given + settings)}):", *body]), scope)
        run: Any = scope["run"]
        if function == "trusted":
            names = {**scope, "checked": made_callable(code.address("step"), table, (code, held))}
            run.inlined = Inlined(lines, outs, {n: v for n, v in names.items() if n not in ("run", "__builtins__")})
        made: Callable[..., Any] = run
        return made

    def _table(self, states: Sequence[Array]) -> tuple[list[Any], Array]:
        """The addresses of all memory, in the kernel's order, and what keeps that memory alive."""
        gemm = blas.find()
        starts, size = self.kernel.slots.places()
        slots = aligned(size, np.dtype(np.uint8))
        held: list[Any] = [slots]
        addresses = fixed_addresses()
        given = dict(zip(self.program.states, states, strict=True))
        for memory in self.kernel.table[len(FIXED) :]:
            if memory in ("single", "double"):
                assert gemm is not None
                addresses.append(getattr(gemm, str(memory)))
            elif memory in ("crew", "crew's run"):
                workers = crew()
                assert workers is not None
                workers.gather()
                addresses.append(workers.address if memory == "crew" else workers.run)
            elif isinstance(memory, str):
                addresses.append(id(np.dtype(memory.removeprefix("dtype "))))
            elif isinstance(memory, int):
                addresses.append(slots.ctypes.data + starts[memory])
            else:
                assert isinstance(memory, Value)
                array = np.array(memory.array, order="C") if memory.kind == "constant" else given[memory]
                held.append(array)
                addresses.append(array.ctypes.data)
        return held, np.array(addresses, np.int64)

    def _fail(self, states: Sequence[Array], *given: Any) -> None:
        """Raise what the checks of the program raise, on copies of states; the machine code found that one does."""
        n, m = len(self.program.inputs), len(self.program.inputs) + len(self.program.draws)
        copies = [np.array(a) for a in states]
        self.program.run(given[:n], copies, given[n:m], given[m:])
        raise AssertionError("the machine code and the checks disagree")
