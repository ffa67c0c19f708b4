"""PyTorch's names and conventions: how dims are given, what is raised, and that a method is its function."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import AutodiffError, DtypeError, GradientError, IndexingError, ShapeError
from autodiff.methods import Methods
from autodiff.names import deferred, families

ROOT = Path(__file__).resolve().parent.parent
X = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]])


def x(dtype=ad.float32):
    return ad.tensor(X, dtype=dtype)


def same(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-6)
    assert np.shape(a) == np.shape(b)


# -- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", families(), ids=lambda family: family.__name__.rpartition(".")[2])
def test_everything_a_family_offers_is_public(family):
    for name in family.__all__:
        assert getattr(ad, name) is getattr(family, name)
        assert name in ad.__all__


@pytest.mark.parametrize("family", families(), ids=lambda family: family.__name__.rpartition(".")[2])
def test_a_method_is_the_function_of_its_name(family):
    shared = set(family.METHODS) & set(family.__all__)
    assert all(getattr(Methods, name) is getattr(family, name) for name in shared)


@pytest.mark.parametrize("name", deferred.FUNCTIONS)
def test_what_is_said_of_a_family_that_is_not_imported_at_once_is_so(name):
    family = deferred.load(name)
    in_place = [f"{function}_" for function in family.IN_PLACE]
    assert deferred.FUNCTIONS[name].split() == sorted(family.__all__)
    assert deferred.METHODS.get(name, "").split() == sorted([*family.METHODS, *in_place])


def test_families_are_imported_with_their_first_function_method_or_primitive():
    program = """
import sys, autodiff as ad
def loaded(*names): return [name in sys.modules for name in names]
assert loaded("autodiff.names.matrices", "autodiff.ops.solving", "autodiff.linalg") == [False] * 3
assert ad.det(ad.eye(2)).item() == 1
assert loaded("autodiff.names.matrices", "autodiff.ops.solving", "autodiff.linalg") == [True, True, False]
assert ad.linalg.inv(ad.eye(2)).tolist() == [[1, 0], [0, 1]]
assert not loaded("autodiff.names.specials")[0]
assert ad.zeros(1).erfc_().item() == 1
assert loaded("autodiff.names.specials") == [True]
assert ad.Tensor.kron is ad.kron
assert not loaded("autodiff.ops.scatter")[0]
assert callable(ad.primitive.plain.scatter_add)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.stderr


def test_the_engine_listed_functions_are_methods_too():
    wanted = """add sub mul div true_divide pow neg abs sign exp log log1p sqrt rsqrt square reciprocal sin cos tanh
        sigmoid relu clamp clamp_min clamp_max where maximum minimum remainder floor_divide sum mean max min amax amin
        var std prod logsumexp argmax argmin any all transpose t permute reshape view flatten unsqueeze squeeze expand
        expand_as broadcast_to split chunk unbind movedim swapaxes ravel unflatten softmax log_softmax matmul mm bmm
        mv dot outer eq ne lt le gt ge logical_and logical_or logical_not logical_xor isnan isinf isfinite isclose
        allclose equal gather index_select masked_fill nonzero take_along_dim select narrow float double half long int
        bool short to type_as cpu clone contiguous numel size dim is_floating_point element_size nelement add_ sub_
        mul_ div_ zero_ fill_ copy_ clamp_ exp_ normal_ uniform_"""
    assert not [name for name in wanted.split() if not callable(getattr(ad.Tensor, name, None))]


# -- dims ----------------------------------------------------------------------------------------------------------

REDUCTIONS = ["sum", "mean", "prod", "var", "std", "logsumexp", "amax", "amin", "all", "any", "argmax", "argmin"]


@pytest.mark.parametrize("name", [*REDUCTIONS, "max", "min"])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_a_reduction_takes_the_spelling_of_numpy_as_well(name, dim):
    theirs = getattr(ad, name)(x(), axis=dim, keepdims=True)
    ours = getattr(x(), name)(dim, keepdim=True)
    for a, b in zip(ours, theirs, strict=True) if name in ("max", "min") else [(ours, theirs)]:
        same(a, b)
        assert a.ndim == 2


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "logsumexp", "amax", "amin"])
def test_several_dims_are_reduced_as_one(name):
    t = ad.tensor(np.arange(24.0).reshape(2, 3, 4))
    flat = ad.tensor(np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2).reshape(3, 8))
    same(getattr(t, name)(dim=[0, -1]), getattr(flat, name)(dim=1))


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "amax", "amin", "all", "any"])
def test_no_dims_means_all_of_them(name):
    same(getattr(x(), name)(dim=()), getattr(x(), name)())


@pytest.mark.parametrize("name", [*REDUCTIONS, "softmax", "log_softmax", "flatten", "squeeze", "unsqueeze"])
@pytest.mark.parametrize("dim", [0, -1])
def test_a_tensor_without_dimensions_takes_the_dims_0_and_minus_1(name, dim):
    out = getattr(ad.tensor(2.0), name)(dim)
    assert out.shape == ((1,) if name in ("flatten", "unsqueeze") else ())


@pytest.mark.parametrize("name", [*REDUCTIONS, "max", "min", "softmax", "squeeze", "flatten", "unbind", "size"])
@pytest.mark.parametrize("dim", [2, -3])
def test_a_dim_out_of_range_is_named_with_the_shape(name, dim):
    with pytest.raises(IndexingError, match=rf"{name}: dim {dim} is out of range .* \(2, 3\); it may be -2 to 1"):
        getattr(x(), name)(dim)


# -- types ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "dtype"),
    [
        (ad.tensor([1, 2]).sum(), ad.int64),
        (ad.tensor([1, 2], dtype=ad.uint8).sum(), ad.int64),
        (ad.tensor([True, True]).sum(0), ad.int64),
        (ad.tensor([1, 2], dtype=ad.int32).prod(), ad.int64),
        (ad.tensor([1, 2]).sum(dtype=ad.float32), ad.float32),
        (ad.tensor([1, 2]).mean(dtype=ad.float64), ad.float64),
        (ad.tensor([1, 2]) / 2, ad.float32),
        (ad.tensor([1, 2]).div(2, rounding_mode="floor"), ad.int64),
        (ad.tensor([1, 2]).remainder(1.5), ad.float32),
        (ad.tensor([1, 2]).exp(), ad.float32),
        (ad.tensor([1, 2]).argmax(), ad.int64),
        (ad.where(ad.tensor([True]), 1.0, 0.0), ad.float32),
        (ad.where(ad.tensor([True]), 1, 0), ad.int64),
        (ad.tensor([1, 2]).masked_fill(ad.tensor([True, False]), 1.5), ad.int64),
        (ad.cat([ad.tensor([1]), ad.tensor([1.0])]), ad.float32),
        (ad.stack([ad.tensor(1.0), ad.tensor(1.0, dtype=ad.float64)]), ad.float64),
        (ad.arange(3), ad.int64),
        (ad.arange(0, 1, 0.5), ad.float32),
        (ad.full((1,), True), ad.bool),
        (ad.full_like(ad.tensor([1]), 2.5), ad.int64),
    ],
)
def test_a_result_has_the_dtype_that_pytorch_gives_it(out, dtype):
    assert out.dtype == dtype


def test_the_default_dtype_decides_for_floats_made_of_nothing():
    ad.set_default_dtype(ad.float64)
    try:
        made = [ad.zeros(1), ad.rand(1), ad.arange(0.5), ad.full((1,), 0.5), ad.eye(1), ad.tensor([1, 2]).exp()]
        assert {t.dtype for t in made} == {ad.float64}
    finally:
        ad.set_default_dtype(ad.float32)


# -- results -------------------------------------------------------------------------------------------------------


def test_the_three_forms_of_max_and_min():
    t, other = x(), ad.zeros(3)
    assert (t.max().item(), t.min().item()) == (2.0, -1.25)
    values, indices = t.max(1)
    assert (values.tolist(), indices.tolist()) == ([2.0, 1.5], [2, 0])
    same(t.max(other), ad.maximum(t, other))
    same(ad.min(t, other=other), ad.minimum(t, other))


def test_values_and_indices_have_names():
    found = x().min(dim=0)
    assert isinstance(found, tuple)
    assert type(found) is ad.return_types.min
    assert found._fields == ("values", "indices")
    assert (found[0] is found.values, found[1] is found.indices) == (True, True)
    assert pickle.loads(pickle.dumps(found)).indices.tolist() == [0, 0, 1]
    assert repr(found) == ("return_types.min(\nvalues=tensor([ 0.5000, -1.2500, -0.5000]),\nindices=tensor([0, 0, 1]))")


def test_of_equal_largest_elements_all_share_the_cotangent_and_the_first_one_is_named():
    t = ad.tensor([[2.0, 2.0, 1.0]], requires_grad=True)
    assert t.max(1).indices.tolist() == [0]
    t.max().backward()
    assert t.grad.tolist() == [[0.5, 0.5, 0.0]]


def test_the_standard_deviation_of_equal_numbers_has_the_gradient_0():
    t = ad.ones(4, requires_grad=True)
    t.std().backward()
    assert t.grad.tolist() == [0, 0, 0, 0]


def test_cat_leaves_out_empty_tensors_of_one_dim():
    assert ad.cat([ad.zeros(0), x()]).shape == (2, 3)
    assert ad.cat([ad.zeros(0), ad.zeros(0)]).shape == (0,)


@pytest.mark.parametrize(
    ("size", "parts"), [(2, [2, 2, 1]), (5, [5]), (7, [5]), ([1, 4], [1, 4]), ([0, 5, 0], [0, 5, 0])]
)
def test_split_gives_parts_of_the_sizes_asked_for(size, parts):
    assert [len(part) for part in ad.split(ad.arange(5), size)] == parts


@pytest.mark.parametrize(("chunks", "parts"), [(1, [5]), (2, [3, 2]), (3, [2, 2, 1]), (4, [2, 2, 1]), (9, [1] * 5)])
def test_chunk_gives_no_more_parts_than_asked_for(chunks, parts):
    assert [len(part) for part in ad.chunk(ad.arange(5), chunks)] == parts


def test_views_share_memory():
    t = x()
    views = [t.t(), t.view(6), t.unsqueeze(0), t.transpose(0, 1), t.select(0, 1), t.narrow(1, 0, 2), t.split(1)[1]]
    views += [t.expand(4, 2, 3), t.movedim(0, 1), t.flatten(), t.permute(1, 0), t.squeeze(), t.unflatten(1, (3, 1))]
    assert all(np.shares_memory(v.numpy(), t.numpy()) for v in views)


def test_copies_do_not():
    t = x()
    copies = [t.clone(), t.t().contiguous(), t.t().reshape(6), t.index_select(0, ad.tensor([0])), t.to(ad.float64)]
    assert not any(np.shares_memory(c.numpy(), t.numpy()) for c in copies)


def test_what_is_as_wanted_already_is_returned_itself():
    t = x()
    assert all(same_one is t for same_one in [t.float(), t.to(ad.float32), t.to("cpu"), t.cpu(), t.contiguous()])
    assert t.to(ad.float32, copy=True) is not t


def test_equal_and_allclose_answer_with_one_bool():
    assert ad.equal(x(), x()) is True
    assert ad.equal(x(), x()[:1]) is False
    assert ad.allclose(x(), x() + 1e-9) is True
    assert x().allclose(x() + 1) is False
    assert ad.allclose(ad.tensor([float("inf")]), ad.tensor([float("inf")]))
    assert not ad.allclose(ad.tensor([float("inf")]), ad.tensor([-float("inf")]))


def test_comparisons_record_nothing():
    t = x().requires_grad_()
    results = [t > 0, t.isclose(t), t.isinf(), t.argmax(), t.nonzero(), t.logical_not(), t.all()]
    assert not any(r.requires_grad for r in results)


# -- derivatives of what is composed here --------------------------------------------------------------------------

AT = ad.tensor([[2, 0], [1, 1]])
MASK = ad.tensor([[True, False, True], [False, False, True]])
COMPOSED = {
    "rsqrt": lambda t: (t * t + 1).rsqrt(),
    "reciprocal": lambda t: (t + 4).reciprocal(),
    "square": lambda t: t.square(),
    "add alpha": lambda t: ad.add(t, t * t, alpha=3),
    "std": lambda t: t.std(1, correction=0),
    "softmax": lambda t: t.softmax(0),
    "gather": lambda t: (t * t).gather(1, AT),
    "gather part": lambda t: (t * t).gather(0, AT[:1, 1:]),
    "take_along_dim": lambda t: (t * t)[:1].take_along_dim(AT, 1),
    "index_select": lambda t: (t * t).index_select(1, ad.tensor([2, 2, 0])),
    "masked_fill": lambda t: (t * t).masked_fill(MASK, 1.0),
    "masked_select": lambda t: (t * t).masked_select(MASK),
    "where": lambda t: ad.where(MASK, t * t, t**3),
    "outer": lambda t: ad.outer(t[0], t[1]),
    "max": lambda t: (t * t).max(1).values,
    "cat": lambda t: ad.cat([t * t, t], dim=1),
    "chunk": lambda t: ad.mul(*[part**2 for part in t.chunk(2)]),
    "movedim": lambda t: (t * t).movedim(0, 1) @ t,
    "expand": lambda t: (t * t)[:, :1].expand(2, 3) * t,
    "in place": lambda t: (t * t).mul_(t).add_(t, alpha=2),
    "in place, composed": lambda t: (t * t).add_(1).rsqrt_(),
    "in place, masked": lambda t: (t**3).masked_fill_(MASK, 0.5),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_a_composed_function_has_right_derivatives_of_both_orders(name):
    t = x(ad.float64).requires_grad_()
    assert ad.gradcheck(COMPOSED[name], (t,))
    assert ad.gradgradcheck(COMPOSED[name], (t,))


# -- errors --------------------------------------------------------------------------------------------------------

INTS = ad.tensor([1, 2, 3])
REFUSED = {
    "mean of integers": (lambda: INTS.mean(), DtypeError, r"mean needs floating numbers and got int64; .*x.float\(\)"),
    "softmax of integers": (lambda: INTS.softmax(0), DtypeError, "softmax needs floating numbers and got int64"),
    "softmax without dim": (lambda: x().softmax(), DtypeError, "needs the dim along which .* dim=-1"),
    "logsumexp without dim": (lambda: ad.logsumexp(x()), DtypeError, "needs the dim to reduce over"),
    "dim and axis": (lambda: x().sum(0, axis=1), DtypeError, "two names for the same"),
    "a dim twice": (lambda: x().sum((0, -2)), IndexingError, r"dim 0 is given twice in \(0, -2\)"),
    "a dim that is no integer": (lambda: x().sum(1.5), DtypeError, "dim must be an integer, not 1.5"),
    "max of nothing": (lambda: ad.zeros(0, 3).max(), ShapeError, r"nothing to choose from in .* \(0, 3\)"),
    "argmax of nothing": (lambda: ad.zeros(0, 3).argmax(0), ShapeError, r"argmax has nothing to choose from"),
    "both spellings of correction": (lambda: x().var(correction=1, unbiased=True), DtypeError, "not both"),
    "a shape that does not fit": (
        lambda: x().reshape(4, -1),
        ShapeError,
        r"reshape: the 6 elements of a Tensor of shape \(2, 3\) do not fill the shape \(4, -1\)",
    ),
    "two sizes left open": (lambda: x().reshape(-1, -1), ShapeError, "only one of the sizes"),
    "a view that needs a copy": (lambda: x().t().view(6), ShapeError, r"cannot be seen as \(6,\); use .reshape"),
    "t of a stack": (lambda: ad.ones(2, 2, 2).t(), ShapeError, r"t\(\) transposes a matrix and got shape \(2, 2, 2\)"),
    "permute": (lambda: x().permute(0, 0), ShapeError, r"\(0, 0\) does not name each dim .* \(2, 3\) exactly once"),
    "movedim": (lambda: x().movedim(0, (0, 1)), ShapeError, "equally many dims"),
    "flatten backward": (lambda: x().flatten(1, 0), IndexingError, "start_dim 1 comes after end_dim 0"),
    "expand": (lambda: x().expand(3, 3), ShapeError, r"shape \(2, 3\) cannot be repeated to \(3, 3\)"),
    "unflatten": (lambda: x().unflatten(1, (2, 2)), ShapeError, r"the 3 elements .* do not fill the shape \(2, 2\)"),
    "unsqueeze": (lambda: x().unsqueeze(3), IndexingError, "it may be -3 to 2"),
    "cat of shapes": (
        lambda: ad.cat([x(), ad.ones(3, 2)]),
        ShapeError,
        r"\(2, 3\) and \(3, 2\) may differ in dim 0 only",
    ),
    "cat of one Tensor": (lambda: ad.cat(x()), DtypeError, "joins a list or tuple of Tensors, and got a Tensor"),
    "cat of nothing": (lambda: ad.cat([]), ShapeError, "cat needs at least one Tensor"),
    "cat without dims": (lambda: ad.cat([ad.tensor(1.0)]), ShapeError, "use ad.stack"),
    "stack": (lambda: ad.stack([x(), INTS]), ShapeError, r"one shape, and these have \(2, 3\) and \(3,\)"),
    "stack dim": (lambda: ad.stack([x()], 5), IndexingError, "stack: dim 5 is out of range"),
    "split sizes": (lambda: x().split([1, 2]), ShapeError, r"\[1, 2\] must add up to 2, the size of dim 0 of \(2, 3\)"),
    "split into nothing": (lambda: x().split(0), ShapeError, "at least 1, not 0"),
    "chunk": (lambda: x().chunk(0), ShapeError, "at least 1, not 0"),
    "unbind": (lambda: ad.tensor(1.0).unbind(), ShapeError, "without dimensions has none"),
    "where on numbers": (lambda: ad.where(x(), 1, 0), DtypeError, "must be boolean, not float32; .* x != 0"),
    "where with one choice": (lambda: ad.where(x() > 0, 1), DtypeError, "a condition alone, or a condition and two"),
    "a mask of numbers": (lambda: x().masked_fill(INTS, 0), DtypeError, "the mask must be boolean, not int64"),
    "a fill with dims": (lambda: x().masked_fill(MASK, INTS), ShapeError, r"one value: .* not one of shape \(3,\)"),
    "a fill that is no number": (lambda: x().fill_("a"), DtypeError, "a number or a Tensor, not a str"),
    "a mask that does not fit": (
        lambda: x().masked_select(ad.tensor([True, False])),
        ShapeError,
        r"a mask of shape \(2,\) does not broadcast against \(2, 3\)",
    ),
    "gather dims": (lambda: x().gather(1, INTS), ShapeError, r"equally many dims, and have shapes \(2, 3\) and \(3,\)"),
    "gather range": (lambda: x().gather(1, AT + 1), IndexingError, "index 3 is out of range in dim 1 of size 3"),
    "gather negative": (lambda: x().gather(1, AT - 1), IndexingError, "index -1 is out of range"),
    "gather floats": (lambda: x().gather(1, x()), DtypeError, r"made of integers, not float32; use index.long\(\)"),
    "gather size": (
        lambda: x().gather(1, ad.zeros(3, 1).long()),
        ShapeError,
        r"\(3, 1\) is larger than .* beside dim 1",
    ),
    "take_along_dim": (lambda: x().take_along_dim(INTS, 0), ShapeError, "do not fit beside dim 0"),
    "index_select": (lambda: x().index_select(1, AT), ShapeError, r"must have one dim, not the shape \(2, 2\)"),
    "select": (lambda: x().select(1, 3), IndexingError, "index 3 is out of range in dim 1"),
    "narrow": (lambda: x().narrow(1, 2, 2), IndexingError, "2 slices from 2 on do not lie in dim 1"),
    "mm": (lambda: x().mm(INTS), ShapeError, r"mm multiplies matrices, and got shapes \(2, 3\) and \(3,\)"),
    "bmm": (lambda: ad.bmm(ad.ones(2, 1, 1), ad.ones(3, 1, 1)), ShapeError, "not equally high"),
    "matmul of two dtypes": (lambda: x() @ INTS, DtypeError, "one dtype and got float32 and int64"),
    "a list as operand": (lambda: ad.add([1], x()), DtypeError, r"not on a list; make a Tensor of it with ad.tensor"),
    "None as operand": (lambda: ad.sum(None), DtypeError, "sum works on Tensors, arrays and numbers, not on None"),
    "clamp without bounds": (lambda: x().clamp(), AutodiffError, "clamp needs a bound"),
    "rounding": (lambda: ad.div(x(), 2, rounding_mode="up"), AutodiffError, "None, 'trunc' or 'floor', not 'up'"),
    "a range that leads away": (lambda: ad.arange(5, 0), AutodiffError, "a step of 1 does not lead from 5 to 0"),
    "a negative size": (lambda: ad.zeros(2, -1), ShapeError, r"cannot be negative, and one of \(2, -1\) is"),
    "a size that is no integer": (lambda: ad.zeros(2.5), DtypeError, "a size must be an integer, not 2.5"),
    "an unknown word": (lambda: ad.zeros(2, dtyp=1), DtypeError, "unexpected keyword argument 'dtyp'"),
    "full of several": (lambda: ad.full((2,), INTS), ShapeError, r"repeats one value, not a Tensor of shape \(3,\)"),
    "a device": (lambda: x().cuda(), AutodiffError, "Tensors live on the CPU"),
    "a device by name": (lambda: x().to("cuda:0"), AutodiffError, "there is no device 'cuda:0' here"),
    "a dtype": (lambda: x().to("float99"), DtypeError, "'float99' is not a dtype"),
    "to with too much": (lambda: x().to(ad.float64, False, True, 1), DtypeError, "takes a dtype, a device or a Tensor"),
    "the size of a dim of none": (lambda: ad.tensor(1.0).size(0), DtypeError, "without dimensions has no size"),
    "in place on integers": (lambda: INTS.clone().add_(1.5), DtypeError, "cannot be written into .* int64"),
    "in place on a leaf": (
        lambda: x().requires_grad_().exp_(),
        GradientError,
        r"leaf Tensor that requires grad cannot be changed in place",
    ),
    "in place with clamp": (lambda: x().clamp_(), AutodiffError, "clamp_ needs a bound"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_mistake_is_explained_in_the_words_of_the_call(what):
    call, kind, text = REFUSED[what]
    with pytest.raises(kind, match=text):
        call()
