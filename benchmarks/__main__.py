"""Everything in turn, recorded under results/ and drawn in docs/; `--quick` to see that all of it runs."""

from __future__ import annotations

import argparse
import os
import sys
from importlib.util import find_spec

from benchmarks import (
    ceiling,
    growth,
    imports,
    inference,
    interpreters,
    many_steps,
    memory,
    operations,
    overhead,
    plot,
    run,
    shapes,
    stalls,
)
from benchmarks import graph as chain
from benchmarks.machine import RESULTS, ROOT, stamp


def main(arguments: list[str] | None = None) -> int:
    """Run all programs; the exit status is not 0 if one of them found something wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a process of each, for a moment; nothing is recorded")
    interpreters.add_option(parser)
    options = parser.parse_args(arguments)
    pythons = [f"--python={name}={path}" for name, path in options.python]
    short = ["--processes", "1"] if options.quick else []
    brief = [*short, "--seconds", "0.2"] if options.quick else []
    start = os.path.join(RESULTS, stamp())
    status = 0

    def tell(name: str, program: object, *more: str) -> None:
        nonlocal status
        print(f"\n== {name}", flush=True)
        output = "-" if options.quick else f"{start}-{name}.json"
        status |= program.main([*more, "--output", output])  # type: ignore[attr-defined]

    tell("run-2threads", run, *brief, *pythons)
    tell("run-1threads", run, "--threads", "1", *brief, *pythons)
    tell("ceiling", ceiling, *(["--seconds", "0.2"] if options.quick else []))
    tell("shapes-2threads", shapes, *brief, *pythons)
    tell("many_steps-2threads", many_steps, *brief, *pythons)
    tell("inference-2threads", inference, *brief, *pythons)
    tell("overhead", overhead, *brief)
    tell("stalls", stalls, *brief)
    tell("memory", memory, *short, *pythons)
    tell("growth", growth, *brief, *(["--every", "3"] if options.quick else []), *pythons)
    tell("imports", imports, *short)
    tell("graph", chain, *(["--length", "10000"] if options.quick else []))
    tell("operations", operations, *short, *(["--sizes", "tiny"] if options.quick else []))
    if not options.quick and find_spec("matplotlib"):
        for picture, name in (("speed", "run-2threads"), ("growth", "growth")):
            plot.main([f"{start}-{name}.json", os.path.join(ROOT, "docs", f"{picture}.svg")])
    return status


if __name__ == "__main__":
    sys.exit(main())
