"""Build IP packets, version 4 and 6: TCP, UDP, ICMP and its errors, with every checksum filled in.

Nothing is sent here, and nothing longer than one packet is cut into several.
"""

from __future__ import annotations

from struct import Struct as Layout

from msgspec import Struct

from wallwatch.wire.address import packed_address
from wallwatch.wire.checksum import internet_checksum, transport_checksum
from wallwatch.wire.packet_read import ICMP, ICMP_V6, TCP, UDP, Packet

_IPV4 = Layout("!BBHHHBBH4s4s")
_IPV6 = Layout("!IHBB16s16s")
_TCP = Layout("!HHIIBBHHH")
_UDP = Layout("!HHHH")
_ICMP = Layout("!BBHI")

# RFC 1812 section 4.3.2.3 and RFC 4443 section 3.3: quote as much as fits into a packet of this size.
_LARGEST_ICMP_V4_ERROR = 576
_LARGEST_ICMP_V6_ERROR = 1280


class IpHeader(Struct, frozen=True, kw_only=True):
    """What a builder needs to know of the IP header."""

    src: str
    dst: str
    ttl: int = 64
    ip_id: int = 0  # not sent in IPv6
    df: bool = True  # not sent in IPv6


class TcpHeader(Struct, frozen=True, kw_only=True):
    """What a builder needs to know of the TCP header. `options` must be a multiple of 4 bytes, at most 40."""

    sport: int
    dport: int
    seq: int
    ack: int = 0
    flags: int
    window: int = 65535
    options: bytes = b""


def build_tcp(ip: IpHeader, tcp: TcpHeader, payload: bytes = b"") -> bytes:
    """An IP packet with a TCP segment, checksums filled in. ValueError where a field does not fit."""
    if len(tcp.options) % 4 or len(tcp.options) > 40:
        raise ValueError("TCP options are a multiple of 4 bytes, at most 40")
    offset = (20 + len(tcp.options)) << 2
    ports = _port(tcp.sport), _port(tcp.dport)
    numbers = tcp.seq & 0xFFFFFFFF, tcp.ack & 0xFFFFFFFF
    header = _TCP.pack(*ports, *numbers, offset, tcp.flags & 0xFF, tcp.window & 0xFFFF, 0, 0)
    return _wrap(ip, TCP, _with_checksum(ip, TCP, header + tcp.options + payload, 16))


def build_udp(ip: IpHeader, sport: int, dport: int, payload: bytes) -> bytes:
    """An IP packet with a UDP datagram, checksums filled in. ValueError where a field does not fit."""
    if len(payload) > 65535 - 8 - 20:
        raise ValueError("too long for one datagram")
    header = _UDP.pack(_port(sport), _port(dport), 8 + len(payload), 0)
    return _wrap(ip, UDP, _with_checksum(ip, UDP, header + payload, 6))


def build_icmp(ip: IpHeader, icmp_type: int, icmp_code: int, rest: int, payload: bytes) -> bytes:
    """An ICMP message in IPv4, an ICMPv6 message in IPv6. `rest` is the header's second 32-bit word."""
    message = _ICMP.pack(icmp_type, icmp_code, 0, rest) + payload
    if ":" in ip.src:
        return _wrap(ip, ICMP_V6, _with_checksum(ip, ICMP_V6, message, 2))
    return _wrap(ip, ICMP, _put(message, 2, internet_checksum(message)))


def build_icmp_time_exceeded(original: bytes, from_address: str, ttl: int = 64) -> bytes:
    """What a router at `from_address` answers when `original`'s TTL ran out: to its sender, quoting it.

    ValueError if `original` is no IP packet or of the other version. Callers must not answer ICMP errors or
    later fragments (RFC 1122 section 3.2.2).
    """
    packet = Packet.from_bytes(original)
    kind = (11, 0) if packet.version == 4 else (3, 0)
    return _icmp_error(packet, IpHeader(src=from_address, dst=packet.src, ttl=ttl), kind)


def build_icmp_unreachable(original: bytes, from_address: str, code: int, ttl: int = 64) -> bytes:
    """ "Destination unreachable" from `from_address`. `code` is that of the packet's own IP version.

    IPv4: 0 network, 1 host, 3 port, 13 prohibited. IPv6: 0 no route, 1 prohibited, 3 address, 4 port.
    """
    packet = Packet.from_bytes(original)
    kind = (3 if packet.version == 4 else 1, code)
    return _icmp_error(packet, IpHeader(src=from_address, dst=packet.src, ttl=ttl), kind)


def with_ttl(ip_packet: bytes, ttl: int) -> bytes:
    """The same packet with another TTL or hop limit, IPv4's header checksum adjusted (RFC 1624)."""
    if not 0 <= ttl <= 255:
        raise ValueError(f"a TTL of {ttl}")
    if len(ip_packet) < 20:
        raise ValueError("cut within the IP header")
    if ip_packet[0] >> 4 == 6:
        return ip_packet[:7] + bytes((ttl,)) + ip_packet[8:]
    old_word = ip_packet[8] << 8 | ip_packet[9]
    new_word = ttl << 8 | ip_packet[9]
    total = (~(ip_packet[10] << 8 | ip_packet[11]) & 0xFFFF) + (~old_word & 0xFFFF) + new_word
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~total & 0xFFFF
    return ip_packet[:8] + bytes((ttl, ip_packet[9], checksum >> 8, checksum & 0xFF)) + ip_packet[12:]


def _port(port: int) -> int:
    if not 0 <= port <= 65535:
        raise ValueError(f"port {port}")
    return port


def _put(message: bytes, offset: int, checksum: int) -> bytes:
    return message[:offset] + checksum.to_bytes(2, "big") + message[offset + 2 :]


def _with_checksum(ip: IpHeader, protocol: int, message: bytes, offset: int) -> bytes:
    checksum = transport_checksum(packed_address(ip.src), packed_address(ip.dst), protocol, message)
    if protocol == UDP and checksum == 0:
        checksum = 0xFFFF  # RFC 768: zero would mean that there is none
    return _put(message, offset, checksum)


def _wrap(ip: IpHeader, protocol: int, message: bytes) -> bytes:
    source, destination = packed_address(ip.src), packed_address(ip.dst)
    if len(source) != len(destination):
        raise ValueError("both addresses must be IPv4 or both IPv6")
    if not 0 <= ip.ttl <= 255:
        raise ValueError(f"a TTL of {ip.ttl}")
    if len(source) == 16:
        if len(message) > 65535:
            raise ValueError("too long for one packet")
        return _IPV6.pack(6 << 28, len(message), protocol, ip.ttl, source, destination) + message
    total = 20 + len(message)
    if total > 65535:
        raise ValueError("too long for one packet")
    fragment = 0x4000 if ip.df else 0
    header = _IPV4.pack(0x45, 0, total, ip.ip_id & 0xFFFF, fragment, ip.ttl, protocol, 0, source, destination)
    return _put(header, 10, internet_checksum(header)) + message


def _icmp_error(packet: Packet, ip: IpHeader, kind: tuple[int, int]) -> bytes:
    if packet.version == 4:
        quoted = packet.raw[: _LARGEST_ICMP_V4_ERROR - 28]
    else:
        quoted = packet.raw[: _LARGEST_ICMP_V6_ERROR - 48]
    return build_icmp(ip, *kind, 0, quoted)
