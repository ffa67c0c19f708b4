"""Products of matrices: what is compared with PyTorch."""

import numpy as np

from tests.conformance.surface.form import Case, Edge

CASES: dict[str, Case] = {
    "matmul": lambda m, x, y: m.matmul(x, y.t()),
    "matmul vector": lambda m, x, r: x.matmul(r),
    "matmul row": lambda m, x, c: m.matmul(c.squeeze(1), x),
    "matmul stacks": lambda m, k, x: m.matmul(k.mT, x.t()),
    "matmul matrix and stack": lambda m, x, k: m.matmul(x, k),
    "matmul vector and stack": lambda m, r, k: m.matmul(r, k),
    "matmul stack and vector": lambda m, k, m_: m.matmul(k, m_[0, :, 0]),
    "matmul stack and matrix": lambda m, k, m_: k @ m_[1],
    "matmul four dims": lambda m, k, m_: m.matmul(k[:, None], m_),
    "matmul int": lambda m, i, j: m.matmul(i, j.t()),
    "matmul vectors": lambda m, r, x: m.matmul(r, x[1]),
    "mm int": lambda m, u, i32: (m.mm(i32, i32.t()), m.mm(u[None], u[:, None])),
    "mm": lambda m, x, y: m.mm(x.t(), y),
    "bmm": lambda m, k, m_: m.bmm(k, m_),
    "mv": lambda m, x, r: x.mv(r),
    "dot": lambda m, r: r.dot(r * 2),
    "mm method": lambda m, x, y: x.mm(y.t()),
    "bmm method": lambda m, k, m_: k.bmm(m_),
    "mv function": lambda m, x, c: m.mv(x.t(), c[:, 0]),
    "dot function": lambda m, r, x: m.dot(r, x[0]),
    "outer method": lambda m, r, x: r.outer(x[0]),
    "outer": lambda m, r, x: m.outer(r, x[0]),
}

EDGES: dict[str, Edge] = {
    "matmul of nothing": (lambda m, x, y: m.matmul(x, y), (np.zeros((2, 0)), np.zeros((0, 3))), 1),
    "matmul of no stack": (lambda m, x: m.matmul(x[None, :0], x), ([[1.0, 2.0], [3.0, 4.0]],), 1),
    "dot of nothing": (lambda m, x: m.dot(x, x), (np.zeros(0),), 1),
    "outer of nothing": (lambda m, x: m.outer(x[:0], x), ([1.0, 2.0],), 1),
}
