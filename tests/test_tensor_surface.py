"""The surface of a Tensor and of the package: questions, conversions, writing in place, and what is public."""

import copy
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import AutodiffError, DtypeError, GradientError, ShapeError
from tests import methods_stub

ROOT = Path(__file__).resolve().parent.parent
NAN = float("nan")


# -- the package ---------------------------------------------------------------------------------------------------


def test_the_public_names_are_sorted_and_complete():
    assert ad.__all__ == sorted(ad.__all__)
    assert not [name for name in ad.__all__ if not hasattr(ad, name)]
    modules = {name.rpartition(".")[2] for name in sys.modules if name.startswith("autodiff.")}
    visible = {name for name in vars(ad) if not name.startswith("_")} - modules - {"annotations"}
    assert visible <= set(ad.__all__)
    assert set(ad.__all__) <= set(dir(ad))


def test_the_version_is_that_of_the_distribution():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert ad.__version__ == project["version"]


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'autodiff' has no attribute 'tensr'"):
        _ = ad.tensr
    with pytest.raises(AttributeError, match="has no attribute 'jacobi'"):
        _ = ad.autograd.jacobi


@pytest.mark.parametrize("name", [name for name in ad.autograd.__all__ if name in ad.__all__])
def test_the_namespace_autograd_holds_the_same_functions(name):
    assert getattr(ad.autograd, name) is getattr(ad, name)


def test_backward_goes_through_several_results_at_once():
    t = ad.tensor([1.0, 2.0], requires_grad=True)
    ad.autograd.backward([t.sum(), t * 3], [None, ad.ones(2)])
    assert t.grad.tolist() == [4, 4]


def test_importing_does_not_load_what_a_training_program_may_not_need():
    program = (
        "import sys, numpy; before = set(sys.modules); import autodiff\n"
        "print(*sorted(set(sys.modules) - before))\n"
        "autodiff.rand(1); assert 'numpy.random' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    late = ("numpy.random", "autodiff.checking", "autodiff.tracing", "autodiff.drawing")
    assert not [name for name in loaded if name.startswith(late)]


def test_the_stub_of_the_methods_is_up_to_date():
    assert methods_stub.STUB.read_text(encoding="utf-8") == methods_stub.stub(), (
        "run: python tests/methods_stub.py --write"
    )


def test_the_script_that_writes_the_stub_finds_nothing_to_do():
    script = ROOT / "tests" / "methods_stub.py"
    assert subprocess.run([sys.executable, script], cwd=ROOT, check=False).returncode == 0


# -- questions -----------------------------------------------------------------------------------------------------


def test_the_questions_of_a_tensor_have_the_answers_of_its_array():
    t = ad.zeros(2, 3, 4)
    assert (t.numel(), t.nelement(), t.dim(), t.ndimension(), t.ndim) == (24, 24, 3, 3, 3)
    assert (t.size(), t.size(1), t.size(-1), t.shape) == (ad.Size([2, 3, 4]), 3, 4, ad.Size([2, 3, 4]))
    assert (t.element_size(), t.itemsize, t.nbytes) == (4, 4, 96)
    assert (t.stride(), t.stride(-1), t.mT.stride()) == ((12, 4, 1), 1, (12, 1, 4))
    assert (t.is_contiguous(), t.mT.is_contiguous()) == (True, False)
    assert (t[1, 1].storage_offset(), t.storage_offset()) == (16, 0)
    assert (t.is_floating_point(), t.is_complex(), t.is_cuda, ad.is_tensor(t)) == (True, False, False, True)
    assert ad.tensor([0.5]).is_nonzero()
    assert not ad.is_nonzero(ad.tensor(0))


# -- conversions ---------------------------------------------------------------------------------------------------

DTYPES = {
    "half": ad.float16,
    "float": ad.float32,
    "double": ad.float64,
    "byte": ad.uint8,
    "char": ad.int8,
    "short": ad.int16,
    "int": ad.int32,
    "long": ad.int64,
    "bool": ad.bool,
}


@pytest.mark.parametrize("name", DTYPES)
def test_a_conversion_is_named_after_its_dtype(name):
    t = ad.tensor([0, 1, 2], dtype=ad.int16 if name != "short" else ad.int32)
    assert getattr(t, name)().dtype == DTYPES[name]
    assert getattr(ad, name, DTYPES[name]) == DTYPES[name]
    assert getattr(t, name)().tolist() == ([False, True, True] if name == "bool" else [0, 1, 2])


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.to(ad.float64),
        lambda t: t.to("float64"),
        lambda t: t.to(np.float64),
        lambda t: t.to(float),
        lambda t: t.to("cpu", ad.float64),
        lambda t: t.to(ad.device("cpu"), ad.float64, True),
        lambda t: t.to(device="cpu", dtype=ad.float64, non_blocking=True),
        lambda t: t.to(None, ad.float64),
        lambda t: t.to(ad.zeros(1, dtype=ad.float64)),
        lambda t: t.to(other=ad.zeros(1, dtype=ad.float64)),
        lambda t: t.type_as(ad.zeros(1, dtype=ad.float64)),
        lambda t: t.double(),
    ],
)
def test_to_reads_all_of_its_forms_and_lets_the_gradient_through(call):
    t = ad.tensor([1.0, 2.0], requires_grad=True)
    out = call(t)
    assert out.dtype == ad.float64
    out.sum().backward()
    assert (t.grad.dtype, t.grad.tolist()) == (ad.float32, [1, 1])


def test_the_bits_of_a_tensor_can_be_read_as_another_dtype():
    t = ad.tensor([1.0])
    assert t.view(ad.int32).tolist() == [0x3F800000]
    assert np.shares_memory(t.view(ad.int32).numpy(), t.numpy())


# -- new tensors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [ad.zeros, ad.ones, ad.empty, ad.rand, ad.randn, ad.tensor(1.0).new_zeros])
@pytest.mark.parametrize("size", [(2, 3), ((2, 3),), ([2, 3],), (ad.Size([2, 3]),), (ad.tensor([2, 3]),)])
def test_a_size_is_given_in_one_piece_or_in_several(make, size):
    assert make(*size).shape == (2, 3)


def test_new_tensors_require_grad_and_have_the_dtype_asked_for():
    made = [
        ad.zeros(2, dtype=ad.float64, requires_grad=True),
        ad.full((2,), 1, dtype=ad.float64, requires_grad=True),
        ad.arange(2, dtype=ad.float64, requires_grad=True),
        ad.linspace(0, 1, 2, dtype=ad.float64, requires_grad=True),
        ad.eye(2, dtype=ad.float64, requires_grad=True),
        ad.randn(2, dtype=ad.float64, requires_grad=True),
        ad.ones_like(ad.tensor([1]), dtype=ad.float64, requires_grad=True),
    ]
    assert {(t.dtype, t.requires_grad, t.is_leaf) for t in made} == {(ad.float64, True, True)}


def test_new_methods_follow_the_dtype_of_their_tensor():
    t = ad.tensor([1, 2])
    made = [t.new_zeros(2), t.new_ones(2), t.new_empty(2), t.new_full((2,), 3), t.new_tensor([1.5])]
    assert {new.dtype for new in made} == {ad.int64}
    assert t.new_zeros(2, dtype=ad.float32).dtype == ad.float32


# -- writing in place ----------------------------------------------------------------------------------------------

Y = ad.tensor([1.5, 0.75, 2.0])
WRITING = {
    "add_": (lambda t: t.add_(Y, alpha=2), lambda a: a + 2 * Y.numpy()),
    "sub_": (lambda t: t.sub_(Y, alpha=2), lambda a: a - 2 * Y.numpy()),
    "mul_": (lambda t: t.mul_(Y), lambda a: a * Y.numpy()),
    "div_": (lambda t: t.div_(Y), lambda a: a / Y.numpy()),
    "div_ rounded": (lambda t: t.div_(0.3, rounding_mode="trunc"), lambda a: np.trunc(a / np.float32(0.3))),
    "floor_divide_": (lambda t: t.floor_divide_(0.3), lambda a: a // np.float32(0.3)),
    "remainder_": (lambda t: t.remainder_(0.3), lambda a: a % np.float32(0.3)),
    "pow_": (lambda t: t.pow_(2), np.square),
    "pow_ tensor": (lambda t: t.pow_(Y), lambda a: a ** Y.numpy()),
    "square_": (lambda t: t.square_(), np.square),
    "clamp_": (lambda t: t.clamp_(0.7, 1.2), lambda a: np.clip(a, 0.7, 1.2)),
    "clamp_min_": (lambda t: t.clamp_min_(0.7), lambda a: np.maximum(a, 0.7)),
    "clamp_max_": (lambda t: t.clamp_max_(0.7), lambda a: np.minimum(a, 0.7)),
    "masked_fill_": (lambda t: t.masked_fill_(Y > 1, 9), lambda a: np.where(Y.numpy() > 1, 9, a)),
    "zero_": (lambda t: t.zero_(), np.zeros_like),
    "fill_": (lambda t: t.fill_(ad.tensor(2)), lambda a: np.full_like(a, 2)),
    "copy_": (lambda t: t.copy_(Y.double()), lambda a: Y.numpy()),
    "copy_ a number": (lambda t: t.copy_(2), lambda a: np.full_like(a, 2)),
    "exp_": (lambda t: t.exp_(), np.exp),
    "log_": (lambda t: t.log_(), np.log),
    "sqrt_": (lambda t: t.sqrt_(), np.sqrt),
    "rsqrt_": (lambda t: t.rsqrt_(), lambda a: 1 / np.sqrt(a)),
    "reciprocal_": (lambda t: t.reciprocal_(), np.reciprocal),
    "neg_": (lambda t: t.neg_(), np.negative),
    "sigmoid_": (lambda t: t.sigmoid_(), lambda a: 1 / (1 + np.exp(-a))),
}


@pytest.mark.parametrize("name", WRITING)
def test_a_method_that_ends_in_an_underscore_writes_into_its_tensor_and_returns_it(name):
    call, reference = WRITING[name]
    t = ad.tensor([0.5, 1.0, 1.5])
    before, memory = t.numpy().copy(), t.numpy()
    assert call(t) is t
    assert t.numpy() is memory
    np.testing.assert_allclose(memory, reference(before), rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in WRITING if name not in ("div_ rounded", "floor_divide_")])
def test_backward_sees_what_was_written_through_a_view(name):
    call, _ = WRITING[name]
    grads = []
    for write in (lambda t: call(t[0]), None):
        t = ad.tensor([[0.5, 1.0, 1.5], [2.0, 3.0, 4.0]], dtype=ad.float64, requires_grad=True)
        out = t * 1
        if write:
            write(out)
        else:
            out = ad.stack([call(t[0] * 1), t[1]])
        (out * out).sum().backward()
        grads.append(t.grad.numpy())
    np.testing.assert_allclose(*grads)


@pytest.mark.parametrize(
    ("call", "low", "high"),
    [
        (lambda t: t.normal_(5, 0.1), 4, 6),
        (lambda t: t.uniform_(4, 6), 4, 6),
        (lambda t: t.bernoulli_(0.5), 0, 1),
        (lambda t: t.bernoulli_(ad.full((1000,), 0.5)), 0, 1),
    ],
)
def test_random_numbers_can_be_written_and_have_no_gradient(call, low, high):
    ad.manual_seed(0)
    t = ad.ones(1000, requires_grad=True)
    out = call(t * 2)
    assert ad.all((out >= low) & (out <= high))
    assert abs(out.mean().item() - (low + high) / 2) < 0.1
    out.sum().backward()
    assert not t.grad.any()


def test_none_and_words_equal_no_tensor():
    x = ad.ones(2)
    assert (x == None) is False  # noqa: E711
    assert (x != "mean") is True
    assert "mean" not in [x]
    with pytest.raises(DtypeError, match="works on Tensors, arrays and numbers, not on a list"):
        x == [1, 1]  # noqa: B015


def test_floats_of_numpy_in_a_list_keep_their_dtype_and_those_of_python_do_not_widen_it():
    assert ad.tensor([np.float64(1), 2.0]).dtype == ad.float64
    assert ad.tensor([np.ones(2), np.ones(2)]).dtype == ad.float64
    assert ad.tensor([np.float32(1), 2.0]).dtype == ad.float32
    assert ad.tensor([np.float16(1), np.float16(2)]).dtype == ad.float16
    assert ad.tensor([np.float16(1), 2.0]).dtype == ad.float32
    assert ad.tensor([ad.ones(1, dtype=ad.float64), ad.zeros(1)]).dtype == ad.float64
    assert ad.tensor([1.0, 2]).dtype == ad.float32


def test_a_shallow_copy_is_on_the_same_memory_and_a_leaf_of_its_own():
    x = ad.ones(2, requires_grad=True)
    y, z = copy.copy(x), copy.copy(x * 2)
    (y * z).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([2, 2], [2, 2])
    assert np.shares_memory(x.data.numpy(), y.data.numpy())


@pytest.mark.parametrize("dtype", [ad.float16, ad.float64, ad.bool, ad.int8])
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_a_tensor_survives_pickling_and_deep_copying(dtype, shape):
    x = ad.ones(shape, dtype=dtype).transpose(0, -1)
    for y in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        assert (y.dtype, y.shape, y.tolist()) == (x.dtype, x.shape, x.tolist())
        assert y.stride() == x.stride() or not x.numel()
    assert pickle.loads(pickle.dumps(ad.ones(2, requires_grad=True) * 2)).is_leaf
    assert pickle.loads(pickle.dumps(ad.ones(2, requires_grad=True) * 2)).requires_grad


def test_a_gradient_can_be_deleted():
    x = ad.ones(2, requires_grad=True)
    x.sum().backward()
    del x.grad
    assert x.grad is None


WRONG = {
    "a word in a Tensor": (lambda: "a" in ad.ones(2), DtypeError, "cannot be asked for a str"),
    "data of a list": (lambda: setattr(ad.ones(2), "data", [1]), DtypeError, "must be a Tensor, not a list"),
    "its own gradient": (lambda: (lambda x: setattr(x, "grad", x))(ad.ones(2)), GradientError, "its own .grad"),
    "300 in a byte": (lambda: ad.tensor([1, 300], dtype=ad.uint8), DtypeError, "uint8 cannot hold 300"),
    "nan in an integer": (lambda: ad.tensor([NAN, 1.0], dtype=ad.int64), DtypeError, "int64 cannot hold nan"),
    "full of nan": (lambda: ad.full((1,), NAN, dtype=ad.int64), DtypeError, "int64 cannot hold nan"),
    "arange to nan": (lambda: ad.arange(NAN), AutodiffError, "from 0 to nan by 1"),
    "arange without end": (lambda: ad.arange(1e20), AutodiffError, "no number of steps that memory holds"),
    "randint beyond": (lambda: ad.randint(300, (1,), dtype=ad.uint8), DtypeError, "uint8 cannot hold all .* 0 to 299"),
    "randperm beyond": (lambda: ad.randperm(300, dtype=ad.int8), DtypeError, "int8 cannot hold all .* 0 to 299"),
    "normal": (
        lambda: ad.normal(ad.ones(2), ad.ones(3)),
        ShapeError,
        r"normal: shapes \(2,\), \(3,\) do not broadcast",
    ),
    "random_ below 0": (lambda: ad.ones(3).random_(0), AutodiffError, "no integer is at least 0 and below 0"),
    "frombuffer of a list": (lambda: ad.frombuffer([1], dtype=ad.int8), DtypeError, r"not \[1\]"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_value_is_explained(what):
    call, kind, text = WRONG[what]
    with pytest.raises(kind, match=text):
        call()
