"""What networks ask of a compiled step beyond equal numbers: values that are checked, and what is refused by name."""

import pytest

import autodiff as ad
import nn
import nn.functional as F
from nn.errors import SettingError


def test_a_compiled_loss_checks_its_probabilities_too():
    loss = ad.compile(lambda p, y: F.binary_cross_entropy(p, y), backend="numpy")
    y = ad.tensor([1.0, 0.0])
    for _ in range(3):
        assert loss(ad.tensor([0.5, 0.5]), y).item() == pytest.approx(0.6931472)
    assert loss.stats["replayed"]
    with pytest.raises(SettingError, match="takes probabilities from 0 to 1 and got 1.5"):
        loss(ad.tensor([0.5, 1.5]), y)


def test_a_compiled_loss_checks_its_classes_too():
    loss = ad.compile(lambda x, y: F.nll_loss(x, y, ad.tensor([1.0, 2.0])), backend="numpy")
    x = ad.tensor([[-1.0, -0.5]])
    for _ in range(3):
        assert loss(x, ad.tensor([1])).item() == 0.5
    with pytest.raises(IndexError, match="class 2 is out of range; an input with 2 classes has classes 0 to 1"):
        loss(x, ad.tensor([2]))


def test_a_norm_that_must_be_finite_is_refused_since_a_replay_looks_at_no_value():
    layer = nn.Linear(2, 1)

    @ad.compile
    def step(x):
        layer(x).sum().backward()
        return nn.utils.clip_grad_norm_(layer.parameters(), 1.0, error_if_nonfinite=True)

    with pytest.raises(ad.RecordingError, match="hands a value to Python"):
        step(ad.ones(3, 2))


def test_clipping_rounds_alike_with_and_without_a_recorder():
    grads = ad.randn(3, 200, 100), ad.randn(7)
    norms, clipped = [], []
    for compiled in (False, True):
        parameters = [nn.Parameter(ad.zeros(*g.shape)) for g in grads]

        def clip(parameters=parameters):
            return nn.utils.clip_grad_norm_(parameters, 2.0)

        for p, g in zip(parameters, grads, strict=True):
            p.grad = g.clone()
        norms.append((ad.compile(clip, backend="numpy") if compiled else clip)().item())
        clipped.append([p.grad.tolist() for p in parameters])
    assert norms[0] == norms[1]
    assert clipped[0] == clipped[1]
