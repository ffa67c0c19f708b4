"""Writes autodiff/methods.pyi: the methods that `autodiff.names` attaches to Tensor, with their signatures.

Editors and type checkers read it; ``python tests/methods_stub.py --write`` brings it up to date.
"""

import inspect
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "autodiff" / "methods.pyi"

WIDTH = 120

HEAD = '''"""The methods of Tensor that are PyTorch-named functions as well.

Written by tests/methods_stub.py from the functions themselves: do not edit.
"""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Sequence
from typing import Any

from autodiff.names import return_types
from autodiff.names.arguments import Dims, DType, Operand
from autodiff.random import Generator
from autodiff.tensors import Tensor

class Methods:
    """Base of Tensor; `autodiff.names` attaches its functions here, so that each is written once."""

'''

# Methods called float, int and bool hide the types inside the class.
HIDDEN = re.compile(r"(?<![\w.])(bool|float|int)\b")


def typed(annotation: object) -> str:
    """An annotation as text that means the same inside the class."""
    if annotation is inspect.Parameter.empty:
        return "Any"
    return HIDDEN.sub(r"_\1", str(annotation))


def literal(value: object) -> str:
    """A default as the formatter writes it."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


def parameter(p: inspect.Parameter) -> str:
    """One parameter as it stands in a signature."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(p.kind, "")
    default = "" if p.default is inspect.Parameter.empty else f" = {literal(p.default)}"
    return f"{stars}{p.name}: {typed(p.annotation)}{default}"


def signature(function: object, name: str) -> str:
    """The head of a method: the parameters but the first, which is the Tensor itself, and the type of the result."""
    found = inspect.signature(function)
    parts = ["self"]
    keyword_only = False
    for p in list(found.parameters.values())[1:]:
        keyword_only |= p.kind is inspect.Parameter.VAR_POSITIONAL
        if p.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            parts.append("*")
            keyword_only = True
        parts.append(parameter(p))
    return laid_out(f"    def {name}(", parts, f") -> {typed(found.return_annotation)}:")


def laid_out(head: str, parts: list[str], tail: str) -> str:
    """A signature as the formatter lays it out: on one line, on three, or one parameter a line."""
    text = ", ".join(parts)
    if len(head + text + tail) <= WIDTH:
        return f"{head}{text}{tail}\n"
    if len(text) + 8 <= WIDTH:
        return f"{head}\n        {text}\n    {tail}\n"
    return head + "\n" + "".join([f"        {part},\n" for part in parts]) + f"    {tail}\n"


def method(name: str, attribute: object) -> str:
    """One method, or property, with the first line of its description."""
    function = attribute.fget if isinstance(attribute, property) else attribute
    head = "    @property\n" if isinstance(attribute, property) else ""
    first = (inspect.getdoc(function) or "").partition("\n")[0]
    return f'{head}{signature(function, name)}        """{first}"""\n'


def stub() -> str:
    """The whole text of the stub file."""
    sys.path.insert(0, str(ROOT))
    from autodiff.methods import Methods
    from autodiff.names import families

    families()  # attaches the methods

    methods = {name: value for name, value in vars(Methods).items() if not name.startswith("__")}
    return HEAD + "".join([method(name, methods[name]) for name in sorted(methods)])


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        STUB.write_text(stub(), encoding="utf-8")
    elif STUB.read_text(encoding="utf-8") != stub():
        sys.exit("autodiff/methods.pyi is out of date; run: python tests/methods_stub.py --write")
