"""autodiff: reverse-mode automatic differentiation on NumPy, with PyTorch's names.

A `Tensor` records how it was computed; `Tensor.backward` and `grad` walk the record backward.
"""
# ruff: noqa: F403, F405 (each family of functions lists in its own __all__ what it offers)

from __future__ import annotations

import warnings as _warnings
from math import e, inf, nan, pi
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from numpy import dtype

from autodiff import autograd
from autodiff.devices import cuda, device
from autodiff.dtypes import (
    bool,
    double,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
)
from autodiff.errors import *
from autodiff.function import Function
from autodiff.gradients import grad
from autodiff.modes import *
from autodiff.names import return_types
from autodiff.names.arithmetic import *
from autodiff.names.comparison import *
from autodiff.names.conversion import *
from autodiff.names.creation import *
from autodiff.names.elementwise import *
from autodiff.names.extremes import *
from autodiff.names.facts import *
from autodiff.names.index import *
from autodiff.names.joining import *
from autodiff.names.linalg import *
from autodiff.names.reduce import *
from autodiff.names.sampling import *
from autodiff.names.shape import *
from autodiff.printing import get_printoptions, set_printoptions
from autodiff.random import *
from autodiff.size import Size
from autodiff.tensors import Tensor, as_tensor, from_numpy, is_tensor, tensor

if _TYPE_CHECKING:
    from autodiff.checking import gradcheck, gradgradcheck
    from autodiff.drawing import draw
    from autodiff.tracing import record

__version__ = "0.1.0"

# fmt: off
__all__ = [
    "AutodiffError", "DivisionError", "DtypeError", "Function", "Generator", "GradientError",
    "IndexingError", "MissingExtraError",
    "ShapeError", "Size", "StaleValueError", "Tensor", "__version__", "abs", "absolute", "add", "all", "allclose",
    "amax", "amin", "any", "arange", "argmax", "argmin", "argwhere", "as_tensor", "autograd", "bernoulli", "bmm",
    "bool", "broadcast_to", "cat", "chunk", "clamp", "clamp_max", "clamp_min", "clip", "clone", "concat",
    "concatenate", "cos", "cuda", "default_generator", "device", "div", "divide", "dot", "double", "draw", "dtype",
    "e", "empty", "empty_like", "enable_grad", "eq", "equal", "exp", "eye", "flatten", "float", "float16",
    "float32", "float64", "floor_divide", "from_numpy", "full", "full_like", "gather", "ge", "get_default_dtype",
    "get_printoptions", "get_rng_state", "grad", "gradcheck", "gradgradcheck", "greater", "greater_equal", "gt",
    "half", "index_select", "inf", "inference_mode", "initial_seed", "int", "int16", "int32",
    "int64", "int8", "is_complex", "is_floating_point", "is_grad_enabled", "is_inference_mode_enabled",
    "is_nonzero", "is_tensor", "isclose", "isfinite", "isinf", "isnan", "le", "less", "less_equal", "linspace",
    "log", "log1p", "log_softmax", "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp", "long",
    "lt", "manual_seed", "masked_fill", "masked_select", "matmul", "max", "maximum", "mean", "min", "minimum",
    "mm", "moveaxis", "movedim", "mul", "multiply", "mv", "nan", "narrow", "ne", "neg", "negative", "no_grad",
    "nonzero", "normal", "not_equal", "numel", "ones", "ones_like", "outer", "permute", "pi", "positive", "pow",
    "prod", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "ravel",
    "reciprocal", "record", "relu", "remainder", "reshape", "return_types", "rsqrt", "seed", "select",
    "set_default_dtype", "set_grad_enabled", "set_printoptions", "set_rng_state", "short", "sigmoid", "sign",
    "sin", "softmax", "split", "sqrt", "square", "squeeze", "stack", "std", "sub", "subtract", "sum", "swapaxes",
    "swapdims", "t", "take_along_dim", "tanh", "tensor", "transpose", "true_divide", "uint8", "unbind",
    "unflatten", "unsqueeze", "var", "where", "zeros", "zeros_like",
]
# fmt: on

# Note [Floating-point warnings]
# log(0) is -inf and 0/0 is nan, in a Tensor as in PyTorch, without a word. NumPy would warn; setting np.errstate around
# every operation costs as much as a small operation does, and np.seterr would silence the user's own NumPy code as
# well. So the warnings that are raised by lines of this package, and no others, are filtered, once.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autodiff\.")

# What a training program does not need is imported when it is first asked for.
_ON_REQUEST = {
    "draw": "autodiff.drawing",
    "gradcheck": "autodiff.checking",
    "gradgradcheck": "autodiff.checking",
    "record": "autodiff.tracing",
}


def __getattr__(name: str) -> _Any:
    home = _ON_REQUEST.get(name)
    if home is None:
        raise AttributeError(f"module 'autodiff' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_REQUEST})
