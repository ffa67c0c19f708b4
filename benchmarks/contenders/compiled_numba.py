"""This project, the same step under `ad.compile`, replayed as machine code through Numba."""

from __future__ import annotations

from benchmarks.cases import Problem
from benchmarks.contenders import Trainer, compiled_numpy

BACKEND = "numba"


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Compile the step of the eager contender."""
    return compiled_numpy.setup(problem, optimizer, BACKEND)


def predict(problem: Problem) -> Trainer:
    """Compile the model."""
    return compiled_numpy.predict(problem, BACKEND)
