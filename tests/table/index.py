"""Rows of reading and writing by index."""

from typing import Any

import numpy as np

from autodiff.ops.index import ARRAY, fill
from tests.table.form import STEPPED, Draw, case, exactly, real, row

MASK = exactly([True, False, True], floating=False)
PAIR = exactly([True, False], floating=False)
MASK2 = exactly([[True, False, True], [False, False, True]], floating=False)
PICKS = exactly([2, 0, 2], floating=False)
NEGATIVE = exactly([-1, 0], floating=False)
GRID = exactly([[0, 1], [1, 1]], floating=False)
#: Keys for an array of shape (3, 2, 3), each with its index arrays.
KEYS: tuple[tuple[tuple[Any, ...], tuple[Draw, ...]], ...] = (
    ((1,), ()),
    ((-1, 0, 2), ()),
    ((slice(None, None, -1),), ()),
    ((Ellipsis, slice(0, 3, 2)), ()),
    ((None, slice(1, None), 0), ()),
    ((Ellipsis,), ()),
    ((slice(0, 0),), ()),
    ((ARRAY,), (PICKS,)),
    ((ARRAY,), (MASK,)),
    ((ARRAY,), (GRID,)),
    ((slice(None), ARRAY), (PAIR,)),
    ((slice(None), ARRAY), (MASK2,)),
    ((ARRAY, slice(None), ARRAY), (PICKS, PICKS)),
    ((ARRAY, 1), (NEGATIVE,)),
    ((ARRAY, ARRAY), (PICKS, exactly([[0], [1]], floating=False))),
    ((Ellipsis, ARRAY, None), (NEGATIVE,)),
    ((ARRAY,), (exactly(np.zeros(0, int), floating=False),)),
)
BLOCK = (3, 2, 3)


def read_shape(key: tuple[Any, ...], indices: tuple[Draw, ...]) -> tuple[int, ...]:
    rng = np.random.default_rng(0)
    return np.empty(BLOCK)[fill(key, tuple(i(rng, float) for i in indices))].shape


def gathered(x, *indices, key):
    """Read by flat positions, one by one."""
    positions = np.arange(x.size).reshape(x.shape)[fill(key, indices)]
    return np.array([x.flat[i] for i in np.ravel(positions)], x.dtype).reshape(np.shape(positions))


def scattered(x, *indices, key, shape):
    positions = np.arange(int(np.prod(shape))).reshape(shape)[fill(key, indices)]
    out = np.zeros(int(np.prod(shape)))
    for i, v in zip(np.ravel(positions), np.ravel(np.broadcast_to(x, np.shape(positions))), strict=True):
        out[i] += v
    return out.reshape(shape)


def added(x, value, *indices, key):
    shape = np.shape(x[fill(key, indices)])
    return x + scattered(np.broadcast_to(value, shape), *indices, key=key, shape=x.shape)


def assigned(x, value, *indices, key):
    positions = np.arange(x.size).reshape(x.shape)[fill(key, indices)]
    out = x.copy()
    for i, v in zip(np.ravel(positions), np.ravel(np.broadcast_to(value, np.shape(positions))), strict=True):
        out.flat[i] = v
    return out


def lasting(x, *indices, key, shape):
    positions = np.ravel(np.arange(int(np.prod(shape))).reshape(shape)[fill(key, indices)])
    last = {int(p): i for i, p in enumerate(positions)}
    kept = [v if last[int(p)] == i else 0.0 for i, (p, v) in enumerate(zip(positions, np.ravel(x), strict=True))]
    return np.array(kept, x.dtype).reshape(x.shape)


row(
    "index",
    gathered,
    *[case(real(*BLOCK), *i, key=k) for k, i in KEYS],
    curved=False,
    notes="a view for slices and integers; repeated positions add up on the way back",
)
row(
    "index_adjoint",
    scattered,
    *[case(real(*read_shape(k, i)), *i, key=k, shape=BLOCK) for k, i in KEYS],
    curved=False,
    notes="the adjoint of index",
)
row(
    "index_add",
    added,
    *[case(real(*BLOCK), real(*read_shape(k, i)), *i, key=k) for k, i in KEYS],
    case(real(*BLOCK), real(), PICKS, key=(ARRAY,)),
    case(real(*BLOCK), real(2, 1), PICKS, key=(ARRAY,)),
    case(real(4, 40), real(40, 40), exactly(np.arange(40) % 3 - 1, floating=False), key=(ARRAY,)),
    curved=False,
    notes="x[key] += value, as often as a position stands in the key",
)
row(
    "index_put",
    assigned,
    *[case(real(*BLOCK), real(*read_shape(k, i)), *i, key=k) for k, i in KEYS],
    case(real(*BLOCK), 2.5, key=(1,)),
    case(real(*BLOCK), real(3), key=(slice(1, None),)),
    case(real(*BLOCK), real(), MASK2, key=(slice(None), ARRAY)),
    case(real(*BLOCK), real(2, 1), PICKS, key=(ARRAY,)),
    case(real(3), real(), key=(Ellipsis,)),
    curved=False,
    notes="x[key] = value; of a position written twice the last write counts",
)
row(
    "last_writes",
    lasting,
    *[case(real(*read_shape(k, i)), *i, key=k, shape=BLOCK) for k, i in KEYS],
    curved=False,
    notes="part of the backward of index_put",
)


def written_view(x, value, *indices, view, static):
    out = np.ascontiguousarray(x).copy()
    looked_at = {
        "index": lambda a, key: a[fill(key, indices)],
        "transpose": lambda a, axes=None: a.transpose(axes),
        "reshape": lambda a, shape: a.reshape(shape),
        "swap_last": lambda a: np.swapaxes(a, -1, -2),
    }[view]
    looked_at(out, **static)[...] = value
    return out


row(
    "write_view",
    written_view,
    case(real(3, 2), real(2), view="index", static={"key": (1,)}),
    case(real(3, 2), real(2, 2), view="index", static={"key": (slice(None, None, 2),)}),
    case(real(3, 2), real(2, 3), view="transpose", static={"axes": (1, 0)}),
    case(real(3, 2), real(6), view="reshape", static={"shape": (6,)}),
    case(real(2, 3, 2), real(2, 2, 3), view="swap_last", static={}),
    curved=False,
    notes="a write through a view",
)


def taken(x, indices, axis, unique=False, wrap=True):
    out = np.empty(indices.shape, x.dtype)
    for place in np.ndindex(indices.shape):
        source = list(place)
        source[axis] = indices[place]
        out[place] = x[tuple(source)]
    return out


def put(x, indices, axis, shape, unique=False):
    out = np.zeros(shape)
    for place in np.ndindex(indices.shape):
        target = list(place)
        target[axis] = indices[place]
        out[tuple(target)] += x[place]
    return out


COLUMNS = exactly([[2, 0, 2], [1, 1, 0]], floating=False)
ONE = exactly([[1], [0]], floating=False)
row(
    "take_along",
    taken,
    case(real(2, 3), COLUMNS, axis=1),
    case(real(3, 3), COLUMNS, axis=0),
    case(real(2, 3), ONE, axis=-1),
    case(real(2, 3), exactly([[2, 0, 1], [0, 2, 1]], floating=False), axis=1, unique=True),
    case(real(3, 3), exactly([[2, -1]], floating=False), axis=0),
    case(real(3, 3), exactly([[2, 1]], floating=False), axis=0, wrap=False),
    curved=False,
    notes="repeated positions add up on the way back",
)
row(
    "put_along",
    put,
    case(real(2, 3), COLUMNS, axis=1, shape=(2, 3)),
    case(real(2, 3), COLUMNS, axis=0, shape=(3, 3)),
    case(real(2, 1), ONE, axis=-1, shape=(2, 3)),
    case(real(2, 3), exactly([[2, 0, 1], [0, 2, 1]], floating=False), axis=1, shape=(2, 3), unique=True),
    curved=False,
    notes="the adjoint of take_along",
)
row(
    "take_flat",
    lambda x, places: np.array([x.flat[i] for i in places.ravel()]).reshape(places.shape),
    case(real(2, 3), exactly([[5, 0], [1, 5]], floating=False)),
    case(real(3), exactly([2, 2, 0], floating=False)),
    curved=False,
)
row(
    "put_flat",
    lambda x, places, shape, unique=False: put(x.ravel(), places.ravel(), 0, (np.prod(shape),)).reshape(shape),
    case(real(2, 2), exactly([[5, 0], [1, 5]], floating=False), shape=(2, 3)),
    case(real(3), exactly([2, 1, 0], floating=False), shape=(4,), unique=True),
    curved=False,
    notes="the adjoint of take_flat",
)
row(
    "check_index",
    lambda indices, size, name, dim: indices,
    *[case(i, size=3, name="index_add", dim=0) for i in (COLUMNS, exactly([0, 2], floating=False))],
    notes="what index_add and its like do to their indices first, as an operation of its own",
    **STEPPED,
)
