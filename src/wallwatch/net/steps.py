"""The steps an experiment is made of: resolve, connect, TLS, HTTP, WebSocket; each recorded, then it raises.

    for address in await steps.resolve(host):
        with suppress(Failed), closing(await steps.connect(Endpoint(address, 443))) as tcp:
            tls = await steps.tls_handshake(tcp, TlsWish(server_name=host))
            response = await steps.http_request(tls, HttpRequest(host=host, path="/"))

Which step to take, and what a failure means, is for others. Whoever opens a connection closes it.
"""

from __future__ import annotations

from wallwatch.model.failure import EOF
from wallwatch.net.connect import connect
from wallwatch.net.connection import DEFAULT_LIMIT, Connection, Equipment, TcpConnection
from wallwatch.net.failed import READ, Failed, Timeouts
from wallwatch.net.http import HttpRequest, HttpResponse, http_request
from wallwatch.net.resolve import resolve
from wallwatch.net.roots import Roots
from wallwatch.net.seam import DEFAULT_OPTIONS, Endpoint, Net, SocketOptions
from wallwatch.net.tls import TlsConnection, TlsWish, tls_handshake
from wallwatch.net.trace import Trace
from wallwatch.net.websocket import WebSocket, open_websocket

__all__ = [
    "Connection",
    "Failed",
    "HttpRequest",
    "HttpResponse",
    "Steps",
    "TcpConnection",
    "Timeouts",
    "TlsConnection",
    "TlsWish",
    "WebSocket",
]


class Steps:
    """The steps of one measurement; all of them write to one trace."""

    def __init__(self, net: Net, trace: Trace, timeouts: Timeouts, roots: Roots) -> None:
        self._equipment = Equipment(net=net, trace=trace, timeouts=timeouts, roots=roots)

    @property
    def net(self) -> Net:
        """The network and its clock, for what is no step of its own (pauses, random bytes, UDP)."""
        return self._equipment.net

    @property
    def trace(self) -> Trace:
        """What was recorded so far."""
        return self._equipment.trace

    @property
    def timeouts(self) -> Timeouts:
        """How long each step may take."""
        return self._equipment.timeouts

    async def resolve(self, host: str, *, linger: float = 0.0) -> list[str]:
        """The addresses of a name by the system's resolvers, v4 before v6; a literal is returned as it is.

        `linger`: seconds to go on listening after the first answer; what comes then is recorded
        (`x_dns_duplicate_responses`), not returned. Raises Failed("dns_..." and the like, "resolve").
        """
        return await resolve(self._equipment, host, linger)

    async def connect(self, endpoint: Endpoint, options: SocketOptions = DEFAULT_OPTIONS) -> TcpConnection:
        """TCP's handshake. Raises Failed(..., "connect")."""
        return await connect(self._equipment, endpoint, options)

    async def tls_handshake(self, connection: Connection, wish: TlsWish) -> TlsConnection:
        """TLS's handshake, then the certificate's verification at the clock's time.

        Raises Failed(..., "tls_handshake"), or Failed("ssl_...", "verify"). The connection below stays the
        caller's to close; closing the TLS connection closes it too.
        """
        return await tls_handshake(self._equipment, connection, wish)

    async def send(self, connection: Connection, data: bytes) -> None:
        """Send all of it. Raises Failed(..., "write")."""
        await connection.send(data)

    async def receive(self, connection: Connection, limit: int = DEFAULT_LIMIT) -> bytes:
        """The next bytes, at least one. The end of the stream is Failed("eof_error", "read")."""
        data = await connection.receive(limit)
        if not data:
            raise Failed(EOF, READ)
        return data

    async def receive_exactly(self, connection: Connection, count: int) -> bytes:
        """That many bytes, no more. Raises Failed(..., "read") whose `received` says how many had come."""
        data = b""
        while len(data) < count:
            try:
                data += await self.receive(connection, count - len(data))
            except Failed as failed:
                raise Failed(failed.failure, failed.operation, len(data)) from failed
        return data

    async def http_request(self, connection: Connection, request: HttpRequest) -> HttpResponse:
        """One HTTP/1.1 exchange. Raises Failed(..., "write" | "read" | "parse").

        The `received` of what it raises counts the body's bytes that had come.
        """
        return await http_request(self._equipment, connection, request)

    async def websocket(self, connection: Connection, host: str, path: str, origin: str) -> WebSocket:
        """Upgrade to a WebSocket; `origin` "" sends none. Raises Failed(..., "write" | "read" | "parse")."""
        return await open_websocket(self._equipment, connection, host, path, origin)
