"""A small JSON-over-HTTP client on the seam, for talking to control and collector. Nothing is recorded."""

from __future__ import annotations

from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from wallwatch.net.failed import Failed, Timeouts
from wallwatch.net.http import HttpRequest, HttpResponse
from wallwatch.net.roots import Roots
from wallwatch.net.seam import Endpoint, Net
from wallwatch.net.steps import Connection, Steps, TlsWish
from wallwatch.net.trace import Trace

LARGEST_ANSWER = 64 << 20  # bytes
LONGEST_SHOWN = 200  # characters of an error's body that its message shows
DEFAULT_PORTS = {"http": 80, "https": 443}


class HttpStatusError(Exception):
    """The far end answered with a status other than 2xx."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP status {status}: {body.decode(errors='replace')[:LONGEST_SHOWN]}")
        self.status = status
        self.body = body


class Url(Struct, frozen=True, kw_only=True):
    """The parts of an http or https URL that a request needs."""

    scheme: str
    host: str  # without brackets
    port: int
    authority: str  # for the Host header
    path: str  # with the query


def parse_url(text: str) -> Url:
    """Raises ValueError for what is no http or https URL."""
    parts = urlsplit(text)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"not an http or https URL: {text!r}")
    return Url(
        scheme=parts.scheme,
        host=parts.hostname,
        port=parts.port or DEFAULT_PORTS[parts.scheme],
        authority=parts.netloc.rpartition("@")[2],
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


async def get_json(net: Net, url: str, *, timeout: float, roots: Roots | None = None) -> Any:
    """GET and decode JSON. `timeout`: seconds for the whole exchange. `roots` is needed for https.

    Raises Failed, HttpStatusError, ValueError (a URL or an answer that is none).
    """
    return await _exchange(net, url, None, timeout, roots)


async def post_json(net: Net, url: str, body: object, *, timeout: float, roots: Roots | None = None) -> Any:
    """POST `body` (bytes as they are, all else encoded by msgspec), decode the answer. Raises as get_json."""
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return await _exchange(net, url, encoded, timeout, roots)


async def _exchange(net: Net, url: str, body: bytes | None, timeout: float, roots: Roots | None) -> Any:
    target = parse_url(url)
    limits = Timeouts(resolve=timeout, connect=timeout, handshake=timeout, read=timeout, exchange=timeout)
    if target.scheme == "https" and roots is None:
        raise ValueError(f"no roots to verify {target.host} with")
    steps = Steps(net, Trace(net.clock), limits, roots or Roots())
    try:
        async with net.clock.deadline(timeout):
            response = await _ask(steps, target, body)
    except TimeoutError as error:
        raise Failed("generic_timeout_error", "read") from error
    if response.status // 100 != 2:
        raise HttpStatusError(response.status, response.body)
    try:
        return msgspec.json.decode(response.body)
    except msgspec.DecodeError as error:
        raise ValueError(f"the answer of {target.authority} is no JSON: {error}") from error


async def _ask(steps: Steps, target: Url, body: bytes | None) -> HttpResponse:
    """Over the first address that can be connected to."""
    with closing(await _connect(steps, target)) as connection:
        secure: Connection = connection
        if target.scheme == "https":
            secure = await steps.tls_handshake(connection, TlsWish(server_name=target.host))
        return await steps.http_request(secure, _request(target, body))


async def _connect(steps: Steps, target: Url) -> Connection:
    *others, last = await steps.resolve(target.host)
    for address in others:
        try:
            return await steps.connect(Endpoint(address, target.port))
        except Failed:  # the next one may do
            continue
    return await steps.connect(Endpoint(last, target.port))


def _request(target: Url, body: bytes | None) -> HttpRequest:
    headers = [("Accept", "application/json"), ("Connection", "close")]
    if body is not None:
        headers.append(("Content-Type", "application/json"))
    return HttpRequest(
        host=target.authority,
        path=target.path,
        method="GET" if body is None else "POST",
        headers=tuple(headers),
        body=body or b"",
        body_limit=LARGEST_ANSWER,
        scheme=target.scheme,
    )
