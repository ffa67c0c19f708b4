"""The backward pass: order, accumulation, what ends in .grad, hooks, pruning, freeing, and the errors on the way."""

from __future__ import annotations

import gc
import sys
import weakref

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import GradientError, ShapeError, StaleValueError


def leaf(*values: float, dtype: object = ad.float64) -> ad.Tensor:
    return ad.tensor(list(values), dtype=dtype, requires_grad=True)


# ---------------------------------------------------------------------- values


def test_a_value_used_several_times_collects_every_contribution() -> None:
    x = leaf(2.0, 3.0)
    y = x * x
    (y + y * x + x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy() + 3 * x.detach().numpy() ** 2 + 1)


def test_gradients_of_two_backward_passes_add_up() -> None:
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]


def test_a_gradient_can_be_given_for_a_result_of_several_elements() -> None:
    x = leaf(1.0, 2.0)
    (x * x).backward(gradient=ad.tensor([1.0, 10.0], dtype=ad.float64))
    assert x.grad.tolist() == [2.0, 40.0]


def test_third_derivatives_come_out() -> None:
    x = ad.tensor(2.0, dtype=ad.float64, requires_grad=True)
    first = ad.grad(x**4, x, create_graph=True)[0]
    second = ad.grad(first, x, create_graph=True)[0]
    third = ad.grad(second, x)[0]
    assert (first.item(), second.item(), third.item()) == (32.0, 48.0, 48.0)


def test_create_graph_leaves_a_gradient_that_can_be_differentiated() -> None:
    x = ad.tensor(3.0, dtype=ad.float64, requires_grad=True)
    (x**3).backward(create_graph=True)
    assert x.grad.requires_grad
    assert ad.grad(x.grad, x)[0].item() == 18.0


def test_the_gradient_has_the_dtype_of_the_leaf_where_the_graph_mixes_dtypes() -> None:
    x = leaf(1.0, 2.0, dtype=ad.float32)
    w = leaf(3.0, 4.0, dtype=ad.float64)
    out = (x * w).sum()
    out.backward()
    assert out.dtype == ad.float64
    assert (x.grad.dtype, w.grad.dtype) == (ad.float32, ad.float64)


# ---------------------------------------------------------------------- memory of .grad


def test_what_ends_in_grad_belongs_to_nobody_else() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seed = np.ones(2)
    (x + y).backward(ad.from_numpy(seed))
    x.grad.numpy()[0] = 100.0
    assert y.grad.tolist() == [1.0, 1.0]
    assert seed.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("how", ["backward", "grad"])
def test_gradients_are_writable_and_share_no_memory(how: str) -> None:
    x, y, z = leaf(1.0, 2.0), leaf(3.0, 4.0), leaf(5.0, 6.0)
    out = (x + y - z.reshape(2, 1).reshape(2)).sum()
    if how == "backward":
        out.backward()
        grads = [t.grad.numpy() for t in (x, y, z)]
    else:
        grads = [g.numpy() for g in ad.grad(out, (x, y, z))]
    assert all(g.flags.writeable for g in grads)
    assert not any(np.shares_memory(a, b) for a in grads for b in grads if a is not b)


def test_asking_twice_for_the_same_input_gives_two_arrays() -> None:
    x = leaf(1.0, 2.0)
    a, b = ad.grad((x * x).sum(), (x, x))
    assert a.tolist() == b.tolist() == [2.0, 4.0]
    assert not np.shares_memory(a.numpy(), b.numpy())


def test_a_gradient_that_a_hook_kept_is_not_written_into_later() -> None:
    x = leaf(1.0, 2.0)
    kept = []
    x.register_hook(kept.append)
    for _ in range(2):
        (x * 3).sum().backward()
    assert kept[0].tolist() == [3.0, 3.0]
    assert x.grad.tolist() == [6.0, 6.0]


# ---------------------------------------------------------------------- several outputs


def test_an_unused_output_counts_as_zero() -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0)
    first, _ = ad.split(x, 2)
    (first * 5).sum().backward()
    assert x.grad.tolist() == [5.0, 5.0, 0.0, 0.0]


def test_both_outputs_flow_back_into_one_input() -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0)
    a, b = ad.split(x, 2)
    (a * b).sum().backward()
    assert x.grad.tolist() == [3.0, 4.0, 1.0, 2.0]


def test_a_vertex_names_the_vertices_before_it_and_which_output_it_used() -> None:
    x = leaf(1.0, 2.0)
    _, second = ad.split(x * 2, [1, 1])
    product = second * x
    before_split = [(vertex.name(), i) for vertex, i in second.grad_fn.next_functions]
    before_product = [(vertex.name(), i) for vertex, i in product.grad_fn.next_functions]
    assert before_split == [("MultiplyBackward", 0)]
    assert before_product == [("SplitBackward", 1), ("AccumulateGrad", 0)]
    assert (second.output_nr, product.output_nr) == (1, 0)


def test_detach_in_place_cuts_a_value_off_and_refuses_a_view() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf
    assert not y.requires_grad
    with pytest.raises(GradientError, match="view cannot be detached in place"):
        (x * 2)[:1].detach_()


# ---------------------------------------------------------------------- grad: targets, pruning, unused inputs


def test_grad_of_an_intermediate_value() -> None:
    x = leaf(2.0)
    y = x * x
    assert ad.grad((y * y).sum(), y)[0].tolist() == [8.0]
    assert x.grad is None


def test_grad_goes_only_where_it_is_asked() -> None:
    x, w = leaf(2.0), leaf(3.0)
    visited = []
    side = x * 7
    side.register_hook(visited.append)
    assert ad.grad((side * w).sum(), w)[0].tolist() == [14.0]
    assert visited == []


def test_an_input_that_was_not_used_raises_unless_allowed() -> None:
    x, other = leaf(1.0), leaf(2.0, 3.0)
    with pytest.raises(GradientError, match=r"input number 1, of shape \(2,\), was not used.*allow_unused=True"):
        ad.grad((x * x).sum(), (x, other))
    assert ad.grad((x * x).sum(), (x, other), allow_unused=True)[1] is None
    assert ad.grad((x * x).sum(), (x, other), materialize_grads=True)[1].tolist() == [0.0, 0.0]


def test_backward_with_inputs_fills_only_their_grad() -> None:
    x, w = leaf(2.0), leaf(3.0)
    (x * w).sum().backward(inputs=[w])
    assert x.grad is None
    assert w.grad.tolist() == [2.0]


# ---------------------------------------------------------------------- hooks and retained gradients


def test_a_hook_replaces_the_gradient_on_its_way() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert x.grad.tolist() == [20.0, 20.0]


def test_a_hook_sees_the_complete_gradient_once() -> None:
    x = leaf(1.0)
    y = x * 1
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    (y * 2 + y * 3).sum().backward()
    assert seen == [[5.0]]


def test_a_removed_hook_is_not_called() -> None:
    x = leaf(1.0)
    handle = x.register_hook(lambda g: g * 100)
    handle.remove()
    handle.remove()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0]


def test_retain_grad_keeps_the_gradient_of_a_computed_value() -> None:
    x = leaf(3.0)
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    assert y.retains_grad
    assert y.grad.tolist() == [12.0]


def test_a_computed_value_keeps_no_gradient_by_itself() -> None:
    x = leaf(3.0)
    y = x * 2
    y.sum().backward()
    assert y.grad is None


# ---------------------------------------------------------------------- depth and freeing


def test_a_chain_of_200_000_operations_runs_backward_and_is_freed_without_recursion() -> None:
    assert sys.getrecursionlimit() < 10_000
    x = ad.tensor(1.0, dtype=ad.float64, requires_grad=True)
    y = x
    for _ in range(200_000):
        y = y + x
    y.backward()
    assert x.grad.item() == 200_001.0
    z = x
    for _ in range(200_000):
        z = z * 1.0
    del y, z


def test_a_graph_is_freed_with_the_collector_switched_off() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = (x.exp() * x).sum()
        a, b = ad.split(x * 2, 1)
        node, other = weakref.ref(y.grad_fn), weakref.ref(a.grad_fn)
        y.backward()
        g = ad.grad((a * b).sum(), x, create_graph=True)[0]
        deep = weakref.ref(g.grad_fn)
        del y, a, b, g
        assert (node(), other(), deep()) == (None, None, None)
    finally:
        gc.enable()


def test_saved_arrays_are_let_go_as_backward_passes_them() -> None:
    x = leaf(1.0, 2.0)
    inner = x.exp()
    array = weakref.ref(inner._array)
    out = (inner * inner).sum()
    del inner
    assert array() is not None
    out.backward()
    assert array() is None


def test_retain_graph_allows_a_second_backward() -> None:
    x = leaf(3.0)
    out = (x * x).sum()
    out.backward(retain_graph=True)
    out.backward()
    assert x.grad.tolist() == [12.0]


# ---------------------------------------------------------------------- errors


def test_a_second_backward_says_what_to_do() -> None:
    x = leaf(3.0)
    out = x * x
    out.backward()
    with pytest.raises(GradientError, match="multiply a second time.*retain_graph=True"):
        out.backward()


def test_backward_of_several_elements_needs_a_gradient() -> None:
    with pytest.raises(GradientError, match=r"one element, got shape \(2,\).*\.sum\(\)"):
        (leaf(1.0, 2.0) * 2).backward()


def test_a_gradient_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"gradient has shape \(3,\), but the Tensor has shape \(2,\)"):
        (leaf(1.0, 2.0) * 2).backward(ad.ones(3))


def test_backward_without_a_graph_asks_about_requires_grad() -> None:
    with pytest.raises(GradientError, match="does not require grad"):
        ad.tensor(1.0).backward()


def test_integers_cannot_require_grad() -> None:
    with pytest.raises(TypeError, match=r"only floating Tensors can require grad.*int64.*\.float\(\)"):
        ad.tensor([1, 2], requires_grad=True)


def test_a_saved_argument_that_was_changed_is_named() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    product = (y * y).sum()
    y *= 3
    with pytest.raises(StaleValueError, match=r"multiply \(result of shape \(2,\)\) saved its argument.*clone"):
        product.backward()


def test_a_saved_result_that_was_changed_is_named() -> None:
    out = leaf(1.0).exp()
    with ad.no_grad():
        out += 1
    with pytest.raises(StaleValueError, match=r"exp \(result of shape \(1,\)\) saved its result"):
        out.sum().backward()


def test_writing_before_the_value_is_saved_is_fine() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    y *= 3
    (y * y).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 72 * x.detach().numpy())


def test_a_parameter_updated_between_forward_and_backward_is_caught() -> None:
    w, x = leaf(2.0), leaf(3.0)
    out = (w * x).sum()
    with ad.no_grad():
        w -= 0.5
    with pytest.raises(StaleValueError):
        out.backward()
