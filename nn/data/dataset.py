"""Datasets: samples by index, their subsets, and random splits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import numpy as np

import autodiff as ad
from nn.data.collate import default_collate

T_co = TypeVar("T_co", covariant=True)
Indices = np.ndarray[Any, np.dtype[np.int64]]


class Dataset(Generic[T_co]):
    """Samples by index: derive from it and write ``__getitem__`` and ``__len__``.

    A dataset that can fetch many samples at once faster than one by one also overrides `batch`.

    Examples
    --------
    >>> from nn.data import Dataset
    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, index):
    ...         return index, float(index) ** 2
    >>> Squares()[3]
    (3, 9.0)
    """

    def __getitem__(self, index: int) -> T_co:
        raise TypeError(f"{type(self).__name__} has no samples yet: give it a method __getitem__(self, index)")

    def batch(self, indices: Indices) -> Any:
        """Fetch the samples at `indices` as one batch; here, one by one and joined by `default_collate`.

        Parameters
        ----------
        indices : ndarray of shape (n,), int64
        """
        return default_collate([self[index] for index in indices.tolist()])


class TensorDataset(Dataset[tuple[ad.Tensor, ...]]):
    """Tensors of equal length; sample i is the tuple of their i-th rows.

    Parameters
    ----------
    *tensors : Tensor of shape (n, ...)

    Raises
    ------
    ValueError
        If there is none, or their lengths differ.

    Notes
    -----
    A batch is one indexing operation for each Tensor, and always a copy: writing into it leaves the dataset alone.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn.data import TensorDataset
    >>> data = TensorDataset(ad.tensor([[1.0], [2.0]]), ad.tensor([0, 1]))
    >>> data[1]
    (tensor([2.]), tensor(1))
    """

    tensors: tuple[ad.Tensor, ...]

    def __init__(self, *tensors: ad.Tensor) -> None:
        for tensor in tensors:
            if not isinstance(tensor, ad.Tensor):
                raise TypeError(
                    f"TensorDataset takes Tensors, got {type(tensor).__name__}; use ad.from_numpy or ad.tensor on it"
                )
        if not tensors or any(tensor.ndim == 0 or len(tensor) != len(tensors[0]) for tensor in tensors):
            shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors) or "none"
            raise ValueError(f"TensorDataset needs Tensors with the same number of rows; got shapes: {shapes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[ad.Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def batch(self, indices: Indices) -> list[ad.Tensor]:
        """Fetch the rows at `indices` of each Tensor.

        Parameters
        ----------
        indices : ndarray of shape (n,), int64
        """
        # Plain data takes NumPy's fast path; only a Tensor that wants a gradient has to be indexed on the tape.
        return [
            tensor[indices] if tensor.requires_grad else ad.from_numpy(tensor.numpy().take(indices, axis=0))
            for tensor in self.tensors
        ]


class Subset(Dataset[T_co]):
    """The samples of a dataset at some indices, in their order.

    Parameters
    ----------
    dataset : Dataset, or any object with ``__getitem__``
    indices : sequence of int
        Kept as an int64 array in `indices`.

    Examples
    --------
    >>> from nn.data import Subset
    >>> list(Subset("abcd", [3, 0]))
    ['d', 'a']
    """

    dataset: Any
    indices: Indices

    def __init__(self, dataset: Any, indices: Sequence[int] | Indices | ad.Tensor) -> None:
        self.dataset = dataset
        self.indices = np.asarray(indices.numpy() if isinstance(indices, ad.Tensor) else indices, dtype=np.int64)

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, int | np.integer):
            sample: T_co = self.dataset[int(self.indices[index])]
            return sample
        if isinstance(index, ad.Tensor):
            index = index.numpy()
        return self.batch(np.arange(len(self))[index])  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self.indices)

    def batch(self, indices: Indices) -> Any:
        """Fetch the samples at these positions of the subset as one batch.

        Parameters
        ----------
        indices : ndarray of shape (n,), int64
        """
        chosen = self.indices[indices]
        if hasattr(self.dataset, "batch"):
            return self.dataset.batch(chosen)
        return default_collate([self.dataset[index] for index in chosen.tolist()])


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: ad.Generator | None = None
) -> list[Subset[Any]]:
    """Split a dataset at random into parts that do not overlap.

    Parameters
    ----------
    dataset : Dataset, or any object with ``__getitem__`` and ``__len__``
    lengths : sequence of int or float
        The sizes of the parts, with the size of the dataset as their sum; or their fractions, with the sum 1.
        Fractions are rounded down, and the samples that remain go one each to the first parts.
    generator : Generator, default=None
        Where the random order comes from; None is the one that `ad.manual_seed` sets.

    Returns
    -------
    list of Subset

    Raises
    ------
    ValueError
        If the sizes do not add up.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn.data import random_split
    >>> parts = random_split(range(10), [0.8, 0.2], generator=ad.Generator().manual_seed(0))
    >>> [len(part) for part in parts]
    [8, 2]
    >>> sorted([*parts[0], *parts[1]])
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """
    sizes = _sizes(len(dataset), lengths)
    order = ad.randperm(len(dataset), generator=generator).numpy()
    ends = np.cumsum(sizes)
    return [Subset(dataset, order[end - size : end]) for size, end in zip(sizes, ends)]


def _sizes(total: int, lengths: Sequence[int | float]) -> list[int]:
    """Turn fractions into sizes, and check that the sizes make up the whole."""
    if min(lengths, default=0) < 0:
        raise ValueError(f"the lengths of a split cannot be negative: {list(lengths)}")
    if any(isinstance(length, float) for length in lengths):
        if not math.isclose(sum(lengths), 1.0):
            raise ValueError(f"fractions of a split must have the sum 1; {list(lengths)} have the sum {sum(lengths)}")
        sizes = [math.floor(total * fraction) for fraction in lengths]
        for i in range(total - sum(sizes)):
            sizes[i % len(sizes)] += 1
        return sizes
    if sum(lengths) != total:
        raise ValueError(
            f"the lengths {list(lengths)} have the sum {sum(lengths)}, but the dataset has {total} samples; "
            "make them add up, or give fractions with the sum 1"
        )
    return [int(length) for length in lengths]
