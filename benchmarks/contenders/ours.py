"""This project, eager: `torch_eager.py` with other imports, for that is the promise."""

from __future__ import annotations

from itertools import pairwise

import autodiff as ad
import nn
import optim
from benchmarks.cases import LEARNING_RATE, Array, Problem
from benchmarks.contenders import Trainer


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Build the model, the loss and the optimiser; a step is the four usual lines."""
    widths = problem.case.layers
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    model.load_state_dict({name: ad.tensor(value) for name, value in problem.state_dict().items()})
    criterion: nn.Module = nn.BCEWithLogitsLoss() if problem.case.binary else nn.CrossEntropyLoss()
    make = {"sgd": optim.SGD, "adam": optim.Adam}[optimizer]
    opt = make(model.parameters(), lr=LEARNING_RATE[optimizer])
    batches = [(ad.tensor(x), ad.tensor(y)) for x, y in problem.batches]
    count = len(batches)

    def step(i: int) -> object:
        x, y = batches[i % count]
        opt.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        opt.step()
        return loss

    def parameters() -> list[Array]:
        return [p.detach().numpy().copy() for p in model.parameters()]

    return Trainer(step, parameters)
