"""The PyTorch-named functions, one family a file, and which of them are methods of Tensor too.

A family lists its public functions in ``__all__``, in METHODS those that serve as methods under the same name (they
take the Tensor first), and in IN_PLACE those whose method with an underscore writes into its Tensor. `conversion`,
`facts`, `variadic` and `writing` hold methods mostly. Families that few programs need are imported when one of their
names is first asked for (`deferred`).
"""

from __future__ import annotations

from types import ModuleType

from autodiff.names import (
    arithmetic,
    comparison,
    conversion,
    counting,
    creation,
    deferred,
    elementwise,
    extremes,
    facts,
    index,
    joining,
    linalg,
    moments,
    order,
    reduce,
    return_types,
    rounding,
    sampling,
    scans,
    shape,
    stacking,
    variadic,
    views,
    waves,
    writing,
)

__all__ = ["FAMILIES", "families", "return_types"]

#: Where the public functions are found that every program gets.
FAMILIES = (
    arithmetic,
    comparison,
    conversion,
    counting,
    creation,
    elementwise,
    extremes,
    facts,
    index,
    joining,
    linalg,
    moments,
    order,
    reduce,
    rounding,
    sampling,
    scans,
    shape,
    stacking,
    views,
    waves,
)

for _family in (*FAMILIES, variadic, writing):
    deferred.attach(_family)


def families() -> tuple[ModuleType, ...]:
    """Every family, imported."""
    return (*FAMILIES, *[deferred.load(name) for name in deferred.FUNCTIONS])
