"""Resets TLS connections by the name in the ClientHello, from beside the path, as the GFW does.

After "A Wall Behind A Wall" (Wu et al., IEEE S&P 2025), table of injectors: three kinds of forged resets with
their header signatures, to both ends, any port, TCP put together from the client's SYN, TLS records not; then
180 s in which everything on the same (client, server, server port) is reset, whatever its name.
Not here: the leak rate (`probability`), Henan's provincial box, connections that begin outside.
"""

from __future__ import annotations

from msgspec import Struct

from wallwatch.lab.censor import (
    PASS,
    Action,
    Censor,
    CensorKind,
    Decision,
    Direction,
    Injection,
    Randomness,
    Side,
)
from wallwatch.lab.censors._flows import Residual, Stream, Streams, flow_of, triple_of
from wallwatch.lab.censors._scope import Names, Networks
from wallwatch.wire.incomplete import Incomplete
from wallwatch.wire.packet import IpHeader, Packet, TcpFlags, TcpHeader, build_tcp
from wallwatch.wire.tls_hello import parse_client_hello

MECHANISM = "tls.reset.sni"
TLS_HEADER = 5  # bytes: type, version, length
RST, RST_ACK = TcpFlags.RST, TcpFlags.RST | TcpFlags.ACK


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scenario may say."""

    names: tuple[str, ...]  # exact, *.under or *substring*
    clients: tuple[str, ...] = ()  # networks; none: every client on the censored side
    ports: tuple[int, ...] = ()  # of servers; none: all, as the GFW
    probability: float = 1.0  # that a listed name is acted on; 2.8 % leaked in 2017
    residual_seconds: float = 180.0
    latency: float = 0.002  # real seconds to react; never later than twice that


class Injector(Struct, frozen=True):
    """One kind of forged reset: lowest and highest IP id and TTL (as it leaves the censor), copies."""

    flags: int
    copies: int
    df: bool
    ip_ids: tuple[int, int]
    ttls: tuple[int, int]


INJECTORS = (
    Injector(RST, 1, False, (0x0000, 0x0000), (60, 120)),  # type I
    Injector(RST_ACK, 3, True, (0x00A3, 0xFE5F), (44, 240)),  # type II: three identical ones
    Injector(RST_ACK, 1, False, (0x9916, 0x9933), (252, 252)),  # type III: 248 is what clients see
)


class Record(Struct, frozen=True):
    """The first TLS record of a stream. Its ClientHello goes unseen where it needs a second record."""

    held: bytes  # what has come of it
    is_whole: bool


class SniReset:
    """The state of one such box."""

    in_path = False

    def __init__(self, options: Options) -> None:
        self._options = options
        self._names = Names(options.names)
        self._clients = Networks(options.clients)
        self._streams = Streams()
        self._residual = Residual(options.residual_seconds)

    def on_packet(self, packet: Packet, direction: Direction, now: float, random: Randomness) -> Action:
        """Follow clients' streams; reset those whose name is listed and what comes in its wake."""
        if direction != "outbound" or not packet.is_tcp or not self._concerns(packet):
            return PASS
        stream = self._streams.follow(packet)
        if self._residual.holds(triple_of(packet), now) and not packet.flags & (TcpFlags.SYN | TcpFlags.RST):
            self._streams.forget(flow_of(packet))
            return self._reset(packet, _end_of(packet), random, "residual", {"residual": "yes"})
        return PASS if stream is None else self._judge(packet, stream, now, random)

    def leap(self) -> None:
        self._streams.clear()
        self._residual.clear()

    def _concerns(self, packet: Packet) -> bool:
        ports = self._options.ports
        return (not ports or packet.dport in ports) and packet.src in self._clients

    def _judge(self, packet: Packet, stream: Stream, now: float, random: Randomness) -> Action:
        record = _first_record(stream.contiguous)
        try:
            name = parse_client_hello(record.held).server_name or ""
        except Incomplete:
            if record.is_whole or stream.is_too_long:
                self._streams.forget(flow_of(packet))
            return PASS
        except ValueError:  # not TLS
            name = ""
        self._streams.forget(flow_of(packet))
        pattern = self._names.matching(name)
        if pattern is None:
            return PASS
        saw = {"server_name": name, "pattern": pattern}
        if random.random() >= self._options.probability:
            return Action(
                decision=Decision(acted=False, reason="listed name let through by chance", details=saw)
            )
        self._residual.begin(triple_of(packet), now)
        return self._reset(packet, stream.next_sequence, random, "listed server name", saw)

    def _reset(
        self, packet: Packet, server_expects: int, random: Randomness, reason: str, saw: dict[str, str]
    ) -> Action:
        delay = self._options.latency * (1.0 + random.random())
        injections: list[Injection] = []
        for injector in INJECTORS:
            for side in ("client", "server"):
                forged = _forge(injector, packet, server_expects, side, random)
                injections += [Injection(forged, side, delay)] * injector.copies
        decision = Decision(acted=True, reason=reason, mechanism=MECHANISM, details=saw)
        return Action(inject=tuple(injections), decision=decision)


def _first_record(stream: bytes) -> Record:
    if len(stream) < TLS_HEADER:
        return Record(stream, False)
    end = TLS_HEADER + int.from_bytes(stream[3:TLS_HEADER], "big")
    return Record(stream[:end], len(stream) >= end)


def _end_of(packet: Packet) -> int:
    return (packet.seq + packet.sequence_length) & 0xFFFFFFFF


def _forge(injector: Injector, packet: Packet, server_expects: int, side: Side, random: Randomness) -> bytes:
    """A reset that Linux accepts: it wants the very sequence number that it expects next (RFC 5961)."""
    low, high = injector.ip_ids
    first, last = injector.ttls
    ids = {"ip_id": low + random.randrange(high - low + 1), "ttl": first + random.randrange(last - first + 1)}
    acknowledged = bool(injector.flags & TcpFlags.ACK)
    if side == "client":
        ip = IpHeader(src=packet.dst, dst=packet.src, df=injector.df, **ids)
        ports, seq, ack = (packet.dport, packet.sport), packet.ack, server_expects
    else:
        ip = IpHeader(src=packet.src, dst=packet.dst, df=injector.df, **ids)
        ports, seq, ack = (packet.sport, packet.dport), server_expects, packet.ack
    tcp = TcpHeader(
        sport=ports[0],
        dport=ports[1],
        seq=seq,
        ack=ack if acknowledged else 0,
        flags=injector.flags,
        window=random.randrange(65536) if acknowledged else 0,
    )
    return build_tcp(ip, tcp)


def make(options: Options) -> Censor:
    """A box that has seen nothing yet."""
    return SniReset(options)


CENSOR = CensorKind(
    name="tls_sni_reset",
    summary="resets TLS connections to listed names at both ends, then all to that endpoint for 180 s",
    source="Wu et al., A Wall Behind A Wall: Emerging Regional Censorship in China, IEEE S&P 2025",
    mechanisms=(MECHANISM,),
    options=Options,
    make=make,
)
