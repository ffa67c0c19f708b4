"""Every example runs as a person would run it, in a process of its own, with fewer epochs where it trains."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))


class Run(NamedTuple):
    """One way to run an example, and what has to come of it."""

    example: str
    # {data} stands for a folder with a small MNIST, {out} for the folder to write into: out/ beside us, the default.
    arguments: str = ""
    prints: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


RUNS = (
    Run(
        "digits.py",
        "--epochs 2 --out {out}",
        prints=("seed 0: test accuracy", "on 355 images", "-0.284 + 2", "11.652"),
        writes=("digits_loss.png", "small_pass.svg"),
    ),
    Run("digits.py", "--epochs 1 --seeds 2 --validate --out {out}", prints=("mean of 2 seeds",)),
    Run(
        "mnist.py",
        "--data {data} --epochs 2",
        prints=("epoch 2: loss", "test accuracy 100.00 % on 200 images"),
        writes=("mnist_loss.png",),
    ),
    Run("trace.py", prints=("= 11.652", "0.500 through log", "-0.284 through sin", "2.000 through multiply")),
    Run(
        "backpropagation.py",
        prints=(
            "E = 0.27481 + 0.02356 = 0.29837",
            "dE/dout_h1 = 0.0554 + (-0.01905) = 0.03635",
            "dE/dw5 = 0.082167, dE/dw1 = 0.000439",
            "w5 = 0.358916  w6 = 0.408666  w7 = 0.511301  w8 = 0.561370",
            "w1 = 0.149781  w2 = 0.199561  w3 = 0.249751  w4 = 0.299502",
        ),
    ),
    Run(
        "xor.py",
        prints=("w = [0.0, 0.0], b = 0.5000", "[0.5, 0.5, 0.5, 0.5]", "passes: no", "outputs [0, 1, 1, 0]"),
    ),
    Run("xor.py", "--step-at-zero 1 --seed 1", prints=("passes: no", "outputs [0, 1, 1, 0]")),
    Run("circles.py", "--epochs 100 --out {out}", prints=("100% of the points",), writes=("circles.png",)),
    Run(
        "compiled_step.py",
        "--out {out}",
        prints=("of the test digits are right", "d_model.2.weight = matmul", "runs alone", "times as fast"),
        writes=("step.py",),
    ),
    Run(
        "scipy_minimize.py",
        prints=("trust-exact", "650 parameters on 1442 digits", "loss 0.118", "test accuracy 96."),
    ),
    Run("vanishing.py", prints=("dC/db3 is 23.2 times dC/db1", "ReLU")),
)


def test_every_example_is_run_by_a_test():
    assert {run.example for run in RUNS} == set(EXAMPLES)


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory) -> Path:
    """Images in MNIST's format that show one bright row for each number."""
    folder = tmp_path_factory.mktemp("mnist")
    for part, n in (("train", 3200), ("t10k", 200)):
        labels = np.arange(n) % 10
        images = np.zeros((n, 28, 28), np.uint8)
        images[np.arange(n), 2 * labels + 4] = 200
        for kind, values in (("images-idx3", images), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, values.ndim]) + np.array(values.shape, ">i4").tobytes()
            (folder / f"{part}-{kind}-ubyte").write_bytes(head + values.astype(np.uint8).tobytes())
    return folder


def run_example(example: str, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run an example away from the repository, without a display, with warnings as errors."""
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"}
    # Networks this small gain nothing from a second thread, and on a busy machine BLAS threads wait for each other.
    surroundings |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / example), *arguments],
        cwd=folder,
        env=surroundings,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("run", RUNS, ids=lambda run: " ".join(filter(None, [run.example, run.arguments])))
def test_an_example_runs_prints_and_writes_what_it_promises(run, small_mnist, tmp_path):
    out = tmp_path / "out"
    arguments = [part.format(data=small_mnist, out=out) for part in run.arguments.split()]
    done = run_example(run.example, arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    assert not [text for text in run.prints if text not in done.stdout], done.stdout
    assert not [name for name in run.writes if not (out / name).stat().st_size]


def test_digits_reads_at_least_97_percent_of_the_test_images_on_average_over_five_seeds(tmp_path):
    done = run_example("digits.py", ["--seeds", "5"], tmp_path)
    assert done.returncode == 0, done.stderr
    mean = re.search(r"mean of 5 seeds: ([\d.]+)%", done.stdout)
    assert mean is not None, done.stdout
    assert float(mean[1]) >= 97


def test_mnist_without_data_says_what_to_do_and_shows_no_traceback(tmp_path):
    done = run_example("mnist.py", ["--data", str(tmp_path / "nowhere")], tmp_path)
    assert done.returncode == 1
    assert "train-images-idx3-ubyte" in done.stderr
    assert "--download" in done.stderr
    assert "Traceback" not in done.stderr
