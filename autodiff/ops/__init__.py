"""The families of primitives, one a file. The commonest are imported with this package, the others when asked for."""

from importlib import import_module

from autodiff.graph import upward
from autodiff.ops import (
    comparison,
    elementwise,
    fused,
    index,
    linalg,
    moments,
    order,
    reduce,
    rounding,
    scans,
    shape,
    special,
    views,
    waves,
)

__all__ = [
    "DEFERRED",
    "comparison",
    "elementwise",
    "fused",
    "index",
    "linalg",
    "load_all",
    "moments",
    "order",
    "reduce",
    "rounding",
    "scans",
    "shape",
    "special",
    "views",
    "waves",
]

DEFERRED = (
    "activations",
    "bessel",
    "contraction",
    "decompositions",
    "gamma",
    "normal",
    "norms",
    "scatter",
    "solving",
)


def load_all() -> None:
    """Import every family, so that the registry is complete."""
    for family in DEFERRED:
        import_module(f"autodiff.ops.{family}")


# A rule may name a primitive of any family.
upward.load_all = load_all
