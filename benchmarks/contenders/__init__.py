"""The contenders: one module each, with `setup(problem, optimizer)`, `predict(problem)`, `evaluate(problem, ...)`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from benchmarks.cases import Array, Case, Problem

MANY = 40
"""How many steps a call makes of the contenders that make many: as many as are checked."""


class Trainer(NamedTuple):
    """A network at work.

    Parameters
    ----------
    step : callable
        `step(i)` trains once, on batch `i % BATCHES`, or predicts for that batch. What it returns is ignored.
    parameters : callable
        `parameters()` gives copies of what all contenders are compared by: the present parameters in the order of
        `Problem.state_dict`, or of one that predicts the predictions for the first batch.
    steps : int, default=1
        How many steps one call of `step` makes: it then begins with batch 0 every time.
    """

    step: Callable[[int], object]
    parameters: Callable[[], list[Array]]
    steps: int = 1


OURS = ("autodiff", "nn", "optim")
REQUIRES = {
    "ours": OURS,
    "compiled_numpy": OURS,
    "compiled_numba": (*OURS, "llvmlite"),
    "many_numpy": OURS,
    "many_numba": (*OURS, "llvmlite"),
    "torch_eager": ("torch",),
    "torch_compile": ("torch",),
    "numpy_floor": ("numpy",),
    "jax_jit": ("jax",),
    "jax_scan": ("jax",),
    "onnx_runtime": ("onnx", "onnxruntime"),
    "hips_autograd": ("autograd",),
    "mygrad": ("mygrad",),
}
"""Module of this package, and what must be importable for it to run."""

PLAIN = ("numpy_floor", "hips_autograd", "mygrad")
"""Contenders written for layers and ReLU alone."""


def able(name: str, case: Case) -> bool:
    """Whether a contender can run a case."""
    return name not in PLAIN or not (case.norm or case.dropout)


def load(name: str, task: str) -> Callable[[Problem], Trainer]:
    """How a contender is set up.

    Parameters
    ----------
    name : str
        A key of `REQUIRES`.
    task : {"sgd", "adam", "inference", "value", "gradient"}
        To train; to predict; or to compute the loss, with or without its gradient, and to update nothing.

    Returns
    -------
    callable
        From a `Problem` to a `Trainer`.
    """
    module = import_module(f"benchmarks.contenders.{name}")
    if task in ("value", "gradient"):
        evaluate: Callable[[Problem, bool], Trainer] = module.evaluate
        return lambda problem: evaluate(problem, task == "gradient")
    if task == "inference":
        predict: Callable[[Problem], Trainer] = module.predict
        return predict
    setup: Callable[[Problem, str], Trainer] = module.setup
    return lambda problem: setup(problem, task)
