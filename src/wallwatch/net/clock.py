"""The clocks of a running program: the machine's own, and one that steps through listed instants.

The clock of unit tests, which jumps, is `tests/fakes`. Nothing else in wallwatch reads the time.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's clock (`seam.Clock`)."""

    def wall_now(self) -> datetime:
        """The time of day, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some start; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""
        await asyncio.sleep(seconds)

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """A block that raises TimeoutError when it takes longer."""
        return asyncio.timeout(seconds)


class SteppedClock(SystemClock):
    """Scenario time: the wall clock stands where it was last set, plus the real time since.

    Durations (monotonic, sleep, deadline) stay real.
    """

    def __init__(self) -> None:
        self._instant: datetime | None = None
        self._set_at = 0.0
        self._first_step = asyncio.Event()

    def step(self, instant: datetime) -> None:
        """Set the wall clock to `instant` (aware). May go back: a scenario is free to."""
        if instant.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {instant}")
        self._instant = instant.astimezone(UTC)
        self._set_at = self.monotonic()
        self._first_step.set()

    def wall_now(self) -> datetime:
        """Scenario time, aware, UTC. RuntimeError before the first step: a wrong date is worse than none."""
        if self._instant is None:
            raise RuntimeError("the clock has not been set yet: no round has begun")
        return self._instant + timedelta(seconds=self.monotonic() - self._set_at)

    async def first_step(self) -> None:
        """Wait until there is a time. A server that is asked before its first round awaits this."""
        await self._first_step.wait()
