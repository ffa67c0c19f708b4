"""`vmap`: a function of one example, mapped over a batch of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from autodiff.errors import AutodiffError, DtypeError, IndexingError, ShapeError
from autodiff.graph import Value
from autodiff.names.joining import stack
from autodiff.ops.shape import unstack
from autodiff.random import default_generator
from autodiff.transforms.calls import heard
from autodiff.trees import Structure, flatten

__all__ = ["vmap"]


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """Turn a function of one example into the function of a batch: call it for each example, and stack the results.

    Parameters
    ----------
    func : callable
        Returns Tensors, also nested.
    in_dims : int, None or nested tuple of them, default=0
        The dim of each argument to map over; None hands it over whole. Keyword arguments are handed over whole.
    out_dims : int, None or nested, default=0
        Where the new dim of each result goes; None for a result that is the same for all examples.
    randomness : {"error", "different", "same"}, default="error"
        What to do if `func` draws random numbers: raise, let each example draw its own, or the same ones.
    chunk_size : int, optional
        Taken for compatibility.

    Returns
    -------
    callable

    Raises
    ------
    ShapeError, IndexingError, DtypeError
        When called: if the dims do not fit the arguments or results, or there is no example at all.

    Notes
    -----
    It is a loop: as fast as one, and free of `torch.func.vmap`'s limits (``item()``, branches on values). Where speed
    matters, write operations on the whole batch.

    Examples
    --------
    >>> import autodiff as ad
    >>> x, y = ad.tensor([[1.0, 2.0], [3.0, 4.0]]), ad.tensor([[1.0, 1.0], [2.0, 2.0]])
    >>> ad.func.vmap(ad.dot)(x, y)
    tensor([ 3., 14.])
    """
    if randomness not in ("error", "different", "same"):
        raise AutodiffError(f"vmap: randomness is 'error', 'different' or 'same', not {randomness!r}")
    if chunk_size is not None and chunk_size <= 0:
        raise AutodiffError(f"vmap: chunk_size must be positive, not {chunk_size}")

    @wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        if not (in_dims is None or isinstance(in_dims, (int, tuple))):
            raise DtypeError(f"vmap: in_dims must be an integer or a tuple, not {in_dims!r}")
        leaves, structure = flatten(args)
        columns, n = _examples(leaves, structure, _spread(in_dims, structure, "in_dims"))
        state = default_generator.get_state() if randomness == "same" else default_generator.position()
        results = []
        for i in range(n):
            if randomness == "same":
                default_generator.set_state(state)
            given = heard(structure.build([column[i] for column in columns]))
            results.append(func(*given, **heard(kwargs)))
            if randomness == "error" and state != default_generator.position():
                raise AutodiffError(
                    "vmap: the function draws random numbers; pass randomness='different' or 'same', or draw outside"
                )
        return _joined(results, out_dims)

    return mapped


def _spread(dims: Any, structure: Structure, what: str) -> list[Any]:
    """One dim for each leaf, from dims that are nested as far as they differ."""
    if dims is None or type(dims) is int:
        return [dims] * structure.n
    given: dict[Any, Any] = {}
    if isinstance(structure.model, dict):
        given = dims if isinstance(dims, dict) else {}
    elif structure.model is not None and isinstance(dims, (tuple, list)) and len(dims) == len(structure.keys):
        given = dict(zip(structure.keys, dims))
    if structure.model is None or set(given) != set(structure.keys):
        raise ShapeError(f"vmap: {what} is {dims!r}, which is not nested as the values are")
    return [
        dim
        for key, inside in zip(structure.keys, structure.inside, strict=True)
        for dim in _spread(given[key], inside, f"{what}[{key!r}]")
    ]


def _examples(leaves: list[Any], structure: Structure, dims: list[Any]) -> tuple[list[Any], int]:
    """For each leaf what stands in its place for each example, and the number of examples."""
    sizes: dict[str, int] = {}
    for x, dim, path in zip(leaves, dims, structure.paths("args"), strict=True):
        if dim is None:
            continue
        if not isinstance(x, Value):
            raise DtypeError(f"vmap: {path} is a {type(x).__name__}; only Tensors have dims, give None in in_dims")
        ndim = x._array.ndim
        if not -ndim <= dim < ndim:
            raise IndexingError(f"vmap: {path} of shape {x._array.shape} has no dim {dim}")
        sizes[path] = x._array.shape[dim]
    if not sizes:
        raise ShapeError("vmap: there is nothing to map over; no argument is a Tensor with a dim in in_dims")
    if len(set(sizes.values())) > 1:
        spoken = ", ".join(f"{path}: {size}" for path, size in sizes.items())
        raise ShapeError(f"vmap: the dims mapped over have different sizes ({spoken})")
    n = next(iter(sizes.values()))
    if not n:
        raise ShapeError("vmap: the dim mapped over is empty, and without an example there is no result to stack")
    return [[x] * n if dim is None else unstack(x, axis=dim) for x, dim in zip(leaves, dims, strict=True)], n


def _joined(results: Sequence[Any], out_dims: Any) -> Any:
    """The results of all examples as one."""
    first, structure = flatten(results[0])
    rows = [first, *(structure.parts(r, "a later result", "the first result") for r in results[1:])]
    if results[0] is None:
        raise DtypeError("vmap: the function returned None; it must return Tensors")
    joined = []
    for column, dim in zip(zip(*rows), _spread(out_dims, structure, "out_dims"), strict=True):
        if not all(isinstance(x, Value) for x in column):
            raise DtypeError(f"vmap: the function returned a {type(column[0]).__name__}; it must return Tensors")
        if dim is None:
            if not all(np.array_equal(x._array, column[0]._array, equal_nan=True) for x in column):
                raise ShapeError("vmap: a result with None in out_dims is not the same for all examples")
            joined.append(column[0])
        else:
            joined.append(stack(column, dim))
    return structure.build(joined)
