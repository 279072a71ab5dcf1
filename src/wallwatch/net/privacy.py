"""Which addresses would give the probe away: its own, and what sits in its own IPv6 household network."""

from __future__ import annotations

from ipaddress import IPv6Network, ip_address

HOUSEHOLD_PREFIX = 48  # bits; the largest network that providers give to one customer (RFC 6177)


def gives_away(address: str, local: str | None) -> bool:
    """Whether to leave an address out of the records, for a probe at `local`.

    `local` None: not known; then every public v6 address might be the household's.
    """
    given = ip_address(_bare(address))
    if local is None:
        return given.version == 6 and given.is_global
    own = ip_address(_bare(local))
    if given == own:
        return not own.is_loopback
    if given.version == 4 or own.version == 4 or not own.is_global:
        return False
    return given in IPv6Network((own, HOUSEHOLD_PREFIX), strict=False)


def _bare(address: str) -> str:
    """Without the zone of a link-local address."""
    return address.partition("%")[0]
