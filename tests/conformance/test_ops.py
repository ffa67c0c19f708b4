"""Every operation of the table against PyTorch: values, dtypes, first and second derivatives, and the edges of each."""

import operator
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as TF

import autodiff as ad
import nn.functional as F
from autodiff.ops.index import ARRAY
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


def put(x, indices, axis, shape):
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
    "take_along": lambda x, indices, axis: torch.gather(x, axis, indices),
    "put_along": put,
    "contract": lambda x, y: x.reshape(-1, x.shape[-1]).mT @ y.reshape(-1, y.shape[-1]),
    "linear": TF.linear,
    "softmax": lambda x, axis=-1: torch.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
    "mse_loss": TF.mse_loss,
    "bce_with_logits": TF.binary_cross_entropy_with_logits,
    "binary_cross_entropy": lambda x, t: TF.binary_cross_entropy(x, t, reduction="none"),
    "cross_entropy": TF.cross_entropy,
}
# Parts of our backward passes that PyTorch does not offer by themselves.
WITHOUT = {"relu_backward", "cross_entropy_backward", "last_writes", "write_view"}
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


def everything(module: Any, function: Any, arrays: list[Any], tracked: list[int], order: int = 2) -> list[Any]:
    """Values, gradients and gradients of gradients as arrays; a stage that PyTorch does not have ends the list."""
    make = torch.from_numpy if module is torch else ad.from_numpy
    given = [make(np.array(a)) if isinstance(a, np.ndarray) else a for a in arrays]
    targets = [given[i].requires_grad_() for i in tracked]
    out = function(*given)
    outs = list(out) if isinstance(out, tuple | list) else [out]
    stages = [[array_of(o) for o in outs]]
    for depth in range(order if tracked else 0):
        outs = [o for o in outs if o.requires_grad]
        weights = [weight(o.shape, depth) for o in outs]
        total = sum((o * make(w).to(o.dtype)).sum() for o, w in zip(outs, weights, strict=True))
        if not outs or not total.requires_grad:
            break
        derive = torch.autograd.grad if module is torch else ad.grad
        grads = derive(total, targets, create_graph=True, allow_unused=True)
        outs = [t * 0 if g is None else g for t, g in zip(targets, grads, strict=True)]
        stages.append([array_of(o) for o in outs])
    return stages


def array_of(t: Any) -> np.ndarray:
    return t.detach().numpy(force=True)  # PyTorch has zeros without memory


def weight(shape: Any, depth: int) -> np.ndarray:
    return np.cos(np.arange(float(np.prod(shape))) + depth).reshape(tuple(shape))


STAGES = ("value", "gradient", "gradient of the gradient")


def assert_same(ours: list[Any], theirs: list[Any], tolerance: float) -> None:
    for stage, mine, its in zip(STAGES, ours, theirs, strict=False):
        assert len(mine) == len(its)
        for a, b in zip(mine, its, strict=True):
            assert a.dtype == b.dtype, f"{stage}: dtype {a.dtype}, PyTorch has {b.dtype}"
            assert a.shape == b.shape, f"{stage}: shape {a.shape}, PyTorch has {b.shape}"
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=stage)
    # Where one of the two stops earlier, what the other goes on with is zero.
    for rest in (*ours[len(theirs) :], *theirs[len(ours) :]):
        for a in rest:
            np.testing.assert_allclose(a, 0, atol=tolerance)


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


def test_every_operation_has_a_counterpart_or_a_reason():
    assert set(COUNTERPARTS) | WITHOUT == set(TABLE)
    assert not set(COUNTERPARTS) & WITHOUT
    assert {case.op for case in filter(comparable, CASES)} == set(COUNTERPARTS)


# -- edges: kinks, poles, ties, infinities, nothing at all ---------------------------------------------------------

INF, NAN = np.inf, np.nan
#: An expression of the names that both have, its inputs (all floats are differentiated), and orders of derivative.
EDGES: dict[str, tuple[Any, tuple[Any, ...], int]] = {
    "prod with one zero": (lambda m, x: m.prod(x), ([1.5, 0.0, 2.0],), 2),
    "prod with two zeros": (lambda m, x: m.prod(x), ([0.0, 3.0, 0.0],), 2),
    "prod with zeros in some rows": (lambda m, x: m.prod(x, 1), ([[0.0, 3.0], [1.0, 2.0], [0.0, 0.0]],), 2),
    "prod of one": (lambda m, x: m.prod(x), ([0.0],), 2),
    "amax of ties": (lambda m, x: m.amax(x), ([2.0, 1.0, 2.0, 2.0],), 2),
    "amin of ties in rows": (lambda m, x: m.amin(x, 1), ([[2.0, 1.0, 1.0], [0.0, 0.0, 0.0]],), 2),
    "max of ties": (lambda m, x: m.max(x), ([2.0, 1.0, 2.0],), 2),
    "max of ties along a dim": (lambda m, x: tuple(m.max(x, 1)), ([[2.0, 1.0, 2.0], [0.0, 0.0, 0.0]],), 2),
    "maximum of ties": (lambda m, x, y: m.maximum(x, y), ([1.0, 2.0, 3.0], [1.0, 3.0, 3.0]), 2),
    "minimum of ties": (lambda m, x, y: m.minimum(x, y), ([1.0, 2.0, 3.0], [1.0, 3.0, 3.0]), 2),
    "maximum of itself": (lambda m, x: m.maximum(x, x), ([1.0, 2.0],), 2),
    "maximum with nan": (lambda m, x, y: m.maximum(x, y), ([1.0, NAN, 3.0], [NAN, 3.0, 3.0]), 0),
    "amax with nan": (lambda m, x: m.amax(x), ([1.0, NAN, 3.0],), 0),
    "clamp on its bounds": (lambda m, x: m.clamp(x, -1, 1), ([-1.0, 1.0, 0.0, -2.0, 2.0],), 2),
    "clamp of nan": (lambda m, x: m.clamp(x, -1, 1), ([NAN, INF, -INF],), 0),
    "clamp from below": (lambda m, x: m.clamp(x, min=0), ([-1.0, 0.0, 1.0],), 2),
    "clamp between tensors": (
        lambda m, x, a, b: m.clamp(x, a, b),
        ([-1.0, 1.0, 0.0, -2.0, 2.0, 0.5], [-1.0] * 6, [1.0, 1.0, 0.0, 1.0, 1.0, -1.0]),
        2,
    ),
    "clamp where the bounds cross": (lambda m, x, a, b: m.clamp(x, a, b), ([0.0, -3.0, 3.0], [1.0] * 3, [-1.0] * 3), 2),
    "relu at 0": (lambda m, x: m.relu(x), ([0.0, -0.0, 1.0, -1.0],), 2),
    "abs at 0": (lambda m, x: m.abs(x), ([0.0, -0.0, 1.0, -1.0],), 2),
    "sign at 0": (lambda m, x: m.sign(x), ([0.0, 1.0, -1.0],), 1),
    "sqrt at 0": (lambda m, x: m.sqrt(x), ([0.0, 4.0],), 1),
    "sqrt below 0": (lambda m, x: m.sqrt(x), ([-1.0, 4.0],), 2),
    "log at and below 0": (lambda m, x: m.log(x), ([0.0, -1.0, 1.0],), 2),
    "log1p at -1": (lambda m, x: m.log1p(x), ([-1.0, 0.0, 1e-20],), 2),
    "exp of infinities": (lambda m, x: m.exp(x), ([INF, -INF, 1000.0, -1000.0],), 2),
    "0 ** 0 of tensors": (lambda m, x, y: x**y, ([0.0, 0.0, 0.0, 2.0], [0.0, 2.0, 1.0, 3.0]), 1),
    "2 ** 0 of tensors": (lambda m, x, y: x**y, ([2.0, -3.0], [0.0, 0.0]), 1),
    "x ** 0": (lambda m, x: x**0, ([0.0, 2.0, NAN],), 2),
    "x ** 0.0": (lambda m, x: x**0.0, ([0.0, 2.0],), 2),
    "x ** 1 at 0": (lambda m, x: x**1, ([0.0, 2.0],), 2),
    "x ** 2 at 0": (lambda m, x: x**2, ([0.0, -2.0],), 2),
    "x ** 3 below 0": (lambda m, x: x**3, ([0.0, -2.0],), 2),
    "x ** 0.5 at 0": (lambda m, x: x**0.5, ([0.0, 4.0],), 1),
    "x ** -1 at 0": (lambda m, x: x**-1, ([0.0, 4.0],), 1),
    "0 ** x": (lambda m, x: 0**x, ([0.0, 1.0, 2.0],), 1),
    "2 ** x": (lambda m, x: 2**x, ([0.0, -1.0, 2.0],), 2),
    "a square root of a sum of squares at 0": (lambda m, x: m.sqrt((x * x).sum()), ([0.0, 0.0],), 1),
    "x / 0": (lambda m, x, y: x / y, ([1.0, -1.0, 0.0], [0.0, 0.0, 0.0]), 1),
    "logsumexp of -inf alone": (lambda m, x: m.logsumexp(x, 0), ([-INF, -INF],), 0),
    "logsumexp of some -inf": (lambda m, x: m.logsumexp(x, 0), ([-INF, 1.0, 2.0],), 1),
    "logsumexp of inf": (lambda m, x: m.logsumexp(x, 0), ([INF, 1.0],), 0),
    "logsumexp of large numbers": (lambda m, x: m.logsumexp(x, 0), ([1e4, 1e4 + 1],), 2),
    "softmax of large numbers": (lambda m, x: m.softmax(x, 0), ([1e4, 1e4 + 1, -1e4],), 2),
    "softmax of a masked row": (lambda m, x: m.softmax(x, 0), ([-INF, 1.0, 2.0],), 2),
    "log_softmax of large numbers": (lambda m, x: m.log_softmax(x, 0), ([1e4, 1e4 + 1, -1e4],), 2),
    "sigmoid of large numbers": (lambda m, x: m.sigmoid(x), ([1e4, -1e4, INF, -INF],), 2),
    "tanh of large numbers": (lambda m, x: m.tanh(x), ([1e4, -1e4, INF, -INF],), 2),
    "sum of nothing": (lambda m, x: m.sum(x), ([],), 2),
    "prod of nothing": (lambda m, x: m.prod(x), ([],), 2),
    "mean of nothing": (lambda m, x: m.mean(x), ([],), 2),
    "mean of no rows": (lambda m, x: m.mean(x, 0), (np.zeros((0, 2)),), 2),
    "var of nothing": (lambda m, x: m.var(x), ([],), 0),
    "var of one": (lambda m, x: m.var(x), ([3.0],), 1),
    "var of one with correction 0": (lambda m, x: m.var(x, correction=0), ([3.0],), 2),
    "var with too large a correction": (lambda m, x: m.var(x, correction=5), ([3.0, 4.0],), 0),
    "logsumexp of nothing": (lambda m, x: m.logsumexp(x, 1), (np.zeros((2, 0)),), 0),
    "where a nan stands in the other branch": (lambda m, x: m.where(x > 0, x * 2, x * NAN), ([1.0, -1.0],), 1),
    "where the other branch has no gradient": (lambda m, x: m.where(x > 0, m.sqrt(x), x * 0), ([4.0, 1.0],), 2),
    "where the gradient of the other branch is inf": (lambda m, x: m.where(x > 0, m.sqrt(x), x), ([4.0, 0.0],), 1),
    "remainder of signs": (lambda m, x, y: x % y, ([5.0, -5.0, 5.0, -5.0], [3.0, 3.0, -3.0, -3.0]), 2),
    "remainder by 0": (lambda m, x: x % 0.0, ([5.0, -5.0],), 0),
    "floor division by 0": (lambda m, x: x // 0.0, ([5.0, -5.0, 0.0],), 0),
    "integer division": (lambda m, i, j: i / j, ([7, -7, 0], [2, 2, 0]), 0),
    "integer floor division": (lambda m, i, j: i // j, ([7, -7, 7, -7], [2, 2, -2, -2]), 0),
    "integer remainder": (lambda m, i, j: i % j, ([7, -7, 7, -7], [2, 2, -2, -2]), 0),
    "integers to a power": (lambda m, i: i**2, ([7, -7],), 0),
    "comparison with nan": (lambda m, x: (x == x, x < 1, x != x), ([NAN, 1.0],), 0),
    "index with nothing": (lambda m, x: x[x > 5], ([1.0, 2.0],), 1),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:var.*degrees of freedom:UserWarning")
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", EDGES)
def test_an_edge_is_pytorchs(name, dtype):
    function, given, order = EDGES[name]
    arrays = [np.array(a, dtype if not len(a) or np.asarray(a).dtype.kind == "f" else np.int64) for a in given]
    tracked = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"] if order else []
    ours = everything(ad, lambda *a: function(ad, *a), arrays, tracked, order)
    theirs = everything(torch, lambda *a: function(torch, *a), arrays, tracked, order)
    assert_same(ours, theirs, 1e-10 if dtype is np.float64 else 2e-5)


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
BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "==": operator.eq, "<": operator.lt,
}  # fmt: skip
#: How the two operands look: dimensions of a Tensor, or a number of Python's.
FORMS = {
    "two arrays": ((2,), (2,)),
    "an array and one without dimensions": ((2,), ()),
    "one without dimensions and an array": ((), (2,)),
    "two without dimensions": ((), ()),
    "an array and a number": ((2,), "number"),
    "a number and an array": ("number", (2,)),
    "one without dimensions and a number": ((), "number"),
    "an array and a scalar of NumPy's": ((2,), "scalar"),
}


#: True ** True is an int8 in NumPy.
OWN_WAYS = {("**", form, "bool", "bool") for form in FORMS}


def operand_of(module: Any, form: Any, dtype: str) -> Any:
    if form == "number":
        return {"b": True, "u": 1, "i": 1, "f": 1.5}[np.dtype(dtype).kind]
    if form == "scalar":
        return np.dtype(dtype).type(1)
    array = np.ones(form, dtype)
    return torch.from_numpy(array) if module is torch else ad.from_numpy(array)


def result(module: Any, op: Any, forms: Any, dtypes: tuple[str, str]) -> str:
    """The dtype of the result, or that there is none."""
    x, y = (operand_of(module, form, dtype) for form, dtype in zip(forms, dtypes, strict=True))
    try:
        return str(op(x, y).dtype).removeprefix("torch.")
    except (RuntimeError, TypeError):
        return "error"


@pytest.mark.parametrize("symbol", BINARY)
@pytest.mark.parametrize("form", FORMS)
def test_promotion_is_pytorchs(form, symbol):
    pairs = [(a, b) for a in DTYPES for b in DTYPES if (symbol, form, a, b) not in OWN_WAYS]
    pairs = [p for p in pairs if not (form.endswith("NumPy's") and p[1] == "bool")]  # PyTorch makes a float of np.True_
    theirs = {pair: result(torch, BINARY[symbol], FORMS[form], pair) for pair in pairs}
    ours = {pair: result(ad, BINARY[symbol], FORMS[form], pair) for pair in pairs}
    # PyTorch refuses some arithmetic of booleans, and has no integers to negative powers.
    assert {p: d for p, d in ours.items() if theirs[p] != "error"} == {p: d for p, d in theirs.items() if d != "error"}
