"""Every primitive, its derivative and the derivative of that, compiled: the same numbers as without."""

import numpy as np
import pytest

import autodiff as ad
from tests.op_cases import TABLE, Case

#: Their results have shapes that depend on values.
BY_VALUE = {"nonzero", "argwhere", "unique", "unique_consecutive", "bincount"}


def first_and_second(case: Case):
    """A function of the arguments: the results, their gradients, and the gradients of those."""
    which = case.differentiable

    def function(*given):
        given = [g.detach().requires_grad_() if i in which else g for i, g in enumerate(given)]
        out = case.primitive(*given, **case.static)
        outs = list(out) if case.primitive.outputs else [out]
        tracked = [o for o in outs if o.requires_grad]
        if not tracked:
            return [o.detach() for o in outs]
        inputs = [given[i] for i in which]
        rng = np.random.default_rng(3)
        total = sum([(o * ad.tensor(rng.normal(size=o.shape), dtype=o.dtype)).sum() for o in tracked])
        firsts = ad.grad(total, inputs, create_graph=True, materialize_grads=True)
        curved = [g for g in firsts if g.requires_grad]
        seconds = []
        if curved and case.order > 1:
            seconds = ad.grad(sum([(g * g).sum() for g in curved]), inputs, materialize_grads=True)
        return [x.detach() for x in (*outs, *firsts, *seconds)]

    return function


def by_value(case: Case) -> bool:
    """Whether a replay could meet another shape."""
    masks = [a for a in case.arrays() if isinstance(a, np.ndarray) and a.dtype == bool]
    repeated = case.op.startswith("repeat") and len(case.inputs) > 1 and not isinstance(case.inputs[1], int)
    return (
        case.op in BY_VALUE
        or repeated
        or (case.op in ("index", "index_adjoint", "index_add", "index_put") and bool(masks))
    )


def hold(case: Case, backend: str, dtype, tolerance: float, **options) -> str:
    """Compile the function of a case for a backend, and hold what it gives to what it gives uncompiled."""
    function = first_and_second(case)
    fast = ad.compile(function, backend=backend, **options)
    arrays = case.arrays(dtype)
    given = [ad.tensor(a) if isinstance(a, np.ndarray) else a for a in arrays]
    expected = function(*given)
    found = [fast(*given) for _ in range(4)][-1]
    assert fast.stats["replayed"] > 0
    for a, b in zip(found, expected, strict=True):
        a, b = a.numpy(), b.numpy()
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        if b.dtype.kind == "f":
            scale = np.abs(b[np.isfinite(b)]).max(initial=0.0)
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(scale, 1e-3))
        else:
            np.testing.assert_array_equal(a, b)
    return fast.backend


def hold_each(cases, *arguments, **options) -> set[str]:
    """Hold all cases that do not depend on values; what their programs were emitted for."""
    backends = set()
    for case in cases:
        if not by_value(case):
            try:
                backends.add(hold(case, *arguments, **options))
            except BaseException as error:
                error.add_note(f"the case is {case}")
                raise
    return backends


@pytest.mark.parametrize("operation", TABLE)
def test_numpy_gives_the_same(operation):
    hold_each(TABLE[operation].cases, "numpy", np.float64, 1e-9)


@pytest.mark.parametrize("operation", TABLE)
def test_without_passes_it_is_the_same_to_the_last_bit(operation):
    hold_each(TABLE[operation].cases, "numpy", np.float64, 0.0, passes=())


#: What programs are made of after lowering: the machine code is its own for these.
CORE = [
    *("add", "subtract", "multiply", "divide", "negative", "absolute", "square", "reciprocal", "rsqrt", "power"),
    *("power_scalar", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "tanh", "maximum", "minimum"),
    *("clip", "exp2", "log10", "sinh", "cosh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"),
    *("hypot", "copysign", "ceil", "trunc", "erf", "erfc", "ndtr", "gelu", "index_adjoint", "index_put"),
    *("where", "less", "logical_and", "isnan", "floor", "sum", "mean", "amax", "amin", "reshape", "transpose"),
    *("swap_last", "index", "flip", "broadcast_to", "concatenate", "stack", "split", "matmul", "linear", "take_along"),
    *("softmax", "log_softmax", "sigmoid", "softplus", "relu", "cross_entropy", "bce_with_logits", "mse_loss"),
    *("batch_norm", "layer_norm", "var", "logsumexp"),
]


@pytest.mark.parametrize("operation", TABLE)
def test_what_is_chosen_by_itself_gives_the_same(operation):
    pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")
    backends = hold_each(TABLE[operation].cases[:2], None, np.float64, 1e-9)
    assert operation not in CORE or backends == {"numba"}


@pytest.mark.parametrize("operation", CORE)
def test_machine_code_gives_the_same_in_single_precision(operation):
    pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit")
    assert hold_each(TABLE[operation].cases[:2], None, np.float32, 2e-5) == {"numba"}
