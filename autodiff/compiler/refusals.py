"""What a recorder cannot follow: elements that go to Python, and shapes that depend on values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff.errors import RecordingError
from autodiff.graph import Value as TensorValue

__all__ = ["MENDS", "Postponed", "masked", "shape_depends_on_values"]

#: What to do in place of reading a value, by what reads it.
MENDS = {
    "the truth of a Tensor": "choose with ad.where(condition, a, b), or decide before the call",
    "an index": "give the step a Python number, or use an index array",
    "by a Tensor": "give the step a Python number",
    "a list that": "join them with ad.stack",
    "": "go on with operations on Tensors, or return it and read it after the call",
}

_MASK = "keep the shape: ad.where(mask, x, 0)"
#: Operations whose results have a shape that depends on values: what users call them, and what to do instead.
_OF_VALUES = {
    "nonzero": ("nonzero", _MASK),
    "argwhere": ("nonzero", _MASK),
    "unique": ("unique", "call it before"),
    "unique_consecutive": ("unique_consecutive", "call it before"),
    "bincount": ("bincount", "say how many there are: F.one_hot(x, num_classes=n).sum(0)"),
}


class Postponed(RecordingError):
    """A call made what later ones find made, such as the state of an optimizer: nothing is wrong with it."""


def shape_depends_on_values(name: str, args: Sequence[Any], static: dict[str, Any]) -> tuple[str, str] | None:
    """What gives a result of another shape at another call, and what to do instead; None if nothing does."""
    if name in ("index", "index_adjoint"):
        return ("a mask", _MASK) if masked(args[1:]) else None
    if name == "one_hot":
        return ("one_hot", "say how many classes there are: num_classes=n") if int(static["classes"]) < 0 else None
    if name == "repeat":
        numbers = ("repeat_interleave", "give the repeats as a Python number")
        return numbers if isinstance(args[1], TensorValue) else None
    return _OF_VALUES.get(name)


def masked(indices: Sequence[Any]) -> bool:
    """Whether an index is a mask."""
    return any(isinstance(i, TensorValue) and i._array.dtype.kind == "b" for i in indices)
