"""The clocks of running programs, and the rounds that someone else calls."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallwatch.net.clock import SteppedClock, SystemClock
from wallwatch.net.rounds import Round, lines, parse_round, work

INSTANT = datetime(2017, 9, 20, 2, 0, tzinfo=UTC)
NEXT = datetime(2017, 9, 21, 2, 0, tzinfo=UTC)
TWO = (
    b'{"round": 1, "instant": "2017-09-20T02:00:00Z"}\n\n'
    b'{"round": 2, "instant": "2017-09-21T10:00:00+08:00", "later": true}\n'
)


def test_the_systems_clock() -> None:
    clock = SystemClock()
    assert clock.wall_now().tzinfo is UTC
    assert abs(clock.wall_now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert clock.monotonic() <= clock.monotonic()


def test_a_deadline_passes() -> None:
    async def wait() -> None:
        async with SystemClock().deadline(0.01):
            await SystemClock().sleep(60)

    with pytest.raises(TimeoutError):
        asyncio.run(wait())


def test_a_stepped_clock_has_no_time_before_the_first_step() -> None:
    with pytest.raises(RuntimeError, match="not been set"):
        SteppedClock().wall_now()


def test_a_stepped_clock_stands_where_it_was_set_and_goes_on() -> None:
    clock = SteppedClock()
    clock.step(INSTANT)
    first = clock.wall_now()
    assert INSTANT <= first < INSTANT + timedelta(seconds=5)
    assert clock.wall_now() >= first
    clock.step(NEXT.astimezone(timezone(timedelta(hours=8))))
    assert NEXT <= clock.wall_now() < NEXT + timedelta(seconds=5)
    assert clock.wall_now().tzinfo is UTC


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        SteppedClock().step(datetime(2017, 9, 20))  # noqa: DTZ001


def test_the_first_step_can_be_awaited() -> None:
    async def wait() -> datetime:
        clock = SteppedClock()
        asyncio.get_running_loop().call_soon(clock.step, INSTANT)
        await asyncio.wait_for(clock.first_step(), 5)
        return clock.wall_now()

    assert asyncio.run(wait()) >= INSTANT


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        b"[]",
        b'{"round": "one", "instant": "2017-09-20T02:00:00Z"}',
        b'{"round": 1}',
        b'{"round": 1, "instant": "2017-09-20T02:00:00"}',
        b'{"round": 1, "instant": "yesterday"}',
    ],
)
def test_a_line_that_is_no_round(line: bytes) -> None:
    with pytest.raises(ValueError, match="round"):
        parse_round(line)


@given(st.integers(0, 2**31), st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_round_survives_its_line(number: int, moment: datetime) -> None:
    instant = moment.replace(tzinfo=UTC)
    line = json.dumps({"round": number, "instant": instant.isoformat()}).encode()
    assert parse_round(line) == Round(number, instant)


def work_on(source: int) -> tuple[list[Round], list[datetime], str]:
    """Work the rounds of a descriptor: the rounds, the times inside them, the answers."""
    seen: list[Round] = []
    times: list[datetime] = []
    out = io.StringIO()
    clock = SteppedClock()

    async def one_round(called: Round) -> None:
        seen.append(called)
        times.append(clock.wall_now())

    asyncio.run(work(clock, one_round, source, out))
    return seen, times, out.getvalue()


def check_two(seen: list[Round], times: list[datetime], answers: str) -> None:
    """Both rounds of TWO were worked at their times."""
    assert seen == [Round(1, INSTANT), Round(2, NEXT)]
    assert all(r.instant <= t < r.instant + timedelta(seconds=5) for r, t in zip(seen, times, strict=True))
    assert [json.loads(line) for line in answers.splitlines()] == [
        {"round": 1, "done": False},
        {"round": 1, "done": True},
        {"round": 2, "done": False},
        {"round": 2, "done": True},
    ]


def test_rounds_from_a_pipe_whose_lines_come_in_pieces() -> None:
    reading, writing = os.pipe()

    def dictate() -> None:
        for start in range(0, len(TWO), 7):
            os.write(writing, TWO[start : start + 7])
        os.close(writing)

    thread = threading.Thread(target=dictate)
    thread.start()
    try:
        check_two(*work_on(reading))
    finally:
        thread.join()
        os.close(reading)


def test_rounds_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rounds"
    path.write_bytes(TWO.rstrip(b"\n"))  # the last line without its end
    descriptor = os.open(path, os.O_RDONLY)
    try:
        check_two(*work_on(descriptor))
    finally:
        os.close(descriptor)


def test_no_rounds_at_all() -> None:
    descriptor = os.open(os.devnull, os.O_RDONLY)
    try:
        assert work_on(descriptor) == ([], [], "")
    finally:
        os.close(descriptor)


def test_a_round_that_fails_is_not_done() -> None:
    reading, writing = os.pipe()
    os.write(writing, TWO)
    os.close(writing)
    out = io.StringIO()

    async def one_round(called: Round) -> None:
        raise KeyError(called.round)

    try:
        with pytest.raises(KeyError):
            asyncio.run(work(SteppedClock(), one_round, reading, out))
    finally:
        os.close(reading)
    assert [json.loads(line)["done"] for line in out.getvalue().splitlines()] == [False]


def test_waiting_for_a_line_does_not_stop_the_loop() -> None:
    reading, writing = os.pipe()

    async def look() -> list[bytes]:
        asyncio.get_running_loop().call_later(0.05, os.close, writing)
        return [line async for line in lines(reading)]

    try:
        assert asyncio.run(asyncio.wait_for(look(), 5)) == []
    finally:
        os.close(reading)


PROGRAM = """
import asyncio
from wallwatch.net.clock import SteppedClock
from wallwatch.net.rounds import work
clock = SteppedClock()
async def one_round(called):
    await clock.sleep(0)
asyncio.run(work(clock, one_round))
"""


def test_a_program_answers_each_round_before_the_next_is_called() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for number in range(3):
            program.stdin.write(b'{"round": %d, "instant": "2017-09-20T02:00:00Z"}\n' % number)
            program.stdin.flush()
            assert json.loads(program.stdout.readline()) == {"round": number, "done": False}
            assert json.loads(program.stdout.readline()) == {"round": number, "done": True}
        program.stdin.close()
        assert program.wait(10) == 0
