"""Rows of the primitives of autodiff/ops/contraction.py."""

import numpy as np

from tests.table.form import case, real, row


def by_definition(x, y, *, subscripts):
    """All products over the grid of all labels, summed over those that are not in the result."""
    given, out = subscripts.split("->")
    terms = list(zip(given.split(","), [x] if y is None else [x, y], strict=True))
    sizes: dict = {}
    for term, a in terms:
        for label, n in zip(term, a.shape, strict=True):
            sizes[label] = n if sizes.get(label, 1) == 1 else sizes[label]
    total = np.zeros([sizes[a] for a in out])
    for place in np.ndindex(*sizes.values()):
        at = dict(zip(sizes, place, strict=True))
        product = 1.0
        for term, a in terms:
            product = product * a[tuple(at[k] if n > 1 else 0 for k, n in zip(term, a.shape, strict=True))]
        total[tuple(at[a] for a in out)] += product
    return total


PAIRS = {
    "ab,bc->ac": ((2, 3), (3, 4)),
    "ab,cb->ca": ((2, 3), (4, 3)),
    "ab,b->a": ((2, 3), (3,)),
    "a,a->": ((3,), (3,)),
    "ab,ab->": ((2, 3), (2, 3)),
    "ab,ab->a": ((2, 3), (2, 3)),
    "ab,ab->ba": ((2, 3), (2, 3)),
    "a,b->ba": ((2,), (3,)),
    "ab,acd->cd": ((2, 3), (2, 2, 2)),
    "aab,ab->a": ((2, 2, 3), (2, 3)),
    "sab,scb->sca": ((2, 2, 3), (2, 4, 3)),
    "asb,cbs->sac": ((2, 2, 3), (2, 3, 2)),
    "sabc,scbd->sad": ((2, 2, 3, 2), (2, 2, 3, 2)),
    "sab,sb->sa": ((2, 2, 3), (2, 3)),
    "ab,ca->cb": ((2, 1), (3, 2)),
    "ab,bc->abc": ((2, 1), (3, 2)),
    "ab,bc->ac ": ((2, 1), (3, 2)),
    ",->": ((), ()),
    ",a->a": ((), (3,)),
    "ab,bc->ca": ((2, 0), (0, 3)),
}
ONE = {"ab->ba": (2, 3), "aa->a": (3, 3), "aa->": (3, 3), "aab->b": (2, 2, 3), "abc->b": (2, 3, 2), "ab->ab": (2, 3)}
row(
    "einsum",
    by_definition,
    *[case(real(*s), real(*t), subscripts=subscripts.strip()) for subscripts, (s, t) in PAIRS.items()],
    *[case(real(*s), None, subscripts=subscripts) for subscripts, s in ONE.items()],
    notes="one matrix product; y is None for one operand",
)


def embedded(x, *, subscripts, shape):
    term, target = subscripts.split("->")
    out = np.zeros(shape)
    for place in np.ndindex(*shape):
        at = {}
        if all(at.setdefault(a, i) == i for a, i in zip(target, place, strict=True)):
            out[place] = x[tuple(at[a] for a in term)]
    return out


row(
    "embed",
    embedded,
    case(real(2), subscripts="a->ab", shape=(2, 3)),
    case(real(3), subscripts="a->aa", shape=(3, 3)),
    case(real(), subscripts="->aa", shape=(2, 2)),
    case(real(2, 3), subscripts="ab->bcaa", shape=(3, 2, 2, 2)),
    curved=False,
    notes="the cotangent of sums and diagonals in einsum",
)


def distances(x, y, *, p=2.0, by_product=False):
    d = np.abs(x[..., :, None, :] - y[..., None, :, :])
    if p == 0:
        return (d > 0).sum(-1).astype(float)
    return d.max(-1, initial=0) if p == np.inf else (d**p).sum(-1) ** (1 / p)


row(
    "cdist",
    distances,
    case(real(2, 3), real(4, 3)),
    case(real(2, 3), real(4, 3), by_product=True),
    case(real(2, 3), real(4, 3), p=1.0),
    case(real(2, 3), real(4, 3), p=3.0),
    case(real(2, 3), real(4, 3), p=1.5),
    case(real(2, 3), real(4, 3), p=0.5),
    case(real(2, 3), real(4, 3), p=np.inf),
    case(real(2, 3), real(4, 3), p=0.0),
    case(real(2, 1, 2, 3), real(3, 4, 3)),
    case(real(2, 1, 2, 3), real(3, 4, 3), by_product=True),
    case(real(0, 3), real(4, 3)),
    notes="0 for equal rows, whose derivative is 0",
)
row(
    "kron",
    np.kron,
    case(real(2, 3), real(3, 2)),
    case(real(3), real(2)),
    case(real(2, 1, 2), real(1, 3, 2)),
    case(real(), real()),
    case(real(0), real(2)),
    notes="of equally many dimensions",
)
