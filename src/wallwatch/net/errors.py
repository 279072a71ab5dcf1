"""The one table from exception to OONI's failure string (df-007)."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
import ssl
from ipaddress import ip_address

from wallwatch.model import failure
from wallwatch.net.failed import TLS_HANDSHAKE
from wallwatch.net.records import SCRUBBED

LONGEST_UNKNOWN = 200  # characters of an unknown error's text that are kept

_BY_ERRNO = {
    errno.ECONNREFUSED: failure.CONNECTION_REFUSED,
    errno.ECONNRESET: failure.CONNECTION_RESET,
    errno.EPIPE: failure.CONNECTION_RESET,  # a write after the reset
    errno.ECONNABORTED: failure.CONNECTION_ABORTED,
    errno.EBADF: failure.CONNECTION_ALREADY_CLOSED,
    errno.ENOTCONN: failure.CONNECTION_ALREADY_CLOSED,
    errno.ETIMEDOUT: failure.TIMEOUT,
    errno.EHOSTUNREACH: failure.HOST_UNREACHABLE,
    errno.ENETUNREACH: failure.NETWORK_UNREACHABLE,
    errno.ENETDOWN: failure.NETWORK_DOWN,
    errno.EADDRNOTAVAIL: failure.ADDRESS_NOT_AVAILABLE,
    errno.EINTR: failure.INTERRUPTED,
}

_BY_GAI = {
    socket.EAI_NONAME: failure.DNS_NXDOMAIN,
    socket.EAI_NODATA: failure.DNS_NO_ANSWER,
    socket.EAI_AGAIN: failure.DNS_TEMPORARY,
    socket.EAI_FAIL: failure.DNS_SERVFAIL,
}

# The first that fits, most particular first.
_BY_TYPE: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, failure.TIMEOUT),
    (ssl.SSLEOFError, failure.EOF),
    (ssl.SSLZeroReturnError, failure.EOF),
    (EOFError, failure.EOF),
    (asyncio.CancelledError, failure.INTERRUPTED),
)

_MAYBE_ADDRESS = re.compile(r"\[?(?:[0-9A-Fa-f]*[:.]){2,}[0-9A-Fa-f.]*(?:%\w+)?\]?(?::\d+)?")


def failure_of(error: BaseException, operation: str) -> str:
    """The failure string of what an operation raised; what is unknown is wrapped, with addresses scrubbed."""
    if isinstance(error, socket.gaierror):
        return _BY_GAI.get(error.errno or 0) or _unknown(error)
    for kind, known in _BY_TYPE:
        if isinstance(error, kind):
            return known
    if isinstance(error, ssl.SSLError):  # its errno is OpenSSL's, not the system's
        return failure.SSL_FAILED_HANDSHAKE if operation == TLS_HANDSHAKE else _unknown(error)
    if isinstance(error, OSError) and error.errno in _BY_ERRNO:
        return _BY_ERRNO[error.errno]
    return _unknown(error)


def scrub(text: str) -> str:
    """The text with every IP address in it, and a port behind one, replaced by `[scrubbed]`."""
    return _MAYBE_ADDRESS.sub(lambda match: _without_address(match[0]), text)


def _unknown(error: BaseException) -> str:
    text = scrub(str(error) or type(error).__name__)
    return failure.UNKNOWN_PREFIX + text[:LONGEST_UNKNOWN]


def _without_address(candidate: str) -> str:
    """`[scrubbed]` in place of an address; the candidate itself where it is none (a time, a version).

    Its last dots and colons may be the sentence's rather than the address's: the longest reading wins.
    """
    for end in range(len(candidate), len(candidate.rstrip(".:")) - 1, -1):
        kept = candidate[:end]
        readings = (kept, kept.lstrip("[").partition("]")[0], kept.rpartition(":")[0])
        if any(map(_is_address, readings)):
            return SCRUBBED + candidate[end:]
    return candidate


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
