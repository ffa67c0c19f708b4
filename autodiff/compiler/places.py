"""Where an instruction comes from: the line of the user's code, and the module that was running."""

from __future__ import annotations

import sys
from linecache import getline
from os.path import basename
from typing import Any

from autodiff.compiler.program import Place
from autodiff.frames import OURS

__all__ = ["Places"]


class Places:
    """Looks up the stack of calls; knows modules by the names that the user's function has for them.

    Parameters
    ----------
    modules : dict of int to str
        Of each module that the function can reach, by its id, the path to it: "model.0".
    """

    def __init__(self, modules: dict[int, str]) -> None:
        self.modules = modules
        self._pinned: Place | None = None
        self._made: dict[Any, Place] = {}

    def pin(self, place: Place | None) -> None:
        """Let everything from now on come from one place, since it is derived from what stands there; None: no more."""
        self._pinned = place

    def here(self, phase: str) -> Place:
        """The place of what runs now."""
        if self._pinned is not None and phase == "backward":
            return self._keep((self._pinned.module, self._pinned.line, self._pinned.text, phase))
        module, where, text = "", "", ""
        frame: Any = sys._getframe(2)
        while frame is not None:
            owner = frame.f_locals.get("self") if "self" in frame.f_code.co_varnames[:1] else None
            if not module and owner is not None and phase != "update":
                module = self.modules.get(id(owner), "")
            name = str(frame.f_globals.get("__name__", ""))
            if name.partition(".")[0] not in OURS:
                where = f"{basename(frame.f_code.co_filename)}:{frame.f_lineno}"
                text = getline(frame.f_code.co_filename, frame.f_lineno).strip()
                if module or phase == "update":
                    break
                module = self._outer_module(frame)
                break
            frame = frame.f_back
        return self._keep((module, where, text, phase))

    def _outer_module(self, frame: Any) -> str:
        """The module whose forward a frame of the user's runs, if any."""
        owner = frame.f_locals.get("self")
        return "" if owner is None else self.modules.get(id(owner), "")

    def _keep(self, key: tuple[str, str, str, str]) -> Place:
        place = self._made.get(key)
        if place is None:
            place = self._made[key] = Place(*key)
        return place
