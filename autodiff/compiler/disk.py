"""Generated modules as files of a cache folder, where Numba keeps their machine code for the next process."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

__all__ = ["folder", "load"]


def folder() -> Path:
    """The cache folder: `WENGERT_CACHE_DIR`, or the user's; a temporary one where that cannot be written."""
    chosen = os.environ.get("WENGERT_CACHE_DIR")
    if chosen:
        wanted = Path(chosen)
    elif sys.platform == "darwin":
        wanted = Path.home() / "Library" / "Caches" / "wengert"
    elif sys.platform == "win32":
        wanted = Path(os.environ.get("LOCALAPPDATA", Path.home())) / "wengert" / "cache"
    else:
        wanted = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "wengert"
    with suppress(OSError):
        wanted.mkdir(parents=True, exist_ok=True)
        if os.access(wanted, os.W_OK):
            return wanted
    return _temporary()


def _temporary() -> Path:
    """A folder of this process alone: what others can write must not be run."""
    global _own
    if _own is None:
        _own = Path(tempfile.mkdtemp(prefix="wengert-"))
    return _own


_own: Path | None = None


def load(source: str) -> ModuleType:
    """The module with this source, from the cache if it is there."""
    import llvmlite.binding as llvm

    name = f"wengert_{_digest(source, llvm.get_host_cpu_name())}"
    if name in sys.modules:
        return sys.modules[name]
    path = folder() / f"{name}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != source:
        handle, made = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(source)
        os.replace(made, path)
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    # Numba's cache finds functions by the name of their module, which has to be there before it runs.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _digest(source: str, cpu: str) -> str:
    parts = [source, cpu, sys.version, *[version(p) for p in ("numba", "llvmlite", "numpy")]]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
