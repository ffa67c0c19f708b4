"""Which NumPy function a name means, how it is spelt, and which of them do what a public function does."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

__all__ = ["found", "names_of", "spoken"]


def found(name: str) -> Any:
    """The function ``np.<name>``; None where this NumPy does not have it."""
    at: Any = np
    for part in name.split("."):
        at = getattr(at, part, None)
    return at


def spoken(function: Any) -> str:
    """How a user writes it: ``np.linalg.inv``."""
    module = getattr(function, "__module__", None) or "numpy"
    name = getattr(function, "__name__", str(function))
    return ".".join(["np", *[part for part in module.split(".")[1:] if not part.startswith("_")], name])


#: NumPy functions, and the public functions that do the same under other names.
SAME = {
    "absolute": "abs absolute",
    "arccos": "acos arccos",
    "arccosh": "acosh arccosh",
    "arcsin": "asin arcsin",
    "arcsinh": "asinh arcsinh",
    "arctan": "atan arctan",
    "arctan2": "atan2 arctan2",
    "arctanh": "atanh arctanh",
    "around": "round",
    "array_equal": "equal",
    "array_split": "tensor_split",
    "atleast_1d": "atleast_1d",
    "broadcast_arrays": "broadcast_tensors",
    "clip": "clamp clip",
    "concatenate": "cat concat concatenate",
    "conjugate": "clone",
    "copy": "clone",
    "cumulative_sum": "cumsum",
    "divide": "div divide true_divide",
    "equal": "eq",
    "expand_dims": "unsqueeze",
    "full_like": "full_like",
    "greater": "gt greater",
    "greater_equal": "ge greater_equal",
    "i0": "i0 special.i0",
    "invert": "bitwise_not",
    "left_shift": "bitwise_left_shift",
    "less": "lt less",
    "less_equal": "le less_equal",
    "linalg.matrix_transpose": "adjoint",
    "max": "amax",
    "min": "amin",
    "moveaxis": "movedim moveaxis",
    "multiply": "mul multiply",
    "ndim": "ndim",
    "negative": "neg negative",
    "not_equal": "ne not_equal",
    "permute_dims": "permute",
    "power": "pow",
    "radians": "deg2rad",
    "degrees": "rad2deg",
    "ravel": "ravel flatten",
    "rint": "round",
    "repeat": "repeat_interleave",
    "right_shift": "bitwise_right_shift",
    "round": "round",
    "sign": "sign sgn",
    "size": "numel",
    "subtract": "sub subtract",
    "swapaxes": "swapaxes swapdims",
    "take_along_axis": "take_along_dim",
    "trapezoid": "trapezoid trapz",
    "transpose": "permute",
    "trunc": "trunc fix",
    "unstack": "unbind",
}
#: NumPy functions that mean something else than the public function of their name.
DIFFERENT = {
    *(
        "abs",
        "argmax",
        "choose",
        "corrcoef",
        "cov",
        "diag",
        "gradient",
        "median",
        "nanmedian",
        "select",
        "sort",
        "split",
    ),
    *("std", "unique", "var", "linalg.lstsq", "linalg.pinv", "linalg.matrix_rank", "linalg.cond"),
}


@cache
def _same() -> dict[str, list[str]]:
    """For each public function the NumPy functions that do the same."""
    from autodiff.protocols import LISTED

    names: dict[str, list[str]] = {}
    for function in LISTED:
        name = spoken(function).removeprefix("np.")
        publics = SAME.get(name, "" if name in DIFFERENT else name).split()
        for public in publics:
            names.setdefault(public, []).append(f"np.{name}")
    return names


def names_of(public: str) -> list[str]:
    """The NumPy functions that do on a Tensor what the public function of this name does, such as ``np.clip``."""
    return sorted(_same().get(public.removeprefix("Tensor."), []))
