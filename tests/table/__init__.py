"""The rows of the table of operations, one family a file, as in autodiff/ops. Importing it fills `form.TABLE`."""

from tests.table import elementwise, fused, index, linalg, reduce, shape, special

__all__ = ["elementwise", "fused", "index", "linalg", "reduce", "shape", "special"]
