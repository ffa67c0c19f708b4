"""Parameter and Buffer: the Tensors that a module owns, told apart by whether they are learned."""

from __future__ import annotations

from typing import Any

from autodiff.tensors import Tensor, tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A Tensor that is learned: assigned to an attribute of a `Module`, it is one of its parameters.

    Parameters
    ----------
    data : Tensor or array_like
        The initial value; a Tensor's memory is shared, anything else is copied.
    requires_grad : bool, default=True
        Whether to collect its gradient.

    Raises
    ------
    DtypeError
        If `data` is not floating and `requires_grad` is True.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> weight = nn.Parameter(ad.tensor([1.0, 2.0]))
    >>> weight.requires_grad, weight.is_leaf
    (True, True)
    """

    def __init__(self, data: Any = (), requires_grad: bool = True) -> None:
        _take(self, data)
        if requires_grad:
            self.requires_grad_()

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A Tensor that a module keeps but does not learn: assigned to an attribute, it is one of its buffers.

    Parameters
    ----------
    data : Tensor or array_like
        The initial value; a Tensor's memory is shared, anything else is copied.
    persistent : bool, default=True
        Whether the module's ``state_dict`` contains it.

    Examples
    --------
    >>> import autodiff as ad, nn
    >>> class Counter(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.calls = nn.Buffer(ad.tensor(0))
    >>> Counter().state_dict()
    {'calls': tensor(0)}
    """

    persistent: bool = True  # of a copy too, which is made without __init__

    def __init__(self, data: Any = (), *, persistent: bool = True) -> None:
        _take(self, data)
        self.persistent = persistent


def _take(self: Tensor, data: Any) -> None:
    """Put the memory of `data` into a new Tensor."""
    source = data if isinstance(data, Tensor) else tensor(data)
    self._array = source._array
    self._storage = source._storage
