"""PyTorch, eager, on the CPU: the training loop as its users write it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from torch import nn, optim

from benchmarks.cases import LOSSES, Array, Problem
from benchmarks.contenders import Trainer

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def setup(problem: Problem, optimizer: str, transform: Callable[[Loss], Loss] = lambda loss: loss) -> Trainer:
    """Build the model, the loss and the optimiser; a step is the four usual lines.

    Parameters
    ----------
    problem : Problem
    optimizer : {"sgd", "adam"}
    transform : callable, optional
        Applied to the function from a batch to its loss.
    """
    model = network(problem)
    criterion: nn.Module = getattr(nn, LOSSES[problem.case.loss])()
    make = {"sgd": optim.SGD, "adam": optim.Adam}[optimizer]
    opt = make(model.parameters(), lr=problem.case.rate(optimizer))
    loss_of = transform(lambda x, y: criterion(model(x), y))
    batches = [(torch.tensor(x), torch.tensor(y)) for x, y in problem.batches]
    count = len(batches)

    def step(i: int) -> object:
        x, y = batches[i % count]
        opt.zero_grad()
        loss = loss_of(x, y)
        loss.backward()
        opt.step()
        return loss

    def parameters() -> list[Array]:
        return [p.detach().numpy().copy() for p in model.parameters()]

    return Trainer(step, parameters)


def network(problem: Problem) -> Any:
    """The model, with the problem's weights."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    model = nn.Sequential(*[getattr(nn, kind)(*arguments) for kind, arguments in problem.case.modules()])
    model.to(getattr(torch, problem.case.dtype))
    state = {name: torch.tensor(value) for name, value in problem.state_dict().items()}
    model.load_state_dict(state, strict=not problem.case.norm)
    return model


def evaluate(problem: Problem, gradient: bool) -> Trainer:
    """The loss, and its gradient if that is wanted."""
    torch.set_grad_enabled(gradient)
    model = network(problem)
    criterion: nn.Module = getattr(nn, LOSSES[problem.case.loss])()
    batches = [(torch.tensor(x), torch.tensor(y)) for x, y in problem.batches]
    count = len(batches)

    def step(i: int) -> object:
        x, y = batches[i % count]
        if not gradient:
            return criterion(model(x), y)
        model.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        return loss

    return Trainer(step, list)


def predict(problem: Problem) -> Trainer:
    """From a NumPy array to a NumPy array."""
    model = network(problem)
    torch.set_grad_enabled(False)
    inputs = [x for x, _ in problem.batches]
    count = len(inputs)

    def step(i: int) -> Array:
        array: Array = model(torch.from_numpy(inputs[i % count])).numpy()
        return array

    return Trainer(step, lambda: [step(0).copy()])
