"""`compile`: a function whose calls are recorded, made ready, and replayed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import update_wrapper
from itertools import count
from operator import attrgetter
from os import PathLike, fspath, makedirs
from os.path import abspath, basename, dirname
from sys import modules
from typing import Any

from autodiff.compiler import many
from autodiff.compiler.backends import NAMES
from autodiff.compiler.comparison import compare, took_others
from autodiff.compiler.crowd import Crowd
from autodiff.compiler.effects import MOST_MADE, Restless, carried, only_made, reached, side_effects
from autodiff.compiler.kinds import is_module
from autodiff.compiler.leaving import Held
from autodiff.compiler.methods import KEPT, keep
from autodiff.compiler.reach import Reach
from autodiff.compiler.ready import Step
from autodiff.compiler.recording import Recording, record
from autodiff.compiler.refusals import Postponed
from autodiff.compiler.signatures import given, signature
from autodiff.compiler.stages import Stages
from autodiff.compiler.ways import Way
from autodiff.compiler.wrapping import Wrapper, is_hooked, owned
from autodiff.errors import AutodiffError, RecordingError
from autodiff.frames import warn_the_user
from autodiff.graph import changes, modes

__all__ = ["Compiled", "compile"]

#: How many signatures are kept; the one used longest ago goes first.
MOST_SIGNATURES = 32
#: How often Tensors may be exchanged between the first two calls of a signature until that is the function's own doing.
MOST_EXCHANGES = 2


class _Entry:
    """All that is known of one signature: recordings that wait for their second, and steps that are ready."""

    def __init__(self) -> None:
        self.waiting: dict[Any, Recording] = {}
        self.steps: list[Step] = []
        self.eager: RecordingError | None = None
        self.exchanges = 0


class Tally:
    """Counts replays, at the price of one call of a function written in C."""

    def __init__(self) -> None:
        self._count = count()
        self.one = self._count.__next__
        self.more = 0

    def total(self) -> int:
        """How many there were; a count shows where it stands, and gives it otherwise only by going on."""
        return int(repr(self._count)[len("count(") : -1]) + self.more


class Compiled:
    """A function that is recorded at its first calls and replayed from then on; made by `autodiff.compile`.

    Attributes
    ----------
    signatures : list of str
        What it was called with so far, one entry for each program.
    stats : dict
        How many calls were "recorded", "replayed", and run "eager", as they are written.
    program : Stages
        The latest program; printed, it shows each pass.
    source : str
        The code of the latest program.
    backend : str
        What that code is for: "numpy" or "numba".
    """

    #: How others tell it from an object of the user's.
    is_compiled = True

    def __init__(self, function: Callable[..., Any], backend: str | None, fallback: bool, passes: Any) -> None:
        self.function = function
        self.wanted = backend
        self.fallback = fallback
        self.passes = passes
        self._recorded = self._eager = 0
        self._replays = Tally()
        self._entries: OrderedDict[Any, _Entry] = OrderedDict()
        self._latest: Step | None = None
        self._running: Step | None = None
        self._structure = 0
        self._looking = False
        #: Steps by what the arguments are like that a way was made for.
        self._ways: dict[Any, list[Step]] = {}
        self._restless = Restless()
        self._crowd = Crowd(MOST_SIGNATURES)
        self._said: set[str] = set()
        #: How many calls in a row made something that was not there.
        self._made = 0
        #: Whether it changes something at every call, and so is never to be recorded again.
        self._left = False
        #: What was compiled for objects that have no room for it, by their ids.
        self._slotted: OrderedDict[int, Compiled] = OrderedDict()
        if callable(function) and hasattr(function, "__name__"):
            update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._look(args, kwargs)

    def __getattr__(self, name: str) -> Any:
        """What is not of a compiled function itself is that of the model or function: ``fast.eval()``."""
        if name == "function" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.function, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """As with reading: ``fast.scale = 2`` sets an attribute of the model."""
        own = name.startswith("_") or name in self.__dict__ or "_ways" not in self.__dict__
        if own or not is_module(self.function):
            object.__setattr__(self, name, value)
        else:
            setattr(self.function, name, value)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: compiled for each object by itself."""
        try:
            kept = instance.__dict__[KEPT]
            if kept.owner is instance:
                return kept[self]
        except (AttributeError, KeyError):  # nothing is kept yet, or not here
            if id(instance) in self._slotted:
                return self._slotted[id(instance)]
        if instance is None or not hasattr(self.function, "__get__"):
            return self
        bound = Compiled(self.function.__get__(instance, owner), self.wanted, self.fallback, self.passes)
        keep(instance, self, bound, self._slotted)
        return bound

    def __reduce__(self) -> Any:
        """A copy is compiled anew, for what the function's copy works on; one found by its name is itself, as it is."""
        name = getattr(self.function, "__qualname__", None)
        with suppress(AttributeError):  # what was made inside a function has no such name
            if name is not None and attrgetter(name)(modules.get(self.function.__module__)) is self:
                return name
        return Compiled, (self.function, self.wanted, self.fallback, self.passes)

    def __repr__(self) -> str:
        return f"<compiled {getattr(self.function, '__name__', type(self.function).__name__)}: {self.stats}>"

    # ------------------------------------------------------------------ what it shows

    @property
    def stats(self) -> dict[str, int]:
        """How many calls were recorded, how many replayed, and how many run as they are written."""
        return {"recorded": self._recorded, "replayed": self._replays.total(), "eager": self._eager}

    @property
    def signatures(self) -> list[str]:
        """What it was called with so far, one entry for each program that is ready."""
        return [step.described() for entry in self._entries.values() for step in entry.steps]

    @property
    def program(self) -> Stages:
        """The program of the latest call: as recorded, after each pass, and as the emitter arranged it."""
        step = self._ready()
        return Stages(step.stages, f"{step.backend.name}: {step.backend.emitted.arranged()}")

    @property
    def source(self) -> str:
        """The code that the latest call ran, or the next one will run: straight-line NumPy, or a module of LLVM."""
        source: str = self._ready().backend.emitted.source
        return source

    @property
    def backend(self) -> str:
        """What that code is for: "numpy" or "numba"."""
        return self._ready().backend.name

    def count_replays(self, n: int) -> None:
        """Count replays that were made in one piece."""
        self._replays.more += n

    def save_source(self, path: str | PathLike[str]) -> None:
        """Write a file that runs alone, with no import but NumPy: the step, its state as it is now, and a self-test.

        Parameters
        ----------
        path : str or path
            Where to; ``python step.py`` then runs the self-test, and ``from step import ...`` the step. Random numbers
            come from a generator of the file's own.
        """
        from autodiff.compiler.standalone import save

        step = self._ready()
        step.prepare()
        step.settle()
        makedirs(dirname(abspath(path)), exist_ok=True)
        module = basename(fspath(path)).removesuffix(".py")
        settings = [s.read() for s in step.program.settings]
        save(step.program, fspath(path), step.bound, settings, step.recording.draws, module)

    def _ready(self) -> Step:
        if self._latest is None:
            raise RecordingError("there is no program yet: a function is recorded twice before it is replayed; call it")
        return self._latest

    # ------------------------------------------------------------------ many steps in one call

    def run(self, *args: Any, progress: Callable[[int], Any] | None = None) -> Any:
        """Make one step after the other, in a loop inside the emitted code.

        Parameters
        ----------
        *args : Tensor or array, or one iterable
            The arguments of all steps, each with one more dimension in front; or an iterable of the arguments of each
            step, such as a DataLoader. What it gives is taken ahead of the steps, up to 8 MiB at a time.
        progress : callable, optional
            Called now and then with how many steps are done. Ctrl-C stops between two of these calls.

        Returns
        -------
        What the function returns, every Tensor with one more dimension in front: all losses. Numbers and arrays are
        arrays then.

        Notes
        -----
        What of a step depends on its arguments alone, and what nothing but its results need, is computed for many
        steps at once. An error, such as that of a class out of range, is raised before any of those has begun.
        """
        return many.run(self, args, progress)

    def running(self) -> Step | None:
        """The step that a call ran just now, if another like it may follow at once."""
        step = self._running
        if step is None or not step.repeats or changes.structure != self._structure or modes.listener is not None:
            return None
        return step

    # ------------------------------------------------------------------ looking at a call

    def _look(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call that is not the one before: find its program, or record it."""
        if self._looking:
            raise AssertionError("a program was chosen that does not fit the call")
        like = given(args, kwargs)
        if modes.listener is not None or self._left or (like is None and is_hooked(args, kwargs)):
            return self._as_written(args, kwargs)
        if self._crowd.is_away(like):
            return self._as_written(args, kwargs)
        for step in self._ways.get(like, ()):
            if step.way.holds() and step.holds(moved=False):
                if not _is_prepared(step, moved=False):
                    return self._as_written(args, kwargs)
                if step.way.run is not step.run:  # it puts gradients into other memory
                    self._lead(step, args, kwargs, step.way.reach)
                return self._run(step, args, kwargs)
        reach = reached(self.function, args, kwargs)
        key = signature(reach, args, kwargs)
        entry = self._entries.get(key)
        if entry is None:
            replays = self._replays.total()
            if len(self._entries) >= MOST_SIGNATURES:
                if self._crowd.turns_away(like, replays):
                    return self._as_written(args, kwargs)
                self._entries.popitem(last=False)
                self._ways.clear()
            entry = self._entries[key] = _Entry()
            if self._restless.is_tired(self.function, key, reach, replays):
                return self._as_written(args, kwargs)
        self._entries.move_to_end(key)
        if entry.eager is not None:
            return self._as_written(args, kwargs)
        for step in entry.steps:
            if step.holds():
                if not _is_prepared(step):
                    return self._as_written(args, kwargs)
                self._lead(step, args, kwargs, reach)
                return self._run(step, args, kwargs)
        return self._record(entry, args, kwargs, reach)

    def _lead(self, step: Step, args: tuple[Any, ...], kwargs: dict[str, Any], reach: Reach) -> None:
        """Make the way to a step that is prepared."""
        wrapper = Wrapper(step, args, kwargs, reach, modes.grad, self.function)
        fast = wrapper.make(self._look, self._deviated, self._replays.one)
        step.way = Way(step, fast, Compiled, reach, args, kwargs)
        like = step.way.given
        if like is not None:
            self._ways[like] = [step, *[s for s in self._ways.get(like, ()) if s is not step]]

    def _run(self, step: Step, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a program that holds and is prepared, and let the next call go straight to it."""
        self._latest = self._running = step
        way = step.way
        way.begin()
        self._looking = True
        failed = True
        try:
            out = way.fast(*args, **kwargs)
            failed = False
        finally:
            self._looking = False
            step.settle(failed)
        step.clear_grads()
        self.__class__ = way.own if step.repeats else Compiled
        self._structure = changes.structure
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
        self._recorded += 1
        self._running = None
        self.__class__ = Compiled
        result, recording, failure = record(self.function, args, kwargs, reach, drawn)
        if isinstance(failure, Postponed):
            return result
        effect = None
        if failure is None:
            after = reached(self.function, args, kwargs)
            failure = effect = side_effects(self.function, reach, after)
            if effect is not None and self._made < MOST_MADE and only_made(reach, after):
                self._made += 1
                return result
            self._made = 0
        if failure is None:
            failure = carried(self.function, args, kwargs, reach)
        if failure is None and recording is not None:
            failure = self._second(entry, recording)
            if failure is None:
                return owned(recording.outputs, result)
        if failure is not None:
            if not self.fallback:
                raise failure
            entry.eager = failure
            self._left = effect is not None and self._restless.gives_up(self._replays.total())
            said = "effects" if effect is not None else str(failure)
            if said not in self._said:
                self._said.add(said)
                warn_the_user(f"a compiled function runs uncompiled from now on: {failure}")
        return result

    def _second(self, entry: _Entry, recording: Recording) -> RecordingError | None:
        """Make a recording ready, if it is the second of its kind and as the first; what is wrong with it, if anything.

        The next call is compared with one of the two, so that what is wrong is said again as long as it is.
        """
        first = entry.waiting.pop(recording.flavour, None)
        failure = None if first is None else compare(first, recording)
        if took_others(failure) and entry.exchanges < MOST_EXCHANGES:
            entry.exchanges += 1
            first = failure = None
        recording.rest()
        waiting = recording
        if first is not None and failure is None:
            try:
                self._latest = Step(recording, self.wanted, self.passes)
            except RecordingError as error:
                failure, waiting = error, first  # the other one is not as it was recorded any more
            else:
                entry.exchanges = 0
                entry.steps.insert(0, self._latest)
                if len(entry.steps) > MOST_SIGNATURES:
                    self._ways.clear()
                    del entry.steps[MOST_SIGNATURES:]
                return None
        entry.waiting[recording.flavour] = waiting
        if len(entry.waiting) > MOST_SIGNATURES:
            del entry.waiting[next(iter(entry.waiting))]
        return failure

    def _as_written(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._eager += 1
        self._running = None
        self.__class__ = Compiled
        return self.function(*args, **kwargs)

    def _deviated(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call on values that the program is not for, which was found before it changed anything: record it."""
        step = self._running
        assert step is not None
        reach = reached(self.function, args, kwargs)
        entry = self._entries[signature(reach, args, kwargs)]
        entry.steps = [s for s in entry.steps if s is not step]
        self._ways.clear()
        self._looking = False
        return self._record(entry, args, kwargs, reach, step.drawn)


def _is_prepared(step: Step, moved: bool = True) -> bool:
    """Whether a step could be prepared; if not, an ordinary call does what no replay can."""
    try:
        step.prepare(moved)
    except Held:
        return False
    return True


def compile(
    function: Callable[..., Any] | None = None,
    *,
    backend: str | None = None,
    fallback: bool = False,
    passes: Any = None,
) -> Any:
    """Record a function at its first calls, and replay it from then on as straight-line NumPy or machine code.

    Parameters
    ----------
    function : callable or Module
        A training step (``zero_grad``, forward, ``backward``, ``step``, all inside), a model, or any function of
        Tensors, such as ``ad.func.grad(f)``. Unchanged: it is called as it is while it is recorded.
    backend : {"numpy", "numba"}, optional
        "numba" is machine code, by llvmlite, the compiler library of the Numba project: the default if that is
        installed (``pip install 'wengert[jit]'``) and all operations have a form in it. Else NumPy.
    fallback : bool, default=False
        Run what cannot be recorded as it is, and say so once in a warning, instead of raising.
    passes : sequence of pass, optional
        What is done to the program; by default everything in ``autodiff.compiler.passes.DEFAULT``. With ``()`` the
        primitives' own forwards are called, and the results are those of an ordinary call to the last bit.

    Returns
    -------
    Compiled
        Called like the function. It has ``signatures``, ``stats``, ``program``, ``source``, ``backend``,
        ``save_source(path)`` and ``run(batches)``.

    Raises
    ------
    RecordingError
        When the function is called, if a value leaves for Python (``.item()``, ``if loss > 1``), a shape depends on
        values, or plain Python changes from one call to the next. It names the line and says how to write it. The call
        has then been made once, as without compiling.

    Notes
    -----
    A program is recorded for each signature: shapes and dtypes of the arguments, training mode, plain numbers that the
    function can reach, which parameters have a gradient. Two calls are recorded and compared before a third is
    replayed. What lives between calls is read and written where it is: parameters, buffers, gradients, optimizer state
    and step counts, learning rates, random generators, Tensors that the function closes over. Ordinary steps and
    compiled ones can be mixed freely. A Tensor that is returned has memory of its own, and no graph. Intermediate
    values share planned memory, so one compiled function must not run in two threads at once.

    An argument that is state, or shares memory with it, is copied before the step: unlike in an ordinary call, it stays
    as it was while the step writes the state. (A parameter that the step updates is refused as an argument.) One that
    is a NumPy array reaches a function of yours as a Tensor, so that what it computes is seen.

    What cannot be seen: plain Python does not run in a replay. What it reads is compared at each call, as far as the
    function names it: numbers, strings, attributes, methods, what lists, dicts and sets hold, what modules of yours
    hold, what weak references lead to, settings of optimizers, and the elements of NumPy's arrays that the step does
    not use as Tensors (`ad.from_numpy`). Left out are the elements of arrays of more than 4 KiB and of sets of more
    than 100, lists and dicts of more than 10,000, files and clocks, which class an object is of, and what objects of
    libraries keep inside, but for `Event`, `Queue`, `Logger` and `ConfigParser`: pass such things as arguments.
    What no result and no state depends on is not computed, and so raises nothing. Whether ``reshape`` gives a view or a
    copy is decided as in the recorded calls, however the arguments of later ones lie in memory.

    Machine code is kept in files for the next process, in ``~/.cache/wengert`` (or what the system has in its place),
    or in the folder that the environment variable ``WENGERT_CACHE_DIR`` names: the last 10,000 or so that were used.

    In machine code, large loops and products are shared by as many threads as NumPy's BLAS may use (`get_num_threads`).
    How many these are changes no bit of a result, but for very large products, which are left to the BLAS.

    The order of floating-point operations may differ from that of an ordinary step, and so may the last digits: by up
    to 1e-5 of a Tensor's norm in float32, 1e-12 in float64.

    Examples
    --------
    >>> import autodiff as ad, nn, optim
    >>> model = nn.Linear(2, 1)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> @ad.compile
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = (model(x) - y).square().mean()
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = ad.rand(8, 2), ad.rand(8, 1)
    >>> losses = [step(x, y).item() for _ in range(20)]
    >>> losses[-1] < losses[0], step.stats["recorded"]
    (True, 2)
    """
    if backend is not None and backend not in NAMES:
        raise AutodiffError(f"backend must be one of {', '.join(map(repr, NAMES))}, or None; got {backend!r}")
    if function is None:
        return lambda f: Compiled(f, backend, fallback, passes)
    if not callable(function):
        raise AutodiffError(f"ad.compile takes a function or a module, not a {type(function).__name__}")
    return Compiled(function, backend, fallback, passes)
