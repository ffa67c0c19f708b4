"""Transposes: those of products go into their operands, where a BLAS call takes them for nothing."""

from __future__ import annotations

from typing import Any

from autodiff.compiler.passes.arrangement import ARRANGEMENTS
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.compiler.rewriting import Sweep, sweep

__all__ = ["transposes"]


def transposes(program: Program) -> Program:
    """Turn transposes of products into products of transposes; leave out copies that only products read."""
    readers = program.consumers()

    def _for_products(i: Instruction, known: Sweep) -> Any:
        out = i.outputs[0]
        read = readers.get(out, [])
        return i.operands[0] if read and out not in known.kept and all(r.op == "matmul" for r in read) else None

    return sweep(program, {"swap_last": [_of_product, *ARRANGEMENTS["swap_last"]], "contiguous": [_for_products]})


def _of_product(i: Instruction, known: Sweep) -> Any:
    """Use that (x y)^T = y^T x^T."""
    product = known.producer(i.operands[0], "matmul")
    if product is None or not known.lone(i.operands[0]):
        return None
    x, y = product.operands
    if x.ndim != 2 or y.ndim != 2:
        return None
    turned = [Value("result", (*v.shape[:-2], v.shape[-1], v.shape[-2]), v.dtype) for v in (y, x)]
    return [
        Instruction("swap_last", (y,), {}, (turned[0],), i.place),
        Instruction("swap_last", (x,), {}, (turned[1],), i.place),
        Instruction("matmul", tuple(turned), {}, i.outputs, i.place),
    ]
