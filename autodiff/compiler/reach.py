"""What a function can reach: the Tensors, modules and optimizers it works on, and the plain numbers it depends on.

A step is replayed without running its Python. So whatever it reads must be a Tensor, which is read at each call, or be
held to what it was: numbers, strings and lengths found in its closure, in the globals it names, in modules, and in
objects of the user's. Library objects other than these are left out.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Set
from contextvars import ContextVar
from functools import cached_property, lru_cache, partial, partialmethod, singledispatchmethod
from operator import attrgetter, methodcaller
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
    NoneType,
)
from typing import Any
from weakref import WeakMethod, ref

import numpy as np

from autodiff.compiler.facts import differing
from autodiff.compiler.holders import (
    ABSENT,
    Cell,
    Code,
    Contents,
    Current,
    Elements,
    Environment,
    Keys,
    Length,
    Referent,
    Slot,
    Stored,
    Unset,
    content,
)
from autodiff.compiler.kinds import (
    behind,
    fields,
    has_contents,
    imported,
    is_compiled,
    is_iterator,
    is_module,
    is_object_of_ours,
    is_optimizer,
    is_ours,
    is_scheduler,
    keeps,
    kept_with,
    of_a_library,
)
from autodiff.compiler.mentions import names_of
from autodiff.compiler.methods import KEPT
from autodiff.graph import Leaf, Value

__all__ = ["Reach"]

_SCALARS = (int, float, bool, str, bytes, type(None), complex, np.generic, np.dtype)
_RANDOM = (random.Random, np.random.Generator, np.random.RandomState)
_MAPPINGS = (dict, MappingProxyType)
#: What shows the keys, values or items of a dict.
_VIEWS: Any = (type({}.keys()), type({}.values()), type({}.items()))
_CACHED = type(lru_cache(len))
_MOST_ITEMS = 10_000
#: Up to so many elements of a set, and bytes of an array that plain Python may read, are compared at each call.
MOST_ELEMENTS, MOST_BYTES = 100, 4096
#: Methods that are called without being named, besides those that Python calls (``__add__``); and what optimizers keep.
_UNNAMED = frozenset({"forward", "backward", "setup_context", "update", "slots", "check", "rate"})
_MAKING = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__class_getitem__"})
#: What leads to attributes that an object, or a class derived from theirs, hides.
_UPWARD = frozenset({"super", "type", "__class__", "__base__", "__bases__", "__mro__", "mro"})
_ENVIRONMENT = frozenset({"environ", "getenv"})
_OF_OPTIMIZERS = frozenset({"_groups", "_packs", "_program", "_runs", "_state"})


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
    generators : dict of str to object
        Random generators of Python's and NumPy's.
    iterators : dict of str to iterator
        What each use moves on.
    codes : list of code
        That of the user's functions, but for what makes objects.
    """

    def __init__(self, function: Any, args: dict[str, Any] | None = None) -> None:
        self.tensors: dict[str, Any] = {}
        self.modules: dict[int, str] = {}
        self.optimizers: dict[str, Any] = {}
        self.arrays: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.loose: list[tuple[Any, Any, Any]] = []
        self.generators: dict[str, Any] = {}
        self.iterators: dict[str, Any] = {}
        self.codes: list[CodeType] = []
        self._seen: dict[int, Any] = {}
        self._names: set[str] = set()
        #: Names that are asked for where nothing may have them.
        self._asked: set[str] = set()
        #: What is in names that are put together.
        self._parts: set[tuple[str, ...]] = set()
        #: Whether attributes are read without being named.
        self._everything = False
        #: The classes of the user's that a class is derived from, and the names in a class that Python calls.
        self._kinds: dict[type, list[type]] = {}
        self._python: dict[type, set[str]] = {}
        #: What stands in each class, as one object, and the places that are looked at.
        self._spaces: dict[type, Any] = {}
        self._watched: set[tuple[int, Any]] = set()
        #: Where numbers and the like stand in classes that others hide.
        self._hidden: list[tuple[Any, str, str]] = []
        self._later: list[tuple[str, Any]] = []
        #: Objects, classes and Python modules of the user's, with the names that were looked for in each.
        self._objects: list[tuple[str, Any, set[str]]] = []
        self._walk("model" if is_module(function) else getattr(function, "__name__", "function"), function)
        for path, x in (args or {}).items():
            self._walk(path, x)
        self._look_into_objects()
        while self._later:
            self._optimizer(*self._later.pop(0))

    def differences(self, other: Reach) -> list[str]:
        """The paths of the facts in which another walk differs."""
        return differing(self.facts, other.facts)

    def is_object(self, path: str) -> bool:
        """Whether a fact is which object something is, and not a number or text."""
        return path in self.facts and self.facts[path] in self._seen and type(self.facts[path]) is int

    def is_unchanged(self) -> bool:
        """Whether what no counter watches is as it was found."""
        for holder, key, value in self.loose:
            try:
                found = holder[key]
            except (LookupError, ValueError):
                return False
            if found is not value and not (isinstance(holder, Length) and found == value):
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

    def switches(self) -> list[bool]:
        """Which Tensors require gradients, and which modules are to train."""
        modules = [self._seen[key].__dict__.get("training") for key in self.modules]
        return [*[t._node is not None for t in self.tensors.values()], *modules]

    def reads(self, name: str) -> bool:
        """Whether the code that was found may read an attribute of this name."""
        return self._everything or bool(self._read({name}))

    # ------------------------------------------------------------------ the walk

    def _walk(self, path: str, x: Any) -> None:
        """Take in `x`, which `path` leads to."""
        x = behind(x)
        if isinstance(x, _SCALARS):
            self.facts[path] = x
            if type(x) not in _SCALARS and not of_a_library(x) and id(x) not in self._seen:
                self._seen[id(x)] = x  # a number of the user's kind, which may have attributes
                self._objects.append((path, x, set()))
            return
        if id(x) in self._seen:
            self.facts.setdefault(path, id(x))
            return
        self._seen[id(x)] = x
        self.facts[path] = id(x)
        if isinstance(x, Value):
            self.tensors[path] = x
            if kept := kept_with(x):
                self._objects.append((path, x, x.__dict__.keys() - kept))
            if isinstance(x._node, Leaf):
                self._hooks(path, [x._node.hooks, x._node.before, x._node.after])
        elif isinstance(x, np.ndarray):
            self.arrays[path] = x
            self.facts[f"{path}.shape"] = (x.shape, str(x.dtype))
        elif isinstance(x, FunctionType | MethodType):
            self._function(path, x)
        elif is_module(x):
            self._module(path, x)
        elif is_compiled(x):
            self._walk(f"{path}.function", x.function)
        elif is_optimizer(x):
            self._later.append((path, x))
            self._objects.append((path, x, set(_OF_OPTIMIZERS)))
        elif isinstance(x, partial | partialmethod):
            for part, value in (("func", x.func), ("args", x.args), ("keywords", x.keywords)):
                self._walk(_named(path, part), value)
        elif isinstance(x, _CACHED):
            self._walk(path, x.__wrapped__)
        elif isinstance(x, attrgetter | methodcaller):  # which name attributes as a function does
            self._names.update([part for name in x.__reduce__()[1] for part in str(name).split(".")])
        elif isinstance(x, BuiltinFunctionType) and not isinstance(x.__self__, ModuleType | NoneType):
            self._walk(_named(path, "__self__"), x.__self__)  # a method that is kept: get = settings.get
        else:
            self._other(path, x)

    def _other(self, path: str, x: Any) -> None:
        """What is no part of a network, and no function: containers, and objects of the user's."""
        if isinstance(x, (*_MAPPINGS, list, tuple, set, frozenset, deque)):
            self._container(path, x)
        elif isinstance(x, _VIEWS):
            self._container(path, x.mapping)
        elif isinstance(x, ref):
            self._referent(path, x)
        elif isinstance(x, ContextVar):
            self._hold(Current(x), None, _named(path, "get()"))
        elif isinstance(x, _RANDOM):
            self.generators[path] = x
        elif is_iterator(x):
            self.iterators[path] = x
        elif has_contents(x):
            self._contents(path, x)
        for name in keeps(x):
            self._hold(fields(x), name, _named(path, name))
        if isinstance(x, ModuleType):
            if not of_a_library(x):
                self._objects.append((path, x, set()))
        elif not isinstance(x, BuiltinFunctionType) and (not of_a_library(x) or is_object_of_ours(x)):
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
                    if isinstance(content(cell), FunctionType | MethodType) or is_module(content(cell)):
                        self._walk(f"{path}.{name}", content(cell))
            return
        self._note_names(x)
        self._hold(Code(x), None, _named(path, "__code__"))
        if fields(x):
            self._objects.append((path, x, {"__wrapped__"}))
        if not _ENVIRONMENT.isdisjoint(names_of(x.__code__).attributes):
            self.facts["os.environ"] = held = Environment()[None]
            self.loose.append((Environment(), None, held))
        for name in names_of(x.__code__).imports:
            if (module := imported(name, x.__globals__)) is not None:
                self._walk(name, module)
        for name, cell in zip(x.__code__.co_freevars, x.__closure__ or ()):
            if name != "__class__":  # of `super()`, which nobody assigns
                self._hold(Cell(cell), "contents", name)
        for name in names_of(x.__code__).globals:
            if name in x.__globals__:
                self._hold(x.__globals__, name, name)
        for i, default in enumerate(x.__defaults__ or ()):
            self._walk(f"{path} default {i}", default)
        for name, default in (x.__kwdefaults__ or {}).items():
            self._walk(f"{path} default {name}", default)

    def _note_names(self, function: Any) -> None:
        code = getattr(function, "__code__", None)
        if code is not None:
            if function.__name__ not in _MAKING and not is_ours(function):
                self.codes.append(code)
            names = names_of(code, function.__name__ in _MAKING)
            self._names.update(names.attributes)
            self._asked.update(names.asked)
            self._parts.update(names.parts)
            self._everything |= names.everything

    def _hold(self, holder: Any, key: Any, path: str) -> None:
        """Take in what stands in a holder that no counter watches."""
        x = holder[key]
        if isinstance(x, ModuleType) and of_a_library(x):
            return
        self._watch(holder, key, x)
        self._walk(path, x)

    def _watch(self, holder: Any, key: Any, value: Any) -> None:
        """Let each call look at a place; once, though all objects of a class lead to what stands in the class."""
        if (id(holder), key) not in self._watched:
            self._watched.add((id(holder), key))
            self.loose.append((holder, key, value))

    def _module(self, path: str, x: Any) -> None:
        """A network: whatever its attributes hold; assignments to them are counted."""
        self.modules[id(x)] = path
        for name, value in x.__dict__.items():
            if name in ("_parameters", "_buffers", "_modules", "_transient", "_hooks", KEPT):
                continue
            self._walk(_named(path, name), value)
        self._hooks(path, x.__dict__.get("_hooks", {}).values())
        if of_a_library(x):
            self._note_names(type(x).forward)
        else:
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
        few = len(x) <= MOST_ELEMENTS
        if isinstance(x, set | frozenset):
            self.loose.append((Length(x), None, len(x)))
            if few:
                self._elements(path, x)
            return
        if isinstance(x, _MAPPINGS) and few:
            keys = Keys(x)
            self.facts[f"keys of {path}"] = tuple(keys[None])
            self.loose.append((keys, None, keys[None]))
        else:
            self.loose.append((Length(x), None, len(x)))
        if len(x) > _MOST_ITEMS:
            return
        stored = Stored(x)
        for i, (key, value) in enumerate(stored.items()):
            if not isinstance(x, tuple):
                self.loose.append((stored.holder, key, value))
            if isinstance(key, _SCALARS):
                self._walk(f"{path}[{key!r}]", value)
            else:  # a parameter, an enum's member
                self._walk(f"{path} key {i}", key)
                self._walk(f"{path} value {i}", value)

    def _elements(self, path: str, x: Any) -> None:
        """What is in a set: another one of its size may hold something else."""
        self.facts[f"elements of {path}"] = held = frozenset(x)
        if isinstance(x, set):
            self.loose.append((Elements(x), None, held))
        for i, value in enumerate(x):
            if not isinstance(value, _SCALARS):
                self._walk(f"{path} element {i}", value)

    def _referent(self, path: str, x: Any) -> None:
        """What a weak reference leads to, if that is still there."""
        if isinstance(x, WeakMethod) and (method := x()) is not None:  # made anew at each call
            self._function(path, method)
        else:
            self._hold(Referent(x), None, f"{path}()")

    def _contents(self, path: str, x: Any) -> None:
        """What is in memory that an object shows: an array of Python's, a bytearray, a number of C."""
        if hasattr(type(x), "__len__"):
            self.facts[f"len({path})"] = len(x)
            self.loose.append((Length(x), None, len(x)))
        if memoryview(x).nbytes <= MOST_BYTES:
            self.facts[f"elements of {path}"] = held = Contents(x)[None]
            self.loose.append((Contents(x), None, held))

    def contents(self) -> dict[int, bytes]:
        """What small arrays hold, by their ids."""
        return {id(a): a.tobytes() for a in self.arrays.values() if a.nbytes <= MOST_BYTES}

    def _look_into_objects(self) -> None:
        """Take in what functions name of objects and classes; what is found there may name more."""
        before: Any = None
        while before != (before := (len(self._names), len(self._parts), len(self._objects), self._everything)):
            for path, x, done in self._objects:
                names = self._looked_for(x) - done
                done |= names
                for name in sorted(names):
                    self._attribute(path, x, name)
            while self._hidden and not self._names.isdisjoint(_UPWARD):
                self._hold(*self._hidden.pop())
        for path, x, _ in self._objects if self._everything or self._parts else ():
            own = fields(x)
            if own is not None and not isinstance(x, ModuleType | type) and not is_module(x):  # whose names may be new
                self.facts[f"keys of {path}"] = tuple(keys := Keys(own)[None])
                self.loose.append((Keys(own), None, keys))

    def _looked_for(self, x: Any) -> set[str]:
        """The names that an object has and functions name, or Python calls, or that all are read of."""
        own = fields(x) or {}
        if is_scheduler(x):  # its methods read attributes that no user names: scheduler.get_last_lr()
            for name in sorted(self._names - {"step"}):  # which is another object's, or refused
                self._note_names(getattr(type(x), name, None))
        found = self._read(own.keys())
        found |= self._asked if not is_module(x) else set()  # assignments to a module are counted
        for c in [] if isinstance(x, ModuleType) else self._classes(x):
            if c not in self._python:
                self._python[c] = {name for name in vars(c) if name in _UNNAMED or name.startswith("__")}
            # Those that make an object run where there is a class to make it of.
            called = self._python[c] if isinstance(x, type) else self._python[c] - _MAKING
            found |= called | self._read(vars(c).keys())
        return found

    def _read(self, names: Set[str]) -> set[str]:
        """Which of the names of attributes the code that was found may read."""
        if self._everything:
            return set(names)
        made = [name for parts in self._parts for name in names if all(part in name for part in parts)]
        return {*(names & self._names), *made}

    def _classes(self, x: Any) -> list[type]:
        """A class, or that of an object, what it is derived from, and its own class, as far as these are the user's."""
        kind: Any = x if isinstance(x, type) else type(x)
        if kind not in self._kinds:
            self._kinds[kind] = [c for c in (*kind.__mro__, *type(kind).__mro__) if not of_a_library(c)]
        return self._kinds[kind]

    def _attribute(self, path: str, x: Any, name: str) -> None:
        """What an object or a class of the user's has under a name: of its own, and of its classes."""
        own = fields(x)
        has_own = own is not None and name in own
        if has_own and not is_module(x) and not (isinstance(x, ModuleType) and name.startswith("__")):
            self._hold(own, name, _named(path, name))
        if isinstance(x, ModuleType):
            if not has_own and name in self._asked:
                self.loose.append((Unset(own), name, ABSENT))
            return
        classes = [(c, self._spaces.setdefault(c, vars(c))) for c in self._classes(x)]
        of_classes = [(c, attributes) for c, attributes in classes if name in attributes]
        if not has_own and not of_classes and own is not None and name in self._asked and not hasattr(type(x), name):
            self.loose.append((Unset(own), name, ABSENT))
        if not has_own and of_classes and not name.startswith("__"):
            above = [attributes for _, attributes in classes[: classes.index(of_classes[0])]]
            nearer = [] if own is None or is_module(x) else [own]  # assignments to a module are counted
            self.loose += [(Unset(attributes), name, ABSENT) for attributes in (*nearer, *above)]
        for i, (c, attributes) in enumerate(of_classes):
            # What another class overrides, or the object itself, is reached by `super()` and `type(self)`.
            hidden = has_own or i > 0
            at = f"{path}.{c.__name__}.{name}" if hidden else _named(path, name)
            self._of_a_class(at, x, attributes, name, hidden)

    def _of_a_class(self, at: str, x: Any, attributes: Any, name: str, hidden: bool) -> None:
        """What a class of an object has under a name, be it hidden by another or not."""
        found = attributes[name]
        if isinstance(found, FunctionType | classmethod | staticmethod | property | cached_property):
            inner = getattr(found, "__func__", getattr(found, "fget", getattr(found, "func", found)))
            self._method(at, attributes, name, inner)
            if isinstance(found, property) and found.fset is not None:
                self._walk(f"{at} setter", found.fset)
        elif is_compiled(found):
            self._method(at, attributes, name, found.function)
        elif isinstance(found, singledispatchmethod):
            for kind, function in found.dispatcher.registry.items():
                self._method(f"{at} of {kind.__name__}", attributes, name, function)
        elif isinstance(found, partialmethod):
            self._walk(at, found)
        elif name.startswith("__"):
            return  # what Python itself keeps of a class
        elif hidden:
            self._hidden.append((attributes, name, at))
        elif isinstance(found, MemberDescriptorType):
            self._hold(Slot(x, found), name, at)
        else:
            self._hold(attributes, name, at)

    def _method(self, at: str, attributes: Any, name: str, function: Any) -> None:
        """A function that stands in a class, where another may take its place."""
        self._walk(at, function)
        if name == "__call__" or not name.startswith("__"):
            self._watch(attributes, name, attributes[name])


def _named(path: str, name: str) -> str:
    return f"{path}.{name}"
