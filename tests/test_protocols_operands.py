"""What NumPy's functions are given besides Tensors, and what they say of what does not fit."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import AutodiffError

T = np.array([0.1, 0.2, 0.3])

NUMBERS = {
    "full_like": lambda t: np.full_like(t, 0.1),
    "a ufunc": lambda t: np.add(t, [0.1, 0.2, 0.3]),
    "outer": lambda t: np.multiply.outer([0.1, 0.7], t),
    "isin": lambda t: np.isin(t, [0.1, 0.3]),
    "digitize": lambda t: np.digitize(t, [0.1, 0.2]),
    "searchsorted": lambda t: np.searchsorted(t, 0.2),
    "concatenate": lambda t: np.concatenate([t, [0.1]]),
    "append": lambda t: np.append(t, 0.1),
    "interp": lambda t: np.interp(0.1, t, t),
    "where": lambda t: np.where(np.array([True, False, True]), t, [0.1, 0.1, 0.1]),
    "clip": lambda t: np.clip(t, [0.2, 0.1, 0.1], 1),
    "diff": lambda t: np.diff(t, prepend=0.7),
    "cov": lambda t: np.cov(t, aweights=[0.1, 0.2, 0.7]),
    "average": lambda t: np.average(t, weights=[0.1, 0.2, 0.7]),
    "polyval": lambda t: np.polyval([0.1, 0.2], t),
    "array_equal": lambda t: np.array_equal(t, [0.1, 0.2, 0.3]),
}


@pytest.mark.parametrize("case", NUMBERS.values(), ids=NUMBERS)
def test_numbers_and_lists_are_as_exact_as_the_tensors_they_are_used_with(case):
    np.testing.assert_allclose(case(ad.from_numpy(T)), case(T), rtol=1e-14)
    found = case(ad.from_numpy(T.astype(np.float32)))
    assert not isinstance(found, ad.Tensor) or found.dtype in (ad.float32, ad.int64, ad.bool)


@pytest.mark.parametrize("name", ["fabs", "rint", "modf", "heaviside", "linalg.norm"])
def test_integers_become_floating_where_they_do_in_numpy(name):
    function = np.linalg.norm if name == "linalg.norm" else getattr(np, name)
    array = np.array([3, -4, 0])
    given = (array, array) if name == "heaviside" else (array,)
    ours, theirs = function(*[ad.from_numpy(a) for a in given]), function(*given)
    for mine, its in zip(*[x if isinstance(x, tuple) else (x,) for x in (ours, theirs)], strict=True):
        assert mine.dtype == ad.float32
        np.testing.assert_array_equal(mine, its)


CASES = {
    "modf of infinities": lambda x: np.modf(x / 0.0),
    "triu of a vector": lambda x: np.triu(x),
    "tril of a vector": lambda x: np.tril(x, -1),
    "round of integers": lambda x: np.round(x.astype(int) if isinstance(x, np.ndarray) else x.long(), -1),
    "unique_counts": lambda x: (np.unique_counts(x).values, np.unique_counts(x).counts),
    "unique_inverse": lambda x: (np.unique_inverse(x).values, np.unique_inverse(x).inverse_indices),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_results_are_numpys(case):
    array = np.array([-17.0, 15.0, 25.0, 15.0])
    ours, theirs = case(ad.from_numpy(array)), case(array)
    for mine, its in zip(*[x if isinstance(x, tuple) else (x,) for x in (ours, theirs)], strict=True):
        np.testing.assert_array_equal(mine, its)


MISTAKES = {
    "moveaxis": lambda t: np.moveaxis(t, 0, 9),
    "size": lambda t: np.size(t, 9),
    "sort": lambda t: np.sort(t[0, 0]),
    "diff": lambda t: np.diff(t[0, 0]),
    "trapezoid": lambda t: np.trapezoid(t[0, 0]),
    "interp": lambda t: np.interp(t, t, t),
    "convolve": lambda t: np.convolve(t, t),
    "median": lambda t: np.median(t[:0]),
    "reshape": lambda t: np.reshape(t, ("a", 2)),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_told_in_our_words(mistake):
    with pytest.raises(AutodiffError):
        mistake(ad.ones(2, 3))
