"""Linear algebra: solving, inverses, determinants, powers of matrices, norms: what is compared with PyTorch."""

from typing import Any

import numpy as np

from tests.conformance.surface.form import Case, Edge

#: Each step of an elimination rounds; a second derivative has been through several.
TOLERANCE = {np.float32: 2e-4, np.float64: 1e-9}
INF = float("inf")


def definite(m: Any, x: Any) -> Any:
    """A positive definite matrix."""
    return x @ x.mT + m.eye(x.shape[-2], dtype=x.dtype)


def regular(m: Any, k: Any) -> Any:
    """A matrix of six rows that has an inverse."""
    rows = k.reshape(6, 4)
    return rows[:, :2] @ rows[:, 2:].t() + 3 * m.eye(6, dtype=k.dtype)


CASES: dict[str, Case] = {
    "det": lambda m, q: (m.det(q), q.det()),
    "linalg.det": lambda m, qs: m.linalg.det(qs),
    "det one": lambda m, s: m.det(s.reshape(1, 1)),
    "slogdet": lambda m, q: (*m.slogdet(q), q.slogdet().logabsdet),
    "linalg.slogdet": lambda m, qs: m.linalg.slogdet(qs - 1),
    "logdet": lambda m, qs: (m.logdet(qs), qs[0].logdet()),
    "logdet negative": lambda m, qs: m.logdet(qs * m.tensor([1.0, -1.0])[:, None, None].to(qs.dtype)),
    "inverse": lambda m, q: (m.inverse(q), q.inverse()),
    "linalg.inv": lambda m, qs: m.linalg.inv(qs),
    "linalg.inv transposed": lambda m, qs: m.linalg.inv(qs.mT),
    "linalg.matmul": lambda m, qs, q: m.linalg.matmul(qs, q),
    "linalg.inv_ex": lambda m, qs: m.linalg.inv_ex(qs),
    "linalg.inv_ex checked": lambda m, qs: m.linalg.inv_ex(qs, check_errors=True).inverse,
    "linalg.solve": lambda m, q, k: m.linalg.solve(q, k),
    "linalg.solve vector": lambda m, q, r: m.linalg.solve(q, r),
    "linalg.solve stack": lambda m, qs, x: m.linalg.solve(qs, x.t()),
    "linalg.solve vectors": lambda m, qs, x: m.linalg.solve(qs, x),
    "linalg.solve one vector": lambda m, qs, r: m.linalg.solve(qs, r),
    "linalg.solve right": lambda m, qs, k: m.linalg.solve(qs, k.mT, left=False),
    "linalg.solve_ex": lambda m, qs, k: m.linalg.solve_ex(qs, k.mT, left=False, check_errors=True),
    "linalg.solve_ex vectors": lambda m, qs, x: m.linalg.solve_ex(qs, x),
    "linalg.solve_triangular": lambda m, q, k: m.linalg.solve_triangular(q, k, upper=True),
    "linalg.solve_triangular lower": lambda m, qs, x: m.linalg.solve_triangular(qs, x.t(), upper=False),
    "linalg.solve_triangular unit": lambda m, q, k: m.linalg.solve_triangular(q, k, upper=False, unitriangular=True),
    "linalg.solve_triangular right": lambda m, q, x: m.linalg.solve_triangular(q, x, upper=True, left=False),
    "linalg.solve_triangular right unit": lambda m, qs, x: m.linalg.solve_triangular(
        qs, x, upper=False, left=False, unitriangular=True
    ),
    "pinverse": lambda m, tall: (m.pinverse(tall), tall.t().pinverse()),
    "pinverse rcond": lambda m, tall: (m.pinverse(tall, rcond=1e-3), tall.pinverse(1e-3)),
    "linalg.pinv": lambda m, tall, qs: (m.linalg.pinv(tall.t()), m.linalg.pinv(qs)),
    "linalg.pinv rcond": lambda m, tall: m.linalg.pinv(tall, 1e-3),
    "linalg.pinv tolerances": lambda m, qs: m.linalg.pinv(qs, atol=m.tensor(0.01).to(qs.dtype), rtol=m.tensor(0.0)),
    "linalg.pinv rank 1": lambda m, c, r: m.linalg.pinv(c * r, rtol=1e-3),
    "linalg.pinv symmetric": lambda m, q: m.linalg.pinv(definite(m, q), hermitian=True),
    "linalg.lstsq": lambda m, tall, x: m.linalg.lstsq(tall, m.cat([x, x * x]))[:3],
    "linalg.lstsq wide": lambda m, tall, x: m.linalg.lstsq(tall.t(), x).solution,
    "linalg.lstsq gels": lambda m, tall, x: m.linalg.lstsq(tall, m.cat([x, x * x]), driver="gels"),
    "linalg.lstsq gelsd": lambda m, tall, x: m.linalg.lstsq(tall, m.cat([x, x * x]), rcond=1e-3, driver="gelsd"),
    "linalg.lstsq gelss": lambda m, k, m_: m.linalg.lstsq(m_ + m.eye(4, 3, dtype=k.dtype), k.mT, driver="gelss"),
    "linalg.lstsq vectors": lambda m, m_, k: m.linalg.lstsq(m_ + m.eye(4, 3, dtype=k.dtype), k[:, 0], driver="gelsd"),
    "linalg.lstsq rank 1": lambda m, c, r, x: m.linalg.lstsq(c * r, x, driver="gelsd")[0],
    "matrix_power": lambda m, q: (m.matrix_power(q, 3), q.matrix_power(n=5)),
    "matrix_power 0": lambda m, qs: m.matrix_power(qs, 0),
    "matrix_power 1": lambda m, qs: m.matrix_power(qs, 1),
    "matrix_power negative": lambda m, qs: (m.matrix_power(qs, -1), m.matrix_power(qs, -2)),
    "matrix_power integers": lambda m, i: m.matrix_power(i[:, :2], 3),
    "linalg.matrix_power": lambda m, qs: m.linalg.matrix_power(qs, 2),
    "matrix_exp": lambda m, q: (m.matrix_exp(q), (q * 0.01).matrix_exp()),
    "matrix_exp large": lambda m, q: m.matrix_exp(q * 3 - 5 * m.eye(3, dtype=q.dtype)),
    "linalg.matrix_exp": lambda m, qs: m.linalg.matrix_exp(qs * m.tensor([0.001, 1.5]).to(qs.dtype)[:, None, None]),
    "linalg.tensorinv": lambda m, q: m.linalg.tensorinv(q, ind=1),
    "linalg.tensorinv 2": lambda m, k: m.linalg.tensorinv(regular(m, k).reshape(2, 3, 3, 2)),
    "linalg.tensorsolve": lambda m, k: m.linalg.tensorsolve(regular(m, k).reshape(2, 3, 6), k[..., 0]),
    "linalg.tensorsolve dims": lambda m, k: m.linalg.tensorsolve(
        regular(m, k).reshape(3, 2, 3, 2), k[..., 0], dims=(0, 3)
    ),
    "linalg.vander": lambda m, x: m.linalg.vander(x),
    "linalg.vander N": lambda m, x: m.linalg.vander(x, N=4),
    "linalg.vander integers": lambda m, i: m.linalg.vander(i),
    "linalg.diagonal": lambda m, k: m.linalg.diagonal(k),
    "linalg.diagonal dims": lambda m, k: m.linalg.diagonal(k, offset=1, dim1=0, dim2=2),
    "linalg.matrix_norm": lambda m, qs: m.linalg.matrix_norm(qs),
    "linalg.matrix_norm nuc": lambda m, tall: m.linalg.matrix_norm(tall, "nuc"),
    "linalg.matrix_norm 2": lambda m, qs: (m.linalg.matrix_norm(qs, 2), m.linalg.matrix_norm(qs, -2)),
    "linalg.matrix_norm sums": lambda m, qs: [m.linalg.matrix_norm(qs, ord=o) for o in (1, -1, INF, -INF)],
    "linalg.matrix_norm dims": lambda m, k: [
        m.linalg.matrix_norm(k, o, dim=(2, 0), keepdim=True) for o in ("fro", "nuc", 2, 1, INF)
    ],
    "linalg.matrix_norm dims dropped": lambda m, k: [m.linalg.matrix_norm(k, o, dim=(0, -1)) for o in (-2, -1, -INF)],
    "linalg.matrix_norm dtype": lambda m, x: m.linalg.matrix_norm(x, dtype=m.float64),
    "linalg.norm": lambda m, k, r: (m.linalg.norm(k), m.linalg.norm(r, 3), m.linalg.norm(r, ord=-INF)),
    "linalg.norm matrix": lambda m, q: (m.linalg.norm(q, 1), m.linalg.norm(q, "nuc"), m.linalg.norm(q, keepdim=True)),
    "linalg.norm dim": lambda m, k: (m.linalg.norm(k, 1, dim=1), m.linalg.norm(k, dim=(0, 1), keepdim=True)),
    "linalg.norm dims": lambda m, k: (m.linalg.norm(k, 1, dim=(0, 1)), m.linalg.norm(k, 2, (1, 2), True)),
    "linalg.norm dtype": lambda m, x: m.linalg.norm(x, dtype=m.float64),
    "linalg.cond": lambda m, qs: (m.linalg.cond(qs), m.linalg.cond(qs, 2), m.linalg.cond(qs, p=-2)),
    "linalg.cond wide": lambda m, tall: m.linalg.cond(tall.t()),
    "linalg.cond nuc": lambda m, qs: m.linalg.cond(qs, "nuc"),
    # PyTorch has no derivative of these: it writes into what it saved.
    "linalg.cond norms": lambda m, qs: [m.linalg.cond(qs.detach(), p) for p in ("fro", 1, -1, INF, -INF)],
    "linalg.matrix_rank": lambda m, qs, tall: (m.linalg.matrix_rank(qs), m.linalg.matrix_rank(tall)),
    "linalg.matrix_rank tol": lambda m, qs: (m.linalg.matrix_rank(qs, 0.7), m.linalg.matrix_rank(qs, tol=2.0)),
    "linalg.matrix_rank tolerances": lambda m, qs: (
        m.linalg.matrix_rank(qs, atol=0.7, rtol=0.3),
        m.linalg.matrix_rank(qs, rtol=m.tensor([0.1, 0.9])),
        m.linalg.matrix_rank(qs, atol=m.tensor([0.0, 3.0])),
    ),
    "linalg.matrix_rank symmetric": lambda m, q: m.linalg.matrix_rank(definite(m, q), hermitian=True, rtol=0.5),
}

SINGULAR = [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.5, -1.0]]
NOTHING = np.zeros((0, 0))
ZEROS = np.zeros((2, 2))
ONES = np.ones((2, 2))

EDGES: dict[str, Edge] = {
    "det of a singular matrix": (lambda m, x: m.det(x), (SINGULAR,), 1),
    "det of zeros": (lambda m, x: m.det(x), (ZEROS,), 1),
    "det of one zero": (lambda m, x: m.det(x), ([[0.0]],), 1),
    "det of nothing": (lambda m, x: (m.det(x), m.det(x.new_ones(2, 0, 0))), (NOTHING,), 1),
    "slogdet of nothing": (lambda m, x: m.slogdet(x), (NOTHING,), 1),
    "slogdet of a singular matrix": (lambda m, x: m.slogdet(x).logabsdet, (ZEROS,), 0),
    "logdet of nothing": (lambda m, x: m.logdet(x), (NOTHING,), 1),
    "logdet of a singular matrix": (lambda m, x: m.logdet(x), (ZEROS,), 0),
    "inv of nothing": (lambda m, x: m.inverse(x), (NOTHING,), 1),
    "inv of no matrices": (lambda m, x: m.inverse(x), (np.zeros((0, 2, 2)),), 1),
    "linalg.inv_ex info": (
        lambda m, x: m.linalg.inv_ex(m.stack([x, x * 0, x * 0 + 1, m.eye(3, dtype=x.dtype)])).info,
        (SINGULAR,),
        0,
    ),
    "linalg.solve of no columns": (lambda m, x: m.linalg.solve(x, x[:, :0]), (np.eye(2),), 1),
    "linalg.solve of nothing": (lambda m, x, y: m.linalg.solve(x, y), (NOTHING, np.zeros((0, 2))), 1),
    "linalg.solve_triangular with a zero": (
        lambda m, x, y: m.linalg.solve_triangular(x, y, upper=True),
        ([[1.0, 2.0], [0.0, 0.0]], [[1.0], [1.0]]),
        0,
    ),
    "linalg.solve_triangular lower with a zero": (
        lambda m, x, y: m.linalg.solve_triangular(x, y, upper=False),
        ([[0.0, 2.0], [1.0, 1.0]], [[1.0], [1.0]]),
        0,
    ),
    "linalg.solve_triangular does not read the rest": (
        lambda m, x, y: m.linalg.solve_triangular(x, y, upper=True),
        ([[1.0, 2.0], [np.nan, 3.0]], [[1.0], [1.0]]),
        2,
    ),
    "linalg.pinv of zeros": (lambda m, x: m.linalg.pinv(x), (ZEROS,), 2),
    "linalg.pinv of nothing": (lambda m, x: m.linalg.pinv(x), (np.zeros((0, 3)),), 1),
    "linalg.pinv with atol alone": (lambda m, x: m.linalg.pinv(x, atol=1e-12), (np.diag([1.0, 1e-9]),), 0),
    "matrix_power 0 of nan": (lambda m, x: m.matrix_power(x, 0), ([[np.nan]],), 1),
    "matrix_exp of nothing": (lambda m, x: m.matrix_exp(x), (NOTHING,), 1),
    "matrix_exp of no matrices": (lambda m, x: m.matrix_exp(x), (np.zeros((0, 2, 2)),), 1),
    "matrix_exp of zeros": (lambda m, x: m.matrix_exp(x), (ZEROS,), 2),
    "matrix_exp of one": (lambda m, x: m.matrix_exp(x), ([[[1.5]], [[-3.0]]],), 2),
    "matrix_exp of inf": (lambda m, x: m.matrix_exp(x), ([[[np.inf, 0], [0, 0]], [[1.0, 0], [0, 2.0]]],), 0),
    "matrix_exp that overflows": (lambda m, x: m.matrix_exp(x), (ONES * 1000,), 0),
    **{
        f"linalg.matrix_norm {o} of {what}": (lambda m, x, o=o: m.linalg.matrix_norm(x, o), (given,), 1)
        for o in ("fro", "nuc", 1, -1, 2, -2, INF, -INF)
        for what, given in (("zeros", ZEROS), ("ones", ONES + np.diag([0, 1e-300])))
        if (o, what) not in (("nuc", "ones"), (-2, "ones"))
    },
    **{
        f"linalg.matrix_norm {o} of nothing": (lambda m, x, o=o: m.linalg.matrix_norm(x, o), (np.zeros((0, 3)),), 1)
        for o in ("fro", "nuc", 1, -1, 2, INF)
    },
    "linalg.cond of nothing": (lambda m, x: (m.linalg.cond(x), m.linalg.cond(x, 1)), (NOTHING,), 0),
    "linalg.cond of a singular matrix": (
        lambda m, x: [m.linalg.cond(x, p) for p in ("fro", 1, -1, INF, -INF)],
        ([np.eye(2), np.zeros((2, 2)), np.ones((2, 2))],),
        0,
    ),
    "linalg.matrix_rank of nothing": (lambda m, x: m.linalg.matrix_rank(x), (np.zeros((2, 0, 3)),), 0),
    "linalg.matrix_rank of singular ones": (
        lambda m, x: m.linalg.matrix_rank(x),
        ([SINGULAR, np.zeros((3, 3)), np.eye(3)],),
        0,
    ),
    "linalg.lstsq of a singular matrix": (
        lambda m, x, y: m.linalg.lstsq(x, y, driver="gelsd")[:3],
        (SINGULAR, [[1.0], [2.0], [3.0]]),
        0,
    ),
}
