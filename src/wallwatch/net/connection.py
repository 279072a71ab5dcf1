"""A connection whose every read and write is recorded and has a time limit. `tls.py` sits on top of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from wallwatch.model.failure import EOF
from wallwatch.net.errors import failure_of
from wallwatch.net.failed import READ, WRITE, Failed, Timeouts
from wallwatch.net.privacy import gives_away
from wallwatch.net.records import IcmpRecord, NetworkEvent, TcpInfoRecord
from wallwatch.net.roots import Roots
from wallwatch.net.seam import Clock, Endpoint, IcmpError, Net, Stream
from wallwatch.net.trace import Trace

PREFIX_LENGTH = 32  # bytes kept of the first flight and of the first reply (model/handshake.py)
DEFAULT_LIMIT = 65536


class Equipment(Struct, frozen=True, kw_only=True):
    """What a step works with."""

    net: Net
    trace: Trace
    timeouts: Timeouts
    roots: Roots

    @property
    def clock(self) -> Clock:
        """The network's clock."""
        return self.net.clock


class Tally:
    """What went over a connection so far: lengths in bytes, time in seconds since the measurement's start."""

    def __init__(self) -> None:
        self.bytes_sent = 0
        self.sent_prefix = b""  # the first 32 bytes sent
        self.bytes_received = 0
        self.received_prefix = b""  # the first 32 bytes received
        self.first_received_at: float | None = None  # None: nothing came yet

    def note_sent(self, data: bytes) -> None:
        """Count bytes handed to the layer below."""
        self.bytes_sent += len(data)
        self.sent_prefix += data[: PREFIX_LENGTH - len(self.sent_prefix)]

    def note_received(self, data: bytes, at: float) -> None:
        """Count bytes that came from the layer below."""
        if data and self.first_received_at is None:
            self.first_received_at = at
        self.bytes_received += len(data)
        self.received_prefix += data[: PREFIX_LENGTH - len(self.received_prefix)]


class Connection(Protocol):
    """A byte stream to an endpoint: plain TCP (`TcpConnection`) or TLS (`tls.TlsConnection`)."""

    @property
    def transaction_id(self) -> int:
        """Joins this connection's records in the trace."""

    @property
    def local(self) -> Endpoint:
        """The probe's own end. For its port only: the address is never recorded."""

    @property
    def remote(self) -> Endpoint: ...

    @property
    def tally(self) -> Tally:
        """What this layer carried: for TLS application bytes, for TCP what went over the wire."""

    async def send(self, data: bytes, *, within: float | None = None) -> None:
        """Send all of it. `within`: seconds, None for `Timeouts.read`. Raises Failed."""

    async def receive(self, limit: int = DEFAULT_LIMIT, *, within: float | None = None) -> bytes:
        """The next bytes, b"" at the end of the stream. `within` as for send. Raises Failed."""

    def close(self) -> None:
        """FIN. Closing twice does nothing."""

    def abort(self) -> None:
        """RST."""


class TcpConnection:
    """A `Connection` straight on a stream of the seam."""

    def __init__(self, equipment: Equipment, stream: Stream, transaction_id: int) -> None:
        self._equipment = equipment
        self._stream = stream
        self._transaction_id = transaction_id
        self._tally = Tally()

    @property
    def transaction_id(self) -> int:
        return self._transaction_id

    @property
    def local(self) -> Endpoint:
        return self._stream.local

    @property
    def remote(self) -> Endpoint:
        return self._stream.remote

    @property
    def tally(self) -> Tally:
        return self._tally

    async def send(self, data: bytes, *, within: float | None = None) -> None:
        """Send all of it and record a `write`."""
        t0 = self._equipment.trace.now()
        try:
            async with self._equipment.clock.deadline(self._limit(within)):
                await self._stream.send(data)
        except OSError as error:  # TimeoutError is one
            raise self._fail(WRITE, error, t0) from error
        self._tally.note_sent(data)
        self._record(WRITE, None, len(data), t0)

    async def receive(self, limit: int = DEFAULT_LIMIT, *, within: float | None = None) -> bytes:
        """The next bytes; records a `read`, with `eof_error` at the end of the stream."""
        t0 = self._equipment.trace.now()
        try:
            async with self._equipment.clock.deadline(self._limit(within)):
                data = await self._stream.receive(limit)
        except OSError as error:
            raise self._fail(READ, error, t0) from error
        self._tally.note_received(data, self._equipment.trace.now())
        self._record(READ, None if data else EOF, len(data), t0)
        return data

    def set_ttl(self, ttl: int) -> None:
        """For the packets sent from now on."""
        self._stream.set_ttl(ttl)

    def close(self) -> None:
        """FIN."""
        self._stream.close()

    def abort(self) -> None:
        """RST."""
        self._stream.abort()

    def _limit(self, within: float | None) -> float:
        return self._equipment.timeouts.read if within is None else within

    def _record(self, operation: str, failure: str | None, num_bytes: int, t0: float) -> None:
        trace = self._equipment.trace
        trace.network_events.append(
            NetworkEvent(
                operation=operation,
                address=str(self.remote),
                proto="tcp",
                failure=failure,
                num_bytes=num_bytes,
                t0=t0,
                t=trace.now(),
                transaction_id=self._transaction_id,
            )
        )

    def _fail(self, operation: str, error: OSError, t0: float) -> Failed:
        failure = failure_of(error, operation)
        self._record(operation, failure, 0, t0)
        trace, stream = self._equipment.trace, self._stream
        record_icmp(trace, stream.icmp_errors(), stream.remote, stream.local, self._transaction_id)
        self._record_info()
        return Failed(failure, operation)

    def _record_info(self) -> None:
        """Whether the far end acknowledged what it never answered tells a lost request from a lost reply."""
        info = self._stream.info()
        if info is None:
            return
        self._equipment.trace.tcp_info.append(
            TcpInfoRecord(
                rtt=info.rtt,
                unacknowledged=info.unacknowledged,
                retransmissions=info.retransmissions,
                t=self._equipment.trace.now(),
                transaction_id=self._transaction_id,
            )
        )


def record_icmp(
    trace: Trace, errors: Iterable[IcmpError], remote: Endpoint, local: Endpoint | None, transaction_id: int
) -> None:
    """Record ICMP errors; an offender that gives the probe (at `local`, where known) away is left out."""
    own = None if local is None else local.address
    for error in errors:
        is_hidden = not error.offender or gives_away(error.offender, own)
        trace.icmp_errors.append(
            IcmpRecord(
                address=str(remote),
                offender="" if is_hidden else error.offender,
                type=error.kind,
                code=error.code,
                t=trace.now(),
                transaction_id=transaction_id,
            )
        )
