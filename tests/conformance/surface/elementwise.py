"""Exponentials, logarithms, waves, clamping: what is compared with PyTorch."""

from tests.conformance.surface.form import Case, Edge

INF, NAN = float("inf"), float("nan")

CASES: dict[str, Case] = {
    "exp": lambda m, x: m.exp(x),
    "exp integers": lambda m, i: m.exp(i),
    "exp booleans": lambda m, b: m.exp(b),
    "log": lambda m, p: m.log(p),
    "log at zero and below": lambda m, w: m.log(w),
    "log1p": lambda m, p: p.log1p(),
    "sqrt": lambda m, p: p.sqrt(),
    "sqrt function": lambda m, p: m.sqrt(p),
    "sqrt at zero": lambda m, z: z.sqrt(),
    "rsqrt": lambda m, p: p.rsqrt(),
    "rsqrt at zero": lambda m, z: m.rsqrt(z),
    "sin": lambda m, x: x.sin(),
    "sin function": lambda m, x: m.sin(x),
    "cos": lambda m, x: x.cos(),
    "cos function": lambda m, x: m.cos(x),
    "tanh": lambda m, x: x.tanh(),
    "sigmoid": lambda m, x: x.sigmoid(),
    "sigmoid far out": lambda m, x: m.sigmoid(x * 100),
    "relu": lambda m, x: x.relu(),
    "relu at zero": lambda m, z: m.relu(z),
    "relu integers": lambda m, i: m.relu(i),
    "clamp": lambda m, x: m.clamp(x, -0.5, 1.5),
    "clamp crossing": lambda m, x: m.clamp(x, 1, -1),
    "clamp min": lambda m, x: x.clamp(min=0.0),
    "clamp max": lambda m, x: x.clamp(max=0.5),
    "clamp tensors": lambda m, x, y, p: m.clamp(x, y, p),
    "clamp integers by floats": lambda m, i: m.clamp(i, 0.5, 2.5),
    "clamp nan": lambda m, w: m.clamp(w, -1, 1),
    "clip": lambda m, x: m.clip(x, -1, 1),
    "clamp_min": lambda m, x: m.clamp_min(x, 0.5),
    "clamp_max": lambda m, x: x.clamp_max(0.5),
    "clamp_max function": lambda m, x: m.clamp_max(x, 0.5),
    "clamp_max of integers by a float": lambda m, i: m.clamp_max(i, 0.5),
    "clamp_min tensors": lambda m, x, r: m.clamp_min(x, r),
    "clamp_min of integers by a float": lambda m, i: i.clamp_min(0.5),
    "clamp integers": lambda m, i: m.clamp(i, -1, 3),
    "clamp bytes": lambda m, u: u.clamp(max=150),
    "clamp mixed floats": lambda m, x, d: m.clamp(x, min=d),
    "clamp half": lambda m, h: m.clamp(h, -1, 1),
    "clamp by one without dimensions": lambda m, x, s: m.clamp(x, max=s),
    "clip tensors": lambda m, x, y, p: x.clip(min=y, max=p),
    "exp half": lambda m, h: m.exp(h),
    "exp transposed": lambda m, x: m.exp(x.T),
    "sigmoid half": lambda m, h: h.sigmoid(),
    "sigmoid integers": lambda m, i: m.sigmoid(i),
    "tanh half": lambda m, h: m.tanh(h),
    "tanh booleans": lambda m, b: m.tanh(b),
    "relu half": lambda m, h: m.relu(h),
    "rsqrt integers": lambda m, j: m.rsqrt(j * j),
    "sin integers": lambda m, i: m.sin(i),
    "cos booleans": lambda m, b: b.cos(),
    "log1p function": lambda m, p: m.log1p(p),
    "log1p integers": lambda m, j: m.log1p(j * j),
}

ENDS = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN]

EDGES: dict[str, Edge] = {
    "clamp_max of booleans": (lambda m, x, y: m.clamp_max(x, y), ([True, False], [False, False]), 0),
    **{
        f"{name} at its ends": (lambda m, x, name=name: getattr(m, name)(x), (ENDS,), 1)
        for name in ["exp", "log", "log1p", "sqrt", "rsqrt", "sin", "cos", "tanh", "sigmoid", "relu"]
    },
    "clamp of nan by tensors": (lambda m, x, a, b: m.clamp(x, a, b), (ENDS, [-1.0] * 7, [1.0] * 7), 1),
    "clamp_min of nothing": (lambda m, x: m.clamp_min(x, 0), ([],), 2),
    "rsqrt without dimensions": (lambda m, x: m.rsqrt(x), (4.0,), 2),
    **{
        f"{name} of an infinite cotangent": (lambda m, x, f=f: f(m, x) * INF, ([-1.0, 0.0, 0.5, 2.0],), 1)
        for name, f in {"relu": lambda m, x: m.relu(x), "clamp": lambda m, x: m.clamp(x, 0.25, 1)}.items()
    },
}
