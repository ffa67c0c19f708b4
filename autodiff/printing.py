"""How a Tensor is printed: PyTorch's text, number for number.

All numbers of a Tensor get one width and one form: without digits after the point where all are whole, with
`precision` of them otherwise, and in scientific notation where the smallest and the largest are far apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autodiff.dtypes import default_dtype
from autodiff.errors import AutodiffError

__all__ = ["get_printoptions", "render", "set_printoptions"]

Array = np.ndarray[Any, Any]
Format = Callable[[Any], str]

# PyTorch's defaults, and its three profiles.
_DEFAULTS: dict[str, Any] = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": float("inf"), "edgeitems": 3, "linewidth": 80},
}
_options: dict[str, Any] = dict(_DEFAULTS)


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how Tensors are printed.

    Parameters
    ----------
    precision : int, optional
        Digits after the point; 4 at start.
    threshold : int or float, optional
        Print a Tensor of more elements than this in part only; 1000 at start.
    edgeitems : int, optional
        How many are printed at each end then; 3 at start.
    linewidth : int, optional
        Characters a line; 80 at start.
    profile : {"default", "short", "full"}, optional
        Set these four together first. "full" prints everything.
    sci_mode : bool, optional
        Scientific notation always or never; left out or None, where the numbers need it.

    Raises
    ------
    AutodiffError
        If there is no such profile.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.set_printoptions(precision=2)
    >>> ad.tensor([1 / 3])
    tensor([0.33])
    >>> ad.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise AutodiffError(f"there is no profile {profile!r}; there are {', '.join(_PROFILES)}")
        _options.update(_PROFILES[profile])
    chosen = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update({name: value for name, value in chosen.items() if value is not None})
    _options["sci_mode"] = sci_mode


def get_printoptions() -> dict[str, Any]:
    """Return the options that `set_printoptions` sets, by name.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.get_printoptions()["precision"]
    4
    """
    return dict(_options)


def render(t: Any) -> str:
    """Return the text of ``repr(t)``."""
    array: Array = t._array
    name = "tensor("
    partly = array.size > _options["threshold"]
    notes = []
    if array.size:
        body = _body(array, len(name), partly)
        if array.dtype != default_dtype() and array.dtype not in (np.int64, np.bool_):
            notes.append(f"dtype={array.dtype}")
    else:
        body = "[]"
        if array.ndim != 1:
            notes.append(f"size={array.shape}")
        if array.dtype != default_dtype():
            notes.append(f"dtype={array.dtype}")
    vertex = t.grad_fn
    if vertex is not None:
        if partly:
            notes.append(f"size={array.shape}")
        notes.append(f"grad_fn=<{vertex.name()}>")
    elif t.requires_grad:
        notes.append("requires_grad=True")
    return _annotated(name + body, notes, len(name))


def _annotated(text: str, notes: list[str], indent: int) -> str:
    """Add the notes and the last bracket, each note on the last line if it still fits there."""
    last = len(text) - text.rfind("\n") + 1
    for note in notes:
        if last + len(note) + 2 > _options["linewidth"]:
            text += ",\n" + " " * indent + note
            last = indent + len(note)
        else:
            text += ", " + note
            last += len(note) + 2
    return text + ")"


def _body(array: Array, indent: int, partly: bool) -> str:
    """The numbers, in nested brackets."""
    edge = _options["edgeitems"]
    shown = _edges(array, edge) if partly else array
    form, width = _float_format(shown) if array.dtype.kind == "f" else _plain_format(shown)
    return _nested(array, indent, edge if partly else None, form, width)


def _edges(array: Array, edge: int) -> Array:
    """The elements that are printed of a large Tensor: they alone decide the width."""
    for axis, n in enumerate(array.shape):
        if n > 2 * edge:
            array = array[(slice(None),) * axis + ([*range(edge), *range(n - edge, n)],)]
    return array


def _nested(array: Array, indent: int, edge: int | None, form: Format, width: int) -> str:
    """Brackets around rows, blank lines between blocks."""
    if not array.ndim:
        return form(array.item())
    cut = edge is not None and len(array) > 2 * edge
    if array.ndim == 1:
        return _row(array, indent, edge if cut else None, form, width)
    parts = [_nested(part, indent + 1, edge, form, width) for part in _outer(array, edge if cut else None)]
    if cut:
        parts.insert(edge or 0, "...")
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _outer(array: Array, edge: int | None) -> Iterator[Any]:
    """The slices that are printed."""
    yield from array if edge is None else (*array[:edge], *array[len(array) - edge :])


def _row(array: Array, indent: int, edge: int | None, form: Format, width: int) -> str:
    """One row of numbers, over several lines where it is too long."""
    cells = [form(x.item()) for x in _outer(array, edge)]
    if edge is not None:
        cells.insert(edge, " ...")
    a_line = max(1, (_options["linewidth"] - indent) // (width + 2))
    lines = [", ".join(cells[i : i + a_line]) for i in range(0, len(cells), a_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _plain_format(array: Array) -> tuple[Format, int]:
    """How integers and booleans are written, and how wide."""
    width = max([len(str(x)) for x in array.ravel().tolist()])
    return (lambda x: str(x).rjust(width)), width


def _float_format(array: Array) -> tuple[Format, int]:
    """How floating numbers are written, and how wide."""
    values = array.astype(np.float64, copy=False).ravel()
    values = values[np.isfinite(values) & (values != 0)]
    precision = _options["precision"]
    if not values.size:
        return _whole(1)
    sizes = np.abs(values)
    low, high = float(sizes.min()), float(sizes.max())
    whole = bool(np.all(values == np.ceil(values)))
    far = high / low > 1000 or high > 1e8 or (not whole and low < 1e-4)
    if far if _options["sci_mode"] is None else _options["sci_mode"]:
        return _fixed(values, f".{precision}e")
    if whole:
        return _whole(max([len(f"{x:.0f}") for x in values.tolist()]) + 1)
    return _fixed(values, f".{precision}f")


def _whole(width: int) -> tuple[Format, int]:
    """Whole numbers, with a point and no digits after it."""

    def form(x: float) -> str:
        return (f"{x:.0f}." if np.isfinite(x) else str(x)).rjust(width)

    return form, width


def _fixed(values: Array, spec: str) -> tuple[Format, int]:
    """Numbers that all have the same digits after the point."""
    width = max([len(format(x, spec)) for x in values.tolist()])
    return (lambda x: format(x, spec).rjust(width)), width
