"""Other arrangements of the same elements with PyTorch's names; results are views wherever NumPy can make one."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from autodiff.errors import IndexingError, ShapeError
from autodiff.names.arguments import as_value, integer, one_dim, sizes
from autodiff.ops import shape as sh

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "broadcast_to",
    "flatten",
    "moveaxis",
    "movedim",
    "permute",
    "ravel",
    "reshape",
    "squeeze",
    "swapaxes",
    "swapdims",
    "t",
    "transpose",
    "unflatten",
    "unsqueeze",
]
# As methods these also take their sizes or dims one by one: see `autodiff.names.variadic`.
METHODS = [name for name in __all__ if name not in ("broadcast_to", "permute", "reshape", "squeeze")]


def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """The same elements, in the same order, in another shape.

    Parameters
    ----------
    input : Tensor
    shape : sequence of int
        One size may be -1: it follows from the others. As a method, ``x.reshape(2, 3)`` works too.

    Returns
    -------
    Tensor
        A view where that is possible, else a copy.

    Raises
    ------
    ShapeError
        If the elements do not fill that shape exactly.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.reshape(ad.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return reshaped(as_value(input, "reshape"), sizes((shape,), "reshape"), "reshape")


def reshaped(x: Any, wanted: tuple[int, ...], name: str) -> Any:
    """Give a Tensor another shape, in which one size may be -1."""
    try:
        return sh.reshape(x, shape=wanted)
    except ShapeError:
        check_fits(x._array.shape, wanted, name)
        raise


def check_fits(shape: tuple[int, ...], wanted: tuple[int, ...], name: str) -> None:
    """Raise unless the elements of `shape` fill `wanted` exactly."""
    if wanted.count(-1) > 1:
        raise ShapeError(f"{name}: only one of the sizes {wanted} can be inferred from the others (-1)")
    have, want = prod(shape), prod(wanted)
    fits = have == want if -1 not in wanted else want < 0 and have % -want == 0
    if not fits or min(wanted, default=0) < -1:
        raise ShapeError(f"{name}: the {have} elements of a Tensor of shape {shape} do not fill the shape {wanted}")


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Make one dim of all dims from `start_dim` to `end_dim`.

    Parameters
    ----------
    input : Tensor
    start_dim : int, default=0
    end_dim : int, default=-1
        The last dim that is taken in.

    Returns
    -------
    Tensor
        A view where that is possible, else a copy. A Tensor without dimensions becomes one of shape (1,).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.flatten(ad.zeros(2, 3, 4), start_dim=1).shape
    Size([2, 12])
    """
    x = as_value(input, "flatten")
    shape = x._array.shape
    first, last = one_dim(start_dim, shape, "flatten"), one_dim(end_dim, shape, "flatten")
    if first > last:
        raise IndexingError(
            f"flatten: start_dim {start_dim} comes after end_dim {end_dim} in a Tensor of shape {shape}"
        )
    if shape and first == last:
        return x
    return sh.reshape(x, shape=(*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """All elements in one dim: a view where that is possible.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.ravel(ad.tensor([[1, 2], [3, 4]]))
    tensor([1, 2, 3, 4])
    """
    x = as_value(input, "ravel")
    return sh.reshape(x, shape=(x._array.size,))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Make several dims of one.

    Parameters
    ----------
    input : Tensor
    dim : int
        The dim to take apart.
    sizes : sequence of int
        What it becomes; one size may be -1.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ShapeError
        If the sizes do not multiply to that of `dim`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.unflatten(ad.zeros(2, 12), 1, (3, -1)).shape
    Size([2, 3, 4])
    """
    x = as_value(input, "unflatten")
    shape = x._array.shape
    d = one_dim(dim, shape, "unflatten")
    wanted = tuple([integer(n, "unflatten: a size") for n in sizes])
    if not shape:
        raise ShapeError("unflatten takes a dim apart, and a Tensor without dimensions has none")
    check_fits((shape[d],), wanted, "unflatten")
    if -1 in wanted:
        wanted = tuple([shape[d] // -prod(wanted) if n == -1 else n for n in wanted])
    return sh.reshape(x, shape=(*shape[:d], *wanted, *shape[d + 1 :]))


def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """Leave out dims of size 1: those named, or all of them.

    Parameters
    ----------
    input : Tensor
    dim : int or sequence of int, optional
        Those whose size is not 1 stay.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.squeeze(ad.zeros(1, 2, 1)).shape
    Size([2])
    >>> ad.squeeze(ad.zeros(1, 2, 1), 0).shape
    Size([2, 1])
    """
    x = as_value(input, "squeeze")
    shape = x._array.shape
    if dim is None:
        return sh.reshape(x, shape=tuple([n for n in shape if n != 1]))
    if type(dim) is int:
        d = one_dim(dim, shape, "squeeze")
        return sh.reshape(x, shape=shape[:d] + shape[d + 1 :] if shape and shape[d] == 1 else shape)
    dims = [one_dim(d, shape, "squeeze") for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(dims)) < len(dims):
        raise IndexingError(f"squeeze: a dim is given twice in {dim}")
    return sh.reshape(x, shape=tuple([n for i, n in enumerate(shape) if n != 1 or i not in dims]))


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Put in a dim of size 1.

    Parameters
    ----------
    input : Tensor
    dim : int
        Where the new dim stands in the result.

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.unsqueeze(ad.zeros(2, 3), -1).shape
    Size([2, 3, 1])
    """
    x = as_value(input, "unsqueeze")
    shape = x._array.shape
    n = len(shape) + 1
    d = dim if type(dim) is int else integer(dim, "unsqueeze: dim")
    if not -n <= d < n:
        raise IndexingError(
            f"unsqueeze: dim {d} is out of range for a Tensor of shape {shape}; it may be {-n} to {n - 1}"
        )
    d %= n
    return sh.reshape(x, shape=(*shape[:d], 1, *shape[d:]))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Exchange two dims.

    Parameters
    ----------
    input : Tensor
    dim0, dim1 : int

    Returns
    -------
    Tensor
        A view.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.transpose(ad.zeros(2, 3, 4), 0, 2).shape
    Size([4, 3, 2])
    """
    x = as_value(input, "transpose")
    shape = x._array.shape
    a, b = one_dim(dim0, shape, "transpose"), one_dim(dim1, shape, "transpose")
    if (len(shape) == 2 and a != b) or not shape:
        return sh.transpose(x)
    order = list(range(len(shape)))
    order[a], order[b] = b, a
    return sh.transpose(x, axes=tuple(order))


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Exchange two dims: `transpose` with NumPy's name.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.swapaxes(ad.zeros(2, 3), 0, 1).shape
    Size([3, 2])
    """
    return transpose(input, axis0, axis1)


def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Exchange two dims: another name of `transpose`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.swapdims(ad.zeros(2, 3), 0, 1).shape
    Size([3, 2])
    """
    return transpose(input, dim0, dim1)


def t(input: Tensor) -> Tensor:
    """Transpose a matrix; a vector stays what it is.

    Raises
    ------
    ShapeError
        For more than two dims.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.t(ad.tensor([[1, 2], [3, 4]]))
    tensor([[1, 3],
            [2, 4]])
    """
    x = as_value(input, "t")
    if x._array.ndim > 2:
        raise ShapeError(f"t() transposes a matrix and got shape {x._array.shape}; use transpose(dim0, dim1) or .mT")
    return sh.transpose(x)


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """Put the dims in another order.

    Parameters
    ----------
    input : Tensor
    dims : sequence of int
        For each dim of the result, the dim of `input` that it is. As a method, ``x.permute(2, 0, 1)`` works too.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ShapeError
        If a dim is missing or given twice.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.permute(ad.zeros(2, 3, 4), (2, 0, 1)).shape
    Size([4, 2, 3])
    """
    x = as_value(input, "permute")
    shape = x._array.shape
    order = tuple([one_dim(d, shape, "permute") for d in dims])
    if sorted(order) != list(range(len(shape))):
        raise ShapeError(f"permute: {tuple(dims)} does not name each dim of a Tensor of shape {shape} exactly once")
    return sh.transpose(x, axes=order)


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Move dims to other places; the rest keep their order.

    Parameters
    ----------
    input : Tensor
    source, destination : int or sequence of int
        Where each dim is, and where it goes.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ShapeError
        If the two do not name equally many dims, or one of them twice.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.movedim(ad.zeros(2, 3, 4), 0, -1).shape
    Size([3, 4, 2])
    """
    x = as_value(input, "movedim")
    shape = x._array.shape
    if type(source) is int and type(destination) is int and shape:
        order = list(range(len(shape)))
        order.insert(one_dim(destination, shape, "movedim"), order.pop(one_dim(source, shape, "movedim")))
        return sh.transpose(x, axes=tuple(order))
    sources, targets = (
        [one_dim(d, shape, "movedim") for d in (given if isinstance(given, (tuple, list)) else (given,))]
        for given in (source, destination)
    )
    if len(sources) != len(targets) or len(set(sources)) < len(sources) or len(set(targets)) < len(targets):
        raise ShapeError(
            f"movedim: source {source} and destination {destination} must name equally many dims, each once"
        )
    if not shape:
        return sh.transpose(x)
    order = [d for d in range(len(shape)) if d not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return sh.transpose(x, axes=tuple(order))


moveaxis = movedim


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Repeat along dims of size 1, and along new dims in front, without copying.

    Parameters
    ----------
    input : Tensor
    size : sequence of int
        -1 leaves a size as it is. The method `expand` is the same, and takes sizes one by one too.

    Returns
    -------
    Tensor
        A view that can be read, not written.

    Raises
    ------
    ShapeError
        If a size other than 1 would change.

    Notes
    -----
    The cotangent is summed over what was repeated.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.broadcast_to(ad.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expanded(as_value(input, "broadcast_to"), sizes((size,), "broadcast_to"), "broadcast_to")


def expanded(x: Any, wanted: tuple[int, ...], name: str) -> Any:
    """Broadcast a Tensor to sizes of which some may be -1."""
    if -1 not in wanted:
        try:
            return sh.broadcast_to(x, shape=wanted)
        except ShapeError:
            pass  # said below in the words of the call
    shape = x._array.shape
    new = len(wanted) - len(shape)
    filled = tuple([shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(wanted)])
    if new < 0 or any(have not in (1, want) for have, want in zip(shape, filled[new:])) or min(filled, default=0) < 0:
        raise ShapeError(
            f"{name}: a Tensor of shape {shape} cannot be repeated to {wanted}: only dims of size 1 can, "
            "and new dims stand in front"
        )
    return sh.broadcast_to(x, shape=filled)
