"""OONI's failure strings (spec df-007). A failure is one of these, or None for success."""

from __future__ import annotations

CONNECTION_REFUSED = "connection_refused"
CONNECTION_RESET = "connection_reset"
CONNECTION_ABORTED = "connection_aborted"
CONNECTION_ALREADY_CLOSED = "connection_already_closed"
EOF = "eof_error"
TIMEOUT = "generic_timeout_error"
HOST_UNREACHABLE = "host_unreachable"
NETWORK_UNREACHABLE = "network_unreachable"
NETWORK_DOWN = "network_down"
ADDRESS_NOT_AVAILABLE = "address_not_available"
INTERRUPTED = "interrupted"
DNS_NXDOMAIN = "dns_nxdomain_error"
DNS_NO_ANSWER = "dns_no_answer"
DNS_REFUSED = "dns_refused_error"
DNS_SERVFAIL = "dns_server_misbehaving"
DNS_BOGON = "dns_bogon_error"
DNS_TEMPORARY = "dns_temporary_failure"
DNS_INVALID_REPLY = "dns_reply_with_wrong_query_id"
SSL_INVALID_HOSTNAME = "ssl_invalid_hostname"
SSL_UNKNOWN_AUTHORITY = "ssl_unknown_authority"
SSL_INVALID_CERTIFICATE = "ssl_invalid_certificate"
SSL_FAILED_HANDSHAKE = "ssl_failed_handshake"
QUIC_INCOMPATIBLE_VERSION = "quic_incompatible_version"
UNKNOWN_PREFIX = "unknown_failure: "

KNOWN = frozenset(
    value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, str) and value != UNKNOWN_PREFIX
)


def is_known(failure: str) -> bool:
    """Whether the string is one of df-007's names (and not a wrapped unknown)."""
    return failure in KNOWN
