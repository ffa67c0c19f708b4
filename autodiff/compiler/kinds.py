"""What an object is to a walk over what a function can reach, and which names the code of a function uses.

Objects are asked through their classes alone: a user's ``__getattr__`` may raise anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dis import Instruction, get_instructions, stack_effect
from functools import lru_cache
from sys import modules
from threading import local
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from autodiff.frames import OURS

__all__ = [
    "Names",
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
    "names_of",
    "of_a_library",
]

#: What reads attributes by names that stand in strings; and what reads all there are.
_BY_STRINGS = frozenset({"getattr", "hasattr", "attrgetter", "methodcaller", "__getattribute__", "globals"})
#: What imports modules by names that stand in strings.
_IMPORTING = frozenset({"import_module", "__import__", "modules"})
_ALL = frozenset({"vars", "__dict__", "asdict", "astuple"})
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


class Names(NamedTuple):
    """What the code of a function, and of the functions inside it, names.

    Parameters
    ----------
    attributes : tuple of str
        Of attributes, globals and what is imported.
    globals : tuple of str
        Of these, those of globals.
    everything : bool
        Whether attributes are read without their names.
    asked : tuple of str
        Of attributes that may be missing, and what then happens is up to the code.
    imports : tuple of str
        Of Python modules that are imported in it.
    """

    attributes: tuple[str, ...]
    globals: tuple[str, ...]
    everything: bool
    asked: tuple[str, ...]
    imports: tuple[str, ...]


@lru_cache(maxsize=4096)
def names_of(code: CodeType, making: bool = False) -> Names:
    """The names that code uses; what is assigned by code that is `making` an object was not there before."""
    found: dict[str, bool] = {}
    asked: dict[str, None] = {}
    imports: dict[str, None] = {}
    everything = False
    for instruction in get_instructions(code):
        name = instruction.argval
        if name in code.co_names and not (making and instruction.opname == "STORE_ATTR"):
            found[name] = found.get(name, False) or instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        if instruction.opname == "IMPORT_NAME":
            imports[name] = None
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            inner = names_of(constant)
            everything |= inner.everything
            found |= {name: found.get(name, False) or name in inner.globals for name in inner.attributes}
            asked |= dict.fromkeys(inner.asked)
            imports |= dict.fromkeys(inner.imports)
    if not _BY_STRINGS.isdisjoint(found):
        spelled = [name for name in _strings(code.co_consts) if name.isidentifier()]
        found |= {name: found.get(name, False) or "globals" in found for name in spelled}
        asked |= dict.fromkeys(spelled)
        everything |= not spelled or not _are_spelled(code)
    if not _IMPORTING.isdisjoint(found):
        imports |= dict.fromkeys([text for text in code.co_consts if isinstance(text, str)])
    if "AttributeError" in found:
        asked |= dict.fromkeys(found)
    everything |= not _ALL.isdisjoint(found)
    in_globals = tuple([name for name, is_global in found.items() if is_global])
    return Names(tuple(found), in_globals, everything, tuple(asked), tuple(imports))


def _are_spelled(code: CodeType) -> bool:
    """Whether all names that ``getattr`` and ``hasattr`` are given in it stand there as they are."""
    instructions = list(get_instructions(code))
    called = [n for n, i in enumerate(instructions) if i.argval in ("getattr", "hasattr")]
    return all(_is_spelled(instructions[n + 1 :]) for n in called)


def _is_spelled(instructions: list[Instruction]) -> bool:
    """Whether they are a call of what lies on the stack before them, with a string as second argument."""
    depth, second = 0, None
    for i in instructions:
        depth += stack_effect(i.opcode, i.arg, jump=False)
        if depth <= 0:
            return "CALL" in i.opname and isinstance(second, str)
        if depth <= 2:
            second = i.argval if depth == 2 and i.opname == "LOAD_CONST" else None
    return False


def _strings(constants: Any) -> list[str]:
    """The strings among constants, and in tuples of them."""
    found = []
    for constant in constants:
        if isinstance(constant, str):
            found += constant.split(".")
        elif isinstance(constant, tuple | frozenset):
            found += _strings(constant)
    return found


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
