"""Largest and smallest elements: what is compared with PyTorch."""

import numpy as np

from tests.conformance.surface.form import Case, Edge

INF, NAN = np.inf, np.nan

CASES: dict[str, Case] = {
    "max": lambda m, x: x.max(),
    "max ties": lambda m, ties: m.max(ties),
    "max dim": lambda m, k: tuple(k.max(1)),
    "max dim ties": lambda m, ties: tuple(m.max(ties, 1, keepdim=True)),
    "max other": lambda m, x, y: m.max(x, y),
    "max other keyword": lambda m, x, y: m.max(x, other=y),
    "max scalar": lambda m, s: tuple(s.max(0)),
    "max integers": lambda m, i: tuple(i.max(-1)),
    "max values": lambda m, x: x.max(dim=0).values,
    "max nan": lambda m, w: tuple(w.max(1)),
    "min": lambda m, ties: ties.min(),
    "min dim": lambda m, k: tuple(k.min(dim=2, keepdim=True)),
    "min other": lambda m, x, r: x.min(r),
    "min booleans": lambda m, b: b.min(),
    "amax": lambda m, ties: ties.amax(1),
    "amax all": lambda m, ties: ties.amax(),
    "amax dims": lambda m, k: m.amax(k, (0, 2), keepdim=True),
    "amin": lambda m, ties: m.amin(ties, 0),
    "amin keepdim": lambda m, k: k.amin((1, 2), keepdim=True),
    "amax not contiguous": lambda m, k: k.transpose(0, 2)[::2].amax(1),
    "amax integers": lambda m, i: i.amax(0),
    "aminmax": lambda m, ties: tuple(m.aminmax(ties)),
    "aminmax dim": lambda m, k: tuple(k.aminmax(dim=1, keepdim=True)),
    "aminmax parts": lambda m, ties: ties.aminmax(dim=-1).max - m.aminmax(ties).min,
    "max middle dim": lambda m, k: tuple(k.cos().max(1, keepdim=True)),
    "min first dim": lambda m, k: tuple(k.sin().min(0)),
    "maximum": lambda m, x, y: m.maximum(x, y),
    "maximum ties": lambda m, ties: m.maximum(ties, ties[:, [2, 1, 0]]),
    "minimum": lambda m, x, r: m.minimum(x, r),
    "argmax": lambda m, x: x.argmax(),
    "argmax dim": lambda m, k: k.argmax(dim=1),
    "argmax keepdim": lambda m, k: m.argmax(k, -1, keepdim=True),
    "argmax all keepdim": lambda m, k: m.argmax(k, keepdim=True),
    "argmax scalar": lambda m, s: m.argmax(s, 0),
    "argmin keepdim": lambda m, k: k.argmin(2, keepdim=True),
    "min other keyword": lambda m, x, y: m.min(x, other=y),
    "argmin": lambda m, x: m.argmin(x),
    "argmin dim": lambda m, ties: ties.argmin(1),
}

EDGES: dict[str, Edge] = {
    "aminmax of ties": (lambda m, x: tuple(m.aminmax(x, dim=0)), ([1.0, 2.0, 2.0, 1.0],), 2),
    "aminmax with nan": (lambda m, x: tuple(m.aminmax(x)), ([1.0, NAN, 2.0],), 1),
    "amax with nan, once": (lambda m, x: m.amax(x, 1), ([[1.0, NAN, 2.0], [1.0, 2.0, 2.0]],), 1),
    "amax of infinities": (lambda m, x: m.amax(x), ([INF, INF, 2.0],), 2),
    "amin of all infinite": (lambda m, x: m.amin(x, 0), ([[INF, 1.0], [INF, -INF]],), 1),
    "max of all with nan": (lambda m, x: (m.max(x), m.min(x * x)), ([1.0, NAN, 2.0, NAN],), 1),
    "max laid out": (lambda m, x: m.max(x.T.sin(), 0, keepdim=True)[0].view(-1), ([[1.0, 3.0], [2.0, 0.5]],), 2),
    "max of one": (lambda m, x: tuple(m.max(x, 0)), ([3.0],), 2),
    "max with nan along a dim": (lambda m, x: tuple(m.max(x, 0)), ([1.0, NAN, 2.0, NAN],), 1),
    "min with nan along a dim": (lambda m, x: tuple(m.min(x, 0)), ([1.0, NAN, 2.0, NAN],), 1),
    "max of no columns": (lambda m, x: tuple(m.max(x, 1)), (np.zeros((0, 2)),), 1),
}
