"""Work in rounds that someone else calls: `--rounds -`, JSON lines in, a line back after each.

In:  `{"round": 12, "instant": "2017-07-18T02:00:00Z"}`   Out: `{"round": 12, "done": true}`
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


class Round(Struct, frozen=True):
    """One round: its number and its instant of scenario time (aware)."""

    round: int
    instant: datetime


def parse_round(line: bytes) -> Round:
    """Read one line of the protocol. Raises ValueError saying what is wrong with it."""
    try:
        called = msgspec.json.decode(line, type=Round)
    except msgspec.MsgspecError as error:
        shown = line[:80].decode(errors="replace").strip()
        raise ValueError(f"not a round ({error}): {shown!r}") from error
    if called.instant.tzinfo is None:
        raise ValueError(f"round {called.round}: the instant has no time zone")
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
    """The rounds as they are called, the clock set to each. Raises ValueError at a line that is none."""
    async for line in lines(source):
        if line.strip():
            called = parse_round(line)
            clock.step(called.instant)
            yield called


def answer(called: Round, out: TextIO = sys.stdout) -> None:
    """Say that a round is done."""
    out.write(json.dumps({"round": called.round, "done": True}) + "\n")
    out.flush()


async def work(
    clock: SteppedClock,
    one_round: Callable[[Round], Awaitable[None]],
    source: int = STANDARD_INPUT,
    out: TextIO | None = None,
) -> None:
    """Run `one_round` for each round called, and answer; returns at the end of the input.

    What `one_round` raises goes through: who calls the rounds then sees this program end, not a false "done".
    """
    async for called in rounds(clock, source):
        await one_round(called)
        answer(called, sys.stdout if out is None else out)
