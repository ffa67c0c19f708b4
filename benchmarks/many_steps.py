"""Many training steps in one call, `step.run(xs, ys)`, against one call a step, on the two smallest cases."""

from __future__ import annotations

import sys

from benchmarks.study import Study, conduct
from benchmarks.targets import MANY

STUDY = Study(
    name="many_steps",
    about=str(__doc__),
    cases=("A", "B"),
    contenders=("compiled_numba", "many_numba", "compiled_numpy", "many_numpy", "jax_jit", "jax_scan"),
    pairs=(
        ("compiled_numba", "many_numba"),
        ("compiled_numpy", "many_numpy"),
        ("jax_jit", "jax_scan"),
        ("many_numba", "jax_scan"),
    ),
    targets=MANY,
)


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.many_steps`."""
    return conduct(STUDY, arguments)


if __name__ == "__main__":
    sys.exit(main())
