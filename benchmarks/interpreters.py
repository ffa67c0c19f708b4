"""Which Python runs which contender: `--python NAME=PATH` names a virtual environment's for one that lives there."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.machine import run_python

Interpreters = Mapping[str, str]

HELP = "the interpreter of a contender, as NAME=PATH; may be given several times (default: this one)"


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let a program be told of other interpreters."""
    parser.add_argument("--python", action="append", default=[], type=pair, metavar="NAME=PATH", help=HELP)


def pair(text: str) -> tuple[str, str]:
    """Read `NAME=PATH`.

    Examples
    --------
    >>> pair("jax_jit=python3.12")
    ('jax_jit', 'python3.12')
    """
    name, _, path = text.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError(f"say NAME=PATH, not {text!r}")
    # Processes start in the repository's root. A link to a Python is how a virtual environment knows itself: keep it.
    return name, os.path.abspath(path) if os.sep in path else path


def interpreter(name: str, given: Interpreters) -> str:
    """The interpreter of a contender: its own, that of the part before `_` ("jax" for `jax_jit`), or this one.

    Examples
    --------
    >>> interpreter("jax_scan", {"jax": "jax/bin/python"})
    'jax/bin/python'
    """
    return given.get(name) or given.get(name.partition("_")[0]) or sys.executable


def usable(names: Iterable[str], requires: Mapping[str, tuple[str, ...]], given: Interpreters) -> list[str]:
    """Those contenders whose modules their interpreters can import; says which are left out."""
    found, answers = [], {}
    for name in names:
        python = interpreter(name, given)
        question = (python, requires[name])
        if question not in answers:
            code = f"from importlib.util import find_spec; print([m for m in {requires[name]!r} if not find_spec(m)])"
            answers[question] = run_python(["-c", code], threads=1, python=python).strip()
        if answers[question] == "[]":
            found.append(name)
        else:
            print(f"{name} is left out: {answers[question]} not installed (--python names another interpreter)")
    return found


def versions(names: Iterable[str], given: Interpreters) -> dict[str, Any]:
    """What is installed beside each contender that does not run in this interpreter."""
    code = "import json; from benchmarks.machine import versions; print(json.dumps(versions()))"
    pythons = {name: interpreter(name, given) for name in names}
    asked = {
        python: json.loads(run_python(["-c", code], threads=1, python=python))
        for python in set(pythons.values()) - {sys.executable}
    }
    return {name: asked[python] for name, python in pythons.items() if python in asked}
