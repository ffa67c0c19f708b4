"""JAX, many steps in one call: its loop, `lax.scan`, under `jit`, over the batches of all steps."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import Problem
from benchmarks.contenders import MANY, Trainer, jax_jit


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Give the batches of all steps at once."""
    state, train = jax_jit.training(problem, optimizer)
    taken = [problem.batches[i % len(problem.batches)] for i in range(MANY)]
    xs, ys = (jnp.asarray(np.stack(arrays)) for arrays in zip(*taken, strict=True))
    compiled = jax.jit(lambda state, xs, ys: jax.lax.scan(lambda s, b: train(s, *b), state, (xs, ys)), donate_argnums=0)

    def step(i: int) -> object:
        nonlocal state
        state, losses = compiled(state, xs, ys)
        return losses.block_until_ready()

    return Trainer(step, lambda: [np.array(p) for p in state["params"]], MANY)
