"""An ordinary update of large parameters, in machine code: the bits that NumPy gives, and no sooner than it pays."""

import numpy as np
import pytest

import autodiff as ad
import nn
import optim
from optim import native, program
from optim.running import SMALL_BYTES

pytest.importorskip("llvmlite", reason="llvmlite is an extra (jit), and without it NumPy updates all parameters")

RNG = np.random.default_rng(0)
NEVER, AT_ONCE = 2**62, 0


class Elastic(optim.Optimizer):
    """A rule of a user's own, with what the three do not use."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    def slots(self, h):
        return ("average", "largest")

    def update(self, xp, p, g, s, t, h):
        average = s[0] + (g - s[0]) / t
        largest = xp.minimum(xp.maximum(s[1], abs(g)), 3.0)
        # The slots change places, so that each is written before the other is read.
        return -(h["lr"] * average / (largest + 1) - p), (largest, average)


class Exponential(optim.Optimizer):
    """A rule whose function NumPy and machine code round each in its own way."""

    def __init__(self, params):
        super().__init__(params, {})

    def update(self, xp, p, g, s, t, h):
        return p - xp.exp(g) * 0.01, ()


RULES = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5, weight_decay=0.1),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, maximize=True),
    "adam": lambda p: optim.Adam(p, lr=0.1),
    "amsgrad": lambda p: optim.Adam(p, lr=0.1, weight_decay=0.1, amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.1),
    "own": Elastic,
}


def parameters(dtype):
    """A pack of several small ones, and large ones of sizes that no vector divides."""
    sizes = [*[SMALL_BYTES // 8 - 1] * 12, SMALL_BYTES, 3 * SMALL_BYTES + 7]
    return [nn.Parameter(ad.tensor(RNG.standard_normal(n).astype(dtype))) for n in sizes]


def trained(make, start, gradients, *, worth, between=lambda optimizer, k: None):
    """Parameters and state after a step for each list of gradients, compiled from so many operations on."""
    params = [nn.Parameter(ad.tensor(p.detach().numpy().copy())) for p in start]
    optimizer = make(params)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "WORTH_COMPILING", worth)
        for k, gs in enumerate(gradients):
            for p, g in zip(params, gs, strict=True):
                p.grad = ad.tensor(g)
            optimizer.step()
            between(optimizer, k)
    state = [v.numpy() for p in params for v in optimizer.state.get(p, {}).values()]
    return optimizer, [p.detach().numpy() for p in params] + state


def given_gradients(start, steps):
    return [[RNG.standard_normal(tuple(p.shape)).astype(str(p.dtype)) for p in start] for _ in range(steps)]


def is_compiled(optimizer):
    codes = optimizer._program.codes.values()
    return any(found is not None for code in codes for found in code.compiled.values())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("make", RULES.values(), ids=RULES)
def test_machine_code_gives_the_bits_that_numpy_gives(make, dtype):
    start = parameters(dtype)
    gradients = given_gradients(start, 40)
    _, expected = trained(make, start, gradients, worth=NEVER)
    optimizer, found = trained(make, start, gradients, worth=AT_ONCE)
    assert is_compiled(optimizer)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_settings_that_change_count_from_the_next_step_on():
    def between(optimizer, k):
        group = optimizer.param_groups[0]
        group["lr"] *= 0.9
        group["weight_decay"] = 0.1 * (k % 4 == 3)  # another formula

    start = parameters("float32")
    gradients = given_gradients(start, 12)
    one, other = [trained(RULES["adam"], start, gradients, worth=w, between=between)[1] for w in (NEVER, AT_ONCE)]
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("special", [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, 3e38])
def test_special_numbers_become_what_they_become_in_numpy(special):
    start = parameters("float32")
    gradients = given_gradients(start, 3)
    for g in gradients[1]:
        g[::3] = special
    with np.errstate(all="ignore"):
        one, other = [trained(RULES["amsgrad"], start, gradients, worth=w)[1] for w in (NEVER, AT_ONCE)]
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_rule_that_would_be_rounded_otherwise_stays_with_numpy():
    start = parameters("float32")
    optimizer, _ = trained(Exponential, start, given_gradients(start, 2), worth=AT_ONCE)
    assert not is_compiled(optimizer)


def test_half_precision_stays_with_numpy():
    start = parameters("float16")
    optimizer, _ = trained(RULES["sgd"], start, given_gradients(start, 2), worth=AT_ONCE)
    assert not is_compiled(optimizer)


@pytest.mark.parametrize("shift", [0, 1, 100])
def test_a_gradient_in_the_memory_of_its_parameter_is_read_as_numpy_reads_it(shift):
    def step(worth):
        memory = np.linspace(0, 1, 2 * SMALL_BYTES, dtype=np.float32)
        p = nn.Parameter(ad.from_numpy(memory[:SMALL_BYTES]))
        p.grad = ad.from_numpy(memory[shift : shift + SMALL_BYTES])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(program, "WORTH_COMPILING", worth)
            optim.SGD([p], lr=0.5).step()
        return memory

    np.testing.assert_array_equal(step(NEVER), step(AT_ONCE))


def test_a_short_program_does_not_wait_for_a_compiler(monkeypatch):
    monkeypatch.setattr(native, "Native", None)  # would fail when called
    start = parameters("float32")
    optimizer, _ = trained(RULES["adam"], start, given_gradients(start, 5), worth=program.WORTH_COMPILING)
    assert not is_compiled(optimizer)


def test_a_long_program_is_compiled_on_the_way_and_no_number_shows_it():
    start = parameters("float32")
    gradients = given_gradients(start, 6)
    # So many operations that it happens between two parameters of one step.
    worth = 40 * sum(p.numel() for p in start)
    _, one = trained(RULES["adam"], start, gradients, worth=NEVER)
    optimizer, other = trained(RULES["adam"], start, gradients, worth=worth)
    assert is_compiled(optimizer)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
