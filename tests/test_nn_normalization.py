"""Batch norm and layer norm: what they compute, what they remember, and what they refuse."""

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F
from nn.errors import LayerError, SettingError, SetupError

X = ad.tensor([[1.0, 10.0], [3.0, 30.0], [5.0, 80.0]])


def test_each_channel_of_a_batch_has_mean_0_and_variance_1():
    out = nn.BatchNorm1d(2, eps=0.0)(X)
    np.testing.assert_allclose(out.mean(0).tolist(), [0, 0], atol=1e-6)
    np.testing.assert_allclose(out.var(0, correction=0).tolist(), [1, 1], rtol=1e-5)


def test_each_sample_has_mean_0_and_variance_1():
    out = nn.LayerNorm(2, eps=0.0)(X)
    np.testing.assert_allclose(out.detach().numpy(), [[-1, 1]] * 3, rtol=1e-5)


def test_running_statistics_approach_those_of_the_batches_and_are_used_after_eval():
    layer = nn.BatchNorm1d(2, eps=0.0)
    for _ in range(200):
        layer(X)
    np.testing.assert_allclose(layer.running_mean.tolist(), X.mean(0).tolist(), rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.tolist(), X.var(0).tolist(), rtol=1e-5)
    assert layer.num_batches_tracked.item() == 200
    layer.eval()
    before = layer.state_dict()["running_mean"].tolist()
    out = layer(X[:1])
    expected = (X[:1] - X.mean(0)) / X.std(0)
    np.testing.assert_allclose(out.detach().numpy(), expected.numpy(), rtol=1e-4)
    assert layer.running_mean.tolist() == before


def test_without_momentum_the_running_statistics_are_the_means_of_all_batches():
    layer = nn.BatchNorm1d(2, momentum=None, dtype=ad.float64)
    batches = [X.double(), X.double() * 3, X.double() - 1]
    for batch in batches:
        layer(batch)
    np.testing.assert_allclose(layer.running_mean.tolist(), np.mean([b.mean(0).numpy() for b in batches], 0))
    np.testing.assert_allclose(layer.running_var.tolist(), np.mean([b.var(0).numpy() for b in batches], 0))


def test_without_running_statistics_those_of_the_batch_are_used_after_eval_too():
    layer = nn.BatchNorm1d(2, track_running_stats=False)
    np.testing.assert_array_equal(layer.eval()(X).detach().numpy(), layer.train()(X).detach().numpy())
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert layer.running_mean is layer.num_batches_tracked is None


def test_the_buffers_stay_where_they_are_and_carry_no_history():
    layer = nn.BatchNorm1d(2)
    mean, memory = layer.running_mean, layer.running_mean.numpy()
    layer(X.clone().requires_grad_()).sum().backward()
    assert layer.running_mean is mean
    assert not mean.requires_grad
    assert np.shares_memory(mean.numpy(), memory)
    np.testing.assert_allclose(memory, [0.3, 4.0], rtol=1e-6)


def test_a_state_dict_holds_the_running_statistics_and_restores_them():
    source, target = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    source(X)
    assert list(source.state_dict()) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    target.load_state_dict(source.state_dict())
    assert target.num_batches_tracked.item() == 1
    assert target.num_batches_tracked.dtype == ad.int64
    np.testing.assert_array_equal(target.eval()(X).detach().numpy(), source.eval()(X).detach().numpy())


def test_reset_gives_the_first_values_back():
    layer = nn.BatchNorm1d(2)
    first = {k: v.tolist() for k, v in layer.state_dict().items()}
    layer(X)
    layer.weight.data.fill_(3.0)
    layer.reset_parameters()
    assert {k: v.tolist() for k, v in layer.state_dict().items()} == first


def test_converting_a_module_leaves_the_count_an_integer():
    layer = nn.BatchNorm1d(2).double()
    assert [layer.running_mean.dtype, layer.num_batches_tracked.dtype] == [ad.float64, ad.int64]
    assert layer(X.double()).dtype == ad.float64


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5)])
def test_derivatives_of_batch_norm_agree_with_differences(shape):
    ad.manual_seed(0)
    x, w, b = (ad.randn(*s, dtype=ad.float64, requires_grad=True) for s in (shape, (3,), (3,)))
    ad.gradcheck(lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), (x, w, b))
    ad.gradgradcheck(lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), (x, w, b))


def test_a_bias_without_weight_is_learned_too():
    bias = ad.zeros(2, requires_grad=True)
    F.batch_norm(X, None, None, bias=bias, training=True).sum().backward()
    F.layer_norm(X, (2,), bias=bias).sum().backward()
    assert bias.grad.tolist() == [6.0, 6.0]


def test_settings_are_shown_and_taken():
    assert nn.LayerNorm((2, 3), bias=False).bias is None
    assert nn.LayerNorm(3, elementwise_affine=False).weight is None
    assert nn.BatchNorm1d(3, bias=False).weight.tolist() == [1.0] * 3
    assert [n for n, _ in nn.BatchNorm1d(3, affine=False).named_parameters()] == []


def test_a_large_mean_costs_no_digits():
    x = ad.tensor(np.float32(1e4) + np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32))
    for out, axis in ((F.batch_norm(x, None, None, training=True), 0), (F.layer_norm(x, 8), 1)):
        wide = x.numpy().astype(np.float64)
        wide = wide - wide.mean(axis, keepdims=True)
        expected = wide / np.sqrt((wide * wide).mean(axis, keepdims=True) + 1e-5)
        np.testing.assert_allclose(out.numpy(), expected, atol=2e-3)


def test_half_precision_is_computed_in_single_and_comes_back_as_half():
    x = (ad.randn(3000, 4, generator=ad.Generator().manual_seed(0)) + 300).half()
    for norm in (lambda x: F.batch_norm(x, None, None, training=True), lambda x: F.layer_norm(x, 4)):
        out, expected = norm(x.requires_grad_()), norm(x.detach().float())
        assert out.dtype == ad.float16
        np.testing.assert_allclose(out.detach().numpy(), expected.numpy(), atol=2e-3)
        assert ad.grad(out.sum(), x)[0].dtype == ad.float16
    layer = nn.BatchNorm1d(4, dtype=ad.float16)
    assert layer(x).dtype == layer.running_var.dtype == layer.eval()(x).dtype == ad.float16


REFUSED = {
    "one value": (lambda: nn.BatchNorm1d(2)(X[:1]), LayerError, "needs at least two values in each channel"),
    "channels": (
        lambda: nn.BatchNorm1d(3)(X),
        LayerError,
        r"change the input, or .* nn.BatchNorm1d\(2\)",
    ),
    "vector": (lambda: nn.BatchNorm1d(2)(X[0]), LayerError, r"of shape \(N, 2\) or \(N, 2, L\) and got \(2,\)"),
    "list": (lambda: nn.BatchNorm1d(2)([[1.0, 2.0]]), LayerError, "expected a Tensor and got a list"),
    "dtype": (lambda: nn.BatchNorm1d(2)(X.double()), LayerError, "float64 and float32"),
    "integers": (lambda: nn.BatchNorm1d(2)(X.long()), LayerError, r"got int64; use x.float\(\)"),
    "features": (lambda: nn.BatchNorm1d(-1), SetupError, "num_features must be a whole number"),
    "no statistics": (lambda: F.batch_norm(X, None, None), SettingError, "needs running_mean and running_var"),
    "weight": (
        lambda: F.batch_norm(X, None, None, ad.ones(3), training=True),
        ad.ShapeError,
        r"2 channels, and weight has shape \(3,\)",
    ),
    "no channels": (lambda: F.batch_norm(X[0], None, None, training=True), ad.ShapeError, r"of shape \(N, C\)"),
    "sample": (lambda: nn.LayerNorm(3)(X), LayerError, r"over \(3,\) needs an input of shape \(..., 3\); got shape"),
    "nothing": (lambda: nn.LayerNorm(()), SetupError, "at least one dimension"),
    "no sample": (lambda: F.layer_norm(X, ()), ad.ShapeError, "at least one dimension"),
    "negative": (lambda: nn.LayerNorm((2, -1)), SetupError, r"normalized_shape\[1\] must be a whole number"),
    "layer dtype": (lambda: nn.LayerNorm(2)(X.double()), LayerError, "float64 and float32"),
    "layer integers": (lambda: F.layer_norm(X.long(), 2), ad.DtypeError, r"got int64; use x.float\(\)"),
    "layer weight": (lambda: F.layer_norm(X, 2, ad.ones(3)), ad.ShapeError, r"weight has shape \(3,\)"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(name):
    do, error, text = REFUSED[name]
    with pytest.raises(error, match=text):
        do()


def test_a_refusal_names_the_layer_of_the_model():
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4))
    with pytest.raises(LayerError, match=r"layer '1', BatchNorm1d\(4, .*at least two values"):
        model(X[:1])
