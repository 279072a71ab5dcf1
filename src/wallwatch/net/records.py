"""What a trace holds: OONI's archival records, as types. Times are seconds since the measurement's start.

Sources: OONI data formats df-001 (HTTP), df-002 (DNS), df-005 (TCP connect), df-006 (TLS), df-008 (network
events). What we add begins with `x_`. No field ever holds an address of the probe.
"""

from __future__ import annotations

import base64

from msgspec import Struct

SCRUBBED = "[scrubbed]"


class Binary(Struct, frozen=True, kw_only=True):
    """Bytes that are no text, as OONI writes them."""

    data: str
    format: str = "base64"


def binary(data: bytes) -> Binary:
    """Wrap bytes."""
    return Binary(data=base64.b64encode(data).decode("ascii"))


def text_or_binary(data: bytes) -> str | Binary:
    """UTF-8 as text, all else wrapped."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return binary(data)


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of a DNS answer (df-002)."""

    answer_type: str  # A, AAAA, CNAME
    ttl: int | None  # seconds; None: getaddrinfo does not say
    ipv4: str | None = None
    ipv6: str | None = None
    hostname: str | None = None


class Query(Struct, frozen=True, kw_only=True):
    """One DNS query and its answer (df-002)."""

    engine: str  # "udp", "tcp", "getaddrinfo"
    hostname: str
    query_type: str  # A, AAAA; ANY for getaddrinfo
    resolver_address: str  # "192.0.2.53:53"; "" for getaddrinfo
    answers: tuple[Answer, ...]
    failure: str | None
    rcode: int | None  # None: no reply that is one
    raw_response: str | None  # base64
    t0: float
    t: float
    transaction_id: int
    resolver_hostname: str | None = None
    resolver_port: int | None = None
    tags: tuple[str, ...] = ()


class ConnectStatus(Struct, frozen=True, kw_only=True):
    """How a TCP connect ended (df-005)."""

    failure: str | None
    success: bool


class TcpConnect(Struct, frozen=True, kw_only=True):
    """One three-way handshake (df-005)."""

    ip: str
    port: int
    status: ConnectStatus
    t0: float
    t: float
    transaction_id: int
    tags: tuple[str, ...] = ()


class TlsHandshake(Struct, frozen=True, kw_only=True):
    """One TLS handshake and the verification after it (df-006)."""

    network: str
    address: str
    server_name: str  # as sent; "" where none was
    cipher_suite: str
    tls_version: str
    negotiated_protocol: str
    no_tls_verify: bool
    peer_certificates: tuple[Binary, ...]  # DER, leaf first
    failure: str | None
    t0: float
    t: float
    transaction_id: int
    tags: tuple[str, ...] = ()


class HttpRequestRecord(Struct, frozen=True, kw_only=True):
    """The request of an exchange (df-001)."""

    method: str
    url: str
    headers: dict[str, str]
    headers_list: tuple[tuple[str, str | Binary], ...]
    body: str = ""
    body_is_truncated: bool = False
    x_transport: str = "tcp"


class HttpResponseRecord(Struct, frozen=True, kw_only=True):
    """The response as far as it came (df-001)."""

    code: int
    headers: dict[str, str]
    headers_list: tuple[tuple[str, str | Binary], ...]
    body: str | Binary
    body_is_truncated: bool
    x_body_length: int  # bytes of body received, recorded or not


class HttpExchange(Struct, frozen=True, kw_only=True):
    """One HTTP request and what came back (df-001)."""

    network: str
    address: str
    alpn: str
    failure: str | None
    request: HttpRequestRecord
    response: HttpResponseRecord | None  # None: no status line came
    t0: float
    t: float
    transaction_id: int
    tags: tuple[str, ...] = ()


class NetworkEvent(Struct, frozen=True, kw_only=True):
    """One operation on a socket (df-008)."""

    operation: str  # connect, read, write, tls_handshake_start, tls_handshake_done, ...
    address: str
    proto: str  # "tcp", "udp", "" where it does not apply
    failure: str | None
    num_bytes: int
    t0: float
    t: float
    transaction_id: int
    tags: tuple[str, ...] = ()


class IcmpRecord(Struct, frozen=True, kw_only=True):
    """An ICMP error that a socket's error queue held: who says that the packets do not arrive."""

    address: str  # where the packet was going
    offender: str  # who sent the ICMP message; "" where unknown, or where it would give the probe away
    type: int
    code: int
    t: float
    transaction_id: int
    tags: tuple[str, ...] = ()


class TcpInfoRecord(Struct, frozen=True, kw_only=True):
    """What the kernel knew of a connection when a read or a write on it failed (`TCP_INFO`)."""

    rtt: float  # seconds
    unacknowledged: int  # segments
    retransmissions: int
    t: float
    transaction_id: int
    tags: tuple[str, ...] = ()
