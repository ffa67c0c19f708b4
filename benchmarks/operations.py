"""Every operation by itself, forward and backward, on 10 and on 1,000,000 elements: ratios to PyTorch and to peers."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.machine import describe, run_python, write_record
from benchmarks.op_table import LARGE, OPERATIONS, TINY, Op
from benchmarks.summary import markdown

SIZES = {"tiny": TINY, "large": LARGE}
#: Seconds that an operation is repeated for, and the fewest repetitions.
BUDGET, FEWEST = {"tiny": 0.02, "large": 0.1}, {"tiny": 200, "large": 5}
CONTENDERS = {"ours": "autodiff", "torch": "torch", "hips": "autograd", "mygrad": "mygrad"}
#: What the project promises: the ratio to PyTorch, by size and family ("" for the rest).
TARGETS = {"tiny": {"": 0.8}, "large": {"memory": 1.3, "": 3.0}}


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.operations`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operations", description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--only", nargs="+", help="names of operations, or of families")
    parser.add_argument("--contenders", nargs="+", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--processes", type=int, default=3, help="rounds of fresh processes (default: 3)")
    parser.add_argument("--output", help="JSON file to write (default, and '-': none)")
    parser.add_argument("--alone", nargs=2, metavar=("CONTENDER", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    chosen = [n for n, o in OPERATIONS.items() if not options.only or n in options.only or o.family in options.only]
    if options.alone:
        print(json.dumps(measure(*options.alone, chosen)))
        return 0
    contenders = [name for name in options.contenders if name == "ours" or find_spec(CONTENDERS[name])]
    record: dict[str, Any] = {"machine": describe(1), "microseconds": {}}
    for size in options.sizes:
        times = rounds(size, contenders, options.processes, chosen)
        record["microseconds"][size] = times
        report(size, times, [c for c in contenders if c != "ours"])
    if options.output:
        write_record(record, options.output)
    return 0


def rounds(size: str, contenders: list[str], processes: int, chosen: list[str]) -> dict[str, dict[str, float]]:
    """The fastest time of each operation over several processes of each contender, which take turns."""
    best: dict[str, dict[str, float]] = {name: {} for name in chosen}
    for turn in range(processes):
        for contender in contenders if turn % 2 == 0 else contenders[::-1]:
            command = ["-m", "benchmarks.operations", "--alone", contender, size, "--only", *chosen]
            for name, microseconds in json.loads(run_python(command, threads=1)).items():
                best[name][contender] = min(microseconds, best[name].get(contender, float("inf")))
            print(f"{size} {contender} {turn + 1}/{processes}", file=sys.stderr, flush=True)
    return best


def report(size: str, times: dict[str, dict[str, float]], others: list[str]) -> None:
    """Print the table, and what falls short of what is promised."""
    lines, short, ratios = [], [], []
    for name, found in times.items():
        if "ours" not in found:
            continue
        against = {other: found["ours"] / found[other] for other in others if other in found}
        limit = target(size, OPERATIONS[name])
        ratios += [against["torch"]] if "torch" in against else []
        if against.get("torch", 0.0) > limit:
            short.append(f"{name} {against['torch']:.2f} (at most {limit})")
        cells = [f"{against[other]:.2f}" if other in against else "" for other in others]
        lines.append([name, OPERATIONS[name].family, f"{found['ours']:.1f}", *cells])
    print(f"\n{size}: µs of forward and backward, and the ratio of ours to each; one thread")
    print(markdown(["operation", "family", "ours", *others], lines))
    if ratios:
        low, middle, high = np.quantile(ratios, [0.0, 0.5, 1.0])
        print(f"\nratio to PyTorch: median {middle:.2f}, from {low:.2f} to {high:.2f}, of {len(ratios)} operations")
    print(f"beyond the target: {', '.join(short) or 'none'}")


def target(size: str, op: Op) -> float:
    """The ratio to PyTorch that is promised."""
    return TARGETS[size].get(op.family, TARGETS[size][""])


# -- in a process of its own ---


def measure(contender: str, size: str, chosen: list[str]) -> dict[str, float]:
    """Microseconds of forward and backward of each operation that the contender has."""
    found = {}
    build = BUILDERS[contender]()
    for name in chosen:
        op = OPERATIONS[name]
        arrays = [make(SIZES[size]) for make in op.inputs]
        try:
            step = build(op, arrays)
            if step is None:
                continue
            step()
        except Exception as error:
            if contender == "ours":
                raise
            print(f"{contender} cannot do {name}: {error}"[:100], file=sys.stderr)
            continue
        found[name] = fastest(step, BUDGET[size], FEWEST[size])
    return found


def fastest(step: Callable[[], Any], budget: float, fewest: int) -> float:
    """Microseconds of the fastest of many repetitions."""
    clock, best, count = time.perf_counter, float("inf"), 0
    end = clock() + budget
    while count < fewest or clock() < end:
        start = clock()
        step()
        best = min(best, clock() - start)
        count += 1
    return best * 1e6


def tensor_step(m: Any, make: Callable[[np.ndarray], Any]) -> Callable[[Op, list[np.ndarray]], Any]:
    """A step of a library with Tensors and `backward`."""

    def build(op: Op, arrays: list[np.ndarray]) -> Callable[[], None]:
        xs = [make(a) for a in arrays]
        leaves = [x.requires_grad_() for x in xs if x.is_floating_point()]
        y = op.call(m, *xs)
        seed = make(np.ones(tuple(y.shape), np.float32))

        def step() -> None:
            op.call(m, *xs).backward(seed)
            for leaf in leaves:
                leaf.grad = None

        return step

    return build


def ours() -> Any:
    import autodiff as ad

    return tensor_step(ad, ad.from_numpy)


def torch_eager() -> Any:
    import torch

    torch.set_num_threads(1)
    return tensor_step(torch, torch.from_numpy)


def hips() -> Any:
    import autograd.numpy as anp
    from autograd.builtins import tuple as boxed
    from autograd.core import make_vjp

    def build(op: Op, arrays: list[np.ndarray]) -> Callable[[], None] | None:
        if op.numpy is None:
            return None
        floats = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]

        def function(given: Any) -> Any:
            full = list(arrays)
            for i, x in zip(floats, given, strict=True):
                full[i] = x
            return op.numpy(anp, *full)  # type: ignore[misc]

        start = tuple(arrays[i] for i in floats)
        seed = np.ones_like(function(start))

        def step() -> None:
            vjp, _ = make_vjp(function, boxed(start))
            vjp(seed)

        return step

    return build


def mygrad() -> Any:
    import mygrad as mg

    def build(op: Op, arrays: list[np.ndarray]) -> Callable[[], None] | None:
        if op.numpy is None:
            return None
        xs = [mg.tensor(a) if a.dtype.kind == "f" else a for a in arrays]
        seed = np.ones_like(np.asarray(op.numpy(mg, *xs)))

        def step() -> None:
            op.numpy(mg, *xs).backward(seed)  # type: ignore[misc]
            for x in xs:
                if isinstance(x, mg.Tensor):
                    x.null_grad()

        return step

    return build


BUILDERS = {"ours": ours, "torch": torch_eager, "hips": hips, "mygrad": mygrad}

if __name__ == "__main__":
    sys.exit(main())
