"""This project, the same step under `ad.compile`, replayed as NumPy code."""

from __future__ import annotations

from functools import partial

import autodiff as ad
from benchmarks.cases import Problem
from benchmarks.contenders import Trainer, ours

BACKEND = "numpy"


def setup(problem: Problem, optimizer: str, backend: str = BACKEND) -> Trainer:
    """Compile the step of the eager contender."""
    model, train = ours.training(problem, optimizer)
    return ours.in_turn(problem, model, ad.compile(train, backend=backend))


def evaluate(problem: Problem, gradient: bool, backend: str = BACKEND) -> Trainer:
    """Compile the loss, or the loss and its gradient."""
    return ours.evaluate(problem, gradient, partial(ad.compile, backend=backend))


def predict(problem: Problem, backend: str = BACKEND) -> Trainer:
    """Compile the model."""
    return ours.predictor(problem, ad.compile(ours.network(problem), backend=backend))
