"""The twins over loopback: TLS for any name, the echo for anything else, nothing for nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from wallwatch.control.twins import MOST_BYTES, PAGE, TwinServer
from wallwatch.net.clock import SystemClock
from wallwatch.net.failed import Timeouts
from wallwatch.net.real import RealNet
from wallwatch.net.roots import Roots
from wallwatch.net.seam import Endpoint
from wallwatch.net.steps import HttpRequest, Steps, TlsWish
from wallwatch.net.trace import Trace
from wallwatch.refusal import Refusal
from wallwatch.wire.echo import build_echo

LOOPBACK = "127.0.0.1"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def with_twin(work: Callable[[Steps, Endpoint], Awaitable[None]]) -> None:
    async def go() -> None:
        twins = TwinServer(NOW)
        (port,) = await twins.listen([0], LOOPBACK)
        clock = SystemClock()
        steps = Steps(RealNet(clock), Trace(clock), Timeouts(connect=5, handshake=5, read=5), Roots())
        try:
            await work(steps, Endpoint(LOOPBACK, port))
        finally:
            await twins.close()

    asyncio.run(go())


@pytest.mark.parametrize("name", ["mmg.whatsapp.net", "anything.example.net"])
def test_tls_for_any_name(name: str) -> None:
    async def work(steps: Steps, twin: Endpoint) -> None:
        connection = await steps.connect(twin)
        wish = TlsWish(server_name=name, alpn=("http/1.1",), verify=False)
        tls = await steps.tls_handshake(connection, wish)
        assert len(tls.chain) == 1
        response = await steps.http_request(tls, HttpRequest(host=name))
        assert (response.status, response.body) == (200, b"twin\n")
        tls.close()

    with_twin(work)


@pytest.mark.parametrize("sent", [b"WA\x06\x03" + b"\x00" * 39, b"\x00", b"GET / HTTP/1.1\r\n\r\n"])
def test_other_bytes_are_echoed_by_their_digest(sent: bytes) -> None:
    async def work(steps: Steps, twin: Endpoint) -> None:
        connection = await steps.connect(twin)
        await steps.send(connection, sent)
        assert await steps.receive_exactly(connection, 37) == build_echo(sent)
        assert await connection.receive() == b""  # and closed
        connection.close()

    with_twin(work)


def test_it_gives_back_less_than_a_page_and_reads_no_more_than_it_must() -> None:
    async def work(steps: Steps, twin: Endpoint) -> None:
        connection = await steps.connect(twin)
        tls = await steps.tls_handshake(connection, TlsWish(server_name="a.example", verify=False))
        await steps.send(tls, b"x" * (2 * MOST_BYTES))
        received = await tls.receive()
        assert PAGE not in received
        connection.abort()

    with_twin(work)


def test_a_visitor_who_says_nothing_or_leaves_half_way_harms_nobody() -> None:
    async def work(steps: Steps, twin: Endpoint) -> None:
        for data in (b"", b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\x00\x05hello"):
            connection = await steps.connect(twin)
            if data:
                await steps.send(connection, data)
            connection.abort()
        connection = await steps.connect(twin)
        await steps.send(connection, b"still there")
        assert await steps.receive_exactly(connection, 37) == build_echo(b"still there")
        connection.close()

    with_twin(work)


def test_a_taken_port_is_a_refusal_that_names_it() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        async def go() -> None:
            await TwinServer(NOW).listen([port], LOOPBACK)

        with pytest.raises(Refusal, match=str(port)):
            asyncio.run(go())
