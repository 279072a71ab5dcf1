"""The machine's own network: raw non-blocking sockets under the event loop.

asyncio's own transports hide the error queue, the TTL and how a connection is closed; so none is used.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from wallwatch.net import error_queue, tcp_info
from wallwatch.net.resolv_conf import nameservers
from wallwatch.net.seam import (
    DEFAULT_OPTIONS,
    Capabilities,
    Clock,
    Endpoint,
    IcmpError,
    IcmpFailure,
    SocketOptions,
    TcpInfo,
)

Result = TypeVar("Result")

RESOLV_CONF = Path("/etc/resolv.conf")
LARGEST_DATAGRAM = 65535
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER, 0 s: the kernel sends RST

# Public addresses to ask the routing table about; connecting a UDP socket sends nothing.
ROUTED_V4 = Endpoint("1.1.1.1", 53)
ROUTED_V6 = Endpoint("2606:4700:4700::1111", 53)


class _Socket:
    """What TCP and UDP have in common: the ends, the TTL, the error queue, one close."""

    def __init__(self, sock: socket.socket, remote: Endpoint) -> None:
        self._socket = sock
        self._icmp_errors: list[IcmpError] = []
        self.local = _endpoint(sock.getsockname())
        self.remote = remote

    def set_ttl(self, ttl: int) -> None:
        """For the packets sent from now on; ICMP errors are reported from now on too."""
        _set_ttl(self._socket, ttl)
        error_queue.watch(self._socket, True)

    def icmp_errors(self) -> list[IcmpError]:
        """Those that have arrived, oldest first; each is given once."""
        self._drain()
        found, self._icmp_errors = self._icmp_errors, []
        return found

    def close(self) -> None:
        """FIN, for TCP. Closing twice does nothing."""
        self._socket.close()

    def _drain(self) -> None:
        self._icmp_errors += error_queue.drain(self._socket)

    async def _guarded(self, operation: Awaitable[Result]) -> Result:
        try:
            return await operation
        except OSError:
            self._drain()  # else the loop would find the queue readable for ever
            raise


class RealStream(_Socket):
    """A TCP connection (`seam.Stream`)."""

    async def send(self, data: bytes) -> None:
        """Hand all of it to the kernel. Raises OSError."""
        await self._guarded(asyncio.get_running_loop().sock_sendall(self._socket, data))

    async def receive(self, limit: int = 65536) -> bytes:
        """The next bytes, b"" at the end of the stream. Raises OSError."""
        return await self._guarded(asyncio.get_running_loop().sock_recv(self._socket, limit))

    def info(self) -> TcpInfo | None:
        """None where the system does not tell."""
        return tcp_info.read(self._socket)

    def abort(self) -> None:
        """RST."""
        with suppress(OSError):  # closed already
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._socket.close()


class RealDatagrams(_Socket):
    """A connected UDP socket (`seam.Datagrams`)."""

    async def send(self, data: bytes) -> None:
        """Send one datagram. Raises OSError, also for what befell an earlier one."""
        await self._guarded(asyncio.get_running_loop().sock_sendall(self._socket, data))

    async def receive(self) -> bytes:
        """The next datagram. Raises OSError."""
        return await self._guarded(asyncio.get_running_loop().sock_recv(self._socket, LARGEST_DATAGRAM))


class RealNet:
    """The machine's way to the network (`seam.Net`)."""

    def __init__(self, clock: Clock, resolv_conf: Path = RESOLV_CONF) -> None:
        self._clock = clock
        self._resolv_conf = resolv_conf

    @property
    def clock(self) -> Clock:
        return self._clock

    async def connect_tcp(self, remote: Endpoint, options: SocketOptions = DEFAULT_OPTIONS) -> RealStream:
        """Three-way handshake. Raises OSError, IcmpFailure where ICMP messages came."""
        sock = _socket(remote, socket.SOCK_STREAM, options)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(sock, (remote.address, remote.port))
            # From here on an ordinary program would not be told of ICMP errors, nor are we: a single one,
            # which TCP would get over, must not end our reads. Asking for a TTL asks for them.
            error_queue.watch(sock, options.ttl is not None)
            return RealStream(sock, remote)
        except OSError as error:
            explained, local = tuple(error_queue.drain(sock)), _endpoint(sock.getsockname())
            sock.close()
            if explained:
                raise IcmpFailure(error, explained, local) from error
            raise
        except BaseException:  # cancelled, by a deadline for one
            sock.close()
            raise

    async def open_udp(self, remote: Endpoint, options: SocketOptions = DEFAULT_OPTIONS) -> RealDatagrams:
        """A connected socket; nothing is sent. Raises OSError."""
        sock = _socket(remote, socket.SOCK_DGRAM, options)
        try:
            sock.connect((remote.address, remote.port))
            return RealDatagrams(sock, remote)
        except BaseException:
            sock.close()
            raise

    async def getaddrinfo(self, host: str) -> list[str]:
        """The system resolver's answer. Raises socket.gaierror."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(sockaddr[0]) for _, _, _, _, sockaddr in found))

    def resolvers(self) -> list[str]:
        """Those of /etc/resolv.conf, read anew each time: networks change."""
        try:
            return nameservers(self._resolv_conf.read_text(errors="replace"))
        except OSError:  # the machine does not tell
            return []

    def capabilities(self) -> Capabilities:
        """What this machine allows, now."""
        return Capabilities(
            ipv4=_has_route(ROUTED_V4),
            ipv6=_has_route(ROUTED_V6),
            icmp_errors=error_queue.IS_SUPPORTED,
            tcp_info=tcp_info.IS_SUPPORTED,
        )

    def random(self, count: int) -> bytes:
        """Unpredictable bytes."""
        return os.urandom(count)


def _socket(remote: Endpoint, kind: socket.SocketKind, options: SocketOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in remote.address else socket.AF_INET
    sock = socket.socket(family, kind)
    try:
        sock.setblocking(False)
        error_queue.watch(sock, True)
        if options.ttl is not None:
            _set_ttl(sock, options.ttl)
        if options.source_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port of an earlier try may rest
            sock.bind(("", options.source_port))
    except BaseException:
        sock.close()
        raise
    return sock


def _set_ttl(sock: socket.socket, ttl: int) -> None:
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)


def _endpoint(sockaddr: tuple[str, int] | tuple[str, int, int, int]) -> Endpoint:
    return Endpoint(sockaddr[0], sockaddr[1])


def _has_route(remote: Endpoint) -> bool:
    try:
        with _socket(remote, socket.SOCK_DGRAM, DEFAULT_OPTIONS) as sock:
            sock.connect((remote.address, remote.port))
    except OSError:
        return False
    return True
