"""The Numba emitter: a program as one function of machine code, with loops of its own and the BLAS of NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff.compiler import blas, disk
from autodiff.compiler.kernel import Kernel, Unsupported
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.primitive import primitives

__all__ = ["Emitted", "Unsupported", "emit", "worthwhile"]

Array = np.ndarray[Any, Any]


def emit(program: Program) -> Emitted:
    """Write a program for Numba.

    Raises
    ------
    Unsupported
        If it has operations that only their forwards can compute.
    """
    return Emitted(program, Kernel(program))


#: Products of a matrix and a single row of more multiplications than this are left to NumPy, which knows a better BLAS
#: function for them: 13 against 36 us for one row through 784-128-10.
_LARGEST_ROW = 1 << 14
#: Programs of more operations are compiled for long, and worse than in proportion: two layers take 3 s, ten layers (177
#: operations with Adam) 10, fifteen 17, and a hundred minutes and gigabytes.
_LONGEST = 250


def worthwhile(program: Program) -> bool:
    """Whether Numba is expected to be faster: it is, but for large products of one row and endless programs."""
    if len(program.instructions) > _LONGEST:
        return False
    products = [i for i in program.instructions if i.op == "matmul"]
    return not any(_is_row(i) and _multiplications(i) > _LARGEST_ROW for i in products)


def _is_row(i: Instruction) -> bool:
    return i.outputs[0].ndim < 2 or 1 in i.outputs[0].shape


def _multiplications(i: Instruction) -> int:
    return int(i.outputs[0].size * i.operands[0].shape[-1])


class Emitted:
    """A program as a module for Numba.

    Attributes
    ----------
    source : str
    """

    def __init__(self, program: Program, kernel: Kernel) -> None:
        self.program = program
        self.kernel = kernel
        self.source = kernel.source

    def bind(self, states: Sequence[Array]) -> Callable[..., Any]:
        """The step, on this state."""
        return self._made("kernel", "", states, self.program.results)

    def bind_many(self, states: Sequence[Array]) -> Callable[..., Any]:
        """``run_many(steps, *stacked_inputs, *stacked_draws, *settings)``: many steps, whose results are stacked."""
        return self._made("many", "steps, ", states, self.program.results)

    def _made(self, function: str, first: str, states: Sequence[Array], results: Sequence[Value]) -> Callable[..., Any]:
        """The Python function around the machine code."""
        module = disk.load(self.source)
        held, table = self._table(states)
        arrays = [f"x{k}" for k in range(len(self.program.inputs) + len(self.program.draws))]
        settings = [f"s{k}" for k in range(len(self.program.settings))]
        outs = [f"r{k}" for k in range(len(results))]
        scope: dict[str, Any] = {
            "empty": np.empty,
            "fail": self._fail,
            "held": held,
            "kernel": getattr(module, function),
            "table": table,
        }
        lines = [f"def run({first}{', '.join(arrays + settings)}):"]
        for k, v in enumerate(results):
            scope[f"dtype{k}"] = v.dtype
            shape = f"(steps, {''.join(f'{n}, ' for n in v.shape)})" if first else repr(v.shape)
            lines.append(f"    r{k} = empty({shape}, dtype{k})")
        passed = [f"float({s})" if self.program.settings[k].count else s for k, s in enumerate(settings)]
        lines.append(f"    if kernel({', '.join(['table', *first.split(', ')[:-1], *arrays, *passed, *outs])}):")
        lines.append(f"        fail({', '.join(arrays)})")
        if outs:
            lines.append(f"    return {', '.join(outs)}")
        exec("\n".join(lines), scope)
        run: Callable[..., Any] = scope["run"]
        return run

    def _table(self, states: Sequence[Array]) -> tuple[list[Any], Array]:
        """The addresses of all memory, in the kernel's order, and what keeps that memory alive."""
        gemm = blas.find()
        held: list[Any] = []
        addresses = []
        given = dict(zip(self.program.states, states, strict=True))
        for memory in self.kernel.table:
            if memory in ("single", "double"):
                assert gemm is not None
                addresses.append(getattr(gemm, str(memory)))
                continue
            assert isinstance(memory, Value)
            array = given.get(memory)
            if array is None:
                fixed = memory.kind == "constant"
                array = np.array(memory.array, order="C") if fixed else np.empty(memory.size, memory.dtype)
            held.append(array)
            addresses.append(array.ctypes.data)
        return held, np.array(addresses, np.int64)

    def _fail(self, *arrays: Array) -> None:
        """Raise what the checks of the program raise; the machine code found that one of them does."""
        for i in self.program.instructions:
            if i.op == "check_classes":
                primitives[i.op].forward(arrays[self.program.inputs.index(i.operands[0])], **i.static)
        raise AssertionError("the machine code and the checks disagree")
