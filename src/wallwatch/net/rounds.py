"""Work in rounds that someone else calls: `--rounds -`, JSON lines in, a line back after each.

In:  `{"round": 12, "instant": "2017-07-18T02:00:00Z"}`
Out: `{"round": 12, "done": false}` when the clock is set, `{"round": 12, "done": true}` at the end
The end of the input is the end of the work. Without `--rounds` a program keeps its own schedule; not here.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import TextIO

import msgspec
from msgspec import Struct

from wallwatch.net.clock import SteppedClock

STANDARD_INPUT = 0
READ_SIZE = 65536


class NotARound(ValueError):  # noqa: N818 - says what it is
    """A line that is none of the protocol's."""


class Round(Struct, frozen=True):
    """One round: its number and its instant of scenario time (aware)."""

    round: int
    instant: datetime


def parse_round(line: bytes) -> Round:
    """Read one line of the protocol. Raises NotARound saying what is wrong with it."""
    try:
        called = msgspec.json.decode(line, type=Round)
    except msgspec.MsgspecError as error:
        shown = line[:80].decode(errors="replace").strip()
        raise NotARound(f"not a round ({error}): {shown!r}") from error
    if called.instant.tzinfo is None:
        raise NotARound(f"round {called.round}: the instant has no time zone")
    return called


async def lines(source: int = STANDARD_INPUT) -> AsyncIterator[bytes]:
    """The lines that arrive on a file descriptor (pipe, socket, terminal, file), until its end. No thread."""
    rest = b""
    while chunk := await _read(source):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
    if rest:
        yield rest


async def _read(source: int) -> bytes:
    """The next bytes of a descriptor, without changing its flags (a shell may share it)."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(source, ready.set)
    except PermissionError:  # epoll cannot watch a file or /dev/null, and these never make one wait
        return os.read(source, READ_SIZE)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(source)
    return os.read(source, READ_SIZE)


async def rounds(clock: SteppedClock, source: int = STANDARD_INPUT) -> AsyncIterator[Round]:
    """The rounds as they are called, the clock set to each. Raises NotARound."""
    async for line in lines(source):
        if line.strip():
            called = parse_round(line)
            clock.step(called.instant)
            yield called


def answer(called: Round, out: TextIO, *, done: bool) -> None:
    """Say that a round has begun or is done."""
    out.write(json.dumps({"round": called.round, "done": done}) + "\n")
    out.flush()


async def work(
    clock: SteppedClock,
    one_round: Callable[[Round], Awaitable[None]],
    source: int = STANDARD_INPUT,
    out: TextIO | None = None,
) -> None:
    """Run `one_round` for each round called, and answer; returns at the end of the input.

    Raises NotARound. What `one_round` raises goes through: who calls the rounds then sees this program end,
    not a false "done".
    """
    told = sys.stdout if out is None else out
    async for called in rounds(clock, source):
        answer(called, told, done=False)
        await one_round(called)
        answer(called, told, done=True)
