"""Rows of the operations that rearrange elements."""

from itertools import pairwise

import numpy as np

from tests.table.form import case, real, row


def spread_out(x, shape):
    return x + np.zeros(shape)


def summed_to(x, shape):
    out = np.zeros(shape)
    for place in np.ndindex(x.shape):
        inner = place[x.ndim - len(shape) :]
        out[tuple(0 if n == 1 else i for i, n in zip(inner, shape, strict=True))] += x[place]
    return out


row(
    "spread",
    spread_out,
    case(real(3), shape=(2, 3)),
    case(real(2, 1), shape=(2, 3)),
    case(real(), shape=(2,)),
    case(real(1), shape=(0,)),
    curved=False,
    notes="a copy, where broadcast_to is a view",
)
row(
    "unbroadcast",
    summed_to,
    case(real(2, 3), shape=(3,)),
    case(real(2, 3), shape=(2, 1)),
    case(real(2, 3), shape=()),
    case(real(2, 3, 2), shape=(1, 2)),
    case(real(0, 2), shape=(2,)),
    curved=False,
    notes="the adjoint of broadcasting",
)
row(
    "contiguous",
    lambda x: np.array(list(x.flat)).reshape(x.shape),
    case(real(2, 3)),
    case(real()),
    curved=False,
    notes="a copy",
)
row(
    "broadcast_to",
    spread_out,
    case(real(3), shape=(2, 3)),
    case(real(2, 1), shape=(2, 3)),
    case(real(), shape=(2, 2)),
    case(real(1), shape=(0,)),
    curved=False,
    notes="a view",
)
row(
    "reshape",
    lambda x, shape: np.array(list(x.flat)).reshape(shape),
    case(real(2, 3), shape=(3, 2)),
    case(real(2, 3), shape=(-1,)),
    case(real(1), shape=()),
    case(real(), shape=(1, 1)),
    case(real(0, 3), shape=(0,)),
    curved=False,
    notes="a view where the memory allows",
)
row(
    "transpose",
    lambda x, axes=None: np.moveaxis(x, axes or range(x.ndim)[::-1], range(x.ndim)),
    case(real(2, 3)),
    case(real(2, 3, 4), axes=(2, 0, 1)),
    case(real(2, 3, 4), axes=(-1, 0, -2)),
    case(real()),
    case(real(0, 3)),
    curved=False,
    notes="a view",
)
row(
    "swap_last",
    lambda x: np.swapaxes(x, -1, -2),
    case(real(2, 3)),
    case(real(4, 2, 3)),
    case(real(0, 2)),
    curved=False,
    notes="a view",
)
row(
    "concatenate",
    lambda *xs, axis=0: np.moveaxis(np.array([s for x in xs for s in np.moveaxis(x, axis, 0)]), 0, axis),
    case(real(2, 3), real(1, 3)),
    case(real(2, 3), real(2, 1), real(2, 2), axis=1),
    case(real(2, 3), real(2, 1), axis=-1),
    case(real(3)),
    case(real(0, 3), real(2, 3)),
    curved=False,
)
row(
    "stack",
    lambda *xs, axis=0: np.moveaxis(np.array(xs), 0, axis),
    case(real(2, 3), real(2, 3)),
    case(real(2), real(2), real(2), axis=1),
    case(real(), real()),
    case(real(2, 3), axis=-1),
    curved=False,
)


def cut(x, sections, axis=0):
    edges = [0, *sections, x.shape[axis]]
    return tuple(np.take(x, range(a, b), axis) for a, b in pairwise(edges))


row(
    "split",
    cut,
    case(real(5, 2), sections=(2, 3)),
    case(real(2, 4), sections=(1,), axis=1),
    case(real(2, 4), sections=(1, 3), axis=-1),
    case(real(3), sections=(0, 3)),
    curved=False,
    notes="views",
)
row(
    "unstack",
    lambda x, axis=0: tuple(np.take(x, i, axis) for i in range(x.shape[axis])),
    case(real(2, 3)),
    case(real(2, 3), axis=1),
    case(real(2, 3, 2), axis=-1),
    case(real(0, 3)),
    curved=False,
    notes="views",
)
