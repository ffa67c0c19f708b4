"""The form of a comparison with PyTorch: the inputs, by name, and how an expression is evaluated and differentiated."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import autodiff as ad

# Inputs, by name; an expression takes what it needs. All floats are used for gradients.
INPUTS: dict[str, np.ndarray] = {
    "x": np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]], np.float32),
    "y": np.array([[1.5, 0.75, -0.5], [-2.0, 1.0, 0.25]], np.float32),
    "p": np.array([[0.5, 1.25, 2.0], [1.5, 0.75, 3.0]], np.float32),
    "d": np.array([[0.3, -0.7, 1.1], [0.9, -0.2, 0.6]], np.float64),
    "r": np.array([1.0, -2.0, 0.5], np.float32),
    "c": np.array([[2.0], [-1.0]], np.float32),
    "s": np.array(1.5, np.float32),
    "z": np.array([[0.0, 2.0, 0.0], [3.0, 4.0, 5.0]], np.float32),
    "ties": np.array([[2.0, 2.0, 1.0], [1.0, 1.0, 2.0]], np.float32),
    "k": np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7 - 1.5,
    "m": np.arange(24, dtype=np.float32).reshape(2, 4, 3) / 9 - 1,
    "one": np.ones((1, 2, 1, 3), np.float32),
    "i": np.array([[1, -2, 3], [4, 5, -7]], np.int64),
    "j": np.array([[2, 2, -2], [3, -3, 3]], np.int64),
    "i32": np.array([[1, -2, 3], [4, 5, -7]], np.int32),
    "u": np.array([200, 100, 0], np.uint8),
    "h": np.array([0.5, -1.5, 2.0], np.float16),
    "b": np.array([[True, False, True], [False, False, True]]),
    "b2": np.array([[True, True, False], [False, True, True]]),
    "at": np.array([[2, 0], [1, 1]], np.int64),
    "ix": np.array([2, 0, 0], np.int64),
    "w": np.array([[np.nan, np.inf, -np.inf], [0.0, 1.0, -1.0]], np.float32),
    "none": np.zeros((0, 3), np.float32),
    "unit": np.array([[0.5, 0.125, 0.9], [0.3, 0.75, 0.6]], np.float32),
    "q": np.array([[2.0, -0.5, 0.25], [0.75, 1.5, -1.0], [-0.25, 0.5, 1.75]], np.float32),
    "qs": np.array([[[2, -0.5, 0.2], [0.8, 1.5, -1], [-0.3, 0.5, 3]], [[0.5, 1, 0], [-1, 2, 0.3], [0.2, 0.1, 4]]], "f"),
    "tall": np.array([[1.5, 0.25], [-0.5, 2.0], [0.75, -0.25], [0.5, 1.0]], np.float32),
    "long": np.cos(np.arange(4992)).astype(np.float32),
}

#: An expression of a module (`autodiff` or PyTorch) and of inputs, named as in INPUTS. The key it stands under begins
#: with the public name it is about: "sum dim", "linalg.svd of a stack".
Case = Callable[..., Any]
#: An expression at a kink, a pole or of nothing; its inputs; and how many derivatives are compared.
Edge = tuple[Callable[..., Any], tuple[Any, ...], int]

#: What results of a dtype can agree to at best.
DIGITS = {"float16": 2e-3, "float32": 2e-5}
STAGES = ("value", "gradient", "gradient of the gradient")


def inputs_of(case: Case, floats: Any = np.float32) -> list[np.ndarray]:
    """The inputs that an expression names; those of float32 in the dtype `floats`."""
    names = case.__code__.co_varnames[1 : case.__code__.co_argcount]
    given = [INPUTS[name.rstrip("_")] for name in names]
    return [a.astype(floats) if a.dtype == np.float32 else a.copy() for a in given]


def everything(module: Any, function: Any, arrays: list[Any], tracked: list[int], order: int = 2) -> list[Any]:
    """Values, gradients and gradients of gradients as arrays; None for a stage that PyTorch does not have."""
    make = torch.from_numpy if module is torch else ad.from_numpy
    derive = torch.autograd.grad if module is torch else ad.grad
    given = [make(np.array(a)) if isinstance(a, np.ndarray) else a for a in arrays]
    targets = [given[i].requires_grad_() for i in tracked]
    out = function(*given)
    outs = list(out) if isinstance(out, tuple | list) else [out]
    stages = [[array_of(o) for o in outs]]
    for depth in range(order if tracked else 0):
        outs = [o for o in outs if getattr(o, "requires_grad", False)]
        weights = [weight(o.shape, depth) for o in outs]
        total = sum((o * make(w).to(o.dtype)).sum() for o, w in zip(outs, weights, strict=True))
        if not outs or not total.requires_grad:
            break
        try:
            grads = derive(total, targets, create_graph=True, allow_unused=True)
        except RuntimeError as error:
            if module is torch and "not implemented" in str(error):
                return [*stages, *[None] * (order - depth)]
            raise
        outs = [t * 0 if g is None else g for t, g in zip(targets, grads, strict=True)]
        stages.append([array_of(o) for o in outs])
    return stages


def array_of(t: Any) -> Any:
    """A result as an array; whatever is no Tensor as it is."""
    return t.detach().numpy(force=True) if hasattr(t, "detach") else t  # PyTorch has zeros without memory


def weight(shape: Any, depth: int) -> np.ndarray:
    """A different share for each element, so that an exchange of two is seen."""
    return np.cos(np.arange(float(np.prod(shape))) + depth).reshape(tuple(shape))


def assert_same(ours: list[Any], theirs: list[Any], tolerance: float) -> None:
    """Compare all stages: numbers, shapes and dtypes. Where one stops earlier, the other must go on with zeros."""
    for stage, mine, its in zip(STAGES, ours, theirs, strict=False):
        if its is None:
            continue
        assert len(mine) == len(its)
        for a, b in zip(mine, its, strict=True):
            if not isinstance(a, np.ndarray):
                assert a == b, f"{stage}: {a}, PyTorch has {b}"
                continue
            assert a.dtype == b.dtype, f"{stage}: dtype {a.dtype}, PyTorch has {b.dtype}"
            assert a.shape == b.shape, f"{stage}: shape {a.shape}, PyTorch has {b.shape}"
            margin = max(tolerance, DIGITS.get(a.dtype.name, 0))
            np.testing.assert_allclose(a, b, rtol=margin, atol=margin, err_msg=stage)
    for rest in (*ours[len(theirs) :], *theirs[len(ours) :]):
        for a in rest or ():
            np.testing.assert_allclose(a, 0, atol=tolerance)
