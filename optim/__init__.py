"""optim: optimizers with PyTorch's names: SGD, Adam, AdamW, and the base for rules of one's own."""

from optim import lr_scheduler
from optim.adam import Adam
from optim.adamw import AdamW
from optim.optimizer import Optimizer
from optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]
