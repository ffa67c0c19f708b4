"""Reading and adding where index arrays say, in machine code, and the checks that an index or number is in range.

A check that fails leaves the step before anything is changed; the program, run once more by its primitives, then raises
what they raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.compiler.ir import Unsupported, literal
from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.strided import whole
from autodiff.ops.index import lone_axis

if TYPE_CHECKING:
    from autodiff.compiler.nests import Nest

__all__ = ["add_at", "is_gather", "put_along", "take"]

DType = np.dtype[Any]

_INT = np.dtype(np.int64)


def is_gather(i: Instruction) -> bool:
    """Whether an operation reads its operands at other places than that of its result."""
    return i.op in ("take_along", "take_flat") or (i.op == "index" and len(i.operands) > 1)


def take(nest: Nest, i: Instruction) -> dict[Value, str]:
    """An element of ``take_along``, ``take_flat`` or ``index`` with one array, and of what it keeps."""
    x, indices, out = i.operands[0], i.operands[1], i.outputs[0]
    view = nest.kernel.views.of[x]
    if i.op == "take_flat":
        if view != whole(view.root):
            raise Unsupported("take_flat of a view")
        return {out: nest.load_at(view, nest.load_view(indices, out.ndim, 0), 1, (0,) * out.ndim)}
    if i.op == "index":
        axis = _axis(i)
        place = _in_range(nest, indices, nest.load_view(indices, out.ndim, axis), x.shape[axis])
        strides = (*view.strides[:axis], *(0,) * indices.ndim, *view.strides[axis + 1 :])
        return {out: nest.load_at(view, place, view.strides[axis], strides)}
    axis = i.static["axis"] % out.ndim
    place = _in_range(nest, indices, nest.element(indices, _INT), x.shape[axis], i.static.get("wrap", True))
    strides = tuple(0 if d == axis or n == 1 else s for d, (n, s) in enumerate(zip(view.shape, view.strides)))
    made = {out: nest.load_at(view, place, view.strides[axis], strides)}
    if i.outputs[1] is not None:  # positions in x laid out flat
        ordered = whole(Value("result", x.shape, _INT)).strides
        flat = tuple(0 if d == axis else s for d, s in enumerate(ordered))
        made[i.outputs[1]] = nest.place(place, ordered[axis], flat)
    return made


def put_along(nest: Nest, i: Instruction) -> str:
    """An element of ``put_along`` with one index: the number where the index is met, else zero."""
    x, indices, out = i.operands[0], i.operands[1], i.outputs[0]
    axis = i.static["axis"] % out.ndim
    if indices.shape[axis] != 1 or (isinstance(x, Value) and x.ndim and x.shape[axis] != 1):
        raise Unsupported("put_along of several elements")
    place = _in_range(nest, indices, nest.element(indices, _INT), out.shape[axis])
    met = nest.let(f"icmp eq i64 {nest.index(tuple(int(d == axis) for d in range(out.ndim)))}, {place}")
    return nest.arithmetic(out.dtype).select(met, nest.element(x, out.dtype), literal(0, out.dtype))


def add_at(nest: Nest, i: Instruction) -> None:
    """Add the elements of x where the indices of ``index_adjoint`` or ``put_flat`` say, in memory that holds zeros."""
    x, indices, out = i.operands[0], i.operands[1], i.outputs[0]
    view = whole(out)
    if i.op == "put_flat":
        place = nest.load_view(indices, len(nest.shape), 0)
        nest.add_to(view, place, 1, (0,) * len(nest.shape), nest.element(x, out.dtype))
        return
    axis = _axis(i)
    place = _in_range(nest, indices, nest.load_view(indices, len(nest.shape), axis), out.shape[axis])
    strides = (*view.strides[:axis], *(0,) * indices.ndim, *view.strides[axis + 1 :])
    nest.add_to(view, place, view.strides[axis], strides, nest.element(x, out.dtype))


def _axis(i: Instruction) -> int:
    """The axis that the one index array is for."""
    arrays = i.operands[1:]
    axis = lone_axis(i.static["key"], arrays)
    if axis is None or not isinstance(arrays[0], Value) or arrays[0].dtype.kind not in "iu":
        raise Unsupported(f"{i.op} with such arrays")
    return axis


def _in_range(nest: Nest, indices: Any, place: str, n: int, wrap: bool = True) -> str:
    """An index, from the front; the step is left if there is no such element, unless that was seen before."""
    view = nest.kernel.views.of[indices]
    if view.root in nest.kernel.in_range:  # and not negative
        return place
    if not wrap:
        nest.demand(nest.let(f"icmp ult i64 {place}, {n}"))
        return place
    from_behind = nest.let(f"icmp slt i64 {place}, 0")
    place = nest.let(f"select i1 {from_behind}, i64 {nest.let(f'add i64 {place}, {n}')}, i64 {place}")
    if (view, n) not in nest.kernel.in_range:
        nest.demand(nest.let(f"icmp ult i64 {place}, {n}"))
        nest.kernel.in_range.add((view, n))
    return place
