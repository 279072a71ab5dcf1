"""Addresses, ports and endpoints as the records write them: a value, or None where it is none."""

from __future__ import annotations

import ipaddress
from typing import Any

LARGEST_PORT = 65535


def address_or_none(value: Any) -> str | None:
    """An IPv4 or IPv6 literal in its canonical form."""
    if not isinstance(value, str):
        return None
    try:
        return str(ipaddress.ip_address(value.strip("[]")))
    except ValueError:
        return None


def port_or_none(value: Any) -> int | None:
    """A port as a number or as digits."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 5:
        value = int(value)
    return value if type(value) is int and 0 < value <= LARGEST_PORT else None


def endpoint_of(value: Any) -> tuple[str | None, int | None]:
    """`1.2.3.4:443` or `[2001:db8::1]:443` -> address and port; (None, None) for anything else."""
    if not isinstance(value, str):
        return None, None
    host, _, port = value.rpartition(":")
    address, number = address_or_none(host), port_or_none(port)
    return (address, number) if address is not None and number is not None else (None, None)


def endpoint_text(address: str, port: int) -> str:
    """The other way round."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def is_bogon(address: str) -> bool:
    """Whether no server on the public internet can have it (RFC 6890): private, loopback, unspecified ..."""
    parsed = ipaddress.ip_address(address)
    return not parsed.is_global or parsed.is_multicast


def is_local_refusal(address: str) -> bool:
    """Whether a filter on the device or at home (ad blockers) answers so too: loopback, unspecified."""
    parsed = ipaddress.ip_address(address)
    return parsed.is_loopback or parsed.is_unspecified


def same_site(host: str | None, other: str | None) -> bool:
    """Whether one name is the other or lies under it, `www.` apart."""
    if not host or not other:
        return False
    one, two = (name.lower().rstrip(".").removeprefix("www.") for name in (host, other))
    return one == two or one.endswith(f".{two}") or two.endswith(f".{one}")
