"""Forms: how each operation is written in NumPy, as statements that put the result where it belongs.

Methods and assignments stand where they can: `x.dot(y, out)` takes 0.2 us less than `np.dot(x, y, out)`, and
`out[...] = x` less than `np.copyto(out, x)`, since those first ask each argument for a way of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.scalars import Scalar

if TYPE_CHECKING:
    from autodiff.compiler.np_writer import Writer

__all__ = ["BINARY", "RESHAPED", "UNARY", "VIEWS", "Form", "call", "form_of", "is_ufunc"]

#: Operations that are one ufunc: what NumPy calls it.
UNARY = {
    **{
        name: name
        for name in (
            *("negative", "absolute", "sign", "square", "exp", "expm1", "log", "log1p", "log2", "sqrt", "sin", "cos"),
            *("tan", "tanh", "floor", "isnan", "isfinite", "logical_not"),
        )
    },
    "bitwise_not": "invert",
}
BINARY = {
    name: name
    for name in (
        *("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "equal", "not_equal", "less"),
        *("less_equal", "greater", "greater_equal", "bitwise_and", "bitwise_or", "bitwise_xor", "logical_and"),
        "logical_or",
    )
}

#: Operations that are written as views.
VIEWS = ("reshape", "transpose", "swap_last", "index", "broadcast_to")
#: Up to so many elements a sum over everything is a product with ones, which saves a microsecond.
_SHORT = 4096
#: Rows of up to so many elements are summed by a product with ones.
_NARROW = 64

Write = Callable[["Writer", Instruction], list[str]]


class Form:
    """How an operation is written.

    Parameters
    ----------
    kind : {"write", "view", "join", "call", "check"}
        Whether it writes a result into given memory, makes a view, lays arrays one after the other, or calls a
        function that makes its own results.
    write : callable
        Gives the statements.
    over : tuple of int
        The operands that the result may be written over.
    view : callable, optional
        Of a view: makes it of an array.
    """

    def __init__(self, kind: str, write: Write, over: tuple[int, ...] = (), view: Any = None) -> None:
        self.kind = kind
        self.write = write
        self.over = over
        self.view = view


def call(i: Instruction) -> Form:
    """A call of the operation's own forward."""
    return Form("call", lambda w, i: [w.calling(i)])


def is_ufunc(i: Instruction) -> bool:
    """Whether an instruction is one application of a ufunc; NumPy raises no whole number to a negative power."""
    if i.op == "power" and i.outputs[0].dtype.kind != "f":
        return False
    return i.op in UNARY or i.op in BINARY


def form_of(i: Instruction) -> Form:
    """The form of an instruction; a call where there is no better one."""
    maker = _FORMS.get(i.op)
    if any(v is not None for v in i.outputs[1:]) or not i.outputs:
        return call(i)
    return (maker and maker(i)) or call(i)


# ---------------------------------------------------------------------- elementwise


def _ufunc(i: Instruction) -> Form | None:
    if not is_ufunc(i):
        return None
    name = UNARY.get(i.op) or BINARY[i.op]
    common = _common(i)
    try:
        dtype = getattr(np, name)(*[_sample(o, common) for o in i.operands]).dtype
    except (TypeError, ValueError, OverflowError):
        return None
    if dtype != i.outputs[0].dtype or not i.reads():
        return None

    def write(w: Writer, i: Instruction) -> list[str]:
        out = i.outputs[0]
        if name not in ("maximum", "minimum"):
            operands = [_operand(w, o, common, out) for o in i.operands]
            return [f"{w.function(name)}({', '.join([*operands, w.out(i)])})"]
        # Of these two NumPy warns of `out` by position, and takes two small arrays of one shape 0.3 us faster.
        spread = out.size <= _SHORT and common is not None and common.kind == "f"
        operands = [w.spread(o, out) if spread else _operand(w, o, common, out) for o in i.operands]
        return [f"{w.function(name)}({', '.join(operands)}, out={w.out(i)})"]

    return Form("write", write, tuple(range(len(i.operands))))


def _operand(w: Writer, o: Any, common: Any, out: Value) -> str:
    """An operand; one element for many without dims, since NumPy takes 0.5 us more to spread an array."""
    if isinstance(o, Value) and o.size == 1 < out.size and o.ndim and w.is_static(o) and w.is_flat(o):
        return w.flat(o, ())
    return w.operand(o, common)


def _common(i: Instruction) -> Any:
    """The dtype that numbers take on: that of the arrays, if it is one."""
    dtypes = {o.dtype for o in i.reads()}
    return dtypes.pop() if len(dtypes) == 1 else None


def _sample(o: Any, common: Any) -> Any:
    if isinstance(o, Value):
        return np.ones((1,) * max(o.ndim, 1), o.dtype)
    return float(o.value) if isinstance(o, Scalar) else o


def _copy(i: Instruction) -> Form | None:
    if not i.reads():
        return None
    same = i.operands[0].dtype == i.outputs[0].dtype

    def write(w: Writer, i: Instruction) -> list[str]:
        out, x = w.out(i), w.operand(i.operands[0])
        if w.is_same(i.operands[0], i.outputs[0]):
            return []
        return [f"{out}[...] = {x}"]

    return Form("write", write, (0,) if same else ())


def _power_scalar(i: Instruction) -> Form | None:
    exponent, dtype = i.static["exponent"], i.outputs[0].dtype
    if dtype.kind != "f" or i.operands[0].dtype != dtype:
        return None
    one = {0.5: "sqrt", 2: "square"}.get(exponent)

    def write(w: Writer, i: Instruction) -> list[str]:
        x, out = w.operand(i.operands[0]), w.out(i)
        if one is not None:
            return [f"{w.function(one)}({x}, {out})"]
        if exponent == -1:
            return [f"{w.function('divide')}({w.number(1.0, dtype)}, {x}, {out})"]
        if exponent == -0.5:
            return [
                f"{w.function('sqrt')}({x}, {out})",
                f"{w.function('divide')}({w.number(1.0, dtype)}, {out}, {out})",
            ]
        if exponent == 3:
            return [f"{w.function('multiply')}({x}, {x}, {out})", f"{w.function('multiply')}({out}, {x}, {out})"]
        return [f"{w.function('power')}({x}, {w.number(exponent, dtype)}, {out})"]

    return Form("write", write, () if exponent == 3 else (0,))


def _as_power(exponent: float) -> Callable[[Instruction], Form | None]:
    return lambda i: _power_scalar(Instruction(i.op, i.operands, {"exponent": exponent}, i.outputs))


def _where(i: Instruction) -> Form | None:
    condition, x, y = i.operands
    dtype = i.outputs[0].dtype
    if not isinstance(condition, Value) or condition.dtype != bool:
        return None
    if any(isinstance(o, Value) and o.dtype != dtype for o in (x, y)):
        return None

    def write(w: Writer, i: Instruction) -> list[str]:
        c, x, y = i.operands
        out = w.out(i)
        first = [] if w.is_same(y, i.outputs[0]) else [f"{out}[...] = {w.operand(y, dtype)}"]
        return [*first, f'{w.function("copyto")}({out}, {w.operand(x, dtype)}, "unsafe", {w.operand(c)})']

    return Form("write", write, (2,))


# ---------------------------------------------------------------------- reductions and products


def _sum(i: Instruction) -> Form | None:
    (x,), (out,) = i.operands, i.outputs
    if not isinstance(x, Value) or x.dtype != out.dtype or x.dtype.kind != "f" or x.dtype.itemsize < 4 or not x.ndim:
        return None
    axes = i.axes()
    count = prod([x.shape[a] for a in axes])
    share = 1.0 / count if i.op == "mean" and count else 1.0
    if i.op == "mean" and not count:
        return None

    def write(w: Writer, i: Instruction) -> list[str]:
        # One product gives a short mean, of elements divided before they are added: where only their total overflows,
        # it is finite. To divide the total would be another call.
        name, target = w.name(x), w.out(i)
        flat = w.is_flat(x)
        if flat and len(axes) == x.ndim and x.size <= _SHORT:
            return [_dot(w.flat(x), w.filled(share, x.size, x.dtype), w.flat(out, ()))]
        if x.ndim == 2 and axes == (0,):
            return [_dot(w.filled(share, x.shape[0], x.dtype), name, w.flat(out))]
        if x.ndim == 2 and axes == (1,) and x.shape[1] <= _NARROW:
            return [_dot(name, w.filled(share, x.shape[1], x.dtype), w.flat(out))]
        lines = [_reduce(w, "add", i, name, target)]
        if i.op == "mean":
            lines.append(f"{w.function('divide')}({target}, {w.number(float(count), x.dtype)}, {target})")
        return lines

    return Form("write", write)


def _reduce(w: Writer, ufunc: str, i: Instruction, x: str, out: str) -> str:
    axes: Any = i.axes()
    axes = axes[0] if len(axes) == 1 else axes
    kept = ", True" if i.static.get("keepdims") else ""
    return f"{w.function(f'{ufunc}.reduce')}({x}, {axes}, None, {out}{kept})"


def _extreme(i: Instruction) -> Form | None:
    (x,) = i.operands
    if not isinstance(x, Value) or not x.ndim or not x.size:
        return None
    ufunc = {"amax": "maximum", "amin": "minimum"}[i.op]
    return Form("write", lambda w, i: [_reduce(w, ufunc, i, w.name(x), w.out(i))])


def _matmul(i: Instruction) -> Form | None:
    x, y = i.operands
    (out,) = i.outputs
    if not isinstance(x, Value) or not isinstance(y, Value) or not x.dtype == y.dtype == out.dtype:
        return None
    if not x.ndim or not y.ndim or out.dtype.kind == "b":
        return None
    if x.ndim <= 2 and y.ndim <= 2:
        return Form("write", lambda w, i: [_dot(w.name(x), w.name(y), w.out(i))])
    return Form("write", lambda w, i: [f"{w.function('matmul')}({w.name(x)}, {w.name(y)}, {w.out(i)})"])


def _dot(x: str, y: str, out: str) -> str:
    return f"{x}.dot({y}, {out})"


# ---------------------------------------------------------------------- arrangement


def _view(i: Instruction) -> Form | None:
    x, static = i.operands[0], i.static
    if len(i.operands) != 1 or not isinstance(x, Value) or i.op not in VIEWS:
        return None
    if i.op == "reshape":
        return _viewing(f".reshape({_tuple(i.outputs[0].shape)})", lambda a: a.reshape(i.outputs[0].shape))
    if i.op == "transpose":
        axes = static.get("axes")
        return _viewing(".T" if axes is None else f".transpose({_tuple(axes)})", lambda a: a.transpose(axes))
    if i.op == "swap_last":
        return _viewing(".T" if x.ndim == 2 else ".swapaxes(-1, -2)", lambda a: a.swapaxes(-1, -2))
    if i.op == "index":
        key = static["key"]
        if not all(k is None or k is Ellipsis or isinstance(k, (slice, int)) for k in key):
            return None
        whole = key if any(k is Ellipsis for k in key) or i.outputs[0].ndim else (*key, Ellipsis)
        return _viewing(f"[{_key(whole)}]", lambda a: a[whole])
    shape = i.outputs[0].shape
    return Form(
        "view",
        lambda w, i: [f"{w.function('broadcast_to')}({w.name(i.operands[0])}, {_tuple(shape)})"],
        view=lambda a: np.broadcast_to(a, shape),
    )


def _viewing(suffix: str, view: Callable[[Any], Any]) -> Form:
    """A view whose one line is the expression."""
    return Form("view", lambda w, i: [f"{w.name(i.operands[0])}{suffix}"], view=view)


def _reshaped(w: Writer, i: Instruction) -> list[str]:
    x, (out,) = i.operands[0], i.outputs
    return [f"{w.seen(out, x.shape)}[...] = {w.name(x)}"]


#: The form of a reshape that has to copy.
RESHAPED = Form("write", _reshaped)


def _tuple(items: Any) -> str:
    return f"({', '.join([str(int(n)) for n in items])}{',' if len(items) == 1 else ''})"


def _key(key: Any) -> str:
    def one(k: Any) -> str:
        if isinstance(k, slice):
            text = ":".join(["" if v is None else str(v) for v in (k.start, k.stop)])
            return text if k.step is None else f"{text}:{k.step}"
        return "..." if k is Ellipsis else str(k)

    return ", ".join([one(k) for k in key]) + ("," if len(key) == 1 and not isinstance(key[0], slice) else "")


def _concatenate(i: Instruction) -> Form | None:
    (out,) = i.outputs
    axis = i.static.get("axis", 0) % max(out.ndim, 1)
    if any(not isinstance(o, Value) or o.dtype != out.dtype for o in i.operands):
        return None
    ahead = prod(out.shape[:axis]) == 1

    def write(w: Writer, i: Instruction) -> list[str]:
        if not ahead or not w.is_static(out):
            parts = ", ".join([w.name(o) for o in i.operands])
            return [f"{w.function('concatenate')}(({parts},), {axis}, {w.out(i)})"]
        start, lines = 0, []
        for o in i.operands:
            if not w.lies_in(o, out, start) and o.size:
                lines.append(f"{w.part(out, start, o)}[...] = {w.name(o)}")
            start += o.size
        return lines or [f"# {', '.join([w.name(o) for o in i.operands])} lie side by side in {w.name(out)}"]

    return Form("join" if ahead else "write", write)


# ---------------------------------------------------------------------- gathers, checks, and what fusing makes


def _check_classes(i: Instruction) -> Form | None:
    target = i.operands[0]
    if not isinstance(target, Value) or target.dtype != np.int64 or not target.size:
        return None
    if 0 <= i.static["ignore_index"] < i.static["classes"]:
        return None  # which being in range does not tell

    def write(w: Writer, i: Instruction) -> list[str]:
        y, bound = w.name(target), i.static["classes"]
        largest = f"{w.function('maximum.reduce')}({y}.view({w.function('uint64')}), None)"
        return [f"{w.name(i.outputs[0])} = {y} if {largest} < {bound} else {w.expression(i)}"]

    return Form("call", write)


def _take_rows(i: Instruction) -> Form | None:
    """``out[i] = x[i, labels[i]]``, at known flat positions."""
    x, at = i.operands

    def write(w: Writer, i: Instruction) -> list[str]:
        if not w.is_flat(x):
            return [f"{w.flat(i.outputs[0])}[...] = {w.name(x)}.reshape(-1).take({w.name(at)})"]
        return [f'{w.flat(x)}.take({w.name(at)}, None, {w.flat(i.outputs[0])}, "clip")']

    return Form("write", write)


def _subtract_rows(i: Instruction) -> Form | None:
    """X less a number at known flat positions."""
    x, at, number = i.operands
    dtype = i.outputs[0].dtype

    def write(w: Writer, i: Instruction) -> list[str]:
        out, name = w.out(i), w.name(x)
        first = [] if w.is_same(x, i.outputs[0]) else [f"{out}[...] = {name}"]
        amount = w.flat(number) if isinstance(number, Value) and number.ndim else w.operand(number, dtype)
        return [*first, f"{w.flat(i.outputs[0])}[{w.name(at)}] -= {amount}"]

    return Form("write", write, (0,))


def _positions(i: Instruction) -> Form | None:
    labels = i.operands[0]
    width = i.static["width"]

    def write(w: Writer, i: Instruction) -> list[str]:
        rows = w.prepared(f"np.arange(0, {labels.size * width}, {width})", "row_starts")
        return [f"{w.function('add')}({rows}, {w.name(labels)}, {w.out(i)})"]

    return Form("write", write)


def _gate(i: Instruction) -> Form | None:
    """X where the mask holds, else 0: the bits of x times 1 or 0, which no inf or nan disturbs."""
    x, mask = i.operands
    bits = f"int{8 * x.dtype.itemsize}"

    def write(w: Writer, i: Instruction) -> list[str]:
        text = f"{w.function('multiply')}({w.bits(x, bits)}, {w.name(mask)}, {w.bits(i.outputs[0], bits)})"
        return [f"{text}  # 0 where {w.name(mask)} is 0"]

    return Form("write", write, (0,))


_FORMS: dict[str, Callable[[Instruction], Form | None]] = {
    **dict.fromkeys([*UNARY, *BINARY], _ufunc),
    **dict.fromkeys(["copy", "contiguous", "cast"], _copy),
    **dict.fromkeys(VIEWS, _view),
    **dict.fromkeys(["sum", "mean"], _sum),
    **dict.fromkeys(["amax", "amin"], _extreme),
    "power_scalar": _power_scalar,
    "reciprocal": _as_power(-1),
    "rsqrt": _as_power(-0.5),
    "where": _where,
    "matmul": _matmul,
    "concatenate": _concatenate,
    "check_classes": _check_classes,
    "rows.take": _take_rows,
    "rows.subtract": _subtract_rows,
    "rows.positions": _positions,
    "bits.widen": _copy,
    "bits.gate": _gate,
}
