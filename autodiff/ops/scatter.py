"""Scattering: numbers written or gathered up where an index along one axis says, by sum, product or extreme."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from autodiff.ops.index import ARRAY, flat_places
from autodiff.ops.piles import add_flat
from autodiff.primitive import primitive

_PLACES: Any = {"places": None}


@primitive(residuals=_PLACES)
def scatter(x: Any, value: Any, indices: Any, *, axis: int) -> Any:
    """A copy of x in which np.put_along_axis wrote `value`; of a position written twice the last write counts"""
    out = np.array(x, order="C")
    places = flat_places(indices, axis, out.shape, False)
    out.reshape(-1)[places] = value
    return out, places


# What was overwritten has no share in the result; of a position written twice, the last write alone has.
scatter.defvjp(
    lambda xp, g, x_shape, places: xp.reshape(
        xp.index_put(xp.reshape(g, shape=(-1,)), 0.0, places, key=(ARRAY,)), shape=x_shape
    ),
    lambda xp, g, x_shape, value_shape, places: xp.unbroadcast(
        xp.last_writes(xp.take_flat(g, places), places, key=(ARRAY,), shape=(prod(x_shape),)), shape=value_shape
    ),
    None,
)


@primitive(residuals=_PLACES)
def scatter_add(x: Any, value: Any, indices: Any, *, axis: int) -> Any:
    """A copy of x with `value` added at the indices along `axis`, as often as each stands there"""
    places = flat_places(indices, axis, x.shape, False)
    if 8 * places.size < x.size:
        out = np.array(x, order="C")
        np.add.at(out.reshape(-1), places.reshape(-1), value.reshape(-1))
        return out, places
    out = add_flat(places.reshape(-1), value.reshape(-1), x.size).reshape(x.shape)
    return np.add(out, x, out), places


scatter_add.defvjp(lambda xp, g: g, lambda xp, g, places: xp.take_flat(g, places), None)

# ---------------------------------------------------------------------- extremes


def _scattered(ufunc: Any, x: Any, value: Any, indices: Any, axis: int) -> Any:
    # On a vector, ufunc.at of one dtype has an inner loop of its own: 2 ms for 1e6 numbers.
    out = np.array(x, order="C")
    places = flat_places(indices, axis, out.shape, False)
    ufunc.at(out.reshape(-1), places.reshape(-1), value.reshape(-1))
    return out, places


@primitive(residuals=_PLACES)
def scatter_max(x: Any, value: Any, indices: Any, *, axis: int) -> Any:
    """The largest of x and what stands in `value` for its position; equal ones share the cotangent"""
    return _scattered(np.maximum, x, value, indices, axis)


@primitive(residuals=_PLACES)
def scatter_min(x: Any, value: Any, indices: Any, *, axis: int) -> Any:
    """The smallest of x and what stands in `value` for its position; equal ones share the cotangent"""
    return _scattered(np.minimum, x, value, indices, axis)


# Which elements are the extreme is locally constant.
def _extreme(xp: Any, g: Any, out: Any, x: Any, value: Any, places: Any) -> Any:
    own = xp.cast(x == out, dtype=x.dtype)
    theirs = xp.cast(value == xp.take_flat(out, places), dtype=x.dtype)
    share = g / (own + xp.put_flat(theirs, places, shape=x.shape))
    return own * share, theirs * xp.take_flat(share, places), None


scatter_max.defvjp_joint(_extreme)
scatter_min.defvjp_joint(_extreme)

# ---------------------------------------------------------------------- products


@primitive(residuals=_PLACES)
def scatter_prod(x: Any, value: Any, indices: Any, *, axis: int) -> Any:
    """The product of x and what stands in `value` for its position"""
    return _scattered(np.multiply, x, value, indices, axis)


scatter_prod.defvjp(
    lambda xp, g, x, value, indices, *, axis: g * xp.scatter_prod(xp.ones_like(x), value, indices, axis=axis),
    lambda xp, g, x, value, places: xp.take_flat(g * x, places) * xp.prod_of_others(value, places, size=prod(x.shape)),
    None,
)


@primitive
def prod_of_others(x: Any, places: Any, *, size: int) -> Any:
    """For each element of x the product of all others with the same place among `size`"""
    zero = x == 0
    filled = np.where(zero, x.dtype.type(1), x)
    product = np.ones(size, x.dtype)
    np.multiply.at(product, places.reshape(-1), filled.reshape(-1))
    zeros = np.bincount(places.reshape(-1), zero.reshape(-1), size).take(places)  # among all, itself included
    out = product.take(places) / filled
    out *= zeros == zero
    return out


# Of the elements v of one place, o_i = prod_{k!=i} v_k, and sum_i g_i do_i/dv_j = sum_{i!=j} g_i prod_{k!=i,j} v_k:
# the coefficient of e in prod_{k!=j} (v_k + e g_k). Products of all others, without a division, by pairs.
def _prod_of_others(xp: Any, g: Any, x: Any, places: Any) -> Any:
    flat = xp.reshape(places, shape=(-1,))
    _, slope = _others(xp, xp.reshape(x, shape=(-1,)), xp.reshape(g, shape=(-1,)), flat)
    return xp.reshape(slope, shape=x.shape)


def _others(xp: Any, v: Any, d: Any, places: Any) -> Any:
    """For each v + e d the product of all others with the same place, to first order in e."""
    a, b, alone = xp.couples(places)
    if not a.shape[0]:
        return xp.ones_like(v), xp.zeros_like(d)
    (va, vb, vr), (da, db, dr) = _picked(xp, v, a, b, alone), _picked(xp, d, a, b, alone)
    left = xp.concatenate(xp.index(places, a, key=(ARRAY,)), xp.index(places, alone, key=(ARRAY,)))
    pv, pd = _others(xp, xp.concatenate(va * vb, vr), xp.concatenate(va * db + da * vb, dr), left)
    n = a.shape[0]
    up, slope = pv[:n], pd[:n]
    to = xp.concatenate(a, b, alone)
    out_v = xp.concatenate(up * vb, up * va, pv[n:])
    out_d = xp.concatenate(up * db + slope * vb, up * da + slope * va, pd[n:])
    return xp.index_put(xp.zeros_like(v), out_v, to, key=(ARRAY,)), xp.index_put(
        xp.zeros_like(d), out_d, to, key=(ARRAY,)
    )


def _picked(xp: Any, v: Any, *indices: Any) -> Any:
    return [xp.index(v, i, key=(ARRAY,)) for i in indices]


prod_of_others.defvjp(_prod_of_others, None)


@primitive(outputs=True, differentiable=False)
def couples(places: Any) -> Any:
    """Pairs of elements of equal value, as many as there are, as two lists of positions; and who is left alone"""
    order = places.argsort(kind="stable")
    at = places[order]
    first = np.ones(at.size, bool)
    np.not_equal(at[1:], at[:-1], out=first[1:])
    starts = first.nonzero()[0]
    turn = np.arange(at.size)
    turn -= np.repeat(starts, np.diff(starts, append=at.size))
    second = (turn & 1).nonzero()[0]
    paired = np.zeros(at.size, bool)
    paired[second] = paired[second - 1] = True
    return order[second - 1], order[second], order[~paired]
