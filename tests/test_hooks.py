"""Hooks on the nodes of the graph, and on leaves after their gradient was added."""

import gc
import weakref

import pytest

import autodiff as ad
from autodiff.errors import GradientError


def product():
    x = ad.tensor([1.0, 2.0], requires_grad=True)
    y = ad.tensor([3.0, 4.0], requires_grad=True)
    return x, y, x * y


def listed(grads):
    return [None if g is None else g.tolist() for g in grads]


def test_a_node_shows_what_it_sends_and_what_it_was_sent():
    x, _, z = product()
    seen = []
    z.grad_fn.register_hook(lambda sent, came: seen.append((listed(sent), listed(came))))
    z.backward(ad.tensor([1.0, 10.0]))
    assert seen == [([[3.0, 40.0], [1.0, 20.0]], [[1.0, 10.0]])]
    assert x.grad.tolist() == [3.0, 40.0]


def test_what_a_nodes_hook_returns_takes_the_place_of_what_it_sends():
    x, y, z = product()
    z.grad_fn.register_hook(lambda sent, came: (sent[0] * 100, None))
    z.sum().backward()
    assert x.grad.tolist() == [300.0, 400.0]
    assert y.grad is None


def test_a_prehook_can_change_what_comes_before_it_is_used():
    x, _, z = product()
    handle = z.grad_fn.register_prehook(lambda came: (came[0] * 2,))
    z.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [6.0, 8.0]
    handle.remove()
    z.sum().backward()
    assert x.grad.tolist() == [9.0, 12.0]


def test_a_node_of_several_results_shows_a_cotangent_for_each():
    x = ad.tensor([[3.0, 1.0], [2.0, 5.0]], requires_grad=True)
    values, _ = x.max(dim=1)
    seen = []
    values.grad_fn.register_prehook(lambda came: seen.append(listed(came)))
    values.sum().backward()
    assert seen == [[[1.0, 1.0], None]]


def test_hooks_of_nodes_run_while_the_backward_itself_is_recorded():
    x, _, z = product()
    z.grad_fn.register_hook(lambda sent, came: tuple(g * 2 for g in sent))
    (g,) = ad.grad(z.sum(), x, create_graph=True)
    assert g.requires_grad
    assert g.tolist() == [6.0, 8.0]


def test_a_hook_that_returns_too_few_is_told():
    _, _, z = product()
    z.grad_fn.register_hook(lambda sent, came: sent[:1])
    with pytest.raises(GradientError, match="returned 1 gradients, and there are 2"):
        z.sum().backward()


def test_a_leaf_calls_its_hook_after_each_accumulation():
    x, _, z = product()
    seen = []
    handle = x.register_post_accumulate_grad_hook(lambda leaf: seen.append((leaf is x, leaf.grad.tolist())))
    z.sum().backward(retain_graph=True)
    z.sum().backward()
    assert seen == [(True, [3.0, 4.0]), (True, [6.0, 8.0])]
    handle.remove()
    assert not ad.grad((x * 2).sum(), x)[0].requires_grad
    assert len(seen) == 2


def test_such_a_hook_can_update_the_leaf_and_let_the_gradient_go():
    x, _, z = product()

    def step(leaf):
        with ad.no_grad():
            leaf -= 0.5 * leaf.grad
        leaf.grad = None

    x.register_post_accumulate_grad_hook(step)
    z.sum().backward()
    assert x.tolist() == [-0.5, 0.0]
    assert x.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("returned", "text"),
    [
        (2.0, "returned a float"),
        (ad.ones(3), r"shape \(3,\).*where one of shape \(2,\)"),
        (ad.ones(2, dtype=ad.float64), "dtype float64, where"),
    ],
)
def test_what_a_hook_returns_has_the_form_of_the_gradient(returned, text, create_graph):
    for register in [
        lambda z, hook: z.register_hook(hook),
        lambda z, hook: z.grad_fn.register_hook(lambda grads, _: (hook(grads), None)),
        lambda z, hook: z.grad_fn.register_prehook(lambda grads: (hook(grads),)),
    ]:
        _, _, z = product()
        register(z, lambda g: returned)
        with pytest.raises(GradientError, match=text):
            z.sum().backward(create_graph=create_graph)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_hook_may_write_into_what_it_is_shown(create_graph):
    x, y, _ = product()
    double = x * 2
    double.register_hook(lambda g: g.mul_(5))
    (double + y + x).sum().backward(create_graph=create_graph)  # one cotangent goes to all three
    assert x.grad.tolist() == [11.0, 11.0]
    assert y.grad.tolist() == [1.0, 1.0]


def test_hooks_see_gradients_of_the_shape_of_the_arguments():
    x = ad.tensor([1.0, 2.0], requires_grad=True)
    z, seen = x * ad.ones(3, 2), []
    z.grad_fn.register_hook(lambda grads, _: seen.append(grads[0].tolist()))
    z.sum().backward()
    assert seen == [[3.0, 3.0]]


def test_a_hook_is_a_function():
    _, _, z = product()
    with pytest.raises(TypeError, match="a hook must be a function, not a int"):
        z.register_hook(3)


def test_a_computed_tensor_has_no_such_hook():
    _, _, z = product()
    with pytest.raises(GradientError, match="for leaf Tensors"):
        z.register_post_accumulate_grad_hook(print)


def test_a_leaf_with_a_hook_is_freed_by_its_reference_count():
    gc.disable()
    try:
        x = ad.tensor([1.0], requires_grad=True)
        x.register_post_accumulate_grad_hook(print)
        gone = weakref.ref(x)
        del x
        assert gone() is None
    finally:
        gc.enable()


def test_a_leaf_that_is_frozen_and_thawed_has_its_hooks_and_the_graphs_that_led_to_it():
    x = ad.tensor([1.0, 2.0], requires_grad=True)
    after = []
    x.register_hook(lambda g: g * 2)
    x.register_post_accumulate_grad_hook(lambda t: after.append(t.grad.tolist()))
    earlier = (x * 3).sum()
    x.requires_grad_(False)
    (x * ad.tensor([1.0, 1.0], requires_grad=True)).sum().backward()
    assert x.grad is None
    x.requires_grad_(True)
    (x * 5).sum().backward()
    earlier.backward()
    assert after == [[10.0, 10.0], [16.0, 16.0]]


def test_a_leaf_that_is_thawed_has_the_gradient_and_the_shape_that_it_was_given_in_the_meantime():
    x = ad.tensor([1.0, 2.0], requires_grad=True)
    x.sum().backward()
    x.requires_grad_(False)
    assert x.grad.tolist() == [1.0, 1.0]
    x.data, x.grad = ad.ones(3), None
    x.requires_grad_(True)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
