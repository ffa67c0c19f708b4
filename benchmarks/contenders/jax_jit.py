"""JAX, the whole step under `jit`, with donated weights: its usual fast form on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import BETAS, EPS, Array, Case, Problem
from benchmarks.contenders import Trainer

Train = Callable[[Any, Any, Any], Any]

# Computations run in the thread that asks for them, as every other contender's do. JAX hands them to another thread by
# default, which gains nothing where each step waits for the last, and costs small steps two thirds of their speed.
jax.config.update("jax_cpu_enable_async_dispatch", False)


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Compile one function from (state, batch) to state and loss."""
    state, train = training(problem, optimizer)
    compiled = jax.jit(train, donate_argnums=0)
    batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in problem.batches]
    count = len(batches)

    def step(i: int) -> object:
        nonlocal state
        x, y = batches[i % count]
        state, loss = compiled(state, x, y)
        # A call may return before the work is done: wait, or the clock sees only the queueing.
        return loss.block_until_ready()

    return Trainer(step, lambda: [np.array(p) for p in state["params"]])


def evaluate(problem: Problem, gradient: bool) -> Trainer:
    """The loss, and its gradient if that is wanted."""
    params = arrays(problem)

    def value(params: list[Any], x: Any, y: Any) -> Any:
        return loss(problem.case, forward(problem.case, params, x), y)

    compiled = jax.jit(jax.value_and_grad(value) if gradient else value)
    batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in problem.batches]
    count = len(batches)

    def step(i: int) -> object:
        return jax.block_until_ready(compiled(params, *batches[i % count]))

    return Trainer(step, list)


def predict(problem: Problem) -> Trainer:
    """From a NumPy array to a NumPy array."""
    params = arrays(problem)
    compiled = jax.jit(partial(forward, problem.case, params))
    inputs = [x for x, _ in problem.batches]
    count = len(inputs)

    def step(i: int) -> Array:
        return np.asarray(compiled(inputs[i % count]))

    return Trainer(step, lambda: [step(0).copy()])


def training(problem: Problem, optimizer: str) -> tuple[Any, Train]:
    """What a step carries on (parameters, moments, statistics, random state), and the step."""
    case, rate = problem.case, problem.case.rate(optimizer)
    params = arrays(problem)
    state = {"params": params, "t": jnp.zeros((), params[0].dtype), "key": jax.random.key(0)}
    state["statistics"] = [(jnp.zeros(n), jnp.ones(n)) for n in case.layers[1:-1]] if case.norm else []
    if optimizer == "adam":
        state |= {"m": [jnp.zeros_like(p) for p in params], "v": [jnp.zeros_like(p) for p in params]}

    def train(state: Any, x: Any, y: Any) -> Any:
        key, draw = jax.random.split(state["key"]) if case.dropout else (state["key"], None)

        def loss_of(params: Any) -> Any:
            moments: list[Any] = []
            return loss(case, forward(case, params, x, draw, moments), y), moments

        (value, moments), grads = jax.value_and_grad(loss_of, has_aux=True)(state["params"])
        statistics = [
            (0.9 * a + 0.1 * mean, 0.9 * b + 0.1 * var * (case.batch / (case.batch - 1)))
            for (a, b), (mean, var) in zip(state["statistics"], moments)
        ]
        new = (sgd if optimizer == "sgd" else adam)(state, grads, rate)
        return state | new | {"key": key, "statistics": statistics}, value

    return state, train


def arrays(problem: Problem) -> list[Any]:
    """The parameters as JAX has them."""
    if problem.case.dtype == "float64":
        jax.config.update("jax_enable_x64", True)
    return [jnp.asarray(a) for a in problem.state_dict().values()]


def forward(case: Case, params: list[Any], x: Any, key: Any = None, moments: list[Any] | None = None) -> Any:
    """The outputs; with `moments`, those of training: the mean and variance of each layer's batch are added there."""
    rest = iter(params)
    for kind, arguments in case.modules():
        if kind == "Linear":
            x = x @ next(rest).T
            x = x if False in arguments else x + next(rest)
        elif kind == "ReLU":
            x = jax.nn.relu(x)
        elif kind == "BatchNorm1d" and moments is not None:
            mean, var = x.mean(0), x.var(0)
            moments.append((mean, var))
            x = (x - mean) * jax.lax.rsqrt(var + 1e-5) * next(rest) + next(rest)
        elif kind == "Dropout" and moments is not None:
            key, draw = jax.random.split(key)
            keep = 1 - arguments[0]
            x = jnp.where(jax.random.bernoulli(draw, keep, x.shape), x / keep, 0)
    return x


def loss(case: Case, z: Any, y: Any) -> Any:
    """The mean loss of a batch."""
    if case.loss == "bce":
        return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
    if case.loss == "mse":
        return jnp.mean((z - y) ** 2)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))


def sgd(state: Any, grads: list[Any], rate: float) -> Any:
    """What changes in the state."""
    return {"params": [p - rate * g for p, g in zip(state["params"], grads)]}


def adam(state: Any, grads: list[Any], rate: float) -> Any:
    """What changes in the state: Kingma and Ba, 2015, algorithm 1."""
    b1, b2 = BETAS
    t = state["t"] + 1
    m = [b1 * a + (1 - b1) * g for a, g in zip(state["m"], grads)]
    v = [b2 * a + (1 - b2) * g * g for a, g in zip(state["v"], grads)]
    by_m, by_v = rate / (1 - b1**t), 1 / (1 - b2**t)
    params = [p - by_m * a / (jnp.sqrt(by_v * b) + EPS) for p, a, b in zip(state["params"], m, v)]
    return {"params": params, "m": m, "v": v, "t": t}
