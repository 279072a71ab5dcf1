"""A WebSocket over any connection, by wsproto: binary messages out; pings are answered while receiving."""

from __future__ import annotations

from collections import deque

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from wallwatch.model.failure import CONNECTION_ALREADY_CLOSED, EOF, TIMEOUT, UNKNOWN_PREFIX
from wallwatch.net.connection import Connection, Equipment, Tally
from wallwatch.net.errors import failure_of
from wallwatch.net.failed import PARSE, READ, WRITE, Failed
from wallwatch.net.http_record import record_exchange, request_record, response_record
from wallwatch.net.records import HttpResponseRecord

LONGEST_MESSAGE = 1 << 20  # bytes; more than an experiment has a use for
SWITCHING_PROTOCOLS = 101


class WebSocket:
    """An open WebSocket (made by `open_websocket`)."""

    def __init__(self, equipment: Equipment, connection: Connection) -> None:
        self._equipment = equipment
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._pending: deque[Event] = deque()
        self._tally = Tally()
        self.connection = connection

    @property
    def transaction_id(self) -> int:
        return self.connection.transaction_id

    @property
    def tally(self) -> Tally:
        """Payload bytes of messages only."""
        return self._tally

    async def send(self, message: bytes) -> None:
        """Send one binary message. Raises Failed."""
        await self._write(BytesMessage(data=message))
        self._tally.note_sent(message)

    async def receive(self) -> bytes:
        """The next message (a text one as its UTF-8), within `Timeouts.read` however many pings come before.

        The far end's close is Failed("eof_error", "read"). `received` counts the message's bytes so far.
        """
        until = self._equipment.clock.monotonic() + self._equipment.timeouts.read
        message = bytearray()
        try:
            while not await self._add_to(message, until):
                pass
        except Failed as failed:
            raise Failed(failed.failure, failed.operation, len(message)) from failed
        self._tally.note_received(bytes(message), self._equipment.trace.now())
        return bytes(message)

    def close(self) -> None:
        """Close the connection below."""
        self.connection.close()

    async def ask(self, request: Request, until: float) -> Event:
        """Send the upgrade request; the first event that comes back. Raises Failed."""
        await self.connection.send(self._protocol.send(request), within=self._left(until))
        return await self._next_event(until)

    async def _add_to(self, message: bytearray, until: float) -> bool:
        """Handle one event; whether it completed the message."""
        event = await self._next_event(until)
        if isinstance(event, Ping):
            await self._write(event.response())
        elif isinstance(event, CloseConnection):
            await self._say_goodbye(event)
        elif isinstance(event, BytesMessage | TextMessage):
            message += event.data.encode() if isinstance(event, TextMessage) else event.data
            if len(message) > LONGEST_MESSAGE:
                raise Failed(UNKNOWN_PREFIX + "websocket: message too long", PARSE)
            return event.message_finished
        return False

    async def _next_event(self, until: float) -> Event:
        while not self._pending:
            data = await self.connection.receive(within=self._left(until))
            if not data:
                raise Failed(EOF, READ)
            try:
                self._protocol.receive_data(data)
                self._pending.extend(self._protocol.events())
            except ProtocolError as error:
                raise Failed(failure_of(error, PARSE), PARSE) from error
        return self._pending.popleft()

    async def _write(self, event: Event) -> None:
        try:
            data = self._protocol.send(event)
        except ProtocolError as error:  # the far end closed while we were not looking
            raise Failed(CONNECTION_ALREADY_CLOSED, WRITE) from error
        await self.connection.send(data)

    async def _say_goodbye(self, event: CloseConnection) -> None:
        """Answer the far end's close. wsproto makes one up, still open, where the bytes are no frames."""
        if self._protocol.state is ConnectionState.OPEN:
            raise Failed(UNKNOWN_PREFIX + f"websocket: {event.reason}", PARSE)
        await self._write(event.response())
        raise Failed(EOF, READ)

    def _left(self, until: float) -> float:
        left = until - self._equipment.clock.monotonic()
        if left <= 0:
            raise Failed(TIMEOUT, READ)
        return left


async def open_websocket(
    equipment: Equipment, connection: Connection, host: str, path: str, origin: str
) -> WebSocket:
    """Upgrade a connection, within `Timeouts.handshake`; the exchange is recorded. Raises Failed."""
    t0 = equipment.trace.now()
    until = equipment.clock.monotonic() + equipment.timeouts.handshake
    headers = [(b"Origin", origin.encode("ascii"))] if origin else []
    asked = request_record("GET", f"wss://{host}{path}", [(b"Host", host.encode("ascii")), *headers])
    socket = WebSocket(equipment, connection)
    answer: HttpResponseRecord | None = None
    failure: str | None = None
    try:
        event = await socket.ask(Request(host=host, target=path, extra_headers=headers), until)
        answer = _answer(connection, event)
        failure = _refusal(event)
    except Failed as failed:
        failure = failed.failure
        raise
    finally:
        record_exchange(equipment.trace, connection, asked, answer, failure, t0)
    if failure is not None:
        raise Failed(failure, PARSE)
    return socket


def _answer(connection: Connection, event: Event) -> HttpResponseRecord | None:
    if isinstance(event, AcceptConnection):
        return response_record(connection, SWITCHING_PROTOCOLS, event.extra_headers, b"", 0)
    if isinstance(event, RejectConnection):
        return response_record(connection, event.status_code, event.headers, b"", 0)
    return None


def _refusal(event: Event) -> str | None:
    """None for an open WebSocket, else the failure string."""
    if isinstance(event, AcceptConnection):
        return None
    if isinstance(event, RejectConnection):
        return UNKNOWN_PREFIX + f"websocket: upgrade refused with status {event.status_code}"
    return UNKNOWN_PREFIX + f"websocket: {type(event).__name__} before the upgrade"
