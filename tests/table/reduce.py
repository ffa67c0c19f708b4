"""Rows of the reductions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.table.form import STEPPED, booleans, case, exactly, real, row, small


def over(reduce: Callable[[np.ndarray], Any]) -> Callable[..., Any]:
    """A reference that collects what is reduced in the last dimension and reduces row by row in Python."""

    def reference(x, axis=None, keepdims=False, **more):
        axes = range(x.ndim) if axis is None else [a % x.ndim for a in np.atleast_1d(axis)] if x.ndim else []
        rest = [a for a in range(x.ndim) if a not in axes]
        count = int(np.prod([x.shape[a] for a in axes]))
        rows = x.transpose([*rest, *axes]).reshape(int(np.prod([x.shape[a] for a in rest])), count)
        out = np.array([reduce(r, **more) for r in rows])
        kept = [1 if a in axes else n for a, n in enumerate(x.shape)]
        return out.reshape(kept if keepdims else [x.shape[a] for a in rest])

    return reference


def reductions(domain: Any, **static: Any) -> list[Any]:
    """All reduced, some reduced, kept dimensions, negative and several axes, no dimensions."""
    return [
        case(domain(2, 3), **static),
        case(domain(2, 3), axis=0, **static),
        case(domain(2, 3), axis=-1, keepdims=True, **static),
        case(domain(2, 3, 2), axis=(0, -1), **static),
        case(domain(2, 3, 2), axis=(2, 0), keepdims=True, **static),
        case(domain(2, 3), keepdims=True, **static),
        case(domain(2, 1, 2), axis=1, **static),
        case(domain(), **static),
    ]


EMPTY = [case(real(0)), case(real(2, 0), axis=1), case(real(0, 3), axis=1)]


def product_of(values):
    out = 1.0
    for v in values:
        out = out * v
    return out


row("sum", over(lambda r: sum(r) + 0.0), *reductions(real), *EMPTY, curved=False)
row(
    "mean",
    over(lambda r: sum(r) / len(r) if len(r) else np.nan),
    *reductions(real),
    case(real(0, 3), axis=1),
    curved=False,
    notes="nan of no elements",
)
row(
    "prod",
    over(product_of),
    *reductions(real),
    *EMPTY,
    case(real(5)),
    case(real(2, 7), axis=1),
    case(exactly([1.5, 0.0, 2.0])),
    case(exactly([[0.0, 3.0, 0.0], [1.0, 0.0, 2.0]]), axis=1),
    notes="right at zeros: the product of all others",
)


def others(x, axis=None):
    """Each product by itself, in Python."""
    axes = list(range(x.ndim)) if axis is None else [a % x.ndim for a in np.atleast_1d(axis)]
    out = np.ones_like(x)
    for i in np.ndindex(x.shape):
        for j in np.ndindex(x.shape):
            if i != j and all(a in axes or i[a] == j[a] for a in range(x.ndim)):
                out[i] *= x[j]
    return out


row(
    "products_of_others",
    others,
    case(real(2, 3)),
    case(real(3, 2), axis=0),
    case(exactly([[0.0, 3.0, 0.0], [1.0, 0.0, 2.0]]), axis=1),
    case(exactly([[0.0, 3.0], [1.0, 2.0]])),
    case(real(2, 3, 2), axis=(2, 0)),
    case(real(70)),
    case(exactly([0.0, *np.linspace(0.5, 1.5, 79)])),
    case(real(1)),
    case(real()),
    case(real(0)),
    notes="right at zeros",
)
TIES = "equal elements share the cotangent equally"
row("amax", over(lambda r: sorted(r)[-1]), *reductions(real), curved=False, notes=TIES)
row("amin", over(lambda r: sorted(r)[0]), *reductions(real), curved=False, notes=TIES)
row(
    "logsumexp",
    over(lambda r: np.log(sum(np.exp(r))) if len(r) else -np.inf),
    *reductions(real),
    case(real(0, 3), axis=1),
    case(real(2, 0), axis=1),
    notes="derivative 0 where every element is -inf",
)


def along(reduce: Callable[[list[float]], int]) -> Callable[..., Any]:
    """A reference for values and their indices along one axis."""
    where = over(lambda r: reduce(list(r)))
    value = over(lambda r: r[reduce(list(r))])
    return lambda x, axis, keepdims=False: (value(x, axis, keepdims), where(x, axis, keepdims))


for name, first in {"max": max, "min": min}.items():
    pick = lambda r, first=first: r.index(first(r))  # noqa: E731
    single = [c for c in reductions(real) if not isinstance(c[1].get("axis", ()), tuple)]
    row(
        f"{name}_with_indices",
        along(pick),
        *single,
        case(real(), axis=0),
        case(real(2, 3, 2), axis=1),
        case(small(3, 4), axis=1),
        curved=False,
        notes="the first of equal elements gets the cotangent; indices have none",
    )
    row(
        f"arg{name}",
        over(lambda r, p=pick: p(list(r))),
        case(real(2, 3)),
        case(small(3, 4), axis=1),
        case(real(2, 3), axis=0, keepdims=True),
        case(real()),
        **STEPPED,
        notes="the first of equal elements",
    )
row(
    "count_nonzero",
    over(lambda r: sum(v != 0 for v in r)),
    case(small(2, 3)),
    case(real(2, 3), axis=0),
    case(small(2, 3, 2), axis=(0, 2), keepdims=True),
    **STEPPED,
)


def shared(x, y, value, axis=None):
    hits = (y == value) * 1.0
    return hits * x / np.sum(hits, axis=None if axis is None else axis, keepdims=True)


row(
    "share",
    shared,
    case(real(), exactly([[1.0, 2.0, 2.0], [0.0, 2.0, 1.0]]), exactly(2.0)),
    case(real(2, 1), exactly([[1.0, 2.0, 2.0], [0.0, 3.0, 1.0]]), exactly([[2.0], [3.0]]), axis=1),
    case(real(1, 1, 2), exactly(np.ones((2, 2, 2))), exactly(np.ones((1, 1, 2))), axis=(0, 1)),
    curved=False,
    notes="which elements are equal is locally constant",
)
AT = [exactly(2, False), exactly([1, 0, 1], False), exactly([2, 0], False), exactly([[1, 0], [0, 1]], False)]


def picked(x, indices, axis):
    kept = np.take_along_axis(x, np.expand_dims(indices, axis), axis)
    return np.squeeze(kept, axis)


def placed(x, indices, axis, shape):
    out = np.zeros(shape)
    np.put_along_axis(out, np.expand_dims(indices, axis), np.expand_dims(x.reshape(indices.shape), axis), axis)
    return out


row(
    "pick",
    picked,
    case(real(3), AT[0], axis=0),
    case(real(2, 3), AT[1], axis=0),
    case(real(2, 3), AT[2], axis=-1),
    case(real(2, 3, 2), AT[3], axis=1),
    curved=False,
)
row(
    "place",
    placed,
    case(real(), AT[0], axis=0, shape=(3,)),
    case(real(3), AT[1], axis=0, shape=(2, 3)),
    case(real(2), AT[2], axis=-1, shape=(2, 3)),
    case(real(2, 2), AT[3], axis=1, shape=(2, 3, 2)),
    curved=False,
)
for name, quantor in {"all": all, "any": any}.items():
    row(
        name,
        over(quantor),
        case(booleans(2, 3)),
        case(booleans(2, 2), axis=1),
        case(small(2, 3), axis=(0, 1)),
        case(booleans(2, 3), axis=0, keepdims=True),
        case(booleans(0)),
        **STEPPED,
    )
