"""The loop over batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

import autodiff as ad
from nn.data.collate import default_collate
from nn.data.dataset import Indices


class DataLoader:
    """Batches of a dataset, in order or shuffled anew in each epoch.

    Parameters
    ----------
    dataset : Dataset, or any object with ``__getitem__`` and ``__len__``
        A dataset with a method ``batch(indices)``, such as a `TensorDataset` or a `Subset` of one, is asked once for
        a whole batch; from any other, the samples are fetched one by one and joined.
    batch_size : int or None, default=1
        None gives single samples.
    shuffle : bool, default=False
        Draw a new random order each time a loop begins.
    sampler : iterable of int, default=None
        The indices in the order they shall come, instead of `shuffle`.
    batch_sampler : iterable of lists of int, default=None
        The indices of each batch, instead of `batch_size`, `shuffle`, `sampler` and `drop_last`.
    num_workers : int, default=0
        Accepted so that existing programs run; batches are always made in this process.
    collate_fn : callable, default=None
        Makes a batch of a list of samples. None is `default_collate`.
    pin_memory : bool, default=False
        Accepted so that existing programs run; it has no meaning on a CPU.
    drop_last : bool, default=False
        Leave out the last batch if it is not full.
    generator : Generator, default=None
        Where the random order comes from; None is the one that `ad.manual_seed` sets.

    Raises
    ------
    ValueError
        If the arguments contradict each other.

    Notes
    -----
    ``len(loader)`` is the number of batches. A batch of a `TensorDataset` is a list of Tensors.

    Examples
    --------
    >>> import autodiff as ad
    >>> from nn.data import DataLoader, TensorDataset
    >>> loader = DataLoader(TensorDataset(ad.arange(5)), batch_size=2)
    >>> for (x,) in loader:
    ...     print(x)
    tensor([0, 1])
    tensor([2, 3])
    tensor([4])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool = False,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Sequence[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        *,
        generator: ad.Generator | None = None,
    ) -> None:
        if not hasattr(dataset, "__len__") and sampler is None and batch_sampler is None:
            raise TypeError(f"DataLoader needs a dataset with a length; give {type(dataset).__name__} a __len__ method")
        if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
            raise ValueError("batch_sampler decides the batches: leave out batch_size, shuffle, sampler and drop_last")
        if sampler is not None and shuffle:
            raise ValueError("sampler decides the order: leave out shuffle=True, or the sampler")
        if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
            raise ValueError(f"batch_size must be a whole number of at least 1, or None; got {batch_size!r}")
        if batch_size is None and drop_last:
            raise ValueError("drop_last=True needs a batch_size")
        self.dataset = dataset
        self.batch_size = None if batch_sampler is not None else batch_size
        self.shuffle = shuffle
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.generator = generator

    def __len__(self) -> int:
        """Return the number of batches."""
        if self.batch_sampler is not None:
            return len(self.batch_sampler)  # type: ignore[arg-type]
        samples = len(self.dataset) if self.sampler is None else len(self.sampler)  # type: ignore[arg-type]
        if self.batch_size is None:
            return samples
        return samples // self.batch_size if self.drop_last else -(-samples // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        """Begin an epoch: draw the order, then make the batches one at a time."""
        if self.batch_sampler is not None:
            for indices in self.batch_sampler:
                yield self._batch(np.asarray(indices, dtype=np.int64))
            return
        order = self._order()
        size = self.batch_size
        if size is None:
            for index in order.tolist():
                sample = self.dataset[index]
                yield sample if self.collate_fn is None else self.collate_fn(sample)
            return
        stop = len(order) - len(order) % size if self.drop_last else len(order)
        for start in range(0, stop, size):
            yield self._batch(order[start : start + size])

    def _order(self) -> Indices:
        """The indices of this epoch."""
        if self.sampler is not None:
            return np.fromiter(self.sampler, dtype=np.int64)
        if self.shuffle:
            return ad.randperm(len(self.dataset), generator=self.generator).numpy()
        return np.arange(len(self.dataset))

    def _batch(self, indices: Indices) -> Any:
        """The samples at `indices`, joined: by the dataset at once where it can."""
        if self.collate_fn is None and hasattr(self.dataset, "batch"):
            return self.dataset.batch(indices)
        samples = [self.dataset[index] for index in indices.tolist()]
        return default_collate(samples) if self.collate_fn is None else self.collate_fn(samples)
