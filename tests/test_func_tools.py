"""What goes with the transforms of ad.func: modules as functions, vmap, ravel; and ad.autograd.functional."""

import numpy as np
import pytest

import autodiff as ad
import nn
from autodiff import func
from autodiff.checking import gradcheck
from autodiff.errors import AutodiffError, DtypeError, GradientError, IndexingError, ShapeError
from tests.test_func import T, close

rng = np.random.default_rng(0)


# -- modules as functions --------------------------------------------------------------------------------------------


def small_model():
    ad.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()


def test_a_module_is_a_function_of_its_parameters():
    model, x = small_model(), T(rng.normal(size=(4, 2)))
    params = {name: p.detach() for name, p in model.named_parameters()}
    loss = lambda params: (func.functional_call(model, params, x) ** 2).mean()  # noqa: E731
    grads = func.grad(loss)(params)
    (model(x) ** 2).mean().backward()
    close(grads, {name: p.grad for name, p in model.named_parameters()})
    assert bool(
        gradcheck(lambda *ps: loss(dict(zip(params, ps, strict=True))), [p.requires_grad_() for p in params.values()])
    )


def test_a_module_has_its_own_again_also_when_it_raises():
    model = small_model()
    before = dict(model.named_parameters())
    with pytest.raises(AutodiffError):
        func.functional_call(model, {name: p * 2 for name, p in before.items()}, ad.ones(7))
    assert all(a is b for a, b in zip(model.parameters(), before.values(), strict=True))
    assert model[0].weight is before["0.weight"]
    func.functional_call(model, {"0.weight": T(np.ones((3, 2)))}, T(np.ones(2)))
    assert model[0].weight is before["0.weight"]
    assert isinstance(model[0].weight, nn.Parameter)


def test_hooks_run_and_nested_transforms_work_on_modules():
    model, seen = small_model(), []
    model.register_forward_hook(lambda module, args, output: seen.append(module[2].weight.requires_grad))
    params = {name: p.detach() for name, p in model.named_parameters()}
    x = T(np.ones(2))
    h = func.hessian(lambda w: func.functional_call(model, {**params, "2.weight": w}, x).sum() ** 2)(params["2.weight"])
    hidden = model[:2](x).detach()
    close(h.reshape(3, 3), 2 * hidden.reshape(3, 1) * hidden)
    assert seen == [True]


def test_stacked_modules_can_be_mapped_over():
    models = [small_model() for _ in range(3)]
    for i, m in enumerate(models):
        with ad.no_grad():
            m[0].weight.mul_(i + 1)
    params, buffers = func.stack_module_state(models)
    assert buffers == {}
    assert all(p.is_leaf and p.requires_grad for p in params.values())
    x = T(rng.normal(size=(4, 2)))
    outputs = func.vmap(lambda p: func.functional_call(models[0], p, x))(params)
    close(outputs, np.stack([m(x).detach().numpy() for m in models]))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda m, p: func.functional_call(m, (p, p), ad.ones(2)), "more than one of the dicts"),
        (lambda m, p: func.functional_call(m, {"0.weight": 3}, ad.ones(2)), "'0.weight' is a int"),
        (lambda m, p: func.functional_call(m, 3, ad.ones(2)), "not a int"),
        (
            lambda m, p: func.functional_call(m, {"0.weight": p["0.weight"]}, ad.ones(2), strict=True),
            "missing: '0.bias'",
        ),
        (lambda m, p: func.functional_call(m, {**p, "x": p["0.weight"]}, ad.ones(2), strict=True), "unknown: 'x'"),
        (lambda m, p: func.functional_call(m, {"9.x": p["0.weight"]}, ad.ones(2)), "no module '9'"),
        (lambda m, p: func.stack_module_state([]), "at least one module"),
        (lambda m, p: func.stack_module_state([m, nn.Linear(1, 1)]), "of one class"),
        (lambda m, p: func.stack_module_state([m, small_model().eval()]), "some are not"),
        (lambda m, p: func.stack_module_state([m, small_model().requires_grad_(False)]), "requires grad in some"),
    ],
)
def test_mistakes_with_modules(call, text):
    model = small_model()
    with pytest.raises(AutodiffError, match=text):
        call(model, dict(model.named_parameters()))


# -- vmap ------------------------------------------------------------------------------------------------------------


def test_vmap_is_differentiated_like_anything_else():
    x = T(rng.normal(size=(3, 4)))
    rows = func.vmap(lambda r: (r**2).sum() * r[0])
    close(func.grad(lambda x: rows(x).sum())(x), func.vmap(func.grad(lambda r: (r**2).sum() * r[0]))(x))
    per_sample = func.vmap(func.grad(lambda w, a: ((w * a).sum()) ** 2), in_dims=(None, 0))(T(np.ones(4)), x)
    close(per_sample, 2 * x.sum(1, keepdim=True) * x)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda x: func.vmap(lambda a, b: a)(x, ad.ones(2)),
            ShapeError,
            r"different sizes \(args\[0\]: 3, args\[1\]: 2\)",
        ),
        (lambda x: func.vmap(lambda a: a, in_dims=5)(x), IndexingError, r"args\[0\] of shape \(3, 2\) has no dim 5"),
        (lambda x: func.vmap(lambda a: a, in_dims=[0])(x), DtypeError, "in_dims must be"),
        (lambda x: func.vmap(lambda a: a, in_dims=(0, 0))(x), ShapeError, "not nested as the values are"),
        (lambda x: func.vmap(lambda a: a)(1.0), DtypeError, "give None in in_dims"),
        (lambda x: func.vmap(lambda a: a, in_dims=None)(x), ShapeError, "nothing to map over"),
        (lambda x: func.vmap(lambda a: a)(x[:0]), ShapeError, "without an example"),
        (lambda x: func.vmap(lambda a: 1.0)(x), DtypeError, "returned a float"),
        (lambda x: func.vmap(lambda a: None)(x), DtypeError, "returned None"),
        (lambda x: func.vmap(lambda a: a, out_dims=(0, 0))(x), ShapeError, "out_dims is"),
        (lambda x: func.vmap(lambda a: a, out_dims=None)(x), ShapeError, "not the same for all"),
        (lambda x: func.vmap(lambda a: a + ad.rand(2))(x), AutodiffError, "draws random numbers"),
        (lambda x: func.vmap(lambda a: a, randomness="none"), AutodiffError, "not 'none'"),
        (lambda x: func.vmap(lambda a: a, chunk_size=0), AutodiffError, "must be positive"),
    ],
)
def test_mistakes_with_vmap(call, error, text):
    with pytest.raises(error, match=text):
        call(ad.tensor(np.arange(6.0).reshape(3, 2)))


def test_vmap_and_random_numbers():
    x = ad.zeros(3, 2)
    same = func.vmap(lambda a: a + ad.rand(2), randomness="same")(x)
    different = func.vmap(lambda a: a + ad.rand(2), randomness="different")(x)
    assert ad.equal(same[0], same[2])
    assert not ad.equal(different[0], different[2])


# -- ravel


def test_ravel_and_back():
    tree = {"w": np.arange(6.0).reshape(2, 3), "b": [1.5, np.float32(2.5)], "n": None}
    flat, unravel = func.ravel(tree)
    np.testing.assert_array_equal(flat, [0, 1, 2, 3, 4, 5, 1.5, 2.5])
    again = unravel(flat * 2)
    close(again, {"w": 2 * tree["w"], "b": [3.0, 5.0], "n": None})
    assert [type(x) for x in again["b"]] == [float, np.float32]
    loss = lambda p: (p["w"] ** 2).sum() * p["b"][0] * p["b"][1]  # noqa: E731
    g = func.grad(lambda v: loss(unravel(v)))(flat)
    np.testing.assert_allclose(g, func.ravel(func.grad(loss)(tree))[0])
    with pytest.raises(ShapeError, match="unravel takes a vector of shape"):
        unravel(flat[1:])


def test_ravel_of_tensors_is_differentiable():
    t = ad.ones(2, requires_grad=True)
    flat, unravel = func.ravel([t, T([2.0])])
    assert (flat.dtype, flat.shape) == (ad.float64, (3,))
    (flat**2).sum().backward()
    close(t.grad, [2.0, 2.0])
    assert [x.dtype for x in unravel(flat)] == [ad.float32, ad.float64]
    assert func.ravel([])[0].shape == (0,)


# -- autograd.functional ---------------------------------------------------------------------------------------------


def test_the_names_can_be_imported_as_pytorchs():
    from autodiff.autograd.functional import hessian, jacobian

    close(jacobian(lambda x: x**2, T([1.0, 2.0])), [[2.0, 0.0], [0.0, 4.0]])
    close(hessian(lambda x: (x**3).sum(), (T([1.0]),)), (([[6.0]],),))
    assert ad.autograd.functional.jacobian is jacobian


@pytest.mark.parametrize("name", ["vjp", "jvp", "vhp", "hvp", "jacobian", "hessian"])
def test_strict_names_what_is_independent(name):
    f, x = getattr(ad.autograd.functional, name), T([1.0])
    with pytest.raises(GradientError, match=f"{name} with strict=True: output 0 does not depend"):
        f(lambda x: x.detach(), x, strict=True)
    with pytest.raises(GradientError, match="does not depend on input 1"):
        f(lambda x, y: (x**3).sum(), (x, x), *([(x, x)] if name in ("jvp", "vhp", "hvp") else []), strict=True)
    with pytest.raises(GradientError, match="does not depend"):
        f(lambda x: x * 2, x, strict=True, create_graph=True)
    with pytest.raises(DtypeError, match="must be a Tensor or a tuple of Tensors, not a list"):
        f(lambda x: x, [x])
