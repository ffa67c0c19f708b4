"""Every example runs as a person would run it, in a process of its own, with fewer epochs where it trains."""

import os
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
    # {data} stands for a folder with a small MNIST, {out} for the folder the example writes into.
    arguments: str = ""
    prints: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


RUNS = (
    Run(
        "mnist.py",
        "--data {data} --epochs 1 --out {out}",
        prints=("epoch 1", "test accuracy"),
        writes=("mnist_loss.png",),
    ),
)


def test_every_example_is_run_by_a_test():
    assert {run.example for run in RUNS} == set(EXAMPLES)


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory) -> Path:
    """Images in MNIST's format that show one bright row for each number."""
    folder = tmp_path_factory.mktemp("mnist")
    for part, n in (("train", 6400), ("t10k", 200)):
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


def test_mnist_learns_what_there_is_to_learn(small_mnist, tmp_path):
    done = run_example("mnist.py", ["--data", str(small_mnist), "--epochs", "2"], tmp_path)
    assert "test accuracy 100.00 %" in done.stdout, done.stdout + done.stderr
    assert (tmp_path / "out" / "mnist_loss.png").is_file()


def test_mnist_without_data_says_what_to_do_and_shows_no_traceback(tmp_path):
    done = run_example("mnist.py", ["--data", str(tmp_path / "nowhere")], tmp_path)
    assert done.returncode == 1
    assert "train-images-idx3-ubyte" in done.stderr
    assert "--download" in done.stderr
    assert "Traceback" not in done.stderr
