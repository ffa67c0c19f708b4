"""What the project promises of its speed, and which of it a run did not keep."""

from __future__ import annotations

from typing import Any, NamedTuple

LETTERS = "ABCDE"


class Target(NamedTuple):
    """How many times as fast one contender is to be as another.

    Parameters
    ----------
    faster, slower : str
        Names as in tables.
    optimizer : str
    times : tuple of float
        For cases A, B, ... in order.
    threads : int, default=0
        The threads that it holds for; 0 for any.
    """

    faster: str
    slower: str
    optimizer: str
    times: tuple[float, ...]
    threads: int = 0


EAGER = (1 / 0.4, 1 / 0.5, 1 / 0.8, 1 / 0.8, 1 / 0.8)
FLOOR = (1 / 1.1,) * 5
STEPS = (
    Target("ours", "torch", "sgd", EAGER),
    Target("ours", "torch", "adam", EAGER),
    Target("numba", "torch", "sgd", (40.0, 14.0, 2.6, 1.9, 2.0)),
    Target("numba", "torch", "adam", (60.0, 22.0, 3.3, 2.6, 2.1)),
    Target("numba", "jax", "sgd", (6.5, 4.4, 1.8, 1.08, 1.1), threads=2),
    Target("numba", "jax", "adam", (10.0, 5.0, 2.1, 1.3, 1.04), threads=2),
    Target("numba", "jax", "sgd", (8.0, 4.0, 1.0, 1.0, 1.0), threads=1),
    Target("numba", "jax", "adam", (8.0, 4.0, 1.0, 1.0, 1.0), threads=1),
    Target("numpy", "floor", "sgd", FLOOR),
    Target("numpy", "floor", "adam", FLOOR),
)
MANY = (
    Target("many_numba", "numba", "sgd", (2.5, 1.2)),
    Target("many_numba", "numba", "adam", (2.5, 1.2)),
)


def fallen_short(rows: list[dict[str, Any]], targets: tuple[Target, ...], threads: int) -> list[str]:
    """One line for each promise that was not kept; "within the spread" where some round kept it.

    Examples
    --------
    >>> ratio = {"best": 1.2, "low": 1.0, "high": 1.3}
    >>> row = {"case": "A", "optimizer": "sgd", "ratios": {"numpy/floor": ratio}}
    >>> fallen_short([row], STEPS, threads=2)
    ['short of what is promised: A sgd numpy/floor 1.2, at most 1.1 (within the spread)']
    """
    lines = []
    for row in rows:
        for target in targets:
            if target.optimizer != row["optimizer"] or target.threads not in (0, threads):
                continue
            limits = dict(zip(LETTERS, target.times))
            found = ratio_of(row["ratios"], target.faster, target.slower)
            if row["case"] not in limits or found is None:
                continue
            best, low = found
            limit = 1 / limits[row["case"]]
            if best > limit:
                note = " (within the spread)" if low <= limit else ""
                about = f"{row['case']} {row['optimizer']} {target.faster}/{target.slower}"
                lines.append(f"short of what is promised: {about} {best:.3g}, at most {limit:.3g}{note}")
    return lines


def ratio_of(ratios: dict[str, dict[str, float]], top: str, bottom: str) -> tuple[float, float] | None:
    """The best and the lowest of a ratio, whichever way round it was recorded."""
    if (figure := ratios.get(f"{top}/{bottom}")) is not None:
        return figure["best"], figure["low"]
    if (figure := ratios.get(f"{bottom}/{top}")) is not None:
        return 1 / figure["best"], 1 / figure["high"]
    return None
