"""Results with named parts, such as the largest elements and their indices: ``x.max(dim=1).values``."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "aminmax",
    "cummax",
    "cummin",
    "kthvalue",
    "linalg_cholesky_ex",
    "linalg_eigh",
    "linalg_inv_ex",
    "linalg_lstsq",
    "linalg_qr",
    "linalg_slogdet",
    "linalg_solve_ex",
    "linalg_svd",
    "max",
    "median",
    "min",
    "mode",
    "nanmedian",
    "qr",
    "slogdet",
    "sort",
    "svd",
    "topk",
]


# A named tuple written out: making one of `typing.NamedTuple` takes longer to import than a family of functions.
class _ValuesIndices(tuple[Any, ...]):
    """Elements that were picked along a dim, and where each of them stood."""

    __slots__ = ()
    _fields = ("values", "indices")
    values: Tensor = property(itemgetter(0))  # type: ignore[assignment]
    indices: Tensor = property(itemgetter(1))  # type: ignore[assignment]

    def __new__(cls, values: Any, indices: Any) -> _ValuesIndices:
        return tuple.__new__(cls, (values, indices))

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        return f"return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


class max(_ValuesIndices):
    """What ``max(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class min(_ValuesIndices):
    """What ``min(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class cummax(_ValuesIndices):
    """What ``cummax(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class cummin(_ValuesIndices):
    """What ``cummin(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class _Parts(tuple[Any, ...]):
    """A tuple whose parts have the names in `_fields`."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __init_subclass__(cls) -> None:
        for i, name in enumerate(cls._fields):
            setattr(cls, name, property(itemgetter(i)))

    def __new__(cls, *parts: Any) -> Any:
        return tuple.__new__(cls, parts)

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        parts = ",\n".join([f"{name}={part!r}" for name, part in zip(self._fields, self, strict=True)])
        return f"return_types.{type(self).__name__}(\n{parts})"


class slogdet(_Parts):
    """What ``slogdet(input)`` returns."""

    __slots__ = ()
    _fields = ("sign", "logabsdet")
    if TYPE_CHECKING:
        sign: Tensor
        logabsdet: Tensor


class linalg_slogdet(slogdet):
    """What ``linalg.slogdet(A)`` returns."""

    __slots__ = ()


class qr(_Parts):
    """What ``qr(input)`` returns."""

    __slots__ = ()
    _fields = ("Q", "R")
    if TYPE_CHECKING:
        Q: Tensor
        R: Tensor


class linalg_qr(qr):
    """What ``linalg.qr(A)`` returns."""

    __slots__ = ()


class svd(_Parts):
    """What ``svd(input)`` returns."""

    __slots__ = ()
    _fields = ("U", "S", "V")
    if TYPE_CHECKING:
        U: Tensor
        S: Tensor
        V: Tensor


class linalg_svd(_Parts):
    """What ``linalg.svd(A)`` returns."""

    __slots__ = ()
    _fields = ("U", "S", "Vh")
    if TYPE_CHECKING:
        U: Tensor
        S: Tensor
        Vh: Tensor


class linalg_eigh(_Parts):
    """What ``linalg.eigh(A)`` returns."""

    __slots__ = ()
    _fields = ("eigenvalues", "eigenvectors")
    if TYPE_CHECKING:
        eigenvalues: Tensor
        eigenvectors: Tensor


class linalg_lstsq(_Parts):
    """What ``linalg.lstsq(A, B)`` returns."""

    __slots__ = ()
    _fields = ("solution", "residuals", "rank", "singular_values")
    if TYPE_CHECKING:
        solution: Tensor
        residuals: Tensor
        rank: Tensor
        singular_values: Tensor


class linalg_inv_ex(_Parts):
    """What ``linalg.inv_ex(A)`` returns."""

    __slots__ = ()
    _fields = ("inverse", "info")
    if TYPE_CHECKING:
        inverse: Tensor
        info: Tensor


class linalg_solve_ex(_Parts):
    """What ``linalg.solve_ex(A, B)`` returns."""

    __slots__ = ()
    _fields = ("result", "info")
    if TYPE_CHECKING:
        result: Tensor
        info: Tensor


class linalg_cholesky_ex(_Parts):
    """What ``linalg.cholesky_ex(A)`` returns."""

    __slots__ = ()
    _fields = ("L", "info")
    if TYPE_CHECKING:
        L: Tensor
        info: Tensor


class aminmax(_Parts):
    """What ``aminmax(input)`` returns."""

    __slots__ = ()
    _fields = ("min", "max")
    if TYPE_CHECKING:
        min: Tensor
        max: Tensor


class kthvalue(_ValuesIndices):
    """What ``kthvalue(input, k)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class median(_ValuesIndices):
    """What ``median(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class mode(_ValuesIndices):
    """What ``mode(input)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class nanmedian(_ValuesIndices):
    """What ``nanmedian(input, dim)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class sort(_ValuesIndices):
    """What ``sort(input)`` returns: the tuple (values, indices)."""

    __slots__ = ()


class topk(_ValuesIndices):
    """What ``topk(input, k)`` returns: the tuple (values, indices)."""

    __slots__ = ()
