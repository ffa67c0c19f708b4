"""autodiff: reverse-mode automatic differentiation on NumPy.

A `Tensor` records how it was computed; `Tensor.backward` and `grad` walk the record backward.
"""

from __future__ import annotations

import warnings as _warnings

from autodiff import dtypes as _dtypes
from autodiff import ops as _ops
from autodiff.device import cuda, device
from autodiff.dtypes import *  # noqa: F403
from autodiff.gradients import grad
from autodiff.modes import *  # noqa: F403
from autodiff.names import *  # noqa: F403
from autodiff.size import Size
from autodiff.tensor import Tensor, as_tensor, from_numpy, is_tensor, tensor

# Note [Floating-point warnings]
# log(0) is -inf and 0/0 is nan, in a Tensor as in PyTorch, without a word. NumPy would warn; setting np.errstate around
# every operation costs as much as a small operation does, and np.seterr would silence the user's own NumPy code as
# well. So the warnings that are raised by lines of this package, and no others, are filtered, once.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autodiff\.")
