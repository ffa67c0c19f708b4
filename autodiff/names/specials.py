"""Special functions with PyTorch's names: error functions, gamma and its kin, a Bessel function, logarithms."""

# mypy: disable-error-code=no-any-return
# (a primitive's result is a Tensor, which its signature cannot say)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff.errors import AutodiffError
from autodiff.graph import Value
from autodiff.names.arguments import Operand, as_value, integer
from autodiff.ops import bessel, gamma, normal, special

if TYPE_CHECKING:
    from autodiff.tensors import Tensor

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "i0",
    "lgamma",
    "logit",
    "mvlgamma",
    "polygamma",
    "sinc",
    "xlogy",
]
METHODS = __all__
IN_PLACE = tuple(__all__)


def erf(input: Tensor) -> Tensor:
    """Error function, elementwise: 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to input.

    The derivative is 2 / sqrt(pi) e^(-input^2).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.erf(ad.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    return special.erf(input)


def erfc(input: Tensor) -> Tensor:
    """1 - erf(input), elementwise, exact where that is small.

    The derivative is -2 / sqrt(pi) e^(-input^2).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.erfc(ad.tensor([0.0, 1.0]))
    tensor([1.0000, 0.1573])
    """
    return special.erfc(input)


def erfinv(input: Tensor) -> Tensor:
    """Inverse of erf, elementwise: -inf and inf at -1 and 1, nan beyond.

    The derivative is sqrt(pi) / 2 e^(y^2), where y is the result.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.erfinv(ad.tensor([0.0, 0.5, 1.0]))
    tensor([0.0000, 0.4769,    inf])
    """
    return normal.erfinv(input)


def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(input / (1 - input)), elementwise: the inverse of sigmoid.

    Parameters
    ----------
    input : Tensor
        Probabilities; the result is nan for other numbers, unless `eps` is given.
    eps : float, optional
        Hold the input between eps and 1 - eps first.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivative is 1 / (input (1 - input)), and 0 where `eps` took the place of the input.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.logit(ad.tensor([0.0, 0.5, 0.75]))
    tensor([  -inf, 0.0000, 1.0986])
    >>> ad.logit(ad.tensor([0.0, 0.5]), eps=0.25)
    tensor([-1.0986,  0.0000])
    """
    return special.logit(input, eps=eps)


def lgamma(input: Tensor) -> Tensor:
    """Logarithm of |gamma(input)|, elementwise: inf at 0, -1, -2, ...

    The derivative is digamma(input).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.lgamma(ad.tensor([1.0, 0.5, 5.0]))
    tensor([0.0000, 0.5724, 3.1781])
    """
    return gamma.lgamma(input)


def digamma(input: Tensor) -> Tensor:
    """Derivative of lgamma, elementwise: -inf at 0, nan at -1, -2, ...

    The derivative is polygamma(1, input).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.digamma(ad.tensor([1.0, 0.5]))
    tensor([-0.5772, -1.9635])
    """
    return gamma.digamma(input)


def polygamma(input: Tensor, n: int) -> Tensor:
    """Derivative of digamma of order `n`, elementwise: called as ``polygamma(n, input)``.

    Parameters
    ----------
    n : int
        At least 0. As a function, as in PyTorch, `n` may and does come first.
    input : Tensor

    Returns
    -------
    Tensor

    Raises
    ------
    AutodiffError
        If `n` is negative.

    Notes
    -----
    (-1)^(n+1) n! times the sum of 1 / (input + k)^(n+1) over k = 0, 1, ...; the derivative is polygamma(n + 1, input).
    At 0, -1, -2, ... it is inf for odd, -inf for even n > 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> x = ad.tensor([1.0, 0.5])
    >>> ad.polygamma(1, x)
    tensor([1.6449, 4.9348])
    >>> x.polygamma(2)
    tensor([ -2.4041, -16.8288])
    """
    x: Any = input
    order: Any = n
    if not isinstance(x, (Value, np.ndarray)):
        x, order = order, x
    order = integer(order, "polygamma: n")
    if order < 0:
        raise AutodiffError(f"polygamma has the orders 0, 1, 2, ...; got n={order}")
    return gamma.polygamma(x, order=order)


def mvlgamma(input: Tensor, p: int) -> Tensor:
    """Logarithm of the multivariate gamma function of dimension `p`, elementwise.

    Parameters
    ----------
    input : Tensor
    p : int
        At least 1.

    Returns
    -------
    Tensor

    Raises
    ------
    AutodiffError
        If `p` is less than 1.

    Notes
    -----
    p (p - 1) / 4 log(pi) plus the sum of lgamma(input - j / 2) over j = 0, ..., p - 1; the derivative is the same sum
    of digamma.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.mvlgamma(ad.tensor([2.0, 3.0]), p=2)
    tensor([0.4516, 1.5502])
    """
    x = as_value(input, "mvlgamma")
    p = integer(p, "mvlgamma: p")
    if p < 1:
        raise AutodiffError(f"mvlgamma needs a dimension of at least 1; got p={p}")
    return gamma.mvlgamma(x, p=p)


def i0(input: Tensor) -> Tensor:
    """Modified Bessel function of the first kind of order 0, elementwise.

    The derivative is special.i1(input).

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.i0(ad.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """
    return bessel.i0(input)


def sinc(input: Tensor) -> Tensor:
    """sin(pi input) / (pi input), elementwise, and 1 at 0.

    The derivative is (cos(pi input) - sinc(input)) / input, and 0 at 0.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.sinc(ad.tensor([0.0, 0.5, 1.5]))
    tensor([ 1.0000,  0.6366, -0.2122])
    """
    return bessel.sinc(input)


def xlogy(input: Operand, other: Operand) -> Tensor:
    """Product input * log(other), elementwise: 0 where input is 0, unless other is nan.

    Parameters
    ----------
    input, other : Tensor or number
        Of shapes that broadcast; one of them a Tensor.

    Returns
    -------
    Tensor

    Notes
    -----
    The derivatives are log(other), and 0 where input is 0, for `input`; input / other for `other`.

    Examples
    --------
    >>> import autodiff as ad
    >>> ad.xlogy(ad.tensor([0.0, 2.0]), ad.tensor([0.0, 3.0]))
    tensor([0.0000, 2.1972])
    """
    return special.xlogy(input, other)
