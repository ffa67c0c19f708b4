"""Which dtype a result has: PyTorch's promotion, written as a table and two rules."""

import operator
import pickle

import numpy as np
import pytest

import autodiff as ad

# Of two arrays of as many dimensions: NumPy's table, except that integers never widen a float.
TABLE = """
         bool     uint8    int8     int16    int32    int64    float16  float32  float64
bool     bool     uint8    int8     int16    int32    int64    float16  float32  float64
uint8    uint8    uint8    int16    int16    int32    int64    float16  float32  float64
int8     int8     int16    int8     int16    int32    int64    float16  float32  float64
int16    int16    int16    int16    int16    int32    int64    float16  float32  float64
int32    int32    int32    int32    int32    int32    int64    float16  float32  float64
int64    int64    int64    int64    int64    int64    int64    float16  float32  float64
float16  float16  float16  float16  float16  float16  float16  float16  float32  float64
float32  float32  float32  float32  float32  float32  float32  float32  float32  float64
float64  float64  float64  float64  float64  float64  float64  float64  float64  float64
"""
_names, *_rows = [line.split() for line in TABLE.strip().splitlines()]
DTYPES = [np.dtype(name) for name in _names]
TOGETHER = {(np.dtype(row[0]), b): np.dtype(cell) for row in _rows for b, cell in zip(DTYPES, row[1:], strict=True)}
KIND = {"b": 0, "u": 1, "i": 1, "f": 2}
NUMBERS = {bool: True, int: 3, float: 2.5}

over_pairs = pytest.mark.parametrize(("a", "b"), TOGETHER, ids=lambda d: d.name)
over_dtypes = pytest.mark.parametrize("a", DTYPES, ids=lambda d: d.name)
over_numbers = pytest.mark.parametrize("number", NUMBERS.values(), ids=lambda n: type(n).__name__)


@pytest.fixture(params=[np.dtype(np.float32), np.dtype(np.float64)], ids=["default float32", "default float64"])
def default(request):
    """Run under each default dtype."""
    ad.set_default_dtype(request.param)
    yield request.param
    ad.set_default_dtype(ad.float32)


def array(dtype, *shape):
    return ad.tensor(np.ones(shape, dtype))


def beside(strong: np.dtype, weak: np.dtype) -> np.dtype:
    """The dtype of an array beside one of no dimensions, which counts only where it is of a higher kind."""
    return strong if KIND[strong.kind] >= KIND[weak.kind] else weak


def of_number(number, default: np.dtype) -> np.dtype:
    """The dtype that a Python number stands for."""
    return {bool: np.dtype(bool), int: np.dtype(np.int64), float: default}[type(number)]


# -- arithmetic ----------------------------------------------------------------------------------------------------


@over_pairs
def test_two_arrays_follow_the_table(a, b):
    assert (array(a, 2) + array(b, 2)).dtype == TOGETHER[a, b]
    assert (array(a, 2) + array(b, 3, 1)).dtype == TOGETHER[a, b]
    assert (array(a) + array(b)).dtype == TOGETHER[a, b]


@over_pairs
def test_no_dimensions_count_only_as_a_higher_kind(a, b):
    assert (array(a, 2) + array(b)).dtype == beside(a, b)
    assert (array(b) + array(a, 2)).dtype == beside(a, b)


@over_dtypes
@over_numbers
def test_python_numbers_count_only_as_a_higher_kind(a, number, default):
    expected = beside(a, of_number(number, default))
    for shape in ((2,), ()):
        assert (array(a, *shape) + number).dtype == expected
        assert (number + array(a, *shape)).dtype == expected


@over_pairs
def test_scalars_of_numpy_count_as_python_numbers(a, b, default):
    scalar = b.type(1)
    expected = beside(a, of_number(scalar.item(), default))
    assert (array(a, 2) + scalar).dtype == expected
    assert (scalar + array(a, 2)).dtype == expected


@over_pairs
def test_arrays_of_numpy_count_as_tensors(a, b):
    assert (array(a, 2) + np.ones(2, b)).dtype == TOGETHER[a, b]
    assert (np.ones(2, b) + array(a, 2)).dtype == TOGETHER[a, b]


def test_three_kinds_of_operands_are_ranked_together():
    assert ad.where(array(bool, 2), array(np.int32, 2), 2.5).dtype == ad.float32
    assert ad.where(array(bool, 2), array(np.float16, 2), array(np.float64)).dtype == ad.float16
    assert ad.clamp(array(np.int32, 2), min=0.5, max=3).dtype == ad.float32


@pytest.mark.parametrize("op", [operator.sub, operator.mul, operator.pow, operator.floordiv, operator.mod, ad.maximum])
@pytest.mark.parametrize(("a", "b"), [(np.int32, np.float32), (np.int8, np.int64), (np.float32, np.float64)])
def test_other_arithmetic_promotes_as_addition_does(op, a, b):
    expected = TOGETHER[np.dtype(a), np.dtype(b)]
    assert op(array(a, 2), array(b, 2)).dtype == expected
    assert op(array(b, 2), array(a, 2)).dtype == expected


@over_pairs
def test_a_quotient_is_floating(a, b, default):
    together = TOGETHER[a, b]
    assert (array(a, 2) / array(b, 2)).dtype == (together if together.kind == "f" else default)


@over_pairs
def test_a_comparison_is_boolean_whatever_is_compared(a, b):
    for compare in (operator.eq, operator.lt, operator.ge):
        assert compare(array(a, 2), array(b, 2)).dtype == ad.bool


def test_a_comparison_is_made_in_the_common_dtype():
    assert (ad.tensor([2**53 + 1]) > ad.tensor([2.0**53], dtype=ad.float64)).tolist() == [False]
    assert (ad.tensor([200], dtype=ad.uint8) > ad.tensor([-1], dtype=ad.int8)).tolist() == [True]


@pytest.mark.parametrize("function", [ad.exp, ad.log, ad.sin, ad.sqrt, ad.tanh, ad.sigmoid], ids=lambda f: f.__name__)
@over_dtypes
def test_functions_of_numbers_are_floating(function, a, default):
    assert function(array(a, 2)).dtype == (a if a.kind == "f" else default)


@pytest.mark.parametrize("function", [ad.abs, ad.neg, ad.sign, ad.relu, ad.clone], ids=lambda f: f.__name__)
@pytest.mark.parametrize("a", DTYPES[1:], ids=lambda d: d.name)
def test_functions_that_stay_among_integers_keep_the_dtype(function, a):
    assert function(array(a, 2)).dtype == a


@over_dtypes
def test_sums_of_integers_are_int64_and_extremes_keep_the_dtype(a):
    x = array(a, 2, 3)
    assert x.sum().dtype == x.prod().dtype == (a if a.kind == "f" else ad.int64)
    assert x.sum(dim=0).dtype == (a if a.kind == "f" else ad.int64)
    assert x.amax().dtype == x.max().dtype == x.max(dim=0).values.dtype == a
    assert x.argmax().dtype == x.max(dim=0).indices.dtype == ad.int64
    assert x.any().dtype == (a if a == ad.uint8 else ad.bool)  # uint8 was once what booleans were


@pytest.mark.parametrize("a", [np.float16, np.float32, np.float64])
def test_means_keep_a_floating_dtype(a):
    x = array(a, 2, 3)
    assert x.mean().dtype == x.var().dtype == x.logsumexp(dim=0).dtype == a
    assert ad.softmax(x, dim=0).dtype == a


def test_dtypes_must_agree_where_promotion_would_be_costly():
    with pytest.raises(TypeError, match="matmul needs operands of one dtype and got float32 and float64"):
        array(np.float32, 2, 2) @ array(np.float64, 2, 2)


# -- gradients -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), [p for p in TOGETHER if p[0].kind == p[1].kind == "f"], ids=lambda d: d.name)
@pytest.mark.parametrize("shapes", [((2,), (2,)), ((2,), ()), ((), (2,))], ids=str)
def test_a_gradient_has_the_dtype_of_what_it_is_of(a, b, shapes):
    x, y = (array(d, *s).requires_grad_() for d, s in zip((a, b), shapes, strict=True))
    for create_graph in (False, True):
        gx, gy = ad.grad((x * y).sum(), (x, y), create_graph=create_graph)
        assert (gx.dtype, gy.dtype) == (a, b)
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (a, b)


def test_float32_survives_a_long_computation_with_numbers():
    x = ad.tensor([0.5, 2.0], requires_grad=True)
    y = ((x * 2.5 + np.float64(1.0)) / 3 - 1) ** 2.0 + 2.0**x - np.float32(3) / (x + 1)
    assert y.dtype == ad.float32
    (g,) = ad.grad(y.mean(), x, create_graph=True)
    (h,) = ad.grad(g.sum(), x)
    assert g.dtype == h.dtype == ad.float32


# -- in place ------------------------------------------------------------------------------------------------------


@over_pairs
def test_a_write_in_place_keeps_the_dtype_and_refuses_a_higher_kind(a, b):
    x = array(a, 2)
    if KIND[TOGETHER[a, b].kind] > KIND[a.kind]:
        with pytest.raises(TypeError, match=f"{b.name if KIND[b.kind] else TOGETHER[a, b].name}.*cannot be written"):
            x += array(b, 2)
        assert x.tolist() == [1, 1]
    else:
        x += array(b, 2)
        assert x.dtype == a


# -- from Python and NumPy -----------------------------------------------------------------------------------------


def test_python_numbers_become_tensors_of_the_default_int64_and_bool(default):
    assert ad.tensor(1.5).dtype == ad.tensor([1, 2.5]).dtype == ad.tensor([True, 1.0]).dtype == default
    assert ad.tensor(1).dtype == ad.tensor([True, 2]).dtype == ad.int64
    assert ad.tensor(True).dtype == ad.tensor([True]).dtype == ad.bool
    assert ad.tensor([]).dtype == default


@over_dtypes
def test_arrays_of_numpy_keep_their_dtype(a):
    assert (
        ad.tensor(np.ones(2, a)).dtype == ad.from_numpy(np.ones(2, a)).dtype == ad.as_tensor(np.ones(2, a)).dtype == a
    )
    assert ad.tensor(a.type(1)).dtype == a


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (float, "float64"),
        (int, "int64"),
        (bool, "bool"),
        ("float32", "float32"),
        (np.float16, "float16"),
        (np.dtype(">f4"), "float32"),
        (ad.float, "float32"),
        (ad.double, "float64"),
        (ad.long, "int64"),
        (ad.half, "float16"),
        (ad.short, "int16"),
        (ad.int, "int32"),
    ],
    ids=str,
)
def test_a_dtype_can_be_given_in_many_words(given, expected):
    assert ad.tensor([1], dtype=given).dtype.name == expected


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (complex, "complex numbers (complex128) are not supported"),
        (np.uint32, "uint32 is not a dtype of Tensors"),
        ("words", "'words' is not a dtype; use one such as ad.float32"),
        (str, "a Tensor holds numbers or booleans"),
    ],
    ids=str,
)
def test_what_is_no_dtype_is_refused_by_name(given, text):
    with pytest.raises(TypeError) as caught:
        ad.tensor([1], dtype=given)
    assert text in str(caught.value)


@pytest.mark.parametrize("d", [ad.int64, ad.bool])
def test_the_default_dtype_must_be_floating(d):
    with pytest.raises(TypeError, match=f"must be a floating one, such as ad.float32; got {d}"):
        ad.set_default_dtype(d)


def test_a_dtype_is_always_the_same_object():
    """The engine compares them by identity, which is faster."""
    for given in ("float32", np.float32, np.dtype("<f4"), np.dtype(">f4"), ad.float):
        assert ad.tensor([1], dtype=given).dtype is ad.float32
    assert ad.tensor(np.ones(2, ">f8")).dtype is ad.float64


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
@pytest.mark.parametrize(
    "foreign",
    [
        lambda a: pickle.loads(pickle.dumps(a)),
        lambda a: a.astype(np.dtype(a.dtype, metadata={"unit": "m"})),
        lambda a: a.view("longlong") if a.dtype == np.int64 else a,
    ],
)
def test_an_array_whose_dtype_is_another_object_gets_ours(foreign, dtype):
    """Pickled arrays have such; the engine asks with `is`, and linalg refused them: not float64, but float64."""
    array, ours = foreign(np.array([[2, 1], [1, 3]], dtype)), ad.zeros(1, dtype=dtype).dtype
    for make in (ad.tensor, ad.as_tensor, lambda a: ad.tensor([a[0], a[1]]), lambda a: ad.tensor([[1]]).to(a.dtype)):
        assert make(array).dtype is ours
    assert pickle.loads(pickle.dumps(ad.tensor(array))).dtype is ours
    assert ad.clone(array).dtype is ours
    shared = ad.from_numpy(array)
    shared[0, 0] = 0
    assert array[0, 0] == 0
    if array.dtype.kind == "f":
        assert ad.linalg.solve(shared, ad.eye(2, dtype=dtype)).dtype is ours
