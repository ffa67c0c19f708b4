"""Nests of loops: one element at a time, each instruction of a loop on numbers that stay in registers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.compiler.formulas import COMPARISONS, FLOATING, FORMULAS, converted, literal, power
from autodiff.compiler.loops import REDUCTIONS
from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.scalars import Scalar
from autodiff.compiler.strided import View, whole

if TYPE_CHECKING:
    from autodiff.compiler.kernel import Kernel

__all__ = ["Nest", "Unsupported"]


class Unsupported(Exception):
    """What Numba is not given; the message says what it is."""


class Nest:
    """One nest of loops.

    Parameters
    ----------
    kernel : Kernel
        Whose lines it adds to.
    shape : tuple of int
        What it runs over.

    Attributes
    ----------
    body : list of str
        What is done for each element.
    """

    def __init__(self, kernel: Kernel, shape: tuple[int, ...]) -> None:
        self.kernel = kernel
        self.shape = shape
        self.body: list[str] = []
        self.stores: list[str] = []
        self.indices: dict[tuple[int, tuple[int, ...]], str] = {}
        self.loaded: dict[View, str] = {}
        self.known: dict[Value, str] = {}
        self.totals: list[tuple[Instruction, View, str]] = []
        self.before: list[Instruction] = []

    # ------------------------------------------------------------------ elements

    def index(self, offset: int, strides: tuple[int, ...]) -> str:
        """A name that stands for an index until the loops are known."""
        key = offset, strides
        return self.indices.setdefault(key, f"<{len(self.indices)}>")

    def load(self, view: View) -> str:
        """An element of a view, in a variable."""
        view = view.broadcast(self.shape)
        if view not in self.loaded:
            name, start = self.kernel.memory(view.root)
            variable = self.loaded[view] = f"e{len(self.loaded)}"
            self.body.append(f"{variable} = {name}[{self.index(start + view.offset, view.strides)}]")
        return self.loaded[view]

    def store(self, view: View, expression: str) -> None:
        """Put an element into memory, when all have been read."""
        name, start = self.kernel.memory(view.root)
        view = view.broadcast(self.shape)
        self.stores.append(f"{name}[{self.index(start + view.offset, view.strides)}] = {expression}")

    def element(self, operand: Any, dtype: np.dtype[Any]) -> str:
        """An operand as a number of a dtype."""
        if not isinstance(operand, Value):
            return self.kernel.number(operand, dtype)
        if operand in self.known:
            return converted(self.known[operand], operand.dtype, dtype)
        view = self.kernel.views.of[operand]
        if view.root in self.known and view == whole(view.root):
            return converted(self.known[view.root], operand.dtype, dtype)
        if view.root.kind == "constant" and view.root.array.size == 1:
            return literal(view.root.array.reshape(-1)[0], dtype)
        return converted(self.load(view), operand.dtype, dtype)

    # ------------------------------------------------------------------ instructions

    def write(self, instructions: list[Instruction]) -> None:
        """All of a loop."""
        for i in instructions:
            out = i.outputs[0]
            if any(v is not None and v in self.kernel.readers for v in i.outputs[1:]):
                raise Unsupported(f"what {i.op} keeps for its derivative")
            if i.op in REDUCTIONS:
                self._reduce(i)
                continue
            name = f"v{len(self.known)}"
            self.body.append(f"{name} = {self._expression(i, out)}")
            self.known[out] = name
            if self.kernel.leaves_loop(out, instructions):
                self.store(whole(out), name)
        self.finish()

    def _expression(self, i: Instruction, out: Value) -> str:
        dtype = out.dtype
        if i.op in COMPARISONS:
            meeting = self._meeting(i)
            inf, zero = (literal(np.inf, meeting) if meeting.kind == "f" else "0"), literal(0, meeting)
            if meeting.kind != "f" and i.op in ("isnan", "isfinite"):
                return "True" if i.op == "isfinite" else "False"
            return COMPARISONS[i.op].format(*[self.element(o, meeting) for o in i.operands], inf=inf, zero=zero)
        special = getattr(self, f"_{i.op}", None)
        if special is not None:
            return f"{special(i, out)}"
        if i.op == "cast":
            return self.element(i.operands[0], dtype)
        if dtype.kind not in "fib" or (i.op in FLOATING and dtype.kind != "f"):
            raise Unsupported(f"{i.op} of {dtype}")
        if dtype.kind == "b" and i.op not in ("bitwise_and", "bitwise_or", "bitwise_xor", "copy", "reshape", "index"):
            raise Unsupported(f"{i.op} of bools")
        if i.op == "index" and len(i.operands) > 1:
            raise Unsupported("index with arrays")
        if i.op in ("reshape", "index"):
            raise Unsupported(f"{i.op} of an arrangement that is no view")
        names = [self.element(o, dtype) for o in i.operands]
        made = FORMULAS[i.op].format(*names, one=literal(1, dtype), zero=literal(0, dtype))
        return made if dtype.name in ("float32", "float64", "bool", "int64") else f"np.{dtype.name}({made})"

    @staticmethod
    def _meeting(i: Instruction) -> np.dtype[Any]:
        """The dtype in which the operands of a comparison meet."""
        kinds = [o.dtype for o in i.operands if isinstance(o, Value)]
        numbers = [float(o.value) if isinstance(o, Scalar) else o for o in i.operands if not isinstance(o, Value)]
        return np.result_type(*kinds, *numbers)

    def _power_scalar(self, i: Instruction, out: Value) -> str:
        exponent = i.static["exponent"]
        if out.dtype.kind != "f" or isinstance(exponent, Scalar):
            raise Unsupported("a power of whole numbers, or to a setting")
        return power(self.element(i.operands[0], out.dtype), exponent, out.dtype)

    def _clip(self, i: Instruction, out: Value) -> str:
        if out.dtype.kind == "b":
            raise Unsupported("clip of bools")
        x, low, high = i.operands
        held = self.element(x, out.dtype)
        for bound, op in ((low, "maximum"), (high, "minimum")):
            if bound is not None:
                held = f"({FORMULAS[op].format(held, self.element(bound, out.dtype))})"
                name = f"h{len(self.body)}"
                self.body.append(f"{name} = {held}")
                held = name
        return held

    def _where(self, i: Instruction, out: Value) -> str:
        condition, x, y = i.operands
        chosen = self.element(condition, np.dtype(bool))
        return f"{self.element(x, out.dtype)} if {chosen} else {self.element(y, out.dtype)}"

    def _bitwise_not(self, i: Instruction, out: Value) -> str:
        x = self.element(i.operands[0], out.dtype)
        return f"not {x}" if out.dtype.kind == "b" else converted(f"~{x}", np.dtype(np.int64), out.dtype)

    def _classes(self, i: Instruction) -> Value:
        """The indices of a gather, which must be known to be in range."""
        indices = i.operands[1]
        root = self.kernel.views.of[indices].root if isinstance(indices, Value) else None
        checked = {v for j in self.kernel.views.computed if j.op == "check_classes" for v in j.outputs}
        if root not in checked:
            raise Unsupported(f"{i.op} with indices that nothing has checked")
        assert isinstance(indices, Value)
        return indices

    def _take_along(self, i: Instruction, out: Value) -> str:
        x, axis = i.operands[0], i.static["axis"] % out.ndim
        place = self.element(self._classes(i), np.dtype(np.int64))
        view = self.kernel.views.of[x]
        strides = tuple(0 if d == axis or n == 1 else s for d, (n, s) in enumerate(zip(view.shape, view.strides)))
        name, start = self.kernel.memory(view.root)
        return f"{name}[{self.index(start + view.offset, strides)} + {place} * {view.strides[axis]}]"

    def _put_along(self, i: Instruction, out: Value) -> str:
        x, axis = i.operands[0], i.static["axis"] % out.ndim
        indices = self._classes(i)
        if indices.shape[axis] != 1 or (isinstance(x, Value) and x.ndim and x.shape[axis] != 1):
            raise Unsupported("put_along of several elements")
        place = self.element(indices, np.dtype(np.int64))
        coordinate = self.index(0, tuple(int(d == axis) for d in range(out.ndim)))
        return f"{self.element(x, out.dtype)} if {coordinate} == {place} else {literal(0, out.dtype)}"

    def _reduce(self, i: Instruction) -> None:
        """Add an element to a total."""
        x, out = i.operands[0], i.outputs[0]
        if not isinstance(x, Value):
            raise Unsupported("a reduction of a number")
        if out.dtype.kind == "b" or (i.op == "mean" and out.dtype.kind != "f"):
            raise Unsupported(f"{i.op} of {x.dtype}")
        axis = i.static.get("axis")
        axes = range(x.ndim) if axis is None else [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
        kept = Value("result", tuple(1 if d in axes else n for d, n in enumerate(x.shape)), out.dtype)
        view = View(out, 0, whole(kept).strides, kept.shape).broadcast(self.shape)
        self.totals.append((i, view, self.element(x, out.dtype)))

    # ------------------------------------------------------------------ the loops around

    def finish(self) -> None:
        """Write the loops down."""
        places = [(view, self.kernel.memory(view.root)) for _, view, _ in self.totals]
        names = [self.index(start + view.offset, view.strides) for view, (_, start) in places]
        sizes, merged = _merged(self.shape, list(self.indices))
        keys = list(self.indices)
        texts = {self.indices[key]: _index(key[0], merged[k]) for k, key in enumerate(keys)}
        depth = len(sizes)
        opening: dict[int, list[str]] = {d: [] for d in range(depth + 1)}
        closing: dict[int, list[str]] = {d: [] for d in range(depth + 1)}
        adding = []
        for k, ((i, _, x), (_, (memory, _))) in enumerate(zip(self.totals, places)):
            strides = merged[keys.index(next(key for key in keys if self.indices[key] == names[k]))]
            inner = depth
            while inner and strides[inner - 1] == 0:
                inner -= 1
            dtype = i.outputs[0].dtype
            if 0 in strides[:inner] or inner == depth:
                total = f"{memory}[{names[k]}]"
                self._fill(i)
            else:
                total = f"t{k}"
                opening[inner].append(f"{total} = {_neutral(i.op, dtype)}")
                closing[inner].append(f"{memory}[{names[k]}] = {self._scaled(i, total)}")
            adding.append(_added(i.op, total, x))
        lines = list(opening[0])
        for d in range(depth):
            lines.append("    " * d + f"for i{d} in range({sizes[d]}):")
            lines += ["    " * (d + 1) + line for line in opening[d + 1]]
        lines += ["    " * depth + line for line in [*self.body, *adding, *self.stores]]
        for d in reversed(range(depth + 1)):
            lines += ["    " * d + line for line in closing[d]]
        for mark, text in texts.items():
            lines = [line.replace(mark, text) for line in lines]
        self.kernel.lines += lines
        for i in self.before:
            if i.op == "mean":
                self._rescale(i)

    def _scaled(self, i: Instruction, total: str) -> str:
        if i.op != "mean":
            return total
        return f"{total} / {literal(i.operands[0].size // i.outputs[0].size, i.outputs[0].dtype)}"

    def _fill(self, i: Instruction) -> None:
        """Begin totals that stay in memory."""
        out = i.outputs[0]
        nest = Nest(self.kernel, out.shape)
        nest.store(whole(out), _neutral(i.op, out.dtype))
        nest.finish()
        self.before.append(i)

    def _rescale(self, i: Instruction) -> None:
        out = i.outputs[0]
        nest = Nest(self.kernel, out.shape)
        nest.store(whole(out), self._scaled(i, nest.load(whole(out))))
        nest.finish()


def _neutral(op: str, dtype: np.dtype[Any]) -> str:
    """What a total begins with."""
    if op in ("sum", "mean"):
        return literal(0, dtype)
    if dtype.kind == "f":
        return literal(-np.inf if op == "amax" else np.inf, dtype)
    return literal(np.iinfo(dtype).min if op == "amax" else np.iinfo(dtype).max, dtype)


def _added(op: str, total: str, x: str) -> str:
    if op in ("sum", "mean"):
        return f"{total} += {x}"
    return f"{total} = {FORMULAS['maximum' if op == 'amax' else 'minimum'].format(total, x)}"


def _merged(shape: tuple[int, ...], keys: list[tuple[int, tuple[int, ...]]]) -> tuple[list[int], list[list[int]]]:
    """Loops that all indices run through evenly made one; the sizes left, and the strides of each index over them."""
    sizes: list[int] = []
    merged: list[list[int]] = [[] for _ in keys]
    for d, n in enumerate(shape):
        if n == 1:
            continue
        if sizes and all(m[-1] == key[1][d] * n for m, key in zip(merged, keys)):
            sizes[-1] *= n
            for m, key in zip(merged, keys):
                m[-1] = key[1][d]
        else:
            sizes.append(n)
            for m, key in zip(merged, keys):
                m.append(key[1][d])
    return sizes, merged


def _index(offset: int, strides: list[int]) -> str:
    terms = [f"i{d}" if s == 1 else f"i{d} * {s}" for d, s in enumerate(strides) if s]
    return " + ".join([*terms, *([str(offset)] if offset or not terms else [])])
