"""Equal work: every contender's weights after the checked steps, held to those of one of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.cases import CASES, Array, make_problem
from benchmarks.worker import CHECKED_STEPS

TOLERANCE = {"sgd": (1e-4, 1e-2), "adam": (1e-4, 1e-1), "inference": (1e-5, 1e-5)}
"""Largest distance allowed between two contenders' weights after the checked steps, relative to the distance moved,
on small cases and on the large. Float32 sums differ in their last bits from one BLAS to another; with 10^5 activations
a step some lie so near zero that this decides their ReLU, a jump, which later steps carry on (Adam divides by the
gradient's own size, and so carries it further). Cases without such a jump agree to 1e-5, and a wrong rule or formula
moves the weights elsewhere altogether."""
LARGE = ("D", "E", "deep", "wide")
REFERENCES = ("numpy_floor", "ours", "torch_eager")
OWN = ("ours", "compiled_numpy", "compiled_numba", "many_numpy", "many_numba")
"""Those that draw the same random numbers, and so can be compared where there is dropout."""


def compare_weights(case: str, optimizer: str, weights: dict[str, list[Array]]) -> list[dict[str, Any]]:
    """Hold every contender's arrays to those of the floor, or else of another one.

    Returns
    -------
    list of dict
        `difference`: the Euclidean distance of all weights between the two, by how far the reference moved; of
        predictions, by their norm.
    """
    if CASES[case].dropout:
        weights = {name: arrays for name, arrays in weights.items() if name in OWN}
    reference = next((name for name in (*REFERENCES, *weights) if name in weights), None)
    if reference is None:
        return []
    start = [np.zeros(())] if optimizer == "inference" else list(make_problem(CASES[case]).state_dict().values())
    moved = norm([a - b for a, b in zip(weights[reference], start, strict=True)])
    checks = []
    for name, arrays in weights.items():
        if name == reference:
            continue
        apart = norm([a - b for a, b in zip(arrays, weights[reference], strict=True)])
        checks.append(
            {
                "case": case,
                "optimizer": optimizer,
                "contenders": [name, reference],
                "steps": CHECKED_STEPS,
                "difference": float(f"{apart / moved:.2e}"),
                "tolerance": TOLERANCE[optimizer][case in LARGE],
            }
        )
    return checks


def norm(arrays: list[Array]) -> float:
    """Euclidean norm over all the arrays, in double precision."""
    return float(np.sqrt(sum(float(np.sum(np.square(a, dtype=np.float64))) for a in arrays)))


def report(checks: list[dict[str, Any]]) -> bool:
    """Print whether all trained the same weights; give whether some did not."""
    # `not <=`, so that a nan counts as wrong.
    wrong = [check for check in checks if not check["difference"] <= check["tolerance"]]
    for check in wrong:
        print(
            f"WRONG: {' and '.join(check['contenders'])} differ after {check['steps']} steps of {check['case']} with "
            f"{check['optimizer']} by {check['difference']:.1e} of the distance moved (allowed {check['tolerance']})"
        )
    if checks and not wrong:
        print(f"equal weights after {CHECKED_STEPS} steps: {len(checks)} comparisons within tolerance")
    return bool(wrong)
