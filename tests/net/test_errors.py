"""The table from exception to failure string, and the scrubbing of what it does not know."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wallwatch.model.failure import KNOWN, UNKNOWN_PREFIX, is_known
from wallwatch.net.errors import failure_of, scrub

TABLE = [
    (OSError(errno.ECONNREFUSED, "x"), "connect", "connection_refused"),
    (ConnectionResetError(errno.ECONNRESET, "x"), "read", "connection_reset"),
    (BrokenPipeError(errno.EPIPE, "x"), "write", "connection_reset"),
    (OSError(errno.ECONNABORTED, "x"), "read", "connection_aborted"),
    (OSError(errno.EBADF, "x"), "read", "connection_already_closed"),
    (OSError(errno.ETIMEDOUT, "x"), "connect", "generic_timeout_error"),
    (TimeoutError(), "read", "generic_timeout_error"),
    (OSError(errno.EHOSTUNREACH, "x"), "connect", "host_unreachable"),
    (OSError(errno.ENETUNREACH, "x"), "connect", "network_unreachable"),
    (OSError(errno.ENETDOWN, "x"), "connect", "network_down"),
    (OSError(errno.EADDRNOTAVAIL, "x"), "connect", "address_not_available"),
    (EOFError(), "read", "eof_error"),
    (asyncio.IncompleteReadError(b"", 3), "read", "eof_error"),
    (ssl.SSLEOFError(8, "x"), "tls_handshake", "eof_error"),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "tls_handshake", "ssl_failed_handshake"),
    (asyncio.CancelledError(), "read", "interrupted"),
    (socket.gaierror(socket.EAI_NONAME, "x"), "resolve", "dns_nxdomain_error"),
    (socket.gaierror(socket.EAI_AGAIN, "x"), "resolve", "dns_temporary_failure"),
    (socket.gaierror(socket.EAI_NODATA, "x"), "resolve", "dns_no_answer"),
    (socket.gaierror(socket.EAI_FAIL, "x"), "resolve", "dns_server_misbehaving"),
]


@pytest.mark.parametrize(("error", "operation", "failure"), TABLE, ids=lambda value: repr(value)[:40])
def test_the_table(error: BaseException, operation: str, failure: str) -> None:
    assert failure_of(error, operation) == failure
    assert is_known(failure)


def test_openssl_numbers_are_not_taken_for_the_systems() -> None:
    """ssl.SSLError is an OSError whose errno is OpenSSL's: 104 there is no ECONNRESET."""
    error = ssl.SSLError(errno.ECONNRESET, "bad record mac")
    assert failure_of(error, "read").startswith(UNKNOWN_PREFIX)


def test_the_unknown_is_wrapped_and_scrubbed() -> None:
    error = RuntimeError("peer 203.0.113.7:443 said no to [2001:db8::2]:51000 at 12:30:05")
    failure = failure_of(error, "read")
    assert failure == "unknown_failure: peer [scrubbed] said no to [scrubbed] at 12:30:05"
    assert failure not in KNOWN


def test_an_error_without_text_is_named_by_its_type() -> None:
    assert failure_of(RuntimeError(), "read") == "unknown_failure: RuntimeError"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("192.0.2.1", "[scrubbed]"),
        ("at 192.0.2.1.", "at [scrubbed]."),
        ("at ::1, then", "at [scrubbed], then"),
        ("('fe80::1%eth0', 80)", "('[scrubbed]', 80)"),
        ("version 1.2.3 at 10:20", "version 1.2.3 at 10:20"),
        ("::ffff:192.0.2.1 twice 192.0.2.1:80", "[scrubbed] twice [scrubbed]"),
        ("a::b isn't hidden by luck", "[scrubbed] isn't hidden by luck"),
    ],
)
def test_scrubbing(text: str, scrubbed: str) -> None:
    assert scrub(text) == scrubbed


@given(
    st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)),
    st.one_of(st.none(), st.integers(0, 65535)),
    st.sampled_from(["", " ", "(", "'", "to "]),
    st.sampled_from(["", " ", ")", "'", ", and", "."]),
)
def test_no_address_survives(
    address: IPv4Address | IPv6Address, port: int | None, before: str, after: str
) -> None:
    literal = f"[{address}]" if address.version == 6 and port is not None else str(address)
    text = before + literal + ("" if port is None else f":{port}") + after
    assert str(address) not in scrub(text)
    assert "[scrubbed]" in scrub(text)


@given(st.text(max_size=400))
def test_any_text_gives_a_failure_of_bounded_length(text: str) -> None:
    failure = failure_of(ValueError(text), "read")
    assert failure.startswith(UNKNOWN_PREFIX)
    assert len(failure) <= len(UNKNOWN_PREFIX) + 200
