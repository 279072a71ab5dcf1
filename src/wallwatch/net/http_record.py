"""An HTTP exchange as df-001 writes it, with the probe's own address taken out of what the far end echoed."""

from __future__ import annotations

from collections.abc import Iterable

from wallwatch.net.connection import Connection
from wallwatch.net.records import (
    SCRUBBED,
    Binary,
    HttpExchange,
    HttpRequestRecord,
    HttpResponseRecord,
    text_or_binary,
)
from wallwatch.net.tls import TlsConnection
from wallwatch.net.trace import Trace

Headers = Iterable[tuple[bytes, bytes]]


def request_record(method: str, url: str, headers: Headers) -> HttpRequestRecord:
    """The request. Its body is ours and is not kept."""
    listed = _listed(headers, b"")
    return HttpRequestRecord(method=method, url=url, headers=_plain(listed), headers_list=listed)


def response_record(
    connection: Connection, status: int, headers: Headers, body: bytes, kept: int
) -> HttpResponseRecord:
    """The response as far as it came; `kept` bytes of the body are recorded."""
    own = connection.local.address.encode()
    listed = _listed(headers, own)
    return HttpResponseRecord(
        code=status,
        headers=_plain(listed),
        headers_list=listed,
        body=text_or_binary(_without(body[:kept], own)),
        body_is_truncated=len(body) > kept,
        x_body_length=len(body),
    )


def record_exchange(
    trace: Trace,
    connection: Connection,
    request: HttpRequestRecord,
    response: HttpResponseRecord | None,
    failure: str | None,
    t0: float,
) -> None:
    """Add it to the trace."""
    trace.requests.append(
        HttpExchange(
            network="tcp",
            address=str(connection.remote),
            alpn=connection.alpn if isinstance(connection, TlsConnection) else "",
            failure=failure,
            request=request,
            response=response,
            t0=t0,
            t=trace.now(),
            transaction_id=connection.transaction_id,
        )
    )


def _without(data: bytes, own: bytes) -> bytes:
    return data.replace(own, SCRUBBED.encode()) if own else data


def _listed(headers: Headers, own: bytes) -> tuple[tuple[str, str | Binary], ...]:
    return tuple((name.decode("ascii"), text_or_binary(_without(value, own))) for name, value in headers)


def _plain(listed: tuple[tuple[str, str | Binary], ...]) -> dict[str, str]:
    """The first of each name, text only: df-001's older form."""
    first: dict[str, str] = {}
    for name, value in listed:
        if isinstance(value, str):
            first.setdefault(name, value)
    return first
