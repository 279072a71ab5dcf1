"""The server's side of a WebSocket, over wsproto, read as a stream of the bytes in its messages."""

from __future__ import annotations

from contextlib import suppress

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from wallwatch.lab.services._doors import Client
from wallwatch.lab.services._http import Upgrade


class WebSocket:
    """An accepted WebSocket. Use `accept`."""

    def __init__(self, client: Client, connection: WSConnection) -> None:
        self._client = client
        self._connection = connection
        self._open = True

    @classmethod
    async def accept(cls, client: Client, upgrade: Upgrade) -> WebSocket:
        """Answer the upgrade with 101. ValueError, after answering 400, if the request is not a good one."""
        connection = WSConnection(ConnectionType.SERVER)
        try:
            connection.initiate_upgrade_connection(upgrade.raw_headers, upgrade.request.target)
        except ProtocolError as error:
            await client.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            raise ValueError(f"not a WebSocket handshake: {error}") from None
        for event in connection.events():
            if isinstance(event, Request):
                await client.send(connection.send(AcceptConnection()))
            elif isinstance(event, RejectConnection):
                raise ValueError("not a WebSocket handshake")
        if upgrade.trailing:
            connection.receive_data(upgrade.trailing)
        return cls(client, connection)

    async def receive(self) -> bytes:
        """The next bytes of binary messages, b"" at the end. ValueError for what is no WebSocket, or text."""
        while self._open:
            received = await self._pending()
            if received or not self._open:
                return received
            data = await self._client.reader.read(65536)
            self._connection.receive_data(data or None)
        return b""

    async def send(self, data: bytes) -> None:
        """One binary message. Raises OSError, also when the client has said goodbye."""
        if not self._open:
            raise BrokenPipeError("the client has closed the WebSocket")
        await self._client.send(self._connection.send(BytesMessage(data=data)))

    async def close(self) -> None:
        """Say goodbye, if that can still be said. Raises OSError."""
        if self._open:
            self._open = False
            with suppress(ProtocolError):  # after garbage there is no protocol left to say it in
                await self._client.send(self._connection.send(CloseConnection(code=1000)))

    async def _pending(self) -> bytes:
        received = b""
        try:
            for event in self._connection.events():
                if isinstance(event, BytesMessage):
                    received += event.data
                elif isinstance(event, TextMessage):
                    raise ValueError("a text message")
                elif isinstance(event, Ping):
                    await self._client.send(self._connection.send(event.response()))
                elif isinstance(event, CloseConnection):
                    self._open = False
                    await self._answer_close(event)
        except ProtocolError as error:
            raise ValueError(f"not a WebSocket frame: {error}") from None
        return received

    async def _answer_close(self, event: CloseConnection) -> None:
        try:
            await self._client.send(self._connection.send(event.response()))
        except ProtocolError:
            return  # the stream ended without a closing frame: there is nobody to answer
