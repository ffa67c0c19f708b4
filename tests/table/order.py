"""Rows of sorting, selecting and counting."""

import numpy as np

from tests.table.form import STEPPED, booleans, case, exactly, integers, real, row, small

NAN = np.nan
WITH_NAN = exactly([[3.0, NAN, 1.0], [2.0, 2.0, NAN]])


def ordered(x, descending=False):
    """Indices in order, by Python's sort."""
    rank = [(np.isnan(v), 0.0 if np.isnan(v) else float(v)) for v in x]
    if descending:
        rank = [(not missing, -value) for missing, value in rank]
    return sorted(range(len(x)), key=rank.__getitem__)


def along(function):
    """Apply a function of a vector along `axis`; what it returns may be of another length."""

    def reference(x, axis=-1, **static):
        return np.apply_along_axis(lambda row: np.asarray(function(row, **static)), axis, x)

    return reference


VARIOUS = (
    case(real(2, 3)),
    case(real(3, 2), axis=0),
    case(small(2, 5), axis=1),
    case(real(2, 3, 2), axis=1),
    case(booleans(4)),
    case(exactly(np.zeros((2, 0)))),
)
row(
    "argsort",
    along(ordered),
    *VARIOUS[:5],
    case(WITH_NAN, descending=True),
    case(WITH_NAN),
    case(small(6), descending=True),
    case(exactly([0.0, -0.0, -1.0, 0.0])),
    case(exactly(np.cos(np.arange(8200.0)).round(2))),
    case(exactly(np.cos(np.arange(8200.0)).round(2)), descending=True),
    case(exactly(np.arange(9000) * 7919 % 70001, floating=False)),
    case(exactly(np.where(np.arange(16400) % 1025, np.cos(np.arange(16400.0)), -NAN).reshape(8, 2050))),
    **STEPPED,
    notes="stable; a nan is larger than every number",
)
row(
    "sort",
    along(sorted),
    case(real(2, 3)),
    case(real(3, 2), axis=0),
    case(real(2, 3, 2), axis=1),
    curved=False,
    notes="a nan is larger than every number",
)
row(
    "argtopk",
    along(lambda v, k, largest=True: ordered(v, largest)[:k]),
    case(real(2, 5), k=2),
    case(real(5, 2), k=3, axis=0),
    case(small(2, 6), k=4, largest=False),
    case(WITH_NAN, k=2),
    case(exactly(np.cos(np.arange(5000.0)).round(3)), k=7),
    case(exactly(np.cos(np.arange(5000.0)).round(3).reshape(5, 1000)), k=4, largest=False),
    **STEPPED,
    notes="of equal elements the first",
)
row(
    "argkth",
    along(lambda v, k: ordered(v)[k : k + 1]),
    case(real(2, 5), k=2),
    case(real(5, 2), k=0, axis=0),
    case(small(3, 6), k=4),
    case(WITH_NAN, k=2),
    case(exactly(np.cos(np.arange(200.0)).round(1).reshape(2, 100)), k=70),
    case(exactly(np.where(np.arange(100) % 3, np.cos(np.arange(100.0)).round(1), NAN)), k=80),
    case(exactly(np.where(np.arange(100) % 3, np.cos(np.arange(100.0)).round(1), NAN)), k=30),
    **STEPPED,
    notes="of equal elements as in a stable order",
)
row(
    "argmode",
    along(lambda v: [max((int((v == e).sum()), -float(e), i) for i, e in enumerate(v))[2]]),
    case(small(2, 6)),
    case(small(5, 2), axis=0),
    case(exactly([3.0, 1.0, 3.0, 2.0, 1.0])),
    **STEPPED,
    notes="the smallest of several, where it stands last",
)


def middle(x, ignore_nan=False):
    kept = [v for v in np.ravel(x).tolist() if not (ignore_nan and np.isnan(v))]
    missing = not kept or any(np.isnan(v) for v in kept)
    return np.asarray(NAN if missing else sorted(kept)[(len(kept) - 1) // 2])


row(
    "lower_median",
    middle,
    case(real(2, 3)),
    case(real(4)),
    case(real()),
    case(exactly([NAN, 1.0, 3.0]), ignore_nan=True),
    case(exactly([NAN, 1.0, 3.0]), differences=False),
    case(exactly([2.0, 2.0, 1.0]), differences=False),
    curved=False,
    notes="equal elements share the cotangent equally",
)


def inserted(x, v, right=False):
    rows = x.reshape(-1, x.shape[-1])
    wanted = np.reshape(v, (len(rows), -1))
    found = [[sum(e <= w if right else e < w for e in r) for w in ws] for r, ws in zip(rows, wanted, strict=True)]
    return np.array(found, int).reshape(np.shape(v))


STEPS = exactly([1.0, 2.0, 2.0, 4.0])
TWO = exactly([[1.0, 2.0, 2.0, 4.0], [0.0, 0.5, 3.0, 3.0]])
row(
    "searchsorted",
    inserted,
    case(STEPS, exactly([[2.0, 0.0], [5.0, 3.0]])),
    case(STEPS, exactly([2.0, 4.0]), right=True),
    case(STEPS, 2.0),
    case(TWO, exactly([[2.0, 3.0, 9.0], [3.0, -1.0, 3.5]])),
    case(TWO, exactly([[2.0, 3.0, 9.0], [3.0, -1.0, 3.5]]), right=True),
    **STEPPED,
)
COUNTED = exactly([2, 0, 2, 1], floating=False)


def counted(x, weights=None, minlength=0):
    weights = np.ones(len(x), int) if weights is None else weights
    size = max(minlength, int(x.max(initial=-1)) + 1)
    return np.array([sum(w for e, w in zip(x, weights, strict=True) if e == i) for i in range(size)], weights.dtype)


row(
    "bincount",
    counted,
    case(COUNTED),
    case(COUNTED, minlength=5),
    case(COUNTED, real(4)),
    case(COUNTED, real(4), minlength=6),
    curved=False,
)
row(
    "histc",
    lambda x, bins, low, high: np.histogram(x, bins, (low, high))[0],
    case(real(20), bins=4, low=-1.0, high=1.0),
    case(exactly([0.0, 1.0, 2.0, 4.0, NAN]), bins=4, low=0.0, high=4.0),
    **STEPPED,
)
row(
    "isin",
    lambda x, values, invert=False: np.array([(e in values.tolist()) != invert for e in x.ravel()]).reshape(x.shape),
    case(small(2, 3), exactly([2, 7], floating=False)),
    case(small(2, 3), exactly([0, 1], floating=False), invert=True),
    case(small(2, 3), exactly(np.arange(1, 20), floating=False)),
    **STEPPED,
)


def different(x, axis=None, inverse=False, counts=False):
    items = [tuple(np.ravel(s)) for s in np.moveaxis(x, axis, 0)] if axis is not None else x.ravel().tolist()
    values = sorted(set(items))
    which = np.array([values.index(i) for i in items], int)
    times = np.array([items.count(v) for v in values], int)
    first = [items.index(v) for v in values]
    found = np.array(values, x.dtype) if axis is None else np.take(x, first, axis)
    return asked(found, which.reshape(x.shape) if axis is None else which, times, inverse, counts)


def asked(found, which, times, inverse, counts):
    return (found, *([which] if inverse else []), *([times] if counts else []))


def runs(x, axis=None, inverse=False, counts=False):
    items = [tuple(np.ravel(s)) for s in np.moveaxis(x, axis, 0)] if axis is not None else x.ravel().tolist()
    first = [i for i, e in enumerate(items) if i == 0 or e != items[i - 1]]
    which = np.array([sum(f <= i for f in first) - 1 for i in range(len(items))], int)
    times = np.diff([*first, len(items)])
    found = x.ravel()[first] if axis is None else np.take(x, first, axis)
    return asked(found, which.reshape(x.shape) if axis is None else which, times, inverse, counts)


ROWS = exactly([[1.0, 2.0], [1.0, 2.0], [0.0, 5.0], [1.0, 2.0]])
for name, reference in (("unique", different), ("unique_consecutive", runs)):
    row(
        name,
        reference,
        case(small(2, 3)),
        case(small(7), inverse=True, counts=True),
        case(small(2, 4), inverse=True),
        case(ROWS, axis=0, inverse=True, counts=True),
        case(exactly([[1, 1, 0], [2, 2, 2]], floating=False), axis=1, counts=True),
        **STEPPED,
        notes="a nan is different from everything",
    )
row(
    "nonzero",
    lambda x: (
        tuple(np.array(i, int) for i in np.array([p for p in np.ndindex(x.shape) if x[p]]).T)
        if x.ndim
        else (np.zeros(int(x != 0), int),)
    ),
    case(exactly([[0.0, 2.0], [3.0, 0.0]])),
    case(booleans(5)),
    case(exactly(3.0)),
    **STEPPED,
)
row(
    "argwhere",
    lambda x: np.array([p for p in np.ndindex(x.shape) if x[p]], int).reshape(-1, x.ndim),
    case(exactly([[0.0, 2.0], [3.0, 0.0]])),
    case(booleans(5)),
    case(exactly(np.zeros(3))),
    **STEPPED,
)
row(
    "one_hot",
    lambda x, classes: np.array([[int(e == c) for c in range(classes)] for e in x.ravel()]).reshape(*x.shape, classes),
    case(integers(0, 3, 2, 2), classes=4),
    **STEPPED,
)
