"""einsum, tensordot and distances with PyTorch's names."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.errors import AutodiffError, DtypeError, ShapeError
from autodiff.graph import Value, wrap
from autodiff.names.arguments import as_value, cast, one_dim
from autodiff.operands import leaving
from autodiff.ops import contraction as con
from autodiff.ops.contraction import LETTERS
from autodiff.ops.index import ARRAY, index
from autodiff.ops.shape import reshape, transpose

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = ["cdist", "einsum", "pdist", "tensordot"]
METHODS: list[str] = []
IN_PLACE: tuple[str, ...] = ()


def einsum(*args: Any) -> Tensor:
    """Sums of products of the elements of Tensors, with the dims to sum over named by letters.

    Parameters
    ----------
    *args
        ``einsum("ij,jk->ik", x, y)``: an equation, which names the dims of each operand by letters, and the operands,
        one by one or as one list. Or ``einsum(x, [0, 1], y, [1, 2], [0, 2])``: operands, each followed by numbers
        for its dims (0 to 51, or ``...``), and the numbers of the result, which may be left out.

    Returns
    -------
    Tensor
        Its dims are those named after the arrow; without one, those named once, in alphabetical order. Letters that
        are not among them are summed over. A letter twice in one operand takes its diagonal. ``...`` stands for any
        further dims, which broadcast.

    Raises
    ------
    ShapeError
        If the equation does not fit the operands, or itself.
    DtypeError
        If the dtypes differ.

    Notes
    -----
    Three operands or more are contracted pair by pair, the cheapest pair first; each pair as one matrix product. The
    cotangent of an operand is the einsum of g with the others.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> ad.einsum("ij,kj->ik", x, x)
    tensor([[ 5., 11.],
            [11., 25.]])
    >>> ad.einsum("ii", x)
    tensor(5.)
    """
    equation, operands = (args[0], args[1:]) if args and isinstance(args[0], str) else _from_lists(args)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = operands[0]
    given = [as_value(x, "einsum") for x in operands]
    if not given:
        raise DtypeError('einsum needs an equation and operands, for example einsum("ij,jk->ik", x, y)')
    subscripts = explicit(equation, tuple([x._array.ndim for x in given]))
    if len(given) == 1:
        term, out = subscripts.split("->")
        if len(set(term)) == len(term) == len(out):  # a view, as in PyTorch
            return transpose(given[0], axes=tuple([term.index(a) for a in out]))
        return con.einsum(given[0], None, subscripts=subscripts)
    if len(given) == 2:
        return con.einsum(given[0], given[1], subscripts=subscripts)
    for i, j, pair in _path(subscripts, tuple([x._array.shape for x in given])):
        product = con.einsum(given[i], given[j], subscripts=pair)
        del given[j], given[i]
        if product._array.dtype == np.int64:  # which sums of shorter integers have
            given = [cast(x, np.int64) if x._array.dtype.kind in "bui" else x for x in given]
        given.append(product)
    return given[0]


def _from_lists(args: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """The equation and the operands of the form with numbers."""

    def term(numbers: Any) -> str:
        for n in numbers:
            if n is not Ellipsis and not (isinstance(n, int) and 0 <= n < 52):
                raise ShapeError(f"einsum: dims are numbered 0 to 51, or left open by ..., and {n!r} is neither")
        return "".join(["..." if n is Ellipsis else LETTERS[(n + 26) % 52] for n in numbers])

    operands = list(args[0:-1:2] if len(args) % 2 else args[::2])
    equation = ",".join([term(numbers) for numbers in args[1::2]])
    return f"{equation}->{term(args[-1])}" if len(args) % 2 and len(args) > 1 else equation, operands


@lru_cache(1024)
def explicit(equation: str, ranks: tuple[int, ...]) -> str:
    """The equation with its result written out, and with letters for `...`, for operands of these numbers of dims."""
    given, arrow, result = equation.replace(" ", "").partition("->")
    terms = given.split(",")
    if len(terms) != len(ranks):
        raise ShapeError(f"einsum: {equation!r} names {len(terms)} operands, and {len(ranks)} were given")
    used = set(equation)
    spare = [a for a in LETTERS if a not in used]
    width = 0
    for term, rank in zip(terms, ranks):
        named = len(term.replace("...", "", 1))
        if named > rank or (named < rank and "..." not in term):
            raise ShapeError(f"einsum: {term!r} does not name the {rank} dims that its operand has")
        width = max(width, rank - named)
    for term in (*terms, result):
        wrong = sorted(set(term.replace("...", "", 1)) - set(LETTERS))
        if wrong:
            raise ShapeError(f"einsum: {wrong[0]!r} in {equation!r} is no letter; dims are named a to z and A to Z")
    if width > len(spare):
        raise ShapeError(f"einsum: {equation!r} leaves no letters for the {width} dims that ... stands for")
    rest = "".join(spare[:width])
    terms = [t.replace("...", rest[len(rest) - (n - len(t) + 3) :]) for t, n in zip(terms, ranks)]
    if arrow:
        result = result.replace("...", rest)
    else:
        named_once = [a for a in used & set(LETTERS) if given.count(a) == 1]
        result = rest + "".join(sorted(named_once))
    for a in result:
        if result.count(a) > 1 or not any(a in t for t in terms):
            what = "stands twice in the result" if result.count(a) > 1 else "stands in no operand"
            raise ShapeError(f"einsum: {a!r} {what} of {equation!r}")
    return f"{','.join(terms)}->{result}"


@lru_cache(1024)
def _path(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> list[tuple[int, int, str]]:
    """Which two operands to contract first, which then, ...: each time those whose product makes the least of them."""
    given, result = subscripts.split("->")
    terms = given.split(",")
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes):
        for a, n in zip(term, shape):
            sizes[a] = n if sizes.get(a, 1) == 1 else sizes[a]

    def size(labels: Any) -> int:
        return prod([sizes[a] for a in labels])

    steps = []
    while len(terms) > 1:
        tries = []
        for i, j in combinations(range(len(terms)), 2):
            others = "".join([*terms[:i], *terms[i + 1 : j], *terms[j + 1 :], result])
            both = terms[i] + terms[j]
            out = result if len(terms) == 2 else "".join([a for a in dict.fromkeys(both) if a in others])
            saved = size(set(out)) - size(set(terms[i])) - size(set(terms[j]))
            tries.append((saved, size(set(both)), i, j, out))
        _, _, i, j, out = min(tries)
        steps.append((i, j, f"{terms[i]},{terms[j]}->{out}"))
        terms = [*terms[:i], *terms[i + 1 : j], *terms[j + 1 :], out]
    return steps


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sums of products over some dims of one Tensor and as many of another.

    Parameters
    ----------
    a, b : Tensor
        Of one dtype.
    dims : int, or two sequences of int, default=2
        How many last dims of `a` to pair with as many first dims of `b`; or the dims of `a`, and their partners in
        `b`.

    Returns
    -------
    Tensor
        With the other dims of `a`, then those of `b`.

    Raises
    ------
    ShapeError
        If the sizes of two partners differ, or there are not as many dims.

    Notes
    -----
    One matrix product. The cotangent of each is g times the other, summed over the other's own dims.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tensordot(ad.ones(2, 3, 4), ad.ones(4, 3), dims=([1, 2], [1, 0]))
    tensor([12., 12.])
    """
    x, y = as_value(a, "tensordot"), as_value(b, "tensordot")
    m, n = x._array.ndim, y._array.ndim
    if isinstance(dims, Value):
        dims = leaving(dims, "tensordot by a Tensor")._array.tolist()
    if isinstance(dims, int):
        if not 0 <= dims <= min(m, n):
            raise ShapeError(f"tensordot: Tensors of {m} and {n} dims cannot be contracted over {dims} dims")
        left, right = tuple(range(m - dims, m)), tuple(range(dims))
    else:
        left = tuple([one_dim(d, x._array.shape, "tensordot") for d in dims[0]])
        right = tuple([one_dim(d, y._array.shape, "tensordot") for d in dims[1]])
        if len(left) != len(right):
            raise ShapeError(f"tensordot needs as many dims of one as of the other, and got {left} and {right}")
    for i, j in zip(left, right):
        sizes = x._array.shape[i], y._array.shape[j]
        if sizes[0] != sizes[1] and 1 not in sizes:
            raise ShapeError(f"tensordot: dim {i} of {x._array.shape} and dim {j} of {y._array.shape} differ in size")
    return con.einsum(x, y, subscripts=_tensordot(m, n, left, right))


@lru_cache
def _tensordot(m: int, n: int, left: tuple[int, ...], right: tuple[int, ...]) -> str:
    first, second = list(LETTERS[:m]), list(LETTERS[m : m + n])
    for i, j in zip(left, right):
        second[j] = first[i]
    out = [a for i, a in enumerate(first) if i not in left] + [a for j, a in enumerate(second) if j not in right]
    return f"{''.join(first)},{''.join(second)}->{''.join(out)}"


_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = _MODES[0]) -> Tensor:
    """Distances of every row of one Tensor to every row of another.

    Parameters
    ----------
    x1 : Tensor of shape (..., n, k), floating
    x2 : Tensor of shape (..., m, k), floating
    p : float, default=2
        Which norm of the difference: 0 counts what differs, 1 adds up, inf takes the largest.
    compute_mode : str
        For p = 2, whether to expand the square: "use_mm_for_euclid_dist_if_necessary", the default, does for more
        than 25 rows on either side; "use_mm_for_euclid_dist"; "donot_use_mm_for_euclid_dist".

    Returns
    -------
    Tensor of shape (..., n, m)

    Raises
    ------
    ShapeError
        If the last sizes differ.
    AutodiffError
        For a negative `p` or an unknown mode.

    Notes
    -----
    The derivative is sign(d) (|d| / norm)^(p-1), for a difference d, and 0 where two rows are equal. The expanded
    square x1^2 + x2^2 - 2 x1 x2 is a matrix product and much faster, and less exact for rows that lie close together.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.cdist(ad.tensor([[0.0, 0.0]]), ad.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    x, y = as_value(x1, "cdist"), as_value(x2, "cdist")
    a, b = x._array.shape, y._array.shape
    if len(a) < 2 or len(b) < 2 or a[-1] != b[-1]:
        raise ShapeError(f"cdist needs rows of one length, and got shapes {a} and {b}")
    if compute_mode not in _MODES:
        raise AutodiffError(f"cdist: compute_mode is one of {', '.join(_MODES)}, not {compute_mode!r}")
    expanded = p == 2 and compute_mode != _MODES[2] and (compute_mode == _MODES[1] or max(a[-2], b[-2]) > 25)
    return con.cdist(_distant(x, p, "cdist"), y, p=float(p), by_product=expanded)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """Distances of every two rows of a matrix, each pair once.

    Parameters
    ----------
    input : Tensor of shape (n, k), floating
    p : float, default=2
        Which norm of the difference; see `cdist`.

    Returns
    -------
    Tensor of shape (n (n - 1) / 2,)
        Rows 0 and 1, 0 and 2, ..., 1 and 2, ...

    Notes
    -----
    The derivatives are those of `cdist`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.pdist(ad.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    x = _distant(as_value(input, "pdist"), p, "pdist")
    if x._array.ndim != 2:
        raise ShapeError(f"pdist needs a matrix, and got shape {x._array.shape}")
    rows = [index(x, wrap(places), key=(ARRAY, None)) for places in _pairs(len(x._array))]
    return reshape(con.cdist(*rows, p=float(p)), shape=(-1,))


@lru_cache(64)
def _pairs(n: int) -> tuple[np.ndarray[Any, Any], ...]:
    """The first and the second of every two of n rows."""
    return np.triu_indices(n, 1)


def _distant(x: Any, p: float, name: str) -> Any:
    """`x`, whose dtype must be floating, once `p` is checked too."""
    if p < 0:
        raise AutodiffError(f"{name}: there is no norm of negative order, and p is {p}")
    if x._array.dtype.kind != "f":
        raise DtypeError(f"{name} needs floating numbers and got {x._array.dtype}; convert them first, with .float()")
    return x
