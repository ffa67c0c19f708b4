"""Deviation, where the compiler's modules expect it; operations raise it, so that it lives with the errors."""

from __future__ import annotations

from autodiff.errors import Deviation

__all__ = ["Deviation"]
