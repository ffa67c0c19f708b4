"""The engine by itself, on tiny arrays: cost of recording and of backward an operation, a chain of a million."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autodiff as ad
from benchmarks.machine import describe, run_python, write_record
from benchmarks.memory import status
from benchmarks.summary import markdown

Operation = Callable[[Any], Any]

TENSORS: dict[str, Operation] = {
    "x + 1.0": lambda x: x + 1.0,
    "x + x": lambda x: x + x,
    "x * 0.5": lambda x: x * 0.5,
    "x * x": lambda x: x * x,
    "-x": lambda x: -x,
    "x / 2.0": lambda x: x / 2.0,
    "sin(x)": lambda x: x.sin(),
    "exp(x)": lambda x: x.exp(),
    "tanh(x)": lambda x: x.tanh(),
    "relu(x)": lambda x: x.relu(),
    "reshape(x)": lambda x: x.reshape(3, 3),
    "sum(x)": lambda x: x.sum(dim=0, keepdim=True),
    "x @ x": lambda x: x @ x,
}
ARRAYS: dict[str, Operation] = {
    "sin(x)": np.sin,
    "exp(x)": np.exp,
    "tanh(x)": np.tanh,
    "relu(x)": lambda x: np.maximum(x, 0.0),
    "sum(x)": lambda x: x.sum(axis=0, keepdims=True),
}
"""Only what is written otherwise on arrays than on Tensors."""

WIDTH = 200
REPEATS = 30
WARM_LENGTH = 10_000
"""Long enough to load what is lazy and to fill Python's free lists, which would count as objects left."""


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.graph`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graph", description=__doc__)
    parser.add_argument("--length", type=int, default=1_000_000, help="operations in the chain (default: 1000000)")
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    parser.add_argument("--alone", choices=("operations", "chain"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.alone:
        print(json.dumps(operations() if options.alone == "operations" else chain(options.length)))
        return 0
    costs = json.loads(run_python(["-m", "benchmarks.graph", "--alone", "operations"], threads=1))
    print(f"µs an operation on a 3x3 float32 array (minimum of {REPEATS} runs of {WIDTH}), one thread, collector off")
    header = ["operation", "NumPy", "no_grad", "recorded", "backward"]
    print(markdown(header, [[row["operation"], *(f"{row[key]:.2f}" for key in header[1:])] for row in costs]))
    command = ["-m", "benchmarks.graph", "--alone", "chain", "--length", str(options.length)]
    long = json.loads(run_python(command, threads=1))
    print(
        f"\nchain of {long['length']:,} operations, collector off: recorded {long['recorded']:.2f} µs, "
        f"backward {long['backward']:.2f} µs, freed {long['freed']:.2f} µs an operation; "
        f"{long['bytes']:.0f} bytes an operation, {long['left_objects']:,} objects left after; "
        f"gradient {'right' if long['right'] else 'WRONG'}"
    )
    if options.output:
        write_record({"machine": describe(1), "operations": costs, "chain": long}, options.output)
    return int(not long["right"])


def operations() -> list[dict[str, Any]]:
    """Cost of each operation of `TENSORS`: applied `WIDTH` times to one leaf, so that each reads the same input."""
    values = np.random.default_rng(0).uniform(0.5, 1.5, (3, 3)).astype(np.float32)
    rows: list[dict[str, Any]] = []
    gc.disable()
    for name, operation in TENSORS.items():
        leaf = ad.tensor(values, requires_grad=True)
        with ad.no_grad():
            bare = cost(operation, leaf)
        row = {
            "NumPy": cost(ARRAYS.get(name, operation), values),
            "no_grad": bare,
            "recorded": cost(operation, leaf),
            "backward": backward_cost(operation, leaf) - backward_cost(lambda x: x, leaf),
        }
        rows.append({"operation": name} | {key: round(value, 3) for key, value in row.items()})
    return rows


def cost(operation: Operation, x: Any) -> float:
    """Microseconds an application of the fastest of `REPEATS` runs of `WIDTH` applications to `x`."""
    best, times = float("inf"), range(WIDTH)
    for _ in range(REPEATS):
        start = time.perf_counter()
        results = [operation(x) for _ in times]
        best = min(best, time.perf_counter() - start)
        del results
    return best / WIDTH * 1e6


def backward_cost(operation: Operation, leaf: Any) -> float:
    """Microseconds of backward an operation: `WIDTH` outputs of one leaf, stacked and seeded together.

    Stacking and adding up the contributions are in the figure; they are what the identity costs.
    """
    best = float("inf")
    for _ in range(REPEATS):
        outputs = [operation(leaf) for _ in range(WIDTH)]
        total = ad.stack(outputs)
        seed = ad.ones_like(total)
        start = time.perf_counter()
        total.backward(seed)
        best = min(best, time.perf_counter() - start)
        leaf.grad = None
    return best / WIDTH * 1e6


def chain(length: int) -> dict[str, Any]:
    """Record, differentiate and free `length` operations in a row with the garbage collector switched off."""
    gc.disable()
    x = ad.tensor([1.0], requires_grad=True)
    link(x, WARM_LENGTH).backward()
    x.grad = None
    before, blocks, start = status("VmRSS"), sys.getallocatedblocks(), time.perf_counter()
    y = link(x, length)
    recorded = time.perf_counter()
    held = status("VmRSS")
    start_backward = time.perf_counter()
    y.backward(retain_graph=True)
    backward = time.perf_counter()
    del y
    freed = time.perf_counter()
    return {
        "length": length,
        "recorded": (recorded - start) / length * 1e6,
        "backward": (backward - start_backward) / length * 1e6,
        "freed": (freed - backward) / length * 1e6,
        "bytes": (held - before) * 1024 / length,
        "left_objects": sys.getallocatedblocks() - blocks,
        "right": x.grad is not None and x.grad.item() == 1.0,
    }


def link(x: Any, length: int) -> Any:
    """Multiply by 2 and by 1/2 in turn, which is exact at any length and has gradient 1."""
    for _ in range(length // 2):
        x = (x * 2.0) * 0.5
    return x


if __name__ == "__main__":
    sys.exit(main())
