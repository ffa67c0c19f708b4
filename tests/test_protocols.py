"""NumPy's functions on Tensors: each gives what it gives on arrays, as a Tensor, with the derivative of differences.

A case is one expression, evaluated on arrays and on Tensors.
"""

import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.checking import gradcheck
from autodiff.protocols import LISTED, names_of
from autodiff.protocols.naming import DIFFERENT, SAME, found, spoken
from autodiff.protocols.ufuncs import ACCUMULATE, REDUCE, UFUNCS

RNG = np.random.default_rng(0)
SQUARE = np.array([[2.0, 0.3, -0.5], [0.1, 1.5, 0.4], [-0.3, 0.2, 1.8]])
INPUTS: dict[str, np.ndarray] = {
    "x": np.array([[0.53, -1.27, 2.12], [1.61, 0.74, -0.42]]),
    "y": np.array([[1.53, 0.31, -0.72], [-2.11, 1.04, 0.27]]),
    "p": np.array([[0.57, 0.36, 0.81], [0.22, 0.77, 0.93]]),
    "q": np.array([[0.61, 0.17, 0.71], [0.33, 0.86, 0.12]]),
    "r": np.array([1.0, -2.0, 0.5]),
    "v": np.array([0.3, 1.2, -0.4, 2.0, 0.9]),
    "s": np.array(1.5),
    "k": RNG.normal(size=(2, 3, 4)),
    "a": SQUARE,
    "stack": SQUARE + RNG.normal(size=(2, 3, 3)) / 9,
    "spd": SQUARE @ SQUARE.T,
    "w": np.array([[0.5, np.nan, 2.0], [1.5, 0.75, np.nan]]),
    "i": np.array([[1, -2, 3], [4, 5, -7]]),
    "j": np.array([[2, 3, 1], [1, 4, 2]]),
    "ix": np.array([2, 0, 0]),
    "b": np.array([[True, False, True], [False, False, True]]),
}

Case = Callable[..., Any]
CASES: dict[str, Case] = {
    "sum": lambda x: np.sum(x),
    "sum axis": lambda k: np.sum(k, axis=(0, 2), keepdims=True),
    "sum dtype": lambda i: np.sum(i, 1, dtype=np.float64),
    "prod": lambda x: np.prod(x, axis=1),
    "mean": lambda x: np.mean(x, 0),
    "var": lambda k: np.var(k, axis=(1, 2), ddof=1),
    "std": lambda x: np.std(x),
    "std axis": lambda x: np.std(x, axis=1, ddof=1, keepdims=True),
    "max": lambda x: np.max(x, axis=0),
    "min": lambda x: np.min(x, keepdims=True),
    "amax": lambda x: np.amax(x),
    "amin": lambda k: np.amin(k, axis=(0, 1)),
    "ptp": lambda x: np.ptp(x, axis=1),
    "argmax": lambda x: np.argmax(x, axis=1),
    "argmin": lambda x: np.argmin(x),
    "all": lambda b: np.all(b, axis=0),
    "any": lambda b: np.any(b),
    "count_nonzero": lambda b: np.count_nonzero(b, axis=1),
    "average": lambda x: np.average(x),
    "average weights": lambda x, r: np.average(x, axis=1, weights=r),
    "average weights alike": lambda x, p: np.average(x, weights=p),
    "nansum": lambda w: np.nansum(w, axis=1),
    "nanprod": lambda w: np.nanprod(w),
    "nanmean": lambda w: np.nanmean(w, axis=0),
    "nanvar": lambda w: np.nanvar(w, axis=1, ddof=0),
    "nanstd": lambda w: np.nanstd(w),
    "nanmax": lambda w: np.nanmax(w, axis=1),
    "nanmin": lambda w: np.nanmin(w),
    "nanargmax": lambda w: np.nanargmax(w, axis=1),
    "nanargmin": lambda w: np.nanargmin(w, axis=0),
    "nancumsum": lambda w: np.nancumsum(w, axis=1),
    "nancumprod": lambda w: np.nancumprod(w),
    "cumsum": lambda x: np.cumsum(x),
    "cumsum axis": lambda x: np.cumsum(x, axis=1),
    "cumprod": lambda x: np.cumprod(x, axis=0),
    "diff": lambda x: np.diff(x),
    "diff twice": lambda k: np.diff(k, n=2, axis=1),
    "diff ends": lambda x, s: np.diff(x, prepend=s, append=x[:, :1]),
    "ediff1d": lambda x: np.ediff1d(x),
    "trapezoid": lambda x: np.trapezoid(x, dx=0.5),
    "trapezoid places": lambda k, r: np.trapezoid(k, x=np.cumsum(r), axis=1),
    "median": lambda x: np.median(x, axis=0),
    "median all": lambda k: np.median(k),
    "median keepdims": lambda k: np.median(k, axis=(0, 2), keepdims=True),
    "nanmedian": lambda w: np.nanmedian(w, axis=1),
    "quantile": lambda x: np.quantile(x, 0.3),
    "quantile several": lambda k: np.quantile(k, [0.1, 0.9], axis=1),
    "quantile lower": lambda k: np.quantile(k, 0.4, axis=2, method="lower"),
    "quantile higher": lambda k: np.quantile(k, 0.4, axis=2, method="higher"),
    "quantile midpoint": lambda k: np.quantile(k, 0.4, axis=2, method="midpoint"),
    "quantile nearest": lambda k: np.quantile(k, 0.3, axis=2, method="nearest", keepdims=True),
    "percentile": lambda x: np.percentile(x, [25, 50, 75]),
    "nanquantile": lambda w: np.nanquantile(w, 0.7, axis=1),
    "nanpercentile": lambda w: np.nanpercentile(w, 40),
    "cov": lambda x: np.cov(x),
    "cov columns": lambda k: np.cov(k[0], rowvar=False, bias=True),
    "cov two": lambda r, x: np.cov(r, x[0], ddof=0),
    "cov weights": lambda k: np.cov(k[0], fweights=np.array([1, 2, 1, 3]), aweights=np.array([0.5, 1.0, 2.0, 1.0])),
    "cov one": lambda r: np.cov(r),
    "corrcoef": lambda k: np.corrcoef(k[0]),
    "convolve": lambda v, r: np.convolve(v, r),
    "convolve same": lambda v, r: np.convolve(r, v, "same"),
    "convolve same even": lambda v, r: np.convolve(v, r[:2], mode="same"),
    "convolve valid": lambda v, r: np.convolve(v, r, mode="valid"),
    "correlate": lambda v, r: np.correlate(v, r),
    "correlate full": lambda v, r: np.correlate(r, v, "full"),
    "correlate same": lambda v, r: np.correlate(v, r[:2], "same"),
    "correlate same swapped": lambda v, r: np.correlate(r[:2], v, "same"),
    "interp": lambda x, v: np.interp(x, np.array([-1.0, 0.2, 0.6, 1.7, 3.0]), v),
    "interp ends": lambda x, v: np.interp(x, np.array([-1.0, 0.2, 0.6, 1.7, 1.9]), v, left=-5.0, right=7.0),
    "polyval": lambda r, x: np.polyval(r, x),
    "dot": lambda r, v: np.dot(r, v[:3]),
    "dot matrices": lambda x, y: np.dot(x, y.T),
    "dot more": lambda k, x: np.dot(x, k),
    "dot vector": lambda k, v: np.dot(k, v[:4]),
    "dot number": lambda x: np.dot(x, 2.0),
    "vdot": lambda x, y: np.vdot(x, y),
    "inner": lambda x, r: np.inner(x, r),
    "outer": lambda x, r: np.outer(x, r),
    "kron": lambda x, y: np.kron(x, y),
    "tensordot": lambda k, x: np.tensordot(k, x, axes=([1], [1])),
    "tensordot axis": lambda x, y: np.tensordot(x, y, axes=[0, 0]),
    "tensordot int": lambda x, y: np.tensordot(x, y),
    "einsum": lambda x, y: np.einsum("ij,kj->ik", x, y),
    "einsum numbers": lambda x, y: np.einsum(x, [0, 1], y, [2, 1], [0, 2]),
    "einsum three": lambda x, r, y: np.einsum("ij,j,kj", x, r, y, optimize=True),
    "cross": lambda x, y: np.cross(x, y),
    "cross axes": lambda k, a: np.cross(k[0], k[1], axis=0),
    "cross axisa": lambda x, y: np.cross(x.T, y, axisa=0, axisc=0),
    "trace": lambda k: np.trace(k, offset=1, axis1=1, axis2=2),
    "linalg.multi_dot": lambda x, y, a: np.linalg.multi_dot([x, a, y.T]),
    "linalg.matmul": lambda x, y: np.linalg.matmul(x, y.T),
    "linalg.vecdot": lambda x, y: np.linalg.vecdot(x, y),
    "linalg.vecdot axis": lambda x, y: np.linalg.vecdot(x, y, axis=0),
    "linalg.outer": lambda r, v: np.linalg.outer(r, v),
    "linalg.tensordot": lambda x, y: np.linalg.tensordot(x, y, axes=2),
    "linalg.cross": lambda x, y: np.linalg.cross(x, y),
    "linalg.trace": lambda stack: np.linalg.trace(stack),
    "linalg.diagonal": lambda stack: np.linalg.diagonal(stack, offset=1),
    "linalg.matrix_transpose": lambda k: np.linalg.matrix_transpose(k),
    "linalg.inv": lambda stack: np.linalg.inv(stack),
    "linalg.solve": lambda stack, a: np.linalg.solve(stack, a),
    "linalg.solve vector": lambda a, r: np.linalg.solve(a, r),
    "linalg.det": lambda stack: np.linalg.det(stack),
    "linalg.slogdet": lambda a: np.linalg.slogdet(a).logabsdet,
    "linalg.cholesky": lambda spd: np.linalg.cholesky(spd + spd.T),
    "linalg.eigh": lambda spd: np.linalg.eigh(spd + spd.T).eigenvalues,
    "linalg.eigh vectors": lambda spd: np.abs(np.linalg.eigh(spd + spd.T).eigenvectors),
    "linalg.eigvalsh": lambda spd: np.linalg.eigvalsh(spd + spd.T),
    "linalg.svd": lambda x: np.abs(np.linalg.svd(x, full_matrices=False).U),
    "linalg.svd values": lambda x: np.linalg.svd(x, compute_uv=False),
    "linalg.svdvals": lambda x: np.linalg.svdvals(x),
    "linalg.qr": lambda a: np.abs(np.linalg.qr(a).R),
    "linalg.qr r": lambda a: np.abs(np.linalg.qr(a, mode="r")),
    "linalg.pinv": lambda x: np.linalg.pinv(x),
    "linalg.lstsq": lambda a, r, x: np.linalg.lstsq(x.T, r, rcond=None)[0],
    "linalg.lstsq residuals": lambda r, x: np.linalg.lstsq(x.T, r, rcond=None)[1],
    "linalg.norm": lambda x: np.linalg.norm(x),
    "linalg.norm ord": lambda x: np.linalg.norm(x, 1, axis=1, keepdims=True),
    "linalg.norm matrix": lambda x: np.linalg.norm(x, "nuc"),
    "linalg.matrix_norm": lambda k: np.linalg.matrix_norm(k, ord=2),
    "linalg.vector_norm": lambda k: np.linalg.vector_norm(k, axis=(0, 1), ord=3),
    "linalg.matrix_power": lambda a: np.linalg.matrix_power(a, -2),
    "linalg.matrix_rank": lambda stack: np.linalg.matrix_rank(stack),
    "linalg.cond": lambda a: np.linalg.cond(a),
    "linalg.tensorinv": lambda a: np.linalg.tensorinv(a.reshape(3, 1, 3), ind=1),
    "linalg.tensorsolve": lambda a, r: np.linalg.tensorsolve(a, r),
    "where": lambda b, x, y: np.where(b, x, y),
    "where number": lambda x: np.where(x > 0, x, 0.0),
    "where one": lambda b: np.where(b),
    "select": lambda x, y: np.select([x > 1, x > 0], [x * 2, y], 3.0),
    "clip": lambda x: np.clip(x, -1, 1),
    "take": lambda x, ix: np.take(x, ix),
    "take axis": lambda x, ix: np.take(x, ix, axis=1),
    "take list": lambda x: np.take(x, [[1, 0]], 0),
    "compress": lambda x: np.compress([True, False, True], x, axis=1),
    "extract": lambda b, x: np.extract(b, x),
    "take_along_axis": lambda x, y: np.take_along_axis(x, np.argsort(y, axis=1), axis=1),
    "sort": lambda x: np.sort(x, axis=0),
    "sort flat": lambda x: np.sort(x, axis=None),
    "argsort": lambda x: np.argsort(x),
    "searchsorted": lambda x, v: np.searchsorted(np.sort(v), x, side="right"),
    "digitize": lambda x: np.digitize(x, np.array([-1.0, 0.5, 1.5])),
    "unique": lambda j: np.unique(j),
    "unique more": lambda j: np.unique(j, return_inverse=True, return_counts=True),
    "bincount": lambda ix, r: np.bincount(ix, weights=r, minlength=5),
    "bincount plain": lambda ix: np.bincount(ix),
    "nonzero": lambda b: np.nonzero(b),
    "flatnonzero": lambda b: np.flatnonzero(b),
    "argwhere": lambda b: np.argwhere(b),
    "isin": lambda j: np.isin(j, [1, 4]),
    "isclose": lambda x: np.isclose(x, x + 1e-9),
    "isposinf": lambda x: np.isposinf(x / 0 * 0 + x),
    "isneginf": lambda x: np.isneginf(x),
    "isreal": lambda x: np.isreal(x),
    "iscomplex": lambda x: np.iscomplex(x),
    "real": lambda x: np.real(x),
    "round": lambda x: np.round(x, 1),
    "around": lambda x: np.around(x),
    "fix": lambda x: np.fix(x),
    "nan_to_num": lambda w: np.nan_to_num(w, nan=2.0),
    "sinc": lambda x: np.sinc(x),
    "i0": lambda x: np.i0(x),
    "reshape": lambda k: np.reshape(k, (4, -1)),
    "reshape int": lambda k: np.reshape(k, -1),
    "ravel": lambda k: np.ravel(k),
    "transpose": lambda k: np.transpose(k),
    "transpose axes": lambda k: np.transpose(k, (1, 0, 2)),
    "permute_dims": lambda k: np.permute_dims(k, (2, 0, 1)),
    "matrix_transpose": lambda k: np.matrix_transpose(k),
    "swapaxes": lambda k: np.swapaxes(k, 0, -1),
    "moveaxis": lambda k: np.moveaxis(k, [0, 1], [-1, 0]),
    "rollaxis": lambda k: np.rollaxis(k, 2),
    "rollaxis start": lambda k: np.rollaxis(k, 0, 3),
    "expand_dims": lambda k: np.expand_dims(k, (0, -1)),
    "squeeze": lambda x: np.squeeze(x[None, :, None]),
    "squeeze axis": lambda x: np.squeeze(x[None, :, None], axis=0),
    "broadcast_to": lambda r: np.broadcast_to(r, (2, 3)),
    "broadcast_arrays": lambda r, x: np.broadcast_arrays(r, x)[0],
    "flip": lambda k: np.flip(k),
    "flip axis": lambda k: np.flip(k, (0, -1)),
    "fliplr": lambda x: np.fliplr(x),
    "flipud": lambda x: np.flipud(x),
    "roll": lambda x: np.roll(x, 2),
    "roll axes": lambda x: np.roll(x, (1, 2), axis=(0, 1)),
    "rot90": lambda x: np.rot90(x, 3),
    "rot90 axes": lambda k: np.rot90(k, k=1, axes=(1, 2)),
    "tile": lambda x: np.tile(x, (2, 1, 2)),
    "tile number": lambda x: np.tile(x, 2),
    "repeat": lambda x: np.repeat(x, 2),
    "repeat each": lambda x: np.repeat(x, [1, 0, 2], axis=1),
    "pad": lambda x: np.pad(x, 1),
    "pad widths": lambda x: np.pad(x, ((0, 1), (2, 0)), "constant", constant_values=3.0),
    "diag": lambda r: np.diag(r, 1),
    "diag matrix": lambda x: np.diag(x, k=-1),
    "diagflat": lambda x: np.diagflat(x),
    "diagonal": lambda k: np.diagonal(k, 1, 1, 2),
    "tril": lambda k: np.tril(k, -1),
    "triu": lambda x: np.triu(x, k=1),
    "atleast_1d": lambda s: np.atleast_1d(s),
    "atleast_2d": lambda r: np.atleast_2d(r),
    "atleast_3d": lambda x: np.atleast_3d(x),
    "concatenate": lambda x, y: np.concatenate([x, y], axis=1),
    "concatenate flat": lambda x, r: np.concatenate((x, r), axis=None),
    "stack": lambda x, y: np.stack([x, y], axis=1),
    "vstack": lambda x, r: np.vstack((x, r)),
    "hstack": lambda x, y: np.hstack((x, y)),
    "dstack": lambda x, y: np.dstack([x, y]),
    "column_stack": lambda r, a: np.column_stack((r, a)),
    "append": lambda x, r: np.append(x, r),
    "append axis": lambda x, y: np.append(x, y, axis=0),
    "block": lambda x, a: np.block([[a, x.T], [x, np.ones((2, 2))]]),
    "split": lambda x: np.split(x, 3, axis=1),
    "split at": lambda v: np.split(v, [1, 3]),
    "array_split": lambda v: np.array_split(v, 3),
    "array_split at": lambda v: np.array_split(v, [2, -1, 9]),
    "hsplit": lambda x: np.hsplit(x, 3),
    "vsplit": lambda x: np.vsplit(x, 2),
    "dsplit": lambda k: np.dsplit(k, [1]),
    "meshgrid": lambda r, v: np.meshgrid(r, v),
    "meshgrid ij": lambda r, v: np.meshgrid(r, v, indexing="ij", sparse=True),
    "copy": lambda x: np.copy(x),
    "zeros_like": lambda x: np.zeros_like(x),
    "ones_like": lambda x: np.ones_like(x, shape=(2, 2)),
    "empty_like": lambda x: np.empty_like(x) * 0,
    "full_like": lambda x: np.full_like(x, 2.5),
}
if hasattr(np, "cumulative_sum"):
    CASES |= {
        "clip keywords": lambda x, p: np.clip(x, min=p),
        "cumulative_sum": lambda r: np.cumulative_sum(r, include_initial=True),
        "cumulative_prod": lambda x: np.cumulative_prod(x, axis=1),
        "unstack": lambda k: np.unstack(k, axis=1),
    }
#: Functions that return facts, or other values of Python's.
FACTS: dict[str, Case] = {
    "shape": lambda k: np.shape(k),
    "ndim": lambda k: np.ndim(k),
    "size": lambda k: (np.size(k), np.size(k, 1)),
    "allclose": lambda x: (np.allclose(x, x + 1e-9), np.allclose(x, 0.0)),
    "array_equal": lambda x, y: (np.array_equal(x, x * 1), np.array_equal(x, y)),
    "array_equiv": lambda x, r: (np.array_equiv(x[:1], x[0]), np.array_equiv(x, r)),
    "isrealobj": lambda x: np.isrealobj(x),
    "iscomplexobj": lambda x: np.iscomplexobj(x),
    "result_type": lambda x, i: np.result_type(x, i),
    "shares_memory": lambda x, y: (np.shares_memory(x, x[0]), np.shares_memory(x, y)),
    "may_share_memory": lambda x, y: (np.may_share_memory(x, x[0]), np.may_share_memory(x, y)),
    "unique_values": lambda j: sorted(np.unique_values(j).tolist()),
    "unique_counts": lambda j: sorted(zip(*[a.tolist() for a in np.unique_counts(j)], strict=True)),
    "unique_inverse": lambda j: [np.unique_inverse(j)[0].tolist()[k] for k in np.unique_inverse(j)[1].ravel().tolist()],
}


def arrays_of(case: Case, dtype: Any = np.float64) -> list[Any]:
    given = [INPUTS[name] for name in case.__code__.co_varnames[: case.__code__.co_argcount]]
    return [np.array(a, dtype) if a.dtype.kind == "f" else np.array(a) for a in given]


def tensors_of(case: Case, dtype: Any = np.float64) -> list[Any]:
    made = [ad.from_numpy(a) for a in arrays_of(case, dtype)]
    return [t.requires_grad_() if t.dtype.kind == "f" else t for t in made]


def several(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def check(case: Case) -> None:
    """The value is NumPy's, the result a Tensor, and its derivative that of differences."""
    with np.errstate(all="ignore"):
        expected = several(case(*arrays_of(case)))
    given = tensors_of(case)
    actual = several(case(*given))
    assert len(actual) == len(expected)
    for mine, its in zip(actual, expected, strict=True):
        assert type(mine) is ad.Tensor
        assert tuple(mine.shape) == np.shape(its)
        np.testing.assert_allclose(mine.detach().numpy(), its, rtol=1e-9, atol=1e-12)
    differentiable = [t for t in given if t.requires_grad]
    if differentiable and any(out.requires_grad for out in actual) and not any(t.isnan().any() for t in given):
        assert gradcheck(
            lambda *a: tuple(o for o in several(case(*a)) if o.requires_grad), tuple(given), fast_mode=True
        )


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated:DeprecationWarning")  # since NumPy 2.5
@pytest.mark.parametrize("name", CASES)
def test_a_function_of_tensors_is_that_of_arrays(name):
    check(CASES[name])


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_float32(name):
    wide = {"average weights", "cov weights", "sum dtype", "interp", "interp ends", "block", "digitize"}
    given = tensors_of(CASES[name], np.float32)
    for out in several(CASES[name](*given)):
        assert name in wide or out.dtype != np.float64


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_of_tensors_is_that_of_arrays(name):
    case = FACTS[name]
    mine, its = case(*tensors_of(case)), case(*arrays_of(case))
    assert mine == its
    assert type(mine) is type(its) or isinstance(mine, bool)


def test_what_ignores_nan_sends_nothing_back_to_it():
    w = ad.tensor(INPUTS["w"], requires_grad=True)
    (g,) = ad.grad(np.nansum(w) + np.nanmax(w), w)
    assert g.tolist() == [[1.0, 0.0, 2.0], [1.0, 1.0, 0.0]]


# -- ufuncs --------------------------------------------------------------------------------------------------------

INTEGER = {"gcd", "lcm", "bitwise_and", "bitwise_or", "bitwise_xor", "invert", "left_shift", "right_shift"}
SHAPED = {"matmul", "vecdot", "matvec", "vecmat"}


def ufunc_case(ufunc: Any) -> Case:
    if ufunc.__name__ in INTEGER:
        return (lambda j: ufunc(j)) if ufunc.nin == 1 else (lambda j: ufunc(j, 2))
    if ufunc.__name__ == "arccosh":
        return lambda p: ufunc(p + 1)
    if ufunc.__name__ == "ldexp":
        return lambda p, j: ufunc(p, j)
    if ufunc.__name__ in SHAPED:
        return {
            "matmul": lambda x, y: ufunc(x, y.T),
            "vecdot": lambda x, y: ufunc(x, y, axis=0),
            "matvec": lambda k, v: ufunc(k, v[:4]),
            "vecmat": lambda k, r: ufunc(r, k),
        }[ufunc.__name__]
    return (lambda p: ufunc(p)) if ufunc.nin == 1 else (lambda p, q: ufunc(p, q))


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda u: u.__name__)
def test_a_ufunc_of_tensors_is_that_of_arrays(ufunc):
    check(ufunc_case(ufunc))


def logical(ufunc: Any) -> bool:
    return ufunc.__name__.startswith("logical")


@pytest.mark.parametrize("ufunc", REDUCE, ids=lambda u: u.__name__)
def test_reducing_by_a_ufunc(ufunc):
    check((lambda b: ufunc.reduce(b, axis=1)) if logical(ufunc) else (lambda x: ufunc.reduce(x, axis=1)))
    check((lambda b: ufunc.reduce(b)) if logical(ufunc) else (lambda x: ufunc.reduce(x, keepdims=True)))


@pytest.mark.parametrize("ufunc", ACCUMULATE, ids=lambda u: u.__name__)
def test_accumulating_by_a_ufunc(ufunc):
    check(lambda x: ufunc.accumulate(x))
    check(lambda x: ufunc.accumulate(x, axis=1))


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.subtract, np.maximum, np.power], ids=lambda u: u.__name__)
def test_a_ufunc_of_all_pairs(ufunc):
    check(lambda p, q: ufunc.outer(p, q[0]))


def test_arrays_and_tensors_mix_in_operators_and_ufuncs():
    t = ad.tensor([1.0, 2.0, 3.0], requires_grad=True)
    a = np.array([2.0, 3.0, 4.0], np.float32)
    for out in (
        a * t,
        t * a,
        a + t,
        a - t,
        a / t,
        a**t,
        a @ t,
        a > t,
        np.float32(2) * t,
        np.add(a, t),
        np.add(t, [1, 2, 3]),
    ):
        assert type(out) is ad.Tensor
    assert (a * t).dtype == (np.float64(2.0) * t).dtype == np.float32
    (g,) = ad.grad((a * t).sum(), t)
    np.testing.assert_array_equal(g.numpy(), a)


def test_lists_that_hold_tensors_keep_their_history():
    t = ad.tensor([1.0, 2.0], requires_grad=True)
    out = np.add(t, [t[0], 3.0])
    assert ad.grad(out.sum(), t)[0].tolist() == [2.0, 1.0]


# -- what is refused -----------------------------------------------------------------------------------------------

T = ad.tensor([1.0, 2.0, 3.0], requires_grad=True)
A = np.ones(3, np.float32)
REFUSED = {
    "a function that is not listed": (lambda: np.fft.fft(T), TypeError, "np.fft.fft is not an operation on Tensors"),
    "another": (lambda: np.histogram(T), TypeError, "np.histogram is not"),
    "one that writes": (lambda: np.copyto(T, A), TypeError, "np.copyto is not"),
    "a ufunc that is not listed": (lambda: np.spacing(T), TypeError, "np.spacing is not"),
    "a method that is not listed": (lambda: np.add.at(T, [0], 1.0), TypeError, "np.add.at is not"),
    "a reduction that is not listed": (lambda: np.subtract.reduce(T), TypeError, "np.subtract.reduce is not"),
    "a ufunc with out": (lambda: np.add(T, 1, out=A.copy()), TypeError, "given as out="),
    "a Tensor as out": (lambda: np.add(A, 1, out=T), TypeError, "given as out="),
    "a function with out": (lambda: np.sum(T, out=A[0:1].reshape(())), TypeError, "np.sum cannot write"),
    "out by its place": (lambda: np.mean(T, 0, None, np.zeros(())), TypeError, "np.mean cannot write"),
    "array += tensor": (lambda: A.copy().__iadd__(T), TypeError, "array = array + tensor"),
    "a ufunc with where": (lambda: np.add(T, 1, where=A > 0), TypeError, "does not take where="),
    "a reduction with where": (lambda: np.sum(T, where=A > 0), TypeError, "np.sum of a Tensor does not take where="),
    "a ufunc with dtype": (
        lambda: np.add(T, 1, dtype=np.float64),
        TypeError,
        "np.add of a Tensor does not take dtype=",
    ),
    "Fortran order": (lambda: np.reshape(T, (3, 1), order="F"), RuntimeError, "read in C order"),
    "an uneven split": (lambda: np.split(T, 2), ValueError, "np.array_split can"),
    "another padding": (lambda: np.pad(T, 1, "edge"), TypeError, "by one constant"),
    "asarray": (lambda: np.asarray(T), RuntimeError, "would lose the gradient"),
    "array": (lambda: np.array(T), RuntimeError, "would lose the gradient"),
    "array of several": (lambda: np.array([T, T]), RuntimeError, "would lose the gradient"),
    "a list in place of a Tensor": (lambda: np.sum([T, T]), RuntimeError, "would lose the gradient"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_what_to_write(name):
    call, error, text = REFUSED[name]
    with pytest.raises(error) as caught:
        call()
    assert text in str(caught.value)


def test_options_as_they_are_by_default_are_no_options():
    assert np.sum(T, out=None).item() == np.sum(T, None, None, None).item() == 6.0
    assert np.copy(T, order="K").tolist() == T.tolist()


# -- the table -----------------------------------------------------------------------------------------------------


def test_every_listed_function_has_a_case():
    named = {found(name.split()[0]) for name in (*CASES, *FACTS)}
    assert set(LISTED) - set(UFUNCS) == named


def test_every_name_of_the_table_means_a_numpy_function():
    missing = [name for name in (*SAME, *DIFFERENT) if found(name) is None]
    assert set(missing) <= {"cumulative_sum", "unstack"}  # of NumPy 2.1
    assert {spoken(f) for f in LISTED} >= {"np.sum", "np.sin", "np.linalg.inv"}


def test_a_public_function_knows_its_numpy_functions():
    assert names_of("clamp") == ["np.clip"]
    assert names_of("Tensor.amax") == ["np.amax", "np.max"]
    assert names_of("linalg.inv") == ["np.linalg.inv"]
    assert names_of("split") == names_of("std") == names_of("relu") == []


@pytest.mark.parametrize("function", [f for f in LISTED if f not in UFUNCS], ids=spoken)
def test_parameters_have_numpys_names(function):
    try:
        known = inspect.signature(function).parameters
    except ValueError:  # written in C
        return
    if any(p.kind is p.VAR_KEYWORD for p in known.values()) or "newshape" in known:  # np.reshape of NumPy 2.0
        return
    code = LISTED[function].__code__
    mine = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    assert set(mine) <= set(known), f"{spoken(function)} has {list(known)}"


def test_what_is_not_used_is_not_imported():
    source = "import autodiff, sys; assert not [m for m in sys.modules if m.startswith('autodiff.protocols')]"
    subprocess.run([sys.executable, "-c", source], check=True)


@pytest.mark.parametrize("equal_nan", [True, False])
def test_unique_takes_nans_together_or_apart_as_numpy_does(equal_nan):
    array = np.array([np.nan, 1.0, np.nan, 0.5, 1.0])
    ours = np.unique(ad.from_numpy(array), return_inverse=True, return_counts=True, equal_nan=equal_nan)
    theirs = np.unique(array, return_inverse=True, return_counts=True, equal_nan=equal_nan)
    for mine, its in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(mine.numpy(), its)
