"""The ground truth: one line of JSON for every decision of a censor, acted or declined."""

from __future__ import annotations

import os

import msgspec
from msgspec import Struct

from wallwatch.lab.censor import Direction
from wallwatch.wire.packet import Packet

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6"}


class Flow(Struct, frozen=True, kw_only=True):
    """Of the packet that was decided about, in its own direction."""

    protocol: str
    src: str
    sport: int
    dst: str
    dport: int


class TruthLine(Struct, frozen=True, kw_only=True):
    """A line of the log."""

    at: str  # scenario time, RFC 3339
    stage: str
    site: str
    kind: str  # of censor
    acted: bool
    reason: str
    mechanism: str  # "" where it declined
    direction: Direction
    flow: Flow
    packet: int  # its number in its flow, from 1
    forwarded: bool
    injected: int  # packets made up
    details: dict[str, str]


def flow_of(packet: Packet) -> Flow:
    """The 5-tuple for people."""
    return Flow(
        protocol=_PROTOCOLS.get(packet.protocol, str(packet.protocol)),
        src=packet.src,
        sport=packet.sport,
        dst=packet.dst,
        dport=packet.dport,
    )


class TruthLog:
    """Appends lines to a file that is open already; each is there as soon as it is written."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._encode = msgspec.json.Encoder().encode

    def write(self, line: TruthLine) -> None:
        """Raises OSError."""
        os.write(self._descriptor, self._encode(line) + b"\n")
