"""Where facts stand that no counter watches, each as a mapping, and how the call around a step looks at them.

What is compared at each call is written as source (see `autodiff.compiler.wrapping`), since a comparison there takes a
tenth of the time of a call.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any
from weakref import ref

__all__ = [
    "ABSENT",
    "Cell",
    "Code",
    "Contents",
    "Current",
    "Elements",
    "Environment",
    "Keys",
    "Length",
    "Referent",
    "Slot",
    "Stored",
    "Unset",
    "content",
    "difference",
]


class _Absent:
    """Stands for a fact that is not there."""


ABSENT = _Absent()

#: Keys that are written as they are into source, and compared by what they are.
_PLAIN = (str, int)
_CONTAINERS = (dict, MappingProxyType, list, tuple, deque)


class Cell:
    """A cell of a closure."""

    def __init__(self, cell: Any) -> None:
        self.cell = cell

    def __getitem__(self, key: Any) -> Any:
        return content(self.cell)


class Code:
    """The code of a function, which notebooks exchange when its file was edited (IPython's autoreload)."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __getitem__(self, key: Any) -> Any:
        return self.function.__code__


class Slot:
    """A slot of an object, by its descriptor."""

    def __init__(self, owner: Any, descriptor: Any) -> None:
        self.owner = owner
        self.descriptor = descriptor

    def __getitem__(self, key: str) -> Any:
        try:
            return self.descriptor.__get__(self.owner)
        except AttributeError:  # not assigned yet
            return ABSENT


class Stored:
    """What is in a list, a dict or their like, whatever a class of the user's gives for it.

    Attributes
    ----------
    holder : object
        Where to look each time: the container itself, which is faster, unless it looks up in a way of its own.
    """

    def __init__(self, container: Any) -> None:
        self.container = container
        self.kind: Any = next(kind for kind in _CONTAINERS if isinstance(container, kind))
        self.holder = container if type(container).__getitem__ is self.kind.__getitem__ else self

    def __getitem__(self, key: Any) -> Any:
        return self.kind.__getitem__(self.container, key)

    def items(self) -> Iterable[tuple[Any, Any]]:
        """The keys or positions, and what is there."""
        if self.kind in (dict, MappingProxyType):
            return self.kind.items(self.container)  # type: ignore[no-any-return]
        return enumerate(self.kind.__iter__(self.container))


class Referent:
    """What a weak reference leads to."""

    def __init__(self, reference: ref[Any]) -> None:
        self.reference = reference

    def __getitem__(self, key: Any) -> Any:
        return self.reference()


class Current:
    """The value of a context variable."""

    def __init__(self, variable: ContextVar[Any]) -> None:
        self.variable = variable

    def __getitem__(self, key: Any) -> Any:
        return self.variable.get(ABSENT)


class Unset:
    """A name that an object, or a class, does not have itself, since it has that of a class further up."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def __getitem__(self, key: str) -> Any:
        return self.own.get(key, ABSENT)


class Length:
    """The length of a container."""

    def __init__(self, container: Any) -> None:
        self.container = container

    def __getitem__(self, key: Any) -> Any:
        return len(self.container)


class Keys(Length):
    """The keys of a dict, in their order: plain ones as they are, objects by their identity."""

    def __getitem__(self, key: Any) -> list[Any]:
        return [k if type(k) in _PLAIN else id(k) for k in self.container]


class Elements(Length):
    """The elements of a set."""

    def __getitem__(self, key: Any) -> frozenset[Any]:
        return frozenset(self.container)


class Environment(Length):
    """The environment variables of the process."""

    def __init__(self) -> None:
        super().__init__(os.environ)

    def __getitem__(self, key: Any) -> dict[str, str]:
        return dict(os.environ)


class Contents(Length):
    """The bytes of memory that an object shows. No view of it is kept: a bytearray could not grow then."""

    def __getitem__(self, key: Any) -> bytes:
        return memoryview(self.container).tobytes()


def content(cell: Any) -> Any:
    """What is in a cell of a closure."""
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return ABSENT


def difference(holder: Any, key: Any, value: Any, name: Callable[[str, Any], str]) -> str:
    """The source of whether something else stands there now; `name` gives what a value is called in it."""
    expected = name("v", value)
    if isinstance(holder, Cell) and value is not ABSENT:
        return f"{name('u', holder.cell)} is not {expected}"  # a variable of the function that is written, by this cell
    if isinstance(holder, Code):
        return f"{name('f', holder.function)}.__code__ is not {expected}"
    if isinstance(holder, Unset):
        return f"{key!r} in {name('h', holder.own)}"
    if isinstance(holder, Keys):
        if all(type(k) in _PLAIN for k in holder.container):
            return f"[*{name('c', holder.container)}] != {expected}"
        return f"{name('h', holder)}[None] != {expected}"
    if isinstance(holder, Elements):
        return f"{name('c', holder.container)} != {expected}"
    if isinstance(holder, (Contents, Environment)):
        return f"{name('h', holder)}[None] != {expected}"
    if isinstance(holder, Length):
        return f"len({name('c', holder.container)}) != {expected}"
    place = repr(key) if type(key) in _PLAIN or key is None else name("k", key)
    return f"{name('h', holder)}[{place}] is not {expected}"
