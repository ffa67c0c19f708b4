"""Linear algebra: derivatives of symmetric matrices, systems of many rows, what is said when a matrix is no good."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.checking import gradcheck, gradgradcheck
from autodiff.linalg import LinAlgError

la = ad.linalg


def drawn(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def tracked(array):
    return ad.from_numpy(np.array(array)).requires_grad_()


def definite(x):
    return x @ x.mT + ad.eye(x.shape[-1], dtype=x.dtype)


# -- derivatives that tests/table cannot take of one triangle alone ------------------------------------------------

SYMMETRIC = {
    "cholesky": lambda x: la.cholesky(definite(x)),
    "cholesky upper": lambda x: la.cholesky(definite(x), upper=True),
    "eigh": lambda x: la.eigh(definite(x)),
    "eigh vectors": lambda x: la.eigh(definite(x), "U").eigenvectors,
    "eigvalsh": lambda x: la.eigvalsh(definite(x)),
    "pinv": lambda x: la.pinv(definite(x), hermitian=True),
    "cholesky_inverse": lambda x: ad.cholesky_inverse(la.cholesky(definite(x))),
}


@pytest.mark.parametrize("name", SYMMETRIC)
@pytest.mark.parametrize("shape", [(3, 3), (2, 2, 2)])
def test_derivatives_of_a_symmetric_matrix_agree_with_differences(name, shape):
    x = tracked(drawn(*shape))
    assert gradcheck(SYMMETRIC[name], (x,))
    assert gradgradcheck(SYMMETRIC[name], (x,))


@pytest.mark.parametrize("p", ["fro", "nuc", 1, -1, float("inf"), -float("inf"), 2, -2])
def test_derivatives_of_a_condition_number_agree_with_differences(p):
    x = tracked(drawn(2, 3, 3))
    assert gradcheck(lambda x: la.cond(x, p), (x,))
    assert gradgradcheck(lambda x: la.cond(x, p), (x,))


def test_a_condition_number_beside_a_singular_matrix_has_its_derivative():
    x = tracked(np.stack([drawn(2, 2), np.ones((2, 2))]))
    found = la.cond(x, 1)
    assert found[1] == float("inf")
    found[0].backward()
    alone = tracked(drawn(2, 2))
    la.cond(alone, 1).backward()
    np.testing.assert_allclose(x.grad.numpy()[0], alone.grad.numpy())


def test_the_third_derivative_of_a_determinant_agrees_with_differences():
    x = tracked(drawn(3, 3))
    assert gradgradcheck(lambda x: ad.grad(ad.det(x), x, create_graph=True)[0], (x,))


def test_the_gradient_of_a_determinant_is_right_in_plain_backward_at_a_singular_matrix():
    x = tracked([[1.0, 2.0], [2.0, 4.0]])
    ad.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4, -2], [-2, 1]], atol=1e-12)


def test_an_unused_result_costs_no_derivative_of_it():
    """Equal eigenvalues have a derivative, their vectors do not."""
    x = tracked(np.eye(3))
    la.eigh(x).eigenvalues.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.eye(3))
    x = tracked(np.eye(3))
    la.svd(x).S.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.eye(3))


def test_two_results_of_one_operation_both_reach_a_second_derivative():
    a, b = tracked(drawn(4, 2)), tracked(drawn(4, 3, seed=1))
    assert gradgradcheck(lambda a, b: la.lstsq(a, b, driver="gelsd")[:2], (a, b))


# -- many rows -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("unitriangular", [True, False])
def test_triangular_systems_are_solved_by_blocks(upper, unitriangular):
    n = 150
    a = drawn(2, n, n) * 0.1 / np.sqrt(n) + np.eye(n)
    b = drawn(2, n, 3, seed=1)
    x = la.solve_triangular(ad.from_numpy(a), ad.from_numpy(b), upper=upper, unitriangular=unitriangular)
    kept = np.triu(a) if upper else np.tril(a)
    if unitriangular:
        kept[..., range(n), range(n)] = 1
    np.testing.assert_allclose(kept @ x.numpy(), b, atol=1e-12)


def test_the_exponential_of_a_stack_is_that_of_each_matrix():
    x = drawn(5, 4, 4) * np.array([1e-3, 0.1, 1.0, 10.0, 30.0])[:, None, None]
    stacked = ad.matrix_exp(ad.from_numpy(x)).numpy()
    for one, together in zip(x, stacked, strict=True):
        w, v = np.linalg.eig(one)
        expected = (v * np.exp(w) @ np.linalg.inv(v)).real
        np.testing.assert_allclose(together, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


# -- names of results ----------------------------------------------------------------------------------------------


def test_results_have_the_names_of_pytorch():
    x = ad.eye(2)
    assert la.eigh(x)._fields == ("eigenvalues", "eigenvectors")
    assert la.svd(x)._fields == ("U", "S", "Vh")
    assert ad.svd(x)._fields == ("U", "S", "V")
    assert la.qr(x)._fields == ad.qr(x)._fields == ("Q", "R")
    assert la.slogdet(x)._fields == x.slogdet()._fields == ("sign", "logabsdet")
    assert la.lstsq(x, x)._fields == ("solution", "residuals", "rank", "singular_values")
    assert la.inv_ex(x)._fields == ("inverse", "info")
    assert la.solve_ex(x, x)._fields == ("result", "info")
    assert la.cholesky_ex(x)._fields == ("L", "info")
    assert repr(ad.slogdet(x)) == "return_types.slogdet(\nsign=tensor(1.),\nlogabsdet=tensor(0.))"


# -- mistakes ------------------------------------------------------------------------------------------------------

SINGULAR = ad.ones(2, 2)
MISTAKES = [
    (lambda: la.inv(SINGULAR), LinAlgError, "inv: the matrix is singular; ad.linalg.pinv and ad.linalg.lstsq take"),
    (lambda: la.inv(ad.stack([ad.eye(2), SINGULAR])), LinAlgError, "inv: matrix 1 of the stack is singular"),
    (lambda: la.solve(SINGULAR, ad.ones(2)), LinAlgError, "solve: the matrix is singular"),
    (lambda: la.cholesky(-ad.eye(2)), LinAlgError, "cholesky: the matrix is not positive definite"),
    (lambda: la.inv_ex(SINGULAR, check_errors=True), LinAlgError, "is singular"),
    (lambda: la.cholesky_ex(-SINGULAR, check_errors=True), LinAlgError, "is not positive definite"),
    (lambda: la.eigvalsh(ad.full((2, 2), ad.nan)), LinAlgError, "eigvalsh: the matrix has a nan or an inf"),
    (lambda: la.svd(ad.full((2, 2), ad.inf)), LinAlgError, "svd: the matrix has a nan or an inf"),
    (lambda: la.matrix_power(SINGULAR, -1), LinAlgError, "the matrix is singular"),
    (lambda: la.inv(ad.ones(2, 3)), ValueError, "inv takes square matrices, and got shape (2, 3)"),
    (lambda: la.det(ad.ones(2)), ValueError, "det takes a matrix, or a stack of them, and got shape (2,)"),
    (lambda: la.inv(ad.ones(2, 2, dtype=ad.int64)), TypeError, "inv works in float32 and float64, and got int64"),
    (lambda: la.svdvals(ad.ones(2, 2).half()), TypeError, "and got float16; convert it first"),
    (
        lambda: la.solve(ad.eye(2), ad.ones(2).double()),
        TypeError,
        "both sides in one dtype and got float32 and float64",
    ),
    (lambda: la.solve(ad.eye(3), ad.ones(2, 2)), ValueError, "shapes (3, 3) and (2, 2) do not fit A X = B"),
    (lambda: la.solve(ad.eye(2), ad.ones(2), left=False), ValueError, "do not fit X A = B"),
    (lambda: la.solve_triangular(ad.eye(2), ad.ones(3, 1), upper=True), ValueError, "(2, 2) and (3, 1) are not of the"),
    (lambda: ad.matrix_power(ad.ones(2, 3), 2), ValueError, "matrix_power takes square matrices"),
    (lambda: ad.matrix_power(ad.eye(2), 0.5), TypeError, "n must be an integer, not 0.5"),
    (lambda: la.matrix_norm(ad.eye(2), 3), RuntimeError, "ord 3 is none of 'fro', 'nuc'"),
    (lambda: la.matrix_norm(ad.eye(2), dim=1), ValueError, "takes two dims of a matrix, and got dim 1 of shape (2, 2)"),
    (lambda: la.matrix_norm(ad.eye(2), dim=(0, -2)), IndexError, "dim 0 is given twice in (0, -2)"),
    (lambda: la.matrix_norm(ad.ones(2, 2, dtype=ad.int64)), TypeError, "needs floating numbers and got int64"),
    (lambda: la.matrix_norm(ad.eye(2), dtype=ad.int64), TypeError, "dtype must be a floating one"),
    (lambda: la.norm(ad.ones(2, 2, 2), 2), ValueError, "a vector or a matrix, or dim=..., and got shape (2, 2, 2)"),
    (lambda: la.norm(ad.ones(2, 2, 2), dim=(0, 1, 2)), ValueError, "dim must be one dim or two"),
    (lambda: la.cond(ad.eye(2), 3), RuntimeError, "p 3 is none of"),
    (lambda: la.cond(ad.ones(2, 3), 1), ValueError, "cond takes square matrices"),
    (lambda: la.eigh(ad.eye(2), "x"), RuntimeError, "'L' or 'U', and is 'x'"),
    (lambda: la.qr(ad.eye(2), "full"), RuntimeError, "mode 'full' is none of 'reduced', 'complete' and 'r'"),
    (lambda: la.lstsq(ad.eye(2), ad.eye(2), driver="qr"), RuntimeError, "driver 'qr' is none of gels"),
    (lambda: la.lstsq(ad.eye(2), ad.ones(3, 1)), ValueError, "(2, 2) and (3, 1) are not of the form"),
    (lambda: la.tensorinv(ad.ones(2, 3, 5)), ValueError, "the sizes (2, 3) and (5,)"),
    (lambda: la.tensorsolve(ad.ones(2, 3, 5), ad.ones(2, 3)), ValueError, "shapes (2, 3, 5) and (2, 3) do not fit"),
    (lambda: la.vander(ad.ones(1)), ValueError, "N must be at least 2"),
    (lambda: ad.cholesky_solve(ad.ones(3, 1), ad.eye(2)), ValueError, "(3, 1) and (2, 2) are not of the form"),
    (lambda: ad.cholesky_solve(ad.ones(2, 1).double(), ad.eye(2)), TypeError, "float64 and float32 are not the same"),
]


@pytest.mark.parametrize(("apply", "error", "text"), MISTAKES, ids=[text for *_, text in MISTAKES])
def test_a_mistake_is_answered_in_the_users_words(apply, error, text):
    with pytest.raises(error) as caught:
        apply()
    assert text in str(caught.value)
    assert isinstance(caught.value, RuntimeError)


def test_a_singular_matrix_raises_what_numpy_raises():
    with pytest.raises(np.linalg.LinAlgError):
        la.inv(SINGULAR)


def test_a_derivative_that_does_not_exist_is_refused():
    q, _ = la.qr(tracked(drawn(3, 2)), mode="complete")
    with pytest.raises(RuntimeError, match=r"more rows \(3\) than columns \(2\) has no derivative"):
        q.sum().backward()
    with pytest.raises(LinAlgError, match="is singular"):
        la.slogdet(tracked(np.ones((2, 2)))).logabsdet.backward()


def test_a_second_derivative_reaches_a_result_that_its_own_rule_had_saved():
    x = tracked([[2.0, 0.5], [0.5, 1.0]])
    w, v = la.eigh(x)
    (g,) = ad.grad((w**3).sum(), x, create_graph=True)  # v diag(3 w^2) v^T
    found = ad.grad((g * g).sum(), [w, v])  # of the sum of 9 w^4
    np.testing.assert_allclose(found[0].numpy(), 36 * w.detach().numpy() ** 3)
    np.testing.assert_allclose(found[1].numpy(), 36 * v.detach().numpy() * w.detach().numpy() ** 4)
