"""This project, the same step under `ad.compile`, replayed as machine code."""

from __future__ import annotations

from benchmarks.cases import Problem
from benchmarks.contenders import Trainer, compiled_numpy

BACKEND = "numba"


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Compile the step of the eager contender."""
    return compiled_numpy.setup(problem, optimizer, BACKEND)


def evaluate(problem: Problem, gradient: bool) -> Trainer:
    """Compile the loss, or the loss and its gradient."""
    return compiled_numpy.evaluate(problem, gradient, BACKEND)


def predict(problem: Problem) -> Trainer:
    """Compile the model."""
    return compiled_numpy.predict(problem, BACKEND)
