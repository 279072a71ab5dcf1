"""The server's side of a fake connection, plain or inside TLS."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable

from tests.fakes.authority import Leaf
from tests.fakes.pipe import Way
from wallwatch.net.seam import Endpoint


class FarEnd:
    """What a server's handler holds. It may send, receive, close and reset; leaving the handler closes."""

    def __init__(self, incoming: Way, outgoing: Way, peer: Endpoint) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._is_open = True
        self.peer = peer

    async def receive(self, limit: int = 65536) -> bytes:
        """The next bytes, b"" after the client's FIN. Raises ConnectionResetError."""
        return await self._incoming.get(limit)

    async def receive_exactly(self, count: int) -> bytes:
        """That many bytes. Raises EOFError."""
        data = b""
        while len(data) < count:
            more = await self.receive(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    async def send(self, data: bytes) -> None:
        """Send."""
        if not self._is_open:
            raise RuntimeError("the handler has closed its end already")
        self._outgoing.put("data", data)

    def close(self) -> None:
        """FIN."""
        if self._is_open:
            self._is_open = False
            self._outgoing.put("fin")

    def reset(self) -> None:
        """RST."""
        self._is_open = False
        self._outgoing.put("reset")


Handler = Callable[[FarEnd], Awaitable[None]]


class TlsFarEnd(FarEnd):
    """A far end inside TLS (made by `serve_tls`); `server_name` is the client's SNI."""

    def __init__(self, far: FarEnd, context: ssl.SSLContext) -> None:
        super().__init__(far._incoming, far._outgoing, far.peer)
        self.server_name: str | None = None
        context.sni_callback = self._note_name
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)

    async def shake_hands(self) -> None:
        """Raises ssl.SSLError, EOFError."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            else:
                await self._flush()
                return

    async def receive(self, limit: int = 65536) -> bytes:
        while True:
            try:
                return self._tls.read(limit)
            except ssl.SSLWantReadError:
                try:
                    await self._feed()
                except EOFError:
                    return b""

    async def send(self, data: bytes) -> None:
        self._tls.write(data)
        await self._flush()

    async def _flush(self) -> None:
        if data := self._out.read():
            await super().send(data)

    async def _feed(self) -> None:
        data = await super().receive()
        if not data:
            raise EOFError
        self._in.write(data)

    def _note_name(self, tls: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
        self.server_name = name


def serve_tls(
    leaf: Leaf, handler: Callable[[TlsFarEnd], Awaitable[None]], alpn: tuple[str, ...] = ()
) -> Handler:
    """A handler that does TLS with that certificate, then runs `handler` inside."""

    async def serve(far: FarEnd) -> None:
        context = leaf.server_context()
        if alpn:
            context.set_alpn_protocols(list(alpn))
        tls = TlsFarEnd(far, context)
        try:
            await tls.shake_hands()
        except (ssl.SSLError, EOFError):  # the client went away
            return
        await handler(tls)

    return serve
