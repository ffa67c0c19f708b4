"""Data for training: datasets, batches, and two sets of real handwritten digits."""

from nn.data.bundled import digits
from nn.data.collate import default_collate
from nn.data.dataset import Dataset, Subset, TensorDataset, random_split
from nn.data.idx import mnist
from nn.data.loader import DataLoader

__all__ = [
    "DataLoader",
    "Dataset",
    "Subset",
    "TensorDataset",
    "default_collate",
    "digits",
    "mnist",
    "random_split",
]
