"""Adding numbers, or rows of them, where positions say: what backward of reading and scattering comes down to.

Measured, in milliseconds, float32, one core (PyTorch's index_add; bincount accumulates in float64):

=========================  ========  ===========  ==========  ============  =============  =======  ========
numbers into a vector      bincount  np.add.at    sorted and  assignment                             PyTorch
                           (here)                 reduceat    (unique only)
=========================  ========  ===========  ==========  ============  =============  =======  ========
10 into 10                 0.0010    0.0011       0.0052      0.0003                                 0.0021
1e6 into 1e6               3.0       1.8          111         1.5                                    2.0
1e6 into 1e3               1.3       1.1          63          1.0                                    1.1
=========================  ========  ===========  ==========  ============  =============  =======  ========

=========================  ========  ===========  ==========  ============  =============  =======  ========
rows                       bincount  bincount of  np.add.at   np.add.at of  sorted and     rounds   PyTorch
                           of all    each column  of rows     all           reduceat       (here)
=========================  ========  ===========  ==========  ============  =============  =======  ========
300 x 64 into 30           0.037     0.10         0.17        0.036         0.037          0.09     0.009
10,000 x 100 into 1,000    2.1       2.2          8.6         1.7           1.4            0.73     0.23
the same, few are common   2.0       2.8          -           -             -              0.73     0.24
1,000 x 1,000 into 1,000   2.9       4.3          8.7         1.7           4.9            0.45     0.17
100,000 x 8 into 1,000     2.2       1.2          8.0         2.0           1.1            4.7      1.3
100,000 x 32 into 1,000    9.4       8.4          -           -             -              5.8      2.1
100,000 x 10 into 100,000  5.4       2.5          11.8        2.7           13.8           10.2     2.8
=========================  ========  ===========  ==========  ============  =============  =======  ========

One product with a one-hot matrix takes 14 ms for the second line of rows. np.add.at adds float32 numbers in float32:
it is taken where bincount, which makes float64 numbers of the whole result, would mostly write zeros, and for integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

#: Fewer numbers of rows than this are added one by one; shorter rows, column by column.
_FEW, _SHORT = 100_000, 24
#: A round of fewer numbers than this costs more in calls than in additions.
_ROUND = 4096


def add_flat(places: Any, x: Any, size: int) -> Any:
    """A vector of `size` zeros with the numbers x added at `places`, which are not negative."""
    if x.dtype.kind == "f" and 8 * x.size >= size:
        return np.bincount(places, x, size).astype(x.dtype, copy=False)
    out = np.zeros(size, x.dtype)
    np.add.at(out, places, x)
    return out


def add_rows(places: Any, x: Any, size: int) -> Any:
    """A matrix of `size` rows of zeros with the rows of x added at `places`, which are not negative."""
    width = x.shape[1]
    if width == 1 or not x.size:
        return add_flat(places, x.reshape(-1), size * width).reshape(size, width)
    if x.size < _FEW or x.dtype.kind != "f":
        return _add_numbers(places, x, size)
    if width < _SHORT:
        out = np.empty((size, width), x.dtype)
        for j in range(width):
            out[:, j] = np.bincount(places, x[:, j], size)
        return out
    return _add_in_rounds(places, x, size)


def _add_numbers(places: Any, x: Any, size: int) -> Any:
    width = x.shape[1]
    flat = (places[:, None] * width + np.arange(width)).reshape(-1)
    return add_flat(flat, x.reshape(-1), size * width).reshape(size, width)


def _add_in_rounds(places: Any, x: Any, size: int) -> Any:
    """First the first row for every position, then the second for those that have one, and so on.

    No position stands twice in a round, so each is one plain addition of whole rows. Once the rounds get short, what is
    left are rows for a few positions that are very common: those are summed position by position.
    """
    order, at, starts = _grouped(places, size)
    turn = np.arange(at.size)
    turn -= np.repeat(starts, np.diff(starts, append=at.size))
    sizes = np.bincount(turn)
    by_turn = (turn.astype(np.uint16) if sizes.size <= 65536 else turn).argsort(kind="stable")
    order, at = order[by_turn], at[by_turn]
    out = np.zeros((size, x.shape[1]), x.dtype)
    begin = 0
    for count in sizes.tolist():
        if begin and count * x.shape[1] < _ROUND:
            break
        end = begin + count
        rows, new = at[begin:end], x.take(order[begin:end], 0)
        if begin:
            new += out.take(rows, 0)
        out[rows] = new
        begin = end
    if begin < at.size:
        _add_common(out, at[begin:], order[begin:], x)
    return out


def _grouped(places: Any, size: int) -> tuple[Any, Any, Any]:
    """The order that brings equal positions together, the positions in it, and where each new one begins."""
    order = (places.astype(np.uint16) if size <= 65536 else places).argsort(kind="stable")  # of uint16, a radix sort
    at = places[order]
    first = np.empty(at.size, bool)
    first[0] = True
    np.not_equal(at[1:], at[:-1], out=first[1:])
    return order, at, first.nonzero()[0]


def _add_common(out: Any, places: Any, rows: Any, x: Any) -> None:
    order, at, starts = _grouped(places, len(out))
    rows = rows[order]
    for place, begin, end in zip(at[starts].tolist(), starts.tolist(), [*starts[1:].tolist(), at.size], strict=True):
        out[place] += np.add.reduce(x.take(rows[begin:end], 0), 0)
