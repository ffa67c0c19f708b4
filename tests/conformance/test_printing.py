"""The text of Tensors: printed here and in PyTorch, over shapes, kinds of numbers and options."""

import re

import numpy as np
import pytest
import torch

import autodiff as ad

SHAPES = [
    (),
    (1,),
    (7,),
    (30,),
    (3, 4),
    (2, 1, 3),
    (2, 3, 2, 2),
    (0,),
    (0, 3),
    (1001,),
    (40, 30),
    (2, 600),
    (11, 10, 12),
]
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0])


def _floats(rng, shape, dtype):
    """Numbers of several kinds: whole, small, large, far apart, not finite."""
    normal = rng.normal(size=shape)
    yield normal
    yield np.round(normal * 10.0 ** rng.integers(0, 11))
    yield normal * 10.0 ** rng.integers(-7, 10)
    yield normal * 10.0 ** rng.integers(-4, 5, size=shape)
    yield np.where(rng.random(shape) < 0.4, rng.choice(SPECIAL, size=shape), normal)
    yield np.where(rng.random(shape) < 0.4, rng.choice(SPECIAL, size=shape), np.round(normal * 1000))
    yield rng.choice(SPECIAL, size=shape)


def _arrays(shape):
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64, np.float16):
        with np.errstate(over="ignore"):
            yield from [np.asarray(a).astype(dtype) for a in _floats(rng, shape, dtype)]
    yield np.asarray(rng.random(shape) < 0.5)
    yield from [np.asarray(rng.integers(0, 100, shape)).astype(dtype) for dtype in (np.int64, np.int32, np.uint8)]
    yield np.asarray(rng.integers(-5000, 50000, shape))


OPTIONS = [
    {},
    {"precision": 2, "linewidth": 50},
    {"precision": 7, "sci_mode": True},
    {"sci_mode": False},
    {"threshold": 10, "edgeitems": 2},
    {"profile": "short"},
    {"profile": "full", "linewidth": 120},
]


@pytest.fixture(params=OPTIONS, ids=str)
def options(request):
    """Set the same options in both libraries, and put the first ones back."""
    for m in (ad, torch):
        m.set_printoptions(**request.param)
    yield
    for m in (ad, torch):
        m.set_printoptions(profile="default")


def _comparable(text: str) -> str:
    """PyTorch's ``dtype=torch.int32`` is longer than ours, so a note may begin a line there and not here."""
    text = text.replace("torch.", "")
    return re.sub(r",\s+(?=dtype|requires_grad)", ", ", text) if "dtype" in text else text


@pytest.mark.usefixtures("options")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_text_is_that_of_pytorch(shape):
    for array in _arrays(shape):
        ours, theirs = ad.from_numpy(array), torch.from_numpy(array)
        assert _comparable(repr(ours)) == _comparable(repr(theirs))
        if array.dtype.kind == "f":
            assert _comparable(repr(ours.requires_grad_())) == _comparable(repr(theirs.requires_grad_()))
