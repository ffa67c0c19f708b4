"""Products beyond matmul: sums of products over named dimensions, and distances.

`einsum` is run as one matrix product: labels that stand in both operands and not in the result are summed by BLAS,
those in both and in the result number a stack, and transposes and reshapes bring the operands into that order. The
cotangent of an operand is an einsum of the same kind, followed, where a label was summed out of it alone or repeated
in it, by `embed`, the adjoint of such sums and diagonals.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np

from autodiff.errors import ShapeError
from autodiff.ops.elementwise import power_scalar
from autodiff.primitive import primitive

#: The names that dimensions can have. (string.ascii_letters: importing `string` takes half a millisecond.)
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

_add: Any = np.add.reduce

Shape = tuple[int, ...]


class View(NamedTuple):
    """How one operand is brought into its place."""

    diagonal: str | None = None  # the labels before and after, where one is repeated
    summed: Shape | None = None  # the dimensions that stand nowhere else
    order: Shape | None = None
    shape: Shape | None = None
    turned: bool = False  # the last two dimensions exchanged

    def of(self, x: Any) -> Any:
        """The operand `x`, arranged."""
        if self.diagonal is not None:
            x = x.diagonal() if self.diagonal == "aa->a" else np.einsum(self.diagonal, x)
        if self.summed is not None:
            x = _add(x.astype(np.int64) if x.dtype.kind == "u" else x, axis=self.summed)
        if self.order is not None:
            x = x.transpose(self.order)
        if self.shape is not None:
            x = x.reshape(self.shape)
        return x.mT if self.turned else x


class Plan(NamedTuple):
    """How a pair is contracted."""

    x: View | None
    y: View | None
    swapped: bool = False  # whether y is the left factor
    product: Any = np.multiply
    shape: Shape | None = None
    order: Shape | None = None


def _view(term: str, shape: Shape, keep: list[str], merged: Shape | None = None, turned: bool = False) -> View | None:
    """The view of an operand in which the labels `keep` are left, in that order; None: as it is."""
    labels = "".join(dict.fromkeys(term))
    sizes = dict(zip(term, shape))
    gone = tuple([i for i, a in enumerate(labels) if a not in keep])
    rest = [a for a in labels if a in keep]
    view = View(
        f"{term}->{labels}" if labels != term else None,
        gone or None,
        None if rest == keep else tuple([rest.index(a) for a in keep]),
        None if merged is None or merged == tuple([sizes[a] for a in keep]) else merged,
        turned,
    )
    return None if view == View() else view


def _sizes(terms: list[str], shapes: tuple[Shape, ...]) -> dict[str, int]:
    """The size of each label; 1 gives way to any other."""
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes):
        if len(term) != len(shape):
            raise ShapeError(f"einsum: {term!r} names {len(term)} dims, and the operand's shape is {tuple(shape)}")
        here: dict[str, int] = {}
        for label, n in zip(term, shape):
            if here.setdefault(label, n) != n:
                raise ShapeError(f"einsum: {label!r} is repeated in {term!r}, for different sizes: {tuple(shape)}")
            known = sizes.setdefault(label, n)
            if known == 1:
                sizes[label] = n
            elif n not in (1, known):
                raise ShapeError(f"einsum: the label {label!r} stands for dims of size {known} and of size {n}")
    return sizes


def _own(term: str, shape: Shape, sizes: dict[str, int]) -> list[str]:
    """The labels of an operand, without those along which another one stretches it."""
    return [a for a, n in dict(zip(term, shape)).items() if n == sizes[a]]


@lru_cache(4096)
def _plan(subscripts: str, x_shape: Shape, y_shape: Shape) -> Plan:
    """How a pair of these shapes is contracted."""
    given, out = subscripts.split("->")
    terms, shapes = given.split(","), (x_shape, y_shape)
    sizes = _sizes(terms, shapes)
    own = [_own(term, shape, sizes) for term, shape in zip(terms, shapes)]
    if any(a in own[1] and a not in out for a in own[0]):
        return _product_plan(terms, shapes, out, sizes, own)
    views = [
        _view(term, shape, [a for a in out if a in labels], tuple([sizes[a] if a in labels else 1 for a in out]))
        for term, shape, labels in zip(terms, shapes, own)
    ]
    return Plan(views[0], views[1])


def _product_plan(
    terms: list[str], shapes: tuple[Shape, Shape], out: str, sizes: dict[str, int], own: list[list[str]]
) -> Plan:
    """The plan of a matrix product, or a stack of them: (stack, free, summed) times (stack, summed, free)."""
    stack = [a for a in out if a in own[0] and a in own[1]]
    free = [[a for a in labels if a in out and a not in stack] for labels in own]
    larger = int(prod(shapes[1]) > prod(shapes[0]))
    summed = [a for a in own[larger] if a in own[1 - larger] and a not in out]
    swapped = next((a for a in out if a not in stack), None) in free[1]
    left, right = (1, 0) if swapped else (0, 1)
    vectors = not (free[0] or free[1])

    def size(labels: list[str]) -> int:
        return prod([sizes[a] for a in labels])

    def factor(k: int, is_left: bool) -> View | None:
        along = [size(free[k])] if free[k] else [1] if stack and not vectors else []
        # Labels that lie first in memory stay first: the transpose of a matrix costs BLAS nothing, a copy does.
        summed_first = next((a for a in own[k] if a in summed or a in free[k]), None) in summed
        if not free[k]:
            summed_first = not is_left
        order = [*stack, *summed, *free[k]] if summed_first else [*stack, *free[k], *summed]
        dims = [size(summed), *along] if summed_first else [*along, size(summed)]
        turned = summed_first == is_left and len(dims) == 2
        return _view(terms[k], shapes[k], order, (*[sizes[a] for a in stack], *dims), turned)

    views = {k: factor(k, k == left) for k in (0, 1)}
    labels = [*stack, *free[left], *free[right]]
    shape = tuple([sizes[a] for a in labels])
    plain = len(free[left]) == 1 == len(free[right]) or vectors
    plain = plain or (not stack and max(len(free[0]), len(free[1])) < 2)
    order = None if labels == list(out) else tuple([labels.index(a) for a in out])
    product = _dot if not stack else np.vecdot if vectors else np.matmul
    return Plan(views[0], views[1], swapped, product, None if plain else shape, order)


def _dot(x: Any, y: Any) -> Any:
    return x.dot(y)


@lru_cache(4096)
def _single(subscripts: str, shape: Shape) -> View | None:
    """How one operand is summed, transposed, or read along diagonals."""
    term, out = subscripts.split("->")
    _sizes([term], (shape,))
    return _view(term, shape, list(out))


@primitive(promotes="same")
def einsum(x: Any, y: Any, *, subscripts: str) -> Any:
    """np.einsum of one operand (y is None) or two, with the result's labels given; dims of size 1 broadcast"""
    if y is None:
        view = _single(subscripts, x.shape)
        out = x if view is None else view.of(x)
        return out if view is not None and view.summed is not None else np.array(out)
    plan = _plan(subscripts, x.shape, y.shape)
    if plan.x is not None:
        x = plan.x.of(x)
    if plan.y is not None:
        y = plan.y.of(y)
    out = plan.product(y, x) if plan.swapped else plan.product(x, y)
    if plan.shape is not None:
        out = out.reshape(plan.shape)
    return out if plan.order is None else out.transpose(plan.order)


@lru_cache(4096)
def _back(subscripts: str, which: int, shape: Shape, other_shape: Shape | None) -> tuple[str, str | None]:
    """The einsum of g and the other operand that an operand's cotangent is, and the `embed` after it, if any."""
    given, out = subscripts.split("->")
    terms = given.split(",")
    term, other = terms[which], "" if other_shape is None else terms[1 - which]
    there = dict(zip(other, other_shape or ()))
    here = dict(zip(term, shape))
    # What is left of the operand's labels, without those that were summed out of it alone, and those along which it was
    # stretched: these the einsum sums.
    full = {a: there.get(a, 1) if n == 1 else n for a, n in here.items()}
    kept = "".join([a for a, n in here.items() if n == full[a] and (a in out or there.get(a) == n)])
    pair = f"{out}->{kept}" if other_shape is None else f"{out},{other}->{kept}"
    return pair, None if kept == term else f"{kept}->{term}"


# out = sum x y  =>  <g, sum dx y> = <sum g y, dx>, with the sums over the labels that dx does not have
def _einsum_x(xp: Any, g: Any, y: Any, x_shape: Any, *, subscripts: str) -> Any:
    pair, rest = _back(subscripts, 0, x_shape, None if y is None else y.shape)
    g_x = xp.einsum(g, y, subscripts=pair)
    return g_x if rest is None else xp.embed(g_x, subscripts=rest, shape=x_shape)


def _einsum_y(xp: Any, g: Any, x: Any, y_shape: Any, *, subscripts: str) -> Any:
    pair, rest = _back(subscripts, 1, y_shape, x.shape)
    g_y = xp.einsum(g, x, subscripts=pair)
    return g_y if rest is None else xp.embed(g_y, subscripts=rest, shape=y_shape)


einsum.defvjp(_einsum_x, _einsum_y)


@lru_cache(4096)
def _embedding(subscripts: str) -> tuple[str | None, Shape, tuple[Any, ...]]:
    """The diagonals to write to, and how x is turned and broadcast there."""
    term, target = subscripts.split("->")
    labels = "".join(dict.fromkeys(target))
    order = tuple([term.index(a) for a in labels if a in term])
    key = tuple([slice(None) if a in term else None for a in labels])
    return f"{target}->{labels}" if labels != target else None, order, key


@primitive
def embed(x: Any, *, subscripts: str, shape: tuple[int, ...]) -> Any:
    """The adjoint of an einsum of one operand: "i->iij" repeats x along j, and puts it on the diagonal of zeros"""
    diagonal, order, key = _embedding(subscripts)
    out = np.empty(shape, x.dtype) if diagonal is None else np.zeros(shape, x.dtype)
    place = out if diagonal is None else np.einsum(diagonal, out)
    place[...] = x.transpose(order)[key]
    return out


def _embed(xp: Any, g: Any, *, subscripts: str) -> Any:
    term, target = subscripts.split("->")
    return xp.einsum(g, None, subscripts=f"{target}->{term}")


embed.defvjp(_embed)

# ---------------------------------------------------------------------- distances

# Differences that are held at once: they and their powers fit a second-level cache.
_BLOCK = 1 << 15


@primitive(promotes="same")
def cdist(x: Any, y: Any, *, p: float = 2.0, by_product: bool = False) -> Any:
    """p-norms of all differences of a row of x and a row of y; `by_product` (p = 2): as x^2 + y^2 - 2 x y"""
    if by_product:
        out = np.matmul(x, y.mT)
        out *= -2
        out += np.vecdot(x, x)[..., None]
        out += np.vecdot(y, y)[..., None, :]
        return np.sqrt(np.maximum(out, 0, out=out), out=out)
    m, n = x.shape[-2], y.shape[-2]
    if x.size * n <= _BLOCK and x.ndim == 2 == y.ndim:
        return _norm(x.T.copy()[:, :, None] - y.T.copy()[:, None, :], p)
    stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    out = np.empty((*stack, m, n), x.dtype)
    # The components come first, also in memory, so that they are added up along long rows.
    left = np.ascontiguousarray(np.moveaxis(x, -1, 0))[..., None]
    right = np.ascontiguousarray(np.moveaxis(y, -1, 0))[..., None, :]
    if x.ndim != y.ndim:
        left = left.reshape(left.shape[:1] + (1,) * (out.ndim + 1 - left.ndim) + left.shape[1:])
        right = right.reshape(right.shape[:1] + (1,) * (out.ndim + 1 - right.ndim) + right.shape[1:])
    step = max(1, _BLOCK * m // max(1, out.size * x.shape[-1]))
    for i in range(0, m, step):
        out[..., i : i + step, :] = _norm(left[..., i : i + step, :] - right, p)
    return out


def _norm(d: Any, p: float) -> Any:
    """The p-norm over the first dimension; d is written over."""
    if p == 0:
        return _add(d != 0, axis=0, dtype=d.dtype)
    if p == 2:
        return np.sqrt(_add(np.multiply(d, d, out=d), axis=0))
    np.absolute(d, out=d)
    if p == 1:
        return _add(d, axis=0)
    if p == np.inf:
        return np.maximum.reduce(d, axis=0, initial=0)
    return power_scalar.forward(_add(np.power(d, p, out=d), axis=0), exponent=1 / p)


def _cdist(xp: Any, g: Any, out: Any, x: Any, y: Any, needs: Any, *, p: float, by_product: bool) -> Any:
    none = out == 0
    # d |x - y|_2 / dx = (x - y) / out, and 0 where they are equal
    if by_product:
        w = xp.where(none, 0.0, g) / xp.where(none, 1.0, out)
        return (
            x * xp.sum(w, axis=-1, keepdims=True) - xp.matmul(w, y) if needs[0] else None,
            y * xp.sum(w, axis=-2)[..., None] - xp.matmul(xp.swap_last(w), x) if needs[1] else None,
        )
    # The components come first here too.
    n = max(len(x.shape), len(y.shape))
    d = _components(xp, x, n)[..., :, None] - _components(xp, y, n)[..., None, :]
    if p == 0:
        g_d = xp.zeros_like(d)
    elif p == 1:
        g_d = g * xp.sign(d)
    elif p == 2:
        g_d = xp.where(none, 0.0, g) / xp.where(none, 1.0, out) * d
    elif p == float("inf"):  # all that are largest get it whole
        g_d = g * (xp.sign(d) * xp.cast(xp.absolute(d) == out, dtype=d.dtype))
    else:  # d (sum |d|^p)^(1/p) / dd = sign(d) |d|^(p-1) / out^(p-1), and 0 where d = 0
        w = xp.where(none, 0.0, g) / xp.power_scalar(xp.where(none, 1.0, out), exponent=p - 1)
        g_d = w * (xp.sign(d) * xp.power_scalar(xp.absolute(xp.where(d == 0, 1.0, d)), exponent=p - 1))
    back = (*range(1, n), 0)
    return (
        xp.transpose(xp.sum(g_d, axis=-1), axes=back) if needs[0] else None,
        -xp.transpose(xp.sum(g_d, axis=-2), axes=back) if needs[1] else None,
    )


def _components(xp: Any, x: Any, n: int) -> Any:
    """The last dimension in front of n - 1 others, also in memory: results are laid out as their operands are."""
    if len(x.shape) < n:
        x = xp.reshape(x, shape=(1,) * (n - len(x.shape)) + tuple(x.shape))
    x = xp.transpose(x, axes=(n - 1, *range(n - 1)))
    return xp.spread(x, shape=tuple(x.shape))


cdist.defvjp_joint(_cdist)

# -------------------------------------------------------------------------------------------- Kronecker products


def _pairs(first: Shape, second: Shape) -> Shape:
    """The sizes of two shapes by turns."""
    return tuple([n for pair in zip(first, second) for n in pair])


@primitive(promotes="arith")
def kron(x: Any, y: Any) -> Any:
    """A multiple of y in the place of every element of x, which has as many dimensions"""
    ones = (1,) * x.ndim
    out = x.reshape(_pairs(x.shape, ones)) * y.reshape(_pairs(ones, y.shape))
    return out.reshape([m * n for m, n in zip(x.shape, y.shape)])


@lru_cache
def _kron(n: int, second: bool) -> str:
    """The sum that undoes it, over the labels of the second factor, or of the first."""
    of_x, of_y = LETTERS[:n], LETTERS[n : 2 * n]
    both = "".join([a + b for a, b in zip(of_x, of_y)])
    return f"{both},{of_x}->{of_y}" if second else f"{both},{of_y}->{of_x}"


kron.defvjp(
    lambda xp, g, y, x_shape: xp.einsum(
        xp.reshape(g, shape=_pairs(x_shape, y.shape)), y, subscripts=_kron(len(x_shape), False)
    ),
    lambda xp, g, x, y_shape: xp.einsum(
        xp.reshape(g, shape=_pairs(x.shape, y_shape)), x, subscripts=_kron(len(y_shape), True)
    ),
)
