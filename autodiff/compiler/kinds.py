"""What an object is to a walk over what a function can reach.

Objects are asked through their classes alone: a user's ``__getattr__`` may raise anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from sys import modules
from threading import local
from types import ModuleType
from typing import Any
from weakref import ProxyTypes

from autodiff.frames import OURS

__all__ = [
    "behind",
    "fields",
    "has_contents",
    "imported",
    "is_compiled",
    "is_iterator",
    "is_module",
    "is_object_of_ours",
    "is_optimizer",
    "is_ours",
    "is_scheduler",
    "keeps",
    "kept_with",
    "of_a_library",
]

#: Where objects of Python's library that are written in Python keep what their methods tell. (By name: most of these
#: modules are imported by nobody.)
_KEEPING = {
    "collections.ChainMap": ("maps",),
    "collections.UserDict": ("data",),
    "collections.UserList": ("data",),
    "collections.UserString": ("data",),
    "configparser.RawConfigParser": ("_sections", "_defaults"),
    "logging.Logger": ("level", "disabled", "parent"),
    "multiprocessing.sharedctypes.SynchronizedBase": ("_obj",),
    "queue.Queue": ("queue",),
    "threading.Event": ("_flag",),
    "weakref.WeakKeyDictionary": ("data",),
    "weakref.WeakValueDictionary": ("data",),
    "_weakrefset.WeakSet": ("data",),
}


def imported(name: str, scope: dict[str, Any]) -> Any:
    """The Python module that an import in a function gives, if it is there; a relative one may be of the package."""
    return modules.get(name) or modules.get(f"{scope.get('__package__')}.{name}")


def fields(x: Any) -> dict[str, Any] | None:
    """The attributes of an object of its own, if it has room for such; not those of a class."""
    try:
        found = (local if isinstance(x, local) else object).__getattribute__(x, "__dict__")
    except AttributeError:
        return None
    return found if type(found) is dict else None


def kept_with(t: Any) -> set[str]:
    """The attributes that a user gave a Tensor: ``p.lr_scale = 2``."""
    return {name for name in t.__dict__ if name not in ("_array", "_storage") and not hasattr(type(t), name)}


def keeps(x: Any) -> list[str]:
    """The attributes in which an object of Python's library keeps what it tells."""
    kinds = [_KEEPING.get(f"{kind.__module__}.{kind.__qualname__}", ()) for kind in type(x).__mro__[:-1]]
    return [name for names in kinds for name in names]


def has_contents(x: Any) -> bool:
    """Whether it shows memory to others: an array of Python's, a bytearray, a number of ctypes."""
    try:
        memoryview(x)
    except (TypeError, ValueError, BufferError):
        return False
    return True


def behind(x: Any) -> Any:
    """What a weak proxy stands for, or None if that is gone; anything else as it is."""
    try:
        return x.__repr__.__self__ if type(x) in ProxyTypes else x
    except ReferenceError:
        return None


def is_ours(function: Any) -> bool:
    """Whether a function was written in this library, such as what ``ad.func.grad(f)`` returns."""
    scope = getattr(getattr(function, "__func__", function), "__globals__", {})
    return str(scope.get("__name__", "")).partition(".")[0] in OURS


def is_module(x: Any) -> bool:
    """Whether it is a network, or a part of one."""
    own = fields(x)
    return own is not None and "_modules" in own and "_parameters" in own


def is_optimizer(x: Any) -> bool:
    """Whether it is an optimizer."""
    return hasattr(type(x), "param_groups") and hasattr(type(x), "recorded_facts")


def is_compiled(x: Any) -> bool:
    """Whether it is a function that was compiled by itself."""
    return bool(getattr(type(x), "is_compiled", False))


def is_iterator(x: Any) -> bool:
    """Whether it is one of Python's own iterators, such as a generator or ``itertools.cycle``; files are none."""
    return isinstance(x, Iterator) and type(x).__module__ in ("builtins", "itertools")


def is_object_of_ours(x: Any) -> bool:
    """Whether it is something of this library's that may change, such as a scheduler with its ``last_epoch``."""
    home = "" if isinstance(x, type) else type(x).__module__
    ours = home.partition(".")[0] in OURS and home != "autodiff.primitive"  # whose operations stay as they are
    return ours and fields(x) is not None and not isinstance(x, (dict, list))


def is_scheduler(x: Any) -> bool:
    """Whether it is something that sets learning rates, or is derived from one."""
    return any(kind.__module__ == "optim.lr_scheduler" for kind in type(x).__mro__)


def of_a_library(x: Any) -> bool:
    """Whether an object, or a Python module, is ours or comes installed: nothing of the user's is in it."""
    if isinstance(x, ModuleType):
        file = x.__dict__.get("__file__") or ""
        return not file or x.__name__.partition(".")[0] in OURS or "site-packages" in file or "lib/python" in file
    name = str((x if isinstance(x, type) else type(x)).__module__)
    if name.partition(".")[0] in (*OURS, "builtins", "numpy", "functools", "collections"):
        return True
    return isinstance(x, type) and name in modules and name != "__main__" and of_a_library(modules[name])
