"""The resolver's double, asked by dnspython over UDP and TCP."""

from __future__ import annotations

import asyncio

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.lab.services.material import Material, open_descriptors
from wallwatch.lab.services.resolver import SERVICE, look_up

ZONE = {
    "g.whatsapp.net": ["31.13.94.37", "2a03:2880:f2::1"],
    "v4only.example": ["192.0.2.1"],
    "*.cdn.example": ["192.0.2.2"],
    "Upper.Example.": ["192.0.2.3"],
    "a.deep.name.example": ["192.0.2.4"],
}
OPTIONS = {"zone": ZONE, "port": 0, "ttl": 99}


def ask(endpoint: tuple[str, int], name: str, kind: str = "A", *, tcp: bool = False) -> tuple[str, list[str]]:
    """Response code and data, by a client that is not ours."""
    query = dns.message.make_query(name, kind, use_edns=True)
    exchange = dns.query.tcp if tcp else dns.query.udp
    reply = exchange(query, endpoint[0], port=endpoint[1], timeout=0.5)  # checks id and question
    return dns.rcode.to_text(reply.rcode()), [data.to_text() for rrset in reply.answer for data in rrset]


@pytest.mark.parametrize("tcp", [False, True])
def test_answers(material: Material, tcp: bool) -> None:
    expected = {
        ("g.whatsapp.net", "A"): ("NOERROR", ["31.13.94.37"]),
        ("G.WhatsApp.net", "AAAA"): ("NOERROR", ["2a03:2880:f2::1"]),
        ("v4only.example", "AAAA"): ("NOERROR", []),
        ("v4only.example", "HTTPS"): ("NOERROR", []),
        ("x.y.cdn.example", "A"): ("NOERROR", ["192.0.2.2"]),
        ("upper.example", "A"): ("NOERROR", ["192.0.2.3"]),
        ("deep.name.example", "A"): ("NOERROR", []),
        ("no.such.name", "A"): ("NXDOMAIN", []),
    }

    async def run() -> None:
        running = await SERVICE.serve(material.context(OPTIONS))
        for (name, kind), answer in expected.items():
            assert await asyncio.to_thread(ask, running.endpoints[0], name, kind, tcp=tcp) == answer
        await running.close()

    asyncio.run(run())


def test_a_resolver_as_programs_use_it(material: Material) -> None:
    from dns.resolver import NXDOMAIN, Resolver

    async def run() -> None:
        running = await SERVICE.serve(material.context(OPTIONS))
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], running.endpoints[0][1]
        answer = await asyncio.to_thread(resolver.resolve, "g.whatsapp.net", "A")
        assert (answer[0].to_text(), answer.rrset.ttl) == ("31.13.94.37", 99)
        with pytest.raises(NXDOMAIN):
            await asyncio.to_thread(resolver.resolve, "no.such.name", "A")
        await running.close()

    asyncio.run(run())


def test_modes(material: Material) -> None:
    async def run() -> None:
        running = await SERVICE.serve(material.context(OPTIONS))
        endpoint = running.endpoints[0]
        await running.set_mode("error")
        assert await asyncio.to_thread(ask, endpoint, "g.whatsapp.net") == ("SERVFAIL", [])
        await running.set_mode("silent")
        with pytest.raises(dns.exception.Timeout):
            await asyncio.to_thread(ask, endpoint, "g.whatsapp.net")
        await running.set_mode("down")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.to_thread(ask, endpoint, "g.whatsapp.net", tcp=True)
        reader, writer = await connected_datagrams(endpoint)
        writer.send(b"x")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.wait_for(reader, 2)
        await running.set_mode("ok")
        assert running.endpoints[0] == endpoint
        assert (await asyncio.to_thread(ask, endpoint, "g.whatsapp.net"))[0] == "NOERROR"
        with pytest.raises(ValueError, match="known: ok"):
            await running.set_mode("reset")
        await running.close()

    asyncio.run(run())


async def connected_datagrams(endpoint: tuple[str, int]) -> tuple[asyncio.Future[bytes], object]:
    """(what comes back first: a datagram or the ICMP error, a socket to send with)."""
    import socket

    loop = asyncio.get_running_loop()
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setblocking(False)
    sender.connect(endpoint)

    async def first() -> bytes:
        with sender:
            return await loop.sock_recv(sender, 100)

    return asyncio.ensure_future(first()), sender


def test_garbage_is_ignored_and_nothing_is_left_open(material: Material) -> None:
    async def run() -> None:
        running = await SERVICE.serve(material.context(OPTIONS))
        endpoint = running.endpoints[0]
        future, sender = await connected_datagrams(endpoint)
        for garbage in (b"", b"\x00" * 12, b"WA\x06\x03", b"\xff" * 500):
            sender.send(garbage)
        reader, writer = await asyncio.open_connection(*endpoint)
        writer.write(b"\x00\x05hello")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
        assert (await asyncio.to_thread(ask, endpoint, "g.whatsapp.net"))[0] == "NOERROR"
        assert not future.done()
        future.cancel()
        await asyncio.gather(future, return_exceptions=True)
        await running.close()

    asyncio.run(run())
    before = open_descriptors()
    asyncio.run(run())
    assert open_descriptors() == before


@pytest.mark.parametrize(
    "options", [{"zone": {"a": ["not an address"]}}, {"zone": {"a": "192.0.2.1"}}, {"zon": {}}]
)
def test_wrong_options_are_refused(material: Material, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        asyncio.run(SERVICE.serve(material.context(options)))


def test_the_nearest_wildcard_wins_and_does_not_cover_its_own_name() -> None:
    zone = {"*.example": ["192.0.2.1"], "*.b.example": ["192.0.2.2"]}
    assert look_up(zone, "a.b.example") == ["192.0.2.2"]
    assert look_up(zone, "a.c.example") == ["192.0.2.1"]
    assert look_up(zone, "example") == []
    assert look_up(zone, "other") is None
