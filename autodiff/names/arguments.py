"""What the families share: the forms in which PyTorch lets Tensors, dims, sizes and dtypes be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from autodiff.dtypes import as_dtype, scalar_dtype
from autodiff.errors import DtypeError, IndexingError
from autodiff.graph import Value, wrap
from autodiff.operands import leaving, operand
from autodiff.ops import elementwise as ew

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "DType",
    "Dims",
    "Operand",
    "as_value",
    "axes",
    "cast",
    "integer",
    "keeping",
    "one_dim",
    "reduced",
    "sizes",
    "spelled",
]

Operand: TypeAlias = "Tensor | float | np.ndarray[Any, Any]"
Dims: TypeAlias = "int | Sequence[int] | None"
DType: TypeAlias = Any


def as_value(x: Any, name: str) -> Any:
    """Return `x` as a Tensor, for the operation `name`: arrays and numbers are wrapped, anything else is refused."""
    if isinstance(x, Value):
        return x
    x = operand(x, name)
    if isinstance(x, Value):
        return x
    if x is None:
        raise DtypeError(f"{name} works on Tensors, arrays and numbers, not on None")
    return wrap(np.asarray(x, scalar_dtype(x)))


def cast(x: Any, dtype: DType) -> Any:
    """Return the Tensor `x` in another dtype, or itself where it has that already."""
    wanted = as_dtype(dtype)
    return x if x._array.dtype == wanted else ew.cast(x, dtype=wanted)


def integer(x: Any, what: str) -> int:
    """Return `x` as an int: a Python or NumPy integer, or a Tensor of one; True and False are none."""
    if type(x) is int:
        return x
    try:
        found = None if type(x) is bool else int(x.__index__())
    except (AttributeError, TypeError):
        found = None
    if found is None:
        raise DtypeError(f"{what} must be an integer, not {x!r}")
    return found


def one_dim(dim: Any, shape: tuple[int, ...], name: str) -> int:
    """Return `dim` counted from the front. A Tensor without dimensions takes 0 and -1, as in PyTorch."""
    if type(dim) is not int:
        dim = integer(dim, f"{name}: dim")
    n = len(shape) or 1
    if -n <= dim < n:
        return dim + n if dim < 0 else dim  # type: ignore[no-any-return]
    raise IndexingError(
        f"{name}: dim {dim} is out of range for a Tensor of shape {tuple(shape)}; it may be {-n} to {n - 1}"
    )


def axes(dim: Any, shape: tuple[int, ...], name: str) -> int | tuple[int, ...] | None:
    """Return the dims of a reduction as NumPy takes them: PyTorch's empty sequence means all of them."""
    if dim is None or (not shape and (type(dim) is int or not dim)):
        if dim is not None and type(dim) is int:
            one_dim(dim, shape, name)
        return None
    if isinstance(dim, (tuple, list)):
        if not dim:
            return None
        found = [one_dim(d, shape, name) for d in dim]
        for i, d in enumerate(found):
            if d in found[:i]:
                raise IndexingError(f"{name}: dim {d} is given twice in {tuple(dim)}")
        return tuple(found) if shape else None
    return one_dim(dim, shape, name)


def reduced(input: Any, name: str, dim: Any, axis: Any, dtype: Any = None) -> tuple[Any, Any]:
    """Return the Tensor to reduce, in `dtype`, and the dims to reduce over, given as `dim` or as NumPy's `axis`."""
    x = as_value(input, name)
    if dtype is not None:
        x = cast(x, dtype)
    if axis is not None:
        if dim is not None:
            raise DtypeError(f"{name}: dim and axis are two names for the same; give one of them")
        dim = axis
    return x, axes(dim, x._array.shape, name)


def keeping(keepdim: Any, keepdims: Any, name: str) -> bool:
    """Whether a reduction keeps its dims; ``x.sum(0, 1)``, where the 1 was meant as a dim, is refused."""
    keep = keepdim if keepdims is None else keepdims
    if type(keep) is bool or isinstance(keep, np.bool_):
        return bool(keep)
    raise DtypeError(f"{name}: keepdim must be True or False, not {keep!r}; several dims are given as a tuple: (0, 1)")


def spelled(given: tuple[Any, ...], named: dict[str, Any], word: str, name: str) -> tuple[Any, ...]:
    """What a method takes one by one, as one sequence, or by its keyword `word`; other keywords are refused."""
    if not named:
        return given
    if given or set(named) != {word}:
        wrong = next((key for key in named if key != word), word)
        raise DtypeError(f"{name}() got an unexpected keyword argument {wrong!r}")
    return (named[word],)


def sizes(given: Any, name: str) -> tuple[int, ...]:
    """Return sizes given one by one or as one sequence: ``(2, 3)`` and ``((2, 3),)`` are both (2, 3)."""
    if len(given) == 1 and type(given[0]) is not int and isinstance(given[0], (Sequence, Value)):
        given = leaving(given[0], f"{name} by a Tensor")._array.tolist() if isinstance(given[0], Value) else given[0]
        if isinstance(given, int):  # from a Tensor without dimensions
            given = (given,)
    for n in given:
        if type(n) is not int:
            return tuple([integer(n, f"{name}: a size") for n in given])
    return tuple(given)
