"""Nests of loops: one element at a time, each instruction of a loop on numbers that stay in registers.

Each nest is a function of the memory that it works on. Layers that are alike share it, and LLVM, which takes more than
twice as long for twice the code in one function, compiles small ones.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.compiler.crew import crew
from autodiff.compiler.formulas import COMPARISONS, FLOATING, FORMULAS, Arithmetic, converted
from autodiff.compiler.gathers import is_gather, put_along, take
from autodiff.compiler.ir import Code, Memory, Unsupported, literal, register_type
from autodiff.compiler.loops import REDUCTIONS
from autodiff.compiler.program import Instruction, Value
from autodiff.compiler.scalars import Scalar
from autodiff.compiler.strided import View, whole
from autodiff.heap import LINE

if TYPE_CHECKING:
    from autodiff.compiler.kernel import Kernel

__all__ = ["Nest"]

DType = np.dtype[Any]

#: Elements of a loop times lines written for each, from which on threads share it, and which are worth a helper: 5 us.
SHARED_WORK = 1 << 18
#: Parts of a loop that is shared. Threads that get more done take more of them.
PARTS = 32


class Nest:
    """One nest of loops.

    Parameters
    ----------
    kernel : Kernel
        Whose body calls it.
    shape : tuple of int
        What it runs over.

    Attributes
    ----------
    code : Code
        What is done for each element, with marks where indices of elements stand.
    """

    def __init__(self, kernel: Kernel, shape: tuple[int, ...]) -> None:
        self.kernel = kernel
        self.shape = shape
        self.outer = Code(kernel.scopes)
        self.code = self.outer.inside()
        self.given: dict[str, str] = {}
        self.scopes: dict[str, str] = {}
        self.fails = False
        self.scatters = False
        self.stores: list[Callable[[], None]] = []
        self.indices: dict[tuple[int, ...], str] = {}
        self.loaded: dict[View, str] = {}
        self.known: dict[Value, str] = {}
        self.totals: list[tuple[Instruction, View, str]] = []
        self.before: list[Instruction] = []

    # ------------------------------------------------------------------ elements

    def let(self, expression: str) -> str:
        """Compute something for each element."""
        return self.code.let(expression)

    def arithmetic(self, dtype: DType) -> Arithmetic:
        """Operations on numbers of a dtype."""
        return Arithmetic(self.let, dtype, self.kernel.functions)

    def index(self, strides: tuple[int, ...]) -> str:
        """A mark that stands for an index until the loops are known."""
        return self.indices.setdefault(strides, f"<{len(self.indices)}>")

    def parameter(self, kind: str, outside: str) -> str:
        """The name in this function of a pointer or number of the kernel's body."""
        return self.given.setdefault(f"{kind} {outside}", f"%x{len(self.given)}")

    def memory(self, view: View) -> Memory:
        """The memory of a view, from its first element on."""
        memory, start = self.kernel.memory(view.root)
        place = self.kernel.code.address(memory, view.root.dtype, str(start + view.offset))
        scope = self.scopes.setdefault(memory.scope, str(len(self.scopes)))
        return Memory(self.parameter("ptr", place), scope)

    def load(self, view: View) -> str:
        """An element of a view, in a register."""
        view = view.broadcast(self.shape)
        if view not in self.loaded:
            place = self.index(view.strides)
            self.loaded[view] = self.code.load(self.memory(view), view.root.dtype, place)
        return self.loaded[view]

    def store(self, view: View, value: str) -> None:
        """Put an element into memory, when all have been read."""
        memory = self.memory(view)
        place = self.index(view.broadcast(self.shape).strides)
        self.stores.append(lambda: self.code.store(memory, view.root.dtype, place, value))

    def element(self, operand: Any, dtype: DType) -> str:
        """An operand as a number of a dtype."""
        if not isinstance(operand, Value):
            held = self.kernel.number(operand, dtype)
            return self.parameter(register_type(dtype), held) if held.startswith("%") else held
        if operand in self.known:
            return converted(self.let, self.known[operand], operand.dtype, dtype)
        view = self.kernel.views.of[operand]
        if view.root in self.known and view == whole(view.root):
            return converted(self.let, self.known[view.root], operand.dtype, dtype)
        if view.root.kind == "constant" and view.root.array.size == 1:
            return literal(view.root.array.reshape(-1)[0], dtype)
        return converted(self.let, self.load(view), operand.dtype, dtype)

    # ------------------------------------------------------------------ elements that an index names

    def load_view(self, indices: Any, ndim: int, axis: int) -> str:
        """An index, of an array whose dimensions are those of the loops from `axis` on."""
        view = self.kernel.views.of[indices]
        after = ndim - axis - indices.ndim
        strides, shape = ((0,) * axis, view.strides, (0,) * after), ((1,) * axis, view.shape, (1,) * after)
        held = self.load(View(view.root, view.offset, sum(strides, ()), sum(shape, ())))
        return converted(self.let, held, view.root.dtype, np.dtype(np.int64))

    def place(self, index: str, stride: int, strides: tuple[int, ...]) -> str:
        """Where an element is: at an index in one dimension, and where the loops are in the others."""
        there = self.let(f"mul nsw i64 {index}, {stride}")
        return self.let(f"add nsw i64 {there}, {self.index(strides)}")

    def load_at(self, view: View, index: str, stride: int, strides: tuple[int, ...]) -> str:
        """An element of a view, at an index."""
        return self.code.load(self.memory(view), view.root.dtype, self.place(index, stride, strides))

    def add_to(self, view: View, index: str, stride: int, strides: tuple[int, ...], value: str) -> None:
        """Add to an element of a view, at an index."""
        dtype, memory, there = view.root.dtype, self.memory(view), self.place(index, stride, strides)
        self.scatters = True
        total = self.arithmetic(dtype).op("add", self.code.load(memory, dtype, there), value)
        self.code.store(memory, dtype, there, total)

    def demand(self, condition: str) -> None:
        """Leave the step if a condition does not hold."""
        if self.kernel.has_changed_state():
            raise Unsupported("a check after something was changed")
        self.fails = True
        on = self.code.name("ok")
        self.code.do(f"br i1 {condition}, label {on}, label %fail")
        self.code.lines.append(f"{on[1:]}:")

    # ------------------------------------------------------------------ instructions

    def write(self, instructions: list[Instruction]) -> None:
        """All of a loop."""
        for i in instructions:
            out = i.outputs[0]
            self.kernel.say(i)
            if i.op in REDUCTIONS:
                self._reduce(i)
                continue
            made = take(self, i) if is_gather(i) else {out: self._expression(i, out)}
            if any(v in self.kernel.read and v not in made for v in i.outputs[1:]):
                raise Unsupported(f"what {i.op} keeps for its derivative")
            self.known |= made
            for v, element in made.items():
                if self.kernel.leaves_loop(v):
                    self.store(whole(v), element)
        self.finish()

    def _expression(self, i: Instruction, out: Value) -> str:
        dtype = out.dtype
        if i.op in COMPARISONS:
            meeting = self._meeting(i)
            return COMPARISONS[i.op](self.arithmetic(meeting), *[self.element(o, meeting) for o in i.operands])
        special = getattr(self, f"_{i.op}", None)
        if special is not None:
            return f"{special(i, out)}"
        if i.op == "cast":
            return self.element(i.operands[0], dtype)
        if i.op in FLOATING and dtype.kind != "f":
            raise Unsupported(f"{i.op} of {dtype}")
        if dtype.kind == "b" and i.op not in ("bitwise_and", "bitwise_or", "bitwise_xor", "copy", "reshape", "index"):
            raise Unsupported(f"{i.op} of bools")
        if i.op in ("reshape", "index"):
            raise Unsupported(f"{i.op} of an arrangement that is no view")
        return FORMULAS[i.op](self.arithmetic(dtype), *[self.element(o, dtype) for o in i.operands])

    @staticmethod
    def _meeting(i: Instruction) -> DType:
        """The dtype in which the operands of a comparison meet."""
        kinds = [o.dtype for o in i.operands if isinstance(o, Value)]
        numbers = [float(o.value) if isinstance(o, Scalar) else o for o in i.operands if not isinstance(o, Value)]
        meeting = np.result_type(*kinds, *numbers)
        if meeting.kind in "iu":  # an integer that it does not hold is not wrapped, but larger or smaller than all
            held = np.iinfo(meeting)
            beyond = [np.min_scalar_type(n) for n in numbers if not held.min <= n <= held.max]
            meeting = np.result_type(meeting, *beyond)
        return meeting

    def _power_scalar(self, i: Instruction, out: Value) -> str:
        exponent = i.static["exponent"]
        if out.dtype.kind != "f" or isinstance(exponent, Scalar):
            raise Unsupported("a power of whole numbers, or to a setting")
        return self.arithmetic(out.dtype).power(self.element(i.operands[0], out.dtype), float(exponent))

    def _clip(self, i: Instruction, out: Value) -> str:
        if out.dtype.kind == "b":
            raise Unsupported("clip of bools")
        x, low, high = i.operands
        held = self.element(x, out.dtype)
        for bound, how in ((low, "lt"), (high, "gt")):
            if bound is not None:
                held = self.arithmetic(out.dtype).extreme(how, held, self.element(bound, out.dtype))
        return held

    def _where(self, i: Instruction, out: Value) -> str:
        condition, x, y = i.operands
        chosen = self.element(condition, np.dtype(bool))
        return self.arithmetic(out.dtype).select(chosen, self.element(x, out.dtype), self.element(y, out.dtype))

    def _bitwise_not(self, i: Instruction, out: Value) -> str:
        ones = "true" if out.dtype.kind == "b" else "-1"
        return self.let(f"xor {register_type(out.dtype)} {self.element(i.operands[0], out.dtype)}, {ones}")

    def _put_along(self, i: Instruction, out: Value) -> str:
        return put_along(self, i)

    def _reduce(self, i: Instruction) -> None:
        """Add an element to a total."""
        x, out = i.operands[0], i.outputs[0]
        if not isinstance(x, Value):
            raise Unsupported("a reduction of a number")
        if out.dtype.kind == "b" or (i.op == "mean" and out.dtype.kind != "f"):
            raise Unsupported(f"{i.op} of {x.dtype}")
        axes = i.axes()
        kept = Value("result", tuple(1 if d in axes else n for d, n in enumerate(x.shape)), out.dtype)
        view = View(out, 0, whole(kept).strides, kept.shape).broadcast(self.shape)
        self.totals.append((i, view, self.element(x, out.dtype)))

    # ------------------------------------------------------------------ the loops around

    def finish(self) -> None:
        """Write the loops down, and a call of them into the kernel's body."""
        memories = [self.memory(view) for _, view, _ in self.totals]
        for _, view, _ in self.totals:
            self.index(view.strides)
        sizes, merged = _merged(self.shape, list(self.indices))
        strides = dict(zip(self.indices, merged))
        depth = len(sizes)
        opening: dict[int, list[_Total]] = {d: [] for d in range(depth + 1)}
        totals = []
        for (i, view, x), memory in zip(self.totals, memories):
            along = strides[view.strides]
            inner = depth
            while inner and along[inner - 1] == 0:
                inner -= 1
            total = _Total(self, i, x, memory, along)
            if 0 in along[:inner] or inner == depth:
                self._fill(i)
            else:
                total.variable = self.outer.variable(register_type(i.outputs[0].dtype))
                opening[inner].append(total)
            totals.append(total)
        worth = prod(sizes) * len(self.code.lines) // SHARED_WORK
        is_shared = worth > 0 and self._can_be_shared(sizes, totals)
        self._loops(sizes, strides, totals, opening, [], ("%low", "%high") if is_shared else None)
        given, names = list(self.given), list(self.given.values())
        if is_shared:
            self.kernel.share(self.outer, given, names, (sizes[0], _grain(sizes[0], depth == 1)), worth)
        else:
            self.kernel.call(self.outer, given, names, self.fails)
        for i in self.before:
            if i.op == "mean":
                self._rescale(i)

    def _can_be_shared(self, sizes: list[int], totals: list[_Total]) -> bool:
        """Whether several threads may each do a part of the outermost loop."""
        if not sizes or sizes[0] == 1 or self.fails or self.scatters or not all(total.strides[0] for total in totals):
            return False
        return crew() is not None

    def _loops(
        self,
        sizes: list[int],
        strides: dict[tuple[int, ...], list[int]],
        totals: list[_Total],
        opening: dict[int, list[_Total]],
        indices: list[str],
        span: tuple[str, str] | None,
    ) -> None:
        """Write the loops down from one depth on, the outermost over `span` if it is shared."""
        depth = len(indices)
        for total in opening[depth]:
            total.begin(self.outer)
        if depth < len(sizes):
            first, end = span if span is not None and not indices else (0, sizes[depth])
            with self.outer.loop(end, first=first) as i:
                self._loops(sizes, strides, totals, opening, [*indices, i], span)
        else:
            names = {mark: self.outer.index(0, list(zip(indices, strides[key]))) for key, mark in self.indices.items()}
            for total in totals:
                total.add(self.code, indices)
            for store in self.stores:
                store()
            self.outer.take_over(self.code, names)
        for total in opening[depth]:
            total.end(self.outer, indices)

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
        nest.store(whole(out), _mean(nest.arithmetic(out.dtype), i, nest.load(whole(out))))
        nest.finish()


class _Total:
    """A reduction's total: in a register while a loop adds to one element, else in memory."""

    def __init__(self, nest: Nest, i: Instruction, x: str, memory: Memory, strides: list[int]) -> None:
        self.nest, self.i, self.x, self.memory, self.strides = nest, i, x, memory, strides
        self.dtype = i.outputs[0].dtype
        self.variable = ""

    def _arithmetic(self, code: Code) -> Arithmetic:
        return Arithmetic(code.let, self.dtype, self.nest.kernel.functions)

    def begin(self, code: Code) -> None:
        """Before the loop that adds."""
        code.do(f"store {register_type(self.dtype)} {_neutral(self.i.op, self.dtype)}, ptr {self.variable}")

    def add(self, code: Code, indices: list[str]) -> None:
        """Add an element."""
        kind = register_type(self.dtype)
        place = "" if self.variable else code.index(0, list(zip(indices, self.strides)))
        old = (
            code.let(f"load {kind}, ptr {self.variable}")
            if self.variable
            else code.load(self.memory, self.dtype, place)
        )
        arithmetic = self._arithmetic(code)
        if self.i.op in ("sum", "mean"):
            new = arithmetic.total(old, self.x)
        else:
            new = arithmetic.extreme("lt" if self.i.op == "amax" else "gt", old, self.x)
        if self.variable:
            code.do(f"store {kind} {new}, ptr {self.variable}")
        else:
            code.store(self.memory, self.dtype, place, new)

    def end(self, code: Code, indices: list[str]) -> None:
        """After the loop that adds."""
        total = code.let(f"load {register_type(self.dtype)}, ptr {self.variable}")
        if self.i.op == "mean":
            total = _mean(self._arithmetic(code), self.i, total)
        code.store(self.memory, self.dtype, code.index(0, list(zip(indices, self.strides))), total)


def _grain(n: int, elements: bool) -> int:
    """How many of `n` are a part of a shared loop; of elements, so many that all parts begin at a cache line."""
    size = -(-n // PARTS)
    return -(-size // LINE) * LINE if elements else size


def _mean(arithmetic: Arithmetic, i: Instruction, total: str) -> str:
    count = literal(i.operands[0].size // i.outputs[0].size, arithmetic.dtype)
    return arithmetic.op("div", total, count)


def _neutral(op: str, dtype: DType) -> str:
    """What a total begins with."""
    if op in ("sum", "mean"):
        return literal(0, dtype)
    if dtype.kind == "f":
        return literal(-np.inf if op == "amax" else np.inf, dtype)
    return literal(np.iinfo(dtype).min if op == "amax" else np.iinfo(dtype).max, dtype)


def _merged(shape: tuple[int, ...], keys: list[tuple[int, ...]]) -> tuple[list[int], list[list[int]]]:
    """Loops that all indices run through evenly made one; the sizes left, and the strides of each index over them."""
    sizes: list[int] = []
    merged: list[list[int]] = [[] for _ in keys]
    for d, n in enumerate(shape):
        if n == 1:
            continue
        if sizes and all(m[-1] == key[d] * n for m, key in zip(merged, keys)):
            sizes[-1] *= n
            for m, key in zip(merged, keys):
                m[-1] = key[d]
        else:
            sizes.append(n)
            for m, key in zip(merged, keys):
                m.append(key[d])
    return sizes, merged
