"""The two columns of a trace, forward primal and reverse adjoint: as data, text, Markdown and HTML."""

from __future__ import annotations

import sys
import unicodedata
from html import escape
from typing import Any, NamedTuple

from autodiff.tracing import notation
from autodiff.tracing.numerals import array, dimensions, number
from autodiff.tracing.recorder import Contribution, Record, Row
from autodiff.tracing.tape import Backward, Flow, Variable

__all__ = ["Reader", "html", "markdown", "rows", "text"]

MACRON = "\N{COMBINING MACRON}"
LEFT, RIGHT = 3, 5
TITLES = ("Forward primal trace", "Reverse adjoint trace (read upwards)")


class Line(NamedTuple):
    """One line of the table: label, name and expression, value; target, formula, sum, total and local partial."""

    left: tuple[str, ...] = ("",) * LEFT
    right: tuple[str, ...] = ("",) * RIGHT
    rule: bool = False


class Reader:
    """A record as one way of writing reads it: in which names, with how many digits, with bars or without."""

    def __init__(
        self, rec: Record, precision: int = 3, names: bool = False, unicode: bool = True, which: int = -1
    ) -> None:
        self.variables = rec.variables
        self.backward: Backward = rec.backward(which)
        self.precision = precision
        self.unicode = unicode
        self._names = names
        self._ordered: dict[Variable, bool] = {}
        roots = self.backward.roots
        self._root = roots[0] if len(set(roots)) == 1 else None

    # ------------------------------------------------------------------ words

    def label(self, variable: Variable) -> str:
        """What a value is called in formulas."""
        return (variable.name if self._names else None) or variable.label

    def bar(self, label: str) -> str:
        """What the adjoint of a value is called: a bar over its first letter."""
        if not self.unicode:
            return f"{label}_bar"
        first = next((i for i, letter in enumerate(label) if letter.isalpha()), 0)
        return f"{label[: first + 1]}{MACRON}{label[first + 1 :]}"

    def plain(self, formula: str) -> str:
        """A formula in the characters at hand."""
        return formula if self.unicode else formula.replace("·", "*")

    def value(self, a: Any, shape: tuple[int, ...] = ()) -> str:
        """A value, a small array, or a shape where that is all there is."""
        return self.plain(dimensions(shape) if a is None else array(a, self.precision))

    def partial(self, of: str, by: str) -> str:
        """The name of a derivative."""
        return f"∂{of}/∂{by}" if self.unicode else f"d{of}/d{by}"

    def expression(self, variable: Variable) -> str:
        """How a value was computed; empty for an input."""
        if variable.origin is None:
            return ""
        return self.plain(notation.expression(variable.origin, variable, self.label))

    def formula(self, flow: Flow) -> str:
        """What a contribution is made of: as the rule has it, or else which operation it came through."""
        if flow.source is None:
            return ""
        return self.plain(notation.rule(flow.source, flow.position, self.label, self.bar))

    def sender(self, flow: Flow) -> str:
        """The consumer that a contribution came from."""
        return "" if flow.source is None else self.label(flow.source.results[0])

    def sent(self, flow: Flow) -> str:
        """The formula of a contribution, or where it came from."""
        if flow.seed:
            return "seed"
        if flow.source is None:
            return "from outside the record"
        return self.formula(flow) or f"via {self.sender(flow)} ({flow.source.op.name})"

    # ------------------------------------------------------------------ lines

    def lines(self) -> list[Line]:
        """The table, from top to bottom."""
        inputs = [line for v in self.variables if v.origin is None for line in self._input(v)]
        results = [line for v in self.variables if v.origin is not None for line in self._result(v)]
        outputs = [line for root in dict.fromkeys(self.backward.roots) for line in self._output(root)]
        out: list[Line] = []
        for part in filter(None, (inputs, results, outputs)):
            out += [Line(rule=True), *part] if out else part
        return out

    def _input(self, v: Variable) -> list[Line]:
        left = (self.label(v), self._meaning(v), self.value(v.value, v.shape))
        outside = [self._flow(f) for f in reversed(self.backward.to(v)) if f.source is None and not f.seed]
        adjoint = self.backward.adjoints.get(v)
        if adjoint is None:
            return [Line(left), *outside]
        meaning = ""
        if self._root is not None and v is not self._root:
            meaning = self.partial(self._root.name or self.label(self._root), v.name or self.label(v))
        right = (self.bar(self.label(v)), meaning, "", self.value(adjoint), "")
        return [Line(left, right), *outside]

    def _result(self, v: Variable) -> list[Line]:
        """A result, beside what its operation sends to its operands: the first to arrive stands lowest."""
        assert v.origin is not None
        left = (self.label(v), self._meaning(v), self.value(v.value, v.shape))
        flows = self.backward.sent_by(v.origin) if v is v.origin.results[-1] else []
        lines = [self._flow(f) for f in reversed(flows)] or [Line()]
        return [lines[0]._replace(left=left), *lines[1:]]

    def _output(self, v: Variable) -> list[Line]:
        name, label = v.name or "output", self.label(v)
        left = (name, "" if name == label else label, self.value(v.value, v.shape))
        return [self._flow(f)._replace(left=left) for f in self.backward.to(v) if f.seed]

    def _meaning(self, v: Variable) -> str:
        """The user's name for a value, where it is not its label, and how it was computed."""
        return " = ".join(filter(None, ["" if self._names else v.name, self.expression(v)]))

    def _flow(self, flow: Flow) -> Line:
        """One contribution: alone if it is the first to arrive, else on top of the sum so far."""
        flows = self.backward.to(flow.target)
        place = flow.place
        bar = self.bar(self.label(flow.target))
        formula, numbers = self.sent(flow), ""
        if place:
            before = flows[place - 1].total
            if not formula.startswith(("via ", "from ")):
                formula = f"{bar} - {formula[1:]}" if formula.startswith("-") else f"{bar} + {formula}"
            if flow.value.size == 1:
                value = self.value(flow.value)
                sign, value = (" - ", value[1:]) if value.startswith("-") else (" + ", value)
                numbers = f"{self.value(before)}{sign}{value}"
            else:
                numbers = f"... + {self.value(flow.value)}"
        if not self._in_reading_order(flow.target, flows):
            formula += f"  ({_ordinal(place + 1)})"
        local = ""
        if flow.partial is not None:
            derivative = self.partial(self.sender(flow), self.label(flow.target))
            local = f"{derivative} = {number(flow.partial, self.precision)}"
        return Line(right=(bar, formula, numbers, self.value(flow.total), local))

    def _in_reading_order(self, target: Variable, flows: list[Flow]) -> bool:
        """Whether contributions arrived as they stand in the table, read upwards: the last results send first."""
        if target not in self._ordered:
            numbers = [f.source.results[-1].number or 0 for f in flows if f.source is not None]
            self._ordered[target] = numbers == sorted(numbers, reverse=True)
        return self._ordered[target]


def _ordinal(n: int) -> str:
    return f"{n}{('th', 'st', 'nd', 'rd')[n if n < 4 else 0]}"


# ---------------------------------------------------------------------- as data


def rows(rec: Record) -> list[Row]:
    """One row for each value."""
    reader = Reader(rec)
    return [_row(reader, v) for v in reader.variables]


def _row(reader: Reader, v: Variable) -> Row:
    contributions = tuple(
        [
            Contribution(
                source=reader.sender(f),
                operation="" if f.source is None else f.source.op.name,
                formula=reader.formula(f),
                value=f.value,
                total=f.total,
                partial=f.partial,
            )
            for f in reader.backward.to(v)
        ]
    )
    return Row(
        label=v.label,
        name=v.name or "",
        operation="" if v.origin is None else v.origin.op.name,
        expression=reader.expression(v),
        value=v.value,
        shape=v.shape,
        adjoint=reader.backward.adjoints.get(v),
        contributions=contributions,
        where="" if v.origin is None else v.origin.where or "",
    )


# ---------------------------------------------------------------------- as text


def text(rec: Record, precision: int, names: bool, unicode: bool | None, which: int) -> str:
    """The two columns, aligned."""
    if unicode is None:
        unicode = _can_show(f"v{MACRON}·∂─│┼")
    reader = Reader(rec, precision, names, unicode, which)
    lines = reader.lines()
    if not lines:
        return "Nothing was recorded: no operation ran inside the with block."
    left = _aligned([line.left for line in lines])
    right = _aligned([line.right for line in lines])
    dash, bar, cross = "─│┼" if unicode else "-|+"
    # Where no backward was heard, there is no right side.
    both = bool(reader.backward.flows)
    width, other = (max(map(_width, [title, *side])) for title, side in zip(TITLES, (left, right)))
    ruler = f"{dash * (width + 1)}{cross}{dash * (other + 1)}" if both else dash * width
    head = f"{_padded(TITLES[0], width)} {bar} {TITLES[1]}" if both else TITLES[0]
    out = [head, ruler]
    for line, l, r in zip(lines, left, right):
        full = f"{_padded(l, width)} {bar} {r}" if both else l
        out.append(ruler if line.rule else full.rstrip())
    return "\n".join([*out, *_notes(rec, reader, lines, which)])


def _notes(rec: Record, reader: Reader, lines: list[Line], which: int) -> list[str]:
    """What a reader of this table has to know."""
    if not rec.backwards:
        return ["No backward pass was recorded: call backward() inside the with block to see the adjoints."]
    notes = []
    if any(line.right[1].endswith(("st)", "nd)", "rd)", "th)")) for line in lines):
        notes.append("(1st), (2nd), ...: the order of arrival, where it is not the order of reading.")
    if len(rec.backwards) > 1:
        n = len(rec.backwards)
        notes.append(f"Backward pass {which % n + 1} of {n}; table(backward=i) shows another.")
    return notes


def _can_show(characters: str) -> bool:
    """Whether standard output has these characters."""
    try:
        characters.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _aligned(cells: list[tuple[str, ...]]) -> list[str]:
    """Cells as lines: columns of equal width, joined by equals signs; the last of the right side stands alone."""
    columns = list(zip(*cells))
    widths = [max(map(_width, column)) for column in columns]
    lines = []
    for row in cells:
        out = _padded(row[0], widths[0])
        for i, (cell, width) in enumerate(zip(row[1:], widths[1:]), start=1):
            if width:
                sign = "" if i == RIGHT - 1 else "= " if cell else "  "
                out += f"  {sign}{_padded(cell, width)}"
        lines.append(out)
    return lines


def _width(words: str) -> int:
    """How many columns a terminal gives to some text."""
    return sum([0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words])


def _padded(words: str, width: int) -> str:
    return words + " " * (width - _width(words))


# ---------------------------------------------------------------------- as Markdown and HTML


def _sides(line: Line) -> tuple[str, str, str]:
    """Forward, reverse and local partial of a line, each as one text."""
    forward, reverse = (" = ".join(filter(None, cells)) for cells in (line.left, line.right[:4]))
    return forward, reverse, line.right[4]


def markdown(rec: Record, precision: int = 3, names: bool = False, which: int = -1) -> str:
    """The two columns as a Markdown table."""
    reader = Reader(rec, precision, names, True, which)
    lines = ["| " + " | ".join([*TITLES, "Local partial"]) + " |", "|---|---|---|"]
    for line in reader.lines():
        cells = [_escaped(cell) for cell in _sides(line)]
        if not line.rule:
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _escaped(cell: str) -> str:
    """Text in which Markdown sees no markup."""
    return "".join([f"\\{c}" if c in "\\|*_`<>[]" else c for c in cell])


def html(rec: Record, precision: int = 3) -> str:
    """The two columns as an HTML table."""
    cell = '<td style="text-align:left;white-space:nowrap">{}</td>'
    head = "".join([f'<th style="text-align:left">{escape(t)}</th>' for t in (*TITLES, "Local partial")])
    body = []
    for line in Reader(rec, precision).lines():
        if not line.rule:
            body.append(f"<tr>{''.join([cell.format(escape(side)) for side in _sides(line)])}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
