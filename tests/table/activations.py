"""Rows of the activations."""

import math

import numpy as np

import autodiff.ops.activations  # noqa: F401 (fills the registry)
from tests.table.form import case, exactly, real, row, unary
from tests.table.special import by_element

WIDE = exactly([[-7.3, -2.4, -0.6], [0.4, 2.9, 6.1]])
FAR = exactly([-700.0, -45.0, 30.0, 700.0])
SHAPES = [real(2, 3), real(), real(0), WIDE]


def logistic(x):
    return 0.5 + 0.5 * np.tanh(np.asarray(x) / 2)


def exponential(x, alpha=1.0, scale=1.0, rate=1.0):
    return scale * np.where(x > 0, x, alpha * (np.exp(rate * np.minimum(x, 0)) - 1))


def inner(x):
    return math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)


def softplus(x):
    return np.log(1 + np.exp(x))


def mish_slope(x):
    t = np.tanh(softplus(x))
    return t + x * logistic(x) * (1 - t * t)


def gelu_tanh_slope(x, share):
    t = np.tanh(inner(x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 0.134145 * x * x)


row(
    "leaky_relu",
    lambda x, slope: np.where(x > 0, 1.0, slope) * x,
    *[case(x, slope=0.2) for x in SHAPES],
    case(WIDE, slope=-0.5),
    case(WIDE, slope=3.0),
    curved=False,
    notes="derivative `slope` at 0",
)
row(
    "hardtanh",
    lambda x, low, high: np.clip(x, low, high),
    *[case(x, low=-1.0, high=2.5) for x in SHAPES],
    curved=False,
    notes="derivative 0 at both ends",
)
row(
    "hardsigmoid",
    lambda x: np.clip(x / 6 + 0.5, 0, 1),
    *[case(x) for x in SHAPES],
    curved=False,
    notes="derivative 0 at ±3",
)
row("hardswish", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), *[case(x) for x in SHAPES], notes="derivative 1 at 3")
row(
    "hardswish_slope",
    lambda x: np.select([x < -3, x < 3], [0, x / 3 + 0.5], 1.0),
    *[case(x) for x in SHAPES],
    curved=False,
)
OF_ELU = [*[case(x) for x in SHAPES], case(WIDE, alpha=0.5, scale=2.0), case(WIDE, rate=0.5)]
row("elu", exponential, *OF_ELU, notes="the second derivative at 0 is 0")
row(
    "elu_slope",
    lambda x, alpha=1.0, scale=1.0, rate=1.0: scale * np.where(x > 0, 1, alpha * rate * np.exp(rate * x)),
    *OF_ELU,
)
unary("silu", lambda x: x * logistic(x))
unary("silu_slope", lambda x: logistic(x) * (1 + x * (1 - logistic(x))))
unary("mish", lambda x: x * np.tanh(softplus(x)))
row("mish_slope", mish_slope, *[case(x) for x in SHAPES], notes="1 far to the right")
row("log_sigmoid", lambda x: np.minimum(x, 0) - np.log(1 + np.exp(-abs(x))), *[case(x) for x in SHAPES], case(FAR))
OF_SOFTPLUS = [*[case(x) for x in SHAPES], case(WIDE, beta=0.5, threshold=2.0), case(WIDE, threshold=4.0)]
row(
    "scaled_softplus",
    lambda x, beta=1.0, threshold=math.inf: np.where(beta * x > threshold, x, softplus(beta * x) / beta),
    *OF_SOFTPLUS,
)
row(
    "scaled_softplus_slope",
    lambda x, beta=1.0, threshold=math.inf: np.where(beta * x > threshold, 1, logistic(beta * x)),
    *OF_SOFTPLUS,
)
unary("gelu", lambda x: x * by_element(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)))(x))
unary("gelu_tanh", lambda x: 0.5 * x * (1 + np.tanh(inner(x))))
row("gelu_tanh_slope", gelu_tanh_slope, *[case(x, None) for x in SHAPES])
row(
    "glu",
    lambda x, axis=-1: np.split(x, 2, axis)[0] * logistic(np.split(x, 2, axis)[1]),
    case(real(2, 4)),
    case(real(2, 3), axis=0),
    case(real(2)),
    case(real(0)),
)
