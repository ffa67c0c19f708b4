"""A study: contenders timed on cases, each alone in a fresh process, in turn; ratios, equal work checked, a record."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks import interpreters
from benchmarks.cases import CASES, OPTIMIZERS, Array
from benchmarks.checks import compare_weights, report
from benchmarks.contenders import REQUIRES, able
from benchmarks.machine import RESULTS, ROOT, describe, run_python, stamp, write_record
from benchmarks.summary import STEADY, Pairs, Run, ratios, table, unsteady
from benchmarks.targets import Target, fallen_short
from benchmarks.worker import Order


@dataclass(frozen=True)
class Study:
    """What a program measures unless it is told otherwise.

    Parameters
    ----------
    name : str
        Of the module and of its records.
    about : str
        For `--help`.
    cases, contenders : tuple of str
    pairs : tuple of (str, str)
        The contenders whose ratios are shown.
    optimizers : tuple of str
        Or ("inference",).
    targets : sequence of Target
        What the project promises.
    """

    name: str
    about: str
    cases: tuple[str, ...]
    contenders: tuple[str, ...]
    pairs: Pairs
    optimizers: tuple[str, ...] = OPTIMIZERS
    targets: tuple[Target, ...] = ()


def conduct(study: Study, arguments: list[str] | None = None) -> int:
    """Measure, print, record; the exit status is 1 if two contenders did not do the same work, or one could not."""
    options = parse(study, arguments)
    given = dict(options.python)
    names = interpreters.usable(options.contenders, REQUIRES, given)
    shown = {key: value for key, value in vars(options).items() if key not in ("output", "python")}
    record: dict[str, Any] = {"machine": describe(options.threads), "settings": shown | {"contenders": names}}
    record["machine"]["other_interpreters"] = interpreters.versions(names, given)
    warn(record["machine"])
    started = time.monotonic()
    runs: list[Run] = []
    checks: list[dict[str, Any]] = []
    failures: list[str] = []
    for case in options.cases:
        for optimizer in options.optimizers:
            entered = [name for name in names if able(name, CASES[case])]
            found, weights, failed = measure_all(case, optimizer, entered, options)
            runs += found
            failures += failed
            checks += compare_weights(case, optimizer, weights)
    rows = ratios(runs, study.pairs)
    record |= {"study": study.name, "seconds": round(time.monotonic() - started, 1), "ratios": rows}
    record |= {"checks": checks, "failures": failures, "runs": runs}
    print(table(rows))
    if unsteady(rows):
        print(f"note: ratios differ between rounds by more than {STEADY}: {', '.join(unsteady(rows))}")
    for line in fallen_short(rows, study.targets, options.threads):
        print(line)
    for failure in failures:
        print(f"FAILED: {failure}")
    wrong = report(checks) or bool(failures)
    default = os.path.join(RESULTS, f"{stamp()}-{study.name}-{options.threads}threads.json")
    write_record(record, options.output or default)
    return int(wrong)


def parse(study: Study, arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{study.name}", description=study.about)
    names: dict[str, Any] = {"nargs": "+", "metavar": "NAME"}
    parser.add_argument("--cases", default=list(study.cases), choices=list(CASES), **names)
    parser.add_argument("--optimizers", default=list(study.optimizers), choices=list(study.optimizers), **names)
    parser.add_argument("--contenders", default=list(study.contenders), choices=list(REQUIRES), **names)
    parser.add_argument("--threads", type=int, default=2, help="of each library; fewer than cores confines all to them")
    parser.add_argument("--processes", type=int, default=5, help="fresh processes of each contender (default: 5)")
    parser.add_argument("--blocks", type=int, default=60, help="timed blocks in each process (default: 60)")
    parser.add_argument("--block-seconds", type=float, default=0.01, help="length of a block (default: 0.01)")
    parser.add_argument("--seconds", type=float, default=3.0, help="most time for the blocks of a process (default: 3)")
    parser.add_argument("--output", help="JSON file to write (default: results/DATE-...json; '-' writes none)")
    interpreters.add_option(parser)
    return parser.parse_args(arguments)


def warn(machine: dict[str, Any]) -> None:
    """Say what would make the figures worth less."""
    load = machine["load_average_at_start"]
    if load > 0.3:
        print(f"note: the load average is {load}: something else runs here, figures are noisy")


def measure_all(
    case: str, optimizer: str, names: list[str], options: argparse.Namespace
) -> tuple[list[Run], dict[str, list[Array]], list[str]]:
    """Measure the contenders in turn, every other round in reverse, so that a drift of the machine meets all alike.

    Returns
    -------
    runs : list of dict
    weights : dict
        Of each contender, its arrays after the checked steps, from the first round.
    failures : list of str
        Contenders that could not run, with the last line that they wrote; their other rounds are left out.
    """
    runs: list[Run] = []
    weights: dict[str, list[Array]] = {}
    failures: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        for round_ in range(options.processes):
            for name in names if round_ % 2 == 0 else names[::-1]:
                if name in failures:
                    continue
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
                try:
                    answer = ask(order, options)
                except RuntimeError as error:
                    failures[name] = str(error).strip().splitlines()[-1].replace(ROOT + os.sep, "")
                    continue
                about = {"case": case, "label": CASES[case].label, "optimizer": optimizer, "contender": name}
                runs.append(about | {"round": round_} | answer)
                print(f"{CASES[case].label} {optimizer} {name} {answer['minimum']:.1f} µs", file=sys.stderr, flush=True)
                if file:
                    with np.load(file) as arrays:
                        weights[name] = [arrays[key] for key in arrays.files]
    label = f"{CASES[case].label} {optimizer}"
    return runs, weights, [f"{name} on {label}: {line}" for name, line in failures.items()]


def ask(order: Order, options: argparse.Namespace) -> dict[str, Any]:
    """Have one measurement made."""
    python = interpreters.interpreter(order["contender"], dict(options.python))
    command = ["-m", "benchmarks.worker", json.dumps(order)]
    answer: dict[str, Any] = json.loads(run_python(command, options.threads, python=python))
    return answer
