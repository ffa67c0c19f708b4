"""Matrix products that threads share: each takes some columns, or rows, at a time, and does them in tiles.

The columns of the right matrix that a part needs are first laid side by side, in panels of two vectors: far apart, they
would push one another out of the cache. A tile's rows are then multiplied with one panel after the other while they are
in the first cache. A left matrix that lies by columns is laid in rows first, if it is large. So tiles reach 43 to 44 of
the 45 billion multiplications a second of a core of the machine of the benchmarks, a little more than OpenBLAS; on two
cores 85 to 88 of 90, where OpenBLAS has 78 to 86 on large matrices and 55 to 65 on those of a layer of 512.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autodiff.compiler import machine
from autodiff.compiler.crew import crew
from autodiff.compiler.ir import Code, Memory, register_type
from autodiff.compiler.tiles import Matrix, by_dots, by_panels, by_tiles, lanes, lay, runs_along_terms, transpose
from autodiff.heap import LINE

if TYPE_CHECKING:
    from autodiff.compiler.kernel import Kernel

__all__ = ["is_worthwhile", "share"]

DType = np.dtype[Any]

#: Multiplications from which on a product takes ten microseconds, which are worth a helper, and up to which tiles were
#: seen to do as well as a BLAS: with so many terms that columns are not laid side by side, and with fewer.
SMALLEST, LARGE, LARGEST = 1 << 19, 1 << 27, 1 << 31
#: Rows and columns below which there are too few parts.
NARROWEST = 64
#: Terms up to which columns are laid side by side: 128 KiB of them.
DEEPEST = 1024
#: Rows of a part, where there are few columns; columns of a part, where both matrices are read along their terms.
TALL, NARROW = 24, 8
#: Panels from which on a part takes two: what it reads of each row of the right matrix is then more than a cache line.
MANY = 16
#: Bytes that the left matrix may be strewn over where its columns lie together; of a larger one, rows are laid together
#: first, so many lines of the cache of each column at a time.
FAR, AT_ONCE = 1 << 19, 4


def is_worthwhile(left: Matrix, right: Matrix, sizes: tuple[int, int, int]) -> bool:
    """Whether threads should share a product.

    Not where vectors are wider than those of tiles: a BLAS uses them.
    """
    m, n, k = sizes
    turned = right.across != 1 and not runs_along_terms(left, right, sizes)
    fits = k <= DEEPEST or (not turned and m * n * k <= LARGE)
    fits &= SMALLEST <= m * n * k <= LARGEST and max(m, n) >= NARROWEST
    return fits and not machine.host_features().get("avx512f") and crew() is not None


def share(
    kernel: Kernel, given: list[str], matrices: tuple[Matrix, Matrix, Matrix], sizes: tuple[int, int, int], dtype: DType
) -> None:
    """Write ``c = a @ b``; b lies in order or as its transpose, c in order.

    Parameters
    ----------
    kernel : Kernel
    given : list of str
        Where the matrices lie.
    matrices : (a, b, c)
        In memory called ``%x0``, ``%x1`` and ``%x2``.
    sizes : (m, n, k)
    dtype : dtype
    """
    left, right, made = matrices
    m, n, k = sizes
    along_terms = right.across != 1 and runs_along_terms(left, right, sizes)
    panel = 2 * lanes(dtype)
    wide = NARROW if along_terms else panel * (1 if n < MANY * panel else 2)
    worth = m * n * k // SMALLEST

    def some_rows(code: Code, place: Stretch) -> None:
        a, c = [_from(code, x, x.down, place, dtype) for x in (left, made)]
        _part(code, (a, right, c), (place.size, n, k), along_terms, dtype)

    def some_columns(code: Code, place: Stretch) -> None:
        b, c = [_from(code, x, x.across, place, dtype) for x in (right, made)]
        _part(code, (left, b, c), (m, place.size, k), along_terms, dtype)

    if n < 4 * wide:
        _in_parts(kernel, given, _spans(m, TALL), worth, some_rows)
        return
    if not along_terms and left.down == 1 and k * left.across * dtype.itemsize > FAR:
        wider = k + LINE // dtype.itemsize  # in rows of a power of two bytes, one takes another's place in a cache
        given = [*given, f"ptr {kernel.scratch(m * wider * dtype.itemsize).pointer}"]
        strewn, left = left, Matrix(Memory("%x3", "3"), 0, wider, 1)

        def turned(code: Code, place: Stretch) -> None:
            source, target = [_from(code, x, x.down, place, dtype) for x in (strewn, left)]
            transpose(code, source, target, place.size, k, dtype)

        _in_parts(kernel, given, _spans(m, AT_ONCE * LINE // dtype.itemsize), worth, turned)
    _in_parts(kernel, given, _spans(n, wide, panel), worth, some_columns)


class Stretch(NamedTuple):
    """Which rows or columns a part is of: `size` of them, from number ``start + g * size`` on."""

    g: str
    size: int
    start: int


def _spans(n: int, *sizes: int) -> list[tuple[int, int]]:
    """Rows or columns in parts: (how many parts, of how many each), and one part of what is left."""
    found = []
    for size in sizes:
        count, n = divmod(n, size)
        found.append((count, size))
    return [(parts, each) for parts, each in [*found, (1, n)] if parts and each]


def _in_parts(
    kernel: Kernel, given: list[str], spans: list[tuple[int, int]], worth: int, write: Callable[[Code, Stretch], None]
) -> None:
    """Have the crew do what is written for each part."""
    start = 0
    for parts, each in spans:
        code = Code(kernel.scopes)
        with code.loop("%high", first="%low") as g:
            write(code, Stretch(g, each, start))
        names = [f"%x{q}" for q in range(len(given))]
        kernel.share(code, given, names, (parts, 1), worth if parts > 1 else 0)
        start += parts * each


def _from(code: Code, matrix: Matrix, stride: int, place: Stretch, dtype: DType) -> Matrix:
    """What is left of a matrix from the rows or columns of a part on."""
    g, size, start = place
    here = code.address(matrix.memory, dtype, code.index(matrix.offset + start * stride, [(g, size * stride)]))
    return Matrix(Memory(here, matrix.memory.scope), 0, matrix.down, matrix.across)


def _part(
    code: Code, matrices: tuple[Matrix, Matrix, Matrix], sizes: tuple[int, int, int], along_terms: bool, dtype: DType
) -> None:
    """One part, as a product by itself."""
    (left, right, made), (_, n, k) = matrices, sizes
    panel = 2 * lanes(dtype)
    if along_terms:
        by_dots(code, left, right, made, sizes, dtype)
        return
    in_panels = n % panel == 0 and n <= 2 * panel and k <= DEEPEST
    if not in_panels and right.across == 1:
        by_tiles(code, left, right, made, sizes, dtype)
        return
    code.first.append(f"  %beside = alloca [{k * n} x {register_type(dtype)}], align 64")
    memory, wide = Memory("%beside", "beside"), panel if in_panels else n
    if right.across == 1:
        lay(code, right, Matrix(memory, 0, wide, 1), (0, n // wide), (k, wide), dtype)
    else:
        for j in range(0, n, wide):
            source = Matrix(right.memory, right.offset + j * right.across, right.down, right.across)
            transpose(code, source, Matrix(memory, j * k, wide, 1), k, wide, dtype)
    if in_panels:
        by_panels(code, left, Matrix(memory, 0, wide, 1, k), made, sizes, dtype)
    else:
        by_tiles(code, left, Matrix(memory, 0, wide, 1), made, sizes, dtype)
