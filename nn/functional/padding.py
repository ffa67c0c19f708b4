"""Padding: elements around those of a Tensor, constant or taken from inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff.errors import ShapeError
from autodiff.graph import wrap
from autodiff.ops.index import index_put
from autodiff.tensors import Tensor, as_tensor
from nn.errors import SettingError

__all__ = ["pad"]

#: What NumPy calls the ways of padding.
_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Put elements before and after those of the last dimensions.

    Parameters
    ----------
    input : Tensor
    pad : sequence of int
        How many: before and after in the last dimension, before and after in the one before it, and so on. Negative
        numbers cut elements off.
    mode : {"constant", "reflect", "replicate", "circular"}, default="constant"
        Whether they are `value`, mirror images without the edge, copies of the edge, or those of the other end.
    value : float, optional
        Of constant ones; by default 0.

    Returns
    -------
    Tensor of the dtype of `input`

    Raises
    ------
    ShapeError
        If `pad` is for more dimensions than there are, or there are too few elements to be mirrored or repeated.
    SettingError
        If there is no such mode, or a `value` is given for one that takes none.

    Notes
    -----
    The derivative of a copy goes to the element that was copied. PyTorch's modes other than "constant" are for some
    numbers of dimensions alone; these are for all.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> F.pad(ad.tensor([1.0, 2.0, 3.0]), (1, 2)).tolist()
    [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]
    >>> F.pad(ad.tensor([1.0, 2.0, 3.0]), (2, 0), mode="reflect").tolist()
    [3.0, 2.0, 1.0, 2.0, 3.0]
    """
    x = as_tensor(input)
    if mode not in _MODES:
        raise SettingError(f"mode must be one of {', '.join(map(repr, _MODES))}; got {mode!r}")
    if mode != "constant" and value:
        raise SettingError(f"mode {mode!r} takes no value")
    widths = _widths(x.shape, tuple(pad))
    if mode == "constant":
        return _framed(x, widths, 0 if value is None else value)
    for dim, ((before, after), n) in enumerate(zip(widths, x.shape)):
        if before or after:
            x = x[(*[slice(None)] * dim, _positions(n, before, after, mode))]
    return x.clone() if x is input else x


def _widths(shape: tuple[int, ...], pad: tuple[int, ...]) -> list[tuple[int, int]]:
    """How many elements come before and after, for each dimension."""
    if len(pad) % 2 or len(pad) > 2 * len(shape):
        raise ShapeError(f"pad has two numbers for each of the last dimensions; got {pad} for shape {tuple(shape)}")
    given = list(zip(pad[::2], pad[1::2]))[::-1]
    widths = [(0, 0)] * (len(shape) - len(given)) + given
    for n, (before, after) in zip(shape, widths):
        if n + before + after < 0 or -min(before, 0) - min(after, 0) > n:
            raise ShapeError(f"pad {pad} cuts off more elements than there are in shape {tuple(shape)}")
    return widths


def _framed(x: Tensor, widths: list[tuple[int, int]], value: float) -> Tensor:
    """X, or what is left of it, inside an array of one number."""
    shape = [n + before + after for n, (before, after) in zip(x.shape, widths)]
    if any(before < 0 or after < 0 for before, after in widths):
        x = x[tuple([slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(x.shape, widths)])]
    places = tuple([slice(max(before, 0), max(before, 0) + n) for n, (before, _) in zip(x.shape, widths)])
    frame = np.full(shape, value, x._array.dtype)
    return index_put(wrap(frame), x, key=places)  # type: ignore[no-any-return]


def _positions(n: int, before: int, after: int, mode: str) -> Any:
    """Which element stands at each place of one dimension."""
    places = np.arange(n)
    start, stop = max(-before, 0), max(-after, 0)
    if mode == "circular":  # what is cut off does not come back at the other end
        places, start, stop = places[start : n - stop], 0, 0
    most = {"reflect": n - 1, "replicate": max(before, after) if n else 0, "circular": places.size}[mode]
    if max(before, after) > most:
        raise ShapeError(
            f"mode {mode!r} can pad {n} elements by {max(most, 0)} at each end, not by {max(before, after)}"
        )
    places = np.pad(places, (max(before, 0), max(after, 0)), _MODES[mode])  # type: ignore[call-overload]
    return places[start : places.size - stop]
