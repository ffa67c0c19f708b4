"""NumPy's functions on Tensors: ``np.sin(t)``, ``np.sum(t, axis=0)``, ``np.linalg.inv(t)``.

They mean what they mean in NumPy, are recorded, and can be differentiated: each is built on primitives, which have
NumPy's semantics, and not on the functions with PyTorch's names, whose `split`, `max` or `std` mean something else.
Results are Tensors, of the dtypes Tensors have (float32 stays float32, integers become the default float). Functions
without derivative return Tensors without grad; those that tell facts (`np.shape`, `np.allclose`) what NumPy returns.
A function that is not listed raises, by name.

This package is imported by the first call that needs it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff.errors import DtypeError
from autodiff.graph import Value
from autodiff.operands import explain
from autodiff.protocols import products, reductions, selection, shapes, statistics
from autodiff.protocols.arguments import value
from autodiff.protocols.naming import found, names_of, spoken
from autodiff.protocols.ufuncs import ACCUMULATE, REDUCE, UFUNCS, outer

__all__ = ["LISTED", "apply_function", "apply_ufunc", "names_of"]

#: What each NumPy function is on Tensors; ufuncs stand here too.
LISTED: dict[Any, Callable[..., Any]] = dict(UFUNCS)
for _family in (products, reductions, selection, shapes, statistics):
    for _name, _adapter in _family.TABLE.items():
        if (_function := found(_name)) is not None:
            LISTED[_function] = _adapter


def apply_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `Tensor.__array_ufunc__` does."""
    op = UFUNCS.get(ufunc)
    if op is not None and method == "__call__" and not kwargs:
        for x in inputs:
            if type(x) is list or type(x) is tuple:
                inputs = tuple([value(x, like=inputs) if isinstance(x, (list, tuple)) else x for x in inputs])
        return op(*inputs)
    if any(out is not None for out in kwargs.pop("out", ())):
        raise _no_out(f"np.{ufunc.__name__}")
    name = f"np.{ufunc.__name__}" if method == "__call__" else f"np.{ufunc.__name__}.{method}"
    if method == "__call__" and op is not None:
        return _called(ufunc, op, name, inputs, kwargs)
    if method == "outer" and op is not None and ufunc.nin == 2 and ufunc.signature is None and not kwargs:
        return outer(op, *inputs)
    op = {"reduce": REDUCE, "accumulate": ACCUMULATE}.get(method, {}).get(ufunc)
    if op is None:
        raise _unlisted(name)
    return op(*inputs, **_known(name, op, kwargs, {"initial": np._NoValue, "where": True}))


def _called(ufunc: Any, op: Any, name: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A ufunc with options: the axis of those that have one; none of the others but as they are by default."""
    defaults = {"where": True, "casting": "same_kind", "order": "K", "subok": True, "dtype": None}
    takes = getattr(op, "__code__", None)
    known = _known(name, op, kwargs, defaults) if takes is not None else _known(name, None, kwargs, defaults)
    return op(*[value(x, like=inputs) if isinstance(x, (list, tuple)) else x for x in inputs], **known)


def apply_function(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `Tensor.__array_function__` does."""
    adapter = LISTED.get(function)
    if adapter is None:
        raise _unlisted(spoken(function))
    code = adapter.__code__
    if len(args) > code.co_argcount and not code.co_flags & inspect.CO_VARARGS:
        kwargs = dict(inspect.signature(function).bind(*args, **kwargs).arguments)
        args = ()
    if kwargs:
        kwargs = _known(spoken(function), adapter, kwargs, _Defaults(function))
    try:
        return adapter(*args, **kwargs)
    except (ValueError, IndexError, ZeroDivisionError, TypeError) as error:
        arrays = [x._array for x in args if isinstance(x, Value)]
        raise explain(spoken(function), arrays, error) from None


class _Defaults:
    """The defaults of a NumPy function, looked up when asked for."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def get(self, name: str) -> Any:
        try:
            return inspect.signature(self.function).parameters[name].default
        except (ValueError, KeyError):
            return None


def _known(name: str, adapter: Any, kwargs: dict[str, Any], defaults: Any) -> dict[str, Any]:
    """The options that the adapter takes; others may only be given as they are by default."""
    code = getattr(adapter, "__code__", None)
    takes = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
    known = {}
    for key, given in kwargs.items():
        if key in takes:
            known[key] = given
        elif given is None or given is np._NoValue:
            continue
        elif key == "out":
            raise _no_out(name)
        else:
            default = defaults.get(key)
            if given is not default and not (type(given) is type(default) and given == default):
                raise DtypeError(
                    f"{name} of a Tensor does not take {key}=; leave it out, or do it in a step of its own"
                )
    return known


def _no_out(name: str) -> DtypeError:
    return DtypeError(
        f"{name} cannot write a result that has a gradient into an array or a Tensor given as out= (which is what "
        "array += tensor does); leave out= away, and write array = array + tensor"
    )


def _unlisted(name: str) -> DtypeError:
    return DtypeError(
        f"{name} is not an operation on Tensors here; for its value without a gradient, give it t.detach().numpy()"
    )
