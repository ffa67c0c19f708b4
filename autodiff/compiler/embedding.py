"""Functions of this library as source in a file that runs alone: the forwards that a step calls, and what they use."""

from __future__ import annotations

import builtins
import inspect
import re
import textwrap
from types import CodeType, FunctionType, ModuleType
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

    def add(self, name: str, x: Any) -> None:
        """Define `name` as `x`, with all that it uses."""
        if name in self._known:
            if self._known[name] is not x:
                raise RecordingError(
                    f"two different things called {name!r} cannot be written into one file; "
                    "the step can be compiled, but not saved"
                )
            return
        self._known[name] = x
        self._lines += self._defined(name, x)

    def _defined(self, name: str, x: Any) -> list[str]:
        text = self._expression(x)
        if text is not None:
            return [f"{name} = {text}"]
        if isinstance(x, Primitive):
            return [
                *self._function(f"_{name}_forward", x.forward),
                f"class {name}:",
                f"    forward = _{name}_forward",
                "",
            ]
        if isinstance(x, type) and issubclass(x, Exception):
            return ["", "", f"class {name}(ValueError):", f'    """{(x.__doc__ or name).splitlines()[0]}"""', ""]
        function = inspect.unwrap(x) if callable(x) else x
        if isinstance(function, FunctionType):
            return self._function(name, function)
        raise RecordingError(
            f"{name} ({type(x).__name__}), which it uses, cannot be written into a file that runs alone; "
            "the step can be compiled all the same"
        )

    def _function(self, name: str, function: Any) -> list[str]:
        """The source of a function, after that of what it uses."""
        for used in sorted(_names(function.__code__)):
            if _shadows(used, function):
                self.add(used, function.__globals__[used])
        try:
            source = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError):
            raise RecordingError(f"the source of {name!r} is not there, so the step cannot be saved") from None
        if function.__name__ == "<lambda>" or function.__closure__ or not re.search(r"^def ", source, re.M):
            raise RecordingError(f"{name!r} is no function with a source of its own, so the step cannot be saved")
        source = source[re.search(r"^def ", source, re.M).start() :]  # type: ignore[union-attr]  # without decorators
        source = re.sub(r"^def \w+", f"def {name}", source, count=1)
        return ["", "", _without_annotations(source), ""]

    def _expression(self, x: Any) -> str | None:
        """What can be written in one expression."""
        if isinstance(x, _PLAIN):
            return repr(x) if not isinstance(x, float) or np.isfinite(x) else f'float("{x}")'
        if isinstance(x, np.ufunc):
            return f"np.{x.__name__}"
        if isinstance(x, np.dtype):
            return f'np.dtype("{x}")'
        if isinstance(x, np.ndarray):
            return f'np.array({x.tolist()!r}, "{x.dtype}").reshape({x.shape!r})'
        if isinstance(x, ModuleType):
            return "np" if x is np else None
        if isinstance(x, type) and issubclass(x, np.generic):
            return f"np.{x.__name__}"
        owner: Any = getattr(x, "__self__", None)
        name = str(getattr(x, "__name__", ""))
        if isinstance(owner, np.ufunc):
            return f"np.{owner.__name__}.{name}"
        if callable(x) and getattr(np, name, None) is x:
            return f"np.{name}"
        if isinstance(x, slice):
            return f"slice({x.start!r}, {x.stop!r}, {x.step!r})"
        return self._container(x)

    def _container(self, x: Any) -> str | None:
        if isinstance(x, dict):
            pairs = [(self._expression(k), self._expression(v)) for k, v in x.items()]
            return None if any(None in p for p in pairs) else f"{{{', '.join([f'{k}: {v}' for k, v in pairs])}}}"
        if isinstance(x, (tuple, list)):
            parts = [self._expression(p) for p in x]
            if any(p is None for p in parts):
                return None
            inside = ", ".join([p for p in parts if p is not None])
            return f"[{inside}]" if isinstance(x, list) else f"({inside}{',' if len(parts) == 1 else ''})"
        return None


def _names(code: CodeType) -> set[str]:
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


def _shadows(name: str, function: FunctionType) -> bool:
    """Whether a global of the function's takes the place of a builtin."""
    return name in function.__globals__ and function.__globals__[name] is not getattr(builtins, name, None)


def _without_annotations(source: str) -> str:
    """A function without its annotations, which name types that are not there."""
    import ast

    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            arguments = node.args
            for a in [
                *arguments.posonlyargs,
                *arguments.args,
                *arguments.kwonlyargs,
                arguments.vararg,
                arguments.kwarg,
            ]:
                if a is not None:
                    a.annotation = None
            if isinstance(node, ast.FunctionDef):
                node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Name("object")
    return ast.unparse(tree)
