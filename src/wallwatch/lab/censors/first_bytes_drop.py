"""Swallows connections that begin with a protocol's first bytes, in the path: one reading of September 2017.

WhatsApp's chat begins with `WA` (57 41), or `ED` (45 44) before a routing prefix; the censor lets TCP connect
and drops what the client sends. It acts as the GFW did on first payloads later (Wu et al., "How the Great
Firewall of China Detects and Blocks Fully Encrypted Traffic", USENIX Security 2023): in the path, client to
server only, sampled, and 180 s in which new connections to the same endpoint time out too. That WhatsApp was
blocked this way is nobody's record: no packet capture of September 2017 is public.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wallwatch.lab.censor import PASS, Action, Censor, CensorKind, Decision, Direction, Randomness
from wallwatch.lab.censors._flows import Flow, Residual, Streams, flow_of, triple_of
from wallwatch.lab.censors._scope import Networks
from wallwatch.wire.packet import Packet, TcpFlags

MECHANISM = "proto.drop.noise"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scenario may say."""

    prefixes: tuple[str, ...]  # hex: what a stream must begin with
    clients: tuple[str, ...] = ()  # networks; none: every client on the censored side
    ports: tuple[int, ...] = ()  # of servers; none: all
    probability: float = 1.0
    # "connection": each is drawn anew. "path": one draw for each client and server, kept through leaps, as
    # where parallel links or boxes are chosen by addresses (Bhaskar & Pearce, USENIX Security 2022).
    sampling: Literal["connection", "path"] = "connection"
    residual_seconds: float = 180.0
    mechanism: str = MECHANISM  # the leaf that the prefixes make it


class FirstBytesDrop:
    """The state of one such box."""

    in_path = True

    def __init__(self, options: Options) -> None:
        self._options = options
        self._prefixes = tuple(bytes.fromhex(prefix) for prefix in options.prefixes)
        self._clients = Networks(options.clients)
        self._streams = Streams()
        self._residual = Residual(options.residual_seconds)
        self._caught: set[Flow] = set()
        self._draws: dict[tuple[str, str], float] = {}

    def on_packet(self, packet: Packet, direction: Direction, now: float, random: Randomness) -> Action:
        """Drop what clients send on caught connections and to endpoints under a residual block."""
        if direction != "outbound" or not packet.is_tcp or not self._concerns(packet):
            return PASS
        if self._residual.holds(triple_of(packet), now):
            return self._swallow(packet, "residual", {"residual": "yes"})
        if packet.flags & TcpFlags.SYN:
            self._caught.discard(flow_of(packet))
        elif flow_of(packet) in self._caught:
            return self._swallow(packet, "more of a caught connection", {})
        stream = self._streams.follow(packet)
        return PASS if stream is None else self._judge(packet, stream.contiguous, now, random)

    def leap(self) -> None:
        self._streams.clear()
        self._residual.clear()
        self._caught.clear()

    def _concerns(self, packet: Packet) -> bool:
        ports = self._options.ports
        return (not ports or packet.dport in ports) and packet.src in self._clients

    def _judge(self, packet: Packet, start: bytes, now: float, random: Randomness) -> Action:
        prefix = next((known for known in self._prefixes if start.startswith(known)), None)
        if prefix is None:
            if not any(known.startswith(start) for known in self._prefixes):
                self._streams.forget(flow_of(packet))
            return PASS
        self._streams.forget(flow_of(packet))
        saw = {"first_bytes": start[:16].hex(), "prefix": prefix.hex()}
        if self._draw(packet, random) >= self._options.probability:
            return Action(
                decision=Decision(acted=False, reason="listed bytes let through by chance", details=saw)
            )
        self._residual.begin(triple_of(packet), now)
        return self._swallow(packet, "listed first bytes", saw)

    def _draw(self, packet: Packet, random: Randomness) -> float:
        if self._options.sampling == "connection":
            return random.random()
        return self._draws.setdefault((packet.src, packet.dst), random.random())

    def _swallow(self, packet: Packet, reason: str, saw: dict[str, str]) -> Action:
        self._caught.add(flow_of(packet))
        decision = Decision(acted=True, reason=reason, mechanism=self._options.mechanism, details=saw)
        return Action(forward=False, decision=decision)


def make(options: Options) -> Censor:
    """A box that has seen nothing yet."""
    return FirstBytesDrop(options)


CENSOR = CensorKind(
    name="first_bytes_drop",
    summary="drops what clients send on streams that begin with listed bytes, and to that endpoint for 180 s",
    source="Wu et al., How the Great Firewall of China Detects and Blocks Fully Encrypted Traffic, USENIX"
    " Security 2023, for the way it acts; that it acted on WhatsApp's first bytes in 2017 is a hypothesis",
    mechanisms=(MECHANISM, "proto.drop.mtproto", "proto.drop.openvpn", "proto.drop.tor"),
    options=Options,
    make=make,
)
