"""What `import autodiff, nn, optim` costs beyond NumPy's own import, in fresh processes taken in turn."""

from __future__ import annotations

import argparse
import sys
import tempfile
from statistics import median
from typing import Any

from benchmarks.machine import describe, run_python, write_record

STATEMENTS = {"numpy": "import numpy", "ours": "import autodiff, nn, optim"}
TIMED = "import time; start = time.perf_counter(); {statement}; print((time.perf_counter() - start) * 1e3)"
SLOWEST = 12


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.imports`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__)
    parser.add_argument("--processes", type=int, default=30, help="fresh processes of each kind (default: 30)")
    parser.add_argument("--torch", action="store_true", help="time `import torch` too")
    parser.add_argument("--modules", action="store_true", help="list the modules that cost most beyond NumPy's")
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    options = parser.parse_args(arguments)
    statements = STATEMENTS | ({"torch": "import torch"} if options.torch else {})
    with tempfile.TemporaryDirectory() as bytecode:
        times = measure(statements, options.processes, bytecode)
        modules = slowest(bytecode) if options.modules else []
    result = summarise(times)
    for name, statement in statements.items():
        print(f"{statement:28} minimum {result[name]['minimum']:7.1f} ms   median {result[name]['median']:7.1f} ms")
    beyond = result["beyond numpy"]
    print(f"{'ours beyond numpy':28} minimum {beyond['minimum']:7.1f} ms   median {beyond['median']:7.1f} ms")
    for module, cost in modules:
        print(f"{cost / 1e3:7.2f} ms  {module}")
    if options.output:
        write_record({"machine": describe(1), "result": result, "times_ms": times}, options.output)
    return 0


def measure(statements: dict[str, str], processes: int, bytecode: str) -> dict[str, list[float]]:
    """Milliseconds of each statement, one process each, in turn.

    A first round, not counted, compiles the modules into the folder `bytecode`, as an installation does.
    """
    times: dict[str, list[float]] = {name: [] for name in statements}
    for round_ in range(processes + 1):
        for name, statement in statements.items():
            spent = float(run_python(["-c", TIMED.format(statement=statement)], threads=1, bytecode=bytecode))
            if round_:
                times[name].append(round(spent, 3))
    return times


def summarise(times: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Minimum and median of each statement, and the difference of the two kinds' minima and of their medians.

    Examples
    --------
    >>> summarise({"numpy": [50.0, 60.0, 52.0], "ours": [70.0, 73.0, 71.0]})["beyond numpy"]
    {'minimum': 20.0, 'median': 19.0}
    """
    result = {name: {"minimum": min(found), "median": median(found)} for name, found in times.items()}
    beyond = {key: round(result["ours"][key] - result["numpy"][key], 3) for key in ("minimum", "median")}
    return result | {"beyond numpy": beyond}


def slowest(bytecode: str) -> list[tuple[str, int]]:
    """The modules that our import loads and NumPy's does not, with their own microseconds, costliest first."""
    costs: dict[str, Any] = {}
    for name, statement in STATEMENTS.items():
        # -X importtime writes to the error stream, which the process hands to its output here.
        code = f"import os; os.dup2(1, 2); {statement}"
        lines = run_python(["-X", "importtime", "-c", code], 1, bytecode).splitlines()
        rows = [line.removeprefix("import time:").split("|") for line in lines if line.startswith("import time:")]
        costs[name] = {row[2].strip(): int(row[0]) for row in rows if row[0].strip().isdigit()}
    ours = {module: cost for module, cost in costs["ours"].items() if module not in costs["numpy"]}
    return sorted(ours.items(), key=lambda item: -item[1])[:SLOWEST]


if __name__ == "__main__":
    sys.exit(main())
