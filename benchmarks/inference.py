"""How long one prediction takes: a batch of one row, from a NumPy array to a NumPy array."""

from __future__ import annotations

import sys

from benchmarks.cases import ONE_ROW
from benchmarks.study import Study, conduct

STUDY = Study(
    name="inference",
    about=str(__doc__),
    cases=tuple(ONE_ROW),
    contenders=(
        "ours",
        "compiled_numpy",
        "compiled_numba",
        "torch_eager",
        "jax_jit",
        "onnx_runtime",
        "numpy_floor",
    ),
    pairs=(
        ("ours", "torch_eager"),
        ("compiled_numba", "torch_eager"),
        ("compiled_numba", "jax_jit"),
        ("compiled_numba", "onnx_runtime"),
        ("compiled_numpy", "onnx_runtime"),
        ("compiled_numpy", "numpy_floor"),
    ),
    optimizers=("inference",),
)


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.inference`."""
    return conduct(STUDY, arguments)


if __name__ == "__main__":
    sys.exit(main())
