"""Everything in turn, with its defaults, recorded under results/: `python -m benchmarks`."""

from __future__ import annotations

import os
import sys

from benchmarks import graph, imports, memory, operations, run
from benchmarks.machine import RESULTS, stamp

if __name__ == "__main__":
    start = os.path.join(RESULTS, stamp())
    status = run.main(["--output", f"{start}-steps-2threads.json"])
    for name, program in (("imports", imports), ("memory", memory), ("graph", graph), ("operations", operations)):
        print()
        status |= program.main(["--output", f"{start}-{name}.json"])
    sys.exit(status)
