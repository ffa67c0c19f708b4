"""Machine code from LLVM's language, kept as files of a cache folder for the next process."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

__all__ = ["Machine", "folder", "host_features", "load"]

#: How many files the cache folder may hold; those used longest ago go first. One is 20 kB on average.
MOST_FILES = 10_000
#: Bytes of a file that say whether the rest is as it was written.
_SUM = 16


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
    """A folder of this process alone, which goes with it: what others can write must not be run."""
    return Path(_temporary_folder().name)


@cache
def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="wengert-")


class Machine:
    """A module in memory, ready to be called.

    Parameters
    ----------
    code : bytes
        An object file.
    """

    def __init__(self, code: bytes) -> None:
        import llvmlite.binding as llvm

        # LLVM's engine begins with a module; what it is to run comes from the object file.
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target())
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, function: str) -> int:
        """Where a function begins."""
        found: int = self._engine.get_function_address(function)
        return found


@cache
def _ready() -> None:
    """Prepare LLVM, once."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def _target() -> Any:
    """This processor."""
    import llvmlite.binding as llvm

    _ready()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(
        llvm.get_host_cpu_name(), features, opt=3, reloc="default", codemodel="jitdefault", jit=True
    )


@cache
def host_features() -> dict[str, bool]:
    """What this processor can do, by LLVM's names."""
    import llvmlite.binding as llvm

    return dict(llvm.get_host_cpu_features())


def _compile(source: str) -> bytes:
    """The object file of a module."""
    import llvmlite.binding as llvm

    machine = _target()
    module = llvm.parse_assembly(source)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = tuning.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    code: bytes = machine.emit_object(module)
    return code


_loaded: WeakValueDictionary[str, Machine] = WeakValueDictionary()


def load(source: str) -> Machine:
    """The module with this source, from the cache if it is there."""
    name = f"wengert_{_digest(source)}"
    found = _loaded.get(name)
    if found is None:
        path = folder() / f"{name}.o"
        code = b""
        with suppress(OSError):  # it is not there, or not for us to read
            held = path.read_bytes()
            if held[:_SUM] == _checksum(held[_SUM:]):  # what is damaged must not be run
                code = held[_SUM:]
                os.utime(path)  # used just now
        if not code:
            code = _compile(source)
            _write(path, code)
            _tidy_up(path.parent)
        found = _loaded[name] = Machine(code)
    return found


def _checksum(code: bytes) -> bytes:
    return hashlib.blake2b(code, digest_size=_SUM).digest()


def _write(path: Path, code: bytes) -> None:
    """Put a file in its place at once, so that nobody reads half of it."""
    with suppress(OSError):
        handle, made = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(_checksum(code) + code)
        try:
            os.replace(made, path)
        except OSError:
            os.unlink(made)


def _tidy_up(folder: Path) -> None:
    """Take a quarter of the files away where there are too many."""
    with suppress(OSError):
        files = list(folder.glob("wengert_*.o"))
        if len(files) > MOST_FILES:
            files.sort(key=lambda file: file.stat().st_mtime)
            for file in files[: MOST_FILES // 4]:
                file.unlink(missing_ok=True)


def _digest(source: str) -> str:
    import llvmlite.binding as llvm

    cpu = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    parts = [source, *cpu, sys.platform, version("llvmlite"), f"checked by {_SUM} bytes"]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
