"""What an operation accepts as an operand, and how it says no."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import dtypes
from autodiff.errors import AutodiffError, DtypeError, GradientError, IndexingError, ShapeError
from autodiff.graph import Value, wrap

#: Types that pass as they are: Python numbers are weak (they never widen a dtype), None is an argument left out.
NUMBERS = frozenset({float, int, bool, type(None)})


def operand(x: Any, op_name: str) -> Any:
    """Return `x` as something a forward can compute with: a Value, an ndarray, a Python number or None."""
    if isinstance(x, Value) or type(x) in NUMBERS:
        return x
    if isinstance(x, np.generic):
        if x.dtype.kind == "c":
            dtypes.check(x.dtype)
        return x.item()
    if isinstance(x, np.ndarray):
        array = x.view(np.ndarray)
        return wrap(np.asarray(array, dtypes.check(array.dtype)))
    if isinstance(x, (bool, int, float)):  # subclasses, such as an IntEnum
        return x
    if isinstance(x, complex):
        dtypes.check(np.dtype(complex))
    kind = type(x).__name__
    hint = "; make a Tensor of it with ad.tensor(...)" if isinstance(x, (list, tuple)) else ""
    raise DtypeError(f"{SPOKEN.get(op_name, op_name)} works on Tensors, arrays and numbers, not on a {kind}{hint}")


#: What users call the primitives whose names are NumPy's, or ours.
SPOKEN = {"power_scalar": "pow", "power": "pow", "clip": "clamp", "negative": "neg", "multiply": "mul"}
_PRODUCTS = ("matmul", "linear", "contract")


def describe(arrays: list[Any]) -> str:
    """Name the shapes of some operands: ``(2, 3) and (4,)``."""
    shapes = [str(a.shape) for a in arrays if isinstance(a, np.ndarray)]
    return f"{', '.join(shapes[:-1])} and {shapes[-1]}" if len(shapes) > 1 else "".join(shapes)


def explain(op_name: str, arrays: list[Any], error: Exception) -> Exception:
    """Turn what NumPy raised inside a forward into an error that names the operation and the user's shapes."""
    if isinstance(error, AutodiffError):
        return error
    shapes = describe(arrays)
    text = str(error)
    if op_name in _PRODUCTS and isinstance(error, ValueError):
        rule = "the last size of the first must equal the second-to-last of the second (the only one of a vector)"
        if op_name == "linear":
            rule = "the last size of the input must equal the last size of the weight"
        return ShapeError(f"{op_name}: shapes {shapes} do not fit; {rule}")
    op_name = SPOKEN.get(op_name, op_name)
    if isinstance(error, IndexError):
        return IndexingError(f"{op_name} of a Tensor of shape {shapes}: {text}")
    if isinstance(error, np.exceptions.AxisError):
        return IndexingError(f"{op_name} of a Tensor of shape {shapes}: {text.replace('axis', 'dim')}")
    if isinstance(error, ValueError):
        if "broadcast" in text:
            text = "their sizes must be equal, or 1, from the last dimension backward"
            return ShapeError(f"{op_name}: shapes {shapes} do not broadcast; {text}")
        return ShapeError(f"{op_name} of shapes {shapes}: {text}" if shapes else f"{op_name}: {text}")
    return DtypeError(f"{op_name}: {text}")


def second_backward(op_name: str) -> GradientError:
    """The error for a graph whose saved values are gone."""
    return GradientError(
        f"backward reached {op_name} a second time, after the values it had saved were freed; "
        "pass retain_graph=True to the first backward(), or run the forward again"
    )
