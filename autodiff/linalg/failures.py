"""Matrices at which an algorithm fails, found and set aside: what the functions ending in ``_ex`` report."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import LinAlgError
from autodiff.graph import wrap
from autodiff.names.matrices import identity
from autodiff.operands import leaving
from autodiff.ops import decompositions as dec
from autodiff.ops import elementwise as ew


def screened(op: Any, x: Any, *rest: Any, check: bool, **static: Any) -> tuple[Any, Any]:
    """``op(x, *rest)`` with nan for matrices at which it fails, and the number (from 1) of the row where it does."""
    array = (x if check else leaving(x, "a factorization that may fail"))._array
    try:
        return op(x, *rest, **static), wrap(np.zeros(array.shape[:-2], np.int32))
    except LinAlgError:
        if check:
            raise
    info = failures(array.mT if static.get("upper") else array, _minor if op is dec.cholesky else _pivot)
    failed = wrap((info > 0)[..., None, None])
    out = op(ew.where(failed, wrap(identity(array)), x), *rest, **static)
    return ew.where(failed, float("nan"), out), wrap(info)


def failures(x: Any, row: Any = None) -> Any:
    """For each matrix of a stack the number of the row at which it fails; 0 if it does not."""
    info = np.zeros(x.shape[:-2], np.int32)
    for i in np.ndindex(info.shape):
        info[i] = (row or _pivot)(x[i])
    return info


def _pivot(a: Any) -> int:
    """The row at which Gauss's elimination finds no pivot; 0 if there is none."""
    a = a.copy()
    for k in range(len(a)):
        p = k + int(np.argmax(np.absolute(a[k:, k])))
        if a[p, k] == 0:
            return k + 1
        a[[k, p]] = a[[p, k]]
        a[k + 1 :, k:] -= np.outer(a[k + 1 :, k] / a[k, k], a[k, k:])
    return 0


def _minor(a: Any) -> int:
    """The order of the smallest leading minor that is not positive definite; 0 if there is none."""
    for k in range(1, len(a) + 1):
        try:
            np.linalg.cholesky(a[:k, :k])
        except np.linalg.LinAlgError:
            return k
    return 0
