"""The kernel of a program: its machine code in LLVM's language, and the table of the memory that it works on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from autodiff.compiler import maths
from autodiff.compiler.crew import PARTS
from autodiff.compiler.entry import FIXED, entries
from autodiff.compiler.formulas import converted
from autodiff.compiler.gathers import add_at
from autodiff.compiler.homes import Home, Homes
from autodiff.compiler.ir import Code, Memory, Scopes, Unsupported, literal
from autodiff.compiler.listing import Names, spoken
from autodiff.compiler.loops import Loop, checks_input, group
from autodiff.compiler.nests import Nest
from autodiff.compiler.products import product
from autodiff.compiler.program import CHECKS, Instruction, Program, Value
from autodiff.compiler.scalars import Scalar, Setting
from autodiff.compiler.sinking import sink
from autodiff.compiler.slots import Slots
from autodiff.compiler.strided import View, Views, part, whole

__all__ = ["Kernel"]

DType = np.dtype[Any]

_DOUBLE = np.dtype(np.float64)
_OPERATORS = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
_DEFINED = re.compile(r"define [^@]*@([\w.]+)\(")
_CALL = re.compile(r"call (?:reassoc )?(<[^>]+>|\w+) @([\w.]+)\(([^)]*)\)")


class Kernel:
    """Writes one program.

    Attributes
    ----------
    source : str
    table : list of Value, str or int
        What the addresses that the kernel is given are of: states, constants, slots (by number); the products of the
        BLAS are "single" and "double", a dtype is "dtype <f4"; what threads share work by is "crew" and "crew's run";
        those of `entry.FIXED` come first.
    slots : Slots
    demands : bool
        Whether checks are made that cannot be made for all of many steps beforehand.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        read = [v for i in program.instructions for v in [*i.reads(), *i.outputs] if v is not None]
        if any(v.size == 0 for v in [*read, *program.kept()]):
            raise Unsupported("arrays without elements")
        self.views = Views(program)
        self.steps, made = group(self.views)
        sink(program, self.views, self.steps, made)
        self.homes = Homes(program, self.views, self.steps, made)
        self.slots = Slots(program, self.views, self.steps, self.homes)
        self.table: list[Any] = list(FIXED)
        self.scopes = Scopes()
        self.code = Code(self.scopes)
        self.names = Names(program)
        self.functions: set[tuple[str, DType]] = set()
        self.shared: dict[Any, str] = {}
        self.numbers: dict[Any, str] = {}
        self.memories: dict[object, Memory] = {}
        #: Values that are indices of something from its front; and (view, n) of which an index up to n is one.
        self.in_range: set[Any] = set()
        self._at = -1
        self._scratch: int | None = None
        given = [*program.inputs, *program.draws]
        self.arguments = {v: f"%x{k}" for k, v in enumerate(given)}
        self.settings = {s: f"%s{k}" for k, s in enumerate(program.settings)}
        self._write()
        self.source = self._source()

    # ------------------------------------------------------------------ what the parts ask for

    def memory(self, root: Value) -> tuple[Memory, int]:
        """The memory of a value, and where in it the value begins."""
        home = self.homes.of.get(root)
        held, start = (root, 0) if home is None else home
        key = self.slots.of[held] if isinstance(held, Value) and held in self.slots.of else held
        if key not in self.memories:
            self.memories[key] = self._memory(key)
        return self.memories[key], start

    def _memory(self, key: Any) -> Memory:
        if isinstance(key, tuple):
            return Memory(f"%r{key[1]}", f"result {key[1]}")
        if key in self.arguments:
            return Memory(self.arguments[key], f"input {self.arguments[key]}")
        # A user's states may be views of one another, so that nothing is known of these.
        scope = "states" if isinstance(key, Value) and key.kind == "state" else f"memory {len(self.memories)}"
        return Memory(self.slot(key), scope)

    def scratch(self, size: int) -> Memory:
        """So many bytes, for a moment."""
        if self._scratch is None:
            key = self._scratch = self.slots.extra(0)
            self.memories[key] = self._memory(key)
        self.slots.sizes[self._scratch] = max(self.slots.sizes[self._scratch], size)
        return self.memories[self._scratch]

    def call(self, code: Code, given: list[str], names: list[str], fails: bool = False) -> None:
        """Call what was written as a function by itself; the same function where its text is the same.

        Parameters
        ----------
        code : Code
        given : list of str
            What it is called with, with types.
        names : list of str
            What it calls these.
        fails : bool, default=False
            Whether it has a way out at ``fail``, which is a way out of the body, too.
        """
        result = "i1" if fails else "void"
        parameters = ", ".join([f"{x.split()[0]} {name}" for x, name in zip(given, names)])
        ends = ["  ret i1 false", "fail:", "  ret i1 true"] if fails else ["  ret void"]
        text = "\n".join([f"({parameters}) noinline nounwind {{", "entry:", *code.first, *code.lines, *ends, "}"])
        name = self.shared.setdefault(f"{result} {text}", f"@part{len(self.shared)}")
        called = f"call {result} {name}({', '.join(given)})"
        if not fails:
            self.code.do(called)
            return
        wrong, on = self.code.let(called), self.code.name("ok")
        self.code.do(f"br i1 {wrong}, label %fail, label {on}")
        self.code.lines.append(f"{on[1:]}:")

    def share(self, code: Code, given: list[str], names: list[str], parts: tuple[int, int], worth: int) -> None:
        """Have the crew call what was written, for what is between ``%low`` and ``%high``.

        Parameters
        ----------
        code, given, names
            As for `call`.
        parts : (total, grain)
            ``%low`` goes from 0 to `total` by `grain` or, if these are more than can be counted, by more.
        worth : int
            How many helpers it is worth to call.
        """
        total, grain = parts
        grain = max(grain, -(-total // PARTS))
        loads = []
        arguments = self.code.name("given")
        self.code.first.append(f"  {arguments} = alloca [{max(1, len(given))} x i64], align 8")
        for k, (x, name) in enumerate(zip(given, names)):
            kind = x.split()[0]
            loads.append(f"  {name}.place = getelementptr i64, ptr %given, i64 {k}")
            loads.append(f"  {name} = load {kind}, ptr {name}.place, align 8")
            place = self.code.let(f"getelementptr i64, ptr {arguments}, i64 {k}")
            self.code.do(f"store {x}, ptr {place}, align 8")
        head = "(ptr %given, i64 %low, i64 %high) noinline nounwind {"
        text = "\n".join([head, "entry:", *loads, *code.first, *code.lines, "  ret void", "}"])
        name = self.shared.setdefault(f"void {text}", f"@part{len(self.shared)}")
        crew, run = self.slot("crew"), self.slot("crew's run")
        self.code.do(f"call void {run}(ptr {crew}, ptr {name}, ptr {arguments}, i64 {total}, i64 {grain}, i64 {worth})")

    def say(self, i: Instruction) -> None:
        """Tell people what is computed next."""
        self._said = i
        self.code.lines.append(f"  ; {spoken(i, self.names)}")

    def place(self, what: Any) -> int:
        """Where in the table the address of something is."""
        if what not in self.table:
            self.table.append(what)
        return self.table.index(what)

    def slot(self, what: Any) -> str:
        """An address from the table."""
        place, held = self.code.name("p"), self.code.name("m")
        self.code.first.append(f"  {place} = getelementptr inbounds i64, ptr %table, i64 {self.place(what)}")
        self.code.first.append(f"  {held} = load ptr, ptr {place}, align 8")
        return held

    def number(self, operand: Any, dtype: DType) -> str:
        """A number of the host in a dtype; what is computed from settings is computed once, in double precision."""
        if not isinstance(operand, Scalar):
            return literal(operand, dtype)
        key = operand.key(), dtype
        if key not in self.numbers:
            self.numbers[key] = converted(self._once, self._evaluated(operand), _DOUBLE, dtype)
        return self.numbers[key]

    def _once(self, expression: str) -> str:
        """Compute something before all loops."""
        name = self.code.name("c")
        self.code.first.append(f"  {name} = {expression}")
        return name

    def _evaluated(self, operand: Any) -> str:
        """An expression of settings, in double precision."""
        if isinstance(operand, Setting):
            return self.settings[operand]
        if not isinstance(operand, Scalar):
            return literal(operand, _DOUBLE)
        x, y = [self._evaluated(o) for o in operand.operands]
        if operand.operator == "**":
            return self._once(f"call double @llvm.pow.f64(double {x}, double {y})")
        return self._once(f"{_OPERATORS[operand.operator]} double {x}, {y}")

    def leaves_loop(self, v: Value) -> bool:
        """Whether a value of a loop is read outside it, so that it has to be in memory."""
        return v in self.homes.of or v in self.slots.of

    # ------------------------------------------------------------------ writing

    def _write(self) -> None:
        self.read = {self.views.of[v].root for i in self.views.computed for v in i.reads()}
        others: dict[str, Callable[[Instruction], None]] = {
            "matmul": partial(product, self),
            "concatenate": self._join,
            **dict.fromkeys(("index_adjoint", "put_flat"), self._put_back),
            **dict.fromkeys((*CHECKS, "check_probabilities"), self._check),
        }
        self.demands = False
        for k, step in enumerate(self.steps):
            self._at = k
            try:
                if isinstance(step, Loop):
                    Nest(self, step.shape).write(step.instructions)
                    continue
                self.say(step.instruction)
                if step.instruction.op not in others:
                    raise Unsupported(f"{step.instruction.op} has no form in machine code")
                others[step.instruction.op](step.instruction)
            except Unsupported as error:
                error.place = self._said.place
                raise
        self._finish()

    def has_changed_state(self) -> bool:
        """Whether what is written now may come after a change of state, so that the step must not be left."""
        step = self.steps[self._at]
        self.demands |= isinstance(step, Loop) or not checks_input(step.instruction)
        changed = [
            self.homes.first[v] for v, home in self.homes.of.items() if getattr(home.memory, "kind", "") == "state"
        ]
        return self._at >= min(changed, default=len(self.steps))

    def _finish(self) -> None:
        """Copy what could not be computed where it belongs."""
        for k, v in enumerate(self.program.results):
            if k not in self.homes.returned:
                target = Value("result", v.shape, v.dtype)
                self.homes.of[target] = Home(("result", k), 0)
                self.copy(self.views.of[v], whole(target))
        late = [(s, v) for k, (s, v) in enumerate(self.program.updates) if k not in self.homes.done]
        staged = []
        for state, v in late:
            view = self.views.of[v]
            if view.root.kind == "state":
                kept = Value("result", v.shape, v.dtype)
                self.slots.of[kept] = self.slots.extra(v.size * v.dtype.itemsize)
                self.copy(view, whole(kept))
                view = whole(kept)
            staged.append((view, state))
        for view, state in staged:
            self.copy(view, whole(state))

    def copy(self, source: View, target: View) -> None:
        """Copy elements to other memory."""
        nest = Nest(self, source.shape)
        value = nest.load(source)
        nest.store(target, converted(nest.let, value, source.root.dtype, target.root.dtype))
        nest.finish()

    def _join(self, i: Instruction) -> None:
        """Put operands one after the other."""
        joint = i.outputs[0]
        axis, start = i.static.get("axis", 0) % joint.ndim, 0
        for operand in i.operands:
            if not isinstance(operand, Value):
                raise Unsupported(f"{i.op} of numbers")
            stop = start + operand.shape[axis]
            target = part(joint, (*(slice(None),) * axis, slice(start, stop)))
            start = stop
            if not self.homes.is_placed(joint, operand, target.offset):
                self.copy(self.views.of[operand], target)

    def _put_back(self, i: Instruction) -> None:
        """The adjoint of reading: zeros, with elements put or added where they were read."""
        x, out, dtype = i.operands[0], i.outputs[0], i.outputs[0].dtype
        if not isinstance(x, Value):
            raise Unsupported(f"{i.op} of a number")
        zeros = Nest(self, out.shape)
        zeros.store(whole(out), literal(0, dtype))
        zeros.finish()
        if len(i.operands) > 1:
            nest = Nest(self, x.shape)
            add_at(nest, i)
            nest.finish()
            return
        target = part(out, i.static["key"])
        self.copy(self.views.of[x].broadcast(target.shape), target)

    def _check(self, i: Instruction) -> None:
        """See whether all elements are such as they have to be, before anything is changed; hand them on."""
        x, out = i.operands[0], i.outputs[0]
        nest = Nest(self, x.shape)
        if i.op == "check_probabilities":
            arithmetic, held = nest.arithmetic(out.dtype), nest.load(self.views.of[x])
            low, high = [arithmetic.compare(how, held, literal(n, out.dtype)) for how, n in (("ge", 0), ("le", 1))]
            nest.demand(nest.let(f"and i1 {low}, {high}"))
        elif i.op == "check_index":
            held = nest.load(self.views.of[x])
            place = converted(nest.let, held, x.dtype, np.dtype(np.int64))
            nest.demand(nest.let(f"icmp ult i64 {place}, {int(i.static['size'])}"))
            self.in_range.add((self.views.of[out], int(i.static["size"])))
        else:
            held = converted(nest.let, nest.load(self.views.of[x]), x.dtype, np.dtype(np.int64))
            ignored = nest.let(f"icmp eq i64 {held}, {int(i.static['ignore_index'])}")
            good = nest.let(f"icmp ult i64 {held}, {int(i.static['classes'])}")
            if i.static["ignoring"]:
                nest.demand(nest.let(f"or i1 {ignored}, {good}"))
            else:  # even if it is the number of a class
                nest.demand(nest.let(f"select i1 {ignored}, i1 false, i1 {good}"))
            held = nest.let(f"select i1 {ignored}, i64 0, i64 {held}")
            self.in_range.add(out)
        nest.store(whole(out), held)
        nest.finish()

    # ------------------------------------------------------------------ the module

    def _source(self) -> str:
        outs = [f"ptr %r{k}" for k in range(len(self.program.results))]
        arguments = [f"ptr {x}" for x in self.arguments.values()] + [f"double {s}" for s in self.settings.values()]
        body = [
            f"define internal i64 @body({', '.join(['ptr %table', *arguments, *outs])}) noinline nounwind {{",
            "entry:",
            *self.code.first,
            "  br label %start",
            "start:",
            *self.code.lines,
            "  ret i64 0",
            "fail:",
            "  ret i64 1",
            "}",
        ]
        inner = dict.fromkeys(
            (part, dtype)
            for name, dtype in sorted(self.functions, key=str)
            if name in maths.FUNCTIONS
            for part in maths.needs(name)
        )
        functions = [maths.definition(name, dtype) for name, dtype in inner]
        shared = [f"define internal {text.replace('(', f'{name}(', 1)}" for text, name in self.shared.items()]
        text = "\n\n".join([*functions, *shared, "\n".join(body)])
        title = f"; {self.program.name}: a compiled step, in the language of LLVM; made by wengert"
        parts = [
            title,
            _declarations(text),
            text,
            entries(self.program, self.place),
            "\n".join(self.scopes.definitions()),
        ]
        return "\n\n".join(parts) + "\n"


def _declarations(text: str) -> str:
    """Of the functions that are called and not defined."""
    defined = set(_DEFINED.findall(text))
    found: dict[str, str] = {}
    for kind, name, given in _CALL.findall(text):
        if name not in defined:
            kinds = ", ".join([argument.rpartition(" ")[0] for argument in given.split(", ")])
            found[name] = f"declare {kind} @{name}({kinds}) nounwind willreturn memory(none)"
    return "\n".join([found[name] for name in sorted(found)])
