"""Functions of this library as source in a file that runs alone: the forwards that a step calls, and what they use."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import textwrap
from dis import get_instructions
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from autodiff.errors import RecordingError
from autodiff.primitive import Primitive

__all__ = ["Embedding"]

_PLAIN = (int, float, bool, str, type(None))


class Embedding:
    """Collects definitions, each once, in an order in which they can run."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {"np": np}
        self._lines: list[str] = []

    def lines(self) -> list[str]:
        """The definitions."""
        return list(self._lines)

    def reserve(self, names: list[str]) -> None:
        """Keep names for what the file defines otherwise."""
        for name in names:
            self._known.setdefault(name, object())

    def add(self, wish: str, x: Any) -> str:
        """Define `x`, with all that it uses, and return what it is called: `wish`, if nothing else is."""
        known = [name for name, other in self._known.items() if other is x and not isinstance(x, _PLAIN)]
        if known:
            return known[0]
        name, number = wish, 1
        while name in self._known:
            if _same(self._known[name], x):
                return name
            number += 1
            name = f"{wish}_{number}"
        self._known[name] = x
        self._lines += self._defined(name, x)
        return name

    def _defined(self, name: str, x: Any) -> list[str]:
        text = self._expression(x, name)
        if text is not None:
            return [f"{name} = {text}"]
        if isinstance(x, ModuleType) and x.__name__ in sys.stdlib_module_names:
            return [f"import {_as(x.__name__, name)}"]
        if isinstance(x, (BuiltinFunctionType, FunctionType)) and x.__module__ in sys.stdlib_module_names:
            return [f"from {x.__module__} import {_as(x.__name__, name)}"]
        if isinstance(x, Primitive):
            text = f"return {self.add(f'_{name}_forward', x.forward)}(*given, **settings)"
            return ["", f"class {name}:", "    def forward(*given, **settings):", f"        {text}", ""]
        if isinstance(x, type) and issubclass(x, Exception):
            return ["", f"class {name}(ValueError):", f'    """{(x.__doc__ or name).splitlines()[0]}"""', ""]
        function = inspect.unwrap(x) if callable(x) else x
        if isinstance(function, FunctionType):
            return self._function(name, function)
        if isinstance(x, type) and _is_ours(x):
            surroundings = vars(sys.modules[x.__module__])
            methods = [f for f in vars(x).values() if isinstance(f, FunctionType) and f.__globals__ is surroundings]
            return self._source(name, x, methods, {})
        if _is_ours(type(x)) and "__reduce__" in vars(type(x)):
            made, arguments = x.__reduce__()  # as a copy is made
            return [f"{name} = {self.add(made.__name__, made)}({', '.join(self._parts(arguments, name))})"]
        raise RecordingError(
            f"{name} ({type(x).__name__}), which it uses, cannot be written into a file that runs alone; "
            "the step can be compiled all the same"
        )

    def _function(self, name: str, function: FunctionType) -> list[str]:
        code = function.__code__
        if code.co_name == "<lambda>":
            raise RecordingError(f"{name!r} is no function with a source of its own, so the step cannot be saved")
        cells = zip(code.co_freevars, function.__closure__ or ())
        renamed = {free: self.add(f"{name}_{free}", cell.cell_contents) for free, cell in cells}
        return self._source(name, function, [function], renamed)

    def _source(self, name: str, x: Any, functions: list[FunctionType], renamed: dict[str, str]) -> list[str]:
        """The source of a function or class, after that of what its functions use."""
        for function in functions:
            for used in sorted(_names(function.__code__)):
                if _shadows(used, function):
                    renamed[used] = self.add(used, function.__globals__[used])
        try:
            tree: Any = ast.parse(textwrap.dedent(inspect.getsource(x)))
        except (OSError, TypeError, SyntaxError):
            raise RecordingError(f"the source of {name!r} is not there, so the step cannot be saved") from None
        definition = tree.body[0]
        definition.name = name
        for base in getattr(definition, "bases", ()):  # of a class
            renamed[base.id] = self.add(base.id, vars(sys.modules[x.__module__])[base.id])
        return ["", ast.unparse(_Plain(renamed).visit(tree)), ""]

    def _expression(self, x: Any, name: str) -> str | None:
        """What can be written in one expression; parts of it that cannot get names of their own."""
        if isinstance(x, (dict, tuple, list)):
            return self._container(x, name)
        if isinstance(x, np.ndarray):
            return self._array(x)
        if isinstance(x, float) and not np.isfinite(x):
            return f'float("{x}")'
        if isinstance(x, (*_PLAIN, slice)):
            return repr(x)
        if x is Ellipsis:
            return "..."
        if isinstance(x, np.dtype):
            return f'np.dtype("{x}")'
        if isinstance(x, ModuleType):
            return re.sub("^numpy", "np", x.__name__) if re.match(r"numpy(\.|$)", x.__name__) else None
        return _of_numpy(x)

    def _parts(self, items: Any, name: str) -> list[str]:
        return [self._expression(x, f"{name}_{k}") or self.add(f"{name}_{k}", x) for k, x in enumerate(items)]

    def _array(self, x: Any) -> str:
        if x.size > 1 and x.tobytes() == x.flat[0].tobytes() * x.size:
            return f'np.full({x.shape!r}, {self._expression(x.flat[0].item(), "")}, "{x.dtype}")'
        return f'np.array({self._expression(x.tolist(), "")}, "{x.dtype}").reshape({x.shape!r})'

    def _container(self, x: Any, name: str) -> str:
        if isinstance(x, dict):
            pairs = zip(self._parts(x.keys(), name), self._parts(x.values(), name))
            return f"{{{', '.join([f'{k}: {v}' for k, v in pairs])}}}"
        parts = self._parts(x, name)
        inside = ", ".join(parts)
        if hasattr(x, "_fields"):
            return f"{self.add(type(x).__name__, type(x))}({inside})"
        return f"[{inside}]" if isinstance(x, list) else f"({inside}{',' if len(parts) == 1 else ''})"


def _of_numpy(x: Any) -> str | None:
    """A function, ufunc, method of a ufunc or type of NumPy's."""
    owner: Any = getattr(x, "__self__", None)
    name = str(getattr(x, "__name__", ""))
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{name}"
    if isinstance(x, np.ufunc) or (isinstance(x, type) and issubclass(x, np.generic)):
        return f"np.{name}"
    return f"np.{name}" if callable(x) and getattr(np, name, None) is x else None


def _same(a: Any, b: Any) -> bool:
    """Whether one definition does for both."""
    return a is b or (type(a) is type(b) and isinstance(a, _PLAIN) and repr(a) == repr(b))


def _as(name: str, other: str) -> str:
    return name if name == other else f"{name} as {other}"


def _is_ours(x: type) -> bool:
    return x.__module__.partition(".")[0] == __name__.partition(".")[0]


def _names(code: CodeType) -> set[str]:
    """The globals that a function reads, and those of the functions inside it."""
    found = {i.argval for i in get_instructions(code) if i.opname == "LOAD_GLOBAL"}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


def _shadows(name: str, function: FunctionType) -> bool:
    """Whether a global of the function's takes the place of a builtin."""
    return name in function.__globals__ and function.__globals__[name] is not getattr(builtins, name, None)


class _Plain(ast.NodeTransformer):
    """Takes away decorators, and annotations, which name types that are not there; gives things other names."""

    def __init__(self, renamed: dict[str, str]) -> None:
        self.renamed = renamed

    def visit_Name(self, node: ast.Name) -> Any:
        return ast.Name(self.renamed.get(node.id, node.id), node.ctx)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        node.decorator_list, node.returns = [], None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        node.decorator_list = []
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        node.annotation = ast.Name("object", ast.Load())
        return self.generic_visit(node)
