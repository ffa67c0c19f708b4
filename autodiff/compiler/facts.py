"""Facts that a program holds for, by the paths that lead to them: in which ones two walks differ."""

from __future__ import annotations

from typing import Any

from autodiff.compiler.holders import ABSENT
from autodiff.compiler.scalars import exact

__all__ = ["differing"]


def differing(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The paths of facts that two walks found to differ."""
    paths = [*before, *[p for p in after if p not in before]]
    return [p for p in paths if not _alike(before.get(p, ABSENT), after.get(p, ABSENT))]


def _alike(a: Any, b: Any) -> bool:
    """Whether two facts are the same."""
    return a is b or exact(a) == exact(b)
