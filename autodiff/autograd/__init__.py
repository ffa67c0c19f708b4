"""The names of ``torch.autograd``: derivatives, checks of derivatives, operations of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autodiff.function import Function
from autodiff.gradients import backward, grad
from autodiff.modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from autodiff.saving import saved_tensors_hooks

if TYPE_CHECKING:
    from autodiff.anomaly import detect_anomaly, set_detect_anomaly
    from autodiff.autograd import functional as functional
    from autodiff.checking import gradcheck, gradgradcheck
    from autodiff.checkpointing import checkpoint

__all__ = [
    "Function",
    "backward",
    "checkpoint",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "saved_tensors_hooks",
    "set_detect_anomaly",
    "set_grad_enabled",
]


# What not every program needs is imported when it is first asked for.
_ON_REQUEST = {
    "checkpoint": "autodiff.checkpointing",
    "detect_anomaly": "autodiff.anomaly",
    "functional": "autodiff.autograd",
    "gradcheck": "autodiff.checking",
    "gradgradcheck": "autodiff.checking",
    "set_detect_anomaly": "autodiff.anomaly",
}


def __getattr__(name: str) -> Any:
    home = _ON_REQUEST.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if home == __name__:
        return import_module(f"{home}.{name}")
    return getattr(import_module(home), name)
