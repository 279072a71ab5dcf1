"""WhatsApp's double, with our own Noise client, Python's TLS, wsproto's client and openssl."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, RejectConnection, Request

from tests.lab.services.material import (
    NOISE_ROOT,
    NOISE_STATIC,
    NOW,
    Caller,
    Material,
    connected,
    open_descriptors,
    public_of,
    shake_hands,
)
from wallwatch.lab.services import Running
from wallwatch.lab.services.whatsapp import SERVICE
from wallwatch.wire import whatsapp
from wallwatch.wire.noise import Initiator

CHAT = {"chat": ["127.0.0.1", "::1"], "chat_ports": [0, 0]}
WEB = {"web": ["127.0.0.1"], "web_port": 0}


async def serve(material: Material, *options: dict[str, object]) -> Running:
    merged: dict[str, object] = {}
    for part in options:
        merged |= part
    return await SERVICE.serve(material.context(merged))


def verified(hello_static: bytes, chain: whatsapp.CertChain) -> None:
    whatsapp.verify_chain(chain, hello_static, public_of(NOISE_ROOT), NOW)


def test_text_on_every_chat_door(material: Material) -> None:
    async def run() -> None:
        running = await serve(material, CHAT)
        assert len(running.endpoints) == 4
        for endpoint in running.endpoints:
            async with connected(endpoint) as caller:
                hello = await shake_hands(caller)
                assert hello.static == public_of(NOISE_STATIC)
                verified(hello.static, hello.certificate_chain)
        await running.close()

    asyncio.run(run())


def test_text_after_a_routing_prefix_byte_by_byte(material: Material) -> None:
    async def run() -> None:
        running = await serve(material, CHAT)
        async with connected(running.endpoints[0]) as caller:
            initiator = Initiator(whatsapp.HEADER, os.urandom(32))
            for byte in b"ED\x00\x01" + whatsapp.frame(b"blob") + initiator.client_hello():
                await caller.ask(bytes((byte,)))
                await asyncio.sleep(0)
            length = int.from_bytes(await caller.reader.readexactly(3), "big")
            hello = initiator.read_server_hello(await caller.reader.readexactly(length))
            verified(hello.static, hello.certificate_chain)
        await running.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("wrong_root", "root did not sign"), ("wrong_static", "another static key"), ("expired", "not valid")],
)
def test_an_impostor_does_not_verify(material: Material, mode: str, reason: str) -> None:
    async def run() -> None:
        running = await serve(material, CHAT)
        await running.set_mode(mode)
        async with connected(running.endpoints[0]) as caller:
            hello = await shake_hands(caller)
        with pytest.raises(whatsapp.ChainRefused, match=reason):
            verified(hello.static, hello.certificate_chain)
        await running.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00",
        b"WA\x06\x03\x00\x00\x03abc",
        b"WA\x09\x03" + Initiator(b"", bytes(32)).client_hello(),  # a version of the future
        b"\xff" * 100_000,
        b"WA\x06\x03\xff\xff\xff" + b"x" * 20_000,
        b"WA\x06\x03" + whatsapp.frame(whatsapp.encode_client_hello(whatsapp.ClientHello(bytes(32)))),  # weak
    ],
)
def test_garbage_earns_the_end_of_the_stream_and_harms_nobody(material: Material, garbage: bytes) -> None:
    async def run() -> None:
        running = await serve(material, CHAT)
        async with connected(running.endpoints[0]) as caller:
            await caller.ask(garbage)
            assert await caller.rest() == b""
        async with connected(running.endpoints[0]) as caller:
            await shake_hands(caller)
        await running.close()

    asyncio.run(run())


def test_registration_answers_any_path(material: Material) -> None:
    async def run() -> None:
        running = await serve(material, WEB)
        async with connected(running.endpoints[0], material.client(), "v.whatsapp.net") as caller:
            for path in ("/", "/v2/exist?cc=0"):
                status, headers, body = await caller.http("GET", path, "v.whatsapp.net")
                assert (status, headers["content-type"]) == (400, "text/json")
                assert b"fail" in body
        await running.close()

    asyncio.run(run())


async def noise_over_websocket(caller: Caller, pieces: int = 1) -> bytes:
    """A client of wsproto's own; returns the first frame that the server sends."""
    socket = WSConnection(ConnectionType.CLIENT)
    await caller.ask(socket.send(Request(host="web.whatsapp.com", target="/ws/chat?ED=x")))
    frames, found = whatsapp.FrameReader(), []
    initiator = Initiator(whatsapp.HEADER, bytes([3]) * 32)
    flight = initiator.client_hello()
    async with asyncio.timeout(10):
        while not found:
            socket.receive_data(await caller.reader.read(65536) or None)
            for event in socket.events():
                assert not isinstance(event, (RejectConnection, CloseConnection)), event
                if isinstance(event, AcceptConnection):
                    size = -(-len(flight) // pieces)
                    for start in range(0, len(flight), size):
                        await caller.ask(socket.send(BytesMessage(data=flight[start : start + size])))
                if isinstance(event, BytesMessage):
                    found += frames.feed(bytes(event.data))
    hello = initiator.read_server_hello(found[0])
    verified(hello.static, hello.certificate_chain)
    return found[0]


@pytest.mark.parametrize("pieces", [1, 3])
def test_web_is_the_same_noise_in_a_websocket(material: Material, pieces: int) -> None:
    async def run() -> None:
        running = await serve(material, WEB)
        async with connected(running.endpoints[0], material.client(), "web.whatsapp.com") as caller:
            assert await noise_over_websocket(caller, pieces)
        async with connected(running.endpoints[0], material.client(), "web.whatsapp.com") as caller:
            status, _, body = await caller.http("GET", "/", "web.whatsapp.com")
            assert (status, b"WhatsApp Web" in body) == (200, True)
            assert (await caller.http("GET", "/ws/chat", "web.whatsapp.com"))[0] == 400
        await running.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "request_lines",
    [
        "GET /ws/chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",  # no key
        "\x00\x01\x02 HTTP\r\n\r\n",
    ],
)
def test_bad_http_is_answered_400(material: Material, request_lines: str) -> None:
    async def run() -> None:
        running = await serve(material, WEB)
        async with connected(running.endpoints[0], material.client(), "web.whatsapp.com") as caller:
            await caller.ask(request_lines.encode())
            assert (await caller.rest()).startswith(b"HTTP/1.1 400 ")
        await running.close()

    asyncio.run(run())


def test_websocket_garbage_ends_the_connection(material: Material) -> None:
    async def run() -> None:
        running = await serve(material, WEB)
        for first in (b"\xff" * 64, b"\x82\x84abcd" + b"\x00" * 4):  # no frame; a frame, but no hello
            async with connected(running.endpoints[0], material.client(), "web.whatsapp.com") as caller:
                socket = WSConnection(ConnectionType.CLIENT)
                await caller.ask(socket.send(Request(host="web.whatsapp.com", target="/ws/chat")))
                assert b" 101 " in await caller.reader.readuntil(b"\r\n\r\n")
                await caller.ask(first)
                await caller.rest()
        async with connected(running.endpoints[0], material.client(), "web.whatsapp.com") as caller:
            await noise_over_websocket(caller)
        await running.close()

    asyncio.run(run())


def test_error_mode_works_up_to_the_service(material: Material) -> None:
    async def run() -> None:
        running = await serve(material, CHAT, WEB)
        await running.set_mode("error")
        async with connected(running.endpoints[-1], material.client(), "v.whatsapp.net") as caller:
            assert (await caller.http("GET", "/", "v.whatsapp.net"))[0] == 503
        async with connected(running.endpoints[0]) as caller:
            await caller.ask(Initiator(whatsapp.HEADER, bytes(32)).client_hello())
            assert await caller.rest() == b""
        await running.close()

    asyncio.run(run())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")
def test_openssl_verifies_the_chain_and_gets_an_answer(material: Material) -> None:
    async def run() -> None:
        running = await serve(material, WEB)
        address, port = running.endpoints[0]
        command = f"openssl s_client -connect {address}:{port} -servername v.whatsapp.net -quiet".split()
        command += (
            f"-verify_return_error -verify_hostname v.whatsapp.net -CAfile {material.authority}".split()
        )
        request = b"GET / HTTP/1.1\r\nHost: v.whatsapp.net\r\nConnection: close\r\n\r\n"
        done = await asyncio.to_thread(
            subprocess.run, command, input=request, capture_output=True, timeout=20, check=False
        )
        assert done.stdout.startswith(b"HTTP/1.1 400 "), done.stderr
        await running.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chat": ["127.0.0.1"], "typo": 1},
        {"chat": "127.0.0.1"},
        {"chat": ["127.0.0.1"], "chat_ports": ["x"]},
    ],
)
def test_wrong_options_are_refused(material: Material, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        asyncio.run(serve(material, options))


def test_nothing_is_left_open(material: Material) -> None:
    async def run() -> None:
        running = await serve(material, CHAT, WEB)
        for mode in (*SERVICE.modes, "ok"):
            await running.set_mode(mode)
            if mode == "down":
                continue
            reader, writer = await asyncio.open_connection(*running.endpoints[0])
            writer.write(b"WA")
            await writer.drain()
            del reader
            writer.transport.abort()
        await running.close()
        await running.close()

    asyncio.run(run())  # whatever a first run of asyncio and ssl keeps
    before = open_descriptors()
    asyncio.run(run())
    assert open_descriptors() == before
