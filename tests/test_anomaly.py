"""detect_anomaly: the first value that is not finite, named with its operation, line and operands."""

import numpy as np
import pytest

import autodiff as ad
from autodiff.errors import AnomalyError, StaleValueError


def leaf(*values, dtype=ad.float64):
    return ad.tensor(values, dtype=dtype, requires_grad=True)


def test_a_forward_that_makes_a_nan_is_named_with_its_line_and_operands():
    x = leaf(-1.0, 4.0)
    with ad.autograd.detect_anomaly(), pytest.raises(AnomalyError) as caught:
        ad.sqrt(x)  # here
    text = str(caught.value)
    assert text.startswith("sqrt gave the first nan, at test_anomaly.py:")
    assert "ad.sqrt(x)  # here" in text
    assert "result: shape (2,), float64, [nan, 2.0]" in text
    assert "its argument 'x': shape (2,), float64, [-1.0, 4.0]" in text


def test_a_backward_that_makes_an_inf_is_named_with_the_line_of_its_forward():
    x = leaf(0.0, 4.0)
    with ad.autograd.detect_anomaly():
        y = ad.sqrt(x)  # there
        with pytest.raises(AnomalyError) as caught:
            y.sum().backward()
    text = str(caught.value)
    assert text.startswith("the backward of sqrt gave the first inf, as the gradient of its argument 'x'")
    assert "y = ad.sqrt(x)  # there" in text
    assert "[0.0, 4.0]" in text
    assert x.grad is None


def test_the_first_of_several_is_named():
    x = leaf(0.0)
    with ad.autograd.detect_anomaly(), pytest.raises(AnomalyError, match="^log gave the first inf"):
        (ad.log(x) * 0.0).exp()


def test_many_operands_are_summed_up():
    x = leaf(*np.linspace(-1.0, 8.0, 10))
    with ad.autograd.detect_anomaly(), pytest.raises(AnomalyError, match=r"float64, from -1 to 8$"):
        ad.sqrt(x)
    with ad.autograd.detect_anomaly(), pytest.raises(AnomalyError, match="1 of 10 not finite"):
        ad.sqrt(x)


def test_an_inf_that_was_given_is_no_anomaly_but_a_nan_made_of_it_is():
    mask = ad.tensor([0.0, -np.inf])
    with ad.autograd.detect_anomaly():
        assert (leaf(1.0, 2.0) + mask).isinf().any()
        with pytest.raises(AnomalyError, match="subtract gave the first nan"):
            mask - mask


def test_finite_programs_are_left_alone():
    x = leaf(1.0, 2.0)
    with ad.autograd.detect_anomaly():
        (x.exp() * x).sum().backward()
    (plain,) = ad.grad((x.exp() * x).sum(), x)
    assert x.grad.tolist() == plain.tolist()


def test_a_nan_given_to_backward_is_told_apart_from_one_it_makes():
    y = leaf(1.0) * 2
    with ad.autograd.detect_anomaly(), pytest.raises(AnomalyError, match="backward was given a gradient that is not"):
        y.backward(ad.tensor([np.nan], dtype=ad.float64))


def test_a_stale_value_is_named_with_its_line():
    x = leaf(1.0, 2.0)
    with ad.autograd.detect_anomaly():
        y = x * 1
        z = y.exp()
        z += 1
        with pytest.raises(StaleValueError, match=r"exp \(result of shape \(2,\)\) at test_anomaly.py:\d+: z = y.exp"):
            z.sum().backward()


def test_a_stale_value_that_was_not_watched_says_how_to_find_its_line():
    z = leaf(1.0, 2.0).exp()
    z += 1
    with pytest.raises(
        StaleValueError, match=r"exp \(result of shape \(2,\)\) saved .*inside ad.autograd.detect_anomaly"
    ):
        z.sum().backward()


def test_without_check_nan_only_lines_are_kept():
    with ad.autograd.detect_anomaly(check_nan=False):
        y = leaf(-1.0).sqrt()
    assert y.isnan().all()
    assert "y = leaf(-1.0).sqrt()" in y.grad_fn.where


def test_the_switch_works_at_once_and_as_a_block():
    x = leaf(-1.0)
    with ad.autograd.set_detect_anomaly(True), pytest.raises(AnomalyError):
        x.sqrt()
    x.sqrt()
    switch = ad.autograd.set_detect_anomaly(True)
    with pytest.raises(AnomalyError):
        x.sqrt()
    with ad.autograd.set_detect_anomaly(False):
        x.sqrt()
    with pytest.raises(AnomalyError):
        x.sqrt()
    switch.__exit__()
    x.sqrt()


def test_a_trace_goes_on_while_anomalies_are_looked_for():
    x = leaf(2.0)
    with ad.record() as rec, ad.autograd.detect_anomaly():
        (x * x).backward()
    assert "4" in str(rec)
