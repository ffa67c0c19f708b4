"""Random numbers in a recording: what was drawn, how to draw it again, and by what it is known to be unchanged."""

from __future__ import annotations

from binascii import crc32
from typing import Any, NamedTuple

import numpy as np

from autodiff.compiler.program import Value

__all__ = ["Draw", "Listening", "checksum"]


class Draw(NamedTuple):
    """Random numbers that the step draws: how to draw them again."""

    value: Value
    generator: Any
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def checksum(array: Any) -> int:
    """A number that is another one, most probably, when an element is."""
    return crc32(np.ascontiguousarray(array))  # type: ignore[arg-type]


class Listening:
    """Draws with a generator of NumPy's, and tells a recorder."""

    def __init__(self, recorder: Any, generator: Any, rng: Any) -> None:
        self._recorder = recorder
        self._generator = generator
        self._rng = rng

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._rng, name)
        if not callable(method):
            self._recorder.refuse("the state of a random generator is looked at", "do that before or after the call")
            return method

        def draw(*args: Any, **kwargs: Any) -> Any:
            waiting = self._recorder.drawn
            drawn = waiting.pop(0) if waiting else method(*args, **kwargs)
            self._recorder.drew(self._generator, name, args, kwargs, drawn)
            return drawn

        return draw
