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
from autodiff.heap import keep_freed_memory as _keep_freed_memory
from autodiff.modes import *
from autodiff.names import FAMILIES as _FAMILIES
from autodiff.names import deferred as _deferred
from autodiff.names import return_types
from autodiff.names.arithmetic import *
from autodiff.names.comparison import *
from autodiff.names.conversion import *
from autodiff.names.counting import *
from autodiff.names.creation import *
from autodiff.names.elementwise import *
from autodiff.names.extremes import *
from autodiff.names.facts import *
from autodiff.names.index import *
from autodiff.names.joining import *
from autodiff.names.linalg import *
from autodiff.names.moments import *
from autodiff.names.order import *
from autodiff.names.reduce import *
from autodiff.names.rounding import *
from autodiff.names.sampling import *
from autodiff.names.scans import *
from autodiff.names.shape import *
from autodiff.names.stacking import *
from autodiff.names.views import *
from autodiff.names.waves import *
from autodiff.printing import get_printoptions, set_printoptions
from autodiff.random import *
from autodiff.size import Size
from autodiff.tensors import Tensor, as_tensor, from_numpy, is_tensor, tensor

if _TYPE_CHECKING:
    from autodiff import func as func
    from autodiff import linalg, special
    from autodiff.checking import gradcheck, gradgradcheck
    from autodiff.compiler.calls import compile
    from autodiff.compiler.threads import get_num_threads, set_num_threads
    from autodiff.drawing import draw
    from autodiff.names.contraction import *
    from autodiff.names.decompositions import *
    from autodiff.names.matrices import *
    from autodiff.names.patches import *
    from autodiff.names.products import *
    from autodiff.names.scatter import *
    from autodiff.names.specials import *
    from autodiff.tracing import record

__version__ = "0.1.0"

# fmt: off
__all__ = [
    "AnomalyError", "AutodiffError", "DivisionError", "DtypeError", "Function", "Generator", "GradientError",
    "IndexingError", "LinAlgError", "MissingExtraError", "RecordingError", "SettingError", "ShapeError", "Size",
    "StaleValueError", "Tensor", "__version__", "as_tensor", "autograd", "bool", "compile", "cuda",
    "default_generator", "device", "double", "draw", "dtype", "e", "enable_grad", "float", "float16", "float32",
    "float64", "from_numpy", "get_default_dtype", "get_num_threads", "get_printoptions", "get_rng_state", "grad",
    "gradcheck", "gradgradcheck", "half", "inf", "inference_mode", "initial_seed", "int", "int16", "int32", "int64",
    "int8", "is_grad_enabled", "is_inference_mode_enabled", "is_tensor", "linalg", "long", "manual_seed", "nan",
    "no_grad", "pi", "record", "return_types", "seed", "set_default_dtype", "set_grad_enabled", "set_num_threads",
    "set_printoptions", "set_rng_state", "short", "special", "tensor", "uint8",
]
# fmt: on
__all__ += [_name for _family in _FAMILIES for _name in _family.__all__]
__all__ += _deferred.HOMES
__all__.sort()

_keep_freed_memory()

# Note [Floating-point warnings]
# log(0) is -inf and 0/0 is nan, in a Tensor as in PyTorch, without a word. NumPy would warn; setting np.errstate around
# every operation costs as much as a small operation does, and np.seterr would silence the user's own NumPy code as
# well. So the warnings that are raised by lines of this package, and no others, are filtered, once.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autodiff\.")

# What a training program does not need is imported when it is first asked for.
_ON_REQUEST = {
    "compile": "autodiff.compiler.calls",
    "draw": "autodiff.drawing",
    "func": "autodiff",
    "get_num_threads": "autodiff.compiler.threads",
    "gradcheck": "autodiff.checking",
    "gradgradcheck": "autodiff.checking",
    "linalg": "autodiff",
    "record": "autodiff.tracing",
    "set_num_threads": "autodiff.compiler.threads",
    "special": "autodiff",
}


def __getattr__(name: str) -> _Any:
    family = _deferred.HOMES.get(name)
    if family is not None:
        return globals().setdefault(name, getattr(_deferred.load(family), name))
    home = _ON_REQUEST.get(name)
    if home is None:
        raise AttributeError(f"module 'autodiff' has no attribute {name!r}")
    from importlib import import_module

    return import_module(f"{home}.{name}") if home == __name__ else getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_REQUEST, *_deferred.HOMES})
