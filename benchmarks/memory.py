"""How far the peak of resident memory grows over a warmed-up import while a case is trained."""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys

from benchmarks.cases import CASES, LEARNING_RATE, make_problem
from benchmarks.contenders import REQUIRES, STANDARD, installed, load
from benchmarks.machine import describe, run_python, write_record
from benchmarks.summary import markdown, short

WARM_CASE = "A"
STEPS = 40


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.memory`; with `--alone CONTENDER`, measure this process and print JSON."""
    options = parse(arguments)
    if options.alone:
        print(json.dumps(growth(options.alone, options.case, options.optimizers[0])))
        return 0
    names = options.contenders or [name for name in STANDARD if installed(name)]
    results = []
    for optimizer in options.optimizers:
        for name in names:
            found = []
            for _ in range(options.processes):
                alone = ["--alone", name, "--case", options.case, "--optimizers", optimizer]
                found.append(json.loads(run_python(["-m", "benchmarks.memory", *alone], options.threads)))
            best = min(found, key=lambda run: run["growth_mib"])
            most = max(run["growth_mib"] for run in found)
            results.append({"contender": name, "optimizer": optimizer, "most_growth_mib": most} | best)
    label = CASES[options.case].label
    print(f"{label}, MiB of resident memory, {STEPS} steps; the lowest growth of {options.processes} processes")
    header = ["contender", "optimizer", "after import", "peak", "growth", "highest growth"]
    keys = ("before_mib", "peak_mib", "growth_mib", "most_growth_mib")
    rows = [[short(r["contender"]), r["optimizer"], *(f"{r[key]:.1f}" for key in keys)] for r in results]
    print(markdown(header, rows, left=2))
    if options.output:
        record = {"machine": describe(options.threads), "case": options.case, "results": results}
        write_record(record, options.output)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--case", default="D", choices=list(CASES))
    parser.add_argument("--optimizers", nargs="+", default=list(LEARNING_RATE), choices=list(LEARNING_RATE))
    parser.add_argument("--contenders", nargs="+", choices=list(REQUIRES))
    parser.add_argument("--processes", type=int, default=3, help="fresh processes of each contender (default: 3)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    parser.add_argument("--alone", choices=list(REQUIRES), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def growth(contender: str, case: str, optimizer: str) -> dict[str, float]:
    """Train in this process and compare the peak with what was resident before.

    Returns
    -------
    dict
        `before_mib`, resident once the contender is imported, has trained a few steps of the smallest case (which
        loads what is loaded lazily), and the problem's own arrays exist; `peak_mib`, the highest since; `growth_mib`,
        the difference: weights, batches as the contender's tensors, optimiser state, everything a step allocates,
        and the workspace its BLAS keeps for large products.
    """
    setup = load(contender)
    warm = setup(make_problem(CASES[WARM_CASE]), optimizer)
    for i in range(5):
        warm.step(i)
    del warm
    problem = make_problem(CASES[case])
    gc.collect()
    reset_peak()
    before = status("VmRSS")
    trainer = setup(problem, optimizer)
    for i in range(STEPS):
        trainer.step(i)
    peak = status("VmHWM")
    mib = {"before_mib": before / 1024, "peak_mib": peak / 1024, "growth_mib": (peak - before) / 1024}
    return {key: round(value, 2) for key, value in mib.items()}


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
