"""Modules as functions of their parameters: called with others than their own, and several stacked into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from autodiff.errors import AutodiffError, DtypeError
from autodiff.graph import Value
from autodiff.names.joining import stack

__all__ = ["functional_call", "stack_module_state"]


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters and buffers than its own, which it has again afterwards.

    Parameters
    ----------
    module : nn.Module
    parameter_and_buffer_dicts : dict of str to Tensor, or sequence of dict
        By their dotted names. What is not named stays the module's own. Names that it does not have are ignored.
    args : tuple or Tensor, optional
        What the module is called with; anything but a tuple is one argument.
    kwargs : dict, optional
        Keyword arguments.
    tie_weights : bool, default=True
        Replace a parameter under all names that it has.
    strict : bool, default=False
        Raise if a name is missing, or is not known.

    Returns
    -------
    What the module returns.

    Raises
    ------
    AutodiffError
        If a name stands in two of the dicts, tied names are given different Tensors, or `strict` is not met.

    Notes
    -----
    What the module assigns to its buffers during the call stands in the dict afterwards, if there is one dict.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> model = nn.Linear(2, 1)
    >>> params = {"weight": ad.ones(1, 2), "bias": ad.zeros(1)}
    >>> ad.func.functional_call(model, params, ad.tensor([3.0, 4.0]))
    tensor([7.])
    >>> def loss(params, x, y):
    ...     return ((ad.func.functional_call(model, params, x) - y) ** 2).sum()
    >>> ad.func.grad(loss)(params, ad.tensor([3.0, 4.0]), 6.0)
    {'weight': tensor([[6., 8.]]), 'bias': tensor([2.])}
    """
    given = _merged(parameter_and_buffer_dicts)
    places = _places(module)
    values = _tied(given, places) if tie_weights else dict(given)
    unknown = [key for key in values if key not in places]
    if strict:
        _complain(type(module).__name__, [key for key in places if key not in values], unknown)
    for key in unknown:
        module.get_submodule(key.rpartition(".")[0])  # raises where there is no such module at all
        del values[key]
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    held = []
    try:
        for key, value in values.items():
            owner, name = places[key]
            held.append((owner, name, owner._hold(name, value)))
        result = module(*arguments, **(kwargs or {}))
        if isinstance(parameter_and_buffer_dicts, dict):
            for key in given:
                if key in values:
                    parameter_and_buffer_dicts[key] = getattr(*places[key])
        return result
    finally:
        for owner, name, before in reversed(held):
            owner._hold(name, before)


def _merged(dicts: Any) -> dict[str, Any]:
    """All given values by their names."""
    several = dicts if isinstance(dicts, (tuple, list)) else (dicts,)
    given: dict[str, Any] = {}
    for one in several:
        if not isinstance(one, Mapping):
            raise DtypeError(
                f"functional_call takes a dict of names and Tensors, or several, not a {type(one).__name__}"
            )
        twice = [key for key in one if key in given]
        if twice:
            raise AutodiffError(f"functional_call: {twice} stand in more than one of the dicts; leave one of each")
        given.update(one)
    for key, value in given.items():
        if value is not None and not isinstance(value, Value):
            raise DtypeError(f"functional_call: {key!r} is a {type(value).__name__}, where a Tensor belongs")
    return given


def _places(module: Any) -> dict[str, tuple[Any, str]]:
    """Each dotted name of a parameter or buffer, with the module that has it and its name there."""
    places = {}
    for path, inside in module.named_modules(remove_duplicate=False):
        for named in (inside.named_parameters, inside.named_buffers):
            for key, _ in named(path, recurse=False, remove_duplicate=False):
                places[key] = (inside, key.rpartition(".")[2])
    return places


def _tied(given: dict[str, Any], places: dict[str, tuple[Any, str]]) -> dict[str, Any]:
    """The given values under all names of what they replace."""
    groups: dict[int, list[str]] = {}
    for key, place in places.items():
        groups.setdefault(id(getattr(*place)), []).append(key)
    values = dict(given)
    for group in groups.values():
        named = [key for key in group if key in given]
        if len({id(given[key]) for key in named}) > 1:
            raise AutodiffError(
                f"functional_call: {named} are one parameter, and were given different Tensors; "
                "give one of them, or pass tie_weights=False"
            )
        if named:
            values.update(dict.fromkeys(group, given[named[0]]))
    return values


def _complain(name: str, missing: list[str], unknown: list[str]) -> None:
    lines = [
        f"{what}: {', '.join(map(repr, keys))}" for what, keys in (("missing", missing), ("unknown", unknown)) if keys
    ]
    if lines:
        raise AutodiffError(f"functional_call with strict=True: names of {name} do not fit; {'; '.join(lines)}")


def stack_module_state(models: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Stack the parameters, and the buffers, of several modules of the same form: one dict of each, by name.

    Parameters
    ----------
    models : sequence of nn.Module
        Of one class, and all training or none.

    Returns
    -------
    (dict, dict)
        Parameters and buffers with a new first dim, as leaves of their own.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> params, buffers = ad.func.stack_module_state([nn.Linear(3, 2) for _ in range(5)])
    >>> params["weight"].shape
    Size([5, 2, 3])
    """
    models = list(models)
    if not models:
        raise AutodiffError("stack_module_state needs at least one module")
    if any(m.training is not models[0].training for m in models):
        raise AutodiffError("stack_module_state: some modules are training and some are not; call .train() or .eval()")
    if any(type(m) is not type(models[0]) for m in models):
        raise AutodiffError("stack_module_state needs modules of one class")
    both = []
    for named in ("named_parameters", "named_buffers"):
        columns = [dict(getattr(m, named)()) for m in models]
        both.append({key: _stacked(key, [column[key] for column in columns]) for key in columns[0]})
    return both[0], both[1]


def _stacked(key: str, values: list[Any]) -> Any:
    if any(v.requires_grad is not values[0].requires_grad for v in values):
        raise AutodiffError(f"stack_module_state: {key!r} requires grad in some of the modules, and not in others")
    stacked = stack([v.detach() for v in values])
    return stacked.requires_grad_() if values[0].requires_grad else stacked
