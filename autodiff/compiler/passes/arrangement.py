"""Arrangement: reshapes, transposes and repetitions that undo each other, or do nothing."""

from __future__ import annotations

from typing import Any

from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.rewriting import Rule, Sweep

__all__ = ["ARRANGEMENTS"]


def _reshape(i: Instruction, known: Sweep) -> Any:
    """A reshape to the same shape does nothing; of two, the last one counts."""
    x, out = i.operands[0], i.outputs[0]
    if x.shape == out.shape:
        return x
    before = known.producer(x, "reshape")
    if before is not None:
        return Instruction("reshape", before.operands, {"shape": out.shape}, i.outputs, i.place)
    if i.static["shape"] != out.shape:
        return Instruction("reshape", i.operands, {"shape": out.shape}, i.outputs, i.place)
    return None


def _swap_last(i: Instruction, known: Sweep) -> Any:
    """Exchanged twice, dimensions are where they were."""
    before = known.producer(i.operands[0], "swap_last")
    return None if before is None else before.operands[0]


def _transpose(i: Instruction, known: Sweep) -> Any:
    """A transpose of a matrix exchanges its dimensions; orders that follow each other are one."""
    x, out = i.operands[0], i.outputs[0]
    axes = i.static["axes"]
    axes = tuple(range(x.ndim))[::-1] if axes is None else tuple([a % x.ndim for a in axes])
    if axes == tuple(range(x.ndim)):
        return x
    if x.ndim == 2:
        return Instruction("swap_last", (x,), {}, i.outputs, i.place)
    before = known.producer(x, "transpose")
    if before is not None and before.static["axes"] is not None:
        inner = before.static["axes"]
        order = tuple([inner[a] % x.ndim for a in axes])
        return Instruction("transpose", before.operands, {"axes": order}, (out,), i.place)
    return None


def _broadcast_to(i: Instruction, known: Sweep) -> Any:
    """Repeated to the shape that it has, an array is what it was; of two repetitions, the last one counts."""
    x, out = i.operands[0], i.outputs[0]
    if not isinstance(x, Value):
        return None
    if x.shape == out.shape:
        return x
    before = known.producer(x, "broadcast_to")
    return None if before is None else i.with_operands(before.operands)


def _whole(i: Instruction, known: Sweep) -> Any:
    """A reduction over everything sees elements in the same order, whatever their shape."""
    before = known.producer(i.operands[0], "reshape")
    if before is None or i.static["axis"] is not None or i.static["keepdims"]:
        return None
    return i.with_operands(before.operands)


def _index(i: Instruction, known: Sweep) -> Any:
    """x[:] = x, and x[:, None] is a reshape."""
    x, out, key = i.operands[0], i.outputs[0], i.static["key"]
    if len(i.operands) > 1 or x.size != out.size:
        return None
    plain = all(k is None or k is Ellipsis or (isinstance(k, slice) and k.step in (None, 1)) or k == 0 for k in key)
    return Instruction("reshape", (x,), {"shape": out.shape}, i.outputs, i.place) if plain and x.size else None


def _contiguous(i: Instruction, known: Sweep) -> Any:
    """The order in memory is a matter of what writes it, unless it is that of a transposed view."""
    source = known.producer(i.operands[0])
    return i.operands[0] if source is None or source.op not in ("swap_last", "transpose", "index") else None


ARRANGEMENTS: dict[str, list[Rule]] = {
    "reshape": [_reshape],
    "swap_last": [_swap_last],
    "transpose": [_transpose],
    "broadcast_to": [_broadcast_to],
    "sum": [_whole],
    "mean": [_whole],
    "index": [_index],
    "contiguous": [_contiguous],
}
