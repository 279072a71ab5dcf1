"""Parse IP packets, version 4 and 6, with the TCP, UDP or ICMP in them.

One flat record, since the lab's router parses a packet for every look a censor takes at it (700,000 packets
a second on one core here). No fragment is put together here and no stream: a later fragment is a packet
without ports.
"""

from __future__ import annotations

from struct import Struct as Layout

from msgspec import Struct

from wallwatch.wire.address import address_text, packed_address
from wallwatch.wire.checksum import internet_checksum, transport_checksum

ICMP = 1
TCP = 6
UDP = 17
ICMP_V6 = 58

_IPV4 = Layout("!BBHHHBBH4s4s")
_IPV6 = Layout("!IHBB16s16s")
_TCP = Layout("!HHIIBBHHH")
_UDP = Layout("!HHHH")
_ICMP = Layout("!BBHI")

_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION = 0, 43, 44, 51, 60
_IPV6_EXTENSIONS = frozenset((_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION))


class TcpFlags:
    """The flag bits of a TCP header (RFC 9293), plain ints so that `packet.flags & TcpFlags.SYN` is fast."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80


class Packet(Struct, frozen=True, gc=False):
    """One IP packet. The fields of a protocol the packet does not carry are 0 or empty."""

    raw: bytes  # the whole IP packet, without link-layer padding
    version: int  # 4 or 6
    src: str
    dst: str
    ttl: int  # hop limit in IPv6
    ip_id: int  # 0 in IPv6 without a fragment header
    df: bool  # don't fragment; True in IPv6, where no router fragments
    fragment_offset: int  # bytes; above 0 the packet has no transport header
    more_fragments: bool
    protocol: int  # of the payload, after IPv6's extension headers
    payload: bytes  # what the transport carries; what IP carries when the protocol is none of ours
    sport: int = 0
    dport: int = 0
    seq: int = 0
    ack: int = 0
    flags: int = 0  # TcpFlags
    window: int = 0  # as in the header, not scaled
    options: bytes = b""  # TCP's, raw
    icmp_type: int = 0
    icmp_code: int = 0
    icmp_rest: int = 0  # the second 32-bit word: identifier and sequence, MTU, pointer ...

    @classmethod
    def from_bytes(cls, ip_packet: bytes) -> Packet:
        """Parse; bytes after the packet's stated length are dropped. ValueError if it is cut or malformed.

        Checksums are not looked at (`checksums_hold` does): a host may have left them to its hardware.
        """
        if not ip_packet:
            raise ValueError("an empty packet")
        version = ip_packet[0] >> 4
        if version == 4:
            return _parse_v4(ip_packet)
        if version == 6:
            return _parse_v6(ip_packet)
        raise ValueError(f"IP version {version}")

    @property
    def is_tcp(self) -> bool:
        """Whether there is a TCP header to look at."""
        return self.protocol == TCP and self.fragment_offset == 0

    @property
    def is_udp(self) -> bool:
        """Whether there is a UDP header to look at."""
        return self.protocol == UDP and self.fragment_offset == 0

    @property
    def is_icmp(self) -> bool:
        """Whether there is an ICMP or ICMPv6 header to look at."""
        return self.protocol in (ICMP, ICMP_V6) and self.fragment_offset == 0

    @property
    def sequence_length(self) -> int:
        """How far this TCP segment moves the sequence number: payload, and one each for SYN and FIN."""
        return len(self.payload) + (self.flags & 1) + (self.flags >> 1 & 1)


def checksums_hold(packet: Packet) -> bool:
    """Whether the IPv4 header's checksum and that of the TCP, UDP or ICMP message are right.

    A fragment, or a transport that is none of ours, is judged by its IP header alone.
    """
    raw = packet.raw
    start = _transport_offset(packet)
    if packet.version == 4 and internet_checksum(raw[:start]) != 0:
        return False
    if packet.fragment_offset or packet.more_fragments:
        return True
    message = raw[start:]
    if packet.protocol == ICMP:
        return internet_checksum(message) == 0
    if packet.protocol == UDP and packet.version == 4 and message[6:8] == b"\x00\x00":
        return True  # RFC 768: the sender made none
    if packet.protocol not in (TCP, UDP, ICMP_V6):
        return True
    source, destination = packed_address(packet.src), packed_address(packet.dst)
    return transport_checksum(source, destination, packet.protocol, message) == 0


def _parse_v4(data: bytes) -> Packet:
    if len(data) < 20:
        raise ValueError("cut within the IPv4 header")
    first, _, total, ip_id, fragment, ttl, protocol, _, source, destination = _IPV4.unpack_from(data)
    start = (first & 0xF) << 2
    if start < 20 or total < start or total > len(data):
        raise ValueError("the lengths in the IPv4 header do not fit the packet")
    if total < len(data):
        data = data[:total]
    offset = (fragment & 0x1FFF) << 3
    head = (
        data,
        4,
        address_text(source),
        address_text(destination),
        ttl,
        ip_id,
        fragment & 0x4000 != 0,
        offset,
        fragment & 0x2000 != 0,
    )
    if offset:
        return Packet(*head, protocol, data[start:])
    if protocol == TCP:
        return _parse_tcp(head, data, start)
    return _parse_other(head, protocol, data, start)


def _parse_v6(data: bytes) -> Packet:
    if len(data) < 40:
        raise ValueError("cut within the IPv6 header")
    _, length, protocol, ttl, source, destination = _IPV6.unpack_from(data)
    total = 40 + length
    if total > len(data):
        raise ValueError("the length in the IPv6 header does not fit the packet")
    if total < len(data):
        data = data[:total]
    start, ip_id, offset, more = 40, 0, 0, False
    if protocol in _IPV6_EXTENSIONS:
        start, protocol, ip_id, fragment = _skip_extensions(data, protocol)
        offset, more = fragment & 0xFFF8, fragment & 1 != 0
    head = (data, 6, address_text(source), address_text(destination), ttl, ip_id, True, offset, more)
    if offset:
        return Packet(*head, protocol, data[start:])
    if protocol == TCP:
        return _parse_tcp(head, data, start)
    return _parse_other(head, protocol, data, start)


def _skip_extensions(data: bytes, protocol: int) -> tuple[int, int, int, int]:
    """(offset of the transport, its protocol, fragment identification's low half, fragment word)."""
    start, ip_id, fragment = 40, 0, 0
    while protocol in _IPV6_EXTENSIONS:
        if start + 8 > len(data):
            raise ValueError("cut within an IPv6 extension header")
        following, size = data[start], data[start + 1]
        if protocol == _FRAGMENT:
            fragment = data[start + 2] << 8 | data[start + 3]
            ip_id = data[start + 6] << 8 | data[start + 7]
            start += 8
        elif protocol == _AUTHENTICATION:
            start += (size + 2) << 2
        else:
            start += (size + 1) << 3
        protocol = following
        if fragment & 0xFFF8:
            break  # what follows in a later fragment is data, not headers
    if start > len(data):
        raise ValueError("an IPv6 extension header is longer than the packet")
    return start, protocol, ip_id, fragment


_Head = tuple[bytes, int, str, str, int, int, bool, int, bool]


def _parse_tcp(head: _Head, data: bytes, start: int) -> Packet:
    if len(data) - start < 20:
        raise ValueError("cut within the TCP header")
    sport, dport, seq, ack, offset, flags, window, _, _ = _TCP.unpack_from(data, start)
    body = start + ((offset >> 4) << 2)
    if body < start + 20 or body > len(data):
        raise ValueError("the TCP data offset does not fit the packet")
    options = data[start + 20 : body]
    return Packet(*head, TCP, data[body:], sport, dport, seq, ack, flags, window, options)


def _parse_other(head: _Head, protocol: int, data: bytes, start: int) -> Packet:
    if protocol == UDP:
        if len(data) - start < 8:
            raise ValueError("cut within the UDP header")
        sport, dport, length, _ = _UDP.unpack_from(data, start)
        first_of_several = head[8]
        if length < 8 or (start + length > len(data) and not first_of_several):
            raise ValueError("the UDP length does not fit the packet")
        return Packet(*head, UDP, data[start + 8 : start + length], sport, dport)
    if protocol in (ICMP, ICMP_V6):
        if len(data) - start < 8:
            raise ValueError("cut within the ICMP header")
        kind, code, _, rest = _ICMP.unpack_from(data, start)
        return Packet(*head, protocol, data[start + 8 :], icmp_type=kind, icmp_code=code, icmp_rest=rest)
    return Packet(*head, protocol, data[start:])


def _transport_offset(packet: Packet) -> int:
    if packet.version == 4:
        return (packet.raw[0] & 0xF) << 2
    protocol = packet.raw[6]
    return _skip_extensions(packet.raw, protocol)[0] if protocol in _IPV6_EXTENSIONS else 40
