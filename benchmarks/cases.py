"""The five standard training problems, as plain NumPy arrays that every contender receives alike."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

BATCHES = 8
"""How many batches each problem rotates through: step `i` trains on batch `i % BATCHES`."""

LEARNING_RATE = {"sgd": 0.01, "adam": 1e-4}
BETAS = (0.9, 0.999)
EPS = 1e-8


@dataclass(frozen=True)
class Case:
    """One network and batch size; ReLU between the layers, one logit or ten classes at the end.

    Parameters
    ----------
    name : str
        The letter it goes by.
    layers : tuple of int
        Widths from input to output; a last width of 1 means binary cross-entropy with logits, any other softmax
        cross-entropy.
    batch : int
        Rows in each batch.
    """

    name: str
    layers: tuple[int, ...]
    batch: int

    @property
    def binary(self) -> bool:
        """Whether the loss is binary cross-entropy with logits."""
        return self.layers[-1] == 1

    @property
    def label(self) -> str:
        """The case in words, for tables.

        Examples
        --------
        >>> CASES["A"].label
        'A 2-20-1@10'
        """
        return f"{self.name} {'-'.join(map(str, self.layers))}@{self.batch}"


CASES = {
    case.name: case
    for case in (
        Case("A", (2, 20, 1), 10),
        Case("B", (64, 64, 10), 32),
        Case("C", (784, 128, 10), 64),
        Case("D", (784, 512, 512, 10), 128),
        Case("E", (1024, 1024, 1024, 1024, 10), 512),
    )
}


@dataclass(frozen=True)
class Problem:
    """What a contender is given: equal weights and equal batches, made from the seed alone.

    Parameters
    ----------
    case : Case
    weights : list of ndarray of shape (fan_out, fan_in), float32
    biases : list of ndarray of shape (fan_out,), float32
    batches : list of (x, y)
        `x` of shape (batch, fan_in), float32; `y` of shape (batch, 1), float32 zeros and ones where the case is
        binary, else of shape (batch,), int64.
    """

    case: Case
    weights: list[Array]
    biases: list[Array]
    batches: list[tuple[Array, NDArray[np.generic]]]

    def state_dict(self) -> dict[str, Array]:
        """The weights under the names that a Sequential of Linear and ReLU gives them, in its order."""
        state: dict[str, Array] = {}
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            state[f"{2 * i}.weight"] = weight
            state[f"{2 * i}.bias"] = bias
        return state


def make_problem(case: Case, seed: int = 1) -> Problem:
    """Draw the weights and batches of a case.

    Parameters
    ----------
    case : Case
    seed : int, default=1

    Returns
    -------
    Problem

    Notes
    -----
    Weights and biases are uniform in ±1/sqrt(fan_in), as `Linear` starts. Labels are random, and the second half of
    the batches has the inputs of the first half with other labels: the network cannot learn them by heart, so
    thousands of timed steps end neither with a vanishing gradient nor with denormal numbers, which are slow. For
    the same reason the seed is one with which no unit of the smallest network is dead.

    Examples
    --------
    >>> problem = make_problem(CASES["A"])
    >>> [w.shape for w in problem.weights], problem.batches[0][0].shape
    ([(20, 2), (1, 20)], (10, 2))
    """
    rng = np.random.default_rng([seed, *case.layers, case.batch])
    weights, biases = [], []
    for fan_in, fan_out in pairwise(case.layers):
        bound = 1.0 / np.sqrt(fan_in)
        weights.append(rng.uniform(-bound, bound, (fan_out, fan_in)).astype(np.float32))
        biases.append(rng.uniform(-bound, bound, fan_out).astype(np.float32))
    inputs = [rng.standard_normal((case.batch, case.layers[0]), dtype=np.float32) for _ in range(BATCHES // 2)]
    batches: list[tuple[Array, NDArray[np.generic]]] = []
    for i in range(BATCHES):
        if case.binary:
            batches.append((inputs[i % len(inputs)].copy(), rng.integers(0, 2, (case.batch, 1)).astype(np.float32)))
        else:
            batches.append((inputs[i % len(inputs)].copy(), rng.integers(0, case.layers[-1], case.batch)))
    return Problem(case, weights, biases, batches)
