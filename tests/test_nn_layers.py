"""Layers, containers and functions: what PyTorch does not say, says badly, or leaves to chance."""

from math import erf, inf, nan

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F
from autodiff.ops.special import binary_cross_entropy
from autodiff.ops.special import erf as our_erf

# -- containers ------------------------------------------------------------------------------------------------------


def names(model):
    return [name for name, _ in model.named_children()]


def test_a_sequential_is_edited_like_a_list():
    a, b, c, d = (nn.Linear(n, n) for n in (1, 2, 3, 4))
    model = nn.Sequential(a, b)
    assert model.append(c) is model
    assert list(model) == [a, b, c]
    assert (model[0], model[-1], len(model)) == (a, c, 3)
    model.insert(1, d)
    assert list(model) == [a, d, b, c]
    assert names(model) == ["0", "1", "2", "3"]
    del model[0]
    assert list(model) == [d, b, c]
    assert names(model) == ["0", "1", "2"]
    model[1] = a
    assert model.pop(-1) is c
    assert list(model) == [d, a]
    assert list(model.extend([b, c])) == [d, a, b, c]
    del model[1:3]
    assert list(model + nn.Sequential(a)) == [d, c, a]


def test_a_slice_of_a_sequential_is_a_sequential_of_the_same_modules():
    model = nn.Sequential({"first": nn.Linear(1, 2), "act": nn.ReLU(), "last": nn.Linear(2, 1)})
    assert names(model) == ["first", "act", "last"]
    assert isinstance(model[:2], nn.Sequential)
    assert names(model[1:]) == ["act", "last"]
    assert model[1:][1] is model.last is model[2]


@pytest.mark.parametrize(
    ("mistake", "error", "text"),
    [
        (lambda: nn.Sequential(nn.ReLU())[1], IndexError, "module number 1 was asked for, and Sequential has 1"),
        (lambda: nn.Sequential(nn.ReLU), TypeError, "make an object of the class first"),
        (lambda: nn.Sequential([nn.ReLU()]), TypeError, "module '0' must be an nn.Module or None, not"),
        (lambda: nn.ModuleList([nn.ReLU()])(1), TypeError, "only holds its modules; call them in a loop, or make it"),
        (lambda: nn.ModuleDict({"a": nn.ReLU()})(1), TypeError, "only holds its modules; call one of them: 'a'"),
        (lambda: nn.ModuleList([nn.ReLU()]).insert(0, 3), TypeError, "insert takes an nn.Module, not a int"),
    ],
)
def test_what_is_no_module_or_not_there_is_refused(mistake, error, text):
    with pytest.raises(error, match=text):
        mistake()


def test_a_module_list_adds_slices_and_grows():
    layers = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    layers += [nn.Sigmoid()]
    assert [type(m).__name__ for m in layers + [nn.ReLU()]] == ["ReLU", "Tanh", "Sigmoid", "ReLU"]  # noqa: RUF005
    assert isinstance(layers[1:], nn.ModuleList)
    assert names(layers[1:]) == ["0", "1"]


def test_a_module_dict_is_edited_like_a_dict():
    heads = nn.ModuleDict([("a", nn.ReLU())])
    heads["b"] = nn.Tanh()
    heads.update({"c": nn.Sigmoid()})
    assert (list(heads.keys()), len(heads), "b" in heads) == (["a", "b", "c"], 3, True)
    assert [type(m).__name__ for m in heads.values()] == ["ReLU", "Tanh", "Sigmoid"]
    assert isinstance(heads.pop("b"), nn.Tanh)
    del heads["a"]
    assert [name for name, _ in heads.items()] == ["c"]
    heads.clear()
    assert not len(heads)


def test_a_parameter_list_makes_parameters_of_tensors():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.ParameterList([ad.ones(2), nn.Parameter(ad.zeros(3, 2))])

    net = Net()
    assert [name for name, _ in net.named_parameters()] == ["w.0", "w.1"]
    net.w.append(ad.ones(1))
    net.w[0] = ad.zeros(2)
    assert net.w[0].requires_grad
    assert (len(net.w), len(net.w[1:]), net.w[-1].tolist()) == (3, 2, [1.0])
    assert "(1): Parameter containing: [float32 of size 3x2]" in repr(net.w)


# -- chance ----------------------------------------------------------------------------------------------------------


def test_dropout_keeps_the_mean_and_sends_gradients_through_what_it_kept():
    ad.manual_seed(0)
    x = ad.ones(200, 100, requires_grad=True)
    y = nn.Dropout(0.25)(x)
    kept = y.detach().numpy() != 0
    assert abs(kept.mean() - 0.75) < 0.01
    np.testing.assert_allclose(y.detach().numpy()[kept], 1 / 0.75, rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.detach().numpy())


def test_dropout_draws_from_the_default_generator_anew_at_each_call():
    x, layer = ad.ones(50), nn.Dropout()
    ad.manual_seed(1)
    first, second = layer(x).tolist(), layer(x).tolist()
    ad.manual_seed(1)
    assert layer(x).tolist() == first != second


@pytest.mark.parametrize("dtype", [ad.float16, ad.float32, ad.float64])
def test_dropout_keeps_the_dtype_at_every_rate(dtype):
    x = ad.ones(20, dtype=dtype)
    assert [F.dropout(x, p).dtype for p in (0.0, 0.5, 1.0)] == [dtype] * 3
    assert F.dropout(x, 1.0).tolist() == [0.0] * 20
    assert F.dropout(x, 0.0) is F.dropout(x, 0.9, training=False) is nn.Dropout(0.9).eval()(x) is x


def test_dropout_in_place_writes_over_its_input():
    x = ad.ones(8, requires_grad=True)
    between = x * 1
    assert nn.Dropout(0.5, inplace=True)(between) is between
    between.sum().backward()
    assert x.grad.tolist() == between.tolist()


@pytest.mark.parametrize("make", [lambda: nn.Dropout(1.5), lambda: F.dropout(ad.ones(1), -0.1)])
def test_a_rate_outside_0_to_1_is_refused(make):
    with pytest.raises(ValueError, match="must be between 0 and 1; got p="):
        make()


# -- shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape", "result"),
    [
        (nn.Flatten(), (2, 3, 4), (2, 12)),
        (nn.Flatten(), (0, 3, 4), (0, 12)),
        (nn.Flatten(), (5, 1), (5, 1)),
        (nn.Flatten(0, 1), (2, 3, 4), (6, 4)),
        (nn.Flatten(-2), (2, 3, 4), (2, 12)),
        (nn.Flatten(0), (), (1,)),
        (nn.Unflatten(1, (3, 4)), (2, 12), (2, 3, 4)),
        (nn.Unflatten(-1, (-1, 4)), (2, 12), (2, 3, 4)),
    ],
)
def test_flatten_and_unflatten_give_these_shapes(layer, shape, result):
    assert layer(ad.zeros(*shape) if shape else ad.tensor(0.0)).shape == result


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: nn.Flatten(3)(ad.zeros(2, 3)), r"Flatten\(start_dim=3, end_dim=-1\) got an input of shape \(2, 3\)"),
        (lambda: nn.Flatten(1, 0)(ad.zeros(2, 3)), "where start_dim comes after end_dim"),
        (lambda: nn.Unflatten(1, (3, 5))(ad.zeros(2, 12)), r"dimension 1 of .* \(2, 12\) cannot become \(3, 5\)"),
        (lambda: nn.Unflatten(2, (3, 5))(ad.zeros(2, 12)), "has no such dimension"),
        (lambda: nn.Unflatten("x", (3, 5)), "takes a dim and a tuple of sizes"),
        (lambda: F.softmax(ad.zeros(2, 3)), "softmax needs to know along which dimension .* that is dim=1"),
        (lambda: nn.LogSoftmax()(ad.zeros(2, 3)), "log_softmax needs to know along which dimension"),
        (lambda: F.glu(ad.zeros(3)), r"an even number of elements along dim -1; got shape \(3,\)"),
        (lambda: F.gelu(ad.zeros(3), approximate="erf"), "must be 'none' or 'tanh'; got 'erf'"),
        (lambda: F.hardtanh(ad.zeros(3), 1.0, 0.0), "min_val=1.0 is above max_val=0.0"),
        (lambda: F.celu(ad.zeros(3), 0.0), "alpha must not be 0"),
    ],
)
def test_what_has_no_meaning_is_named(call, text):
    with pytest.raises(ad.AutodiffError, match=text):
        call()


# -- functions at their ends -----------------------------------------------------------------------------------------

SMOOTH = ["celu", "elu", "gelu", "logsigmoid", "mish", "selu", "sigmoid", "silu", "softplus", "softsign", "tanhshrink"]


@pytest.mark.parametrize("name", SMOOTH)
def test_far_out_an_activation_and_its_derivative_stay_finite(name):
    x = ad.tensor([-1e4, -100.0, 100.0, 1e4], requires_grad=True)
    y = getattr(F, name)(x)
    y.sum().backward()
    assert np.isfinite(y.detach().numpy()).all()
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("name", [*SMOOTH, "hardswish", "leaky_relu", "softmin", "glu"])
def test_first_and_second_derivatives_are_those_of_the_function(name):
    settings = {"dim": -1} if name == "softmin" else {}
    x = ad.tensor([[-1.3, -0.4, 0.7, 2.2]], dtype=ad.float64, requires_grad=True)
    assert ad.gradcheck(lambda x: getattr(F, name)(x, **settings), [x])
    assert ad.gradgradcheck(lambda x: getattr(F, name)(x, **settings), [x])


@pytest.mark.parametrize("name", ["elu", "celu", "selu"])
def test_near_zero_no_digits_are_lost(name):
    slope = 1.6732632423543772 * 1.0507009873554805 if name == "selu" else 1.0
    x = ad.tensor([-1e-10], dtype=ad.float64)
    np.testing.assert_allclose(getattr(F, name)(x).numpy(), [slope * np.expm1(-1e-10)], rtol=1e-14)


def test_erf_is_exact_to_the_last_digits_everywhere():
    x = np.concatenate([np.linspace(-7, 7, 4001), [-1e-300, 1e-20, 0.5, -0.5, inf, -inf, 1e300]])
    np.testing.assert_allclose(our_erf(ad.tensor(x)).numpy(), [erf(v) for v in x], rtol=5e-16)
    assert np.isnan(our_erf(ad.tensor([nan])).numpy()).all()
    assert our_erf(ad.tensor([0.3])).dtype == ad.float32
    assert ad.gradgradcheck(our_erf, [ad.tensor([-2.0, 0.1, 1.0], dtype=ad.float64, requires_grad=True)])


def test_binary_cross_entropy_has_the_derivatives_of_its_formula():
    x = ad.tensor([0.1, 0.5, 0.8], dtype=ad.float64, requires_grad=True)
    t = ad.tensor([1.0, 0.3, 0.0], dtype=ad.float64, requires_grad=True)
    assert ad.gradcheck(binary_cross_entropy, [x, t])
    assert ad.gradgradcheck(binary_cross_entropy, [x, t])


@pytest.mark.parametrize("bias", [None, 0.5])
def test_a_vector_of_weights_gives_one_number_a_row_compiled_or_not(bias):
    x, w = ad.tensor([[1.0, 2.0], [3.0, 4.0]]), ad.tensor([2.0, -1.0], requires_grad=True)
    bias = None if bias is None else ad.tensor(bias)

    def gradient(x):
        out = F.linear(x, w, bias)
        return out, *ad.grad(out.square().sum(), [w])

    fast = ad.compile(gradient)
    for out, found in [gradient(x), *[fast(x) for _ in range(3)]]:
        expected = np.array([0.0, 2.0]) + (0 if bias is None else 0.5)
        assert out.tolist() == expected.tolist()
        assert found.tolist() == (2 * expected @ x.numpy()).tolist()


@pytest.mark.parametrize("shape", [(), (2, 3, 3)])
def test_linear_refuses_a_weight_that_is_no_matrix(shape):
    with pytest.raises(ad.ShapeError, match=r"out_features, in_features.*; for a stack of matrices write"):
        F.linear(ad.ones(4, 3), ad.ones(shape))


def test_linear_takes_any_number_of_leading_dimensions():
    layer = nn.Linear(3, 2)
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    for lead in ((), (4,), (2, 5), (2, 0)):
        x = np.random.default_rng(0).standard_normal((*lead, 3)).astype(np.float32)
        np.testing.assert_allclose(layer(ad.tensor(x)).detach().numpy(), x @ weight.T + bias, rtol=1e-5, atol=1e-6)
    assert nn.Linear(0, 2)(ad.zeros(4, 0)).shape == (4, 2)
    assert nn.Linear(3, 2, dtype=ad.float64).weight.dtype == ad.float64
