"""An index that is out of range is the error of an ordinary call, with the same words, in every backend."""

from importlib.util import find_spec

import numpy as np
import pytest

import autodiff as ad

BACKENDS = [{"backend": "numpy"}, {"backend": "numpy", "passes": ()}]
BACKENDS += [{"backend": "numba"}] if find_spec("llvmlite") else []
#: In NumPy with and without passes, and what is chosen by itself.
WAYS = [*BACKENDS[:2], {}]

FUNCTIONS = {
    "index_add": lambda x, i, s: ad.index_add(x, 0, i, s),
    "index_copy": lambda x, i, s: ad.index_copy(x, 0, i, s),
    "index_reduce": lambda x, i, s: ad.index_reduce(x, 0, i, s, "prod"),
    "index_select": lambda x, i, s: ad.index_select(x, 0, i) + s,
    "put": lambda x, i, s: ad.put(x, i, s),
    "put that adds": lambda x, i, s: ad.put(x, i, s, accumulate=True),
    "index_put": lambda x, i, s: ad.index_put(x, (i,), s),
    "index": lambda x, i, s: x[i] + s,
    "gather": lambda x, i, s: ad.gather(x, 0, i) + s,
    "scatter_add": lambda x, i, s: ad.scatter_add(x, 0, i, s),
}
#: For the others, NumPy is chosen.
IN_MACHINE_CODE = {"index", "index_select", "gather"}


def raised(function, x, i, s):
    """What comes of a call: its error, or its numbers."""
    try:
        return function(x, i, s).tolist()
    except ad.IndexingError as error:
        return str(error)


@pytest.mark.parametrize("how", WAYS, ids=str)
@pytest.mark.parametrize("n", [1, 300])
@pytest.mark.parametrize("wrong", [3, 700, -1, -4])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_index_that_is_out_of_range_is_what_it_is_uncompiled(name, wrong, n, how):
    function = FUNCTIONS[name]
    fast = ad.compile(function, **how)
    for k in range(3):
        i = ad.tensor(np.full(n, k))
        assert fast(ad.zeros(3), i, ad.ones(n)).tolist() == function(ad.zeros(3), i, ad.ones(n)).tolist()
    in_machine_code = not how and name in IN_MACHINE_CODE and find_spec("llvmlite") is not None
    assert fast.backend == ("numba" if in_machine_code else "numpy")
    x, i, s = ad.zeros(3), ad.tensor([0] * (n - 1) + [wrong]), ad.ones(n)
    assert raised(fast, x, i, s) == raised(function, x, i, s)


@pytest.mark.parametrize("how", BACKENDS, ids=str)
def test_an_index_is_checked_before_anything_is_changed(how):
    w = ad.zeros(3)

    def step(x, i):
        w.add_(1)
        return ad.index_select(x, 0, i)

    fast = ad.compile(step, **how)
    for _ in range(3):
        fast(ad.ones(3), ad.tensor([0, 1]))
    with pytest.raises(ad.IndexingError, match="index_select: index -1 is out of range in dim 0 of size 3"):
        fast(ad.ones(3), ad.tensor([0, -1]))
    if how.get("passes") is None:  # by which checks come first
        assert w.tolist() == [3.0] * 3


@pytest.mark.parametrize("how", BACKENDS, ids=str)
def test_an_index_of_many_steps_is_checked(how):
    fast = ad.compile(lambda x, i: ad.index_select(x, 0, i), **how)
    x, i = ad.rand(40, 5), ad.tensor(np.arange(80).reshape(40, 2) % 5)
    assert ad.equal(fast.run(x, i), ad.stack([a[b] for a, b in zip(x, i, strict=True)]))
    i[37, 1] = -1
    with pytest.raises(ad.IndexingError, match="index -1 is out of range"):
        fast.run(x, i)
