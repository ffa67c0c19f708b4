"""What several of these files need to be run in."""

import signal

import pytest


@pytest.fixture
def interruptible():
    """As in a terminal: who is started in the background may have been told not to hear of Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
