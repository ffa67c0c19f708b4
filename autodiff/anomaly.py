"""Anomalies: stop at the first value, forward or backward, that is not finite, and say where it came from."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.errors import AnomalyError
from autodiff.frames import source_of_the_user
from autodiff.graph import Listener, Node, Output, Value, Vertex, changes, modes
from autodiff.operands import SPOKEN

__all__ = ["detect_anomaly", "set_detect_anomaly"]


class _Watch:
    """A listener that looks at every value that operations compute and backward passes send."""

    def __init__(self, check_nan: bool, outer: Listener | None) -> None:
        self.check_nan = check_nan
        self.outer = outer

    def operation(
        self, op: Any, args: tuple[Any, ...], static: dict[str, Any], outs: tuple[Any, ...], extra: Any = ()
    ) -> None:
        """Remember where the operation stands and what it was given, and look at its results."""
        if self.outer is not None:
            self.outer.operation(op, args, static, outs, extra)
        where = source_of_the_user()
        given = _described(op, args)
        for out in outs:
            vertex = out._node
            if vertex is not None:
                node = vertex.node if isinstance(vertex, Output) else vertex
                vertex.where = node.where = where
                node.given = given
        if not self.check_nan or not modes.grad:
            return
        for out in outs:
            found = _new_anomaly(out, args)
            if found is not None:
                raise AnomalyError(
                    f"{_spoken(op)} gave the first {found}, at {where}\n  result: {_summary(out._array)}\n{given}"
                )

    def contribution(self, source: Vertex, position: int, target: Vertex, g: Any, total: Any) -> None:
        """Look at what a node sends to one of its arguments."""
        if self.outer is not None:
            self.outer.contribution(source, position, target, g, total)
        array = np.asarray(getattr(g, "_array", g))
        if not self.check_nan or np.isfinite(array).all():
            return
        assert isinstance(source, Node)
        kind = "nan" if np.isnan(array).any() else "inf"
        where = f", at {source.where}" if source.where else ""
        raise AnomalyError(
            f"the backward of {_spoken(source.op)} gave the first {kind}, as the gradient of "
            f"{_argument(source.op, position)}{where}\n  gradient: {_summary(array)}\n{source.given}".rstrip()
        )

    def adjoint(self, vertex: Vertex, g: Any) -> None:
        """Look at a complete adjoint: its parts were finite, so that only a seed or a hook can have spoiled it."""
        if self.outer is not None:
            self.outer.adjoint(vertex, g)
        for part in g if isinstance(g, list) else [g]:
            array = np.asarray(getattr(part, "_array", part))
            if self.check_nan and part is not None and not np.isfinite(array).all():
                raise AnomalyError(
                    f"backward was given a gradient that is not finite for {vertex!r}, or a hook or a sum made one: "
                    f"{_summary(array)}"
                )


def _new_anomaly(out: Any, args: tuple[Any, ...]) -> str | None:
    """What is not finite in a result although the operands do not explain it: "nan" or "inf"."""
    array = out._array
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return None
    given = [np.asarray(a._array if isinstance(a, Value) else a) for a in args if a is not None]
    given = [a for a in given if a.dtype.kind == "f"]
    if np.isnan(array).any():
        return None if any(np.isnan(a).any() for a in given) else "nan"
    return None if any(not np.isfinite(a).all() for a in given) else "inf"


def _spoken(op: Any) -> str:
    name: str = op.name
    return SPOKEN.get(name, name)


def _argument(op: Any, position: int) -> str:
    names = getattr(op, "arguments", ())
    if not names:
        return f"input number {position}"
    last = len(names) - 1
    if op.variadic and position >= last:
        return f"{names[last]}[{position - last}]"
    return f"its argument {names[position]!r}"


def _described(op: Any, args: tuple[Any, ...]) -> str:
    """The operands, one a line."""
    said = [_summary(a._array) if isinstance(a, Value) else repr(a) for a in args]
    return "\n".join([f"  {_argument(op, i)}: {text}" for i, text in enumerate(said)])


def _summary(array: Any) -> str:
    """Shape, dtype and range of an array; its elements too where they are few."""
    text = f"shape {tuple(array.shape)}, {array.dtype}"
    if not array.size:
        return text
    if array.size <= 6:
        return f"{text}, {array.tolist()}"
    if array.dtype.kind != "f":
        return f"{text}, from {array.min()} to {array.max()}"
    bad = int(array.size - np.isfinite(array).sum())
    fine = array[np.isfinite(array)]
    reach = f", from {fine.min():.6g} to {fine.max():.6g}" if fine.size else ""
    return f"{text}{reach}" + (f", {bad} of {array.size} not finite" if bad else "")


class detect_anomaly:
    """Raise at the first nan or inf that an operation, or its backward, makes of finite numbers.

    The error names the operation, the line of your code and its operands. Errors about saved values that were changed
    in place name the line as well. It costs several times the time of the program: switch it on to find a fault.

    Parameters
    ----------
    check_nan : bool, default=True
        False only remembers the lines.

    Raises
    ------
    AnomalyError
        From the operation, or from backward. An inf that you gave yourself (a mask of -inf) is no anomaly; a nan that
        was made of it is.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([1.0, 0.0], requires_grad=True)
    >>> with ad.autograd.detect_anomaly():
    ...     x.sqrt().sum().backward()
    Traceback (most recent call last):
        ...
    autodiff.errors.AnomalyError: the backward of sqrt gave the first inf, as the gradient of its argument 'x'...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self._outer: list[Listener | None] = []

    def __enter__(self) -> None:
        changes.structure += 1  # a compiled step runs as it is written, to be heard
        self._outer.append(modes.listener)
        modes.listener = _Watch(self.check_nan, modes.listener)

    def __exit__(self, *exc: object) -> None:
        modes.listener = self._outer.pop()


class set_detect_anomaly(detect_anomaly):
    """`detect_anomaly` as a switch: on or off from the call on, or until the end of a block.

    Parameters
    ----------
    mode : bool
        Whether to look for anomalies.
    check_nan : bool, default=True
        False only remembers the lines.

    Examples
    --------
    >>> import autodiff as ad
    >>> with ad.autograd.set_detect_anomaly(False):
    ...     ad.tensor(0.0).log()
    tensor(-inf)
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)
        changes.structure += 1
        self._outer.append(modes.listener)
        rest = modes.listener.outer if isinstance(modes.listener, _Watch) else modes.listener
        modes.listener = _Watch(check_nan, rest) if mode else rest

    def __enter__(self) -> None:
        """Nothing more to do: it is on, or off, since it was made."""
