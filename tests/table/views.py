"""Rows of the parts and arrangements of one array: diagonals, triangles, other orders, repetition, windows."""

import numpy as np

from tests.table.form import Draw, case, real, row


def on_diagonal(shape, offset, axis1, axis2):
    """The places of `shape` on a diagonal, each with where it stands in the diagonal."""
    for place in np.ndindex(*shape):
        i, j = place[axis1], place[axis2]
        if j - i == offset:
            rest = [p for d, p in enumerate(place) if d not in (axis1 % len(shape), axis2 % len(shape))]
            yield place, (*rest, min(i, j))


def diagonal_of(x, offset=0, axis1=0, axis2=1):
    pairs = list(on_diagonal(x.shape, offset, axis1, axis2))
    out = np.zeros(np.diagonal(x, offset, axis1, axis2).shape)
    for place, there in pairs:
        out[there] = x[place]
    return out


def laid_on_diagonal(x, shape, offset=0, axis1=0, axis2=1):
    out = np.zeros(shape)
    for place, there in on_diagonal(shape, offset, axis1, axis2):
        out[place] = x[there]
    return out


row(
    "diagonal",
    diagonal_of,
    case(real(3, 3)),
    case(real(2, 4), offset=1),
    case(real(3, 2), offset=-1),
    case(real(2, 3, 3), axis1=1, axis2=2),
    case(real(3, 2, 4), axis1=-1, axis2=0, offset=1),
    case(real(2, 2), offset=5),
    case(real(0, 3)),
    curved=False,
    notes="a view",
)
row(
    "diagonal_adjoint",
    laid_on_diagonal,
    case(real(3), shape=(3, 3)),
    case(real(2), shape=(3, 2), offset=-1),
    case(real(2, 3), shape=(2, 3, 4), offset=1, axis1=1, axis2=2),
    case(real(2, 2), shape=(3, 2, 2), axis1=-1, axis2=0),
    curved=False,
    notes="the adjoint of diagonal",
)
row(
    "diag",
    lambda x, k=0: np.diag(x, k),
    case(real(3)),
    case(real(2), k=2),
    case(real(2), k=-1),
    case(real(0)),
    case(real(3, 2)),
    case(real(2, 4), k=1),
    case(real(3, 3), k=-2),
    curved=False,
    notes="a copy, where diagonal is a view",
)


def where_offset(keep):
    def masked(x, k=0):
        out = np.array(x)
        for *lead, i, j in np.ndindex(*x.shape):
            if not keep(j - i, k):
                out[(*lead, i, j)] = 0
        return out

    return masked


for name, keep in (("tril", lambda d, k: d <= k), ("triu", lambda d, k: d >= k)):
    row(
        name,
        where_offset(keep),
        case(real(3, 3)),
        case(real(2, 4), k=1),
        case(real(4, 2), k=-1),
        case(real(2, 2, 3), k=1),
        case(real(2, 3), k=5),
        case(real(2, 3), k=-5),
        case(real(0, 2)),
        curved=False,
        notes="outside the triangle 0, whatever stood there",
    )


def reversed_along(x, axis=None):
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    for a in axes:
        x = np.take(x, range(x.shape[a])[::-1], a)
    return x


row(
    "flip",
    reversed_along,
    case(real(2, 3)),
    case(real(2, 3), axis=1),
    case(real(2, 3, 2), axis=(0, -1)),
    case(real()),
    case(real(0, 3), axis=0),
    curved=False,
)


def turned(x, k=1, axes=(0, 1)):
    a, b = axes
    for _ in range(k % 4):
        x = np.swapaxes(reversed_along(x, b), a, b)
    return x


row(
    "rot90",
    turned,
    case(real(2, 3)),
    case(real(2, 3), k=2),
    case(real(2, 3), k=-1),
    case(real(2, 3), k=4),
    case(real(2, 3, 2), axes=(2, 0)),
    case(real(2, 3, 2), axes=(-2, -1), k=3),
    case(real(0, 3)),
    curved=False,
)


def rolled(x, shift, axis=None):
    return np.roll(x, shift, axis)


row(
    "roll",
    rolled,
    case(real(2, 3), shift=1),
    case(real(2, 3), shift=-2, axis=1),
    case(real(2, 3), shift=7, axis=-1),
    case(real(4, 3), shift=(1, -1), axis=(0, 1)),
    case(real(4, 3), shift=1, axis=(0, 1)),
    case(real(5), shift=(1, 1), axis=0),
    case(real(5), shift=(1, 1)),
    case(real(3), shift=3, axis=0),
    case(real(0, 3), shift=1, axis=0),
    case(real(), shift=1),
    curved=False,
)
row(
    "tile",
    lambda x, reps: np.tile(x, reps),
    case(real(3), reps=(2,)),
    case(real(2, 3), reps=(2, 1)),
    case(real(2), reps=(2, 3)),
    case(real(2, 3), reps=(2,)),
    case(real(), reps=(2, 2)),
    case(real(2), reps=(0,)),
    case(real(2), reps=()),
    curved=False,
)


def exactly(*counts: int) -> Draw:
    return Draw((len(counts),), lambda rng, s: np.array(counts), floating=False)


def repeated(x, repeats, axis=None):
    x = x.ravel() if axis is None else x
    axis = 0 if axis is None else axis
    counts = np.broadcast_to(repeats, x.shape[axis])
    return np.take(x, [i for i, n in enumerate(counts) for _ in range(n)], axis)


def repetitions_summed(x, repeats, axis, shape):
    inner = (int(np.prod(shape)),) if axis is None else shape
    a = 0 if axis is None else axis
    out = np.zeros(inner)
    counts = np.broadcast_to(repeats, inner[a])
    places = [i for i, n in enumerate(counts) for _ in range(n)]
    for k, i in enumerate(places):
        np.moveaxis(out, a, 0)[i] += np.moveaxis(x, a, 0)[k]
    return out.reshape(shape)


row(
    "repeat",
    repeated,
    case(real(3), 2),
    case(real(2, 3), 2),
    case(real(2, 3), 2, axis=0),
    case(real(2, 3), 9, axis=-1),
    case(real(2, 3), exactly(1, 0, 2), axis=1),
    case(real(3), exactly(2), axis=0),
    case(real(2, 2), exactly(0, 1, 3, 0)),
    case(real(2), 0),
    case(real(2), exactly(0, 0), axis=0),
    case(real(), 3),
    curved=False,
)
row(
    "repeat_adjoint",
    repetitions_summed,
    case(real(6), 2, axis=None, shape=(3,)),
    case(real(12), 2, axis=None, shape=(2, 3)),
    case(real(2, 6), 2, axis=1, shape=(2, 3)),
    case(real(18, 2), 9, axis=0, shape=(2, 2)),
    case(real(2, 3), exactly(1, 0, 2), axis=1, shape=(2, 3)),
    case(real(0), 0, axis=0, shape=(2,)),
    curved=False,
    notes="the adjoint of repeat",
)


def windows(x, axis, size, step):
    starts = range(0, x.shape[axis] - size + 1, step)
    cut = [np.moveaxis(np.take(x, range(i, i + size), axis), axis, -1) for i in starts]
    return np.stack(cut, axis if axis >= 0 else axis + x.ndim)


def windows_summed(x, axis, size, step, shape):
    out = np.zeros(shape)
    for i in range(x.shape[axis]):
        for j in range(size):
            np.moveaxis(out, axis, 0)[i * step + j] += np.moveaxis(np.moveaxis(x, -1, 0)[j], axis, 0)[i]
    return out


row(
    "unfold",
    windows,
    case(real(5), axis=0, size=2, step=1),
    case(real(6), axis=0, size=2, step=3),
    case(real(2, 7), axis=1, size=3, step=2),
    case(real(4, 2), axis=-2, size=3, step=1),
    case(real(3), axis=0, size=3, step=1),
    curved=False,
    notes="a view, read-only where windows overlap",
)
row(
    "unfold_adjoint",
    windows_summed,
    case(real(4, 2), axis=0, size=2, step=1, shape=(5,)),
    case(real(2, 3, 2), axis=1, size=2, step=2, shape=(2, 7)),
    case(real(2, 2, 3), axis=0, size=3, step=1, shape=(4, 2)),
    curved=False,
    notes="the adjoint of unfold",
)


def memory_of(x, order):
    order = range(x.ndim) if order is None else order
    return [x[p] for p in sorted(np.ndindex(*x.shape), key=lambda p: [p[i] for i in order])]


def seen_with_strides(x, shape, strides, offset=0, order=None):
    flat = memory_of(x, order)
    out = np.zeros(shape)
    for place in np.ndindex(*shape):
        out[place] = flat[offset + int(np.dot(place, strides))]
    return out


def strides_summed(x, shape, strides, offset, order):
    positions = np.arange(float(np.prod(shape))).reshape(shape)
    out = np.zeros(shape)
    for place, p in np.ndenumerate(seen_with_strides(positions, x.shape, strides, offset, order)):
        out[positions == p] += x[place]
    return out


row(
    "as_strided",
    seen_with_strides,
    case(real(2, 3), shape=(2, 2), strides=(3, 1), offset=1, order=(0, 1)),
    case(real(2, 3), shape=(3, 2), strides=(1, 1), offset=0, order=(0, 1)),
    case(real(6), shape=(2,), strides=(4,)),
    curved=False,
    notes="a view, read-only where elements are seen twice",
)
row(
    "as_strided_adjoint",
    strides_summed,
    case(real(2, 2), shape=(2, 3), strides=(3, 1), offset=1, order=(0, 1)),
    case(real(3, 2), shape=(3, 2), strides=(1, 1), offset=0, order=(1, 0)),
    case(real(2), shape=(2, 2), strides=(2,), offset=1, order=None),
    curved=False,
    notes="the adjoint of as_strided",
)


def blocks_laid(*blocks):
    rows, columns = np.cumsum([(0, 0), *[b.shape for b in blocks]], 0).T
    out = np.zeros((rows[-1], columns[-1]))
    for b, i, j in zip(blocks, rows, columns, strict=False):
        for (k, m), v in np.ndenumerate(b):
            out[i + k, j + m] = v
    return out


row(
    "block_diag",
    blocks_laid,
    case(real(2, 3), real(1, 2)),
    case(real(2, 2)),
    case(real(0, 2), real(1, 1), real(2, 1)),
    curved=False,
)
