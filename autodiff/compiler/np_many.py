"""Many steps as one function of NumPy: a loop around the step's own code, with what can be done at once around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from autodiff.compiler.buffers import Plan
from autodiff.compiler.np_splitting import ELEMENTWISE, REDUCTIONS, Split
from autodiff.compiler.np_writer import Writer, indented, tupled
from autodiff.compiler.program import CHECKS, Instruction, Program, Value
from autodiff.compiler.scalars import Scalar

__all__ = ["ManyWriter"]


class ManyWriter(Writer):
    """Writes ``run(steps, *stacked_inputs, *stacked_draws, *settings)``, which returns stacked results.

    Parameters
    ----------
    body : Program
        One step, `split.looped`.
    plan : Plan
        Of the body.
    carried : sequence of Value
        The results of the body.
    program : Program
        What the body was split from.
    split : Split
    """

    reserved = (*Writer.reserved, "steps")

    def __init__(self, body: Program, plan: Plan, carried: Sequence[Value], program: Program, split: Split) -> None:
        super().__init__(body, plan, carried)
        self.whole, self.split = program, split
        self.once: list[str] = []  # what stands before the loop
        self.columns: dict[str, str] = {}  # what the loop goes over, by the names of the rows
        self.wide: dict[Value, str] = {
            v: self._unique(f"{v.name or v.kind}_all") for v in (*program.inputs, *program.draws)
        }
        self.owned: set[Value] = set()

    def write(self) -> str:
        """The source."""
        before = [self._at_once(i) for i in self.split.before]
        for v, name in zip(self.split.given, self.given):
            self.columns[name] = _rows(self.wide[v], v)
        self.fill()
        for v, made in zip(self.split.carried, self.results):
            self.wide[v] = self.wide[made]
            self.owned.add(v)
        after = [self._at_once(i) for i in self.split.after]
        counts = [f"{name} += {setting.moves}" for setting, name in self.settings.items() if setting.moves]
        names = ", ".join(self.columns)
        over = (
            f"{names}{',' * (len(self.columns) == 1)} in zip({', '.join(self.columns.values())})"
            if names
            else "_ in range(steps)"
        )
        body = [*self.lines, *counts]
        lines = [*before, *self.once, *([f"for {over}:", *indented(body)] if body else []), *after]
        if self.whole.results:
            lines.append(f"return {', '.join(self._returned())}")
        given = [self.wide[v] for v in (*self.whole.inputs, *self.whole.draws)]
        return self.assembled(["steps", *given, *self.settings.values()], lines)

    def _returned(self) -> list[str]:
        """The results, each in memory of its own."""
        names, seen = [], set()
        for v in self.whole.results:
            name = self.wide[v]
            made = "np.ascontiguousarray" if v in self.owned and v not in seen else "np.array"
            seen.add(v)
            names.append(f"{made}({name})")
        return names

    # ------------------------------------------------------------------ what is asked of every writer

    def fresh(self, v: Value) -> list[str]:
        """Memory for a result: a row of that for all steps."""
        self.wide[v] = self._unique(f"{self.name(v)}_all")
        self.once.append(f'{self.wide[v]} = {self.function("empty")}({_stacked(v.shape)}, "{v.dtype}")')
        self.columns[self.name(v)] = _rows(self.wide[v], v)
        return []

    def _scalar(self, scalar: Scalar, dtype: Any) -> str:
        start = len(self.before)
        text = super()._scalar(scalar, dtype)
        if not any(leaf.moves is not None for leaf in scalar.leaves()):  # the same in all steps
            self.once += self.before[start:]
            del self.before[start:]
        return text

    # ------------------------------------------------------------------ all steps at once

    def _at_once(self, i: Instruction) -> str:
        """An operation on the arrays of all steps."""
        (out,) = i.outputs
        self.local = {o: self._aligned(o, out.ndim if i.op in ELEMENTWISE else o.ndim) for o in i.reads()}
        text = self._wide_text(i)
        self.local = {}
        wish = out.name or i.op.rpartition(".")[2]
        self.wide[out] = self._unique(f"{wish}_all")
        if i.op in ELEMENTWISE | REDUCTIONS:
            self.owned.add(out)
        # The loop takes the rows for pieces of memory in order.
        return f"{self.wide[out]} = {f'np.ascontiguousarray({text})' if out in self.split.given else text}"

    def _aligned(self, v: Value, ndim: int) -> str:
        """A value of all steps, to be broadcast to so many dimensions of each step's."""
        if v not in self.wide:
            return self.name(v)  # a constant
        name = self.wide[v]
        return name if v.ndim == ndim else f"{name}.reshape({_stacked((1,) * (ndim - v.ndim) + v.shape)})"

    def _wide_text(self, i: Instruction) -> str:
        (out,) = i.outputs
        x = self.name(i.reads()[0])
        if i.op in ELEMENTWISE or i.op in CHECKS:
            return self.expression(i)
        if i.op in REDUCTIONS:
            static = {**i.static, "axis": tuple([a + 1 for a in i.axes()])}
            return self.expression(Instruction(i.op, i.operands, static, i.outputs))
        if i.op == "rows.positions":
            width = i.static["width"]
            return f"{x} + {self.prepared(f'np.arange(0, {i.operands[0].size * width}, {width})', 'row_starts')}"
        if i.op == "rows.take":
            flat, at = f"{x}.reshape(steps, -1)", f"{self.name(i.operands[1])}.reshape(steps, -1)"
            return f"np.take_along_axis({flat}, {at}, 1).reshape({_stacked(out.shape)})"
        return self._wide_view(i, x)

    def _wide_view(self, i: Instruction, x: str) -> str:
        (out,) = i.outputs
        if i.op == "reshape":
            return f"{x}.reshape({_stacked(out.shape)})"
        if i.op == "swap_last":
            return f"{x}.swapaxes(-1, -2)"
        if i.op == "transpose":
            n = out.ndim
            axes = i.static.get("axes") or range(n)[::-1]
            return f"{x}.transpose({tupled([0, *[a % n + 1 for a in axes]])})"
        if i.op == "index":
            return f"{x}[{(slice(None), *i.static['key'])!r}]"
        wide = f"{x}.reshape({_stacked((1,) * (out.ndim - i.operands[0].ndim) + i.operands[0].shape)})"
        return f"np.broadcast_to({wide}, {_stacked(out.shape)})"


def _stacked(shape: Sequence[int]) -> str:
    return f"({', '.join(['steps', *map(str, map(int, shape))])}{'' if shape else ','})"


def _rows(name: str, v: Value) -> str:
    """What gives the part of each step; rows without dims would come as numbers."""
    return name if v.ndim else f"[{name}[i, ...] for i in range(steps)]"
