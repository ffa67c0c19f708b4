"""A module's values by name: collecting them, loading them, converting them."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.graph import stamp, wrap
from autodiff.tensors import Tensor
from nn.errors import SetupError, StateDictError
from nn.parameter import Parameter

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["Loaded", "collect", "convert", "load"]


class Loaded(namedtuple("Loaded", ["missing_keys", "unexpected_keys"])):
    """What loading a state_dict left over."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()


def collect(module: Module, destination: dict[str, Any], prefix: str, keep_vars: bool) -> dict[str, Any]:
    """Put the parameters and persistent buffers of `module`, and of the modules inside, into `destination`."""
    for name, value in _entries(module):
        destination[prefix + name] = value if keep_vars else value.detach()
    for name, inside in module._modules.items():
        if inside is not None:
            inside.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    return destination


def _entries(module: Module) -> list[tuple[str, Tensor]]:
    """What a state_dict holds of `module` itself."""
    buffers = [(name, b) for name, b in module._buffers.items() if name not in module._transient]
    return [(name, value) for name, value in [*module._parameters.items(), *buffers] if value is not None]


def load(module: Module, state_dict: Any, strict: bool, assign: bool) -> Loaded:
    """Copy the values of `state_dict` into `module`, after everything has been checked."""
    if not isinstance(state_dict, Mapping):
        hint = "; call model.state_dict() on a module" if hasattr(state_dict, "state_dict") else ""
        raise SetupError(f"load_state_dict takes a dict of names and Tensors, not a {type(state_dict).__name__}{hint}")
    places = {
        f"{path}.{name}" if path else name: (inside, name, value)
        for path, inside in module.named_modules(remove_duplicate=False)
        for name, value in _entries(inside)
    }
    missing = [key for key in places if key not in state_dict]
    unexpected = [key for key in state_dict if key not in places]
    found = {key: _as_array(key, state_dict[key]) for key in places if key in state_dict}
    wrong = [
        f"shape of {key!r}: {type(module).__name__} has {places[key][2]._array.shape}, the state_dict {array.shape}"
        for key, array in found.items()
        if array.shape != places[key][2]._array.shape
    ]
    if wrong or (strict and (missing or unexpected)):
        if not strict:
            missing, unexpected = [], []
        raise StateDictError(type(module).__name__, missing, unexpected, wrong)
    for key, array in found.items():
        inside, name, value = places[key]
        if assign:
            _assign(inside, name, value, state_dict[key])
        else:
            value._array[...] = array
            stamp(value._storage)
    return Loaded(missing, unexpected)


def _as_array(key: str, value: Any) -> np.ndarray[Any, Any]:
    """The array of one entry."""
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, (np.ndarray, np.generic)):
        return np.asarray(value)
    raise SetupError(f"the state_dict holds a {type(value).__name__} under {key!r}, where a Tensor or an array belongs")


def _assign(module: Module, name: str, before: Tensor, value: Any) -> None:
    """Put `value` itself into the place of a parameter or buffer."""
    tensor = value if isinstance(value, Tensor) else wrap(np.asarray(value))
    if isinstance(before, Parameter) and not isinstance(tensor, Parameter):
        tensor = Parameter(tensor.detach(), requires_grad=before.requires_grad)
    elif isinstance(before, Parameter):
        tensor.requires_grad_(before.requires_grad)
    setattr(module, name, tensor)


def convert(module: Module, dtype: np.dtype[Any]) -> None:
    """Give all floating parameters and buffers another dtype; they stay the same objects."""
    parameters = [p for p in module.parameters() if p._array.dtype.kind == "f"]
    for value in [*parameters, *(b for b in module.buffers() if b._array.dtype.kind == "f")]:
        grad = value.grad
        if value._array.dtype != dtype:
            value.data = wrap(value._array.astype(dtype))
            if grad is not None:
                value.grad = wrap(grad._array.astype(dtype))
