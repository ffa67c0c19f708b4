"""A whole training step of every contender on the five standard cases: the figures of the README."""

from __future__ import annotations

import sys

from benchmarks.cases import STANDARD
from benchmarks.study import Study, conduct
from benchmarks.targets import STEPS

STUDY = Study(
    name="run",
    about=str(__doc__),
    cases=tuple(STANDARD),
    contenders=("ours", "compiled_numpy", "compiled_numba", "torch_eager", "jax_jit", "numpy_floor"),
    pairs=(
        ("ours", "torch_eager"),
        ("compiled_numba", "torch_eager"),
        ("compiled_numba", "jax_jit"),
        ("compiled_numpy", "numpy_floor"),
        ("numpy_floor", "torch_eager"),
        ("ours", "numpy_floor"),
    ),
    targets=STEPS,
)


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.run`; the exit status is 1 if two contenders trained different weights."""
    return conduct(STUDY, arguments)


if __name__ == "__main__":
    sys.exit(main())
