"""Ctrl-C between and within compiled steps in a plain loop: step counts agree with what the steps have done."""

import os
import signal
import threading

import pytest

import autodiff as ad
import nn
import nn.functional as F
import optim

pytest.importorskip("llvmlite", reason="machine code is made by an extra, jit; NumPy code stops in the middle")


def training(*layers):
    """A step whose count of batches is one of its states, and so moves on with all of them at once."""
    model = nn.Sequential(nn.Linear(40, 64), nn.BatchNorm1d(64), nn.ReLU(), *layers, nn.Linear(64, 4))
    optimizer = optim.Adam(model.parameters())

    @ad.compile(backend="numba")
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    counts = lambda: (model[1].num_batches_tracked.item(), optimizer.state[model[0].weight]["step"].item())  # noqa: E731
    return step, counts


def go_on(step, x, y):
    while True:
        step(x, y)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("layers", [[], [nn.Dropout(0.5)]], ids=["without draws", "with draws"])
def test_a_step_that_was_made_was_counted(layers):
    x, y = ad.randn(256, 40), ad.randint(0, 4, (256,))
    for trial in range(4):
        step, counts = training(*layers)
        for _ in range(4):
            step(x, y)
        threading.Timer(0.02 + 0.001 * trial, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            go_on(step, x, y)
        batches, steps = counts()
        assert batches == steps


@pytest.mark.parametrize("layers", [[], [nn.Dropout(0.5)]], ids=["without draws", "with draws"])
@pytest.mark.parametrize("tidy", [True, False])
def test_a_step_that_an_error_stopped_was_not_counted(layers, tidy):
    x, y = ad.randn(256, 40), ad.randint(0, 4, (256,))
    step, counts = training(*layers)
    for _ in range(4):
        step(x, y)
    wrong = y.clone()
    wrong[3] = 9
    if not tidy:  # a view, which a call brings in order first
        wrong = ad.stack([wrong, wrong], 1)[:, 0]
    with pytest.raises(IndexError):
        step(x, wrong)
    assert counts() == (4, 4)
    step(x, y)
    assert counts() == (5, 5)
