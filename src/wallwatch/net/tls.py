"""TLS over any connection, through memory buffers: unverified handshake, recorded chain, then verification.

The verification comes before any application byte and at the clock's time, so that a failed one still leaves
the chain in the trace.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from msgspec import Struct

from wallwatch.net.connection import DEFAULT_LIMIT, Connection, Equipment, Tally
from wallwatch.net.errors import failure_of
from wallwatch.net.failed import READ, TLS_HANDSHAKE, VERIFY, WRITE, Failed
from wallwatch.net.peer_chain import peer_chain
from wallwatch.net.records import NetworkEvent, TlsHandshake, binary
from wallwatch.net.roots import address_of
from wallwatch.net.seam import Endpoint

Result = TypeVar("Result")


class TlsWish(Struct, frozen=True, kw_only=True):
    """How a TLS handshake should go."""

    server_name: str  # sent as SNI; "" and address literals are not sent (RFC 6066 section 3)
    alpn: tuple[str, ...] = ()
    verify: bool = True
    verify_name: str | None = None  # what the certificate must be for; None: server_name


class TlsConnection:
    """A `Connection` inside TLS."""

    def __init__(self, equipment: Equipment, below: Connection, wish: TlsWish) -> None:
        self._equipment = equipment
        self.below = below  # its tally counts what went over the wire, ClientHello included
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = _context(wish).wrap_bio(
            self._incoming, self._outgoing, server_hostname=wish.server_name or None
        )
        self._tally = Tally()

    @property
    def transaction_id(self) -> int:
        return self.below.transaction_id

    @property
    def local(self) -> Endpoint:
        return self.below.local

    @property
    def remote(self) -> Endpoint:
        return self.below.remote

    @property
    def tally(self) -> Tally:
        """Application bytes only."""
        return self._tally

    @property
    def chain(self) -> list[bytes]:
        """The certificates the far end sent, DER, leaf first; [] before it did."""
        return peer_chain(self._tls)

    @property
    def alpn(self) -> str:
        """The protocol agreed on, "" where none was."""
        return self._tls.selected_alpn_protocol() or ""

    @property
    def version(self) -> str:
        """ "TLSv1.2" or "TLSv1.3"; "" before it is agreed on."""
        return self._tls.version() or ""

    @property
    def cipher_suite(self) -> str:
        """OpenSSL's name of the suite, "" before it is agreed on."""
        cipher = self._tls.cipher()
        return cipher[0] if cipher else ""

    async def shake_hands(self, within: float) -> None:
        """The handshake, unverified. Raises Failed (from below) or ssl.SSLError."""
        until = self._equipment.clock.monotonic() + within
        try:
            await self._pump(self._tls.do_handshake, until)
        except ssl.SSLError:
            with suppress(Failed):  # our alert, which tells the far end why; it may be gone
                await self._flush(until)
            raise

    async def send(self, data: bytes, *, within: float | None = None) -> None:
        """Send all of it."""
        until = self._until(within)
        try:
            await self._pump(lambda: self._tls.write(data), until)
        except ssl.SSLError as error:
            raise self._fail(error, WRITE) from error
        self._tally.note_sent(data)

    async def receive(self, limit: int = DEFAULT_LIMIT, *, within: float | None = None) -> bytes:
        """The next application bytes, b"" at the end of the stream, announced (close_notify) or not."""
        try:
            data = await self._pump(lambda: self._tls.read(limit), self._until(within))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise self._fail(error, READ) from error
        self._tally.note_received(data, self._equipment.trace.now())
        return data

    def close(self) -> None:
        """FIN, without close_notify, as browsers do."""
        self.below.close()

    def abort(self) -> None:
        """RST."""
        self.below.abort()

    def _until(self, within: float | None) -> float:
        limit = self._equipment.timeouts.read if within is None else within
        return self._equipment.clock.monotonic() + limit

    async def _pump(self, operation: Callable[[], Result], until: float) -> Result:
        """Repeat an operation of the TLS machine, carrying its bytes, until it has what it needs."""
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                await self._flush(until)
                await self._feed(until)
            else:
                await self._flush(until)
                return result

    async def _flush(self, until: float) -> None:
        if data := self._outgoing.read():
            await self.below.send(data, within=self._left(until))

    async def _feed(self, until: float) -> None:
        data = await self.below.receive(within=self._left(until))
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _left(self, until: float) -> float:
        return max(0.0, until - self._equipment.clock.monotonic())

    def _fail(self, error: ssl.SSLError, operation: str) -> Failed:
        """TLS itself broke while application bytes were under way: a fact of this layer, recorded here."""
        failure = failure_of(error, operation)
        now = self._equipment.trace.now()
        self._equipment.trace.network_events.append(
            _event(self, operation, failure, now, tags=("tls", *_reason(error)))
        )
        return Failed(failure, operation)


async def tls_handshake(equipment: Equipment, below: Connection, wish: TlsWish) -> TlsConnection:
    """Handshake, record, verify. Raises Failed(..., "tls_handshake") or Failed("ssl_...", "verify")."""
    trace = equipment.trace
    t0 = trace.now()
    connection = TlsConnection(equipment, below, wish)
    trace.network_events.append(_event(connection, "tls_handshake_start", None, t0))
    failure: str | None = None
    tags: tuple[str, ...] = ()
    try:
        await connection.shake_hands(equipment.timeouts.handshake)
    except Failed as failed:
        failure = failed.failure
    except ssl.SSLError as error:
        failure, tags = failure_of(error, TLS_HANDSHAKE), _reason(error)
    trace.network_events.append(_event(connection, "tls_handshake_done", failure, t0))
    refused = _verify(equipment, connection, wish) if failure is None and wish.verify else None
    trace.tls_handshakes.append(_record(connection, wish, failure or refused, (t0, trace.now()), tags))
    if failure is not None:
        raise Failed(failure, TLS_HANDSHAKE)
    if refused is not None:
        raise Failed(refused, VERIFY)
    return connection


def _context(wish: TlsWish) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # verified afterwards, by Roots.verify
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if wish.alpn:
        context.set_alpn_protocols(list(wish.alpn))
    return context


def _verify(equipment: Equipment, connection: TlsConnection, wish: TlsWish) -> str | None:
    name = wish.server_name if wish.verify_name is None else wish.verify_name
    return equipment.roots.verify(connection.chain, name, equipment.clock.wall_now())


def _reason(error: ssl.SSLError) -> tuple[str, ...]:
    """OpenSSL's word for it, as a tag: the alert that came, or what our own side did not like."""
    return (f"openssl={error.reason}",) if error.reason else ()


def _record(
    connection: TlsConnection,
    wish: TlsWish,
    failure: str | None,
    times: tuple[float, float],
    tags: tuple[str, ...],
) -> TlsHandshake:
    t0, t = times
    return TlsHandshake(
        network="tcp",
        address=str(connection.remote),
        server_name="" if address_of(wish.server_name) else wish.server_name,
        cipher_suite=connection.cipher_suite,
        tls_version=connection.version,
        negotiated_protocol=connection.alpn,
        no_tls_verify=not wish.verify,
        peer_certificates=tuple(binary(der) for der in connection.chain),
        failure=failure,
        t0=t0,
        t=t,
        transaction_id=connection.transaction_id,
        tags=tags,
    )


def _event(
    connection: TlsConnection, operation: str, failure: str | None, t0: float, **more: Any
) -> NetworkEvent:
    return NetworkEvent(
        operation=operation,
        address=str(connection.remote),
        proto="tcp",
        failure=failure,
        num_bytes=0,
        t0=t0,
        t=connection._equipment.trace.now(),
        transaction_id=connection.transaction_id,
        **more,
    )
