"""What goes wrong between a network and its user, in the user's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff.errors import AutodiffError, DtypeError, SettingError, ShapeError

__all__ = ["LayerError", "SettingError", "SetupError", "StateDictError"]


class LayerError(ShapeError, DtypeError):
    """A batch that does not fit a layer; modules on the way up add the layer's name in the model.

    Parameters
    ----------
    layer : Module
        The layer that refused its input.
    problem : str
        What was given, what was expected, and how to mend it.
    """

    def __init__(self, layer: Any, problem: str) -> None:
        super().__init__(problem)
        self.layer = layer
        self.problem = problem
        self.place = ""

    def __str__(self) -> str:
        name = f"{self.place!r}, " if self.place else ""
        return f"layer {name}{self.layer!r}: {self.problem}"


class SetupError(AutodiffError, AttributeError, TypeError, KeyError):
    """A module that is put together in a way that cannot work."""

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would print quotes around it


class StateDictError(AutodiffError):
    """A state_dict whose keys or shapes are not those of the module."""

    def __init__(self, module: str, missing: Iterable[str], unexpected: Iterable[str], wrong: Iterable[str]) -> None:
        lines = [f"the state_dict does not fit {module}:"]
        missing, unexpected = list(missing), list(unexpected)
        if missing:
            lines.append(f"    missing: {_listed(missing)}")
        if unexpected:
            lines.append(f"    unexpected: {_listed(unexpected)}")
        lines += [f"    {one}" for one in wrong]
        if missing or unexpected:
            lines.append(_advice(missing, unexpected))
        super().__init__("\n".join(lines))


def _listed(names: list[str], most: int = 12) -> str:
    """Names in quotes; of a long list the first ones and how many more there are."""
    shown = ", ".join(repr(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _advice(missing: list[str], unexpected: list[str]) -> str:
    """The mend: a prefix to take off or put on where that explains everything, else strict=False."""
    if missing and len(missing) == len(unexpected):
        for longer, shorter, what in (
            (unexpected, missing, "take it off: {{k.removeprefix({0!r}): v for k, v in state_dict.items()}}"),
            (missing, unexpected, "put it on: {{{0!r} + k: v for k, v in state_dict.items()}}"),
        ):
            cut = len(longer[0]) - len(shorter[0])
            prefix = longer[0][: max(cut, 0)]
            if prefix and all(a == prefix + b for a, b in zip(longer, shorter)):
                return f"The keys differ by the prefix {prefix!r}; {what.format(prefix)}"
    return "To load what fits and leave the rest as it is, pass strict=False"
