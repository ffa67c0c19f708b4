"""The PyTorch-named functions, one family a file, and which of them are methods of Tensor too.

A family lists its public functions in ``__all__`` and in METHODS those that serve as methods under the same name: they
take the Tensor first. `conversion`, `facts`, `variadic` and `writing` hold methods mostly.
"""

from __future__ import annotations

from autodiff.methods import Methods
from autodiff.names import (
    arithmetic,
    comparison,
    conversion,
    creation,
    elementwise,
    extremes,
    facts,
    index,
    joining,
    linalg,
    reduce,
    return_types,
    sampling,
    shape,
    variadic,
    writing,
)

__all__ = ["FAMILIES", "return_types"]

#: Where the public functions are found.
FAMILIES = (
    arithmetic,
    comparison,
    conversion,
    creation,
    elementwise,
    extremes,
    facts,
    index,
    joining,
    linalg,
    reduce,
    sampling,
    shape,
)

for _family in (*FAMILIES, variadic, writing):
    for _name in _family.METHODS:
        setattr(Methods, _name, getattr(_family, _name))
