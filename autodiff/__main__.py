"""The command line, ``python -m autodiff``: the trace of an expression, forward and backward."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from autodiff.errors import AutodiffError
from autodiff.tracing.typed import functions, trace

__all__ = ["main"]

EXAMPLE = 'python -m autodiff trace "log(x1) + x1*x2 - sin(x2)" x1=2 x2=5'


def parser() -> argparse.ArgumentParser:
    """The options."""
    top = argparse.ArgumentParser(prog="python -m autodiff", description="Reverse-mode automatic differentiation.")
    commands = top.add_subparsers(dest="command", required=True, metavar="trace")
    command = commands.add_parser(
        "trace",
        help="show the forward primal and the reverse adjoint trace of an expression",
        description="Show every number of an expression and of its derivatives: the forward primal trace, and beside "
        "it the reverse adjoint trace, which is read upwards.",
        epilog=f"Functions: {', '.join(functions())}. Constants: pi, e. Example: {EXAMPLE}",
    )
    command.add_argument("expression", help="names, numbers, + - * / **, parentheses and functions, in quotes")
    command.add_argument("values", nargs="*", metavar="NAME=VALUE", help="the value of each name")
    command.add_argument("--svg", metavar="FILE", help="draw forward and backward into FILE (.svg, .png or .dot)")
    command.add_argument("--precision", type=int, default=3, metavar="N", help="decimals (3)")
    command.add_argument("--names", action="store_true", help="write formulas in your names instead of v-1, v0, ...")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print a Markdown table")
    form.add_argument("--ascii", action="store_true", help="use no letters beyond ASCII")
    return top


def values_of(given: Sequence[str]) -> dict[str, float]:
    """What was typed as NAME=VALUE."""
    values: dict[str, float] = {}
    for one in given:
        name, sign, number = (part.strip() for part in one.partition("="))
        if not sign or not name.isidentifier():
            raise AutodiffError(f"{one!r} is no NAME=VALUE; write for example x1=2, and the expression in quotes")
        if name in values:
            raise AutodiffError(f"{name} has two values, {values[name]:g} and {number}; give it one")
        try:
            values[name] = float(number)
        except ValueError:
            raise AutodiffError(f"the value of {name} is no number: {number!r}") from None
    return values


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        0; 2 for what was typed wrong; 1 where a picture could not be made.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    # An expression may begin with a minus; with a space before it nobody takes it for an option.
    given = [f" {a}" if a[:1] == "-" and a[:2] != "--" and a != "-h" else a for a in given]
    options = parser().parse_args(given)
    try:
        if not 0 <= options.precision <= 17:
            raise AutodiffError(f"--precision is a number of decimals from 0 to 17, not {options.precision}")
        rec = trace(options.expression, values_of(options.values))
    except AutodiffError as error:
        print(f"trace: {error}", file=sys.stderr)
        return 2
    if options.markdown:
        print(rec.markdown(options.precision, names=options.names))
    else:
        print(rec.table(options.precision, names=options.names, unicode=False if options.ascii else None))
    if options.svg:
        from autodiff.drawing import draw

        try:
            draw(rec, options.svg, precision=options.precision, names=options.names)
        except (AutodiffError, OSError) as error:
            print(f"trace: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
