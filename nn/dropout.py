"""Dropout: a layer that forgets at random while it learns."""

from __future__ import annotations

from typing import Any

from autodiff.tensors import Tensor
from nn import functional as F
from nn.errors import SettingError
from nn.module import Module

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, set each element to zero with probability `p` and multiply the others by 1 / (1 - p).

    After ``model.eval()`` it returns its input.

    Parameters
    ----------
    p : float, default=0.5
        Probability of zero, from 0 to 1.
    inplace : bool, default=False
        Whether to write into the input's memory.

    Notes
    -----
    See `nn.functional.dropout`.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> layer = nn.Dropout(0.5)
    >>> set(layer(ad.tensor([1.0] * 100)).tolist()) == {0.0, 2.0}
    True
    >>> layer.eval()(ad.tensor([1.0, 1.0])).tolist()
    [1.0, 1.0]
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise SettingError(f"the probability of dropout must be between 0 and 1; got p={p!r}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Any) -> Tensor:
        if not self.training:
            return input  # type: ignore[no-any-return]
        return F.dropout(input, self.p, True, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
