"""The names of ``torch.special``: gamma, Bessel and error functions, entropies."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING

from autodiff.names.arguments import Operand
from autodiff.names.elementwise import log1p
from autodiff.names.elementwise import sigmoid as expit
from autodiff.names.reduce import log_softmax, logsumexp, softmax
from autodiff.names.rounding import round
from autodiff.names.specials import digamma, erf, erfc, erfinv, i0, lgamma, logit, mvlgamma, polygamma, sinc, xlogy
from autodiff.names.waves import exp2, expm1
from autodiff.ops import bessel, gamma, normal
from autodiff.ops import special as ops

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

# fmt: off
__all__ = [
    "digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "exp2", "expit", "expm1", "gammaln", "i0", "i0e", "i1", "i1e",
    "log1p", "log_ndtr", "log_softmax", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "polygamma", "psi",
    "round", "sinc", "softmax", "xlog1py", "xlogy", "zeta",
]
# fmt: on

gammaln = lgamma
multigammaln = mvlgamma
psi = digamma


def entr(input: Tensor) -> Tensor:
    """-input log(input), elementwise: 0 at 0, -inf below.

    The derivative is -log(input) - 1.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.entr(ad.tensor([-1.0, 0.0, 0.5]))
    tensor([  -inf, 0.0000, 0.3466])
    """
    return ops.entr(input)


def erfcx(input: Tensor) -> Tensor:
    """e^(input^2) erfc(input), elementwise, for which large inputs are not too large.

    The derivative is 2 input y - 2 / sqrt(pi), where y is the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.erfcx(ad.tensor([0.0, 1.0, 100.0]))
    tensor([1.0000, 0.4276, 0.0056])
    """
    return ops.erfcx(input)


def i0e(input: Tensor) -> Tensor:
    """e^-|input| i0(input), elementwise.

    The derivative is i1e(input) - sign(input) y, where y is the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.i0e(ad.tensor([0.0, 1.0]))
    tensor([1.0000, 0.4658])
    """
    return bessel.i0e(input)


def i1(input: Tensor) -> Tensor:
    """Modified Bessel function of the first kind of order 1, elementwise.

    The derivative is i0(input) - i1(input) / input, and 1/2 at 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.i1(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """
    return bessel.i1(input)


def i1e(input: Tensor) -> Tensor:
    """e^-|input| i1(input), elementwise.

    The derivative is i0e(input) - y / input - sign(input) y, where y is the result, and 1/2 at 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.i1e(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2079])
    """
    return bessel.i1e(input)


def ndtr(input: Tensor) -> Tensor:
    """Distribution function of the standard normal distribution, elementwise.

    The derivative is the density, e^(-input^2 / 2) / sqrt(2 pi).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.ndtr(ad.tensor([0.0, 1.96]))
    tensor([0.5000, 0.9750])
    """
    return normal.ndtr(input)


def log_ndtr(input: Tensor) -> Tensor:
    """log(ndtr(input)), elementwise, exact in both tails.

    The derivative is the density over ndtr(input), as exact.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.log_ndtr(ad.tensor([0.0, -100.0]))
    tensor([-6.9315e-01, -5.0055e+03])
    """
    return normal.log_ndtr(input)


def ndtri(input: Tensor) -> Tensor:
    """Inverse of ndtr, elementwise: -inf and inf at 0 and 1, nan beyond.

    The derivative is sqrt(2 pi) e^(y^2 / 2), where y is the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.ndtri(ad.tensor([0.5, 0.975]))
    tensor([0.0000, 1.9600])
    """
    return normal.ndtri(input)


def xlog1py(input: Operand, other: Operand) -> Tensor:
    """Product input * log(1 + other), elementwise: 0 where input is 0, unless other is nan.

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast; one of them a Tensor.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivatives are log(1 + other), and 0 where input is 0, for `input`; input / (1 + other) for `other`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.xlog1py(ad.tensor([0.0, 2.0]), ad.tensor([-1.0, 2.0]))
    tensor([0.0000, 2.1972])
    """
    return ops.xlog1py(input, other)


def zeta(input: Operand, other: Operand) -> Tensor:
    """Hurwitz zeta function, elementwise: the sum of 1 / (other + k)^input over k = 0, 1, ...

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast; one of them a Tensor. Riemann's zeta function has other = 1.

    Returns
    -------
    Tensor

    Raises
    ------
    GradientError
        At backward, if `input` requires grad: as in PyTorch, there is no derivative for it.

    Notes
    -----
    inf for input = 1 and for other = 0, -1, -2, ...; nan for input < 1, and left of 0 unless `input` is whole. The
    derivative for `other` is -input zeta(input + 1, other).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.special.zeta(2, ad.tensor([1.0, 2.0]))
    tensor([1.6449, 0.6449])
    """
    return gamma.zeta(input, other)
