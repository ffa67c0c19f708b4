"""This project, many compiled steps in one call, the loop inside the machine code."""

from __future__ import annotations

from benchmarks.cases import Problem
from benchmarks.contenders import Trainer, many_numpy


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Give the batches of all steps at once."""
    return many_numpy.setup(problem, optimizer, "numba")
