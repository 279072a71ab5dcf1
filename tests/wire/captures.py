"""Read the packets of pcap and pcapng files, for tests: Ethernet, raw IP, Linux cooked, BSD null."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from wallwatch.wire.packet import Packet

_PCAP_MAGIC = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<"}
_SECTION, _INTERFACE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 3, 6
_LINK_HEADER = {0: 4, 1: 14, 12: 0, 101: 0, 113: 16, 276: 20}
_ETHERTYPE_AT = {1: 12, 113: 14, 276: 0}


def packets(path: Path) -> Iterator[Packet]:
    """The IP packets that are whole in the file; cut and malformed ones are left out."""
    for data in ip_bytes(path):
        try:
            yield Packet.from_bytes(data)
        except ValueError:
            continue


def ip_bytes(path: Path) -> Iterator[bytes]:
    """What follows the link header of each frame that carries IP."""
    data = path.read_bytes()
    for link, frame in _pcap(data) if data[:4] in _PCAP_MAGIC else _pcapng(data):
        if link not in _LINK_HEADER:
            continue
        offset = _LINK_HEADER[link]
        if link in _ETHERTYPE_AT:
            at = _ETHERTYPE_AT[link]
            kind = frame[at : at + 2]
            if kind == b"\x81\x00":
                kind, offset = frame[at + 4 : at + 6], offset + 4
            if kind not in (b"\x08\x00", b"\x86\xdd"):
                continue
        yield frame[offset:]


def _pcap(data: bytes) -> Iterator[tuple[int, bytes]]:
    order = _PCAP_MAGIC[data[:4]]
    (link,) = struct.unpack_from(order + "I", data, 20)
    position = 24
    while position + 16 <= len(data):
        (length,) = struct.unpack_from(order + "I", data, position + 8)
        yield link & 0xFFFF, data[position + 16 : position + 16 + length]
        position += 16 + length


def _pcapng(data: bytes) -> Iterator[tuple[int, bytes]]:
    links: list[int] = []
    order, position = "<", 0
    while position + 12 <= len(data):
        if data[position : position + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[position + 8 : position + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, length = struct.unpack_from(order + "II", data, position)
        if kind == _INTERFACE:
            links.append(struct.unpack_from(order + "H", data, position + 8)[0])
        elif kind == _ENHANCED:
            interface, _, _, captured = struct.unpack_from(order + "IIII", data, position + 8)
            yield links[interface], data[position + 28 : position + 28 + captured]
        elif kind == _SIMPLE:
            yield links[0], data[position + 12 : position + length - 4]
        position += length
