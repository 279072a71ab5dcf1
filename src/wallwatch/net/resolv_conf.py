"""Read /etc/resolv.conf (resolv.conf(5)) for the resolvers' addresses. Nothing else of it is used."""

from __future__ import annotations

from ipaddress import ip_address


def nameservers(text: str) -> list[str]:
    """The addresses of the `nameserver` lines, in order, without doubles; what is no address is left out."""
    found: dict[str, None] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver" and _is_address(words[1]):
            found[words[1]] = None
    return list(found)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
