"""`compile`: a function whose calls are recorded, made ready, and replayed."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dis import get_instructions
from functools import update_wrapper
from linecache import getline
from os.path import basename
from typing import Any

import numpy as np

from autodiff.compiler.backends import NAMES
from autodiff.compiler.comparison import compare
from autodiff.compiler.reach import Reach
from autodiff.compiler.ready import Step
from autodiff.compiler.recording import Recording, record
from autodiff.compiler.wrapping import MISS, Wrapper
from autodiff.dtypes import default_dtype
from autodiff.errors import AutodiffError, Deviation, RecordingError
from autodiff.graph import Value, modes
from autodiff.trees import flatten

__all__ = ["Compiled", "compile"]

#: How many signatures are kept; the one used longest ago goes first.
MOST_SIGNATURES = 32


class _Entry:
    """All that is known of one signature: recordings that wait for their second, and steps that are ready."""

    def __init__(self) -> None:
        self.waiting: dict[Any, Recording] = {}
        self.steps: list[Step] = []
        self.eager: RecordingError | None = None


class Compiled:
    """A function that is recorded at its first calls and replayed from then on; made by `autodiff.compile`.

    Attributes
    ----------
    signatures : list of str
        What it was called with so far, one entry for each program.
    stats : dict
        How many calls were "recorded", "replayed" and run "eager".
    program : Stages
        The latest program; printed, it shows each pass.
    source : str
        The code of the latest program.
    backend : str
        What that code is for: "numpy" or "numba".
    """

    def __init__(self, function: Callable[..., Any], backend: str | None, fallback: bool, passes: Any) -> None:
        self.function = function
        self.wanted = backend
        self.fallback = fallback
        self.passes = passes
        self.stats = {"recorded": 0, "replayed": 0, "eager": 0}
        self._entries: OrderedDict[Any, _Entry] = OrderedDict()
        self._fast: Callable[[tuple[Any, ...], dict[str, Any]], Any] = _no_fast
        self._latest: Step | None = None
        self._running: Step | None = None
        if callable(function) and hasattr(function, "__name__"):
            update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            out = self._fast(args, kwargs)
            if out is MISS:
                out = self._look(args, kwargs)
        except Deviation:
            return self._deviated(args, kwargs)
        return out

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: compiled for each object by itself."""
        if instance is None:
            return self
        bound = Compiled(self.function.__get__(instance, owner), self.wanted, self.fallback, self.passes)
        name = getattr(self.function, "__name__", None)
        if name is not None and hasattr(instance, "__dict__"):
            object.__setattr__(instance, name, bound)
        return bound

    def __repr__(self) -> str:
        return f"<compiled {getattr(self.function, '__name__', type(self.function).__name__)}: {self.stats}>"

    # ------------------------------------------------------------------ looking at a call

    def _look(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that is not the one before: find its program, or record it."""
        if modes.listener is not None:
            self.stats["eager"] += 1
            return self.function(*args, **kwargs)
        reach = Reach(self.function, _others(args, kwargs))
        key = _key(reach, args, kwargs)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry()
            if len(self._entries) > MOST_SIGNATURES:
                self._entries.popitem(last=False)
        self._entries.move_to_end(key)
        if entry.eager is not None:
            return self._eagerly(entry, args, kwargs)
        for step in entry.steps:
            if step.holds():
                return self._replay(step, args, kwargs, reach)
        return self._record(entry, args, kwargs, reach)

    def _replay(self, step: Step, args: tuple[Any, ...], kwargs: dict[str, Any], reach: Reach) -> Any:
        """Run a program that holds, and let the next call go straight to it."""
        step.prepare()
        self._latest = self._running = step
        fast = Wrapper(step, args, kwargs, reach, modes.grad).make()
        self.stats["replayed"] += 1
        out = fast(args, kwargs)
        if out is MISS:
            raise AssertionError("a program was chosen that does not fit the call")
        self._fast = fast
        return out

    def _record(
        self,
        entry: _Entry,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        reach: Reach,
        drawn: Sequence[Any] = (),
    ) -> Any:
        """Record the call; at the second time, compare with the first, and make the step ready."""
        self.stats["recorded"] += 1
        result, recording, failure = record(self.function, args, kwargs, reach, drawn)
        if failure is None:
            failure = self._side_effects(reach, args, kwargs)
        if failure is None and recording is not None:
            first = entry.waiting.pop(recording.flavour, None)
            if first is None:
                entry.waiting[recording.flavour] = recording
                recording.rest()
            else:
                failure = compare(first, recording)
                if failure is None:
                    recording.rest()
                    self._latest = Step(recording, self.wanted, self.passes)
                    entry.steps.insert(0, self._latest)
        if failure is not None:
            if not self.fallback:
                raise failure
            entry.eager = failure
            warnings.warn(f"a compiled function runs uncompiled from now on: {failure}", stacklevel=3)
        return result

    def _side_effects(self, before: Reach, args: tuple[Any, ...], kwargs: dict[str, Any]) -> RecordingError | None:
        """What the call changed in plain Python, which a replay would not change."""
        after = Reach(self.function, _others(args, kwargs))
        changed = [p for p in before.differences(after) if not p.endswith(" groups")]
        if not changed:
            return None
        return RecordingError(
            f"the call changed {' and '.join(changed[:3])}, which a replay would not do"
            f"{_line_of(self.function, changed[0])}; do it outside the compiled function"
        )

    def _eagerly(self, entry: _Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.stats["eager"] += 1
        return self.function(*args, **kwargs)

    def _deviated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call on values that the program is not for, which was found before it changed anything: record it."""
        step = self._running
        assert step is not None
        reach = Reach(self.function, _others(args, kwargs))
        entry = self._entries[_key(reach, args, kwargs)]
        entry.steps = [s for s in entry.steps if s is not step]
        self._fast = _no_fast
        return self._record(entry, args, kwargs, reach, step.drawn)


def _no_fast(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return MISS


def _others(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """The arguments that are neither Tensors nor arrays."""
    return [x for x in flatten((args, kwargs))[0] if not isinstance(x, (Value, np.ndarray))]


def _key(reach: Reach, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The signature of a call: what a program is recorded for."""
    leaves, structure = flatten((args, kwargs))
    given: list[Any] = []
    for x in leaves:
        if isinstance(x, Value):
            given.append(("Tensor", x._array.shape, x._array.dtype.str, x._node is not None))
        elif isinstance(x, np.ndarray):
            given.append(("array", x.shape, x.dtype.str))
        else:
            given.append(None)  # a fact
    state = [(t._array.shape, t._array.dtype.str, t._node is not None) for t in reach.tensors.values()]
    facts = tuple([(path, _fact(value)) for path, value in reach.facts.items()])
    return tuple(given), tuple(structure.paths()), tuple(state), facts, modes.grad, default_dtype().str


def _fact(value: Any) -> Any:
    """A fact, such that 1, 1.0 and True differ, and nan is nan."""
    return (type(value).__name__, repr(value))


def _line_of(function: Any, path: str) -> str:
    """Where the function names what a path begins with."""
    name = path.removeprefix("len(").partition(".")[0].partition("[")[0].rstrip(")")
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is None:
        return ""
    for instruction in get_instructions(code):
        if instruction.argval == name and instruction.positions is not None:
            number = instruction.positions.lineno
            text = getline(code.co_filename, number or 0).strip()
            return f" ({basename(code.co_filename)}:{number}: {text})"
    return ""


def compile(
    function: Callable[..., Any] | None = None,
    *,
    backend: str | None = None,
    fallback: bool = False,
    passes: Any = None,
) -> Any:
    """Record a function at its first calls, and replay it as readable NumPy or as machine code from then on."""
    if backend is not None and backend not in NAMES:
        raise AutodiffError(f"backend must be one of {', '.join(map(repr, NAMES))}, or None; got {backend!r}")
    if function is None:
        return lambda f: Compiled(f, backend, fallback, passes)
    if not callable(function):
        raise AutodiffError(f"ad.compile takes a function or a module, not a {type(function).__name__}")
    return Compiled(function, backend, fallback, passes)
