"""Null-routes addresses, or drops one direction of their traffic, in the path.

The GFW mostly loses what comes back from a blocked server, seldom what goes there (Ensafi et al., "Analyzing
the Great Firewall of China over space and time", PETS 2015); clients cannot tell the two apart, servers can.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wallwatch.lab.censor import PASS, Action, Censor, CensorKind, Decision, Direction, Randomness
from wallwatch.lab.censors._scope import Networks
from wallwatch.wire.packet import Packet


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a scenario may say."""

    networks: tuple[str, ...]  # of servers, v4 and v6
    clients: tuple[str, ...] = ()  # networks; none: every client on the censored side
    ports: tuple[int, ...] = ()  # TCP and UDP ports of servers; none: whole addresses, every protocol
    drop: Literal["outbound", "inbound", "both"] = "inbound"  # inbound: from the server


class IpDrop:
    """A list of addresses; it remembers nothing."""

    in_path = True

    def __init__(self, options: Options) -> None:
        if not options.networks:
            raise ValueError("ip_drop needs at least one network")
        self._options = options
        self._servers = Networks(options.networks)
        self._clients = Networks(options.clients)

    def on_packet(self, packet: Packet, direction: Direction, now: float, random: Randomness) -> Action:
        """Drop or pass, by addresses and ports alone."""
        if self._options.drop not in (direction, "both"):
            return PASS
        outbound = direction == "outbound"
        client, server = (packet.src, packet.dst) if outbound else (packet.dst, packet.src)
        port = packet.dport if outbound else packet.sport
        if self._options.ports and port not in self._options.ports:
            return PASS
        if server not in self._servers or client not in self._clients:
            return PASS
        mechanism = "tcp.timeout" if self._options.ports else "ip.prefix_null_route"
        saw = {"server": server, "direction": direction}
        return Action(
            forward=False,
            decision=Decision(acted=True, reason="listed address", mechanism=mechanism, details=saw),
        )

    def leap(self) -> None:
        """Nothing to forget."""


def make(options: Options) -> Censor:
    """Raises ValueError for what is no network."""
    return IpDrop(options)


CENSOR = CensorKind(
    name="ip_drop",
    summary="drops packets to or from listed addresses, on all or on listed ports, in one direction or both",
    source="Ensafi et al., Analyzing the Great Firewall of China over Space and Time, PETS 2015",
    mechanisms=("ip.prefix_null_route", "tcp.timeout"),
    options=Options,
    make=make,
)
