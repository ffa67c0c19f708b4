"""A position that is a Tensor is read at each call; any other way of a value into Python is refused by name."""

import copy
import pickle
from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad
from autodiff.compiler.backends import NAMES

BACKENDS = [None, "numpy", *(["numba"] if find_spec("llvmlite") else [])]
TABLE = ad.tensor(np.random.default_rng(0).standard_normal((4, 5)).astype(np.float32))
POSITIONS = [ad.tensor(i) for i in (0, 0, 0, 1, 2, -1, 3)]


def gradients(t):
    w = TABLE.detach().requires_grad_()
    return ad.grad((w[t] * w[t, 2]).sum(), w)[0]


def many_gradients(t):
    w = ad.ones(4, 200).requires_grad_()
    return ad.grad((w[t] ** 2).sum(), w)[0]


def written(t):
    x = TABLE.clone()
    x[t] = 7.0
    x[t, 1] += x[0, t]
    return x


def a_view_that_is_written(t):
    x = TABLE.clone()
    row, part = x[t], x[1:3, t]
    row.add_(1.0)
    part.mul_(3.0)
    return x * 2


# What machine code has a form for, and what goes to NumPy.
LOOK_UPS = {
    "a row": lambda t: TABLE[t] * 1.0,
    "an element of a row": lambda t: TABLE[t, 0] * 1.0,
    "an element of the first row": lambda t: TABLE[0, t] * 1.0,
    "a column": lambda t: TABLE[..., t] * 1.0,
    "a part of a column": lambda t: TABLE[1:3, t] * 1.0,
    "a part of a row": lambda t: TABLE[t, 1:3].exp(),
    "a row with another dim": lambda t: TABLE[None, t] * 1.0,
    "a row of a row": lambda t: TABLE[0][t] * 1.0,
}
OTHERS = {
    "an element": lambda t: TABLE[t, t] * 1.0,
    "gradients": gradients,
    "many gradients": many_gradients,
    "written": written,
    "a view that is written": a_view_that_is_written,
}


@pytest.mark.parametrize(
    ("name", "backend"), [(n, b) for b in BACKENDS for n in (LOOK_UPS if b == "numba" else {**LOOK_UPS, **OTHERS})]
)
def test_a_position_that_is_a_tensor_is_read_at_each_call(name, backend):
    function = (LOOK_UPS | OTHERS)[name]
    step = ad.compile(function, backend=backend)
    for t in POSITIONS:
        np.testing.assert_allclose(step(t).numpy(), function(t).numpy(), rtol=1e-6)
    assert step.stats == {"recorded": 2, "replayed": 5, "eager": 0}
    assert step.backend in NAMES


def test_a_position_out_of_range_is_an_error_of_a_replay():
    step = ad.compile(lambda t: TABLE[t] * 1.0)
    for t in POSITIONS:
        step(t)
    with pytest.raises(ad.IndexingError):
        step(ad.tensor(9))


# Of elements: of some that are nan, and of none.
ROWS = [TABLE, TABLE.clone(), TABLE * 2, TABLE.clone(), TABLE + 1, TABLE]
ROWS[1][1, 2] = ROWS[3][1, 2] = ROWS[3][0, 0] = ROWS[3][1, 4] = ad.nan
SHARES = [ad.tensor(q) for q in (0.1, 0.5, 0.9, 0.5, 0.3, 0.75)]
RECORDED = {
    **{
        f"quantile, {how}": lambda x, q, how=how: x.quantile(q, dim=1, interpolation=how)
        for how in ("linear", "lower", "higher", "midpoint", "nearest")
    },
    "nanquantile": lambda x, q: x.nanquantile(q, dim=1),
    "quantile of all": lambda x, q: x.quantile(0.5),
    "median": lambda x, q: ad.stack(list(x.median(dim=1))),
    "nanmedian": lambda x, q: ad.stack(list(x.nanmedian(dim=1))),
    "a deep copy": lambda x, q: copy.deepcopy(x) * q,
    "a copy": lambda x, q: copy.copy(x) * q,
    "asarray": lambda x, q: ad.asarray(x, copy=True) * q,
    "asarray in another dtype": lambda x, q: ad.asarray(x, dtype=ad.float64) * q,
    "logdet": lambda x, q: ad.logdet(x[:4, :4] * q),
}


@pytest.mark.parametrize("name", RECORDED)
def test_values_are_followed_where_they_can_be(name):
    step = ad.compile(RECORDED[name])
    for x, q in zip(ROWS, SHARES, strict=True):
        np.testing.assert_allclose(step(x, q).numpy(), RECORDED[name](x, q).numpy(), rtol=1e-4, atol=1e-6)
    assert step.stats["replayed"] == 4


REFUSED = {
    "roll": lambda x, t: x.roll(t),
    "sizes": lambda x, t: x.new_zeros(t.reshape(1) + 1),
    "a list": lambda x, t: ad.tensor([t, 1]),
    "a nested list": lambda x, t: ad.tensor([[x[0, 0], 1.0]]),
    "as_tensor of a list": lambda x, t: ad.as_tensor([t, 1]),
    "dlpack": lambda x, t: ad.from_dlpack(x),
    "dlpack by NumPy": lambda x, t: ad.tensor(np.from_dlpack(x)),
    "a pickle": lambda x, t: pickle.loads(pickle.dumps(x)),
    "view of bits": lambda x, t: x.view(ad.int32),
    "masked_scatter": lambda x, t: x.masked_scatter(x > 0, x * 2),
    "histc": lambda x, t: ad.histc(x, 4),
    "a slice": lambda x, t: x[t : t + 1],
    "a position beside a list": lambda x, t: x[t, [0, 1]],
    "an item of a list": lambda x, t: x * [1, 2, 3, 4][t],
    "a range": lambda x, t: x * len(range(t)),
    "select": lambda x, t: x.select(0, t),
    "tensor_split": lambda x, t: x.tensor_split(t.reshape(1))[1],
    "tensordot": lambda x, t: ad.tensordot(x, x, t.reshape(1, 1).expand(2, 1)),
    "repeat_interleave": lambda x, t: x.repeat_interleave(t),
    "lstsq": lambda x, t: ad.linalg.lstsq(x.T, x.T).rank,
    "cholesky_ex": lambda x, t: ad.linalg.cholesky_ex(x @ x.T).info,
    "np.quantile": lambda x, t: np.quantile(x, 0.5, axis=1),
    "np.quantile at a Tensor": lambda x, t: np.quantile(np.ones(3), x[0, 0] * 0),
    "np.round": lambda x, t: np.round(t, -1),
    "np.interp": lambda x, t: np.interp(x[0], ad.arange(3).float(), ad.arange(3).float()),
    "np.allclose": lambda x, t: x * np.allclose(x, 1),
    "np.array_equal": lambda x, t: x * np.array_equal(x, x + 1),
    "np.full_like": lambda x, t: np.full_like(x, x[0, 0]),
    "np.compress": lambda x, t: np.compress(x[:, 0] > 0, x, 0),
    "int": lambda x, t: x * int(t),
    "float": lambda x, t: x * float(t),
    "an array": lambda x, t: x * np.asarray(t),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_value_that_goes_to_python_is_refused_with_the_line_and_a_mend(name):
    with pytest.raises(ad.RecordingError, match=r"test_positions_and_values.py:(?s:.)*;|shape"):
        ad.compile(REFUSED[name])(TABLE, ad.tensor(1))
