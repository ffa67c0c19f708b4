"""How a trace writes numbers and small arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["SMALL", "array", "dimensions", "number"]

#: Arrays of at most this many elements are written out.
SMALL = 6


def number(x: Any, precision: int = 3) -> str:
    """One number: `precision` decimals, but as many significant digits below 0.1, without trailing zeros.

    >>> [number(x) for x in (11.6521, 5.5, 10.0, -0.0190491, 0.000438568, 1e-9, 123456789.0, 7)]
    ['11.652', '5.5', '10', '-0.019', '0.000439', '1e-09', '1.235e+08', '7']
    """
    if isinstance(x, (bool, np.bool_)):
        return str(bool(x))
    if isinstance(x, (int, np.integer)):
        return str(int(x))
    x = float(x)
    if not np.isfinite(x):
        return str(x)
    if not x:
        return "0"
    if abs(x) >= 1e6:
        return f"{x:.{precision}e}"
    if abs(x) < 0.1:
        return f"{x:.{max(precision, 1)}g}"
    text = f"{x:.{precision}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def array(a: Any, precision: int = 3) -> str:
    """A small array written out in brackets, a large one by its shape.

    >>> array(np.array([[1.0, 0.5], [2.25, -1.0]]))
    '[[1, 0.5], [2.25, -1]]'
    >>> array(np.zeros((64, 10)))
    'shape (64, 10)'
    """
    a = np.asarray(a)
    if a.size > SMALL:
        return dimensions(a.shape)
    if not a.ndim:
        return number(a.item(), precision)
    return f"[{', '.join([array(part, precision) for part in a])}]"


def dimensions(shape: tuple[int, ...]) -> str:
    """What stands for an array that is not written out.

    >>> dimensions((64, 10)), dimensions(())
    ('shape (64, 10)', 'a number')
    """
    return f"shape {tuple(shape)}" if shape else "a number"
