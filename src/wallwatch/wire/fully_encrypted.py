"""The Great Firewall's rule for "fully encrypted" traffic, as its researchers stated it.

"How the Great Firewall of China Detects and Blocks Fully Encrypted Traffic", USENIX Security 2023, and its
artefact. It is a model: the authors saw the blocking stop in March 2023. It looks at a connection's first TCP
payload and nothing else.
"""

from __future__ import annotations

FEWEST_BITS_PER_BYTE = 3.4  # Ex1: at most this, or
MOST_BITS_PER_BYTE = 4.6  # at least this, is exempt
PRINTABLE_PREFIX = 6  # Ex2
PRINTABLE_SHARE = 0.5  # Ex3: more than
PRINTABLE_RUN = 20  # Ex4: more than
_HTTP_PREFIXES = (b"GET ", b"PUT ", b"POST", b"HEAD")  # Ex5
_NEWEST_TLS_MINOR = 0x09  # Ex5; the paper's bound, its code allows 0x0f

_PRINTABLE = frozenset(range(0x20, 0x7F))


def is_fully_encrypted(payload: bytes) -> bool:
    """Whether the rule would call this first payload fully encrypted: none of its five exemptions holds.

    An empty payload is no payload: False.
    """
    return bool(payload) and not (
        has_exempt_popcount(payload)
        or _opens_printable(payload)
        or _is_mostly_printable(payload)
        or _has_printable_run(payload)
        or _opens_as_tls_or_http(payload)
    )


def bits_per_byte(payload: bytes) -> float:
    """The mean number of one bits in a byte, 0.0 to 8.0; about 4.0 for random bytes. ValueError if empty."""
    if not payload:
        raise ValueError("no bytes, no mean")
    return int.from_bytes(payload, "big").bit_count() / len(payload)


def has_exempt_popcount(payload: bytes) -> bool:
    """Ex1: too few or too many one bits to be ciphertext."""
    return not FEWEST_BITS_PER_BYTE < bits_per_byte(payload) < MOST_BITS_PER_BYTE


def _opens_printable(payload: bytes) -> bool:
    return len(payload) >= PRINTABLE_PREFIX and _PRINTABLE.issuperset(payload[:PRINTABLE_PREFIX])


def _is_mostly_printable(payload: bytes) -> bool:
    return sum(byte in _PRINTABLE for byte in payload) > PRINTABLE_SHARE * len(payload)


def _has_printable_run(payload: bytes) -> bool:
    run = 0
    for byte in payload:
        run = run + 1 if byte in _PRINTABLE else 0
        if run > PRINTABLE_RUN:
            return True
    return False


def _opens_as_tls_or_http(payload: bytes) -> bool:
    if payload.startswith(_HTTP_PREFIXES):
        return True
    return (
        len(payload) >= 3
        and payload[0] in (0x16, 0x17)
        and payload[1] == 3
        and payload[2] <= _NEWEST_TLS_MINOR
    )
