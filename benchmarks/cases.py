"""The training problems, five standard ones and further shapes, as plain NumPy arrays that all receive alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

BATCHES = 8
"""How many batches each problem rotates through: step `i` trains on batch `i % BATCHES`."""

BETAS = (0.9, 0.999)
EPS = 1e-8
OPTIMIZERS = ("sgd", "adam")
LOSSES = {"bce": "BCEWithLogitsLoss", "ce": "CrossEntropyLoss", "mse": "MSELoss"}


@dataclass(frozen=True)
class Case:
    """One network and batch size; ReLU between the layers.

    Parameters
    ----------
    name : str
        What it goes by; a letter for the standard ones.
    layers : tuple of int
        Widths from input to output.
    batch : int
        Rows in each batch.
    loss : {"bce", "ce", "mse"}
        Binary cross-entropy with logits, softmax cross-entropy, or the mean of squared errors.
    dtype : str, default="float32"
    norm : bool, default=False
        Whether batch normalisation follows each hidden layer.
    dropout : float, default=0.0
        The part of the hidden units that is dropped, after each ReLU.
    gain : float, default=1.0
        Weights start uniform in ±gain/sqrt(fan_in). The 1 of `Linear` lets a deep network's signal die away.
    sgd_rate : float, default=0.01
    """

    name: str
    layers: tuple[int, ...]
    batch: int
    loss: str = "ce"
    dtype: str = "float32"
    norm: bool = False
    dropout: float = 0.0
    gain: float = 1.0
    sgd_rate: float = 0.01

    @property
    def label(self) -> str:
        """The case in words, for tables.

        Examples
        --------
        >>> CASES["A"].label, CASES["deep"].label
        ('A 2-20-1@10', 'deep 16x100-10@32')
        """
        runs = [(str(width), len(list(same))) for width, same in groupby(self.layers)]
        widths = [f"{width}x{n}" if n > 2 else "-".join([width] * n) for width, n in runs]
        return f"{self.name} {'-'.join(widths)}@{self.batch}"

    def rate(self, optimizer: str) -> float:
        """The learning rate."""
        return {"sgd": self.sgd_rate, "adam": 1e-4}[optimizer]

    def modules(self) -> list[tuple[str, tuple[Any, ...]]]:
        """The layers in order, each with the name and the arguments of its class in `nn` (ours and PyTorch's).

        Examples
        --------
        >>> CASES["A"].modules()
        [('Linear', (2, 20)), ('ReLU', ()), ('Linear', (20, 1))]
        """
        found: list[tuple[str, tuple[Any, ...]]] = []
        last = len(self.layers) - 2
        for i, (fan_in, fan_out) in enumerate(pairwise(self.layers)):
            if found:
                found += [("BatchNorm1d", (fan_in,))] if self.norm else []
                found += [("ReLU", ())]
                found += [("Dropout", (self.dropout,))] if self.dropout else []
            # No bias before a norm, which takes it away: its gradient is rounding errors, which Adam enlarges.
            found.append(("Linear", (fan_in, fan_out, False) if self.norm and i < last else (fan_in, fan_out)))
        return found


STANDARD = {
    case.name: case
    for case in (
        Case("A", (2, 20, 1), 10, "bce"),
        Case("B", (64, 64, 10), 32),
        Case("C", (784, 128, 10), 64),
        Case("D", (784, 512, 512, 10), 128),
        Case("E", (1024, 1024, 1024, 1024, 10), 512),
    )
}
FURTHER = {
    case.name: case
    for case in (
        Case("deep", (*[16] * 100, 10), 32, gain=6**0.5, sgd_rate=1e-4),
        Case("wide", (10, 4096, 10), 32),
        Case("regression", (8, 64, 64, 1), 64, "mse", dtype="float64"),
        Case("norm", (64, 128, 128, 10), 64, norm=True, dropout=0.2),
    )
}
ONE_ROW = {f"{name}1": replace(STANDARD[name], name=f"{name}1", batch=1) for name in "BCD"}
CASES = STANDARD | FURTHER | ONE_ROW


def scaled(axis: str, size: int) -> Case:
    """A case of one family that grows along an axis.

    Parameters
    ----------
    axis : {"depth", "width", "batch"}
    size : int
        How many layers of 16, how wide the two layers before the last one are, or how many rows.
    """
    name = f"{axis}={size}"
    if axis == "depth":
        return Case(name, (*[16] * size, 10), 32, gain=6**0.5, sgd_rate=1e-5)
    if axis == "width":
        return Case(name, (size, size, 10), 32)
    return Case(name, (64, 64, 10), size)


def find(name: str) -> Case:
    """The case of a name: of the tables, or of one that grows, as in "depth=100".

    Examples
    --------
    >>> find("A").batch, find("batch=30").batch
    (10, 30)
    """
    axis, is_scaled, size = name.partition("=")
    return scaled(axis, int(size)) if is_scaled else CASES[name]


@dataclass(frozen=True)
class Problem:
    """What a contender is given: equal weights and equal batches, made from the seed alone.

    Parameters
    ----------
    case : Case
    weights : list of ndarray of shape (fan_out, fan_in), of the case's dtype
    biases : list of ndarray of shape (fan_out,), of the case's dtype
    batches : list of (x, y)
        `x` of shape (batch, fan_in), of the case's dtype; `y` of shape (batch,), int64 class numbers, where the loss
        is "ce", else of shape (batch, fan_out), of the case's dtype.
    """

    case: Case
    weights: list[Array]
    biases: list[Array]
    batches: list[tuple[Array, NDArray[np.generic]]]

    def state_dict(self) -> dict[str, Array]:
        """The parameters under the names that a Sequential of `case.modules()` gives them, in its order."""
        state: dict[str, Array] = {}
        linear = iter(zip(self.weights, self.biases, strict=True))
        for i, (kind, arguments) in enumerate(self.case.modules()):
            if kind == "Linear":
                weight, bias = next(linear)
                state |= {f"{i}.weight": weight} | ({f"{i}.bias": bias} if False not in arguments else {})
            elif kind == "BatchNorm1d":
                state[f"{i}.weight"] = np.ones(arguments, self.case.dtype)
                state[f"{i}.bias"] = np.zeros(arguments, self.case.dtype)
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
    Weights and biases are uniform in ±gain/sqrt(fan_in). Labels are random, and the second half of the batches has
    the inputs of the first half with other labels: the network cannot learn them by heart, so thousands of timed
    steps end neither with a vanishing gradient nor with denormal numbers, which are slow. For the same reason the
    seed is one with which no unit of the smallest network is dead.

    Examples
    --------
    >>> problem = make_problem(CASES["A"])
    >>> [w.shape for w in problem.weights], problem.batches[0][0].shape
    ([(20, 2), (1, 20)], (10, 2))
    """
    rng = np.random.default_rng([seed, *case.layers, case.batch])
    weights, biases = [], []
    for fan_in, fan_out in pairwise(case.layers):
        bound = case.gain / np.sqrt(fan_in)
        weights.append(rng.uniform(-bound, bound, (fan_out, fan_in)).astype(case.dtype))
        biases.append(rng.uniform(-bound, bound, fan_out).astype(case.dtype))
    shape = (case.batch, case.layers[0])
    inputs = [rng.standard_normal(shape, dtype=np.dtype(case.dtype).type) for _ in range(BATCHES // 2)]
    batches: list[tuple[Array, NDArray[np.generic]]] = []
    for i in range(BATCHES):
        batches.append((inputs[i % len(inputs)].copy(), labels(case, rng)))
    return Problem(case, weights, biases, batches)


def labels(case: Case, rng: np.random.Generator) -> NDArray[np.generic]:
    """What one batch is to be trained to."""
    shape = (case.batch, case.layers[-1])
    if case.loss == "ce":
        return rng.integers(0, case.layers[-1], case.batch)
    if case.loss == "bce":
        return rng.integers(0, 2, shape).astype(case.dtype)
    return rng.standard_normal(shape).astype(case.dtype)
