"""ad.func: derivatives of functions, against differences, against each other, in every nesting."""

import gc
import weakref
from collections import namedtuple

import numpy as np
import pytest

import autodiff as ad
from autodiff import func
from autodiff.errors import DtypeError, GradientError, ShapeError
from autodiff.trees import flatten
from tests.laws import applied
from tests.op_cases import TABLE

rng = np.random.default_rng(0)


def T(value, requires_grad=False):
    return ad.tensor(value, dtype=ad.float64, requires_grad=requires_grad)


def close(actual, expected, tolerance=1e-12):
    """Hold Tensors, also nested, against numbers: lists of them where `actual` has a Tensor."""
    leaves, structure = flatten(actual)
    for a, e in zip(leaves, structure.parts(expected, "what is expected", "what came"), strict=True):
        a, e = (x.detach().numpy() if isinstance(x, ad.Tensor) else x for x in (a, e))
        np.testing.assert_allclose(a, e, rtol=tolerance, atol=tolerance)


def moved(f, primals, tangents, h=1e-6):
    """The derivative of `f` along a direction, by differences."""
    high = flatten(f(*[T(p + h * t) for p, t in zip(primals, tangents, strict=True)]))[0]
    low = flatten(f(*[T(p - h * t) for p, t in zip(primals, tangents, strict=True)]))[0]
    with np.errstate(invalid="ignore"):
        return [(b.detach().numpy() - a.detach().numpy()) / (2 * h) for a, b in zip(low, high, strict=True)]


# -- jvp has no rules of its own, and is held to differences -----------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.order])
def test_the_jvp_of_an_operation_agrees_with_differences(name):
    for case in TABLE[name].cases:
        which = case.differentiable
        arrays = case.arrays()
        if not case.order or not which or applied(case, arrays) == []:
            continue

        def f(*variables, case=case, which=which, arrays=arrays):
            given = list(arrays)
            for i, variable in zip(which, variables, strict=True):
                given[i] = variable
            out = case.primitive(*given, **case.static)
            return (*out,) if case.primitive.outputs else (out,)

        primals = [arrays[i] for i in which]
        tangents = [rng.uniform(0.5, 1.5, p.shape) * rng.choice([-1, 1], p.shape) for p in primals]
        outs, pushed = func.jvp(f, tuple(map(T, primals)), tuple(map(T, tangents)))
        expected, finer = moved(f, primals, tangents), moved(f, primals, tangents, 5e-7)
        for out, actual, e, again in zip(outs, pushed, expected, finer, strict=True):
            if out.dtype.kind != "f":
                assert not actual.any()
                continue
            # A few inputs stand on a kink for the sake of other laws.
            smooth = np.isclose(e, again, rtol=1e-3, atol=1e-3)
            np.testing.assert_allclose(actual.numpy()[smooth], e[smooth], rtol=1e-5, atol=1e-6, err_msg=str(case))


def network(x, w):
    """Views, writes, indices, a product and reductions."""
    h = ad.tanh(x @ w)
    h = h.clone()
    h[0] = x[1, :3] * h[2].clone()
    h[:, 1] *= 2
    s = ad.softmax(h, dim=1)
    return s.max(dim=0).values, ad.cat([h.T.reshape(-1), s[:, [0, 0]].reshape(-1)]), (s * h).sum()


def test_the_jvp_of_a_larger_function_agrees_with_differences():
    primals = [rng.normal(size=(3, 4)), rng.normal(size=(4, 3))]
    tangents = [rng.normal(size=(3, 4)), rng.normal(size=(4, 3))]
    _, pushed = func.jvp(network, tuple(map(T, primals)), tuple(map(T, tangents)))
    close(list(pushed), moved(network, primals, tangents), 1e-7)


@pytest.mark.parametrize("transform", ["grad", "hessian", "jacfwd", "jvp"])
def test_the_jvp_of_a_derivative_agrees_with_differences(transform):
    f = lambda x: (ad.sin(x) * ad.cat([x[1:], x[:1]]) ** 2).sum()  # noqa: E731
    g = {
        "grad": func.grad(f),
        "hessian": func.hessian(f),
        "jacfwd": func.jacfwd(f),
        "jvp": lambda x: func.jvp(f, (x,), (x.exp(),))[1],
    }[transform]
    x, u = rng.normal(size=4), rng.normal(size=4)
    _, pushed = func.jvp(g, (T(x),), (T(u),))
    close([pushed], moved(g, [x], [u]), 1e-7)


def test_jvp_and_vjp_are_transposes():
    x, w, u, v = (T(rng.normal(size=s)) for s in ((3, 4), (4, 3), (3, 4), (4, 3)))
    outs, pushed = func.jvp(network, (x, w), (u, v))
    seeds = tuple(T(rng.normal(size=o.shape)) for o in outs)
    _, back = func.vjp(network, x, w)
    gx, gw = back(seeds)
    left = sum((s * p).sum().item() for s, p in zip(seeds, pushed, strict=True))
    assert left == pytest.approx(((gx * u).sum() + (gw * v).sum()).item(), rel=1e-12)


def test_what_does_not_depend_on_the_inputs_stands_still():
    x, w = T([1.0, 2.0]), T([3.0, 4.0], True)
    outs, pushed = func.jvp(lambda x, y: (x * 2, w * 2, y.argmax(), x.detach()), (x, x), (x, x))
    assert outs[1].requires_grad
    close(pushed, (2 * x, 0 * x, 0, 0 * x))
    assert pushed[2].dtype == ad.int64
    with pytest.raises(GradientError, match=r"the output\[1\] does not depend"):
        func.jvp(lambda x: (x, w), (x,), (x,), strict=True)


def test_a_linearized_function_runs_once():
    calls = []

    def f(x):
        calls.append(1)
        return {"y": x.sin()}

    y, push = func.linearize(f, T([0.5, 1.0]))
    for u in ([1.0, 0.0], [2.0, 3.0]):
        close(push(T(u)), {"y": np.cos([0.5, 1.0]) * u})
    close(y, {"y": np.sin([0.5, 1.0])})
    assert len(calls) == 1


# -- nesting ---------------------------------------------------------------------------------------------------------


def test_gradients_of_gradients_to_the_fourth_order():
    f = lambda x: x**5 / 120 + ad.sin(x)  # noqa: E731
    expected = [lambda x: x**4 / 24 + np.cos(x), lambda x: x**3 / 6 - np.sin(x), lambda x: x**2 / 2 - np.cos(x)]
    for e in expected:
        f = func.grad(f)
        assert f(T(0.7)).item() == pytest.approx(e(0.7), rel=1e-12)


@pytest.mark.parametrize(
    "second",
    [
        lambda f: func.jacfwd(func.jacrev(f)),
        lambda f: func.jacrev(func.jacfwd(f)),
        lambda f: func.jacfwd(func.jacfwd(f)),
        lambda f: func.jacrev(func.jacrev(f)),
        lambda f: func.jacrev(func.grad(f)),
        lambda f: func.jacfwd(func.grad(f)),
        func.hessian,
        lambda f: lambda x: ad.stack([func.hvp(f, x, e) for e in ad.eye(3, dtype=ad.float64)]),
        lambda f: lambda x: ad.stack([func.jvp(func.grad(f), (x,), (e,))[1] for e in ad.eye(3, dtype=ad.float64)]),
        lambda f: (
            lambda x: ad.stack(
                [func.grad(lambda x, e=e: func.jvp(f, (x,), (e,))[1])(x) for e in ad.eye(3, dtype=ad.float64)]
            )
        ),
        lambda f: lambda x: func.vmap(lambda e: func.vjp(func.grad(f), x)[1](e)[0])(ad.eye(3, dtype=ad.float64)),
        lambda f: lambda x: func.jacrev(lambda x: func.vjp(f, x)[1](T(1.0))[0])(x),
    ],
)
def test_every_way_to_the_hessian_leads_there(second):
    f = lambda x: (x**3).sum() + x[0] * x[1] * x[2].exp()  # noqa: E731
    a, b, c = x = np.array([0.5, -1.0, 0.3])
    e = np.exp(c)
    expected = np.diag(6 * x) + np.array([[0, e, b * e], [e, 0, a * e], [b * e, a * e, a * b * e]])
    close(second(f)(T(x)), expected)


def test_a_constant_of_the_outer_function_stays_one():
    """The inner derivative does not see that y was computed from the same x."""

    def outer(x):
        y = x * 2
        return x * func.grad(lambda z: z * y + z * z)(x)

    close(func.grad(outer)(T(3.0)), 2 * 3 * 4.0)  # x (2x + 2x)
    close(func.jacfwd(outer)(T(3.0)), 2 * 3 * 4.0)


def test_the_same_tensor_twice_is_two_arguments():
    x = T(3.0)
    close(func.grad(lambda a, b: a * b * b, argnums=(0, 1))(x, x), (9.0, 18.0))


# -- the world outside -----------------------------------------------------------------------------------------------


def test_backward_goes_on_to_what_the_function_closes_over():
    x, w = T([1.0, 2.0]), T([3.0, 4.0], True)
    g = func.grad(lambda x: (x**2 * w).sum())(x)
    g.sum().backward()
    close(w.grad, 2 * x)
    assert x.grad is None


def test_backward_goes_on_to_the_arguments():
    x = T([1.0, 2.0], True)
    func.grad(lambda x: (x**3).sum())(x).sum().backward()
    close(x.grad, [6.0, 12.0])


def test_the_value_and_aux_keep_their_history():
    x, w = T([1.0, 2.0]), T([3.0, 4.0], True)
    g, (value, aux) = func.grad_and_value(lambda x: ((x * w).sum(), {"h": [x * w * 2]}), has_aux=True)(x)
    close(g, w)
    (value + aux["h"][0].sum()).backward()
    close(w.grad, 3 * x)


def test_aux_survives_where_only_aux_leads_outside():
    x, w = T([1.0, 2.0]), T([3.0, 4.0], True)

    def f(x):
        h = x**2
        return h.sum(), (h * w).sum()

    g, aux = func.grad(f, has_aux=True)(x)
    assert not g.requires_grad
    aux.backward()
    close(w.grad, [1.0, 4.0])


@pytest.mark.parametrize(
    "result",
    [
        lambda x: func.grad(lambda x: (x**2).sum())(x),
        lambda x: func.grad_and_value(lambda x: ((x**2).sum(), x * 2), has_aux=True)(x),
        lambda x: func.vjp(lambda x: x**2, x)[0],
        lambda x: func.vjp(lambda x: x**2, x)[1](x),
        lambda x: func.jvp(lambda x: x**2, (x,), (x,)),
        lambda x: func.linearize(lambda x: x**2, x)[1](x),
        lambda x: func.jacrev(lambda x: x**2)(x),
        lambda x: func.jacfwd(lambda x: x**2)(x),
        lambda x: func.hessian(lambda x: (x**2).sum())(x),
        lambda x: func.hvp(lambda x: (x**2).sum(), x, x),
        lambda x: func.grad(lambda x: func.grad(lambda c: (c * c).sum())(T([1.0, 1.0])).sum() + (x * 0).sum())(x),
    ],
)
def test_nothing_is_recorded_where_nothing_outside_asks(result):
    assert not any(t.requires_grad for t in flatten(result(T([1.0, 2.0])))[0])
    with ad.no_grad():
        tracked = result(T([1.0, 2.0], True))
    assert not any(t.requires_grad for t in flatten(tracked)[0])


def test_no_grad_outside_does_not_count_and_inside_does():
    def f(x):
        assert ad.is_grad_enabled()
        with ad.no_grad():
            c = x**2
        return (x**2 - c).sum()

    with ad.no_grad():
        close(func.grad(f)(T([1.0, 2.0])), [2.0, 4.0])
        close(func.jvp(f, (T([1.0, 2.0]),), (T([1.0, 1.0]),))[1], 6.0)
        assert not ad.is_grad_enabled()


def test_the_mode_is_restored_when_the_function_raises():
    def f(x):
        raise KeyError("mine")

    with ad.no_grad():
        for transform in (func.grad, func.jacrev, func.jacfwd, func.hessian):
            with pytest.raises(KeyError):
                transform(f)(T(1.0))
        assert not ad.is_grad_enabled()


def test_backward_inside_reaches_the_leaves_outside():
    w = T([3.0, 4.0], True)

    def f(x):
        (w * w).sum().backward()
        return (x * w.grad).sum()

    close(func.grad(f)(T([1.0, 2.0])), [6.0, 8.0])


def test_a_view_that_is_returned_knows_what_was_written_into_its_base():
    def f(x):
        y = x.clone()
        view = y[0]
        y *= x
        return view

    for outside in (ad.no_grad(), ad.enable_grad()):
        with outside:
            close(func.grad(f)(T([3.0, 1.0])), [6.0, 0.0])


def test_writing_in_place_into_copies_is_differentiated_and_into_arguments_refused():
    def f(x):
        y = x.clone()
        y[0] = x[1] ** 2
        y *= 2
        return y.sum()

    x = T([1.0, 3.0])
    close(func.grad(f)(x), [0.0, 14.0])
    close(func.hessian(f)(x), [[0.0, 0.0], [0.0, 4.0]])
    for given in (x, T([1.0, 3.0], True), T([1.0, 3.0], True) * 1):
        with pytest.raises(GradientError, match="cannot be changed in place"):
            func.grad(lambda x: x.mul_(2).sum())(given)
        with pytest.raises(GradientError, match="cannot be changed in place"):
            func.grad(lambda x: x[:1].mul_(2).sum())(given)
        close(given, [1.0, 3.0])


def test_graphs_are_freed_without_the_collector():
    made = []

    def f(x):
        y = x.exp()
        made.append(weakref.ref(y._array))
        return (y * y).sum()

    gc.disable()
    try:
        for run in (
            func.grad(f),
            func.value_and_grad(f),
            func.hessian(f),
            func.jacfwd(f),
            lambda x: func.vjp(f, x)[1](T(1.0)),
            lambda x: func.jvp(f, (x,), (x,)),
        ):
            run(T([1.0, 2.0]))
        assert [r() for r in made] == [None] * len(made)
    finally:
        gc.enable()


def test_a_vjp_can_be_called_again_and_differentiated():
    back = func.vjp(lambda x: x**2, T([1.0, 2.0]))[1]
    close(back(T([1.0, 0.0])), ([2.0, 0.0],))
    close(back(T([0.0, 1.0])), ([0.0, 4.0],))
    close(func.jacrev(lambda v: back(v)[0])(T([5.0, 6.0])), [[2.0, 0.0], [0.0, 4.0]])
    v = T([1.0, 1.0], True)
    back(v)[0].sum().backward()
    close(v.grad, [2.0, 4.0])


def test_a_record_shows_a_transform():
    w = T(2.0, True)
    with ad.record() as rec:
        func.grad(lambda x: x * x * w)(T(3.0)).backward()
    assert "v" in str(rec)
    close(w.grad, 6.0)


# -- nested arguments, arrays and numbers ----------------------------------------------------------------------------

Layer = namedtuple("Layer", ["weight", "bias"])


def test_gradients_are_nested_like_the_arguments_and_of_their_kind():
    params = {"first": Layer(np.ones((2, 3)), np.float32(0.5)), "rest": [T(2.0), (3.0, None)], "t": ad.ones(2)}

    def f(params, x):
        layer, (a, (b, _)) = params["first"], params["rest"]
        return ((layer.weight @ x + layer.bias) * a * b).sum() + params["t"].prod()

    value, grads = func.value_and_grad(f)(params, np.array([1.0, 2.0, 3.0]))
    assert isinstance(value, ad.Tensor)
    assert isinstance(grads["first"], Layer)
    assert (type(grads["first"].weight), type(grads["first"].bias)) == (np.ndarray, np.float32)
    assert isinstance(grads["rest"][0], ad.Tensor)
    assert type(grads["rest"][1][0]) is float
    assert grads["rest"][1][1] is None
    assert [str(grads[k].dtype) for k in ("t",)] == ["float32"]
    close(
        grads,
        {
            "first": Layer(np.array([[6.0, 12.0, 18.0]] * 2), 12.0),
            "rest": [39.0, (26.0, None)],
            "t": np.ones(2),
        },
    )


def test_arrays_give_what_scipy_wants():
    f = lambda x: ((x - 1) ** 4).sum()  # noqa: E731
    x = np.array([0.0, 3.0])
    value, gradient = func.value_and_grad(f)(x)
    assert (type(value), value) == (float, 17.0)
    assert (type(gradient), gradient.dtype) == (np.ndarray, np.float64)
    np.testing.assert_array_equal(gradient, [-4, 32])
    assert gradient.flags.writeable
    np.testing.assert_array_equal(func.hessian(f)(x), np.diag([12.0, 48.0]))
    assert type(func.hessian(f)(x)) is np.ndarray
    np.testing.assert_array_equal(func.hvp(f, x, np.array([1.0, 2.0])), [12, 96])
    assert func.grad(lambda x: x**2)(3.0) == 6.0
    assert func.jacfwd(lambda x: x * 2)(np.float64(1.0)) == 2.0


def test_the_argument_and_the_gradient_share_no_memory():
    x = np.array([1.0, 2.0])
    for f in (lambda x: x.sum(), lambda x: (x * x).sum() / 2):
        _, g = func.value_and_grad(f)(x)
        g += 100
        np.testing.assert_array_equal(x, [1, 2])


def test_value_and_grad_with_aux_and_argnums():
    f = lambda a, b: ((a * b).sum(), "aux")  # noqa: E731
    (value, aux), grads = func.value_and_grad(f, argnums=(1, 0), has_aux=True)(T([1.0, 2.0]), T([3.0, 4.0]))
    assert (value.item(), aux) == (11.0, "aux")
    close(grads, ([1.0, 2.0], [3.0, 4.0]))


def test_keyword_arguments_are_handed_through():
    close(func.grad(lambda x, *, k: (x * k).sum())(T([1.0]), k=T([5.0])), [5.0])


def test_transforms_keep_the_name_of_the_function():
    def loss(x):
        """Mine."""
        return x

    for transform in (func.grad, func.grad_and_value, func.value_and_grad, func.jacrev, func.jacfwd, func.hessian):
        assert (transform(loss).__name__, transform(loss).__doc__) == ("loss", "Mine.")


def test_hvp_of_several_and_nested_arguments():
    f = lambda p, c: (p["w"] ** 3).sum() * c  # noqa: E731
    args = ({"w": T([1.0, 2.0])}, T(2.0))
    vectors = ({"w": T([1.0, 1.0])}, T(1.0))
    close(func.hvp(f, args, vectors), ({"w": np.array([12.0 + 3, 24.0 + 12])}, 3.0 + 12.0))
    with pytest.raises(ShapeError, match=r"the tangent\[0\]\['w'\] has shape \(3,\)"):
        func.hvp(f, args, ({"w": T([1.0, 1.0, 1.0])}, T(1.0)))


# -- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: func.grad(lambda x: x)(x), ShapeError, r"one number, not a Tensor of shape \(2,\)"),
        (lambda x: func.grad(lambda x: (x.sum(), 1))(x), DtypeError, "pass has_aux=True"),
        (lambda x: func.grad(lambda x: 1.0)(x), DtypeError, "not a float"),
        (lambda x: func.grad(lambda x: x.sum(), has_aux=True)(x), GradientError, r"a tuple \(output, aux\)"),
        (
            lambda x: func.grad(lambda p: p["a"][0].sum())({"a": [x.long()]}),
            DtypeError,
            r"argument 0\['a'\]\[0\] has dtype",
        ),
        (lambda x: func.grad(lambda p: p["a"])({"a": 1}), DtypeError, r"write it as a float \(1.0\)"),
        (lambda x: func.grad(lambda p: p["a"])({"a": "text"}), DtypeError, r"argument 0\['a'\] is a str"),
        (lambda x: func.grad(lambda x: x.sum(), argnums=1)(x), GradientError, "was given 1 by position"),
        (lambda x: func.grad(lambda x: x.sum(), argnums=[0])(x), DtypeError, "an integer or a tuple of integers"),
        (lambda x: func.grad(lambda x: x.sum(), argnums=())(x), GradientError, "argnums is empty"),
        (lambda x: func.grad(lambda x, y: x.sum(), argnums=(0, -2))(x, x), GradientError, "names an argument twice"),
        (lambda x: func.vjp(lambda x: {"a": x}, x)[1]({"b": x}), ShapeError, "the cotangent has no 'a'"),
        (lambda x: func.vjp(lambda x: [x], x)[1]([x[:1]]), ShapeError, r"the cotangent\[0\] has shape \(1,\)"),
        (lambda x: func.vjp(lambda x: [x], x)[1](["1"]), DtypeError, r"the cotangent\[0\] is a str"),
        (lambda x: func.vjp(lambda x: x.argmax(), x), DtypeError, "has no derivative"),
        (lambda x: func.vjp(lambda x: (), x), GradientError, "at least one Tensor"),
        (lambda x: func.jvp(lambda x: x, x, x), DtypeError, "primals must be a tuple"),
        (lambda x: func.jvp(lambda x: x, (x,), (x, x)), ShapeError, "is a tuple of 2"),
        (lambda x: func.jvp(lambda: x, (), ()), GradientError, "no Tensor among the primals"),
        (lambda x: func.linearize(lambda: x), GradientError, "no Tensor among the primals"),
        (lambda x: func.jacrev(lambda x: x, chunk_size=0), GradientError, "chunk_size must be positive"),
        (lambda x: func.hvp(lambda x: x, x, x), ShapeError, "one number"),
    ],
)
def test_mistakes_are_answered_in_the_users_words(call, error, text):
    with pytest.raises(error, match=text):
        call(ad.tensor([1.0, 2.0]))
