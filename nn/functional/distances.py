"""Lengths, angles and divergences: how vectors and distributions compare."""

from __future__ import annotations

from typing import Any

from autodiff.ops import elementwise as ew
from autodiff.ops.moments import vector_norm
from autodiff.ops.reduce import sum as _sum
from autodiff.ops.special import xlogy
from autodiff.tensors import Tensor, as_tensor
from nn.errors import SettingError
from nn.functional.regression import paired, reduced

__all__ = ["cosine_similarity", "kl_div", "normalize"]


def normalize(input: Any, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Tensor:
    """Divide vectors by their norms.

    Parameters
    ----------
    input : Tensor, floating
    p : float, default=2.0
        The p of the norm.
    dim : int or tuple of int, default=1
        Along which the vectors stand.
    eps : float, default=1e-12
        Least number to divide by.

    Returns
    -------
    Tensor of the shape and dtype of `input`

    Notes
    -----
    ``out = input / max(norm, eps)``. A vector shorter than `eps`, such as zero, is divided by a constant.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> [round(v, 3) for v in F.normalize(ad.tensor([3.0, 4.0]), dim=0).tolist()]
    [0.6, 0.8]
    """
    input = as_tensor(input)
    norm = vector_norm(input, ord=float(p), axis=dim, keepdims=True)
    return input / ew.maximum(norm, eps)  # type: ignore[no-any-return]


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between vectors: ``sum(x1 * x2) / (max(|x1|, eps) * max(|x2|, eps))``.

    Parameters
    ----------
    x1, x2 : Tensors whose shapes broadcast, floating
    dim : int, default=1
        Along which the vectors stand.
    eps : float, default=1e-8
        Least length to divide by.

    Returns
    -------
    Tensor without dimension `dim`

    Notes
    -----
    The derivative is that of the formula, so that `eps` is a constant for a vector shorter than it. PyTorch goes on as
    if the length had been divided by.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> round(F.cosine_similarity(ad.tensor([3.0, 4.0]), ad.tensor([5.0, 0.0]), dim=0).item(), 3)
    0.6
    """
    x1, x2 = as_tensor(x1), as_tensor(x2)
    lengths = [ew.maximum(vector_norm(x, ord=2.0, axis=dim, keepdims=True), eps) for x in (x1, x2)]
    return _sum((x1 / lengths[0]) * (x2 / lengths[1]), axis=dim)  # type: ignore[no-any-return]


def kl_div(input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """Kullback-Leibler divergence of `target` from `input`: ``target * (log(target) - input)``.

    Parameters
    ----------
    input : Tensor, floating
        Log-probabilities.
    target : Tensor of the same shape
        Probabilities; with `log_target` their logarithms.
    reduction : {"mean", "batchmean", "sum", "none"}, default="mean"
        "batchmean", the sum over the number of samples, is what mathematicians mean; "mean" divides by the number of
        elements.
    log_target : bool, default=False

    Returns
    -------
    Tensor of shape (), or that of `input` with ``reduction="none"``

    Raises
    ------
    ShapeError
        If the shapes differ.

    Examples
    --------
    >>> import autodiff as ad
    >>> import nn.functional as F
    >>> p, q = ad.tensor([[0.5, 0.5]]), ad.tensor([[0.25, 0.75]])
    >>> round(F.kl_div(p.log(), q, reduction="batchmean").item(), 4)
    0.1308
    """
    input, target = paired("kl_div", input, target)
    losses = ew.exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    if reduction != "batchmean":
        return reduced(losses, reduction)  # type: ignore[no-any-return]
    if not losses._array.ndim:
        raise SettingError('kl_div of one number has no batch; use reduction="sum"')
    return _sum(losses) / losses._array.shape[0]  # type: ignore[no-any-return]
