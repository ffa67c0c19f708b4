"""The names of ``torch.autograd``: derivatives, checks of derivatives, operations of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.function import Function
from autodiff.gradients import backward, grad
from autodiff.modes import enable_grad, inference_mode, no_grad, set_grad_enabled

if TYPE_CHECKING:
    from autodiff.checking import gradcheck, gradgradcheck

__all__ = [
    "Function",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    # The checks are for tests; importing them with everything else would slow every program down.
    if name in ("gradcheck", "gradgradcheck"):
        from autodiff import checking

        return getattr(checking, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
