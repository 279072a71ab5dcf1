"""Routing netlink by hand: what the lab needs of links, addresses and routes, and no more (rtnetlink(7)).

A `Netlink` belongs to the network namespace in which it was opened, for good: the process may move on.
"""

from __future__ import annotations

import os
import socket
import struct
from ipaddress import ip_address, ip_network

_NEWLINK, _GETLINK, _NEWADDR, _NEWROUTE = 16, 18, 20, 24
_REQUEST, _ACK, _CREATE, _EXCL = 0x1, 0x4, 0x400, 0x200
_ERROR = 2

_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINKINFO = 1, 3, 4, 18
_IFLA_STATS64, _IFLA_NET_NS_FD = 23, 28
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER = 1, 2, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_FLAGS = 1, 2, 8
_IFA_F_NODAD = 0x02
_RTA_DST, _RTA_OIF = 1, 4
_RT_TABLE_MAIN, _RT_TABLE_LOCAL = 254, 255
_RTPROT_STATIC, _RTN_UNICAST, _RTN_LOCAL = 4, 1, 2
_SCOPE_UNIVERSE, _SCOPE_LINK, _SCOPE_HOST = 0, 253, 254
_IFF_UP, _IFF_NOARP = 0x1, 0x80

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE = struct.Struct("=HH")


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(-length % 4)


def _word(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("=I", value))


def _family(version: int) -> int:
    return int(socket.AF_INET if version == 4 else socket.AF_INET6)


class Netlink:
    """A conversation with the kernel about one network namespace. Methods raise OSError."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.bind((0, 0))
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def _request(self, kind: int, flags: int, body: bytes) -> bytes:
        """Send one request and return the answer's body; that of an acknowledgement is empty."""
        self._sequence += 1
        header = _HEADER.pack(16 + len(body), kind, flags | _REQUEST, self._sequence, 0)
        self._socket.send(header + body)
        answer = self._socket.recv(65536)
        _, kind, _, _, _ = _HEADER.unpack_from(answer)
        if kind != _ERROR:
            return answer[16:]
        (number,) = struct.unpack_from("=i", answer, 16)
        if number:
            raise OSError(-number, os.strerror(-number))
        return b""

    def add_veth(self, name: str, peer: str, peer_address: bytes, peer_namespace: int, mtu: int) -> None:
        """A pair: `name` here, `peer` with that MAC address in the namespace behind the descriptor."""
        other = _LINK.pack(0, 0, 0, 0, 0)
        other += _attribute(_IFLA_IFNAME, peer.encode() + b"\0") + _attribute(_IFLA_ADDRESS, peer_address)
        other += _word(_IFLA_NET_NS_FD, peer_namespace) + _word(_IFLA_MTU, mtu)
        data = _attribute(_IFLA_INFO_DATA, _attribute(_VETH_INFO_PEER, other))
        body = _LINK.pack(0, 0, 0, 0, 0)
        body += _attribute(_IFLA_IFNAME, name.encode() + b"\0") + _word(_IFLA_MTU, mtu)
        body += _attribute(_IFLA_LINKINFO, _attribute(_IFLA_INFO_KIND, b"veth") + data)
        self._request(_NEWLINK, _ACK | _CREATE | _EXCL, body)

    def set_up(self, index: int, up: bool = True, resolve: bool = False) -> None:
        """Bring a link up or down; `resolve`: whether it asks for neighbours (ARP, ND)."""
        flags = (_IFF_UP if up else 0) | (0 if resolve else _IFF_NOARP)
        self._request(_NEWLINK, _ACK, _LINK.pack(0, 0, index, flags, _IFF_UP | _IFF_NOARP))

    def add_address(self, index: int, address: str) -> None:
        """A single address (/32, /128), usable at once: without duplicate address detection."""
        parsed = ip_address(address)
        body = _ADDRESS.pack(_family(parsed.version), parsed.max_prefixlen, 0, _SCOPE_UNIVERSE, index)
        body += _attribute(_IFA_LOCAL, parsed.packed) + _attribute(_IFA_ADDRESS, parsed.packed)
        body += _word(_IFA_FLAGS, _IFA_F_NODAD)
        self._request(_NEWADDR, _ACK | _CREATE | _EXCL, body)

    def add_default_route(self, index: int, version: int) -> None:
        """Everything goes out of that link, as if it were next door."""
        head = (_family(version), 0, 0, 0, _RT_TABLE_MAIN, _RTPROT_STATIC, _SCOPE_LINK, _RTN_UNICAST, 0)
        self._request(_NEWROUTE, _ACK | _CREATE | _EXCL, _ROUTE.pack(*head) + _word(_RTA_OIF, index))

    def add_local_prefix(self, prefix: str, loopback: int = 1) -> None:
        """AnyIP: every address of the prefix is this host's own (`ip route add local PREFIX dev lo`)."""
        network = ip_network(prefix)
        head = (_family(network.version), network.prefixlen, 0, 0, _RT_TABLE_LOCAL)
        body = _ROUTE.pack(*head, _RTPROT_STATIC, _SCOPE_HOST, _RTN_LOCAL, 0)
        body += _attribute(_RTA_DST, network.network_address.packed) + _word(_RTA_OIF, loopback)
        self._request(_NEWROUTE, _ACK | _CREATE | _EXCL, body)

    def dropped(self, index: int) -> tuple[int, int]:
        """(received, transmitted) packets that a link has dropped (`rtnl_link_stats64`)."""
        answer = self._request(_GETLINK, 0, _LINK.pack(0, 0, index, 0, 0))
        offset = 16
        while offset + 4 <= len(answer):
            length, kind = _ATTRIBUTE.unpack_from(answer, offset)
            if kind == _IFLA_STATS64:
                # packets, bytes and errors of both directions come first, six counters
                received, transmitted = struct.unpack_from("=QQ", answer, offset + 4 + 6 * 8)
                return received, transmitted
            offset += (length + 3) & ~3
        return 0, 0
