"""How Tensors are printed: PyTorch's text, case by case, and the options that change it."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import AutodiffError

NAN, INF = float("nan"), float("inf")

TEXTS = {
    "a number": (lambda: ad.tensor(1.5), "tensor(1.5000)"),
    "a whole number": (lambda: ad.tensor(2.0), "tensor(2.)"),
    "an integer": (lambda: ad.tensor(7), "tensor(7)"),
    "digits after the point": (
        lambda: ad.tensor([[1, 2.5], [3, 4]]),
        "tensor([[1.0000, 2.5000],\n        [3.0000, 4.0000]])",
    ),
    "whole numbers": (lambda: ad.tensor([1.0, -20.0]), "tensor([  1., -20.])"),
    "integers": (lambda: ad.tensor([1, -20]), "tensor([  1, -20])"),
    "booleans": (lambda: ad.tensor([True, False]), "tensor([ True, False])"),
    "far apart": (lambda: ad.tensor([0.001, 2000.5]), "tensor([1.0000e-03, 2.0005e+03])"),
    "small": (lambda: ad.tensor([0.00001]), "tensor([1.0000e-05])"),
    "large": (lambda: ad.tensor([123456789.0]), "tensor([1.2346e+08])"),
    "not finite": (lambda: ad.tensor([1.0, NAN, -INF]), "tensor([1., nan, -inf])"),
    "zeros": (lambda: ad.zeros(3), "tensor([0., 0., 0.])"),
    "minus zero": (lambda: ad.tensor([-0.0, 1.5]), "tensor([-0.0000, 1.5000])"),
    "another float": (lambda: ad.tensor([1.0], dtype=ad.float64), "tensor([1.], dtype=float64)"),
    "another integer": (lambda: ad.tensor([1], dtype=ad.int32), "tensor([1], dtype=int32)"),
    "bytes": (lambda: ad.tensor([1], dtype=ad.uint8), "tensor([1], dtype=uint8)"),
    "nothing": (lambda: ad.zeros(0), "tensor([])"),
    "nothing, of a shape": (lambda: ad.zeros(0, 3), "tensor([], size=(0, 3))"),
    "nothing, of a dtype": (lambda: ad.zeros(0, dtype=ad.int64), "tensor([], dtype=int64)"),
    "blocks": (
        lambda: ad.arange(8).reshape(2, 2, 2),
        "tensor([[[0, 1],\n         [2, 3]],\n\n        [[4, 5],\n         [6, 7]]])",
    ),
    "a leaf": (lambda: ad.tensor([1.0], requires_grad=True), "tensor([1.], requires_grad=True)"),
    "a result": (lambda: ad.tensor([1.0], requires_grad=True) * 2, "tensor([2.], grad_fn=<MultiplyBackward>)"),
    "a result without gradient": (lambda: ad.tensor([1.0]) * 2, "tensor([2.])"),
    "a long row": (
        lambda: ad.arange(30),
        """tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])""",
    ),
    "many in a row": (lambda: ad.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
    "many": (
        lambda: ad.zeros(40, 50),
        """tensor([[0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.],
        ...,
        [0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.]])""",
    ),
    "a result printed in part names its size": (
        lambda: ad.zeros(2000, requires_grad=True) + 1,
        "tensor([1., 1., 1.,  ..., 1., 1., 1.], size=(2000,), grad_fn=<AddBackward>)",
    ),
    "a note that does not fit goes on a line of its own": (
        lambda: ad.full((7,), 0.00123, dtype=ad.float64, requires_grad=True),
        "tensor([0.0012, 0.0012, 0.0012, 0.0012, 0.0012, 0.0012, 0.0012], dtype=float64,\n       requires_grad=True)",
    ),
}


@pytest.fixture
def options():
    """Leave the options of printing as they were at start."""
    yield
    ad.set_printoptions(profile="default")


@pytest.mark.parametrize("what", TEXTS)
def test_a_tensor_is_printed_as_in_pytorch(what):
    make, text = TEXTS[what]
    assert repr(make()) == str(make()) == text


@pytest.mark.parametrize(
    ("chosen", "text"),
    [
        ({"precision": 2}, "tensor([[ 0.33,  2.00],\n        [-1.50,  0.00]])"),
        ({"sci_mode": True}, "tensor([[ 3.3333e-01,  2.0000e+00],\n        [-1.5000e+00,  0.0000e+00]])"),
        ({"profile": "short"}, "tensor([[ 0.33,  2.00],\n        [-1.50,  0.00]])"),
        ({"linewidth": 20}, "tensor([[ 0.3333,\n          2.0000],\n        [-1.5000,\n          0.0000]])"),
        (
            {"threshold": 3, "edgeitems": 1},
            "tensor([[ 0.3333,  2.0000],\n        [-1.5000,  0.0000]])",
        ),
    ],
)
@pytest.mark.usefixtures("options")
def test_the_options_change_what_is_printed(chosen, text):
    ad.set_printoptions(**chosen)
    assert repr(ad.tensor([[1 / 3, 2.0], [-1.5, 0.0]])) == text


@pytest.mark.usefixtures("options")
def test_scientific_notation_can_be_ruled_out():
    ad.set_printoptions(sci_mode=False)
    assert repr(ad.tensor([0.001, 2000.5])) == "tensor([   0.0010, 2000.5000])"


@pytest.mark.usefixtures("options")
def test_the_full_profile_leaves_nothing_out():
    ad.set_printoptions(profile="full")
    assert "..." not in repr(ad.zeros(3000))


@pytest.mark.usefixtures("options")
def test_the_options_can_be_read_and_an_unknown_profile_is_refused():
    ad.set_printoptions(precision=6, edgeitems=2)
    options = ad.get_printoptions()
    assert (options["precision"], options["edgeitems"], options["linewidth"]) == (6, 2, 80)
    with pytest.raises(AutodiffError, match="no profile 'long'; there are default, short, full"):
        ad.set_printoptions(profile="long")


def test_the_default_dtype_is_the_one_that_is_not_named():
    ad.set_default_dtype(ad.float64)
    try:
        assert repr(ad.tensor([1.0])) == "tensor([1.])"
        assert repr(ad.tensor([1.0], dtype=ad.float32)) == "tensor([1.], dtype=float32)"
    finally:
        ad.set_default_dtype(ad.float32)


def test_a_number_is_formatted_as_numbers_are_and_a_tensor_as_text():
    assert f"{ad.tensor(3.14159):.3f}" == "3.142"
    assert f"{ad.tensor(7):>4}" == "   7"
    assert f"{ad.tensor([1.0])}" == "tensor([1.])"


def test_printing_a_large_tensor_reads_only_what_it_shows():
    huge = ad.from_numpy(np.broadcast_to(np.float32(1), (10**9, 1000)))
    assert repr(huge).count("...,") == 7
