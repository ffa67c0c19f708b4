"""A training step of further shapes: deep and narrow, wide and shallow, a float64 regression, norm with dropout."""

from __future__ import annotations

import sys

from benchmarks import run
from benchmarks.cases import FURTHER
from benchmarks.study import Study, conduct

STUDY = Study(
    name="shapes",
    about=str(__doc__),
    cases=tuple(FURTHER),
    contenders=run.STUDY.contenders,
    pairs=run.STUDY.pairs,
)


def main(arguments: list[str] | None = None) -> int:
    """Run as `python -m benchmarks.shapes`."""
    return conduct(STUDY, arguments)


if __name__ == "__main__":
    sys.exit(main())
