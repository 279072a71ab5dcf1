"""Whose packets a rule is about: clients' networks, servers' ports, and names with wildcards."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network


class Networks:
    """Addresses inside any of some networks; none listed means every address."""

    def __init__(self, networks: Iterable[str]) -> None:
        """`networks`: CIDR or single addresses, v4 and v6. Raises ValueError naming what is neither."""
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(text) for text in networks]
        self._known: dict[
            str, bool
        ] = {}  # parsing an address costs more than all the rest of a censor's look

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return True
        if address not in self._known:
            parsed = ip_address(address)
            self._known[address] = any(parsed in network for network in self._networks)
        return self._known[address]


class Names:
    """Host names by pattern: `a.example` is that name, `*.a.example` those under it, `*a*` any that hold it.

    The GFW's rules come in these three forms (Hoang et al., GFWatch, USENIX Security 2021).
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = tuple(pattern.lower().rstrip(".") for pattern in patterns)

    def matching(self, name: str) -> str | None:
        """The first pattern that the name fits, or None."""
        lowered = name.lower().rstrip(".")
        return next((pattern for pattern in self._patterns if fnmatchcase(lowered, pattern)), None)
