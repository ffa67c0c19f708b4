"""The matrix products of the BLAS that NumPy itself has loaded, by their addresses.

A second library would bring threads of its own: switching between the two costs milliseconds each time, because idle
workers spin.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Gemm", "Threads", "address", "find", "threads"]


class Gemm(NamedTuple):
    """Where the products are, and how wide their integers.

    Parameters
    ----------
    single, double : int
        Addresses of ``cblas_sgemm`` and ``cblas_dgemm``.
    bits : {32, 64}
    """

    single: int
    double: int
    bits: int


#: Names as the wheels of NumPy have them, then those of other builds.
_NAMES = (
    ("scipy_cblas_{}gemm64_", 64),
    ("cblas_{}gemm64_", 64),
    ("cblas_{}gemm$NEWLAPACK$ILP64", 64),
    ("scipy_cblas_{}gemm", 32),
    ("cblas_{}gemm", 32),
)


class Threads(NamedTuple):
    """How many threads the BLAS uses.

    Parameters
    ----------
    get : int
        The address of the function that says so.
    ask : callable
        The same function.
    set : callable
    """

    get: int
    ask: Callable[[], int]
    set: Callable[[int], None]


#: Names of OpenBLAS's functions, as for products.
_THREADS = (
    "scipy_openblas_{}_num_threads64_",
    "openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads",
)


def address(function: Any) -> int:
    """Where a function of a library begins."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0


@cache
def _library() -> ctypes.CDLL | None:
    """What NumPy has loaded: symbols are looked up in its module and in what that depends on."""
    try:
        return ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None


@cache
def threads() -> Threads | None:
    """The threads of NumPy's BLAS; None where it does not say how many there are."""
    library = _library()
    for name in _THREADS:
        get, change = [getattr(library, name.format(what), None) for what in ("get", "set")]
        if get is not None and change is not None:
            get.restype, change.argtypes, change.restype = ctypes.c_int, (ctypes.c_int,), None
            return Threads(address(get), get, change)
    return None


@cache
def find() -> Gemm | None:
    """The products of NumPy's BLAS; None where they cannot be found."""
    library = _library()
    for name, bits in _NAMES:
        try:
            single, double = [getattr(library, name.format(letter)) for letter in "sd"]
        except AttributeError:
            continue
        return Gemm(address(single), address(double), bits)
    return None
