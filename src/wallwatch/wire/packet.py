"""IP packets with TCP, UDP or ICMP in them: the door to `packet_read` and `packet_build`."""

from __future__ import annotations

from wallwatch.wire.packet_build import (
    IpHeader,
    TcpHeader,
    build_icmp,
    build_icmp_time_exceeded,
    build_icmp_unreachable,
    build_tcp,
    build_udp,
    with_ttl,
)
from wallwatch.wire.packet_read import ICMP, ICMP_V6, TCP, UDP, Packet, TcpFlags, checksums_hold

__all__ = [
    "ICMP",
    "ICMP_V6",
    "TCP",
    "UDP",
    "IpHeader",
    "Packet",
    "TcpFlags",
    "TcpHeader",
    "build_icmp",
    "build_icmp_time_exceeded",
    "build_icmp_unreachable",
    "build_tcp",
    "build_udp",
    "checksums_hold",
    "with_ttl",
]
