"""Methods that write into their Tensor, with PyTorch's names: each ends in an underscore and returns the Tensor.

Backward sees what they do, as `autodiff.inplace` explains.
"""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autodiff.errors import AutodiffError, DtypeError
from autodiff.graph import Value, modes, wrap
from autodiff.inplace import overwrite, turn, update, write_item
from autodiff.names import arithmetic, sampling, variadic
from autodiff.names import shape as shapes
from autodiff.names.arguments import Operand, one_dim
from autodiff.names.index import fill_value
from autodiff.operators import power_in_place
from autodiff.ops import elementwise as ew
from autodiff.ops import rounding
from autodiff.ops import shape as sh
from autodiff.primitive import Primitive
from autodiff.random import Generator

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__: list[str] = []
METHODS = [
    "abs_",
    "add_",
    "bernoulli_",
    "clamp_",
    "clamp_max_",
    "clamp_min_",
    "clip_",
    "copy_",
    "cos_",
    "div_",
    "divide_",
    "exp_",
    "fill_",
    "floor_divide_",
    "log1p_",
    "log_",
    "mul_",
    "multiply_",
    "neg_",
    "normal_",
    "pow_",
    "relu_",
    "remainder_",
    "sigmoid_",
    "sign_",
    "sin_",
    "sqrt_",
    "square_",
    "squeeze_",
    "sub_",
    "subtract_",
    "swapaxes_",
    "swapdims_",
    "t_",
    "tanh_",
    "transpose_",
    "true_divide_",
    "uniform_",
    "unsqueeze_",
    "zero_",
]


def add_(input: Tensor, other: Operand, *, alpha: float = 1) -> Tensor:
    """Add alpha * other in place."""
    return update(input, ew.add, other if alpha == 1 else arithmetic.times(input, other, alpha))


def sub_(input: Tensor, other: Operand, *, alpha: float = 1) -> Tensor:
    """Subtract alpha * other in place."""
    return update(input, ew.subtract, other if alpha == 1 else arithmetic.times(input, other, alpha))


def mul_(input: Tensor, other: Operand) -> Tensor:
    """Multiply by `other` in place."""
    return update(input, ew.multiply, other)


def div_(input: Tensor, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """Divide by `other` in place, and round the quotient if told how: see `autodiff.div`."""
    if rounding_mode is None:
        return update(input, ew.divide, other)
    return _replace(input, arithmetic.div, other, rounding_mode=rounding_mode)


def true_divide_(input: Tensor, other: Operand) -> Tensor:
    """Divide by `other` in place."""
    return update(input, ew.divide, other)


def floor_divide_(input: Tensor, other: Operand) -> Tensor:
    """Divide by `other` in place and round downward."""
    return update(input, rounding.floor_divide, other)


def remainder_(input: Tensor, other: Operand) -> Tensor:
    """Replace each element by what division by `other` leaves."""
    return update(input, rounding.remainder, other)


def pow_(input: Tensor, exponent: Operand) -> Tensor:
    """Raise to a power in place."""
    return power_in_place(input, exponent)


def square_(input: Tensor) -> Tensor:
    """Square in place."""
    return update(input, ew.power_scalar, exponent=2)


def clamp_(input: Tensor, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """Hold each element between two bounds, in place: see `autodiff.clamp`."""
    if min is None and max is None:
        raise AutodiffError("clamp_ needs a bound: give min=, max=, or both")
    return update(input, ew.clip, min, max)


def clamp_min_(input: Tensor, min: Operand) -> Tensor:
    """Raise each element to `min` at least, in place."""
    return update(input, ew.clip, min, None)


def clamp_max_(input: Tensor, max: Operand) -> Tensor:
    """Lower each element to `max` at most, in place."""
    return update(input, ew.clip, None, max)


def zero_(input: Tensor) -> Tensor:
    """Write 0 everywhere."""
    write_item(input, (Ellipsis,), (), 0)
    return input


def fill_(input: Tensor, value: Operand) -> Tensor:
    """Write one value, a number or a Tensor without dimensions, everywhere."""
    write_item(input, (Ellipsis,), (), fill_value(value, input, "fill_"))
    return input


def copy_(input: Tensor, src: Operand, non_blocking: bool = False) -> Tensor:
    """Write the elements of another Tensor, which broadcasts and is converted, into this one.

    Gradients flow to `src`, and no more to what was here before.
    """
    write_item(input, (Ellipsis,), (), src if isinstance(src, (Value, int, float)) else _value(src))
    return input


def normal_(input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Write random numbers of a normal distribution."""
    if std < 0:
        raise AutodiffError("normal_: a standard deviation cannot be negative")
    drawn = sampling.draw_normal(input._array.shape, _dtype(input, "normal_"), generator)
    return copy_(input, ew.add(ew.multiply(wrap(drawn), std), mean))


def uniform_(input: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Write random numbers, uniform from `from_` up to, and without, `to`."""
    if from_ > to:
        raise AutodiffError(f"uniform_: nothing lies between {from_} and {to}; the smaller bound comes first")
    drawn = sampling.draw_uniform(input._array.shape, _dtype(input, "uniform_"), generator)
    return copy_(input, ew.add(ew.multiply(wrap(drawn), to - from_), from_))


def bernoulli_(input: Tensor, p: Operand = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Write 1 with probability `p`, a number or a Tensor of probabilities, else 0."""
    if isinstance(p, Value):
        return copy_(input, sampling.bernoulli(p, generator=generator))
    return copy_(input, sampling.bernoulli(input, p, generator=generator))  # type: ignore[arg-type]


def squeeze_(input: Tensor, *dim: Any, **named: Any) -> Tensor:
    """Leave out dims of size 1 in place: see `autodiff.squeeze`. The memory stays what it is."""
    return turn(input, sh.reshape, shape=variadic.squeeze(input.detach(), *dim, **named)._array.shape)


def unsqueeze_(input: Tensor, dim: int) -> Tensor:
    """Put in a dim of size 1 in place: see `autodiff.unsqueeze`. The memory stays what it is."""
    return turn(input, sh.reshape, shape=shapes.unsqueeze(input.detach(), dim)._array.shape)


def transpose_(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Exchange two dims in place: see `autodiff.transpose`. The memory stays what it is."""
    shape = input._array.shape
    a, b = one_dim(dim0, shape, "transpose_"), one_dim(dim1, shape, "transpose_")
    order = list(range(len(shape)))
    if order:
        order[a], order[b] = b, a
    return turn(input, sh.transpose, axes=tuple(order))


def swapaxes_(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """Exchange two dims in place: another name of `transpose_`."""
    return transpose_(input, axis0, axis1)


def swapdims_(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Exchange two dims in place: another name of `transpose_`."""
    return transpose_(input, dim0, dim1)


def t_(input: Tensor) -> Tensor:
    """Transpose a matrix in place: see `autodiff.t`. The memory stays what it is."""
    shapes.t(input.detach())  # which refuses more than two dims
    return turn(input, sh.transpose, axes=tuple(reversed(range(input._array.ndim))))


def _dtype(x: Any, name: str) -> Any:
    if x._array.dtype.kind != "f":
        raise DtypeError(f"{name} writes floating numbers, which a Tensor of dtype {x._array.dtype} cannot hold")
    return x._array.dtype


def _value(x: Any) -> Any:
    from autodiff.tensors import as_tensor

    return as_tensor(x)


def _replace(x: Any, function: Callable[..., Any], *rest: Any, **named: Any) -> Any:
    """Do ``x = function(x, *rest)`` in the memory of `x`, where `function` is made of several operations."""
    # The operations must not save memory that is about to be overwritten.
    tracked = modes.grad and any(isinstance(v, Value) and v._node is not None for v in (x, *rest, *named.values()))
    source = ew.copy(x) if tracked else x
    overwrite(x, function(source, *rest, **named))
    return x


def in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    """The method that does ``x = function(x, ...)`` in the memory of x."""

    def method(input: Tensor, *rest: Any, **named: Any) -> Tensor:
        return _replace(input, function, *rest, **named)

    name = function.__name__
    method.__wrapped__ = function  # type: ignore[attr-defined]  # for its signature
    method.__name__ = method.__qualname__ = f"{name}_"
    method.__doc__ = f"`autodiff.{name}` in place: write the result into this Tensor, and return it."
    return method


def _in_place(op: Primitive, name: str, what: str) -> Any:
    def method(input: Tensor) -> Tensor:
        return update(input, op)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{what} of each element, in place."
    return method


abs_ = _in_place(ew.absolute, "abs_", "Absolute value")
cos_ = _in_place(ew.cos, "cos_", "Cosine")
exp_ = _in_place(ew.exp, "exp_", "Exponential")
log1p_ = _in_place(ew.log1p, "log1p_", "log(1 + x)")
log_ = _in_place(ew.log, "log_", "Natural logarithm")
neg_ = _in_place(ew.negative, "neg_", "Negative")
relu_ = _in_place(ew.relu, "relu_", "max(x, 0)")
sigmoid_ = _in_place(ew.sigmoid, "sigmoid_", "Logistic function")
sign_ = _in_place(ew.sgn, "sign_", "Sign")
sin_ = _in_place(ew.sin, "sin_", "Sine")
sqrt_ = _in_place(ew.sqrt, "sqrt_", "Square root")
tanh_ = _in_place(ew.tanh, "tanh_", "Hyperbolic tangent")

clip_ = clamp_
divide_ = div_
multiply_ = mul_
subtract_ = sub_
