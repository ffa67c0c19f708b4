"""What is compared with PyTorch, one family of public names a file: CASES, and EDGES where a function is singular.

A family whose numbers lose digits in float32 by nature (decompositions) may say so in TOLERANCE.
"""

from importlib import import_module
from pathlib import Path

#: Every family: the files of this folder, but for the form and the ledger.
FAMILIES = tuple(
    import_module(f"{__name__}.{path.stem}")
    for path in sorted(Path(__file__).parent.glob("*.py"))
    if path.stem not in ("__init__", "form", "ledger")
)
