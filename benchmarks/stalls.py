"""Compiled steps alternate with eager evaluation, both with threaded products: neither may wait for the other.

Two BLAS libraries in one process, each with threads of its own, hinder one another: the idle workers of the one spin
while the other would run, for some 15 ms at every change. So the code that is measured here must use one alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from benchmarks import interpreters
from benchmarks.cases import CASES, OPTIMIZERS, make_problem
from benchmarks.contenders import REQUIRES, ours
from benchmarks.machine import describe, run_python, write_record
from benchmarks.summary import markdown

BACKENDS = ("numpy", "numba")
LIMIT = 1.0
"""Milliseconds that alternating may cost a pair of step and evaluation, beyond noise, and not be called a stall."""
QUANTILES = {"median": 0.5, "p90": 0.9, "p99": 0.99, "most": 1.0}


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.stalls`; the exit status is 1 if there is a stall."""
    options = parse(arguments)
    if options.alone:
        print(json.dumps(measure(options.alone, options.case, options.optimizer, options.seconds)))
        return 0
    able = interpreters.usable([f"compiled_{backend}" for backend in options.backends], REQUIRES, {})
    rows: list[dict[str, Any]] = []
    for backend in [name.removeprefix("compiled_") for name in able]:
        for _ in range(options.processes):
            about = ["--case", options.case, "--optimizer", options.optimizer, "--seconds", str(options.seconds)]
            command = ["-m", "benchmarks.stalls", "--alone", backend, *about]
            rows.append({"backend": backend} | json.loads(run_python(command, options.threads)))
    what = f"{CASES[options.case].label} with {options.optimizer}, {options.threads} threads"
    print(f"{what}; milliseconds, one process a row")
    heads = ["backend", "step alone", "eval alone", *(f"pair {name}" for name in QUANTILES), "median stall"]
    body = [[r["backend"], *(f"{r[key]:.3f}" for key in ("step", "evaluation", *QUANTILES, "stall"))] for r in rows]
    print(markdown(heads, body))
    stalled = stalls(rows)
    for backend, stall in stalled.items():
        print(f"STALL: {backend} loses {stall:.1f} ms at each change between a compiled step and eager evaluation")
    if options.output:
        write_record({"machine": describe(options.threads), "case": options.case, "results": rows}, options.output)
    return int(bool(stalled))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stalls", description=__doc__)
    parser.add_argument("--case", default="C", choices=list(CASES), metavar="CASE")
    parser.add_argument("--optimizer", default="sgd", choices=OPTIMIZERS)
    parser.add_argument("--backends", nargs="+", default=list(BACKENDS), choices=BACKENDS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=3, help="fresh processes of each backend (default: 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of alternating in a process (default: 3)")
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    parser.add_argument("--alone", choices=BACKENDS, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def measure(backend: str, case: str, optimizer: str, seconds: float) -> dict[str, float]:
    """Milliseconds of steps alone and of evaluations alone, a third of the time each, and then of both in turn."""
    problem = make_problem(CASES[case])
    model, train = ours.training(problem, optimizer)
    step = ad.compile(train, backend=backend)
    batches = [(ad.tensor(x), ad.tensor(y)) for x, y in problem.batches]

    def compiled(i: int) -> None:
        x, y = batches[i % len(batches)]
        step(x, y).item()

    def evaluation(i: int) -> None:
        with ad.no_grad():
            model(batches[i % len(batches)][0])

    def pair(i: int) -> None:
        compiled(i)
        evaluation(i)

    for i in range(20):
        pair(i)
    steps, evaluations, pairs = (timed(part, seconds / 3) for part in (compiled, evaluation, pair))
    stall = np.median(pairs) - np.median(steps) - np.median(evaluations)
    found = {"step": np.median(steps), "evaluation": np.median(evaluations), "stall": stall}
    found |= {name: np.quantile(pairs, q) for name, q in QUANTILES.items()}
    return {key: round(float(value), 4) for key, value in found.items()}


def timed(part: Callable[[int], None], seconds: float) -> list[float]:
    """Milliseconds of each of many calls."""
    times: list[float] = []
    clock = time.perf_counter
    end = clock() + seconds
    while (start := clock()) < end or len(times) < 20:
        part(len(times))
        times.append((clock() - start) * 1e3)
    return times


def stalls(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The backends that stall in their best process too, with how long: something beside them would not do that.

    Examples
    --------
    >>> stalls([{"backend": "numpy", "stall": 15.0}, {"backend": "numpy", "stall": 0.1}])
    {}
    """
    least = {row["backend"]: min(r["stall"] for r in rows if r["backend"] == row["backend"]) for row in rows}
    return {backend: stall for backend, stall in least.items() if stall > LIMIT}


if __name__ == "__main__":
    sys.exit(main())
