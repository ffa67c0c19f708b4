"""Derivative rules, resolved: which names a rule asks for, where they are found, and what one application saves.

A rule is a function ``(xp, g, *names, *static)``. Its names are looked up once, when it is given to an operation, and
become places in the *scope* of an application: its arguments, its output, its residuals, and ``needs``.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from autodiff.errors import AutodiffError

__all__ = ["Plan", "ResolvedRule", "Rule"]

Rule = Callable[..., Any]


class ResolvedRule:
    """A rule, with the names it asks for resolved to places in the scope ``(*arguments, out, *residuals, needs)``."""

    __slots__ = ("pick", "places", "rule", "wanted")

    def __init__(self, rule: Rule, op: Any, *, leading: int = 2) -> None:
        code = rule.__code__
        names = code.co_varnames
        last = code.co_argcount
        if names[:leading] != ("xp", "g")[:leading]:
            raise AutodiffError(f"a rule of {op.name} must begin with {('xp', 'g')[:leading]}, not {names[:leading]}")
        self.rule = rule
        self.places = tuple([_place(name, op) for name in names[leading:last]])
        self.wanted = names[last : last + code.co_kwonlyargcount]
        for name in self.wanted:
            if name not in op.parameters:
                raise AutodiffError(f"a rule of {op.name} asks for {name!r}, which is no static parameter of it")
        self.pick = _picker(self.places)

    def static(self, static: dict[str, Any]) -> dict[str, Any]:
        """The static parameters that the rule wants."""
        return static if len(self.wanted) == len(static) else {name: static[name] for name in self.wanted}


def _place(name: str, op: Any) -> int:
    """Where the scope holds `name`; ``~i`` stands for the shape of entry `i`."""
    scope: tuple[str, ...] = op.scope
    if name in scope:
        return scope.index(name)
    if name.endswith("_shape") and name[:-6] in scope:
        return ~scope.index(name[:-6])
    raise AutodiffError(f"a rule of {op.name} asks for {name!r}; it can have {', '.join(scope)}, or a *_shape")


def _picker(places: tuple[int, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that takes `places` out of a scope, as a tuple; one written in C wherever there is one."""
    if not places:
        return itemgetter(slice(0, 0))
    if min(places) >= 0:
        return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
    if len(places) == 1:  # most operations on shapes: without a list, which costs as much as a view
        return lambda scope, i=~places[0]: (_shape(scope[i]),)  # type: ignore[misc]
    return lambda scope: tuple([scope[i] if i >= 0 else _shape(scope[~i]) for i in places])


def _shape(x: Any) -> Any:
    """The shape of an argument: () of a number, a tuple of shapes of several arrays."""
    if isinstance(x, np.ndarray):
        return x.shape
    return tuple([_shape(one) for one in x]) if isinstance(x, tuple) else ()


class Plan:
    """What one application does on the way back, for a given choice of arguments that are tracked.

    Worked out once for each choice (a bit mask), so that recording a node is a few picks and stores.
    """

    __slots__ = ("edges", "op", "picks", "positions", "rules", "whole")

    def __init__(self, op: Any, mask: int) -> None:
        self.op = op
        rules = [op.joint] if op.joint is not None else list(op.rules)
        live = [i for i in range(mask.bit_length()) if mask >> i & 1]
        if op.joint is None:
            live = [i for i in live if i < len(rules) and rules[i] is not None]
            rules = [rules[i] for i in live]
        self.positions = tuple(live)
        self.rules = [rule for rule in rules if rule is not None]
        self.picks = [rule.pick for rule in self.rules]
        self.edges = _picker(self.positions)
        # Whether every rule wants every static parameter, so that they can be handed on as they are.
        self.whole = all(len(rule.wanted) == len(op.parameters) for rule in self.rules)
