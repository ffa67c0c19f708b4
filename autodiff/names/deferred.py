"""Families of public functions that are imported when one of their names is first asked for.

Everything at once would cost an import half as much again, and a training program needs none of these. A test holds the
lists to the families.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from autodiff.methods import Methods
from autodiff.names.writing import in_place

__all__ = ["FUNCTIONS", "HOMES", "METHODS", "attach", "load"]

# fmt: off
#: Their public functions.
FUNCTIONS = {
    "contraction": "cdist einsum pdist tensordot",
    "decompositions": "cholesky cholesky_inverse cholesky_solve qr svd",
    "matrices": "det inverse logdet matrix_exp matrix_power pinverse slogdet",
    "patches": "diagonal_scatter index_put masked_scatter put select_scatter slice_scatter",
    "products": "addbmm addmm addmv addr baddbmm chain_matmul cross ger inner kron trace vdot",
    "scatter": "index_add index_copy index_fill index_reduce scatter scatter_add scatter_reduce",
    "specials": "digamma erf erfc erfinv i0 lgamma logit mvlgamma polygamma sinc xlogy",
}
#: Their methods of Tensor.
METHODS = {
    "decompositions": "cholesky cholesky_inverse cholesky_solve qr svd",
    "matrices": "det inverse logdet matrix_exp matrix_power pinverse slogdet",
    "patches": """diagonal_scatter index_put index_put_ masked_scatter masked_scatter_ put put_ select_scatter
        slice_scatter""",
    "products": "addbmm addbmm_ addmm addmm_ addmv addmv_ addr addr_ baddbmm baddbmm_ cross ger inner kron trace vdot",
    "scatter": """index_add index_add_ index_copy index_copy_ index_fill index_fill_ index_reduce index_reduce_
        scatter scatter_ scatter_add scatter_add_ scatter_reduce scatter_reduce_""",
    "specials": """digamma digamma_ erf erf_ erfc erfc_ erfinv erfinv_ i0 i0_ lgamma lgamma_ logit logit_ mvlgamma
        mvlgamma_ polygamma polygamma_ sinc sinc_ xlogy xlogy_""",
}
# fmt: on

#: Where each deferred function is.
HOMES = {name: family for family, names in FUNCTIONS.items() for name in names.split()}


def load(family: str) -> Any:
    """Import a family, and give Tensor its methods."""
    module = import_module(f"autodiff.names.{family}")
    if family in _waiting:
        _waiting.remove(family)
        attach(module)
    return module


def attach(family: Any) -> None:
    """Give Tensor the methods of a family."""
    for name in family.METHODS:
        setattr(Methods, name, getattr(family, name))
    for name in getattr(family, "IN_PLACE", ()):
        setattr(Methods, f"{name}_", in_place(getattr(family, name)))


#: Families whose methods stand for themselves as yet.
_waiting = set(FUNCTIONS)


class _Deferred:
    """Stands where a method will be, and puts it there when it is looked at."""

    __slots__ = ("family", "name")

    def __init__(self, family: str, name: str) -> None:
        self.family, self.name = family, name

    def __get__(self, instance: Any, owner: Any) -> Any:
        load(self.family)
        return getattr(owner if instance is None else instance, self.name)


for _family, _names in METHODS.items():
    for _name in _names.split():
        setattr(Methods, _name, _Deferred(_family, _name))
