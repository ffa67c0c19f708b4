"""What runs around a module's forward: hooks before it, after it, and on its way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autodiff.graph import RemovableHandle
from autodiff.ops.elementwise import copy
from autodiff.tensors import Tensor

if TYPE_CHECKING:
    from nn.module import Module

__all__ = ["call", "register"]

Hooks = dict[int, Any]
NONE: dict[str, Hooks] = {"before": {}, "after": {}, "backward": {}}


def register(module: Module, when: str, hook: Callable[..., Any], prepend: bool, with_kwargs: bool) -> RemovableHandle:
    """Add a hook of one kind ("before", "after" or "backward") and switch the module to `call`."""
    fields = module.__dict__
    all_hooks: dict[str, Hooks] = fields.setdefault("_hooks", {when: {} for when in NONE})
    fields["_hooked"] = True
    hooks = all_hooks[when]
    handle = RemovableHandle(hooks, hook)
    hooks[handle.id] = (hook, with_kwargs)
    if prepend:
        first = hooks.pop(handle.id)
        rest = dict(hooks)
        hooks.clear()
        hooks.update({handle.id: first, **rest})
    return handle


def call(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the forward of `module` with its hooks."""
    all_hooks: dict[str, Hooks] = module.__dict__.get("_hooks", NONE)
    for hook, with_kwargs in list(all_hooks["before"].values()):
        if with_kwargs:
            replaced = hook(module, args, kwargs)
            if replaced is not None:
                args, kwargs = replaced
        else:
            replaced = hook(module, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
    backward = [hook for hook, _ in all_hooks["backward"].values()]
    crossing = _Crossing(module, backward) if backward else None
    if crossing is not None:
        args = crossing.enter(args)
    output = module.forward(*args, **kwargs)
    for hook, with_kwargs in list(all_hooks["after"].values()):
        replaced = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
        if replaced is not None:
            output = replaced
    return output if crossing is None else crossing.leave(output)


class _Crossing:
    """One call of a module with backward hooks: it waits for the gradients of the inputs, then runs the hooks.

    Inputs and outputs pass through copies, so that what arrives is what flows through this call alone, even where
    the module hands an input on unchanged or the input has other consumers.
    """

    def __init__(self, module: Module, hooks: list[Callable[..., Any]]) -> None:
        self.module = module
        self.hooks = hooks
        self.grad_input: list[Any] = []
        self.grad_output: list[Any] = []
        self.awaited = 0

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Stand between the caller and the inputs."""
        passed = []
        self.grad_input = [None] * len(args)
        for i, x in enumerate(args):
            if isinstance(x, Tensor) and x.requires_grad:
                x = copy(x)
                if x.requires_grad:  # not while recording is off
                    self.awaited += 1
                    x.register_hook(self._input_hook(i))
            passed.append(x)
        return tuple(passed)

    def leave(self, output: Any) -> Any:
        """Stand between the outputs and the caller."""
        single = not isinstance(output, tuple)
        outputs = [output] if single else list(output)
        self.grad_output = [None] * len(outputs)
        for i, y in enumerate(outputs):
            if isinstance(y, Tensor) and y.requires_grad:
                y = copy(y)
                if y.requires_grad:
                    y.register_hook(self._output_hook(i))
                outputs[i] = y
        return outputs[0] if single else tuple(outputs)

    def _output_hook(self, i: int) -> Callable[[Any], None]:
        def hook(g: Any) -> None:
            self.grad_output[i] = g
            if not self.awaited and all(g is not None for g in self.grad_output):
                self._run()

        return hook

    def _input_hook(self, i: int) -> Callable[[Any], Any]:
        def hook(g: Any) -> Any:
            self.grad_input[i] = g
            arrived = sum(g is not None for g in self.grad_input)
            if arrived == self.awaited:
                self._run()
            return self.grad_input[i]

        return hook

    def _run(self) -> None:
        for hook in self.hooks:
            replaced = hook(self.module, tuple(self.grad_input), tuple(self.grad_output))
            if replaced is not None:
                self.grad_input = list(replaced) if isinstance(replaced, tuple) else [replaced]
