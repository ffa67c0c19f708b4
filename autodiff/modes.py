"""Switches for what gets recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`.

Each is a context manager, and a decorator as well, for functions, generators' makers and methods alike.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from autodiff.graph import modes

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])


def is_grad_enabled() -> bool:
    """Whether operations on Tensors that require grad are being recorded, in this thread."""
    return modes.grad


def is_inference_mode_enabled() -> bool:
    """Whether `inference_mode` is on, in this thread."""
    return modes.inference


class _Switch:
    """Sets the grad mode on entering and restores it on leaving."""

    grad = False
    inference: bool | None = None

    def __init__(self) -> None:
        # A stack, so that one object may be entered again inside itself (a recursive decorated function).
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append((modes.grad, modes.inference))
        modes.grad = self.grad
        if self.inference is not None:
            modes.inference = self.inference

    def __exit__(self, *exc: object) -> None:
        modes.grad, modes.inference = self._before.pop()

    def _again(self) -> _Switch:
        return type(self)()

    def __call__(self, function: F) -> F:
        @wraps(function)
        def switched(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return switched  # type: ignore[return-value]


class no_grad(_Switch):
    """Record nothing inside: results have ``requires_grad=False``.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor(2.0, requires_grad=True)
    >>> with ad.no_grad():
    ...     y = x * 3
    >>> y.requires_grad
    False
    """

    # PyTorch allows the decorator without parentheses, and so do we.
    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = object.__new__(cls)
        if function is None:
            return made
        made.__init__()  # type: ignore[misc]
        return made(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__()


class enable_grad(no_grad):
    """Record inside, also within `no_grad`.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor(2.0, requires_grad=True)
    >>> with ad.no_grad(), ad.enable_grad():
    ...     y = x * 3
    >>> y.requires_grad
    True
    """

    grad = True


class set_grad_enabled(_Switch):
    """Switch recording on or off: at once when called, and until the end of the block as a context manager.

    Parameters
    ----------
    mode : bool
        Whether to record.

    Examples
    --------
    >>> import autodiff as ad
    >>> with ad.set_grad_enabled(False):
    ...     ad.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self.grad = bool(mode)
        self._outer = modes.grad
        modes.grad = self.grad

    def __enter__(self) -> None:
        self._before.append((self._outer, modes.inference))
        modes.grad = self.grad

    def __call__(self, function: F) -> F:
        modes.grad = self._outer  # used as a decorator: only inside the function
        return super().__call__(function)

    def _again(self) -> _Switch:
        return set_grad_enabled(self.grad)


class inference_mode(_Switch):
    """`no_grad` for code that only predicts.

    Parameters
    ----------
    mode : bool, default=True
        False leaves the grad mode as it is.

    Examples
    --------
    >>> import autodiff as ad
    >>> with ad.inference_mode():
    ...     ad.tensor([1.0], requires_grad=True).mul(2).requires_grad
    False
    """

    inference = True

    def __new__(cls, mode: Any = True) -> Any:
        made = object.__new__(cls)
        if callable(mode):
            made.__init__()  # type: ignore[misc]
            return made(mode)
        return made

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.mode = mode

    def __enter__(self) -> None:
        self.grad = modes.grad and not self.mode
        self.inference = modes.inference or self.mode
        super().__enter__()

    def _again(self) -> _Switch:
        return inference_mode(self.mode)
