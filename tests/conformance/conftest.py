"""Collect these tests only where PyTorch is installed; asked for by name without it, pytest fails with "no tests"."""

from importlib.util import find_spec

collect_ignore_glob = ["test_*.py"] if find_spec("torch") is None else []
