"""How many threads compute: those of NumPy's BLAS, and in machine code those of the crew, which are as many."""

from __future__ import annotations

from autodiff.compiler import blas
from autodiff.compiler.crew import crew
from autodiff.errors import SettingError

__all__ = ["get_num_threads", "set_num_threads"]


def get_num_threads() -> int:
    """How many threads a matrix product, and a compiled step in machine code, may use.

    Returns
    -------
    int
        What NumPy's BLAS says: the number of cores, or what OPENBLAS_NUM_THREADS, threadpoolctl or `set_num_threads`
        have made of it; 1 where the BLAS does not say.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.get_num_threads() >= 1
    True
    """
    threads = blas.threads()
    return 1 if threads is None else threads.ask()


def set_num_threads(threads: int, /) -> None:
    """Let matrix products, and compiled steps in machine code, use so many threads from now on.

    Parameters
    ----------
    threads : int
        1 or more. It holds for the whole process, NumPy's own products included.

    Raises
    ------
    SettingError
        If it is no such number, or if the BLAS that NumPy was built with takes none while it runs.

    Examples
    --------
    >>> import autodiff as ad
    >>> before = ad.get_num_threads()
    >>> ad.set_num_threads(1)
    >>> ad.get_num_threads()
    1
    >>> ad.set_num_threads(before)
    """
    if not isinstance(threads, int) or threads < 1:
        raise SettingError(f"set_num_threads needs a whole number from 1 on, got {threads!r}")
    known = blas.threads()
    if known is None:
        raise SettingError(
            "the BLAS of this NumPy takes no number of threads; set OMP_NUM_THREADS before Python starts"
        )
    known.set(threads)
    if crew.cache_info().currsize and (workers := crew()) is not None:
        workers.gather()
