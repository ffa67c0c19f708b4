"""Many steps in one call: the loop runs inside the emitted code, some hundredths of a second at a time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from autodiff.errors import AutodiffError, Deviation, ShapeError
from autodiff.graph import Value, last_write, tick, wrap
from autodiff.trees import Structure, flatten

if TYPE_CHECKING:
    from autodiff.compiler.calls import Compiled
    from autodiff.compiler.ready import Step

__all__ = ["run"]

#: How long the loop stays away from Python, where progress is told and Ctrl-C is heard.
SECONDS = 0.05
#: How many batches of an iterable are laid together at a time, and of how many bytes in all.
MOST_BATCHES = 1024
MOST_BYTES = 8 << 20

_NUMBERS = (int, float, np.generic)
Array = np.ndarray[Any, Any]
T = TypeVar("T")


def run(compiled: Compiled, args: Sequence[Any], progress: Callable[[int], Any] | None) -> Any:
    """Make all the steps; see `Compiled.run`."""
    rounds: list[list[Any]] = []
    structure: Any = None
    done = 0
    for stacked, arrays, count in _pieces(args):
        start = 0
        while start < count:
            made = _loop(compiled, arrays, start, count) if _is_as_before(compiled, stacked, arrays) else None
            if made is None:
                # An ordinary call looks whether everything is as the program expects it.
                begun = perf_counter()
                leaves, structure = flatten(compiled(*[_row(a, start) for a in stacked]))
                most = max(1, int(SECONDS / (perf_counter() - begun)))
                rounds.append([_stacked(x) for x in leaves])
                start, done = start + 1, done + 1
                made = _loop(compiled, arrays, start, count, most) if start < count else None
            if made is not None:
                steps, results, structure = made
                rounds.append(results)
                start, done = start + steps, done + steps
            if progress is not None:
                progress(done)
    if not rounds:
        raise AutodiffError("run was given no batches")
    return structure.build([_joined(parts) for parts in zip(*rounds)])


def _is_as_before(compiled: Compiled, stacked: Sequence[Any], arrays: Sequence[Array]) -> bool:
    """Whether an ordinary call would go straight to the program of the last one."""
    step = compiled.running()
    if step is None or not step.way.leads_on() or step.grads_are_held():
        return False
    rows = [(type(x), a.shape[1:], a.dtype) for x, a in zip(stacked, arrays)]
    return step.way.given == (tuple(rows), ()) and not any(
        isinstance(x, Value) and x._node is not None for x in stacked
    )


def _row(stacked: Any, k: int) -> Any:
    """The argument of one step."""
    return wrap(stacked._array[k, ...], None, stacked._storage) if isinstance(stacked, Value) else stacked[k, ...]


def _stacked(x: Any) -> Any:
    """A result of one step as one of many."""
    if isinstance(x, Value):
        return wrap(np.array(x._array[None]))  # it may be the user's own, which goes on
    return np.asarray(x)[None] if isinstance(x, (np.ndarray, *_NUMBERS)) else x


def _joined(parts: Sequence[Any]) -> Any:
    """One result of all rounds, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], Value):
        shapes = list(dict.fromkeys([x._array.shape[1:] for x in parts]))
        if len(shapes) > 1:
            raise ShapeError(
                f"run made all steps, and their results, of shapes {shapes}, do not fit into one Tensor; "
                "return what has one shape, such as the loss, or give batches of another size to a run of their own"
            )
        return wrap(np.concatenate([x._array for x in parts]))
    return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else parts[0]


# ---------------------------------------------------------------------- the arguments of many steps


def _pieces(args: Sequence[Any]) -> Iterator[tuple[Sequence[Any], list[Array], int]]:
    """The arguments of many steps laid together, their arrays, and how many steps they are for."""
    if len(args) == 1 and not isinstance(args[0], (Value, np.ndarray)):
        if not isinstance(args[0], Iterable):
            raise AutodiffError(f"run takes Tensors, or an iterable of batches, not a {type(args[0]).__name__}")
        yield from _laid_together(args[0])
        return
    arrays = [_array_of(a) for a in args]
    counts = {a.shape[:1] for a in arrays}
    if len(counts) != 1 or counts == {()}:
        shapes = [a.shape for a in arrays]
        raise ShapeError(f"run takes Tensors with one more dimension in front, the same for all; got shapes {shapes}")
    yield args, arrays, len(arrays[0])


def _array_of(a: Any) -> Array:
    if isinstance(a, (Value, np.ndarray)):
        return a if isinstance(a, np.ndarray) else a._array
    raise AutodiffError(f"run takes Tensors, or one iterable of batches, not a {type(a).__name__}")


def _laid_together(batches: Iterable[Any]) -> Iterator[tuple[Sequence[Any], list[Array], int]]:
    """Batches one by one, as Tensors with one more dimension; those of another shape begin a new piece.

    Each is copied as soon as it is there: the next may come in the same memory.
    """
    rows: list[Array] = []
    kept = 0
    form: Any = None
    for item in batches:
        batch = item if isinstance(item, (tuple, list)) else (item,)
        found = _form(batch)
        if found != form or kept == len(rows[0]):
            if kept:
                yield _filled(form, rows, kept)
            rows, kept, form = _room(found), 0, found
        for r, a in zip(rows, batch):
            r[kept] = _array_of(a)
        kept += 1
    if kept:
        yield _filled(form, rows, kept)


def _filled(form: Any, rows: Sequence[Array], kept: int) -> tuple[Sequence[Any], list[Array], int]:
    arrays = [r[:kept] for r in rows]
    return [a if issubclass(kind, np.ndarray) else wrap(a) for a, (kind, *_) in zip(arrays, form)], arrays, kept


def _form(batch: Sequence[Any]) -> list[tuple[type, tuple[int, ...], np.dtype[Any]]]:
    """What the parts of a batch are."""
    wrong = next((a for a in batch if not isinstance(a, (Value, np.ndarray))), None)
    if wrong is not None or not batch:
        what = "nothing" if not batch else f"a {type(wrong).__name__}"
        raise AutodiffError(f"a batch of run is one Tensor or array, or a tuple of them; got {what} in it")
    return [(type(a), _array_of(a).shape, _array_of(a).dtype) for a in batch]


def _room(form: Sequence[tuple[type, tuple[int, ...], np.dtype[Any]]]) -> list[Array]:
    """Memory for many batches of one form."""
    count = _fitting(sum([prod(shape) * dtype.itemsize for _, shape, dtype in form]))
    return [np.empty((count, *shape), dtype) for _, shape, dtype in form]


def _fitting(nbytes: int) -> int:
    """How many of so many bytes each are laid together."""
    return max(1, min(MOST_BATCHES, MOST_BYTES // max(nbytes, 1)))


# ---------------------------------------------------------------------- the loop


def _loop(
    compiled: Compiled, stacked: list[Array], start: int, stop: int, most: int | None = None
) -> tuple[int, list[Any], Structure] | None:
    """Some steps in one piece, `most` or as many as last time: how many, and their results; None if it cannot be."""
    step = compiled.running()
    if step is None or not step.can_loop:
        return None
    numbers = step.numbers()
    if numbers is None:
        return None
    if most is not None:
        step.steps_at_once = min(step.steps_at_once, most)
    steps = step.lasts(min(stop - start, step.steps_at_once))
    if step.recording.draws:
        steps = min(steps, _fitting(sum([v.size * v.dtype.itemsize for v in step.program.draws])))
    arrays = [_contiguous(a, start, start + steps) for a in stacked]
    try:
        step.check(arrays)
    except Deviation:
        return None
    for a in arrays:
        if step.overlaps(a):
            return None  # what one step writes is given to the next
    rest = iter(numbers)
    settings = [s.read() if s.moves is not None else next(rest) for s in step.program.settings]
    if step.backend.name == "numpy":
        found = _undisturbed(lambda: _made(step, steps, arrays, settings))
    else:  # machine code is not disturbed, and the search for handlers takes longer than many a loop
        found = _made(step, steps, arrays, settings)
    compiled.count_replays(steps)
    outs = (found,) if len(step.program.results) == 1 else found
    results = [_kept(o.kept, steps) if o.index is None else _handed(outs[o.index], o) for o in step.outputs]
    return steps, results, step.structure


def _contiguous(a: Array, start: int, stop: int) -> Array:
    return a if start == 0 and stop == len(a) and a.flags.c_contiguous else np.ascontiguousarray(a[start:stop])


def _made(step: Step, steps: int, arrays: Sequence[Array], settings: Sequence[Any]) -> Any:
    """Make the steps, count them, and note what they have written."""
    many, draws = step.many(), step.draw_many(steps) if step.recording.draws else ()
    begun = perf_counter()
    _count(step, steps)  # first: Ctrl-C while machine code runs is heard right after it
    try:
        found = many(steps, *arrays, *draws, *settings)
    except Exception:
        _count(step, -steps)
        raise
    seconds = perf_counter() - begun
    # The first loop may have been compiled on the way, and says little.
    fitting = int(SECONDS * steps / seconds) if seconds else steps
    step.steps_at_once = max(1, step.steps_at_once // 2, min(fitting, 8 * step.steps_at_once))
    return found


def _count(step: Step, steps: int) -> None:
    for counter, moves in step.counters():
        counter.t += steps * moves
        counter.array[()] = counter.t
    for storage in step.stamped:
        storage.version = last_write.tick = tick()


def _kept(x: Any, steps: int) -> Any:
    """What every step returns."""
    return np.full(steps, x) if isinstance(x, _NUMBERS) else x


def _handed(array: Array, output: Any) -> Any:
    return array if output.number or output.plain else wrap(array)


def _undisturbed(function: Callable[[], T]) -> T:
    """Call a function, and hear of Ctrl-C when it is done, so that parameters and counts are those of the same step."""
    if threading.current_thread() is not threading.main_thread():
        return function()
    heard: list[Any] = []
    handler = signal.signal(signal.SIGINT, lambda *arguments: heard.append(arguments))
    try:
        return function()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)
        if heard:
            signal.raise_signal(signal.SIGINT)
