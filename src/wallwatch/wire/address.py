"""Packed IP addresses to text and back. `socket.inet_ntop` would do; this room imports no socket."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address


@lru_cache(maxsize=4096)
def address_text(packed: bytes) -> str:
    """4 or 16 bytes to the usual text. Remembered, since a router sees the same few addresses all day."""
    if len(packed) == 4:
        return ".".join(map(str, packed))
    if len(packed) == 16:
        return str(IPv6Address(packed))
    raise ValueError(f"an address has 4 or 16 bytes, not {len(packed)}")


@lru_cache(maxsize=4096)
def packed_address(text: str) -> bytes:
    """The 4 or 16 bytes of an address literal without brackets or zone. ValueError if it is none."""
    if "%" in text:
        raise ValueError("an address with a zone has no packed form")
    return ip_address(text).packed
