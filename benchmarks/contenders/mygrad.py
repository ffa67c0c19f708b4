"""MyGrad: tensors with backward on NumPy, and the update in NumPy, as its examples do."""

from __future__ import annotations

from typing import Any

import mygrad as mg
import numpy as np

from benchmarks.cases import Array, Problem
from benchmarks.contenders import Trainer
from benchmarks.contenders.numpy_floor import adam, sgd


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Build tensors and a loss; the update is the floor's, one call a parameter."""
    case, zero = problem.case, np.dtype(problem.case.dtype).type(0)
    rows = np.arange(case.batch)
    params = [mg.tensor(a.copy()) for a in problem.state_dict().values()]
    grads = [np.zeros_like(p.data) for p in params]
    rule = {"sgd": sgd, "adam": adam}[optimizer]
    updates = [rule(p.data, g, case.rate(optimizer)) for p, g in zip(params, grads)]
    batches, count = problem.batches, len(problem.batches)

    def step(i: int) -> object:
        h: Any
        y: Any
        h, y = batches[i % count]
        for k in range(0, len(params), 2):
            h = mg.matmul(h, params[k].T) + params[k + 1]
            h = mg.maximum(h, zero) if k + 2 < len(params) else h
        if case.loss == "mse":
            loss = mg.mean((h - y) ** 2)
        elif case.loss == "bce":
            loss = mg.mean(mg.maximum(h, zero) - h * y + mg.log1p(mg.exp(-mg.abs(h))))
        else:
            loss = -mg.mean(mg.nnet.activations.logsoftmax(h)[rows, y])
        loss.backward()
        for p, kept, update in zip(params, grads, updates):
            kept[...] = p.grad
            update()
        return loss

    def parameters() -> list[Array]:
        return [p.data.copy() for p in params]

    return Trainer(step, parameters)
