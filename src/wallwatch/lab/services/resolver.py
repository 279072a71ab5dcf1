"""A DNS resolver with a zone table, over UDP and TCP. It asks nobody: what the table lacks does not exist."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import cast

import msgspec

from wallwatch.lab.services._context import COMMON_MODES, DOWN, ERROR, OK, SILENT, Running, ServiceContext
from wallwatch.lab.services._doors import Client, Door, Doors, open_doors
from wallwatch.wire import dns


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The zone and where to serve it."""

    zone: dict[str, list[str]] = {}  # name, or "*.name" for all names below, -> addresses v4 and v6
    ttl: int = 60  # seconds
    addresses: tuple[str, ...] = ()  # none: the host's own
    port: int = 53


class Resolver:
    """See the module."""

    name = "resolver"
    summary = "A DNS resolver with a zone table, over UDP and TCP"
    options = Options
    modes = COMMON_MODES

    async def serve(self, context: ServiceContext) -> Running:
        """Listen where the options say: on each address UDP, and TCP at the same port."""
        options = msgspec.convert(context.options, Options)
        answer = functools.partial(answer_query, _checked(options.zone), options.ttl)
        return await _Resolving.open(options.addresses or context.addresses, options.port, answer)


SERVICE = Resolver()

_Answer = Callable[[bytes, str], bytes]  # query and mode -> reply; ValueError for what is no query
Zone = Mapping[str, list[str]]


def answer_query(zone: Zone, ttl: int, query: bytes, mode: str = OK) -> bytes:
    """The reply: addresses of the kind asked, or none; NXDOMAIN; in mode "error" SERVFAIL.

    ValueError for what is no query.
    """
    question = dns.parse_question(query)
    if mode == ERROR:
        return dns.build_answer(query, [], ttl, "SERVFAIL")
    known = look_up(zone, question.name)
    if known is None:
        return dns.build_answer(query, [], ttl, "NXDOMAIN")
    version = {"A": 4, "AAAA": 6}.get(question.kind)
    return dns.build_answer(query, [a for a in known if ip_address(a).version == version], ttl)


def look_up(zone: Zone, name: str) -> list[str] | None:
    """The addresses of a name, by its own entry or the wildcard nearest above; None if it does not exist."""
    name = name.lower()
    if name in zone:
        return zone[name]
    parent = name
    while "." in parent:
        parent = parent.partition(".")[2]
        if f"*.{parent}" in zone:
            return zone[f"*.{parent}"]
    if any(entry.endswith(f".{name}") for entry in zone):
        return []  # RFC 8020: a name that has others below it exists
    return None


def _checked(zone: Zone) -> Zone:
    """The zone with names in lower case and without final dots. ValueError for an address that is none."""
    for addresses in zone.values():
        for address in addresses:
            ip_address(address)
    return {name.rstrip(".").lower(): addresses for name, addresses in zone.items()}


class _Resolving:
    """A resolver at work: TCP doors, and a datagram socket beside each."""

    def __init__(self, doors: Doors, answer: _Answer) -> None:
        self._doors = doors
        self._answer = answer
        self._transports: list[asyncio.DatagramTransport] = []

    @classmethod
    async def open(cls, addresses: Sequence[str], port: int, answer: _Answer) -> _Resolving:
        talk = functools.partial(_talk, answer)
        doors = await open_doors([Door(address=a, port=port, talk=talk) for a in addresses], COMMON_MODES)
        resolving = cls(doors, answer)
        try:
            await resolving._open_datagrams()
        except OSError:
            await resolving.close()
            raise
        return resolving

    @property
    def endpoints(self) -> tuple[tuple[str, int], ...]:
        return self._doors.endpoints

    @property
    def mode(self) -> str:
        return self._doors.mode

    async def set_mode(self, mode: str) -> None:
        await self._doors.set_mode(mode)
        if mode == DOWN:
            await self._close_datagrams()
        elif not self._transports:
            await self._open_datagrams()

    async def close(self) -> None:
        await self._close_datagrams()
        await self._doors.close()

    def answer(self, query: bytes) -> bytes | None:
        """The reply to a datagram; None: silence, also towards garbage."""
        if self.mode == SILENT:
            return None
        try:
            return self._answer(query, self.mode)
        except ValueError:
            return None

    async def _open_datagrams(self) -> None:
        loop = asyncio.get_running_loop()
        for endpoint in self.endpoints:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), local_addr=endpoint)
            self._transports.append(transport)

    async def _close_datagrams(self) -> None:
        for transport in self._transports:
            transport.abort()
        self._transports = []
        await asyncio.sleep(0)  # the sockets close in the loop's next turn


class _Datagrams(asyncio.DatagramProtocol):
    """One UDP socket."""

    def __init__(self, resolving: _Resolving) -> None:
        self._resolving = resolving
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str | object, int]) -> None:
        reply = self._resolving.answer(data)
        if reply is not None and self._transport is not None:
            self._transport.sendto(reply, address)


async def _talk(answer: _Answer, client: Client) -> None:
    """DNS over TCP: each message after its 2-byte length (RFC 1035, section 4.2.2)."""
    while True:
        length = int.from_bytes(await client.reader.readexactly(2), "big")
        reply = answer(await client.reader.readexactly(length), client.mode)
        await client.send(len(reply).to_bytes(2, "big") + reply)
