"""Which names the code of a function uses: as they stand, in strings, or put together, ``getattr(x, f"layer{i}")``."""

from __future__ import annotations

from collections.abc import Iterator
from dis import Instruction, get_instructions, stack_effect
from functools import lru_cache
from re import split
from types import CodeType
from typing import Any, NamedTuple

__all__ = ["Names", "names_of"]

#: What reads attributes by names that stand in strings; and what reads all there are.
_BY_STRINGS = frozenset({"getattr", "hasattr", "attrgetter", "methodcaller", "__getattribute__", "globals"})
#: What imports modules by names that stand in strings.
_IMPORTING = frozenset({"import_module", "__import__", "modules"})
_ALL = frozenset({"vars", "__dict__", "asdict", "astuple"})
#: What puts strings together on the stack; where anything else does, nothing is known of the name.
_PUTTING = frozenset(
    """
    BINARY_OP BUILD_STRING CALL CONVERT_VALUE FORMAT_SIMPLE FORMAT_VALUE LOAD_ATTR LOAD_CONST LOAD_DEREF LOAD_FAST
    LOAD_FAST_BORROW LOAD_FAST_CHECK LOAD_GLOBAL LOAD_SMALL_INT PRECALL PUSH_NULL
    """.split()  # noqa: SIM905
)


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
    parts : tuple of tuples of str
        Of attributes whose names are put together: what is in each.
    """

    attributes: tuple[str, ...]
    globals: tuple[str, ...]
    everything: bool
    asked: tuple[str, ...]
    imports: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=4096)
def names_of(code: CodeType, making: bool = False) -> Names:
    """The names that code uses; what is assigned by code that is `making` an object was not there before."""
    found: dict[str, bool] = {}
    asked: dict[str, None] = {}
    imports: dict[str, None] = {}
    parts: dict[tuple[str, ...], None] = {}
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
            parts |= dict.fromkeys(inner.parts)
            imports |= dict.fromkeys(inner.imports)
    if not _BY_STRINGS.isdisjoint(code.co_names):
        spelled = [name for name in _strings(code.co_consts) if name.isidentifier()]
        found |= {name: found.get(name, False) or "globals" in found for name in spelled}
        asked |= dict.fromkeys(spelled)
        made = list(_made(code))
        everything |= not (spelled or made) or () in made
        parts |= dict.fromkeys([known for known in made if known])
    if not _IMPORTING.isdisjoint(found):
        imports |= dict.fromkeys([text for text in code.co_consts if isinstance(text, str)])
    if "AttributeError" in found:
        asked |= dict.fromkeys(found)
    everything |= not _ALL.isdisjoint(found)
    in_globals = tuple([name for name, is_global in found.items() if is_global])
    return Names(tuple(found), in_globals, everything, tuple(asked), tuple(imports), tuple(parts))


def _made(code: CodeType) -> Iterator[tuple[str, ...]]:
    """For each name that ``getattr`` and ``hasattr`` are given and that does not stand there: what is known of it.

    These are strings that are parts of it, none where it comes from elsewhere.
    """
    instructions = list(get_instructions(code))
    for n, i in enumerate(instructions):
        if i.argval in ("getattr", "hasattr"):
            given = _second_argument(instructions[n + 1 :])
            if len(given) != 1 or not isinstance(given[0].argval, str) or given[0].opname != "LOAD_CONST":
                yield _parts(given)


def _second_argument(instructions: list[Instruction]) -> list[Instruction]:
    """What makes the second argument in a call of what lies on the stack before the instructions."""
    depth = start = stop = 0
    for n, i in enumerate(instructions):
        depth += stack_effect(i.opcode, i.arg, jump=False)
        if depth <= 0:
            return instructions[start:stop] if "CALL" in i.opname else []
        if depth == 1:
            start = n + 1
        elif depth == 2:
            stop = n + 1
    return []


def _parts(instructions: list[Instruction]) -> tuple[str, ...]:
    """The strings in what puts strings together: ``f"layer{i}"``, ``"layer" + str(i)``, ``"layer%d" % i``."""
    if not instructions or any(i.opname not in _PUTTING or _is_formatted(i) for i in instructions):
        return ()
    if instructions[-1].opname != "BUILD_STRING" and instructions[-1].argrepr not in ("+", "%"):
        return ()
    if len([i for i in instructions if i.opname == "CALL"]) != len([i for i in instructions if i.argval == "str"]):
        return ()
    strings = [i.argval for i in instructions if i.opname == "LOAD_CONST" and isinstance(i.argval, str)]
    return tuple([part for string in strings for part in split(r"%[-+ 0-9.]*[a-zA-Z]", string) if part])


def _is_formatted(i: Instruction) -> bool:
    """Whether a value becomes a string by a format, which is a string, too: ``f"{i:02d}"``."""
    return i.opname == "FORMAT_VALUE" and bool(i.argval[1])


def _strings(constants: Any) -> list[str]:
    """The strings among constants, and in tuples of them."""
    found = []
    for constant in constants:
        if isinstance(constant, str):
            found += constant.split(".")
        elif isinstance(constant, tuple | frozenset):
            found += _strings(constant)
    return found
