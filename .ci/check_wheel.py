"""Check a built wheel: small, only the three packages, every file of theirs, and usable with NumPy alone."""

import os
import sys
import tempfile
import zipfile
from pathlib import Path

# The engine with its first hundred functions was held to 300 kB. With every operation of dense numerical code, four
# hundred public functions, each documented with a formula and an example, it was half a megabyte. The compiler may have
# 130 kB more, with its passes, two emitters, and what a recorder needs to hear; 40 kB more since it writes LLVM's
# language itself, which spares whoever wants machine code the megabytes of Numba; and 30 kB more for threads that share
# the work, and for all that a step may read of its user's objects and of its optimizers; 10 kB more for the ways it
# reads them by, for errors that name the line in whatever module it is, and for a program that shows loops and memory;
# 5 kB more for updates of ordinary steps in machine code, and for signatures that take turns; and 5 kB more for what is
# read by weak references, by names that are put together, and of what an object or a class hides.
LIMIT = 720_000
PACKAGES = ("autodiff", "nn", "optim")
ROOT = Path(__file__).resolve().parent.parent


def files_of_the_packages() -> set[str]:
    """Everything in the three packages that is not a cache."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def check_contents(wheel: Path) -> str:
    """Compare the wheel's size and names with what they must be; return the line to print."""
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {name for name in names if ".dist-info/" not in name}
    expected = files_of_the_packages()
    if shipped != expected:
        sys.exit(f"not in the wheel: {sorted(expected - shipped)}; should not be in it: {sorted(shipped - expected)}")
    size = wheel.stat().st_size
    if size >= LIMIT:
        sys.exit(f"the wheel has {size:,} bytes; the limit is {LIMIT:,}")
    return f"{wheel.name}: {size:,} bytes, {len(shipped)} files"


def check_use() -> None:
    """Import the installed packages away from the repository and load the data that travels with them."""
    with tempfile.TemporaryDirectory() as elsewhere:
        os.chdir(elsewhere)
        import autodiff
        import nn
        import nn.data
        import optim

        for module in (autodiff, nn, optim):
            if ROOT in Path(str(module.__file__)).parents:
                sys.exit(f"{module.__name__} was imported from the repository, not from the wheel")
        count = len(nn.data.digits())
        os.chdir(ROOT)
    if count != 1797:
        sys.exit(f"nn.data.digits() has {count} images instead of 1,797")


if __name__ == "__main__":
    line = check_contents(Path(sys.argv[1]))
    check_use()
    print(line)
