"""Devices: there is one, the CPU. Scripts that ask for others find out politely."""

from __future__ import annotations

from typing import Any

from autodiff.errors import AutodiffError

__all__ = ["Device", "as_device", "cpu", "cuda", "device"]


class Device:
    """Where Tensors live: ``device(type='cpu')``.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.device("cuda" if ad.cuda.is_available() else "cpu")
    device(type='cpu')
    """

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        name: str = type.type if isinstance(type, Device) else str(type).partition(":")[0]
        if name != "cpu":
            raise AutodiffError(f"there is no device {str(type)!r} here: Tensors live on the CPU; use device='cpu'")
        self.type: str = name
        self.index = index

    def __repr__(self) -> str:
        return f"device(type={self.type!r})"

    def __str__(self) -> str:
        return self.type

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.type == self.type

    def __hash__(self) -> int:
        return hash(self.type)


device = Device
cpu = Device()


def as_device(d: Any) -> Device:
    """Return `d` (a name or a device) as a device, or raise."""
    return Device(d)


class cuda:
    """What scripts ask before they choose a device."""

    @staticmethod
    def is_available() -> bool:
        """Always False."""
        return False

    @staticmethod
    def device_count() -> int:
        """Always 0."""
        return 0
