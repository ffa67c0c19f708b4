"""Where in the user's code something happens: the innermost line that is not of this library."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from os.path import basename

__all__ = ["OURS", "below", "line_of_the_user", "source_of_the_user", "warn_the_user"]

#: The packages whose frames are not the user's.
OURS: Iterable[str] = ("autodiff", "nn", "optim")


def _place() -> tuple[str, int] | None:
    frame = sys._getframe(2)
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] not in OURS:
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def line_of_the_user() -> str | None:
    """File and line: ``train.py:12``."""
    place = _place()
    return None if place is None else f"{basename(place[0])}:{place[1]}"


def source_of_the_user() -> str | None:
    """File, line, and what stands there: ``train.py:12: y = ad.log(x)``."""
    from linecache import getline

    place = _place()
    if place is None:
        return None
    text = getline(*place).strip()
    where = f"{basename(place[0])}:{place[1]}"
    return f"{where}: {text}" if text else where


def below(line: str | None, problem: str) -> str:
    """A problem, below the line that it is about, if that is known."""
    return f"{line}\n  {problem}" if line else problem


def warn_the_user(message: str) -> None:
    """Warn of what the user's line does, at that line."""
    place = _place()
    if place is not None:
        warnings.warn_explicit(message, UserWarning, *place)
