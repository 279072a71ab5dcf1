"""TCP servers of a double, with the modes all doubles share. What is said on a connection is the double's.

A door is an address, a port, perhaps TLS, and a coroutine that talks to one client. Whatever a client sends,
the door stays open for the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from wallwatch.lab.services._context import DOWN, ERROR, OK, RESET, SILENT

_LOG = logging.getLogger(__name__)

LONGEST_CONNECTION = 120.0  # seconds; longer than any client's patience, so that nothing is kept for ever
_HANDSHAKE_SECONDS = 15.0
_FAREWELL_SECONDS = 1.0  # how long a client may take to close after us
_BACKLOG = 256
_RST_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time: close() sends RST

TCP_MODES = (OK, DOWN, SILENT, ERROR, RESET)


class Client(Struct, frozen=True):
    """One connection, TLS already done where the door has it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    mode: str  # the double's mode when it connected; never "down", "silent" or "reset"

    async def send(self, data: bytes) -> None:
        """Hand over all of it. Raises OSError."""
        self.writer.write(data)
        await self.writer.drain()


Talk = Callable[[Client], Awaitable[None]]


class Door(Struct, frozen=True, kw_only=True):
    """Where to listen and what to say there."""

    address: str
    port: int  # 0: any free one
    talk: Talk
    tls: ssl.SSLContext | None = None


def tls_context(certificate: str, key: str, alpn: Sequence[str] = ("http/1.1",)) -> ssl.SSLContext:
    """A server's context. ValueError if the host has no certificate, ssl.SSLError if it is unusable."""
    if not certificate or not key:
        raise ValueError("this host has no certificate: list its names in the scenario's `certificates`")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(list(alpn))
    return context


class Doors:
    """The doors of one double. Use `open_doors`."""

    def __init__(self, doors: Sequence[Door], modes: Sequence[str]) -> None:
        self._doors = tuple(doors)
        self._modes = tuple(modes)
        self._mode = OK
        self._listening: list[tuple[socket.socket, asyncio.Task[None]]] = []
        self._talks: set[asyncio.Task[None]] = set()
        self._endpoints = tuple((door.address, door.port) for door in doors)

    @property
    def endpoints(self) -> tuple[tuple[str, int], ...]:
        """Address and port of each door, in the order given."""
        return self._endpoints

    @property
    def mode(self) -> str:
        """The mode all doors are in."""
        return self._mode

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return len(self._talks)

    async def set_mode(self, mode: str) -> None:
        """Switch; open connections are reset. ValueError for an unknown mode, OSError if a port was taken."""
        if mode not in self._modes:
            raise ValueError(f"there is no mode {mode!r}; known: {', '.join(self._modes)}")
        if mode == DOWN:
            await self._stop_listening()
        elif not self._listening:
            self._listen()
        self._mode = mode
        await self._hang_up()

    async def close(self) -> None:
        """Close listening sockets and connections. Twice is fine."""
        await self._stop_listening()
        await self._hang_up()

    def _listen(self) -> None:
        """Bind every door, or none. Raises OSError."""
        sockets: list[socket.socket] = []
        try:
            for endpoint in self._endpoints:
                sockets.append(_bound(*endpoint))  # noqa: PERF401 - those bound before a failure must be known
        except OSError:
            for bound in sockets:
                bound.close()
            raise
        self._endpoints = tuple((s.getsockname()[0], s.getsockname()[1]) for s in sockets)
        self._listening = [
            (bound, asyncio.create_task(self._accept(bound, door)))
            for bound, door in zip(sockets, self._doors, strict=True)
        ]

    async def _stop_listening(self) -> None:
        tasks = [task for _, task in self._listening]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for bound, _ in self._listening:
            bound.close()
        self._listening = []

    async def _hang_up(self) -> None:
        talks = list(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await asyncio.sleep(0)  # aborted transports close their sockets in the loop's next turn
        await asyncio.sleep(0)

    async def _accept(self, bound: socket.socket, door: Door) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(bound)
            except OSError as error:  # the client is gone again, or we are out of descriptors
                _LOG.warning("accept at %s port %d: %s", door.address, door.port, error)
                await asyncio.sleep(0.05)
                continue
            talk = asyncio.create_task(self._serve(connection, door))
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)

    async def _serve(self, connection: socket.socket, door: Door) -> None:
        """One client from accept to close; nothing it does ends more than its own connection."""
        connection.setblocking(False)
        try:
            async with asyncio.timeout(LONGEST_CONNECTION):
                if self._mode in (SILENT, RESET):
                    await _hear_out(connection, once=self._mode == RESET)
                else:
                    await _talk(connection, door, self._mode)
        except asyncio.CancelledError:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
            raise
        except (OSError, EOFError, ValueError) as reason:  # TimeoutError and ssl.SSLError are OSErrors
            _LOG.debug("a client of port %d: %r", door.port, reason)
        except Exception:  # noqa: BLE001 - a task's outer edge: a bug must not close the door for others
            _LOG.exception("a client of port %d", door.port)
        finally:
            connection.close()


async def open_doors(doors: Sequence[Door], modes: Sequence[str] = TCP_MODES) -> Doors:
    """Bind all doors and let clients in. Raises OSError, with nothing left open."""
    opened = Doors(doors, modes)
    opened._listen()
    return opened


def _bound(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.setblocking(False)
        bound.bind((address, port))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise OSError(error.errno, f"cannot listen on {address} port {port}: {error.strerror}") from None
    return bound


async def _hear_out(connection: socket.socket, *, once: bool) -> None:
    """Read and say nothing, until the client closes; or, `once`, send RST at its first bytes."""
    loop = asyncio.get_running_loop()
    while await loop.sock_recv(connection, 65536):
        if once:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
            return


async def _talk(connection: socket.socket, door: Door, mode: str) -> None:
    loop = asyncio.get_running_loop()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    seconds = {"ssl_handshake_timeout": _HANDSHAKE_SECONDS, "ssl_shutdown_timeout": _FAREWELL_SECONDS}
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, connection, ssl=door.tls, **(seconds if door.tls else {})
    )
    client = Client(reader, asyncio.StreamWriter(transport, protocol, reader, loop), mode)
    try:
        await door.talk(client)
        await _take_leave(client)
    finally:
        transport.abort()


async def _take_leave(client: Client) -> None:
    """End our side and hear the client out, so that it sees an end of stream and no RST."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL_SECONDS):
            if client.writer.can_write_eof():
                client.writer.write_eof()
                while await client.reader.read(65536):
                    pass
            client.writer.close()
            await client.writer.wait_closed()
