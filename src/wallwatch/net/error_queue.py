"""What Linux keeps in a socket's error queue: the ICMP errors that its packets met (ip(7), `IP_RECVERR`).

Elsewhere nothing is kept, and `watch` says so.
"""

from __future__ import annotations

import socket
import struct
import sys

from wallwatch.net.seam import IcmpError

# linux/in.h, linux/in6.h; Python 3.11 does not name them.
IP_RECVERR = 11
IPV6_RECVERR = 25

FROM_ICMP = frozenset({2, 3})  # SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6 (linux/errqueue.h)

_EXTENDED_ERROR = struct.Struct("=IBBBBII")  # sock_extended_err; the offender's sockaddr follows it
_SOCKADDR_V4 = struct.Struct("=H2x4s")
_SOCKADDR_V6 = struct.Struct("=H6x16s")
_CONTROL_SPACE = 512
_PAYLOAD_SPACE = 2048  # the packet that met the error comes along; not used

IS_SUPPORTED = sys.platform == "linux"


def watch(sock: socket.socket, on: bool) -> None:
    """Have the kernel keep (or no longer keep) the ICMP errors of a socket."""
    if not IS_SUPPORTED:
        return
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, on)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, on)


def drain(sock: socket.socket) -> list[IcmpError]:
    """Take out all that is queued, oldest first. What is left in would keep the event loop awake."""
    found: list[IcmpError] = []
    if not IS_SUPPORTED:
        return found
    while True:
        try:
            _, control, _, _ = sock.recvmsg(_PAYLOAD_SPACE, _CONTROL_SPACE, socket.MSG_ERRQUEUE)
        except OSError:  # EAGAIN: empty; EBADF: closed; a pending error is for the next read to raise
            return found
        found += [error for level, kind, data in control if (error := _parse(level, kind, data))]


def _parse(level: int, kind: int, data: bytes) -> IcmpError | None:
    wanted = {(socket.IPPROTO_IP, IP_RECVERR), (socket.IPPROTO_IPV6, IPV6_RECVERR)}
    return parse_extended_error(data) if (level, kind) in wanted else None


def parse_extended_error(data: bytes) -> IcmpError | None:
    """Read a `sock_extended_err` and its offender; None for a short one, or one not caused by ICMP."""
    if len(data) < _EXTENDED_ERROR.size:
        return None
    number, origin, kind, code, _, _, _ = _EXTENDED_ERROR.unpack_from(data)
    if origin not in FROM_ICMP:
        return None
    return IcmpError(kind=kind, code=code, offender=_offender(data[_EXTENDED_ERROR.size :]), errno=number)


def _offender(sockaddr: bytes) -> str:
    """The address in a sockaddr, "" for AF_UNSPEC and what is cut short."""
    for family, layout in ((socket.AF_INET, _SOCKADDR_V4), (socket.AF_INET6, _SOCKADDR_V6)):
        if len(sockaddr) >= layout.size:
            found, address = layout.unpack_from(sockaddr)
            if found == family:
                return socket.inet_ntop(family, address)
    return ""
