"""Collect these tests only where PyTorch is installed; asked for by name without it, pytest fails with "no tests"."""

from importlib.util import find_spec

import pytest

collect_ignore_glob = ["test_*.py"] if find_spec("torch") is None else []


@pytest.fixture(autouse=True)
def _the_same_random_numbers_whatever_ran_before():
    import torch

    import autodiff as ad

    torch.manual_seed(0)
    ad.manual_seed(0)
