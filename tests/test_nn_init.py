"""First values: bounds and moments of what is drawn, and that it is drawn from where it should be."""

from math import sqrt

import numpy as np
import pytest

import autodiff as ad
import nn
from nn import init

ROWS, COLUMNS = 400, 250  # fan_out and fan_in

DRAWN = [
    (init.uniform_, {}, (0, 1)),
    (init.uniform_, {"a": -3.0, "b": 1.0}, (-3, 1)),
    (init.xavier_uniform_, {"gain": 2.0}, sqrt(6 / (ROWS + COLUMNS)) * 2),
    (init.kaiming_uniform_, {}, sqrt(2) * sqrt(3 / COLUMNS)),
    (init.kaiming_uniform_, {"a": sqrt(5)}, 1 / sqrt(COLUMNS)),
    (init.kaiming_uniform_, {"mode": "fan_out", "nonlinearity": "tanh"}, 5 / 3 * sqrt(3 / ROWS)),
]
NORMAL = [
    (init.normal_, {"mean": 4.0, "std": 0.5}, 4.0, 0.5),
    (init.xavier_normal_, {"gain": 3.0}, 0.0, 3 * sqrt(2 / (ROWS + COLUMNS))),
    (init.kaiming_normal_, {"nonlinearity": "relu"}, 0.0, sqrt(2 / COLUMNS)),
    (init.kaiming_normal_, {"a": 0.5, "mode": "fan_out"}, 0.0, sqrt(2 / 1.25 / ROWS)),
]
over_dtypes = pytest.mark.parametrize("dtype", [ad.float16, ad.float32, ad.float64])


def drawn(function, settings, dtype=ad.float64, shape=(ROWS, COLUMNS)):
    tensor = nn.Parameter(ad.zeros(*shape, dtype=dtype))
    result = function(tensor, **settings, generator=ad.Generator().manual_seed(0))
    assert result is tensor
    assert tensor.grad_fn is None
    assert tensor.dtype == dtype
    return tensor.detach().numpy().astype(np.float64)


@over_dtypes
@pytest.mark.parametrize(("function", "settings", "bounds"), DRAWN)
def test_uniform_values_fill_their_interval_evenly(function, settings, bounds, dtype):
    low, high = bounds if isinstance(bounds, tuple) else (-bounds, bounds)
    values = drawn(function, settings, dtype)
    margin = 1e-3 * (high - low)
    assert low - margin <= values.min() < low + margin
    assert high - margin < values.max() <= high + margin
    counts, _ = np.histogram(values, 10, (low - margin, high + margin))
    np.testing.assert_allclose(counts, values.size / 10, rtol=0.05)


@over_dtypes
@pytest.mark.parametrize(("function", "settings", "mean", "std"), NORMAL)
def test_normal_values_have_their_mean_spread_and_tails(function, settings, mean, std, dtype):
    values = drawn(function, settings, dtype)
    assert abs(values.mean() - mean) < 0.02 * std
    assert values.std() == pytest.approx(std, rel=0.01)
    assert np.mean(np.abs(values - mean) > 2 * std) == pytest.approx(0.0455, abs=0.005)


def test_the_truncated_normal_stays_inside_and_keeps_its_shape_there():
    values = drawn(init.trunc_normal_, {"mean": 1.0, "std": 2.0, "a": 0.0, "b": 2.5})
    assert 0 <= values.min() < 0.001
    assert 2.499 < values.max() <= 2.5
    counts, _ = np.histogram(values, 2, (0.75, 1.25))
    assert counts[0] == pytest.approx(counts[1], rel=0.05)
    with pytest.raises(ad.AutodiffError, match="hardly any of the normal distribution"):
        init.trunc_normal_(ad.zeros(2), a=9.0, b=10.0)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (6, 2, 3)])
def test_an_orthogonal_matrix_has_orthonormal_rows_or_columns(shape):
    values = drawn(init.orthogonal_, {"gain": 2.0}, shape=shape).reshape(shape[0], -1) / 2
    rows, columns = values.shape
    product = values.T @ values if rows >= columns else values @ values.T
    np.testing.assert_allclose(product, np.eye(min(rows, columns)), atol=1e-12)


def test_constants():
    t = ad.tensor([[5.0, 5.0, 5.0], [5.0, 5.0, 5.0]])
    assert init.eye_(t).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert init.ones_(t).tolist() == [[1, 1, 1]] * 2
    assert init.zeros_(t).tolist() == [[0, 0, 0]] * 2
    assert init.constant_(t, -1.5).tolist() == [[-1.5] * 3] * 2


def test_a_kernel_counts_among_the_fans():
    bound = np.abs(drawn(init.kaiming_uniform_, {"a": sqrt(5)}, shape=(64, 8, 5, 5))).max()
    assert bound == pytest.approx(1 / sqrt(8 * 25), rel=1e-3)


@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_starts_uniformly_within_one_over_the_root_of_its_inputs(bias):
    ad.manual_seed(0)
    layer = nn.Linear(COLUMNS, ROWS, bias=bias)
    for values in [p.detach().numpy() for p in layer.parameters()]:
        assert np.abs(values).max() == pytest.approx(1 / sqrt(COLUMNS), rel=0.02)
        assert values.std() == pytest.approx(1 / sqrt(3 * COLUMNS), rel=0.05)
    assert (layer.bias is not None) is bias


def test_layers_are_drawn_from_the_default_generator():
    ad.manual_seed(5)
    first = nn.Linear(3, 3).weight.tolist()
    assert nn.Linear(3, 3).weight.tolist() != first
    ad.manual_seed(5)
    assert nn.Linear(3, 3).weight.tolist() == first


def test_a_first_value_written_after_a_forward_is_noticed_by_backward():
    layer = nn.Linear(2, 2)
    loss = layer(layer(ad.ones(1, 2))).sum()
    init.zeros_(layer.weight)
    with pytest.raises(ad.StaleValueError):
        loss.backward()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: init.kaiming_uniform_(ad.zeros(3)), r"at least 2 dimensions, and this Tensor has shape \(3,\)"),
        (lambda: init.kaiming_normal_(ad.zeros(3, 2), mode="fan"), "must be 'fan_in' or 'fan_out', not 'fan'"),
        (lambda: init.calculate_gain("swish"), "no gain for 'swish'; choose one of linear, sigmoid"),
        (lambda: init.eye_(ad.zeros(3)), r"eye_ fills a matrix, and this Tensor has shape \(3,\)"),
        (lambda: init.orthogonal_(ad.zeros(3)), "at least 2 dimensions"),
    ],
)
def test_what_cannot_be_filled_is_named(call, text):
    with pytest.raises(ad.AutodiffError, match=text):
        call()
