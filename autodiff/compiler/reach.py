"""What a function can reach: the Tensors, modules and optimizers it works on, and the plain numbers it depends on.

A step is replayed without running its Python. So whatever it reads must be a Tensor, which is read at each call, or be
held to what it was: numbers, strings and lengths found in its closure, in the globals it names, in modules, and in
objects of the user's. Library objects other than these are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dis import get_instructions
from functools import cached_property, lru_cache, partial
from sys import modules
from types import BuiltinFunctionType, CodeType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

import numpy as np

from autodiff.compiler.methods import KEPT
from autodiff.frames import OURS
from autodiff.graph import Leaf, Value

__all__ = ["Cell", "Elements", "Length", "Reach", "is_ours"]

_SCALARS = (int, float, bool, str, bytes, type(None), complex, np.generic, np.dtype)
_MOST_ITEMS = 10_000
#: Up to so many elements of a set, and bytes of an array that plain Python may read, are compared at each call.
MOST_ELEMENTS, MOST_BYTES = 100, 4096
#: Methods that are called without being named.
_UNNAMED = frozenset({"__call__", "__getitem__", "__iter__", "__len__"})


class Reach:
    """Everything that is reached from a function, found by one walk.

    Attributes
    ----------
    tensors : dict of str to Tensor
        By path; each once, under the first path that leads to it.
    modules : dict of int to str
        The path of each module, by its id.
    optimizers : dict of str to Optimizer
    arrays : dict of str to ndarray
    facts : dict of str to value
        Numbers, strings, lengths and identities, by path: equal facts mean that a program still holds.
    loose : list of (mapping or sequence, key, value)
        Where facts stand that no counter watches, with what stands there: looked at before each call.
    """

    def __init__(self, function: Any, args: Any = ()) -> None:
        self.tensors: dict[str, Any] = {}
        self.modules: dict[int, str] = {}
        self.optimizers: dict[str, Any] = {}
        self.arrays: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.loose: list[tuple[Any, Any, Any]] = []
        self._seen: dict[int, Any] = {}
        self._names: set[str] = set()
        self._later: list[tuple[str, Any]] = []
        #: Objects and classes of the user's, with the names that were looked for in each.
        self._objects: list[tuple[str, Any, set[str]]] = []
        self._walk(getattr(function, "__name__", "function"), function)
        for i, x in enumerate(args):
            self._walk(f"argument {i}", x)
        self._look_into_objects()
        while self._later:
            self._optimizer(*self._later.pop(0))

    def differences(self, other: Reach) -> list[str]:
        """The paths of the facts in which another walk differs."""
        paths = [*self.facts, *[p for p in other.facts if p not in self.facts]]
        return [p for p in paths if not _alike(self.facts.get(p, _ABSENT), other.facts.get(p, _ABSENT))]

    def is_unchanged(self) -> bool:
        """Whether what no counter watches is as it was found."""
        for holder, key, value in self.loose:
            try:
                found = holder[key]
            except (LookupError, ValueError):
                return False
            if found is not value and not (isinstance(holder, (Length, Elements)) and found == value):
                return False
        return True

    def vertices(self, arguments: Iterable[Any]) -> list[int | None]:
        """Which arguments have the same place in a graph as another, or as what is reached; None without a place."""
        numbers: dict[Any, int] = {}
        for t in self.tensors.values():
            if t._node is not None:
                numbers.setdefault(t._node, len(numbers))
        tracked = [x._node if isinstance(x, Value) else None for x in arguments]
        return [None if node is None else numbers.setdefault(node, len(numbers)) for node in tracked]

    # ------------------------------------------------------------------ the walk

    def _walk(self, path: str, x: Any) -> None:
        """Take in `x`, which `path` leads to."""
        if isinstance(x, _SCALARS):
            self.facts[path] = x
            return
        if id(x) in self._seen:
            self.facts.setdefault(path, id(x))
            return
        self._seen[id(x)] = x
        self.facts[path] = id(x)
        if isinstance(x, Value):
            self.tensors[path] = x
            if isinstance(x._node, Leaf):
                self._hooks(path, [x._node.hooks, x._node.before, x._node.after])
        elif isinstance(x, np.ndarray):
            self.arrays[path] = x
            self.facts[f"{path}.shape"] = (x.shape, str(x.dtype))
        elif isinstance(x, FunctionType | MethodType):
            self._function(path, x)
        elif _is_module(x):
            self._module(path, x)
        elif getattr(x, "is_compiled", False):
            self._walk(f"{path}.function", x.function)
        elif _is_optimizer(x):
            self._later.append((path, x))
        elif isinstance(x, dict | list | tuple | set | frozenset):
            self._container(path, x)
        elif isinstance(x, partial):
            for part, value in (("func", x.func), ("args", x.args), ("keywords", x.keywords)):
                self._walk(_named(path, part), value)
        elif not isinstance(x, ModuleType | BuiltinFunctionType) and (not _of_a_library(x) or _is_object_of_ours(x)):
            self._objects.append((path, x, set()))

    def _function(self, path: str, x: Any) -> None:
        """What a function of the user's names: its closure, its globals, and its own `self`."""
        if isinstance(x, MethodType):
            self._note_names(x.__func__)
            self._walk(_named(path, "self"), x.__self__)
            x = x.__func__
        inner = getattr(x, "__wrapped__", None)
        if inner is not None:
            self._walk(path, inner)
        if not isinstance(x, FunctionType) or is_ours(x):
            if isinstance(x, FunctionType):  # made by the library, such as ad.func.grad(f): what it closes over
                for name, cell in zip(x.__code__.co_freevars, x.__closure__ or ()):
                    if isinstance(_content(cell), FunctionType | MethodType) or _is_module(_content(cell)):
                        self._walk(f"{path}.{name}", _content(cell))
            return
        self._note_names(x)
        for name, cell in zip(x.__code__.co_freevars, x.__closure__ or ()):
            self._hold(Cell(cell), "contents", name)
        self._globals(x)
        for i, default in enumerate(x.__defaults__ or ()):
            self._walk(f"{path} default {i}", default)
        for name, default in (x.__kwdefaults__ or {}).items():
            self._walk(f"{path} default {name}", default)

    def _note_names(self, function: Any) -> None:
        self._names.update(name for name, _ in _names_of(function.__code__))

    def _globals(self, function: Any) -> None:
        """What a function of the user's names among the globals of its module."""
        names = [name for name, is_global in _names_of(function.__code__) if is_global]
        for name in dict.fromkeys(names):
            if name in function.__globals__:
                self._hold(function.__globals__, name, name)

    def _hold(self, holder: Any, key: Any, path: str) -> None:
        """Take in what stands in a holder that no counter watches."""
        x = holder[key]
        if isinstance(x, ModuleType):
            self._python_module(x, path)
            return
        self.loose.append((holder, key, x))
        self._walk(path, x)

    def _python_module(self, x: ModuleType, path: str) -> None:
        """The numbers of a module of the user's, such as a configuration, that its functions name."""
        if _of_a_library(x):
            return
        for name in sorted(self._names):
            if isinstance(x.__dict__.get(name, _ABSENT), (*_SCALARS, Value)):
                self._hold(x.__dict__, name, f"{path}.{name}")

    def _module(self, path: str, x: Any) -> None:
        """A network: whatever its attributes hold; assignments to them are counted."""
        self.modules[id(x)] = path
        self._note_names(type(x).forward)
        for name, value in x.__dict__.items():
            if name in ("_parameters", "_buffers", "_modules", "_transient", "_hooks", KEPT):
                continue
            self._walk(_named(path, name), value)
        self._hooks(path, x.__dict__.get("_hooks", {}).values())
        if not _of_a_library(x):
            self._globals(type(x).forward)
            self._objects.append((path, x, set()))

    def _hooks(self, path: str, kinds: Iterable[Any]) -> None:
        """What runs around a module, or with the gradient of a leaf: handles count when it comes and goes."""
        for i, hook in enumerate([hook for kind in kinds for hook in (kind or {}).values()]):
            self._walk(f"{path} hook {i}", hook)

    def _optimizer(self, path: str, x: Any) -> None:
        """An optimizer: its parameters; what else a program depends on, it says itself."""
        self.optimizers[path] = x
        self.facts[f"{path} groups"] = x.recorded_facts()
        for i, group in enumerate(x.param_groups):
            for j, p in enumerate(group["params"]):
                self._walk(f"{path}.{i}.{j}", p)

    def _container(self, path: str, x: Any) -> None:
        """A list, a dict and their like: how many, and what is in them."""
        self.facts[f"len({path})"] = len(x)
        self.loose.append((Length(x), None, len(x)))
        if isinstance(x, set | frozenset):
            self._elements(path, x)
            return
        if len(x) > _MOST_ITEMS:
            return
        for key, value in x.items() if isinstance(x, dict) else enumerate(x):
            if not isinstance(x, tuple):
                self.loose.append((x, key, value))
            self._walk(f"{path}[{key!r}]", value)

    def _elements(self, path: str, x: Any) -> None:
        """What is in a set: another one of its size may hold something else."""
        if len(x) > MOST_ELEMENTS:
            return
        self.facts[f"elements of {path}"] = held = frozenset(x)
        if isinstance(x, set):
            self.loose.append((Elements(x), None, held))
        for i, value in enumerate(x):
            if not isinstance(value, _SCALARS):
                self._walk(f"{path} element {i}", value)

    def contents(self) -> dict[int, bytes]:
        """What small arrays hold, by their ids."""
        return {id(a): a.tobytes() for a in self.arrays.values() if a.nbytes <= MOST_BYTES}

    def _look_into_objects(self) -> None:
        """Take in what functions name of objects and classes; what is found there may name more."""
        before = (-1, -1)
        while before != (before := (len(self._names), len(self._objects))):
            for path, x, done in self._objects:
                names = (self._names | _UNNAMED) - done
                done |= names
                for name in sorted(names):
                    self._attribute(path, x, name)

    def _attribute(self, path: str, x: Any, name: str) -> None:
        """What an object or a class of the user's has under a name: of its own, or of a class."""
        own = getattr(x, "__dict__", None)
        if type(own) is dict and name in own:
            if not _is_module(x):
                self._hold(own, name, _named(path, name))
            return
        classes = x.__mro__ if isinstance(x, type) else type(x).__mro__
        attributes = next((vars(c) for c in classes if name in vars(c) and not _of_a_library(c)), None)
        if attributes is None:
            return
        found = attributes[name]
        if isinstance(found, MemberDescriptorType):
            self._hold(Slot(x), name, _named(path, name))
        elif isinstance(found, FunctionType | classmethod | staticmethod | property | cached_property):
            inner = getattr(found, "__func__", getattr(found, "fget", getattr(found, "func", found)))
            self._walk(_named(path, name), inner)
        else:
            self._hold(attributes, name, _named(path, name))


class _Absent:
    """Stands for a fact that is not there."""


_ABSENT = _Absent()


class Cell:
    """A cell of a closure, as a mapping."""

    def __init__(self, cell: Any) -> None:
        self.cell = cell

    def __getitem__(self, key: Any) -> Any:
        return _content(self.cell)


class Slot:
    """The slots of an object, as a mapping."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner

    def __getitem__(self, key: str) -> Any:
        return getattr(self.owner, key, _ABSENT)


class Elements:
    """The elements of a set, as a mapping."""

    def __init__(self, container: Any) -> None:
        self.container = container

    def __getitem__(self, key: Any) -> frozenset[Any]:
        return frozenset(self.container)


class Length:
    """The length of a container, as a mapping."""

    def __init__(self, container: Any) -> None:
        self.container = container

    def __getitem__(self, key: Any) -> int:
        return len(self.container)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return _ABSENT


@lru_cache(maxsize=4096)
def _names_of(code: CodeType) -> tuple[tuple[str, bool], ...]:
    """The names that a function's code uses, and whether as those of globals; and of the functions inside it."""
    found: dict[tuple[str, bool], None] = {}
    for instruction in get_instructions(code):
        if instruction.argval in code.co_names:
            found[instruction.argval, instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found.update(dict.fromkeys(_names_of(constant)))
    return tuple(found)


def _named(path: str, name: str) -> str:
    return f"{path}.{name}"


def is_ours(function: Any) -> bool:
    """Whether a function was written in this library, such as what ``ad.func.grad(f)`` returns."""
    scope = getattr(getattr(function, "__func__", function), "__globals__", {})
    return str(scope.get("__name__", "")).partition(".")[0] in OURS


def _is_module(x: Any) -> bool:
    fields = getattr(x, "__dict__", None)
    return isinstance(fields, dict) and "_modules" in fields and "_parameters" in fields


def _is_optimizer(x: Any) -> bool:
    return hasattr(x, "param_groups") and hasattr(x, "recorded_facts")


def _is_object_of_ours(x: Any) -> bool:
    """Whether it is something of this library's with attributes, such as a scheduler with its ``last_epoch``."""
    return not isinstance(x, type) and type(x).__module__.partition(".")[0] in OURS and hasattr(x, "__dict__")


def _of_a_library(x: Any) -> bool:
    """Whether an object, or a Python module, is ours or comes installed: nothing of the user's is in it."""
    if isinstance(x, ModuleType):
        file = getattr(x, "__file__", None) or ""
        return not file or x.__name__.partition(".")[0] in OURS or "site-packages" in file or "lib/python" in file
    name = str((x if isinstance(x, type) else type(x)).__module__)
    if name.partition(".")[0] in (*OURS, "builtins", "numpy", "functools", "collections"):
        return True
    return isinstance(x, type) and name in modules and name != "__main__" and _of_a_library(modules[name])


def _alike(a: Any, b: Any) -> bool:
    """Whether two facts are the same; nan is the same as nan, and 1 not as True."""
    return a is b or (type(a) is type(b) and (a == b or (a != a and b != b)))
