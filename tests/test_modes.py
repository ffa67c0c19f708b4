"""What gets recorded, and what does not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

import autodiff as ad


def records() -> bool:
    return (ad.ones(1, requires_grad=True) * 2).requires_grad


@pytest.mark.parametrize(
    ("mode", "recorded"),
    [
        (ad.no_grad, False),
        (ad.enable_grad, True),
        (ad.inference_mode, False),
        (lambda: ad.set_grad_enabled(False), False),
        (lambda: ad.set_grad_enabled(True), True),
        (lambda: ad.inference_mode(False), True),
    ],
    ids=["no_grad", "enable_grad", "inference_mode", "set_grad_enabled(False)", "(True)", "inference_mode(False)"],
)
class TestAMode:
    def test_holds_inside_a_block_and_ends_with_it(self, mode: Callable[[], Any], recorded: bool) -> None:
        with mode():
            assert records() is recorded
        assert records()

    def test_ends_when_the_block_raises(self, mode: Callable[[], Any], recorded: bool) -> None:
        with pytest.raises(KeyError), mode():
            raise KeyError
        assert records()

    def test_holds_inside_a_decorated_function(self, mode: Callable[[], Any], recorded: bool) -> None:
        assert mode()(records)() is recorded
        assert records()

    def test_may_be_entered_inside_itself(self, mode: Callable[[], Any], recorded: bool) -> None:
        @mode()
        def nested(depth: int) -> bool:
            return nested(depth - 1) if depth else records()

        assert nested(3) is recorded
        assert records()


def test_modes_nest() -> None:
    with ad.no_grad():
        with ad.enable_grad():
            assert records()
        assert not records()


def test_set_grad_enabled_acts_at_once_when_called() -> None:
    ad.set_grad_enabled(False)
    try:
        assert not ad.is_grad_enabled()
    finally:
        ad.set_grad_enabled(True)
    assert ad.is_grad_enabled()


def test_no_grad_may_be_written_without_parentheses() -> None:
    assert ad.no_grad(records)() is False


def test_inference_mode_can_be_asked_about() -> None:
    with ad.inference_mode():
        assert ad.is_inference_mode_enabled()
    assert not ad.is_inference_mode_enabled()


def test_a_mode_belongs_to_its_thread() -> None:
    seen: list[bool] = []
    with ad.no_grad():
        thread = threading.Thread(target=lambda: seen.append(records()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_a_mode_belongs_to_its_task() -> None:
    async def looks_while_another_does_not_record() -> bool:
        await asyncio.sleep(0)
        return records()

    async def waits_without_recording() -> bool:
        with ad.no_grad():
            await asyncio.sleep(0)
            return records()

    async def both() -> list[bool]:
        return await asyncio.gather(waits_without_recording(), looks_while_another_does_not_record())

    assert asyncio.run(both()) == [False, True]
