"""Losses: what they refuse, and how they say it."""

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F

WEIGHT = ad.tensor([0.5, 2.0, 1.5], dtype=ad.float64)
REGRESSION = [nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.BCELoss, nn.BCEWithLogitsLoss]


@pytest.mark.parametrize("loss", REGRESSION)
def test_a_column_against_a_vector_is_refused_with_the_mend_both_ways(loss):
    column, vector = ad.full((5, 1), 0.5), ad.ones(5)
    with pytest.raises(ad.ShapeError, match=r"input has shape \(5, 1\) and the target \(5,\).*\(5, 5\).*every predi"):
        loss()(column, vector)
    with pytest.raises(ValueError, match=r"Use input.squeeze\(1\) or target.unsqueeze\(1\)"):
        loss()(column, vector)
    with pytest.raises(ad.ShapeError, match=r"Use target.squeeze\(1\) or input.unsqueeze\(1\)"):
        loss()(column.squeeze(1), vector.unsqueeze(1))
    assert loss()(column.squeeze(1), vector).item() == loss()(column, vector.unsqueeze(1)).item()


@pytest.mark.parametrize("loss", REGRESSION)
@pytest.mark.parametrize(
    ("input", "target", "text"),
    [((4, 3), (4,), "loss is cross_entropy"), ((4, 3), (3,), "target.expand_as"), ((3,), (), "target.expand_as")],
)
def test_other_shapes_that_would_broadcast_are_refused_too(loss, input, target, text):
    with pytest.raises(ad.ShapeError, match=text):
        loss()(ad.full(input, 0.5), ad.full(target, 1.0))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda x, t: nn.CrossEntropyLoss()(x, t.unsqueeze(1)),
            r"have shape \(4,\); got \(4, 1\); use target.squeeze\(1\)",
        ),
        (
            lambda x, t: nn.CrossEntropyLoss()(x, t.float()),
            r"shape of class numbers, \(4,\), and dtype float32.*\.long\(\)",
        ),
        (lambda x, t: F.nll_loss(x, t.float()), r"class numbers are integers: use target.long\(\)"),
        (lambda x, t: F.cross_entropy(x, ad.ones(4, 3).long()), r"use target.float\(\); or target.argmax\(1\)"),
        (lambda x, t: F.cross_entropy(x[:, :1], t.unsqueeze(1).unsqueeze(1)), "binary_cross_entropy_with_logits"),
        (lambda x, t: F.cross_entropy(x, t[:3]), r"class numbers have shape \(4,\); got \(3,\)"),
        (lambda x, t: F.cross_entropy(x.sum(), t), "the input has no dimension for classes"),
        (lambda x, t: F.cross_entropy(x, t + 1), "class 3 is out of range; an input with 3 classes has classes 0 to 2"),
        (lambda x, t: nn.CrossEntropyLoss()(x, t - 1), "class -1 is out of range"),
        (lambda x, t: nn.CrossEntropyLoss(weight=ad.ones(3))(x, t + 1), "class 3 is out of range"),
        (lambda x, t: F.nll_loss(x, t - 1), "class -1 is out of range; an input with 3 classes has classes 0 to 2"),
        (lambda x, t: F.cross_entropy(x, t, ad.ones(4)), r"one number for each of the 3 classes.*got shape \(4,\)"),
        (lambda x, t: F.cross_entropy(x, t, label_smoothing=2.0), "must be between 0 and 1; got 2.0"),
        (lambda x, t: F.cross_entropy(x, x.softmax(1), label_smoothing=-1.0), "must be between 0 and 1; got -1.0"),
        (lambda x, t: F.mse_loss(x, x, reduction="avg"), "'mean', 'sum' or 'none'; got 'avg'"),
        (lambda x, t: nn.BCEWithLogitsLoss(reduction="avg"), "'mean', 'sum' or 'none'; got 'avg'"),
        (lambda x, t: F.binary_cross_entropy(x, x), "takes probabilities from 0 to 1 and got 2; put a sigmoid before"),
        (lambda x, t: F.smooth_l1_loss(x, x, beta=-1.0), "beta must not be negative"),
        (lambda x, t: F.huber_loss(x, x, delta=0.0), "delta must be positive"),
        (lambda x, t: F.mse_loss(x, x, weight=ad.ones(3)), r"weight: the input has shape \(3,\)"),
    ],
)
def test_what_does_not_belong_together_is_named_with_what_to_do(call, text):
    logits = ad.tensor([[2.0, 0.5, -1.0]] * 4)
    with pytest.raises(ad.AutodiffError, match=text):
        call(logits, ad.tensor([0, 1, 2, 0]))


def test_a_nan_is_no_probability():
    with pytest.raises(ad.AutodiffError, match="got nan"):
        F.binary_cross_entropy(ad.tensor([float("nan")]), ad.ones(1))


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_class_numbers_may_be_of_any_integer_dtype(dtype):
    logits, target = ad.tensor([[2.0, 0.5], [0.1, 0.3]]), np.array([0, 1])
    expected = nn.CrossEntropyLoss()(logits, ad.tensor(target)).item()
    assert nn.CrossEntropyLoss()(logits, ad.tensor(target.astype(dtype))).item() == expected
    assert F.cross_entropy(logits.numpy(), target).item() == expected


def test_logits_as_large_as_they_come_overflow_nowhere():
    logits = ad.tensor([[1e30, -1e30], [-1e30, 1e30]], requires_grad=True)
    loss = F.cross_entropy(logits, ad.tensor([0, 1]))
    loss.backward()
    assert (loss.item(), logits.grad.tolist()) == (0.0, [[0.0, 0.0], [0.0, 0.0]])
    logits = ad.tensor([1e30, -1e30], requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(logits, ad.tensor([1.0, 0.0]), pos_weight=ad.tensor(2.0))
    loss.backward()
    assert (loss.item(), logits.grad.tolist()) == (0.0, [0.0, 0.0])


def test_an_ignored_element_may_hold_anything():
    logs = ad.tensor([[-1.0, -float("inf")], [-float("inf"), -2.0]], requires_grad=True)
    loss = F.nll_loss(logs, ad.tensor([0, -100]))
    loss.backward()
    assert (loss.item(), logs.grad.tolist()) == (1.0, [[-1.0, 0.0], [0.0, 0.0]])


def test_weights_are_buffers_that_move_with_the_loss_and_are_saved():
    loss = nn.BCEWithLogitsLoss(weight=ad.ones(2), pos_weight=ad.full((2,), 3.0)).double()
    assert {k: str(v.dtype) for k, v in loss.state_dict().items()} == {"weight": "float64", "pos_weight": "float64"}
    assert loss(ad.zeros(4, 2, dtype=ad.float64), ad.ones(4, 2, dtype=ad.float64)).dtype == ad.float64


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("cross_entropy", lambda x: F.cross_entropy(x, ad.tensor([0, 2]))),
        ("smoothed and weighted", lambda x: F.cross_entropy(x, ad.tensor([0, 2]), WEIGHT, label_smoothing=0.1)),
        ("nll_loss", lambda x: F.nll_loss(x.log_softmax(1), ad.tensor([0, 2]))),
        ("mse_loss", lambda x: F.mse_loss(x, x * 0.5 + 1)),
        ("smooth_l1_loss", lambda x: F.smooth_l1_loss(x, x * 0.1)),
        ("huber_loss", lambda x: F.huber_loss(x, x * 0.1)),
        ("bce", lambda x: F.binary_cross_entropy(x.sigmoid(), (x * 2).sigmoid())),
        ("weighted bce", lambda x: F.binary_cross_entropy_with_logits(x, x.sigmoid(), pos_weight=WEIGHT)),
    ],
)
def test_first_and_second_derivatives_are_those_of_the_loss(name, make):
    x = ad.tensor([[0.3, -1.2, 2.0], [1.5, 0.4, -0.7]], dtype=ad.float64, requires_grad=True)
    assert ad.gradcheck(make, [x])
    assert ad.gradgradcheck(make, [x])
