"""Nested parameters as one vector, which is what SciPy and other optimisers work on."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import numpy as np

from autodiff.dtypes import default_dtype
from autodiff.errors import ShapeError
from autodiff.graph import Value, wrap
from autodiff.names.joining import cat
from autodiff.ops.elementwise import cast
from autodiff.transforms.calls import as_value, like
from autodiff.trees import flatten

__all__ = ["ravel"]


def ravel(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Lay the numbers of nested Tensors, arrays and floats out in one vector, and return the way back with it.

    Parameters
    ----------
    tree : dict, list, tuple, Tensor, array or float
        All of them floating.

    Returns
    -------
    flat : Tensor or ndarray of shape (n,)
        A Tensor if there is a Tensor in `tree`; of a dtype that holds all.
    unravel : callable
        Takes such a vector, and nests its numbers as they were in `tree`: with the same shapes and dtypes. Of a Tensor
        it makes Tensors, so that gradients flow; of an array it makes what stood in `tree`.

    Raises
    ------
    ShapeError
        If `unravel` is given a vector of another length.

    Examples
    --------
    >>> import autodiff as ad, numpy as np
    >>> flat, unravel = ad.func.ravel({"w": np.array([[1.0, 2.0]]), "b": 3.0})
    >>> flat
    array([1., 2., 3.])
    >>> unravel(flat * 2)
    {'w': array([[2., 4.]]), 'b': 6.0}
    """
    leaves, structure = flatten(tree)
    values = [as_value(x, path) for x, path in zip(leaves, structure.paths("the tree"))]
    shapes = [v._array.shape for v in values]
    dtypes = [v._array.dtype for v in values]
    ends = list(accumulate(v._array.size for v in values))
    dtype = max(dtypes, key=lambda d: d.itemsize, default=default_dtype())
    parts = [cast(v, dtype=dtype).reshape(-1) if v._array.dtype != dtype else v.reshape(-1) for v in values]
    flat = cat(parts) if parts else wrap(np.zeros(0, dtype))
    plain = not any(isinstance(x, Value) for x in leaves)

    def unravel(vector: Any) -> Any:
        whole: Any = vector if isinstance(vector, Value) else wrap(np.array(vector))
        if whole._array.shape != flat._array.shape:
            raise ShapeError(f"unravel takes a vector of shape {flat._array.shape}, not {whole._array.shape}")
        found = []
        for end, shape, kind, x in zip(ends, shapes, dtypes, leaves, strict=True):
            part = whole[end - int(np.prod(shape)) : end].reshape(shape)
            part = part if part._array.dtype == kind else cast(part, dtype=kind)
            found.append(part if isinstance(vector, Value) else like(x, part))
        return structure.build(found)

    return (flat._array if plain else flat), unravel
