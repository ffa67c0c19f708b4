"""Deviation: what a compiled step raises, before it has changed anything, when a call is not like the recorded one."""

from __future__ import annotations

__all__ = ["Deviation"]


class Deviation(Exception):
    """A call that the program is not for, found by looking at values; it is recorded anew in a more general form."""
