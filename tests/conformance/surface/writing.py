"""Writing in place: what is compared with PyTorch."""

from typing import Any

from tests.conformance.surface.form import Case, Edge


def written(name: str, *args: Any, **named: Any) -> Case:
    """Apply an in-place method to a computed Tensor; its base must show what was written too."""

    def case(m: Any, p: Any, y: Any) -> Any:
        base = p * 1
        part = base[0]
        with_tensors = [y[0] if a is Ellipsis else a for a in args]
        assert getattr(part, name)(*with_tensors, **named) is part
        return part, base * y

    return case


def assigned(key: str, value: str, operator: str = "=") -> Case:
    """Write by an index into a computed Tensor; the statement is written as a user would."""
    program = f"def case(m, x, y, s, b, ix, at, d):\n    z = x * y\n    z[{key}] {operator} {value}\n    return z * x\n"
    space: dict[str, Any] = {}
    exec(program, space)
    return space["case"]


def turned(turn: Any) -> Case:
    """Change the dims of a computed Tensor in place; views made before and after must see each other's writes."""

    def case(m: Any, k: Any, s: Any) -> Any:
        base = k[:1] * 1
        before = base[0, 1:]
        assert turn(base) is base
        after = base[:1]
        before.mul_(s)
        base += s * s
        after[...] = after * after.detach().cos()
        return base * base, before, after

    return case


def turned_view(m: Any, k: Any, s: Any) -> Any:
    """Change the dims of a view in place: its base keeps its own."""
    base = k * 1
    view = base[0].unsqueeze_(1).transpose_(0, 2)
    view *= s
    return base, view * base[1, 0, 0]


def through_a_view(m: Any, x: Any, s: Any) -> Any:
    """What depends on a view that was written depends on its base."""
    base = x.detach().requires_grad_() * 2
    base.retain_grad()
    view = base[0]
    view.retain_grad()
    view.mul_(s.detach())
    (view**2).sum().backward(retain_graph=True)
    return base.grad, view.grad, x * s


#: Keys, and values that broadcast to what they read.
WRITES = (
    ("0", "y[1]"), ("0", "2"), ("0, 1", "s"), ("-1, ::2", "y[0, :2]"), (":, 1:", "y[:, :2]"), ("...", "y[0]"),
    ("None", "y"), (":, None", "y[:, None]"), ("True", "y"), ("False", "2.0"), ("[0]", "y[:1]"), ("[1, 0]", "y"),
    (":, ix[:2]", "y[:, 1:]"), (":, ix[:2]", "s"), ("0, ix[:2]", "y[0, 1:]"), ("[0, 1], [2, 0]", "y[0, :2]"),
    ("[[0], [1]], [0, 2]", "y[:, 1:]"), ("b", "3.0"), ("b", "s"), ("b", "y[b] * 2"), ("z > 0", "0.0"),
    (":, b[0]", "y[:, :2]"), ("0", "y[None, None, 0]"), ("0, 0", "y[:1, 0]"), ("0", "True"),
    ("0", "d[0]"), ("0", "ix"), ("1:1", "s"), ("x > 100", "s"), ("m.tensor(1)", "y[0]"), ("..., 0", "y[:, 1]"),
)  # fmt: skip

CASES: dict[str, Case] = {
    name if not args else f"{name} {args}": written(name, *args)
    for name, *args in [
        ("add_", 2),
        ("add_", ...),
        ("sub_", ...),
        ("mul_", 3),
        ("mul_", ...),
        ("div_", ...),
        ("true_divide_", 4),
        ("pow_", 3),
        ("pow_", ...),
        ("square_",),
        ("clamp_", 0.75, 1.5),
        ("clamp_min_", 1),
        ("clamp_max_", 1),
        ("fill_", 2),
        ("zero_",),
        ("copy_", ...),
        ("abs_",),
        ("cos_",),
        ("exp_",),
        ("log_",),
        ("log1p_",),
        ("neg_",),
        ("reciprocal_",),
        ("relu_",),
        ("rsqrt_",),
        ("sigmoid_",),
        ("sign_",),
        ("sin_",),
        ("sqrt_",),
        ("tanh_",),
        ("remainder_", 0.75),
    ]
}
CASES |= {
    "add_ alpha": written("add_", ..., alpha=0.5),
    "masked_fill_": lambda m, x, b, y: ((x * 1).masked_fill_(b, 2.0) * y,),
    "copy_ a number": lambda m, d: (d * 1).copy_(0.7) * d,
    "squeeze_": turned(lambda t: t.squeeze_()),
    "squeeze_ dims": turned(lambda t: t.squeeze_(1, 0)),
    "squeeze_ dim": turned(lambda t: t.squeeze_(dim=0)),
    "unsqueeze_": turned(lambda t: t.unsqueeze_(dim=-1)),
    "transpose_": turned(lambda t: t.transpose_(dim0=0, dim1=-1)),
    "swapaxes_": turned(lambda t: t.swapaxes_(axis0=1, axis1=2)),
    "swapdims_": turned(lambda t: t.swapdims_(dim0=-1, dim1=1)),
    "t_": lambda m, x, s: (x * s).t_() ** 2,
    "t_ vector": lambda m, r, s: (r * s).t_() ** 2,
    "turned again": turned(lambda t: t.squeeze_(0).t_().unsqueeze_(0).t_() if t.ndim < 3 else t.squeeze_(0).t_()),
    "turned view": turned_view,
    "retain_grad": through_a_view,
    "copy_ converts": lambda m, x, i: (x * 1).copy_(i),
    "fill_ integers": lambda m, i: i.clone().fill_(2.5),
    "add_ to a wider number": lambda m, x, d: (x * 1).add_(d),
}

CASES |= {f"z[{key}] = {value}": assigned(key, value) for key, value in WRITES}
CASES |= {
    f"z[{key}] {operator} {value}": assigned(key, value, operator)
    for key, operator, value in [
        ("0", "+=", "y[1]"),
        ("1:", "*=", "y[:1]"),
        ("b", "*=", "2"),
        ("b", "+=", "y[b]"),
        ("[0]", "-=", "y[1:]"),
        (":, ix[:2]", "/=", "3.0"),
        ("0, 1", "**=", "2"),
        ("...", "-=", "s"),
    ]
}

EDGES: dict[str, Edge] = {}
