"""Lengths, angles and divergences."""

import pytest

import autodiff as ad
import nn.functional as F
from nn.errors import SettingError


def test_a_normalised_vector_has_length_1_and_one_of_zeros_stays():
    x = ad.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    out = F.normalize(x)
    assert out.norm(dim=1).tolist() == pytest.approx([1.0, 0.0])
    out.sum().backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("eps", [1e-8, 10.0])
def test_derivatives_of_cosines_agree_with_differences(eps):
    ad.manual_seed(0)
    x, y = (ad.randn(4, 3, dtype=ad.float64, requires_grad=True) for _ in range(2))
    ad.gradcheck(lambda x, y: F.cosine_similarity(x, y, eps=eps), (x, y))
    ad.gradgradcheck(lambda x, y: F.cosine_similarity(x, y, eps=eps), (x, y))


def test_a_divergence_is_0_from_itself_and_takes_probabilities_of_0():
    q = ad.tensor([[0.25, 0.75]])
    assert F.kl_div(q.log(), q, reduction="batchmean").item() == pytest.approx(0, abs=1e-7)
    assert F.kl_div(ad.tensor([-1.0, -2.0]), ad.tensor([0.0, 1.0]), reduction="sum").item() == 2.0


def test_divergences_of_two_shapes_or_without_a_batch_are_refused():
    with pytest.raises(ad.ShapeError, match="kl_div: the input has shape"):
        F.kl_div(ad.ones(3, 1), ad.ones(3))
    with pytest.raises(SettingError, match="has no batch"):
        F.kl_div(ad.tensor(-1.0), ad.tensor(0.5), reduction="batchmean")
    with pytest.raises(SettingError, match="reduction must be"):
        F.kl_div(ad.ones(3), ad.ones(3), reduction="median")
