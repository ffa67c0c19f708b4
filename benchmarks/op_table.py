"""The operations that are timed one by one: how each is written, and what it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Call = Callable[..., Any]

TINY, LARGE = 10, 1_000_000


class Op(NamedTuple):
    """One operation: a call in PyTorch's spelling, one in NumPy's for the peers that use it, and its inputs."""

    family: str
    call: Call
    numpy: Call | None
    inputs: tuple[Callable[[int], np.ndarray], ...]


def unit(n: int) -> np.ndarray:
    """Floats between 0.1 and 0.9, where every function of the table is smooth."""
    return np.random.default_rng(n).uniform(0.1, 0.9, n).astype(np.float32)


def above_one(n: int) -> np.ndarray:
    return unit(n) + np.float32(1)


def signed(n: int) -> np.ndarray:
    return np.random.default_rng(n + 1).standard_normal(n).astype(np.float32)


def rows(n: int) -> np.ndarray:
    """A matrix of rows of at most a thousand."""
    width = 1000 if n >= LARGE else 5
    return signed(n).reshape(-1, width)


def positive_rows(n: int) -> np.ndarray:
    return np.abs(rows(n)) + np.float32(0.5)


def mask(n: int) -> np.ndarray:
    return signed(n) > 0


def places(n: int) -> np.ndarray:
    """A place for each element; many are named twice."""
    return np.random.default_rng(n + 2).integers(0, n, n)


def row_places(n: int) -> np.ndarray:
    """Rows of `rows`, each named ten times."""
    height = rows(n).shape[0]
    return np.random.default_rng(n + 3).integers(0, height, height)


def columns(n: int) -> np.ndarray:
    height, width = rows(n).shape
    return np.random.default_rng(n + 4).integers(0, width, (height, width))


def square(n: int) -> np.ndarray:
    side = 256 if n >= LARGE else 3
    return signed(side * side).reshape(side, side)


def stack(n: int) -> np.ndarray:
    count, side = (64, 64) if n >= LARGE else (2, 3)
    return signed(count * side * side).reshape(count, side, side)


def page(n: int) -> np.ndarray:
    """One matrix of the size of those in `stack`."""
    return stack(n)[0].copy()


def vector(n: int) -> np.ndarray:
    return signed(square(n).shape[0])


OPERATIONS: dict[str, Op] = {}

#: NumPy's names where they are not PyTorch's.
NUMPY_NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
    "atan2": "arctan2", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "pow": "power",
    "amax": "max", "amin": "min", "permute": "transpose", "cat": "concatenate",
}  # fmt: skip


def named(family: str, names: str, *inputs: Callable[[int], np.ndarray], **static: Any) -> None:
    """Add functions that take their inputs and nothing else; peers have them under NumPy's names."""
    for name in names.split():
        OPERATIONS[name] = Op(
            family,
            lambda m, *xs, name=name: getattr(m, name)(*xs, **static),
            lambda m, *xs, name=name: getattr(m, NUMPY_NAMES.get(name, name))(*xs),
            inputs,
        )


def op(name: str, family: str, call: Call, *inputs: Callable[[int], np.ndarray], numpy: Call | None = None) -> None:
    OPERATIONS[name] = Op(family, call, numpy, inputs)


# -- elementwise: bound by memory, by arithmetic ---

named("memory", "neg abs square sqrt reciprocal sign floor ceil round trunc", unit)
named("memory", "add sub mul div maximum minimum fmax fmin", unit, signed)
op("relu", "memory", lambda m, x: m.relu(x), signed)
op("clamp", "memory", lambda m, x: m.clamp(x, -0.5, 0.5), signed, numpy=lambda m, x: m.clip(x, -0.5, 0.5))
op("clamp_min", "memory", lambda m, x: m.clamp_min(x, 0.1), signed)
op(
    "where",
    "memory",
    lambda m, c, x, y: m.where(c, x, y),
    mask,
    unit,
    signed,
    numpy=lambda m, c, x, y: m.where(c, x, y),
)
op("masked_fill", "memory", lambda m, x, c: m.masked_fill(x, c, 0.5), unit, mask)
op("lerp", "memory", lambda m, x, y: m.lerp(x, y, 0.3), unit, signed)
op("addcmul", "memory", lambda m, x, y, z: m.addcmul(x, y, z), unit, signed, signed)
op("addcdiv", "memory", lambda m, x, y, z: m.addcdiv(x, y, z), unit, signed, above_one)
op("x + 1", "memory", lambda m, x: x + 1.0, unit, numpy=lambda m, x: x + 1.0)
op("x * 2", "memory", lambda m, x: x * 2.0, unit, numpy=lambda m, x: x * 2.0)
op("1 / x", "memory", lambda m, x: 1.0 / x, unit, numpy=lambda m, x: 1.0 / x)
op("x ** 2", "memory", lambda m, x: x**2, unit, numpy=lambda m, x: x**2)
op("x ** 3", "memory", lambda m, x: x**3, unit, numpy=lambda m, x: x**3)
op("nan_to_num", "memory", lambda m, x: m.nan_to_num(x), unit)
op("copysign", "memory", lambda m, x, y: m.copysign(x, y), unit, signed)
op("clone", "memory", lambda m, x: m.clone(x), unit)
op("deg2rad", "memory", lambda m, x: m.deg2rad(x), unit, numpy=lambda m, x: m.deg2rad(x))
named("elementwise", "exp expm1 exp2 log log1p log2 log10 sin cos tan sinh cosh tanh asin acos atan asinh atanh", unit)
named("elementwise", "acosh", above_one)
named("elementwise", "rsqrt sigmoid erf erfc erfinv logit lgamma digamma i0 frac", unit)
named("elementwise", "sinc", unit)
named("elementwise", "atan2 hypot logaddexp logaddexp2", unit, above_one)
named("elementwise", "fmod remainder xlogy", unit, above_one)
op("pow", "elementwise", lambda m, x, y: m.pow(x, y), unit, above_one, numpy=lambda m, x, y: m.power(x, y))
op("x ** 2.5", "elementwise", lambda m, x: x**2.5, unit, numpy=lambda m, x: x**2.5)
op("special.entr", "elementwise", lambda m, x: m.special.entr(x), unit)
op("special.ndtr", "elementwise", lambda m, x: m.special.ndtr(x), signed)
op("special.log_ndtr", "elementwise", lambda m, x: m.special.log_ndtr(x), signed)
op("special.ndtri", "elementwise", lambda m, x: m.special.ndtri(x), unit)
op("polygamma", "elementwise", lambda m, x: m.polygamma(1, x), above_one)

# -- reductions and scans ---

named("reduction", "sum mean var std amax amin prod nansum nanmean", unit)
op("logsumexp", "reduction", lambda m, x: m.logsumexp(x, 0), signed)
op("norm", "reduction", lambda m, x: m.norm(x), signed, numpy=lambda m, x: m.linalg.norm(x))
for _name in ("sum", "mean", "var", "std", "prod", "amax", "logsumexp"):
    for _dim in (0, 1):
        op(
            f"{_name} dim {_dim}",
            "reduction",
            lambda m, x, name=_name, dim=_dim: getattr(m, name)(x, dim),
            rows,
            numpy=None
            if _name == "logsumexp"
            else lambda m, x, name=_name, dim=_dim: getattr(m, NUMPY_NAMES.get(name, name))(x, axis=dim),
        )
op("max dim 1", "reduction", lambda m, x: m.max(x, 1)[0], rows, numpy=lambda m, x: m.max(x, axis=1))
op("median dim 1", "reduction", lambda m, x: m.median(x, 1)[0], rows)
op("quantile", "reduction", lambda m, x: m.quantile(x, 0.3), signed)
op("softmax", "reduction", lambda m, x: m.softmax(x, 1), rows)
op("log_softmax", "reduction", lambda m, x: m.log_softmax(x, 1), rows)
for _dim in (0, 1):
    for _name in ("cumsum", "logcumsumexp", "cumprod"):
        op(
            f"{_name} dim {_dim}",
            "scan",
            lambda m, x, name=_name, dim=_dim: getattr(m, name)(x, dim),
            rows,
            numpy=(lambda m, x, dim=_dim: m.cumsum(x, axis=dim)) if _name == "cumsum" else None,
        )
op("cummax dim 1", "scan", lambda m, x: m.cummax(x, 1)[0], rows)
op("diff", "scan", lambda m, x: m.diff(x), signed, numpy=lambda m, x: m.diff(x))
op("sort", "order", lambda m, x: m.sort(x)[0], signed, numpy=lambda m, x: m.sort(x))
op("sort dim 1", "order", lambda m, x: m.sort(x, 1)[0], rows, numpy=lambda m, x: m.sort(x, axis=1))
op("topk", "order", lambda m, x: m.topk(x, 4)[0], signed)

# -- products ---

named("product", "matmul", square, square)
op("matmul stacks", "product", lambda m, x, y: m.matmul(x, y), stack, stack, numpy=lambda m, x, y: m.matmul(x, y))
op("mv", "product", lambda m, x, v: m.mv(x, v), square, vector, numpy=lambda m, x, v: m.matmul(x, v))
op("dot", "product", lambda m, x, y: m.dot(x, y), signed, signed, numpy=lambda m, x, y: m.dot(x, y))
op("outer", "product", lambda m, x, y: m.outer(x, y), vector, vector, numpy=lambda m, x, y: m.outer(x, y))
op("addmm", "product", lambda m, a, x, y: m.addmm(a, x, y), square, square, square)
op("einsum ij,jk->ik", "product", lambda m, x, y: m.einsum("ij,jk->ik", x, y), square, square,
   numpy=lambda m, x, y: m.einsum("ij,jk->ik", x, y))  # fmt: skip
op("einsum bij,bjk->bik", "product", lambda m, x, y: m.einsum("bij,bjk->bik", x, y), stack, stack,
   numpy=lambda m, x, y: m.einsum("bij,bjk->bik", x, y))  # fmt: skip
op("einsum ij,kj->", "product", lambda m, x, y: m.einsum("ij,kj->", x, y), square, square,
   numpy=lambda m, x, y: m.einsum("ij,kj->", x, y))  # fmt: skip
op("einsum bij->bji", "product", lambda m, x: m.einsum("bij->bji", x), stack)
op("einsum ii->i", "product", lambda m, x: m.einsum("ii->i", x), square)
op("tensordot", "product", lambda m, x, y: m.tensordot(x, y, 2), stack, page,
   numpy=lambda m, x, y: m.tensordot(x, y, 2))  # fmt: skip
op("kron", "product", lambda m, x, y: m.kron(x[:32, :32], y[:32, :32]), square, square)
op("cdist", "product", lambda m, x, y: m.cdist(x, y), square, square)
op("trace", "product", lambda m, x: m.trace(x), square, numpy=lambda m, x: m.trace(x))

# -- shape and indexing ---

op("reshape", "shape", lambda m, x: x.reshape(-1), rows, numpy=lambda m, x: m.reshape(x, -1))
op("transpose", "shape", lambda m, x: m.transpose(x, 0, 1), rows, numpy=lambda m, x: m.transpose(x))
op("expand", "shape", lambda m, x: x[:1].expand(x.shape), rows)
op("cat", "shape", lambda m, x, y: m.cat([x, y]), unit, signed, numpy=lambda m, x, y: m.concatenate([x, y]))
op("stack", "shape", lambda m, x, y: m.stack([x, y]), unit, signed, numpy=lambda m, x, y: m.stack([x, y]))
op("split", "shape", lambda m, x: m.split(x, 5)[0] if len(x) <= TINY else m.split(x, LARGE // 2)[0], unit)
op("repeat", "shape", lambda m, x: x.repeat(2), unit)
op("repeat_interleave", "shape", lambda m, x: m.repeat_interleave(x, 2), unit, numpy=lambda m, x: m.repeat(x, 2))
op("flip", "shape", lambda m, x: m.flip(x, (0,)), unit, numpy=lambda m, x: m.flip(x, 0))
op("roll", "shape", lambda m, x: m.roll(x, 3), unit, numpy=lambda m, x: m.roll(x, 3))
op("tril", "shape", lambda m, x: m.tril(x), rows, numpy=lambda m, x: m.tril(x))
op("diagonal", "shape", lambda m, x: m.diagonal(x), rows, numpy=lambda m, x: m.diagonal(x))
op("x[1]", "index", lambda m, x: x[1], rows, numpy=lambda m, x: x[1])
op("x[:, 1:]", "index", lambda m, x: x[:, 1:], rows, numpy=lambda m, x: x[:, 1:])
op("x[idx]", "index", lambda m, x, i: x[i], unit, places, numpy=lambda m, x, i: x[i])
op("x[idx] rows", "index", lambda m, x, i: x[i], rows, row_places, numpy=lambda m, x, i: x[i])
op("x[mask]", "index", lambda m, x, c: x[c], unit, mask, numpy=lambda m, x, c: x[c])
op("gather", "index", lambda m, x, i: m.gather(x, 1, i), rows, columns)
op("take", "index", lambda m, x, i: m.take(x, i), unit, places)
op("index_select", "index", lambda m, x, i: m.index_select(x, 0, i), rows, row_places)
op("index_add", "index", lambda m, x, i, y: m.index_add(x, 0, i, y), unit, places, signed)
op("index_add rows", "index", lambda m, x, i, y: m.index_add(x, 0, i, y), rows, row_places, positive_rows)
op("index_put", "index", lambda m, x, i, y: m.index_put(x, (i,), y, accumulate=True), unit, places, signed)
op("scatter", "index", lambda m, x, i, y: m.scatter(x, 0, i, y), unit, places, signed)
op("scatter_add", "index", lambda m, x, i, y: m.scatter_add(x, 1, i, y), rows, columns, positive_rows)
op(
    "scatter_reduce amax",
    "index",
    lambda m, x, i, y: m.scatter_reduce(x, 1, i, y, "amax"),
    rows,
    columns,
    positive_rows,
)
op("masked_select", "index", lambda m, x, c: m.masked_select(x, c), unit, mask)
