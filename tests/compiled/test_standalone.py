"""A saved step runs alone, with no import but NumPy, computes what the step does, and tests itself."""

import subprocess
import sys

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F
import optim
from tests.compiled.scenarios import batches, mlp, usual

ALONE = """
import runpy, sys
import numpy as np
scope = runpy.run_path(sys.argv[1])
assert not {"autodiff", "nn", "optim", "numba"} & set(sys.modules)
given = np.load(sys.argv[2])
losses = [float(scope["step"](given[f"x{i}"], given[f"y{i}"])) for i in range(3)]
print(*losses)
"""


def saved(tmp_path, model, optimizer):
    """A step that was called a few times, and the file it was saved to."""
    step = ad.compile(usual(model, nn.CrossEntropyLoss(), optimizer), backend="numpy")
    fresh = batches(6, 4, classes=3)
    for i in range(3):
        step(*fresh(i))
    path = tmp_path / "step.py"
    step.save_source(path)
    return step, fresh, path


def alone(*arguments):
    return subprocess.run([sys.executable, "-I", *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("middle", [[nn.ReLU()], [nn.ReLU(), nn.Dropout(0.5)], [nn.BatchNorm1d(8), nn.Tanh()]])
def test_it_tests_itself(tmp_path, middle):
    ad.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), *middle, nn.Linear(8, 3))
    _, _, path = saved(tmp_path, model, optim.Adam(model.parameters(), lr=0.01))
    done = alone(str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


def test_its_self_test_can_fail(tmp_path):
    ad.manual_seed(0)
    model = mlp(4, 8, 3)
    _, _, path = saved(tmp_path, model, optim.SGD(model.parameters(), lr=0.1))
    text = path.read_text(encoding="utf-8")
    assert "subtract(parameters," in text
    path.write_text(text.replace("subtract(parameters,", "add(parameters,"), encoding="utf-8")
    done = alone(str(path))
    assert done.returncode != 0
    assert "does not compute" in done.stderr


def test_it_goes_on_from_where_the_step_was(tmp_path):
    ad.manual_seed(0)
    model = mlp(4, 8, 3)
    step, fresh, path = saved(tmp_path, model, optim.Adam(model.parameters(), lr=0.01))
    given = {}
    for i in range(3):
        x, y = fresh(10 + i)
        given |= {f"x{i}": x.numpy(), f"y{i}": y.numpy()}
    np.savez(tmp_path / "given.npz", **given)
    program = tmp_path / "alone.py"
    program.write_text(ALONE, encoding="utf-8")
    done = alone(str(program), str(path), str(tmp_path / "given.npz"))
    assert done.returncode == 0, done.stderr
    expected = [step(*fresh(10 + i)).item() for i in range(3)]
    np.testing.assert_allclose([float(x) for x in done.stdout.split()], expected, rtol=1e-5)


def test_a_step_that_calls_what_cannot_be_written_down_says_which_operation(tmp_path):
    fast = ad.compile(lambda x: F.gelu(x), backend="numpy")
    for _ in range(3):
        fast(ad.ones(4))
    with pytest.raises(ad.RecordingError, match="erf"):
        fast.save_source(tmp_path / "step.py")
