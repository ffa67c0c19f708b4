"""Padding, and cutting off."""

import pytest

import autodiff as ad
import nn.functional as F
from nn.errors import SettingError


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_derivatives_agree_with_differences(mode):
    ad.manual_seed(0)
    x = ad.randn(3, 4, dtype=ad.float64, requires_grad=True)
    ad.gradcheck(lambda x: F.pad(x, (2, 1, 0, 2), mode=mode), (x,))
    ad.gradgradcheck(lambda x: F.pad(x, (2, -1, 0, 2), mode=mode).square(), (x,))


def test_integers_and_booleans_stay_what_they_are():
    assert F.pad(ad.tensor([1, 2]), (1, 0), value=7).tolist() == [7, 1, 2]
    assert F.pad(ad.tensor([True]), (0, 1)).tolist() == [True, False]


@pytest.mark.parametrize("mode", ["constant", "circular"])
def test_nothing_is_shared_with_the_input(mode):
    x = ad.zeros(2)
    F.pad(x, (0, 0), mode=mode).add_(1)
    assert x.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_a_compiled_function_pads(mode):
    fast = ad.compile(lambda x: F.pad(x, (1, 2, 1, -1), mode=mode) * 2)
    for i in range(4):
        x = ad.arange(12.0).reshape(3, 4) + i
        assert fast(x).tolist() == (F.pad(x, (1, 2, 1, -1), mode=mode) * 2).tolist()


@pytest.mark.parametrize(
    ("pad", "mode", "says"),
    [
        ((1,), "constant", "two numbers for each"),
        ((1, 1, 1, 1, 1, 1), "constant", "two numbers for each"),
        ((-2, -2), "constant", "cuts off more elements"),
        ((3, 0), "reflect", "can pad 3 elements by 2 at each end"),
        ((0, 4), "circular", "can pad 3 elements by 3 at each end"),
    ],
)
def test_padding_that_cannot_be_is_refused(pad, mode, says):
    with pytest.raises(ad.ShapeError, match=says):
        F.pad(ad.ones(2, 3), pad, mode=mode)


def test_modes_and_values_that_are_not_there_are_refused():
    with pytest.raises(SettingError, match="mode must be one of 'constant'"):
        F.pad(ad.ones(2), (1, 1), mode="edge")
    with pytest.raises(SettingError, match="takes no value"):
        F.pad(ad.ones(2), (1, 1), mode="reflect", value=1.0)
    with pytest.raises(ad.ShapeError, match="can pad 0 elements by 0"):
        F.pad(ad.ones(0), (1, 1), mode="replicate")
