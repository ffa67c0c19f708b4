"""Rows of batch norm and layer norm."""

import numpy as np

from tests.table.form import case, positive, real, row


def column(v, x):
    """One number a channel, so that it broadcasts."""
    return v.reshape(-1, *[1] * (x.ndim - 2))


def scaled(x, weight, bias):
    x = x if weight is None else x * column(weight, x)
    return x if bias is None else x + column(bias, x)


def batch_normed(x, weight, bias, eps):
    axes = (0, *range(2, x.ndim))
    normal = (x - x.mean(axes, keepdims=True)) / (x.var(axes, keepdims=True) + eps) ** 0.5
    return scaled(normal, weight, bias), x.mean(axes), x.var(axes, ddof=1)


row(
    "batch_norm",
    batch_normed,
    case(real(5, 3), real(3), real(3), eps=1e-5),
    case(real(5, 3), None, None, eps=0.5),
    case(real(5, 3), real(3), None, eps=1e-5),
    case(real(5, 3), None, real(3), eps=1e-5),
    case(real(2, 3, 4), real(3), real(3), eps=1e-5),
    case(real(2, 3, 2, 2), None, real(3), eps=0.1),
    case(real(1, 2, 3), real(2), None, eps=1e-5),
    case(real(4, 0), real(0), real(0), eps=1e-5),
    notes="of the batch, in training; further results are its means and unbiased variances",
)
row(
    "batch_norm_backward",
    lambda c, z, mean, slope, rate: rate * c - rate * (mean + slope * z),
    case(real(5, 3), real(5, 3), real(3), real(3), positive(3)),
    case(real(2, 3, 4), real(2, 3, 4), real(3, 1), real(3, 1), positive(3, 1)),
    notes="backward of batch_norm, as an operation of its own",
)
row(
    "batch_norm_inference",
    lambda x, m, v, w, b, eps: scaled((x - column(m, x)) / np.sqrt(column(v, x) + eps), w, b),
    case(real(5, 3), real(3), positive(3), real(3), real(3), eps=1e-5),
    case(real(5, 3), real(3), positive(3), None, None, eps=0.5),
    case(real(2, 3, 4), real(3), positive(3), real(3), None, eps=1e-5),
    case(real(2, 3, 4), real(3), positive(3), None, real(3), eps=1e-5),
    case(real(0, 3), real(3), positive(3), real(3), real(3), eps=1e-5),
    notes="with the running statistics, which are never differentiated",
)


def layer_normed(x, weight, bias, ndim, eps):
    axes = tuple(range(-ndim, 0))
    normal = (x - x.mean(axes, keepdims=True)) / (x.var(axes, keepdims=True) + eps) ** 0.5
    return (normal if weight is None else normal * weight) + (0 if bias is None else bias)


row(
    "layer_norm",
    layer_normed,
    case(real(4, 3), real(3), real(3), ndim=1, eps=1e-5),
    case(real(4, 3), None, None, ndim=1, eps=0.5),
    case(real(4, 3), real(3), None, ndim=1, eps=1e-5),
    case(real(4, 3), None, real(3), ndim=1, eps=1e-5),
    case(real(3), real(3), real(3), ndim=1, eps=1e-5),
    case(real(2, 3, 4), real(4), real(4), ndim=1, eps=1e-5),
    case(real(2, 3, 4), real(3, 4), real(3, 4), ndim=2, eps=1e-5),
    case(real(0, 3), real(3), real(3), ndim=1, eps=1e-5),
)
row(
    "layer_norm_backward",
    lambda c, z, rate, ndim: (
        rate
        * (c - c.mean(tuple(range(-ndim, 0)), keepdims=True) - z * (c * z).mean(tuple(range(-ndim, 0)), keepdims=True))
    ),
    case(real(4, 3), real(4, 3), positive(4, 1), ndim=1),
    case(real(2, 3, 4), real(2, 3, 4), positive(2, 1, 1), ndim=2),
    notes="backward of layer_norm, as an operation of its own",
)
