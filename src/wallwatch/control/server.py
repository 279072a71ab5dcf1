"""Serve the control's API: HTTP/1.1 by h11 over asyncio's streams, one request a connection, bounded in size
and time.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress

import h11

from wallwatch.control.api import Api, Response
from wallwatch.net.seam import Endpoint
from wallwatch.refusal import Refusal

LARGEST_BODY = 16384  # bytes; a request has some 300
LARGEST_HEAD = 16384
READ_SIZE = 65536
REQUEST_SECONDS = 10.0  # for the request to arrive whole
CONNECTIONS = 64


class TooLarge(Exception):  # noqa: N818, says what happened
    """The body is larger than a request can be."""


class Server:
    """Listens until closed."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._open = 0
        self._server: asyncio.Server | None = None

    async def listen(self, endpoint: Endpoint) -> int:
        """Start; returns the port. Raises Refusal where the port is taken or may not be used."""
        try:
            self._server = await asyncio.start_server(self._serve, endpoint.address, endpoint.port)
        except OSError as error:
            raise Refusal(
                f"Cannot listen on {endpoint}: {error.strerror or error}. Choose another `listen`."
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection, from its first byte to its close."""
        if self._open >= CONNECTIONS:
            writer.close()
            return
        self._open += 1
        try:
            await self._exchange(reader, writer)
        except (OSError, TimeoutError, h11.RemoteProtocolError):
            pass  # gone, too slow, or not HTTP: there is nobody to tell
        except Exception as error:  # noqa: BLE001, a task's outer edge: one request must not end the control
            print(f"control: a request failed: {type(error).__name__}: {error}", file=sys.stderr)
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGEST_HEAD)
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request, body = await read_request(connection, reader)
        except TooLarge:
            response = Response(status=413, body=b'{"error":"the request is larger than a request can be"}')
        else:
            response = await self._api.answer(request.method.decode(), request.target.decode(), body)
        writer.write(written(connection, response))
        await writer.drain()


async def read_request(connection: h11.Connection, reader: asyncio.StreamReader) -> tuple[h11.Request, bytes]:
    """One whole request. Raises TooLarge, h11.RemoteProtocolError."""
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(READ_SIZE))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST_BODY:
                raise TooLarge
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return request, body
        else:
            raise h11.RemoteProtocolError("no request")


def written(connection: h11.Connection, response: Response) -> bytes:
    """The answer as bytes; the connection ends with it."""
    head = h11.Response(
        status_code=response.status,
        headers=[
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(response.body))),
            ("Connection", "close"),
        ],
    )
    parts = (
        connection.send(head),
        connection.send(h11.Data(data=response.body)),
        connection.send(h11.EndOfMessage()),
    )
    return b"".join(part or b"" for part in parts)
