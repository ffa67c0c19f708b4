"""How fast any program could be here: the multiplications of a step at the rate at which this processor multiplies.

No program that makes the matrix products of a training step term by term can be faster, whoever wrote it. So the ratio
of a contender's time to this one bounds what can be promised against it on this machine. Updates, activations and
memory are not counted, so the bound is generous.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from autodiff.compiler import machine as code
from benchmarks.cases import CASES, OPTIMIZERS, STANDARD, Case
from benchmarks.compare import heading, read
from benchmarks.machine import RESULTS, describe, run_python, write_record
from benchmarks.summary import markdown, short
from benchmarks.targets import LETTERS, STEPS, ratio_of

#: Products that are added to independent sums: as many as a processor has under way at the same time.
SUMS = 12
ROUNDS = 200_000
"""Of those sums, in a call: some 0.4 ms."""


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.ceiling`."""
    options = parse(arguments)
    if options.alone:
        print(json.dumps(rate(options.threads, options.seconds)))
        return 0
    command = ["-m", "benchmarks.ceiling", "--alone", "--threads", str(options.threads)]
    most = max(float(run_python([*command, "--seconds", str(options.seconds)], options.threads)) for _ in range(3))
    print(
        f"{most:.1f} billion multiplications and additions a second on {options.threads} threads, in single precision"
    )
    found = read(options.record) if options.record else newest(options.threads)
    rows = [] if found is None else [row for row in found["ratios"] if row["case"] in STANDARD]
    if found is not None:
        print(f"beside the record of {heading(found)}")
    print(table(most, rows))
    for line in beyond(most, rows, options.threads):
        print(line)
    if options.output:
        record = {"machine": describe(options.threads), "billions": most, "least_us": least_of_all(most)}
        write_record(record, options.output)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ceiling", description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0, help="of multiplying in each of three processes")
    parser.add_argument("--record", help="of benchmarks.run, to compare with (default: the newest with these threads)")
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def multiplications(case: Case) -> int:
    """Of a step: forward, for each weight's gradient, and for the gradient of each layer's input but the first.

    Examples
    --------
    >>> multiplications(CASES["A"])
    1400
    """
    layers = list(pairwise(case.layers))
    return sum(case.batch * fan_in * fan_out * (3 if i else 2) for i, (fan_in, fan_out) in enumerate(layers))


def lanes() -> int:
    """Numbers in single precision in this processor's widest vectors."""
    features = code.host_features()
    return 16 if features.get("avx512f") else 8 if features.get("avx2") else 4


def source(width: int) -> str:
    """A loop that does nothing but multiply and add, in registers."""
    kind = f"<{width} x float>"
    sums = [f"  %s{k} = phi {kind} [ %start, %entry ], [ %t{k}, %again ]" for k in range(SUMS)]
    made = [f"  %t{k} = call {kind} @llvm.fma.v{width}f32({kind} %s{k}, {kind} %x, {kind} %start)" for k in range(SUMS)]
    total = [
        "  %u0 = fadd VECTOR %t0, %t1",
        *[f"  %u{k} = fadd VECTOR %u{k - 1}, %t{k + 1}" for k in range(1, SUMS - 1)],
    ]
    return "\n".join(
        [
            f"declare {kind} @llvm.fma.v{width}f32({kind}, {kind}, {kind})",
            "define void @multiply(ptr %place, i64 %n) nounwind {",
            "entry:",
            f"  %x = load {kind}, ptr %place, align 64",
            f"  %start.place = getelementptr {kind}, ptr %place, i64 1",
            f"  %start = load {kind}, ptr %start.place, align 64",
            "  br label %again",
            "again:",
            "  %i = phi i64 [ 0, %entry ], [ %next, %again ]",
            *sums,
            *made,
            "  %next = add i64 %i, 1",
            "  %more = icmp ult i64 %next, %n",
            "  br i1 %more, label %again, label %end",
            "end:",
            *[line.replace("VECTOR", kind) for line in total],
            f"  store {kind} %u{SUMS - 2}, ptr %place, align 64",
            "  ret void",
            "}",
        ]
    )


def rate(threads: int, seconds: float) -> float:
    """Billions of multiplications a second, the best of many moments in which all threads multiplied."""
    width = lanes()
    loaded = code.load(source(width))
    multiply = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(loaded.address("multiply"))
    places = [ctypes.create_string_buffer(4 * 64) for _ in range(threads)]
    starts = [ctypes.addressof(place) + (-ctypes.addressof(place)) % 64 for place in places]
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            began = time.perf_counter()
            list(pool.map(multiply, starts, [20 * ROUNDS] * threads))
            taken = time.perf_counter() - began
            best = max(best, threads * 20 * ROUNDS * SUMS * width / taken / 1e9)
    return round(best, 2)


def least(case: Case, billions: float) -> float:
    """Microseconds of the products of a step at such a rate."""
    return multiplications(case) / billions / 1e3


def least_of_all(billions: float) -> dict[str, float]:
    """The same of each standard case."""
    return {name: round(least(case, billions), 3) for name, case in STANDARD.items()}


def newest(threads: int) -> dict[str, Any] | None:
    """The last record of `benchmarks.run` with so many threads."""
    end = f"-run-{threads}threads.json"
    names = sorted(name for name in os.listdir(RESULTS) if name.endswith(end)) if os.path.isdir(RESULTS) else []
    return read(os.path.join(RESULTS, names[-1])) if names else None


def table(billions: float, rows: Sequence[dict[str, Any]]) -> str:
    """The least time of each case, and the part of their own times that it is for contenders."""
    names = list(rows[0]["best"]) if rows else []
    header = ["case", "optimizer", "multiplications", "least µs", *[short(name) for name in names]]
    given = {(row["case"], row["optimizer"]): row["best"] for row in rows}
    body = []
    for name, case in STANDARD.items():
        us = least(case, billions)
        for optimizer in OPTIMIZERS:
            parts = [f"{us / given[name, optimizer][who]:.0%}" for who in names if (name, optimizer) in given]
            body.append([case.label, optimizer, f"{multiplications(case):,}", f"{us:.3g}", *parts])
    return markdown(header, body, left=2)


def beyond(billions: float, rows: Sequence[dict[str, Any]], threads: int) -> list[str]:
    """What of the project's promises no program could keep on this machine.

    Examples
    --------
    >>> ratio = {"best": 0.9, "low": 0.9, "high": 0.9}
    >>> row = {"case": "E", "optimizer": "sgd", "best": {"torch_eager": 60e3}, "ratios": {"ours/torch": ratio}}
    >>> print(*beyond(80.0, [row], 2))
    beyond this machine: E sgd ours/torch, promised 0.8; 0.898 at least, here 0.9
    >>> beyond(90.0, [row], 2)
    []
    """
    lines = []
    for row in rows:
        best = {short(name): us for name, us in row["best"].items()}
        for target in STEPS:
            found = ratio_of(row["ratios"], target.faster, target.slower)
            if target.optimizer != row["optimizer"] or target.threads not in (0, threads) or found is None:
                continue
            promised = 1 / dict(zip(LETTERS, target.times))[row["case"]]
            bound = least(CASES[row["case"]], billions) / best[target.slower]
            if target.slower != "floor" and bound > promised:
                about = f"{row['case']} {row['optimizer']} {target.faster}/{target.slower}"
                lines.append(
                    f"beyond this machine: {about}, promised {promised:.3g}; {bound:.3g} at least, here {found[0]:.3g}"
                )
    return lines


if __name__ == "__main__":
    sys.exit(main())
