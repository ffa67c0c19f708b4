"""A rule in machine code: the ufuncs that `program` runs over blocks, as one loop whose values stay in registers.

Of Adam, NumPy takes four times as long. Every operation is one that IEEE 754 defines to the last bit, so that nobody
sees from the numbers when this begins. It runs on the thread that calls it, and starts none.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from optim.program import Code

__all__ = ["Native", "native"]

Array = np.ndarray[Any, Any]

#: Operations whose results are the same bits in NumPy and in machine code, by the names of `formulas`.
EXACT = {
    np.add: "add",
    np.subtract: "subtract",
    np.multiply: "multiply",
    np.divide: "divide",
    np.negative: "negative",
    np.absolute: "absolute",
    np.sqrt: "sqrt",
    np.maximum: "maximum",
    np.minimum: "minimum",
    np.positive: "copy",
}


def native(code: Code, dtype: np.dtype[Any]) -> Native | None:
    """The code of a rule as machine code; None without llvmlite, or where it could not be the same to the last bit."""
    if find_spec("llvmlite") is None or any(ufunc not in EXACT for ufunc, *_ in code.code):
        return None
    from autodiff.compiler.ir import Unsupported

    try:
        return Native(code, dtype)
    except Unsupported:  # float16: not every processor computes with it
        return None


class Native:
    """Machine code for one dtype and any size.

    Parameters
    ----------
    code : Code
    dtype : dtype
        Of all arrays.
    """

    def __init__(self, code: Code, dtype: np.dtype[Any]) -> None:
        from autodiff.compiler import machine

        self.source = _source(code, dtype)
        self._machine = machine.load(self.source)  # kept: the function's memory goes with it
        kinds = [ctypes.c_void_p] * code.inputs + [ctypes.c_double] * code.constants + [ctypes.c_int64]
        self._call: Callable[..., None] = ctypes.CFUNCTYPE(None, *kinds)(self._machine.address("update"))

    def run(self, arrays: Sequence[Array], constants: Sequence[float]) -> bool:
        """Update flat arrays; False, with nothing changed, where they overlap or do not lie as the code expects."""
        nbytes = arrays[0].nbytes
        if not all(a.flags.c_contiguous and a.flags.aligned for a in arrays):
            return False
        places = [a.__array_interface__["data"][0] for a in arrays]
        ordered = sorted(places)
        if any(b - a < nbytes for a, b in pairwise(ordered)):
            return False
        self._call(*places, *constants, arrays[0].size)
        return True


def _source(code: Code, dtype: np.dtype[Any]) -> str:
    """The function in LLVM's language: ``update(parameter, gradient, slots, constants, size)``."""
    from autodiff.compiler.formulas import FORMULAS, Arithmetic, converted
    from autodiff.compiler.ir import Code as Lines
    from autodiff.compiler.ir import Memory, Scopes, register_type, suffix

    kind, double = register_type(dtype), np.dtype(np.float64)
    lines = Lines(Scopes())
    memories = [Memory(f"%a{i}", f"array {i}") for i in range(code.inputs)]
    held: dict[int, str] = {}  # what each register holds
    first = code.inputs + code.scratch
    for k in range(code.constants):
        held[first + k] = converted(lines.let, f"%c{k}", double, dtype)
    with lines.loop("%n") as i:
        loaded = {k: lines.load(memory, dtype, i) for k, memory in enumerate(memories)}
        held.update(loaded)
        arithmetic = Arithmetic(lines.let, dtype, set())
        for ufunc, a, b, out in code.code:
            held[out] = FORMULAS[EXACT[ufunc]](arithmetic, *[held[x] for x in (a, b) if x is not None])
        for k, memory in enumerate(memories):
            if held[k] != loaded[k]:
                lines.store(memory, dtype, i, held[k])
    given = [f"ptr %a{i}" for i in range(code.inputs)] + [f"double %c{k}" for k in range(code.constants)]
    functions = [f"declare {kind} @llvm.{name}.{suffix(dtype)}({kind})" for name in ("sqrt", "fabs")]
    head = f"define void @update({', '.join([*given, 'i64 %n'])}) nounwind {{"
    body = [head, "entry:", *lines.lines, "  ret void", "}"]
    return "\n".join([*functions, *body, *lines.scopes.definitions()]) + "\n"
