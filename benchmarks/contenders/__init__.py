"""The contenders: one module each, all offering `setup(problem, optimizer)`, which gives a `Trainer`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

from benchmarks.cases import Array, Problem


class Trainer(NamedTuple):
    """A network ready to train.

    Parameters
    ----------
    step : callable
        `step(i)` trains once, on batch `i % BATCHES`. What it returns is ignored.
    parameters : callable
        `parameters()` gives copies of the present weight and bias of each layer, in that order, as float32 arrays of
        shapes (fan_out, fan_in) and (fan_out,).
    """

    step: Callable[[int], object]
    parameters: Callable[[], list[Array]]


REQUIRES = {
    "ours": ("autodiff", "nn", "optim"),
    "torch_eager": ("torch",),
    "numpy_floor": ("numpy",),
    "jax_jit": ("jax",),
    "hips_autograd": ("autograd",),
    "mygrad": ("mygrad",),
}
"""Module of this package, and what must be importable for it to run."""

STANDARD = ("ours", "torch_eager", "numpy_floor")


def installed(name: str) -> bool:
    """Whether what the contender needs can be imported here."""
    return all(find_spec(module) is not None for module in REQUIRES[name])


def load(name: str) -> Callable[[Problem, str], Trainer]:
    """The `setup` function of a contender.

    Parameters
    ----------
    name : str
        A key of `REQUIRES`.

    Returns
    -------
    callable
        `setup(problem, optimizer)`, with `optimizer` "sgd" or "adam".
    """
    setup: Callable[[Problem, str], Trainer] = import_module(f"benchmarks.contenders.{name}").setup
    return setup
