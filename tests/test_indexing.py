"""Indexing, scattering and ordering: what is promised beyond the comparison with PyTorch, and what is said."""

import numpy as np
import pytest

import autodiff as ad
import nn.functional as F
from autodiff.errors import AutodiffError, DtypeError, GradientError, IndexingError, ShapeError
from autodiff.graph import modes
from autodiff.ops.order import stable_order
from autodiff.ops.piles import add_flat, add_rows

RNG = np.random.default_rng(3)


def leaf(*values: float) -> ad.Tensor:
    return ad.tensor(list(values), dtype=ad.float64, requires_grad=True)


# -- adding up -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize(
    ("count", "rows", "width"),
    [(7, 4, 1), (7, 4, 3), (300, 5000, 2), (60_000, 50, 4), (5000, 300, 40), (5000, 3, 40), (200, 3000, 600)],
)
def test_every_way_of_adding_rows_gives_the_same(count, rows, width, dtype):
    places = np.minimum(RNG.zipf(1.5, count) - 1, rows - 1)
    x = (RNG.normal(size=(count, width)) * 9).astype(dtype)
    expected = np.zeros((rows, width))
    np.add.at(expected, places, x.astype(np.float64))
    added = add_rows(places, x, rows)
    assert added.dtype == dtype
    np.testing.assert_allclose(added, expected, rtol=1e-3 if dtype == np.float32 else 1e-9, atol=1e-3)


def test_many_small_numbers_in_float32_add_up_without_loss():
    total = add_flat(np.zeros(1_000_000, int), np.full(1_000_000, 0.1, np.float32), 1)
    assert total.dtype == np.float32
    np.testing.assert_allclose(total, [100_000], rtol=1e-6)


def test_large_integers_are_added_exactly():
    x = ad.tensor([2**60, 1]).index_add(0, ad.tensor([0, 0]), ad.tensor([1, 2]))
    assert x.tolist() == [2**60 + 3, 1]


# -- writing -------------------------------------------------------------------------------------------------------


def test_of_a_place_written_twice_the_last_write_gets_the_cotangent_alone():
    """PyTorch gives it to all writes, which its documentation calls incorrect."""
    twice = ad.tensor([1, 1])
    for write in (
        lambda x, v: ad.scatter(x, 0, twice, v),
        lambda x, v: ad.index_copy(x, 0, twice, v),
        lambda x, v: ad.index_put(x, (twice,), v),
        lambda x, v: ad.put(x, twice, v),
    ):
        x, v = leaf(0, 0), leaf(3, 4)
        out = write(x, v)
        assert out.tolist() == [0, 4]
        gx, gv = ad.grad(out.sum(), (x, v))
        assert (gx.tolist(), gv.tolist()) == ([1, 0], [0, 1])


def test_a_value_filled_in_twice_at_one_place_counts_once():
    value = ad.tensor(3.0, requires_grad=True)
    (g,) = ad.grad(ad.index_fill(ad.zeros(2), 0, ad.tensor([1, 1]), value).sum(), value)
    assert g.item() == 1.0


def test_an_input_left_out_of_an_extreme_has_no_share_in_its_gradient():
    """PyTorch counts it among the equal ones when it happens to have the same value."""
    x, src = leaf(0, 0), leaf(0, 0)
    out = x.scatter_reduce(0, ad.tensor([0, 0]), src, "amax", include_self=False)
    gx, gsrc = ad.grad(out.sum(), (x, src))
    assert (gx.tolist(), gsrc.tolist()) == ([0, 1], [0.5, 0.5])


def test_the_derivative_of_a_product_is_right_to_the_second_order_with_two_zeros():
    src = leaf(0, 0, 3, 5)
    out = ad.ones(2, dtype=ad.float64).scatter_reduce(0, ad.tensor([0, 0, 0, 1]), src, "prod")
    (g,) = ad.grad(out.sum(), src, create_graph=True)
    assert g.tolist() == [0, 0, 0, 1]
    (second,) = ad.grad(g[0], src)
    assert second.tolist() == [0, 3, 0, 0]


def test_adding_to_a_view_records_one_write():
    x = leaf(1, 2, 3)
    y = x * 1
    y[:2] += x[1:]
    assert y.grad_fn.name() == "WriteViewBackward"
    (g,) = ad.grad((y * y).sum(), x)
    np.testing.assert_allclose(g.numpy(), [6, 16, 16])


def test_an_integer_beside_index_arrays_leaves_the_dims_in_place_as_in_pytorch():
    x = ad.arange(24).reshape(2, 3, 4)
    assert x[0, :, [1, 2]].tolist() == x[0][:, [1, 2]].tolist()
    x[1, :, [0, 3]] = ad.tensor([[1, 2], [3, 4], [5, 6]])
    assert x[1].tolist() == [[1, 13, 14, 2], [3, 17, 18, 4], [5, 21, 22, 6]]


def test_steps_backward_are_numpys():
    x = leaf(1, 2, 3)
    (g,) = ad.grad((x[::-1] * ad.tensor([1.0, 2.0, 3.0])).sum(), x)
    assert g.tolist() == [3, 2, 1]


def test_an_index_that_changes_before_backward_is_noticed_or_was_copied():
    x, rows = leaf(1, 2, 3), ad.tensor([0, 1])
    y = x[rows] * 1
    rows += 1
    with pytest.raises(GradientError, match="changed in place"):
        y.sum().backward()
    array = np.array([0, 1])
    y = x[array] * 1
    array += 1
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 0]


def test_a_gather_keeps_its_own_positions():
    x, places = leaf(1, 2, 3), ad.tensor([0, 1])
    y = x.gather(0, places)
    places += 1
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 0]


def test_in_place_methods_write_into_their_tensor():
    x = ad.zeros(3)
    assert x.scatter_add_(0, ad.tensor([2]), ad.ones(1)) is x
    x.index_fill_(0, ad.tensor([0]), 5).put_(ad.tensor([1]), ad.tensor([7.0]))
    assert x.tolist() == [5, 7, 1]


# -- order ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int16", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(9000,), (40, 1100), (30, 7), (3, 0)])
def test_sorting_by_the_bits_is_sorting(shape, dtype, descending):
    x = (RNG.normal(size=shape) * 60).astype(dtype)
    if x.dtype.kind == "f" and x.size:
        x.flat[:: max(x.size // 9, 1)] = np.nan
        x.flat[1::977] = -0.0
        x.flat[2::977] = 0.0
        x.flat[3] = -np.nan
    backward = x[..., ::-1].argsort(axis=-1, kind="stable")[..., ::-1]
    expected = x.shape[-1] - 1 - backward if descending else x.argsort(axis=-1, kind="stable")
    np.testing.assert_array_equal(stable_order(x, descending), expected)


def test_extreme_integers_sort():
    x = np.tile(np.array([2**63 - 1, -(2**63), 0, -1, 1]), 4000)
    np.testing.assert_array_equal(stable_order(x), x.argsort(kind="stable"))


def test_the_weights_of_bincount_have_a_derivative():
    weights = leaf(1, 2, 3)
    (g,) = ad.grad((ad.bincount(ad.tensor([0, 2, 2]), weights) * leaf(5, 6, 7)).sum(), weights)
    assert g.tolist() == [5, 7, 7]


def test_results_have_named_parts():
    x = ad.tensor([[3.0, 1.0, 2.0]])
    for found in (x.sort(), x.topk(2), x.kthvalue(1), x.median(1), x.nanmedian(1), x.mode()):
        assert found.values is found[0]
        assert found.indices is found[1]
        assert repr(found).startswith(f"return_types.{type(found).__name__}(\nvalues=")


def test_listeners_hear_what_has_no_derivative():
    heard = []

    class Listener:
        def operation(self, op, *_):
            heard.append(op.name)

    modes.listener = Listener()
    try:
        x = ad.tensor([0.0, 2.0])
        ad.nonzero(x), ad.argwhere(x), ad.unique(x), ad.sort(x), ad.where(x > 0)
    finally:
        modes.listener = None
    assert heard == ["argwhere", "argwhere", "unique", "argsort", "take_along", "greater", "nonzero"]


def test_one_hot():
    assert F.one_hot(ad.tensor([[0], [2]]), 4).tolist() == [[[1, 0, 0, 0]], [[0, 0, 1, 0]]]
    assert F.one_hot(ad.tensor([1])).dtype == ad.int64
    assert F.one_hot(ad.zeros(0).long(), 2).shape == (0, 2)


# -- what is said --------------------------------------------------------------------------------------------------

X = ad.zeros(2, 3)
I = ad.tensor([0, 1])
MISTAKES = {
    "an index of bytes": (lambda: X[I.to(ad.uint8)], IndexingError, r"a mask in PyTorch.*\.bool\(\) or \.long\(\)"),
    "an index of floats": (lambda: X[1.5], IndexingError, "not of float64"),
    "an index of words": (lambda: X["a"], IndexingError, "must be made of integers"),
    "a list of everything": (lambda: X[[0, slice(1)]], IndexingError, "not of such a list"),
    "a bound of floats": (lambda: X[1.0:], IndexingError, r"shape \(2, 3\): slice indices must be integers"),
    "bounds of floats": (lambda: X[0, 1.0:], IndexingError, "bounds of a slice must be integers"),
    "too many": (lambda: X[0, 0, 0], IndexingError, r"shape \(2, 3\): too many indices"),
    "too large": (lambda: X[[0, 2]], IndexingError, "index 2 is out of bounds for dim 0 with size 2"),
    "arrays that do not fit": (lambda: X[[0, 1], [0, 1, 2]], IndexingError, "index arrays of different shapes"),
    "a mask that does not fit": (lambda: X[ad.ones(3).bool()], IndexingError, "a mask must have the sizes of the dims"),
    "nothing as value": (lambda: X.__setitem__(0, None), DtypeError, "None is none"),
    "a word as value": (lambda: X.__setitem__(0, "a"), DtypeError, "'a' is none"),
    "a complex value": (lambda: X.__setitem__(0, 1j), DtypeError, "complex numbers"),
    "a nan as integer": (lambda: I.__setitem__(0, ad.nan), DtypeError, "nan cannot be written into .* int64"),
    "too many for a mask": (lambda: X.__setitem__(X == 0, ad.ones(5)), ShapeError, r"value of shape \(5,\)"),
    "take": (lambda: X.take(ad.tensor([6])), IndexingError, "out of range for a Tensor of 6 elements"),
    "scatter range": (lambda: X.scatter(1, ad.tensor([[3]]), 1.0), IndexingError, "index 3 is out of range in dim 1"),
    "scatter size": (lambda: X.scatter(1, ad.zeros(3, 1).long(), 1.0), ShapeError, r"index of shape \(3, 1\)"),
    "scatter src": (lambda: X.scatter(1, ad.zeros(1, 2).long(), X[:, :1]), ShapeError, "asks for more than a src"),
    "scatter nothing": (lambda: X.scatter(1, ad.zeros(1, 2).long()), AutodiffError, "src=, a Tensor, or as value="),
    "scatter reduce": (lambda: X.scatter(1, I[None], 1.0, reduce="sum"), AutodiffError, "'add' or 'multiply'"),
    "scatter_reduce": (lambda: X.scatter_reduce(1, I[None], X, "max"), AutodiffError, "sum, prod, mean, amax, amin"),
    "scatter kind": (lambda: I.scatter_add(0, I, X[0]), DtypeError, "float32 cannot be written into .* int64"),
    "index_add": (lambda: X.index_add(0, I, X[:1]), ShapeError, r"have the shape \(2, 3\), and source has \(1, 3\)"),
    "index_add range": (lambda: X.index_add(0, I + 1, X), IndexingError, "index_add: index 2 is out of range in dim 0"),
    "index_copy index": (lambda: X.index_copy(0, I[None], X), ShapeError, "the index must have one dim"),
    "index_put tuple": (lambda: X.index_put(I, X), DtypeError, r"as a tuple: \(rows,\)"),
    "index_put floats": (lambda: X.index_put((X,), X), IndexingError, r"use index\.long\(\)"),
    "put": (lambda: X.put(I, X), ShapeError, "2 positions and 6 elements"),
    "masked_scatter": (lambda: X.masked_scatter(X == 0, X[0]), ShapeError, "True 6 times, and source has 3 elements"),
    "select_scatter": (lambda: X.select_scatter(X[0], 0, 2), IndexingError, "index 2 is out of range in dim 0"),
    "slice_scatter": (lambda: X.slice_scatter(X[:1]), ShapeError, r"what it replaces, \(2, 3\), not \(1, 3\)"),
    "slice_scatter step": (lambda: X.slice_scatter(X, step=-1), IndexingError, "at least 1, not -1"),
    "diagonal_scatter": (lambda: X.diagonal_scatter(X[0], 0, 0, 0), IndexingError, "two different dims"),
    "topk": (lambda: X.topk(4), IndexingError, "there are 3 elements along dim 1, and not 4"),
    "kthvalue": (lambda: X.kthvalue(0), IndexingError, "k is 0, and there are 3 elements"),
    "median": (lambda: ad.zeros(0, 2).median(0), IndexingError, "no elements along dim 0"),
    "quantile": (lambda: X.quantile(1.5), AutodiffError, "between 0 and 1"),
    "quantile integers": (lambda: I.quantile(0.5), DtypeError, r"x\.float\(\)\.quantile"),
    "quantile dtype": (lambda: X.quantile(ad.tensor(0.5, dtype=ad.float64)), DtypeError, "float64 .* of float32"),
    "quantile dims": (lambda: X.quantile(ad.zeros(1, 1)), ShapeError, "one dim"),
    "quantile interpolation": (lambda: X.quantile(0.5, interpolation="cubic"), AutodiffError, "not 'cubic'"),
    "searchsorted side": (lambda: ad.searchsorted(I, 1, side="left", right=True), AutodiffError, "the opposite"),
    "searchsorted rows": (lambda: ad.searchsorted(X, X[:1]), ShapeError, "rows of boundaries"),
    "bucketize": (lambda: ad.bucketize(1.0, X), ShapeError, "boundaries must have one dim"),
    "bincount": (lambda: ad.bincount(I - 1), DtypeError, "not negative"),
    "bincount weights": (lambda: ad.bincount(I, X[0]), ShapeError, r"weights of shape \(3,\)"),
    "histc": (lambda: ad.histc(X, 3, 2, 1), AutodiffError, "is no range"),
    "histc integers": (lambda: ad.histc(I), DtypeError, "needs floating numbers"),
    "isin": (lambda: ad.isin(1, 2), DtypeError, "needs a Tensor"),
    "one_hot": (lambda: F.one_hot(I, 1), IndexingError, "class 1 is out of range; 1 classes are 0 to 0"),
    "one_hot negative": (lambda: F.one_hot(I - 1), IndexingError, "class -1 is negative"),
    "one_hot nothing": (lambda: F.one_hot(I[:0]), AutodiffError, "give num_classes="),
    "unique": (lambda: ad.unique(ad.zeros(2, 0), dim=0), ShapeError, "cannot be told apart"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_answered_in_the_users_words(what):
    run, error, text = MISTAKES[what]
    with pytest.raises(error, match=text):
        run()


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (lambda: ad.tensor(1.0)[[0, 0]], "too many indices"),
        (lambda: ad.zeros(1, 2, 2)[ad.zeros(0, 2, 2).bool()], r"a mask of shape \(0, 2, 2\)"),
        (lambda: ad.zeros(2, 2).sum(0, 1), "sum: keepdim must be True or False, not 1"),
        (lambda: ad.zeros(2).masked_scatter(ad.zeros(3).bool(), ad.zeros(3)), "does not broadcast against"),
        (lambda: ad.tensor(1.0).slice_scatter(ad.tensor(1.0)), "has no slices"),
        (lambda: ad.tensor(1.0).take_along_dim(ad.tensor(0), 0), "leave dim out"),
        (lambda: ad.zeros(2).index_reduce(0, ad.tensor([0]), ad.ones(1), "sum"), "use index_add"),
        (lambda: ad.unique(ad.zeros(0, 3), dim=1), "slices without elements"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(attempt, said):
    with pytest.raises(AutodiffError, match=said):
        attempt()
