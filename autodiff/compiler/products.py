"""Matrix products in machine code: in tiles, which threads share from some size on; very large ones by NumPy's BLAS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff.compiler import blas, sharing
from autodiff.compiler.ir import Code, Memory, Unsupported, literal, register_type
from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.strided import View, whole
from autodiff.compiler.tiles import FEW, Matrix, by_dots, by_tiles, runs_along_terms, transpose

if TYPE_CHECKING:
    from autodiff.compiler.kernel import Kernel

__all__ = ["product"]

#: Products of more multiplications are left to the BLAS, unless one matrix has few rows or they are shared: from this
#: size on, OpenBLAS gives them to several threads. Below, it takes 1.1 to 1.8 times as long as tiles.
LARGE_PRODUCT = 1 << 20


def product(kernel: Kernel, i: Instruction) -> None:
    """Write a product of vectors or matrices."""
    x, y = i.operands
    out = i.outputs[0]
    if not (isinstance(x, Value) and isinstance(y, Value) and 1 <= x.ndim <= 2 and 1 <= y.ndim <= 2):
        raise Unsupported("matmul of more than two dimensions")
    if not x.dtype == y.dtype == out.dtype or out.dtype.name not in ("float32", "float64"):
        raise Unsupported(f"matmul of {x.dtype} and {y.dtype}")
    a, b = kernel.views.of[x], kernel.views.of[y]
    if x.ndim == 1:
        a = View(a.root, a.offset, (0, *a.strides), (1, *a.shape))
    if y.ndim == 1:
        b = View(b.root, b.offset, (*b.strides, 0), (*b.shape, 1))
    (m, k), n = a.shape, b.shape[1]
    c = View(out, 0, (n, 1), (m, n))
    if n == 1:  # a column is a row of the transposed product
        a, b, c, m, n = _turned(b), _turned(a), View(c.root, 0, (m, 1), (1, m)), n, m
    if 1 not in b.strides and min(k, n) > 1:  # neither its rows nor its columns lie together
        b = _tidy(kernel, b)
    sizes = m, n, k
    left, right, made = [Matrix(Memory(f"%x{q}", str(q)), 0, *view.strides) for q, view in enumerate((a, b, c))]
    is_shared = sharing.is_worthwhile(left, right, sizes)
    if not is_shared and min(m, n) > FEW and m * n * k > LARGE_PRODUCT and _by_blas(kernel, a, b, c):
        return
    given = []
    for view in (a, b, c):
        memory, start = kernel.memory(view.root)
        given.append(f"ptr {kernel.code.address(memory, out.dtype, str(start + view.offset))}")
    if is_shared:
        sharing.share(kernel, given, (left, right, made), sizes, out.dtype)
        return
    code = Code(kernel.scopes)
    if right.across != 1 and n > 1:
        if runs_along_terms(left, right, sizes):
            by_dots(code, left, right, made, sizes, out.dtype)
            kernel.call(code, given, ["%x0", "%x1", "%x2"])
            return
        given.append(f"ptr {kernel.scratch(k * n * out.dtype.itemsize).pointer}")
        turned = Matrix(Memory("%x3", "3"), 0, n, 1)
        transpose(code, right, turned, k, n, out.dtype)
        right = turned
    by_tiles(code, left, right, made, sizes, out.dtype)
    kernel.call(code, given, [f"%x{q}" for q in range(len(given))])


def _tidy(kernel: Kernel, view: View) -> View:
    """The elements of a view in memory of their own, in order."""
    held = Value("result", view.shape, view.root.dtype)
    kernel.slots.of[held] = kernel.slots.extra(held.size * held.dtype.itemsize)
    kernel.copy(view, whole(held))
    return whole(held)


def _turned(view: View) -> View:
    return View(view.root, view.offset, view.strides[::-1], view.shape[::-1])


def _by_blas(kernel: Kernel, a: View, b: View, c: View) -> bool:
    """Call the BLAS, if it is there and can read the operands where they lie."""
    left, right, gemm = _leading(a), _leading(b), blas.find()
    if left is None or right is None:
        return False
    if gemm is None:
        raise Unsupported("NumPy's BLAS was not found, and there are large products")
    dtype = c.root.dtype
    which = "single" if dtype.itemsize == 4 else "double"
    code, kind, whole_number = kernel.code, register_type(dtype), f"i{gemm.bits}"
    places = []
    for view in (a, b, c):
        memory, start = kernel.memory(view.root)
        places.append(code.address(memory, dtype, str(start + view.offset)))
    (m, k), n = a.shape, b.shape[1]
    one, zero = literal(1, dtype), literal(0, dtype)
    given = [
        *[f"i32 {flag}" for flag in (101, left[0], right[0])],
        *[f"{whole_number} {size}" for size in (m, n, k)],
        f"{kind} {one}, ptr {places[0]}, {whole_number} {left[1]}",
        f"ptr {places[1]}, {whole_number} {right[1]}",
        f"{kind} {zero}, ptr {places[2]}, {whole_number} {n}",
    ]
    code.do(f"call void {kernel.slot(which)}({', '.join(given)})")
    return True


def _leading(view: View) -> tuple[int, int] | None:
    """Whether a matrix is to be transposed (112) or not (111), and how far its rows are apart; None: neither way."""
    (rows, columns), (down, across) = view.shape, view.strides
    if (across == 1 or columns == 1) and (down >= columns or rows == 1):
        return 111, max(down, columns)
    if (down == 1 or rows == 1) and (across >= rows or columns == 1):
        return 112, max(across, rows)
    return None
