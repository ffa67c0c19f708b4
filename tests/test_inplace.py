"""Writing into a Tensor's memory: values, gradients, views, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import DtypeError, GradientError, ShapeError, StaleValueError


def leaf(*values: float) -> ad.Tensor:
    return ad.tensor(list(values), dtype=ad.float64, requires_grad=True)


def add_in_place(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    y += x * x
    return y


def scale_by_itself(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    y *= x
    return y


def write_items(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    y[0] = x[1] * 3
    y[1:] = 0.5
    return y


def write_a_mask(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    y[y.detach() > 2.5] = x[0] * x[1]
    return y


def write_the_same_place_twice(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    y[ad.tensor([1, 1])] = x[:2] * ad.tensor([5.0, 7.0], dtype=ad.float64)
    return y


def write_through_a_view(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    view = y[1:]
    view *= x[:2]
    return y


def write_through_a_view_of_a_view(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    view = y.reshape(1, 3).T[1:]
    view[0] = x[2] * 4
    return y


def read_a_view_after_its_base_was_written(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    view = y[:2]
    y *= x
    return view


def make_a_constant_depend(y: ad.Tensor, x: ad.Tensor) -> ad.Tensor:
    buffer = ad.zeros(3, dtype=ad.float64)
    view = buffer[1:]
    buffer[0] = y[0]
    view += x[1:] * y[:2]
    return buffer


PROGRAMS: list[tuple[Callable[[ad.Tensor, ad.Tensor], ad.Tensor], Callable[[np.ndarray], np.ndarray]]] = [
    (add_in_place, lambda x: 2 * x + x * x),
    (scale_by_itself, lambda x: 2 * x * x),
    (write_items, lambda x: np.array([3 * x[1], 0.5, 0.5])),
    (write_a_mask, lambda x: np.array([2 * x[0], x[0] * x[1], x[0] * x[1]])),
    (write_the_same_place_twice, lambda x: np.array([2 * x[0], 7 * x[1], 2 * x[2]])),
    (write_through_a_view, lambda x: np.array([2 * x[0], 2 * x[1] * x[0], 2 * x[2] * x[1]])),
    (write_through_a_view_of_a_view, lambda x: np.array([2 * x[0], 4 * x[2], 2 * x[2]])),
    (read_a_view_after_its_base_was_written, lambda x: (2 * x * x)[:2]),
    (make_a_constant_depend, lambda x: np.array([2 * x[0], 2 * x[1] * x[0], 2 * x[2] * x[1]])),
]


@pytest.mark.parametrize(("program", "reference"), PROGRAMS, ids=lambda f: f.__name__)
def test_writing_gives_the_value_and_gradient_of_the_formula(
    program: Callable[[ad.Tensor, ad.Tensor], ad.Tensor], reference: Callable[[np.ndarray], np.ndarray]
) -> None:
    at = np.array([1.0, 2.0, 3.0])
    x = ad.tensor(at, requires_grad=True)
    out = program(x * 2, x)
    np.testing.assert_allclose(out.detach().numpy(), reference(at))
    weights = np.array([1.0, -2.0, 0.5])[: len(out)]
    out.backward(ad.from_numpy(weights))
    eps = 1e-6
    numeric = [
        float(weights @ (reference(at + eps * e) - reference(at - eps * e))) / (2 * eps) for e in np.eye(len(at))
    ]
    np.testing.assert_allclose(x.grad.numpy(), numeric, atol=1e-8)


def test_a_view_made_a_leaf_stays_one_when_its_memory_is_written() -> None:
    x = ad.ones(3, dtype=ad.float64)
    view = x[:2].requires_grad_()
    x *= 5
    (view * view).sum().backward()
    assert view.grad.tolist() == [10.0, 10.0]


def test_a_view_of_a_view_of_a_view_may_be_deep() -> None:
    x = leaf(1.0, 2.0)
    base = x * 2
    view = base
    for _ in range(5000):
        view = view[:]
    base *= 3
    view *= 5
    (view + base).sum().backward()
    assert x.grad.tolist() == [60.0, 60.0]


def test_views_share_memory_with_their_base() -> None:
    x = ad.arange(6.0).reshape(2, 3)
    for view in (x[0], x.T, x.reshape(6), x[:, None], x.detach(), x.data):
        assert np.shares_memory(view.numpy(), x.numpy())


def test_iadd_keeps_the_object_and_its_memory() -> None:
    x = ad.ones(3)
    memory = x.numpy()
    same = x
    x += 1
    assert x is same
    assert memory.tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("view", [lambda x: x, lambda x: x[:1]], ids=["the leaf itself", "a view of it"])
def test_a_leaf_that_requires_grad_refuses_to_be_written_while_recording(view: Callable[..., ad.Tensor]) -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(GradientError, match=r"leaf Tensor that requires grad cannot be changed.*no_grad"):
        view(x)[0] = 5.0
    with ad.no_grad():
        view(x)[0] = 5.0
    assert x.tolist() == [5.0, 2.0]


def half(y: ad.Tensor) -> ad.Tensor:
    return ad.split(y, 2)[0]


def view_of_half(y: ad.Tensor) -> ad.Tensor:
    return ad.split(y, 2)[0][:1]


def view_without_recording(y: ad.Tensor) -> ad.Tensor:
    with ad.no_grad():
        return y[:2]


VIEWS_WITHOUT_A_WAY_BACK = pytest.mark.parametrize("view", [half, view_of_half, view_without_recording])


@VIEWS_WITHOUT_A_WAY_BACK
def test_a_view_that_cannot_tell_its_base_refuses_a_recorded_write(view: Callable[[ad.Tensor], ad.Tensor]) -> None:
    w = leaf(7.0)
    with pytest.raises(GradientError, match="one of several views"):
        view(ad.zeros(4, dtype=ad.float64))[:1] = w
    with pytest.raises(GradientError, match="one of several views"):
        view(ad.zeros(4, dtype=ad.float64)).mul_(w)


@VIEWS_WITHOUT_A_WAY_BACK
def test_the_same_view_takes_a_write_that_is_not_recorded(view: Callable[[ad.Tensor], ad.Tensor]) -> None:
    y = ad.zeros(4)
    part = view(y)
    part += 1
    assert y[0].item() == 1.0


def test_one_of_several_views_of_a_computed_value_refuses_to_be_written() -> None:
    first, _ = ad.split(leaf(1.0, 2.0) * 2, 1)
    with pytest.raises(GradientError, match="one of several views"):
        first *= 2


def test_a_value_that_does_not_fit_names_both_shapes() -> None:
    x = ad.zeros(2, 3)
    with pytest.raises(ShapeError, match=r"shape \(4,\).*shape \(2, 3\)"):
        x[0] = ad.ones(4)
    with pytest.raises(ShapeError, match=r"would need shape \(5, 2, 3\).*shape \(2, 3\)"):
        x += ad.ones(5, 2, 3)


def test_integers_do_not_take_a_floating_result() -> None:
    x = ad.tensor([1, 2])
    with pytest.raises(DtypeError, match=r"float32 cannot be written into a Tensor of dtype int64"):
        x += 0.5


def test_an_expanded_view_cannot_be_written() -> None:
    with pytest.raises(ShapeError, match="expanded view"):
        ad.ones(1).expand(3)[0] = 2.0


def test_a_value_that_a_tracked_operand_needs_is_kept_from_being_overwritten():
    x, w = ad.tensor([2.0, 3.0]), ad.tensor([5.0, 7.0], requires_grad=True)
    x.div_(w, rounding_mode=None)
    x.fmod_(w)
    y = ad.tensor([2.0, 3.0])
    y.hypot_(w)
    y.sum().backward()
    assert w.grad.tolist() == pytest.approx([5 / 29**0.5, 7 / 58**0.5])


def test_of_several_views_of_one_tensor_none_is_read_with_the_history_it_had_before_a_write() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    first, _ = y.split(1)
    y *= 3
    with ad.no_grad():
        assert (first * 2).tolist() == [12.0]
    with pytest.raises(GradientError, match="call split again"):
        first * 2
    (y.split(1)[0] * 2).sum().backward()
    assert x.grad.tolist() == [12.0, 0.0]


def test_several_views_of_data_are_read_after_any_write() -> None:
    data = ad.ones(2)
    first, second = data.unbind()
    data += 1
    second += 1
    assert (first + second).item() == 5.0


def test_what_depends_on_a_view_that_was_written_depends_on_its_base() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    view = y[:1]
    view *= 3
    y.register_hook(lambda g: g * 10)
    view.sum().backward()
    assert x.grad.tolist() == [60.0, 0.0]


def test_the_dims_of_a_leaf_are_changed_by_way_of_its_data_alone() -> None:
    x = ad.ones(2, 3, requires_grad=True)
    with pytest.raises(GradientError, match="no_grad"):
        x.t_()
    with ad.no_grad(), pytest.raises(GradientError, match=r"x.data = x.data.t\(\)"):
        x.t_()
    x.data = x.data.t()
    (x * 2).sum().backward()
    assert x.grad.shape == (3, 2)


def test_a_value_that_was_saved_is_stale_when_its_dims_are_changed() -> None:
    y = leaf(1.0, 2.0) * 2
    z = y * y
    y.unsqueeze_(0)
    with pytest.raises(StaleValueError, match="multiply"):
        z.sum().backward()


def test_one_of_several_views_keeps_its_dims_while_recording() -> None:
    first, _ = (leaf(1.0, 2.0) * 2).split(1)
    with pytest.raises(GradientError, match="one of several views"):
        first.squeeze_(0)


def test_dims_change_in_the_memory_that_others_hold() -> None:
    x = ad.arange(6.0).reshape(2, 3)
    detached, before = x.detach(), x[1]
    memory = x.numpy()
    assert x.t_().unsqueeze_(0).squeeze_() is x
    assert x.shape == (3, 2)
    assert detached.shape == (2, 3)
    assert np.shares_memory(x.numpy(), memory)
    before += x[:, 0]
    assert x.tolist() == [[0.0, 3.0], [1.0, 5.0], [2.0, 7.0]]


def test_the_gradient_of_a_leaf_survives_its_detachment() -> None:
    x = leaf(1.0)
    x.backward()
    assert x.detach_().grad.item() == 1.0
