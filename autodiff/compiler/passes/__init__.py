"""Passes: small functions from a program to a better one that computes the same, and the order in which they run."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff.compiler.lowering import lower
from autodiff.compiler.passes.algebra import algebra
from autodiff.compiler.passes.dead import dead_code
from autodiff.compiler.passes.flat import flat_storage
from autodiff.compiler.passes.folding import constant_folding
from autodiff.compiler.passes.order import checks_first
from autodiff.compiler.passes.pieces import joint_pieces
from autodiff.compiler.passes.sharing import common_subexpressions
from autodiff.compiler.passes.transposes import transposes
from autodiff.compiler.program import Pass, Program

__all__ = [
    "DEFAULT",
    "algebra",
    "checks_first",
    "common_subexpressions",
    "constant_folding",
    "dead_code",
    "flat_storage",
    "joint_pieces",
    "lower",
    "run",
    "transposes",
]

#: What every program goes through. What a pass leaves undone for another one is done in the second round.
DEFAULT: tuple[Pass, ...] = (
    lower,
    dead_code,
    constant_folding,
    algebra,
    common_subexpressions,
    joint_pieces,
    algebra,
    flat_storage,
    transposes,
    constant_folding,
    algebra,
    common_subexpressions,
    checks_first,
    dead_code,
)


def run(program: Program, passes: Sequence[Pass] | None = None) -> tuple[Program, list[tuple[str, Program]]]:
    """Improve a program.

    Parameters
    ----------
    program : Program
    passes : sequence of Pass, optional
        By default `DEFAULT`.

    Returns
    -------
    Program
        After the last pass.
    list of (str, Program)
        The name of each pass, and the program after it.
    """
    stages: list[tuple[str, Program]] = []
    for improve in DEFAULT if passes is None else passes:
        program = improve(program)
        stages.append((improve.__name__, program))
    return program, stages
