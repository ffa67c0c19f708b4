"""A compiled function is called as the function is."""

from importlib.util import find_spec
from inspect import Parameter, signature
from itertools import permutations

import numpy as np
import pytest

import autodiff as ad
from autodiff.trees import flatten

BACKENDS = ["numpy", *(["numba"] if find_spec("llvmlite") else [])]


def test_nested_arguments_and_keywords():
    @ad.compile
    def fast(batch, *, scale, bias=None):
        out = {"y": batch["x"] * scale, "z": [batch["pair"][0] - batch["pair"][1]]}
        return out if bias is None else {**out, "b": bias + 1}

    one = ad.ones(2)
    for i in range(4):
        out = fast({"x": one * i, "pair": (one, one)}, scale=2.0)
        assert out["y"].tolist() == [2.0 * i] * 2
        assert out["z"][0].tolist() == [0.0, 0.0]
    for _ in range(3):
        out = fast({"x": one, "pair": (one, one)}, scale=3.0, bias=one)
    assert out["y"].tolist() == [3.0, 3.0]
    assert out["b"].tolist() == [2.0, 2.0]


# Plain names, names that the call around the code has itself, names with numbers, defaults, any number, a method.
def plain(x, y):
    return x - 2 * y


def taken(run, step):
    return run - 2 * step


def numbered(a0, x1):
    return a0 - 2 * x1


def with_default(x, y=None):
    return x if y is None else x - 2 * y


def of_any_number(*xs):
    return xs[0] - 2 * xs[1] if len(xs) > 1 else xs[0]


def by_position(x, y, /):
    return x - 2 * y


class Holder:
    def method(self, x, y):
        return x - 2 * y


FUNCTIONS = [plain, taken, numbered, with_default, of_any_number, by_position, Holder().method]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_arguments_are_given_in_all_ways_that_the_function_takes_them(function):
    fast = ad.compile(function)
    one, two = ad.ones(3), 2 * ad.ones(3)
    parameters = signature(function).parameters.values()
    named = [p.name for p in parameters if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    for _ in range(4):
        assert fast(one, two).tolist() == [-3.0] * 3
        if named:
            assert fast(**dict(zip(named, (two, one)))).tolist() == [0.0] * 3
            assert fast(two, **{named[1]: one}).tolist() == [0.0] * 3
        if function in (with_default, of_any_number):
            assert fast(two).tolist() == [2.0] * 3


@pytest.mark.parametrize("wrong", [((1,), {}), ((1, 2, 3), {}), ((1,), {"z": 2}), ((1, 2), {"y": 2}), ((), {})])
@pytest.mark.parametrize("function", [plain, taken, by_position], ids=lambda f: f.__name__)
def test_a_call_that_does_not_fit_the_function_fails_as_the_function_does(function, wrong):
    fast = ad.compile(function)
    for _ in range(3):
        fast(ad.ones(2), ad.ones(2))
    args, kwargs = wrong
    with pytest.raises(TypeError) as expected:
        function(*args, **kwargs)
    with pytest.raises(TypeError) as found:
        fast(*args, **kwargs)
    assert str(found.value) == str(expected.value)
    assert fast(ad.ones(2), ad.ones(2)).tolist() == [-1.0, -1.0]


def squares(w, x):
    return ((x @ w) ** 2).sum()


TRANSFORMS = {
    "grad": lambda: ad.func.grad(squares),
    "value_and_grad": lambda: ad.func.value_and_grad(squares),
    "jacrev": lambda: ad.func.jacrev(squares),
    "grad by another argument": lambda: ad.func.grad(lambda x, w: squares(w, x), argnums=1),
    "vmap": lambda: ad.func.vmap(lambda w, x: ad.as_tensor(x) @ w, in_dims=(0, None)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_an_array_that_a_transform_hands_on_is_an_argument(name):
    function = TRANSFORMS[name]()
    fast = ad.compile(function)
    for i in range(5):
        x = np.random.default_rng(i).random((4, 3)).astype(np.float32)
        given = (x, ad.ones(3)) if "another" in name else (ad.ones(2, 3) if name == "vmap" else ad.ones(3), x)
        found, expected = [flatten(f(*given))[0] for f in (fast, function)]
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5)
    assert fast.stats["replayed"] == 3


@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (3, 1, 1), (1, 1, 3), (2, 1, 2), (0, 2), (1, 1)])
@pytest.mark.parametrize("draws", [False, True])  # machine code cannot look at the arrays itself, then
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_shape_is_told_from_others_whose_elements_lie_in_the_same_order(shape, draws, backend):
    def function(x):
        return (x * 2).sum(0) + (0 * ad.rand(1) if draws else 0)

    fast = ad.compile(function, backend=backend if all(shape) else "numpy")
    for other in set(permutations(shape)):
        for order in "CF":
            for _ in range(3):
                fast(ad.ones(*shape))
            x = ad.from_numpy(np.ones(other, np.float32, order=order))
            assert fast(x).tolist() == function(x).tolist()
