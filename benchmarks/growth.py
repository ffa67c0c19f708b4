"""How time grows with depth, width and batch, over three decades, and what a gradient costs beside its value."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from benchmarks import interpreters
from benchmarks.contenders import REQUIRES
from benchmarks.machine import describe, run_python, write_record
from benchmarks.summary import markdown, short
from benchmarks.worker import Order

AXES = {
    "depth": (1, 3, 10, 30, 100, 300, 1000),
    "width": (4, 10, 30, 100, 300, 1000, 4000),
    "batch": (1, 3, 10, 30, 100, 300, 1000),
}
CONTENDERS = ("ours", "compiled_numpy", "compiled_numba", "torch_eager", "jax_jit")
TASKS = ("sgd", "value", "gradient")
"""A training step; the loss alone, with nothing recorded for a gradient; the loss and its gradient."""
BOUND = 4.0
"""The cheap-gradient principle: a value and its gradient take at most about four times as long as the value."""

Point = dict[str, Any]


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.growth`."""
    options = parse(arguments)
    given = dict(options.python)
    names = interpreters.usable(options.contenders, REQUIRES, given)
    points: list[Point] = []
    for axis in options.axes:
        for size in AXES[axis][:: options.every]:
            points += measure(axis, size, names, options)
    for axis in options.axes:
        print(f"\n{axis}: µs a training step; (value and gradient) / value")
        print(table([point for point in points if point["axis"] == axis], names))
    if options.output:
        machine = describe(options.threads) | {"other_interpreters": interpreters.versions(names, given)}
        write_record({"study": "growth", "machine": machine, "points": points}, options.output)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    names: dict[str, Any] = {"nargs": "+", "metavar": "NAME"}
    parser.add_argument("--axes", default=list(AXES), choices=list(AXES), **names)
    parser.add_argument("--every", type=int, default=1, help="take every n-th size only (default: 1)")
    parser.add_argument("--contenders", default=list(CONTENDERS), choices=list(CONTENDERS), **names)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--processes", type=int, default=2, help="fresh processes of each kind (default: 2)")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="most time for the blocks of a process (default: 0.5)"
    )
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds after which a process is given up")
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    interpreters.add_option(parser)
    return parser.parse_args(arguments)


def measure(axis: str, size: int, names: list[str], options: argparse.Namespace) -> list[Point]:
    """The fastest block of each contender at each task; those that take too long (to compile) are left out."""
    best: dict[tuple[str, str], float] = {}
    for turn in range(options.processes):
        for name in names if turn % 2 == 0 else names[::-1]:
            for task in TASKS:
                order = Order(
                    contender=name,
                    case=f"{axis}={size}",
                    optimizer=task,
                    blocks=1000,
                    block_seconds=0.01,
                    seconds=options.seconds,
                    weights=None,
                )
                command = ["-m", "benchmarks.worker", json.dumps(order)]
                python = interpreters.interpreter(name, dict(options.python))
                try:
                    answer = json.loads(run_python(command, options.threads, python=python, timeout=options.timeout))
                except (TimeoutError, RuntimeError) as error:
                    print(f"{axis} {size} {name} {task}: {str(error).splitlines()[-1]}", file=sys.stderr)
                    break  # the other tasks take as long to compile
                best[name, task] = min(answer["minimum"], best.get((name, task), float("inf")))
        print(f"{axis} {size} {turn + 1}/{options.processes}", file=sys.stderr, flush=True)
    return [
        {"axis": axis, "size": size, "contender": name, "task": task, "minimum": found}
        for (name, task), found in best.items()
    ]


def table(points: list[Point], names: list[str]) -> str:
    """One row for each size: times of a step, and what a gradient costs."""
    found = {(p["size"], p["contender"], p["task"]): p["minimum"] for p in points}
    rows = []
    for size in sorted({p["size"] for p in points}):
        times = [found.get((size, name, "sgd")) for name in names]
        costs = [cost(found, size, name) for name in names]
        cells = [*(f"{t:.1f}" if t else "" for t in times), *(f"{c:.2f}" if c else "" for c in costs)]
        rows.append([str(size), *cells])
    heads = [short(name) for name in names]
    return markdown(["size", *(f"{head} µs" for head in heads), *(f"{head} gradient" for head in heads)], rows)


def cost(found: dict[tuple[int, str, str], float], size: int, name: str) -> float | None:
    """The time of a value and its gradient by that of the value."""
    value, gradient = (found.get((size, name, task)) for task in ("value", "gradient"))
    return gradient / value if value and gradient else None


if __name__ == "__main__":
    sys.exit(main())
