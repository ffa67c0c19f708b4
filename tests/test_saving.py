"""What is saved for backward, handed through the user's hooks."""

import weakref

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import AnomalyError, AutodiffError


def x(*values):
    return ad.tensor(values or (1.0, 2.0, 3.0), requires_grad=True)


def test_every_saved_tensor_goes_through_both_hooks_once():
    packed, unpacked = [], []
    leaf = x()
    with ad.autograd.saved_tensors_hooks(lambda t: packed.append(t) or t, lambda t: unpacked.append(t) or t):
        y = leaf * ad.tensor([4.0, 5.0, 6.0]) * leaf
    assert [t.tolist() for t in packed] == [[4.0, 5.0, 6.0], [1.0, 2.0, 3.0], [4.0, 10.0, 18.0]]
    assert not unpacked
    y.sum().backward()
    assert len(unpacked) == len(packed)
    assert leaf.grad.tolist() == [8.0, 20.0, 36.0]


def test_what_the_hook_keeps_is_what_backward_uses():
    leaf = x()
    with ad.autograd.saved_tensors_hooks(lambda t: t.numpy().copy(), lambda a: ad.from_numpy(a * 10)):
        y = leaf.exp()
    y.sum().backward()
    np.testing.assert_allclose(leaf.grad.numpy(), 10 * np.exp([1.0, 2.0, 3.0]), rtol=1e-6)


def test_the_saved_array_itself_is_let_go():
    with ad.autograd.saved_tensors_hooks(lambda t: t.tolist(), lambda v: ad.tensor(v)):
        leaf = x()
        y = leaf * 2
        array = weakref.ref(y._array)
        z = y.exp().sin()
    del y
    assert array() is None
    z.sum().backward()
    expected = 2 * np.exp([2.0, 4.0, 6.0]) * np.cos(np.exp([2.0, 4.0, 6.0]))
    np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-4)


def test_second_derivatives_go_through_the_hooks_too():
    leaf = x(2.0)
    with ad.autograd.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = (leaf**3).sum()
    (g,) = ad.grad(y, leaf, create_graph=True)
    assert ad.grad(g.sum(), leaf)[0].item() == 12.0


def test_residuals_are_packed_and_recomputed_for_a_second_derivative():
    logits = ad.tensor([[0.5, -1.0, 2.0]], dtype=ad.float64, requires_grad=True)
    import nn.functional as F

    def loss(t):
        return F.cross_entropy(t, ad.tensor([1]))

    with ad.autograd.saved_tensors_hooks(lambda t: t, lambda t: t):
        packed = loss(logits)
    (g,) = ad.grad(packed, logits, create_graph=True)
    (plain,) = ad.grad(loss(logits), logits, create_graph=True)
    np.testing.assert_allclose(g.detach(), plain.detach())
    np.testing.assert_allclose(ad.grad(g[0, 0], logits)[0], ad.grad(plain[0, 0], logits)[0])


def test_a_function_of_the_users_saves_through_the_hooks():
    class Cube(ad.Function):
        @staticmethod
        def forward(ctx, t):
            ctx.save_for_backward(t)
            return t**3

        @staticmethod
        def backward(ctx, g):
            (t,) = ctx.saved_tensors
            return g * 3 * t**2

    seen = []
    leaf = x(2.0)
    with ad.autograd.saved_tensors_hooks(lambda t: seen.append(t.item()) or t, lambda t: t):
        y = Cube.apply(leaf)
    y.backward()
    assert seen == [2.0]
    assert leaf.grad.tolist() == [12.0]


def test_the_innermost_hooks_count_and_the_outer_ones_come_back():
    calls = []

    def hooks(name):
        return ad.autograd.saved_tensors_hooks(lambda t: calls.append(name) or t, lambda t: t)

    leaf = x()
    with hooks("outer"):
        leaf.exp()
        with hooks("inner"):
            leaf.exp()
        leaf.exp()
    leaf.exp()
    assert calls == ["outer", "inner", "outer"]


def test_retained_graphs_unpack_each_time():
    count = []
    leaf = x()
    with ad.autograd.saved_tensors_hooks(lambda t: t, lambda t: count.append(1) or t):
        y = leaf.exp().sum()
    y.backward(retain_graph=True)
    y.backward()
    assert len(count) == 2
    with pytest.raises(AutodiffError, match="second time"):
        y.backward()


@pytest.mark.parametrize(
    ("unpack", "text"),
    [(lambda t: 1.0, "must return a Tensor, not a float"), (lambda t: t[:1], r"shape \(1,\).* had shape \(3,\)")],
)
def test_an_unpack_hook_that_returns_something_else_is_told(unpack, text):
    with ad.autograd.saved_tensors_hooks(lambda t: t, unpack):
        y = x().exp().sum()
    with pytest.raises(AutodiffError, match=text):
        y.backward()


def test_both_hooks_are_functions():
    with pytest.raises(TypeError, match="takes two functions"):
        ad.autograd.saved_tensors_hooks(1, None)


def test_an_anomaly_of_what_was_packed_names_the_argument():
    x = ad.tensor([1.0, 0.0], requires_grad=True)
    with ad.autograd.saved_tensors_hooks(lambda t: t, lambda t: t), ad.autograd.detect_anomaly():
        y = x.sqrt().sum()
        with pytest.raises(AnomalyError, match="its argument 'x'"):
            y.backward()
