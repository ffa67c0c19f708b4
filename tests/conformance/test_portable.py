"""A PyTorch script moves over by its imports: it prints the same with ours."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def output_of(which: str) -> str:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("portable.py")), which],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_script_prints_the_same_with_either_import() -> None:
    theirs = output_of("torch")
    assert len(theirs.splitlines()) > 10
    assert output_of("wengert") == theirs
