"""HTTP/1.1 as the doubles serve it: one client's requests in turn, over h11. No body is kept."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import h11
from msgspec import Struct

from wallwatch.lab.services._context import ERROR
from wallwatch.lab.services._doors import Client

_MOST_REQUESTS = 1000  # on one connection


class Request(Struct, frozen=True):
    """A request's head. Header names are lower case; of several values the last one stands."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def host(self) -> str:
        """The name in the Host header, without its port, lower case; "" if there is none."""
        return self.headers.get("host", "").partition(":")[0].lower()

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def wants_websocket(self) -> bool:
        """Whether it asks to become a WebSocket."""
        return self.headers.get("upgrade", "").lower() == "websocket"


class Response(Struct, frozen=True):
    """An answer. Its length is added, and on HEAD its body left out."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Upgrade(Struct, frozen=True):
    """The client wants to go on in another protocol."""

    request: Request
    raw_headers: list[tuple[bytes, bytes]]
    trailing: bytes  # what it has sent after its request already


UNAVAILABLE = Response(503, (("content-type", "text/plain"),), b"Service Unavailable\n")

Respond = Callable[[Request], Response]


async def converse(client: Client, respond: Respond, websocket_path: str | None = None) -> Upgrade | None:
    """Answer requests until the client closes, errs, or wants a WebSocket at `websocket_path`.

    In mode "error" every answer is 503. What is no HTTP is answered 400, as real servers do. Raises OSError.
    """
    connection = h11.Connection(h11.SERVER)
    for _ in range(_MOST_REQUESTS):
        try:
            head = await _next_head(client, connection)
        except h11.RemoteProtocolError as error:
            if connection.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                await _send(client, connection, Response(error.error_status_hint), head_only=False)
            return None
        if head is None:
            return None
        request = _request(head)
        if client.mode != ERROR and request.wants_websocket and request.path == websocket_path:
            return Upgrade(request, list(head.headers.raw_items()), connection.trailing_data[0])
        response = UNAVAILABLE if client.mode == ERROR else respond(request)
        await _send(client, connection, response, head_only=request.method == "HEAD")
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return None
        connection.start_next_cycle()
    return None


async def _next_head(client: Client, connection: h11.Connection) -> h11.Request | None:
    """The next request, its body read and thrown away; None at the end of the stream."""
    head: h11.Request | None = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await client.reader.read(65536))
        elif isinstance(event, h11.Request):
            head = event
            if _expects_continue(event):
                await _send_continue(client, connection)
        elif isinstance(event, h11.EndOfMessage):
            return head
        elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
            return None


def _expects_continue(head: h11.Request) -> bool:
    return any(name == b"expect" and value.lower() == b"100-continue" for name, value in head.headers)


async def _send_continue(client: Client, connection: h11.Connection) -> None:
    data = connection.send(h11.InformationalResponse(status_code=100, headers=[]))
    await client.send(data or b"")


def _request(head: h11.Request) -> Request:
    headers = {name.decode("ascii"): value.decode("latin-1") for name, value in head.headers}
    return Request(head.method.decode("ascii"), head.target.decode("latin-1"), headers)


async def _send(client: Client, connection: h11.Connection, response: Response, *, head_only: bool) -> None:
    headers = [*response.headers, ("content-length", str(len(response.body)))]
    parts = [
        connection.send(
            h11.Response(
                status_code=response.status, headers=headers, reason=HTTPStatus(response.status).phrase
            )
        )
    ]
    if response.body and not head_only:
        parts.append(connection.send(h11.Data(data=response.body)))
    parts.append(connection.send(h11.EndOfMessage()))
    await client.send(b"".join(part or b"" for part in parts))
