"""Every public function, compiled with some values and called with others: to the bit what an ordinary call gives."""

import warnings

import numpy as np
import pytest

import autodiff as ad
from autodiff.trees import flatten
from tests.conformance.surface import FAMILIES
from tests.conformance.surface.form import inputs_of

CASES = [
    pytest.param(family.CASES[name], id=f"{family.__name__.rpartition('.')[2]}: {name}")
    for family in FAMILIES
    for name in family.CASES
]


def turned_round(a):
    """The elements in another order, and floats of another size."""
    a = a.reshape(-1)[::-1].reshape(a.shape)
    return a * a.dtype.type(0.75) if a.dtype.kind == "f" else a.copy()


def with_a_nan(a):
    """A nan at the beginning, where there can be one."""
    a = a.copy()
    if a.size and a.dtype.kind == "f":
        a.reshape(-1)[0] = np.nan
    return a


def with_zeros(a):
    """Every other element is 0, or False."""
    a = a.copy()
    a.reshape(-1)[::2] = 0
    return a


def value(case):
    """The results."""
    return lambda *given: case(ad, *given)


def derivative(case):
    """The gradients of a sum of squares of the results, for all floating inputs."""

    def gradients(*given):
        given = [t.detach().requires_grad_() if t.dtype.kind == "f" else t for t in given]
        outs = [o for o in flatten(case(ad, *given))[0] if getattr(o, "requires_grad", False)]
        if not outs:
            return given[0] * 1
        wanted = [t for t in given if t.requires_grad]
        return ad.grad(sum((o * o).sum().double() for o in outs), wanted, allow_unused=True, materialize_grads=True)

    return gradients


def outcome(function, arrays):
    """The results as arrays, or the error."""
    ad.manual_seed(0)
    try:
        leaves = flatten(function(*[ad.tensor(a.copy()) for a in arrays]))[0]
    except Exception as error:
        return error
    return [np.asarray(x.detach()) if isinstance(x, ad.Tensor) else x for x in leaves]


@pytest.mark.parametrize("what", [value, derivative])
@pytest.mark.parametrize("case", CASES)
def test_other_values_give_what_an_ordinary_call_gives(case, what):
    arrays = inputs_of(case)
    function = what(case)
    fast = ad.compile(function, backend="numpy", passes=())
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for refused in (outcome(fast, arrays) for _ in range(2)):
            if isinstance(refused, ad.RecordingError):
                assert ";" in str(refused), "no mend is named"
                return
        for change in (turned_round, with_a_nan, with_zeros):
            others = [change(a) for a in arrays]
            given, expected = outcome(fast, others), outcome(function, others)
            if isinstance(given, ad.RecordingError):
                continue
            if type(expected) is ad.AutodiffError and {"quantile", "nanquantile"} & {*case.__code__.co_names}:
                continue  # that q is a share is seen while a step is recorded, and not in a replay
            assert isinstance(given, Exception) is isinstance(expected, Exception)
            if isinstance(expected, Exception):
                continue
            for a, b in zip(given, expected, strict=True):
                if isinstance(b, np.ndarray):
                    np.testing.assert_array_equal(a, b, strict=True, err_msg=change.__doc__)
                else:
                    assert a == b
