"""Modules, losses and first values against PyTorch: outputs, gradients, state_dicts, reprs and signatures."""

import inspect
import itertools

import numpy as np
import pytest
import torch

import autodiff as ad
import nn
import nn.functional as F

rng = np.random.default_rng(0)


# PyTorch computes these with constants of single precision, even in float64: alpha, 1/6, 1e-12.
COARSE = {"CELU", "Hardsigmoid", "binary_cross_entropy"}


def close(ours, theirs, dtype="float64", name=""):
    expected = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
    assert tuple(ours.shape) == expected.shape
    assert str(ours.dtype) == str(expected.dtype)
    tolerance = 1e-5 if dtype == "float32" else 1e-6 if name in COARSE else 1e-11
    np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=tolerance, atol=tolerance)


def both(array, requires_grad=False):
    return ad.tensor(array, requires_grad=requires_grad), torch.tensor(array, requires_grad=requires_grad)


def as_arrays(state_dict):
    return {key: value.numpy() for key, value in state_dict.items()}


# -- modules ---------------------------------------------------------------------------------------------------------

# Values on both sides of every kink, and far out.
VALUES = np.concatenate([rng.standard_normal(24) * 2, [-30.0, -8.0, -3.5, 3.5, 8.0, 30.0]]).reshape(5, 6)

MODULES = [
    ("CELU", {}),
    ("CELU", {"alpha": 0.3}),
    ("ELU", {}),
    ("ELU", {"alpha": 2.0}),
    ("GELU", {}),
    ("GELU", {"approximate": "tanh"}),
    ("GLU", {}),
    ("GLU", {"dim": 1}),
    ("Hardsigmoid", {}),
    ("Hardswish", {}),
    ("Hardtanh", {}),
    ("Hardtanh", {"min_val": -0.5, "max_val": 2.0}),
    ("Identity", {}),
    ("LeakyReLU", {}),
    ("LeakyReLU", {"negative_slope": 0.3}),
    ("LogSigmoid", {}),
    ("LogSoftmax", {"dim": 1}),
    ("LogSoftmax", {"dim": -2}),
    ("Mish", {}),
    ("ReLU", {}),
    ("ReLU6", {}),
    ("SELU", {}),
    ("SiLU", {}),
    ("Sigmoid", {}),
    ("Softmax", {"dim": 0}),
    ("Softmax", {"dim": -1}),
    ("Softmin", {"dim": 1}),
    ("Softplus", {}),
    ("Softplus", {"beta": 3.0, "threshold": 5.0}),
    ("Softsign", {}),
    ("Tanh", {}),
    ("Tanhshrink", {}),
    ("Flatten", {"start_dim": 0}),
    ("Unflatten", {"dim": 1, "unflattened_size": (2, -1)}),
    ("Linear", {"in_features": 6, "out_features": 3}),
    ("Linear", {"in_features": 6, "out_features": 3, "bias": False}),
    ("BatchNorm1d", {"num_features": 6}),
    ("BatchNorm1d", {"num_features": 6, "eps": 0.1, "affine": False}),
    ("BatchNorm1d", {"num_features": 6, "bias": False, "track_running_stats": False}),
    ("LayerNorm", {"normalized_shape": 6}),
    ("LayerNorm", {"normalized_shape": (5, 6), "eps": 0.1}),
    ("LayerNorm", {"normalized_shape": 6, "bias": False}),
    ("LayerNorm", {"normalized_shape": (6,), "elementwise_affine": False}),
]


def described(case):
    return "-".join(str(part) for part in (case[0], *case[1].values()))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), MODULES, ids=map(described, MODULES))
def test_a_module_gives_the_same_output_and_gradients(name, settings, dtype):
    ours, theirs = getattr(nn, name)(**settings), getattr(torch.nn, name)(**settings)
    ours, theirs = ours.to(getattr(ad, dtype)), theirs.to(getattr(torch, dtype))
    ours.load_state_dict(as_arrays(theirs.state_dict()))
    x, x_theirs = both(VALUES.astype(dtype), requires_grad=True)
    y, y_theirs = ours(x), theirs(x_theirs)
    close(y, y_theirs, dtype, name)
    g, g_theirs = both(np.random.default_rng(1).standard_normal(tuple(y.shape)).astype(dtype))
    y.backward(g)
    y_theirs.backward(g_theirs)
    close(x.grad, x_theirs.grad, dtype, name)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        close(p.grad, q.grad, dtype)


IN_PLACE = ["CELU", "ELU", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "Mish", "ReLU", "ReLU6", "SELU", "SiLU"]


@pytest.mark.parametrize("name", IN_PLACE)
def test_an_activation_in_place_writes_over_its_input_and_gives_the_same_gradient(name):
    ours, theirs = getattr(nn, name)(inplace=True), getattr(torch.nn, name)(inplace=True)
    assert repr(ours) == repr(theirs)
    x, x_theirs = both(VALUES, requires_grad=True)
    between, between_theirs = x * 1.5, x_theirs * 1.5
    y, y_theirs = ours(between), theirs(between_theirs)
    assert y is between
    close(between, between_theirs, name=name)
    (y * y).sum().backward()
    (y_theirs * y_theirs).sum().backward()
    close(x.grad, x_theirs.grad, name=name)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "celu", "selu", "hardtanh", "relu6", "softsign"])
def test_the_derivative_at_a_kink_is_pytorchs(name):
    kinks = np.array([-1.0, 0.0, 1.0, 6.0])
    x, x_theirs = both(kinks, requires_grad=True)
    getattr(F, name)(x).sum().backward()
    getattr(torch.nn.functional, name)(x_theirs).sum().backward()
    close(x.grad, x_theirs.grad)


def test_bilinear_gives_the_same_output_and_gradients():
    theirs = torch.nn.Bilinear(3, 4, 2).double()
    ours = nn.Bilinear(3, 4, 2).double()
    ours.load_state_dict(as_arrays(theirs.state_dict()))
    (a, a_theirs), (b, b_theirs) = (both(rng.standard_normal((5, 2, n)), requires_grad=True) for n in (3, 4))
    y, y_theirs = ours(a, b), theirs(a_theirs, b_theirs)
    close(y, y_theirs)
    y.sum().backward()
    y_theirs.sum().backward()
    for mine, other in [(a, a_theirs), (b, b_theirs), (ours.weight, theirs.weight), (ours.bias, theirs.bias)]:
        close(mine.grad, other.grad)


NORMS = [
    ("BatchNorm1d", {"num_features": 3}, (5, 3)),
    ("BatchNorm1d", {"num_features": 3, "momentum": None}, (5, 3)),
    ("BatchNorm1d", {"num_features": 3, "momentum": 0.3, "eps": 0.01}, (5, 3, 2)),
    ("BatchNorm1d", {"num_features": 3, "affine": False}, (1, 3, 4)),
    ("BatchNorm1d", {"num_features": 3, "track_running_stats": False}, (5, 3)),
    ("LayerNorm", {"normalized_shape": (3, 2)}, (5, 3, 2)),
    ("LayerNorm", {"normalized_shape": 3}, (2, 5, 3)),
]


@pytest.mark.parametrize(("name", "settings", "shape"), NORMS, ids=map(described, NORMS))
def test_normalisation_over_several_steps_leads_to_the_same_statistics_and_second_derivatives(name, settings, shape):
    theirs = getattr(torch.nn, name)(**settings).double()
    ours = getattr(nn, name)(**settings).double()
    draw = np.random.default_rng(5)
    for p in theirs.parameters():
        p.data = torch.tensor(draw.standard_normal(tuple(p.shape)))
    ours.load_state_dict(as_arrays(theirs.state_dict()))
    for step in range(5):
        if step == 3:
            ours.eval(), theirs.eval()
        x, x_theirs = both(draw.standard_normal(shape) * 2 + 1, requires_grad=True)
        y, y_theirs = ours(x), theirs(x_theirs)
        close(y, y_theirs)
        given, given_theirs = [x, *ours.parameters()], [x_theirs, *theirs.parameters()]
        first = ad.grad((y * y * y).sum(), given, create_graph=True)
        first_theirs = torch.autograd.grad((y_theirs**3).sum(), given_theirs, create_graph=True)
        second = ad.grad(sum((g * g).sum() for g in first), given)
        second_theirs = torch.autograd.grad(sum((g * g).sum() for g in first_theirs), given_theirs)
        for mine, other in zip([*first, *second], [*first_theirs, *second_theirs], strict=True):
            np.testing.assert_allclose(mine.detach().numpy(), other.detach().numpy(), rtol=1e-8, atol=1e-8)
        for (key, mine), (other_key, other) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
            assert key == other_key
            close(mine, other)


def network(nn_):
    class Block(nn_.Module):
        def __init__(self, width):
            super().__init__()
            self.norm = nn_.BatchNorm1d(width)
            self.last = nn_.LayerNorm(2)
            self.layers = nn_.ModuleList([nn_.Linear(width, width) for _ in range(3)])
            self.heads = nn_.ModuleDict({"a": nn_.Linear(width, 2), "b": nn_.Sequential(nn_.Linear(width, 1))})
            self.register_buffer("scale", (ad if nn_ is nn else torch).ones(width))
            self.register_buffer("count", (ad if nn_ is nn else torch).ones(1), persistent=False)
            self.act = nn_.ReLU(inplace=True)

        def forward(self, x):
            for layer in self.layers:
                x = self.act(layer(x)) * self.scale
            x = self.norm(x)
            return self.last(self.heads["a"](x) + self.heads["b"](x))

    return nn_.Sequential(nn_.Linear(4, 8), nn_.Tanh(), Block(8), nn_.Dropout(0.0))


CONTAINERS = [
    network,
    lambda nn_: nn_.Sequential(),
    lambda nn_: nn_.Sequential(nn_.Sequential(nn_.Linear(1, 1))),
    lambda nn_: nn_.ModuleList(),
    lambda nn_: nn_.ModuleList([nn_.Linear(2, 2), nn_.ReLU(), nn_.ReLU(), nn_.Linear(2, 2)]),
    lambda nn_: nn_.ModuleList([nn_.Sequential(nn_.ReLU()), nn_.Sequential(nn_.ReLU())]),
    lambda nn_: nn_.ModuleDict({"x": nn_.Dropout(), "y": nn_.Dropout(0.1, inplace=True)}),
    lambda nn_: nn_.ModuleDict(),
    lambda nn_: nn_.Flatten(),
    lambda nn_: nn_.Bilinear(1, 2, 3, bias=False),
    lambda nn_: nn_.CrossEntropyLoss(label_smoothing=0.1),
    lambda nn_: nn_.BCEWithLogitsLoss(),
    lambda nn_: nn_.MSELoss(),
]


@pytest.mark.parametrize("make", CONTAINERS)
def test_a_model_prints_as_in_pytorch(make):
    assert repr(make(nn)) == repr(make(torch.nn))


@pytest.mark.parametrize(("name", "settings"), MODULES, ids=map(described, MODULES))
def test_a_module_prints_as_in_pytorch(name, settings):
    assert repr(getattr(nn, name)(**settings)) == repr(getattr(torch.nn, name)(**settings))


def test_names_of_parameters_buffers_modules_and_state_are_pytorchs_in_pytorchs_order():
    ours, theirs = network(nn), network(torch.nn)
    for walk in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [name for name, _ in getattr(ours, walk)()] == [name for name, _ in getattr(theirs, walk)()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert {k: tuple(v.shape) for k, v in ours.state_dict().items()} == {
        k: tuple(v.shape) for k, v in theirs.state_dict().items()
    }


@pytest.mark.parametrize("direction", ["from pytorch", "to pytorch"])
def test_weights_move_both_ways(direction):
    ours, theirs = network(nn), network(torch.nn)
    if direction == "from pytorch":
        ours.load_state_dict(as_arrays(theirs.state_dict()))
    else:
        theirs.load_state_dict({k: torch.tensor(v) for k, v in as_arrays(ours.state_dict()).items()})
    x, x_theirs = both(rng.standard_normal((3, 4)).astype(np.float32))
    close(ours(x), theirs(x_theirs), "float32")


# -- losses ----------------------------------------------------------------------------------------------------------

N, C = 6, 4
LOGITS = rng.standard_normal((N, C)) * 3
CLASSES = np.array([0, 3, 1, 1, 2, 0])
SOME = np.array([0, 3, -100, 1, 2, -100])
SOFT = rng.dirichlet(np.ones(C), N)
WEIGHT = rng.uniform(0.2, 3, C)
IMAGES = rng.standard_normal((2, C, 3, 2))
PIXELS = rng.integers(0, C, (2, 3, 2))
SOFT_PIXELS = rng.dirichlet(np.ones(C), (2, 3, 2)).transpose(0, 3, 1, 2).copy()
PROBABILITIES = np.append(rng.uniform(0.01, 0.99, 10), [0.0, 1.0]).reshape(6, 2)
BINARY = np.append(rng.integers(0, 2, 10), [1, 0]).reshape(6, 2).astype(float)
REAL = rng.standard_normal((N, C)) * 2

CROSSED = [
    *itertools.product(
        [(LOGITS, CLASSES), (LOGITS, SOME), (IMAGES, PIXELS), (LOGITS[0], np.array(2))],
        [{}, {"weight": WEIGHT}, {"label_smoothing": 0.2}, {"weight": WEIGHT, "label_smoothing": 0.2}],
    ),
    *itertools.product(
        [(LOGITS, CLASSES), (IMAGES, PIXELS)], [{"ignore_index": 1}, {"ignore_index": 1, "weight": WEIGHT}]
    ),
    *itertools.product(
        [(LOGITS, SOFT), (IMAGES, SOFT_PIXELS), (LOGITS[0], SOFT[0])],
        [{}, {"weight": WEIGHT}, {"label_smoothing": 0.2}, {"weight": WEIGHT, "label_smoothing": 0.2}],
    ),
]
LOG_PROBABILITIES = LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))
LIKELIHOOD = [
    *itertools.product(
        [(LOG_PROBABILITIES, CLASSES), (IMAGES, PIXELS), (LOGITS[0], np.array(2))],
        [{}, {"weight": WEIGHT}, {"ignore_index": 1}],
    ),
    *itertools.product([(LOG_PROBABILITIES, SOME)], [{}, {"weight": WEIGHT}]),
]
LOSSES = [
    *[("cross_entropy", *data, settings) for data, settings in CROSSED],
    *[("nll_loss", *data, settings) for data, settings in LIKELIHOOD],
    *[("mse_loss", REAL, LOGITS, s) for s in ({}, {"weight": SOFT})],
    *[("l1_loss", REAL, LOGITS, s) for s in ({}, {"weight": SOFT})],
    *[("smooth_l1_loss", REAL, LOGITS, s) for s in ({}, {"beta": 2.5}, {"beta": 0.0})],
    *[("huber_loss", REAL, LOGITS, s) for s in ({}, {"delta": 2.5}, {"weight": SOFT})],
    *[("binary_cross_entropy", PROBABILITIES, BINARY, s) for s in ({}, {"weight": np.array([0.5, 2.0])})],
    *[
        ("binary_cross_entropy_with_logits", REAL, (LOGITS > 0) * 1.0, s)
        for s in ({}, {"weight": WEIGHT}, {"pos_weight": WEIGHT}, {"weight": WEIGHT, "pos_weight": WEIGHT})
    ],
]
MODULE_OF = {
    "cross_entropy": "CrossEntropyLoss",
    "nll_loss": "NLLLoss",
    "mse_loss": "MSELoss",
    "l1_loss": "L1Loss",
    "smooth_l1_loss": "SmoothL1Loss",
    "huber_loss": "HuberLoss",
    "binary_cross_entropy": "BCELoss",
    "binary_cross_entropy_with_logits": "BCEWithLogitsLoss",
}


def converted(settings, convert):
    return {k: convert(v) if isinstance(v, np.ndarray) else v for k, v in settings.items()}


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("name", "input", "target", "settings"),
    LOSSES,
    ids=[f"{n}{x.shape}{t.shape}{t.dtype}-{'-'.join(s)}" for n, x, t, s in LOSSES],
)
def test_a_loss_has_the_same_value_and_gradients_as_function_and_as_module(name, input, target, settings, reduction):
    ours = converted({**settings, "reduction": reduction}, ad.tensor)
    theirs = converted({**settings, "reduction": reduction}, torch.tensor)
    soft = target.dtype.kind == "f"
    x_theirs, t_theirs = torch.tensor(input, requires_grad=True), torch.tensor(target)
    if soft and name != "binary_cross_entropy":
        t_theirs.requires_grad_()
    expected = getattr(torch.nn.functional, name)(x_theirs, t_theirs, **theirs)
    expected.sum().backward()
    callers = [lambda x, t: getattr(F, name)(x, t, **ours)]
    if name not in ("mse_loss", "l1_loss", "huber_loss") or "weight" not in settings:  # their modules take no weight
        callers.append(lambda x, t: getattr(nn, MODULE_OF[name])(**ours)(x, t))
    for call in callers:
        x, t = ad.tensor(input, requires_grad=True), ad.tensor(target, requires_grad=soft)
        loss = call(x, t)
        close(loss, expected)
        loss.sum().backward()
        close(x.grad, x_theirs.grad, name=name)
        if t_theirs.grad is not None:
            close(t.grad, t_theirs.grad)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_losses_of_an_empty_batch_are_pytorchs(reduction):
    for name, target in [("mse_loss", np.empty((0, 3))), ("cross_entropy", np.empty(0, np.int64))]:
        ours = getattr(F, name)(ad.zeros(0, 3), ad.tensor(target), reduction=reduction)
        theirs = getattr(torch.nn.functional, name)(torch.zeros(0, 3), torch.tensor(target), reduction=reduction)
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_ignoring_everything_gives_nan_as_mean_and_zero_as_sum():
    for weight in (None, WEIGHT):
        settings = {} if weight is None else {"weight": ad.tensor(weight)}
        nothing = ad.tensor(np.full(N, -100))
        assert np.isnan(F.cross_entropy(ad.tensor(LOGITS), nothing, **settings).item())
        assert F.cross_entropy(ad.tensor(LOGITS), nothing, **settings, reduction="sum").item() == 0


# -- clipping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.5, float("inf")])
@pytest.mark.parametrize("max_norm", [0.5, 1e3])
def test_clipping_the_norm_scales_as_in_pytorch(norm_type, max_norm):
    grads = [rng.standard_normal(s) for s in ((3, 2), (4,), ())]
    ours = [nn.Parameter(ad.zeros(*g.shape, dtype=ad.float64)) for g in grads]
    theirs = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads]
    for p, q, g in zip(ours, theirs, grads, strict=True):
        p.grad, q.grad = both(np.array(g))
    norm = nn.utils.clip_grad_norm_(ours, max_norm, norm_type)
    close(norm, torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type))
    for p, q in zip(ours, theirs, strict=True):
        close(p.grad, q.grad)


# -- first values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("param", [None, 0.2])
@pytest.mark.parametrize("nonlinearity", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gains_are_pytorchs(nonlinearity, param):
    assert nn.init.calculate_gain(nonlinearity, param) == pytest.approx(
        torch.nn.init.calculate_gain(nonlinearity, param), rel=1e-12
    )


# -- lengths, angles and divergences --------------------------------------------------------------------------------

TALL = rng.standard_normal((4, 3, 2))
LOGS = np.log(rng.dirichlet(np.ones(C), N))
COMPARED = [
    ("normalize", (TALL,), {}),
    ("normalize", (TALL,), {"p": 1, "dim": -1}),
    ("normalize", (TALL,), {"dim": (0, 2), "eps": 3.0}),
    ("cosine_similarity", (TALL, TALL[::-1].copy()), {}),
    ("cosine_similarity", (TALL, TALL[:1]), {"dim": -1}),
    ("cosine_similarity", (TALL, TALL * 2), {"dim": 0, "eps": 1e-3}),
    *[("kl_div", (LOGS, SOFT), {"reduction": r}) for r in ("mean", "batchmean", "sum", "none")],
    ("kl_div", (LOGS, LOGS[::-1].copy()), {"log_target": True, "reduction": "sum"}),
]


@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize(("name", "given", "settings"), COMPARED, ids=lambda x: x if isinstance(x, str) else "")
def test_vectors_and_distributions_compare_as_in_pytorch(name, given, settings):
    ours, theirs = zip(*[both(a, requires_grad=True) for a in given], strict=True)
    y, y_theirs = getattr(F, name)(*ours, **settings), getattr(torch.nn.functional, name)(*theirs, **settings)
    close(y, y_theirs)
    (y * y).sum().backward()
    (y_theirs * y_theirs).sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        close(mine.grad, other.grad)


@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize("reduction", ["mean", "batchmean", "sum", "none"])
@pytest.mark.parametrize("log_target", [False, True])
def test_a_divergence_is_pytorchs_as_a_module_too(reduction, log_target):
    settings = {"reduction": reduction, "log_target": log_target}
    target = LOGS[::-1].copy() if log_target else SOFT
    (x, x_theirs), (t, t_theirs) = both(LOGS, requires_grad=True), both(target)
    y, y_theirs = nn.KLDivLoss(**settings)(x, t), torch.nn.KLDivLoss(**settings)(x_theirs, t_theirs)
    close(y, y_theirs)
    y.sum().backward()
    y_theirs.sum().backward()
    close(x.grad, x_theirs.grad)


PADS = [
    *[((1, 2), {}), ((1, 0, 0, 3), {"value": 2.5}), ((1, 1, 2, 2, 0, 1), {}), ((-1, 2), {"value": -1.0}), ((), {})],
    *[((-1, -1, 1, -2), {}), ((1, -1, 0, 2, -1, 0), {})],
    *[((2, 1), {"mode": mode}) for mode in ("reflect", "replicate", "circular")],
    *[((1, 2, 2, 1), {"mode": mode}) for mode in ("reflect", "replicate", "circular")],
    *[((2, -1), {"mode": mode}) for mode in ("reflect", "replicate", "circular")],
    ((5, 4), {"mode": "replicate"}),
    ((3, 3), {"mode": "circular"}),
]


@pytest.mark.parametrize(("widths", "settings"), PADS, ids=str)
def test_padding_is_pytorchs(widths, settings):
    x, x_theirs = both(rng.standard_normal((2, 4, 3)), requires_grad=True)
    y = F.pad(x, widths, **settings)
    y_theirs = torch.nn.functional.pad(x_theirs, widths, **settings)
    close(y, y_theirs)
    (y * y * y).sum().backward()
    (y_theirs * y_theirs * y_theirs).sum().backward()
    close(x.grad, x_theirs.grad)


def test_the_cosine_of_short_vectors_is_pytorchs():
    x, y = TALL, TALL[::-1].copy()
    theirs = torch.nn.functional.cosine_similarity(torch.tensor(x), torch.tensor(y), dim=0, eps=2.0)
    close(F.cosine_similarity(ad.tensor(x), ad.tensor(y), dim=0, eps=2.0), theirs)


# -- signatures ------------------------------------------------------------------------------------------------------

# Deprecated there for years, without meaning here, or private.
LEFT_OUT = {"size_average", "reduce", "min_value", "max_value", "_stacklevel", "device", "out"}
LEFT_OUT_OF_OPTIMIZERS = {"foreach", "fused", "capturable", "differentiable"}


def arguments(function, left_out):
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.name not in left_out and p.name not in ("args", "kwargs")}


CLASSES_HERE = [n for n in nn.__all__ if isinstance(getattr(nn, n), type) and issubclass(getattr(nn, n), nn.Module)]
# Written in C there, without a signature.
IN_C = {"bilinear", "cosine_similarity", "gelu", "linear", "logsigmoid", "one_hot", "softplus"}
FUNCTIONS_HERE = [n for n in F.__all__ if n not in IN_C]


@pytest.mark.parametrize("name", CLASSES_HERE)
def test_a_class_takes_pytorchs_arguments_with_pytorchs_defaults(name):
    assert arguments(getattr(nn, name).__init__, LEFT_OUT) == arguments(getattr(torch.nn, name).__init__, LEFT_OUT)


@pytest.mark.parametrize("name", FUNCTIONS_HERE)
def test_a_function_takes_pytorchs_arguments_with_pytorchs_defaults(name):
    assert arguments(getattr(F, name), LEFT_OUT) == arguments(getattr(torch.nn.functional, name), LEFT_OUT)


@pytest.mark.parametrize("name", nn.init.__all__)
def test_an_initialiser_takes_pytorchs_arguments_with_pytorchs_defaults(name):
    assert arguments(getattr(nn.init, name), ()) == arguments(getattr(torch.nn.init, name), ())


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_an_optimizer_takes_pytorchs_arguments_with_pytorchs_defaults(name):
    import optim

    theirs = arguments(getattr(torch.optim, name).__init__, LEFT_OUT_OF_OPTIMIZERS)
    assert arguments(getattr(optim, name).__init__, ()) == theirs
