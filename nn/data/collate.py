"""How a list of samples becomes one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import autodiff as ad


def default_collate(batch: Sequence[Any]) -> Any:
    """Join samples into a batch, along a new first dimension.

    Parameters
    ----------
    batch : sequence of samples, all of one structure
        Tensors, arrays, numbers, strings, or tuples, lists and dictionaries of them.

    Returns
    -------
    Tensors and arrays are stacked into a Tensor of their dtype. Python floats become a float64 Tensor, integers an
    int64 one, booleans a bool one. Strings stay a list. Dictionaries and named tuples keep their type and are
    joined entry by entry; tuples and lists give a list.

    Raises
    ------
    TypeError
        For samples of any other type.
    ValueError
        For tuples, lists or dictionaries that differ in length or in keys.

    Examples
    --------
    >>> from nn.data import default_collate
    >>> default_collate([(1.0, "a"), (2.0, "b")])
    [tensor([1., 2.], dtype=float64), ['a', 'b']]
    """
    first = batch[0]
    if isinstance(first, ad.Tensor):
        return ad.stack(list(batch))
    if isinstance(first, np.ndarray | np.generic):
        return ad.from_numpy(np.stack(batch))
    if isinstance(first, bool | int | float):
        return ad.from_numpy(np.array(batch, dtype=np.float64 if isinstance(first, float) else type(first)))
    if isinstance(first, str | bytes):
        return list(batch)
    if isinstance(first, Mapping):
        if any(sample.keys() != first.keys() for sample in batch):
            raise ValueError(f"the samples of a batch differ in their keys; the first has {list(first)}")
        joined = {key: default_collate([sample[key] for sample in batch]) for key in first}
        return joined if type(first) is dict else type(first)(joined)  # type: ignore[call-arg]
    if isinstance(first, tuple | list):
        lengths = {len(sample) for sample in batch}
        if len(lengths) > 1:
            raise ValueError(f"the samples of a batch differ in length: {sorted(lengths)}")
        columns = [default_collate(column) for column in zip(*batch)]
        return type(first)(*columns) if hasattr(first, "_fields") else columns
    raise TypeError(
        f"samples of type {type(first).__name__} have no default way to be joined into a batch; "
        "return Tensors, arrays or numbers from the dataset, or give the DataLoader a collate_fn"
    )
