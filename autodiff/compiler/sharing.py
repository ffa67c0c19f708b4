"""Matrix products that threads share: each takes some columns, or rows, at a time, and does them in tiles.

The columns of the right matrix that a part needs are first laid side by side, which costs a thousandth of the time: far
apart, they would push one another out of the cache. With that, tiles are as fast as OpenBLAS on one core (41 to 43
billion multiplications a second on the machine of the benchmarks, of some 44 that it can do), and on two, where nobody
waits at the beginning and the end of each product, 1.1 to 1.25 times as fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.compiler import machine
from autodiff.compiler.crew import crew
from autodiff.compiler.ir import Code, Memory, register_type
from autodiff.compiler.tiles import Matrix, by_dots, by_tiles, copy, lanes, runs_along_terms, transpose

if TYPE_CHECKING:
    from autodiff.compiler.kernel import Kernel

__all__ = ["is_worthwhile", "share"]

DType = np.dtype[Any]

#: Multiplications from which on a product takes ten microseconds, which are worth a helper, and up to which tiles do as
#: well as a BLAS: for more, a BLAS that blocks for each cache reads less memory.
SMALLEST, LARGEST = 1 << 19, 1 << 27
#: Rows and columns below which there are too few parts.
NARROWEST = 64
#: Terms up to which columns are laid side by side: 64 KiB of them.
DEEPEST = 1024
#: Rows of a part, where there are few columns; columns of a part, where both matrices are read along their terms.
TALL, NARROW = 24, 8


def is_worthwhile(left: Matrix, right: Matrix, sizes: tuple[int, int, int]) -> bool:
    """Whether threads should share a product.

    Not where vectors are wider than those of tiles: a BLAS uses them.
    """
    m, n, k = sizes
    turned = right.across != 1 and not runs_along_terms(left, right, sizes)
    fits = SMALLEST <= m * n * k <= LARGEST and max(m, n) >= NARROWEST and (k <= DEEPEST or not turned)
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
    wide = NARROW if along_terms else 2 * lanes(dtype)
    by_rows = n < 4 * wide
    size, whole = (TALL, m) if by_rows else (wide, n)
    count, rest = divmod(whole, size)
    for parts, each, start in ((count, size, 0), (1, rest, count * size)):
        if not (parts and each):
            continue
        code = Code(kernel.scopes)
        with code.loop("%high", first="%low") as g:
            c = _from(code, made, made.down if by_rows else made.across, (g, each, start), dtype)
            if by_rows:
                a = _from(code, left, left.down, (g, each, start), dtype)
                _part(code, (a, right, c), (each, n, k), along_terms, dtype)
            else:
                b = _from(code, right, right.across, (g, each, start), dtype)
                _part(code, (left, b, c), (m, each, k), along_terms, dtype)
        kernel.share(code, given, ["%x0", "%x1", "%x2"], (parts, 1), m * n * k // SMALLEST if parts > 1 else 0)


def _from(code: Code, matrix: Matrix, stride: int, place: tuple[str, int, int], dtype: DType) -> Matrix:
    """What is left of a matrix from ``start + g * size`` rows or columns on."""
    g, size, start = place
    here = code.address(matrix.memory, dtype, code.index(matrix.offset + start * stride, [(g, size * stride)]))
    return Matrix(Memory(here, matrix.memory.scope), 0, matrix.down, matrix.across)


def _part(
    code: Code, matrices: tuple[Matrix, Matrix, Matrix], sizes: tuple[int, int, int], along_terms: bool, dtype: DType
) -> None:
    """One part, as a product by itself."""
    (left, right, made), (_, n, k) = matrices, sizes
    if along_terms:
        by_dots(code, left, right, made, sizes, dtype)
        return
    if right.across != 1 or (n == 2 * lanes(dtype) and k <= DEEPEST):
        code.first.append(f"  %beside = alloca [{k * n} x {register_type(dtype)}], align 64")
        beside = Matrix(Memory("%beside", "beside"), 0, n, 1)
        (copy if right.across == 1 else transpose)(code, right, beside, k, n, dtype)
        right = beside
    by_tiles(code, left, right, made, sizes, dtype)
