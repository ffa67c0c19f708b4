"""Nested containers of values: taken apart into leaves and a structure, put together again, with names for the places.

Containers are dicts (in the order of their keys), lists, tuples and named tuples. None is an empty container: it stays
where it is and holds no leaf. Everything else is a leaf.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from typing import Any

from autodiff.errors import ShapeError

__all__ = ["Structure", "flatten", "map_leaves"]


class Structure:
    """How values were nested.

    Attributes
    ----------
    model : container or None
        An empty container of the same kind, or the type of a tuple; None for a leaf.
    keys : tuple
        The keys of a dict, the field names of a named tuple, the numbers of a list.
    inside : tuple of Structure
        One for each key.
    n : int
        The number of leaves.
    """

    __slots__ = ("inside", "keys", "model", "n")

    def __init__(self, model: Any, keys: tuple[Any, ...], inside: tuple[Structure, ...]) -> None:
        self.model = model
        self.keys = keys
        self.inside = inside
        self.n: int = 1 if model is None else sum(s.n for s in inside)

    def build(self, leaves: Iterable[Any]) -> Any:
        """Nest `leaves` in this way; there must be `n` of them."""
        return self._take(iter(leaves))

    def _take(self, leaves: Iterator[Any]) -> Any:
        model = self.model
        if model is None:
            return next(leaves)
        parts = [s._take(leaves) for s in self.inside]
        if isinstance(model, dict):
            made = copy(model)
            made.update(zip(self.keys, parts, strict=True))
            return made
        if model is _EMPTY:
            return None
        return model(*parts) if self._is_named() else model(parts)

    def paths(self, root: str = "") -> list[str]:
        """The name of each leaf: ``root['layer1'][0]``."""
        if self.model is None:
            return [root]
        return [path for key, s in zip(self.keys, self.inside, strict=True) for path in s.paths(self._step(root, key))]

    def _step(self, root: str, key: Any) -> str:
        return f"{root}.{key}" if self._is_named() else f"{root}[{key!r}]"

    def _is_named(self) -> bool:
        """Whether it is a named tuple; a dict of a user's may answer to any attribute."""
        return isinstance(self.model, type) and hasattr(self.model, "_fields")

    def parts(self, tree: Any, what: str, like: str) -> list[Any]:
        """The leaves of `tree`, which must be nested in this way; whatever stands in the place of a leaf is one.

        Raises
        ------
        ShapeError
            If it is nested differently, naming the place in `what` and what it is compared with, `like`.
        """
        if self.model is None:
            return [tree]
        other = _open(tree)
        if other is None or not self._alike(other[0]) or len(other[1]) != len(self.keys):
            raise ShapeError(f"{what} is {_spoken(tree)}, and {like} has {self._spoken()} there; nest both alike")
        parts = dict(zip(other[1], other[2], strict=True))
        found: list[Any] = []
        for key, s in zip(self.keys, self.inside, strict=True):
            if key not in parts:
                raise ShapeError(f"{what} has no {key!r}, and {like} has; nest both alike")
            found += s.parts(parts[key], self._step(what, key), self._step(like, key))
        return found

    def _alike(self, model: Any) -> bool:
        if isinstance(self.model, dict):
            return isinstance(model, dict)
        return self.model is model

    def _spoken(self) -> str:
        return _spoken(self.build([0] * self.n))


class _Empty:
    """The kind of None."""


_EMPTY = _Empty()


def _open(tree: Any) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]] | None:
    """The model, keys and parts of a container; None for a leaf."""
    if tree is None:
        return _EMPTY, (), ()
    if isinstance(tree, dict):
        model: Any
        if isinstance(tree, defaultdict):
            model = defaultdict(tree.default_factory)
        else:
            model = {} if type(tree) is dict else type(tree)()
        return model, tuple(tree), tuple(tree.values())
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree), tree._fields, tuple(tree)
    if type(tree) is list or type(tree) is tuple:
        return type(tree), tuple(range(len(tree))), tuple(tree)
    return None


def _spoken(tree: Any) -> str:
    opened = _open(tree)
    if opened is None:
        return f"a {type(tree).__name__}"
    if tree is None:
        return "None"
    keys = opened[1]
    if isinstance(tree, dict):
        return f"a dict with the keys {list(keys)}"
    return f"a {type(tree).__name__} of {len(keys)}"


_LEAF = Structure(None, (), ())


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves of nested containers in their order, and how they were nested.

    Examples
    --------
    >>> from autodiff.trees import flatten
    >>> leaves, structure = flatten({"w": [1, 2], "b": (3,)})
    >>> leaves
    [1, 2, 3]
    >>> structure.build("xyz")
    {'w': ['x', 'y'], 'b': ('z',)}
    >>> structure.paths("params")
    ["params['w'][0]", "params['w'][1]", "params['b'][0]"]
    """
    leaves: list[Any] = []
    return leaves, _close(tree, leaves)


def _close(tree: Any, leaves: list[Any]) -> Structure:
    opened = _open(tree)
    if opened is None:
        leaves.append(tree)
        return _LEAF
    model, keys, parts = opened
    return Structure(model, keys, tuple([_close(part, leaves) for part in parts]))


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """Nested containers with `function` of each leaf in its place."""
    leaves, structure = flatten(tree)
    return structure.build([function(leaf) for leaf in leaves])
