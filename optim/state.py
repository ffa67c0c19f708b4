"""An optimizer's state: dictionaries that notice when the user changes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import Any

from autodiff.graph import changes, current_recorder, wrap

__all__ = ["Group", "Groups", "Listed", "State", "Watched", "is_read", "number", "refuse_to_record"]


class Watched(dict[Any, Any]):
    """A dict that empties `runs` when it is changed: what was arranged for running must be arranged anew."""

    def __init__(self, runs: list[Any], items: dict[Any, Any] | None = None) -> None:
        super().__init__(items or {})
        self.runs = runs
        #: Of what is remembered of one parameter: the Tensors that the optimizer has made to show it.
        self.shown: dict[str, Any] = {}

    def changed(self, is_new: bool = False, is_number: bool = False) -> None:
        """Take note of a change by the user; an entry that is new is there at the next call."""
        recorder = current_recorder()
        if recorder is not None and is_new:
            recorder.postpone()
        elif recorder is not None and is_number:
            recorder.refuse(
                "a number in the state of an optimizer is changed", "keep a Tensor there, and add_(1) to it"
            )
        elif recorder is not None:
            refuse_to_record()
        changes.structure += 1
        self.runs.clear()

    def __setitem__(self, key: Any, value: Any) -> None:
        if value is not self.get(key, self):  # else it was written in place: entry["step"] += 1
            self.changed(key not in self, isinstance(value, (int, float)))
            super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        self.changed()
        super().__delitem__(key)

    def pop(self, *args: Any) -> Any:
        """Take an entry out, and return it."""
        self.changed()
        return super().pop(*args)

    def popitem(self) -> Any:
        """Take the last entry out, and return it."""
        self.changed()
        return super().popitem()

    def clear(self) -> None:
        """Take everything out."""
        self.changed()
        super().clear()

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take over entries."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """Return an entry, which is first made if it is not there."""
        if key not in self:
            self[key] = default
        return self[key]

    def __ior__(self, other: Any) -> Watched:  # type: ignore[misc]
        self.update(other)
        return self

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


class State(Watched):
    """What the optimizer remembers of each parameter; of one it knows nothing of, an empty dict."""

    def __missing__(self, key: Any) -> Watched:
        entry = Watched(self.runs)
        dict.__setitem__(self, key, entry)
        return entry

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value if isinstance(value, Watched) else Watched(self.runs, value))

    def show(self, key: Any, items: dict[str, tuple[Any, Any]]) -> None:
        """Show arrays, each with its storage, without noticing: the optimizer's own hand.

        Who holds a Tensor of the state goes on seeing it: the Tensor stays, and what it shows is exchanged.
        """
        entry = self[key]
        for name, (array, storage) in items.items():
            t = entry.get(name)
            if t is None or t is not entry.shown.get(name) or t._node is not None:
                entry.shown[name] = t = wrap(array, None, storage)
                dict.__setitem__(entry, name, t)
            elif t._array is not array:
                t._array, t._storage = array, storage

    def shows(self, key: Any, arrays: Mapping[str, Any]) -> bool:
        """Whether these arrays are the memory of the Tensors under these names; ``t.data = x`` exchanges it."""
        entry = self.get(key, {})
        return all(getattr(entry.get(name), "_array", None) is array for name, array in arrays.items())


class Group(dict[str, Any]):
    """A parameter group that counts its changes: compiled steps read settings anew when one has changed."""

    def __setitem__(self, key: str, value: Any) -> None:
        if (recorder := current_recorder()) is not None:
            recorder.refuse(f"{key!r} of an optimizer is set", "do it before or after the call, as a scheduler does")
        if is_read(value) and is_read(self.get(key)):
            changes.settings += 1
        else:
            changes.structure += 1
        super().__setitem__(key, Listed(value) if key == "params" else value)

    def __delitem__(self, key: str) -> None:
        changes.structure += 1
        super().__delitem__(key)

    def pop(self, *args: Any) -> Any:
        """Take a setting out, and return it."""
        changes.structure += 1
        return super().pop(*args)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Take over settings."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a setting, which is first made if it is not there."""
        if key not in self:
            self[key] = default
        return self[key]

    def __ior__(self, other: Any) -> Group:  # type: ignore[misc, override]
        self.update(other)
        return self

    def __reduce__(self) -> Any:
        return Group, (dict(dict.items(self)),)

    def listen(self, on: bool) -> None:
        """While a step is recorded, hear which settings plain Python reads; at other times reading costs nothing."""
        self.__class__ = Heard if on else Group


class Heard(Group):
    """A group while a step is recorded: a number that plain Python reads is one that the program is for."""

    def __getitem__(self, key: str) -> Any:
        return self._read(key, super().__getitem__(key))

    def get(self, key: str, default: Any = None) -> Any:
        """Return a setting, or the default."""
        if key not in self:
            return default
        return self[key]

    def __iter__(self) -> Iterator[str]:  # so that dict(group) and {**group} read each setting by itself
        return super().__iter__()

    def values(self) -> Any:
        """Return all settings."""
        return dict(self).values()

    def items(self) -> Any:
        """Return all settings with their names."""
        return dict(self).items()

    def copy(self) -> dict[str, Any]:
        """Return all settings in a plain dict."""
        return dict(self)

    def _read(self, key: str, value: Any) -> Any:
        recorder = current_recorder()
        if recorder is not None and is_read(value):
            for i in range(len(value)) if isinstance(value, tuple) else [None]:
                number(recorder, self, key, i).hold()
        return value


class Listed(list[Any]):
    """A list that counts its changes, of groups or of parameters: compiled steps look again after one."""


def _counted(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of a list that counts as a change."""

    @wraps(method)
    def changing(self: Listed, *args: Any, **kwargs: Any) -> Any:
        changes.structure += 1
        return method(self, *args, **kwargs)

    return changing


for _name in ("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"):
    setattr(Listed, _name, _counted(getattr(list, _name)))
for _name in ("__delitem__", "__iadd__", "__imul__", "__setitem__"):
    setattr(Listed, _name, _counted(getattr(list, _name)))


class Groups(Listed):
    """The groups of an optimizer: a plain dict that enters becomes a Group, which counts its changes."""

    def __init__(self, groups: Iterable[Any] = ()) -> None:
        super().__init__(map(_group, groups))

    def append(self, group: Any) -> None:
        """Add a group."""
        super().append(_group(group))

    def extend(self, groups: Iterable[Any]) -> None:
        """Add groups."""
        super().extend(map(_group, groups))

    def insert(self, at: Any, group: Any) -> None:
        """Put a group before another."""
        super().insert(at, _group(group))

    def __setitem__(self, at: Any, given: Any) -> None:
        super().__setitem__(at, list(map(_group, given)) if isinstance(at, slice) else _group(given))

    def __iadd__(self, groups: Any) -> Groups:  # type: ignore[misc]
        self.extend(groups)
        return self


def _group(given: Any) -> Any:
    """A dict as a Group, with a list of parameters that counts its changes, too."""
    if isinstance(given, Group) or not isinstance(given, dict):
        return given
    return Group({k: Listed(v) if k == "params" and isinstance(v, list) else v for k, v in given.items()})


def refuse_to_record() -> None:
    """Tell a recorder that the state is given other entries, which a replay would not do."""
    if (recorder := current_recorder()) is not None:
        mend = "do it before or after the call, or write into its Tensors: entry['exp_avg'].zero_()"
        recorder.refuse("the state of an optimizer is replaced or cleared", mend)


def is_read(value: Any) -> bool:
    """Whether a setting is a number, or a tuple of numbers, which compiled steps read at each call."""
    if isinstance(value, tuple):
        return all(is_read(v) for v in value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def number(recorder: Any, group: dict[str, Any], key: str, i: int | None) -> Any:
    """A number among the settings of a group, or of a tuple there, as a recorder knows it: read anew at each call."""
    name = key if i is None else f"{key.removesuffix('s')}{i + 1}"

    def read() -> Any:
        value = dict.__getitem__(group, key)
        return value if i is None else value[i]

    return recorder.setting((id(group), key, i), name, read)
