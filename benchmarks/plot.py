"""A record as a picture: SVG that can be read on a light background and on a dark one."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compare import read
from benchmarks.growth import AXES, BOUND, cost

#: Neutral and light enough for black, dark enough for white.
TEXT, GRID = "#7d8590", "#7d859055"
#: Name in the legend, colour, marker; ours in warm colours, the others in cold ones.
LOOKS = {
    "ours": ("wengert, eager", "#e0a030", "o"),
    "compiled_numpy": ("wengert, compiled to NumPy", "#e8743b", "s"),
    "compiled_numba": ("wengert, compiled, machine code", "#d6404e", "D"),
    "torch_eager": ("PyTorch, eager", "#4c8fd6", "^"),
    "torch_compile": ("PyTorch, torch.compile", "#4c6fd6", "<"),
    "jax_jit": ("JAX, jit", "#3aa68f", "v"),
    "hips_autograd": ("HIPS/autograd", "#7f9f5f", "P"),
    "mygrad": ("MyGrad", "#9f7fbf", "X"),
    "onnx_runtime": ("onnxruntime", "#9f7fbf", "X"),
    "numpy_floor": ("NumPy by hand", "#8a8f98", "x"),
}
AXIS_LABELS = {"depth": "layers of width 16", "width": "width of two layers", "batch": "rows in a batch"}


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.plot RECORD.json PICTURE.svg`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plot", description=__doc__)
    parser.add_argument("record", help="a JSON file that growth, run, shapes, many_steps or inference wrote")
    parser.add_argument("picture", help="the file to write: .svg, or .png to look at")
    parser.add_argument("--background", help="paint it; by default it is transparent")
    options = parser.parse_args(arguments)
    draw(read(options.record), options.picture, options.background)
    return 0


def draw(record: dict[str, Any], path: str, background: str | None = None) -> None:
    """Draw a record of `growth` as curves, any other as points on one line a case."""
    import matplotlib

    matplotlib.use("Agg")
    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "wengert",  # the same record gives the same file
        "font.family": "sans-serif",
        "font.size": 10,
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), TEXT),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "figure.facecolor": background or "none",
        "axes.grid": True,
        "grid.color": GRID,
        "grid.linewidth": 0.6,
        "axes.axisbelow": True,
    }
    with matplotlib.rc_context(style):
        figure = growth(record["points"]) if "points" in record else steps(record["ratios"])
        # Without a date, so that the file changes only when the figures do.
        metadata = {"Date": None} if path.endswith(".svg") else None
        figure.savefig(path, metadata=metadata, bbox_inches="tight", dpi=110)
    if path.endswith(".svg"):
        file = Path(path)
        lines = file.read_text(encoding="utf-8").splitlines()
        file.write_text("\n".join(line.rstrip() for line in lines) + "\n", encoding="utf-8")
    print(f"drawn in {os.path.relpath(path)}")


def growth(points: list[dict[str, Any]]) -> Any:
    """Above, time against each axis; below, what a gradient costs."""
    from matplotlib.figure import Figure

    axes = [axis for axis in AXES if any(point["axis"] == axis for point in points)]
    figure = Figure(figsize=(3.6 * len(axes), 5.6), layout="constrained")
    grid: Any = figure.subplots(2, len(axes), sharex="col", sharey="row", squeeze=False, height_ratios=(3, 2))
    names = [name for name in LOOKS if any(point["contender"] == name for point in points)]
    for column, axis in enumerate(axes):
        found = {(p["size"], p["contender"], p["task"]): p["minimum"] for p in points if p["axis"] == axis}
        sizes = sorted({size for size, _, _ in found})
        above, below = grid[0, column], grid[1, column]
        for name in names:
            curve(above, name, sizes, [found.get((size, name, "sgd")) for size in sizes])
            curve(below, name, sizes, [cost(found, size, name) for size in sizes])
        above.set(xscale="log", yscale="log")
        above.minorticks_off()
        below.minorticks_off()
        below.axhline(BOUND, color=TEXT, linewidth=1, linestyle=(0, (4, 3)))
        below.set(xlabel=AXIS_LABELS[axis])
    grid[0, 0].set(ylabel="µs a training step")
    grid[1, 0].set(ylabel="(value + gradient) / value", ylim=(0, 2 * BOUND))
    where = grid[1, 0].get_yaxis_transform()
    grid[1, 0].text(0.02, BOUND + 0.1, "cheap-gradient bound", transform=where, size=8, va="bottom")
    legend(figure, grid[0, 0])
    return figure


def curve(panel: Any, name: str, sizes: list[int], values: list[float | None]) -> None:
    """One contender's line, over the sizes that it was measured at."""
    label, color, marker = LOOKS[name]
    known = [(size, value) for size, value in zip(sizes, values) if value is not None]
    if known:
        panel.plot(*zip(*known), label=label, color=color, marker=marker, markersize=4, linewidth=1.5)


def steps(rows: list[dict[str, Any]]) -> Any:
    """One panel for each optimiser, one line for each case, one point for each contender."""
    from matplotlib.figure import Figure

    optimizers = list(dict.fromkeys(row["optimizer"] for row in rows))
    labels = list(dict.fromkeys(row["label"] for row in rows))
    figure = Figure(figsize=(4.6 * len(optimizers), 1.4 + 0.5 * len(labels)), layout="constrained")
    panels: Any = figure.subplots(1, len(optimizers), sharey=True, squeeze=False)[0]
    for panel, optimizer in zip(panels, optimizers):
        here = {row["label"]: row["best"] for row in rows if row["optimizer"] == optimizer}
        for name, (label, color, marker) in LOOKS.items():
            known = [(best[name], labels.index(case)) for case, best in here.items() if name in best]
            if known:
                panel.plot(*zip(*known), marker, label=label, color=color, markersize=7, alpha=0.9)
        panel.set(xscale="log", xlabel="µs", title={"sgd": "SGD", "adam": "Adam"}.get(optimizer, optimizer))
        panel.set(yticks=np.arange(len(labels)), yticklabels=labels, ylim=(len(labels) - 0.5, -0.5))
        panel.tick_params(axis="y", length=0)
    legend(figure, panels[0])
    return figure


def legend(figure: Any, panel: Any) -> None:
    """Name the contenders above everything."""
    handles, labels = panel.get_legend_handles_labels()
    columns = min(3, len(labels))
    figure.legend(handles, labels, loc="outside upper center", ncols=columns, frameon=False, labelcolor=TEXT)


if __name__ == "__main__":
    sys.exit(main())
