"""Modules that hold modules: in a row, in a list, in a dictionary; and a list of parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

from autodiff.tensors import Tensor
from nn.errors import SetupError
from nn.module import Module
from nn.parameter import Parameter

__all__ = ["ModuleDict", "ModuleList", "ParameterList", "Sequential"]

Self = TypeVar("Self", bound="_Row")


class _Row(Module):
    """Modules under the names "0", "1", "2", ...: what Sequential and ModuleList have in common."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def _place(self, index: int) -> str:
        """The name of the module at `index`, which may be negative."""
        n = len(self)
        if not -n <= index < n:
            raise IndexError(f"module number {index} was asked for, and {self._get_name()} has {n}")
        return list(self._modules)[index]

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self: Self, index: slice) -> Self: ...
    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._of(list(self._modules.items())[index])
        return self._modules[self._place(index)]

    def _of(self: Self, items: list[tuple[str, Module | None]]) -> Self:
        """A container of the same kind with some of the modules."""
        made = type(self)()
        for name, module in items:
            made.add_module(name, module)
        return made

    def __setitem__(self, index: int, module: Module) -> None:
        name = self._place(index)
        self.add_module(name, module)

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)[index] if isinstance(index, slice) else [self._place(index)]
        for name in names:
            delattr(self, name)
        self._renumber(list(self))

    def _renumber(self, modules: list[Module]) -> None:
        """Hold exactly `modules`, named by their positions."""
        for name in list(self._modules):
            delattr(self, name)
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def append(self: Self, module: Module) -> Self:
        """Add a module at the end; return the container."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: Self, modules: Iterable[Module]) -> Self:
        """Add modules at the end; return the container."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self: Self, index: int, module: Module) -> Self:
        """Put a module before the one at `index`; return the container."""
        if not isinstance(module, Module):
            raise SetupError(f"insert takes an nn.Module, not a {type(module).__name__}")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, key: int) -> Module:
        """Take the module at `key` out, and return it."""
        module: Module = self[key]
        del self[key]
        return module


class Sequential(_Row):
    """Modules one after the other: the output of each is the input of the next.

    Parameters
    ----------
    *args : Module, or one dict of str to Module
        The modules in order; from a dict they also get its keys as their names.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> model = nn.Sequential(nn.Linear(2, 20), nn.ReLU(), nn.Linear(20, 1))
    >>> model(ad.tensor([[0.5, -1.0]])).shape
    Size([1, 1])
    >>> model[0]
    Linear(in_features=2, out_features=20, bias=True)
    >>> len(model[:2])
    2
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], Mapping):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def forward(self, input: Any) -> Any:
        for module in self._modules.values():
            assert module is not None
            input = module(input) if module._hooked else module.forward(input)
        return input

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *other)


class ModuleList(_Row):
    """A list of modules, which become part of the module that holds the list.

    Parameters
    ----------
    modules : iterable of Module, optional

    Examples
    --------
    >>> import nn
    >>> layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise SetupError("a ModuleList only holds its modules; call them in a loop, or make it an nn.Sequential")

    def _of(self, items: list[tuple[str, Module | None]]) -> ModuleList:
        return ModuleList(module for _, module in items if module is not None)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, modules: Iterable[Module]) -> ModuleList:
        return self.extend(modules)

    def __repr__(self) -> str:
        """Neighbours that look alike come as one entry: ``(0-2): 3 x Linear(...)``."""
        runs: list[tuple[int, int, str]] = []
        for i, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1] = (runs[-1][0], i, text)
            else:
                runs.append((i, i, text))
        if not runs:
            return "ModuleList()"
        lines = [
            f"({first}): {text}" if first == last else f"({first}-{last}): {last - first + 1} x {text}"
            for first, last, text in runs
        ]
        return "ModuleList(\n  " + "\n".join(lines).replace("\n", "\n  ") + "\n)"


class ModuleDict(Module):
    """A dictionary of modules, which become part of the module that holds it.

    Parameters
    ----------
    modules : mapping or iterable of (str, Module), optional

    Examples
    --------
    >>> import nn
    >>> heads = nn.ModuleDict({"mean": nn.Linear(8, 1), "spread": nn.Linear(8, 1)})
    >>> "mean" in heads, list(heads)
    (True, ['mean', 'spread'])
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise SetupError(f"a ModuleDict only holds its modules; call one of them: {', '.join(map(repr, self))}")

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of name and module."""
        return self._modules.items()

    def update(self, modules: Any) -> None:
        """Add the modules of a mapping, or of pairs of name and module."""
        pairs = modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules
        for name, module in pairs:
            self.add_module(name, module)

    def pop(self, key: str) -> Any:
        """Take a module out, and return it."""
        module = self[key]
        del self[key]
        return module

    def clear(self) -> None:
        """Take all modules out."""
        for name in list(self._modules):
            del self[name]


class ParameterList(Module):
    """A list of parameters, which become part of the module that holds it.

    Parameters
    ----------
    values : iterable of Parameter or Tensor, optional
        Tensors are made parameters.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> weights = nn.ParameterList([ad.tensor([1.0]), ad.tensor([2.0])])
    >>> [w.item() for w in weights]
    [1.0, 2.0]
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._parameters.values())

    def __getitem__(self, index: Any) -> Any:
        found = list(self._parameters.values())[index]
        return ParameterList(found) if isinstance(index, slice) else found

    def __setitem__(self, index: int, value: Any) -> None:
        self.register_parameter(list(self._parameters)[index], _as_parameter(value))

    def append(self, value: Any) -> ParameterList:
        """Add a parameter at the end; return the list."""
        self.register_parameter(str(len(self)), _as_parameter(value))
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add parameters at the end; return the list."""
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        lines = []
        for name, p in self._parameters.items():
            assert p is not None
            size = "x".join(map(str, p.shape))
            lines.append(f"  ({name}): {type(p).__name__} containing: [{p.dtype} of size {size}]")
        return "\n".join(lines)


def _as_parameter(value: Any) -> Parameter:
    return value if isinstance(value, Parameter) or not isinstance(value, Tensor) else Parameter(value)
