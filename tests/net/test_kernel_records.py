"""What Linux hands over in bytes: the error queue's records and TCP_INFO."""

from __future__ import annotations

import errno
import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallwatch.net import tcp_info
from wallwatch.net.error_queue import parse_extended_error
from wallwatch.net.seam import IcmpError


def extended_error(origin: int, kind: int, code: int, offender: bytes) -> bytes:
    """As linux/errqueue.h lays it out."""
    return struct.pack("=IBBBBII", errno.EHOSTUNREACH, origin, kind, code, 0, 0, 0) + offender


def sockaddr_v4(address: str) -> bytes:
    """A sockaddr_in."""
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def sockaddr_v6(address: str) -> bytes:
    """A sockaddr_in6."""
    packed = socket.inet_pton(socket.AF_INET6, address)
    return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, packed, 0)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (
            extended_error(2, 11, 0, sockaddr_v4("198.51.100.1")),
            IcmpError(kind=11, code=0, offender="198.51.100.1", errno=errno.EHOSTUNREACH),
        ),
        (
            extended_error(3, 3, 0, sockaddr_v6("2001:db8::1")),
            IcmpError(kind=3, code=0, offender="2001:db8::1", errno=errno.EHOSTUNREACH),
        ),
        (
            extended_error(2, 3, 13, bytes(16)),
            IcmpError(kind=3, code=13, offender="", errno=errno.EHOSTUNREACH),
        ),
        (extended_error(1, 0, 0, bytes(16)), None),  # of the machine's own making
        (b"", None),
    ],
    ids=["v4", "v6", "no offender", "local", "empty"],
)
def test_an_extended_error(data: bytes, error: IcmpError | None) -> None:
    assert parse_extended_error(data) == error


@given(st.binary(max_size=64))
def test_any_bytes_give_an_error_or_none(data: bytes) -> None:
    error = parse_extended_error(data)
    assert error is None or isinstance(error, IcmpError)


def test_tcp_info() -> None:
    numbers = [0] * 24
    numbers[4], numbers[15], numbers[23] = 3, 61_500, 5
    info = tcp_info.parse(struct.pack("=8B24I", *bytes(8), *numbers) + bytes(100))
    assert info is not None
    assert (info.unacknowledged, info.rtt, info.retransmissions) == (3, 0.0615, 5)
    assert tcp_info.parse(bytes(50)) is None
