"""A clock that jumps, and the event loop that makes it jump."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

Result = TypeVar("Result")

START = datetime(2017, 9, 20, tzinfo=UTC)


class NothingDue(Exception):  # noqa: N818
    """Every task waits for something that can no longer happen."""


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits: time goes forward by what it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise NothingDue("every task waits, and no timer is set")
        self.now += max(0.0, timeout)
        return []


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time starts at 0 and passes only by jumps."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class JumpingClock:
    """`seam.Clock` over a JumpingLoop. The wall clock starts at `start` when the loop's time is 0."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start

    def wall_now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """The loop's time; 0.0 outside `run`."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return 0.0
        if not isinstance(loop, JumpingLoop):
            raise RuntimeError("a JumpingClock works under tests.fakes.run only")
        return loop.time()

    async def sleep(self, seconds: float) -> None:
        self.monotonic()
        await asyncio.sleep(seconds)

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        self.monotonic()
        return asyncio.timeout(seconds)


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run to the end under a JumpingLoop; what any task raised unheard is raised here."""
    unheard: list[BaseException] = []

    def note(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        unheard.append(context.get("exception") or RuntimeError(context["message"]))

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.get_loop().set_exception_handler(note)
        result = runner.run(main)
    if unheard:
        raise unheard[0]
    return result
