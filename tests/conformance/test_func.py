"""ad.func, ad.autograd.functional and checkpoint against PyTorch: values, dtypes, nesting, and what requires grad."""

import inspect

import numpy as np
import pytest
import torch
import torch.utils.checkpoint

import autodiff as ad
import nn

# PyTorch's own, of its forward mode and its linearize.
pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node:UserWarning"),
]

rng = np.random.default_rng(0)
VECTOR = rng.normal(size=3) + 0.1
MATRIX = rng.normal(size=(3, 3))


class Ours:
    """The names that the cases use, of this library."""

    m, func, functional, checkpoint, nn = ad, ad.func, ad.autograd.functional, staticmethod(ad.autograd.checkpoint), nn


class Theirs:
    """The same of PyTorch."""

    m, func, functional, nn = torch, torch.func, torch.autograd.functional, torch.nn
    checkpoint = staticmethod(torch.utils.checkpoint.checkpoint)


def same(ours, theirs, tolerance, where="the result", history=True):
    """Hold nested results against each other."""
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, ad.Tensor), where
        assert tuple(ours.shape) == tuple(theirs.shape), where
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch."), where
        assert not history or ours.requires_grad == theirs.requires_grad, where
        np.testing.assert_allclose(
            ours.detach().numpy(), theirs.detach().numpy(), rtol=tolerance, atol=tolerance, err_msg=where
        )
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key in theirs:
            same(ours[key], theirs[key], tolerance, f"{where}[{key!r}]", history)
    elif isinstance(theirs, (tuple, list)):
        assert type(ours) is type(theirs), where
        assert len(ours) == len(theirs), where
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            same(a, b, tolerance, f"{where}[{i}]", history)
    else:
        assert ours == theirs, where


def scalar(t, x):
    return (t.m.sin(x) * x**2).sum() + x[0] * x[1] * x[2]


def vector(t, x):
    return t.m.stack([x[0] * x[1], t.m.tanh(x[2]) * x[0] ** 2])


def nested(t, p):
    return {"a": p["w"] @ p["v"][0], "b": (p["w"].sum() * p["v"][0].prod(), [p["w"].T * 2])}


def wide(t, x, d):
    return (x * d).sum(), {"narrow": x * x, "wide": d.exp()}


def params(x, A):
    return {"w": A * 1, "v": [x]}


F = lambda t: lambda x: scalar(t, x)  # noqa: E731
V = lambda t: lambda x: vector(t, x)  # noqa: E731
N = lambda t: lambda p: nested(t, p)  # noqa: E731
S = lambda t: lambda p: nested(t, p)["b"][0]  # noqa: E731
W = lambda t: lambda x, d: wide(t, x, d)  # noqa: E731


def unrecorded(t, f):
    """A function of which a part is not recorded."""

    def g(x):
        with t.m.no_grad():
            c = x**2
        return f(x) + (c * x).sum()

    return g


def written(t):
    def g(x):
        y = x.clone()
        y[0] = x[1] ** 2
        y *= x
        return (y * y).sum()

    return g


def outside(t, value):
    with t.m.no_grad():
        return value()


# Each is called with `t` (the names), x (3,), A (3, 3), w (3,) that requires grad, d (3,) in float64.
CASES = {
    "grad": lambda t, x, A, w, d: t.func.grad(F(t))(x),
    "grad argnums": lambda t, x, A, w, d: t.func.grad(lambda a, b: (a * b**2).sum(), argnums=1)(x, x + 1),
    "grad argnums tuple": lambda t, x, A, w, d: t.func.grad(lambda a, b: (a * b**2).sum(), argnums=(1, 0))(x, x + 1),
    "grad argnums one": lambda t, x, A, w, d: t.func.grad(lambda a, b: (a * b**2).sum(), argnums=(-1,))(x, x + 1),
    "grad has_aux": lambda t, x, A, w, d: t.func.grad(lambda x: (scalar(t, x), {"h": [x * 2, w]}), has_aux=True)(x),
    "grad nested": lambda t, x, A, w, d: t.func.grad(S(t))(params(x, A)),
    "grad of grad": lambda t, x, A, w, d: t.func.grad(lambda x: (t.func.grad(F(t))(x) ** 2).sum())(x),
    "grad third": lambda t, x, A, w, d: t.func.grad(t.func.grad(t.func.grad(lambda x: x**4 * w[0])))(x[0]),
    "grad closed over": lambda t, x, A, w, d: t.func.grad(lambda x: (x**2 * w).sum())(x),
    "grad closed over, linear": lambda t, x, A, w, d: t.func.grad(lambda x: (x**2 + w).sum())(x),
    "grad tracked": lambda t, x, A, w, d: t.func.grad(F(t))(w),
    "grad tracked beside": lambda t, x, A, w, d: t.func.grad(lambda x, y: (x**2 * y).sum())(x, w),
    "grad constant of outer": lambda t, x, A, w, d: t.func.grad(
        lambda x: x * t.func.grad(lambda z: z * (2 * x) + z * z)(x)
    )(x[0]),
    "grad unused": lambda t, x, A, w, d: t.func.grad(lambda x, y: y.sum(), argnums=(0, 1))(x, x),
    "grad of integers": lambda t, x, A, w, d: t.func.grad(lambda x: x.argmax())(x),
    "grad of a constant": lambda t, x, A, w, d: t.func.grad(lambda x: w.sum())(x),
    "grad mixed": lambda t, x, A, w, d: t.func.grad(lambda x, d: (x * d).sum(), argnums=(0, 1))(x, d),
    "grad under no_grad": lambda t, x, A, w, d: outside(t, lambda: t.func.grad(F(t))(w)),
    "grad over no_grad": lambda t, x, A, w, d: t.func.grad(unrecorded(t, F(t)))(x),
    "grad keyword": lambda t, x, A, w, d: t.func.grad(lambda x, *, k: (x * k).sum())(x, k=w),
    "grad in place": lambda t, x, A, w, d: t.func.grad(written(t))(x),
    "grad of torch.autograd.grad": lambda t, x, A, w, d: t.func.grad(
        lambda x: (t.m.autograd.grad(scalar(t, x), x, create_graph=True)[0] ** 2).sum()
    )(x),
    "grad_and_value": lambda t, x, A, w, d: t.func.grad_and_value(F(t))(x),
    "grad_and_value tracked": lambda t, x, A, w, d: t.func.grad_and_value(F(t), argnums=(0,))(w),
    "grad_and_value has_aux": lambda t, x, A, w, d: t.func.grad_and_value(
        lambda x: ((x * x).sum(), (x * 2, x * w)), has_aux=True
    )(x),
    "vjp": lambda t, x, A, w, d: (lambda out: (out[0], out[1](x[:2])))(t.func.vjp(V(t), x)),
    "vjp several": lambda t, x, A, w, d: t.func.vjp(lambda a, b: a @ b, A, x)[1](x),
    "vjp nested": lambda t, x, A, w, d: t.func.vjp(N(t), params(x, A))[1]({"a": x, "b": (x[0], [A])}),
    "vjp has_aux": lambda t, x, A, w, d: t.func.vjp(lambda x: (x**2, {"h": x * 2}), x, has_aux=True)[::2],
    "vjp tracked cotangent": lambda t, x, A, w, d: t.func.vjp(lambda x: x**2, x)[1](w),
    "vjp tracked": lambda t, x, A, w, d: (lambda out: (out[0], out[1](x)))(t.func.vjp(lambda x: x**2 * w, x)),
    "vjp create_graph": lambda t, x, A, w, d: t.func.vjp(lambda x: x**2 * w, x)[1](x, create_graph=False),
    "vjp retain_graph": lambda t, x, A, w, d: t.func.vjp(lambda x: x**2, x)[1](x, retain_graph=False),
    "vjp twice": lambda t, x, A, w, d: (lambda back: (back(x), back(2 * x)))(t.func.vjp(lambda x: x**2, x)[1]),
    "vjp independent": lambda t, x, A, w, d: t.func.vjp(lambda x, y: (x * 2, w), x, x)[1]((x, x)),
    "vjp other dtype": lambda t, x, A, w, d: t.func.vjp(lambda x: x**2, x)[1](d),
    "vjp under no_grad": lambda t, x, A, w, d: outside(t, lambda: t.func.vjp(lambda x: x**2, w)[1](x)),
    "grad through vjp": lambda t, x, A, w, d: t.func.grad(lambda x: (t.func.vjp(V(t), x)[1](x[:2])[0] ** 2).sum())(x),
    "jvp": lambda t, x, A, w, d: t.func.jvp(V(t), (x,), (x + 1,)),
    "jvp several": lambda t, x, A, w, d: t.func.jvp(lambda a, b: a @ b, (A, x), (A * 2, x + 1)),
    "jvp nested": lambda t, x, A, w, d: t.func.jvp(N(t), (params(x, A),), (params(x + 1, A.T),)),
    "jvp has_aux": lambda t, x, A, w, d: t.func.jvp(lambda x: (x**2, {"h": x * 2}), (x,), (x,), has_aux=True),
    "jvp strict": lambda t, x, A, w, d: t.func.jvp(lambda x: x**2, (x,), (x,), strict=True),
    "jvp independent": lambda t, x, A, w, d: t.func.jvp(lambda x: (x, w, x.argmax()), (x,), (x,)),
    "jvp tracked": lambda t, x, A, w, d: t.func.jvp(lambda x: x**2 * w, (x,), (x,)),
    "jvp tracked tangent": lambda t, x, A, w, d: t.func.jvp(lambda x: x**2, (x,), (w,)),
    "jvp tracked primal": lambda t, x, A, w, d: t.func.jvp(lambda x: x**2, (w,), (x,)),
    "jvp of grad": lambda t, x, A, w, d: t.func.jvp(t.func.grad(F(t)), (x,), (x + 1,)),
    "jvp of jvp": lambda t, x, A, w, d: t.func.jvp(lambda x: t.func.jvp(F(t), (x,), (x,))[1], (x,), (x + 1,)),
    "grad of jvp": lambda t, x, A, w, d: t.func.grad(lambda x: t.func.jvp(F(t), (x,), (x,))[1])(x),
    "jvp in place": lambda t, x, A, w, d: t.func.jvp(written(t), (x,), (x + 1,)),
    "linearize": lambda t, x, A, w, d: (lambda out: (out[0], out[1](x + 1, A)))(
        t.func.linearize(lambda x, A: {"y": A @ x, "z": x**2}, x, A)
    ),
    "jacrev": lambda t, x, A, w, d: t.func.jacrev(V(t))(x),
    "jacrev argnums": lambda t, x, A, w, d: t.func.jacrev(lambda a, b: a @ b, argnums=(1, 0))(A, x),
    "jacrev nested": lambda t, x, A, w, d: t.func.jacrev(N(t))(params(x, A)),
    "jacrev nested argnums": lambda t, x, A, w, d: t.func.jacrev(N(t), argnums=(0,))(params(x, A)),
    "jacrev has_aux": lambda t, x, A, w, d: t.func.jacrev(lambda x: (x**2, {"h": x * 2}), has_aux=True)(x),
    "jacrev chunk_size": lambda t, x, A, w, d: t.func.jacrev(V(t), chunk_size=1)(x),
    "jacrev mixed": lambda t, x, A, w, d: t.func.jacrev(W(t), argnums=(0, 1))(x, d),
    "jacrev tracked": lambda t, x, A, w, d: t.func.jacrev(lambda x: x**2 * w)(x),
    "jacrev independent": lambda t, x, A, w, d: t.func.jacrev(lambda x: (x, A))(x),
    "jacrev empty": lambda t, x, A, w, d: t.func.jacrev(lambda x: (x[:0], x.sum()))(x),
    "jacrev of empty": lambda t, x, A, w, d: t.func.jacrev(lambda x: x.sum())(x[:0]),
    "jacfwd": lambda t, x, A, w, d: t.func.jacfwd(V(t))(x),
    "jacfwd argnums": lambda t, x, A, w, d: t.func.jacfwd(lambda a, b: a @ b, argnums=(1, 0))(A, x),
    "jacfwd nested": lambda t, x, A, w, d: t.func.jacfwd(N(t))(params(x, A)),
    "jacfwd nested argnums": lambda t, x, A, w, d: t.func.jacfwd(N(t), argnums=(0,))(params(x, A)),
    "jacfwd has_aux": lambda t, x, A, w, d: t.func.jacfwd(lambda x: (x**2, {"h": x * 2}), has_aux=True)(x),
    "jacfwd randomness": lambda t, x, A, w, d: t.func.jacfwd(V(t), randomness="same")(x),
    "jacfwd mixed": lambda t, x, A, w, d: t.func.jacfwd(lambda x, d: x.double() * d, argnums=(0, 1))(x, d),
    "jacfwd tracked": lambda t, x, A, w, d: t.func.jacfwd(lambda x: (x**2 * w, x))(x),
    "jacfwd integers": lambda t, x, A, w, d: t.func.jacfwd(lambda x: (x, x.argmax()))(x),
    "jacfwd empty": lambda t, x, A, w, d: t.func.jacfwd(lambda x: (x[:0], x.sum()))(x),
    "jacfwd of jacrev": lambda t, x, A, w, d: t.func.jacfwd(t.func.jacrev(V(t)))(x),
    "jacrev of jacfwd": lambda t, x, A, w, d: t.func.jacrev(t.func.jacfwd(V(t)))(x),
    "hessian": lambda t, x, A, w, d: t.func.hessian(F(t))(x),
    "hessian argnums": lambda t, x, A, w, d: t.func.hessian(lambda A, x: (A @ x) @ x * x[0], argnums=(0, 1))(A, x),
    "hessian nested": lambda t, x, A, w, d: t.func.hessian(S(t))(params(x, A)),
    "hessian of a vector": lambda t, x, A, w, d: t.func.hessian(V(t))(x),
    "hessian tracked": lambda t, x, A, w, d: t.func.hessian(lambda x: (x**3 * w).sum())(x),
    "hessian linear": lambda t, x, A, w, d: t.func.hessian(lambda x: x.sum())(x),
    "vmap": lambda t, x, A, w, d: t.func.vmap(lambda r: r * w)(A),
    "vmap in_dims": lambda t, x, A, w, d: t.func.vmap(lambda r, s: r @ s, in_dims=(1, None))(A, x),
    "vmap nested dims": lambda t, x, A, w, d: t.func.vmap(
        lambda p: {"o": (p["a"] * p["b"], p["a"].sum())}, in_dims=({"a": 1, "b": None},), out_dims={"o": (1, 0)}
    )({"a": A, "b": 2.0}),
    "vmap out_dims None": lambda t, x, A, w, d: t.func.vmap(lambda r: (r, x), out_dims=(-1, None))(A),
    "vmap chunk_size": lambda t, x, A, w, d: t.func.vmap(lambda r: r.sum(), chunk_size=2)(A),
    "vmap randomness": lambda t, x, A, w, d: t.func.vmap(lambda r: r * 0 + t.m.rand(3).clamp(5, 5), randomness="same")(
        A
    ),
    "vmap keyword": lambda t, x, A, w, d: t.func.vmap(lambda r, *, k: r * k)(A, k=x),
    "vmap of grad": lambda t, x, A, w, d: t.func.vmap(t.func.grad(F(t)))(A),
    "vmap of vmap": lambda t, x, A, w, d: t.func.vmap(t.func.vmap(lambda a, b: a * b), in_dims=(0, None))(A, x),
    "grad of vmap": lambda t, x, A, w, d: t.func.grad(lambda A: t.func.vmap(F(t))(A).prod())(A),
    "functional vjp": lambda t, x, A, w, d: t.functional.vjp(V(t), x, x[:2]),
    "functional vjp v": lambda t, x, A, w, d: t.functional.vjp(F(t), (x,)),
    "functional vjp several": lambda t, x, A, w, d: t.functional.vjp(lambda A, x: (A @ x, x), (A, w), (x, x)),
    "functional vjp create_graph": lambda t, x, A, w, d: t.functional.vjp(
        lambda a, b: (a * b, b**2), (w, w * 2), (x, x), create_graph=True, strict=True
    ),
    "functional vjp closed over": lambda t, x, A, w, d: t.functional.vjp(lambda x: x * w, x, x),
    "functional vjp independent": lambda t, x, A, w, d: t.functional.vjp(lambda x, y: y.detach() + w, (x, x), x),
    "functional jvp": lambda t, x, A, w, d: t.functional.jvp(V(t), x, x + 1),
    "functional jvp v": lambda t, x, A, w, d: t.functional.jvp(lambda x: x**2, x[:1]),
    "functional jvp several": lambda t, x, A, w, d: t.functional.jvp(lambda A, x: (A @ x, x), (A, w), (A.T, x)),
    "functional jvp create_graph": lambda t, x, A, w, d: t.functional.jvp(
        lambda a, b: (a * b, b**2), (w, w * 2), (x, x), create_graph=True, strict=True
    ),
    "functional vhp": lambda t, x, A, w, d: t.functional.vhp(F(t), x, x + 1),
    "functional vhp v": lambda t, x, A, w, d: t.functional.vhp(lambda x: x**3, x[:1]),
    "functional vhp several": lambda t, x, A, w, d: t.functional.vhp(
        lambda A, x: (A @ x) @ x * x[0], (A, w), (A.T, x), strict=True
    ),
    "functional vhp create_graph": lambda t, x, A, w, d: t.functional.vhp(F(t), w, x, create_graph=True),
    "functional hvp": lambda t, x, A, w, d: t.functional.hvp(F(t), x, x + 1),
    "functional hvp v": lambda t, x, A, w, d: t.functional.hvp(lambda x: x**3, x[:1]),
    "functional hvp several": lambda t, x, A, w, d: t.functional.hvp(
        lambda A, x: (A @ x) @ x * x[0], (A, w), (A.T, x), strict=True
    ),
    "functional hvp create_graph": lambda t, x, A, w, d: t.functional.hvp(F(t), w, x, create_graph=True),
    "functional jacobian": lambda t, x, A, w, d: t.functional.jacobian(V(t), x),
    "functional jacobian several": lambda t, x, A, w, d: t.functional.jacobian(
        lambda A, x: (A @ x, x.sum()), (A, w), strict=False
    ),
    "functional jacobian strict": lambda t, x, A, w, d: t.functional.jacobian(lambda x: (x**2,), (x,), strict=True),
    "functional jacobian create_graph": lambda t, x, A, w, d: t.functional.jacobian(V(t), w, create_graph=True),
    "functional jacobian strategy": lambda t, x, A, w, d: t.functional.jacobian(
        V(t), x, vectorize=True, strategy="forward-mode"
    ),
    "functional hessian": lambda t, x, A, w, d: t.functional.hessian(F(t), x),
    "functional hessian several": lambda t, x, A, w, d: t.functional.hessian(
        lambda A, x: (A @ x) @ (A @ x) * x[0], (A, w), strict=True
    ),
    "functional hessian create_graph": lambda t, x, A, w, d: t.functional.hessian(F(t), w, create_graph=True),
    "functional hessian vectorize": lambda t, x, A, w, d: t.functional.hessian(
        F(t), x, vectorize=True, outer_jacobian_strategy="reverse-mode"
    ),
    "functional hessian linear": lambda t, x, A, w, d: t.functional.hessian(
        lambda x, y: x.sum() + (y**2).sum(), (x, x)
    ),
    "checkpoint": lambda t, x, A, w, d: t.checkpoint(V(t), w, use_reentrant=False),
    "checkpoint closed over": lambda t, x, A, w, d: t.checkpoint(
        lambda p, *, k: [(p["x"] * w * k).sin(), 2], {"x": x}, k=x, use_reentrant=False, preserve_rng_state=False
    ),
    "checkpoint of nothing": lambda t, x, A, w, d: t.checkpoint(V(t), x, use_reentrant=False),
}


def given(t, dtype):
    """The arguments of a case."""
    x, A = (t.m.tensor(a.astype(dtype)) for a in (VECTOR, MATRIX))
    w = t.m.tensor((VECTOR + 1).astype(dtype), requires_grad=True)
    return x, A, w, t.m.tensor(VECTOR * 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_a_transform_gives_what_pytorch_gives(name, dtype):
    """And backward through whatever requires grad in the result gives the same gradient."""
    tolerance = 2e-5 if dtype == "float32" else 1e-11
    results = []
    for t in (Ours, Theirs):
        x, A, w, d = given(t, dtype)
        result = CASES[name](t, x, A, w, d)
        total = sum((r**2).sum() for r in tracked(result, type(x)))
        if not isinstance(total, int):
            total.backward()
        results.append((result, {} if w.grad is None else {"w": w.grad}))
    same(*results, tolerance)


def tracked(tree, kind):
    if isinstance(tree, kind):
        return [tree] if tree.requires_grad else []
    inside = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, (tuple, list)) else []
    return [x for value in inside for x in tracked(value, kind)]


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("func", "grad grad_and_value vjp jvp jacrev jacfwd hessian linearize functional_call stack_module_state vmap"),
        ("functional", "vjp jvp vhp hvp jacobian hessian"),
    ],
)
def test_parameters_and_defaults_are_pytorchs(module, names):
    for name in names.split():
        ours, theirs = (
            [
                (p.name, p.kind, p.default)
                for p in inspect.signature(getattr(getattr(t, module), name)).parameters.values()
            ]
            for t in (Ours, Theirs)
        )
        assert ours == theirs, name


@pytest.mark.parametrize("module", ["func", "functional"])
def test_every_parameter_has_a_case(module):
    """In the words of the cases: a keyword, or the name in the key of the case."""
    text = inspect.getsource(inspect.getmodule(test_every_parameter_has_a_case))
    for name in ("grad", "jvp", "jacrev", "jacfwd", "hessian", "vmap") if module == "func" else Ours.functional.__all__:
        for parameter in inspect.signature(getattr(getattr(Ours, module), name)).parameters.values():
            if parameter.default is not parameter.empty and not parameter.name.startswith("_"):
                assert f"{parameter.name}=" in text or f"{name} {parameter.name}" in text, f"{name}: {parameter.name}"


# -- modules -----------------------------------------------------------------------------------------------------------


def model(t):
    made = t.nn.Sequential(t.nn.Linear(3, 2), t.nn.Tanh(), t.nn.Linear(2, 2))
    values = np.random.default_rng(1)
    made.load_state_dict(
        {name: t.m.tensor(values.normal(size=tuple(p.shape)).astype("float32")) for name, p in made.named_parameters()}
    )
    return made


def tied(t):
    class Tied(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.a = t.nn.Parameter(t.m.ones(3))
            self.b = self.a
            self.register_buffer("c", t.m.ones(3))
            self.register_buffer("n", t.m.zeros(3))

        def forward(self, x, k=1.0):
            self.n = self.n + 1
            return self.a * x * k + self.b + self.c + self.n

    return Tied()


def doubled(model):
    return {name: p.detach() * 2 for name, p in model.named_parameters()}


CALLS = {
    "whole": lambda t, x, m: t.func.functional_call(m, doubled(m), x),
    "part": lambda t, x, m: t.func.functional_call(m, {"0.weight": doubled(m)["0.weight"]}, (x,)),
    "two dicts": lambda t, x, m: t.func.functional_call(
        m, ({"0.weight": doubled(m)["0.weight"]}, {"2.bias": doubled(m)["2.bias"]}), (x,)
    ),
    "strict": lambda t, x, m: t.func.functional_call(m, doubled(m), (x,), strict=True),
    "unknown": lambda t, x, m: t.func.functional_call(m, {"0.other": x}, (x,)),
    "grad": lambda t, x, m: t.func.grad(lambda p: (t.func.functional_call(m, p, (x,)) ** 2).sum())(doubled(m)),
    "jacrev": lambda t, x, m: t.func.jacrev(lambda p: t.func.functional_call(m, p, (x,)))(doubled(m)),
    "hessian": lambda t, x, m: t.func.hessian(lambda p: (t.func.functional_call(m, p, (x,)) ** 2).sum())(doubled(m)),
    "per sample": lambda t, x, m: t.func.vmap(
        t.func.grad(lambda p, x: (t.func.functional_call(m, p, (x,)) ** 2).sum()), in_dims=(None, 0)
    )(doubled(m), t.m.stack([x, 2 * x])),
    "stacked": lambda t, x, m: t.func.stack_module_state([m, m]),
    "ensemble": lambda t, x, m: t.func.vmap(lambda p, b: t.func.functional_call(m, (p, b), (x,)), in_dims=(0, None))(
        *t.func.stack_module_state([m, m])
    ),
    "tied": lambda t, x, m: t.func.functional_call(tied(t), {"a": x}, x),
    "tied by the other name": lambda t, x, m: t.func.functional_call(tied(t), {"b": x}, x),
    "untied": lambda t, x, m: t.func.functional_call(tied(t), {"b": x}, x, tie_weights=False),
    "untied two": lambda t, x, m: t.func.functional_call(tied(t), {"b": x, "a": 2 * x}, x, tie_weights=False),
    "tied twice the same": lambda t, x, m: t.func.functional_call(tied(t), {"b": x, "a": x}, x),
    "buffer": lambda t, x, m: (lambda d: (t.func.functional_call(tied(t), d, x), d))({"n": 5 * x, "c": x}),
    "tied strict": lambda t, x, m: t.func.functional_call(tied(t), {"a": x, "c": x, "n": x}, x, strict=True),
    "kwargs": lambda t, x, m: t.func.functional_call(tied(t), {"a": x}, kwargs={"x": x, "k": 3.0}),
    "args and kwargs": lambda t, x, m: t.func.functional_call(tied(t), {"a": x}, (x,), {"k": 3.0}),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_module_called_with_other_parameters_gives_what_pytorch_gives(name):
    results = []
    for t in (Ours, Theirs):
        m = model(t)
        before = dict(m.named_parameters())
        results.append(CALLS[name](t, t.m.tensor(VECTOR.astype("float32")), m))
        assert all(p is before[k] for k, p in m.named_parameters())
    same(*results, 2e-5)


REFUSED = {
    "two dicts with one name": lambda t, x, m: t.func.functional_call(m, (doubled(m), doubled(m)), x),
    "tied to two": lambda t, x, m: t.func.functional_call(tied(t), {"a": x, "b": 2 * x}, x),
    "strict, missing": lambda t, x, m: t.func.functional_call(m, {"0.bias": x[:2]}, x, strict=True),
    "strict, unknown": lambda t, x, m: t.func.functional_call(m, {**doubled(m), "x": x}, x, strict=True),
    "no such module": lambda t, x, m: t.func.functional_call(m, {"no.weight": x}, x),
    "no dict": lambda t, x, m: t.func.functional_call(m, 3, x),
    "no models": lambda t, x, m: t.func.stack_module_state([]),
    "several classes": lambda t, x, m: t.func.stack_module_state([m, m[0]]),
    "several modes": lambda t, x, m: t.func.stack_module_state([m, model(t).eval()]),
    "not all require grad": lambda t, x, m: t.func.stack_module_state([m, model(t).requires_grad_(False)]),
    "grad of a vector": lambda t, x, m: t.func.grad(lambda x: x)(x),
    "grad of a tuple": lambda t, x, m: t.func.grad(lambda x: (x.sum(), x))(x),
    "grad of a float": lambda t, x, m: t.func.grad(lambda x: 1.0)(x),
    "grad by integers": lambda t, x, m: t.func.grad(lambda x: x.sum() * 1.0)(x.long()),
    "grad in place": lambda t, x, m: t.func.grad(lambda x: x.mul_(2).sum())(x.clone()),
    "argnums out of range": lambda t, x, m: t.func.grad(lambda x: x.sum(), argnums=1)(x),
    "argnums twice": lambda t, x, m: t.func.grad(lambda x, y: x.sum(), argnums=(0, -2))(x, x),
    "argnums empty": lambda t, x, m: t.func.grad(lambda x: x.sum(), argnums=())(x),
    "argnums a list": lambda t, x, m: t.func.jacrev(lambda x: x.sum(), argnums=[0])(x),
    "no aux": lambda t, x, m: t.func.grad(lambda x: x.sum(), has_aux=True)(x),
    "cotangents nested otherwise": lambda t, x, m: t.func.vjp(lambda x: (x, x), x)[1]([x, x]),
    "cotangents of another shape": lambda t, x, m: t.func.vjp(lambda x: x, x)[1](x[:2]),
    "vjp of integers": lambda t, x, m: t.func.vjp(lambda x: x.argmax(), x),
    "vjp of a number": lambda t, x, m: t.func.vjp(lambda x: (x, 3), x),
    "jvp without a tuple": lambda t, x, m: t.func.jvp(lambda x: x, x, x),
    "tangents nested otherwise": lambda t, x, m: t.func.jvp(lambda x: x, (x,), [x]),
    "tangents of another shape": lambda t, x, m: t.func.jvp(lambda x: x, (x,), (x[:2],)),
    "jvp strict": lambda t, x, m: t.func.jvp(lambda x: t.m.ones(3), (x,), (x,), strict=True),
    "jacrev of integers": lambda t, x, m: t.func.jacrev(lambda x: x.argmax())(x),
    "jacrev chunk_size": lambda t, x, m: t.func.jacrev(lambda x: x, chunk_size=0)(x),
    "vmap sizes": lambda t, x, m: t.func.vmap(lambda a, b: a)(x, x[:2]),
    "vmap random": lambda t, x, m: t.func.vmap(lambda a: a + t.m.rand(1))(x),
    "functional list": lambda t, x, m: t.functional.vjp(lambda x: x, [x], x),
    "functional v": lambda t, x, m: t.functional.jvp(lambda x: x, x),
    "functional strict": lambda t, x, m: t.functional.jacobian(lambda x: t.m.ones(3), x, strict=True),
    "functional linear strict": lambda t, x, m: t.functional.hessian(lambda x: x.sum(), x, strict=True),
    "functional vector": lambda t, x, m: t.functional.hvp(lambda x: x, x, x),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_pytorch_refuses_is_refused(name):
    for t in (Ours, Theirs):
        with pytest.raises(Exception) as caught:  # noqa: PT011 (PyTorch's are of many types)
            REFUSED[name](t, t.m.tensor(VECTOR.astype("float32")), model(t))
        assert t is Theirs or isinstance(caught.value, ad.AutodiffError)
