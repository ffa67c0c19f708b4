"""What a recorder knows of one array: the value in it, and how it is a view of another array."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiler.program import Value
from autodiff.graph import Storage

__all__ = ["Known", "unseen"]

Array = np.ndarray[Any, Any]


class Known:
    """What the recorder knows of one array: its value now, and how it is a view of another."""

    __slots__ = ("alive", "base", "held", "storage", "value", "version", "view")

    def __init__(self, value: Value, storage: Storage | None, held: Array | None = None) -> None:
        #: The array, of memory that is there anyway; computed ones are free to go, as without a recorder.
        self.held = held
        self.alive: Any = None
        self.value = value
        self.storage = storage
        self.version = -1 if storage is None else storage.version
        #: Of a view: the array it looks at, and the instruction that says how (without its first operand), or what
        #: gives that when it is first looked at.
        self.base: Known | None = None
        self.view: Any = None

    def root(self) -> Known:
        """The array that owns what this one looks at."""
        known = self
        while known.base is not None:
            known = known.base
        return known


def unseen(base: Known, view: Any, shape: tuple[int, ...], dtype: Any) -> Known:
    """A view that was not looked at yet."""
    known = Known(Value("result", shape, dtype), None)
    known.base, known.view, known.version = base, view, -2
    return known
