"""How a Tensor is printed."""

from __future__ import annotations

from typing import Any

import numpy as np


def render(t: Any) -> str:
    """The text of ``repr(t)``."""
    return f"tensor({np.array2string(t._array, separator=', ')})"
