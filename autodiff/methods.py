"""The methods of Tensor that are PyTorch-named functions as well: filled by `autodiff.names`, typed in methods.pyi."""

from __future__ import annotations

__all__ = ["Methods"]


class Methods:
    """Base of Tensor; `autodiff.names` attaches its functions here, so that each is written once."""
