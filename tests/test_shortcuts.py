"""Forwards that take another way for some shapes give the same there as elsewhere."""

import numpy as np
import pytest

from autodiff.ops.elementwise import relu
from autodiff.ops.fused import cross_entropy, log_softmax, log_softmax_backward, softmax
from autodiff.ops.reduce import unbroadcast

RNG = np.random.default_rng(5)
SHAPES = [(1, 3), (31, 10), (32, 10), (600, 3), (40, 32), (40, 33), (64, 64), (64, 65), (700, 1)]


def logits_of(shape, dtype):
    logits = (RNG.standard_normal(shape) * 30).astype(dtype)
    logits[0, 0] = -np.inf if shape[1] > 1 else 0.0
    return logits


def log_softmax_of(logits):
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_softmax_of_rows_of_every_length(shape, dtype, order):
    logits = np.asarray(logits_of(shape, dtype), order=order)
    expected = log_softmax_of(logits)
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    for axis in (1, -1):
        out, logs = softmax.forward(logits, axis=axis), log_softmax.forward(logits, axis=axis)
        assert out.dtype == logs.dtype == logits.dtype
        np.testing.assert_allclose(out, np.exp(expected), rtol=tolerance * 50, atol=1e-30)
        np.testing.assert_allclose(logs, expected, rtol=tolerance, atol=tolerance * 10)
        along = softmax.forward(np.ascontiguousarray(logits.T), axis=0).T
        np.testing.assert_allclose(out, along, rtol=tolerance * 10, atol=1e-30)


@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy_of_rows_of_every_length(shape):
    logits = logits_of(shape, "float64")
    target = RNG.integers(min(1, shape[1] - 1), shape[1], shape[0])
    losses, probabilities, places, _ = cross_entropy.forward(logits, target, reduction="none")
    expected = log_softmax_of(logits)
    np.testing.assert_allclose(losses, -expected[np.arange(shape[0]), target], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(probabilities, np.exp(expected), rtol=1e-11, atol=1e-300)
    np.testing.assert_array_equal(places, np.arange(shape[0]) * shape[1] + target)


@pytest.mark.parametrize("shape", [(32, 10), (5, 3), (64, 65)])
def test_a_row_with_nan_spoils_no_other(shape):
    logits = logits_of(shape, "float32")
    logits[1, 2] = np.nan
    others = np.arange(shape[0]) != 1
    for op in (softmax, log_softmax):
        out = op.forward(logits)
        assert np.isnan(out[1]).all()
        assert not np.isnan(out[others]).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cotangent_of_log_softmax_for_rows_of_every_length(shape):
    cotangent, y = RNG.standard_normal(shape), log_softmax_of(logits_of(shape, "float64"))
    expected = cotangent - np.exp(y) * cotangent.sum(1, keepdims=True)
    np.testing.assert_allclose(log_softmax_backward.forward(cotangent, y), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (17, 1), (4096, 2), (4097, 2), (3, 4, 5)])
def test_columns_are_added_up_whatever_the_number_of_rows(shape, dtype):
    x = (RNG.standard_normal(shape) * 4).astype(dtype)
    total = unbroadcast.forward(x, shape=shape[1:])
    assert total.dtype == x.dtype
    assert total.shape == shape[1:]
    tolerance = {"float16": 2e-2, "float32": 1e-4}.get(dtype, 1e-10)
    np.testing.assert_allclose(total, x.astype(float).sum(0), rtol=tolerance, atol=tolerance * 10)
    turned = unbroadcast.forward(x[:, ::-1], shape=shape[1:])
    np.testing.assert_allclose(turned, total[::-1], rtol=tolerance, atol=tolerance * 10)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "longdouble"])
@pytest.mark.parametrize("size", [1, 511, 9000])
def test_relu_of_every_dtype_and_size(size, dtype):
    x = (RNG.standard_normal(size) * 4).astype(dtype)
    out = relu.forward(x)
    assert out.dtype == x.dtype
    np.testing.assert_array_equal(out, np.maximum(x, 0))
