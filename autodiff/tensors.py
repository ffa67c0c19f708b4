"""Tensor: an array that remembers how it was computed.

It holds no mathematics: operators and methods hand over to the primitives and to the PyTorch-named functions of
`autodiff.names`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import ref

import numpy as np

from autodiff import dtypes, gradients, inplace
from autodiff.devices import Device, as_device, cpu
from autodiff.errors import AutodiffError, DtypeError, GradientError, ShapeError
from autodiff.graph import Leaf, Output, RemovableHandle, Storage, Value, Vertex, changes, modes, upward, wrap
from autodiff.methods import Methods
from autodiff.operands import as_array, leaving, owned
from autodiff.operators import Operators
from autodiff.ops import elementwise as ew
from autodiff.ops import linalg
from autodiff.ops.index import index
from autodiff.ops.keys import split_key
from autodiff.ops.shape import transpose, unstack
from autodiff.size import Size

__all__ = ["Tensor", "as_tensor", "from_numpy", "is_tensor", "tensor"]

Array = np.ndarray[Any, Any]


class Tensor(Value, Operators, Methods):
    """A multi-dimensional array of numbers that can be differentiated.

    Make one with `autodiff.tensor`; ``Tensor(data)`` is the same with the default dtype.

    Parameters
    ----------
    data : array_like
        Numbers, nested lists of them, an ndarray, or a Tensor.
    """

    _grad: Any = None

    def __init__(self, data: Any = ()) -> None:
        made = tensor(data, dtype=dtypes.default_dtype())
        self._array = made._array
        self._storage = made._storage
        self._node = self._base = None

    # ------------------------------------------------------------------ what it holds

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return Size(self._array.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        dtype: np.dtype[Any] = self._array.dtype
        return dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    @property
    def device(self) -> Device:
        """Where the elements are: always the CPU."""
        return cpu

    @property
    def data(self) -> Tensor:
        """A detached Tensor on the same memory, whose writes backward does not see."""
        return wrap(self._array)  # type: ignore[no-any-return]

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Value):
            raise DtypeError(f".data must be a Tensor, not a {type(value).__name__}; make one with ad.tensor(...)")
        if value._array is self._array:  # p.data -= step has written in place
            return
        if modes.recorder is not None:
            modes.recorder.refuse(".data is set", "write into the Tensor: with ad.no_grad(): p.copy_(value)")
        array = value._array
        if isinstance(self._node, Leaf):
            self._node.shape, self._node.dtype = array.shape, array.dtype
        self._array = array
        self._storage = value._storage
        changes.structure += 1

    # ------------------------------------------------------------------ its place in the graph

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to it."""
        return gradients.vertex_of(self) is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make a leaf collect its gradient, or stop doing so; return it."""
        node = gradients.vertex_of(self)
        if requires_grad and node is None:
            if self._array.dtype.kind != "f":
                raise DtypeError(
                    f"only floating Tensors can require grad, and this one has dtype {self._array.dtype}; "
                    "convert it first, for example with .float()"
                )
            leaf, self._leaf = self._leaf or Leaf(self._array.shape, self._array.dtype), None
            leaf.shape, leaf.dtype, leaf.grad = self._array.shape, self._array.dtype, self._grad
            self._node = leaf
            self._base = self._view = None  # a leaf has no history to derive anew when its memory is written
            changes.count_switch()
        elif not requires_grad and node is not None:
            if not isinstance(node, Leaf):
                raise GradientError(
                    "requires_grad can only be switched off for a leaf, and this Tensor was computed from others; "
                    "use .detach() to get one that is cut off from its history"
                )
            self._grad, node.grad = node.grad, None
            self._leaf, self._node = node, None
            changes.count_switch()
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user and not computed from Tensors that require grad."""
        node = gradients.vertex_of(self)
        return node is None or isinstance(node, Leaf)

    @property
    def grad_fn(self) -> Vertex | None:
        """The vertex of the operation that computed it; None for a leaf."""
        node = gradients.vertex_of(self)
        return None if isinstance(node, Leaf) else node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward accumulated here, of the same shape and dtype; None before there is one."""
        node = self._node
        grad: Tensor | None = self._grad if node is None else node.grad
        changes.looks += 1
        if changes.recordings and modes.recorder is not None:
            modes.recorder.asked(node, self)
        return grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Value):
                raise DtypeError(f".grad must be a Tensor or None, not a {type(value).__name__}")
            if value._array.shape != self._array.shape:
                raise ShapeError(
                    f"a .grad of shape {value._array.shape} does not fit a Tensor of shape {self._array.shape}"
                )
            if value is self:
                raise GradientError("a Tensor cannot be its own .grad; use .clone()")
        changes.count_switch()
        if modes.recorder is not None:
            modes.recorder.cleared(self)
        if self._node is None:
            self._grad = value
        else:
            self._node.grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Compute the gradients of this Tensor with respect to the leaves, and add them to their ``.grad``.

        Parameters
        ----------
        gradient : Tensor, optional
            The cotangent of this Tensor, of its shape; may be left out for one element, where it is 1.
        retain_graph : bool, optional
            Keep what the forward saved, for another backward. Default: the value of `create_graph`.
        create_graph : bool, default=False
            Record the backward, so that the gradients can be differentiated in turn.
        inputs : sequence of Tensor, optional
            Only add to the ``.grad`` of these.

        Raises
        ------
        GradientError
            Without a graph, without `gradient` for several elements, or a second time through the same graph.

        Examples
        --------
        >>> import autodiff as ad
        >>> x = ad.tensor([1.0, 2.0, 3.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4., 6.])
        """
        gradients.backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """A Tensor on the same memory that is cut off from the graph; writing into either is seen by backward."""
        return wrap(self._array, None, self._storage)  # type: ignore[no-any-return]

    def detach_(self) -> Tensor:
        """Cut this Tensor off from its history."""
        if self._base is not None:
            raise GradientError("a view cannot be detached in place; use .detach()")
        self._grad, self._node = self.grad, None
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of this computed Tensor in ``.grad``, as leaves do."""
        node = gradients.vertex_of(self)
        if node is None:
            raise GradientError("retain_grad() needs a Tensor that requires grad")
        node.keeps_grad = node.watched = True

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was asked for; False for leaves, which always keep it."""
        node = gradients.vertex_of(self)
        return node is not None and not isinstance(node, Leaf) and node.keeps_grad

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook` with the gradient of this Tensor, once it is complete; what it returns replaces it.

        Examples
        --------
        >>> import autodiff as ad
        >>> x = ad.tensor(2.0, requires_grad=True)
        >>> handle = x.register_hook(lambda g: g * 10)
        >>> (x * 3).backward()
        >>> x.grad
        tensor(30.)
        """
        node = gradients.vertex_of(self)
        if node is None:
            raise GradientError("a hook can only be registered on a Tensor that requires grad")
        return node.watch(hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook` with this leaf whenever backward has added to its ``.grad``.

        Examples
        --------
        >>> import autodiff as ad
        >>> x = ad.tensor(2.0, requires_grad=True)
        >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.grad))
        >>> (x * 3).backward()
        tensor(3.)
        """
        node = gradients.vertex_of(self)
        if not isinstance(node, Leaf):
            raise GradientError("this hook is for leaf Tensors that require grad; use register_hook for computed ones")
        leaf = ref(self)  # the graph never holds a Tensor
        return node.register_hook(lambda _, came: hook(leaf()))  # type: ignore[arg-type]

    @property
    def _version(self) -> int:
        return self._storage.version

    @property
    def output_nr(self) -> int:
        """Which result of its operation it is."""
        return self._node.index if isinstance(self._node, Output) else 0

    # ------------------------------------------------------------------ leaving for Python and NumPy

    def numpy(self, *, force: bool = False) -> Array:
        """The elements as an ndarray on the same memory; backward cannot see what is written there."""
        if self.requires_grad and not force:
            raise GradientError("a Tensor that requires grad gives no array; use .detach().numpy()")
        self._leaving(".numpy()")
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.requires_grad:
            raise GradientError("NumPy would lose the gradient of this Tensor; use .detach().numpy() if that is meant")
        self._leaving("an array made of a Tensor")
        return np.array(self._array, dtype=dtype, copy=copy)

    _leaving = leaving

    def item(self) -> Any:
        """The one element, as a Python number."""
        if changes.recordings:
            self._leaving(".item()")
        try:
            return self._array.item()
        except ValueError:
            raise ShapeError(f"item() needs one element, got shape {self._array.shape}; use tolist()") from None

    def tolist(self) -> Any:
        """The elements as nested lists of Python numbers."""
        self._leaving(".tolist()")
        return self._array.tolist()

    def __len__(self) -> int:
        if not self._array.ndim:
            raise DtypeError("a Tensor without dimensions has no len(); use .numel()")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._array.ndim:
            raise DtypeError("a Tensor without dimensions cannot be iterated over; use .item()")
        return iter(unstack(self, axis=0))

    def __bool__(self) -> bool:
        if self._array.size != 1:
            shape = self._array.shape
            raise AutodiffError(f"the truth of a Tensor of shape {shape} is ambiguous; use .any() or .all()")
        self._leaving("the truth of a Tensor")
        return bool(self._array)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iu" or self._array.size != 1:
            raise DtypeError("only a Tensor of one integer can be used as an index")
        self._leaving("an index")
        return int(self._array.item())

    def __contains__(self, element: Any) -> bool:
        if not isinstance(element, (Value, int, float, np.generic, np.ndarray)):
            raise DtypeError(f"a Tensor holds numbers, so it cannot be asked for a {type(element).__name__}")
        self._leaving("`in`")
        return bool((self._array == (element._array if isinstance(element, Value) else element)).any())

    def __repr__(self) -> str:
        from autodiff.printing import render

        self._leaving("a printed Tensor")
        return render(self)

    def __format__(self, spec: str) -> str:
        if not self._array.ndim:
            return format(self.item(), spec)
        try:
            return format(repr(self), spec)
        except ValueError:
            raise DtypeError(
                f"{spec!r} formats one number, not a Tensor of shape {self._array.shape}; format x.item() or x.tolist()"
            ) from None

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        node = gradients.vertex_of(self)
        if node is not None and not isinstance(node, Leaf):
            raise GradientError("only leaves can be deep-copied; use .detach() or .clone()")
        out = type(self).__new__(type(self))
        memo[id(self)] = out
        out.__setstate__((self._array.copy("K"), node is not None))
        if modes.recorder is not None:
            modes.recorder.same(out, self)
        grad = self.grad
        if grad is not None:
            out.grad = grad.detach().__deepcopy__({})
        return out

    def __copy__(self) -> Tensor:
        out = type(self).__new__(type(self))
        vars(out).update(vars(self))
        out._leaf = None
        if isinstance(self._node, Leaf):  # a leaf of its own, on the same memory
            out._node = None
            out.requires_grad_()
        return out

    def __reduce_ex__(self, protocol: Any) -> Any:
        self._leaving("pickling")
        return type(self).__new__, (type(self),), (self._array, self.requires_grad)

    def __setstate__(self, state: tuple[Array, bool]) -> None:
        array, requires_grad = state
        self._array = owned(array, dtypes.check(array.dtype))
        self._storage = Storage()
        self._node = self._base = None
        if requires_grad:
            self.requires_grad_()

    # ------------------------------------------------------------------ transposes

    @property
    def T(self) -> Tensor:
        """The dimensions reversed."""
        return transpose(self)  # type: ignore[no-any-return]

    @property
    def mT(self) -> Tensor:
        """The last two dimensions exchanged."""
        if self._array.ndim < 2:
            raise ShapeError(f".mT needs at least 2 dimensions, got shape {self._array.shape}")
        return linalg.swap_last(self)  # type: ignore[no-any-return]

    # ------------------------------------------------------------------ indexing

    def __getitem__(self, key: Any) -> Tensor:
        if type(key) is int or type(key) is slice:
            return index(self, key=(key,))  # type: ignore[no-any-return]
        first, static, arrays = split_key(key, self._array.shape)
        x: Any = self if first is None else index(self, key=first)
        return index(x, *arrays, key=static)  # type: ignore[no-any-return]

    def __setitem__(self, key: Any, value: Any) -> None:
        first, static, arrays = split_key(key, self._array.shape)
        if not isinstance(value, (Value, int, float)):
            if value is None or isinstance(value, (str, bytes)):
                raise DtypeError(f"a Tensor holds numbers, and {value!r} is none")
            value = as_tensor(value, dtype=None if isinstance(value, (complex, np.generic)) else self._array.dtype)
        inplace.write_item(self if first is None else index(self, key=first), static, arrays, value)


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Make a Tensor of a copy of `data`.

    Parameters
    ----------
    data : array_like
        A number, nested lists of numbers or Tensors, an ndarray, or a Tensor.
    dtype : dtype, optional
        Default: that of an ndarray or Tensor; otherwise the default dtype for floats (float32), int64 for integers,
        bool for booleans.
    device : "cpu", optional
        There is only one.
    requires_grad : bool, default=False
        Whether to record what is computed from it, and to collect its gradient.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.tensor([[1, 2.5], [3, 4]])
    tensor([[1.0000, 2.5000],
            [3.0000, 4.0000]])
    """
    if device is not None:
        as_device(device)
    out: Tensor = wrap(as_array(data, dtype, copy=True))
    if modes.recorder is not None and isinstance(data, (np.ndarray, Value)):
        modes.recorder.same(out, data)
    return out.requires_grad_() if requires_grad else out


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """Return `data` as a Tensor, sharing its memory (and keeping its history) where that is possible.

    Examples
    --------
    >>> import autodiff as ad
    >>> t = ad.tensor([1.0])
    >>> ad.as_tensor(t) is t
    True
    """
    if device is not None:
        as_device(device)
    if isinstance(data, Tensor):
        if dtype is None or dtypes.as_dtype(dtype) == data._array.dtype:
            return data
        return ew.cast(data, dtype=dtypes.as_dtype(dtype))  # type: ignore[no-any-return]
    return wrap(as_array(data, dtype, copy=False))  # type: ignore[no-any-return]


def from_numpy(ndarray: Array) -> Tensor:
    """Make a Tensor on the memory of an ndarray: writing into either changes both.

    Examples
    --------
    >>> import autodiff as ad, numpy as np
    >>> ad.from_numpy(np.arange(3.0))
    tensor([0., 1., 2.], dtype=float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise DtypeError(f"from_numpy needs an ndarray, got a {type(ndarray).__name__}; use ad.tensor(...)")
    return as_tensor(ndarray)


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


upward.tensor = Tensor
