"""The matrix products of the BLAS that NumPy itself has loaded, by their addresses.

A second library would bring threads of its own: switching between the two costs milliseconds each time, because idle
workers spin.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import NamedTuple

import numpy as np

__all__ = ["Gemm", "find"]


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


@cache
def find() -> Gemm | None:
    """The products of NumPy's BLAS; None where they cannot be found."""
    try:  # the module is loaded already; its symbols are looked up in it and in what it depends on
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None
    for name, bits in _NAMES:
        try:
            single, double = [getattr(library, name.format(letter)) for letter in "sd"]
        except AttributeError:
            continue
        addresses = [ctypes.cast(f, ctypes.c_void_p).value or 0 for f in (single, double)]
        return Gemm(addresses[0], addresses[1], bits)
    return None
