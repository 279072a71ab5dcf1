"""Work rounds that standard input calls, and refuse a line that is none as wrong use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from wallwatch.net.clock import SteppedClock
from wallwatch.net.rounds import NotARound, Round, work
from wallwatch.refusal import Refusal


async def work_rounds(clock: SteppedClock, one: Callable[[Round], Awaitable[None]]) -> None:
    """Run `one` for each round and answer it; returns at the end of the input. Raises Refusal."""
    try:
        await work(clock, one)
    except NotARound as error:
        raise Refusal(f"--rounds -: {error}") from error
