"""How far the peak of resident memory grows over a warmed-up import while a case is trained."""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
from typing import Any

from benchmarks import interpreters
from benchmarks.cases import CASES, OPTIMIZERS, make_problem
from benchmarks.contenders import REQUIRES, load
from benchmarks.machine import describe, run_python, write_record
from benchmarks.summary import markdown, short

STANDARD = ("ours", "compiled_numpy", "compiled_numba", "torch_eager", "jax_jit", "numpy_floor")
WARM_CASE = "A"
FIRST_STEPS, STEPS = 5, 40


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.memory`; with `--alone CONTENDER`, measure this process and print JSON."""
    options = parse(arguments)
    if options.alone:
        print(json.dumps(growth(options.alone, options.case, options.optimizers[0])))
        return 0
    given = dict(options.python)
    names = interpreters.usable(options.contenders, REQUIRES, given)
    results = []
    for optimizer in options.optimizers:
        for name in names:
            found = []
            python = interpreters.interpreter(name, given)
            for _ in range(options.processes):
                alone = ["-m", "benchmarks.memory", "--alone", name, "--case", options.case, "--optimizers", optimizer]
                found.append(json.loads(run_python(alone, options.threads, python=python)))
            best = min(found, key=lambda run: run["growth_mib"])
            most = max(run["growth_mib"] for run in found)
            results.append({"contender": name, "optimizer": optimizer, "most_growth_mib": most} | best)
    label = CASES[options.case].label
    print(f"{label}, MiB of resident memory, {STEPS} steps; the lowest growth of {options.processes} processes")
    header = ["contender", "optimizer", "after import", "peak", "growth", "highest growth", "once it runs"]
    keys = ("before_mib", "peak_mib", "growth_mib", "most_growth_mib", "running_mib")
    rows = [[short(r["contender"]), r["optimizer"], *(f"{r[key]:.1f}" for key in keys)] for r in results]
    print(markdown(header, rows, left=2))
    if options.output:
        record = {"machine": describe(options.threads), "case": options.case, "results": results}
        write_record(record, options.output)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    names: dict[str, Any] = {"nargs": "+", "metavar": "NAME"}
    parser.add_argument("--case", default="D", choices=list(CASES))
    parser.add_argument("--optimizers", default=list(OPTIMIZERS), choices=list(OPTIMIZERS), **names)
    parser.add_argument("--contenders", default=list(STANDARD), choices=list(REQUIRES), **names)
    parser.add_argument("--processes", type=int, default=3, help="fresh processes of each contender (default: 3)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    parser.add_argument("--alone", choices=list(REQUIRES), help=argparse.SUPPRESS)
    interpreters.add_option(parser)
    return parser.parse_args(arguments)


def growth(contender: str, case: str, optimizer: str) -> dict[str, float]:
    """Train in this process and compare the peak with what was resident before.

    Returns
    -------
    dict
        `before_mib`, resident once the contender is imported, has trained a few steps of the smallest case (which
        loads what is loaded lazily), and the problem's own arrays exist; `peak_mib`, the highest since; `growth_mib`,
        the difference: weights, batches as the contender's tensors, optimiser state, everything a step allocates or
        a compiler does, and the workspace its BLAS keeps for large products; `running_mib`, the same difference for
        the steps after the first few alone, when nothing is compiled any more.
    """
    setup = load(contender, optimizer)
    warm = setup(make_problem(CASES[WARM_CASE]))
    for i in range(FIRST_STEPS):
        warm.step(i)
    del warm
    problem = make_problem(CASES[case])
    gc.collect()
    reset_peak()
    before = status("VmRSS")
    trainer = setup(problem)
    for i in range(FIRST_STEPS):
        trainer.step(i)
    first = status("VmHWM")
    reset_peak()
    for i in range(FIRST_STEPS, STEPS):
        trainer.step(i)
    running = status("VmHWM")
    peak = max(first, running)
    kib = {"before_mib": before, "peak_mib": peak, "growth_mib": peak - before, "running_mib": running - before}
    return {key: round(value / 1024, 2) for key, value in kib.items()}


def reset_peak() -> None:
    """Set the recorded peak back to what is resident now, where the system can (Linux)."""
    try:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
    except OSError:
        return


def status(field: str) -> float:
    """A field of /proc/self/status in KiB; elsewhere the peak of the whole life of the process stands for both."""
    try:
        with open("/proc/self/status", encoding="ascii") as lines:
            return next(float(line.split()[1]) for line in lines if line.startswith(field))
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 if sys.platform == "darwin" else float(peak)


if __name__ == "__main__":
    sys.exit(main())
