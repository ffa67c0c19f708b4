"""Optimizer: parameter groups, state, and the loop over them, around a rule that each subclass writes once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import numpy as np

from autodiff.errors import AutodiffError, ShapeError
from autodiff.graph import changes, current_recorder, wrap
from autodiff.modes import enable_grad, no_grad
from autodiff.tensors import Tensor
from optim.program import Program
from optim.running import Run
from optim.state import Group, Groups, Listed, State, refuse_to_record

__all__ = ["Optimizer"]


class Optimizer:
    """Base of the optimizers: a subclass writes `update`, the paper's formula, and `slots`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        The parameters; pairs of name and parameter, as ``model.named_parameters()`` gives them, so that errors can
        name them; or groups, each with its own settings: ``{"params": [...], "lr": 0.1}``.
    defaults : dict
        The settings of groups that do not say otherwise.

    Attributes
    ----------
    param_groups : list of dict
        Each with "params" and its settings, which are read at every step and may be changed.
    state : dict of Tensor to dict
        What is remembered of each parameter, as Tensors.

    Notes
    -----
    Parameters whose ``.grad`` is None are left alone: neither they nor their state change. How a rule is run is said
    in `optim.running`.

    Examples
    --------
    A rule of one's own, signSGD:

    >>> import autodiff as ad, nn, optim
    >>> class SignSGD(optim.Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...     def update(self, xp, p, g, s, t, h):
    ...         return p - h["lr"] * xp.sign(g), s
    >>> w = nn.Parameter(ad.tensor([1.0, -2.0]))
    >>> (w * w).sum().backward()
    >>> SignSGD([w], lr=0.5).step()
    >>> w.tolist()
    [0.5, -1.5]
    """

    #: Whether each element is updated by itself; otherwise the rule is run on one whole Tensor after the other.
    elementwise = True
    #: Whether the state has an entry "step".
    counts_steps = False

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, (Tensor, np.ndarray, Mapping)):
            given = "a Tensor" if isinstance(params, Tensor) else f"a {type(params).__name__}"
            raise TypeError(f"an optimizer takes a list of parameters and got {given}; put it in a list: [p]")
        if hasattr(params, "parameters"):
            raise TypeError(f"an optimizer takes parameters and got a {type(params).__name__}; use model.parameters()")
        self.defaults = defaults
        self.param_groups = []
        self._arrange()
        groups = list(params)
        if not groups:
            raise ValueError(
                "the optimizer got no parameters; is a generator such as model.parameters() used a second time, "
                "or are the layers in a plain list instead of an nn.ModuleList?"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def _arrange(self, state: Mapping[Any, Any] | None = None) -> None:
        """Begin with this state and nothing arranged for running."""
        if state is not None:
            refuse_to_record()
        self._runs: list[Run] = []
        self._packs: dict[Any, Any] = {}  # of compiled steps
        changes.structure += 1
        self._program = Program()
        self._state = State(self._runs)
        for p, entry in (state or {}).items():
            self._state[p] = dict(entry)

    # ------------------------------------------------------------------ the rule

    def slots(self, h: dict[str, Any]) -> tuple[str, ...]:
        """The names of what is remembered of each parameter, with the settings `h`; arrays of its shape, first 0."""
        return ()

    def update(self, xp: Any, p: Any, g: Any, s: tuple[Any, ...], t: int, h: dict[str, Any]) -> tuple[Any, Any]:
        """Return the new value of a parameter, and its new slots.

        Parameters
        ----------
        xp : namespace
            Functions besides operators: ``xp.sqrt``, ``xp.maximum``, ...
        p, g : array
            The parameter and its gradient; nothing may be written into them.
        s : tuple of array
            The slots, in the order of `slots`.
        t : int
            The number of this step of this parameter, from 1 on.
        h : dict
            The settings of its group.
        """
        raise AutodiffError(f"{type(self).__name__} has no rule yet: give it a method update(self, xp, p, g, s, t, h)")

    # ------------------------------------------------------------------ the loop

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make one step with the gradients that are there.

        Parameters
        ----------
        closure : callable, optional
            Called first; it computes the gradients anew and returns the loss.

        Returns
        -------
        What `closure` returned, or None.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if (recorder := current_recorder()) is not None:
            with no_grad():
                recorder.optimize(self)
            return loss
        runs, program = self._runs, self._program
        for i, group in enumerate(self.param_groups):
            if i >= len(runs) or not runs[i].step(self, group, program):
                run = Run(self, group)
                runs[i : i + 1] = [run]
                run.step(self, group, program)
        return loss

    def record(self, recorder: Any) -> None:
        """Make one step while a compiled step is recorded: see `optim.recording`."""
        from optim.recording import record

        record(self, recorder)

    def before_recording(self, recorder: Any) -> None:
        """Let a recorder know the state, which the call may read: see `optim.recording`."""
        from optim.recording import introduce_all

        introduce_all(self, recorder)

    def recorded_facts(self) -> tuple[Any, ...]:
        """What a recorded step depends on, besides the settings that it reads at each call."""
        from optim.recording import facts

        return facts(self)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Take away the gradients of all parameters, before the next backward adds to them.

        Parameters
        ----------
        set_to_none : bool, default=True
            False sets them to zero in place. A parameter without gradient is left alone by `step`; one with a
            gradient of zero still moves by its momentum.
        """
        recorder = current_recorder()
        changes.count_switch()
        for group in self.param_groups:
            for p in group["params"]:
                node = p._node
                if recorder is not None and set_to_none:
                    recorder.cleared(p)
                if not set_to_none:
                    _zero(p)
                elif node is None:
                    p._grad = None
                else:
                    node.grad = None

    # ------------------------------------------------------------------ groups

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups, each with "params" and its settings."""
        return self._groups

    @param_groups.setter
    def param_groups(self, groups: list[dict[str, Any]]) -> None:
        self._groups = Groups(groups)
        changes.structure += 1

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with settings of their own.

        Parameters
        ----------
        param_group : dict
            "params", a parameter or an iterable of them, and any settings that differ from the defaults.

        Raises
        ------
        TypeError
            If something is no Tensor, or "params" has no order.
        ValueError
            If a Tensor was computed from others, is there already, or if settings are unknown or missing.
        """
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise TypeError(f"a group is a dict with the key 'params'; got {param_group!r}")
        given = param_group["params"]
        if isinstance(given, (set, frozenset)):
            raise TypeError("the parameters of a group must have an order, and a set has none; use a list")
        params = [given] if isinstance(given, Tensor) else list(given)
        names = [p[0] for p in params if isinstance(p, tuple)]
        if names and len(names) != len(params):
            raise ValueError("give either all parameters of a group with their names, or none")
        params = [p[1] if isinstance(p, tuple) else p for p in params]
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for i, p in enumerate(params):
            which = repr(names[i]) if names else f"number {i}"
            if not isinstance(p, Tensor):
                raise TypeError(f"parameter {which} is a {type(p).__name__}, not a Tensor")
            if not p.is_leaf:
                raise ValueError(
                    f"parameter {which}, of shape {tuple(p.shape)}, was computed from other Tensors, so it gets no "
                    ".grad; optimize what it was computed from, or p.detach().requires_grad_()"
                )
            if id(p) in known:
                raise ValueError(f"parameter {which}, of shape {tuple(p.shape)}, is in the optimizer already")
            known.add(id(p))
        group = Group({**self.defaults, **param_group, "params": Listed(params)})
        if names:
            group["param_names"] = names
        self.check(group)
        self.param_groups.append(group)

    def check(self, h: dict[str, Any]) -> None:
        """Raise ValueError if a setting has no meaning; to be extended by subclasses."""
        for name in ("lr", "momentum", "weight_decay", "eps"):
            if name in h and not h[name] >= 0:
                raise ValueError(f"{type(self).__name__}: {name} must not be negative; got {h[name]!r}")

    def name_of(self, group: dict[str, Any], i: int) -> str:
        """What to call a parameter in an error."""
        return repr(group["param_names"][i]) if "param_names" in group else f"number {i}"

    # ------------------------------------------------------------------ state

    @property
    def state(self) -> State:
        """What is remembered of each parameter."""
        return self._state

    @state.setter
    def state(self, state: Mapping[Any, Any]) -> None:
        self._arrange(state)

    def state_dict(self) -> dict[str, Any]:
        """Return state and settings, with parameters as numbers: ``{"state": {0: ...}, "param_groups": [...]}``.

        Examples
        --------
        >>> import autodiff as ad, nn, optim
        >>> w = nn.Parameter(ad.tensor([1.0]))
        >>> optim.SGD([w], lr=0.1).state_dict()["param_groups"][0]["params"]
        [0]
        """
        number = {id(p): i for i, p in enumerate(self._params())}
        groups = [{**g, "params": [number[id(p)] for p in g["params"]]} for g in self.param_groups]
        state = {number.get(id(p), p): dict(entry) for p, entry in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state and settings that `state_dict` gave, as copies.

        Parameters
        ----------
        state_dict : dict
            The parameters must be the same in number and order. Arrays will do in place of Tensors, so that a state
            of PyTorch's can be taken over.

        Raises
        ------
        ValueError
            If the groups do not fit.
        ShapeError
            If a remembered Tensor has another shape than its parameter.
        """
        saved = state_dict["param_groups"]
        sizes, wanted = [len(g["params"]) for g in saved], [len(g["params"]) for g in self.param_groups]
        if sizes != wanted:
            raise ValueError(
                f"the state_dict has groups of {sizes} parameters and the optimizer groups of {wanted}; "
                "build the optimizer over the same model, in the same way, first"
            )
        numbers = chain.from_iterable(g["params"] for g in saved)
        params = dict(zip(numbers, self._params()))
        state = {
            params[number]: {name: _loaded(name, value, params[number]) for name, value in entry.items()}
            for number, entry in state_dict["state"].items()
            if number in params
        }
        for group, settings in zip(self.param_groups, saved):
            group.update({name: value for name, value in settings.items() if name != "params"})
            self.check(group)
        self._arrange(state)

    def _params(self) -> Iterable[Tensor]:
        return chain.from_iterable(group["params"] for group in self.param_groups)

    def __getstate__(self) -> dict[str, Any]:
        state = {p: dict(entry) for p, entry in self.state.items()}
        return {"defaults": self.defaults, "param_groups": self.param_groups, "state": state}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.defaults = state["defaults"]
        self.param_groups = state["param_groups"]
        self._arrange(state["state"])

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name not in ("params", "param_names")]
        return "\n".join([*lines, ")"])


def _zero(p: Any) -> None:
    """Set a gradient to zero, cut off from any graph."""
    grad = p.grad
    if grad is None:
        return
    if grad._node is not None or not grad._array.flags.writeable:
        p.grad = wrap(np.zeros(p._array.shape, p._array.dtype))
    else:
        with no_grad():
            grad.zero_()


def _loaded(name: str, value: Any, p: Any) -> Any:
    """A copy of one entry of a state, as a Tensor in the parameter's dtype; the step count stays float32."""
    if value is None:
        return None
    array = value._array if isinstance(value, Tensor) else np.asarray(value)
    if name == "step":
        return wrap(np.array(array, np.float32))
    if array.ndim and array.shape != p._array.shape:
        raise ShapeError(
            f"the state_dict has {name!r} of shape {array.shape} for a parameter of shape {p._array.shape}"
        )
    return wrap(np.array(array, p._array.dtype if array.dtype.kind == "f" else array.dtype))
