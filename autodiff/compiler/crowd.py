"""More signatures in turn than are kept: those that are there stay, and those beyond run as they are written."""

from __future__ import annotations

from typing import Any

from autodiff.frames import warn_the_user
from autodiff.graph import changes

__all__ = ["Crowd"]

#: So many calls make up for two recordings of one that was turned away.
_WORTH_A_PLACE = 50
_MOST_AWAY = 1000


class Crowd:
    """Notices that each signature is forgotten before it comes again, and turns new ones away.

    Parameters
    ----------
    most : int
        How many are kept.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.has_warned = False
        self.pushed_out = self.replays = 0
        #: By what arguments are like: at which state of all else they were turned away, and how often they came since.
        self.away: dict[Any, list[int]] = {}

    def is_away(self, like: Any) -> bool:
        """Whether a call was turned away before, with nothing changed since, and not too often."""
        known = self.away.get(like)
        if known is None or known[0] != changes.structure - changes.switches:
            return False
        known[1] += 1
        return known[1] < _WORTH_A_PLACE

    def turns_away(self, like: Any, replays: int) -> bool:
        """Whether a new signature is to be run as it is written, and no other forgotten for it; says so once.

        Parameters
        ----------
        like
            What the arguments are like, or None.
        replays : int
            How many there were so far: while there are more than new signatures, forgetting is right.
        """
        if replays - self.replays > self.pushed_out:
            self.pushed_out, self.replays = 0, replays
        self.pushed_out += 1
        known = self.away.pop(like, None)
        if self.pushed_out <= self.most or (known is not None and known[1] >= _WORTH_A_PLACE):
            return False
        if like is not None and len(self.away) < _MOST_AWAY:
            self.away[like] = [changes.structure - changes.switches, 0]
        if not self.has_warned:
            self.has_warned = True
            warn_the_user(
                f"a compiled function was called with more than {self.most} signatures in turn; those beyond run "
                "uncompiled. Bring inputs to a few shapes, by padding, or by buckets of lengths"
            )
        return True
