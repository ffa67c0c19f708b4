"""The table of operations: inputs, parameters and a reference for every primitive. The laws of laws.py run over it.

The rows stand in tests/table, one family a file. References are written with NumPy alone, and in another way than the
forward where there is one. Inputs are drawn by domain (`real`, `positive`, ...) from a fixed seed, so that none stands
on a kink or a pole and differences can be taken; what happens there is said in the notes, and held to PyTorch in
conformance/test_ops.py.
"""

from pathlib import Path
from typing import Any

import tests.table  # noqa: F401 (fills TABLE)
from autodiff.ops import load_all
from autodiff.primitive import Primitive, primitives
from tests.table.form import TABLE, Case, Draw, Row
from tests.table.mistakes import MISTAKES, Mistake

__all__ = ["CASES", "MISTAKES", "TABLE", "Case", "Draw", "Mistake", "Row", "document"]

load_all()

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "primitives.md"

CASES: list[Case] = [c for row in TABLE.values() for c in row.cases if c.op in primitives]

HEAD = """# Primitives

Generated from the table of the test-suite by `python -m tests.op_cases --write`; a test keeps it fresh. Every line is
checked as it says: the value against a reference, each derivative against differences and, where PyTorch has the
operation, both against PyTorch.

[operations.md](operations.md) lists the public functions. These are the primitives, with NumPy's names and semantics,
that the PyTorch-named functions are made of. "Saves" is what a recorded application keeps for backward; shapes are
free. "Orders" is how many derivatives are checked: 0 where there is none, and `1, then 0` where the second is zero
everywhere.

| Operation | Computes | Saves, for the cotangent of each argument | Orders | At the edges |
| --- | --- | --- | --- | --- |
"""


def saves(op: Primitive) -> str:
    """What the rules name, argument by argument, in the words of the document."""

    def names(rule: Any, leading: int = 2) -> list[str]:
        code = rule.rule.__code__
        return [n for n in code.co_varnames[leading : code.co_argcount] if not n.endswith("_shape") and n != "needs"]

    def quoted(kept: list[str]) -> str:
        return ", ".join(f"`{n}`" for n in kept) or "nothing"

    if not op.differentiable:
        return "—"
    if op.joint is not None:
        said = f"all: {quoted(names(op.joint))}"
    else:
        rules = zip(op.arguments, op.rules, strict=True)
        said = "; ".join(f"{a}: {'—' if r is None else quoted(names(r))}" for a, r in rules)
    again = sorted({n for form in op.residuals if form is not None for n in names(form, 1)})
    return f"{said}; for a second derivative {quoted(again)}" if again else said


def signature(op: Primitive) -> str:
    arguments = [f"*{a}" if op.variadic and a == op.arguments[-1] else a for a in op.arguments]
    static = [f"{p}={op.defaults[p]!r}" if p in op.defaults else p for p in op.parameters]
    return ", ".join([*arguments, *(["*"] if static and not op.variadic else []), *static])


def document() -> str:
    lines = []
    for name in sorted(TABLE):
        op, entry = primitives[name], TABLE[name]
        orders = "0" if not entry.order else str(entry.order) if entry.curved else "1, then 0"
        computes = " ".join((op.__doc__ or "").split()).replace("|", "\\|")
        cells = [f"`{name}({signature(op)})`", computes, saves(op), orders, entry.notes]
        lines.append(f"| {' | '.join(cells)} |\n")
    return HEAD + "".join(lines)


if __name__ == "__main__":
    import sys

    if "--write" in sys.argv:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document(), encoding="utf-8")
    else:
        print(document())
