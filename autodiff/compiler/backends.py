"""What a program is emitted for: machine code where llvmlite is installed and all of it can be done, else NumPy."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, NamedTuple

from autodiff.compiler.program import Program
from autodiff.errors import MissingExtraError, RecordingError

__all__ = ["NAMES", "Backend", "choose"]

NAMES = ("numpy", "numba")


class Backend(NamedTuple):
    """What a program was emitted for.

    Parameters
    ----------
    name : {"numpy", "numba"}
    emitted : Emitted
        With `source` and `bind`.
    reason : str
        Why it is not the other one; may be empty.
    """

    name: str
    emitted: Any
    reason: str = ""


def choose(program: Program, wanted: str | None, native: bool = True) -> Backend:
    """Emit a program.

    Parameters
    ----------
    program : Program
    wanted : {"numpy", "numba"} or None
        "numba" is machine code, made by llvmlite, the compiler library of Numba. None takes it if that is installed.
    native : bool, default=True
        False calls the primitives' own forwards, one after the other.

    Raises
    ------
    RecordingError
        If machine code was asked for by name, and the program has operations that have no form in it.
    """
    reason = ""
    if native and wanted != "numpy":
        if find_spec("llvmlite") is None:
            if wanted == "numba":
                raise MissingExtraError.of("llvmlite", "jit", "ad.compile(..., backend='numba')")
            reason = "llvmlite is not installed"
        else:
            from autodiff.compiler import numba_emitter

            try:
                return Backend("numba", numba_emitter.emit(program))
            except numba_emitter.Unsupported as error:
                reason = f"machine code: {error}"
                if wanted == "numba":
                    mend = "leave backend= out, or say backend='numpy'"
                    raise RecordingError(error.place.of(f"{error}; {mend}")) from None
    from autodiff.compiler import numpy_emitter

    emitted = numpy_emitter.emit(program) if native else numpy_emitter.emit(program, native=False)
    return Backend("numpy", emitted, reason)
