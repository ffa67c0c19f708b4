"""A view sees what is written into its memory, in a replay as in an ordinary call, whichever of the two is written."""

import numpy as np
import pytest

import autodiff as ad

VIEWS = {
    "t": lambda w: w.t(),
    "T": lambda w: w.T,
    "mT": lambda w: w.mT,
    "transpose": lambda w: w.transpose(0, 1),
    "permute": lambda w: w.permute(1, 0),
    "movedim": lambda w: w.movedim(0, 1),
    "reshape": lambda w: w.reshape(4, 3),
    "view": lambda w: w.view(-1),
    "flatten": lambda w: w.flatten(),
    "unflatten": lambda w: w.unflatten(1, (2, 2)),
    "squeeze": lambda w: w[:1].squeeze(),
    "unsqueeze": lambda w: w.unsqueeze(1),
    "row": lambda w: w[1],
    "columns": lambda w: w[:, ::2],
    "narrow": lambda w: w.narrow(1, 1, 2),
    "select": lambda w: w.select(1, 2),
    "diagonal": lambda w: w.diagonal(),
    "expand": lambda w: w.unsqueeze(0).expand(2, 3, 4),
    "detach": lambda w: w.detach(),
    "a view of a view": lambda w: w.t()[1:].reshape(3, 3).unsqueeze(0),
}
WRITES = {
    "multiplied": lambda t: t.mul_(0.5),
    "filled": lambda t: t.fill_(2.0),
    "part of it": lambda t: t[..., 0].add_(1.0),
    "copied into": lambda t: t.copy_(t * t),
}
WHICH = ("the view", "what it is a view of")
# Elements that share memory are not written, as in PyTorch.
PAIRS = [(view, which) for view in VIEWS for which in WHICH if (view, which) != ("expand", "the view")]
BACKENDS = {"numpy": {"backend": "numpy"}, "no passes": {"passes": ()}, "any": {}}


def written(view, write, which):
    """A function that takes a view of a state, writes into one of the two, and reads both."""
    ad.manual_seed(0)
    state = ad.rand(3, 4)

    def step(x):
        seen = view(state)
        write(seen if which == "the view" else state)
        return seen * x, state * x

    return state, step


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("view", "which"), PAIRS)
def test_views_and_what_they_see_are_one_memory(view, write, which, backend):
    (state, plain), (twin, step) = (written(VIEWS[view], WRITES[write], which) for _ in range(2))
    fast = ad.compile(step, **BACKENDS[backend])
    for k in range(4):
        x = ad.tensor(float(k))
        for expected, given in zip(plain(x), fast(x), strict=True):
            np.testing.assert_allclose(given.numpy(), expected.numpy(), rtol=1e-6)
        np.testing.assert_allclose(twin.numpy(), state.numpy(), rtol=1e-6)
    assert fast.stats["replayed"] == 2
