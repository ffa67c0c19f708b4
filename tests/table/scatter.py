"""Rows of scattering along one axis."""

import numpy as np

from tests.table.form import STEPPED, case, exactly, real, row

COLUMNS = exactly([[2, 0, 2], [1, 1, 0]], floating=False)
ONE = exactly([[1], [0]], floating=False)
VECTOR = exactly([1, 0, 1, 1], floating=False)
BLOCK = exactly([[[1, 0], [1, 1]]], floating=False)
#: Shapes of what is scattered into, indices of its own shape, and the axis.
WAYS = (((2, 3), COLUMNS, 1), ((3, 3), COLUMNS, 0), ((2, 3), ONE, -1), ((3,), VECTOR, 0), ((2, 3, 2), BLOCK, 1))


def target(place, indices, axis):
    out = list(place)
    out[axis] = indices[place]
    return tuple(out)


def gathered(combine):
    """A reference that goes through the indices one by one."""

    def reference(x, value, indices, axis):
        out = x.copy()
        for place in np.ndindex(indices.shape):
            at = target(place, indices, axis)
            out[at] = combine(out[at], np.broadcast_to(value, indices.shape)[place])
        return out

    return reference


def others(x, places, size):
    out = np.ones_like(x)
    for p in np.ndindex(x.shape):
        for q in np.ndindex(x.shape):
            if p != q and places[p] == places[q]:
                out[p] *= x[q]
    return out


def paired(places):
    """Of each value the first with the second, the third with the fourth, in the order of the values."""
    left, right, alone = [], [], []
    for value in sorted(set(places.tolist())):
        at = np.flatnonzero(places == value).tolist()
        left += at[0 : len(at) // 2 * 2 : 2]
        right += at[1::2]
        alone += at[len(at) // 2 * 2 :]
    return tuple(np.array(found, int) for found in (left, right, alone))


row(
    "scatter",
    gathered(lambda old, new: new),
    *[case(real(*s), real(*i.shape), i, axis=a) for s, i, a in WAYS],
    case(real(2, 3), 2.5, COLUMNS, axis=1),
    curved=False,
    notes="of a position written twice the last write counts",
)
row(
    "scatter_add",
    gathered(lambda old, new: old + new),
    *[case(real(*s), real(*i.shape), i, axis=a) for s, i, a in WAYS],
    case(real(20), real(2), exactly([3, 3], floating=False), axis=0),
    curved=False,
)
for name, combine in (("scatter_max", max), ("scatter_min", min)):
    row(
        name,
        gathered(combine),
        *[case(real(*s), real(*i.shape), i, axis=a) for s, i, a in WAYS],
        case(
            exactly([1.0, 2.0]),
            exactly([2.0, 2.0, 1.0]),
            exactly([1, 1, 0], floating=False),
            axis=0,
            differences=False,
        ),
        curved=False,
        notes="equal ones share the cotangent equally",
    )
ZEROS = exactly([2.0, 0.0, 3.0, 0.0])
row(
    "scatter_prod",
    gathered(lambda old, new: old * new),
    *[case(real(*s), real(*i.shape), i, axis=a) for s, i, a in WAYS],
    case(real(2), ZEROS, VECTOR, axis=0),
    case(exactly([0.0, 2.0]), exactly([0.0, 0.0, 3.0, 1.5]), VECTOR, axis=0),
    notes="the derivative is the product of all others, zeros among them or not",
)
SAME = exactly([0, 0, 0, 0], floating=False)
row(
    "prod_of_others",
    others,
    case(real(4), VECTOR, size=2),
    case(real(2, 3), COLUMNS, size=4),
    case(real(3), exactly([0, 1, 2], floating=False), size=3),
    case(ZEROS, SAME, size=2),
    case(exactly([2.0, 0.0, 3.0, 1.0]), SAME, size=1),
    notes="part of the backward of scatter_prod",
)
row(
    "couples",
    paired,
    case(exactly([3, 1, 3, 3, 0], floating=False)),
    case(exactly([2, 1], floating=False)),
    case(exactly([0, 0, 0, 0], floating=False)),
    **STEPPED,
    notes="part of the backward of prod_of_others",
)
