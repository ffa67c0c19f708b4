"""One measurement: one contender on one case in this process; prints a JSON line."""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import TypedDict

import numpy as np

from benchmarks.cases import find, make_problem
from benchmarks.contenders import load

CHECKED_STEPS = 40


class Order(TypedDict):
    """What the parent process asks for."""

    contender: str
    case: str
    optimizer: str  # or another task: see `contenders.load`
    blocks: int
    block_seconds: float
    seconds: float
    weights: str | None


class Measurement(TypedDict):
    """What comes back; times in microseconds a step."""

    minimum: float
    median: float
    p90: float
    blocks: int
    steps_per_block: int
    preempted: int
    load_average: float


def measure(order: Order) -> Measurement:
    """Train `CHECKED_STEPS` steps, save the weights if asked, then time blocks of steps.

    Parameters
    ----------
    order : Order
        `blocks` is how many blocks are wanted, each of about `block_seconds`; fewer are run where they would take
        more than `seconds`, but never fewer than five. `weights` is a file to save to, or None.

    Returns
    -------
    Measurement
    """
    load_average = os.getloadavg()[0]
    trainer = load(order["contender"], order["optimizer"])(make_problem(find(order["case"])))
    for i in range(CHECKED_STEPS // trainer.steps):
        trainer.step(i)
    if order["weights"]:
        np.savez(order["weights"], *trainer.parameters())
    per_block = max(1, round(order["block_seconds"] / calibrate(trainer.step, order["block_seconds"])))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
    times = run_blocks(trainer.step, per_block, order["blocks"], order["seconds"])
    preempted = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before
    low, middle, high = np.quantile(times, [0.0, 0.5, 0.9]) * 1e6 / trainer.steps
    return Measurement(
        minimum=round(float(low), 3),
        median=round(float(middle), 3),
        p90=round(float(high), 3),
        blocks=len(times),
        steps_per_block=per_block * trainer.steps,
        preempted=preempted,
        load_average=round(load_average, 2),
    )


def calibrate(step: Callable[[int], object], seconds: float) -> float:
    """Warm up for about `seconds` ten times over; give the shortest step seen."""
    best, end = float("inf"), time.perf_counter() + 10 * seconds
    start = time.perf_counter()
    while start < end:
        step(0)
        now = time.perf_counter()
        best, start = min(best, now - start), now
    return best


def run_blocks(step: Callable[[int], object], per_block: int, blocks: int, seconds: float) -> list[float]:
    """Seconds a step of each block. The garbage collector stays on, as in a user's loop."""
    gc.collect()
    times: list[float] = []
    clock = time.perf_counter
    end = clock() + seconds
    first = 0
    while len(times) < blocks and (len(times) < 5 or clock() < end):
        start = clock()
        for i in range(first, first + per_block):
            step(i)
        times.append((clock() - start) / per_block)
        first += per_block
    return times


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
