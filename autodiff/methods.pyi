"""The methods of Tensor that are PyTorch-named functions as well.

Written by tests/methods_stub.py from the functions themselves: do not edit.
"""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Sequence
from typing import Any

from autodiff.names.arguments import Dims, DType, Operand
from autodiff.random import Generator
from autodiff.tensors import Tensor

class Methods:
    """Base of Tensor; `autodiff.names` attaches its functions here, so that each is written once."""

    def abs(self) -> Tensor:
        """|input|, elementwise."""
    def abs_(self) -> Tensor:
        """Absolute value of each element, in place."""
    def absolute(self) -> Tensor:
        """|input|, elementwise."""
    def add(self, other: Operand, *, alpha: _float = 1) -> Tensor:
        """The sum input + alpha * other, elementwise with broadcasting."""
    def add_(self, other: Operand, *, alpha: _float = 1) -> Tensor:
        """Add alpha * other in place."""
    def all(
        self, dim: Dims = None, keepdim: _bool = False, *, axis: Dims = None, keepdims: _bool | None = None
    ) -> Tensor:
        """Whether all elements are other than 0; of no elements, True."""
    def allclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> _bool:
        """Whether `isclose` holds for all elements, as one bool."""
    def amax(
        self, dim: Dims = None, keepdim: _bool = False, *, axis: Dims = None, keepdims: _bool | None = None
    ) -> Tensor:
        """Largest element over some dims, or over all of them."""
    def amin(
        self, dim: Dims = None, keepdim: _bool = False, *, axis: Dims = None, keepdims: _bool | None = None
    ) -> Tensor:
        """Smallest element over some dims, or over all of them."""
    def any(
        self, dim: Dims = None, keepdim: _bool = False, *, axis: Dims = None, keepdims: _bool | None = None
    ) -> Tensor:
        """Whether any element is other than 0; of no elements, False."""
    def argmax(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        axis: _int | None = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Index of the largest element along one dim, or among all elements in their order."""
    def argmin(
        self,
        dim: _int | None = None,
        keepdim: _bool = False,
        *,
        axis: _int | None = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Index of the smallest element along one dim, or among all elements in their order."""
    def argwhere(self) -> Tensor:
        """Where the elements are that are not 0: `nonzero` with NumPy's name."""
    def bernoulli(self, p: _float | None = None, *, generator: Generator | None = None) -> Tensor:
        """1 with the probability that each element says, else 0."""
    def bernoulli_(self, p: Operand = 0.5, *, generator: Generator | None = None) -> Tensor:
        """Write 1 with probability `p`, a number or a Tensor of probabilities, else 0."""
    def bmm(self, mat2: Tensor) -> Tensor:
        """Products of two stacks of matrices, one by one."""
    def bool(self) -> Tensor:
        """Convert to bool; a Tensor of that dtype is returned as it is."""
    def broadcast_to(self, size: Sequence[_int]) -> Tensor:
        """Repeat along dims of size 1, and along new dims in front, without copying."""
    def byte(self) -> Tensor:
        """Convert to uint8; a Tensor of that dtype is returned as it is."""
    def char(self) -> Tensor:
        """Convert to int8; a Tensor of that dtype is returned as it is."""
    def chunk(self, chunks: _int, dim: _int = 0) -> tuple[Tensor, ...]:
        """Take a Tensor apart into at most `chunks` parts of one size (the last may be smaller) along one dim."""
    def clamp(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """Hold each element between two bounds: min(max(input, min), max)."""
    def clamp_(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """Hold each element between two bounds, in place: see `autodiff.clamp`."""
    def clamp_max(self, max: Operand) -> Tensor:
        """min(input, max), elementwise."""
    def clamp_max_(self, max: Operand) -> Tensor:
        """Lower each element to `max` at most, in place."""
    def clamp_min(self, min: Operand) -> Tensor:
        """max(input, min), elementwise."""
    def clamp_min_(self, min: Operand) -> Tensor:
        """Raise each element to `min` at least, in place."""
    def clip(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """Hold each element between two bounds: min(max(input, min), max)."""
    def clip_(self, min: Operand | None = None, max: Operand | None = None) -> Tensor:
        """Hold each element between two bounds, in place: see `autodiff.clamp`."""
    def clone(self, *, memory_format: Any = None) -> Tensor:
        """A copy in memory of its own; gradients flow through."""
    def contiguous(self, memory_format: Any = None) -> Tensor:
        """The Tensor itself if its elements lie in memory in their order, else such a copy."""
    def copy_(self, src: Operand, non_blocking: _bool = False) -> Tensor:
        """Write the elements of another Tensor, which broadcasts and is converted, into this one."""
    def cos(self) -> Tensor:
        """Cosine, elementwise."""
    def cos_(self) -> Tensor:
        """Cosine of each element, in place."""
    def cpu(self) -> Tensor:
        """The Tensor itself, which is on the CPU already."""
    def cuda(self, device: Any = None) -> Tensor:
        """Raise, since there is no GPU here: Tensors live on the CPU."""
    def dim(self) -> _int:
        """The number of dims."""
    def div(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """The quotient input / other, elementwise with broadcasting; the quotient of integers is a float."""
    def div_(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """Divide by `other` in place, and round the quotient if told how: see `autodiff.div`."""
    def divide(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """The quotient input / other, elementwise with broadcasting; the quotient of integers is a float."""
    def divide_(self, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
        """Divide by `other` in place, and round the quotient if told how: see `autodiff.div`."""
    def dot(self, tensor: Tensor) -> Tensor:
        """Sum of the products of the elements of two vectors."""
    def double(self) -> Tensor:
        """Convert to float64; a Tensor of that dtype is returned as it is."""
    def element_size(self) -> _int:
        """The number of bytes of one element."""
    def eq(self, other: Operand) -> Tensor:
        """Whether input == other, elementwise with broadcasting."""
    def equal(self, other: Tensor) -> _bool:
        """Whether two Tensors have the same shape and the same elements, as one bool; nan equals nothing."""
    def exp(self) -> Tensor:
        """e^input, elementwise."""
    def exp_(self) -> Tensor:
        """Exponential of each element, in place."""
    def expand(self, *size: Any) -> Tensor:
        """Repeat dims of size 1 without copying, ``x.expand(3, -1)``: see `autodiff.broadcast_to`."""
    def expand_as(self, other: Tensor) -> Tensor:
        """Repeat dims of size 1, without copying, to the shape of another Tensor."""
    def fill_(self, value: Operand) -> Tensor:
        """Write one value, a number or a Tensor without dimensions, everywhere."""
    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
        """Make one dim of all dims from `start_dim` to `end_dim`."""
    def float(self) -> Tensor:
        """Convert to float32; a Tensor of that dtype is returned as it is."""
    def floor_divide(self, other: Operand) -> Tensor:
        """floor(input / other), elementwise with broadcasting."""
    def floor_divide_(self, other: Operand) -> Tensor:
        """Divide by `other` in place and round downward."""
    def gather(self, dim: _int, index: Tensor) -> Tensor:
        """Pick along one dim, at each place another index: out[i][j] = input[index[i][j]][j] for dim 0."""
    def ge(self, other: Operand) -> Tensor:
        """Whether input >= other, elementwise with broadcasting."""
    def greater(self, other: Operand) -> Tensor:
        """Whether input > other, elementwise with broadcasting."""
    def greater_equal(self, other: Operand) -> Tensor:
        """Whether input >= other, elementwise with broadcasting."""
    def gt(self, other: Operand) -> Tensor:
        """Whether input > other, elementwise with broadcasting."""
    def half(self) -> Tensor:
        """Convert to float16; a Tensor of that dtype is returned as it is."""
    def index_select(self, dim: _int, index: Tensor) -> Tensor:
        """Pick slices along one dim."""
    def int(self) -> Tensor:
        """Convert to int32; a Tensor of that dtype is returned as it is."""
    def is_complex(self) -> _bool:
        """Whether the dtype is a complex one: never."""
    def is_contiguous(self) -> _bool:
        """Whether the elements lie in memory in their order, without gaps."""
    @property
    def is_cuda(self) -> _bool:
        """Whether the elements are on a GPU: never."""
    def is_floating_point(self) -> _bool:
        """Whether the dtype is a floating one."""
    def is_nonzero(self) -> _bool:
        """Whether the one element is other than 0."""
    def isclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor:
        """|input - other| <= atol + rtol |other|, elementwise."""
    def isfinite(self) -> Tensor:
        """Whether each element is neither infinite nor nan."""
    def isinf(self) -> Tensor:
        """Whether each element is infinite."""
    def isnan(self) -> Tensor:
        """Whether each element is not a number."""
    @property
    def itemsize(self) -> _int:
        """The number of bytes of one element."""
    def le(self, other: Operand) -> Tensor:
        """Whether input <= other, elementwise with broadcasting."""
    def less(self, other: Operand) -> Tensor:
        """Whether input < other, elementwise with broadcasting."""
    def less_equal(self, other: Operand) -> Tensor:
        """Whether input <= other, elementwise with broadcasting."""
    def log(self) -> Tensor:
        """Natural logarithm, elementwise: -inf at 0, nan below."""
    def log1p(self) -> Tensor:
        """log(1 + input), elementwise, exact near 0."""
    def log1p_(self) -> Tensor:
        """log(1 + x) of each element, in place."""
    def log_(self) -> Tensor:
        """Natural logarithm of each element, in place."""
    def log_softmax(self, dim: _int | None = None, dtype: DType = None, *, axis: _int | None = None) -> Tensor:
        """Logarithm of `softmax`: input - logsumexp(input) along one dim."""
    def logical_and(self, other: Tensor) -> Tensor:
        """True where both elements are other than 0."""
    def logical_not(self) -> Tensor:
        """True where the element is 0."""
    def logical_or(self, other: Tensor) -> Tensor:
        """True where an element is other than 0."""
    def logical_xor(self, other: Tensor) -> Tensor:
        """True where exactly one element is other than 0."""
    def logsumexp(
        self, dim: Dims = None, keepdim: _bool = False, *, axis: Dims = None, keepdims: _bool | None = None
    ) -> Tensor:
        """log(sum(exp(input))) over some dims, without overflow."""
    def long(self) -> Tensor:
        """Convert to int64; a Tensor of that dtype is returned as it is."""
    def lt(self, other: Operand) -> Tensor:
        """Whether input < other, elementwise with broadcasting."""
    def masked_fill(self, mask: Tensor, value: Operand) -> Tensor:
        """`value` where the mask is True, else `input`."""
    def masked_fill_(self, mask: Tensor, value: Operand) -> Tensor:
        """Write `value` where the mask is True: see `autodiff.masked_fill`."""
    def masked_select(self, mask: Tensor) -> Tensor:
        """The elements where the mask is True, in one dim."""
    def matmul(self, other: Tensor) -> Tensor:
        """Product of matrices, vectors, or stacks of matrices: the operator ``@``."""
    def max(
        self,
        dim: _int | Operand | None = None,
        keepdim: _bool = False,
        *,
        other: Operand | None = None,
        axis: _int | None = None,
        keepdims: _bool | None = None,
    ) -> Any:
        """Largest element of all; or along one dim, with its index; or elementwise, of two Tensors."""
    def maximum(self, other: Operand) -> Tensor:
        """The larger of two, elementwise with broadcasting; a nan wins."""
    def mean(
        self,
        dim: Dims = None,
        keepdim: _bool = False,
        *,
        dtype: DType = None,
        axis: Dims = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Arithmetic mean over some dims, or over all of them."""
    def min(
        self,
        dim: _int | Operand | None = None,
        keepdim: _bool = False,
        *,
        other: Operand | None = None,
        axis: _int | None = None,
        keepdims: _bool | None = None,
    ) -> Any:
        """Smallest element of all; or along one dim, with its index; or elementwise, of two Tensors."""
    def minimum(self, other: Operand) -> Tensor:
        """The smaller of two, elementwise with broadcasting; a nan wins."""
    def mm(self, mat2: Tensor) -> Tensor:
        """Product of two matrices."""
    def moveaxis(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor:
        """Move dims to other places; the rest keep their order."""
    def movedim(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor:
        """Move dims to other places; the rest keep their order."""
    def mul(self, other: Operand) -> Tensor:
        """The product input * other, elementwise with broadcasting."""
    def mul_(self, other: Operand) -> Tensor:
        """Multiply by `other` in place."""
    def multiply(self, other: Operand) -> Tensor:
        """The product input * other, elementwise with broadcasting."""
    def multiply_(self, other: Operand) -> Tensor:
        """Multiply by `other` in place."""
    def mv(self, vec: Tensor) -> Tensor:
        """Product of a matrix and a vector."""
    def narrow(self, dim: _int, start: _int, length: _int) -> Tensor:
        """A range along one dim: `length` slices from `start` on."""
    @property
    def nbytes(self) -> _int:
        """The number of bytes of all elements."""
    def ndimension(self) -> _int:
        """The number of dims."""
    def ne(self, other: Operand) -> Tensor:
        """Whether input != other, elementwise with broadcasting."""
    def neg(self) -> Tensor:
        """-input, elementwise."""
    def neg_(self) -> Tensor:
        """Negative of each element, in place."""
    def negative(self) -> Tensor:
        """-input, elementwise."""
    def nelement(self) -> _int:
        """The number of elements."""
    def new_empty(self, *size: Any, dtype: DType = None, device: Any = None, requires_grad: _bool = False) -> Tensor:
        """Make a Tensor whose elements are not written, by default of the dtype of this one."""
    def new_full(
        self, size: Any, fill_value: Any, *, dtype: DType = None, device: Any = None, requires_grad: _bool = False
    ) -> Tensor:
        """Make a Tensor whose elements are all `fill_value`, by default of the dtype of this one."""
    def new_ones(self, *size: Any, dtype: DType = None, device: Any = None, requires_grad: _bool = False) -> Tensor:
        """Make a Tensor of ones, by default of the dtype of this one."""
    def new_tensor(self, data: Any, *, dtype: DType = None, device: Any = None, requires_grad: _bool = False) -> Tensor:
        """Make a Tensor of a copy of `data`, by default of the dtype of this one."""
    def new_zeros(self, *size: Any, dtype: DType = None, device: Any = None, requires_grad: _bool = False) -> Tensor:
        """Make a Tensor of zeros, by default of the dtype of this one."""
    def nonzero(self, *, as_tuple: _bool = False) -> Any:
        """Where the elements are that are not 0."""
    def normal_(self, mean: _float = 0.0, std: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Write random numbers of a normal distribution."""
    def not_equal(self, other: Operand) -> Tensor:
        """Whether input != other, elementwise with broadcasting."""
    def numel(self) -> _int:
        """The number of elements."""
    def outer(self, vec2: Tensor) -> Tensor:
        """The product of every element of one vector with every element of another."""
    def permute(self, *dims: Any) -> Tensor:
        """Put the dims in another order, ``x.permute(2, 0, 1)`` or ``x.permute((2, 0, 1))``: see `autodiff.permute`."""
    def positive(self) -> Tensor:
        """Return +input: the Tensor itself."""
    def pow(self, exponent: Operand) -> Tensor:
        """The power input ** exponent, elementwise with broadcasting."""
    def pow_(self, exponent: Operand) -> Tensor:
        """Raise to a power in place."""
    def prod(
        self,
        dim: Dims = None,
        keepdim: _bool = False,
        *,
        dtype: DType = None,
        axis: Dims = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Product over one dim, or over all of them."""
    def ravel(self) -> Tensor:
        """All elements in one dim: a view where that is possible."""
    def reciprocal(self) -> Tensor:
        """1 / input, elementwise."""
    def reciprocal_(self) -> Tensor:
        """1 / each element, in place."""
    def relu(self) -> Tensor:
        """max(input, 0), elementwise."""
    def relu_(self) -> Tensor:
        """max(x, 0) of each element, in place."""
    def remainder(self, other: Operand) -> Tensor:
        """What division leaves, input - floor(input / other) * other, with the sign of `other`."""
    def remainder_(self, other: Operand) -> Tensor:
        """Replace each element by what division by `other` leaves."""
    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape, ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``: see `autodiff.reshape`."""
    def reshape_as(self, other: Tensor) -> Tensor:
        """The same elements in the shape of another Tensor."""
    def rsqrt(self) -> Tensor:
        """1 / sqrt(input), elementwise."""
    def rsqrt_(self) -> Tensor:
        """1 / sqrt of each element, in place."""
    def select(self, dim: _int, index: _int) -> Tensor:
        """The slice at one index along a dim, which it no longer has."""
    def short(self) -> Tensor:
        """Convert to int16; a Tensor of that dtype is returned as it is."""
    def sigmoid(self) -> Tensor:
        """1 / (1 + e^-input), elementwise: the logistic function."""
    def sigmoid_(self) -> Tensor:
        """Logistic function of each element, in place."""
    def sign(self) -> Tensor:
        """-1, 0 or 1, by the sign of each element."""
    def sign_(self) -> Tensor:
        """Sign of each element, in place."""
    def sin(self) -> Tensor:
        """Sine, elementwise."""
    def sin_(self) -> Tensor:
        """Sine of each element, in place."""
    def size(self, dim: _int | None = None) -> Any:
        """The sizes of all dims, as a Size; or the size of one dim, as an int."""
    def softmax(self, dim: _int | None = None, dtype: DType = None, *, axis: _int | None = None) -> Tensor:
        """exp(input) / sum(exp(input)) along one dim: positive numbers that add up to 1."""
    def split(
        self, split_size_or_sections: _int | Sequence[_int], dim: _int = 0, *, split_size: Any = None
    ) -> tuple[Tensor, ...]:
        """Take a Tensor apart along one dim."""
    def sqrt(self) -> Tensor:
        """Square root, elementwise: nan below 0."""
    def sqrt_(self) -> Tensor:
        """Square root of each element, in place."""
    def square(self) -> Tensor:
        """input^2, elementwise."""
    def square_(self) -> Tensor:
        """Square in place."""
    def squeeze(self, dim: _int | Sequence[_int] | None = None) -> Tensor:
        """Leave out dims of size 1: those named, or all of them."""
    def std(
        self,
        dim: Dims = None,
        unbiased: _bool | None = None,
        keepdim: _bool = False,
        *,
        correction: _float | None = None,
        axis: Dims = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Standard deviation over some dims, or over all of them: the square root of `var`."""
    def storage_offset(self) -> _int:
        """How many elements into its memory the first one lies."""
    def stride(self, dim: _int | None = None) -> Any:
        """How many elements apart neighbours are in memory: along each dim, or along one."""
    def sub(self, other: Operand, *, alpha: _float = 1) -> Tensor:
        """The difference input - alpha * other, elementwise with broadcasting."""
    def sub_(self, other: Operand, *, alpha: _float = 1) -> Tensor:
        """Subtract alpha * other in place."""
    def subtract(self, other: Operand, *, alpha: _float = 1) -> Tensor:
        """The difference input - alpha * other, elementwise with broadcasting."""
    def subtract_(self, other: Operand, *, alpha: _float = 1) -> Tensor:
        """Subtract alpha * other in place."""
    def sum(
        self,
        dim: Dims = None,
        keepdim: _bool = False,
        *,
        dtype: DType = None,
        axis: Dims = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Sum over some dims, or over all of them."""
    def swapaxes(self, axis0: _int, axis1: _int) -> Tensor:
        """Exchange two dims: `transpose` with NumPy's name."""
    def swapdims(self, dim0: _int, dim1: _int) -> Tensor:
        """Exchange two dims: another name of `transpose`."""
    def t(self) -> Tensor:
        """Transpose a matrix; a vector stays what it is."""
    def take_along_dim(self, indices: Tensor, dim: _int | None = None) -> Tensor:
        """Pick along one dim, at each place another index; other dims broadcast. It undoes `argmax`."""
    def tanh(self) -> Tensor:
        """Hyperbolic tangent, elementwise."""
    def tanh_(self) -> Tensor:
        """Hyperbolic tangent of each element, in place."""
    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """Convert to a dtype, a device, or to those of another Tensor; nothing to convert gives the Tensor itself."""
    def transpose(self, dim0: _int, dim1: _int) -> Tensor:
        """Exchange two dims."""
    def true_divide(self, other: Operand) -> Tensor:
        """The quotient input / other: `div` without rounding."""
    def true_divide_(self, other: Operand) -> Tensor:
        """Divide by `other` in place."""
    def type_as(self, other: Tensor) -> Tensor:
        """Convert to the dtype of another Tensor."""
    def unbind(self, dim: _int = 0) -> tuple[Tensor, ...]:
        """The slices along one dim, which they no longer have."""
    def unflatten(self, dim: _int, sizes: Sequence[_int]) -> Tensor:
        """Make several dims of one."""
    def uniform_(self, from_: _float = 0.0, to: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Write random numbers, uniform from `from_` up to, and without, `to`."""
    def unsqueeze(self, dim: _int) -> Tensor:
        """Put in a dim of size 1."""
    def var(
        self,
        dim: Dims = None,
        unbiased: _bool | None = None,
        keepdim: _bool = False,
        *,
        correction: _float | None = None,
        axis: Dims = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Variance over some dims, or over all of them: the squared deviations from the mean, over n - correction."""
    def view(self, *shape: Any) -> Tensor:
        """The same memory in another shape, ``x.view(2, 3)``; or, given a dtype, its bits read as that."""
    def view_as(self, other: Tensor) -> Tensor:
        """The same memory in the shape of another Tensor."""
    def where(self, condition: Tensor, other: Operand) -> Tensor:
        """This Tensor where the condition holds, else `other`: see `autodiff.where`."""
    def zero_(self) -> Tensor:
        """Write 0 everywhere."""
