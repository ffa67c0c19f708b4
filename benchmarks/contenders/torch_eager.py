"""PyTorch, eager, on the CPU: the training loop as its users write it."""

from __future__ import annotations

import os
from itertools import pairwise

import torch
from torch import nn, optim

from benchmarks.cases import LEARNING_RATE, Array, Problem
from benchmarks.contenders import Trainer


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Build the model, the loss and the optimiser; a step is the four usual lines."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    widths = problem.case.layers
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    model.load_state_dict({name: torch.tensor(value) for name, value in problem.state_dict().items()})
    criterion: nn.Module = nn.BCEWithLogitsLoss() if problem.case.binary else nn.CrossEntropyLoss()
    make = {"sgd": optim.SGD, "adam": optim.Adam}[optimizer]
    opt = make(model.parameters(), lr=LEARNING_RATE[optimizer])
    batches = [(torch.tensor(x), torch.tensor(y)) for x, y in problem.batches]
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
