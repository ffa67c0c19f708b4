"""Operations of the user's own: ad.Function in PyTorch's form."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import GradientError, ShapeError, StaleValueError


class Cube(ad.Function):
    @staticmethod
    def forward(ctx: Any, x: ad.Tensor) -> ad.Tensor:
        y = x * x * x
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx: Any, g: ad.Tensor) -> ad.Tensor:
        x, y = ctx.saved_tensors
        return g * 3 * y / x


class Scale(ad.Function):
    """Written with setup_context, and a number among its inputs."""

    @staticmethod
    def forward(x: ad.Tensor, factor: float) -> ad.Tensor:
        return x * factor

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.factor = inputs[1]

    @staticmethod
    def backward(ctx: Any, g: ad.Tensor) -> tuple[ad.Tensor, None]:
        return g * ctx.factor, None


class SumAndProduct(ad.Function):
    @staticmethod
    def forward(ctx: Any, x: ad.Tensor, y: ad.Tensor) -> tuple[ad.Tensor, ad.Tensor]:
        ctx.save_for_backward(x, y)
        return x + y, x * y

    @staticmethod
    def backward(ctx: Any, g_sum: ad.Tensor, g_product: ad.Tensor) -> tuple[Any, Any]:
        x, y = ctx.saved_tensors
        g_x = g_sum + g_product * y if ctx.needs_input_grad[0] else None
        g_y = g_sum + g_product * x if ctx.needs_input_grad[1] else None
        return g_x, g_y


def leaf(value: float) -> ad.Tensor:
    return ad.tensor(value, dtype=ad.float64, requires_grad=True)


def test_a_function_and_its_gradient() -> None:
    x = leaf(2.0)
    y = Cube.apply(x)
    y.backward()
    assert y.item() == 8.0
    assert x.grad.item() == 12.0
    assert y.grad_fn.name() == "CubeBackward"


def test_its_backward_can_be_differentiated_through_saved_inputs_and_outputs() -> None:
    x = leaf(2.0)
    (g,) = ad.grad(Cube.apply(x), x, create_graph=True)
    (gg,) = ad.grad(g, x, create_graph=True)
    assert (g.item(), gg.item(), ad.grad(gg, x)[0].item()) == (12.0, 12.0, 6.0)


def test_setup_context_and_inputs_that_are_no_tensors() -> None:
    x = leaf(2.0)
    Scale.apply(x, 5.0).backward()
    assert x.grad.item() == 5.0


def test_several_outputs_get_zeros_where_unused() -> None:
    x, y = leaf(2.0), leaf(3.0)
    _, product = SumAndProduct.apply(x, y)
    product.backward()
    assert (x.grad.item(), y.grad.item()) == (3.0, 2.0)


def test_needs_input_grad_tells_what_is_wanted() -> None:
    x = leaf(2.0)
    total, product = SumAndProduct.apply(x, ad.tensor(3.0, dtype=ad.float64))
    (total + product).backward()
    assert x.grad.item() == 4.0


def test_nothing_is_recorded_inside_forward_or_without_grad() -> None:
    class Look(ad.Function):
        @staticmethod
        def forward(ctx: Any, x: ad.Tensor) -> ad.Tensor:
            assert not ad.is_grad_enabled()
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: ad.Tensor) -> ad.Tensor:
            return g

    assert Look.apply(leaf(1.0)).requires_grad
    with ad.no_grad():
        assert not Look.apply(leaf(1.0)).requires_grad


def test_an_output_marked_non_differentiable_has_no_grad() -> None:
    class Argmax(ad.Function):
        @staticmethod
        def forward(ctx: Any, x: ad.Tensor) -> tuple[ad.Tensor, ad.Tensor]:
            values, sign = x * 2, x * 0 + 1
            ctx.mark_non_differentiable(sign)
            return values, sign

        @staticmethod
        def backward(ctx: Any, g: ad.Tensor, unused: ad.Tensor) -> ad.Tensor:
            return g * 2

    values, sign = Argmax.apply(leaf(1.0))
    assert values.requires_grad
    assert not sign.requires_grad


def test_a_function_that_saves_its_output_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        y = Cube.apply(leaf(2.0))
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("returned", "error", "text"),
    [
        (lambda g: (g, g), GradientError, r"Bad.backward returned 2 gradients, and Bad.forward takes 1 inputs"),
        (lambda g: ad.ones(5), ShapeError, r"shape \(5,\) for input number 0, which has shape \(2,\)"),
    ],
    ids=["too many", "wrong shape"],
)
def test_a_wrong_backward_is_explained(returned: Any, error: type[Exception], text: str) -> None:
    class Bad(ad.Function):
        @staticmethod
        def forward(ctx: Any, x: ad.Tensor) -> ad.Tensor:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: ad.Tensor) -> Any:
            return returned(g)

    with pytest.raises(error, match=text):
        Bad.apply(ad.ones(2, requires_grad=True)).sum().backward()


def test_a_saved_tensor_changed_in_place_is_refused() -> None:
    x = leaf(2.0)
    y = x * 1
    out = Cube.apply(y)
    with ad.no_grad():
        y += 1
    with pytest.raises(StaleValueError, match="Cube saved a Tensor of shape"):
        out.backward()


def test_a_second_backward_is_refused() -> None:
    out = Cube.apply(leaf(2.0))
    out.backward()
    with pytest.raises(GradientError, match="Cube a second time"):
        out.backward()


def test_an_input_returned_as_it_is_becomes_a_new_tensor() -> None:
    class Identity(ad.Function):
        @staticmethod
        def forward(ctx: Any, x: ad.Tensor) -> ad.Tensor:
            return x

        @staticmethod
        def backward(ctx: Any, g: ad.Tensor) -> ad.Tensor:
            return g * 2

    x = leaf(1.0)
    y = Identity.apply(x)
    assert y is not x
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), 2.0)


class DoubleInPlace(ad.Function):
    @staticmethod
    def forward(ctx: Any, x: ad.Tensor) -> ad.Tensor:
        x *= 2
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx: Any, g: ad.Tensor) -> ad.Tensor:
        return g * 2


def test_a_dirty_input_is_the_output_and_its_base_knows() -> None:
    x = ad.tensor([1.0, 2.0, 3.0], requires_grad=True)
    base = x * 1
    view = base[1:]
    assert DoubleInPlace.apply(view) is view
    base.sum().backward()
    assert base.tolist() == [1.0, 4.0, 6.0]
    assert x.grad.tolist() == [1.0, 2.0, 2.0]


@pytest.mark.parametrize("of", [lambda x: x, lambda x: x[:1]], ids=["the leaf itself", "a view of it"])
def test_a_dirty_leaf_that_requires_grad_is_refused(of: Any) -> None:
    with pytest.raises(GradientError, match="leaf Tensor that requires grad cannot be changed in place"):
        DoubleInPlace.apply(of(ad.ones(2, requires_grad=True)))


def test_unused_outputs_come_as_none_where_zeros_are_not_wanted() -> None:
    seen = []

    class Both(ad.Function):
        @staticmethod
        def forward(ctx: Any, x: ad.Tensor) -> tuple[ad.Tensor, ad.Tensor]:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, first: Any, second: Any) -> Any:
            seen.append(first)
            return second * 3

    x = leaf(1.0)
    Both.apply(x)[1].backward()
    assert seen == [None]
    assert x.grad.item() == 3.0
