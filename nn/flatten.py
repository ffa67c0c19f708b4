"""Flatten and Unflatten: layers that only change the shape."""

from __future__ import annotations

from math import prod
from typing import Any

from autodiff.errors import IndexingError, ShapeError
from autodiff.ops.shape import reshape
from autodiff.tensors import Tensor, as_tensor
from nn.errors import SetupError
from nn.module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Join the dimensions from `start_dim` to `end_dim` into one; by default all but that of the batch.

    Parameters
    ----------
    start_dim : int, default=1
    end_dim : int, default=-1

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Flatten()(ad.zeros(32, 1, 8, 8)).shape
    Size([32, 64])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Any) -> Tensor:
        input = as_tensor(input)
        shape = input._array.shape
        n = max(len(shape), 1)
        if not (-n <= self.start_dim < n and -n <= self.end_dim < n):
            raise IndexingError(f"{self!r} got an input of shape {shape}, which has no such dimensions")
        start, end = self.start_dim % n, self.end_dim % n
        if start > end:
            raise ShapeError(f"{self!r} got an input of shape {shape}, where start_dim comes after end_dim")
        joined = (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])
        return reshape(input, shape=joined)  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Take one dimension apart into several.

    Parameters
    ----------
    dim : int
    unflattened_size : tuple of int
        Their sizes; one of them may be -1, and is worked out.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> nn.Unflatten(1, (1, 8, 8))(ad.zeros(32, 64)).shape
    Size([32, 1, 8, 8])
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        if not isinstance(dim, int) or not all(isinstance(size, int) for size in unflattened_size):
            raise SetupError(f"Unflatten takes a dim and a tuple of sizes; got {dim!r} and {unflattened_size!r}")
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Any) -> Tensor:
        input = as_tensor(input)
        shape = input._array.shape
        n = len(shape)
        if not -n <= self.dim < n:
            raise IndexingError(f"{self!r} got an input of shape {shape}, which has no such dimension")
        at, sizes = self.dim % n, tuple(self.unflattened_size)
        known = prod(size for size in sizes if size != -1)
        fits = known == shape[at] if -1 not in sizes else sizes.count(-1) == 1 and known and shape[at] % known == 0
        if not fits:
            raise ShapeError(f"{self!r}: dimension {at} of an input of shape {shape} cannot become {sizes}")
        sizes = tuple(shape[at] // known if size == -1 else size for size in sizes)
        return reshape(input, shape=(*shape[:at], *sizes, *shape[at + 1 :]))  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
