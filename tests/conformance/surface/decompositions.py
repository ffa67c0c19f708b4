"""Factorisations of matrices: what is compared with PyTorch.

The sign of a singular or an eigenvector is arbitrary, and LAPACKs differ in it: what is compared does not depend on it.
"""

from typing import Any

import numpy as np

from tests.conformance.surface.form import Case, Edge
from tests.conformance.surface.matrices import NOTHING, definite

#: A derivative of vectors divides by the gaps between values.
TOLERANCE = {np.float32: 1e-3, np.float64: 1e-8}


def values_and_squares(result: Any) -> Any:
    """Parts of an eigh or svd whose signs do not matter."""
    return [part * part for part in result]


CASES: dict[str, Case] = {
    "cholesky": lambda m, q: (m.cholesky(definite(m, q)), definite(m, q).cholesky()),
    "cholesky upper": lambda m, q: (m.cholesky(definite(m, q), upper=True), definite(m, q).cholesky(True)),
    "linalg.cholesky": lambda m, qs: m.linalg.cholesky(definite(m, qs)),
    "linalg.cholesky upper": lambda m, qs: m.linalg.cholesky(definite(m, qs), upper=True),
    "linalg.cholesky one triangle": lambda m, qs: m.linalg.cholesky(qs + 3 * m.eye(3, dtype=qs.dtype)),
    "linalg.cholesky other triangle": lambda m, qs: m.linalg.cholesky(qs + 3 * m.eye(3, dtype=qs.dtype), upper=True),
    "linalg.cholesky_ex": lambda m, qs: m.linalg.cholesky_ex(definite(m, qs)),
    "linalg.cholesky_ex upper": lambda m, qs: m.linalg.cholesky_ex(definite(m, qs), upper=True, check_errors=True),
    # PyTorch's gradient reads, and fills, the triangle that the function does not read: here it is 0 on both sides.
    "cholesky_solve": lambda m, q, k: (m.cholesky_solve(k, q.tril()), k.cholesky_solve(q.triu(), upper=True)),
    "cholesky_solve stack": lambda m, x, qs: m.cholesky_solve(x.t(), qs[:1].tril()),
    "cholesky_inverse": lambda m, q: (m.cholesky_inverse(q.tril()), q.triu().cholesky_inverse(upper=True)),
    "linalg.eigh": lambda m, q: values_and_squares(m.linalg.eigh(definite(m, q))),
    "linalg.eigh stack": lambda m, qs: values_and_squares(m.linalg.eigh(qs + qs.mT)),
    "linalg.eigh values": lambda m, qs: m.linalg.eigh(qs).eigenvalues,
    "linalg.eigh vectors": lambda m, qs: m.linalg.eigh(qs).eigenvectors ** 2,
    "linalg.eigh upper": lambda m, qs: values_and_squares(m.linalg.eigh(qs, UPLO="U")),
    "linalg.eigvalsh": lambda m, qs: (m.linalg.eigvalsh(qs), m.linalg.eigvalsh(qs.detach())),
    "linalg.eigvalsh upper": lambda m, q: m.linalg.eigvalsh(q, UPLO="u"),
    "svd": lambda m, tall: (values_and_squares(m.svd(tall))[2], values_and_squares(tall.t().svd(True))[0]),
    "svd some": lambda m, tall: (tall.svd(some=False).V ** 2, m.svd(tall, some=False).S),
    "svd values": lambda m, qs: [*qs.svd(compute_uv=False), m.svd(qs[0], compute_uv=False)[1]],
    "linalg.svd": lambda m, qs: values_and_squares(m.linalg.svd(qs)),
    "linalg.svd tall": lambda m, tall: values_and_squares(m.linalg.svd(tall, full_matrices=False)),
    "linalg.svd wide": lambda m, tall: values_and_squares(m.linalg.svd(tall.t(), full_matrices=False)),
    "linalg.svd full": lambda m, tall: values_and_squares([m.linalg.svd(tall).U[:, :2], m.linalg.svd(tall).Vh]),
    "linalg.svd products": lambda m, qs: m.linalg.svd(qs).U @ m.linalg.svd(qs).Vh,
    "linalg.svd vectors": lambda m, qs: m.linalg.svd(qs).U ** 2,
    "linalg.svd rows": lambda m, qs: m.linalg.svd(qs).Vh ** 2,
    "linalg.svdvals": lambda m, qs, tall: (
        m.linalg.svdvals(qs),
        m.linalg.svdvals(tall),
        m.linalg.svdvals(tall.detach()),
    ),
    "qr": lambda m, tall, q: (*m.qr(tall), *q.qr(True)),
    "qr complete": lambda m, q, tall: (*q.qr(some=False), *m.qr(tall.t(), some=False)),
    "linalg.qr": lambda m, qs: m.linalg.qr(qs),
    "linalg.qr tall": lambda m, tall: m.linalg.qr(tall),
    "linalg.qr wide": lambda m, k: m.linalg.qr(k[0, :2] + m.eye(2, 4, dtype=k.dtype)),
    "linalg.qr Q": lambda m, qs, tall: (m.linalg.qr(qs).Q, m.linalg.qr(tall.t()).Q),
    "linalg.qr R": lambda m, qs, tall: (m.linalg.qr(qs).R, m.linalg.qr(tall.t()).R),
    "linalg.qr complete": lambda m, tall: [part.abs() for part in m.linalg.qr(tall.detach(), mode="complete")][1],
    "linalg.qr r": lambda m, tall: m.linalg.qr(tall.detach(), mode="r"),
}

EDGES: dict[str, Edge] = {
    "cholesky of nothing": (lambda m, x: m.linalg.cholesky(x), (NOTHING,), 1),
    "cholesky of no matrices": (lambda m, x: m.linalg.cholesky(x), (np.zeros((0, 2, 2)),), 1),
    "linalg.cholesky_ex info": (
        lambda m, x: m.linalg.cholesky_ex(x, upper=True).info,
        ([np.eye(3), -np.eye(3), [[1.0, 2, 3], [2, 1, 0], [3, 0, 1]]],),
        0,
    ),
    "linalg.eigh of equal values": (lambda m, x: m.linalg.eigh(x).eigenvalues, (np.eye(3),), 1),
    "linalg.eigh of equal values, vectors": (lambda m, x: m.linalg.eigh(x).eigenvectors, (np.eye(3),), 1),
    "linalg.eigh of one": (lambda m, x: m.linalg.eigh(x).eigenvalues, ([[2.0]],), 1),
    "linalg.eigh of nothing": (lambda m, x: m.linalg.eigh(x), (NOTHING,), 1),
    "linalg.svd of equal values": (lambda m, x: m.linalg.svd(x).S, (np.eye(3),), 1),
    "linalg.svd of equal values, vectors": (lambda m, x: m.linalg.svd(x).U, (np.eye(3),), 1),
    "linalg.svd of nothing": (lambda m, x: m.linalg.svd(x), (np.zeros((0, 3)),), 0),
    "linalg.svd of nothing, reduced": (lambda m, x: m.linalg.svd(x, full_matrices=False), (np.zeros((0, 3)),), 1),
    "linalg.svdvals of zeros": (lambda m, x: m.linalg.svdvals(x), (np.zeros((2, 3)),), 1),
    "linalg.svdvals of no matrices": (lambda m, x: m.linalg.svdvals(x), (np.zeros((0, 2, 3)),), 1),
    "linalg.qr of nothing": (lambda m, x: m.linalg.qr(x), (np.zeros((3, 0)),), 0),
    "linalg.qr of one": (lambda m, x: m.linalg.qr(x).R, ([[-2.0]],), 2),
}
