"""Listen for the answers to one DNS query: the first, and later ones; note what came that does not fit."""

from __future__ import annotations

import errno

from wallwatch.model import failure as failures
from wallwatch.net.connection import Equipment, record_icmp
from wallwatch.net.dns_record import Asked, Heard, public_name
from wallwatch.net.errors import failure_of
from wallwatch.net.failed import READ, RESOLVE, WRITE
from wallwatch.net.records import NetworkEvent
from wallwatch.net.seam import Datagrams
from wallwatch.wire.dns import Reply, parse_reply

# A router on the way said so. The answer may come all the same: an ordinary stub would not have been told.
_SOFT = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH})
_MOST_SOFT_ERRORS = 8


class Listener:
    """One query's socket. The caller closes it."""

    def __init__(self, equipment: Equipment, datagrams: Datagrams, asked: Asked, query_id: int) -> None:
        self._equipment = equipment
        self._datagrams = datagrams
        self._query_id = query_id
        self._misfits: list[str] = []  # failure strings of what came and did not fit
        self._soft_errors: list[str] = []
        self.asked = asked
        self.resolver = public_name(datagrams.remote, datagrams.local)

    async def send(self, message: bytes) -> None:
        """Send the query. Raises OSError."""
        t0 = self._equipment.trace.now()
        try:
            await self._datagrams.send(message)
        except OSError as error:
            self._note_error(error, WRITE, t0)
            raise
        self._record(WRITE, None, len(message), t0)

    async def next_answer(self, until: float) -> Heard | None:
        """The next reply to this query, None when `until` (monotonic) has passed. Raises OSError."""
        while True:
            raw = await self._next_datagram(until)
            if raw is None:
                return None
            try:
                reply = parse_reply(raw)
            except ValueError:
                self._misfits.append(failures.DNS_SERVFAIL)  # "misbehaving", as Go calls it
                continue
            if self._fits(reply):
                return Heard(reply=reply, raw=raw, at=self._equipment.trace.now())
            self._misfits.append(failures.DNS_INVALID_REPLY)

    def why_nothing(self) -> str:
        """The failure string when no reply fitted: what came instead, what a router said, or silence."""
        return (*self._misfits, *self._soft_errors, failures.TIMEOUT)[0]

    def _fits(self, reply: Reply) -> bool:
        if reply.id != self._query_id:
            return False
        if reply.question is None:  # some servers refuse without repeating the question
            return reply.rcode != "NOERROR"
        same_name = reply.question.name.lower() == self.asked.host.lower().rstrip(".")
        return same_name and reply.question.kind == self.asked.kind

    async def _next_datagram(self, until: float) -> bytes | None:
        clock = self._equipment.clock
        while (left := until - clock.monotonic()) > 0:
            t0 = self._equipment.trace.now()
            try:
                async with clock.deadline(left):
                    raw = await self._datagrams.receive()
            except TimeoutError:
                self._record(READ, failures.TIMEOUT, 0, t0)
                return None
            except OSError as error:
                self._note_error(error, READ, t0)
                if error.errno not in _SOFT or len(self._soft_errors) > _MOST_SOFT_ERRORS:
                    raise
            else:
                self._record(READ, None, len(raw), t0)
                return raw
        return None

    def _note_error(self, error: OSError, operation: str, t0: float) -> None:
        failure = failure_of(error, RESOLVE)
        self._soft_errors.append(failure)
        self._record(operation, failure, 0, t0)
        remote, local = self._datagrams.remote, self._datagrams.local
        errors = self._datagrams.icmp_errors()
        record_icmp(self._equipment.trace, errors, remote, local, self.asked.transaction_id)

    def _record(self, operation: str, failure: str | None, num_bytes: int, t0: float) -> None:
        trace = self._equipment.trace
        trace.network_events.append(
            NetworkEvent(
                operation=operation,
                address=self.resolver,
                proto="udp",
                failure=failure,
                num_bytes=num_bytes,
                t0=t0,
                t=trace.now(),
                transaction_id=self.asked.transaction_id,
            )
        )
