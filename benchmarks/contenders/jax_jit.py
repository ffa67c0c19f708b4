"""JAX, the whole step under `jit`, with donated weights: its usual fast form on the CPU."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import BETAS, EPS, LEARNING_RATE, Problem
from benchmarks.contenders import Trainer


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Compile one function from (state, batch) to state and loss."""
    binary, rate = problem.case.binary, LEARNING_RATE[optimizer]

    def loss_of(params: list[Any], x: Any, y: Any) -> Any:
        h = x
        for i in range(0, len(params), 2):
            h = h @ params[i].T + params[i + 1]
            h = jax.nn.relu(h) if i + 2 < len(params) else h
        if binary:
            return jnp.mean(jnp.maximum(h, 0) - h * y + jnp.log1p(jnp.exp(-jnp.abs(h))))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], axis=1))

    def train(state: Any, x: Any, y: Any) -> Any:
        params, m, v, t = state
        loss, grads = jax.value_and_grad(loss_of)(params, x, y)
        if optimizer == "sgd":
            return ([p - rate * g for p, g in zip(params, grads)], m, v, t), loss
        b1, b2 = BETAS
        t = t + 1
        m = [b1 * a + (1 - b1) * g for a, g in zip(m, grads)]
        v = [b2 * a + (1 - b2) * g * g for a, g in zip(v, grads)]
        by_m, by_v = rate / (1 - b1**t), 1 / (1 - b2**t)
        new = [p - by_m * a / (jnp.sqrt(by_v * b) + EPS) for p, a, b in zip(params, m, v)]
        return (new, m, v, t), loss

    compiled = jax.jit(train, donate_argnums=0)
    params = [jnp.asarray(a) for a in problem.state_dict().values()]
    slots = [[jnp.zeros_like(p) for p in params] if optimizer == "adam" else [] for _ in range(2)]
    state: Any = (params, *slots, jnp.float32(0))
    batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in problem.batches]
    count = len(batches)

    def step(i: int) -> object:
        nonlocal state
        x, y = batches[i % count]
        state, loss = compiled(state, x, y)
        # Calls return before the work is done: wait, or the clock sees only the queueing.
        return loss.block_until_ready()

    return Trainer(step, lambda: [np.array(p) for p in state[0]])
