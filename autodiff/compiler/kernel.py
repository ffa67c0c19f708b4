"""The kernel of a program: the source of a module for Numba, and the table of the memory that it works on."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.compiler import blas
from autodiff.compiler.formulas import converted, literal, type_name
from autodiff.compiler.homes import Homes
from autodiff.compiler.loops import Loop, group
from autodiff.compiler.nests import Nest, Unsupported
from autodiff.compiler.program import Instruction, Program, Value
from autodiff.compiler.scalars import Scalar
from autodiff.compiler.strided import View, Views, whole

__all__ = ["Kernel", "Unsupported"]

#: Products of at least so many multiplications are left to the BLAS.
LARGE_PRODUCT = 4096

_HEAD = '''"""A compiled step; made by wengert."""

import math

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.extending import intrinsic

OPTIONS = {"cache": True, "error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp"}}


@intrinsic
def pointer(typing, address):
    """An address as a pointer."""
    def build(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))
    return types.voidptr(types.int64), build

'''

_PRODUCT = '''
@intrinsic
def {name}(typing, f, left, right, m, n, k, a, lda, b, ldb, c, ldc):
    """A matrix product by the BLAS, C = A B, by rows; `left` and `right` are 112 where transposed, else 111."""
    def build(context, builder, signature, arguments):
        flag, wide, number, memory = ir.IntType(32), ir.IntType({bits}), ir.{type}(), ir.IntType(8).as_pointer()
        kinds = [flag] * 3 + [wide] * 3 + [number, memory, wide, memory, wide, number, memory, wide]
        f, left, right, m, n, k, a, lda, b, ldb, c, ldc = arguments
        given = [flag(101), left, right, m, n, k, number(1.0), a, lda, b, ldb, number(0.0), c, ldc]
        function = builder.inttoptr(f, ir.FunctionType(ir.VoidType(), kinds).as_pointer())
        fitted = []
        for value, kind in zip(given, kinds):
            if isinstance(kind, ir.PointerType):
                value = builder.inttoptr(value, kind)
            elif isinstance(kind, ir.IntType) and value.type.width > kind.width:
                value = builder.trunc(value, kind)
            fitted.append(value)
        builder.call(function, fitted)
        return context.get_dummy_value()
    return types.void(*[types.int64] * 12), build

'''


class Kernel:
    """Writes one program.

    Attributes
    ----------
    source : str
    table : list of Value or str
        What the addresses that the kernel is given are of: states, constants, values in memory of their own; the
        products of the BLAS are "single" and "double".
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        if any(v.size == 0 for i in program.instructions for v in [*i.reads(), *i.outputs] if v is not None):
            raise Unsupported("arrays without elements")
        self.views = Views(program)
        self.steps, made = group(self.views)
        self.homes = Homes(program, self.views, self.steps, made)
        self.table: list[Any] = []
        self.lines: list[str] = []
        self.numbers: dict[Any, str] = {}
        self.hoisted: list[str] = []
        self.pointers: dict[object, str] = {}
        self.products: set[str] = set()
        given = [*program.inputs, *program.draws]
        self.arguments = {v: f"x{k}" for k, v in enumerate(given)}
        self.settings = {s: f"s{k}" for k, s in enumerate(program.settings)}
        self.computed = set(made)
        self._write()
        self.source = self._source()

    # ------------------------------------------------------------------ what the parts ask for

    def memory(self, root: Value) -> tuple[str, int]:
        """The name of the memory of a value, and where in it the value begins."""
        home = self.homes.of.get(root)
        memory, start = (root, 0) if home is None else home
        if memory not in self.pointers:
            name = self.pointers[memory] = f"m{len(self.pointers)}"
            if isinstance(memory, tuple):
                size, dtype, address = root.size, root.dtype, f"r{memory[1]}"
            elif memory in self.arguments:
                size, dtype, address = memory.size, memory.dtype, self.arguments[memory]
            else:
                assert isinstance(memory, Value)
                size, dtype, address = memory.size, memory.dtype, self.slot(memory)
            self.hoisted.append(f"{name} = carray(pointer({address}), ({size},), {type_name(dtype)})")
            self.hoisted.append(f"a_{name} = {address}")
        return self.pointers[memory], start

    def slot(self, what: Any) -> str:
        """The place of an address in the table."""
        if what not in self.table:
            self.table.append(what)
        return f"table[{self.table.index(what)}]"

    def number(self, operand: Any, dtype: np.dtype[Any]) -> str:
        """A number of the host in a dtype; what is computed from settings is computed once, in double precision."""
        if not isinstance(operand, Scalar):
            return literal(operand, dtype)
        key = operand.key(), dtype
        if key not in self.numbers:
            name = self.numbers[key] = f"c{len(self.numbers)}"
            self.hoisted.append(f"{name} = {type_name(dtype)}({operand.source(self.settings)})")
        return self.numbers[key]

    def leaves_loop(self, v: Value, inside: list[Instruction]) -> bool:
        """Whether a value of a loop is read outside it, so that it has to be in memory."""
        if v in self.homes.of or v in self.kept:
            return True
        return any(i not in inside for i in self.readers.get(v, ())) or v in self.looked_at

    # ------------------------------------------------------------------ writing

    def _write(self) -> None:
        program = self.program
        self.kept = {self.views.of[v].root for v in program.kept()}
        self.readers: dict[Value, list[Instruction]] = {}
        self.looked_at: set[Value] = set()
        for i in self.views.computed:
            for v in i.reads():
                root = self.views.of[v].root
                self.readers.setdefault(root, []).append(i)
                if self.views.of[v] != whole(root) or i.op == "take_along":
                    self.looked_at.add(root)
        others = {"matmul": self._product, "concatenate": self._join, "stack": self._join, "check_classes": self._check}
        for i in self.views.computed:
            if i.op == "check_classes":
                self._check(i)
        for step in self.steps:
            if isinstance(step, Loop):
                Nest(self, step.shape).write(step.instructions)
            elif step.instruction.op not in others:
                raise Unsupported(f"{step.instruction.op} has no form for Numba")
            elif step.instruction.op != "check_classes":
                others[step.instruction.op](step.instruction)
        self._finish()

    def _finish(self) -> None:
        """Copy what could not be computed where it belongs."""
        for k, v in enumerate(self.program.results):
            if k not in self.homes.returned:
                target = Value("result", v.shape, v.dtype)
                self.homes.of[target] = self._home(("result", k))
                self.copy(self.views.of[v], whole(target))
        late = [(s, v) for k, (s, v) in enumerate(self.program.updates) if k not in self.homes.done]
        staged = []
        for state, v in late:
            view = self.views.of[v]
            if view.root.kind == "state":
                kept = Value("result", v.shape, v.dtype)
                self.copy(view, whole(kept))
                view = whole(kept)
            staged.append((view, state))
        for view, state in staged:
            self.copy(view, whole(state))

    @staticmethod
    def _home(memory: object) -> Any:
        from autodiff.compiler.homes import Home

        return Home(memory, 0)

    def copy(self, source: View, target: View) -> None:
        """Copy elements to other memory."""
        nest = Nest(self, source.shape)
        value = nest.load(source)
        nest.store(target, converted(value, source.root.dtype, target.root.dtype))
        nest.finish()

    def _join(self, i: Instruction) -> None:
        """Put operands one after the other."""
        joint = i.outputs[0]
        axis = i.static.get("axis", 0) % joint.ndim
        stand_in = np.empty(joint.shape, joint.dtype)
        start = 0
        for operand in i.operands:
            if not isinstance(operand, Value):
                raise Unsupported(f"{i.op} of numbers")
            n = 1 if i.op == "stack" else operand.shape[axis]
            key: tuple[Any, ...] = (slice(None),) * axis
            part = stand_in[(*key, start if i.op == "stack" else slice(start, start + n))]
            start += n
            if not self.homes.is_placed(joint, operand):
                offset = (part.ctypes.data - stand_in.ctypes.data) // part.itemsize
                strides = tuple(s // part.itemsize for s in part.strides)
                self.copy(self.views.of[operand], View(joint, offset, strides, operand.shape))

    def _check(self, i: Instruction) -> None:
        """See whether all classes are there, before anything is changed."""
        target, out = i.operands[0], i.outputs[0]
        if target not in self.program.inputs:
            raise Unsupported("classes that are computed")
        nest = Nest(self, target.shape)
        c = nest.load(self.views.of[target])
        good = f"0 <= {c} < {int(i.static['classes'])}"
        ignored = f"{c} == {int(i.static['ignore_index'])}"
        if i.static["ignoring"]:
            nest.body.append(f"if not ({ignored}) and not ({good}):")
            value = f"np.int64(0) if {ignored} else np.int64({c})"
        else:
            nest.body.append(f"if ({ignored}) or not ({good}):")
            value = f"np.int64({c})"
        nest.body.append("    return 1")
        nest.store(whole(out), value)
        nest.finish()

    # ------------------------------------------------------------------ products

    def _product(self, i: Instruction) -> None:
        x, y = i.operands
        out = i.outputs[0]
        if not (isinstance(x, Value) and isinstance(y, Value) and 1 <= x.ndim <= 2 and 1 <= y.ndim <= 2):
            raise Unsupported("matmul of more than two dimensions")
        if not x.dtype == y.dtype == out.dtype or out.dtype.kind != "f":
            raise Unsupported(f"matmul of {x.dtype} and {y.dtype}")
        a, b = self.views.of[x], self.views.of[y]
        if x.ndim == 1:
            a = View(a.root, a.offset, (0, *a.strides), (1, *a.shape))
        if y.ndim == 1:
            b = View(b.root, b.offset, (*b.strides, 0), (*b.shape, 1))
        (m, k), n = a.shape, b.shape[1]
        if m * n * k >= LARGE_PRODUCT and self._by_blas(a, b, out, (m, n, k)):
            return
        self._by_loops(a, b, out, (m, n, k))

    def _by_blas(self, a: View, b: View, out: Value, sizes: tuple[int, int, int]) -> bool:
        """Call the BLAS, if it can read the operands where they lie."""
        left, right = _leading(a), _leading(b)
        if left is None or right is None or out.dtype.name not in ("float32", "float64"):
            return False
        if blas.find() is None:
            raise Unsupported("NumPy's BLAS was not found, and there are large products")
        which = "single" if out.dtype.name == "float32" else "double"
        self.products.add(which)
        places = []
        for root, offset in ((a.root, a.offset), (b.root, b.offset), (out, 0)):
            name, start = self.memory(root)
            places.append(f"a_{name} + {(start + offset) * out.dtype.itemsize}")
        m, n, k = sizes
        self.lines.append(
            f"{which}({self.slot(which)}, {left[0]}, {right[0]}, {m}, {n}, {k}, "
            f"{places[0]}, {left[1]}, {places[1]}, {right[1]}, {places[2]}, {n})"
        )
        return True

    def _by_loops(self, a: View, b: View, out: Value, sizes: tuple[int, int, int]) -> None:
        m, n, k = sizes
        (p, ps), (q, qs), (r, rs) = [self.memory(root) for root in (a.root, b.root, out)]
        zero = literal(0, out.dtype)
        left = f"{p}[{ps + a.offset} + i * {a.strides[0]} + l * {a.strides[1]}]"
        right = f"{q}[{qs + b.offset} + l * {b.strides[0]} + j * {b.strides[1]}]"
        made = f"{r}[{rs} + i * {n} + j]"
        if n == 1 or (b.strides[1] != 1 and k > 4):
            self.lines += [
                f"for i in range({m}):",
                f"    for j in range({n}):",
                f"        total = {zero}",
                f"        for l in range({k}):",
                f"            total += {left} * {right}",
                f"        {made} = total",
            ]
            return
        self.lines += [
            f"for i in range({m}):",
            f"    for j in range({n}):",
            f"        {made} = {zero}",
            f"    for l in range({k}):",
            f"        factor = {left}",
            f"        for j in range({n}):",
            f"            {made} += factor * {right}",
        ]

    # ------------------------------------------------------------------ the module

    def _source(self) -> str:
        given = list(self.arguments.values())
        outs = [f"r{k}" for k in range(len(self.program.results))]
        settings = list(self.settings.values())
        parts = [_HEAD]
        gemm = blas.find()
        for which in sorted(self.products):
            assert gemm is not None
            kind = "FloatType" if which == "single" else "DoubleType"
            parts.append(_PRODUCT.format(name=which, bits=gemm.bits, type=kind))
        body = [*self.hoisted, *self.lines, "return 0"]
        arguments = ", ".join(["table", *given, *settings, *outs])
        parts.append(_function("body", arguments, body))
        addresses = [f"{name}.ctypes.data" for name in given + outs]
        xs, rs = addresses[: len(given)], addresses[len(given) :]
        parts.append(_function("kernel", arguments, [f"return body({', '.join(['table', *xs, *settings, *rs])})"]))
        values = [*self.program.inputs, *self.program.draws]
        moved = [f"{x} + step * {v.size * v.dtype.itemsize}" for x, v in zip(xs, values)]
        written = [f"{r} + step * {v.size * v.dtype.itemsize}" for r, v in zip(rs, self.program.results)]
        counted = [f"{name} + step" if s.count else name for s, name in self.settings.items()]
        many = [
            "for step in range(steps):",
            f"    if body({', '.join(['table', *moved, *counted, *written])}):",
            "        return 1",
            "return 0",
        ]
        parts.append(_function("many", ", ".join(["table", "steps", *given, *settings, *outs]), many))
        return "\n".join(parts)


def _function(name: str, arguments: str, body: list[str]) -> str:
    lines = "".join(f"    {line}\n" for line in body)
    return f"\n@njit(**OPTIONS)\ndef {name}({arguments}):\n{lines}"


def _leading(view: View) -> tuple[int, int] | None:
    """Whether a matrix is to be transposed (112) or not (111), and how far its rows are apart; None: neither way."""
    (rows, columns), (down, across) = view.shape, view.strides
    if (across == 1 or columns == 1) and (down >= columns or rows == 1):
        return 111, max(down, columns)
    if (down == 1 or rows == 1) and (across >= rows or columns == 1):
        return 112, max(across, rows)
    return None
