"""What stands between brackets, ``x[...]``, in the terms of the primitive `index`: a static key and index arrays."""

from __future__ import annotations

from operator import index as as_int
from typing import Any

import numpy as np

from autodiff.errors import IndexingError
from autodiff.graph import Value, modes, wrap
from autodiff.ops.index import ARRAY

__all__ = ["Key", "split_key", "target_ndim"]

Key = tuple[Any, ...]
_ALL = slice(None)


def split_key(key: Any, shape: tuple[int, ...]) -> tuple[Key | None, Key, tuple[Any, ...]]:
    """Split an index into a key to apply first (or None), then the static key and the index arrays of `index`.

    PyTorch takes an integer out of its dim before it looks at index arrays, so that ``x[0, :, rows]`` has its dims in
    place; NumPy broadcasts it with the arrays and puts their dims first. Where that makes a difference there are two
    steps.
    """
    static: list[Any] = []
    arrays: list[Any] = []
    numbers = False
    for k in key if isinstance(key, tuple) else (key,):
        if k is None or k is Ellipsis:
            static.append(k)
        elif isinstance(k, slice):
            static.append(_whole_numbers(k))
        elif type(k) is int:
            static.append(k)
            numbers = True
        else:
            k = _array(k)
            if isinstance(k, int):
                static.append(k)
                numbers = True
            else:
                static.append(ARRAY)
                arrays.append(k)
    if modes.recorder is not None and arrays:
        static, arrays, numbers = _positions(static, arrays, numbers)
    if arrays and (Ellipsis in static or any(not a._array.size for a in arrays)):
        static = _spelled_out(static, arrays, shape)
    if modes.recorder is not None and len(arrays) == 1 and _is_position(arrays[0]):
        at = static.index(ARRAY)
        if any(k is not ARRAY and k != _ALL for k in static):  # all else first: one position along one dim has a form
            before = (_ALL,) * sum(type(k) is not int for k in static[:at])
            return tuple([_ALL if k is ARRAY else k for k in static]), (*before, ARRAY), tuple(arrays)
    if numbers and arrays:
        advanced = [i for i, k in enumerate(static) if k is ARRAY or type(k) is int]
        if advanced[-1] - advanced[0] >= len(advanced):
            return *_apart(static, arrays), tuple(arrays)
    return None, tuple(static), tuple(arrays)


def _is_position(a: Any) -> bool:
    return not a._array.ndim and a._array.dtype.kind != "b"


def _positions(static: list[Any], arrays: list[Any], numbers: bool) -> tuple[list[Any], list[Any], bool]:
    """Positions that are Tensors: index arrays without dims, if those are all there are; else numbers for good."""
    single = [_is_position(a) for a in arrays]
    if all(single):
        # Beside positions all dims stay where they are, so that numbers may be index arrays as well.
        return static, arrays, False
    if not any(single):
        return static, arrays, numbers
    rest = iter(zip(arrays, single))
    found: list[Any] = []
    left: list[Any] = []
    for k in static:
        if k is ARRAY:
            a, is_position = next(rest)
            if is_position:
                k = as_int(a)
            else:
                left.append(a)
        found.append(k)
    return found, left, True


def _spelled_out(static: list[Any], arrays: list[Any], shape: tuple[int, ...]) -> list[Any]:
    """The key with slices for its ``...``: NumPy takes index arrays on both sides of one that stands for nothing apart.

    NumPy also takes a mask without elements for any dims.
    """
    out: list[Any] = []
    rest = iter(arrays)
    taken = sum([k is not None and k is not Ellipsis for k in static]) - len(arrays)
    taken += sum([a._array.ndim if a._array.dtype == bool else 1 for a in arrays])
    dim = 0
    for k in static:
        width = 1
        if k is None:
            width = 0
        elif k is Ellipsis:
            if static.count(Ellipsis) > 1:
                return static  # which is refused
            width = max(len(shape) - taken, 0)
            out += [_ALL] * width
        elif k is ARRAY:
            mask = next(rest)._array
            if mask.dtype == bool:
                width = mask.ndim
                if not mask.size and mask.shape != shape[dim : dim + width]:
                    raise IndexingError(
                        f"index of a Tensor of shape {shape}: a mask of shape {mask.shape} must have the sizes of the "
                        f"dims that it stands for, {shape[dim : dim + width]}"
                    )
        if k is not Ellipsis:
            out.append(k)
        dim += width
    return out


def _array(k: Any) -> Any:
    """One entry that is no slice: an int, or a Tensor of integers or booleans."""
    if isinstance(k, Value):
        array = k._array
    else:
        try:
            array = np.array(k)  # a copy, since backward needs it as it is now
        except ValueError:
            array = np.array(None)
        if not array.size and array.dtype.kind == "f" and not isinstance(k, np.ndarray):
            array = array.astype(np.int64)  # an empty list
        k = wrap(array)
    if array.dtype == np.uint8:
        raise IndexingError(
            "an index of dtype uint8 is a mask in PyTorch and positions in NumPy; say which with .bool() or .long()"
        )
    if array.dtype.kind not in "iub":
        kind = "such a list" if array.dtype.kind == "O" else array.dtype
        raise IndexingError(f"an index must be made of integers, booleans, slices, None or ..., not of {kind}")
    # A Tensor that a recorder hears stays one, since another call may give another position.
    number = not array.ndim and array.dtype.kind != "b" and not (isinstance(k, Value) and modes.recorder is not None)
    return int(array) if number else k


def _whole_numbers(k: slice) -> slice:
    """A slice whose bounds are Python integers: they may have been Tensors."""
    parts = (k.start, k.stop, k.step)
    for p in parts:
        if p is not None and type(p) is not int:
            try:
                return slice(*[None if p is None else as_int(p) for p in parts])
            except TypeError:
                raise IndexingError(f"the bounds of a slice must be integers, and not {k}") from None
    return k


def _apart(static: list[Any], arrays: list[Any]) -> tuple[Key, Key]:
    first: list[Any] = []
    then: list[Any] = []
    rest = iter(arrays)
    for k in static:
        if type(k) is int:
            first.append(k)
        else:
            then.append(k)
            if k is ARRAY:
                array = next(rest)._array
                first += [_ALL] * (array.ndim if array.dtype == bool else 1)
            elif k is not None:
                first.append(k if k is Ellipsis else _ALL)
    return tuple(first), tuple(then)


def target_ndim(ndim: int, key: Key, arrays: tuple[Any, ...]) -> int:
    """How many dims ``x[key]`` has, for an x of `ndim` dims."""
    shared = 0
    rest = iter(arrays)
    for k in key:
        if k is None:
            ndim += 1
        elif type(k) is int:
            ndim -= 1
        elif k is ARRAY:
            array = next(rest)
            mask = array.dtype == bool
            ndim -= array.ndim if mask else 1
            shared = max(shared, 1 if mask else array.ndim)
    return ndim + shared
