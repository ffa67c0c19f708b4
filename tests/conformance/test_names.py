"""The PyTorch-named functions and methods: one expression, evaluated here and in PyTorch, compared in all respects."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
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
}

Case = Callable[..., Any]

ARITHMETIC: dict[str, Case] = {
    "add": lambda m, x, y: m.add(x, y),
    "add alpha": lambda m, x, y: m.add(x, y, alpha=2),
    "add broadcast": lambda m, x, r: x.add(r),
    "add column": lambda m, x, c: x.add(c, alpha=0.5),
    "add mixed floats": lambda m, x, d: m.add(x, d),
    "add integers": lambda m, i, i32: i32.add(i),
    "add integer to float": lambda m, x, i: x.add(i),
    "add scalar tensor": lambda m, x, s: x + s,
    "add float to integers": lambda m, i: i + 1.5,
    "add booleans": lambda m, b, b2: b + b2,
    "sub": lambda m, x, y: x.sub(y, alpha=3),
    "subtract": lambda m, x, y: m.subtract(x, y),
    "mul": lambda m, x, y: m.mul(x, y),
    "multiply": lambda m, x, r: x.multiply(r),
    "mul half": lambda m, h: m.mul(h, h),
    "div": lambda m, x, y: m.div(x, y),
    "div integers": lambda m, i, j: m.div(i, j),
    "div by zero": lambda m, x: m.div(x, 0),
    "div floor": lambda m, x, y: m.div(x, y, rounding_mode="floor").detach(),
    "div trunc": lambda m, x, y: m.div(x, y, rounding_mode="trunc"),
    "div trunc integers": lambda m, i, j: m.div(i, j, rounding_mode="trunc"),
    "div floor integers": lambda m, i, j: m.div(i, j, rounding_mode="floor"),
    "div trunc number": lambda m, i: i.div(2, rounding_mode="trunc"),
    "true_divide": lambda m, x, y: m.true_divide(x, y),
    "floor_divide": lambda m, x, y: m.floor_divide(x, y).detach(),
    "floor_divide integers": lambda m, i, j: i.floor_divide(j),
    "remainder": lambda m, x: m.remainder(x, 0.75),
    "remainder tensors": lambda m, x, y: m.remainder(x, y),
    "remainder integers": lambda m, i, j: m.remainder(i, j),
    "remainder of integers by a float": lambda m, i: m.remainder(i, 2.5),
    "pow": lambda m, p: m.pow(p, 3),
    "pow float": lambda m, p: p.pow(0.5),
    "pow zero": lambda m, z: z.pow(0),
    "pow two at zero": lambda m, z: z.pow(2),
    "pow tensors": lambda m, p, y: m.pow(p, y),
    "pow of a number": lambda m, x: m.pow(2, x),
    "pow integers": lambda m, i: i.pow(2),
    "pow of integers by a float": lambda m, j: (j * j).pow(0.5),
    "neg": lambda m, x: m.neg(x),
    "abs": lambda m, z: (z - 2).abs(),
    "sign": lambda m, z: m.sign(z - 2),
    "square": lambda m, x: m.square(x),
    "square integers": lambda m, i: m.square(i),
    "reciprocal": lambda m, x: m.reciprocal(x),
    "reciprocal integers": lambda m, i: i.reciprocal(),
    "positive": lambda m, x: m.positive(x),
}
ELEMENTWISE: dict[str, Case] = {
    "exp": lambda m, x: m.exp(x),
    "exp integers": lambda m, i: m.exp(i),
    "exp booleans": lambda m, b: m.exp(b),
    "log": lambda m, p: m.log(p),
    "log at zero and below": lambda m, w: m.log(w),
    "log1p": lambda m, p: p.log1p(),
    "sqrt": lambda m, p: p.sqrt(),
    "sqrt at zero": lambda m, z: z.sqrt(),
    "rsqrt": lambda m, p: p.rsqrt(),
    "rsqrt at zero": lambda m, z: m.rsqrt(z),
    "sin": lambda m, x: x.sin(),
    "cos": lambda m, x: x.cos(),
    "tanh": lambda m, x: x.tanh(),
    "sigmoid": lambda m, x: x.sigmoid(),
    "sigmoid far out": lambda m, x: m.sigmoid(x * 100),
    "relu": lambda m, x: x.relu(),
    "relu at zero": lambda m, z: m.relu(z),
    "relu integers": lambda m, i: m.relu(i),
    "clamp": lambda m, x: m.clamp(x, -0.5, 1.5),
    "clamp crossing": lambda m, x: m.clamp(x, 1, -1),
    "clamp min": lambda m, x: x.clamp(min=0.0),
    "clamp max": lambda m, x: x.clamp(max=0.5),
    "clamp tensors": lambda m, x, y, p: m.clamp(x, y, p),
    "clamp integers by floats": lambda m, i: m.clamp(i, 0.5, 2.5),
    "clamp nan": lambda m, w: m.clamp(w, -1, 1),
    "clip": lambda m, x: m.clip(x, -1, 1),
    "clamp_min": lambda m, x: m.clamp_min(x, 0.5),
    "clamp_max": lambda m, x: x.clamp_max(0.5),
}
REDUCE: dict[str, Case] = {
    "sum": lambda m, x: x.sum(),
    "sum dim": lambda m, k: k.sum(1),
    "sum negative dim keepdim": lambda m, k: k.sum(-1, keepdim=True),
    "sum dims": lambda m, k: m.sum(k, dim=(0, 2)),
    "sum list of dims": lambda m, k: m.sum(k, [0, 1], True),
    "sum no dims": lambda m, k: m.sum(k, dim=()),
    "sum numpy spelling": lambda m, k: k.sum(axis=1, keepdims=True),
    "sum dtype": lambda m, x: x.sum(0, dtype=m.float64),
    "sum integers": lambda m, i32: i32.sum(),
    "sum bytes": lambda m, u: u.sum(),
    "sum booleans": lambda m, b: b.sum(1),
    "sum scalar": lambda m, s: s.sum(0),
    "sum empty": lambda m, none: none.sum(0),
    "mean": lambda m, x: x.mean(),
    "mean dim": lambda m, k: k.mean((0, 2), keepdim=True),
    "mean dtype": lambda m, i: i.mean(dtype=m.float32),
    "mean scalar": lambda m, s: s.mean(-1),
    "prod": lambda m, x: x.prod(),
    "prod with zeros": lambda m, z: z.prod(),
    "prod dim": lambda m, z: z.prod(1, keepdim=True),
    "prod integers": lambda m, i32: i32.prod(1),
    "prod bytes": lambda m, u: u.prod(),
    "var": lambda m, x: x.var(),
    "var dim": lambda m, k: k.var(1, keepdim=True),
    "var correction": lambda m, k: m.var(k, (0, 1), correction=0),
    "var biased": lambda m, k: k.var(1, False),
    "var all biased": lambda m, k: k.var(False),
    "var unbiased keyword": lambda m, k: k.var(dim=2, unbiased=False, keepdim=True),
    "std": lambda m, x: x.std(),
    "std dim": lambda m, k: m.std(k, 0, correction=0),
    "std of equal numbers": lambda m, one: m.std(one, 3),
    "logsumexp": lambda m, k: k.logsumexp(1),
    "logsumexp dims": lambda m, k: m.logsumexp(k, (0, 2), keepdim=True),
    "logsumexp large": lambda m, x: m.logsumexp(x * 1000, 1),
    "logsumexp integers": lambda m, i: m.logsumexp(i, 1),
    "softmax": lambda m, x: x.softmax(1),
    "softmax first dim": lambda m, k: m.softmax(k, dim=0),
    "softmax dtype": lambda m, x: m.softmax(x, -1, dtype=m.float64),
    "softmax scalar": lambda m, s: m.softmax(s, 0),
    "log_softmax": lambda m, k: m.log_softmax(k, 1),
    "log_softmax method": lambda m, x: x.log_softmax(dim=-1),
    "log_softmax of integers in float": lambda m, i: i.log_softmax(1, dtype=m.float32),
}
EXTREMES: dict[str, Case] = {
    "max": lambda m, x: x.max(),
    "max ties": lambda m, ties: m.max(ties),
    "max dim": lambda m, k: tuple(k.max(1)),
    "max dim ties": lambda m, ties: tuple(m.max(ties, 1, keepdim=True)),
    "max other": lambda m, x, y: m.max(x, y),
    "max other keyword": lambda m, x, y: m.max(x, other=y),
    "max scalar": lambda m, s: tuple(s.max(0)),
    "max integers": lambda m, i: tuple(i.max(-1)),
    "max values": lambda m, x: x.max(dim=0).values,
    "max nan": lambda m, w: tuple(w.max(1)),
    "min": lambda m, ties: ties.min(),
    "min dim": lambda m, k: tuple(k.min(dim=2, keepdim=True)),
    "min other": lambda m, x, r: x.min(r),
    "min booleans": lambda m, b: b.min(),
    "amax": lambda m, ties: ties.amax(1),
    "amax all": lambda m, ties: ties.amax(),
    "amax dims": lambda m, k: m.amax(k, (0, 2), keepdim=True),
    "amin": lambda m, ties: m.amin(ties, 0),
    "maximum": lambda m, x, y: m.maximum(x, y),
    "maximum ties": lambda m, ties: m.maximum(ties, ties.flip(1) if m is torch else ties[:, [2, 1, 0]]),
    "minimum": lambda m, x, r: m.minimum(x, r),
    "argmax": lambda m, x: x.argmax(),
    "argmax dim": lambda m, k: k.argmax(dim=1),
    "argmax keepdim": lambda m, k: m.argmax(k, -1, keepdim=True),
    "argmax all keepdim": lambda m, k: m.argmax(k, keepdim=True),
    "argmax scalar": lambda m, s: m.argmax(s, 0),
    "argmin": lambda m, x: m.argmin(x),
    "argmin dim": lambda m, ties: ties.argmin(1),
}
COMPARISON: dict[str, Case] = {
    "eq": lambda m, x, y: m.eq(x, y),
    "ne": lambda m, i, j: i.ne(j),
    "lt": lambda m, x: x.lt(0.5),
    "le": lambda m, x, i: x.le(i),
    "gt": lambda m, i: m.gt(i, 1.5),
    "ge": lambda m, x, d: m.ge(x, d),
    "greater": lambda m, x, y: m.greater(x, y),
    "less_equal": lambda m, x, y: x.less_equal(y),
    "not_equal": lambda m, x, y: x.not_equal(y),
    "isnan": lambda m, w: w.isnan(),
    "isnan integers": lambda m, i: m.isnan(i),
    "isinf": lambda m, w: m.isinf(w),
    "isinf integers": lambda m, i: m.isinf(i),
    "isfinite": lambda m, w: m.isfinite(w),
    "isclose": lambda m, w: m.isclose(w, w + 1e-9),
    "isclose nan": lambda m, w: m.isclose(w, w, equal_nan=True),
    "isclose tolerance": lambda m, x, y: m.isclose(x, y, rtol=0.5, atol=1.0),
    "logical_and": lambda m, x, b: m.logical_and(b, x > 1),
    "logical_and numbers": lambda m, z, i: m.logical_and(z, i),
    "logical_or": lambda m, z, b: z.logical_or(b),
    "logical_xor": lambda m, b, b2: m.logical_xor(b, b2),
    "logical_not": lambda m, z: m.logical_not(z),
    "all": lambda m, b: b.all(),
    "all dim": lambda m, z: z.all(1, keepdim=True),
    "all dims": lambda m, b: m.all(b, (0, 1)),
    "all bytes": lambda m, u: u.all(),
    "all empty": lambda m, none: m.all(none),
    "any": lambda m, b: b.any(dim=0),
    "any bytes": lambda m, u: m.any(u),
    "any numbers": lambda m, z: m.any(z),
}
SHAPE: dict[str, Case] = {
    "reshape": lambda m, x: m.reshape(x, (3, 2)),
    "reshape sizes": lambda m, k: k.reshape(4, -1),
    "reshape of a transpose": lambda m, x: x.t().reshape(-1),
    "view": lambda m, k: k.view(6, 4),
    "view_as": lambda m, x, c: x.view_as(x.reshape(3, 2)),
    "reshape_as": lambda m, x: x.reshape_as(x.t()),
    "flatten": lambda m, k: k.flatten(),
    "flatten dims": lambda m, k: m.flatten(k, start_dim=1),
    "flatten scalar": lambda m, s: s.flatten(),
    "ravel": lambda m, k: m.ravel(k),
    "unflatten": lambda m, k: k.unflatten(2, (2, -1)),
    "squeeze": lambda m, one: one.squeeze(),
    "squeeze dim": lambda m, one: m.squeeze(one, 0),
    "squeeze dims": lambda m, one: one.squeeze((0, 1, -2)),
    "unsqueeze": lambda m, x: x.unsqueeze(-1),
    "unsqueeze scalar": lambda m, s: m.unsqueeze(s, 0),
    "transpose": lambda m, k: k.transpose(0, -1),
    "swapaxes": lambda m, k: m.swapaxes(k, 1, 2),
    "swapdims": lambda m, k: k.swapdims(0, 1),
    "t": lambda m, x: x.t(),
    "t vector": lambda m, r: m.t(r),
    "permute": lambda m, k: k.permute(2, 0, 1),
    "permute function": lambda m, k: m.permute(k, (1, -1, 0)),
    "movedim": lambda m, k: k.movedim(0, -1),
    "movedim several": lambda m, k: m.movedim(k, (0, 1), (2, 0)),
    "moveaxis": lambda m, k: m.moveaxis(k, 2, 0),
    "expand": lambda m, c: c.expand(2, 3),
    "expand keeping": lambda m, c: c.expand(4, -1, 3),
    "expand_as": lambda m, c, x: c.expand_as(x),
    "broadcast_to": lambda m, r: m.broadcast_to(r, (2, 3)),
    "T": lambda m, x: x.T,
    "mT": lambda m, k: k.mT,
    "cat": lambda m, x, y: m.cat([x, y]),
    "cat dim": lambda m, x, y, c: m.cat((x, y, c), dim=1),
    "cat mixed": lambda m, x, i: m.cat([x, i], -1),
    "cat with an empty one": lambda m, x: m.cat([m.zeros(0), x]),
    "cat axis": lambda m, x, y: m.cat([x, y], axis=1),
    "concat": lambda m, x, y: m.concat([x, y]),
    "concatenate": lambda m, x, y: m.concatenate([x, y]),
    "stack": lambda m, x, y: m.stack([x, y]),
    "stack dim": lambda m, x, d: m.stack((x, d), dim=-1),
    "split": lambda m, k: m.split(k, 2, dim=1),
    "split sections": lambda m, k: k.split([1, 3], dim=2),
    "chunk": lambda m, k: k.chunk(3, dim=2),
    "chunk too many": lambda m, k: m.chunk(k, 9),
    "unbind": lambda m, k: m.unbind(k, 1),
    "iteration": lambda m, x: tuple(x),
}
INDEX: dict[str, Case] = {
    "where": lambda m, b, x, y: m.where(b, x, y),
    "where numbers": lambda m, b: m.where(b, 1.0, 0.0),
    "where whole numbers": lambda m, b: m.where(b, 1, 0),
    "where mixed numbers": lambda m, b: m.where(b, 1, 0.5),
    "where number": lambda m, b, x: m.where(b, x, 0.0),
    "where method": lambda m, b, x, r: x.where(b, r),
    "where of a condition": lambda m, b: m.where(b),
    "masked_fill": lambda m, x, b: x.masked_fill(b, -1),
    "masked_fill broadcast": lambda m, r, b: m.masked_fill(r, b, 0.5),
    "masked_fill integers": lambda m, i, b: i.masked_fill(b, 1.5),
    "masked_fill tensor": lambda m, x, b, s: x.masked_fill(b, s),
    "masked_select": lambda m, x, b: x.masked_select(b),
    "masked_select broadcast": lambda m, r, b: m.masked_select(r, b),
    "nonzero": lambda m, z: z.nonzero(),
    "nonzero as tuple": lambda m, z: m.nonzero(z, as_tuple=True),
    "nonzero scalar": lambda m, s: m.nonzero(s),
    "argwhere": lambda m, b: m.argwhere(b),
    "gather": lambda m, x, at: m.gather(x, 1, at),
    "gather rows": lambda m, x, b: x.gather(0, b.long()),
    "gather part": lambda m, k, at: k[:, :, 0].gather(1, at[:1]),
    "take_along_dim": lambda m, x, at: m.take_along_dim(x, at, 1),
    "take_along_dim broadcast": lambda m, k: m.take_along_dim(k, k[:1].argmax(2, keepdim=True), 2),
    "take_along_dim flat": lambda m, x, at: x.take_along_dim(at),
    "index_select": lambda m, x, ix: m.index_select(x, 1, ix),
    "select": lambda m, k: k.select(1, -1),
    "narrow": lambda m, k: m.narrow(k, 2, 1, 2),
    "narrow from the end": lambda m, k: k.narrow(1, -2, 2),
    "index": lambda m, k: k[0, ..., 1:],
    "index arrays": lambda m, k, ix: k[:, ix, 1],
    "index mask": lambda m, x, b: x[b],
}
LINALG: dict[str, Case] = {
    "matmul": lambda m, x, y: m.matmul(x, y.t()),
    "matmul vector": lambda m, x, r: x.matmul(r),
    "matmul row": lambda m, x, c: m.matmul(c.squeeze(1), x),
    "matmul stacks": lambda m, k, x: m.matmul(k.mT, x.t()),
    "mm": lambda m, x, y: m.mm(x.t(), y),
    "bmm": lambda m, k, m_: m.bmm(k, m_),
    "mv": lambda m, x, r: x.mv(r),
    "dot": lambda m, r: r.dot(r * 2),
    "outer": lambda m, r, x: m.outer(r, x[0]),
}
CREATION: dict[str, Case] = {
    "zeros": lambda m: m.zeros(2, 3),
    "zeros tuple": lambda m: m.zeros((2, 3), dtype=m.int32),
    "zeros scalar": lambda m: m.zeros(()),
    "zeros size": lambda m: m.zeros(size=(2,)),
    "ones": lambda m: m.ones([2, 1], dtype=m.bool),
    "full": lambda m: m.full((2,), 3),
    "full float": lambda m: m.full((2, 2), 2.5),
    "full bool": lambda m: m.full((1,), True),
    "full dtype": lambda m: m.full((2,), 3, dtype=m.float64),
    "eye": lambda m: m.eye(2, 3),
    "arange": lambda m: m.arange(5),
    "arange floats": lambda m: m.arange(1, 2, 0.3),
    "arange downward": lambda m: m.arange(5, 0, -2),
    "arange dtype": lambda m: m.arange(3, dtype=m.float64),
    "linspace": lambda m: m.linspace(-1, 1, 7),
    "linspace one": lambda m: m.linspace(2, 3, 1),
    "zeros_like": lambda m, i32: m.zeros_like(i32),
    "ones_like": lambda m, x: m.ones_like(x, dtype=m.int64),
    "full_like": lambda m, i: m.full_like(i, 2.5),
    "new_zeros": lambda m, d: d.new_zeros(2, 2),
    "new_ones": lambda m, i: i.new_ones((3,)),
    "new_full": lambda m, d: d.new_full((2,), 7),
    "new_tensor": lambda m, d: d.new_tensor([1, 2]),
    "tensor": lambda m: m.tensor([[1, 2.5], [3, 4]]),
    "tensor booleans": lambda m: m.tensor([True, False]),
    "tensor dtype": lambda m: m.tensor([1, 2], dtype=m.float64),
}
CONVERSION: dict[str, Case] = {
    "float": lambda m, i: i.float(),
    "double": lambda m, x: x.double(),
    "half": lambda m, x: x.half(),
    "long": lambda m, x: x.long(),
    "int": lambda m, x: x.int(),
    "bool": lambda m, z: z.bool(),
    "short": lambda m, i: i.short(),
    "byte": lambda m, b: b.byte(),
    "to dtype": lambda m, x: x.to(m.float64),
    "to device and dtype": lambda m, x: x.to("cpu", m.float64),
    "to keyword": lambda m, x: x.to(device="cpu", dtype=m.float16),
    "to other": lambda m, i, d: i.to(d),
    "type_as": lambda m, i, x: i.type_as(x),
    "clone": lambda m, x: m.clone(x),
    "contiguous": lambda m, x: x.t().contiguous(),
    "cpu": lambda m, x: x.cpu(),
}


def _written(name: str, *args: Any, **named: Any) -> Case:
    """Apply an in-place method to a computed Tensor; its base must show what was written too."""

    def case(m: Any, p: Any, y: Any) -> Any:
        base = p * 1
        part = base[0]
        with_tensors = [y[0] if a is Ellipsis else a for a in args]
        assert getattr(part, name)(*with_tensors, **named) is part
        return part, base * y

    return case


WRITING: dict[str, Case] = {
    name if not args else f"{name} {args}": _written(name, *args)
    for name, *args in [
        ("add_", 2),
        ("add_", ...),
        ("sub_", ...),
        ("mul_", 3),
        ("mul_", ...),
        ("div_", ...),
        ("true_divide_", 4),
        ("pow_", 3),
        ("pow_", ...),
        ("square_",),
        ("clamp_", 0.75, 1.5),
        ("clamp_min_", 1),
        ("clamp_max_", 1),
        ("fill_", 2),
        ("zero_",),
        ("copy_", ...),
        ("abs_",),
        ("cos_",),
        ("exp_",),
        ("log_",),
        ("log1p_",),
        ("neg_",),
        ("reciprocal_",),
        ("relu_",),
        ("rsqrt_",),
        ("sigmoid_",),
        ("sign_",),
        ("sin_",),
        ("sqrt_",),
        ("tanh_",),
        ("remainder_", 0.75),
    ]
}
WRITING |= {
    "add_ alpha": _written("add_", ..., alpha=0.5),
    "masked_fill_": lambda m, x, b, y: ((x * 1).masked_fill_(b, 2.0) * y,),
    "copy_ converts": lambda m, x, i: (x * 1).copy_(i),
    "fill_ integers": lambda m, i: i.clone().fill_(2.5),
    "add_ to a wider number": lambda m, x, d: (x * 1).add_(d),
}

FAMILIES = {
    "arithmetic": ARITHMETIC,
    "elementwise": ELEMENTWISE,
    "reduce": REDUCE,
    "extremes": EXTREMES,
    "comparison": COMPARISON,
    "shape": SHAPE,
    "index": INDEX,
    "linalg": LINALG,
    "creation": CREATION,
    "conversion": CONVERSION,
    "writing": WRITING,
}
CASES = [
    pytest.param(case, id=f"{family}: {name}") for family, cases in FAMILIES.items() for name, case in cases.items()
]


def _arguments(case: Case) -> list[np.ndarray]:
    names = case.__code__.co_varnames[1 : case.__code__.co_argcount]
    return [INPUTS[name.rstrip("_")] for name in names]


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _weighted(outs: list[Any], make: Callable[[np.ndarray], Any]) -> Any:
    """One number that every floating result has a different share in."""
    total: Any = 0.0
    for out in outs:
        if out.requires_grad:
            weights = np.cos(np.arange(out.numel())).reshape(tuple(out.shape))
            total = total + (out.double() * make(weights)).sum()
    return total


def _run(m: Any, case: Case, arguments: list[np.ndarray], make: Callable[[np.ndarray], Any]) -> tuple[Any, Any]:
    """Results and gradients of one case in one library."""
    tensors = [make(a.copy()) for a in arguments]
    floats = [t.requires_grad_() for t in tensors if t.is_floating_point()]
    outs = _listed(case(m, *tensors))
    total = _weighted(outs, make)
    if not isinstance(total, float):
        total.backward()
    return outs, [t.grad for t in floats]


def _same(ours: Any, theirs: Any) -> None:
    mine, other = ours.detach().numpy(), theirs.detach().numpy()
    assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
    assert tuple(ours.shape) == tuple(theirs.shape)
    rtol = 2e-3 if mine.dtype == np.float16 else 3e-6
    np.testing.assert_allclose(mine, other, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_a_function_gives_what_it_gives_in_pytorch(case):
    arguments = _arguments(case)
    mine, my_grads = _run(ad, case, arguments, ad.from_numpy)
    theirs, their_grads = _run(torch, case, arguments, torch.from_numpy)
    assert len(mine) == len(theirs)
    for ours, other in zip(mine, theirs, strict=True):
        _same(ours, other)
    for ours, other in zip(my_grads, their_grads, strict=True):
        assert (ours is None) == (other is None) or not np.any((ours if other is None else other).numpy())
        if ours is not None and other is not None:
            _same(ours, other)
