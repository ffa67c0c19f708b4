"""What a compiled step costs beside its code: the call around it, in nanoseconds, and recording it, in milliseconds."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import autodiff as ad
from benchmarks import interpreters
from benchmarks.cases import CASES, OPTIMIZERS, Case, make_problem
from benchmarks.contenders import REQUIRES, ours
from benchmarks.machine import describe, run_python, write_record
from benchmarks.summary import markdown

BACKENDS = ("numpy", "numba")
CALLS = 100
"""In a block; blocks of the whole call, of the call without `.item()`, and of the bare code take turns."""
TEN_LAYERS = Case("ten", (*[64] * 10, 10), 32)
RECORDINGS = 10
TARGETS = {"around_ns": 1200.0, "numpy recording_ms": 50.0}
"""What the project promises, at most."""


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.overhead`."""
    options = parse(arguments)
    if options.alone:
        backend, optimizer = options.alone
        print(json.dumps(call(backend, options.case, optimizer, options.seconds) | recording(backend, optimizer)))
        return 0
    able = interpreters.usable([f"compiled_{backend}" for backend in options.backends], REQUIRES, {})
    rows: list[dict[str, Any]] = []
    for backend in [name.removeprefix("compiled_") for name in able]:
        for optimizer in options.optimizers:
            alone = ["--alone", backend, optimizer, "--case", options.case, "--seconds", str(options.seconds)]
            command = ["-m", "benchmarks.overhead", *alone]
            found = [json.loads(run_python(command, options.threads)) for _ in range(options.processes)]
            best = {key: min(run[key] for run in found) for key in found[0]}
            spread = {"most_around_ns": max(run["around_ns"] for run in found)}
            rows.append({"backend": backend, "optimizer": optimizer} | best | spread)
    show(rows, options)
    if options.output:
        write_record({"machine": describe(options.threads), "case": options.case, "results": rows}, options.output)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    names: dict[str, Any] = {"nargs": "+", "metavar": "NAME"}
    parser.add_argument("--case", default="A", choices=list(CASES), metavar="CASE")
    parser.add_argument("--backends", default=list(BACKENDS), choices=BACKENDS, **names)
    parser.add_argument("--optimizers", default=list(OPTIMIZERS), choices=OPTIMIZERS, **names)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=5, help="fresh processes of each kind (default: 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of timed calls in a process (default: 3)")
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    parser.add_argument("--alone", nargs=2, metavar=("BACKEND", "OPTIMIZER"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def call(backend: str, case: str, optimizer: str, seconds: float) -> dict[str, float]:
    """Nanoseconds of `step(x, y).item()`, of `step(x, y)`, of the emitted code by itself, and what is around it."""
    problem = make_problem(CASES[case])
    _, train = ours.training(problem, optimizer)
    step = ad.compile(train, backend=backend)
    batches = [(ad.tensor(x), ad.tensor(y)) for x, y in problem.batches]
    for x, y in batches:
        step(x, y)
    code, settings = bare(step)
    arrays = [(x.numpy(), y.numpy(), *settings) for x, y in batches]

    def whole() -> None:
        for x, y in batches:
            step(x, y).item()

    def unread() -> None:
        for x, y in batches:
            step(x, y)

    def alone() -> None:
        for given in arrays:
            code(*given)

    parts = {"whole_ns": whole, "call_ns": unread, "code_ns": alone}
    best = dict.fromkeys(parts, float("inf"))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for name, part in parts.items():
            best[name] = min(best[name], nanoseconds(part) / len(batches))
    best["around_ns"] = best["whole_ns"] - best["code_ns"]
    return {key: round(value, 1) for key, value in best.items()}


def bare(step: Any) -> tuple[Callable[..., object], list[float]]:
    """The emitted code of a compiled function that has just run, bound to its memory, and its settings as of now."""
    running = step.running()
    if running is None:
        raise RuntimeError("the step was called, and yet is not replayed")
    return running.run, [float(setting.read()) for setting in running.program.settings]


def nanoseconds(part: Callable[[], None]) -> float:
    """Of one call, in a block of about `CALLS` steps."""
    repeats = range(CALLS // 8)
    start = time.perf_counter_ns()
    for _ in repeats:
        part()
    return (time.perf_counter_ns() - start) / len(repeats)


def recording(backend: str, optimizer: str) -> dict[str, float]:
    """Milliseconds by which the first three calls of a compiled step of ten layers exceed three eager steps.

    The first two calls are recorded and compared, the second is made ready, the third is bound to its memory.
    `first_recording_ms` is that of the process's first, which also imports the compiler; the other figure is the
    least of the rest.
    """
    problem = make_problem(TEN_LAYERS)
    x, y = (ad.tensor(array) for array in problem.batches[0])
    _, train = ours.training(problem, optimizer)
    eager = min(milliseconds(partial(train, x, y)) for _ in range(20))
    costs = []
    for _ in range(RECORDINGS if backend == "numpy" else 2):
        _, fresh = ours.training(problem, optimizer)
        step = ad.compile(fresh, backend=backend)
        costs.append(sum(milliseconds(partial(step, x, y)) - eager for _ in range(3)))
    return {
        "eager_ms": round(eager, 3),
        "first_recording_ms": round(costs[0], 2),
        "recording_ms": round(min(costs[1:]), 2),
    }


def milliseconds(part: Callable[[], object]) -> float:
    """Of one call."""
    start = time.perf_counter()
    part()
    return (time.perf_counter() - start) * 1e3


def show(rows: list[dict[str, Any]], options: argparse.Namespace) -> None:
    """Print the table, and what is beyond the targets."""
    print(f"{CASES[options.case].label}: ns a call, least of {options.processes} processes; recording ten layers, ms")
    keys = ("whole_ns", "call_ns", "code_ns", "around_ns", "most_around_ns", "first_recording_ms", "recording_ms")
    header = [
        "backend",
        "optimizer",
        "call + item",
        "call",
        "code",
        "around",
        "highest",
        "first recording",
        "recording",
    ]
    print(markdown(header, [[r["backend"], r["optimizer"], *(f"{r[key]:.0f}" for key in keys)] for r in rows], left=2))
    for row in rows:
        for target, limit in TARGETS.items():
            *backend, key = target.split()
            if row[key] > limit and backend in ([], [row["backend"]]):
                name = f"{row['backend']} {row['optimizer']} {key}"
                print(f"beyond what is promised: {name} {row[key]:.0f} (at most {limit:.0f})")


if __name__ == "__main__":
    sys.exit(main())
