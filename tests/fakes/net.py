"""The scripted network itself (`seam.Net`)."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from tests.fakes.clock import JumpingClock
from tests.fakes.far_end import FarEnd, Handler
from tests.fakes.pipe import Way
from wallwatch.net.seam import (
    DEFAULT_OPTIONS,
    Capabilities,
    Endpoint,
    IcmpError,
    IcmpFailure,
    SocketOptions,
    TcpInfo,
)
from wallwatch.wire.dns import build_answer, parse_question

PROBE_ADDRESS = "192.0.2.2"
RESOLVER = "192.0.2.53"
FIRST_PORT = 40000


class Action(Enum):
    """What a censor does with a connection, from now on."""

    PASS = auto()
    DROP = auto()  # nothing passes any more, in either direction
    RESET = auto()  # RST to both ends


Censor = Callable[[Endpoint, bytes], Action]


@dataclass
class Flow:
    """One TCP connection that was attempted, as a test may look at it."""

    remote: Endpoint
    options: SocketOptions
    at: float  # monotonic
    local_port: int
    sent: bytearray = field(default_factory=bytearray)
    outcome: str = "connecting"  # connecting, refused, established, closed (FIN), aborted (RST)


class FakeNet:
    """See the package's docstring."""

    def __init__(self, clock: JumpingClock | None = None, *, latency: float = 0.03, seed: int = 1) -> None:
        """`latency`: seconds one way."""
        self._clock = clock or JumpingClock()
        self._random = random.Random(seed)
        self._servers: dict[Endpoint, Handler] = {}
        self._udp: dict[Endpoint, Callable[[Peer], Awaitable[None]]] = {}
        self._errors: dict[Endpoint, OSError] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ports = iter(range(FIRST_PORT, 65536))
        self._names: dict[str, list[str]] = {}
        self.latency = latency
        self.resolver_addresses: list[str] = []
        self.censor: Censor = lambda endpoint, sent: (
            Action.PASS
        )  # asked at the SYN (no bytes) and at each write
        self.flows: list[Flow] = []
        self.capable = Capabilities(ipv4=True, ipv6=True, icmp_errors=True, tcp_info=True)

    @property
    def clock(self) -> JumpingClock:
        return self._clock

    # What a test scripts.

    def serve(self, endpoint: Endpoint, handler: Handler) -> None:
        """Run `handler` for each TCP connection to the endpoint."""
        self._servers[endpoint] = handler

    def serve_udp(self, endpoint: Endpoint, handler: Callable[[Peer], Awaitable[None]]) -> None:
        """Run `handler` once for each client socket."""
        self._udp[endpoint] = handler

    def refuse(self, endpoint: Endpoint) -> None:
        """Answer a SYN with RST."""
        self.fail(endpoint, ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))

    def unreachable(self, endpoint: Endpoint, offender: str = "") -> None:
        """Answer a SYN with ICMP "time exceeded" from `offender`; without one there is no route."""
        if not offender:
            self.fail(endpoint, OSError(errno.ENETUNREACH, "Network is unreachable"))
            return
        icmp = IcmpError(kind=11, code=0, offender=offender, errno=errno.EHOSTUNREACH)
        self.fail(endpoint, IcmpFailure(OSError(errno.EHOSTUNREACH, "No route to host"), (icmp,)))

    def fail(self, endpoint: Endpoint, error: OSError) -> None:
        """Let every connect end so."""
        self._errors[endpoint] = error

    def resolves(self, names: Mapping[str, Sequence[str]], resolver: str = RESOLVER) -> None:
        """Set up a resolver that knows these names (NXDOMAIN for others), as the system's."""
        self._names |= {name: list(addresses) for name, addresses in names.items()}
        if resolver not in self.resolver_addresses:
            self.resolver_addresses.append(resolver)
            self.serve_udp(Endpoint(resolver, 53), self._answer_names)

    # What a program sees.

    async def connect_tcp(self, remote: Endpoint, options: SocketOptions = DEFAULT_OPTIONS) -> FakeStream:
        port = options.source_port or next(self._ports)
        flow = Flow(remote, options, self._clock.monotonic(), port)
        self.flows.append(flow)
        action = self.censor(remote, b"")
        if action is Action.DROP or (remote not in self._errors and remote not in self._servers):
            await (
                asyncio.get_running_loop().create_future()
            )  # a SYN without answer: until the caller gives up
        await asyncio.sleep(2 * self.latency)
        if action is Action.RESET:
            flow.outcome = "refused"
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        if remote in self._errors:
            flow.outcome = "refused"
            raise self._errors[remote]
        flow.outcome = "established"
        return self._establish(remote, flow)

    async def open_udp(self, remote: Endpoint, options: SocketOptions = DEFAULT_OPTIONS) -> FakeDatagrams:
        peer = Peer(self, Endpoint(PROBE_ADDRESS, options.source_port or next(self._ports)))
        handler = self._udp.get(remote)
        if handler is not None:
            self._spawn(handler(peer))
        return FakeDatagrams(peer, remote)

    async def getaddrinfo(self, host: str) -> list[str]:
        await asyncio.sleep(2 * self.latency)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, os.strerror(0))
        return list(self._names[host])

    def resolvers(self) -> list[str]:
        return list(self.resolver_addresses)

    def capabilities(self) -> Capabilities:
        return self.capable

    def random(self, count: int) -> bytes:
        """Repeatable, by the seed."""
        return self._random.randbytes(count)

    def _establish(self, remote: Endpoint, flow: Flow) -> FakeStream:
        there, back = Way(self.latency), Way(self.latency)
        local = Endpoint(PROBE_ADDRESS, flow.local_port)
        self._spawn(self._serve(self._servers[remote], FarEnd(there, back, local)))
        return FakeStream(self, flow, there, back)

    async def _serve(self, handler: Handler, far: FarEnd) -> None:
        try:
            await handler(far)
        except (ConnectionError, EOFError):  # the client went away, as clients may
            return
        finally:
            far.close()

    async def _answer_names(self, peer: Peer) -> None:
        while True:
            query = await peer.receive()
            question = parse_question(query)
            known = self._names.get(question.name)
            wanted = [a for a in known or [] if (":" in a) == (question.kind == "AAAA")]
            peer.send(build_answer(query, wanted, rcode="NXDOMAIN" if known is None else "NOERROR"))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": "a fake server failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)


class FakeStream:
    """The client's end of a fake connection (`seam.Stream`)."""

    def __init__(self, net: FakeNet, flow: Flow, there: Way, back: Way) -> None:
        self._net = net
        self._flow = flow
        self._there = there
        self._back = back
        self.local = Endpoint(PROBE_ADDRESS, flow.local_port)
        self.remote = flow.remote
        self.ttls: list[int] = []

    async def send(self, data: bytes) -> None:
        self._still_open()
        if self._back.was_reset:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
        self._flow.sent += data
        action = self._net.censor(self.remote, bytes(self._flow.sent))
        if action is Action.DROP:
            self._there.dead = self._back.dead = True
        elif action is Action.RESET:
            self._there.put("reset")
            self._back.put("reset")
            self._there.dead = self._back.dead = True
        self._there.put("data", data)

    async def receive(self, limit: int = 65536) -> bytes:
        self._still_open()
        return await self._back.get(limit)

    def set_ttl(self, ttl: int) -> None:
        self.ttls.append(ttl)

    def icmp_errors(self) -> list[IcmpError]:
        return []

    def info(self) -> TcpInfo | None:
        lost = int(self._there.dead)
        return TcpInfo(rtt=2 * self._net.latency, unacknowledged=lost, retransmissions=lost)

    def close(self) -> None:
        self._end("fin", "closed")

    def abort(self) -> None:
        self._end("reset", "aborted")

    def _end(self, kind: str, outcome: str) -> None:
        if self._flow.outcome == "established":
            self._flow.outcome = outcome
            self._there.put("fin" if kind == "fin" else "reset")

    def _still_open(self) -> None:
        if self._flow.outcome != "established":
            raise OSError(errno.EBADF, "Bad file descriptor")


class Peer:
    """A client's UDP socket as a server's handler sees it."""

    def __init__(self, net: FakeNet, address: Endpoint) -> None:
        self._net = net
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self._outgoing: asyncio.Queue[bytes | OSError] = asyncio.Queue()
        self._under_way: deque[tuple[asyncio.Queue, bytes | OSError]] = deque()
        self.address = address

    async def receive(self) -> bytes:
        """The client's next datagram."""
        return await self._incoming.get()

    def send(self, data: bytes) -> None:
        """Answer; arrives after the latency."""
        self._later(self._outgoing, data)

    def fail(self, error: OSError) -> None:
        """Let the client's next receive raise it, as an ICMP error does."""
        self._later(self._outgoing, error)

    def _later(self, queue: asyncio.Queue, item: bytes | OSError) -> None:
        self._under_way.append((queue, item))
        asyncio.get_running_loop().call_later(self._net.latency, self._arrive)

    def _arrive(self) -> None:
        queue, item = self._under_way.popleft()
        queue.put_nowait(item)


class FakeDatagrams:
    """The client's UDP socket (`seam.Datagrams`)."""

    def __init__(self, peer: Peer, remote: Endpoint) -> None:
        self._peer = peer
        self._icmp_errors: list[IcmpError] = []
        self.local = peer.address
        self.remote = remote
        self.is_closed = False

    async def send(self, data: bytes) -> None:
        self._peer._later(self._peer._incoming, data)

    async def receive(self) -> bytes:
        item = await self._peer._outgoing.get()
        if isinstance(item, OSError):
            self._icmp_errors += getattr(item, "icmp_errors", ())
            raise item
        return item

    def icmp_errors(self) -> list[IcmpError]:
        found, self._icmp_errors = self._icmp_errors, []
        return found

    def set_ttl(self, ttl: int) -> None:
        return

    def close(self) -> None:
        self.is_closed = True
