"""Signatures: what a program is recorded for, and what arguments are like, which tells most of that at once."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import Any

import numpy as np

from autodiff.compiler.reach import Reach
from autodiff.compiler.scalars import exact
from autodiff.dtypes import default_dtype
from autodiff.graph import Value, modes
from autodiff.trees import flatten

__all__ = ["given", "signature"]

#: Arguments that are as another if they look so.
_PLAIN = (bool, int, float, str, bytes, NoneType)


def signature(reach: Reach, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The signature of a call: what a program is recorded for."""
    leaves, structure = flatten((args, kwargs))
    arguments: list[Any] = []
    for x in leaves:
        if isinstance(x, Value):
            arguments.append(("Tensor", x._array.shape, x._array.dtype.str))
        elif isinstance(x, np.ndarray):
            arguments.append(("array", x.shape, x.dtype.str))
        else:
            arguments.append(None)  # a fact
    state = [(t._array.shape, t._array.dtype.str, t._node is not None) for t in reach.tensors.values()]
    facts = tuple([(path, exact(value)) for path, value in reach.facts.items()])
    same = tuple(reach.vertices(leaves))
    return tuple(arguments), same, tuple(structure.paths()), tuple(state), facts, modes.grad, default_dtype().str


def given(args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What arguments are like: equal where one way is for both; None where more would have to be compared."""
    found: list[Any] = []
    for x in (*args, *kwargs.values()):
        array = x._array if isinstance(x, Value) and x._node is None else x
        if isinstance(array, np.ndarray):
            found.append((type(x), array.shape, array.dtype))
        elif type(x) in _PLAIN:
            found.append((type(x), repr(x)))
        else:
            return None
    return tuple(found), tuple(kwargs)
