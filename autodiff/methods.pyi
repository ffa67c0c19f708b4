"""The methods of Tensor that are PyTorch-named functions as well.

Written by tests/methods_stub.py from the functions themselves: do not edit.
"""

from builtins import bool as _bool
from builtins import float as _float
from builtins import int as _int
from collections.abc import Sequence
from typing import Any

from autodiff.names import return_types
from autodiff.names.arguments import Dims, DType, Operand
from autodiff.random import Generator
from autodiff.tensors import Tensor

class Methods:
    """Base of Tensor; `autodiff.names` attaches its functions here, so that each is written once."""

    @property
    def H(self) -> Tensor:
        """The transpose of a matrix: real numbers are their own conjugates."""
    def abs(self) -> Tensor:
        """|input|, elementwise."""
    def abs_(self) -> Tensor:
        """Absolute value of each element, in place."""
    def absolute(self) -> Tensor:
        """|input|, elementwise."""
    def absolute_(self) -> Tensor:
        """`autodiff.abs` in place: write the result into this Tensor, and return it."""
    def acos(self) -> Tensor:
        """Inverse cosine, elementwise: nan outside -1 to 1."""
    def acos_(self) -> Tensor:
        """`autodiff.acos` in place: write the result into this Tensor, and return it."""
    def acosh(self) -> Tensor:
        """Inverse hyperbolic cosine, elementwise: nan below 1."""
    def acosh_(self) -> Tensor:
        """`autodiff.acosh` in place: write the result into this Tensor, and return it."""
    def add(self, other: Operand, *, alpha: _float = 1) -> Tensor:
        """The sum input + alpha * other, elementwise with broadcasting."""
    def add_(self, other: Operand, *, alpha: _float = 1) -> Tensor:
        """Add alpha * other in place."""
    def addbmm(self, batch1: Tensor, batch2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """Add to the sum of the products of two stacks: beta * input + alpha * sum(batch1 @ batch2); see `addmm`."""
    def addbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """`autodiff.addbmm` in place: write the result into this Tensor, and return it."""
    def addcdiv(self, tensor1: Tensor, tensor2: Tensor, *, value: _float = 1) -> Tensor:
        """The sum input + value * tensor1 / tensor2, elementwise with broadcasting; not of integers."""
    def addcdiv_(self, tensor1: Tensor, tensor2: Tensor, *, value: _float = 1) -> Tensor:
        """`autodiff.addcdiv` in place: write the result into this Tensor, and return it."""
    def addcmul(self, tensor1: Tensor, tensor2: Tensor, *, value: _float = 1) -> Tensor:
        """The sum input + value * tensor1 * tensor2, elementwise with broadcasting."""
    def addcmul_(self, tensor1: Tensor, tensor2: Tensor, *, value: _float = 1) -> Tensor:
        """`autodiff.addcmul` in place: write the result into this Tensor, and return it."""
    def addmm(self, mat1: Tensor, mat2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """Add a matrix to a product of two: beta * input + alpha * (mat1 @ mat2)."""
    def addmm_(self, mat1: Tensor, mat2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """`autodiff.addmm` in place: write the result into this Tensor, and return it."""
    def addmv(self, mat: Tensor, vec: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """Add to the product of a matrix and a vector: beta * input + alpha * (mat @ vec); see `addmm`."""
    def addmv_(self, mat: Tensor, vec: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """`autodiff.addmv` in place: write the result into this Tensor, and return it."""
    def addr(self, vec1: Tensor, vec2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """Add to the outer product of two vectors: beta * input + alpha * outer(vec1, vec2)."""
    def addr_(self, vec1: Tensor, vec2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """`autodiff.addr` in place: write the result into this Tensor, and return it."""
    def adjoint(self) -> Tensor:
        """The last two dims exchanged: the adjoint of a real matrix is its transpose."""
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
    def aminmax(
        self,
        *,
        dim: _int | None = None,
        keepdim: _bool = False,
        axis: _int | None = None,
        keepdims: _bool | None = None,
    ) -> return_types.aminmax:
        """Smallest and largest element, along one dim or of all."""
    def any(
        self, dim: Dims = None, keepdim: _bool = False, *, axis: Dims = None, keepdims: _bool | None = None
    ) -> Tensor:
        """Whether any element is other than 0; of no elements, False."""
    def arccos(self) -> Tensor:
        """Inverse cosine, elementwise: nan outside -1 to 1."""
    def arccos_(self) -> Tensor:
        """`autodiff.acos` in place: write the result into this Tensor, and return it."""
    def arccosh(self) -> Tensor:
        """Inverse hyperbolic cosine, elementwise: nan below 1."""
    def arccosh_(self) -> Tensor:
        """`autodiff.acosh` in place: write the result into this Tensor, and return it."""
    def arcsin(self) -> Tensor:
        """Inverse sine, elementwise: nan outside -1 to 1."""
    def arcsin_(self) -> Tensor:
        """`autodiff.asin` in place: write the result into this Tensor, and return it."""
    def arcsinh(self) -> Tensor:
        """Inverse hyperbolic sine, elementwise."""
    def arcsinh_(self) -> Tensor:
        """`autodiff.asinh` in place: write the result into this Tensor, and return it."""
    def arctan(self) -> Tensor:
        """Inverse tangent, elementwise."""
    def arctan2(self, other: Tensor) -> Tensor:
        """The angle of the point (other, input), between -pi and pi, elementwise with broadcasting."""
    def arctan2_(self, other: Tensor) -> Tensor:
        """`autodiff.atan2` in place: write the result into this Tensor, and return it."""
    def arctan_(self) -> Tensor:
        """`autodiff.atan` in place: write the result into this Tensor, and return it."""
    def arctanh(self) -> Tensor:
        """Inverse hyperbolic tangent, elementwise: nan outside -1 to 1."""
    def arctanh_(self) -> Tensor:
        """`autodiff.atanh` in place: write the result into this Tensor, and return it."""
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
    def argsort(self, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> Tensor:
        """The indices that sort along a dim: the second part of `sort`."""
    def argwhere(self) -> Tensor:
        """Where the elements are that are not 0: `nonzero` with NumPy's name."""
    def as_strided(self, size: Sequence[_int], stride: Sequence[_int], storage_offset: _int | None = None) -> Tensor:
        """The memory of a Tensor, seen with strides of your own."""
    def asin(self) -> Tensor:
        """Inverse sine, elementwise: nan outside -1 to 1."""
    def asin_(self) -> Tensor:
        """`autodiff.asin` in place: write the result into this Tensor, and return it."""
    def asinh(self) -> Tensor:
        """Inverse hyperbolic sine, elementwise."""
    def asinh_(self) -> Tensor:
        """`autodiff.asinh` in place: write the result into this Tensor, and return it."""
    def atan(self) -> Tensor:
        """Inverse tangent, elementwise."""
    def atan2(self, other: Tensor) -> Tensor:
        """The angle of the point (other, input), between -pi and pi, elementwise with broadcasting."""
    def atan2_(self, other: Tensor) -> Tensor:
        """`autodiff.atan2` in place: write the result into this Tensor, and return it."""
    def atan_(self) -> Tensor:
        """`autodiff.atan` in place: write the result into this Tensor, and return it."""
    def atanh(self) -> Tensor:
        """Inverse hyperbolic tangent, elementwise: nan outside -1 to 1."""
    def atanh_(self) -> Tensor:
        """`autodiff.atanh` in place: write the result into this Tensor, and return it."""
    def baddbmm(self, batch1: Tensor, batch2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """Add to the products of two stacks of matrices: beta * input + alpha * (batch1 @ batch2); see `addmm`."""
    def baddbmm_(self, batch1: Tensor, batch2: Tensor, *, beta: _float = 1, alpha: _float = 1) -> Tensor:
        """`autodiff.baddbmm` in place: write the result into this Tensor, and return it."""
    def bernoulli(self, p: _float | None = None, *, generator: Generator | None = None) -> Tensor:
        """1 with the probability that each element says, else 0."""
    def bernoulli_(self, p: Operand = 0.5, *, generator: Generator | None = None) -> Tensor:
        """Write 1 with probability `p`, a number or a Tensor of probabilities, else 0."""
    def bfloat16(self, memory_format: Any = None) -> Tensor:
        """Raise, since NumPy has no numbers of this format: float16 and float32 are there."""
    def bincount(self, weights: Tensor | None = None, minlength: _int = 0) -> Tensor:
        """How often each number from 0 on stands in the input, or the sum of its weights."""
    def bitwise_and(self, other: Operand) -> Tensor:
        """The bits that both have, of integers; of booleans, logical and."""
    def bitwise_and_(self, other: Operand) -> Tensor:
        """`autodiff.bitwise_and` in place: write the result into this Tensor, and return it."""
    def bitwise_left_shift(self, other: Operand) -> Tensor:
        """The bits of integers moved to the left: input * 2^other."""
    def bitwise_left_shift_(self, other: Operand) -> Tensor:
        """`autodiff.bitwise_left_shift` in place: write the result into this Tensor, and return it."""
    def bitwise_not(self) -> Tensor:
        """The other bits, of integers: -input - 1; of booleans, logical not."""
    def bitwise_not_(self) -> Tensor:
        """`autodiff.bitwise_not` in place: write the result into this Tensor, and return it."""
    def bitwise_or(self, other: Operand) -> Tensor:
        """The bits that either has, of integers; of booleans, logical or."""
    def bitwise_or_(self, other: Operand) -> Tensor:
        """`autodiff.bitwise_or` in place: write the result into this Tensor, and return it."""
    def bitwise_right_shift(self, other: Operand) -> Tensor:
        """The bits of integers moved to the right: floor(input / 2^other)."""
    def bitwise_right_shift_(self, other: Operand) -> Tensor:
        """`autodiff.bitwise_right_shift` in place: write the result into this Tensor, and return it."""
    def bitwise_xor(self, other: Operand) -> Tensor:
        """The bits that exactly one has, of integers; of booleans, logical xor."""
    def bitwise_xor_(self, other: Operand) -> Tensor:
        """`autodiff.bitwise_xor` in place: write the result into this Tensor, and return it."""
    def bmm(self, mat2: Tensor) -> Tensor:
        """Products of two stacks of matrices, one by one."""
    def bool(self, memory_format: Any = None) -> Tensor:
        """Convert to bool; a Tensor of that dtype is returned as it is."""
    def broadcast_to(self, *size: Any, **named: Any) -> Tensor:
        """Repeat dims of size 1 without copying, ``x.broadcast_to(3, 2)``: see `autodiff.broadcast_to`."""
    def byte(self, memory_format: Any = None) -> Tensor:
        """Convert to uint8; a Tensor of that dtype is returned as it is."""
    def cauchy_(self, median: _float = 0, sigma: _float = 1, *, generator: Generator | None = None) -> Tensor:
        """Write random numbers of the Cauchy distribution."""
    def ceil(self) -> Tensor:
        """The smallest integer not below each element."""
    def ceil_(self) -> Tensor:
        """`autodiff.ceil` in place: write the result into this Tensor, and return it."""
    def char(self, memory_format: Any = None) -> Tensor:
        """Convert to int8; a Tensor of that dtype is returned as it is."""
    def cholesky(self, upper: _bool = False) -> Tensor:
        """Cholesky factor of a symmetric positive definite matrix: the lower triangular L with L L^T = input."""
    def cholesky_inverse(self, upper: _bool = False) -> Tensor:
        """Inverse of the matrix whose Cholesky factor is `input`."""
    def cholesky_solve(self, input2: Tensor, upper: _bool = False) -> Tensor:
        """The x of a x = input, for the matrix a whose Cholesky factor is `input2`."""
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
    def copysign(self, other: Operand) -> Tensor:
        """|input| with the sign of `other`, elementwise with broadcasting; a zero has a sign too."""
    def copysign_(self, other: Operand) -> Tensor:
        """`autodiff.copysign` in place: write the result into this Tensor, and return it."""
    def corrcoef(self) -> Tensor:
        """Correlation coefficients of variables, which are the rows of a matrix and were observed once a column."""
    def cos(self) -> Tensor:
        """Cosine, elementwise."""
    def cos_(self) -> Tensor:
        """Cosine of each element, in place."""
    def cosh(self) -> Tensor:
        """Hyperbolic cosine, elementwise."""
    def cosh_(self) -> Tensor:
        """`autodiff.cosh` in place: write the result into this Tensor, and return it."""
    def count_nonzero(self, dim: Dims = None, *, axis: Dims = None) -> Tensor:
        """How many elements are not 0, over some dims or over all of them; it has no derivative."""
    def cov(self, *, correction: _float = 1, fweights: Tensor | None = None, aweights: Tensor | None = None) -> Tensor:
        """Covariances of variables, which are the rows of a matrix and were observed once a column."""
    def cpu(self, memory_format: Any = None) -> Tensor:
        """The Tensor itself, which is on the CPU already."""
    def cross(self, other: Tensor, dim: _int | None = None) -> Tensor:
        """Cross product of vectors of three components."""
    def cuda(self, device: Any = None) -> Tensor:
        """Raise, since there is no GPU here: Tensors live on the CPU."""
    def cummax(self, dim: _int | None = None, *, axis: _int | None = None) -> return_types.cummax:
        """Largest of all elements up to each, along one dim, and where it stands."""
    def cummin(self, dim: _int | None = None, *, axis: _int | None = None) -> return_types.cummin:
        """Smallest of all elements up to each, along one dim, and where it stands."""
    def cumprod(self, dim: _int | None = None, *, dtype: DType = None, axis: _int | None = None) -> Tensor:
        """Product of all elements up to each, along one dim."""
    def cumprod_(self, dim: _int | None = None, *, dtype: DType = None, axis: _int | None = None) -> Tensor:
        """`autodiff.cumprod` in place: write the result into this Tensor, and return it."""
    def cumsum(self, dim: _int | None = None, *, dtype: DType = None, axis: _int | None = None) -> Tensor:
        """Sum of all elements up to each, along one dim."""
    def cumsum_(self, dim: _int | None = None, *, dtype: DType = None, axis: _int | None = None) -> Tensor:
        """`autodiff.cumsum` in place: write the result into this Tensor, and return it."""
    def data_ptr(self) -> _int:
        """The address of the first element."""
    def deg2rad(self) -> Tensor:
        """Degrees in radians: input pi / 180."""
    def deg2rad_(self) -> Tensor:
        """`autodiff.deg2rad` in place: write the result into this Tensor, and return it."""
    def det(self) -> Tensor:
        """Determinant of a square matrix: see `linalg.det`."""
    def diag(self, diagonal: _int = 0) -> Tensor:
        """A matrix with the given diagonal; or, given a matrix, a copy of its diagonal."""
    def diag_embed(self, offset: _int = 0, dim1: _int = -2, dim2: _int = -1) -> Tensor:
        """Matrices of zeros with the last dim of `input` on their diagonals."""
    def diagflat(self, offset: _int = 0) -> Tensor:
        """A matrix with all elements of `input`, in their order, on a diagonal."""
    def diagonal(self, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """The diagonal of two dims, as the last dim."""
    def diagonal_scatter(self, src: Tensor, offset: _int = 0, dim1: _int = 0, dim2: _int = 1) -> Tensor:
        """A copy of `input` whose diagonal of two dims, of which the offset-th, is `src`."""
    def diff(
        self,
        n: _int = 1,
        dim: _int = -1,
        prepend: Tensor | None = None,
        append: Tensor | None = None,
        *,
        axis: _int | None = None,
    ) -> Tensor:
        """Differences of neighbours along one dim: out_k = x_{k+1} - x_k."""
    def digamma(self) -> Tensor:
        """Derivative of lgamma, elementwise: -inf at 0, nan at -1, -2, ..."""
    def digamma_(self) -> Tensor:
        """`autodiff.digamma` in place: write the result into this Tensor, and return it."""
    def dim(self) -> _int:
        """The number of dims."""
    def dist(self, other: Tensor, p: _float = 2) -> Tensor:
        """Norm of the difference of two Tensors, which broadcast, over all elements."""
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
    def double(self, memory_format: Any = None) -> Tensor:
        """Convert to float64; a Tensor of that dtype is returned as it is."""
    def dsplit(self, indices_or_sections: _int | Sequence[_int] | None = None, **named: Any) -> tuple[Tensor, ...]:
        """`tensor_split` along dim 2, for three dims or more, into equal parts."""
    def element_size(self) -> _int:
        """The number of bytes of one element."""
    def eq(self, other: Operand) -> Tensor:
        """Whether input == other, elementwise with broadcasting."""
    def eq_(self, other: Operand) -> Tensor:
        """`autodiff.eq` in place: write the result into this Tensor, and return it."""
    def equal(self, other: Tensor) -> _bool:
        """Whether two Tensors have the same shape and the same elements, as one bool; nan equals nothing."""
    def erf(self) -> Tensor:
        """Error function, elementwise: 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to input."""
    def erf_(self) -> Tensor:
        """`autodiff.erf` in place: write the result into this Tensor, and return it."""
    def erfc(self) -> Tensor:
        """1 - erf(input), elementwise, exact where that is small."""
    def erfc_(self) -> Tensor:
        """`autodiff.erfc` in place: write the result into this Tensor, and return it."""
    def erfinv(self) -> Tensor:
        """Inverse of erf, elementwise: -inf and inf at -1 and 1, nan beyond."""
    def erfinv_(self) -> Tensor:
        """`autodiff.erfinv` in place: write the result into this Tensor, and return it."""
    def exp(self) -> Tensor:
        """e^input, elementwise."""
    def exp2(self) -> Tensor:
        """2^input, elementwise."""
    def exp2_(self) -> Tensor:
        """`autodiff.exp2` in place: write the result into this Tensor, and return it."""
    def exp_(self) -> Tensor:
        """Exponential of each element, in place."""
    def expand(self, *size: Any, **named: Any) -> Tensor:
        """Repeat dims of size 1 without copying, ``x.expand(3, -1)``: see `autodiff.broadcast_to`."""
    def expand_as(self, other: Tensor) -> Tensor:
        """Repeat dims of size 1, without copying, to the shape of another Tensor."""
    def expm1(self) -> Tensor:
        """e^input - 1, elementwise, exact near 0."""
    def expm1_(self) -> Tensor:
        """`autodiff.expm1` in place: write the result into this Tensor, and return it."""
    def exponential_(self, lambd: _float = 1, *, generator: Generator | None = None) -> Tensor:
        """Write random numbers of the exponential distribution with rate `lambd`."""
    def fill_(self, value: Operand) -> Tensor:
        """Write one value, a number or a Tensor without dimensions, everywhere."""
    def fix(self) -> Tensor:
        """Each element without its fraction."""
    def fix_(self) -> Tensor:
        """`autodiff.trunc` in place: write the result into this Tensor, and return it."""
    def flatten(self, start_dim: _int = 0, end_dim: _int = -1) -> Tensor:
        """Make one dim of all dims from `start_dim` to `end_dim`."""
    def flip(self, *dims: Any, **named: Any) -> Tensor:
        """Reverse the order along dims, ``x.flip(0, 1)`` or ``x.flip((0, 1))``: see `autodiff.flip`."""
    def fliplr(self) -> Tensor:
        """The columns in reverse order: `flip` along dim 1."""
    def flipud(self) -> Tensor:
        """The rows in reverse order: `flip` along dim 0."""
    def float(self, memory_format: Any = None) -> Tensor:
        """Convert to float32; a Tensor of that dtype is returned as it is."""
    def float_power(self, exponent: Operand) -> Tensor:
        """The power input ** exponent in float64, elementwise with broadcasting."""
    def float_power_(self, exponent: Operand) -> Tensor:
        """`autodiff.float_power` in place: write the result into this Tensor, and return it."""
    def floor(self) -> Tensor:
        """The largest integer not above each element."""
    def floor_(self) -> Tensor:
        """`autodiff.floor` in place: write the result into this Tensor, and return it."""
    def floor_divide(self, other: Operand) -> Tensor:
        """floor(input / other), elementwise with broadcasting."""
    def floor_divide_(self, other: Operand) -> Tensor:
        """Divide by `other` in place and round downward."""
    def fmax(self, other: Tensor) -> Tensor:
        """The larger of two, elementwise with broadcasting; of a number and nan, the number."""
    def fmin(self, other: Tensor) -> Tensor:
        """The smaller of two, elementwise with broadcasting; of a number and nan, the number."""
    def fmod(self, other: Operand) -> Tensor:
        """What division leaves, input - trunc(input / other) * other, with the sign of `input`."""
    def fmod_(self, other: Operand) -> Tensor:
        """`autodiff.fmod` in place: write the result into this Tensor, and return it."""
    def frac(self) -> Tensor:
        """The fraction of each element, input - trunc(input), with its sign."""
    def frac_(self) -> Tensor:
        """`autodiff.frac` in place: write the result into this Tensor, and return it."""
    def gather(self, dim: _int, index: Tensor, *, sparse_grad: _bool = False) -> Tensor:
        """Pick along one dim, at each place another index: out[i][j] = input[index[i][j]][j] for dim 0."""
    def gcd(self, other: Tensor) -> Tensor:
        """Greatest common divisor of integers, elementwise with broadcasting."""
    def gcd_(self, other: Tensor) -> Tensor:
        """`autodiff.gcd` in place: write the result into this Tensor, and return it."""
    def ge(self, other: Operand) -> Tensor:
        """Whether input >= other, elementwise with broadcasting."""
    def ge_(self, other: Operand) -> Tensor:
        """`autodiff.ge` in place: write the result into this Tensor, and return it."""
    def geometric_(self, p: _float, *, generator: Generator | None = None) -> Tensor:
        """Write how many trials it took to succeed, with probability `p` each time."""
    def ger(self, vec2: Tensor) -> Tensor:
        """The product of every element of one vector with every element of another."""
    def get_device(self) -> _int:
        """The number of the GPU: -1, since there is none."""
    def greater(self, other: Operand) -> Tensor:
        """Whether input > other, elementwise with broadcasting."""
    def greater_(self, other: Operand) -> Tensor:
        """`autodiff.gt` in place: write the result into this Tensor, and return it."""
    def greater_equal(self, other: Operand) -> Tensor:
        """Whether input >= other, elementwise with broadcasting."""
    def greater_equal_(self, other: Operand) -> Tensor:
        """`autodiff.ge` in place: write the result into this Tensor, and return it."""
    def gt(self, other: Operand) -> Tensor:
        """Whether input > other, elementwise with broadcasting."""
    def gt_(self, other: Operand) -> Tensor:
        """`autodiff.gt` in place: write the result into this Tensor, and return it."""
    def half(self, memory_format: Any = None) -> Tensor:
        """Convert to float16; a Tensor of that dtype is returned as it is."""
    def heaviside(self, values: Tensor) -> Tensor:
        """0 where input < 0, `values` where input = 0, 1 where input > 0, elementwise with broadcasting."""
    def heaviside_(self, values: Tensor) -> Tensor:
        """`autodiff.heaviside` in place: write the result into this Tensor, and return it."""
    def histc(self, bins: _int = 100, min: _float = 0, max: _float = 0) -> Tensor:
        """How many elements lie in each of some equal parts of a range."""
    def hsplit(self, indices_or_sections: _int | Sequence[_int] | None = None, **named: Any) -> tuple[Tensor, ...]:
        """Take columns apart: `tensor_split` along dim 1, of a vector along its only dim, into equal parts."""
    def hypot(self, other: Tensor) -> Tensor:
        """sqrt(input^2 + other^2), elementwise with broadcasting, without overflow."""
    def hypot_(self, other: Tensor) -> Tensor:
        """`autodiff.hypot` in place: write the result into this Tensor, and return it."""
    def i0(self) -> Tensor:
        """Modified Bessel function of the first kind of order 0, elementwise."""
    def i0_(self) -> Tensor:
        """`autodiff.i0` in place: write the result into this Tensor, and return it."""
    def index_add(self, dim: _int, index: Tensor, source: Tensor, *, alpha: _float = 1) -> Tensor:
        """Add alpha * source, slice by slice along one dim, to the slices at an index."""
    def index_add_(self, dim: _int, index: Tensor, source: Tensor, *, alpha: _float = 1) -> Tensor:
        """`autodiff.index_add` in place: write the result into this Tensor, and return it."""
    def index_copy(self, dim: _int, index: Tensor, source: Tensor) -> Tensor:
        """Write the slices of `source` along one dim to an index; of an index given twice the last slice counts."""
    def index_copy_(self, dim: _int, index: Tensor, source: Tensor) -> Tensor:
        """`autodiff.index_copy` in place: write the result into this Tensor, and return it."""
    def index_fill(self, dim: _int, index: Tensor, value: Operand) -> Tensor:
        """Write one value, a number or a Tensor without dims, to the slices at an index along one dim."""
    def index_fill_(self, dim: _int, index: Tensor, value: Operand) -> Tensor:
        """`autodiff.index_fill` in place: write the result into this Tensor, and return it."""
    def index_put(self, indices: Sequence[Tensor | None], values: Tensor, accumulate: _bool = False) -> Tensor:
        """A copy of `input` in which ``input[indices] = values``, or with `accumulate` ``+= values``."""
    def index_put_(self, indices: Sequence[Tensor | None], values: Tensor, accumulate: _bool = False) -> Tensor:
        """`autodiff.index_put` in place: write the result into this Tensor, and return it."""
    def index_reduce(
        self, dim: _int, index: Tensor, source: Tensor, reduce: str, *, include_self: _bool = True
    ) -> Tensor:
        """Bring slices together along one dim at an index, by product, mean or extreme."""
    def index_reduce_(
        self, dim: _int, index: Tensor, source: Tensor, reduce: str, *, include_self: _bool = True
    ) -> Tensor:
        """`autodiff.index_reduce` in place: write the result into this Tensor, and return it."""
    def index_select(self, dim: _int, index: Tensor) -> Tensor:
        """Pick slices along one dim."""
    def inner(self, other: Tensor) -> Tensor:
        """Sums of the products along the last dim of both; with a Tensor without dims, its multiple."""
    def int(self, memory_format: Any = None) -> Tensor:
        """Convert to int32; a Tensor of that dtype is returned as it is."""
    def inverse(self) -> Tensor:
        """Inverse of a square matrix: see `linalg.inv`."""
    def is_complex(self) -> _bool:
        """Whether the dtype is a complex one: never."""
    def is_contiguous(self, memory_format: Any = None) -> _bool:
        """Whether the elements lie in memory in their order, without gaps."""
    @property
    def is_cpu(self) -> _bool:
        """Whether the elements are in the memory of the CPU: always."""
    @property
    def is_cuda(self) -> _bool:
        """Whether the elements are on a GPU: never."""
    def is_floating_point(self) -> _bool:
        """Whether the dtype is a floating one."""
    def is_nonzero(self) -> _bool:
        """Whether the one element is other than 0."""
    def is_same_size(self, other: Tensor) -> _bool:
        """Whether two Tensors have the same shape."""
    def is_signed(self) -> _bool:
        """Whether the dtype has negative numbers."""
    def isclose(self, other: Tensor, rtol: _float = 1e-05, atol: _float = 1e-08, equal_nan: _bool = False) -> Tensor:
        """|input - other| <= atol + rtol |other|, elementwise."""
    def isfinite(self) -> Tensor:
        """Whether each element is neither infinite nor nan."""
    def isinf(self) -> Tensor:
        """Whether each element is infinite."""
    def isnan(self) -> Tensor:
        """Whether each element is not a number."""
    def isneginf(self) -> Tensor:
        """Whether each element is -inf."""
    def isposinf(self) -> Tensor:
        """Whether each element is inf."""
    def isreal(self) -> Tensor:
        """Whether each element is real: True, since Tensors hold no complex numbers."""
    @property
    def itemsize(self) -> _int:
        """The number of bytes of one element."""
    def kron(self, other: Operand) -> Tensor:
        """Kronecker product: a multiple of `other` in the place of every element of `input`."""
    def kthvalue(self, k: _int, dim: _int = -1, keepdim: _bool = False) -> Any:
        """The k-th smallest element along a dim, counted from 1, and where it stands."""
    def lcm(self, other: Tensor) -> Tensor:
        """Least common multiple of integers, elementwise with broadcasting."""
    def lcm_(self, other: Tensor) -> Tensor:
        """`autodiff.lcm` in place: write the result into this Tensor, and return it."""
    def ldexp(self, other: Tensor) -> Tensor:
        """The product input * 2^other, elementwise with broadcasting; of integers, a float."""
    def ldexp_(self, other: Tensor) -> Tensor:
        """`autodiff.ldexp` in place: write the result into this Tensor, and return it."""
    def le(self, other: Operand) -> Tensor:
        """Whether input <= other, elementwise with broadcasting."""
    def le_(self, other: Operand) -> Tensor:
        """`autodiff.le` in place: write the result into this Tensor, and return it."""
    def lerp(self, end: Tensor, weight: Operand) -> Tensor:
        """The mixture input + weight * (end - input), elementwise with broadcasting."""
    def lerp_(self, end: Tensor, weight: Operand) -> Tensor:
        """`autodiff.lerp` in place: write the result into this Tensor, and return it."""
    def less(self, other: Operand) -> Tensor:
        """Whether input < other, elementwise with broadcasting."""
    def less_(self, other: Operand) -> Tensor:
        """`autodiff.lt` in place: write the result into this Tensor, and return it."""
    def less_equal(self, other: Operand) -> Tensor:
        """Whether input <= other, elementwise with broadcasting."""
    def less_equal_(self, other: Operand) -> Tensor:
        """`autodiff.le` in place: write the result into this Tensor, and return it."""
    def lgamma(self) -> Tensor:
        """Logarithm of |gamma(input)|, elementwise: inf at 0, -1, -2, ..."""
    def lgamma_(self) -> Tensor:
        """`autodiff.lgamma` in place: write the result into this Tensor, and return it."""
    def log(self) -> Tensor:
        """Natural logarithm, elementwise: -inf at 0, nan below."""
    def log10(self) -> Tensor:
        """Logarithm to base 10, elementwise."""
    def log10_(self) -> Tensor:
        """`autodiff.log10` in place: write the result into this Tensor, and return it."""
    def log1p(self) -> Tensor:
        """log(1 + input), elementwise, exact near 0."""
    def log1p_(self) -> Tensor:
        """log(1 + x) of each element, in place."""
    def log2(self) -> Tensor:
        """Logarithm to base 2, elementwise."""
    def log2_(self) -> Tensor:
        """`autodiff.log2` in place: write the result into this Tensor, and return it."""
    def log_(self) -> Tensor:
        """Natural logarithm of each element, in place."""
    def log_normal_(self, mean: _float = 1, std: _float = 2, *, generator: Generator | None = None) -> Tensor:
        """Write random numbers whose logarithms have the normal distribution with this mean and standard deviation."""
    def log_softmax(self, dim: _int | None = None, dtype: DType = None, *, axis: _int | None = None) -> Tensor:
        """Logarithm of `softmax`: input - logsumexp(input) along one dim."""
    def logaddexp(self, other: Tensor) -> Tensor:
        """log(e^input + e^other), elementwise with broadcasting, without overflow."""
    def logaddexp2(self, other: Tensor) -> Tensor:
        """log2(2^input + 2^other), elementwise with broadcasting, without overflow."""
    def logcumsumexp(self, dim: _int | None = None, *, axis: _int | None = None) -> Tensor:
        """log(cumsum(exp(input))) along one dim, without overflow."""
    def logdet(self) -> Tensor:
        """Logarithm of a determinant."""
    def logical_and(self, other: Tensor) -> Tensor:
        """True where both elements are other than 0."""
    def logical_and_(self, other: Tensor) -> Tensor:
        """`autodiff.logical_and` in place: write the result into this Tensor, and return it."""
    def logical_not(self) -> Tensor:
        """True where the element is 0."""
    def logical_not_(self) -> Tensor:
        """`autodiff.logical_not` in place: write the result into this Tensor, and return it."""
    def logical_or(self, other: Tensor) -> Tensor:
        """True where an element is other than 0."""
    def logical_or_(self, other: Tensor) -> Tensor:
        """`autodiff.logical_or` in place: write the result into this Tensor, and return it."""
    def logical_xor(self, other: Tensor) -> Tensor:
        """True where exactly one element is other than 0."""
    def logical_xor_(self, other: Tensor) -> Tensor:
        """`autodiff.logical_xor` in place: write the result into this Tensor, and return it."""
    def logit(self, eps: _float | None = None) -> Tensor:
        """log(input / (1 - input)), elementwise: the inverse of sigmoid."""
    def logit_(self, eps: _float | None = None) -> Tensor:
        """`autodiff.logit` in place: write the result into this Tensor, and return it."""
    def logsumexp(
        self, dim: Dims = None, keepdim: _bool = False, *, axis: Dims = None, keepdims: _bool | None = None
    ) -> Tensor:
        """log(sum(exp(input))) over some dims, without overflow."""
    def long(self, memory_format: Any = None) -> Tensor:
        """Convert to int64; a Tensor of that dtype is returned as it is."""
    def lt(self, other: Operand) -> Tensor:
        """Whether input < other, elementwise with broadcasting."""
    def lt_(self, other: Operand) -> Tensor:
        """`autodiff.lt` in place: write the result into this Tensor, and return it."""
    @property
    def mH(self) -> Tensor:
        """The last two dims exchanged: the adjoint of a real matrix is its transpose."""
    def masked_fill(self, mask: Tensor, value: Operand) -> Tensor:
        """`value` where the mask is True, else `input`."""
    def masked_fill_(self, mask: Tensor, value: Operand) -> Tensor:
        """`autodiff.masked_fill` in place: write the result into this Tensor, and return it."""
    def masked_scatter(self, mask: Tensor, source: Tensor) -> Tensor:
        """Write the elements of `source`, one after the other, where the mask is True."""
    def masked_scatter_(self, mask: Tensor, source: Tensor) -> Tensor:
        """`autodiff.masked_scatter` in place: write the result into this Tensor, and return it."""
    def masked_select(self, mask: Tensor) -> Tensor:
        """The elements where the mask is True, in one dim."""
    def matmul(self, other: Tensor) -> Tensor:
        """Product of matrices, vectors, or stacks of matrices: the operator ``@``."""
    def matrix_exp(self) -> Tensor:
        """Exponential of a square matrix: the sum of input^k / k! over all k."""
    def matrix_power(self, n: _int) -> Tensor:
        """A square matrix, multiplied by itself n times."""
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
    def median(self, dim: _int | None = None, keepdim: _bool = False) -> Any:
        """The element in the middle, the lower of two, of all; or along one dim, with its index."""
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
    def mode(self, dim: _int = -1, keepdim: _bool = False) -> Any:
        """The most common element along a dim, the smallest of several, and where it stands last."""
    def moveaxis(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor:
        """Move dims to other places; the rest keep their order."""
    def movedim(self, source: _int | Sequence[_int], destination: _int | Sequence[_int]) -> Tensor:
        """Move dims to other places; the rest keep their order."""
    def msort(self) -> Tensor:
        """The elements in ascending order along the first dim."""
    def mul(self, other: Operand) -> Tensor:
        """The product input * other, elementwise with broadcasting."""
    def mul_(self, other: Operand) -> Tensor:
        """Multiply by `other` in place."""
    def multinomial(
        self, num_samples: _int, replacement: _bool = False, *, generator: Generator | None = None
    ) -> Tensor:
        """Positions drawn with the given weights."""
    def multiply(self, other: Operand) -> Tensor:
        """The product input * other, elementwise with broadcasting."""
    def multiply_(self, other: Operand) -> Tensor:
        """Multiply by `other` in place."""
    def mv(self, vec: Tensor) -> Tensor:
        """Product of a matrix and a vector."""
    def mvlgamma(self, p: _int) -> Tensor:
        """Logarithm of the multivariate gamma function of dimension `p`, elementwise."""
    def mvlgamma_(self, p: _int) -> Tensor:
        """`autodiff.mvlgamma` in place: write the result into this Tensor, and return it."""
    def nan_to_num(
        self, nan: _float | None = 0.0, posinf: _float | None = None, neginf: _float | None = None
    ) -> Tensor:
        """Replace nan and infinities."""
    def nan_to_num_(
        self, nan: _float | None = 0.0, posinf: _float | None = None, neginf: _float | None = None
    ) -> Tensor:
        """`autodiff.nan_to_num` in place: write the result into this Tensor, and return it."""
    def nanmean(
        self,
        dim: Dims = None,
        keepdim: _bool = False,
        *,
        dtype: DType = None,
        axis: Dims = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Arithmetic mean of what is not nan, over some dims or over all of them."""
    def nanmedian(self, dim: _int | None = None, keepdim: _bool = False) -> Any:
        """The median of what is not nan: see `median`."""
    def nanquantile(
        self, q: Operand, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = "linear"
    ) -> Tensor:
        """The quantile of what is not nan: see `quantile`."""
    def nansum(
        self,
        dim: Dims = None,
        keepdim: _bool = False,
        *,
        dtype: DType = None,
        axis: Dims = None,
        keepdims: _bool | None = None,
    ) -> Tensor:
        """Sum of what is not nan, over some dims or over all of them."""
    def narrow(self, dim: _int, start: _int, length: _int) -> Tensor:
        """A range along one dim: `length` slices from `start` on."""
    @property
    def nbytes(self) -> _int:
        """The number of bytes of all elements."""
    def ndimension(self) -> _int:
        """The number of dims."""
    def ne(self, other: Operand) -> Tensor:
        """Whether input != other, elementwise with broadcasting."""
    def ne_(self, other: Operand) -> Tensor:
        """`autodiff.ne` in place: write the result into this Tensor, and return it."""
    def neg(self) -> Tensor:
        """-input, elementwise."""
    def neg_(self) -> Tensor:
        """Negative of each element, in place."""
    def negative(self) -> Tensor:
        """-input, elementwise."""
    def negative_(self) -> Tensor:
        """`autodiff.neg` in place: write the result into this Tensor, and return it."""
    def nelement(self) -> _int:
        """The number of elements."""
    def new_empty(
        self, *size: Any, dtype: DType = None, device: Any = None, requires_grad: _bool = False, **named: Any
    ) -> Tensor:
        """Make a Tensor whose elements are not written, by default of the dtype of this one."""
    def new_full(
        self, size: Any, fill_value: Any, *, dtype: DType = None, device: Any = None, requires_grad: _bool = False
    ) -> Tensor:
        """Make a Tensor whose elements are all `fill_value`, by default of the dtype of this one."""
    def new_ones(
        self, *size: Any, dtype: DType = None, device: Any = None, requires_grad: _bool = False, **named: Any
    ) -> Tensor:
        """Make a Tensor of ones, by default of the dtype of this one."""
    def new_tensor(self, data: Any, *, dtype: DType = None, device: Any = None, requires_grad: _bool = False) -> Tensor:
        """Make a Tensor of a copy of `data`, by default of the dtype of this one."""
    def new_zeros(
        self, *size: Any, dtype: DType = None, device: Any = None, requires_grad: _bool = False, **named: Any
    ) -> Tensor:
        """Make a Tensor of zeros, by default of the dtype of this one."""
    def nextafter(self, other: Tensor) -> Tensor:
        """The next number of the dtype after `input` on the way to `other`, elementwise with broadcasting."""
    def nextafter_(self, other: Tensor) -> Tensor:
        """`autodiff.nextafter` in place: write the result into this Tensor, and return it."""
    def nonzero(self, *, as_tuple: _bool = False) -> Any:
        """Where the elements are that are not 0."""
    def norm(
        self, p: _float | str | None = "fro", dim: Dims = None, keepdim: _bool = False, dtype: DType = None
    ) -> Tensor:
        """Norm of the elements over some dims, or over all of them."""
    def normal_(self, mean: _float = 0.0, std: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Write random numbers of a normal distribution."""
    def not_equal(self, other: Operand) -> Tensor:
        """Whether input != other, elementwise with broadcasting."""
    def not_equal_(self, other: Operand) -> Tensor:
        """`autodiff.ne` in place: write the result into this Tensor, and return it."""
    def numel(self) -> _int:
        """The number of elements."""
    def outer(self, vec2: Tensor) -> Tensor:
        """The product of every element of one vector with every element of another."""
    def permute(self, *dims: Any, **named: Any) -> Tensor:
        """Put the dims in another order, ``x.permute(2, 0, 1)`` or ``x.permute((2, 0, 1))``: see `autodiff.permute`."""
    def pinverse(self, rcond: _float = 1e-15) -> Tensor:
        """Pseudo-inverse of a matrix: `linalg.pinv` with ``rtol=rcond``."""
    def polygamma(self, n: _int) -> Tensor:
        """Derivative of digamma of order `n`, elementwise: called as ``polygamma(n, input)``."""
    def polygamma_(self, n: _int) -> Tensor:
        """`autodiff.polygamma` in place: write the result into this Tensor, and return it."""
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
    def put(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
        """Write the elements of `source` to positions of the flattened input, or with `accumulate` add them."""
    def put_(self, index: Tensor, source: Tensor, accumulate: _bool = False) -> Tensor:
        """`autodiff.put` in place: write the result into this Tensor, and return it."""
    def qr(self, some: _bool = True) -> return_types.qr:
        """QR factorisation: `linalg.qr` with the mode "reduced", or "complete" where `some` is False."""
    def quantile(
        self, q: Operand, dim: _int | None = None, keepdim: _bool = False, *, interpolation: str = "linear"
    ) -> Tensor:
        """What a share q of the elements lies below, of all or along one dim."""
    def rad2deg(self) -> Tensor:
        """Radians in degrees: input 180 / pi."""
    def rad2deg_(self) -> Tensor:
        """`autodiff.rad2deg` in place: write the result into this Tensor, and return it."""
    def random_(self, from_: Any = None, to: Any = None, *, generator: Generator | None = None) -> Tensor:
        """Write random integers: of all that the dtype holds, below `to`, or ``random_(from, to)``."""
    def ravel(self) -> Tensor:
        """All elements in one dim: a view where that is possible."""
    def reciprocal(self) -> Tensor:
        """1 / input, elementwise."""
    def reciprocal_(self) -> Tensor:
        """`autodiff.reciprocal` in place: write the result into this Tensor, and return it."""
    def relu(self) -> Tensor:
        """max(input, 0), elementwise."""
    def relu_(self) -> Tensor:
        """max(x, 0) of each element, in place."""
    def remainder(self, other: Operand) -> Tensor:
        """What division leaves, input - floor(input / other) * other, with the sign of `other`."""
    def remainder_(self, other: Operand) -> Tensor:
        """Replace each element by what division by `other` leaves."""
    def renorm(self, p: _float, dim: _int, maxnorm: _float) -> Tensor:
        """Scale down each slice along a dim whose norm is larger than a bound, so that it becomes the bound."""
    def renorm_(self, p: _float, dim: _int, maxnorm: _float) -> Tensor:
        """`autodiff.renorm` in place: write the result into this Tensor, and return it."""
    def repeat(self, *repeats: Any, **named: Any) -> Tensor:
        """Set the Tensor beside itself, ``x.repeat(2, 3)``, with a number for each dim, those of new dims in front."""
    def repeat_interleave(
        self, repeats: _int | Tensor | None = None, dim: _int | None = None, *, output_size: _int | None = None
    ) -> Tensor:
        """Repeat each element, or each slice along a dim."""
    def reshape(self, *shape: Any, **named: Any) -> Tensor:
        """The same elements in another shape, ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``: see `autodiff.reshape`."""
    def reshape_as(self, other: Tensor) -> Tensor:
        """The same elements in the shape of another Tensor."""
    def roll(self, shifts: _int | Sequence[_int], dims: _int | Sequence[_int] | None = None) -> Tensor:
        """Move elements along some dims; what leaves at one end comes in at the other."""
    def rot90(self, k: _int = 1, dims: Sequence[_int] = (0, 1)) -> Tensor:
        """Turn by 90 degrees, `k` times, from the first of two dims to the second."""
    def round(self, *, decimals: _int = 0) -> Tensor:
        """Round each element to so many decimals, or to tens, hundreds, ... where `decimals` is negative."""
    def round_(self, *, decimals: _int = 0) -> Tensor:
        """`autodiff.round` in place: write the result into this Tensor, and return it."""
    def rsqrt(self) -> Tensor:
        """1 / sqrt(input), elementwise."""
    def rsqrt_(self) -> Tensor:
        """`autodiff.rsqrt` in place: write the result into this Tensor, and return it."""
    def scatter(
        self,
        dim: _int,
        index: Tensor,
        src: Operand | None = None,
        *,
        value: _float | None = None,
        reduce: str | None = None,
    ) -> Tensor:
        """Write along one dim, each number to its own index: out[index[i][j]][j] = src[i][j] for dim 0."""
    def scatter_(
        self,
        dim: _int,
        index: Tensor,
        src: Operand | None = None,
        *,
        value: _float | None = None,
        reduce: str | None = None,
    ) -> Tensor:
        """`autodiff.scatter` in place: write the result into this Tensor, and return it."""
    def scatter_add(self, dim: _int, index: Tensor, src: Tensor) -> Tensor:
        """Add along one dim, each number at its own index: out[index[i][j]][j] += src[i][j] for dim 0."""
    def scatter_add_(self, dim: _int, index: Tensor, src: Tensor) -> Tensor:
        """`autodiff.scatter_add` in place: write the result into this Tensor, and return it."""
    def scatter_reduce(
        self, dim: _int, index: Tensor, src: Tensor, reduce: str, *, include_self: _bool = True
    ) -> Tensor:
        """Bring numbers together along one dim, each at its own index, by sum, product, mean or extreme."""
    def scatter_reduce_(
        self, dim: _int, index: Tensor, src: Tensor, reduce: str, *, include_self: _bool = True
    ) -> Tensor:
        """`autodiff.scatter_reduce` in place: write the result into this Tensor, and return it."""
    def select(self, dim: _int, index: _int) -> Tensor:
        """The slice at one index along a dim, which it no longer has."""
    def select_scatter(self, src: Tensor, dim: _int, index: _int) -> Tensor:
        """A copy of `input` whose slice at one index along a dim is `src`: the writing of `select`."""
    def sgn(self) -> Tensor:
        """-1, 0 or 1, by the sign of each element: `sign`."""
    def sgn_(self) -> Tensor:
        """`autodiff.sgn` in place: write the result into this Tensor, and return it."""
    def short(self, memory_format: Any = None) -> Tensor:
        """Convert to int16; a Tensor of that dtype is returned as it is."""
    def sigmoid(self) -> Tensor:
        """1 / (1 + e^-input), elementwise: the logistic function."""
    def sigmoid_(self) -> Tensor:
        """Logistic function of each element, in place."""
    def sign(self) -> Tensor:
        """-1, 0 or 1, by the sign of each element."""
    def sign_(self) -> Tensor:
        """Sign of each element, in place."""
    def signbit(self) -> Tensor:
        """Whether each element is negative; -0.0 is."""
    def sin(self) -> Tensor:
        """Sine, elementwise."""
    def sin_(self) -> Tensor:
        """Sine of each element, in place."""
    def sinc(self) -> Tensor:
        """sin(pi input) / (pi input), elementwise, and 1 at 0."""
    def sinc_(self) -> Tensor:
        """`autodiff.sinc` in place: write the result into this Tensor, and return it."""
    def sinh(self) -> Tensor:
        """Hyperbolic sine, elementwise."""
    def sinh_(self) -> Tensor:
        """`autodiff.sinh` in place: write the result into this Tensor, and return it."""
    def size(self, dim: _int | None = None) -> Any:
        """The sizes of all dims, as a Size; or the size of one dim, as an int."""
    def slice_scatter(
        self, src: Tensor, dim: _int = 0, start: _int | None = None, end: _int | None = None, step: _int = 1
    ) -> Tensor:
        """A copy of `input` in which the slices start, start + step, ... before end along a dim are those of `src`."""
    def slogdet(self) -> return_types.slogdet:
        """Sign, and logarithm of the absolute value, of a determinant: see `linalg.slogdet`."""
    def softmax(self, dim: _int | None = None, dtype: DType = None, *, axis: _int | None = None) -> Tensor:
        """exp(input) / sum(exp(input)) along one dim: positive numbers that add up to 1."""
    def sort(self, dim: _int = -1, descending: _bool = False, stable: _bool = False) -> Any:
        """The elements along a dim in order, and where each of them stood."""
    def split(
        self, split_size_or_sections: _int | Sequence[_int] | None = None, dim: _int = 0, *, split_size: Any = None
    ) -> tuple[Tensor, ...]:
        """Take a Tensor apart along one dim."""
    def split_with_sizes(self, split_sizes: Sequence[_int], dim: _int = 0) -> tuple[Tensor, ...]:
        """Take a Tensor apart along one dim into parts of the given sizes: `split` with a sequence."""
    def sqrt(self) -> Tensor:
        """Square root, elementwise: nan below 0."""
    def sqrt_(self) -> Tensor:
        """Square root of each element, in place."""
    def square(self) -> Tensor:
        """input^2, elementwise."""
    def square_(self) -> Tensor:
        """Square in place."""
    def squeeze(self, *dim: Any, **named: Any) -> Tensor:
        """Leave out dims of size 1: all, or ``x.squeeze(0, 1)``, ``x.squeeze((0, 1))``: see `autodiff.squeeze`."""
    def squeeze_(self, *dim: Any, **named: Any) -> Tensor:
        """Leave out dims of size 1 in place: see `autodiff.squeeze`. The memory stays what it is."""
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
        """Standard deviation over some dims, or over all of them: the square root of `var`, with its parameters."""
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
    def sum_to_size(self, *size: Any, **named: Any) -> Tensor:
        """Sum over the dims by which `expand` would bring a Tensor of this size to the shape of this one."""
    def svd(self, some: _bool = True, compute_uv: _bool = True) -> return_types.svd:
        """Singular value decomposition, input = U diag(S) V^T: the older form of `linalg.svd`, which returns V^T."""
    def swapaxes(self, axis0: _int, axis1: _int) -> Tensor:
        """Exchange two dims: `transpose` with NumPy's name."""
    def swapaxes_(self, axis0: _int, axis1: _int) -> Tensor:
        """Exchange two dims in place: another name of `transpose_`."""
    def swapdims(self, dim0: _int, dim1: _int) -> Tensor:
        """Exchange two dims: another name of `transpose`."""
    def swapdims_(self, dim0: _int, dim1: _int) -> Tensor:
        """Exchange two dims in place: another name of `transpose_`."""
    def t(self) -> Tensor:
        """Transpose a matrix; a vector stays what it is."""
    def t_(self) -> Tensor:
        """Transpose a matrix in place: see `autodiff.t`. The memory stays what it is."""
    def take(self, index: Tensor) -> Tensor:
        """The elements at some positions of the flattened input."""
    def take_along_dim(self, indices: Tensor, dim: _int | None = None) -> Tensor:
        """Pick along one dim, at each place another index; other dims broadcast. It undoes `argmax`."""
    def tan(self) -> Tensor:
        """Tangent, elementwise."""
    def tan_(self) -> Tensor:
        """`autodiff.tan` in place: write the result into this Tensor, and return it."""
    def tanh(self) -> Tensor:
        """Hyperbolic tangent, elementwise."""
    def tanh_(self) -> Tensor:
        """Hyperbolic tangent of each element, in place."""
    def tensor_split(
        self, indices_or_sections: _int | Sequence[_int] | Tensor | None = None, dim: _int = 0, **named: Any
    ) -> tuple[Tensor, ...]:
        """Take a Tensor apart along a dim, into a number of parts or before each of some positions."""
    def tile(self, *dims: Any, **named: Any) -> Tensor:
        """Set the Tensor beside itself, ``x.tile(2, 3)`` or ``x.tile((2, 3))``: see `autodiff.tile`."""
    def to(self, *args: Any, **kwargs: Any) -> Tensor:
        """Convert to a dtype, a device, or to those of another Tensor; nothing to convert gives the Tensor itself."""
    def topk(self, k: _int, dim: _int = -1, largest: _bool = True, sorted: _bool = True) -> Any:
        """The k largest or smallest elements along a dim, and where they stand."""
    def trace(self) -> Tensor:
        """Sum of the elements on the main diagonal of a matrix."""
    def transpose(self, dim0: _int, dim1: _int) -> Tensor:
        """Exchange two dims."""
    def transpose_(self, dim0: _int, dim1: _int) -> Tensor:
        """Exchange two dims in place: see `autodiff.transpose`. The memory stays what it is."""
    def tril(self, diagonal: _int = 0) -> Tensor:
        """The lower triangle of a matrix, or of each matrix of a stack, with zeros above it."""
    def tril_(self, diagonal: _int = 0) -> Tensor:
        """`autodiff.tril` in place: write the result into this Tensor, and return it."""
    def triu(self, diagonal: _int = 0) -> Tensor:
        """The upper triangle of a matrix, or of each matrix of a stack, with zeros below it."""
    def triu_(self, diagonal: _int = 0) -> Tensor:
        """`autodiff.triu` in place: write the result into this Tensor, and return it."""
    def true_divide(self, other: Operand) -> Tensor:
        """The quotient input / other: `div` without rounding."""
    def true_divide_(self, other: Operand) -> Tensor:
        """Divide by `other` in place."""
    def trunc(self) -> Tensor:
        """Each element without its fraction."""
    def trunc_(self) -> Tensor:
        """`autodiff.trunc` in place: write the result into this Tensor, and return it."""
    def type(self, dtype: Any = None, non_blocking: _bool = False) -> Any:
        """Convert to a dtype, given as such or by name ("torch.DoubleTensor"); without one, return that name."""
    def type_as(self, other: Tensor) -> Tensor:
        """Convert to the dtype of another Tensor."""
    def unbind(self, dim: _int = 0) -> tuple[Tensor, ...]:
        """The slices along one dim, which they no longer have."""
    def unflatten(self, dim: _int, sizes: Sequence[_int]) -> Tensor:
        """Make several dims of one."""
    def unfold(self, dimension: _int, size: _int, step: _int) -> Tensor:
        """Windows of `size` elements along a dim, each `step` after the one before; their elements are the last dim."""
    def uniform_(self, from_: _float = 0.0, to: _float = 1.0, *, generator: Generator | None = None) -> Tensor:
        """Write random numbers, uniform from `from_` up to, and without, `to`."""
    def unique(
        self, sorted: _bool = True, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
    ) -> Any:
        """The different elements, or slices along a dim, in ascending order."""
    def unique_consecutive(
        self, return_inverse: _bool = False, return_counts: _bool = False, dim: _int | None = None
    ) -> Any:
        """The elements, or slices along a dim, without those that are equal to the one before."""
    def unsqueeze(self, dim: _int) -> Tensor:
        """Put in a dim of size 1."""
    def unsqueeze_(self, dim: _int) -> Tensor:
        """Put in a dim of size 1 in place: see `autodiff.unsqueeze`. The memory stays what it is."""
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
    def vdot(self, other: Tensor) -> Tensor:
        """Sum of the products of the elements of two vectors, as `dot` gives it."""
    def view(self, *shape: Any, **named: Any) -> Tensor:
        """The same memory in another shape, ``x.view(2, 3)``; or, given a dtype, its bits read as that."""
    def view_as(self, other: Tensor) -> Tensor:
        """The same memory in the shape of another Tensor."""
    def vsplit(self, indices_or_sections: _int | Sequence[_int] | None = None, **named: Any) -> tuple[Tensor, ...]:
        """Take rows apart: `tensor_split` along dim 0, for two dims or more, into equal parts."""
    def where(self, condition: Tensor, other: Operand) -> Tensor:
        """This Tensor where the condition holds, else `other`: see `autodiff.where`."""
    def xlogy(self, other: Operand) -> Tensor:
        """Product input * log(other), elementwise: 0 where input is 0, unless other is nan."""
    def xlogy_(self, other: Operand) -> Tensor:
        """`autodiff.xlogy` in place: write the result into this Tensor, and return it."""
    def zero_(self) -> Tensor:
        """Write 0 everywhere."""
