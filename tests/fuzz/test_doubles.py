"""Garbage against every door of every double: they go on answering, log no bug and keep nothing open."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from contextlib import suppress

import pytest

from tests.fuzz import seeds
from tests.lab.services.conftest import material  # noqa: F401 - the fixture
from tests.lab.services.material import Material, connected, open_descriptors, shake_hands
from tests.lab.services.test_resolver import ask
from wallwatch.lab.services import resolver, website, whatsapp, whatsapp_media
from wallwatch.wire.noise import Initiator
from wallwatch.wire.whatsapp import HEADER

_CONNECTIONS = 150  # for each door
_HTTP = [
    b"GET / HTTP/1.1\r\nHost: weibo.com\r\nRange: bytes=0-99\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: weibo.com\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    (
        b"GET /ws/chat HTTP/1.1\r\nHost: web.whatsapp.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ),
]
_CLOSE_FRAME = b"\x88\x80abcd"


def _unmasked_frame(payload: bytes) -> bytes:
    """A binary WebSocket message under an all-zero mask."""
    return b"\x82" + bytes((0x80 | len(payload),)) + bytes(4) + payload


def _garbage(chance: random.Random, good: list[bytes]) -> bytes:
    data = bytearray(b"".join(chance.choices(good, k=chance.randint(1, 2))))
    for _ in range(chance.randint(0, 3)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(4)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at:at] = chance.randbytes(chance.randrange(9))
        elif kind == 2:
            del data[at : at + chance.randrange(1, 9)]
        elif data:
            data[at % len(data)] = chance.randrange(256)
    return bytes(data)


async def _throw(endpoint: tuple[str, int], data: bytes, tls: ssl.SSLContext | None, *, wait: bool) -> None:
    name = "web.whatsapp.com" if tls else None
    with suppress(OSError, asyncio.IncompleteReadError):
        async with connected(endpoint, tls, name) as caller:
            await caller.ask(data)
            if wait:
                with suppress(TimeoutError):
                    await asyncio.wait_for(caller.reader.read(100), 0.02)


async def _bombard(
    endpoint: tuple[str, int], tls: ssl.SSLContext | None, chance: random.Random, good: list[bytes]
) -> None:
    for number in range(_CONNECTIONS):
        encrypted = tls if number % 2 else None
        await _throw(endpoint, _garbage(chance, good), encrypted, wait=number % 5 == 0)


def _good() -> list[bytes]:
    flight = Initiator(HEADER, bytes([1]) * 32).client_hello()
    return [*seeds.made(), *_HTTP, _HTTP[3] + _unmasked_frame(flight) + _CLOSE_FRAME, _HTTP[3] + b"\xff" * 30]


async def _serve_and_bombard(paths: Material) -> None:
    chance = random.Random(20170920)
    web = {"web": ["127.0.0.1"], "web_port": 0, "chat": ["127.0.0.1"], "chat_ports": [0]}
    site = {"tls_ports": [0], "plain_ports": [0]}
    zone = {"zone": {"g.whatsapp.net": ["192.0.2.1"]}, "port": 0}
    doubles = [
        await whatsapp.SERVICE.serve(paths.context(web)),
        await whatsapp_media.SERVICE.serve(paths.context({"port": 0})),
        await website.SERVICE.serve(paths.context(site)),
        await resolver.SERVICE.serve(paths.context(zone)),
    ]
    plain = {doubles[0].endpoints[0], doubles[2].endpoints[0], doubles[3].endpoints[0]}
    good = _good()
    for endpoint in [endpoint for running in doubles for endpoint in running.endpoints]:
        await _bombard(endpoint, None if endpoint in plain else paths.client(), chance, good)
    async with connected(doubles[0].endpoints[0]) as caller:
        await shake_hands(caller)
    for running, name in (
        (doubles[0], "web.whatsapp.com"),
        (doubles[1], "mmg.whatsapp.net"),
        (doubles[2], "weibo.com"),
    ):
        async with connected(running.endpoints[-1], paths.client(), name) as caller:
            assert (await caller.http("GET", "/", name))[0] == 200
    assert await asyncio.to_thread(ask, doubles[3].endpoints[0], "g.whatsapp.net") == (
        "NOERROR",
        ["192.0.2.1"],
    )
    for running in doubles:
        await running.close()


def test_doubles_survive_garbage(material: Material, caplog: pytest.LogCaptureFixture) -> None:  # noqa: F811
    before = open_descriptors()
    with caplog.at_level(logging.ERROR):
        asyncio.run(_serve_and_bombard(material))
    assert not caplog.records
    assert open_descriptors() == before
