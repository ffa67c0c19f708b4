"""From measurements of many processes to ratios with their spread, as a table."""

from __future__ import annotations

from statistics import median
from typing import Any

PAIRS = (("ours", "torch_eager"), ("numpy_floor", "torch_eager"), ("ours", "numpy_floor"))
SHORT = {"torch_eager": "torch", "numpy_floor": "floor", "jax_jit": "jax", "hips_autograd": "hips"}
STEADY = 1.3

Run = dict[str, Any]
Key = tuple[str, str]


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


def ratios(runs: list[Run]) -> list[dict[str, Any]]:
    """One row for each case and optimiser: best times, and the ratios of `PAIRS` and of every further contender."""
    rows = []
    for (case, optimizer), contenders in group(runs).items():
        extra = [("ours", name) for name in contenders if name not in ("ours", "torch_eager", "numpy_floor")]
        rows.append(
            {
                "case": case,
                "label": next(iter(contenders.values()))[0]["label"],
                "optimizer": optimizer,
                "best": {name: min(run["minimum"] for run in found) for name, found in contenders.items()},
                "typical": {name: median(run["median"] for run in found) for name, found in contenders.items()},
                "ratios": {
                    f"{short(a)}/{short(b)}": ratio(contenders[a], contenders[b])
                    for a, b in (*PAIRS, *extra)
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
    """The ratios as a markdown table: `best (low-high)`, times in µs a step."""
    names = list(dict.fromkeys(name for row in rows for name in row["best"]))
    pairs = list(dict.fromkeys(pair for row in rows for pair in row["ratios"]))
    body = []
    for row in rows:
        times = [f"{row['best'][name]:.1f}" if name in row["best"] else "" for name in names]
        cells = [spread(row["ratios"][pair]) if pair in row["ratios"] else "" for pair in pairs]
        body.append([row["label"], row["optimizer"], *times, *cells])
    return markdown(["case", "optimizer", *(f"{short(name)} µs" for name in names), *pairs], body, left=2)


def spread(figure: dict[str, float]) -> str:
    """A ratio with its range over rounds."""
    return f"{figure['best']:.2f} ({figure['low']:.2f}-{figure['high']:.2f})"
