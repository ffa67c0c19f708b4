"""A trace in the DOT language: what each node and each edge of the picture says, and how it looks."""

from __future__ import annotations

from html import escape
from typing import Any

from autodiff.drawing.render import package
from autodiff.errors import AutodiffError
from autodiff.tracing.layout import Reader
from autodiff.tracing.numerals import SMALL
from autodiff.tracing.recorder import Record
from autodiff.tracing.tape import UNKNOWN, Application, Flow, Variable

__all__ = ["source"]

# Blue and vermilion are told apart by every kind of colour vision, and as light and dark grey in print; shape, border
# and dashes say the same once more. The dark tones are for text: at least 5:1 on their grounds.
INK, FAINT, BORDER = "#1a1a1a", "#5c5c5c", "#4d4d4d"
BACK = "#a63c00"
STYLES = {
    "input": {"style": "filled", "fillcolor": "#dcebf7", "color": "#0072b2"},
    "constant": {"style": "filled,dashed", "fillcolor": "#f4f4f4", "color": BORDER},
    "result": {"style": "filled,rounded", "fillcolor": "#ffffff", "color": BORDER},
    "output": {"style": "filled,rounded", "fillcolor": "#fff4cc", "color": BORDER, "peripheries": "2"},
}
# A name whose widths the layout programs know, and to which they add "sans-serif".
FONT = "Helvetica"
# Formulas that are longer make a node too wide; its edges show the operands anyway.
LONGEST = 26


def source(rec: Record, direction: str, precision: int, names: bool, backward: int, limit: int) -> str:
    """The DOT source of a picture."""
    reader = Reader(rec, precision, names, True, backward)
    variables = reader.variables
    if not variables:
        raise AutodiffError("nothing was recorded, so there is nothing to draw: no operation ran in the with block")
    if len(variables) > limit:
        raise AutodiffError(
            f"a picture of {len(variables)} values is too large to read; draw a smaller computation, "
            f"or pass limit={len(variables)} if that is meant"
        )
    graph = package().Digraph("trace")
    graph.attr("graph", rankdir=direction, fontname=FONT, fontsize="11", nodesep="0.3", ranksep="0.55")
    graph.attr("graph", label=_legend(bool(reader.backward.flows)), tooltip="trace")
    graph.attr("node", shape="box", fontname=FONT, fontsize="12", fontcolor=INK, margin="0.1,0.06", penwidth="1.2")
    graph.attr("edge", fontname=FONT, fontsize="11", color=INK, arrowsize="0.7")
    _Painter(graph, reader).paint()
    return str(graph.source)


def _legend(both: bool) -> str:
    forward = _font("solid: values, forward", INK)
    reverse = _font("dashed: contributions to the adjoints, backward", BACK)
    return f"<{forward}&nbsp;&nbsp;&nbsp;&nbsp;{reverse}>" if both else f"<{forward}>"


def _font(words: str, color: str, size: int | None = None) -> str:
    """Some words for an HTML-like label, escaped, without what cannot be shown; each row of an array on its line."""
    shown = escape("".join([c for c in words if c.isprintable()])).replace("], [", "],<BR/>[")
    shown = shown.replace("\\", "\\\\")  # or DOT would put the node's own name for \N
    return f'<FONT COLOR="{color}"{f" POINT-SIZE={chr(34)}{size}{chr(34)}" if size else ""}>{shown}</FONT>'


class _Painter:
    """Puts the nodes and the edges of one picture into a graph."""

    def __init__(self, graph: Any, reader: Reader) -> None:
        self.graph = graph
        self.reader = reader
        self.ids = {v: f"n{i}" for i, v in enumerate(reader.variables)}
        self.hubs: dict[Application, str] = {}
        taken = {o for v in reader.variables if v.origin for o in v.origin.operands if isinstance(o, Variable)}
        last = [v for v in reader.variables if v.origin is not None and v not in taken]
        self.outputs = set(reader.backward.roots or last)

    def paint(self) -> None:
        """All nodes, then all edges."""
        for v in self.reader.variables:
            self._node(v)
        for v in self.reader.variables:
            if v.origin is not None and v is v.origin.results[0]:
                self._edges(v.origin)

    # ------------------------------------------------------------------ nodes

    def _node(self, v: Variable) -> None:
        if v in self.outputs:
            kind = "output"
        elif v.origin is not None:
            kind = "result"
        else:
            kind = "input" if v.tracked else "constant"
        lines = [f"<TR><TD>{line}</TD></TR>" for line in self._lines(v)]
        table = f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">{"".join(lines)}</TABLE>>'
        self.graph.node(self.ids[v], label=table, tooltip=self._tooltip(v), **STYLES[kind])

    def _lines(self, v: Variable) -> list[str]:
        """Name, operation, value, shape and adjoint of a value."""
        reader = self.reader
        label = reader.label(v)
        title = label if v.name in (None, label) else f"{label} = {v.name}"
        lines = [f"<B>{_font(title, INK)}</B>"]
        if v.origin is not None:
            formula = reader.expression(v)
            short = len(formula) <= LONGEST and UNKNOWN not in v.origin.operands
            lines.append(_font(formula if short else v.origin.op.name, INK))
        if v.value is not None and v.value.size <= SMALL:
            lines.append(_font(reader.value(v.value), INK))
        if v.shape:
            lines.append(_font(f"shape {v.shape}", FAINT, 10))
        adjoint = reader.backward.adjoints.get(v)
        if adjoint is not None:
            bar = reader.bar(label)
            lines.append(_font(f"{bar} = {reader.value(adjoint)}" if adjoint.size <= SMALL else bar, BACK))
        return lines

    def _tooltip(self, v: Variable) -> str:
        if v.origin is None:
            return self._plain(v.name or self.reader.label(v))
        where = f"  ({v.origin.where})" if v.origin.where else ""
        return self._plain(f"{self.reader.label(v)} = {self.reader.expression(v)}{where}")

    def _plain(self, words: str) -> str:
        """Some words for an attribute of DOT."""
        return str(package().escape("".join([c for c in words if c.isprintable()])))

    # ------------------------------------------------------------------ edges

    def _edges(self, application: Application) -> None:
        """Solid into an operation, dashed back to its operands; one with several results has a node of its own."""
        here = self.ids[application.results[0]]
        if len(application.results) > 1:
            here = f"hub{len(self.hubs)}"
            self.hubs[application] = here
            self.graph.node(here, label=self._plain(application.op.name), shape="ellipse", tooltip=application.op.name)
            for result in application.results:
                self.graph.edge(here, self.ids[result])
                self._back(here, self.ids[result], self.reader.backward.adjoints.get(result))
        for operand in application.operands:
            if isinstance(operand, Variable) and operand in self.ids:
                self.graph.edge(self.ids[operand], here)
        for flow in self.reader.backward.sent_by(application):
            self._flow(flow, here)

    def _flow(self, flow: Flow, here: str) -> None:
        if flow.target in self.ids:
            self._back(self.ids[flow.target], here, flow.value, self.reader.formula(flow))

    def _back(self, operand: str, result: str, value: Any, formula: str = "") -> None:
        """A dashed edge from a result to an operand. Drawn with its arrow at the tail, so that it keeps the ranks."""
        if value is None:
            return
        words = self.reader.value(value) if value.size <= SMALL else ""
        # Space on both sides keeps the words off the line.
        label = {"label": f"<&nbsp;{_font(words, BACK)}&nbsp;>"} if words else {}
        tooltip = self._plain(formula or "contribution")
        self.graph.edge(operand, result, dir="back", style="dashed", color=BACK, tooltip=tooltip, **label)
