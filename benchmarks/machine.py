"""What a record must say besides its figures: machine, versions, BLAS, threads."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

import numpy as np

PACKAGES = (
    "wengert", "numpy", "llvmlite", "torch", "jax", "jaxlib", "onnxruntime",
    "autograd", "mygrad", "scipy", "threadpoolctl",
)  # fmt: skip
THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
PINNING_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RESULTS = os.path.join(ROOT, "benchmarks", "results")


def environment(threads: int) -> dict[str, str]:
    """The environment of a measuring process: equal threads for every library, no pinned BLAS kernel.

    Parameters
    ----------
    threads : int

    Returns
    -------
    dict
        This process's environment with those changes, and the repository's root first on `PYTHONPATH`.
    """
    env = {name: value for name, value in os.environ.items() if name not in PINNING_VARIABLES}
    env |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    env["NPROC"] = str(threads)  # the one variable by which XLA sizes its pools, where JAX is concerned
    env["PYTHONPATH"] = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))
    return env


def confine(threads: int) -> Callable[[], None] | None:
    """What a process does first: keep to as many cores as it is to have threads, the last ones, if these are fewer.

    So "one thread" means the same for all: some libraries keep a second one that works while the first prepares.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if threads >= len(cores):
        return None
    return lambda: os.sched_setaffinity(0, cores[-threads:])


def run_python(
    arguments: list[str],
    threads: int,
    bytecode: str | None = None,
    python: str = sys.executable,
    timeout: float | None = None,
) -> str:
    """Run Python with `arguments` in a fresh process from the repository's root; give what it prints.

    Parameters
    ----------
    arguments : list of str
    threads : int
    bytecode : str, optional
        A folder in which to keep compiled modules, so that a later process finds them whatever this environment says.
    python : str, optional
        Another interpreter, such as a virtual environment's.
    timeout : float, optional
        Seconds after which to give up.

    Returns
    -------
    str

    Raises
    ------
    RuntimeError
        When the process fails, with the end of what it wrote to its error stream.
    TimeoutError
    """
    env = environment(threads)
    if bytecode:
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        env["PYTHONPYCACHEPREFIX"] = bytecode
    command, text = [python, *arguments], " ".join(arguments)[:200]
    try:
        done = subprocess.run(
            command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=timeout, preexec_fn=confine(threads)
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"`python {text}` took longer than {timeout} s") from None
    if done.returncode:
        raise RuntimeError(f"`python {text}` failed:\n{done.stderr[-3000:]}")
    return done.stdout


def stamp() -> str:
    """Date and minute, for the names of records."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H%M")


def write_record(record: dict[str, Any], path: str) -> None:
    """Write one run as JSON and say where; to "-", not at all."""
    if path == "-":
        return
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(record, file, indent=1)
        file.write("\n")
    print(f"recorded in {os.path.relpath(path)}")


def describe(threads: int) -> dict[str, Any]:
    """Everything about this machine and installation that a figure depends on."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join([f"python -m {program()}", *map(without_path, sys.argv[1:])]),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()} ({platform.python_compiler()})",
        "versions": versions(),
        "commit": commit(),
        "threads": threads,
        "load_average_at_start": round(os.getloadavg()[0], 2),
        "numpy_config": numpy_config(),
        "thread_pools": thread_pools(threads),
    }


def program() -> str:
    """The module that was started, as `python -m` names it."""
    return "benchmarks." + os.path.basename(sys.argv[0]).removesuffix(".py")


def without_path(argument: str) -> str:
    """An argument as records show it: `NAME=PATH`, which says where an interpreter lies, ends at the `=`.

    Examples
    --------
    >>> without_path("jax_jit=../jax/bin/python"), without_path("--threads")
    ('jax_jit=...', '--threads')
    """
    name, is_pair, path = argument.partition("=")
    return f"{name}=..." if is_pair and os.sep in path else argument


def cpu_name() -> str:
    """The processor's name, as /proc/cpuinfo has it where there is one."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    except OSError:
        return platform.processor()
    kind = f"family {fields.get('cpu family', '?')} model {fields.get('model', '?')}"
    return f"{fields.get('model name', platform.machine())} ({kind})"


def versions() -> dict[str, str]:
    """Versions of the packages that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit measured, with "+changes" where the tree differs from it."""
    try:
        git = ["git", "-C", ROOT]
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        status = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+changes" if status.stdout.strip() else "")


def numpy_config() -> dict[str, Any]:
    """NumPy's BLAS and the instructions it found, without the paths of the machine that built it."""
    config: dict[str, Any] = np.show_config(mode="dicts")  # type: ignore[assignment]
    blas = config.get("Build Dependencies", {}).get("blas", {})
    return {
        "blas": {key: blas[key] for key in ("name", "version", "openblas configuration") if key in blas},
        "simd": config.get("SIMD Extensions", {}),
    }


def thread_pools(threads: int) -> list[dict[str, Any]]:
    """The BLAS that NumPy loads with `threads` threads, and the kernel it chooses, if threadpoolctl is installed."""
    if find_spec("threadpoolctl") is None:
        return []
    code = "import json, numpy, threadpoolctl; print(json.dumps(threadpoolctl.threadpool_info()))"
    pools: list[dict[str, Any]] = json.loads(run_python(["-c", code], threads))
    return [{key: value for key, value in pool.items() if key != "filepath"} for pool in pools]
