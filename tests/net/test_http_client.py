"""The JSON client for control and collector, over a scripted network."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from msgspec import Struct

from tests.fakes import Authority, FakeNet, FarEnd, run, serve_tls
from wallwatch.net.failed import Failed
from wallwatch.net.http_client import HttpStatusError, get_json, parse_url, post_json
from wallwatch.net.seam import Endpoint

ADDRESS = "203.0.113.7"
AUTHORITY = Authority()


class Thing(Struct):
    """Something to post."""

    name: str


def server(answer: Callable[[bytes, bytes], tuple[int, bytes]]) -> Callable:
    """A handler that answers (head, body) with (status, body)."""

    async def serve(far: FarEnd) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            received += await far.receive()
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            (int(h[15:]) for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += await far.receive()
        status, reply = answer(head, body)
        await far.send(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(reply)) + reply)

    return serve


def tell(head: bytes, body: bytes) -> tuple[int, bytes]:
    """Answer with what was asked."""
    line = head.split(b"\r\n")[0].decode()
    host = next(h for h in head.decode().split("\r\n") if h.startswith("Host:"))
    return 200, json.dumps({"line": line, "host": host, "body": body.decode()}).encode()


def test_get() -> None:
    net = FakeNet()
    net.serve(Endpoint(ADDRESS, 8080), server(tell))
    got = run(get_json(net, f"http://{ADDRESS}:8080/v1/twins?a=1", timeout=5))
    assert got == {"line": "GET /v1/twins?a=1 HTTP/1.1", "host": f"Host: {ADDRESS}:8080", "body": ""}


@pytest.mark.parametrize(
    ("body", "sent"), [({"a": [1]}, '{"a":[1]}'), (Thing("x"), '{"name":"x"}'), (b'{"raw": 1}', '{"raw": 1}')]
)
def test_post(body: object, sent: str) -> None:
    net = FakeNet()
    net.serve(Endpoint(ADDRESS, 80), server(tell))
    assert run(post_json(net, f"http://{ADDRESS}", body, timeout=5))["body"] == sent


def test_a_large_body_goes_both_ways() -> None:
    net = FakeNet()
    net.serve(Endpoint(ADDRESS, 80), server(lambda head, body: (200, body)))
    body = {"text": "x" * 3_000_000}
    assert run(post_json(net, f"http://{ADDRESS}/", body, timeout=5)) == body


def test_v6_and_https() -> None:
    net = FakeNet()
    leaf = AUTHORITY.issue("2001:db8::7")
    net.serve(Endpoint("2001:db8::7", 443), serve_tls(leaf, server(tell)))
    url = "https://[2001:db8::7]/"
    assert run(get_json(net, url, timeout=5, roots=AUTHORITY.roots()))["host"] == "Host: [2001:db8::7]"
    with pytest.raises(Failed, match="ssl_unknown_authority"):
        run(get_json(net, url, timeout=5, roots=Authority().roots()))
    with pytest.raises(ValueError, match="roots"):
        run(get_json(net, url, timeout=5))


def test_the_next_address_is_tried() -> None:
    net = FakeNet()
    net.resolves({"station.example": ["203.0.113.1", ADDRESS]})
    net.refuse(Endpoint("203.0.113.1", 80))
    net.serve(Endpoint(ADDRESS, 80), server(tell))
    assert run(get_json(net, "http://station.example/", timeout=5))["host"] == "Host: station.example"


def test_another_status_is_an_error_with_its_body() -> None:
    net = FakeNet()
    net.serve(Endpoint(ADDRESS, 80), server(lambda head, body: (422, b"no such thing")))
    with pytest.raises(HttpStatusError, match="422: no such thing") as caught:
        run(get_json(net, f"http://{ADDRESS}/", timeout=5))
    assert (caught.value.status, caught.value.body) == (422, b"no such thing")


def test_an_answer_that_is_no_json() -> None:
    net = FakeNet()
    net.serve(Endpoint(ADDRESS, 80), server(lambda head, body: (200, b"<html>")))
    with pytest.raises(ValueError, match="no JSON"):
        run(get_json(net, f"http://{ADDRESS}/", timeout=5))


def test_the_time_limit_covers_all() -> None:
    net = FakeNet()

    async def slow(far: FarEnd) -> None:
        await far.receive()
        await far.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            await far.send(b" ")
            await net.clock.sleep(0.3)

    net.serve(Endpoint(ADDRESS, 80), slow)

    async def look() -> float:
        with pytest.raises(Failed, match="generic_timeout_error"):
            await get_json(net, f"http://{ADDRESS}/", timeout=2)
        return net.clock.monotonic()

    assert run(look()) == pytest.approx(2)


@pytest.mark.parametrize("url", ["ftp://a.example/", "a.example", "http://", "http:///path", "http://a:b:c/"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"URL|Port"):
        parse_url(url)


def test_the_parts_of_a_url() -> None:
    url = parse_url("https://user:pass@Station.example:8443/in?x=1")
    assert (url.host, url.port, url.authority, url.path) == (
        "station.example",
        8443,
        "Station.example:8443",
        "/in?x=1",
    )
