"""Module: the base of every network and layer, which knows its parameters, its buffers and the modules inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import autodiff as ad
from autodiff.devices import Device, as_device
from autodiff.dtypes import as_dtype
from autodiff.errors import AutodiffError
from autodiff.graph import RemovableHandle, changes
from autodiff.tensors import Tensor
from nn import hooks, state
from nn.errors import LayerError, SetupError
from nn.parameter import Buffer, Parameter

__all__ = ["Module"]

Self = TypeVar("Self", bound="Module")


class Module:
    """Base of all networks and layers: assign parameters and modules to attributes, and write ``forward``.

    Calling the module calls ``forward``. Attributes that are a `Parameter`, a `Buffer` or a `Module` are registered
    under their name, in the order of assignment; they stay ordinary attributes.

    Attributes
    ----------
    training : bool
        True at first; `train` and `eval` set it here and in every module inside.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> class Scale(nn.Module):
    ...     def __init__(self, factor):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(ad.tensor(factor))
    ...     def forward(self, input):
    ...         return input * self.factor
    >>> model = Scale(3.0)
    >>> model(ad.tensor([1.0, 2.0])).tolist()
    [3.0, 6.0]
    >>> [name for name, _ in model.named_parameters()]
    ['factor']
    """

    training: bool = True
    # Whether a call is more than its forward: there are hooks, or a subclass has a __call__ of its own. Without them it
    # costs one look at this flag, and a Sequential may go straight to the forward.
    _hooked: bool = False
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _transient: set[str]

    def __init__(self) -> None:
        # The attributes themselves live in __dict__, where reading them is cheapest; these know which is what.
        fields = self.__dict__
        fields["training"] = True
        fields["_parameters"] = {}
        fields["_buffers"] = {}
        fields["_transient"] = set()  # names of the buffers that the state_dict leaves out
        fields["_modules"] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__call__" in cls.__dict__:
            cls._hooked = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output: to be written by each subclass."""
        raise AutodiffError(
            f"{type(self).__name__} has no forward yet: give it a method forward(self, input) that returns the output"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            if self._hooked:
                return hooks.call(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except LayerError as error:
            # Every module on the way up knows more of the layer's name than the one below; the outermost knows all.
            error.place = next((name for name, module in self.named_modules() if module is error.layer), error.place)
            raise

    # ------------------------------------------------------------------ attributes and their registries

    def __setattr__(self, name: str, value: Any) -> None:
        if self.__dict__.get(name) is not value:
            changes.structure += 1  # which compiled steps look at
            changes.switches += name == "training"
        if isinstance(value, (Parameter, Module, Buffer)):
            if "_modules" not in self.__dict__:
                raise SetupError(
                    f"{type(self).__name__}.{name} was assigned before the base class was ready; "
                    f"begin {type(self).__name__}.__init__ with super().__init__()"
                )
            if isinstance(value, Parameter):
                self._register(self._parameters, name, value)
            elif isinstance(value, Module):
                self._register(self._modules, name, value)
            else:
                self._register(self._buffers, name, value)
                self._persist(name, value.persistent)
        else:
            if "_modules" in self.__dict__:
                self._replace(name, value)
                self._refuse_compiled(name, value)
            object.__setattr__(self, name, value)

    def _refuse_compiled(self, name: str, value: Any) -> None:
        """Raise where a compiled model would keep parameters out of sight."""
        inner = getattr(value, "function", None) if getattr(type(value), "is_compiled", False) else None
        if isinstance(inner, Module) and all(module is not inner for module in self.modules()):
            raise SetupError(
                f"{type(self).__name__}.{name} is a compiled model, whose parameters parameters() and state_dict() "
                "would not know; assign the model itself, and compile the whole: fast = ad.compile(model)"
            )

    def _register(self, registry: dict[str, Any], name: str, value: Any) -> None:
        """Make `value` an attribute that one registry knows, and the others do not."""
        changes.structure += 1
        others: tuple[dict[str, Any], ...] = (self._parameters, self._buffers, self._modules)
        for other in others:
            if other is not registry:
                other.pop(name, None)
        registry[name] = value
        object.__setattr__(self, name, value)

    def _persist(self, name: str, persistent: bool) -> None:
        """Remember whether the state_dict has this buffer."""
        if persistent:
            self._transient.discard(name)
        else:
            self._transient.add(name)

    def _replace(self, name: str, value: Any) -> None:
        """Let a registered name hold `value`, which is neither Parameter, Buffer nor Module, if it may."""
        registries: tuple[tuple[dict[str, Any], str, Any], ...] = (
            (self._parameters, "parameter", ()),
            (self._buffers, "buffer", Tensor),
            (self._modules, "module", ()),
        )
        for registry, kind, accepted in registries:
            if name in registry:
                if value is not None and not isinstance(value, accepted):
                    mend = "wrap it in nn.Parameter(...)" if kind == "parameter" else f"assign a {kind} or None"
                    raise SetupError(
                        f"{type(self).__name__}.{name} is a {kind} and cannot become a {type(value).__name__}; "
                        f"{mend}, or `del` the attribute first"
                    )
                registry[name] = value

    def _hold(self, name: str, value: Tensor | None) -> Tensor | None:
        """Let a registered parameter or buffer be another Tensor, whatever its class; return what it was."""
        registry: dict[str, Any] = self._parameters if name in self._parameters else self._buffers
        changes.structure += 1
        before: Tensor | None = registry[name]
        registry[name] = value
        object.__setattr__(self, name, value)
        return before

    def __delattr__(self, name: str) -> None:
        changes.structure += 1
        object.__delattr__(self, name)
        self._parameters.pop(name, None)
        self._buffers.pop(name, None)
        self._modules.pop(name, None)
        self._transient.discard(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`; None reserves the name."""
        self._check_name(name, "parameter")
        if param is not None and not isinstance(param, Parameter):
            raise SetupError(f"parameter {name!r} must be an nn.Parameter or None, not a {type(param).__name__}")
        self._register(self._parameters, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a Tensor that is kept but not learned, under `name`.

        Parameters
        ----------
        name : str
        tensor : Tensor or None
        persistent : bool, default=True
            Whether `state_dict` contains it.
        """
        self._check_name(name, "buffer")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise SetupError(f"buffer {name!r} must be a Tensor or None, not a {type(tensor).__name__}")
        self._register(self._buffers, name, tensor)
        self._persist(name, persistent)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module under `name`, which may be one that no attribute statement could write, such as "0"."""
        self._check_name(name, "module")
        if module is not None and not isinstance(module, Module):
            hint = "; make an object of the class first" if isinstance(module, type) else ""
            raise SetupError(f"module {name!r} must be an nn.Module or None, not {module!r}{hint}")
        self._register(self._modules, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Do the same as `add_module`."""
        self.add_module(name, module)

    def _check_name(self, name: str, kind: str) -> None:
        if "_modules" not in self.__dict__:
            raise SetupError(
                f"{kind} {name!r} was added before the base class was ready; "
                f"begin {type(self).__name__}.__init__ with super().__init__()"
            )
        if not isinstance(name, str) or not name or "." in name:
            raise SetupError(f"the name of a {kind} must be a string that is not empty and has no dot; got {name!r}")
        registered = name in self._parameters or name in self._buffers or name in self._modules
        if hasattr(self, name) and not registered:
            raise SetupError(f"{type(self).__name__} has an attribute {name!r} already; choose another name")

    # ------------------------------------------------------------------ what is inside

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Iterate over this module and all inside it, with their dotted names; each once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Iterate over this module and all inside it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Iterate over the modules directly inside this one, with their names; each once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Iterate over the modules directly inside this one, each once."""
        for _, module in self.named_children():
            yield module

    def _named(self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        """Walk through one registry of this module and of those inside it."""
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for place, module in modules:
            for name, value in getattr(module, registry).items():
                if value is not None and id(value) not in seen:
                    if remove_duplicate:
                        seen.add(id(value))
                    yield (f"{place}.{name}" if place else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Iterate over the parameters with their dotted names; a shared one comes once."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Iterate over the parameters, each once: what an optimiser is given."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Iterate over the buffers with their dotted names; a shared one comes once."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Iterate over the buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """Return the module with the dotted name `target`; "" is this module itself."""
        module = self
        for step in target.split(".") if target else []:
            inside = module._modules.get(step)
            if inside is None:
                names = ", ".join(map(repr, module._modules)) or "none"
                raise SetupError(
                    f"there is no module {target!r}: {type(module).__name__} has none called {step!r}, only {names}"
                )
            module = inside
        return module

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter with the dotted name `target`."""
        return self._get("_parameters", target)  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer with the dotted name `target`."""
        return self._get("_buffers", target)  # type: ignore[no-any-return]

    def _get(self, registry: str, target: str) -> Any:
        place, _, name = target.rpartition(".")
        module = self.get_submodule(place)
        value = getattr(module, registry).get(name)
        if value is None:
            names = ", ".join(map(repr, getattr(module, registry))) or "none"
            kind = registry[1:-1]
            raise SetupError(f"there is no {kind} {target!r}: {type(module).__name__} has {names}")
        return value

    # ------------------------------------------------------------------ what is done to all of it

    def apply(self: Self, fn: Callable[[Module], object]) -> Self:
        """Call `fn` with every module inside, then with this one; return it."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Set `training` here and in every module inside; return this module."""
        if not isinstance(mode, bool):
            raise SetupError(f"train() takes True or False, not {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Do the same as ``train(False)``: dropout and the like switch to how a trained network is used."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Make all parameters collect their gradients, or stop doing so; return this module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Take away the gradients of all parameters, or set them to zero."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = Tensor.detach(parameter.grad)
                with ad.no_grad():
                    parameter.grad.zero_()

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Convert all floating parameters and buffers, in place, to a dtype; return this module.

        Takes a dtype, a device (there is one, the CPU), both, or a Tensor to take them from.
        """
        given = [*args, *(kwargs[k] for k in ("device", "dtype", "tensor", "other") if kwargs.get(k) is not None)]
        dtype = None
        for one in given:
            if isinstance(one, Tensor):
                dtype = one.dtype
            elif isinstance(one, (str, Device)):
                as_device(one)
            elif one is not None and not isinstance(one, bool):
                dtype = as_dtype(one)
        if dtype is not None:
            if dtype.kind != "f":
                raise SetupError(f"a module can be converted to a floating dtype, such as ad.float64, not to {dtype}")
            state.convert(self, dtype)
        return self

    def cpu(self: Self) -> Self:
        """Return this module: everything is on the CPU."""
        return self

    def float(self: Self) -> Self:
        """Convert all floating parameters and buffers to float32."""
        return self.to(ad.float32)

    def double(self: Self) -> Self:
        """Convert all floating parameters and buffers to float64."""
        return self.to(ad.float64)

    def half(self: Self) -> Self:
        """Convert all floating parameters and buffers to float16."""
        return self.to(ad.float16)

    # ------------------------------------------------------------------ saving and loading

    def state_dict(
        self, *, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Tensor]:
        """Return all parameters and persistent buffers by their dotted names, on the same memory.

        Parameters
        ----------
        destination : dict, optional
            Add to this one.
        prefix : str, default=""
            Put before each name.
        keep_vars : bool, default=False
            Give the parameters themselves, not detached Tensors.

        Examples
        --------
        >>> import nn
        >>> list(nn.Sequential(nn.Linear(2, 3), nn.ReLU()).state_dict())
        ['0.weight', '0.bias']
        """
        return state.collect(self, {} if destination is None else destination, prefix, keep_vars)

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> state.Loaded:
        """Copy values into the parameters and buffers, by name.

        Parameters
        ----------
        state_dict : mapping of str to Tensor or ndarray
            As `state_dict` gives it. Values are converted to the dtype of what they are copied into.
        strict : bool, default=True
            Raise if a name is missing, or has nothing to go to.
        assign : bool, default=False
            Let the parameters take over the given values' memory and dtype, instead of copying.

        Returns
        -------
        Loaded
            ``missing_keys`` and ``unexpected_keys``, two lists of names.

        Raises
        ------
        StateDictError
            If names or shapes do not fit; nothing has been changed then.
        """
        return state.load(self, state_dict, strict, assign)

    # ------------------------------------------------------------------ hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward; what it returns, a value or a tuple, replaces the arguments.

        With `with_kwargs`, ``hook(module, args, kwargs)``, which returns None or ``(args, kwargs)``.
        """
        return hooks.register(self, "before", hook, prepend, with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward; what it returns, unless None, replaces the output.

        With `with_kwargs`, ``hook(module, args, kwargs, output)``.

        Examples
        --------
        >>> import autodiff as ad, nn
        >>> layer = nn.ReLU()
        >>> handle = layer.register_forward_hook(lambda module, args, output: print(output.shape))
        >>> _ = layer(ad.tensor([[1.0, -1.0]]))
        Size([1, 2])
        >>> handle.remove()
        """
        return hooks.register(self, "after", hook, prepend, with_kwargs)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the module's inputs are known.

        Both are tuples, with None for what is no Tensor or needs no gradient. What it returns, unless None, replaces
        `grad_input`.
        """
        return hooks.register(self, "backward", hook, prepend, False)

    # ------------------------------------------------------------------ how it looks

    def extra_repr(self) -> str:
        """What stands in the parentheses of the repr; to be written by subclasses that have settings."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        inside = [f"({name}): {_indent(repr(module))}" for name, module in self._modules.items()]
        lines = [*(extra.split("\n") if extra else []), *inside]
        if not lines or (len(lines) == 1 and not inside):
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"

    def __dir__(self) -> list[str]:
        return sorted(name for name in object.__dir__(self) if not name[:1].isdigit())


def _indent(text: str) -> str:
    """Indent every line but the first by two spaces."""
    return text.replace("\n", "\n  ")
