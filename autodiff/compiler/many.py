"""Many steps in one call: the loop runs inside the machine code, some hundredths of a second at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.compiler.wrapping import Assembly
from autodiff.errors import AutodiffError, Deviation, ShapeError
from autodiff.graph import Value, last_write, tick, wrap
from autodiff.trees import flatten

if TYPE_CHECKING:
    from autodiff.compiler.calls import Compiled

__all__ = ["run"]

#: How long the loop stays away from Python, where progress is told and Ctrl-C is heard.
SECONDS = 0.05
#: How many batches of an iterable are laid together at a time.
MOST_BATCHES = 1024

Batch = tuple[Any, ...]


def run(compiled: Compiled, args: Sequence[Any], progress: Callable[[int], Any] | None) -> Any:
    """Make all the steps; see `Compiled.run`."""
    parts: list[Any] = []
    done = 0
    for stacked, count in _pieces(args):
        start = 0
        while start < count:
            made = _chunk(compiled, stacked, start, count) if start else None
            if made is None:
                made = 1, _map(compiled(*[a[start] for a in stacked]), lambda x: x[None])
            parts.append(made[1])
            start += made[0]
            done += made[0]
            if progress is not None:
                progress(done)
    if not parts:
        raise AutodiffError("run was given no batches")
    return _joined(parts)


def _pieces(args: Sequence[Any]) -> Iterator[tuple[list[Any], int]]:
    """The arguments of many steps laid together, and how many steps they are for."""
    if len(args) == 1 and not isinstance(args[0], (Value, np.ndarray)):
        if not isinstance(args[0], Iterable):
            raise AutodiffError(f"run takes Tensors, or an iterable of batches, not a {type(args[0]).__name__}")
        yield from _laid_together(iter(args[0]))
        return
    shapes = [_array_of(a).shape for a in args]
    if not shapes or len({shape[:1] for shape in shapes}) != 1 or not all(shapes):
        raise ShapeError(f"run takes Tensors with one more dimension in front, the same for all; got shapes {shapes}")
    yield list(args), shapes[0][0]


def _array_of(a: Any) -> Any:
    if isinstance(a, (Value, np.ndarray)):
        return getattr(a, "_array", a)
    raise AutodiffError(f"run takes Tensors, or one iterable of batches, not a {type(a).__name__}")


def _laid_together(batches: Iterator[Any]) -> Iterator[tuple[list[Any], int]]:
    """Batches one by one, as Tensors with one more dimension; those of another shape begin a new piece."""
    waiting: list[Batch] = []
    while True:
        fresh = [b if isinstance(b, (tuple, list)) else (b,) for b in islice(batches, MOST_BATCHES)]
        if not fresh:
            return
        for batch in fresh:
            if waiting and _form(batch) != _form(waiting[0]):
                yield _stacked(waiting), len(waiting)
                waiting = []
            waiting.append(tuple(batch))
        yield _stacked(waiting), len(waiting)
        waiting = []


def _form(batch: Sequence[Any]) -> Any:
    return [(a._array.shape, a._array.dtype) if isinstance(a, Value) else type(a) for a in batch]


def _stacked(batches: list[Batch]) -> list[Any]:
    columns = list(zip(*batches))
    if not all(isinstance(a, Value) for a in batches[0]):
        raise AutodiffError("the batches of run must be made of Tensors")
    return [wrap(np.stack([a._array for a in column])) for column in columns]


def _chunk(compiled: Compiled, stacked: list[Any], start: int, count: int) -> tuple[int, Any] | None:
    """Some steps in one piece: how many, and their results; None where they have to be made one by one."""
    step = compiled.running()
    if step is None or not step.can_loop():
        return None
    numbers = step.numbers()
    if numbers is None:
        return None
    k = min(count - start, step.steps_at_once)
    arrays = [np.ascontiguousarray(_array_of(a)[start : start + k]) for a in stacked]
    begun = perf_counter()
    rest = iter(numbers)
    settings = [s.read() if s.count else next(rest) for s in step.program.settings]
    try:
        step.check(arrays)
    except Deviation:
        return None
    out = step.many()(k, *arrays, *settings)
    for counter in step.counters():
        counter.t += k
        counter.array[()] = counter.t
    for storage in step.stamped():
        storage.version = last_write.tick = tick()
    compiled.count_replays(k)
    seconds = perf_counter() - begun
    if seconds < SECONDS / 2 and k == step.steps_at_once:
        step.steps_at_once *= 2
    elif seconds > SECONDS and k > 1:
        step.steps_at_once = max(1, step.steps_at_once // 2)
    return k, Assembly(step)(out)


def _map(tree: Any, function: Callable[[Any], Any]) -> Any:
    leaves, structure = flatten(tree)
    return structure.build([function(wrap(x._array)) if isinstance(x, Value) else x for x in leaves])


def _joined(parts: list[Any]) -> Any:
    """The results of all pieces one after the other."""
    columns = zip(*[flatten(part)[0] for part in parts])
    structure = flatten(parts[0])[1]
    return structure.build(
        [
            wrap(np.concatenate([x._array for x in column])) if isinstance(column[0], Value) else column[0]
            for column in columns
        ]
    )
