"""Shapes, views and joins, in a user's hands: whose memory a result has, what can be written, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import AutodiffError, DtypeError, GradientError, IndexingError, ShapeError


def stack() -> ad.Tensor:
    return ad.arange(24.0, dtype=ad.float64).reshape(2, 3, 4)


VIEWS: dict[str, Callable[[Any], Any]] = {
    "diagonal": lambda t: t.diagonal(0, 1, 2),
    "unfold": lambda t: t.unfold(2, 2, 1),
    "as_strided": lambda t: ad.as_strided(t, (2, 2), (12, 1)),
    "adjoint": lambda t: t.adjoint(),
    "H": lambda t: t[0].H,
    "expand": lambda t: t.expand(5, 2, 3, 4),
    "expand of a part": lambda t: t[:, :1].expand(2, 3, 4),
    "split_with_sizes": lambda t: t.split_with_sizes([1, 2], 1)[1],
    "tensor_split": lambda t: t.tensor_split(2, 2)[0],
    "hsplit": lambda t: t.hsplit(3)[1],
    "atleast_3d": ad.atleast_3d,
    "meshgrid": lambda t: ad.meshgrid(t[0, 0], t[1, 0])[1],
    "broadcast_tensors": lambda t: ad.broadcast_tensors(t[0, 0], t)[0],
    "unbind": lambda t: t.unbind(1)[2],
}
COPIES: dict[str, Callable[[Any], Any]] = {
    "diag": lambda t: t[0].diag(),
    "tril": lambda t: t.tril(5),
    "flip": lambda t: t.flip(0),
    "flip of nothing": lambda t: t.flip(()),
    "roll": lambda t: t.roll(0),
    "rot90": lambda t: t.rot90(0),
    "tile": lambda t: t.tile(1),
    "repeat": lambda t: t.repeat(1, 1, 1),
    "repeat_interleave": lambda t: t.repeat_interleave(1, 0),
    "stack": lambda t: ad.stack([t]),
    "hstack": lambda t: ad.hstack([t]),
    "block_diag": lambda t: ad.block_diag(t[0]),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_shares_memory_and_sees_what_is_written(name: str) -> None:
    t = stack()
    view = VIEWS[name](t)
    assert np.shares_memory(view.numpy(), t.numpy())
    t.mul_(3)
    assert ad.equal(view, VIEWS[name](t.clone()))


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_has_memory_of_its_own(name: str) -> None:
    t = stack()
    assert not np.shares_memory(COPIES[name](t).numpy(), t.numpy())


def double_the_diagonal(y: ad.Tensor) -> ad.Tensor:
    y.diagonal().mul_(2)
    return y


def square_windows(y: ad.Tensor) -> ad.Tensor:
    windows = y.unfold(1, 1, 2)
    windows *= windows.clone()
    return y


def write_a_view_and_read_another(y: ad.Tensor) -> ad.Tensor:
    corner, line = y[:2, :2], ad.as_strided(y, (3,), (4,))
    line[0] = y[2, 1] * 3
    return corner


def a_view_of_a_constant(y: ad.Tensor) -> ad.Tensor:
    buffer = ad.zeros(3, 3, dtype=ad.float64)
    before = buffer.diagonal(1)
    buffer.diagonal().copy_(y[0] * y[1])
    before += y[2, :2] ** 2
    return buffer


PROGRAMS: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (double_the_diagonal, lambda x: x + np.diag(np.diag(x))),
    (square_windows, lambda x: np.stack([x[:, 0] ** 2, x[:, 1], x[:, 2] ** 2], 1)),
    (write_a_view_and_read_another, lambda x: np.array([[3 * x[2, 1], x[0, 1]], [x[1, 0], x[1, 1]]])),
    (a_view_of_a_constant, lambda x: np.diag(x[0] * x[1]) + np.diag(x[2, :2] ** 2, 1)),
]


@pytest.mark.parametrize(("program", "reference"), PROGRAMS, ids=lambda f: f.__name__)
def test_writing_through_a_view_has_the_gradient_of_the_formula(
    program: Callable[[Any], Any], reference: Callable[[Any], Any]
) -> None:
    at = np.array([[1.0, 2.0, -3.0], [0.5, 4.0, -1.0], [2.5, 3.0, 1.5]])
    x = ad.tensor(at, requires_grad=True)
    out = program(x * 1)
    np.testing.assert_allclose(out.detach().numpy(), reference(at))
    weights = np.cos(np.arange(out.numel())).reshape(out.shape)
    out.backward(ad.from_numpy(weights))
    steps = 1e-6 * np.eye(9).reshape(9, 3, 3)
    slopes = [(weights * (reference(at + e) - reference(at - e))).sum() / 2e-6 for e in steps]
    np.testing.assert_allclose(x.grad.numpy().ravel(), slopes, atol=1e-7)


@pytest.mark.parametrize("name", ["unfold", "expand", "meshgrid", "broadcast_tensors"])
def test_a_view_that_sees_elements_twice_can_be_read_only(name: str) -> None:
    view = VIEWS[name](stack())
    with pytest.raises(ShapeError, match="cannot be written"):
        view[0] = 1.0


def test_strides_that_meet_are_read_only_and_others_are_not() -> None:
    t = ad.arange(6.0)
    assert not ad.as_strided(t, (2, 3), (1, 1)).numpy().flags.writeable
    assert not ad.as_strided(t, (2,), (0,)).numpy().flags.writeable
    assert ad.as_strided(t, (2, 3), (3, 1)).numpy().flags.writeable
    assert ad.as_strided(t, (1, 3), (0, 2)).numpy().flags.writeable


def test_an_expansion_that_repeats_nothing_can_be_written() -> None:
    t = ad.zeros(2, 3)
    t.expand(1, 2, 3)[0, 1] = 5.0
    assert t[1].tolist() == [5.0] * 3


def test_a_read_only_array_has_read_only_views() -> None:
    array = np.arange(9.0).reshape(3, 3)
    array.flags.writeable = False
    t = ad.from_numpy(array)
    for view in (t.diagonal(), t.unfold(0, 1, 1), ad.as_strided(t, (2,), (1,))):
        with pytest.raises(ShapeError, match="cannot be written"):
            view[0] = 1.0


def test_storage_is_told_by_stride_and_offset() -> None:
    t = stack()
    part = t[1, :, 2:]
    assert (part.stride(), part.storage_offset(), part.is_contiguous()) == ((4, 1), 14, False)
    again = ad.as_strided(t, tuple(part.shape), part.stride(), part.storage_offset())
    assert ad.equal(part, again)
    assert part.data_ptr() - t.data_ptr() == 14 * part.element_size()


def test_memory_goes_to_other_libraries_and_back() -> None:
    t = ad.arange(6.0).reshape(2, 3)
    array = np.from_dlpack(t.mT)
    assert np.shares_memory(array, t.numpy())
    back = ad.from_dlpack(array)
    t[0, 0] = 7.0  # the other way round, NumPy before 2.1 gives memory that can only be read
    assert back[0, 0].item() == 7.0
    assert t.__dlpack_device__() == (1, 0)
    copied = ad.from_dlpack(t, copy=True)
    assert not np.shares_memory(copied.numpy(), t.numpy())
    assert not np.shares_memory(ad.asarray(t, copy=True).numpy(), t.numpy())
    assert np.shares_memory(ad.asarray(t, copy=False).numpy(), t.numpy())


def test_asarray_is_cut_off_from_the_graph() -> None:
    x = ad.ones(2, requires_grad=True)
    assert not ad.asarray(x * 2).requires_grad
    assert ad.asarray(x, requires_grad=True).is_leaf


def test_a_buffer_is_written_through() -> None:
    memory = bytearray(4)
    ad.frombuffer(memory, dtype=ad.uint8, offset=1)[0] = 9
    assert list(memory) == [0, 9, 0, 0]
    with pytest.raises(ShapeError, match="cannot be written"):
        ad.frombuffer(b"ab", dtype=ad.uint8)[0] = 1


def test_of_several_parts_those_of_split_refuse_a_recorded_write_and_those_of_tensor_split_take_it() -> None:
    x = ad.ones(4, requires_grad=True)
    y = x * 1
    with pytest.raises(GradientError, match="one of several views"):
        y.split_with_sizes([2, 2])[0].mul_(2)
    y.tensor_split(2)[0].mul_(2)
    y.sum().backward()
    assert x.grad.tolist() == [2, 2, 1, 1]


T, M, V, S = stack(), ad.ones(2, 3), ad.ones(3), ad.tensor(1.0)
REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "diag of a stack": (lambda: T.diag(), ShapeError, r"a vector or a matrix, not shape \(2, 3, 4\)"),
    "diagonal of a vector": (lambda: V.diagonal(), IndexingError, r"two dims, and shape \(3,\) has 1"),
    "diagonal of one dim": (lambda: M.diagonal(0, 1, -1), ShapeError, "1 and -1 are the same"),
    "diag_embed of a number": (lambda: ad.diag_embed(S), ShapeError, "without dimensions has none"),
    "tril of a vector": (lambda: V.tril(), ShapeError, r"takes a matrix, .* not shape \(3,\)"),
    "flip twice": (lambda: M.flip(0, -2), IndexingError, "flip: a dim is given twice"),
    "fliplr of a vector": (lambda: V.fliplr(), ShapeError, "does not have"),
    "flipud of a number": (lambda: S.flipud(), ShapeError, "does not have"),
    "roll": (lambda: M.roll((1, 2), 0), ShapeError, r"2 shifts \(1, 2\) do not go with 1 dims \(0,\)"),
    "roll of a number": (lambda: S.roll(1, 0), IndexingError, "no dim to move"),
    "rot90 of one dim": (lambda: M.rot90(1, (0,)), ShapeError, r"give two dims, not \(0,\)"),
    "unfold too far": (lambda: V.unfold(0, 4, 1), ShapeError, "windows of 4 do not fit into dim 0 of size 3"),
    "unfold on the spot": (lambda: V.unfold(0, 2, 0), AutodiffError, "at least 1, not 0"),
    "as_strided too far": (lambda: V.as_strided((2,), (3,)), ShapeError, "leave the 3 elements"),
    "as_strided of a part": (lambda: T[:, :, 0].as_strided((2,), (1,)), DtypeError, r"use .contiguous\(\)"),
    "as_strided without strides": (lambda: V.as_strided((2,), ()), ShapeError, "do not go together"),
    "H of a stack": (lambda: T.H, ShapeError, "use .mH"),
    "adjoint of a vector": (lambda: V.adjoint(), ShapeError, r"not shape \(3,\)"),
    "repeat of too few": (lambda: M.repeat(2), ShapeError, r"\(2,\) does not give a number .* \(2, 3\); see tile"),
    "tile below 0": (lambda: M.tile(-1), ShapeError, "cannot be set -1 times"),
    "repeats that do not fit": (
        lambda: V.repeat_interleave(ad.tensor([1, 2])),
        ShapeError,
        r"shape \(2,\) do not give one number to each of 3",
    ),
    "repeats below 0": (lambda: V.repeat_interleave(-1), ShapeError, "less than 0 times"),
    "repeats that are no integers": (lambda: V.repeat_interleave(V), DtypeError, r"use repeats.long\(\)"),
    "a wrong output_size": (
        lambda: V.repeat_interleave(2, output_size=5),
        ShapeError,
        "output_size 5 is not the 6",
    ),
    "block_diag of a stack": (lambda: ad.block_diag(T), ShapeError, r"not shape \(2, 3, 4\)"),
    "hstack": (lambda: ad.hstack([M, T]), ShapeError, r"\(2, 3\) and \(2, 3, 4\) may differ in dim 1 only"),
    "hsplit": (lambda: M.hsplit(2), ShapeError, "dim 1 of size 3 cannot be taken apart into 2 equal parts"),
    "vsplit of a vector": (lambda: V.vsplit(1), ShapeError, "vsplit needs 2 dims or more"),
    "dsplit of a matrix": (lambda: M.dsplit(1), ShapeError, "dsplit needs 3 dims or more"),
    "tensor_split into none": (lambda: V.tensor_split(0), ShapeError, "at least 1, not 0"),
    "tensor_split of a number": (lambda: S.tensor_split(1), ShapeError, "without dimensions has none"),
    "meshgrid of nothing": (lambda: ad.meshgrid(), ShapeError, "needs at least one Tensor"),
    "unflatten of a number": (lambda: S.unflatten(0, (1,)), ShapeError, "without dimensions has none"),
    "stride of a number": (lambda: S.stride(0), DtypeError, r"stride\(\) is \(\)"),
    "a keyword that is none": (lambda: M.flip(dim=0), DtypeError, r"flip\(\) got an unexpected keyword argument 'dim'"),
    "sizes given twice": (lambda: M.expand(2, 3, size=(2, 3)), DtypeError, "unexpected keyword argument 'size'"),
    "True for a dim": (lambda: M.transpose(True, 0), DtypeError, "dim must be an integer, not True"),
    "a format for one number": (lambda: f"{M:.2f}", DtypeError, r"'.2f' formats one number, not .* \(2, 3\)"),
    "full of too much": (lambda: ad.full((1,), 300, dtype=ad.uint8), DtypeError, "uint8 cannot hold 300"),
    "meshgrid of matrices": (lambda: ad.meshgrid(M), ShapeError, r"vectors and numbers, not shape \(2, 3\)"),
    "meshgrid by another name": (lambda: ad.meshgrid(V, indexing="yx"), AutodiffError, "'ij' or 'xy', not 'yx'"),
    "cartesian_prod of a number": (lambda: ad.cartesian_prod(V, S), ShapeError, r"vectors, not shape \(\)"),
    "combinations of a matrix": (lambda: ad.combinations(M), ShapeError, r"a vector, not shape \(2, 3\)"),
    "combinations of -1": (lambda: ad.combinations(V, -1), AutodiffError, "cannot be negative, as -1 is"),
    "broadcast_shapes": (lambda: ad.broadcast_shapes((2,), (3,)), ShapeError, r"\(2,\), \(3,\) do not broadcast"),
    "broadcast_tensors": (lambda: ad.broadcast_tensors(M, ad.ones(2)), ShapeError, "do not broadcast"),
    "sum_to_size": (lambda: M.sum_to_size(2), ShapeError, r"shape \(2,\) does not broadcast to \(2, 3\)"),
    "squeeze twice": (lambda: M.squeeze((0, 0)), IndexingError, "given twice"),
    "a view of half a number": (lambda: V.view(ad.float64), ShapeError, r"view: shape \(3,\) of float32"),
    "bfloat16": (lambda: V.bfloat16(), DtypeError, "NumPy has no bfloat16"),
    "a type by a wrong name": (lambda: V.type("torch.QuarterTensor"), DtypeError, "there is no torch.QuarterTensor"),
    "dlpack of what requires grad": (
        lambda: np.from_dlpack(ad.ones(1, requires_grad=True)),
        GradientError,
        r"use .detach\(\)",
    ),
    "dlpack of a list": (lambda: ad.from_dlpack([1]), DtypeError, "needs an object with __dlpack__, not a list"),
    "dlpack of complex numbers": (lambda: ad.from_dlpack(np.ones(1, complex)), DtypeError, "complex numbers"),
    "asarray without a copy": (lambda: ad.asarray([1.0], copy=False), AutodiffError, "this needs a copy"),
    "frombuffer": (lambda: ad.frombuffer(b"abc", dtype=ad.int16), ShapeError, "frombuffer: buffer size"),
    "finfo of integers": (lambda: ad.finfo(ad.int32), DtypeError, "use iinfo"),
    "iinfo of floats": (lambda: ad.iinfo(ad.float32), DtypeError, "not float32"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_mistake_is_explained_in_the_words_of_the_call(what: str) -> None:
    call, kind, text = REFUSED[what]
    with pytest.raises(kind, match=text):
        call()
