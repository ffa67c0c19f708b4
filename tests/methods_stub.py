"""Writes autodiff/methods.pyi: the methods that `autodiff.names` attaches to Tensor, with their signatures, for editors.

    python tests/methods_stub.py --write
"""

import inspect
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUB = ROOT / "autodiff" / "methods.pyi"

HEAD = '''"""The methods of Tensor that are PyTorch-named functions as well.

Written by tests/methods_stub.py from the functions themselves: do not edit.
"""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Sequence
from typing import Any

from autodiff.names.arguments import Dims, DType, Operand
from autodiff.random import Generator
from autodiff.tensor import Tensor

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


def parameter(p: inspect.Parameter) -> str:
    """One parameter as it stands in a signature."""
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(p.kind, "")
    default = "" if p.default is inspect.Parameter.empty else f" = {p.default!r}"
    return f"{stars}{p.name}: {typed(p.annotation)}{default}"


def signature(function: object) -> str:
    """Parameters without the first one, which is the Tensor itself, and the type of the result."""
    found = inspect.signature(function)
    parts = ["self"]
    keyword_only = False
    for p in list(found.parameters.values())[1:]:
        keyword_only |= p.kind is inspect.Parameter.VAR_POSITIONAL
        if p.kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only:
            parts.append("*")
            keyword_only = True
        parts.append(parameter(p))
    return f"({', '.join(parts)}) -> {typed(found.return_annotation)}"


def method(name: str, attribute: object) -> str:
    """One method, or property, with the first line of its description."""
    function = attribute.fget if isinstance(attribute, property) else attribute
    head = "    @property\n" if isinstance(attribute, property) else ""
    head += f"    def {name}{signature(function)}:\n"
    first = (inspect.getdoc(function) or "").partition("\n")[0]
    return head + f'        """{first}"""\n'


def stub() -> str:
    """The whole text of the stub file."""
    sys.path.insert(0, str(ROOT))
    import autodiff  # noqa: F401 (attaches the methods)
    from autodiff.methods import Methods

    methods = {name: value for name, value in vars(Methods).items() if not name.startswith("__")}
    return HEAD + "".join([method(name, methods[name]) for name in sorted(methods)])


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        STUB.write_text(stub(), encoding="utf-8")
    elif STUB.read_text(encoding="utf-8") != stub():
        sys.exit("autodiff/methods.pyi is out of date; run: python tests/methods_stub.py --write")
