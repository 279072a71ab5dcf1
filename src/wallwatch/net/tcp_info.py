"""Read Linux's `TCP_INFO` (linux/tcp.h). Elsewhere there is none."""

from __future__ import annotations

import socket
import struct
import sys

from wallwatch.net.seam import TcpInfo

IS_SUPPORTED = sys.platform == "linux"

_LAYOUT = struct.Struct("=8B24I")  # the part of the structure that every kernel of this century has
_UNACKNOWLEDGED = 8 + 4
_RTT = 8 + 15  # microseconds
_TOTAL_RETRANSMISSIONS = 8 + 23


def read(sock: socket.socket) -> TcpInfo | None:
    """What the kernel knows of a connection; None where it does not say, or the socket is closed."""
    if not IS_SUPPORTED:
        return None
    try:
        data = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAYOUT.size)
    except OSError:
        return None
    return parse(data)


def parse(data: bytes) -> TcpInfo | None:
    """Read the structure; None for a short one."""
    if len(data) < _LAYOUT.size:
        return None
    fields = _LAYOUT.unpack_from(data)
    return TcpInfo(
        rtt=fields[_RTT] / 1e6,
        unacknowledged=fields[_UNACKNOWLEDGED],
        retransmissions=fields[_TOTAL_RETRANSMISSIONS],
    )
