"""Compiled methods: which program belongs to which object, and what of it goes along when an object is copied."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

__all__ = ["KEPT", "MOST_SLOTTED", "Kept", "keep"]

#: Where an object keeps its compiled methods, among its attributes.
KEPT = "_compiled_methods"
#: How many objects without a `__dict__` are known to one method, which holds them; the one met longest ago goes first.
MOST_SLOTTED = 32


class Kept(dict[Any, Any]):
    """The compiled methods of one object, by what stands in its class.

    They work on that object, and stay in it, so that they go when it does: what is compiled refers to it. A copy of the
    object has another owner and begins without any, and a pickle has an empty dict in this place.
    """

    __slots__ = ("owner",)

    def __init__(self, owner: Any) -> None:
        super().__init__()
        self.owner = owner

    def __reduce__(self) -> Any:
        return dict, ()


def keep(instance: Any, method: Any, bound: Any, slotted: OrderedDict[int, Any]) -> None:
    """Let an object, or the method where it has no room for that, keep what was compiled for it."""
    own = getattr(instance, "__dict__", None)
    if not isinstance(own, dict):  # slots alone, or a class
        slotted[id(instance)] = bound  # which refers to the object: its id is nobody else's meanwhile
        if len(slotted) > MOST_SLOTTED:
            slotted.popitem(last=False)
        return
    kept = own.get(KEPT)
    if not isinstance(kept, Kept) or kept.owner is not instance:
        kept = own[KEPT] = Kept(instance)
    kept[method] = bound
