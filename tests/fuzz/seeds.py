"""Good bytes to mutate: made by our own builders, and taken from real captures where those are there."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from tests.conftest import SHARED
from tests.wire.captures import ip_bytes, packets
from tests.wire.test_tls_hello import in_records, openssl_hello
from wallwatch.wire import dns, echo, whatsapp
from wallwatch.wire.noise import Initiator, Responder
from wallwatch.wire.packet import (
    IpHeader,
    TcpFlags,
    TcpHeader,
    build_icmp_time_exceeded,
    build_tcp,
    build_udp,
)

_PER_CAPTURE = 40
CHAIN = whatsapp.issue_chain(
    bytes(range(32)), bytes(range(1, 33)), datetime(2017, 1, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC)
)


def made() -> list[bytes]:
    """One of everything that this room can build, IP packets and payloads alike."""
    v4 = IpHeader(src="192.0.2.1", dst="192.0.2.2")
    v6 = IpHeader(src="2001:db8::1", dst="2001:db8::2")
    tcp = TcpHeader(sport=40000, dport=443, seq=1, flags=TcpFlags.SYN, options=bytes.fromhex("020405b4"))
    flight = Initiator(whatsapp.HEADER, bytes([1]) * 32).client_hello()
    hello = flight[7:]
    answer = Responder(whatsapp.HEADER, bytes([2]) * 32, bytes([3]) * 32).server_hello(
        hello, whatsapp.encode_chain(CHAIN)
    )
    tls = openssl_hello("web.whatsapp.com", ["h2"])
    query = dns.build_query("g.whatsapp.net", "A", 1)
    datagrams = [build_udp(ip, 5353, 53, query) for ip in (v4, v6)]
    segments = [build_tcp(ip, tcp, tls) for ip in (v4, v6)]
    errors = [
        build_icmp_time_exceeded(datagrams[0], "192.0.2.9"),
        build_icmp_time_exceeded(segments[1], "::9"),
    ]
    chain = whatsapp.encode_chain(CHAIN)
    routed = b"ED\x00\x01" + whatsapp.frame(b"blob") + flight
    replies = [dns.build_answer(query, ["192.0.2.1", "2001:db8::1"]), echo.build_echo(b"payload")]
    payloads = [flight, routed, hello, answer, answer[3:], chain, CHAIN.leaf.details, tls, query, *replies]
    return [*datagrams, *segments, *errors, *payloads, in_records(tls, 50), os.urandom(64)]


@lru_cache(maxsize=1)
def captured() -> list[bytes]:
    """Packets and their payloads from every capture, some of each; [] where the shared folder is absent."""
    found: list[bytes] = []
    folder = SHARED / "data/pcap"
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        found += _some(list(ip_bytes(path)))
        found += _some([packet.payload for packet in packets(path) if packet.payload])
    return found


def real_dns() -> list[bytes]:
    """DNS messages of the captures."""
    folder = SHARED / "data/pcap"
    return [
        packet.payload
        for path in (sorted(folder.iterdir()) if folder.is_dir() else [])
        for packet in packets(Path(path))
        if packet.is_udp and 53 in (packet.sport, packet.dport)
    ]


def _some(items: list[bytes]) -> list[bytes]:
    return items[:: max(1, len(items) // _PER_CAPTURE)]
