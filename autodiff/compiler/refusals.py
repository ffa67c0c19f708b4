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
    "": "return the Tensor, and read it after the call",
}

#: Operations whose results have a shape that depends on values.
_OF_VALUES = frozenset({"nonzero", "argwhere", "unique", "unique_consecutive", "bincount"})


class Postponed(RecordingError):
    """A call made what later ones find made, such as the state of an optimizer: nothing is wrong with it."""


def shape_depends_on_values(name: str, args: Sequence[Any], static: dict[str, Any]) -> bool:
    """Whether another call could give a result of another shape."""
    if name in ("index", "index_adjoint"):
        return masked(args[1:])
    if name == "one_hot":
        return int(static["classes"]) < 0
    if name == "repeat":
        return isinstance(args[1], TensorValue)
    return name in _OF_VALUES


def masked(indices: Sequence[Any]) -> bool:
    """Whether an index is a mask."""
    return any(isinstance(i, TensorValue) and i._array.dtype.kind == "b" for i in indices)
