"""The addresses of names during one measurement: asked for once, and again where there was no answer."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

from wallwatch.net.seam import Endpoint, Net
from wallwatch.net.steps import Steps


class Names:
    """Resolved once and remembered, so that retries go to the same addresses and ask no further questions."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._found: dict[str, list[str]] = {}
        self._first: dict[str, asyncio.Task[list[str]]] = {}

    async def endpoint(self, host: str, port: int, turn: int) -> Endpoint:
        """The address whose turn it is. Raises Failed(..., "resolve").

        First attempts (turn 0) share one question; an attempt after a failed one asks for itself.
        """
        if host not in self._found and turn == 0:
            if host not in self._first:
                self._first[host] = asyncio.create_task(self._ask(host))
            await asyncio.shield(self._first[host])
        addresses = self._found.get(host) or await self._ask(host)
        return Endpoint(addresses[turn % len(addresses)], port)

    async def _ask(self, host: str) -> list[str]:
        self._found[host] = routable(self._steps.net, await self._steps.resolve(host))
        return self._found[host]


def routable(net: Net, addresses: list[str]) -> list[str]:
    """Those that this machine has a route to: no v6 without v6. All of them where nothing would be left."""
    if net.capabilities().ipv6:
        return addresses
    return [address for address in addresses if ip_address(address).version == 4] or addresses
