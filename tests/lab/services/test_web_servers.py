"""The media server and the web site, and the modes every TCP double has."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from tests.lab.services.material import Material, connected
from wallwatch.lab.services import website, whatsapp_media
from wallwatch.lab.services.whatsapp_media import OBJECT_LENGTH, media_object

MEDIA = {"port": 0}
SITE = {"tls_ports": [0], "plain_ports": [0], "title": "Weibo <double>"}
HOST = "mmg.whatsapp.net"


def test_media_whole_and_in_ranges(material: Material) -> None:
    content = media_object(5, "/d/f/object.enc")

    async def run() -> None:
        running = await whatsapp_media.SERVICE.serve(material.context(MEDIA))
        async with connected(running.endpoints[0], material.client(), HOST) as caller:
            status, headers, body = await caller.http("GET", "/d/f/object.enc?auth=1", HOST)
            assert (status, body, headers["accept-ranges"]) == (200, content, "bytes")
            for wanted, first, last in (
                ("bytes=0-65535", 0, 65535),
                ("bytes=1000-", 1000, OBJECT_LENGTH - 1),
                ("bytes=-10", OBJECT_LENGTH - 10, OBJECT_LENGTH - 1),
                ("bytes=5-99999999", 5, OBJECT_LENGTH - 1),
            ):
                status, headers, body = await caller.http("GET", "/d/f/object.enc", HOST, f"Range: {wanted}")
                assert (status, body) == (206, content[first : last + 1])
                assert headers["content-range"] == f"bytes {first}-{last}/{OBJECT_LENGTH}"
            for odd in ("bytes=-", "lines=1-2", "bytes=9-3", "bytes=0-1,4-5"):
                assert (await caller.http("GET", "/d/f/object.enc", HOST, f"Range: {odd}"))[0] == 200
            status, headers, _ = await caller.http("GET", "/", HOST, f"Range: bytes={OBJECT_LENGTH}-")
            assert (status, headers["content-range"]) == (416, f"bytes */{OBJECT_LENGTH}")
            status, headers, body = await caller.http("HEAD", "/d/f/object.enc", HOST)
            assert (status, headers["content-length"], body) == (200, str(OBJECT_LENGTH), b"")
            assert (await caller.http("DELETE", "/", HOST))[0] == 405
        await running.close()

    asyncio.run(run())


def test_media_follows_from_seed_and_path() -> None:
    assert len({media_object(seed, path) for seed in (1, 2) for path in ("/a", "/b")}) == 4
    assert media_object(1, "/a") == media_object(1, "/a")
    assert len(media_object(1, "/a")) == OBJECT_LENGTH


def test_a_web_site_over_tls_and_plain(material: Material) -> None:
    async def run() -> None:
        running = await website.SERVICE.serve(material.context(SITE))
        plain, tls = running.endpoints
        async with connected(plain) as caller:
            status, _, body = await caller.http("GET", "/any/path", "weibo.com")
        assert (status, b"Weibo &lt;double&gt;" in body) == (200, True)
        async with connected(tls, material.client(), "weibo.com") as caller:
            assert (await caller.http("POST", "/", "weibo.com", "Content-Length: 0"))[0] == 405
            assert (await caller.http("GET", "/", "weibo.com"))[2] == body
        await running.close()

    asyncio.run(run())


def test_a_client_that_speaks_no_tls_harms_nobody(material: Material) -> None:
    async def run() -> None:
        running = await website.SERVICE.serve(material.context(SITE))
        tls = running.endpoints[1]
        for garbage in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\x00" * 5000):
            async with connected(tls) as caller:
                await caller.ask(garbage)
        async with connected(tls, material.client(), "weibo.com") as caller:
            assert (await caller.http("GET", "/", "weibo.com"))[0] == 200
        await running.close()

    asyncio.run(run())


def test_modes_of_a_tcp_double(material: Material) -> None:
    async def run() -> None:
        running = await website.SERVICE.serve(material.context(SITE))
        plain, tls = running.endpoints

        await running.set_mode("down")
        for endpoint in (plain, tls):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(*endpoint)

        await running.set_mode("silent")
        assert running.mode == "silent"
        for endpoint in (plain, tls):
            async with connected(endpoint) as caller:
                await caller.ask(b"\x16\x03\x01 or anything")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(caller.reader.read(1), 0.1)

        await running.set_mode("reset")
        async with connected(plain) as caller:
            await caller.ask(b"GET / HTTP/1.1\r\n")
            with pytest.raises(ConnectionResetError):
                await caller.rest()

        await running.set_mode("error")
        async with connected(tls, material.client(), "weibo.com") as caller:
            assert (await caller.http("GET", "/", "weibo.com"))[0] == 503

        await running.set_mode("ok")
        assert running.endpoints == (plain, tls)
        async with connected(plain) as caller:
            assert (await caller.http("GET", "/", "weibo.com"))[0] == 200
        with pytest.raises(ValueError, match="known: ok, down, silent"):
            await running.set_mode("sideways")
        await running.close()

    asyncio.run(run())


def test_going_down_resets_open_connections(material: Material) -> None:
    async def run() -> None:
        running = await website.SERVICE.serve(material.context(SITE))
        async with connected(running.endpoints[0]) as caller:
            await caller.http("GET", "/", "weibo.com")
            await running.set_mode("down")
            with pytest.raises(ConnectionResetError):
                await caller.rest()
        await running.close()

    asyncio.run(run())


def test_a_taken_port_is_named_and_nothing_stays_open(material: Material) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = {"tls_ports": [0], "plain_ports": [0, taken.getsockname()[1]]}
        with pytest.raises(OSError, match="cannot listen on") as refusal:
            asyncio.run(website.SERVICE.serve(material.context(options)))
    assert refusal.value.errno == errno.EADDRINUSE


def test_a_host_without_a_certificate_says_so() -> None:
    context = Material("", "", "").context(SITE)
    with pytest.raises(ValueError, match="no certificate"):
        asyncio.run(website.SERVICE.serve(context))


def test_many_clients_at_once(material: Material) -> None:
    async def one(endpoint: tuple[str, int]) -> int:
        async with connected(endpoint, material.client(), HOST) as caller:
            return len((await caller.http("GET", "/x", HOST, "Range: bytes=0-32767"))[2])

    async def run() -> None:
        running = await whatsapp_media.SERVICE.serve(material.context(MEDIA))
        assert set(await asyncio.gather(*(one(running.endpoints[0]) for _ in range(40)))) == {32768}
        await running.close()

    asyncio.run(run())
