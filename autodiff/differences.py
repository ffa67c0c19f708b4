"""A function at one point: its derivatives by differences and by backward, and a verdict where the two disagree."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autodiff.errors import GradientError
from autodiff.gradients import grad
from autodiff.graph import Value, wrap

__all__ = ["Gradient", "GradcheckError", "Point", "Report", "differentiable", "random_direction"]

Array = np.ndarray[Any, Any]


class GradcheckError(GradientError, ValueError):
    """A derivative that differs from the numeric one, or a check that cannot be made."""

    report: Report | None = None


class Report:
    """What a check found. It is true when the derivative is right, and prints as a text that says what is not.

    Attributes
    ----------
    ok : bool
        Whether everything agreed.
    verdict : {"right", "wrong", "kink", "precision"}
        "wrong": the function is smooth here and backward gives another derivative; "kink": the function has no
        derivative at this input; "precision": the numbers are too coarse for differences.
    text : str
        The finding in words.
    entries : int
        How many numbers were compared.
    """

    def __init__(self, verdict: str, text: str, entries: int = 0) -> None:
        self.ok = verdict == "right"
        self.verdict = verdict
        self.text = text
        self.entries = entries

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return self.text


class Gradient:
    """The function that backward computes: from the inputs of `func` and cotangents to gradients."""

    def __init__(self, func: Callable[..., Any], n_inputs: int) -> None:
        self.func = func
        self.n_inputs = n_inputs

    def __call__(self, *args: Any) -> dict[str, Any]:
        inputs, cotangents = args[: self.n_inputs], args[self.n_inputs :]
        outputs = [o for _, o in differentiable(self.func(*inputs), "output")]
        variables = differentiable(inputs, "input")
        grads = grad(outputs, [t for _, t in variables], cotangents, create_graph=True, allow_unused=True)
        return {label: g for (label, _), g in zip(variables, grads, strict=True) if g is not None}


class Point:
    """A function of Tensors at one point.

    Parameters
    ----------
    func, inputs, eps, atol, rtol
        As in `autodiff.gradcheck`.
    """

    def __init__(self, func: Callable[..., Any], inputs: Any, eps: float, atol: float, rtol: float) -> None:
        self.func = func
        self.inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        self.eps, self.atol, self.rtol = eps, atol, rtol
        self.entries = 0
        self.variables = self._variables()
        self.outputs = [label for label, _ in self.run()]

    def _variables(self) -> list[tuple[str, Any]]:
        """The inputs that are checked, by name."""
        if isinstance(self.func, Gradient):
            n = self.func.n_inputs
            variables = differentiable(self.inputs[:n], "input") + differentiable(self.inputs[n:], "cotangent")
        else:
            variables = differentiable(self.inputs, "input")
        if not variables:
            raise GradcheckError(
                "gradcheck needs at least one input that requires grad; "
                "create it with ad.tensor(..., dtype=ad.float64, requires_grad=True)"
            )
        for label, t in variables:
            if not t._array.flags.writeable or (0 in t._array.strides and t._array.size > 1):
                raise GradcheckError(
                    f"{label} of shape {t._array.shape} cannot be moved element by element: it is an expanded view, "
                    "or its memory is read-only; pass a copy of it (.clone())"
                )
            if np.finfo(t._array.dtype).eps > self.rtol * self.eps:
                warnings.warn(
                    f"{label} has dtype {t._array.dtype}, in which differences with eps={self.eps:g} are mostly "
                    f"rounding; use {_finer([t._array.dtype])}a larger eps",
                    stacklevel=4,
                )
        return variables

    def run(self) -> list[tuple[str, Any]]:
        """The differentiable outputs of one call, by name."""
        kind = "the gradient of" if isinstance(self.func, Gradient) else "output"
        return differentiable(self.func(*self.inputs), kind)

    def values(self) -> list[Array]:
        """The outputs of one call in one dimension and float64; all floating ones if none is differentiable."""
        result = self.func(*self.inputs)
        found = differentiable(result, "") or [(label, t) for label, t in _leaves(result, "") if _floating(t)]
        if self.outputs and len(found) != len(self.outputs):
            raise GradcheckError(f"the function returned {len(self.outputs)} Tensors first and {len(found)} later")
        return [t._array.astype(np.float64).ravel() for _, t in found]

    def vjp(self, seeds: list[Array | None]) -> list[Array]:
        """Gradients of the inputs in float64, for a cotangent (or None) of each output."""
        pairs = [(o, s) for (_, o), s in zip(self.run(), seeds, strict=True) if s is not None]
        tensors = [wrap(np.asarray(s, o._array.dtype).reshape(o._array.shape)) for o, s in pairs]
        targets = [t for _, t in self.variables]
        grads = grad([o for o, _ in pairs], targets, tensors, allow_unused=True)
        return [
            np.zeros(t._array.shape) if g is None else g._array.astype(np.float64)
            for g, t in zip(grads, targets, strict=True)
        ]

    def moved(self, i: int, direction: Any, h: float) -> list[Array]:
        """The outputs with input `i` moved by `h` along a direction, or along the axis that a position names."""
        array = self.variables[i][1]._array
        before = array.copy()
        try:
            if isinstance(direction, tuple):
                array[direction] += array.dtype.type(h)
            else:
                array += (h * direction).astype(array.dtype)
            return self.values()
        finally:
            array[...] = before

    def numeric_jacobian(self, i: int) -> list[Array]:
        """For each output the array of d output / d input `i`, one row an element of the input."""
        array = self.variables[i][1]._array
        rows = []
        for place in np.ndindex(array.shape):
            high, low = self.moved(i, place, self.eps), self.moved(i, place, -self.eps)
            rows.append([(b - a) / (2 * self.eps) for a, b in zip(low, high, strict=True)])
        sizes = [v.size for v in self.values()]
        return [np.array([row[k] for row in rows]).reshape(array.size, n) for k, n in enumerate(sizes)]

    def analytic_jacobian(self, k: int) -> list[Array]:
        """For each input the same array of output `k`, from one backward an element of the output."""
        size = self.run()[k][1]._array.size
        columns = []
        for j in range(size):
            seeds: list[Array | None] = [None] * len(self.outputs)
            seeds[k] = np.zeros(size)
            seeds[k][j] = 1  # type: ignore[index]
            columns.append([g.ravel() for g in self.vjp(seeds)])
        inputs = [t._array.size for _, t in self.variables]
        return [np.array([c[i] for c in columns]).reshape(size, n).T for i, n in enumerate(inputs)]

    def diagnose(self, i: int, k: int, place: tuple[int, ...], j: int, n: float, a: float) -> tuple[str, str]:
        """Tell a wrong rule from a kink and from lack of precision. See Note [Verdicts]."""

        def differences(h: float) -> tuple[float, float]:
            centre, high, low = self.values(), self.moved(i, place, h), self.moved(i, place, -h)
            with np.errstate(invalid="ignore"):
                return float((centre[k][j] - low[k][j]) / h), float((high[k][j] - centre[k][j]) / h)

        left, right = differences(self.eps)
        if not (np.isfinite(left) and np.isfinite(right)):
            return "kink", "the function is not finite on both sides of this input; check it at another one"
        size = abs(float(self.values()[k][j])) + abs(a * float(self.variables[i][1]._array[place])) + 1e-30
        dtypes = [t._array.dtype for t in (self.variables[i][1], self.run()[k][1])]
        unit = 2 * size * max(float(np.finfo(d).eps) for d in dtypes)
        for factor in (1e1, 1e2, 1e3, 1e4):
            h = factor * self.eps
            if unit / h > 0.1 * abs(a - n):
                continue
            if abs(sum(differences(h)) / 2 - a) <= self.atol + self.rtol * abs(a) + unit / h:
                return "precision", f"rounding; with eps={h:g} the numbers agree. Use {_finer(dtypes)}eps={h:g}"
        if abs(a - n) <= 5 * unit / self.eps:
            return "precision", f"the difference is within rounding. Use {_finer(dtypes)}a larger eps"
        jump, wider = abs(right - left), float(np.ptp(differences(10 * self.eps)))
        slack = self.atol + self.rtol * abs(a) + 2 * unit / self.eps
        if jump > slack and jump > wider / 2 and min(left, right) - slack <= a <= max(left, right) + slack:
            return "kink", (
                f"the difference to the left ({left:.6g}) and to the right ({right:.6g}) disagree, so there is no "
                "derivative here; move the input away from this point"
            )
        return "wrong", "the function is smooth here, and backward gives another derivative"


# Note [Verdicts]
# Four facts tell the verdicts apart. A difference over h carries rounding of about 2 ulp(f) / h, which shrinks as h
# grows: if a larger step confirms backward, precision was the trouble. The difference to the left and the one to the
# right differ by h f'' where f is smooth, which shrinks with h, and by a constant (or more) at a kink. There, every
# number between the two is a fair choice of derivative; one outside them is wrong all the same.


def _leaves(tree: Any, label: str, root: bool = True) -> Iterator[tuple[str, Any]]:
    """The Tensors in nested tuples, lists and dicts, each with its name: ``input 1``, ``input 1['w'][0]``."""
    if isinstance(tree, Value):
        yield label, tree
    elif isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, f"{label} {key}" if root else f"{label}[{key!r}]", False)
    elif isinstance(tree, (tuple, list)):
        for i, value in enumerate(tree):
            yield from _leaves(value, f"{label} {i}" if root else f"{label}[{i}]", False)


def _floating(t: Any) -> bool:
    return bool(t._array.dtype.kind == "f")


def differentiable(tree: Any, label: str) -> list[tuple[str, Any]]:
    """The Tensors that require grad, each with its name."""
    return [(name, t) for name, t in _leaves(tree, label) if t.requires_grad]


def random_direction(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A direction in which no element counts for little: signs are random, sizes between 1/2 and 3/2."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape)


def _finer(dtypes: list[Any]) -> str:
    """Advice, unless it is followed already."""
    return "" if all(d == np.float64 for d in dtypes) else "float64 inputs (.double()), or "
