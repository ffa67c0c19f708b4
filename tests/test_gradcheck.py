"""gradcheck and gradgradcheck: they find what is wrong, leave alone what is right, and say which of the two it is."""

import warnings

import numpy as np
import pytest

import autodiff as ad
from autodiff.checking import GradcheckError, gradcheck, gradgradcheck
from autodiff.errors import GradientError

BOTH_MODES = pytest.mark.parametrize("fast_mode", [False, True], ids=["whole", "fast"])


def doubles(*values, requires_grad=True):
    return ad.tensor(values if len(values) > 1 else values[0], dtype=ad.float64, requires_grad=requires_grad)


def with_backward(rule, forward=lambda x: x * x):
    """An operation whose backward is `rule(g, x)`; the right one for the square is ``2 * x * g``."""

    class Given(ad.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx, g):
            return rule(g, *ctx.saved_tensors)

    return Given.apply


right = with_backward(lambda g, x: g * 2 * x)
wrong = with_backward(lambda g, x: g * x)
# The gradient is right, and treated as a constant where it depends on x.
cut_off = with_backward(lambda g, x: g * 2 * x.detach())


# -- what is right passes ------------------------------------------------------------------------------------------

RIGHT = {
    "one input": (lambda x: x.exp(), (doubles(0.5, -1.0),)),
    "two inputs that broadcast": (lambda x, y: x * y, (doubles([[1.0], [2.0]], [[3.0], [4.0]]), doubles(0.5, 2.0))),
    "the same Tensor twice": (lambda x, y: x * y, (T := doubles(1.5, -2.0), T)),
    "an input that does not require grad": (lambda x, y: x * y, (doubles(1.5), doubles(3.0, requires_grad=False))),
    "arguments that are no Tensors": (lambda x, n, name: x**n, (doubles(1.5, 2.0), 3, "cube")),
    "several outputs": (lambda x: (x * 2, x.exp()), (doubles(0.5, 1.0),)),
    "nested outputs": (lambda x: {"a": (x * 2, [x.exp()]), "b": None}, (doubles(0.5, 1.0),)),
    "nested inputs": (lambda p: p["w"] * p["more"][0], ({"w": doubles(0.5, 1.0), "more": (doubles(2.0, 3.0),)},)),
    "an output without derivative beside one with": (lambda x: (x > 0, x * x, x.detach() * 3), (doubles(1.0, -2.0),)),
    "integers among the outputs": (lambda x: x.max(dim=0), (doubles(1.0, 3.0, 2.0),)),
    "an input that is not used": (lambda x, y: x * x, (doubles(1.5), doubles(2.0))),
    "an input handed through": (lambda x, y: (x, x * y), (doubles(1.5), doubles(2.0))),
    "a scalar without dimensions": (lambda x: x.sin(), (doubles(0.3),)),
    "no elements": (lambda x: x * 2, (ad.tensor(np.zeros((0, 3))).requires_grad_(),)),
    "a view as input": (lambda x: x * x, (ad.tensor(np.arange(6.0).reshape(2, 3)).requires_grad_().T,)),
    "a computed input": (lambda x: x * x, (doubles(1.0, 2.0) * 3,)),
    "an operation of the user's": (right, (doubles(1.0, 2.0),)),
    "a write in place": (lambda x: (x * 1).mul_(x), (doubles(1.0, 2.0),)),
}


@BOTH_MODES
@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name, fast_mode):
    function, inputs = RIGHT[name]
    assert gradcheck(function, inputs, fast_mode=fast_mode)
    assert gradgradcheck(function, inputs, fast_mode=fast_mode)


def test_one_tensor_needs_no_tuple():
    assert gradcheck(lambda x: x * x, doubles(1.0, 2.0))
    assert gradgradcheck(lambda x: x * x, doubles(1.0, 2.0), doubles(1.0, -1.0))


def test_the_inputs_are_as_they_were_and_have_no_grad():
    x = doubles(1.0 / 3.0, 1e4 / 3.0)
    before = x.detach().numpy().copy()
    assert gradcheck(lambda x: x * x, x)
    np.testing.assert_array_equal(x.detach().numpy(), before)
    assert x.grad is None


def test_the_inputs_are_put_back_when_the_function_raises():
    x = doubles(1.0, 2.0)

    def thrice(x, calls=[]):  # noqa: B006 (counts the calls)
        calls.append(x)
        if len(calls) > 4:
            raise KeyError("mine")
        return x * x

    with pytest.raises(KeyError, match="mine"):
        gradcheck(thrice, x)
    assert x.tolist() == [1.0, 2.0]


def test_inputs_that_the_function_reaches_by_itself_can_be_listed():
    w = doubles(2.0, 3.0)
    assert gradcheck(lambda x, _: x * w, (doubles(1.0, 2.0), w))


def test_the_report_says_how_much_was_compared():
    report = gradcheck(lambda x, y: (x * y, x + y), (doubles(1.0, 2.0), doubles(3.0, 4.0)))
    assert report.ok
    assert report.verdict == "right"
    assert str(report) == "16 partial derivatives agree with their differences"


# -- what is wrong is found, and told apart ------------------------------------------------------------------------


@BOTH_MODES
def test_a_wrong_rule_is_found_and_named(fast_mode):
    with pytest.raises(GradcheckError) as caught:
        gradcheck(lambda x, y: (x + y, y * wrong(x)), (doubles(1.0, 3.0), doubles(0.5, 2.0)), fast_mode=fast_mode)
    text = str(caught.value)
    assert "the derivative of output 1 with respect to input 0 is not confirmed" in text
    assert "2 of 4 entries differ, most of all that of element [1] of the output by element [1] of the input" in text
    assert "numeric   12 " in text
    assert "analytic  6 " in text
    assert "wrong: the function is smooth here" in text
    assert caught.value.report.verdict == "wrong"


@BOTH_MODES
def test_a_gradient_that_is_cut_off_is_found_by_its_second_derivative(fast_mode):
    x = doubles(1.0, 3.0)
    assert gradcheck(cut_off, x, fast_mode=fast_mode)
    with pytest.raises(GradcheckError, match="the derivative of the gradient of input 0 with respect to input 0"):
        gradgradcheck(cut_off, x, fast_mode=fast_mode)


@BOTH_MODES
def test_one_wrong_entry_among_a_thousand_is_found(fast_mode):
    weights = np.ones(1000)
    weights[617] = 1.5
    off = with_backward(lambda g, x: g * ad.tensor(weights), lambda x: x * 1)
    x = ad.tensor(np.linspace(-1, 1, 1000)).requires_grad_()
    with pytest.raises(GradcheckError, match=r"element \[617\] of the input"):
        gradcheck(lambda x: off(x).sum(), x, fast_mode=fast_mode)


KINKS = {
    "relu at 0": (lambda x: x.relu(), 0.0),
    "sqrt at 0": (lambda x: x.sqrt(), 0.0),
    "a step": (lambda x: with_backward(lambda g, x: g * 0, lambda x: (x > 0) * 1.0)(x), 0.0),
    "a tie": (lambda x: ad.maximum(x, x * 3 - 2), 1.0 + 1e-8),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_called_a_kink(name):
    function, at = KINKS[name]
    report = gradcheck(function, doubles(at), raise_exception=False)
    assert not report
    assert report.verdict == "kink", report.text


def test_a_derivative_that_lies_on_neither_side_of_a_kink_is_wrong():
    report = gradcheck(with_backward(lambda g, x: g * 7, lambda x: abs(x) * 1), doubles(1e-9), raise_exception=False)
    assert report.verdict == "wrong"


def test_a_step_that_is_too_small_is_called_lack_of_precision():
    with pytest.warns(UserWarning, match="differences with eps=1e-14 are mostly rounding; use a larger eps"):
        report = gradcheck(lambda x: x**3, doubles(0.7, 2.0), eps=1e-14, raise_exception=False)
    assert report.verdict == "precision"
    assert "the numbers agree" in report.text


def test_float32_inputs_are_warned_of_and_called_lack_of_precision():
    x = ad.tensor([0.7, 2.0], requires_grad=True)
    with pytest.warns(UserWarning, match=r"input 0 has dtype float32.*use float64 inputs \(\.double\(\)\)"):
        report = gradcheck(lambda x: x**3, x, raise_exception=False)
    assert report.verdict == "precision"
    assert "Use float64 inputs (.double()), or eps=" in report.text


def test_float32_inputs_with_a_wide_step_are_checked_in_peace():
    x = ad.tensor([0.7, 2.0], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert gradcheck(lambda x: x**3, x, eps=1e-3, atol=1e-2, rtol=1e-2)
        report = gradcheck(wrong, x, eps=1e-3, atol=1e-2, rtol=1e-2, raise_exception=False)
    assert report.verdict == "wrong"


# -- other demands -------------------------------------------------------------------------------------------------


def test_a_function_that_is_random_is_found_out():
    rng = np.random.default_rng(0)
    with pytest.raises(GradcheckError, match="gives other values when it is called again .* random or stateful"):
        gradcheck(lambda x: x * float(rng.normal()), doubles(1.0, 2.0))


def test_a_backward_that_is_random_is_found_out_unless_it_is_allowed_to_be():
    rng = np.random.default_rng(0)
    shaky = with_backward(lambda g, x: g * 2 * x * (1 + 1e-7 * float(rng.normal())))
    with pytest.raises(GradcheckError, match="backward gives other gradients when it is run again"):
        gradcheck(shaky, doubles(1.0, 2.0))
    assert gradcheck(shaky, doubles(1.0, 2.0), nondet_tol=1e-5)


def test_a_gradient_that_does_not_vanish_with_its_cotangent_is_found_out():
    stubborn = with_backward(lambda g, x: g * 2 * x + 1e-7)
    with pytest.raises(GradcheckError, match="a cotangent of zeros gives input 0 a gradient that is not zero"):
        gradcheck(stubborn, doubles(1.0, 2.0))
    assert gradcheck(stubborn, doubles(1.0, 2.0), check_undefined_grad=False)


def test_dtypes_of_gradients_can_be_checked():
    x, y = doubles(1.0, 2.0), ad.tensor([1.0, 2.0], requires_grad=True)
    assert gradcheck(lambda x, y: x * y, (x, y), eps=1e-3, atol=1e-2, check_grad_dtypes=True)


def test_an_output_computed_outside_the_graph_is_found_out():
    with pytest.raises(GradcheckError, match=r"no output requires grad, yet one depends on input 0.*2"):
        gradcheck(lambda x: x.detach() * 2, doubles(1.0, 3.0))


def test_a_function_of_nothing_passes():
    assert gradcheck(lambda x: ad.tensor(1.0), doubles(1.0, 3.0))
    assert gradcheck(lambda x: x > 0, doubles(1.0, 3.0))


def test_cotangents_can_be_made_non_contiguous():
    seen = []

    def look(g, x):
        seen.append(g.is_contiguous())
        return g * 2 * x

    assert gradgradcheck(with_backward(look), doubles(1.0, 2.0, 3.0), gen_non_contig_grad_outputs=True)
    assert not all(seen)


# -- questions that cannot be asked --------------------------------------------------------------------------------


@pytest.mark.parametrize("raise_exception", [True, False])
def test_without_an_input_that_requires_grad_there_is_nothing_to_check(raise_exception):
    with pytest.raises(ValueError, match="needs at least one input that requires grad; create it with ad.tensor"):
        gradcheck(lambda x: x, doubles(1.0, requires_grad=False), raise_exception=raise_exception)


def test_an_expanded_input_is_refused():
    with pytest.raises(GradcheckError, match=r"input 0 of shape \(2, 3\) cannot be moved .*pass a copy of it"):
        gradcheck(lambda x: x * x, doubles(1.0, 2.0, 3.0).expand(2, 3))


@pytest.mark.parametrize("name", ["check_batched_grad", "check_forward_ad", "check_batched_forward_grad"])
def test_checks_of_what_does_not_exist_are_refused(name):
    with pytest.raises(GradcheckError, match=f"{name}=True is not supported"):
        gradcheck(lambda x: x, doubles(1.0), **{name: True})


def test_a_check_of_nothing_is_refused():
    with pytest.raises(GradcheckError, match="leaves nothing to check"):
        gradcheck(lambda x: x, doubles(1.0), check_backward_ad=False)
    with pytest.raises(GradcheckError, match="leaves nothing to check"):
        gradgradcheck(lambda x: x, doubles(1.0), check_rev_over_rev=False)
    with pytest.raises(GradcheckError, match="no output of the function requires grad"):
        gradgradcheck(lambda x: x > 0, doubles(1.0))


def test_the_errors_are_gradient_errors():
    assert issubclass(GradcheckError, GradientError)
    assert issubclass(GradcheckError, RuntimeError)


def test_both_are_offered_under_their_usual_names():
    assert ad.gradcheck is gradcheck
    assert ad.gradgradcheck is gradgradcheck
    assert ad.autograd.gradcheck is gradcheck
    assert ad.autograd.gradgradcheck is gradgradcheck
