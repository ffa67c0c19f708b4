"""Is a derivative right? `gradcheck` holds backward against numeric differences, `gradgradcheck` its own derivative.

A failed check says more than "no": the verdict tells a wrong rule from a function without a derivative at this input
(a kink), and both from numbers that are too coarse for differences (precision).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.differences import GradcheckError, Gradient, Point, Report, differentiable, random_direction
from autodiff.gradients import grad
from autodiff.graph import wrap

__all__ = ["GradcheckError", "Report", "gradcheck", "gradgradcheck"]

Array = np.ndarray[Any, Any]


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
    check = _Check(func, inputs, eps, atol, rtol)
    try:
        check.deterministic(nondet_tol)
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
    outputs = [o for _, o in differentiable(func(*arguments), "output")]
    if not outputs:
        raise GradcheckError("no output of the function requires grad, so there is no gradient to differentiate")
    if grad_outputs is None:
        rng = np.random.default_rng(1)
        cotangents = [_random_cotangent(rng, o, gen_non_contig_grad_outputs) for o in outputs]
    else:
        cotangents = list(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else [grad_outputs]
    return gradcheck(
        Gradient(func, len(arguments)),
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


class _Check(Point):
    """The comparisons that can be made at one point."""

    # ------------------------------------------------------------------ comparisons

    def whole(self) -> None:
        """Compare whole Jacobians."""
        numeric = [self.numeric_jacobian(i) for i in range(len(self.variables))]
        for k in range(len(self.outputs)):
            analytic = self.analytic_jacobian(k)
            for i in range(len(self.variables)):
                self._compare(i, k, numeric[i][k], analytic[i])

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
        verdict, reason = self.diagnose(i, k, place, int(column), n, a)
        shape = self.run()[k][1]._array.shape
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
        directions = [random_direction(rng, t._array.shape) for _, t in self.variables]
        numeric = []
        for i, u in enumerate(directions):
            high, low = self.moved(i, u, self.eps), self.moved(i, u, -self.eps)
            numeric.append([(b - a) / (2 * self.eps) for a, b in zip(low, high, strict=True)])
        for k in range(len(self.outputs)):
            seeds: list[Array | None] = [None] * len(self.outputs)
            v = seeds[k] = random_direction(rng, numeric[0][k].shape)
            for i, g in enumerate(self.vjp(seeds)):
                if not g.size:
                    continue  # nothing can be moved, and -inf - -inf is no derivative
                n, a = float(numeric[i][k] @ v), float((g * directions[i]).sum())
                self.entries += 1
                # Rounding, and the tolerance of each partial derivative, add up like a random walk.
                spread = self.atol * max(1.0, g.size * v.size) ** 0.5
                if not abs(a - n) <= spread + self.rtol * abs(n):
                    self._explain_direction(i, k, n, a)

    def _explain_direction(self, i: int, k: int, n: float, a: float) -> None:
        """Find the partial derivative that a disagreement along a direction comes from."""
        self._compare(i, k, self.numeric_jacobian(i)[k], self.analytic_jacobian(k)[i])
        self._fail(
            "wrong",
            f"the derivative of {self.outputs[k]} with respect to {self.variables[i][0]} along a random direction: "
            f"numeric {n:.9g}, analytic {a:.9g}, though no partial derivative differs by more than the tolerance; "
            "try fast_mode=False",
        )

    # ------------------------------------------------------------------ other demands

    def deterministic(self, tolerance: float) -> None:
        """Two runs give the same values, and the same gradients."""
        first, second = self.values(), self.values()
        self._same("the function gives other values when it is called again", first, second, tolerance)
        if self.outputs:
            rng = np.random.default_rng(2)
            seeds: list[Array | None] = [random_direction(rng, v.shape) for v in first]
            first, second = self.vjp(seeds), self.vjp(seeds)
            self._same("backward gives other gradients when it is run again", first, second, tolerance)

    def independent(self) -> None:
        """Nothing requires grad in the outputs, so nothing may depend on the inputs."""
        for i, (label, _) in enumerate(self.variables):
            for numeric in self.numeric_jacobian(i):
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
        shapes = [o._array.shape for _, o in self.run()]
        if not shapes:
            return
        for (label, _), g in zip(self.variables, self.vjp([np.zeros(s) for s in shapes]), strict=True):
            if g.any():
                self._fail("wrong", f"a cotangent of zeros gives {label} a gradient that is not zero")
        rng = np.random.default_rng(3)
        for k in range(len(shapes) if len(shapes) > 1 else 0):
            v = random_direction(rng, shapes[k])
            alone = self.vjp([v if m == k else None for m in range(len(shapes))])
            padded = self.vjp([v if m == k else np.zeros(s) for m, s in enumerate(shapes)])
            complaint = f"gradients change when the cotangents beside that of {self.outputs[k]} are left out"
            self._same(complaint, alone, padded, 1e-12)

    def dtypes(self) -> None:
        """Each gradient has the dtype of its input."""
        targets = [t for _, t in self.variables]
        outs = [o for _, o in self.run()]
        seeds = [wrap(np.ones(o._array.shape, o._array.dtype)) for o in outs]
        for (label, t), g in zip(self.variables, grad(outs, targets, seeds, allow_unused=True), strict=True):
            if g is not None and g._array.dtype != t._array.dtype:
                self._fail("wrong", f"{label} has dtype {t._array.dtype} and its gradient {g._array.dtype}")

    def _fail(self, verdict: str, text: str) -> None:
        error = GradcheckError(text)
        error.report = Report(verdict, text, self.entries)
        raise error

    def _same(self, complaint: str, first: list[Array], second: list[Array], tolerance: float) -> None:
        for a, b in zip(first, second, strict=True):
            if not np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=True):
                worst = float(np.abs(a - b).max())
                self._fail("wrong", f"{complaint} (by {worst:.6g}); is something random or stateful in it?")


def _random_cotangent(rng: np.random.Generator, output: Any, non_contiguous: bool) -> Any:
    """A cotangent of an output that requires grad itself."""
    shape = output._array.shape
    if non_contiguous and shape:
        wide = rng.normal(size=(*shape[:-1], 2 * shape[-1])).astype(output._array.dtype)
        return wrap(wide[..., ::2]).requires_grad_()
    return wrap(np.asarray(rng.normal(size=shape), output._array.dtype)).requires_grad_()


def _refuse(**asked: bool) -> None:
    for name, value in asked.items():
        if value:
            raise GradcheckError(f"{name}=True is not supported: there is nothing of that kind to check; leave it out")
