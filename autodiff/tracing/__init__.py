"""Traces: the textbook's two columns, forward primal and reverse adjoint, from code as it runs.

`recorder` listens and `tape` is what it keeps; `notation` turns operations and their rules into formulas, `layout` sets
the two columns side by side, `numerals` writes numbers, `typed` reads what is typed after ``python -m autodiff trace``.
They are imported when a trace is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiff.tracing.recorder import Record

__all__ = ["record"]


def record(*modules: Any, **names: Any) -> Record:
    """Record the operations and the backward passes of a block of code, with every number in them.

    Parameters
    ----------
    *modules : nn.Module
        Modules whose parameters are to be called by their names.
    **names : Tensor
        Inputs, in the order in which they are to be numbered, by the names the user has for them.

    Returns
    -------
    Record
        To be used in a ``with`` statement. ``print(rec)`` shows the two columns; ``rec.rows`` holds them as data;
        ``rec["y"]`` is the row of one value, by name or label.

    Notes
    -----
    Every value is copied. Operations under `no_grad` are not recorded. While recording, errors about values that were
    changed in place name the line of the operation.

    Examples
    --------
    >>> import autodiff as ad
    >>> x1 = ad.tensor(2.0, requires_grad=True)
    >>> x2 = ad.tensor(5.0, requires_grad=True)
    >>> with ad.record(x1=x1, x2=x2) as rec:
    ...     y = x1.log() + x1 * x2
    ...     y.backward()
    >>> [(row.label, row.expression) for row in rec.rows]
    [('v-1', ''), ('v0', ''), ('v1', 'ln(v-1)'), ('v2', 'v-1·v0'), ('v3', 'v1 + v2')]
    >>> [(c.formula, c.total.item()) for c in rec["x1"].contributions]
    [('v̄2·v0', 5.0), ('v̄1/v-1', 5.5)]
    """
    from autodiff.errors import AutodiffError
    from autodiff.tracing.recorder import Record

    made = Record()
    for module in modules:
        if not hasattr(module, "named_parameters"):
            raise AutodiffError(
                f"record takes modules by position and Tensors by name, as in ad.record(model, x=x); "
                f"got a {type(module).__name__} by position"
            )
        made.watch(module)
    return made.name(**names)
