"""HTTP/1.1 over any connection, by h11: one request, one response, recorded in df-001's form.

No redirect is followed, no cookie kept, no content decoded: an experiment wants what was on the wire.
"""

from __future__ import annotations

import h11
from msgspec import Struct

from wallwatch.model.failure import EOF, TIMEOUT
from wallwatch.net.connection import Connection, Equipment
from wallwatch.net.errors import failure_of
from wallwatch.net.failed import PARSE, READ, Failed
from wallwatch.net.http_record import record_exchange, request_record, response_record
from wallwatch.net.records import HttpResponseRecord, NetworkEvent


class HttpRequest(Struct, frozen=True, kw_only=True):
    """What to ask. The `Host` header is made from `host` and sent first, unless `headers` has one."""

    host: str
    path: str = "/"
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""  # Content-Length is added where there is one
    body_limit: int = 1 << 20  # stop reading the response's body after that many bytes
    record_limit: int = 16384  # bytes of the response's body that the trace keeps
    scheme: str = "https"  # for the recorded URL only

    @property
    def url(self) -> str:
        """What the record calls it."""
        return f"{self.scheme}://{self.host}{self.path}"


class HttpResponse(Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]  # names in lower case
    body: bytes  # at most body_limit
    complete: bool  # False: cut at body_limit

    def header(self, name: str) -> str | None:
        """The first header of that name (any case), or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)


async def http_request(equipment: Equipment, connection: Connection, request: HttpRequest) -> HttpResponse:
    """One exchange. Raises Failed, whose `received` counts the body's bytes that had come."""
    exchange = _Exchange(equipment, connection, request)
    trace, failure = equipment.trace, None
    t0 = trace.now()
    exchange.record_event("http_transaction_start", t0)
    try:
        return await exchange.run()
    except Failed as failed:
        failure = failed.failure
        raise Failed(failure, failed.operation, len(exchange.body)) from failed
    finally:
        exchange.record_event("http_transaction_done", t0)
        asked = request_record(request.method, request.url, exchange.headers)
        record_exchange(trace, connection, asked, exchange.response_record(), failure, t0)


class _Exchange:
    """The state of one request and its response."""

    def __init__(self, equipment: Equipment, connection: Connection, request: HttpRequest) -> None:
        self._equipment = equipment
        self._connection = connection
        self._request = request
        self._protocol = h11.Connection(our_role=h11.CLIENT)
        self._until = equipment.clock.monotonic() + equipment.timeouts.whole_exchange
        self._head: h11.Response | None = None
        self._ended = False  # the far end closed the stream
        self.body = bytearray()
        self.headers = _headers(request)

    async def run(self) -> HttpResponse:
        """Send the request, read the response."""
        await self._send()
        complete = await self._read()
        head = self._head
        if head is None:  # h11 gives no end of message without a head
            raise Failed(EOF, READ)
        return HttpResponse(
            status=head.status_code,
            headers=tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers),
            body=bytes(self.body),
            complete=complete,
        )

    async def _send(self) -> None:
        ask = h11.Request(method=self._request.method, target=self._request.path, headers=list(self.headers))
        events: list[h11.Event] = [ask]
        if self._request.body:
            events.append(h11.Data(data=self._request.body))
        events.append(h11.EndOfMessage())
        data = b"".join(self._protocol.send(event) or b"" for event in events)
        await self._connection.send(data, within=self._left())

    async def _read(self) -> bool:
        """Read up to the end of the message, or to body_limit; whether it is complete."""
        while True:
            event = await self._next_event()
            if isinstance(event, h11.Response):
                self._head = event
            elif isinstance(event, h11.Data):
                self.body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return True
            if len(self.body) >= self._request.body_limit:
                return self._cut()

    def _cut(self) -> bool:
        """Stop at body_limit; the body is complete after all when its end has come along with it."""
        fits = len(self.body) == self._request.body_limit
        del self.body[self._request.body_limit :]
        try:
            return fits and isinstance(self._protocol.next_event(), h11.EndOfMessage)
        except h11.RemoteProtocolError:
            return False

    async def _next_event(self) -> h11.Event:
        while True:
            try:
                event = self._protocol.next_event()
            except h11.RemoteProtocolError as error:
                raise self._broken(error) from error
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED or self._ended:
                raise Failed(EOF, READ)
            await self._feed()

    async def _feed(self) -> None:
        data = await self._connection.receive(within=self._left())
        self._ended = not data
        try:
            self._protocol.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise self._broken(error) from error

    def _broken(self, error: h11.RemoteProtocolError) -> Failed:
        """A stream that ends too early, or bytes that are no HTTP."""
        return Failed(EOF, READ) if self._ended else Failed(failure_of(error, PARSE), PARSE)

    def _left(self) -> float:
        """Seconds for the next read or write. Raises Failed when the whole exchange took too long."""
        left = self._until - self._equipment.clock.monotonic()
        if left <= 0:
            raise Failed(TIMEOUT, READ)
        return min(left, self._equipment.timeouts.read)

    def response_record(self) -> HttpResponseRecord | None:
        """The response as far as it came; None where no head came."""
        if self._head is None:
            return None
        raw = self._head.headers.raw_items()
        kept = self._request.record_limit
        return response_record(self._connection, self._head.status_code, raw, bytes(self.body), kept)

    def record_event(self, operation: str, t0: float) -> None:
        """Mark the exchange's start or end among the network events."""
        trace = self._equipment.trace
        trace.network_events.append(
            NetworkEvent(
                operation=operation,
                address=str(self._connection.remote),
                proto="tcp",
                failure=None,
                num_bytes=0,
                t0=t0,
                t=trace.now(),
                transaction_id=self._connection.transaction_id,
            )
        )


def _headers(request: HttpRequest) -> tuple[tuple[bytes, bytes], ...]:
    given = {name.lower() for name, _ in request.headers}
    headers = list(request.headers)
    if "host" not in given:
        headers.insert(0, ("Host", request.host))
    if request.body and "content-length" not in given:
        headers.append(("Content-Length", str(len(request.body))))
    return tuple((name.encode("ascii"), value.encode("utf-8")) for name, value in headers)
