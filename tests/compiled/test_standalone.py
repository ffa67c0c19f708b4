"""A saved step runs alone, with no import but NumPy, computes what the step does, and tests itself."""

import runpy
import subprocess
import sys

import numpy as np
import pytest

import autodiff as ad
import nn
import nn.functional as F
import optim
from tests.compiled.scenarios import batches, mlp, usual
from tests.compiled.test_every_operation import by_value, first_and_second
from tests.op_cases import TABLE

#: Before a file runs, see to it that this library is not there; then say which files are sound.
WITHOUT = """
import runpy, sys
for name in ("autodiff", "nn", "optim", "numba"):
    assert name not in sys.modules
    sys.modules[name] = None
    try:
        __import__(name)
    except ImportError:
        continue
    raise SystemExit(name + " can be imported")
"""
ALL = (
    WITHOUT
    + """
for path in sys.argv[1:]:
    try:
        runpy.run_path(path, run_name="__main__")
    except BaseException as error:
        print(path, type(error).__name__, error)
"""
)
ALONE = (
    WITHOUT
    + """
import numpy as np
scope = runpy.run_path(sys.argv[1])
given = np.load(sys.argv[2])
losses = [float(scope["step"](given[f"x{i}"], given[f"y{i}"])) for i in range(3)]
print(*losses)
"""
)


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


@pytest.mark.parametrize("name", ["run", "test", "state", "settings", "make", "np"])
def test_a_step_may_have_a_name_that_the_file_uses_otherwise(tmp_path, name):
    def function(x):
        return x.exp()

    function.__name__ = name
    step = ad.compile(function)
    for _ in range(2):
        step(ad.ones(3))
    path = str(tmp_path / "step.py")
    step.save_source(path)
    assert alone(path).stdout == "ok\n"
    np.testing.assert_allclose(runpy.run_path(path)[f"{name}_step"](np.zeros(3, np.float32)), 1)


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
    def f(x):
        y = x * 1
        y.view(2, 2).t().add_(1)
        return y

    fast = ad.compile(f, backend="numpy")
    for _ in range(3):
        fast(ad.ones(4))
    with pytest.raises(ad.RecordingError, match="write_view"):
        fast.save_source(tmp_path / "step.py")


# ---------------------------------------------------------------------- every layer, every loss, every operation

OPTIONS = {"Softmax": {"dim": -1}, "Softmin": {"dim": -1}, "LogSoftmax": {"dim": -1}}
LAYERS = {
    **{name: getattr(nn, name)(**OPTIONS.get(name, {})) for name in nn.activation.__all__},
    "GELU, approximately": nn.GELU(approximate="tanh"),
    "BatchNorm1d": nn.BatchNorm1d(6),
    "BatchNorm1d of all batches": nn.BatchNorm1d(6, momentum=None),
    "LayerNorm": nn.LayerNorm(6),
    "Dropout": nn.Dropout(0.3),
    "Flatten": nn.Flatten(),
    "Unflatten": nn.Sequential(nn.Unflatten(1, (2, 3)), nn.Flatten()),
    "Identity": nn.Identity(),
}
WEIGHT = ad.tensor([1.0, 2.0, 3.0])
LOSSES = {
    **{name: getattr(nn, name)() for name in nn.loss.__all__},
    "CrossEntropyLoss, smooth": nn.CrossEntropyLoss(weight=WEIGHT, label_smoothing=0.1),
    "CrossEntropyLoss, summed": nn.CrossEntropyLoss(reduction="sum", ignore_index=1),
    "NLLLoss, weighted": nn.NLLLoss(weight=WEIGHT),
    "BCEWithLogitsLoss, weighted": nn.BCEWithLogitsLoss(weight=WEIGHT, pos_weight=WEIGHT),
    "SmoothL1Loss, each": nn.SmoothL1Loss(reduction="none", beta=0.5),
}
ENDS = {"KLDivLoss": nn.LogSoftmax(dim=1), "NLLLoss": nn.LogSoftmax(dim=1), "BCELoss": nn.Sigmoid()}


class Two(nn.Module):
    """A bilinear layer of two equal inputs."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Bilinear(4, 4, 3)

    def forward(self, x):
        return F.normalize(self.inner(x, x)) + F.cosine_similarity(x, x + 1).unsqueeze(1)


def networks():
    """Each layer in the middle of a network, each loss at the end of one, and what is neither."""
    for name, layer in LAYERS.items():
        width = 3 if name == "GLU" else 6
        yield name, nn.Sequential(nn.Linear(4, 6), layer, nn.Linear(width, 3)), nn.MSELoss()
    for name, loss in LOSSES.items():
        end = ENDS.get(name.partition(",")[0], nn.Identity())
        yield name, nn.Sequential(nn.Linear(4, 3), end), loss
    yield "Bilinear, normalize, cosine_similarity", Two(), nn.MSELoss()


def save_network(model, loss, rows, path):
    classes = isinstance(loss, (nn.CrossEntropyLoss, nn.NLLLoss))
    x, y = ad.rand(rows, 4), ad.randint(0, 3, (rows,)) if classes else ad.rand(rows, 3)
    optimizer = optim.Adam(model.parameters(), lr=0.01)

    @ad.compile(backend="numpy")
    def step(x, y):
        optimizer.zero_grad()
        total = loss(model(x), y).sum()
        total.backward()
        optimizer.step()
        return total

    for _ in range(4):
        step(x, y)
    step.save_source(path)


def assert_sound(paths, tmp_path):
    program = tmp_path / "run them all.py"
    program.write_text(ALL, encoding="utf-8")
    done = alone(str(program), *map(str, paths))
    assert done.stdout.splitlines() == ["ok"] * len(paths)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_step_of_every_layer_and_of_every_loss_can_be_saved(tmp_path):
    """A few rows and many: some functions have a way of their own for few elements."""
    paths = []
    for rows in (3, 120):
        ad.manual_seed(rows)
        for name, model, loss in networks():
            paths.append(tmp_path / f"{name} {rows}.py")
            save_network(model, loss, rows, paths[-1])
    assert_sound(paths, tmp_path)


#: What a file is tested with is drawn, and does not do for these; the view that write_view looks at has only a name.
NOT_SAVED = {"check_probabilities", "cholesky", "couples", "write_view"}


def test_every_operation_and_its_derivatives_can_be_saved(tmp_path):
    paths = []
    for name in sorted(set(TABLE) - NOT_SAVED):
        case = next((c for c in TABLE[name].cases if not by_value(c)), None)
        if case is None:
            continue
        fast = ad.compile(first_and_second(case), backend="numpy")
        given = [ad.tensor(a) if isinstance(a, np.ndarray) else a for a in case.arrays(np.float64)]
        for _ in range(2):
            fast(*given)
        paths.append(tmp_path / f"{name}.py")
        fast.save_source(paths[-1])
    assert_sound(paths, tmp_path)
