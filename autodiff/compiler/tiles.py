"""Matrix products of small matrices, with tiles of the result in vector registers.

A BLAS first copies both matrices into an order of its own and looks up how many threads to use, which for 32 rows of 64
numbers takes as long as the product. Here sizes are known, so that nothing is decided while it runs: a tile of some
rows and two vectors of columns stays in registers while all its terms are added (K. Goto and R. van de Geijn, Anatomy
of high-performance matrix multiplication, 2008, without its copies). Rows of the right matrix are read as vectors:
where they lie across memory, it is first transposed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autodiff.compiler.ir import Code, Memory, literal, register_type, suffix

__all__ = [
    "FEW",
    "Matrix",
    "by_dots",
    "by_panels",
    "by_tiles",
    "lanes",
    "lay",
    "runs_along_terms",
    "transpose",
]

DType = np.dtype[Any]

#: Vectors that a tile may take; as many more hold what is read.
ACCUMULATORS = 12
#: Up to so many rows, transposing the other matrix would take longer than the product; with so many terms, adding up
#: the lanes of the vectors at the end takes no time. 784-128 for 8 rows: 20 us, by OpenBLAS 36.
FEW, LONG = 8, 256
#: With more rows than this part of the terms, transposing takes less than it saves, but for so few columns.
SHARE, THIN = 8, 64


class Matrix(NamedTuple):
    """Where a matrix lies; offset and strides count elements.

    Where columns of a right matrix are laid in panels, the strides are those within a panel, and `apart` times the
    number of columns before a panel is where it begins.
    """

    memory: Memory
    offset: int
    down: int
    across: int
    apart: int = 0


def lanes(dtype: DType) -> int:
    """Numbers in a vector: 32 bytes, which every processor of the last ten years computes with, or halves."""
    return 32 // dtype.itemsize


def _pieces(n: int, widest: int) -> list[int]:
    """Widths of vectors that make up a row: powers of two, the widest first."""
    found = [widest] * (n // widest)
    rest, width = n % widest, widest // 2
    while rest:
        if rest >= width:
            found.append(width)
            rest -= width
        width //= 2
    return found


class _Vectors:
    """Vectors of some dtype, as operations of a `Code`."""

    def __init__(self, code: Code, dtype: DType) -> None:
        self.code = code
        self.dtype = dtype
        self.kind = register_type(dtype)

    def type(self, width: int) -> str:
        return self.kind if width == 1 else f"<{width} x {self.kind}>"

    def zero(self, width: int) -> str:
        return literal(0, self.dtype) if width == 1 else "zeroinitializer"

    def load(self, memory: Memory, index: str, width: int) -> str:
        place = self.code.address(memory, self.dtype, index)
        mark = self.code.scopes.mark(memory)
        return self.code.let(f"load {self.type(width)}, ptr {place}, align {self.dtype.itemsize}{mark}", "e")

    def store(self, memory: Memory, index: str, value: str, width: int) -> None:
        place = self.code.address(memory, self.dtype, index)
        mark = self.code.scopes.mark(memory)
        self.code.do(f"store {self.type(width)} {value}, ptr {place}, align {self.dtype.itemsize}{mark}")

    def spread(self, x: str, width: int) -> str:
        if width == 1:
            return x
        kind = self.type(width)
        one = self.code.let(f"insertelement {kind} poison, {self.kind} {x}, i64 0")
        return self.code.let(f"shufflevector {kind} {one}, {kind} poison, <{width} x i32> zeroinitializer")

    def add_product(self, x: str, y: str, total: str, width: int) -> str:
        kind = self.type(width)
        name = f"@llvm.fmuladd.{'' if width == 1 else f'v{width}'}{suffix(self.dtype)}"
        return self.code.let(f"call {kind} {name}({kind} {x}, {kind} {y}, {kind} {total})")

    def sum(self, x: str, width: int) -> str:
        if width == 1:
            return x
        name = f"@llvm.vector.reduce.fadd.v{width}{suffix(self.dtype)}"
        return self.code.let(
            f"call reassoc {self.kind} {name}({self.kind} {literal(0, self.dtype)}, {self.type(width)} {x})"
        )


def runs_along_terms(a: Matrix, b: Matrix, sizes: tuple[int, int, int]) -> bool:
    """Whether both matrices are best read along their terms, where these lie together in both."""
    m, n, k = sizes
    return b.down == 1 and a.across == 1 and (m <= FEW or (k >= LONG and (m <= k // SHARE or n < THIN)))


def by_tiles(code: Code, a: Matrix, b: Matrix, c: Matrix, sizes: tuple[int, int, int], dtype: DType) -> None:
    """``c = a @ b``, for b and c whose rows lie together in memory (`across` is 1)."""
    m, n, k = sizes
    widest = lanes(dtype)
    # Few rows: more columns, since a processor adds to some ten vectors at the same time.
    columns = max(2, ACCUMULATORS // m) * widest if m < ACCUMULATORS // 2 else 2 * widest
    starts = [(0, n // columns, [widest] * (columns // widest))]
    done = n // columns * columns
    if n - done:
        starts.append((done, 1, _pieces(n - done, widest)))
    for start, times, widths in starts:
        if not times:
            continue
        with code.loop(times * columns, columns) as j:
            first = code.index(start, [(j, 1)])
            for top, count, rows in _even(m, max(1, ACCUMULATORS // len(widths))):
                with code.loop(count * rows, rows) as i:
                    _tile(code, a, b, c, (code.index(top, [(i, 1)]), first), (rows, widths, k), dtype)


def by_panels(code: Code, a: Matrix, b: Matrix, c: Matrix, sizes: tuple[int, int, int], dtype: DType) -> None:
    """``c = a @ b``, for b in panels of two vectors: the rows of a tile stay in the first cache for all of them."""
    m, n, k = sizes
    widths = [lanes(dtype)] * 2
    for top, count, rows in _even(m, ACCUMULATORS // len(widths)):
        with code.loop(count * rows, rows) as i, code.loop(n, sum(widths)) as j:
            _tile(code, a, b, c, (code.index(top, [(i, 1)]), j), (rows, widths, k), dtype)


def _even(n: int, most: int) -> list[tuple[int, int, int]]:
    """Rows in tiles of nearly one size, since a small one does not keep the processor busy: (first, tiles, rows)."""
    tiles = -(-n // most)
    small, larger = divmod(n, tiles)
    found = [(0, larger, small + 1), (larger * (small + 1), tiles - larger, small)]
    return [part for part in found if part[1]]


def _tile(
    code: Code, a: Matrix, b: Matrix, c: Matrix, place: tuple[str, str], sizes: tuple[int, list[int], int], dtype: DType
) -> None:
    """Some rows and vectors of columns of a product, from row and column `place` on."""
    (i, j), (rows, widths, k) = place, sizes
    vectors = _Vectors(code, dtype)
    offsets = [sum(widths[:q]) for q in range(len(widths))]
    totals = [[code.variable(vectors.type(w)) for w in widths] for _ in range(rows)]
    for row in totals:
        for w, total in zip(widths, row):
            code.do(f"store {vectors.type(w)} {vectors.zero(w)}, ptr {total}")
    with code.loop(k) as at:
        right = [
            vectors.load(b.memory, code.index(b.offset + o, [(at, b.down), (j, b.apart or 1)]), w)
            for o, w in zip(offsets, widths)
        ]
        for r in range(rows):
            here = code.index(a.offset + r * a.down, [(i, a.down), (at, a.across)])
            factor = code.load(a.memory, dtype, here)
            for w, y, total in zip(widths, right, totals[r]):
                old = code.let(f"load {vectors.type(w)}, ptr {total}")
                new = vectors.add_product(vectors.spread(factor, w), y, old, w)
                code.do(f"store {vectors.type(w)} {new}, ptr {total}")
    for r in range(rows):
        for o, w, total in zip(offsets, widths, totals[r]):
            made = code.let(f"load {vectors.type(w)}, ptr {total}")
            vectors.store(c.memory, code.index(c.offset + r * c.down + o, [(i, c.down), (j, 1)]), made, w)


def by_dots(code: Code, a: Matrix, b: Matrix, c: Matrix, sizes: tuple[int, int, int], dtype: DType) -> None:
    """``c = a @ b``, for rows of a and columns of b that lie together in memory: a sum of vectors for each element."""
    m, n, k = sizes
    rows = 2 if m == 4 else min(m, 3)  # with four, what is read has no room beside twelve vectors
    columns = min(n, ACCUMULATORS // rows)
    spans = [(0, n // columns * columns, columns), (n // columns * columns, n, n % columns)]
    for low, high in ((0, m // rows * rows), (m // rows * rows, m)):
        if low == high:
            continue
        tall = rows if low == 0 else m % rows
        with code.loop(high - low, tall) as i:
            for left, right, wide in spans:
                if left < right:
                    with code.loop(right - left, wide) as j:
                        place = code.index(low, [(i, 1)]), code.index(left, [(j, 1)])
                        _dots(code, a, b, c, place, (tall, wide, k), dtype)


def _dots(
    code: Code, a: Matrix, b: Matrix, c: Matrix, place: tuple[str, str], sizes: tuple[int, int, int], dtype: DType
) -> None:
    (i, j), (rows, columns, k) = place, sizes
    vectors = _Vectors(code, dtype)
    widest = lanes(dtype)
    sums: dict[tuple[int, int], list[str]] = {}
    start = 0
    for width in dict.fromkeys(_pieces(k, widest)):
        times = k // widest if width == widest else 1
        totals = {(r, q): code.variable(vectors.type(width)) for r in range(rows) for q in range(columns)}
        for total in totals.values():
            code.do(f"store {vectors.type(width)} {vectors.zero(width)}, ptr {total}")
        with code.loop(times * width, width) as at:
            left = [
                vectors.load(a.memory, code.index(a.offset + start + r * a.down, [(i, a.down), (at, 1)]), width)
                for r in range(rows)
            ]
            for q in range(columns):
                here = code.index(b.offset + start + q * b.across, [(j, b.across), (at, 1)])
                y = vectors.load(b.memory, here, width)
                for r in range(rows):
                    total = totals[r, q]
                    old = code.let(f"load {vectors.type(width)}, ptr {total}")
                    new = vectors.add_product(left[r], y, old, width)
                    code.do(f"store {vectors.type(width)} {new}, ptr {total}")
        for key, total in totals.items():
            made = vectors.sum(code.let(f"load {vectors.type(width)}, ptr {total}"), width)
            sums.setdefault(key, []).append(made)
        start += times * width
    for (r, q), parts in sums.items():
        made = parts[0]
        for part in parts[1:]:
            made = code.let(f"fadd reassoc {vectors.kind} {made}, {part}")
        there = code.index(c.offset + r * c.down + q * c.across, [(i, c.down), (j, c.across)])
        vectors.store(c.memory, there, made, 1)


def lay(
    code: Code,
    source: Matrix,
    target: Matrix,
    panels: tuple[int | str, int | str],
    sizes: tuple[int, int],
    dtype: DType,
) -> None:
    """Lay panels of columns side by side, from one panel up to another: of each, row after row.

    Parameters
    ----------
    code : Code
    source, target : Matrix
        Where the first of all panels begins; the rows of the source lie together.
    panels : (first, last)
    sizes : (rows, columns)
        Of a panel.
    dtype : dtype
    """
    vectors = _Vectors(code, dtype)
    rows, columns = sizes
    widths = _pieces(columns, lanes(dtype))
    with code.loop(rows) as i, code.loop(panels[1], first=panels[0]) as g:
        for q, width in enumerate(widths):
            j = sum(widths[:q])
            here = code.index(source.offset + j, [(i, source.down), (g, columns)])
            there = code.index(target.offset + j, [(i, columns), (g, rows * columns)])
            vectors.store(target.memory, there, vectors.load(source.memory, here, width), width)


def transpose(code: Code, source: Matrix, target: Matrix, rows: int, columns: int, dtype: DType) -> None:
    """Copy a matrix whose columns lie together (`down` is 1) to one whose rows do (`across` is 1)."""
    width = lanes(dtype)
    high, wide = rows // width * width, columns // width * width
    if high and wide:
        with code.loop(wide, width) as j, code.loop(high, width) as i:
            _turn(code, source, target, i, j, dtype)
    for left, right, low, top in ((0, wide, high, rows), (wide, columns, 0, rows)):
        if left < right and low < top:
            with code.loop(right - left) as j, code.loop(top - low) as i:
                here = code.index(
                    source.offset + low * source.down + left * source.across, [(i, source.down), (j, source.across)]
                )
                there = code.index(target.offset + low * target.down + left, [(i, target.down), (j, 1)])
                code.store(target.memory, dtype, there, code.load(source.memory, dtype, here))


def _turn(code: Code, source: Matrix, target: Matrix, i: str, j: str, dtype: DType) -> None:
    """One square block: pairs of vectors are laid into one another, within halves of 16 bytes, then halves change."""
    vectors, width = _Vectors(code, dtype), lanes(dtype)
    held = []
    for q in range(width):
        here = code.index(source.offset + q * source.across, [(i, source.down), (j, source.across)])
        held.append(vectors.load(source.memory, here, width))
    half, kind = width // 2, vectors.type(width)

    def mixed(x: str, y: str, order: list[int]) -> str:
        places = ", ".join([f"i32 {p}" for p in order])
        return code.let(f"shufflevector {kind} {x}, {kind} {y}, <{width} x i32> <{places}>")

    apart = 1
    while apart < half:  # one instruction each, since no number leaves its half
        low, high = [_within_halves(width, apart, part) for part in (0, 1)]
        pairs = [(x, x + apart) for x in range(width) if x // apart % 2 == 0]
        held = [mixed(held[x], held[y], order) for x, y in pairs for order in (low, high)]
        apart *= 2
    orders = [[*range(p, p + half), *range(width + p, width + p + half)] for p in (0, half)]
    held = [mixed(held[q], held[q + half], order) for order in orders for q in range(half)]
    for r, x in enumerate(held):
        there = code.index(target.offset + r * target.down, [(i, target.down), (j, 1)])
        vectors.store(target.memory, there, x, width)


def _within_halves(width: int, chunk: int, part: int) -> list[int]:
    """Chunks of two vectors in turn, out of the first or second part of each half."""
    half = width // 2
    order: list[int] = []
    for base in (0, half):
        for start in range(base + part * half // 2, base + (part + 1) * half // 2, chunk):
            order += [*range(start, start + chunk), *range(width + start, width + start + chunk)]
    return order
