"""A WebSocket over a scripted network, against a server made with the same sans-I/O library."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from tests.fakes import FakeNet, FarEnd, run
from tests.net.stepping import SHORT, steps_over
from wallwatch.net.failed import Failed
from wallwatch.net.seam import Endpoint
from wallwatch.net.steps import Steps, WebSocket

SERVER = Endpoint("203.0.113.7", 80)
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\n"


class Far:
    """The server's side of a WebSocket."""

    def __init__(self, far: FarEnd) -> None:
        self._far = far
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._pending: list[Event] = []

    async def next(self) -> Event:
        while not self._pending:
            data = await self._far.receive()
            if not data:
                raise EOFError
            self._protocol.receive_data(data)
            self._pending += self._protocol.events()
        return self._pending.pop(0)

    async def say(self, *events: Event) -> None:
        await self._far.send(b"".join(self._protocol.send(event) for event in events))


def network(talk: Callable[[Far, Request], Awaitable[None]]) -> FakeNet:
    """A server that reads the upgrade request, then does `talk`."""
    net = FakeNet()

    async def serve(far: FarEnd) -> None:
        side = Far(far)
        request = await side.next()
        assert isinstance(request, Request)
        await talk(side, request)

    net.serve(SERVER, serve)
    return net


async def echo(far: Far, request: Request) -> None:
    """Accept, and send back each message."""
    await far.say(AcceptConnection())
    while True:
        event = await far.next()
        if isinstance(event, BytesMessage):
            await far.say(BytesMessage(data=event.data))


async def upgraded(steps: Steps) -> WebSocket:
    """An open WebSocket; the test's network goes with it."""
    tcp = await steps.connect(SERVER)
    return await steps.websocket(tcp, "web.example", "/ws/chat", "https://web.example")


def test_an_exchange() -> None:
    net = network(echo)
    steps = steps_over(net)

    async def look() -> WebSocket:
        with closing(await upgraded(steps)) as socket:
            await socket.send(b"WA\x06\x03")
            assert await socket.receive() == b"WA\x06\x03"
            return socket

    tally = run(look()).tally
    assert (tally.bytes_sent, tally.bytes_received, tally.received_prefix) == (4, 4, b"WA\x06\x03")
    head = bytes(net.flows[0].sent).split(b"\r\n\r\n")[0]
    assert head.startswith(b"GET /ws/chat HTTP/1.1\r\n")
    assert b"Host: web.example" in head
    assert b"Origin: https://web.example" in head
    (record,) = steps.trace.test_keys()["requests"]
    assert (record["failure"], record["response"]["code"]) == (None, 101)
    assert record["request"]["url"] == "wss://web.example/ws/chat"


def test_a_message_in_pieces_among_pings() -> None:
    heard: list[bytes] = []

    async def talk(far: Far, request: Request) -> None:
        await far.say(
            AcceptConnection(),
            Ping(payload=b"one"),
            BytesMessage(data=b"ab", message_finished=False),
            Ping(payload=b"two"),
            BytesMessage(data=b"cd"),
            TextMessage(data="é"),
        )
        for _ in range(2):
            event = await far.next()
            assert isinstance(event, Pong)
            heard.append(bytes(event.payload))

    steps = steps_over(network(talk))

    async def look() -> tuple[bytes, bytes]:
        with closing(await upgraded(steps)) as socket:
            messages = await socket.receive(), await socket.receive()
            await steps.net.clock.sleep(1)
            return messages

    assert run(look()) == (b"abcd", "é".encode())
    assert heard == [b"one", b"two"]


def failure_of_talk(talk: Callable[[Far, Request], Awaitable[None]]) -> tuple[Failed, Steps]:
    """What a WebSocket that must fail raises at the upgrade or at the first message."""
    steps = steps_over(network(talk))

    async def look() -> None:
        with closing(await upgraded(steps)) as socket:
            await socket.receive()

    with pytest.raises(Failed) as caught:
        run(look())
    return caught.value, steps


def test_the_far_ends_close() -> None:
    async def talk(far: Far, request: Request) -> None:
        await far.say(AcceptConnection(), CloseConnection(code=1000))

    failed, _ = failure_of_talk(talk)
    assert (failed.failure, failed.operation) == ("eof_error", "read")


def test_a_stall_says_how_much_of_the_message_had_come() -> None:
    async def talk(far: Far, request: Request) -> None:
        await far.say(AcceptConnection(), BytesMessage(data=b"x" * 700, message_finished=False))
        await far.next()

    failed, _ = failure_of_talk(talk)
    assert (failed.failure, failed.operation, failed.received) == ("generic_timeout_error", "read", 700)


def test_pings_do_not_prolong_the_wait() -> None:
    async def talk(far: Far, request: Request) -> None:
        await far.say(AcceptConnection())
        while True:
            await far.say(Ping())
            await far.next()

    failed, steps = failure_of_talk(talk)
    assert failed.failure == "generic_timeout_error"
    assert steps.trace.network_events[-1].t <= SHORT.read + 1


def test_a_refused_upgrade() -> None:
    async def talk(far: Far, request: Request) -> None:
        await far.say(RejectConnection(status_code=403))

    failed, steps = failure_of_talk(talk)
    assert failed.operation == "parse"
    assert failed.failure == "unknown_failure: websocket: upgrade refused with status 403"
    record = steps.trace.requests[0]
    assert record.failure == failed.failure
    assert record.response is not None
    assert record.response.code == 403


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n\r\n",
        SWITCHING + b"Upgrade: other\r\n\r\n",
        SWITCHING + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
    ],
    ids=["no http", "another protocol", "wrong key"],
)
def test_an_answer_that_is_no_upgrade(answer: bytes) -> None:
    net = FakeNet()

    async def serve(far: FarEnd) -> None:
        await far.receive()
        await far.send(answer)

    net.serve(SERVER, serve)
    steps = steps_over(net)
    with pytest.raises(Failed) as caught:
        run(upgraded(steps))
    assert caught.value.operation == "parse"
    assert caught.value.failure.startswith("unknown_failure: ")
    assert steps.trace.requests[0].failure == caught.value.failure


def test_frames_that_are_none() -> None:
    async def talk(far: Far, request: Request) -> None:
        await far.say(AcceptConnection())
        await far._far.send(b"\xff\xff\xff\xff")  # reserved bits, unknown opcode

    failed, _ = failure_of_talk(talk)
    assert failed.operation == "parse"
    assert failed.failure.startswith("unknown_failure: websocket: ")
