"""Is a derivative right? `gradcheck` holds backward against numeric differences, `gradgradcheck` its own derivative.

A failed check says more than "no": the verdict tells a wrong rule from a function without a derivative at this input
(a kink), and both from numbers that are too coarse for differences (precision).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autodiff.errors import GradientError
from autodiff.gradients import grad
from autodiff.graph import Value
from autodiff.primitive import wrap

__all__ = ["GradcheckError", "Report", "gradcheck", "gradgradcheck"]

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


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> Report:
    """Check the gradients that backward gives against central differences.

    Parameters
    ----------
    func : callable
        Takes the Tensors of `inputs` and returns a Tensor, or Tensors in tuples, lists or dicts.
    inputs : Tensor or tuple
        The arguments of `func`. Those that require grad are checked; they should be float64.
    eps : float, default=1e-6
        How far each element is moved, up and down.
    atol, rtol : float, default=1e-5, 1e-3
        The numbers agree when ``|analytic - numeric| <= atol + rtol * |numeric|``.
    raise_exception : bool, default=True
        Raise on the first failure; otherwise return its report, which is false.
    nondet_tol : float, default=0.0
        How far two runs of `func`, or of its backward, may differ.
    check_undefined_grad : bool, default=True
        Also check that cotangents that are zero, or left out, count as zero.
    check_grad_dtypes : bool, default=False
        Also check that each gradient has the dtype of its input.
    check_batched_grad, check_batched_forward_grad, check_forward_ad : bool, default=False
        There are no batched cotangents and no forward mode to check here: only False is accepted.
    check_backward_ad : bool, default=True
        Only True is accepted.
    fast_mode : bool, default=False
        Compare along one random direction for each pair of input and output, instead of whole Jacobians.
    masked : bool, optional
        Taken for compatibility; Tensors here are dense.

    Returns
    -------
    Report
        True in a condition when everything agrees; ``.verdict`` and ``.text`` say the rest.

    Raises
    ------
    GradcheckError
        If a derivative disagrees, naming input, output, place, both numbers and a verdict; or if nothing can be
        checked, whatever `raise_exception` says.

    Warns
    -----
    UserWarning
        If an input is of a dtype in which differences of this `eps` are mostly rounding.

    Notes
    -----
    Inputs are moved in their own memory and put back, so a Tensor that `func` reaches in another way (the parameters
    of a module) may be listed in `inputs` as well. The random directions are the same every time.

    Examples
    --------
    >>> import autodiff as ad
    >>> from autodiff.checking import gradcheck
    >>> x = ad.tensor([0.5, 2.0], dtype=ad.float64, requires_grad=True)
    >>> bool(gradcheck(lambda x: x * x / 3, x))
    True
    """
    _refuse(
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
        check_forward_ad=check_forward_ad,
    )
    if not check_backward_ad:
        raise GradcheckError("check_backward_ad=False leaves nothing to check; leave it at True")
    check = _Check(func, inputs, eps, atol, rtol, nondet_tol)
    try:
        check.deterministic()
        if not check.outputs:
            check.independent()
        elif fast_mode:
            check.along_directions()
        else:
            check.whole()
        if check_undefined_grad:
            check.undefined_cotangents()
        if check_grad_dtypes:
            check.dtypes()
    except GradcheckError as error:
        if raise_exception or error.report is None:
            raise
        return error.report
    kind = "directional derivatives" if fast_mode else "partial derivatives"
    return Report("right", f"{check.entries} {kind} agree with their differences", check.entries)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> Report:
    """Check the gradients of gradients: `gradcheck` of the function that backward computes.

    Parameters
    ----------
    func, inputs
        As in `gradcheck`.
    grad_outputs : Tensor or tuple of Tensor, optional
        A cotangent for each differentiable output; random ones by default.
    eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode, masked
        As in `gradcheck`.
    gen_non_contig_grad_outputs : bool, default=False
        Make the random cotangents non-contiguous.
    check_batched_grad, check_fwd_over_rev : bool, default=False
        Only False is accepted.
    check_rev_over_rev : bool, default=True
        Only True is accepted.

    Returns
    -------
    Report
        As of `gradcheck`.

    Raises
    ------
    GradcheckError
        As in `gradcheck`.

    Examples
    --------
    >>> import autodiff as ad
    >>> from autodiff.checking import gradgradcheck
    >>> x = ad.tensor([0.5, 2.0], dtype=ad.float64, requires_grad=True)
    >>> bool(gradgradcheck(lambda x: x**3, x))
    True
    """
    _refuse(check_batched_grad=check_batched_grad, check_fwd_over_rev=check_fwd_over_rev)
    if not check_rev_over_rev:
        raise GradcheckError("check_rev_over_rev=False leaves nothing to check; leave it at True")
    arguments = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    outputs = [o for _, o in _differentiable(func(*arguments), "output")]
    if not outputs:
        raise GradcheckError("no output of the function requires grad, so there is no gradient to differentiate")
    if grad_outputs is None:
        rng = np.random.default_rng(1)
        cotangents = [_random_cotangent(rng, o, gen_non_contig_grad_outputs) for o in outputs]
    else:
        cotangents = list(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else [grad_outputs]
    n = len(arguments)

    def gradient(*args: Any) -> dict[str, Any]:
        results = [o for _, o in _differentiable(func(*args[:n]), "output")]
        variables = _differentiable(args[:n], "input")
        grads = grad(results, [v for _, v in variables], args[n:], create_graph=True, allow_unused=True)
        return {label: g for (label, _), g in zip(variables, grads, strict=True) if g is not None}

    return gradcheck(
        _Labelled(gradient, n),
        (*arguments, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
    )


class _Labelled:
    """The function that backward computes, with names for its arguments and results."""

    def __init__(self, function: Callable[..., Any], n: int) -> None:
        self.function = function
        self.n = n

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


class _Check:
    """One function at one point, and the comparisons that can be made there."""

    def __init__(
        self, func: Callable[..., Any], inputs: Any, eps: float, atol: float, rtol: float, nondet_tol: float
    ) -> None:
        self.func = func
        self.inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.entries = 0
        self.variables = self._variables()
        self.outputs = [label for label, _ in self._run()]

    def _variables(self) -> list[tuple[str, Any]]:
        """The inputs that are checked, by name."""
        if isinstance(self.func, _Labelled):
            n = self.func.n
            variables = _differentiable(self.inputs[:n], "input") + _differentiable(self.inputs[n:], "cotangent")
        else:
            variables = _differentiable(self.inputs, "input")
        if not variables:
            raise GradcheckError(
                "gradcheck needs at least one input that requires grad; "
                "create it with ad.tensor(..., dtype=ad.float64, requires_grad=True)"
            )
        for label, t in variables:
            if not t._array.flags.writeable or 0 in t._array.strides and t._array.size > 1:
                raise GradcheckError(
                    f"{label} of shape {t._array.shape} cannot be moved element by element: it is an expanded view, "
                    "or its memory is read-only; pass a copy of it (.clone())"
                )
            if np.finfo(t._array.dtype).eps > self.rtol * self.eps:
                warnings.warn(
                    f"{label} has dtype {t._array.dtype}, in which differences with eps={self.eps:g} are mostly "
                    "rounding; pass float64 inputs (.double())",
                    stacklevel=4,
                )
        return variables

    def _run(self) -> list[tuple[str, Any]]:
        """The differentiable outputs of one call, by name."""
        kind = "the gradient of" if isinstance(self.func, _Labelled) else "output"
        return _differentiable(self.func(*self.inputs), kind)

    def _values(self) -> list[Array]:
        """The outputs of one call in one dimension and float64; all floating ones if none is differentiable."""
        result = self.func(*self.inputs)
        found = _differentiable(result, "") or [(label, t) for label, t in _leaves(result, "") if _floating(t)]
        if self.outputs and len(found) != len(self.outputs):
            raise GradcheckError(f"the function returned {len(self.outputs)} Tensors first and {len(found)} later")
        return [t._array.astype(np.float64).ravel() for _, t in found]

    def _vjp(self, seeds: list[Array | None]) -> list[Array]:
        """Gradients of the inputs in float64, for a cotangent (or None) of each output."""
        pairs = [(o, s) for (_, o), s in zip(self._run(), seeds, strict=True) if s is not None]
        tensors = [wrap(np.asarray(s, o._array.dtype).reshape(o._array.shape)) for o, s in pairs]
        targets = [t for _, t in self.variables]
        grads = grad([o for o, _ in pairs], targets, tensors, allow_unused=True)
        return [
            np.zeros(t._array.shape) if g is None else g._array.astype(np.float64)
            for g, t in zip(grads, targets, strict=True)
        ]

    def _moved(self, i: int, direction: Any, h: float) -> list[Array]:
        """The outputs with input `i` moved by `h` along a direction, or along the axis that a position names."""
        array = self.variables[i][1]._array
        before = array.copy()
        try:
            if isinstance(direction, tuple):
                array[direction] += array.dtype.type(h)
            else:
                array += (h * direction).astype(array.dtype)
            return self._values()
        finally:
            array[...] = before

    # ------------------------------------------------------------------ comparisons

    def whole(self) -> None:
        """Compare whole Jacobians."""
        numeric = [self._numeric_jacobian(i) for i in range(len(self.variables))]
        for k in range(len(self.outputs)):
            analytic = self._analytic_jacobian(k)
            for i in range(len(self.variables)):
                self._compare(i, k, numeric[i][k], analytic[i])

    def _numeric_jacobian(self, i: int) -> list[Array]:
        """For each output the array of d output / d input `i`, one row an element of the input."""
        array = self.variables[i][1]._array
        rows = []
        for place in np.ndindex(array.shape):
            high, low = self._moved(i, place, self.eps), self._moved(i, place, -self.eps)
            rows.append([(b - a) / (2 * self.eps) for a, b in zip(low, high, strict=True)])
        sizes = [v.size for v in self._values()]
        return [np.array([row[k] for row in rows]).reshape(array.size, n) for k, n in enumerate(sizes)]

    def _analytic_jacobian(self, k: int) -> list[Array]:
        """For each input the same array of output `k`, from one backward an element of the output."""
        size = self._run()[k][1]._array.size
        columns = []
        for j in range(size):
            seeds: list[Array | None] = [None] * len(self.outputs)
            seeds[k] = np.zeros(size)
            seeds[k][j] = 1  # type: ignore[index]
            columns.append([g.ravel() for g in self._vjp(seeds)])
        inputs = [t._array.size for _, t in self.variables]
        return [np.array([c[i] for c in columns]).reshape(size, n).T for i, n in enumerate(inputs)]

    def _compare(self, i: int, k: int, numeric: Array, analytic: Array) -> None:
        self.entries += numeric.size
        if not numeric.size:
            return
        with np.errstate(invalid="ignore"):
            excess = np.abs(analytic - numeric) - (self.atol + self.rtol * np.abs(numeric))
        excess[np.isnan(excess)] = np.inf
        if excess.max() <= 0:
            return
        row, column = np.unravel_index(int(excess.argmax()), excess.shape)
        array = self.variables[i][1]._array
        place = tuple(int(n) for n in np.unravel_index(int(row), array.shape))
        a, n = float(analytic[row, column]), float(numeric[row, column])
        verdict, reason = self._diagnose(i, k, place, int(column), n, a)
        shape = self._run()[k][1]._array.shape
        where = tuple(int(n) for n in np.unravel_index(int(column), shape))
        wrong = int((excess > 0).sum())
        self._fail(
            verdict,
            f"the derivative of {self.outputs[k]} with respect to {self.variables[i][0]} is not confirmed\n"
            f"  {wrong} of {excess.size} entries differ, most of all that of element {list(where)} of the output "
            f"by element {list(place)} of the input:\n"
            f"    numeric   {n:.9g}   (difference with eps={self.eps:g})\n"
            f"    analytic  {a:.9g}   (backward)\n"
            f"  {verdict}: {reason}",
        )

    def along_directions(self) -> None:
        """Compare v' J u for one random pair of directions an input and an output."""
        rng = np.random.default_rng(0)
        directions = [_random_direction(rng, t._array.shape) for _, t in self.variables]
        numeric = []
        for i, u in enumerate(directions):
            high, low = self._moved(i, u, self.eps), self._moved(i, u, -self.eps)
            numeric.append([(b - a) / (2 * self.eps) for a, b in zip(low, high, strict=True)])
        for k in range(len(self.outputs)):
            seeds: list[Array | None] = [None] * len(self.outputs)
            v = seeds[k] = _random_direction(rng, numeric[0][k].shape)
            for i, g in enumerate(self._vjp(seeds)):
                n, a = float(numeric[i][k] @ v), float((g * directions[i]).sum())
                self.entries += 1
                # Rounding, and the tolerance of each partial derivative, add up like a random walk.
                spread = self.atol * max(1.0, g.size * v.size) ** 0.5
                if not abs(a - n) <= spread + self.rtol * abs(n):
                    self._explain_direction(i, k, n, a)

    def _explain_direction(self, i: int, k: int, n: float, a: float) -> None:
        """Find the partial derivative that a disagreement along a direction comes from."""
        self._compare(i, k, self._numeric_jacobian(i)[k], self._analytic_jacobian(k)[i])
        self._fail(
            "wrong",
            f"the derivative of {self.outputs[k]} with respect to {self.variables[i][0]} along a random direction: "
            f"numeric {n:.9g}, analytic {a:.9g}, though no partial derivative differs by more than the tolerance; "
            "try fast_mode=False",
        )

    def _diagnose(self, i: int, k: int, place: tuple[int, ...], j: int, n: float, a: float) -> tuple[str, str]:
        """Tell a wrong rule from a kink and from lack of precision. See Note [Verdicts]."""

        def differences(h: float) -> tuple[float, float]:
            centre, high, low = self._values(), self._moved(i, place, h), self._moved(i, place, -h)
            with np.errstate(invalid="ignore"):
                return float((centre[k][j] - low[k][j]) / h), float((high[k][j] - centre[k][j]) / h)

        left, right = differences(self.eps)
        if not (np.isfinite(left) and np.isfinite(right)):
            return "kink", "the function is not finite on both sides of this input; check it at another one"
        size = abs(float(self._values()[k][j])) + abs(a * float(self.variables[i][1]._array[place])) + 1e-30
        dtypes = [t._array.dtype for t in (self.variables[i][1], self._run()[k][1])]
        unit = 2 * size * max(float(np.finfo(d).eps) for d in dtypes)
        for factor in (1e1, 1e2, 1e3, 1e4):
            h = factor * self.eps
            if unit / h > 0.1 * abs(a - n):
                continue
            if abs(sum(differences(h)) / 2 - a) <= self.atol + self.rtol * abs(a) + unit / h:
                return "precision", f"rounding; with eps={h:g} the numbers agree. Use {_coarse(dtypes)}eps={h:g}"
        if abs(a - n) <= 5 * unit / self.eps:
            return "precision", f"the difference is within rounding. Use {_coarse(dtypes)}a larger eps"
        jump, wider = abs(right - left), float(np.ptp(differences(10 * self.eps)))
        slack = self.atol + self.rtol * abs(a) + 2 * unit / self.eps
        if jump > slack and jump > wider / 2 and min(left, right) - slack <= a <= max(left, right) + slack:
            return "kink", (
                f"the difference to the left ({left:.6g}) and to the right ({right:.6g}) disagree, so there is no "
                "derivative here; move the input away from this point"
            )
        return "wrong", "the function is smooth here, and backward gives another derivative"

    # ------------------------------------------------------------------ other demands

    def deterministic(self) -> None:
        """Two runs give the same values, and the same gradients."""
        first, second = self._values(), self._values()
        _same(self, "the function gives other values when it is called again", first, second)
        if self.outputs:
            rng = np.random.default_rng(2)
            seeds: list[Array | None] = [_random_direction(rng, v.shape) for v in first]
            _same(self, "backward gives other gradients when it is run again", self._vjp(seeds), self._vjp(seeds))

    def independent(self) -> None:
        """Nothing requires grad in the outputs, so nothing may depend on the inputs."""
        for i, (label, _) in enumerate(self.variables):
            for numeric in self._numeric_jacobian(i):
                self.entries += numeric.size
                if numeric.size and np.abs(numeric).max() > self.atol:
                    self._fail(
                        "wrong",
                        f"no output requires grad, yet one depends on {label}: the largest numeric derivative is "
                        f"{np.abs(numeric).max():.6g}. Was the function computed with ad.no_grad(), .detach() or "
                        "NumPy?",
                    )

    def undefined_cotangents(self) -> None:
        """A cotangent of zeros gives zeros, and one that is left out counts as zeros."""
        shapes = [o._array.shape for _, o in self._run()]
        if not shapes:
            return
        for (label, _), g in zip(self.variables, self._vjp([np.zeros(s) for s in shapes]), strict=True):
            if g.any():
                self._fail("wrong", f"a cotangent of zeros gives {label} a gradient that is not zero")
        rng = np.random.default_rng(3)
        for k in range(len(shapes) if len(shapes) > 1 else 0):
            v = _random_direction(rng, shapes[k])
            alone = self._vjp([v if m == k else None for m in range(len(shapes))])
            padded = self._vjp([v if m == k else np.zeros(s) for m, s in enumerate(shapes)])
            _same(self, f"gradients change when the cotangents beside that of {self.outputs[k]} are left out", alone,
                  padded, 1e-12)

    def dtypes(self) -> None:
        """Each gradient has the dtype of its input."""
        outs = [o for _, o in self._run()]
        if not outs:
            return
        seeds = [wrap(np.ones(o._array.shape, o._array.dtype)) for o in outs]
        for (label, t), g in zip(
            self.variables, grad(outs, [t for _, t in self.variables], seeds, allow_unused=True), strict=True
        ):
            if g is not None and g._array.dtype != t._array.dtype:
                self._fail("wrong", f"{label} has dtype {t._array.dtype} and its gradient {g._array.dtype}")

    def _fail(self, verdict: str, text: str) -> None:
        error = GradcheckError(text)
        error.report = Report(verdict, text, self.entries)
        raise error


# Note [Verdicts]
# Four facts tell the verdicts apart. A difference over h carries rounding of about 2 ulp(f) / h, which shrinks as h
# grows: if a larger step confirms backward, precision was the trouble. The difference to the left and the one to the
# right differ by h f'' where f is smooth, which shrinks with h, and by a constant (or more) at a kink. There, every
# number between the two is a fair choice of derivative; one outside them is wrong all the same.


def _same(check: _Check, complaint: str, first: list[Array], second: list[Array], rounding: float = 0.0) -> None:
    for a, b in zip(first, second, strict=True):
        if a.size and not np.allclose(a, b, rtol=rounding, atol=max(check.nondet_tol, rounding), equal_nan=True):
            worst = float(np.abs(a - b).max())
            check._fail("wrong", f"{complaint} (by {worst:.6g}); is something random or stateful in it?")


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


def _differentiable(tree: Any, label: str) -> list[tuple[str, Any]]:
    """The Tensors that require grad, each with its name."""
    return [(name, t) for name, t in _leaves(tree, label) if t.requires_grad]


def _random_direction(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """A direction in which no element counts for little: signs are random, sizes between 1/2 and 3/2."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.5, 1.5, shape)


def _random_cotangent(rng: np.random.Generator, output: Any, non_contiguous: bool) -> Any:
    """A cotangent of an output that requires grad itself."""
    shape = output._array.shape
    if non_contiguous and shape:
        wide = rng.normal(size=(*shape[:-1], 2 * shape[-1])).astype(output._array.dtype)
        return wrap(wide[..., ::2]).requires_grad_()
    return wrap(np.asarray(rng.normal(size=shape), output._array.dtype)).requires_grad_()


def _coarse(dtypes: list[Any]) -> str:
    return "" if all(d == np.float64 for d in dtypes) else "float64 inputs (.double()), or "


def _refuse(**asked: bool) -> None:
    for name, value in asked.items():
        if value:
            raise GradcheckError(f"{name}=True is not supported: there is nothing of that kind to check; leave it out")
