"""What the rest of wallwatch sees of the world: a clock, and sockets. Nothing else opens either.

`net/real.py` is the machine's own network, `tests/fakes` a scripted one under a clock that jumps. Operations
raise OSError or TimeoutError; `net/errors.py` turns these into OONI's failure strings.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class Clock(Protocol):
    """`wall_now` is for people and records, `monotonic` for durations. They are different things."""

    def wall_now(self) -> datetime:
        """The time of day, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds since some start; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Let that many seconds pass."""

    def deadline(self, seconds: float) -> AbstractAsyncContextManager[object]:
        """A block that raises TimeoutError when it takes longer."""


class Endpoint(Struct, frozen=True, order=True):
    """An address literal (v4 or v6, no brackets) and a port."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class SocketOptions(Struct, frozen=True, kw_only=True):
    """What a caller may ask of a socket. None or 0: what the system does by itself."""

    ttl: int | None = None
    source_port: int = 0


DEFAULT_OPTIONS = SocketOptions()


class IcmpError(Struct, frozen=True, kw_only=True):
    """An ICMP error read from the socket's error queue (`IP_RECVERR`)."""

    kind: int  # ICMP or ICMPv6 type
    code: int
    offender: str  # who sent it; "" where the kernel does not say
    errno: int


class IcmpFailure(OSError):  # noqa: N818, a failure that ICMP explains
    """An OSError that ICMP messages explain: a connect that some router or host on the way refused."""

    def __init__(
        self, error: OSError, icmp_errors: tuple[IcmpError, ...], local: Endpoint | None = None
    ) -> None:
        super().__init__(error.errno, error.strerror)
        self.icmp_errors = icmp_errors
        self.local = local  # the socket's own end; None where it is not known


class TcpInfo(Struct, frozen=True, kw_only=True):
    """What the kernel knows of a connection (`TCP_INFO`): whether the far end acknowledged what was sent."""

    rtt: float  # smoothed, seconds
    unacknowledged: int  # segments sent and not acknowledged
    retransmissions: int  # over the connection's life


class Capabilities(Struct, frozen=True, kw_only=True):
    """What this machine allows."""

    ipv4: bool  # has a route to public v4 addresses
    ipv6: bool  # has a route to public v6 addresses
    icmp_errors: bool  # tells which ICMP messages came
    tcp_info: bool


class Stream(Protocol):
    """A TCP connection. One task at a time may receive, one send; close it when none does."""

    @property
    def local(self) -> Endpoint: ...

    @property
    def remote(self) -> Endpoint: ...

    async def send(self, data: bytes) -> None:
        """Hand all of it to the kernel. Raises OSError."""

    async def receive(self, limit: int = 65536) -> bytes:
        """The next bytes, b"" at the end of the stream. Raises OSError."""

    def set_ttl(self, ttl: int) -> None:
        """For the packets sent from now on."""

    def icmp_errors(self) -> list[IcmpError]:
        """Those that have arrived, oldest first; each is given once.

        For TCP, Linux keeps them only until the connection is established. Later ones, while a TTL is set,
        surface as an OSError of `receive` (EHOSTUNREACH), which tells no more and ends nothing.
        """

    def info(self) -> TcpInfo | None:
        """None where the system does not tell."""

    def close(self) -> None:
        """FIN."""

    def abort(self) -> None:
        """RST."""


class Datagrams(Protocol):
    """A connected UDP socket."""

    @property
    def local(self) -> Endpoint: ...

    @property
    def remote(self) -> Endpoint: ...

    async def send(self, data: bytes) -> None: ...

    async def receive(self) -> bytes:
        """The next datagram; wrap in `clock.deadline` and call again to hear late ones. Raises OSError."""

    def icmp_errors(self) -> list[IcmpError]: ...

    def set_ttl(self, ttl: int) -> None: ...

    def close(self) -> None: ...


class Net(Protocol):
    """A machine's way to the network."""

    @property
    def clock(self) -> Clock: ...

    async def connect_tcp(self, remote: Endpoint, options: SocketOptions = DEFAULT_OPTIONS) -> Stream:
        """Three-way handshake. Raises OSError, IcmpFailure where the system tells what came.

        No time limit of its own: use `clock.deadline`.
        """

    async def open_udp(self, remote: Endpoint, options: SocketOptions = DEFAULT_OPTIONS) -> Datagrams: ...

    async def getaddrinfo(self, host: str) -> list[str]:
        """The system resolver's answer, v4 and v6 in its order. Raises socket.gaierror."""

    def resolvers(self) -> list[str]:
        """The addresses of the system's resolvers; [] where the machine does not tell."""

    def capabilities(self) -> Capabilities:
        """What this machine allows, now."""

    def random(self, count: int) -> bytes:
        """That many unpredictable bytes (or repeatable ones, in a test)."""
