"""This project, many compiled steps in one call of `step.run`, replayed as NumPy code."""

from __future__ import annotations

import numpy as np

import autodiff as ad
from benchmarks.cases import Problem
from benchmarks.contenders import MANY, Trainer, ours


def setup(problem: Problem, optimizer: str, backend: str = "numpy") -> Trainer:
    """Give the batches of all steps at once."""
    model, train = ours.training(problem, optimizer)
    compiled = ad.compile(train, backend=backend)
    taken = [problem.batches[i % len(problem.batches)] for i in range(MANY)]
    xs, ys = (ad.tensor(np.stack(arrays)) for arrays in zip(*taken, strict=True))
    return Trainer(lambda i: compiled.run(xs, ys), lambda: ours.values(model), MANY)
