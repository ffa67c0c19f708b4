"""What plain Python does around the operations of a call: what it changes in it, and what is another at every call."""

from __future__ import annotations

from collections import OrderedDict
from dis import get_instructions
from linecache import getline
from os.path import basename
from types import CodeType
from typing import Any

import numpy as np

from autodiff.compiler.facts import differing
from autodiff.compiler.holders import ABSENT
from autodiff.compiler.kinds import kept_with
from autodiff.compiler.reach import Reach
from autodiff.compiler.recording import argument_names, spoken
from autodiff.errors import RecordingError
from autodiff.frames import warn_the_user
from autodiff.graph import Value
from autodiff.trees import flatten

__all__ = ["MOST_MADE", "Restless", "carried", "only_made", "reached", "side_effects"]

#: So many signatures in a row, of which none was replayed, and all but a fact is the same, are enough.
MOST_IN_A_ROW = 8
#: Calls in a row that may make something for later ones.
MOST_MADE = 2
_KEPT = 32


def reached(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Reach:
    """What a call can reach: the function, and the arguments that are neither Tensors nor arrays."""
    leaves, structure = flatten((args, kwargs))
    names = argument_names(function)
    others = {
        f"argument {spoken(path, names)}": x
        for x, path in zip(leaves, structure.paths())
        if not isinstance(x, (Value, np.ndarray))
    }
    return Reach(function, others)


def side_effects(function: Any, before: Reach, after: Reach) -> RecordingError | None:
    """What a call changed in plain Python, which a replay would not change."""
    path = next(iter(before.iterators), None)
    if path is not None:
        return RecordingError(
            f"{path} is an iterator, which a replay does not move on{_line_of(function, before, path)}; "
            "take what it gives before the call, and pass it as an argument"
        )
    changed = _changed(before, after)
    changed = [p for p in changed if f"len({p.removeprefix('keys of ')})" not in changed]
    if not changed:
        return None
    inside = f"write into it, {changed[0]}.copy_(new), or " if changed[0] in before.tensors else ""
    return RecordingError(
        f"the call changed {' and '.join(changed[:3])}, which a replay would not do"
        f"{_line_of(function, after, changed[0])}; {inside}do it outside the compiled function"
    )


def _changed(before: Reach, after: Reach) -> list[str]:
    """The paths of what a call changed, but for what optimizers say of themselves."""
    return [p for p in before.differences(after) if not p.endswith(" groups")]


def only_made(before: Reach, after: Reach) -> bool:
    """Whether all that a call changed was not there before: a table that is made at the first call, and kept."""
    return not before.iterators and all(_was_missing(path, before, after) for path in _changed(before, after))


def _was_missing(path: str, before: Reach, after: Reach) -> bool:
    old = before.facts.get(path, ABSENT)
    if old is ABSENT or old is None or old is False:
        return True
    name = path.removeprefix("len(").removesuffix(")").removeprefix("keys of ")
    if f"keys of {name}" in after.facts:  # a dict that has grown, or one of its values
        return len(after.facts[f"keys of {name}"]) > len(before.facts.get(f"keys of {name}", ()))
    return f"{name.removesuffix('.__code__')}.__code__" in before.facts  # a cached_property, which the value hides now


def carried(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], reach: Reach) -> RecordingError | None:
    """What a call may read of its arguments besides their elements, which a replay would not look at."""
    leaves, structure = flatten((args, kwargs))
    for x, path in zip(leaves, structure.paths()):
        read = [name for name in sorted(kept_with(x)) if reach.reads(name)] if isinstance(x, Value) else []
        if read:
            name = f"{spoken(path, argument_names(function))}.{read[0]}"
            return RecordingError(
                f"{name} is an attribute of an argument, which a replay does not look at"
                f"{_line_of(function, reach, name)}; pass it as an argument of its own"
            )
    return None


class Restless:
    """Notices a function that is recorded at call after call, since something that it reads is another at each."""

    def __init__(self) -> None:
        self.times = self.replays = 0
        self.effects = self.replays_between = 0
        self.has_warned = False
        #: What signatures are but for their facts, with the facts of the last one.
        self.seen: OrderedDict[Any, dict[str, Any]] = OrderedDict()

    def gives_up(self, replays: int) -> bool:
        """Whether a function that changes something in plain Python at each call, as recordings show, is to be left."""
        if replays != self.replays_between:
            self.effects, self.replays_between = 0, replays
        self.effects += 1
        return self.effects >= MOST_IN_A_ROW

    def is_tired(self, function: Any, key: tuple[Any, ...], reach: Reach, replays: int) -> bool:
        """Whether a call with a signature that is new had better run as it is written; says so once.

        Parameters
        ----------
        function : callable
        key : tuple
            The signature, with its facts in place 4.
        reach : Reach
        replays : int
            How many there were so far.
        """
        rest = (key[:4], key[5:])
        before = self.seen.get(rest)
        self.seen[rest] = reach.facts
        if len(self.seen) > _KEPT:
            self.seen.popitem(last=False)
        if replays != self.replays:
            self.times, self.replays = 0, replays
        if before is None:
            return False
        self.times += 1
        if self.times < MOST_IN_A_ROW:
            return False
        if not self.has_warned:
            self.has_warned = True
            path = next(iter(differing(before, reach.facts)), "what it reads")
            warn_the_user(
                f"a compiled function was recorded {self.times} times in a row, since {path} is another at each call"
                f"{_line_of(function, reach, path)}; it runs uncompiled where that is so. {_mend(path, reach)}"
            )
        return True


def _mend(path: str, reach: Reach) -> str:
    if reach.is_object(path) and path.startswith("argument "):
        return "Pass the Tensors that it holds as arguments of their own, or keep one object and write into these"
    if reach.is_object(path):
        return f"Keep one, and write into it: {path}.copy_(new)"
    name = path.removeprefix("argument ")
    return f"Pass it as a Tensor: {name.rpartition('.')[2]}=ad.tensor({name})"


def _line_of(function: Any, reach: Reach, path: str) -> str:
    """Where the user's code writes what a path leads to, or else names it, or what the path begins with."""
    for word in ("len(", "keys of ", "elements of ", "argument "):
        path = path.removeprefix(word)
    parts = [part.partition("[")[0].rstrip(")") for part in path.split(".")]
    first = getattr(getattr(function, "__func__", function), "__code__", None)
    codes = [code for code in [first, *reach.codes] if code is not None]
    ways = [(parts[-1], _assigns), (parts[-1], _names), (parts[0], _names)]
    if "[" in path.rpartition(".")[2]:
        ways.insert(0, (parts[-1], _puts_into))
    for name, does in ways:
        for code in codes:
            number = does(code, name)
            if number is not None:
                text = getline(code.co_filename, number).strip()
                return f" ({basename(code.co_filename)}:{number}: {text})"
    return ""


def _lines(code: CodeType, name: str | None, kinds: tuple[str, ...]) -> list[int]:
    """The lines of the instructions on a name whose names begin so."""
    found = [i for i in get_instructions(code) if i.argval == name and i.opname.startswith(kinds)]
    return [i.positions.lineno for i in found if i.positions is not None and i.positions.lineno is not None]


def _names(code: CodeType, name: str) -> int | None:
    """The first line that names it."""
    return next(iter(_lines(code, name, ("",))), None)


def _assigns(code: CodeType, name: str) -> int | None:
    """The first line that assigns it."""
    return next(iter(_lines(code, name, ("STORE_",))), None)


def _puts_into(code: CodeType, name: str) -> int | None:
    """The first line that may put something into it: ``name[key] = ...``."""
    puts = _lines(code, None, ("STORE_SUBSCR",))
    return next((line for line in _lines(code, name, ("LOAD_",)) if line in puts), None)
