"""First bytes by which well-known protocols are recognised, so that innocent bytes can avoid all of them.

Not a classifier: it errs towards "known", and says nothing about which protocol it was.
"""

from __future__ import annotations

_PREFIXES = (
    b"W",  # WhatsApp; one byte, so that nobody even waits for the second
    b"E",  # WhatsApp's routing prefix
    b"\x14",  # TLS, DTLS and WeChat's mmtls: the record types
    b"\x15",
    b"\x16",
    b"\x17",
    b"\x19",
    b"\x80",  # SSLv2's hello; RTP
    b"\x13Bit",  # BitTorrent
    b"\xef",  # MTProto abridged
    b"\xee\xee\xee\xee",  # MTProto intermediate
    b"\xdd\xdd\xdd\xdd",  # MTProto padded
    b"\x00\x01\x00\x00",  # KakaoTalk's secure layer; a STUN request
    b"\x05\x01",  # SOCKS 5
    b"\x05\x02",
    b"\x04\x01",  # SOCKS 4
    b"\x03\x00",  # RDP
    b"\x10",  # MQTT CONNECT
    b"\x00\x0e\x38",  # OpenVPN over TCP
    b"\xffSMB",
    b"\xfeSMB",
    b"SSH-",
    b"PRI ",
    b"GET ",
    b"PUT ",
    b"POST",
    b"HEAD",
    b"OPTI",
    b"CONN",
    b"<",
    b"\x00",  # Length prefixes of two or four bytes: LOCO, Viber, DNS over TCP, OpenVPN ...
    b"\x01",
    b"\xc0\x00\x00\x00\x01",  # QUIC version 1
)
_STUN_COOKIE = b"\x21\x12\xa4\x42"
_OPENVPN_RESETS = frozenset((0x38, 0x40, 0x50))


def has_known_magic(payload: bytes) -> bool:
    """Whether the payload begins like a protocol that middleboxes are known to recognise."""
    return (
        payload.startswith(_PREFIXES)
        or payload[4:8] == _STUN_COOKIE
        or _is_length_prefixed(payload)
        or (len(payload) > 2 and payload[2] in _OPENVPN_RESETS)
    )


def _is_length_prefixed(payload: bytes) -> bool:
    """A 2- or 4-byte length, either byte order, that fits this very payload."""
    lengths = {len(payload), len(payload) - 2, len(payload) - 4}
    return any(
        int.from_bytes(payload[:size], order) in lengths for size in (2, 4) for order in ("big", "little")
    )
