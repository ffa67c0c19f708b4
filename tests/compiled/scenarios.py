"""Training steps of every kind that are compiled: each makes a world of its own, and a step to be called many times.

A scenario is a function that returns a `World`: the step as a PyTorch user writes it, a maker of arguments, and what is
compared afterwards. It is called twice with equal seeds, and one of the two steps is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

import autodiff as ad
import nn
import nn.functional as F
import optim

SCENARIOS: dict[str, Callable[[], World]] = {}


@dataclass
class World:
    """A step, its arguments, and what it works on."""

    step: Callable[..., Any]
    arguments: Callable[[int], tuple[Any, ...]]
    modules: list[Any] = field(default_factory=list)
    optimizers: list[Any] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)
    between: Callable[[int], None] | None = None

    def state(self) -> dict[str, Any]:
        """Everything that a step may change, as arrays."""
        found: dict[str, Any] = {}
        for i, module in enumerate(self.modules):
            for name, value in [*module.named_parameters(), *module.named_buffers()]:
                found[f"{i}.{name}"] = value.detach().numpy().copy()
                found[f"{i}.{name}.grad"] = None if value.grad is None else value.grad.numpy().copy()
        for i, optimizer in enumerate(self.optimizers):
            for p, entry in optimizer.state_dict()["state"].items():
                for name, value in entry.items():
                    found[f"optimizer {i}, {p}, {name}"] = np.array(value.numpy())
        for i, t in enumerate(self.tensors):
            found[f"tensor {i}"] = t.detach().numpy().copy()
            found[f"tensor {i}.grad"] = None if t.grad is None else t.grad.numpy().copy()
        found["generator"] = ad.get_rng_state().numpy().copy()
        return found


def scenario(make: Callable[[], World]) -> Callable[[], World]:
    """Add a scenario under its name."""
    SCENARIOS[make.__name__] = make
    return make


def batches(*shape: int, classes: int = 0, dtype: Any = np.float32) -> Callable[[int], tuple[Any, Any]]:
    """Fresh batches of inputs, with class numbers or targets of the last size 1."""

    def arguments(i: int) -> tuple[Any, Any]:
        rng = np.random.default_rng(1000 + i)
        x = ad.tensor(rng.standard_normal(shape).astype(dtype))
        if classes:
            return x, ad.tensor(rng.integers(0, classes, shape[0]))
        return x, ad.tensor(rng.integers(0, 2, (shape[0], 1)).astype(dtype))

    return arguments


def usual(model: Any, criterion: Any, optimizer: Any) -> Callable[[Any, Any], Any]:
    """The step of every tutorial."""

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step


def unsupervised(model: Any, optimizer: Any) -> Callable[[Any], Any]:
    """The same without a target: outputs are to be small."""

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return step


def mlp(*widths: int, activation: Any = nn.ReLU, dtype: Any = None) -> Any:
    """Linear layers with an activation between them."""
    layers: list[Any] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out, dtype=dtype), activation()]
    return nn.Sequential(*layers[:-1])


def classifier(make_optimizer: Callable[[Any], Any], **kwargs: Any) -> World:
    model = mlp(4, 8, 3, **kwargs)
    optimizer = make_optimizer(model.parameters())
    return World(usual(model, nn.CrossEntropyLoss(), optimizer), batches(5, 4, classes=3), [model], [optimizer])


@scenario
def sgd() -> World:
    return classifier(lambda p: optim.SGD(p, lr=0.1))


@scenario
def sgd_with_everything() -> World:
    return classifier(lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True))


@scenario
def sgd_with_dampening_uphill() -> World:
    return classifier(lambda p: optim.SGD(p, lr=0.01, momentum=0.5, dampening=0.2, maximize=True))


@scenario
def adam() -> World:
    return classifier(lambda p: optim.Adam(p, lr=0.01))


@scenario
def adam_with_decay_and_amsgrad() -> World:
    return classifier(lambda p: optim.Adam(p, lr=0.01, weight_decay=0.1, amsgrad=True))


@scenario
def adamw() -> World:
    return classifier(lambda p: optim.AdamW(p, lr=0.01))


@scenario
def binary_logits() -> World:
    model = mlp(2, 20, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return World(usual(model, nn.BCEWithLogitsLoss(), optimizer), batches(10, 2), [model], [optimizer])


@scenario
def regression_in_double() -> World:
    model = mlp(3, 6, 1, activation=nn.Tanh, dtype=ad.float64)
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    return World(usual(model, nn.MSELoss(), optimizer), batches(7, 3, dtype=np.float64), [model], [optimizer])


@scenario
def dropout_draws_the_same_numbers() -> World:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    return World(usual(model, nn.CrossEntropyLoss(), optimizer), batches(5, 4, classes=3), [model], [optimizer])


@scenario
def gradients_accumulate_over_calls() -> World:
    model = mlp(4, 8, 3)
    criterion = nn.CrossEntropyLoss()

    def step(x: Any, y: Any) -> Any:
        loss = criterion(model(x), y) / 4
        loss.backward()
        return loss

    return World(step, batches(5, 4, classes=3), [model])


@scenario
def accumulation_and_steps_in_turn() -> World:
    model = mlp(4, 8, 3)
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        loss = criterion(model(x), y)
        loss.backward()
        return loss

    def between(i: int) -> None:
        if i % 3 == 2:
            optimizer.step()
            optimizer.zero_grad()

    return World(step, batches(5, 4, classes=3), [model], [optimizer], between=between)


@scenario
def zeroed_and_not_taken_away() -> World:
    model = mlp(4, 8, 3)
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=False)
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return World(step, batches(5, 4, classes=3), [model], [optimizer])


@scenario
def gradients_are_clipped_by_norm() -> World:
    model = mlp(4, 8, 3)
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.5)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        return loss, norm

    return World(step, batches(5, 4, classes=3), [model], [optimizer])


@scenario
def gradients_are_clipped_by_value() -> World:
    model = mlp(4, 8, 3)
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.5)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 0.01)
        optimizer.step()
        return {"loss": loss, "logits": model(x).detach()}

    return World(step, batches(5, 4, classes=3), [model], [optimizer])


@scenario
def several_losses_and_outputs() -> World:
    trunk, left, right = nn.Linear(4, 8), nn.Linear(8, 3), nn.Linear(8, 1)
    parameters = [*trunk.parameters(), *left.parameters(), *right.parameters()]
    optimizer = optim.Adam(parameters, lr=0.01)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        h = F.relu(trunk(x))
        first = F.cross_entropy(left(h), y)
        second = right(h).square().mean()
        first.backward(retain_graph=True)
        (0.1 * second).backward()
        optimizer.step()
        return first, [second, "text", None, 3]

    return World(step, batches(5, 4, classes=3), [trunk, left, right], [optimizer])


@scenario
def frozen_parameters() -> World:
    model = mlp(4, 8, 8, 3)
    model[0].requires_grad_(False)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return World(usual(model, nn.CrossEntropyLoss(), optimizer), batches(5, 4, classes=3), [model], [optimizer])


@scenario
def tied_weights() -> World:
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    optimizer = optim.SGD([*first.parameters(), second.bias], lr=0.1)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = (second(F.relu(first(x))) - y).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    return World(step, batches(5, 4), [first, second], [optimizer])


@scenario
def two_groups_and_a_schedule() -> World:
    model = mlp(4, 8, 3)
    groups = [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.01, "momentum": 0.9}]
    optimizer = optim.SGD(groups, lr=0.1)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    step = usual(model, nn.CrossEntropyLoss(), optimizer)
    return World(step, batches(5, 4, classes=3), [model], [optimizer], between=lambda i: scheduler.step())


@scenario
def two_optimizers_over_the_same_parameters() -> World:
    model = mlp(4, 8, 3)
    criterion = nn.CrossEntropyLoss()
    one, other = optim.SGD(model.parameters(), lr=0.1), optim.Adam(model[2].parameters(), lr=0.01)

    def step(x: Any, y: Any) -> Any:
        one.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        one.step()
        other.step()
        return loss

    return World(step, batches(5, 4, classes=3), [model], [one, other])


@scenario
def a_gan_with_two_models() -> World:
    maker, judge = mlp(2, 8, 4), mlp(4, 8, 1)
    for_maker, for_judge = optim.Adam(maker.parameters(), lr=0.01), optim.Adam(judge.parameters(), lr=0.01)

    def step(x: Any, y: Any) -> Any:
        noise = ad.randn(5, 2)
        for_judge.zero_grad()
        made = maker(noise)
        ones, zeros = ad.ones(5, 1), ad.zeros(5, 1)
        real = F.binary_cross_entropy_with_logits(judge(x), ones)
        fake = F.binary_cross_entropy_with_logits(judge(made.detach()), zeros)
        (real + fake).backward()
        for_judge.step()
        for_maker.zero_grad()
        fooled = F.binary_cross_entropy_with_logits(judge(made), ones)
        fooled.backward()
        for_maker.step()
        return real, fake, fooled

    return World(step, batches(5, 4), [maker, judge], [for_maker, for_judge])


@scenario
def parameters_without_modules() -> World:
    w = ad.tensor([[0.5, -0.25], [0.1, 0.3]], requires_grad=True)
    b = ad.zeros(2, requires_grad=True)

    def step(x: Any, y: Any) -> Any:
        loss = ((x @ w + b).tanh() - y).square().sum()
        loss.backward()
        with ad.no_grad():
            w.sub_(0.1 * w.grad)
            b.sub_(0.1 * b.grad)
        w.grad = None
        b.grad = None
        return loss

    return World(step, batches(3, 2), tensors=[w, b])


@scenario
def a_tensor_that_is_written_by_the_step() -> World:
    total = ad.zeros(3)
    rows = ad.zeros(4, 3)

    def step(x: Any, y: Any) -> Any:
        total.add_(x.sum(0))
        rows[1] += x[0]
        rows[2:, 0] = y[:2, 0]
        return total * 2, rows.sum()

    return World(step, batches(5, 3), tensors=[total, rows])


@scenario
def in_place_inside_the_forward() -> World:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(inplace=True), nn.Linear(6, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        h = model(x)
        h[:, 0] *= 2
        h += 1
        loss = F.cross_entropy(h, y)
        loss.backward()
        optimizer.step()
        return loss

    return World(step, batches(5, 4, classes=3), [model], [optimizer])


@scenario
def inputs_that_want_gradients() -> World:
    model = mlp(4, 8, 1)

    def step(x: Any, y: Any) -> Any:
        x = x.detach().requires_grad_()
        (g,) = ad.grad(model(x).sum(), x, create_graph=True)
        loss = (g.norm(dim=1) - 1).square().mean()
        for p in model.parameters():
            p.grad = None
        loss.backward()
        return loss, g

    return World(step, batches(5, 4), [model])


@scenario
def batch_norm() -> World:
    # A bias before a batch norm has a gradient of rounding errors alone, which Adam would make steps of full size of.
    model = nn.Sequential(nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return World(usual(model, nn.CrossEntropyLoss(), optimizer), batches(6, 4, classes=3), [model], [optimizer])


@scenario
def layer_norm_gelu_and_dropout() -> World:
    model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.GELU(), nn.Dropout(0.25), nn.Linear(8, 3))
    optimizer = optim.AdamW(model.parameters(), lr=0.01)
    return World(usual(model, nn.CrossEntropyLoss(), optimizer), batches(6, 4, classes=3), [model], [optimizer])


@scenario
def ignored_classes_come_and_go() -> World:
    model = mlp(4, 8, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    fresh = batches(6, 4, classes=3)

    def arguments(i: int) -> tuple[Any, Any]:
        x, y = fresh(i)
        if i in (4, 5, 8):
            y[i % 6] = -100
        return x, y

    return World(usual(model, nn.CrossEntropyLoss(), optimizer), arguments, [model], [optimizer])


@scenario
def a_residual_network_with_a_loop() -> World:
    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(6, 6) for _ in range(4)])
            self.scale = 0.5
            self.head = nn.Linear(6, 2)

        def forward(self, x: Any) -> Any:
            for i, layer in enumerate(self.layers):
                x = x + self.scale * F.tanh(layer(x)) if i % 2 else x + F.silu(layer(x))
            return self.head(x)

    model = Residual()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return World(usual(model, nn.CrossEntropyLoss(), optimizer), batches(5, 6, classes=2), [model], [optimizer])


@scenario
def the_second_derivative_of_a_function() -> World:
    def f(x: Any) -> Any:
        return (x.sin() * x.exp()).sum()

    second = ad.func.grad(lambda x: ad.func.grad(f)(x).square().sum())
    return World(lambda x, y: second(x), batches(4, 3))


def one_criterion(criterion: Any, *, classes: int = 3, last: Any = None) -> World:
    """A small network with a loss."""
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, classes or 1), *([last] if last else []))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    return World(usual(model, criterion, optimizer), batches(7, 4, classes=classes), [model], [optimizer])


@scenario
def classes_that_count_differently() -> World:
    return one_criterion(nn.CrossEntropyLoss(weight=ad.tensor([0.5, 2.0, 1.0]), label_smoothing=0.1, ignore_index=1))


@scenario
def likelihoods_of_classes() -> World:
    return one_criterion(nn.NLLLoss(reduction="sum"), last=nn.LogSoftmax(1))


@scenario
def probabilities_that_are_checked() -> World:
    return one_criterion(nn.BCELoss(), classes=0, last=nn.Sigmoid())


@scenario
def binary_logits_that_count_differently() -> World:
    return one_criterion(nn.BCEWithLogitsLoss(weight=ad.tensor([0.5]), pos_weight=ad.tensor([3.0])), classes=0)


@scenario
def a_robust_regression() -> World:
    return one_criterion(nn.HuberLoss(delta=0.5), classes=0)


@scenario
def an_absolute_regression() -> World:
    return one_criterion(nn.SmoothL1Loss(beta=0.3), classes=0)


@scenario
def batch_norm_of_sequences_with_the_mean_of_all_batches() -> World:
    norm = nn.BatchNorm1d(3, momentum=None)
    model = nn.Sequential(nn.Unflatten(1, (3, 4)), norm, nn.Flatten(), nn.Linear(12, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    world = World(usual(model, nn.CrossEntropyLoss(), optimizer), batches(6, 12, classes=3), [model], [optimizer])
    # Every third step is taken with the running statistics.
    world.between = lambda i: norm.train(i % 3 != 2) and None
    return world


@scenario
def dropout_in_place_and_a_norm_of_samples() -> World:
    model = nn.Sequential(
        nn.Linear(4, 6), nn.LayerNorm((6,), bias=False), nn.Dropout(0.3, inplace=True), nn.Mish(), nn.Linear(6, 3)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return World(usual(model, nn.CrossEntropyLoss(), optimizer), batches(5, 4, classes=3), [model], [optimizer])


@scenario
def gradients_are_clipped_by_their_largest_element() -> World:
    model = mlp(4, 8, 3)
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.5)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.01, norm_type=float("inf"))
        optimizer.step()
        return loss

    return World(step, batches(5, 4, classes=3), [model], [optimizer])
