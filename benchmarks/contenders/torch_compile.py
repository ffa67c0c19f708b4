"""PyTorch under `torch.compile`: forward, loss and backward compiled, the optimiser as it is, the way it is taught."""

from __future__ import annotations

import torch

from benchmarks.cases import Problem
from benchmarks.contenders import Trainer, torch_eager


def setup(problem: Problem, optimizer: str) -> Trainer:
    """Compile the loss of the eager contender; needs a C++ compiler."""
    return torch_eager.setup(problem, optimizer, torch.compile)
