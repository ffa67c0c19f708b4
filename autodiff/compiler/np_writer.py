"""Writer: a planned program as the source of a function, with what is prepared once and what runs at each step."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from autodiff.compiler.buffers import Memory, Plan
from autodiff.compiler.listing import sections
from autodiff.compiler.np_forms import is_ufunc
from autodiff.compiler.program import Instruction, Place, Program, Value
from autodiff.compiler.scalars import Scalar
from autodiff.heap import LINE
from autodiff.primitive import plain, primitives

__all__ = ["BLOCK_BYTES", "Writer", "blocked", "indented", "tupled"]

#: Of each array at a time, in an update of many elements.
BLOCK_BYTES = 192 * 1024
#: From so many elements on an update runs over blocks.
_LARGE = 1 << 16


def blocked(plan: Plan, instructions: Sequence[Instruction]) -> list[tuple[int, int]]:
    """Where runs of elementwise operations over one large flat size begin and end."""
    found, n = [], 0
    while n < len(instructions):
        size, m = _flat_size(plan, instructions[n]), n
        while m < len(instructions) and size and _flat_size(plan, instructions[m]) == size:
            m += 1
        if m - n > 1:
            found.append((n, m))
        n = max(m, n + 1)
    return found


def _flat_size(plan: Plan, i: Instruction) -> int:
    """The size of a flat elementwise operation that may run over blocks, else 0."""
    out = i.outputs[0] if len(i.outputs) == 1 else None
    if out is None or not is_ufunc(i) or plan.forms[i].kind != "write" or out.ndim != 1 or out.size <= _LARGE:
        return 0
    for o in [out, *i.reads()]:
        layout = plan.layout.get(o)
        whole = o.shape == out.shape and layout is not None and layout.flags.c_contiguous
        if not whole or plan.memory(o).kind not in ("state", "buffer", "constant"):
            return 0
    # Into a part of a state no blocks are written while those further on are read.
    home = plan.memory(out)
    return 0 if home.kind == "state" and home.owner.size != out.size else int(out.size)


class Writer:
    """Writes one program.

    Parameters
    ----------
    program : Program
    plan : Plan
    results : list of Value
    """

    #: Names that stand for something else in what is written.
    reserved: tuple[str, ...] = ("np", "make", "memory", "i", "range", "zip", "slice", "float", "Ellipsis")

    def __init__(self, program: Program, plan: Plan, results: Sequence[Value]) -> None:
        self.program, self.plan, self.results = program, plan, list(results)
        self.taken: Counter[str] = Counter(self.reserved)
        self.head: list[str] = []  # what is prepared once
        self.functions: dict[str, str] = {}
        self.called: dict[str, Any] = {}
        #: Which of these read positions, and so may raise what they did not when recorded; with their operations.
        self.indexed: dict[str, str] = {}
        self.names: dict[Any, str] = {}
        self.numbers: dict[Any, str] = {}
        self.texts: dict[str, str] = {}
        self.lines: list[str] = []
        self.local: dict[Value, str] = {}  # names inside a loop over blocks
        self.before: list[str] = []  # what must stand before the loop that is being written
        self._tenants: dict[tuple[int, int], list[Value]] = {}
        for v, (memory, start) in plan.home.items():
            self._tenants.setdefault((id(memory), start), []).append(v)
        self.settings = {s: self._unique(s.name) for s in program.settings}
        self.given = [self._name_leaf(v) for v in (*program.inputs, *program.draws)]
        self.states = [self._name_leaf(v) for v in program.states]
        self.constants = [v for v in plan.home if v.kind == "constant"]
        for v in self.constants:
            self._name_leaf(v)
        self.groups = dict(blocked(plan, plan.instructions))
        self._fit_to_blocks()
        plan.lay_out()

    # ------------------------------------------------------------------ names

    def _unique(self, name: str) -> str:
        name = re.sub(r"\W", "_", name).strip("_") or "v"
        if name[0].isdigit() or keyword.iskeyword(name):
            name = f"v_{name}"
        found = name
        while self.taken[found]:
            self.taken[name] += 1
            found = f"{name}_{self.taken[name]}"
        self.taken[found] += 1
        return found

    def _name_leaf(self, v: Value) -> str:
        if v not in self.plan.home:
            return self._unique(v.name or v.kind)
        memory, start = self.plan.home[v]
        name = self._unique(v.name or v.kind)
        self.names[id(memory), start, v.shape, v.dtype] = name
        self.names[v] = name
        return name

    def name(self, v: Value) -> str:
        """What a value is called."""
        if v in self.local:
            return self.local[v]
        if v in self.names:
            return self.names[v]
        memory, start = self.plan.home[v]
        wish = self._wish(v, memory, start)
        key: Any = (id(memory), start, v.shape, v.dtype)
        if key not in self.names:  # what lies in a state goes by the name of the state
            key = (*key, wish)
        if memory.kind in ("given", "fresh", "returned") or key not in self.names:
            name = self._unique(wish)
            if self.is_static(v):
                self.names[key] = name
                self.head.append(f"{name} = {self._memory(v, memory, start)}")
            self.names[v] = name
        else:
            self.names[v] = self.names[key]
        return self.names[v]

    def _wish(self, v: Value, memory: Memory, start: int) -> str:
        """The name that the user knows it by, or that of what comes to lie in its place."""
        if v.name or memory.kind != "buffer":
            return v.name or self._fallback(v)
        made = self.plan.made[v]
        phase = self.plan.instructions[made].place.phase
        for o in self._tenants[id(memory), start]:
            later = self.plan.made[o] > made and self.plan.instructions[self.plan.made[o]].place.phase == phase
            if later and o.name and o.shape == v.shape and o.dtype == v.dtype:
                return o.name
        return self._fallback(v)

    def _fallback(self, v: Value) -> str:
        n = self.plan.made.get(v, -1)
        op = self.plan.instructions[n].op.rpartition(".")[2].rstrip("0123456789") if n >= 0 else "v"
        return "total" if op == "sum" else op  # Python has a function of that name

    def _memory(self, v: Value, memory: Memory, start: int) -> str:
        if memory.kind == "state":
            flat = self.flat(memory.owner)
            at = start // v.dtype.itemsize
            part = flat if v.size == memory.owner.size else f"{flat}[{at}:{at + v.size}]"
            return part if v.ndim == 1 else f"{part}.reshape({tupled(v.shape)})"
        size = memory.size if v.ndim == 1 and memory.size < v.size * v.dtype.itemsize else v.size * v.dtype.itemsize
        begin = memory.offset + start
        text = f'memory[{begin}:{begin + size}].view("{v.dtype}")'
        return text if v.ndim == 1 else f"{text}.reshape({tupled(v.shape)})"

    # ------------------------------------------------------------------ what forms ask for

    def is_same(self, a: Any, b: Value) -> bool:
        """Whether two values are the same elements of memory."""
        if not isinstance(a, Value) or self.plan.root[a] not in self.plan.home or not self.is_flat(a):
            return False
        return self.plan.home[self.plan.root[a]] == self.plan.home[self.plan.root[b]] and a.shape == b.shape

    def is_static(self, v: Value) -> bool:
        """Whether a value always lies in the same place."""
        return self.plan.memory(v).kind in ("state", "buffer", "constant")

    def is_flat(self, v: Value) -> bool:
        """Whether a value is known to be one piece of memory in order."""
        layout = self.plan.layout.get(v)
        return layout is not None and bool(layout.flags.c_contiguous)

    def out(self, i: Instruction) -> str:
        """Where the result goes."""
        return self.name(i.outputs[0])

    def flat(self, v: Value, shape: tuple[int, ...] = (-1,)) -> str:
        """A value as a vector."""
        if v.shape == shape or (shape == (-1,) and v.ndim == 1):
            return self.name(v)
        return self.seen(v, (v.size,) if shape == (-1,) else shape)

    def seen(self, v: Value, shape: tuple[int, ...]) -> str:
        """A value in another shape."""
        text = f"{self.name(v)}.reshape({tupled(shape)})"
        suffix = "flat" if len(shape) == 1 else "number" if not shape else "shaped"
        return self.prepared(text, f"{self.name(v)}_{suffix}") if self.is_static(v) else text

    def bits(self, v: Value, dtype: str) -> str:
        """The bits of a value, as integers."""
        text = f'{self.name(v)}.view("{dtype}")'
        if not self.is_static(v):
            return text
        return self.prepared(text, f"{self.name(v)}_bits")

    def prepared(self, text: str, name: str) -> str:
        """A name for what is made once."""
        if text not in self.texts:
            self.texts[text] = self._unique(name)
            self.head.append(f"{self.texts[text]} = {text}")
        return self.texts[text]

    def function(self, name: str) -> str:
        """A function of NumPy's, by a local name."""
        if name not in self.functions:
            local = name.replace(".", "_")
            self.functions[name] = self._unique(f"np_{local}" if self.taken[local] else local)
        return self.functions[name]

    def filled(self, number: float, size: int, dtype: Any) -> str:
        """A vector of one number."""
        text = f'np.full({size}, {number!r}, "{dtype}")'
        return self.prepared(text, "ones" if number == 1.0 else "shares")

    def spread(self, o: Any, like: Value) -> str:
        """An operand, and of a number an array of the shape of `like`."""
        if isinstance(o, (Value, Scalar)):
            return self.operand(o, like.dtype)
        text = f'np.full({tupled(like.shape)}, {_literal(o)}, "{like.dtype}")'
        return self.prepared(text, "zeros" if o == 0 else "filled")

    def number(self, x: Any, dtype: Any) -> str:
        """A number as an array without dims, which NumPy takes faster than a Python number."""
        text = _literal(x)
        name = "zero" if x == 0 else "one" if x == 1 else f"number_{text}"
        return self.prepared(f'np.array({text}, "{dtype}")', name)

    def operand(self, o: Any, dtype: Any = None) -> str:
        """An operand of an elementwise operation; numbers in this dtype."""
        if isinstance(o, Value):
            return self.name(o)
        if isinstance(o, Scalar):
            return self._scalar(o, dtype)
        if dtype is None or not _fits(o, dtype):
            return _literal(o)
        return self.number(o, dtype)

    def _scalar(self, scalar: Scalar, dtype: Any) -> str:
        text = _bare(scalar.source(self.settings))
        if dtype is None or dtype.kind != "f":
            return f"({text})"
        key = text, dtype
        if key not in self.numbers:
            plain_name = text if text.isidentifier() else "rate"
            name = self.numbers[key] = self._unique(f"{plain_name}_now")
            self.head.append(f'{name} = np.empty((), "{dtype}")')
            self.before.append(f"{name}[()] = {text}")
        return self.numbers[key]

    def part(self, whole: Value, start: int, o: Value) -> str:
        """The part of a concatenation that an operand belongs in."""
        text = f"{self.flat(whole)}[{start}:{start + o.size}].reshape({tupled(o.shape)})"
        return self.prepared(text, f"{self.name(whole)}_part")

    def lies_in(self, o: Value, whole: Value, start: int) -> bool:
        """Whether an operand lies in its part of a concatenation already."""
        memory, at = self.plan.home[whole]
        home = self.plan.home[self.plan.root[o]]
        return home == (memory, at + start * o.dtype.itemsize) and self.is_flat(o)

    def calling(self, i: Instruction) -> str:
        """A call of a forward, with names for its results."""
        op, text = primitives[i.op], self.expression(i)
        names = [self.name(v) if v is not None else "_" for v in i.outputs]
        extra = len(op.residuals)
        outs = names[: len(names) - extra] if op.residuals and len(names) > extra else names
        if not outs:
            return text
        left = f"{', '.join(outs)}," if op.outputs else outs[0]
        if op.residuals:
            left = f"({left})" if op.outputs else left
            left = ", ".join([left, *(names[len(outs) :] or ["*_"])])
        # A forward may give numbers of NumPy's for arrays without dims.
        numbers = [name for name, v in zip(outs, i.outputs) if v is not None and not v.ndim]
        return "\n".join([f"{left} = {text}", *[f"{name} = np.asarray({name})" for name in numbers]])

    def expression(self, i: Instruction) -> str:
        """The call of a forward."""
        op = primitives[i.op]
        forward = op.forward if op.residuals else getattr(plain, op.name)
        if i.op not in self.texts:
            self.texts[i.op] = self._unique(i.op)
            self.called[self.texts[i.op]] = forward
        if any(v.dtype.kind in "iu" for v in i.reads()):
            self.indexed[self.texts[i.op]] = i.op
        operands = [
            _bare(o.source(self.settings))
            if isinstance(o, Scalar)
            else self.name(o)
            if isinstance(o, Value)
            else _literal(o)
            for o in i.operands
        ]
        static = [f"{k}={self._static(v)}" for k, v in i.static.items()]
        return f"{self.texts[i.op]}({', '.join([*operands, *static])})"

    def _static(self, x: Any) -> str:
        if isinstance(x, np.dtype):
            return f'np.dtype("{x}")'
        if x is None or isinstance(x, (bool, int, float, str)):
            return _literal(x)
        if isinstance(x, tuple) and all(isinstance(n, int) for n in x):
            return repr(tuple([int(n) for n in x]))
        name = self._unique("setting")
        self.called[name] = x
        return name

    # ------------------------------------------------------------------ writing it down

    def write(self) -> str:
        """The source."""
        self.fill()
        names = ", ".join([self.name(v) for v in self.results])
        self.lines += [f"return {names}"] if names else []
        return self.assembled([*self.given, *self.settings.values()], self.lines)

    def fill(self) -> None:
        """Write the statements of all instructions, and those that put new values of states in their places."""
        place, heading = Place(phase=""), ""
        n, instructions = 0, self.plan.instructions
        headings = {i: title for title, group in sections(instructions) for i in group}
        while n < len(instructions):
            i = instructions[n]
            end = self.groups.get(n, n + 1)
            self.before = []
            lines = self._loop(n, end) if n in self.groups else self._one(i)
            lines = [*self.before, *lines]
            if lines:
                if headings[i] != heading:
                    heading = headings[i]
                    self.lines += ["", f"# ---- {heading}"]
                if i.place != place and _comment(i.place):
                    self.lines.append(f"# {_comment(i.place)}")
                place = i.place
                self.lines += lines
            n = end
        commits = [f"{self.name(s)}[...] = {self.name(v)}" for s, v in self.plan.commits]
        if commits:
            self.lines += ["", "# new values of what lives between calls", *commits]

    def _one(self, i: Instruction) -> list[str]:
        form = self.plan.forms[i]
        v = i.outputs[0] if i.outputs else None
        if form.kind == "view" and v is not None:
            static = self.is_static(v)
            (text,) = form.write(self, i)
            if static:
                self.names[v] = self.prepared(text, self._view_name(i, v))
                return []
            self.names[v] = self._unique(self._view_name(i, v))
            return [f"{self.names[v]} = {text}"]
        fresh = []
        if v is not None and form.kind != "call" and self.plan.memory(v).kind == "fresh" and self.plan.root[v] is v:
            fresh = self.fresh(v)
        lines = form.write(self, i)
        return [*fresh, *[part for line in lines for part in line.split("\n")]]

    def fresh(self, v: Value) -> list[str]:
        """Take memory for a result; NumPy knows a dtype by its name only after 50 ns."""
        dtype = self.prepared(f'np.dtype("{v.dtype}")', str(v.dtype))
        return [f"{self.name(v)} = {self.function('empty')}({tupled(v.shape)}, {dtype})"]

    def _view_name(self, i: Instruction, v: Value) -> str:
        if v.name:
            return v.name
        suffix = {"swap_last": "T", "transpose": "T", "reshape": "flat" if v.ndim == 1 else "shaped", "index": "part"}
        return f"{self.name(i.operands[0])}_{suffix.get(i.op, 'wide')}"

    def _loop(self, start: int, end: int) -> list[str]:
        """Elementwise operations over one block after the other, which stay in the cache."""
        group = self.plan.instructions[start:end]
        arrays = list(dict.fromkeys(v for i in group for v in (*i.reads(), *i.outputs)))
        size = arrays[0].size
        length = BLOCK_BYTES // max(v.dtype.itemsize for v in arrays)
        lines: list[str] = []
        columns: dict[str, str] = {}  # of each array: what it is called in a block
        for v in arrays:
            name = self.name(v)
            if name not in columns:
                columns[name] = self._unique(f"{name}_block")
            self.local[v] = columns[name]
        scratch = {self.names[v] for v in arrays if self._is_scratch(v, start, end)}
        cut = ", ".join([f"{n}[: {size} - i]" if n in scratch else f"{n}[i : i + {length}]" for n in columns])
        blocks = self._unique("blocks")
        self.head.append(f"{blocks} = [({cut},) for i in range(0, {size}, {length})]")
        for i in group:
            lines += [f"    {line}" for line in self.plan.forms[i].write(self, i)]
        for v in arrays:
            del self.local[v]
        return [f"for {', '.join(columns.values())}, in {blocks}:", *lines]

    def _is_scratch(self, v: Value, start: int, end: int) -> bool:
        memory = self.plan.memory(v)
        return memory.kind == "buffer" and memory.start >= start and memory.end < end and not memory.whole

    def _fit_to_blocks(self) -> None:
        """Let what lives within a loop alone be as large as a block, and all else live as long as the whole loop."""
        for start, end in self.groups.items():
            for v in [v for i in self.plan.instructions[start:end] for v in (*i.reads(), *i.outputs)]:
                memory = self.plan.memory(v)
                if self._is_scratch(v, start, end):
                    memory.size = min(memory.size, BLOCK_BYTES)
                else:  # its operations take turns, block by block
                    memory.start, memory.end = min(memory.start, start), max(memory.end, end - 1)

    def assembled(self, parameters: Sequence[str], lines: Sequence[str]) -> str:
        """The module: what is prepared once, and the step with its parameters and statements."""
        name = self._unique(self.program.name)
        memory = [
            f'memory = np.empty({self.plan.size + LINE}, "uint8")',
            f"memory = memory[-memory.ctypes.data % {LINE} :]",
        ]
        functions = [f"{local} = np.{name}" for name, local in self.functions.items()]
        arguments = [*self.states, *[self.names[v] for v in self.constants], *self.called]
        head = [*functions, *(memory if self.plan.size else []), *self.head]
        step = [f"def {name}({', '.join(parameters)}):", *indented(lines or ["pass"])]
        made = [f"def make({', '.join(arguments)}):", *indented([*head, "", *step, "", f"return {name}"])]
        return "\n".join(["import numpy as np", "", "", *made, ""])


def indented(lines: Sequence[str]) -> list[str]:
    """Lines one level further in."""
    return [f"    {line}" if line else "" for line in lines]


def _comment(place: Place) -> str:
    return "  ".join([part for part in (place.module, place.line, place.text) if part]).replace("\n", " ")


def _bare(text: str) -> str:
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def tupled(shape: Sequence[int]) -> str:
    """A shape as source."""
    return f"({', '.join([str(int(n)) for n in shape])}{',' if len(shape) == 1 else ''})"


def _literal(x: Any) -> str:
    if isinstance(x, float) and not np.isfinite(x):
        return f'float("{float(x)}")'
    return repr(x.item() if isinstance(x, np.generic) else x)


def _fits(x: Any, dtype: Any) -> bool:
    """Whether a number may be kept as an array of this dtype."""
    if isinstance(x, bool) or not isinstance(x, (int, float)):
        return False
    if dtype.kind == "f":
        return (isinstance(x, float) and not isfinite(x)) or abs(x) < float(np.finfo(dtype).max)
    return dtype.kind in "iu" and isinstance(x, int) and np.iinfo(dtype).min <= x <= np.iinfo(dtype).max
