"""The control's server over loopback: answers, limits, refusals."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import msgspec
import pytest

from wallwatch.control.api import Response
from wallwatch.control.server import LARGEST_BODY, Server
from wallwatch.net.clock import SystemClock
from wallwatch.net.http_client import HttpStatusError, get_json, post_json
from wallwatch.net.real import RealNet
from wallwatch.net.seam import Endpoint
from wallwatch.refusal import Refusal

LOOPBACK = "127.0.0.1"


class Echo:
    """Stands in for the API: says what it was asked."""

    async def answer(self, method: str, path: str, body: bytes) -> Response:
        if path == "/breaks":
            raise RuntimeError("a bug")
        said = {"method": method, "path": path, "length": len(body)}
        return Response(status=200 if method == "GET" else 403, body=msgspec.json.encode(said))


def with_server(work: Callable[[RealNet, str], Awaitable[None]]) -> None:
    async def go() -> None:
        server = Server(Echo())  # type: ignore[arg-type]
        port = await server.listen(Endpoint(LOOPBACK, 0))
        try:
            await work(RealNet(SystemClock()), f"http://{LOOPBACK}:{port}")
        finally:
            await server.close()

    asyncio.run(go())


def test_a_request_and_a_refusal() -> None:
    async def work(net: RealNet, url: str) -> None:
        assert await get_json(net, url + "/v1/twins", timeout=5) == {
            "method": "GET",
            "path": "/v1/twins",
            "length": 0,
        }
        with pytest.raises(HttpStatusError) as refused:
            await post_json(net, url + "/v1/measure", {"a": 1}, timeout=5)
        assert refused.value.status == 403

    with_server(work)


def test_a_body_that_is_too_large_is_not_read() -> None:
    async def work(net: RealNet, url: str) -> None:
        with pytest.raises(HttpStatusError) as refused:
            await post_json(net, url + "/v1/measure", b"x" * (LARGEST_BODY + 1), timeout=5)
        assert refused.value.status == 413

    with_server(work)


@pytest.mark.parametrize(
    "sent", [b"", b"\x16\x03\x01 no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\nx: " + b"y" * 40000]
)
def test_what_is_no_request_ends_the_connection_and_nothing_else(sent: bytes) -> None:
    async def work(net: RealNet, url: str) -> None:
        port = int(url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(sent)
        writer.write_eof()
        with suppress(ConnectionError):  # closed with our bytes unread: a RST
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        assert (await get_json(net, url + "/", timeout=5))["path"] == "/"

    with_server(work)


def test_a_bug_in_one_answer_ends_that_connection_only(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(net: RealNet, url: str) -> None:
        with pytest.raises(Exception, match=r"eof_error|connection_reset"):
            await get_json(net, url + "/breaks", timeout=5)
        assert (await get_json(net, url + "/", timeout=5))["path"] == "/"

    with_server(work)
    assert "RuntimeError" in capsys.readouterr().err


def test_a_taken_port_is_a_refusal_that_names_it() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        async def go() -> None:
            await Server(Echo()).listen(Endpoint(LOOPBACK, port))  # type: ignore[arg-type]

        with pytest.raises(Refusal, match=f"{LOOPBACK}:{port}"):
            asyncio.run(go())
