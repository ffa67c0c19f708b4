"""Things done to many parameters at once."""

import numpy as np
import pytest

import autodiff as ad
import nn
from nn import utils


def parameters(*grads):
    made = [nn.Parameter(ad.zeros(*np.shape(g))) for g in grads]
    for p, g in zip(made, grads, strict=True):
        p.grad = ad.tensor(g)
    return made


def test_a_norm_below_the_bound_leaves_the_gradients_as_they_are():
    (p,) = parameters([3.0, 4.0])
    assert utils.clip_grad_norm_(p, 6.0).item() == 5.0
    assert p.grad.tolist() == [3.0, 4.0]


def test_all_gradients_are_scaled_together_and_those_that_are_not_there_left_out():
    p, q = parameters([3.0], [[4.0]])
    assert utils.clip_grad_norm_([p, nn.Parameter(ad.zeros(2)), q], 1.0).item() == 5.0
    np.testing.assert_allclose([p.grad.item(), q.grad.item()], [0.6, 0.8], rtol=1e-6)
    assert utils.clip_grad_norm_([nn.Parameter(ad.zeros(2))], 1.0).item() == 0.0


def test_a_norm_that_is_not_finite_is_an_error_on_request_and_never_hidden():
    (p,) = parameters([float("nan"), 1.0])
    with pytest.raises(ad.GradientError, match="the norm of the gradients is nan"):
        utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    utils.clip_grad_norm_(p, 1.0)
    assert np.isnan(p.grad.numpy()).all()


def test_values_are_held_within_a_bound():
    p, q = parameters([3.0, -0.5], [-9.0])
    utils.clip_grad_value_([p, q], 1.0)
    assert (p.grad.tolist(), q.grad.tolist()) == ([1.0, -0.5], [-1.0])


def test_parameters_become_a_vector_with_their_history_and_back():
    source, target = nn.Linear(3, 2), nn.Linear(3, 2)
    vector = utils.parameters_to_vector(source.parameters())
    (vector * ad.arange(8.0)).sum().backward()
    assert source.bias.grad.tolist() == [6.0, 7.0]
    memory = target.weight.detach().numpy()
    utils.vector_to_parameters(vector.detach(), target.parameters())
    np.testing.assert_array_equal(memory, source.weight.detach().numpy())
    with pytest.raises(ad.ShapeError, match=r"have 8 elements together, and the vector has shape \(7,\)"):
        utils.vector_to_parameters(vector[:7], target.parameters())
