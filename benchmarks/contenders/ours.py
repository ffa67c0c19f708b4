"""This project, eager: `torch_eager.py` with other imports, for that is the promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autodiff as ad
import nn
import optim
from benchmarks.cases import LOSSES, Array, Problem
from benchmarks.contenders import Trainer

Step = Callable[[ad.Tensor, ad.Tensor], ad.Tensor]


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Train one batch a call."""
    model, train = training(problem, optimizer)
    return in_turn(problem, model, train)


def predict(problem: Problem) -> Trainer:
    """From a NumPy array to a NumPy array."""
    return predictor(problem, network(problem))


def network(problem: Problem) -> nn.Module:
    """The model, with the problem's weights."""
    model = nn.Sequential(*[getattr(nn, kind)(*arguments) for kind, arguments in problem.case.modules()])
    model.to(getattr(ad, problem.case.dtype))
    state = {name: ad.tensor(value) for name, value in problem.state_dict().items()}
    model.load_state_dict(state, strict=not problem.case.norm)
    return model


def training(problem: Problem, optimizer: str) -> tuple[nn.Module, Step]:
    """The model and a step on it: the four usual lines."""
    model = network(problem)
    ad.manual_seed(0)  # eager and compiled draw the same numbers for dropout
    criterion: nn.Module = getattr(nn, LOSSES[problem.case.loss])()
    make = {"sgd": optim.SGD, "adam": optim.Adam}[optimizer]
    opt = make(model.parameters(), lr=problem.case.rate(optimizer))

    def step(x: ad.Tensor, y: ad.Tensor) -> ad.Tensor:
        opt.zero_grad()
        loss: ad.Tensor = criterion(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return model, step


def in_turn(problem: Problem, model: nn.Module, train: Step) -> Trainer:
    """A step on the problem's batches, one after the other."""
    batches = [(ad.tensor(x), ad.tensor(y)) for x, y in problem.batches]
    count = len(batches)

    def step(i: int) -> object:
        x, y = batches[i % count]
        return train(x, y)

    return Trainer(step, lambda: values(model))


def evaluate(problem: Problem, gradient: bool, transform: Callable[[Step], Step] = lambda step: step) -> Trainer:
    """The loss, and its gradient if that is wanted; `transform` may compile the function."""
    ad.set_grad_enabled(gradient)
    model = network(problem)
    ad.manual_seed(0)  # eager and compiled draw the same numbers for dropout
    criterion: nn.Module = getattr(nn, LOSSES[problem.case.loss])()

    def value(x: ad.Tensor, y: ad.Tensor) -> ad.Tensor:
        loss: ad.Tensor = criterion(model(x), y)
        return loss

    def value_and_gradient(x: ad.Tensor, y: ad.Tensor) -> ad.Tensor:
        model.zero_grad()
        loss = value(x, y)
        loss.backward()
        return loss

    return in_turn(problem, model, transform(value_and_gradient if gradient else value))


def values(model: nn.Module) -> list[Array]:
    """Copies of the model's parameters."""
    return [p.detach().numpy().copy() for p in model.parameters()]


def predictor(problem: Problem, model: Any) -> Trainer:
    """Predictions for the problem's inputs by a model, or by what was compiled from one."""
    ad.set_grad_enabled(False)
    inputs = [x for x, _ in problem.batches]
    count = len(inputs)

    def step(i: int) -> Array:
        array: Array = model(ad.from_numpy(inputs[i % count])).numpy()
        return array

    return Trainer(step, lambda: [step(0).copy()])
