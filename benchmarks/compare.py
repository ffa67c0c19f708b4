"""Read one record and print its table, or two and print what changed, as markdown."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from typing import Any

from benchmarks.summary import Pairs, markdown, ratios, short, table


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.compare FILE [LATER_FILE]`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="one record, or an earlier and a later one")
    files = parser.parse_args(arguments).files
    if len(files) > 2:
        parser.error(f"give one or two files, not {len(files)}")
    records = [read(file) for file in files]
    for record in records:
        print(heading(record))
    print()
    print(table(ratios(records[0]["runs"], pairs_of(records[0]))) if len(records) == 1 else change(*records))
    return 0


def read(path: str) -> dict[str, Any]:
    """Load a record that `benchmarks.run` wrote."""
    with open(path, encoding="utf-8") as file:
        record: dict[str, Any] = json.load(file)
    return record


def pairs_of(record: dict[str, Any]) -> Pairs:
    """The pairs that the program which wrote a record shows."""
    module = import_module(f"benchmarks.{record.get('study', 'run')}")
    pairs: Pairs = module.STUDY.pairs
    return pairs


def heading(record: dict[str, Any]) -> str:
    """One line that says which machine, versions, threads and day a record comes from."""
    machine = record["machine"]
    kernels = ", ".join(pool.get("architecture", "?") for pool in machine["thread_pools"]) or "unknown"
    blas = machine["numpy_config"]["blas"]
    installed: dict[str, str] = {}
    for other in [*machine.get("other_interpreters", {}).values(), machine["versions"]]:
        installed |= other
    versions = ", ".join(f"{name} {number}" for name, number in installed.items())
    return (
        f"{machine['date'][:10]}: {machine['cpu']}, {machine['cores']} cores, {machine['threads']} threads; "
        f"{machine['python'].split(' (')[0]}, {versions}; {blas.get('name', 'BLAS')} {blas.get('version', '')} "
        f"(kernel {kernels}); commit {machine['commit']}; `{machine['command']}`"
    )


def change(before: dict[str, Any], after: dict[str, Any]) -> str:
    """A table of every ratio before and after, and of each contender's own time, later by earlier.

    A change is marked with `*` where the two ranges over rounds do not overlap, so that noise is not read as progress.
    """
    earlier = {(row["case"], row["optimizer"]): row for row in ratios(before["runs"], pairs_of(after))}
    later = {(row["case"], row["optimizer"]): row for row in ratios(after["runs"], pairs_of(after))}
    both = [(earlier[key], later[key]) for key in earlier if key in later]
    pairs = list(dict.fromkeys(pair for _, row in both for pair in row["ratios"]))
    names = list(dict.fromkeys(name for _, row in both for name in row["best"]))
    body = []
    for old, new in both:
        cells = [arrow(old["ratios"].get(pair), new["ratios"].get(pair)) for pair in pairs]
        times = [
            f"{new['best'][name] / old['best'][name]:.2f}" if name in old["best"] and name in new["best"] else ""
            for name in names
        ]
        body.append([new["label"], new["optimizer"], *cells, *times])
    return markdown(["case", "optimizer", *pairs, *(f"{short(name)} later/earlier" for name in names)], body, left=2)


def arrow(old: dict[str, float] | None, new: dict[str, float] | None) -> str:
    """`0.50 -> 0.40`, with `*` where the ranges are apart."""
    if old is None or new is None:
        return ""
    apart = new["high"] < old["low"] or new["low"] > old["high"]
    return f"{old['best']:.2f} -> {new['best']:.2f}{'*' if apart else ''}"


if __name__ == "__main__":
    sys.exit(main())
