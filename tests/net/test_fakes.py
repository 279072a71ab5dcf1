"""The scripted network keeps its promises: the clock jumps, nothing hangs, a server's bug is heard."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from tests.fakes import Action, FakeNet, FarEnd, JumpingClock, NothingDue, run
from wallwatch.net.seam import Endpoint

SERVER = Endpoint("203.0.113.7", 443)


def test_hours_take_no_time_and_come_in_order() -> None:
    clock = JumpingClock()
    order: list[str] = []

    async def wait(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        order.append(name)

    async def look() -> float:
        await asyncio.gather(wait("c", 7200), wait("a", 1), wait("b", 3600))
        return clock.monotonic()

    before, real = clock.wall_now(), time.monotonic()
    assert run(look()) == pytest.approx(7200)
    assert order == ["a", "b", "c"]
    assert time.monotonic() - real < 5
    assert clock.wall_now() == before  # outside: the start again


def test_wall_and_monotonic_go_together() -> None:
    clock = JumpingClock()

    async def look() -> timedelta:
        start = clock.wall_now()
        assert clock.monotonic() == 0.0
        await clock.sleep(90)
        return clock.wall_now() - start

    assert run(look()) == timedelta(seconds=90)


def test_a_deadline_ends_a_wait_without_end() -> None:
    clock = JumpingClock()

    async def look() -> None:
        async with clock.deadline(5):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run(look())


def test_a_wait_without_end_and_without_deadline_is_loud() -> None:
    async def look() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingDue):
        run(look())


def test_the_clock_refuses_another_loop() -> None:
    with pytest.raises(RuntimeError, match=r"tests\.fakes\.run"):
        asyncio.run(JumpingClock().sleep(1))


def test_a_servers_bug_is_heard() -> None:
    net = FakeNet()

    async def broken(far: FarEnd) -> None:
        raise KeyError("a bug")

    net.serve(SERVER, broken)

    async def look() -> None:
        await (await net.connect_tcp(SERVER)).receive()

    with pytest.raises(KeyError):
        run(look())


def test_random_bytes_repeat_by_seed() -> None:
    assert FakeNet(seed=3).random(8) == FakeNet(seed=3).random(8)
    assert FakeNet(seed=3).random(8) != FakeNet(seed=4).random(8)


def test_a_censor_at_the_syn() -> None:
    net = FakeNet()

    async def greet(far: FarEnd) -> None:
        await far.send(b"hello")

    net.serve(SERVER, greet)
    net.censor = lambda endpoint, sent: Action.RESET
    with pytest.raises(ConnectionRefusedError):
        run(net.connect_tcp(SERVER))
    net.censor = lambda endpoint, sent: Action.PASS

    async def look() -> bytes:
        return await (await net.connect_tcp(SERVER)).receive()

    assert run(look()) == b"hello"
    assert [flow.outcome for flow in net.flows] == ["refused", "established"]
