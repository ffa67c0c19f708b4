"""Writing to many places by index: what is compared with PyTorch."""

import numpy as np

from tests.conformance.surface.form import Case, Edge

CASES: dict[str, Case] = {
    "scatter": lambda m, x, at, c: m.scatter(x, 1, at[:, :1], c * 2),
    "scatter rows": lambda m, x, y, b: x.scatter(0, b.long()[:1], y[:1]),
    "scatter value": lambda m, x, at: m.scatter(x, 1, at, 2.5),
    "scatter value by name": lambda m, x, at: x.scatter(1, at, value=3),
    "scatter src by name": lambda m, x, y, ix: m.scatter(x, dim=1, index=ix[None, :1], src=y[:1, :1]),
    "scatter part": lambda m, k, at: k.scatter(1, at[:1, :, None], k[:1, :2, :1] * 2),
    "scatter larger src": lambda m, x, y, at: m.scatter(x.detach(), 1, at[:, :1], y.detach()),
    "scatter_add larger src": lambda m, i, j, at: m.scatter_add(i, 1, at[:1], j),
    "scatter reduce": lambda m, x, y, at: m.scatter(x.detach(), 1, at, y.detach(), reduce="add"),
    "scatter reduce multiply": lambda m, x, y, at: x.detach().scatter(1, at, y.detach(), reduce="multiply"),
    "scatter reduce value": lambda m, x, at: x.detach().scatter(1, at, 2, reduce="add"),
    "scatter integers": lambda m, i, at, j: m.scatter(i, 1, at, j),
    "scatter integers value": lambda m, i, at: m.scatter(i, 1, at, 2.5),
    "scatter scalar": lambda m, s: m.scatter(s, 0, m.tensor(0), s.reshape(()) * 2),
    "scatter_add": lambda m, x, y, ix: m.scatter_add(x, 1, ix[None], y[:1]),
    "scatter_add method": lambda m, x, y, at: x.scatter_add(1, at, y[:, 1:]),
    "scatter_add rows": lambda m, x, y, b: x.scatter_add(0, b.long(), y),
    "scatter_add part": lambda m, k, at: k.scatter_add(2, at[:, :, None], k[:, :2, :1] ** 2),
    "scatter_add integers": lambda m, i, j, ix: i.scatter_add(1, ix[None], j),
    "scatter_add scalar": lambda m, s: m.scatter_add(s, 0, m.tensor([0]), s[None] * s.detach()),
    "scatter_reduce sum": lambda m, x, y, ix: m.scatter_reduce(x, 1, ix[None], y[:1], "sum"),
    "scatter_reduce sum without self": lambda m, x, y, ix: x.scatter_reduce(
        1, ix[None], y[:1], "sum", include_self=False
    ),
    "scatter_reduce mean": lambda m, x, y, ix: x.scatter_reduce(1, ix[None], y[:1], reduce="mean"),
    "scatter_reduce mean without self": lambda m, x, y, ix: m.scatter_reduce(
        x, 1, ix[None], y[:1], "mean", include_self=False
    ),
    "scatter_reduce mean integers": lambda m, i, j, at: i.scatter_reduce(1, at, j, "mean"),
    "scatter_reduce amax": lambda m, x, y, b: x.scatter_reduce(0, b.long(), y, "amax"),
    "scatter_reduce amin": lambda m, x, y, b: x.scatter_reduce(0, b.long(), y, "amin"),
    "scatter_reduce amax without self": lambda m, x, y, ix: x.scatter_reduce(
        1, ix[None], y[:1], "amax", include_self=False
    ),
    "scatter_reduce amin integers without self": lambda m, i, j, at: i.scatter_reduce(
        1, at, j, "amin", include_self=False
    ),
    "scatter_reduce prod": lambda m, x, y, b: x.scatter_reduce(0, b.long(), y, "prod"),
    "scatter_reduce prod of three": lambda m, r, k: r.scatter_reduce(0, m.tensor([1, 1, 0, 1]), k[0, 0], "prod"),
    "scatter_reduce prod without self": lambda m, x, y, ix: x.scatter_reduce(
        1, ix[None], y[:1], "prod", include_self=False
    ),
    "index_add": lambda m, x, y, ix: m.index_add(x, 1, ix, y),
    "index_add alpha": lambda m, x, y, ix: x.index_add(1, ix, y, alpha=2),
    "index_add rows": lambda m, k, ix: k.index_add(0, ix[1:], k * k),
    "index_add middle": lambda m, k, ix: k.index_add(1, ix, k * k),
    "index_add integers": lambda m, i, j, ix: i.index_add(1, ix, j),
    "index_add integers alpha": lambda m, i, j, ix: i.index_add(1, ix, j, alpha=3),
    "index_copy": lambda m, x, y, ix: m.index_copy(x, 1, ix[:2], y[:, :2]),
    "index_copy rows": lambda m, k, ix: k.index_copy(0, ix[1:2], k[1:] * k[:1]),
    "index_fill": lambda m, x, ix: m.index_fill(x, 1, ix, 2.5),
    "index_fill tensor": lambda m, x, s, ix: x.index_fill(1, ix[:2], s),
    "index_fill negative": lambda m, i: i.index_fill(0, m.tensor([-1]), 2.5),
    "index_put": lambda m, x, y, ix: m.index_put(x, (m.tensor([0, 1]), ix[:2]), y[0, :2]),
    "index_put broadcast": lambda m, k, s, ix: k.index_put((m.tensor([1]), ix[:2]), s),
    "index_put mask": lambda m, x, r, b: x.index_put((b,), r),
    "index_put accumulate": lambda m, x, y, ix: m.index_put(x, (m.tensor([0, 0, 1]), ix), y[0], accumulate=True),
    "index_put accumulate rows": lambda m, x, y: x.index_put((m.tensor([1, 1]),), y, True),
    "index_put accumulate integers": lambda m, i, j: i.index_put((m.tensor([1, 1]),), j, True),
    "index_reduce": lambda m, x, y, ix: m.index_reduce(x, 1, ix, y, "prod"),
    "index_reduce mean": lambda m, x, y, ix: x.index_reduce(1, ix, y, "mean", include_self=False),
    "index_reduce amax": lambda m, x, y, ix: x.index_reduce(1, ix, y, "amax"),
    "index_reduce amin": lambda m, k, ix: k.index_reduce(1, ix, k * k, "amin"),
    "masked_scatter": lambda m, x, y, b: m.masked_scatter(x, b, y),
    "masked_scatter broadcast": lambda m, k, b: k[:, :, :3].masked_scatter(b[:, None], k),
    "masked_scatter integers": lambda m, i, b, j: i.masked_scatter(b, j),
    "put": lambda m, x, y, at: m.put(x, m.tensor([[2, 0], [1, 5]]), y[:, :2]),
    "put from the end": lambda m, x, r: x.put(m.tensor([-1, 0, 2]), r),
    "put accumulate": lambda m, x, r, ix: x.put(ix, r, accumulate=True),
    "select_scatter": lambda m, x, r: m.select_scatter(x, r, 0, -1),
    "select_scatter middle": lambda m, k: k.select_scatter(k[:, 0] * 2, dim=1, index=2),
    "select_scatter converts": lambda m, x, d: m.select_scatter(x, d[0], 0, 1),
    "slice_scatter": lambda m, x, y: m.slice_scatter(x, y[:, :2], 1, 1, 3),
    "slice_scatter step": lambda m, k: k.slice_scatter(k[:, :, :2] * 2, dim=2, start=-3, end=None, step=2),
    "slice_scatter whole": lambda m, x, y: m.slice_scatter(x, y),
    "diagonal_scatter": lambda m, x, r: m.diagonal_scatter(x, r[:2]),
    "diagonal_scatter offset": lambda m, k: k.diagonal_scatter(k[:, 0, :2] * 2, offset=2, dim1=1, dim2=2),
    "diagonal_scatter dims": lambda m, k: m.diagonal_scatter(k, k[0, :, :2] * 3, 0, 2, 0),
}

ONE_TWICE = np.array([1, 1, 0])

EDGES: dict[str, Edge] = {
    "scatter_add of duplicates": (
        lambda m, x, y, i: x.scatter_add(0, i, y),
        ([1.0, 2.0], [3.0, 4.0, 5.0], ONE_TWICE),
        2,
    ),
    "scatter_add of nothing": (
        lambda m, x: x.scatter_add(0, m.zeros(0).long(), x[:0]),
        ([1.0, 2.0],),
        2,
    ),
    "scatter of nothing": (lambda m, x: x.scatter(0, m.zeros(0).long(), x[:0] * 2), ([1.0, 2.0],), 2),
    "scatter_reduce amax of ties": (
        lambda m, x, y, i: x.scatter_reduce(0, i, y, "amax"),
        ([5.0, 3.0], [3.0, 3.0, 5.0], ONE_TWICE),
        2,
    ),
    "scatter_reduce amin of ties": (
        lambda m, x, y, i: x.scatter_reduce(0, i, y, "amin"),
        ([5.0, 3.0], [3.0, 3.0, 5.0], ONE_TWICE),
        2,
    ),
    "scatter_reduce amax of ties without self": (
        lambda m, x, y, i: x.scatter_reduce(0, i, y, "amax", include_self=False),
        ([9.0, 9.0], [3.0, 3.0, 5.0], ONE_TWICE),
        2,
    ),
    "scatter_reduce amax of nan": (
        lambda m, x, y, i: x.scatter_reduce(0, i, y, "amax"),
        ([np.nan, 1.0], [1.0, np.nan, 2.0], ONE_TWICE),
        0,
    ),
    "scatter_reduce prod with one zero": (
        lambda m, x, y, i: x.scatter_reduce(0, i, y, "prod"),
        ([1.5, 2.0, 4.0], [0.0, 3.0, 5.0], ONE_TWICE),
        2,
    ),
    "scatter_reduce prod with two zeros": (
        lambda m, x, y, i: x.scatter_reduce(0, i, y, "prod"),
        ([1.5, 2.0, 4.0], [0.0, 0.0, 5.0], ONE_TWICE),
        1,
    ),
    "scatter_reduce prod with a zero in self": (
        lambda m, x, y, i: x.scatter_reduce(0, i, y, "prod"),
        ([0.0, 0.0], [2.0, 3.0, 5.0], ONE_TWICE),
        1,
    ),
    "scatter_reduce mean of nothing": (
        lambda m, x: x.scatter_reduce(0, m.zeros(0).long(), x[:0], "mean", include_self=False),
        ([1.0, 2.0],),
        2,
    ),
    "index_add of duplicates": (lambda m, x, y, i: x.index_add(0, i, y), ([1.0, 2.0], [3.0, 4.0, 5.0], ONE_TWICE), 2),
    "index_add of nothing": (lambda m, x: x.index_add(0, m.zeros(0).long(), x[:0]), ([1.0, 2.0],), 2),
    "index_add into nothing": (lambda m, x: x.index_add(1, m.tensor([0]), x[:, :1]), (np.zeros((0, 3)),), 1),
    "index_put accumulate of duplicates": (
        lambda m, x, y, i: x.index_put((i,), y, accumulate=True),
        ([1.0, 2.0], [3.0, 4.0, 5.0], ONE_TWICE),
        2,
    ),
    "put accumulate of duplicates": (
        lambda m, x, y, i: x.put(i, y, accumulate=True),
        ([1.0, 2.0], [3.0, 4.0, 5.0], ONE_TWICE),
        2,
    ),
    "masked_scatter of nothing": (lambda m, x: x.masked_scatter(x > 9, x * 2), ([1.0, 2.0],), 2),
}  # fmt: skip
