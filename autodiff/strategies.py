"""Hypothesis strategies that draw shapes, indices and Tensors, for property tests of code that uses Tensors.

They need Hypothesis, which the extra `test` installs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import dtypes
from autodiff.errors import MissingExtraError
from autodiff.graph import wrap

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from autodiff.tensors import Tensor

__all__ = ["broadcastable_shapes", "indices", "matmul_shapes", "shapes", "tensors"]


def _hypothesis() -> tuple[Any, Any]:
    """Hypothesis's strategies and its NumPy extension."""
    try:
        from hypothesis import strategies
        from hypothesis.extra import numpy
    except ImportError:
        raise MissingExtraError.of("hypothesis", "test", "autodiff.strategies") from None
    return strategies, numpy


def shapes(
    *, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> SearchStrategy[tuple[int, ...]]:
    """Draw the shape of a Tensor.

    Parameters
    ----------
    min_dims, max_dims : int, default=0, 3
        How many dimensions.
    min_side, max_side : int, default=1, 4
        How large each may be; 0 draws empty Tensors too.
    """
    _, numpy = _hypothesis()
    return numpy.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)  # type: ignore[no-any-return]


def broadcastable_shapes(
    n: int = 2, *, max_dims: int = 3, min_side: int = 1, max_side: int = 4
) -> SearchStrategy[tuple[tuple[int, ...], ...]]:
    """Draw `n` shapes that broadcast against each other.

    Parameters
    ----------
    n : int, default=2
        How many shapes.
    max_dims, min_side, max_side : int
        As in `shapes`.
    """
    _, numpy = _hypothesis()
    drawn = numpy.mutually_broadcastable_shapes(num_shapes=n, max_dims=max_dims, min_side=min_side, max_side=max_side)
    return drawn.map(lambda found: found.input_shapes)  # type: ignore[no-any-return]


def matmul_shapes(*, max_dims: int = 4, max_side: int = 4) -> SearchStrategy[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Draw two shapes that `autodiff.matmul` takes: vectors, matrices and stacks of matrices that broadcast.

    Parameters
    ----------
    max_dims : int, default=4
        How many dimensions at most, the two of a matrix among them.
    max_side : int, default=4
        How large each may be.
    """
    _, numpy = _hypothesis()
    drawn = numpy.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=max_dims - 2, max_side=max_side)
    return drawn.map(lambda found: found.input_shapes)  # type: ignore[no-any-return]


def tensors(
    shape: Any = None,
    *,
    dtype: Any = dtypes.float64,
    min_value: float = -2.0,
    max_value: float = 2.0,
    requires_grad: bool = True,
) -> SearchStrategy[Tensor]:
    """Draw a Tensor.

    Parameters
    ----------
    shape : tuple of int or strategy, optional
        Its shape; `shapes()` by default.
    dtype : dtype, default=float64
        A floating or integer dtype, or bool. The default is what differences of derivatives need.
    min_value, max_value : float, default=-2.0, 2.0
        The range of the elements, which lie on a grid of 1/64 of it: equal elements, and both ends, occur.
    requires_grad : bool, default=True
        Whether to collect gradients; never of integers.

    Returns
    -------
    SearchStrategy of Tensor
        Each drawn Tensor is a new leaf.

    Examples
    --------
    A property of your own function, with its gradient:

    >>> import autodiff as ad
    >>> from hypothesis import given
    >>> from autodiff import strategies
    >>> @given(strategies.tensors(min_value=0.5))
    ... def test_log_undoes_exp(x):
    ...     assert ad.allclose(x.log().exp(), x)
    ...     assert ad.gradcheck(ad.log, x)
    >>> test_log_undoes_exp()
    """
    st, numpy = _hypothesis()
    kind = dtypes.as_dtype(dtype)
    if kind.kind == "f":
        step = (max_value - min_value) / 64
        elements = st.integers(0, 64).map(lambda i: min_value + i * step)
    elif kind.kind == "b":
        elements = st.booleans()
    else:
        elements = st.integers(int(min_value), int(max_value))
    arrays = numpy.arrays(
        np.float64 if kind.kind == "f" else kind, shapes() if shape is None else shape, elements=elements
    )

    def made(array: Any) -> Any:
        t = wrap(np.ascontiguousarray(array.astype(kind)).reshape(array.shape))
        return t.requires_grad_() if requires_grad and kind.kind == "f" else t

    return arrays.map(made)  # type: ignore[no-any-return]


def indices(shape: tuple[int, ...]) -> SearchStrategy[Any]:
    """Draw what may stand in the brackets after a Tensor of `shape`, to read or to write.

    Slices of any step, integers, ``...`` and None; a boolean mask of the first dimensions; integer arrays in place of
    some dimensions, broadcast against each other, beside slices.

    Parameters
    ----------
    shape : tuple of int
        The shape of the Tensor; without empty dimensions.
    """
    st, numpy = _hypothesis()
    basic = numpy.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    if not shape:
        return basic  # type: ignore[no-any-return]
    masks = st.integers(1, len(shape)).flatmap(lambda k: numpy.arrays(bool, shape[:k]))

    @st.composite  # type: ignore[untyped-decorator]
    def mixed(draw: Any) -> Any:
        grid = draw(numpy.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3))
        key: list[Any] = []
        for n in shape[: draw(st.integers(1, len(shape)))]:
            if draw(st.booleans()):
                key.append(draw(numpy.arrays(np.int64, grid, elements=st.integers(-n, n - 1))))
            else:
                key.append(draw(st.one_of(st.slices(n), st.integers(-n, n - 1))))
        return tuple(key)

    return st.one_of(basic, masks, mixed())  # type: ignore[no-any-return]
