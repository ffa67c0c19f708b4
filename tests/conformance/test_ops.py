"""Every operation of the table against PyTorch: values, dtypes, first and second derivatives, and the edges of each."""

import operator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as TF

import autodiff as ad
import nn.functional as F
from autodiff.graph import modes
from autodiff.ops.index import ARRAY
from tests.conformance.surface import FAMILIES
from tests.conformance.surface.form import assert_same, everything, inputs_of
from tests.op_cases import CASES, TABLE, Case

# -- counterparts --------------------------------------------------------------------------------------------------


def dims(x: Any, axis: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def one_by_one(function: Any) -> Any:
    """A reduction of PyTorch's that takes one dimension, over several."""

    def reduce(x, axis=None, keepdims=False):
        for d in sorted([d % x.ndim for d in dims(x, axis)], reverse=True) if x.ndim else ():
            x = function(x, d, keepdims)
        return x

    return reduce


def over_dims(function: Any) -> Any:
    return lambda x, axis=None, keepdims=False, **more: function(x, dim=dims(x, axis), keepdim=keepdims, **more)


def key_of(key: tuple[Any, ...], indices: Any) -> tuple[Any, ...]:
    arrays = iter(indices)
    return tuple(next(arrays) if k is ARRAY else k for k in key)


def written(x, value, *indices, key):
    out = x.clone()
    out[key_of(key, indices)] = value
    return out


def scattered(x, *indices, key, shape):
    out = torch.zeros(shape, dtype=x.dtype)
    positions = torch.arange(out.numel()).reshape(shape)[key_of(key, indices)]
    return out.reshape(-1).index_put((positions.reshape(-1),), x.reshape(-1), accumulate=True).reshape(shape)


def put(x, indices, axis, shape, unique=False):
    return torch.zeros(shape, dtype=x.dtype).scatter_add(axis, indices, x)


def spread(x, shape):
    return x.expand(shape) * 1


def both(x: Any, y: Any) -> list[Any]:
    """Numbers as Tensors, where PyTorch takes nothing else."""
    dtype = next(a.dtype for a in (x, y) if isinstance(a, torch.Tensor))
    return [torch.as_tensor(a, dtype=dtype) for a in (x, y)]


def dtype_of(d: np.dtype) -> torch.dtype:
    return getattr(torch, d.name)


# fmt: off
SAME_NAME = [
    "add", "subtract", "multiply", "divide", "negative", "absolute", "sign", "exp", "log", "log1p", "sqrt", "sin",
    "cos", "tanh", "sigmoid", "relu", "where", "remainder", "floor_divide", "bitwise_and", "bitwise_or", "bitwise_xor",
    "bitwise_not", "isnan", "isfinite", "zeros_like", "ones_like", "less", "less_equal", "greater", "greater_equal",
    "not_equal", "matmul", "erf",
]
# fmt: on

COUNTERPARTS: dict[str, Any] = {
    **{name: getattr(torch, name) for name in SAME_NAME},
    "maximum": lambda x, y: torch.maximum(*both(x, y)),
    "minimum": lambda x, y: torch.minimum(*both(x, y)),
    "equal": torch.eq,
    "power": torch.pow,
    "power_scalar": lambda x, exponent: torch.pow(x, exponent),
    "softplus": TF.softplus,
    "clip": torch.clamp,
    "copy": torch.clone,
    "cast": lambda x, dtype: x.to(dtype_of(dtype)),
    "sum": over_dims(torch.sum),
    "mean": over_dims(torch.mean),
    "var": over_dims(torch.var),
    "prod": one_by_one(torch.prod),
    "amax": over_dims(torch.amax),
    "amin": over_dims(torch.amin),
    "logsumexp": over_dims(torch.logsumexp),
    "all": one_by_one(torch.all),
    "any": one_by_one(torch.any),
    "argmax": lambda x, axis=None, keepdims=False: torch.argmax(x, axis, keepdims),
    "argmin": lambda x, axis=None, keepdims=False: torch.argmin(x, axis, keepdims),
    "max_with_indices": lambda x, axis, keepdims=False: torch.max(x, axis, keepdims),
    "min_with_indices": lambda x, axis, keepdims=False: torch.min(x, axis, keepdims),
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, axes=None: x.permute(axes or tuple(range(x.ndim))[::-1]),
    "swap_last": lambda x: x.mT,
    "broadcast_to": lambda x, shape: x.expand(shape),
    "spread": spread,
    "unbroadcast": lambda x, shape: x.sum_to_size(shape),
    "concatenate": lambda *xs, axis=0: torch.cat(xs, axis),
    "stack": lambda *xs, axis=0: torch.stack(xs, axis),
    "split": lambda x, sections, axis=0: torch.tensor_split(x, sections, axis),
    "unstack": lambda x, axis=0: torch.unbind(x, axis),
    "index": lambda x, *indices, key: x[key_of(key, indices)],
    "index_adjoint": scattered,
    "index_put": written,
    "take_along": lambda x, indices, axis, unique=False, wrap=True: torch.gather(x, axis, indices % x.shape[axis]),
    "put_along": put,
    "one_hot": lambda x, classes: TF.one_hot(x, classes),
    "contract": lambda x, y: x.reshape(-1, x.shape[-1]).mT @ y.reshape(-1, y.shape[-1]),
    "linear": TF.linear,
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "mse_loss": TF.mse_loss,
    "bce_with_logits": TF.binary_cross_entropy_with_logits,
    "binary_cross_entropy": lambda x, t: TF.binary_cross_entropy(x, t, reduction="none"),
    "cross_entropy": TF.cross_entropy,
    "leaky_relu": lambda x, slope: TF.leaky_relu(x, slope),
    "hardtanh": lambda x, low, high: TF.hardtanh(x, low, high),
    "hardswish": TF.hardswish,
    "elu": lambda x, alpha=1.0, scale=1.0, rate=1.0: torch.ops.aten.elu(x, alpha, scale, rate),
    "silu": TF.silu,
    "mish": TF.mish,
    "log_sigmoid": TF.logsigmoid,
    "scaled_softplus": TF.softplus,
    "gelu": TF.gelu,
    "gelu_tanh": lambda x: TF.gelu(x, approximate="tanh"),
    "glu": lambda x, axis=-1: TF.glu(x, axis),
}
# Parts of our backward passes that PyTorch does not offer by themselves; its slope of hardsigmoid is a float32.
WITHOUT = {
    "hardsigmoid",
    "relu_backward",
    "elu_slope",
    "gelu_tanh_slope",
    "hardswish_slope",
    "mish_slope",
    "scaled_softplus_slope",
    "silu_slope",
    "softmax_backward",
    "log_softmax_backward",
    "cross_entropy_backward",
    "last_writes",
    "write_view",
    # Compared as layers and losses, in test_nn.py.
    "batch_norm",
    "batch_norm_backward",
    "batch_norm_inference",
    "layer_norm",
    "layer_norm_backward",
    "check_classes",
    "check_index",
    "check_probabilities",
    "dropout_mask",
}
# What PyTorch's own formulas cannot differentiate (again): binary_cross_entropy by its target.
FIRST_ORDER_ONLY = {"binary_cross_entropy"}


def comparable(case: Case) -> bool:
    """Whether PyTorch takes these arguments, and defines what comes of them."""
    key = case.static.get("key", ())
    steps_back = any(isinstance(k, slice) and (k.step or 1) < 0 for k in key)
    number_first = not isinstance(case.arrays()[0], np.ndarray) and case.op not in ("power", "maximum", "minimum")
    # Which of two writes into one position lasts, and gets the cotangent, is open in PyTorch.
    written_twice = case.op == "index_put" and repeats(case, key)
    return case.op in COUNTERPARTS and not (steps_back or number_first or written_twice)


def repeats(case: Case, key: tuple[Any, ...]) -> bool:
    x, _, *indices = case.arrays()
    positions = np.ravel(np.arange(x.size).reshape(x.shape)[key_of(key, indices)])
    return len(set(positions.tolist())) < len(positions)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("operation", [name for name in TABLE if name in COUNTERPARTS])
def test_an_operation_is_pytorchs(operation, dtype):
    for case in filter(comparable, TABLE[operation].cases):
        order = 0 if not case.primitive.differentiable else 1 if operation in FIRST_ORDER_ONLY else 2
        arrays = case.arrays(dtype)
        tracked = case.differentiable if order else []
        try:
            ours = everything(ad, lambda *a, c=case: c.primitive(*a, **c.static), arrays, tracked, order)
            theirs = everything(torch, lambda *a, c=case: COUNTERPARTS[c.op](*a, **c.static), arrays, tracked, order)
            assert_same(ours, theirs, 1e-10 if dtype is np.float64 else 2e-5)
        except BaseException as error:
            error.add_note(f"the case is {case}")
            raise


def test_every_operation_has_a_counterpart_or_a_reason_or_a_public_name_that_is_compared():
    assert set(COUNTERPARTS) | WITHOUT | used_by_public_functions() == set(TABLE)
    assert not set(COUNTERPARTS) & WITHOUT
    assert {case.op for case in filter(comparable, CASES)} == set(COUNTERPARTS)


class Names:
    """A listener that hears which operations are applied."""

    def __init__(self) -> None:
        self.heard: set[str] = set()

    def operation(self, op: Any, *_: Any) -> None:
        self.heard.add(op.name)

    def contribution(self, *_: Any) -> None: ...

    def adjoint(self, *_: Any) -> None: ...


def used_by_public_functions() -> set[str]:
    """The operations that the comparison of the public functions runs through, with both their derivatives."""
    names = Names()
    outer, modes.listener = modes.listener, names
    try:
        for family in FAMILIES:
            for case in family.CASES.values():
                arrays = inputs_of(case)
                tracked = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
                everything(ad, lambda *given, c=case: c(ad, *given), arrays, tracked)
    finally:
        modes.listener = outer
    return names.heard


# -- edges -----------------------------------------------------------------------------------------------------------

INF = np.inf


def test_logsumexp_of_nothing_but_minus_infinities_has_a_derivative_of_0_where_pytorchs_is_nan():
    """A row that is masked altogether should not spoil the others."""
    (ours,) = ad.grad(ad.logsumexp(x := ad.tensor([-INF, -INF], requires_grad=True), 0), x)
    (theirs,) = torch.autograd.grad(torch.logsumexp(y := torch.tensor([-INF, -INF], requires_grad=True), 0), y)
    assert ours.tolist() == [0.0, 0.0]
    assert theirs.isnan().all()


#: Losses at the ends of their domain: ours and PyTorch's, inputs, which of them are differentiated, orders.
LOSSES = {
    "bce of large logits": ("binary_cross_entropy_with_logits", ([1e4, -1e4, 0.0], [1.0, 0.0, 0.5]), {}, 2),
    "bce of wrong large logits": ("binary_cross_entropy_with_logits", ([1e4, -1e4], [0.0, 1.0]), {}, 2),
    "bce at 0 and 1": ("binary_cross_entropy", ([0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]), {}, 1),
    "mse of nothing": ("mse_loss", ([], []), {}, 1),
    "sum of squares of nothing": ("mse_loss", ([], []), {"reduction": "sum"}, 1),
    "cross entropy of large logits": ("cross_entropy", ([[1e4, -1e4, 0.0]], [1]), {}, 2),
    "cross entropy of ignored targets": ("cross_entropy", ([[1.0, 2.0], [3.0, 4.0]], [-100, -100]), {}, 0),
    "their sum": ("cross_entropy", ([[1.0, 2.0], [3.0, 4.0]], [-100, -100]), {"reduction": "sum"}, 2),
    "softplus of large numbers": ("softplus", ([1e4, -1e4, 30.0],), {}, 2),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_at_its_edge_is_pytorchs(name):
    function, given, options, order = LOSSES[name]
    arrays = [np.array(a) if len(a) else np.zeros(0) for a in given]
    ours = everything(ad, lambda *a: getattr(F, function)(*a, **options), arrays, [0] if order else [], order)
    theirs = everything(torch, lambda *a: getattr(TF, function)(*a, **options), arrays, [0] if order else [], order)
    assert_same(ours, theirs, 1e-8)  # PyTorch's bound on the denominator of bce, 1e-12, is a float32


@pytest.mark.parametrize("reduce", [lambda m, x: m.amax(x), lambda m, x: m.max(x), lambda m, x: m.argmax(x)])
def test_the_largest_of_nothing_is_an_error_in_both(reduce):
    with pytest.raises((RuntimeError, IndexError)):
        reduce(torch, torch.zeros(0))
    with pytest.raises(ValueError, match="shape"):
        reduce(ad, ad.zeros(0))


# -- dtypes --------------------------------------------------------------------------------------------------------

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
#: Operations of two, as functions of a module and two operands.
OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "==": operator.eq, "<": operator.lt, "&": operator.and_,
    "<<": operator.lshift,
}  # fmt: skip
FUNCTIONS = (
    *("fmod", "maximum", "fmin", "atan2", "hypot", "copysign", "ldexp", "logaddexp", "nextafter", "heaviside"),
    *("float_power", "logical_and", "gcd", "bitwise_xor", "floor_divide"),
)
BINARY = {
    **{symbol: lambda m, x, y, op=op: op(x, y) for symbol, op in OPERATORS.items()},
    **{name: lambda m, x, y, name=name: getattr(m, name)(x, y) for name in FUNCTIONS},
    "add alpha": lambda m, x, y: m.add(x, y, alpha=2),
    "div floor": lambda m, x, y: m.div(x, y, rounding_mode="floor"),
    "div trunc": lambda m, x, y: m.div(x, y, rounding_mode="trunc"),
    "where": lambda m, x, y: m.where(m.ones((2,), dtype=m.bool), x, y),
    "clamp min": lambda m, x, y: m.clamp(x, y),
    "lerp": lambda m, x, y: m.lerp(x, y, 0.5),
    "addcmul": lambda m, x, y: m.addcmul(x, y, y),
}
#: How the two operands look: dimensions of a Tensor, or a number of Python's; "numpy" is the array itself, which
#: counts as the Tensor made of it.
FORMS: dict[str, tuple[Any, Any]] = {
    "two arrays": ((2,), (2,)),
    "an array and one without dimensions": ((2,), ()),
    "one without dimensions and an array": ((), (2,)),
    "two without dimensions": ((), ()),
    "an array and a number": ((2,), "number"),
    "a number and an array": ("number", (2,)),
    "one without dimensions and a number": ((), "number"),
    "an array and a scalar of NumPy's": ((2,), "scalar"),
    "an array and one of NumPy's": ((2,), ("numpy", 2)),
    "an array and one of NumPy's without dimensions": ((2,), ("numpy",)),
    "one of NumPy's and one without dimensions": (("numpy", 2), ()),
}


def operand_of(module: Any, form: Any, dtype: str) -> Any:
    if form == "number":
        return {"b": True, "u": 1, "i": 1, "f": 1.5}[np.dtype(dtype).kind]
    if form == "scalar":
        return np.dtype(dtype).type(1)
    kept = form[:1] == ("numpy",) and module is ad
    array = np.ones(form[1:] if form[:1] == ("numpy",) else form, dtype)
    return array if kept else torch.from_numpy(array) if module is torch else ad.from_numpy(array)


def result(module: Any, op: Any, forms: Any, dtypes: tuple[str, str]) -> str:
    """The dtype of the result, or that there is none."""
    x, y = (operand_of(module, form, dtype) for form, dtype in zip(forms, dtypes, strict=True))
    try:
        return str(op(module, x, y).dtype).removeprefix("torch.")
    except (RuntimeError, TypeError):
        return "error"


@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")  # PyTorch's ldexp does so
@pytest.mark.parametrize("symbol", BINARY)
@pytest.mark.parametrize("form", FORMS)
def test_promotion_is_pytorchs(form, symbol):
    pairs = [(a, b) for a in DTYPES for b in DTYPES]
    pairs = [
        p for p in pairs if not (form.endswith("scalar of NumPy's") and p[1] == "bool")
    ]  # PyTorch has a float there
    theirs = {pair: result(torch, BINARY[symbol], FORMS[form], pair) for pair in pairs}
    ours = {pair: result(ad, BINARY[symbol], FORMS[form], pair) for pair in pairs}
    # PyTorch refuses some arithmetic of booleans, some mixtures, and integers to negative powers.
    assert {p: d for p, d in ours.items() if theirs[p] != "error"} == {p: d for p, d in theirs.items() if d != "error"}


UNARY = (
    *("abs", "neg", "sign", "square", "reciprocal", "sqrt", "exp", "sin", "sigmoid", "relu", "floor", "round", "trunc"),
    *("nan_to_num", "signbit", "isfinite", "logical_not", "deg2rad", "atan", "clamp", "positive"),
)


@pytest.mark.parametrize("shape", [(2,), ()])
@pytest.mark.parametrize("name", UNARY)
def test_the_result_of_one_argument_has_pytorchs_dtype(name, shape):
    """And a boolean has no sign and no rounding, as there."""
    rest = (0,) if name == "clamp" else ()
    theirs = {d: result(torch, lambda m, x, _: getattr(m, name)(x, *rest), (shape, ()), (d, d)) for d in DTYPES}
    ours = {d: result(ad, lambda m, x, _: getattr(m, name)(x, *rest), (shape, ()), (d, d)) for d in DTYPES}
    assert {d: k for d, k in ours.items() if theirs[d] != "error"} == {d: k for d, k in theirs.items() if k != "error"}
    if name in ("neg", "floor", "round", "trunc"):
        assert ours["bool"] == theirs["bool"] == "error"
