"""Polices listed connections to a rate: a token bucket, the excess dropped, nothing queued.

After Xue et al., "Throttling Twitter" (IMC 2021): chosen by the name in the ClientHello, both directions, 130
to 150 kbit/s, goodput the same whatever the round trip. Endpoints can be listed instead of names. Not here:
shaping with a queue, random loss; for that censor's accident with substrings list `*t.co*`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import Struct

from wallwatch.lab.censor import PASS, Action, Censor, CensorKind, Decision, Direction, Randomness
from wallwatch.lab.censors._flows import Flow, Stream, Streams, flow_of
from wallwatch.lab.censors._scope import Names, Networks
from wallwatch.wire.incomplete import Incomplete
from wallwatch.wire.packet import Packet, TcpFlags
from wallwatch.wire.tls_hello import parse_client_hello

BY_NAME = "tls.throttle.sni.police"
BY_ENDPOINT = "tls.throttle"  # the tree has no leaf for an endpoint's rate


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scenario may say: names, or servers' networks, or both."""

    names: tuple[str, ...] = ()  # exact, *.under or *substring*
    networks: tuple[str, ...] = ()  # of servers, policed whatever the name
    clients: tuple[str, ...] = ()  # networks; none: every client on the censored side
    ports: tuple[int, ...] = ()  # of servers; none: all
    bits_per_second: float = 140_000.0  # of whole IP packets, in real time, for each flow and direction
    burst_bytes: int = 16_384


class Bucket:
    """So many bytes may pass at once, and then so many a second."""

    def __init__(self, options: Options, now: float) -> None:
        """`now`: real seconds."""
        self._rate = options.bits_per_second / 8.0
        self._size = float(options.burst_bytes)
        self._tokens, self._since = self._size, now

    def takes(self, size: int, now: float) -> bool:
        """Whether a packet of `size` bytes may pass at `now`."""
        self._tokens = min(self._size, self._tokens + (now - self._since) * self._rate)
        self._since = now
        if size > self._tokens:
            return False
        self._tokens -= size
        return True


class Throttle:
    """The state of one such box."""

    in_path = True

    def __init__(self, options: Options, real_time: Callable[[], float]) -> None:
        """`real_time`: seconds. The router's `now` is scenario time, which may run 300 times as fast."""
        self._options = options
        self._real_time = real_time
        self._names = Names(options.names)
        self._servers = Networks(options.networks) if options.networks else None
        self._clients = Networks(options.clients)
        self._streams = Streams()
        self._policed: dict[Flow, tuple[str, dict[Direction, Bucket]]] = {}

    def on_packet(self, packet: Packet, direction: Direction, now: float, random: Randomness) -> Action:
        """Notice flows to police; drop what exceeds the rate of those already noticed."""
        if not packet.is_tcp:
            return PASS
        outbound = direction == "outbound"
        flow = flow_of(packet) if outbound else (packet.dst, packet.dport, packet.src, packet.sport)
        if flow in self._policed and not packet.flags & TcpFlags.SYN:
            return self._police(packet, flow, direction)
        if not outbound or not self._concerns(packet):
            return PASS
        return self._notice(packet, flow)

    def leap(self) -> None:
        self._streams.clear()
        self._policed.clear()

    def _concerns(self, packet: Packet) -> bool:
        ports = self._options.ports
        return (not ports or packet.dport in ports) and packet.src in self._clients

    def _police(self, packet: Packet, flow: Flow, direction: Direction) -> Action:
        mechanism, buckets = self._policed[flow]
        if buckets[direction].takes(len(packet.raw), self._real_time()):
            return PASS
        saw: dict[str, str] = {"direction": direction}
        decision = Decision(acted=True, reason="above the rate", mechanism=mechanism, details=saw)
        return Action(forward=False, decision=decision)

    def _notice(self, packet: Packet, flow: Flow) -> Action:
        if packet.flags & TcpFlags.SYN:
            self._policed.pop(flow, None)
            if self._servers is not None and packet.dst in self._servers:
                return self._begin(flow, BY_ENDPOINT, {"server": packet.dst})
        stream = self._streams.follow(packet)
        name = None if stream is None else self._name_in(stream, flow)
        if name is None or self._names.matching(name) is None:
            return PASS
        return self._begin(flow, BY_NAME, {"server_name": name})

    def _name_in(self, stream: Stream, flow: Flow) -> str | None:
        try:
            name = parse_client_hello(stream.contiguous).server_name
        except Incomplete:
            if stream.is_too_long:
                self._streams.forget(flow)
            return None
        except ValueError:  # not TLS
            name = None
        self._streams.forget(flow)
        return name

    def _begin(self, flow: Flow, mechanism: str, saw: dict[str, str]) -> Action:
        now = self._real_time()
        buckets: dict[Direction, Bucket] = {
            "outbound": Bucket(self._options, now),
            "inbound": Bucket(self._options, now),
        }
        self._policed[flow] = (mechanism, buckets)
        decision = Decision(acted=True, reason="policed from here on", mechanism=mechanism, details=saw)
        return Action(decision=decision)


def make(options: Options) -> Censor:
    """A box on the machine's own monotonic clock."""
    return Throttle(options, time.monotonic)


CENSOR = CensorKind(
    name="throttle",
    summary="polices connections to listed names or addresses with a token bucket in each direction",
    source="Xue et al., Throttling Twitter: An Emerging Censorship Technique in Russia, IMC 2021",
    mechanisms=(BY_NAME, BY_ENDPOINT),
    options=Options,
    make=make,
)
