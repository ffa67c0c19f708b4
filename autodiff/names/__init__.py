"""The PyTorch-named functions, one family a file, and which of them are methods of Tensor too."""

from __future__ import annotations

from autodiff.methods import Methods
from autodiff.names import elementwise
from autodiff.names.elementwise import *  # noqa: F403 (each family lists what it offers in __all__)

#: Families whose functions take the Tensor first, and so serve as methods under the same name.
for _family in (elementwise,):
    for _name in _family.METHODS:
        setattr(Methods, _name, getattr(_family, _name))
