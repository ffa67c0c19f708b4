"""The families of primitives, one a file. Importing this package fills the registry."""

from autodiff.ops import elementwise, fused, index, linalg, reduce, shape, special

__all__ = ["elementwise", "fused", "index", "linalg", "reduce", "shape", "special"]
