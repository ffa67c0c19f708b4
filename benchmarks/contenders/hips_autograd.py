"""HIPS/autograd: a gradient function over NumPy code, and the update in NumPy, as its examples do."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad

from benchmarks.cases import Array, Problem
from benchmarks.contenders import Trainer
from benchmarks.contenders.numpy_floor import adam, sgd


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Differentiate one loss function; the update is the floor's, one call a parameter."""
    case, zero = problem.case, np.dtype(problem.case.dtype).type(0)
    rows = np.arange(case.batch)

    def loss_of(params: list[Any], x: Any, y: Any) -> Any:
        h = x
        for i in range(0, len(params), 2):
            h = anp.dot(h, params[i].T) + params[i + 1]
            h = anp.maximum(h, zero) if i + 2 < len(params) else h
        if case.loss == "mse":
            return anp.mean((h - y) ** 2)
        if case.loss == "bce":
            return anp.mean(anp.maximum(h, zero) - h * y + anp.log1p(anp.exp(-anp.abs(h))))
        shifted = h - anp.max(h, axis=1, keepdims=True)
        return anp.mean(anp.log(anp.sum(anp.exp(shifted), axis=1)) - shifted[rows, y])

    gradient = grad(loss_of)
    params = [a.copy() for a in problem.state_dict().values()]
    grads = [np.zeros_like(p) for p in params]
    rule = {"sgd": sgd, "adam": adam}[optimizer]
    updates = [rule(p, g, case.rate(optimizer)) for p, g in zip(params, grads)]
    batches, count = problem.batches, len(problem.batches)

    def step(i: int) -> object:
        x, y = batches[i % count]
        found = gradient(params, x, y)
        for kept, new, update in zip(grads, found, updates):
            kept[...] = new
            update()
        return None

    def parameters() -> list[Array]:
        return [p.copy() for p in params]

    return Trainer(step, parameters)
