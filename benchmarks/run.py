"""Time a whole training step of every contender, each alone in a fresh process, in turn; print ratios, write JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from typing import Any

import numpy as np

from benchmarks.cases import CASES, LEARNING_RATE, make_problem
from benchmarks.contenders import REQUIRES, STANDARD, installed
from benchmarks.machine import RESULTS, describe, run_python, stamp, write_record
from benchmarks.summary import STEADY, Run, ratios, table, unsteady
from benchmarks.worker import CHECKED_STEPS, Order

TOLERANCE = {"sgd": (1e-4, 1e-2), "adam": (1e-4, 1e-1)}
"""Largest distance allowed between two contenders' weights after the checked steps, relative to the distance moved,
on the small cases (A, B, C) and on the large. Float32 sums differ in their last bits from one BLAS to another; with
10^5 activations a step some lie so near zero that this decides their ReLU, a jump, which later steps carry on (Adam
divides by the gradient's own size, and so carries it further). Cases without such a jump agree to 1e-5, and a wrong
rule or formula moves the weights elsewhere altogether."""
LARGE = ("D", "E")


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.run`; the exit status is 1 if two contenders trained different weights."""
    options = parse(arguments)
    names = options.contenders or [name for name in STANDARD if installed(name)]
    settings = {key: value for key, value in vars(options).items() if key != "output"} | {"contenders": names}
    record: dict[str, Any] = {"machine": describe(options.threads), "settings": settings}
    warn(record["machine"], names)
    started = time.monotonic()
    runs: list[Run] = []
    checks: list[dict[str, Any]] = []
    for case in options.cases:
        for optimizer in options.optimizers:
            found, weights = measure_all(case, optimizer, names, options)
            runs += found
            checks += compare_weights(case, optimizer, weights)
    rows = ratios(runs)
    record |= {"seconds": round(time.monotonic() - started, 1), "ratios": rows, "checks": checks, "runs": runs}
    print(table(rows))
    if unsteady(rows):
        print(f"note: ratios differ between rounds by more than {STEADY}: {', '.join(unsteady(rows))}")
    wrong = report_checks(checks)
    write(record, options.output)
    return int(wrong)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--optimizers", nargs="+", default=list(LEARNING_RATE), choices=list(LEARNING_RATE))
    parser.add_argument("--contenders", nargs="+", choices=list(REQUIRES), help=f"default: {' '.join(STANDARD)}")
    parser.add_argument("--threads", type=int, default=2, help="for each BLAS and for PyTorch (default: 2)")
    parser.add_argument("--processes", type=int, default=5, help="fresh processes of each contender (default: 5)")
    parser.add_argument("--blocks", type=int, default=60, help="timed blocks in each process (default: 60)")
    parser.add_argument("--block-seconds", type=float, default=0.01, help="length of a block (default: 0.01)")
    parser.add_argument("--seconds", type=float, default=3.0, help="most time for the blocks of a process (default: 3)")
    parser.add_argument("--output", help="JSON file to write (default: results/DATE.json; '-' writes none)")
    return parser.parse_args(arguments)


def warn(machine: dict[str, Any], names: list[str]) -> None:
    """Say what would make the figures worth less."""
    load = machine["load_average_at_start"]
    if load > 0.3:
        print(f"note: the load average is {load}: something else runs here, figures are noisy")
    if "jax_jit" in names and machine["threads"] != machine["cores"]:
        print(f"note: JAX takes {machine['cores']} threads, the others {machine['threads']}")


def measure_all(
    case: str, optimizer: str, names: list[str], options: argparse.Namespace
) -> tuple[list[Run], dict[str, list[np.ndarray]]]:
    """Measure the contenders in turn, every other round in reverse, so that a drift of the machine meets all alike.

    Returns
    -------
    runs : list of dict
    weights : dict
        Of each contender, its arrays after the checked steps, from the first round.
    """
    runs: list[Run] = []
    weights: dict[str, list[np.ndarray]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for round_ in range(options.processes):
            for name in names if round_ % 2 == 0 else names[::-1]:
                file = os.path.join(folder, f"{name}.npz") if round_ == 0 else None
                order = Order(
                    contender=name,
                    case=case,
                    optimizer=optimizer,
                    blocks=options.blocks,
                    block_seconds=options.block_seconds,
                    seconds=options.seconds,
                    weights=file,
                )
                answer = json.loads(run_python(["-m", "benchmarks.worker", json.dumps(order)], options.threads))
                about = {"case": case, "label": CASES[case].label, "optimizer": optimizer, "contender": name}
                runs.append(about | {"round": round_} | answer)
                print(f"{CASES[case].label} {optimizer} {name} {answer['minimum']:.1f} µs", file=sys.stderr, flush=True)
                if file:
                    with np.load(file) as arrays:
                        weights[name] = [arrays[key] for key in arrays.files]
    return runs, weights


def compare_weights(case: str, optimizer: str, weights: dict[str, list[np.ndarray]]) -> list[dict[str, Any]]:
    """Hold every contender's weights after the checked steps to those of the last one (the floor, by default).

    Returns
    -------
    list of dict
        `difference`: the Euclidean distance of all weights between the two, by how far the reference moved.
    """
    start = list(make_problem(CASES[case]).state_dict().values())
    *others, reference = weights
    moved = norm([a - b for a, b in zip(weights[reference], start, strict=True)])
    checks = []
    for name in others:
        apart = norm([a - b for a, b in zip(weights[name], weights[reference], strict=True)])
        checks.append(
            {
                "case": case,
                "optimizer": optimizer,
                "contenders": [name, reference],
                "steps": CHECKED_STEPS,
                "difference": float(f"{apart / moved:.2e}"),
                "tolerance": TOLERANCE[optimizer][case in LARGE],
            }
        )
    return checks


def norm(arrays: list[np.ndarray]) -> float:
    """Euclidean norm over all the arrays, in double precision."""
    return float(np.sqrt(sum(float(np.sum(np.square(a, dtype=np.float64))) for a in arrays)))


def report_checks(checks: list[dict[str, Any]]) -> bool:
    """Print whether all trained the same weights; give whether some did not."""
    # `not <=`, so that a nan counts as wrong.
    wrong = [check for check in checks if not check["difference"] <= check["tolerance"]]
    for check in wrong:
        print(
            f"WRONG: {' and '.join(check['contenders'])} differ after {check['steps']} steps of {check['case']} with "
            f"{check['optimizer']} by {check['difference']:.1e} of the distance moved (allowed {check['tolerance']})"
        )
    if checks and not wrong:
        print(f"equal weights after {CHECKED_STEPS} steps: {len(checks)} comparisons within tolerance")
    return bool(wrong)


def write(record: dict[str, Any], output: str | None) -> None:
    """Save the record as JSON, by default under a name made of date and threads."""
    write_record(record, output or os.path.join(RESULTS, f"{stamp()}-steps-{record['machine']['threads']}threads.json"))


if __name__ == "__main__":
    sys.exit(main())
