"""From measurements of many processes to ratios with their spread, as a table."""

from __future__ import annotations

from statistics import median
from typing import Any

SHORT = {
    "compiled_numpy": "numpy",
    "compiled_numba": "numba",
    "torch_eager": "torch",
    "numpy_floor": "floor",
    "jax_jit": "jax",
    "onnx_runtime": "onnx",
    "hips_autograd": "hips",
}
STEADY = 1.3

Run = dict[str, Any]
Key = tuple[str, str]
Pairs = tuple[tuple[str, str], ...]


def group(runs: list[Run]) -> dict[Key, dict[str, list[Run]]]:
    """Sort runs by (case, optimizer), then by contender, each list in the order of rounds."""
    groups: dict[Key, dict[str, list[Run]]] = {}
    for run in runs:
        groups.setdefault((run["case"], run["optimizer"]), {}).setdefault(run["contender"], []).append(run)
    for contenders in groups.values():
        for found in contenders.values():
            found.sort(key=lambda run: run["round"])
    return groups


def ratio(top: list[Run], bottom: list[Run]) -> dict[str, float]:
    """How one contender's time compares with another's.

    Parameters
    ----------
    top, bottom : list of runs
        Of the two contenders, by round.

    Returns
    -------
    dict
        `best`, the minimum over all processes of the one by that of the other; `low`, `high`, the range over rounds
        of the ratio of the two processes' minima; `median`, the median over rounds of the ratio of medians.

    Examples
    --------
    >>> runs = [{"round": 0, "minimum": 1.0, "median": 1.5}, {"round": 1, "minimum": 2.0, "median": 3.0}]
    >>> ratio(runs, [run | {"minimum": 4.0, "median": 6.0} for run in runs])
    {'best': 0.25, 'low': 0.25, 'high': 0.5, 'median': 0.375}
    """
    below = {run["round"]: run for run in bottom}
    pairs = [(run, below[run["round"]]) for run in top if run["round"] in below]
    minima = [a["minimum"] / b["minimum"] for a, b in pairs]
    best = min(run["minimum"] for run in top) / min(run["minimum"] for run in bottom)
    return {
        "best": round(best, 4),
        "low": round(min(minima), 4),
        "high": round(max(minima), 4),
        "median": round(median(a["median"] / b["median"] for a, b in pairs), 4),
    }


def ratios(runs: list[Run], pairs: Pairs) -> list[dict[str, Any]]:
    """One row for each case and optimiser: best times, and the ratios of `pairs` and of ours to every further one."""
    known = {name for pair in pairs for name in pair}
    rows = []
    for (case, optimizer), contenders in group(runs).items():
        extra = tuple(("ours", name) for name in contenders if name not in known)
        rows.append(
            {
                "case": case,
                "label": next(iter(contenders.values()))[0]["label"],
                "optimizer": optimizer,
                "best": {name: min(run["minimum"] for run in found) for name, found in contenders.items()},
                "typical": {name: median(run["median"] for run in found) for name, found in contenders.items()},
                "ratios": {
                    f"{short(a)}/{short(b)}": ratio(contenders[a], contenders[b])
                    for a, b in (*pairs, *extra)
                    if a in contenders and b in contenders
                },
            }
        )
    return rows


def unsteady(rows: list[dict[str, Any]]) -> list[str]:
    """The cases whose ratios differ between rounds by more than `STEADY`: something else ran beside them."""
    return [
        f"{row['case']} {row['optimizer']}"
        for row in rows
        if any(figure["high"] > STEADY * figure["low"] for figure in row["ratios"].values())
    ]


def short(name: str) -> str:
    """A contender's name in tables."""
    return SHORT.get(name, name)


def markdown(header: list[str], rows: list[list[str]], left: int = 1) -> str:
    """Lay out a markdown table, its first `left` columns to the left, padded so that it reads in a terminal too.

    Examples
    --------
    >>> print(markdown(["case", "µs"], [["A", "12.5"]]))
    | case |   µs |
    |------|-----:|
    | A    | 12.5 |
    """
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(row: list[str]) -> str:
        cells = [cell.ljust(w) if i < left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))]
        return "| " + " | ".join(cells) + " |"

    rules = ["-" * (w + 2) if i < left else "-" * (w + 1) + ":" for i, w in enumerate(widths)]
    rule = "|" + "|".join(rules) + "|"
    return "\n".join([line(header), rule, *map(line, rows)])


def table(rows: list[dict[str, Any]]) -> str:
    """Two markdown tables: times in µs a step, and ratios as `best (low-high)`."""
    names = list(dict.fromkeys(name for row in rows for name in row["best"]))
    pairs = list(dict.fromkeys(pair for row in rows for pair in row["ratios"]))
    times, figures = [], []
    for row in rows:
        first = [row["label"], row["optimizer"]]
        times.append([*first, *(f"{row['best'][name]:.1f}" if name in row["best"] else "" for name in names)])
        figures.append([*first, *(spread(row["ratios"][pair]) if pair in row["ratios"] else "" for pair in pairs)])
    header = ["case", "optimizer"]
    shown = [markdown([*header, *(f"{short(name)} µs" for name in names)], times, left=2)]
    return "\n\n".join([*shown, *([markdown([*header, *pairs], figures, left=2)] if pairs else [])])


def spread(figure: dict[str, float]) -> str:
    """A ratio with its range over rounds, to three digits where it is small.

    Examples
    --------
    >>> spread({"best": 0.4523, "low": 0.44, "high": 0.5}), spread({"best": 0.0213, "low": 0.02, "high": 0.03})
    ('0.45 (0.44-0.50)', '0.021 (0.020-0.030)')
    """
    digits = 2 if figure["best"] >= 0.1 else 3
    return f"{figure['best']:.{digits}f} ({figure['low']:.{digits}f}-{figure['high']:.{digits}f})"
