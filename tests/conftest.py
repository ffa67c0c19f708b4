"""What holds for every test: Hypothesis settings, readable asserts in the laws, and a header that says what runs."""

from importlib.util import find_spec

import pytest
from hypothesis import settings

from autodiff.ops import load_all

# The registry of primitives is complete in tests; in programs families are imported when they are first asked for.
load_all()

# Steady: the same examples every time, so that a red run is never luck. Explore: many new ones, for a search by hand.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("steady")

pytest.register_assert_rewrite("tests.laws", "tests.op_cases")


def pytest_report_header() -> str:
    if find_spec("torch") is None:
        return "conformance: not collected, PyTorch is not installed (pip install -e '.[conformance]')"
    return "conformance: collected, PyTorch is installed"
