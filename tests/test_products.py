"""Products with PyTorch's names: what they say when operands do not fit, and how an einsum is run."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.names.contraction import _path
from autodiff.names.products import _order
from autodiff.ops.contraction import _plan

A, R = ad.ones(2, 3), ad.ones(3)
I = ad.ones(2, 2, dtype=ad.int64)
D = ad.ones(3, 2, dtype=ad.float64)

MISTAKES = {
    "addmm of a fraction of integers": (
        lambda: ad.addmm(I, I, I, alpha=0.5),
        TypeError,
        "must be integers for Tensors of int64, not 0.5",
    ),
    "addmm of a vector": (lambda: ad.addmm(A, A, R), ValueError, "addmm multiplies matrices"),
    "addmm of misfits": (lambda: ad.addmm(A, A, A), ValueError, "addmm"),
    "addmm of two dtypes": (lambda: ad.addmm(A, A, D), TypeError, "float32 and float64"),
    "addbmm of misfits": (lambda: ad.addbmm(A, A[None], A[None]), ValueError, "the inner sizes of"),
    "baddbmm of other heights": (lambda: ad.baddbmm(A, A[None], A.T.expand(2, 3, 2)), ValueError, "equally high"),
    "inner of misfits": (lambda: ad.inner(A, ad.ones(2)), ValueError, "last sizes of shapes (2, 3) and (2,) differ"),
    "trace of a stack": (lambda: ad.trace(A[None]), ValueError, "trace needs a matrix"),
    "cross of pairs": (lambda: ad.linalg.cross(A.T, A.T), ValueError, "cross needs 3 components along axis -1"),
    "cross without threes": (lambda: ad.cross(A[:, :2], A[:, :2]), ValueError, "no dim of shape (2, 2) has size 3"),
    "cross of a dim too far": (lambda: ad.linalg.cross(A, A, dim=2), IndexError, "no dim 2"),
    "vecdot of integers": (lambda: ad.linalg.vecdot(A.long(), A.long()), TypeError, "one floating dtype"),
    "multi_dot of one": (lambda: ad.linalg.multi_dot([A]), ValueError, "two Tensors at least"),
    "multi_dot with a vector inside": (lambda: ad.linalg.multi_dot([A, R, A]), ValueError, "vectors at the ends"),
    "einsum without operands": (lambda: ad.einsum("ij->i"), TypeError, "needs an equation and operands"),
    "einsum with one too few": (lambda: ad.einsum("ij,jk->ik", A), ValueError, "names 2 operands, and 1 were given"),
    "einsum with too few letters": (lambda: ad.einsum("i->i", A), ValueError, "does not name the 2 dims"),
    "einsum with a digit": (lambda: ad.einsum("i1->i", A), ValueError, "'1' in 'i1->i' is no letter"),
    "einsum with a new letter": (lambda: ad.einsum("ij->k", A), ValueError, "'k' stands in no operand"),
    "einsum with a letter twice": (lambda: ad.einsum("ij->ii", A), ValueError, "'i' stands twice in the result"),
    "einsum of misfits": (lambda: ad.einsum("ij,jk", A, A), ValueError, "'j' stands for dims of size 3 and of size 2"),
    "einsum of no square": (lambda: ad.einsum("ii", A), ValueError, "'i' is repeated in 'ii', for different sizes"),
    "einsum of numbers too large": (lambda: ad.einsum(A, [0, 52]), ValueError, "numbered 0 to 51"),
    "tensordot over too many": (lambda: ad.tensordot(A, R), ValueError, "cannot be contracted over 2 dims"),
    "tensordot of misfits": (lambda: ad.tensordot(A, A, 1), ValueError, "differ in size"),
    "cdist of two lengths": (lambda: ad.cdist(A, A.T), ValueError, "rows of one length"),
    "cdist of integers": (lambda: ad.cdist(A.long(), A.long()), TypeError, "cdist needs floating numbers"),
    "cdist of a negative norm": (lambda: ad.cdist(A, A, p=-1), RuntimeError, "negative order"),
    "cdist in another mode": (lambda: ad.cdist(A, A, compute_mode="fast"), RuntimeError, "compute_mode is one of"),
    "pdist of a stack": (lambda: ad.pdist(A[None]), ValueError, "pdist needs a matrix"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_does_not_fit_is_said_in_the_users_words(name):
    call, error, text = MISTAKES[name]
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)


def test_the_cheapest_order_is_taken():
    assert _order(((10, 100), (100, 5), (5, 50))) == {(0, 1): 0, (1, 2): 1, (0, 2): 1}
    assert [(i, j) for i, j, _ in _path("ab,bc,c->a", ((9, 9), (9, 9), (9,)))] == [(1, 2), (0, 1)]


def test_a_contraction_is_a_matrix_product_and_copies_nothing_that_lies_in_order():
    plan = _plan("abc,dbc->ad", (2, 3, 4), (5, 3, 4))
    assert plan.x.shape == (2, 12)
    assert plan.y.turned
    assert plan.x.order is plan.y.order is plan.order is None


def test_the_largest_operands_of_an_einsum_are_only_read_by_blas():
    x = np.ones((64, 8, 16), np.float32)
    assert np.shares_memory(_plan("abc,dbc->ad", x.shape, x.shape).y.of(x), x)


def test_an_einsum_of_several_operands_sums_short_integers_in_long_ones():
    x = np.array([[200, 100], [50, 250]], np.uint8)
    found = ad.einsum("ij,k,lm->km", *[ad.from_numpy(a) for a in (x, x[0], x)])
    assert np.array_equal(found, np.einsum("ij,k,lm->km", *[a.astype(int) for a in (x, x[0], x)]))


def test_integers_are_multiplied_exactly_small_ones_by_blas():
    rng = np.random.default_rng(0)
    for top in (10, 2**20, 2**31):
        x, y = rng.integers(-top, top, (40, 50)), rng.integers(-top, top, (50, 60))
        assert np.array_equal((ad.from_numpy(x) @ ad.from_numpy(y)).numpy(), x @ y)
    small = rng.integers(0, 255, (40, 50)).astype(np.uint8)
    product = ad.mm(ad.from_numpy(small), ad.from_numpy(small).T)
    assert product.dtype == ad.uint8
    assert np.array_equal(product.numpy(), small @ small.T)
